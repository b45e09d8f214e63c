#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/choose.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/story.hpp"
#include "conformance/index.hpp"
#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "core/check/by_hand.hpp"
#include "core/check/check_runner.hpp"
#include "fakes/world/environments.hpp"
#include "reports/evidence.hpp"
#include "scenarios/index.hpp"
#include "scenarios/page.hpp"

namespace meshproof::cli {
namespace {

using Json = nlohmann::ordered_json;

int list_scenarios(const std::vector<std::string>& ids) {
    for (const auto* scenario : choose_scenarios(ids)) {
        fmt::print("{:<34} {}\n", scenario->id, scenario->sentence);
    }
    return as_expected;
}

/// What docs/list.schema.json and docs/explain.schema.json describe.
constexpr std::string_view list_schema = "meshproof.list/v1";
constexpr std::string_view explain_schema = "meshproof.explain/v1";

template <class Names>
Json words(const Names& names) {
    auto out = Json::array();
    for (const auto name : names) {
        out.push_back(run::to_string(name));
    }
    return out;
}

Json described(const run::Scenario& scenario) {
    return {{"id", scenario.id},
            {"sentence", scenario.sentence},
            {"source", scenario.source},
            {"needs", words(scenario.needs)},
            {"exclusive", scenario.exclusive}};
}

Json described(const run::Check& check) {
    return {{"id", check.id},
            {"requirement", check.requirement},
            {"source", check.sources()},
            {"level", run::to_string(check.level)},
            {"features", words(check.features)},
            {"exclusive", check.exclusive}};
}

int print_document(const Json& document) {
    // Evidence holds answers of servers.
    fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
    return as_expected;
}

int list_as_json(bool checks, const std::vector<std::string>& ids) {
    Json document = {{"schema", list_schema}};
    if (checks) {
        for (const auto* check : choose_checks(ids)) {
            document["checks"].push_back(described(*check));
        }
    } else {
        for (const auto* scenario : choose_scenarios(ids)) {
            document["scenarios"].push_back(described(*scenario));
        }
    }
    return print_document(document);
}

int list_checks(const std::vector<std::string>& ids) {
    for (const auto* check : choose_checks(ids)) {
        fmt::print("{:<6} {:<52} {}\n", run::to_string(check->level), check->id,
                   check->requirement);
    }
    return as_expected;
}

template <class Names>
std::string joined(const Names& names) {
    std::string out;
    for (const auto name : names) {
        out += fmt::format("{}{}", out.empty() ? "" : ", ", run::to_string(name));
    }
    return out;
}

void explain(const run::Scenario& scenario) {
    fmt::print("{}\n  {}\n\n  source    {}\n", scenario.id, scenario.sentence, scenario.source);
    const auto needs = joined(scenario.needs);
    fmt::print("  needs     {}\n",
               needs.empty() ? "nothing beyond a Vault and an API server" : needs);
    if (scenario.exclusive) {
        fmt::print(
            "  alone     it disturbs everybody on the same servers, so it runs by itself on a live "
            "target\n");
    }
    fmt::print("  try it    meshproof run {}\n", scenario.id);
}

/// A check's exchanges, and what texts of its servers stand for elsewhere.
struct PlayedCheck {
    std::vector<run::Exchange> evidence;
    std::vector<std::pair<std::string, std::string>> known;
};

/// What is in the names of all that the commands make, so that `clean` finds it.
constexpr std::string_view run_by_hand = "byhand";

/// What a check sends, and what it is answered: by playing it on a fake, in virtual time.
PlayedCheck played(const run::Check& check) {
    PlayedCheck out;
    run::CheckRunnerOptions options;
    options.share_servers = false;
    options.run_id = run_by_hand;
    options.longest_evidence = 1U << 18;  // what a later request needs of an answer is in it whole
    options.environment = [&out](std::uint64_t seed) {
        fakes::SimOptions sim;
        sim.seed = seed;
        sim.servers.vaults = sim.servers.clusters = 1;
        sim.on_started = [&out](fakes::FakeServers& servers) {
            out.known = {{std::string(trim(servers.ca().pem())), "$KUBE_CA"},
                         {servers.kube_url().origin(), "$KUBE_ADDR"},
                         {servers.kube_url().text(), "$KUBE_ADDR"},
                         {servers.vault_url().origin(), "$VAULT_ADDR"},
                         {servers.vault_url().text(), "$VAULT_ADDR"}};
        };
        return fakes::make_sim(std::move(sim));
    };
    const auto outcome = run::run_checks({&check}, options).outcomes.at(0);
    out.evidence = std::get<run::CheckOutcome>(outcome.detail).evidence;
    return out;
}

/// Commands that do by hand what the check does.
void tell_by_hand(const PlayedCheck& check) {
    const auto pasted = run::by_hand(check.evidence, check.known);
    fmt::print(
        "\n  By hand, in a bash that has jq, with VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT set "
        "(KUBE_ADDR, KUBE_TOKEN and\n  KUBE_CACERT for an API server), as in `meshproof serve -- "
        "bash`. What they leave on a server of yours goes with\n  `meshproof clean --target FILE "
        "--run {}`:\n\n",
        run_by_hand);
    const auto uses_ca = [](const std::string& step) {
        return step.find("$KUBE_CA\\") != std::string::npos;
    };
    if (std::ranges::any_of(pasted.steps, uses_ca)) {
        fmt::print("  KUBE_CA=$(jq -Rsr 'tojson[1:-1]' \"$KUBE_CACERT\")\n");
    }
    if (!pasted.made_by_check.empty()) {
        fmt::print("  # {}: the check makes that itself, and nothing here does\n",
                   join(pasted.made_by_check, ", "));
    }
    for (std::size_t i = 0; i < check.evidence.size(); ++i) {
        const auto& exchange = check.evidence[i];
        const auto& answer = exchange.answer;
        constexpr std::size_t enough = 160;
        fmt::print("  {}\n      # {}\n", pasted.steps[i],
                   exchange.status == 0
                       ? exchange.failure
                       : fmt::format("{} {}{}", exchange.status, one_line(head_of(answer, enough)),
                                     answer.size() > enough ? "..." : ""));
    }
}

void explain(const run::Check& check) {
    fmt::print("{}\n  {}\n\n  source    {}\n  level     {}\n", check.id, check.requirement,
               check.sources(), run::to_string(check.level));
    const auto needs = joined(check.features);
    fmt::print("  needs     {}\n", needs.empty() ? "nothing beyond the server" : needs);
    fmt::print("  try it    meshproof conform {}\n", check.id);

    const auto shown = played(check);
    if (!shown.evidence.empty()) {
        tell_by_hand(shown);
    }
}

/// What an id names: one check or the checks of a topic, or scenarios.
struct Named {
    const run::Check* check = nullptr;
    std::vector<const run::Check*> topic{};
    std::vector<const run::Scenario*> scenarios{};
};

/// UsageError names the nearest id.
Named named(const std::string& id) {
    const auto& checks = conformance::all_checks();
    const auto is = [&id](const auto* one) { return one->id == id; };
    const auto is_or_lies_in = [&id](const auto* one) {
        return one->id == id || one->id.starts_with(id + "/");
    };
    if (const auto found = std::ranges::find_if(checks, is); found != checks.end()) {
        return {.check = *found};
    }
    if (std::ranges::any_of(checks, is_or_lies_in)) {
        return {.topic = choose_checks({id})};
    }
    const auto& all = scenarios::all_scenarios();
    if (std::ranges::any_of(all, is_or_lies_in)) {
        return {.scenarios = choose_scenarios({id})};
    }
    auto known = ids_and_topics(all);
    const auto of_checks = ids_and_topics(checks);
    known.insert(known.end(), of_checks.begin(), of_checks.end());
    const auto near = nearest(id, known);
    throw UsageError(
        fmt::format("no scenario or check is called {}", id),
        near.empty()
            ? "meshproof list and meshproof list --checks show them all"
            : fmt::format("did you mean {}? meshproof list (--checks) shows them all", near));
}

int explain_as_json(const Named& asked) {
    Json document = {{"schema", explain_schema}};
    if (asked.check != nullptr) {
        auto item = described(*asked.check);
        item["evidence"] = reports::evidence_json(played(*asked.check).evidence);
        document["checks"].push_back(std::move(item));
    }
    for (const auto* check : asked.topic) {
        document["checks"].push_back(described(*check));
    }
    for (const auto* scenario : asked.scenarios) {
        document["scenarios"].push_back(described(*scenario));
    }
    return print_document(document);
}

int explain_id(const std::string& id, const OutputOptions& output) {
    const auto asked = named(id);
    if (output.json()) {
        return explain_as_json(asked);
    }
    if (asked.check != nullptr) {
        explain(*asked.check);
    }
    for (const auto* check : asked.topic) {
        fmt::print("{:<52} {}\n", check->id, check->requirement);
    }
    for (const auto* scenario : asked.scenarios) {
        explain(*scenario);
    }
    if (asked.scenarios.size() == 1) {
        tell_story(*asked.scenarios.front());
    }
    return as_expected;
}

}  // namespace

void add_list(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("list", "list the scenarios, or the checks");
    auto checks = std::make_shared<bool>(false);
    auto of_page = std::make_shared<bool>(false);
    auto markdown = std::make_shared<bool>(false);
    auto output = std::make_shared<OutputOptions>();
    auto ids = std::make_shared<std::vector<std::string>>();
    command->add_option("ID", *ids,
                        "those of an id or a theme (lifecycle), with --checks of a topic "
                        "(vault/pki); all where none is given");
    command->add_flag("--checks", *checks, "the conformance checks, with their levels");
    command->add_flag("--scenarios", *of_page, "the scenarios (the default)")->excludes("--checks");
    command->add_flag("--markdown", *markdown,
                      "as a page: which check covers what; with --scenarios, what proves which "
                      "sentence of the integration page");
    add_format_option(*command, *output);
    command->callback([&chosen, checks, of_page, markdown, output, ids] {
        chosen = [checks, of_page, markdown, output, ids] {
            if (output->json()) {
                return list_as_json(*checks, *ids);
            }
            if (*markdown) {
                if (!ids->empty()) {
                    throw UsageError("--markdown makes a whole page: it takes no ids");
                }
                fmt::print("{}",
                           *of_page ? scenarios::page_coverage() : conformance::coverage_page());
                return int{as_expected};
            }
            return *checks ? list_checks(*ids) : list_scenarios(*ids);
        };
    });
}

void add_explain(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "explain", "say what a scenario or check proves, where that is written, and how by hand");
    auto id = std::make_shared<std::string>();
    command
        ->add_option("ID", *id,
                     "the id of a scenario or check, as `meshproof list` (--checks) shows it")
        ->required();
    auto output = std::make_shared<OutputOptions>();
    add_format_option(*command, *output);
    command->callback(
        [&chosen, id, output] { chosen = [id, output] { return explain_id(*id, *output); }; });
}

}  // namespace meshproof::cli
