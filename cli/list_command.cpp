#include "cli/program.hpp"

namespace meshproof::cli {

void add_list(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("list", "list the scenarios");
    command->callback([&chosen] {
        chosen = [] {
            for (const auto* scenario : choose_scenarios({})) {
                fmt::print("{:<34} {}\n", scenario->id, scenario->sentence);
            }
            return int{as_expected};
        };
    });
}

void add_explain(CLI::App& app, Command& chosen) {
    auto* command =
        app.add_subcommand("explain", "say what a scenario proves, and where that is written");
    auto id = std::make_shared<std::string>();
    command->add_option("ID", *id, "a scenario's id, as `meshproof list` shows it")->required();
    command->callback([&chosen, id] {
        chosen = [id] {
            for (const auto* scenario : choose_scenarios({*id})) {
                fmt::print("{}\n  {}\n\n  source    {}\n", scenario->id, scenario->sentence,
                           scenario->source);
                std::string needs;
                for (const auto need : scenario->needs) {
                    needs += fmt::format("{}{}", needs.empty() ? "" : ", ", run::to_string(need));
                }
                fmt::print("  needs     {}\n",
                           needs.empty() ? "nothing beyond a Vault and an API server" : needs);
                if (scenario->exclusive) {
                    fmt::print(
                        "  alone     it disturbs everybody on the same servers, so it runs by "
                        "itself on a live target\n");
                }
                fmt::print("  try it    meshproof run {}\n", scenario->id);
            }
            return int{as_expected};
        };
    });
}

}  // namespace meshproof::cli
