#include <future>
#include <thread>

#include "cli/curves.hpp"
#include "cli/listen_address.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "core/base/log.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/signal.hpp"
#include "perf/load/report.hpp"
#include "perf/load/text.hpp"
#include "reports/html/parts.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

struct LoadArguments : SessionOptions {
    LoadArguments() { target = "fakes"; }
    load::OptionTexts texts;
    std::string curve;     ///< of find-max: added to it; in sim: how fast the fakes are
    std::string metrics;   ///< where they are told while it runs; "" = nowhere
    bool mine = false;     ///< --i-own-this-target
    std::string existing;  ///< an account file; "" = the load makes what it needs
};

/// The fakes over sockets, on a thread of their own: what they compute does not hold up the
/// generator's event loop.
class ServedFakes {
  public:
    explicit ServedFakes(std::unique_ptr<run::Environment> environment)
        : environment_(std::move(environment)), thread_([this] { environment_->drive(serve()); }) {}
    ~ServedFakes() {
        environment_->post([this] {
            over_ = true;
            end_.notify_all();
        });
    }
    ServedFakes(const ServedFakes&) = delete;
    ServedFakes& operator=(const ServedFakes&) = delete;

    /// Where they are. CannotGoOn where they do not start.
    [[nodiscard]] run::Target target() { return require(started_.get_future().get()); }

  private:
    Task<void> serve() {
        bool told = false;
        try {
            auto started = co_await environment_->start();
            told = true;
            started_.set_value(std::move(started));
        } catch (...) {  // it is whoever asks where they are who can tell
            if (!told) {
                started_.set_exception(std::current_exception());
            }
        }
        while (!over_) {
            co_await end_.wait();
        }
    }

    std::unique_ptr<run::Environment> environment_;
    std::promise<Result<run::Target>> started_;
    Signal end_;
    bool over_ = false;
    std::jthread thread_;
};

/// A running load, on a terminal one redrawn line, elsewhere a plain one every few seconds. In
/// virtual time nobody could read it.
class LiveLine {
  public:
    LiveLine(Output& output, bool wanted) : output_(output), wanted_(wanted), line_(wanted) {}

    void tell(const load::Progress& progress) {
        constexpr std::int64_t seconds_between = 5;
        if (!wanted_) {
            return;
        }
        if (line_.live()) {
            line_.draw(load::progress_line(progress));
        } else if (whole_seconds(progress.elapsed) % seconds_between == 0) {
            output_.line("{}", load::progress_line(progress));
        }
    }
    void clear() { line_.clear(); }

  private:
    Output& output_;
    bool wanted_;
    RedrawnLine line_;
};

std::optional<run::Account> account_of(const LoadArguments& arguments) {
    if (arguments.existing.empty()) {
        return std::nullopt;
    }
    if (arguments.target != LoadArguments().target) {
        throw UsageError("--existing and --target: expected one of them",
                         "the account file names its Vault and its cluster itself");
    }
    auto account = run::Account::load(arguments.existing);
    if (!account) {
        throw UsageError(account.error().message, hint_of_account(account.error().message));
    }
    return std::move(*account);
}

load::Options options_of(const LoadArguments& arguments,
                         const std::optional<run::Account>& account) {
    auto texts = arguments.texts;
    texts.existing = account.has_value();
    auto options = load::parse_options(texts);
    if (!options) {
        throw UsageError(options.error().message, "meshproof load --help shows loads that work");
    }
    if (account && texts.leaf_ttl.empty()) {
        options->leaf_ttl = account->ttl;
    }
    if (account && !texts.pods && account->mesh.pods > 0 && options->for_a_mesh()) {
        options->pods = static_cast<std::size_t>(account->mesh.pods);
    }
    return std::move(*options);
}

/// A load fills storage, logs and bills: nobody makes one on somebody else's server by a wrong
/// file name.
void expect_own(const load::Footprint& print, bool mine, bool sim) {
    for (const auto& url : print.asks) {
        if (!sim && !mine && !url.loopback()) {
            throw UsageError(
                fmt::format("Vault {} is not on this machine: a load may slow it down for all that "
                            "use it, and fills its storage",
                            url.origin()),
                "if it is yours to load, say so: --i-own-this-target");
        }
    }
}

void expect_paid(const load::Options& options, const load::Footprint& print,
                 const run::Survey& found) {
    if (const auto over = load::over_the_bill(options, print, found); !over.empty()) {
        throw UsageError(over, "ask for less, or allow more by the options that it names");
    }
}

/// The port of --metrics. Nothing secret is told there; still others reach it only where somebody
/// named an address that they reach.
std::optional<http::ListenSpec> metrics_port(const LoadArguments& arguments) {
    if (arguments.metrics.empty()) {
        return std::nullopt;
    }
    if (arguments.target == "sim") {
        throw UsageError("--metrics: a load in virtual time is over before anybody could ask",
                         "leave out --target sim, or --metrics");
    }
    const auto where = listen_address("--metrics", arguments.metrics);
    if (!is_loopback(where)) {
        log::note(fmt::format("--metrics {} is open to others", arguments.metrics));
    }
    http::ListenSpec spec;
    spec.name = "metrics";
    spec.address = where.address;
    spec.port = where.port;
    spec.tls = false;
    return spec;
}

/// Whether --curve can be used as it is meant, before anything is said or made. Gives how fast the
/// fakes are to be where the file decides that.
std::optional<fakes::ServiceTimes> speed_of(const LoadArguments& arguments,
                                            const load::Options& options) {
    if (arguments.curve.empty()) {
        return std::nullopt;
    }
    if (options.find_max) {
        expect_curve_file(arguments.curve);
        return std::nullopt;
    }
    if (arguments.target != "sim") {
        throw UsageError(
            "--curve: expected --find-max, which adds a curve to the file, or --target sim, where "
            "the fakes are as fast as the file says");
    }
    return measured_speed(arguments.curve, options);
}

void expect_inline(const run::Survey& found, const load::Options& options) {
    if (options.token != load::TokenMode::in_header) {
        return;
    }
    if (const auto why = load::no_inline_logins(found); !why.empty()) {
        throw UsageError(why, "--token service or --token batch");
    }
}

std::unique_ptr<run::Environment> environment_of(const std::optional<fakes::ServiceTimes>& speed,
                                                 Session& session, const load::Options& options,
                                                 std::unique_ptr<ServedFakes>& served) {
    run::ScheduleOptions made;
    fakes::FakeServersOptions servers;
    servers.leaf_ttl = options.leaf_ttl;
    servers.vaults = servers.clusters = 1;
    if (speed) {
        servers.service_times = *speed;
    }
    session.fill(made, servers);
    auto environment = made.environment(session.seed());
    if (session.live() || session.sim()) {
        return environment;
    }
    served = std::make_unique<ServedFakes>(std::move(environment));
    return std::make_unique<run::SocketEnvironment>("loopback", served->target());
}

Task<void> into(Task<load::Outcome> work, std::optional<load::Outcome>& outcome) {
    outcome = co_await std::move(work);
}

load::Outcome play(const LoadArguments& arguments, const load::Options& options,
                   const std::optional<run::Account>& account,
                   const std::optional<fakes::ServiceTimes>& speed,
                   std::optional<http::ListenSpec> metrics, Session& session, LiveLine& live) {
    std::unique_ptr<ServedFakes> served;
    const auto environment = account
                                 ? std::make_unique<run::SocketEnvironment>("live", run::Target())
                                 : environment_of(speed, session, options, served);
    run::ScheduleOptions common;
    session.fill(common, {});
    auto& output = session.output();
    load::Run run{*environment, session.seed(), session.run_id(), common.stop, {}, {}, {}};
    run.on_plan = [&](const run::Survey& found, const load::Footprint& print) {
        for (const auto& server : found.servers) {
            output.line("{} {} at {}", server.product, server.version, server.address);
        }
        for (const auto& line : load::plan_lines(options, print, found)) {
            output.line("{}", line);
        }
        expect_own(print, arguments.mine, session.sim());
        expect_paid(options, print, found);
        expect_inline(found, options);
        if (session.live() && !account) {
            session.say_run_id();
        }
    };
    run.account = account ? &*account : nullptr;
    run.on_note = [&](std::string_view note) { output.line("{}", note); };
    run.on_phase = [&](std::string_view phase) {
        live.clear();
        log::detail(phase);
    };
    run.on_second = [&](const load::Progress& progress) {
        live.tell(progress);
        session.heed_reader();
    };
    run.metrics = std::move(metrics);
    run.on_metrics = [&](const http::Url& url) { output.line("metrics: {}/metrics", url.text()); };
    std::optional<load::Outcome> outcome;
    environment->drive(into(load::run_load(std::move(run), options), outcome));
    return std::move(*outcome);
}

/// Writes to several places: what one cannot take (its disk is full) is not lost to the others.
class Writings {
  public:
    void attempt(const std::function<void()>& write) {
        try {
            write();
        } catch (const CannotGoOn& problem) {
            if (first_) {
                log::error(problem.what());
            } else {
                first_ = std::current_exception();
            }
        }
    }
    [[nodiscard]] bool all_well() const { return !first_; }
    /// Throws the first problem, where there was one; the others were told.
    void end() const {
        if (first_) {
            std::rethrow_exception(first_);
        }
    }

  private:
    std::exception_ptr first_;
};

void write_reports(const LoadArguments& arguments, const load::Outcome& outcome,
                   const run::RunResult& result, Session& session, Writings& writings) {
    const auto& folder = arguments.report;
    if (folder.empty()) {
        return;
    }
    writings.attempt([&] { require(reports::write_reports(folder, result)); });
    const auto write = [&](std::string_view name, const std::string& text) {
        writings.attempt([&] { require(write_file(fmt::format("{}/{}", folder, name), text)); });
    };
    write("load.md", load::to_markdown(outcome, arguments.target, session.seed()));
    write("load.hlog", load::to_hlog(outcome));
    const auto curve = load::curve_of(outcome, arguments.target);
    if (!curve.steps.empty()) {
        write("curve.json", load::curves_json({curve}));
    }
    if (!writings.all_well()) {
        return;
    }
    if (!curve.steps.empty()) {
        session.output().line("curve: {}/curve.json", folder);
    }
    session.output().line(
        "report: {0}/report.html, {0}/report.json, {0}/junit.xml, {0}/load.md, {0}/load.hlog",
        folder);
}

/// The reports of a load that could not be made are written as well; the problem is told next.
void conclude_unmade(const load::Options& options, run::RunResult result, std::string problem,
                     Session& session) {
    load::Outcome none;
    none.options = options;
    none.failures = {"not begun: " + problem};
    result = load::report_of(none, std::move(result));
    session.note_stop(result);
    result.problem = std::move(problem);
    session.conclude_unbegun(result);
}

/// A report does not know the account's file.
std::string replay_with_account(const std::string& file, const run::RunResult& result,
                                const run::Outcome& outcome) {
    auto command = reports::pages::replay_command(result, outcome);
    const auto target = fmt::format("--target {}", reports::pages::unknown_target);
    if (const auto at = command.find(target); at != std::string::npos) {
        command.replace(at, target.size(),
                        fmt::format("--existing {}", reports::pages::shell_word(file)));
    }
    return command;
}

int load_command(LoadArguments arguments) {
    const auto account = account_of(arguments);
    const auto options = options_of(arguments, account);
    const auto speed = speed_of(arguments, options);
    const auto metrics = metrics_port(arguments);
    Session session(run::Command::load, arguments);
    auto& output = session.output();
    const RealClock clock;
    auto result = session.bare_result(session.seed(), clock.now());
    if (account) {
        arguments.target = result.target = account->name;
        result.setting = run::Setting::live;
        output.line("meshproof {}, account {}, seed {}", MESHPROOF_VERSION, account->name,
                    session.seed());
        session.replay_by([&](const run::RunResult& told, const run::Outcome& one) {
            return replay_with_account(arguments.existing, told, one);
        });
    } else {
        session.say_head();
    }
    LiveLine live(output, !arguments.output.quiet && !session.sim());
    load::Outcome outcome;
    try {
        outcome = play(arguments, options, account, speed, metrics, session, live);
    } catch (const CannotGoOn& problem) {
        live.clear();
        result.duration = clock.elapsed();
        conclude_unmade(options, std::move(result), problem.what(), session);
        if (session.out_of_time()) {
            log::error(problem.what(), problem.hint());
            return out_of_time;
        }
        throw;
    }
    live.clear();
    result.duration = clock.elapsed();
    result = load::report_of(outcome, std::move(result));
    session.note_stop(result);
    for (const auto& line : load::outcome_lines(outcome)) {
        output.result("{}", line);
    }
    session.tell_problems(result);
    output.document(output.json() ? reports::to_json(result) : std::string());
    Writings writings;
    write_reports(arguments, outcome, result, session, writings);
    writings.attempt([&] { session.add_summary(result); });
    if (options.find_max && !arguments.curve.empty()) {
        writings.attempt(
            [&] { add_to_curve_file(arguments.curve, outcome, arguments.target, output); });
    }
    writings.end();
    return exit_code(result);
}

void add_options(CLI::App& command, LoadArguments& arguments) {
    auto& texts = arguments.texts;
    command.add_option("PROFILE", texts.profile,
                       "sign, login, login-sign (the default), cold-start, restart-storm, renewal, "
                       "mixed, soak or health");
    command.add_option("--rate", texts.rate, "transactions a second (100)");
    command.add_option("--ramp", texts.ramp, "FROM:TO, a rate that grows evenly");
    command.add_flag("--find-max", texts.find_max, "look for the largest rate that keeps --slo");
    command.add_option("--curve", arguments.curve,
                       "with --find-max: add what was measured to this file, for meshproof plan; "
                       "with --target sim: the fakes are as fast as it says");
    command.add_option("--slo", texts.slo,
                       "what has to hold, such as p99=50ms,errors=0.1% (errors=0.1%)");
    command.add_option("--duration", texts.duration, "how long (10s, soak 10m)");
    command.add_option("--warmup", texts.warmup, "before it, asked and not measured (0s)");
    command.add_option(
        "--pods", texts.pods,
        "of cold-start, restart-storm and renewal; with --find-max, of the mesh that "
        "the rates are held against (1000)");
    command.add_option("--within", texts.within, "of restart-storm: all pods in this time (10s)");
    command.add_option("--mix", texts.mix, "of mixed: weights (login-sign=1,sign=4)");
    command.add_option("--connections", texts.connections, "at most this many at once (64)");
    command.add_option("--token", texts.token,
                       "what a login gives: service (the default), batch, inline (OpenBao 2.4), or "
                       "one token for all");
    command.add_option("--storage", texts.storage,
                       "certificates are stored (the default), no_store or leased");
    command.add_option("--key-type", texts.key_type, "of the pods (p-256)");
    command.add_option("--ca-key-type", texts.ca_key_type,
                       "of the CA that is made: ec (P-256, the default) or rsa (2048)");
    command.add_option("--leaf-ttl", texts.leaf_ttl, "asked for each leaf (1h)");
    command.add_option("--accounts", texts.accounts, "service accounts that log in (1)");
    command.add_option("--clusters", texts.clusters,
                       "auth mounts, each with --accounts of its own, that take turns (1)");
    command
        .add_option("--address", texts.addresses,
                    "an address of the Vault; several take turns, and each has figures of its own")
        ->allow_extra_args(false);
    command.add_flag("--all-nodes", texts.all_nodes,
                     "the load is on the nodes that the target file names, and they take turns");
    command.add_flag("--reconnect", texts.reconnect,
                     "each transaction on a connection of its own, as of a pod that just started");
    command.add_option("--existing", arguments.existing,
                       "an account file: load a mesh's own auth role and sign path, and make "
                       "nothing (instead of --target)");
    command.add_option("--verify", texts.verify, "all leaves (the default), sample:F or none");
    command.add_option("--timeout", texts.timeout, "of one request (30s)");
    command.add_option("--abort-on", texts.abort_on,
                       "ends by itself when more failed for 5 s (errors=50%)");
    command.add_option("--billed-certificates", texts.billed_certificates,
                       "on Vault Enterprise at most this many may be signed (10000)");
    command.add_option("--billed-clients", texts.billed_clients,
                       "on Vault Enterprise at most this many accounts may log in (100)");
    command.add_option("--metrics", arguments.metrics,
                       "ADDRESS:PORT where the running load tells its metrics (OpenMetrics), such "
                       "as 127.0.0.1:9464; port 0 = any free one");
    command.add_flag("--i-own-this-target", arguments.mine,
                     "needed where the target is not on this machine");
}

}  // namespace

void add_load(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("load", "measure what a Vault's signing path can carry");
    auto arguments = std::make_shared<LoadArguments>();
    add_options(*command, *arguments);
    add_session_options(*command, *arguments, "sim, fakes",
                        "report.html, report.json, junit.xml, load.md and load.hlog", "");
    command->footer(
        "\nExamples:\n"
        "  meshproof load\n"
        "  meshproof load login-sign --rate 200 --duration 30s --target vault.yaml\n"
        "  meshproof load login-sign --token batch --storage no_store --target vault.yaml\n"
        "  meshproof load restart-storm --pods 2000 --within 60s --target vault.yaml\n"
        "  meshproof load sign --find-max --slo p99=50ms,errors=0.1% --target vault.yaml\n"
        "  meshproof load login-sign --find-max --slo p99=50ms --curve curves.json --target "
        "vault.yaml\n"
        "  meshproof load login-sign --target sim --seed 7\n"
        "  meshproof load soak --duration 8h --time-limit 9h --summary \"$GITHUB_STEP_SUMMARY\"");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return load_command(*arguments); }; });
}

}  // namespace meshproof::cli
