#include <future>
#include <thread>

#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "core/base/log.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/signal.hpp"
#include "perf/load/text.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

struct LoadArguments : SessionOptions {
    LoadArguments() { target = "fakes"; }
    load::OptionTexts texts;
    bool mine = false;  ///< --i-own-this-target
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
        started_.set_value(co_await environment_->start());
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

load::Options options_of(const LoadArguments& arguments) {
    auto options = load::parse_options(arguments.texts);
    if (!options) {
        throw UsageError(options.error().message, "meshproof load --help shows loads that work");
    }
    return std::move(*options);
}

/// A load fills storage, logs and bills: nobody makes one on somebody else's server by a wrong
/// file name.
void expect_own(const run::Survey& found, bool mine, bool sim) {
    for (const auto& vault : found.vaults) {
        if (!sim && !mine && !vault.target.config.endpoint.url.loopback()) {
            throw UsageError(
                fmt::format("Vault {} is not on this machine: a load may slow it down for all that "
                            "use it, and fills its storage",
                            vault.where),
                "if it is yours to load, say so: --i-own-this-target");
        }
    }
}

std::unique_ptr<run::Environment> environment_of(Session& session, const load::Options& options,
                                                 std::unique_ptr<ServedFakes>& served) {
    run::ScheduleOptions made;
    fakes::FakeServersOptions servers;
    servers.leaf_ttl = options.leaf_ttl;
    servers.vaults = servers.clusters = 1;
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

load::Outcome play(const LoadArguments& arguments, const load::Options& options, Session& session,
                   LiveLine& live) {
    std::unique_ptr<ServedFakes> served;
    const auto environment = environment_of(session, options, served);
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
        expect_own(found, arguments.mine, session.sim());
        if (session.live()) {
            session.say_run_id();
        }
    };
    run.on_phase = [&](std::string_view phase) {
        live.clear();
        log::detail(phase);
    };
    run.on_second = [&](const load::Progress& progress) { live.tell(progress); };
    std::optional<load::Outcome> outcome;
    environment->drive(into(load::run_load(std::move(run), options), outcome));
    return std::move(*outcome);
}

void write_reports(const LoadArguments& arguments, const load::Outcome& outcome, Session& session) {
    if (arguments.report.empty()) {
        return;
    }
    const auto path = arguments.report + "/load";
    require(write_file(path + ".md", load::to_markdown(outcome, arguments.target, session.seed())));
    require(write_file(path + ".hlog", load::to_hlog(outcome)));
    session.output().line("report: {0}.md, {0}.hlog", path);
}

int exit_code_of(const load::Outcome& outcome) {
    switch (outcome.verdict) {
        case run::Verdict::pass:
            return as_expected;
        case run::Verdict::blocked:
            return unreachable;
        default:
            return something_failed;
    }
}

int load_command(const LoadArguments& arguments) {
    if (arguments.output.json()) {
        throw UsageError("--format json: load tells its result as text and as load.md only",
                         "meshproof load --report DIR");
    }
    const auto options = options_of(arguments);
    Session session(run::Command::run, arguments);
    session.say_head();
    LiveLine live(session.output(), !arguments.output.quiet && !session.sim());
    const auto outcome = play(arguments, options, session, live);
    live.clear();
    for (const auto& line : load::outcome_lines(outcome)) {
        session.output().result("{}", line);
    }
    write_reports(arguments, outcome, session);
    return exit_code_of(outcome);
}

void add_options(CLI::App& command, LoadArguments& arguments) {
    auto& texts = arguments.texts;
    command.add_option("PROFILE", texts.profile,
                       "sign, login, login-sign (the default), cold-start, restart-storm, renewal, "
                       "mixed, soak or health");
    command.add_option("--rate", texts.rate, "transactions a second (100)");
    command.add_option("--ramp", texts.ramp, "FROM:TO, a rate that grows evenly");
    command.add_flag("--find-max", texts.find_max, "look for the largest rate that keeps --slo");
    command.add_option("--slo", texts.slo,
                       "what has to hold, such as p99=50ms,errors=0.1% (errors=0.1%)");
    command.add_option("--duration", texts.duration, "how long (10s, soak 10m)");
    command.add_option("--warmup", texts.warmup, "before it, asked and not measured (0s)");
    command.add_option("--pods", texts.pods, "of cold-start, restart-storm and renewal (1000)");
    command.add_option("--within", texts.within, "of restart-storm: all pods in this time (10s)");
    command.add_option("--mix", texts.mix, "of mixed: weights (login-sign=1,sign=4)");
    command.add_option("--connections", texts.connections, "at most this many at once (64)");
    command.add_option("--token", texts.token,
                       "what a login gives: service (the default), batch, inline (OpenBao 2.4), or "
                       "one token for all");
    command.add_option("--storage", texts.storage,
                       "certificates are stored (the default), no_store or leased");
    command.add_option("--key-type", texts.key_type, "of the pods (p-256)");
    command.add_option("--leaf-ttl", texts.leaf_ttl, "asked for each leaf (1h)");
    command.add_option("--accounts", texts.accounts, "service accounts that log in (1)");
    command.add_option("--verify", texts.verify, "all leaves (the default), sample:F or none");
    command.add_option("--timeout", texts.timeout, "of one request (30s)");
    command.add_option("--abort-on", texts.abort_on,
                       "ends by itself when more failed for 5 s (errors=50%)");
    command.add_flag("--i-own-this-target", arguments.mine,
                     "needed where the target is not on this machine");
}

}  // namespace

void add_load(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("load", "measure what a Vault's signing path can carry");
    auto arguments = std::make_shared<LoadArguments>();
    add_options(*command, *arguments);
    add_session_options(*command, *arguments, "sim, fakes", "load.md and load.hlog", "");
    command->footer(
        "\nExamples:\n"
        "  meshproof load\n"
        "  meshproof load login-sign --rate 200 --duration 30s --target vault.yaml\n"
        "  meshproof load login-sign --token batch --storage no_store --target vault.yaml\n"
        "  meshproof load restart-storm --pods 2000 --within 60s --target vault.yaml\n"
        "  meshproof load sign --find-max --slo p99=50ms,errors=0.1% --target vault.yaml\n"
        "  meshproof load login-sign --target sim --seed 7");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return load_command(*arguments); }; });
}

}  // namespace meshproof::cli
