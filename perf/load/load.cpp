#include "perf/load/load.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/stats/percentile.hpp"
#include "perf/load/find_max.hpp"
#include "perf/load/generator.hpp"

namespace meshproof::load {
namespace {

/// What the coroutines of one load share. Lives as long as run_load runs.
struct Whole {
    Run& run;
    const Options& options;
    run::Ledger& ledger;
    run::Stopping& stopping;
    Outcome& outcome;
    Site site;
    Ground ground{};
};

void say(const Run& run, std::string_view phase) {
    if (run.on_phase) {
        run.on_phase(phase);
    }
}

Task<void> prepare(Whole& whole, std::size_t transactions) {
    whole.ground = co_await prepare_ground(whole.ledger, whole.site, whole.options, transactions);
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

Task<void> make_load(Whole& whole, const Pool& pool, std::uint64_t seed) {
    const auto& page = whole.ground.page;
    const SigningPath path(whole.run.environment.transport(), whole.ground, whole.options);
    const mesh::Asked asked{page.auth_role, page.pki_path(), page.service_account, {}};
    Verifier verifier(
        {whole.ground.trust, whole.options.leaf_ttl}, pool,
        whole.run.environment.virtual_time() ? Verifier::When::after : Verifier::When::beside);
    const auto play = [&](const Options& options, const Arrivals& arrivals) {
        return generate({whole.run.environment, options, arrivals, pool, path, asked, verifier,
                         seed, &whole.stopping, whole.run.on_second});
    };
    if (whole.options.find_max) {
        MaxSearch search(whole.options);
        while (auto options = search.next()) {
            const Arrivals arrivals(*options, seed);
            search.learn(*options, co_await play(*options, arrivals));
        }
        whole.outcome.measured = search.best();
        whole.outcome.steps = search.steps();
    } else {
        const Arrivals arrivals(whole.options, seed);
        whole.outcome.measured = co_await play(whole.options, arrivals);
    }
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
    co_await make_load(whole, pool, whole.run.seed);
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
            failures.push_back(fmt::format("{} of {} verified leaves: {}", count,
                                           outcome.verification.verified, to_string(kind)));
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
        failures.push_back("not even the lowest rate keeps the SLO: " +
                           outcome.steps.back().why_not);
    }
    outcome.verdict = !failures.empty() ? run::Verdict::fail : run::Verdict::pass;
    const bool stopped = measured.ended == Ended::stopped;
    if (outcome.verification.wrong_leaves() == 0 && (stopped || (nothing && failures.empty()))) {
        outcome.verdict = run::Verdict::blocked;
        failures.insert(failures.begin(), stopped ? measured.why_ended : "nothing was asked");
    }
}

Task<Outcome> run_load(Run run, Options options) {
    Outcome outcome;
    outcome.options = options;
    run::Stopping stopping(run.stop, run.environment);
    run::Ledger ledger{run::RunMark(run.run_id)};
    const auto found = co_await run::survey(run.environment, run.environment.transport(), "load");
    outcome.servers = found.servers;
    const auto transactions = options.find_max ? MaxSearch::most_transactions(options)
                                               : Arrivals(options, run.seed).count();
    outcome.footprint = footprint_of(options, transactions, ledger.mark());
    Whole whole{run,      options, ledger,
                stopping, outcome, site_of(found, run.environment.transport())};
    if (run.on_plan) {
        run.on_plan(found, outcome.footprint);
    }
    std::exception_ptr problem;
    try {
        co_await all_of_it(whole, transactions);
    } catch (...) {
        problem = std::current_exception();  // told once everything is removed
    }
    say(run, "removing what was made");
    outcome.left = co_await clear_ground(ledger, whole.site);
    if (problem) {
        for (const auto& left : outcome.left) {
            log::warning("clean-up: " + left);
        }
        std::rethrow_exception(problem);
    }
    judge(outcome);
    co_return outcome;
}

}  // namespace meshproof::load
