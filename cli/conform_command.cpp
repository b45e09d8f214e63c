#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "cli/session.hpp"
#include "core/base/answer.hpp"
#include "core/base/log.hpp"
#include "core/check/check_runner.hpp"
#include "core/run/survey.hpp"

namespace meshproof::cli {
namespace {

/// Checks on real time mostly wait for answers and leases, so many go side by side; but a real
/// Vault must still serve others.
constexpr std::size_t at_once_on_fakes = 64, at_once_on_real_servers = 16;

/// So many of these as the process' descriptors are enough for: a check without one cannot ask, and
/// that is no fault of the server.
std::size_t with_descriptors(std::size_t at_once) {
    constexpr rlim_t of_all = 64, of_a_check = 16;  // measured: 512 are enough for 32, 128 for 4
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return at_once;
    }
    const auto room = limit.rlim_cur > of_all ? (limit.rlim_cur - of_all) / of_a_check : 0;
    return std::clamp<std::size_t>(room, 1, at_once);
}

struct ConformArguments : SessionOptions {
    ConformArguments() { target = "fakes"; }
    std::vector<std::string> ids;
    std::string server, level = "may";
    bool evidence = false;
};

run::Level level_named(std::string_view name) {
    return name == "must"     ? run::Level::must
           : name == "should" ? run::Level::should
                              : run::Level::may;
}

std::vector<const run::Check*> wanted_checks(const ConformArguments& arguments) {
    auto checks = choose_checks(arguments.ids);
    const auto least = level_named(arguments.level);
    std::erase_if(checks, [&](const run::Check* check) {
        return check->level > least ||
               (!arguments.server.empty() && check->server() != arguments.server);
    });
    if (checks.empty()) {
        throw UsageError("no check is left by --server and --level",
                         "meshproof list --checks shows them all");
    }
    return checks;
}

/// A token that is enough for a run is not for all checks: what it may not do would look like the
/// server's fault.
Task<void> warn_of_few_rights(run::Environment& environment, run::SurveyedVault vault) {
    const auto where = vault.where;
    if (!co_await run::may_make_tokens(environment.transport(), std::move(vault))) {
        log::warning(fmt::format(
            "the token for Vault {} may not make tokens: checks that need more than it may are "
            "blocked, or fail; docs/target.md says why they want a root token",
            where));
    }
}

Task<void> ask_target(run::Environment& environment, bool asks_vaults,
                      std::exception_ptr& problem) {
    try {
        const auto found = co_await run::survey(environment, environment.transport());
        if (asks_vaults && !found.vaults.empty()) {
            co_await warn_of_few_rights(environment, found.vaults.front());
        }
    } catch (...) {
        problem = std::current_exception();
    }
}

void prove_usable(const std::vector<const run::Check*>& checks,
                  const run::CheckRunnerOptions& options, Session& session) {
    session.prove_usable(
        [&] {
            std::exception_ptr problem;
            {
                const auto environment = options.environment(options.seed);
                environment->drive(ask_target(
                    *environment,
                    std::ranges::any_of(checks,
                                        [](const auto* one) { return one->server() == "vault"; }),
                    problem));
            }
            if (problem) {
                std::rethrow_exception(problem);
            }
        },
        [&](std::string_view why) {
            std::vector<run::Outcome> bare;
            for (const auto* check : checks) {
                bare.push_back(run::not_begun(*check, why));
            }
            return bare;
        });
}

void tell_evidence(const run::Outcome& outcome, bool bad, Output& output) {
    for (const auto& exchange : std::get<run::CheckOutcome>(outcome.detail).evidence) {
        const auto text =
            fmt::format("         $ {}\n         {}", run::to_curl(exchange),
                        exchange.status == 0
                            ? exchange.failure
                            : fmt::format("{} {}", exchange.status, one_line(exchange.answer)));
        if (bad) {
            output.result("{}", text);
        } else {
            output.line("{}", text);
        }
    }
}

run::CheckRunnerOptions runner_options(const ConformArguments& arguments, Session& session) {
    run::CheckRunnerOptions options;
    fakes::FakeServersOptions servers;
    servers.vaults = servers.clusters = 1;
    servers.spare_vaults = true;
    if (session.live()) {
        servers.leaf_ttl = session.target().file.leaf_ttl;
    }
    session.fill(options, servers);
    options.skips = skipped_checks(arguments.skips);
    options.share_servers = !session.sim();
    const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    options.jobs = session.live() ? 1 : processors;
    options.at_once = with_descriptors(session.live() ? at_once_on_real_servers : at_once_on_fakes);
    if (arguments.jobs != 0) {
        (session.sim() ? options.jobs : options.at_once) = arguments.jobs;
    }
    return options;
}

int conform_command(const ConformArguments& arguments) {
    const auto checks = wanted_checks(arguments);
    (void)skipped_checks(arguments.skips);  // a wrong id ends it before anything begins
    Session session(run::Command::conform, arguments);
    auto& output = session.output();
    session.say_head();
    auto options = runner_options(arguments, session);
    if (session.live()) {
        prove_usable(checks, options, session);
    }
    std::vector<std::string> ids;
    for (const auto* check : checks) {
        ids.emplace_back(check->id);
    }
    const auto result = session.play(
        ids, options,
        [&](const run::Outcome& outcome) {
            tell_outcome(outcome, output);
            if (arguments.evidence || (is_bad(outcome) && !cut_off(outcome))) {
                tell_evidence(outcome, is_bad(outcome), output);
            }
        },
        [&] { return run::run_checks(checks, options); });
    for (const auto& server : result.servers) {
        output.line("{} {} at {}", server.product, server.version, server.address);
    }
    return session.conclude(result);
}

}  // namespace

void add_conform(CLI::App& app, Command& chosen) {
    auto* command =
        app.add_subcommand("conform", "check a Vault and an API server, behaviour by behaviour");
    auto arguments = std::make_shared<ConformArguments>();
    command->add_option("ID", arguments->ids,
                        "checks by id or topic (vault/pki); all where none is given");
    add_session_options(*command, *arguments, "fakes, sim",
                        "report.html, report.json, junit.xml and report.md", "checks");
    command->add_option("--server", arguments->server, "only the checks of one server")
        ->check(CLI::IsMember({"vault", "kube"}));
    command->add_option("--level", arguments->level, "only checks of this level and above")
        ->check(CLI::IsMember({"must", "should", "may"}))
        ->capture_default_str();
    command->add_flag("--evidence", arguments->evidence,
                      "print what was asked and answered, secrets taken out");
    command->footer(
        "\nWhat a target file holds, and the exit codes: meshproof --help\n"
        "\nExamples:\n"
        "  meshproof conform\n"
        "  meshproof conform vault/pki svid --level must\n"
        "  meshproof conform --target vault.yaml --report out\n"
        "  meshproof conform vault/sys/health --evidence\n"
        "  meshproof conform --skip vault/raft --fail-fast --time-limit 5m");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return conform_command(*arguments); }; });
}

}  // namespace meshproof::cli
