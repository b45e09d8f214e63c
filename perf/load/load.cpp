#include "perf/load/load.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/run/rights.hpp"
#include "core/stats/percentile.hpp"
#include "perf/load/existing.hpp"
#include "perf/load/find_max.hpp"
#include "perf/load/generator.hpp"
#include "perf/load/metrics.hpp"

namespace meshproof::load {
namespace {

/// What the coroutines of one load share. Lives as long as run_load runs.
struct Whole {
    Run& run;
    const Options& options;
    run::Ledger& ledger;
    run::Stopping& stopping;
    Outcome& outcome;
    Live& live;
    std::optional<Site> site;  // nothing on a mesh's own account
    Ground ground{};
};

void say(const Run& run, std::string_view phase) {
    if (run.on_phase) {
        run.on_phase(phase);
    }
}

Task<void> prepare(Whole& whole, std::size_t transactions) {
    if (whole.site) {
        whole.ground =
            co_await prepare_ground(whole.ledger, *whole.site, whole.options, transactions);
        if (whole.ground.addresses.size() > 1 && whole.options.logs_in()) {
            auto& environment = whole.run.environment;
            say(whole.run, "waiting until each address takes logins");
            co_await wait_for_logins(environment.clock(), environment.transport(), whole.ground);
        }
        co_return;
    }
    auto& run = whole.run;
    whole.ground = co_await existing_ground(whole.ledger, *run.account, run.environment.transport(),
                                            run.environment.clock(), whole.options, transactions);
    if (whole.options.token == TokenMode::service) {
        whole.outcome.options.token = whole.ground.token_mode;
    }
    for (const auto& line : existing_lines(whole.options, whole.ground, transactions)) {
        if (run.on_note) {
            run.on_note(line);
        }
    }
}

/// Whoever looks at the server's own figures: without a token where we were given none.
vault::Client onlooker(const Whole& whole) {
    return whole.site ? whole.site->vault
                      : vault::Client(whole.run.environment.transport(), whole.ground.vault);
}

PoolPlan pool_plan(const Whole& whole, std::size_t transactions) {
    // Who looks for a limit does not want to wait for keys that he may never send.
    constexpr std::size_t most_of_find_max = 20'000;
    PoolPlan plan;
    plan.pods = !whole.options.signs()   ? 1
                : whole.options.find_max ? std::min(transactions, most_of_find_max)
                                         : transactions;
    plan.key_type = whole.options.key_type;
    plan.trust_domain =
        whole.ground.page.trust_domain.empty() ? "cluster.local" : whole.ground.page.trust_domain;
    plan.ttl = whole.options.leaf_ttl;
    return plan;
}

/// What every generator of the load works with.
struct Means {
    const Pool& pool;
    const SigningPath& path;
    const mesh::Asked& asked;
    Verifier& verifier;
};

Task<Measured> play(Whole& whole, const Means& means, const Options& options) {
    const Arrivals arrivals(options, whole.run.seed);
    co_return co_await generate({whole.run.environment, options, arrivals, means.pool, means.path,
                                 means.asked, means.verifier, whole.run.seed, &whole.stopping,
                                 whole.run.on_second, &whole.live});
}

Task<void> play_all(Whole& whole, const Means& means) {
    if (!whole.options.find_max) {
        whole.outcome.measured = co_await play(whole, means, whole.options);
        co_return;
    }
    MaxSearch search(whole.options);
    while (auto options = search.next()) {
        search.learn(*options, co_await play(whole, means, *options));
    }
    whole.outcome.measured = search.best();
    whole.outcome.steps = search.steps();
    whole.outcome.cut_short = search.cut_short();
}

Task<void> make_load(Whole& whole, const Pool& pool) {
    const auto& page = whole.ground.page;
    const SigningPath path(whole.run.environment.transport(), whole.ground, whole.options);
    const mesh::Asked asked{page.auth_role, page.pki_path(), page.service_account, {}};
    Verifier verifier(
        {whole.ground.trust, whole.options.leaf_ttl, whole.ground.backdated,
         whole.ground.chain_in_answer},
        pool,
        whole.run.environment.virtual_time() ? Verifier::When::after : Verifier::When::beside);
    const Means means{pool, path, asked, verifier};
    co_await watch_server(whole.run.environment, onlooker(whole), whole.outcome.server,
                          play_all(whole, means));
    say(whole.run, "verifying");
    whole.outcome.verification = verifier.finish();
}

Task<void> all_of_it(Whole& whole, std::size_t transactions) {
    say(whole.run, "preparing the target");
    const auto ending =
        co_await run::limited(whole.run.environment.clock(), prepare(whole, transactions),
                              std::chrono::minutes(10), whole.stopping);
    if (ending.kind != run::Ending::Kind::done) {
        throw CannotGoOn({FailureKind::cancelled, "preparing the target: " + ending.text, 0, {}});
    }
    whole.outcome.account_tokens = whole.ground.account_tokens.size();
    say(whole.run, "making keys and requests");
    const auto plan = pool_plan(whole, transactions);
    const auto before = whole.run.environment.clock().elapsed();
    const Pool pool(plan);
    whole.outcome.preparation = whole.run.environment.clock().elapsed() - before;
    whole.outcome.pods = pool.size();
    say(whole.run, "load");
    co_await make_load(whole, pool);
}

}  // namespace

std::string slo_missed(const Slo& slo, const Measured& measured) {
    if (measured.error_share() > slo.errors) {
        return fmt::format("{:.3g} % of the transactions failed, and {:.3g} % may",
                           measured.error_share() * 100, slo.errors * 100);
    }
    for (const auto& [percentile, limit] : slo.latencies) {
        const auto& times = measured.whole.response;
        if (const auto needed = stats::samples_needed(percentile); times.count() < needed) {
            return fmt::format("p{:g} needs {} transactions, and has {}", percentile, needed,
                               times.count());
        }
        if (times.at(percentile) > limit) {
            return fmt::format("the response time's p{:g} is {}, and may be {}", percentile,
                               human_duration(times.at(percentile)), human_duration(limit));
        }
    }
    return {};
}

std::string fell_behind(const Options& options, const Measured& measured) {
    const auto ended = measured.done_in_plan + measured.failed;
    const auto behind = measured.asked > ended ? measured.asked - ended : 0;
    // So many may be under way at any moment, and a few wait after each hiccup.
    const auto usual = std::max<std::uint64_t>(options.connections, measured.asked / 50);
    if (options.by_pods() || behind <= usual) {
        return {};
    }
    return fmt::format(
        "the server fell behind: at the end of the schedule, {} of {} transactions "
        "were still waiting for it",
        behind, measured.asked);
}

void judge(Outcome& outcome) {
    const auto& measured = outcome.measured;
    auto& failures = outcome.failures;
    if (const auto wrong = outcome.verification.wrong_leaves(); wrong > 0) {
        for (const auto& [kind, count] : outcome.verification.wrong) {
            failures.push_back(fmt::format(
                "{} of {}: {}", count,
                counted(outcome.verification.verified, "verified leaf", "verified leaves"),
                to_string(kind)));
        }
    }
    if (measured.ended == Ended::aborted) {
        failures.push_back(measured.why_ended);
    }
    if (auto missed = slo_missed(outcome.options.slo, measured);
        !missed.empty() && !(outcome.options.find_max && measured.asked == 0)) {
        failures.push_back(std::move(missed));
    }
    if (auto behind = fell_behind(outcome.options, measured); !behind.empty()) {
        failures.push_back(std::move(behind));
    }
    for (const auto& one : outcome.left) {
        failures.push_back("clean-up: " + one);
    }
    const bool nothing = measured.asked == 0;
    if (nothing && outcome.options.find_max && !outcome.steps.empty()) {
        failures.push_back(fmt::format("no rate keeps the SLO: at {:.4g}/s, {}",
                                       outcome.steps.back().rate, outcome.steps.back().why_not));
    }
    outcome.verdict = !failures.empty() ? run::Verdict::fail : run::Verdict::pass;
    const bool stopped = measured.ended == Ended::stopped;
    if (outcome.verification.wrong_leaves() == 0 && (stopped || (nothing && failures.empty()))) {
        outcome.verdict = run::Verdict::blocked;
        failures.insert(failures.begin(), stopped ? measured.why_ended : "nothing was asked");
    }
}

namespace {

Task<run::Survey> survey_for(const Run& run) {
    auto& wire = run.environment.transport();
    if (run.account != nullptr) {
        co_return co_await survey_account(std::string(run.environment.setting()), *run.account,
                                          wire);
    }
    co_return co_await run::survey(run.environment, wire, "load");
}

/// Of the user of a real cluster, where anything is made there.
Task<void> expect_rights(const Run& run, Site site, const Options& options) {
    if (options.profile != Profile::health && !run.environment.fake_clusters()) {
        co_await run::expect_cluster_rights(site.kube, site.kube.access().endpoint.url.origin(),
                                            run::rights_of_loads(site.mesh_namespace));
    }
}

/// The cause, and after it what its clean-up left.
[[noreturn]] void tell_cause(const std::exception_ptr& problem,
                             const std::vector<std::string>& left) {
    try {
        std::rethrow_exception(problem);
    } catch (const CannotGoOn& cause) {
        auto failure = cause.failure();
        if (!left.empty()) {
            failure.message += "; then, of the clean-up: " + join(left, "; ");
        }
        throw CannotGoOn(std::move(failure), cause.hint());
    }
}

std::vector<http::Url> asked_of(const run::Survey& found, const std::optional<Site>& site,
                                const Options& options) {
    std::vector<http::Url> asked;
    for (const auto& vault : found.vaults) {
        asked.push_back(vault.target.config.endpoint.url);
    }
    for (const auto& one : site ? site->addresses : std::vector<http::Endpoint>()) {
        asked.push_back(one.url);
    }
    asked.insert(asked.end(), options.addresses.begin(), options.addresses.end());
    return asked;
}

/// The port of the metrics; null where nobody wants them.
Task<std::unique_ptr<http::Listener>> serve_metrics(Run& run, MetricsPage& page) {
    if (!run.metrics) {
        co_return nullptr;
    }
    auto listener = require(co_await run.environment.transport().listen(*run.metrics, page),
                            "serve the metrics");
    if (run.on_metrics) {
        run.on_metrics(listener->url());
    }
    co_return listener;
}

}  // namespace

Task<Outcome> run_load(Run run, Options options) {
    Outcome outcome;
    outcome.options = options;
    run::Stopping stopping(run.stop, run.environment);
    run::Ledger ledger{run::RunMark(run.run_id)};
    const auto found = co_await survey_for(run);
    outcome.servers = found.servers;
    const auto transactions = options.find_max ? MaxSearch::most_transactions(options)
                                               : Arrivals(options, run.seed).count();
    std::optional<Site> site;
    if (run.account == nullptr) {
        site = site_of(found, run.environment.transport(), options);
        co_await expect_rights(run, *site, options);
    }
    outcome.footprint = run.account != nullptr ? footprint_of(options, transactions, *run.account)
                                               : footprint_of(options, transactions, ledger.mark());
    outcome.footprint.asks = asked_of(found, site, options);
    Live live;
    MetricsPage page(live);
    Whole whole{run, options, ledger, stopping, outcome, live, std::move(site)};
    if (run.on_plan) {
        run.on_plan(found, outcome.footprint);
    }
    const auto metrics = co_await serve_metrics(run, page);
    std::exception_ptr problem;
    try {
        co_await all_of_it(whole, transactions);
    } catch (...) {
        problem = std::current_exception();  // told once everything is removed
    }
    say(run, "removing what was made");
    outcome.left =
        whole.site ? co_await clear_ground(ledger, *whole.site) : co_await ledger.undo_all();
    if (problem) {
        tell_cause(problem, outcome.left);
    }
    judge(outcome);
    co_return outcome;
}

}  // namespace meshproof::load
