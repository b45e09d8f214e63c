#include "cli/preflight_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/summary.hpp"
#include "conformance/preflight/plan.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/real_clock.hpp"
#include "core/yaml/json.hpp"
#include "fakes/setup/setup.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::cli {
namespace {

using PlanJson = nlohmann::json;

/// Each logs in and has leaves signed four times.
constexpr std::size_t most_identities = 1000;
constexpr std::string_view setup_hint = "docs/preflight.md, \"A change before it is applied\"";

/// What changes, apart: the servers' part and the account's.
struct Change {
    std::optional<fakes::Setup> setup;
    PlanJson account;  ///< null = it stays as it is
};

/// One side of the plan: set-ups in their order, and who uses them.
struct Played {
    std::vector<fakes::Setup> setups;
    run::Account account;
};

template <class T>
T usable(Result<T> result) {
    if (!result) {
        throw UsageError(result.error().message, std::string(setup_hint));
    }
    return std::move(*result);
}

/// An export, or every set-up file of a folder in the order of their names.
fakes::Setup setup_at(const std::string& path) {
    namespace fs = std::filesystem;
    std::vector<std::string> files{path};
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
        files.clear();
        for (auto at = fs::directory_iterator(path, problem); !problem && at != fs::end(at);
             at.increment(problem)) {
            const auto& file = at->path();
            if (file.extension() == ".yaml" || file.extension() == ".yml") {
                files.push_back(file.string());
            }
        }
        if (problem) {
            throw UsageError(fmt::format("cannot read {}: {}", path, problem.message()),
                             std::string(setup_hint));
        }
        std::ranges::sort(files);
        if (files.empty()) {
            throw UsageError(fmt::format("{}: no .yaml file in it", path), std::string(setup_hint));
        }
    }
    fakes::Setup whole;
    for (const auto& file : files) {
        whole.add(usable(fakes::parse_setup(usable(read_file(file)), file)));
    }
    return whole;
}

Change change_at(const std::string& path) {
    const auto text = usable(read_file(path));
    Change change{.setup = usable(fakes::parse_setup(text, path, {"account"})), .account = {}};
    const auto documents = usable(json_documents(text, path));
    if (!documents.empty() && documents.front().value.contains("account")) {
        change.account = documents.front().value["account"];
    }
    return change;
}

/// The account file with what the change says of it, member by member.
run::Account changed_account(const PlanQuestion& question, const PlanJson& change) {
    auto documents = usable(json_documents(usable(read_file(question.account)), question.account));
    if (documents.empty() || !change.is_object()) {
        throw UsageError(
            fmt::format("{}: account: expected a map, as in an account file", question.change),
            std::string(setup_hint));
    }
    auto& whole = documents.front().value;
    whole.merge_patch(change);
    auto account = run::Account::parse(whole.dump(), question.account);
    if (!account) {
        throw UsageError(
            fmt::format("{}: account: with it, {}", question.change, account.error().message),
            "docs/account.md shows an account that works");
    }
    account->lines.clear();  // of no file
    return std::move(*account);
}

/// Whose leaves are asked for: every service account but those that only log in.
std::vector<std::string> all_identities(const Played& before, const Played& after) {
    std::vector<std::string> all;
    std::set<std::string> known;
    for (const auto* side : {&before, &after}) {
        for (const auto& setup : side->setups) {
            for (const auto& account : setup.service_accounts()) {
                const auto slash = account.find('/');
                const auto ns = account.substr(0, slash), name = account.substr(slash + 1);
                const auto& cluster = side->account.cluster;
                const bool logs_in =
                    cluster && cluster->namespace_name == ns && cluster->name == name;
                const auto path = fmt::format("/ns/{}/sa/{}", ns, name);
                if (!logs_in && ns != "meshproof-stand-in" && known.insert(path).second) {
                    all.push_back(path);
                }
            }
        }
    }
    return all;
}

/// What a side is played with; all of it outlives the play.
struct Stage {
    run::Environment& environment;
    fakes::FakeServers*& servers;  ///< set when they have started
    fakes::StandIns& stand_ins;
};

Task<void> play_on(Stage stage, const Played& played, preflight::SideOptions options,
                   std::optional<preflight::Side>& side) {
    const auto target = require(co_await stage.environment.start());
    for (const auto& setup : played.setups) {
        const auto warnings = co_await fakes::apply_setup(setup, *stage.servers, &stage.stand_ins);
        if (!warnings) {
            throw UsageError(warnings.error().message, std::string(setup_hint));
        }
        for (const auto& warning : *warnings) {
            log::detail(warning);  // real servers ignore more and less than fakes do
        }
    }
    auto account = usable(
        preflight::moved_to(played.account, target, stage.stand_ins.of(played.account.trust)));
    side = co_await preflight::play_side(stage.environment.clock(), stage.environment.transport(),
                                         std::move(account), std::move(options));
}

preflight::Side side_of(const Played& played, preflight::SideOptions options,
                        fakes::StandIns& stand_ins, Time date) {
    fakes::FakeServers* servers = nullptr;
    fakes::SimOptions sim;
    sim.start = date;
    sim.servers.vaults = sim.servers.clusters = 1;
    sim.servers.product = played.setups.front().product.value_or(vault::Product::openbao);
    sim.on_started = [&servers](fakes::FakeServers& started) { servers = &started; };
    const auto environment = fakes::make_sim(std::move(sim));
    std::optional<preflight::Side> side;
    environment->drive(
        play_on({*environment, servers, stand_ins}, played, std::move(options), side));
    return std::move(*side);
}

preflight::Plan plan_of(const Played& before, const Played& after) {
    const auto now = RealClock().now();
    fakes::StandIns stand_ins;  // both sides have the same CAs
    stand_ins.know(before.account.trust);
    stand_ins.know(after.account.trust);
    preflight::SideOptions options{.identities = all_identities(before, after), .renew_after = {}};
    preflight::Plan plan;
    if (options.identities.size() > most_identities) {
        plan.not_played = options.identities.size() - most_identities;
        options.identities.resize(most_identities);
    }
    plan.before = side_of(before, options, stand_ins, now);
    options.identities.clear();
    for (const auto& [path, attempt] : plan.before.first) {
        options.identities.push_back(path);
    }
    options.renew_after =
        std::chrono::duration_cast<Duration>(plan.before.shortest_life() * plan.before.renew_at);
    plan.after = side_of(after, std::move(options), stand_ins, now);
    return plan;
}

/// What the servers have now, for each of the accounts.
fakes::Setup setup_now(const std::vector<const run::Account*>& accounts) {
    fakes::Setup whole;
    for (const auto* account : accounts) {
        whole.add(usable(fakes::parse_setup(export_of(*account).yaml, "what was exported")));
    }
    return whole;
}

void check_flags(const PlanQuestion& question) {
    if (question.change.empty() == question.after.empty()) {
        throw UsageError("expected one of --plan CHANGE and --after EXPORT",
                         "--plan says what changes, --after is an export of the whole");
    }
    if (!question.after.empty() && question.before.empty()) {
        throw UsageError("--after: expected --before, too: the export that it is compared with");
    }
    if (question.format != "text" && question.format != "json" && question.format != "markdown") {
        throw UsageError(
            fmt::format("--format {}: a plan is text, json or markdown", question.format));
    }
}

void say_plan(const preflight::Plan& plan, const PlanQuestion& question) {
    OutputOptions spoken;
    spoken.format = question.format == "text" ? "text" : "json";  // lines or one document
    Output output(spoken);
    if (spoken.json()) {
        output.document(question.format == "json" ? preflight::to_json(plan)
                                                  : preflight::to_markdown(plan));
    } else {
        for (const auto& line : preflight::to_text(plan)) {
            output.result("{}", line);
        }
    }
    if (!question.report.empty()) {
        require(write_file(question.report + "/plan.json", preflight::to_json(plan)));
        require(write_file(question.report + "/plan.md", preflight::to_markdown(plan)));
    }
    append_summary(question.summary, "the plan", [&](std::size_t most_bytes) {
        return preflight::to_markdown(plan, most_bytes);
    });
}

}  // namespace

run::Account load_account(const std::string& path) {
    auto account = run::Account::load(path);
    if (!account) {
        // Who begins has no file, and after --init no bundle yet.
        const std::string_view message = account.error().message;
        std::string hint = hint_of_account(message);
        if (message.starts_with("cannot read")) {
            hint = "meshproof preflight --init --account FILE writes one to begin with";
        } else if (message.find("ca_bundle_file: cannot read") != std::string_view::npos) {
            hint =
                "the PKI engine has it: bao (or vault) read -field=certificate MOUNT/cert/ca_chain "
                "> FILE";
        }
        throw UsageError(account.error().message, std::move(hint));
    }
    return std::move(*account);
}

preflight::Export export_of(const run::Account& account) {
    run::SocketEnvironment environment("live", run::Target());
    std::optional<preflight::Export> result;
    const auto work = [](run::Environment& live, run::Account of,
                         std::optional<preflight::Export>& into) -> Task<void> {
        into =
            co_await preflight::export_configuration(live.clock(), live.transport(), std::move(of));
    };
    environment.drive(work(environment, account, result));
    if (!result->unreachable.empty()) {
        throw CannotGoOn(Failure{FailureKind::unreachable, result->unreachable, 0, {}},
                         "an export made before can be given with --before");
    }
    for (const auto& line : result->left_out) {
        log::note("left out: " + line);
    }
    return std::move(*result);
}

int plan_change(const PlanQuestion& question) {
    check_flags(question);
    Played before{{}, load_account(question.account)};
    const auto change = question.change.empty() ? Change() : change_at(question.change);
    Played after{
        {}, change.account.is_null() ? before.account : changed_account(question, change.account)};
    std::vector<const run::Account*> accounts{&before.account};
    if (!change.account.is_null()) {
        accounts.push_back(&after.account);  // it may log in and sign elsewhere
    }
    before.setups = {question.before.empty() ? setup_now(accounts) : setup_at(question.before)};
    if (change.setup) {
        after.setups = {before.setups.front(), *change.setup};
    } else {
        after.setups = {setup_at(question.after)};
    }
    const auto plan = plan_of(before, after);
    say_plan(plan, question);
    return preflight::exit_code(plan);
}

}  // namespace meshproof::cli
