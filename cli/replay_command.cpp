#include <algorithm>

#include "cli/session.hpp"
#include "core/base/text.hpp"
#include "reports/html/parts.hpp"
#include "scenarios/explore/player.hpp"

namespace meshproof::cli {
namespace {

using scenarios::explore::History;

struct ReplayArguments : SessionOptions {
    ReplayArguments() { target = "sim"; }
    std::vector<std::string> files;
    bool trace = false;
};

std::vector<History> read_all(const std::vector<std::string>& files) {
    std::vector<History> histories;
    for (const auto& file : files) {
        auto history = scenarios::explore::read_history(file);
        if (!history) {
            throw UsageError(history.error().message, "docs/explore.md shows what a history is");
        }
        const bool twice = std::ranges::any_of(
            histories, [&](const History& other) { return other.name == history->name; });
        if (twice) {
            throw UsageError(
                fmt::format("{}: another file holds a history {} already", file, history->name));
        }
        histories.push_back(std::move(*history));
    }
    return histories;
}

/// By name or by id, as --skip and reports have them: an id each; UsageError names the nearest.
std::set<std::string> skipped_histories(const std::vector<std::string>& words,
                                        const std::vector<History>& histories) {
    std::set<std::string> out;
    std::vector<std::string> known;
    for (const auto& history : histories) {
        known.push_back(history.name);
    }
    for (const auto& word : words) {
        const auto found = std::ranges::find_if(histories, [&](const History& history) {
            return word == history.name || word == scenarios::explore::id_of(history);
        });
        if (found == histories.end()) {
            const auto near = nearest(word, known);
            throw UsageError(fmt::format("no history is called {}", word),
                             near.empty() ? fmt::format("the files have {}", join(known, ", "))
                                          : fmt::format("did you mean {}?", near));
        }
        out.insert(scenarios::explore::id_of(*found));
    }
    return out;
}

void tell(const ReplayArguments& arguments, const run::Outcome& outcome, Output& output) {
    tell_outcome(outcome, output);
    if (arguments.trace) {
        for (const auto& event : std::get<run::ScenarioOutcome>(outcome.detail).trace) {
            output.line("         | {}", run::timed_text_of(event));
        }
    }
}

/// The same file on the same target.
std::string replay_line(const ReplayArguments& arguments, const std::vector<History>& histories,
                        std::string_view id) {
    for (std::size_t i = 0; i < histories.size(); ++i) {
        if (scenarios::explore::id_of(histories[i]) == id) {
            return fmt::format("meshproof replay {}{}",
                               reports::pages::shell_word(arguments.files[i]),
                               arguments.target == "sim"
                                   ? ""
                                   : " --target " + reports::pages::shell_word(arguments.target));
        }
    }
    return {};
}

scenarios::explore::ReplayOptions options_of(const ReplayArguments& arguments, Session& session) {
    scenarios::explore::ReplayOptions options;
    fakes::FakeServersOptions servers;
    if (session.live()) {
        servers.leaf_ttl = session.target().file.leaf_ttl;
    } else if (!session.sim()) {
        servers.leaf_ttl = loopback_leaf;
    }
    session.fill(options, servers);
    options.share_servers = session.live();
    options.keep_trace = arguments.trace;
    options.jobs = session.jobs();
    options.environment_for = [any = options.environment,
                               sim = session.sim()](const History& history) {
        return sim ? sim_for(history) : any(history.seed);
    };
    return options;
}

int replay_command(const ReplayArguments& arguments) {
    const auto histories = read_all(arguments.files);
    const auto skips = skipped_histories(arguments.skips, histories);
    Session session(run::Command::run, arguments, "replay");
    session.replay_by([&](const run::RunResult& /*result*/, const run::Outcome& outcome) {
        return replay_line(arguments, histories, outcome.id);
    });
    session.say_head();
    if (session.live()) {
        session.say_run_id();
    }
    auto options = options_of(arguments, session);
    options.skips = skips;
    std::vector<std::string> ids;
    for (const auto& history : histories) {
        ids.push_back(scenarios::explore::id_of(history));
    }
    return session.conclude(session.play(
        ids, options,
        [&](const run::Outcome& outcome) { tell(arguments, outcome, session.output()); },
        [&] { return scenarios::explore::replay(histories, options); }));
}

}  // namespace

std::unique_ptr<run::Environment> sim_for(const History& history) {
    fakes::SimOptions sim;
    sim.seed = history.seed;
    sim.servers.vaults = static_cast<std::size_t>(history.world.vaults);
    sim.servers.clusters = static_cast<std::size_t>(history.world.clusters);
    sim.servers.product = history.world.product;
    sim.servers.vault_nodes = static_cast<std::size_t>(history.world.nodes);
    sim.servers.sign_concurrency = history.world.signers;
    sim.servers.sign_service_time = std::chrono::milliseconds(history.world.signing_ms);
    sim.servers.es256 = true;
    return fakes::make_sim(std::move(sim));
}

void add_replay(CLI::App& app, Command& chosen) {
    auto* command =
        app.add_subcommand("replay", "play histories from files, step by step, against a model");
    auto arguments = std::make_shared<ReplayArguments>();
    command->add_option("FILE", arguments->files, "histories (scenarios/regressions/*.yaml)")
        ->required();
    add_session_options(*command, *arguments, "sim, loopback",
                        "report.html, report.json and junit.xml", "histories");
    command->add_flag("--trace", arguments->trace,
                      "print each history's trace, and keep it in the report");
    command->footer(
        "\nA history has its own seed and, in sim, its own product. Steps that a target does not "
        "allow are skipped.\n"
        "\nExamples:\n"
        "  meshproof replay scenarios/regressions/nothing-after-the-ca.yaml\n"
        "  meshproof replay scenarios/regressions/*.yaml --target loopback\n"
        "  meshproof replay failed.yaml --trace --report out\n"
        "  meshproof replay scenarios/regressions/*.yaml --skip nothing-after-the-ca --fail-fast");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return replay_command(*arguments); }; });
}

}  // namespace meshproof::cli
