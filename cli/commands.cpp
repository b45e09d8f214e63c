#include "cli/choose.hpp"
#include "conformance/index.hpp"
#include "scenarios/index.hpp"

/// All commands, and the checks that they know.
namespace meshproof::cli {

void add_commands(CLI::App& app, Command& chosen, std::vector<std::string> served) {
    add_run(app, chosen);
    add_conform(app, chosen);
    add_list(app, chosen);
    add_explain(app, chosen);
    add_report(app, chosen);
    add_load(app, chosen);
    add_plan(app, chosen);
    add_preflight(app, chosen);
    add_export(app, chosen);
    add_serve(app, chosen, std::move(served));
    add_clean(app, chosen);
    add_replay(app, chosen);
    add_explore(app, chosen);
    add_completion(app, chosen);
    add_twin(app, chosen);
}

std::vector<std::string> check_ids() {
    std::vector<std::string> ids;
    for (const auto* one : conformance::all_checks()) {
        ids.emplace_back(one->id);
    }
    return ids;
}

std::vector<const run::Check*> choose_checks(const std::vector<std::string>& ids) {
    std::vector<std::string> of_others;
    for (const auto* one : scenarios::all_scenarios()) {
        of_others.emplace_back(one->id);
    }
    return choose(conformance::all_checks(), ids, check_kind, scenario_kind, of_others);
}

std::set<std::string> skipped_checks(const std::vector<std::string>& ids) {
    return ids_of(ids, choose_checks);
}

}  // namespace meshproof::cli
