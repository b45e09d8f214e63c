#include <exception>
#include <filesystem>

#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "conformance/twin/curl.hpp"
#include "conformance/twin/kube_dialect.hpp"
#include "conformance/twin/report.hpp"
#include "conformance/twin/state.hpp"
#include "conformance/twin/twin.hpp"
#include "conformance/twin/vault_dialect.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/kube/client.hpp"
#include "core/run/survey.hpp"
#include "core/time/real_clock.hpp"
#include "fakes/setup/setup.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::cli {
namespace {

struct TwinArguments : SessionOptions {
    std::vector<std::string> topics;
    std::string server;  ///< "" = as the topics say, else the Vault
    std::size_t requests = 0;
    double minutes = 0;
    std::size_t shrink_tries = 150;
    std::string known;  ///< a file; "" = the program's own
    std::string state;  ///< a file that the fake begins with; "" = none
    bool played = false;
};

using Topics = std::vector<const twin::Topic*>;

/// Where nobody says how long.
constexpr std::size_t usual_requests = 2000;
/// The others are asked by a token that may do everything.
constexpr std::size_t one_strangers_story_in = 5;
/// A server that takes longer for one request is a finding by itself.
constexpr Duration twin_answer_limit = std::chrono::seconds(60);

const twin::Topic* known_topic(const std::string& name) {
    const auto* topic = twin::topic_named(name);
    if (topic == nullptr) {
        std::vector<std::string> known;
        for (const auto& one : twin::topics()) {
            known.emplace_back(one.name);
        }
        const auto near = nearest(name, known);
        throw UsageError(fmt::format("no topic {}", name),
                         fmt::format("{}there are {}",
                                     near.empty() ? "" : fmt::format("did you mean {}? ", near),
                                     join(known, ", ")));
    }
    return topic;
}

Topics named_topics(const std::vector<std::string>& names) {
    Topics out;
    for (const auto& name : names) {
        out.push_back(known_topic(name));
    }
    return out;
}

/// "vault" or "kubernetes": as --server says, else as the topics do.
std::string_view server_of(const TwinArguments& arguments) {
    const auto named = named_topics(arguments.topics);
    if (arguments.server.empty()) {
        return named.empty() ? "vault" : named.front()->server;
    }
    return arguments.server == "kube" ? "kubernetes" : "vault";
}

Topics choose_topics(const TwinArguments& arguments) {
    const auto server = server_of(arguments);
    auto chosen = named_topics(arguments.topics);
    for (const auto* topic : chosen) {
        if (topic->server != server) {
            throw UsageError(fmt::format("topic {} is of the other server", topic->name),
                             "a run asks one of them: one command for each");
        }
    }
    for (const auto& topic : twin::topics()) {
        if (arguments.topics.empty() && topic.server == server) {
            chosen.push_back(&topic);
        }
    }
    const auto skipped = named_topics(arguments.skips);
    std::erase_if(chosen, [&](const twin::Topic* topic) {
        return std::ranges::find(skipped, topic) != skipped.end();
    });
    if (chosen.empty()) {
        throw UsageError("no topic is left by --skip", "meshproof twin --help shows them");
    }
    return chosen;
}

twin::Known known_of(const TwinArguments& arguments) {
    if (arguments.known.empty()) {
        return require(twin::Known::parse(twin::known_yaml, "known.yaml"));
    }
    const auto text = read_file(arguments.known);
    if (!text) {
        throw UsageError(fmt::format("--known: {}", text.error().message));
    }
    auto known = twin::Known::parse(*text, arguments.known);
    if (!known) {
        throw UsageError(known.error().message, "docs/twin.md shows a file that works");
    }
    return std::move(*known);
}

/// What the fake begins with, as `meshproof export` wrote it; nothing = empty.
std::optional<fakes::Setup> state_of(const TwinArguments& arguments, std::string_view server) {
    if (arguments.state.empty()) {
        return {};
    }
    if (server == "kubernetes") {
        throw UsageError("--state: an export is of a Vault",
                         "leave it out where a cluster is asked");
    }
    const auto text = read_file(arguments.state);
    if (!text) {
        throw UsageError(fmt::format("--state: {}", text.error().message),
                         "meshproof export --account ACCOUNT.yaml --out FILE writes one");
    }
    auto setup = fakes::parse_setup(*text, arguments.state);
    if (!setup) {
        throw UsageError(setup.error().message, "docs/serve.md lists what a set-up may hold");
    }
    return std::move(*setup);
}

/// What both are to hold, and in which members each has its own: what an export does not tell, and
/// what it leaves to the fakes.
std::vector<twin::Held> held_by(const fakes::Setup& setup) {
    std::vector<twin::Held> out;
    for (const auto& write : setup.writes) {
        twin::Held held{write.path, write.issuer.has_value(), {"*description", "*.modified"}};
        for (const auto& [name, value] : write.data.items()) {
            if (value.is_string() &&
                !fakes::reference_in(value.get_ref<const std::string&>()).empty()) {
                held.unlike.push_back("data." + name + "*");
            }
        }
        out.push_back(std::move(held));
    }
    return out;
}

twin::Side side_of(std::string name, const run::VaultTarget& target) {
    twin::Side side{std::move(name), target.config.endpoint, target.config.token,
                    target.config.namespace_name};
    side.endpoint.timeout = twin_answer_limit;
    return side;
}

twin::Side side_of(std::string name, const kube::Access& access) {
    twin::Side side{std::move(name), access.endpoint, access.token};
    side.endpoint.timeout = twin_answer_limit;
    return side;
}

/// A service account in the fake's cluster, whose tokens both servers have reviewed there.
Task<twin::Reviewer> reviewer_in(http::Transport& wire, kube::Access access) {
    twin::Reviewer reviewer;
    const kube::Client client(wire, access);
    constexpr std::string_view what = "the API server that reviews tokens";
    kube::ObjectMeta meta;
    meta.name = reviewer.account;
    meta.namespace_name = reviewer.namespace_name;
    if (!require(co_await client.namespace_exists(reviewer.namespace_name), what)) {
        require(co_await client.create_namespace(reviewer.namespace_name, {}), what);
    }
    (void)require(co_await client.create_service_account(meta), what);
    require(co_await client.bind_auth_delegator("twin-reviewer", reviewer.namespace_name,
                                                reviewer.account, {}),
            what);
    const auto token =
        require(co_await client.request_token(reviewer.namespace_name, reviewer.account, {}), what);
    reviewer.url = access.endpoint.url.text();
    reviewer.ca_pem = access.ca_pem;
    reviewer.jwt = reviewer.reviewer_jwt = token.token.reveal();
    co_return reviewer;
}

/// The fake beside the target, and what came of the run.
struct TwinRun {
    std::unique_ptr<fakes::FakeServers> fakes;
    std::vector<run::ServerVersion> servers;
    twin::TwinResult result;
    std::exception_ptr problem;
};

/// Moves the date of the fakes of a run, which outlives it.
std::function<void(Duration)> moving(TwinRun& twin_run) {
    return [&twin_run](Duration by) { twin_run.fakes->clock().advance(by); };
}

/// A fake of the product that the target is; on the same loop, so that nothing else is started.
Task<run::Target> start_fake(run::Environment& environment, vault::Product product,
                             std::uint64_t seed, TwinRun& twin_run) {
    fakes::FakeServersOptions options;
    options.seed = seed;
    options.vaults = options.clusters = 1;
    options.product = product;
    twin_run.fakes = require(
        co_await fakes::FakeServers::start(options, environment.clock(), environment.transport()));
    run::Target target;
    target.fake_vaults = target.fake_clusters = true;
    twin_run.fakes->complete(target);
    co_return target;
}

/// Puts the state into the fake, and has the stories read it on both.
Task<void> begin_with(fakes::Setup setup, vault::Product product, twin::Side& fake,
                      twin::TwinOptions& options, TwinRun& twin_run) {
    if (setup.product && *setup.product != product) {
        throw UsageError("--state: it is of the other product",
                         "an export is compared with the server that it was made of");
    }
    options.written = twin::stories_of_state(held_by(setup));
    for (const auto& write : setup.writes) {
        if (!write.space.empty()) {
            fake.namespace_name = write.space;  // all happens where the account is
        }
    }
    const auto told = co_await fakes::apply_setup(std::move(setup), *twin_run.fakes);
    for (const auto& line : require(told, "the fake, with --state")) {
        log::warning(line);
    }
}

Task<void> play_vaults(run::Environment& environment, run::Survey survey,
                       std::optional<fakes::Setup> state, twin::TwinOptions options,
                       TwinRun& twin_run) {
    auto& wire = environment.transport();
    const auto& real = survey.vaults.front();
    options.product = real.product;
    const auto fake = co_await start_fake(environment, real.product, options.seed, twin_run);
    auto fake_side = side_of("fake", fake.vaults.front());
    twin::Reviewer reviewer;
    if (survey.has(run::Feature::call_back) && !fake.clusters.empty()) {
        reviewer = co_await reviewer_in(wire, fake.clusters.front());
    }
    if (state) {  // it may have the reviewer's account too, and takes it as it is
        co_await begin_with(std::move(*state), real.product, fake_side, options, twin_run);
    }
    options.waiting.move_fake = moving(twin_run);
    const twin::VaultDialect dialect(std::move(reviewer));
    co_await twin::play_twin(environment.clock(), wire, dialect, side_of("real", real.target),
                             std::move(fake_side), std::move(options), twin_run.result);
}

Task<void> play_clusters(run::Environment& environment, run::Survey survey,
                         twin::TwinOptions options, TwinRun& twin_run) {
    const auto fake =
        co_await start_fake(environment, vault::Product::openbao, options.seed, twin_run);
    options.waiting.move_fake = moving(twin_run);
    const twin::KubeDialect dialect;
    co_await twin::play_twin(environment.clock(), environment.transport(), dialect,
                             side_of("real", survey.clusters.front().access),
                             side_of("fake", fake.clusters.front()), std::move(options),
                             twin_run.result);
}

Task<void> play_both(run::Environment& environment, std::string_view server,
                     std::optional<fakes::Setup> state, twin::TwinOptions options,
                     TwinRun& twin_run) {
    try {
        auto survey = co_await run::survey(environment, environment.transport());
        twin_run.servers = survey.servers;
        if (server == "kubernetes") {
            co_await play_clusters(environment, std::move(survey), std::move(options), twin_run);
        } else {
            co_await play_vaults(environment, std::move(survey), std::move(state),
                                 std::move(options), twin_run);
        }
    } catch (...) {
        twin_run.problem = std::current_exception();
    }
}

void tell_finding(const twin::Finding& finding, Output& output) {
    output.result("fail  {}", twin::headline(finding));
    const auto which = finding.story.name.empty()
                           ? "in " + counted(finding.times, "story", "stories").text()
                           : "in the story " + finding.story.name;
    output.result("      {}; {}, by {}{}", which,
                  counted(finding.story.steps.size(), "request", "requests"),
                  counted(finding.tried, "try", "tries"),
                  finding.steady ? "" : "; it did not come up again in the same story");
    for (const auto& line : twin::to_curl(finding.story)) {
        output.result("      $ {}", line);
    }
}

void tell_twin(const TwinRun& twin_run, Output& output) {
    const auto& result = twin_run.result;
    for (const auto& finding : result.findings) {
        tell_finding(finding, output);
    }
    for (const auto& [signature, known] : result.known) {
        output.line("deviates  {}: {} ({})", signature, known.reason, counted(known.times, "time"));
    }
    for (const auto& left : result.left) {
        output.result("left behind: {}", left);
    }
    for (const auto& line : split(trim(result.coverage.markdown()), '\n')) {
        output.line("{}", line);
    }
    for (const auto& story : result.not_waited) {
        output.line("not waited for  {}", story);
    }
    output.line("never reached of what is played: {}",
                counted(result.coverage.never_reached().size(), "operation or parameter",
                        "operations or their parameters"));
    const auto size = twin::size_of(result.description);
    output.line("{} {} describes {}, {}, {} in all", result.description.title,
                result.description.version, counted(size.paths, "path"),
                counted(size.operations, "operation"), counted(size.parameters, "parameter"));
    output.result("asked {} of both, in {}", counted(result.requests, "request"),
                  counted(result.stories, "story", "stories"));
    output.result("{}", twin::distance(result));
}

void write_coverage(const TwinArguments& arguments, const twin::TwinResult& result) {
    if (arguments.report.empty()) {
        return;
    }
    const std::filesystem::path folder(arguments.report);
    require(write_file((folder / "coverage.json").string(), result.coverage.json().dump(1) + "\n"));
    require(write_file((folder / "coverage.md").string(), twin::report_markdown(result)));
}

twin::TwinOptions twin_options(const TwinArguments& arguments, Session& session,
                               const run::ScheduleOptions& schedule, RedrawnLine& line) {
    twin::TwinOptions options;
    options.seed = session.seed();
    options.run_id = schedule.run_id;
    options.requests = arguments.requests;
    options.limit = part_of(std::chrono::minutes(1), arguments.minutes);
    if (arguments.requests == 0 && arguments.minutes <= 0) {
        options.requests = usual_requests;
    }
    options.shrink.tries = arguments.shrink_tries;
    options.strangers = one_strangers_story_in;
    options.stopping = [&session] { return session.stopping(); };
    options.until_first_difference = arguments.fail_fast;
    options.on_progress = [&line, &session](std::size_t requests, std::size_t findings) {
        session.heed_reader();
        line.draw(
            fmt::format("[{}, {}]", counted(requests, "request"), counted(findings, "difference")));
    };
    return options;
}

int show_not_played(const TwinArguments& arguments) {
    Output(OutputOptions{}).result("{}", std::string(trim(known_of(arguments).markdown())));
    return as_expected;
}

/// UsageError where there is nothing real to ask.
void expect_real(const TwinArguments& arguments, std::string_view server, const Session& session) {
    const auto& file = session.target().file;
    const bool cluster = server == "kubernetes";
    const bool fake = !session.live() || (cluster ? file.fake_clusters || file.clusters.empty()
                                                  : file.fake_vaults || file.vaults.empty());
    if (fake) {
        throw UsageError(fmt::format("--target {}: expected a target file with a real {}",
                                     arguments.target, cluster ? "cluster" : "Vault"),
                         "the fake is started beside it, by what the real one says of itself");
    }
}

std::string twin_again(const TwinArguments& arguments, const Session& session,
                       std::string_view server) {
    auto line = std::string("meshproof twin");
    for (const auto& topic : arguments.topics) {
        line += " " + topic;
    }
    line += fmt::format(" --target {} --seed {}", reports::pages::shell_word(arguments.target),
                        session.seed());
    if (arguments.topics.empty() && server == "kubernetes") {
        line += " --server kube";
    }
    for (const auto& topic : arguments.skips) {
        line += " --skip " + topic;
    }
    if (!arguments.state.empty()) {
        line += " --state " + reports::pages::shell_word(arguments.state);
    }
    return line + (arguments.minutes > 0 ? fmt::format(" --minutes {}", arguments.minutes)
                                         : fmt::format(" --requests {}", arguments.requests == 0
                                                                             ? usual_requests
                                                                             : arguments.requests));
}

/// Rows of what was left out by --skip.
std::vector<run::Outcome> skipped_topics(const TwinArguments& arguments) {
    std::vector<run::Outcome> rows;
    for (const auto* topic : named_topics(arguments.skips)) {
        run::Outcome outcome;
        outcome.id = fmt::format("twin/{}", topic->name);
        run::CheckOutcome check;
        check.requirement = fmt::format("{}: the server and its fake answer alike.", topic->what);
        check.level = run::Level::may;
        outcome.detail = std::move(check);
        rows.push_back(run::skipped_on_request(std::move(outcome)));
    }
    return rows;
}

/// What was seen, as text and as reports; the exit code.
int conclude_twin(const TwinArguments& arguments, Session& session, const TwinRun& twin_run,
                  run::RunResult& result) {
    tell_twin(twin_run, session.output());
    write_coverage(arguments, twin_run.result);
    result.servers = twin_run.servers;
    result.outcomes = twin::rows_of(twin_run.result);
    for (auto& row : skipped_topics(arguments)) {
        result.outcomes.push_back(std::move(row));
    }
    session.note_stop(result);
    const auto code = session.conclude(result);
    if (twin_run.problem) {
        std::rethrow_exception(twin_run.problem);  // the report has what was seen until then
    }
    return code == as_expected && !twin_run.result.left.empty() ? something_failed : code;
}

/// The reports of a run that could not begin, and then the reason.
[[noreturn]] void end_unbegun(Session& session, const TwinRun& twin_run, run::RunResult& result) {
    try {
        std::rethrow_exception(twin_run.problem);
    } catch (const CannotGoOn& problem) {
        result.problem = problem.what();
        session.conclude_unbegun(result);
        throw;
    }
}

int twin_command(const TwinArguments& arguments) {
    if (arguments.played) {
        return show_not_played(arguments);
    }
    const auto server = server_of(arguments);
    auto topics = choose_topics(arguments);
    auto known = known_of(arguments);
    auto state = state_of(arguments, server);
    if (arguments.target.empty()) {
        throw UsageError("--target: expected the target file of a real server",
                         "the README shows one; the fake is started beside it");
    }
    Session session(run::Command::conform, arguments, "twin");
    expect_real(arguments, server, session);
    session.replay_by([&](const run::RunResult& /*result*/, const run::Outcome& /*outcome*/) {
        return twin_again(arguments, session, server);
    });
    session.say_head();
    session.say_run_id();
    RedrawnLine line(!arguments.output.quiet);
    run::ScheduleOptions schedule;
    fakes::FakeServersOptions servers;
    servers.vaults = servers.clusters = 1;
    session.fill(schedule, servers);
    auto options = twin_options(arguments, session, schedule, line);
    options.topics = std::move(topics);
    options.known = std::move(known);
    const RealClock clock;
    auto result = session.bare_result(session.seed(), clock.now());
    TwinRun twin_run;
    {
        const auto environment = schedule.environment(session.seed());
        environment->drive(
            play_both(*environment, server, std::move(state), std::move(options), twin_run));
        twin_run.fakes.reset();  // it is served on the environment's loop
    }
    line.clear();
    result.duration = clock.elapsed();
    if (twin_run.problem && twin_run.result.stories == 0) {
        end_unbegun(session, twin_run, result);
    }
    return conclude_twin(arguments, session, twin_run, result);
}

}  // namespace

void add_twin(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "twin", "ask a real server and its fake the same, by the real one's own description");
    auto arguments = std::make_shared<TwinArguments>();
    command->add_option("TOPIC", arguments->topics,
                        "what the requests are about (pki, kubernetes-auth, token, …); all in turn "
                        "where none is given");
    command->add_option("--server", arguments->server, "whose topics, where none is given (vault)")
        ->check(CLI::IsMember({"vault", "kube"}));
    command->add_option("--target", arguments->target, "the target file of a real server");
    command->add_option("--seed", arguments->seed, "draws the same again; fresh if left out");
    command->add_option("--report", arguments->report,
                        "folder for report.html, report.json, junit.xml, report.md, coverage.json "
                        "and coverage.md");
    add_pipeline_options(*command, *arguments, "topics");
    add_output_options(*command, arguments->output);
    command->add_option("--requests", arguments->requests, "this many to each server (2000)")
        ->check(CLI::Range(1, 100'000'000));
    command->add_option("--minutes", arguments->minutes, "for so long instead")
        ->check(CLI::Range(0.01, 100'000.0))
        ->excludes("--requests");
    command
        ->add_option("--shrink-tries", arguments->shrink_tries,
                     "stories played to make a difference small")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command->add_option("--known", arguments->known,
                        "a file of what is not played and which differences stay, instead of the "
                        "program's own (docs/twin.md)");
    command->add_option("--state", arguments->state,
                        "what the fake begins with, as meshproof export wrote it of the target; "
                        "both are read there");
    command->add_flag("--played", arguments->played,
                      "print docs/played.md, what the fakes do not play, and end");
    command->footer(
        "\nExamples:\n"
        "  meshproof twin --target vault.yaml --minutes 5 --report out\n"
        "  meshproof twin pki --target vault.yaml --requests 20000 --seed 7\n"
        "  meshproof twin policy --target vault.yaml --state now.yaml\n"
        "  meshproof twin --server kube --target cluster.yaml --minutes 5\n"
        "  meshproof twin --played");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return twin_command(*arguments); }; });
}

}  // namespace meshproof::cli
