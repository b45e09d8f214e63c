#include "scenarios/explore/explore.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include "core/base/assert.hpp"
#include "core/time/real_clock.hpp"
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// What of a run is kept when it has ended.
struct Run {
    std::string digest;
    std::vector<std::string> failures;
    History history;  ///< of a failed one, up to the step that broke
    std::size_t drawn = 0;
};

/// All runs of one exploration, side by side.
class Exploration {
  public:
    explicit Exploration(const ExploreOptions& options) : options_(options) {}

    void run_all();
    [[nodiscard]] Explored result();

  private:
    [[nodiscard]] bool stopping() const {
        return options_.stop != nullptr && options_.stop->requested();
    }
    [[nodiscard]] bool over(std::size_t index) const;
    void run_some();
    void run_one(std::size_t index);
    void count(std::size_t index, const Property& property, const History& history,
               const PlayedTrace& played);
    [[nodiscard]] Finding finding(const std::string& tag, std::size_t index);

    const ExploreOptions& options_;
    RealClock clock_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    Explored explored_;
    std::map<std::size_t, Run> runs_;
};

bool Exploration::over(std::size_t index) const {
    return (options_.until_first_failure && failed_) || stopping() ||
           (options_.runs != 0 && index >= options_.runs) ||
           (options_.minutes && clock_.elapsed() >= *options_.minutes);
}

void Exploration::run_all() {
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::max<std::size_t>(1, options_.jobs); ++i) {
        others.emplace_back([this] { run_some(); });
    }
    run_some();
    for (auto& other : others) {
        other.join();
    }
}

void Exploration::run_some() {
    for (auto i = next_++; !over(i); i = next_++) {
        run_one(i);
    }
}

// A world in which nobody can go on throws; here that would end a thread, and all with it.
PlayedTrace play_once(const History& history, const ExploreOptions& options,
                      run::StopSource* stop) {
    try {
        // A fixed run id: what is explored has servers of its own, and a file replays the same.
        return play(history, options.environment_for(history),
                    {.run_id = "storys",
                     .seams = options.seams_of_run ? options.seams_of_run() : mesh::Seams{},
                     .hidden_skew = {},
                     .stop = stop,
                     .keep_trace = false});
    } catch (const std::exception& error) {
        PlayedTrace played;
        played.blocked = error.what();
        return played;
    }
}

void Exploration::run_one(std::size_t index) {
    const auto& property = *options_.properties[index % options_.properties.size()];
    const auto history = draw_run(options_.seed, index, property, options_.steps);
    const auto played = play_once(history, options_, options_.stop);
    if (stopping()) {
        return;  // what was cut off shows nothing
    }
    const std::lock_guard lock(mutex_);
    count(index, property, history, played);
    if (options_.on_progress) {
        options_.on_progress(explored_.runs, explored_.steps, explored_.failing);
    }
}

void Exploration::count(std::size_t index, const Property& property, const History& history,
                        const PlayedTrace& played) {
    ++explored_.runs;
    ++explored_.by_property[property.name];
    explored_.requests += played.record.requests_judged;
    for (std::size_t i = 0; i < played.record.steps.size(); ++i) {
        ++explored_.steps;
        if (played.record.steps[i].skipped.empty()) {
            ++explored_.applied[history.steps[i].does];
        } else {
            ++explored_.skipped;
        }
    }
    for (const auto mark : played.record.reached) {
        ++explored_.reached[mark];
    }
    auto& run = runs_[index];
    run.digest = played.digest;
    run.drawn = history.steps.size();
    if (!played.blocked.empty() && played.failures.empty()) {
        ++explored_.blocked;
        if (explored_.first_blocked.empty()) {
            explored_.first_blocked = fmt::format("run {}: {}", index, played.blocked);
        }
    }
    if (!played.failures.empty()) {
        ++explored_.failing;
        ++explored_.failing_by_property[property.name];
        failed_ = true;
        run.failures = played.failures;
        run.history = history;
        run.history.steps.resize(played.record.steps.size());
    }
}

bool breaks(const Played& played, std::string_view tag) {
    return std::ranges::any_of(played.failures,
                               [&](const auto& failure) { return tag_of(failure) == tag; });
}

Finding Exploration::finding(const std::string& tag, std::size_t index) {
    const auto& run = runs_.at(index);
    Finding found;
    found.tag = tag;
    found.run = index;
    found.drawn = run.drawn;
    auto failing = run.history;
    failing.property = tag;
    failing.name = fmt::format("{}-{}", tag, failing.seed);
    auto shrunk =
        shrink(std::move(failing),
               [&](const History& candidate) {
                   return !stopping() && breaks(play_once(candidate, options_, options_.stop), tag);
               },
               {.budget = stopping() ? Duration::zero() : options_.shrink_budget,
                .jobs = options_.jobs,
                .on_better = options_.on_better});
    found.tried = shrunk.tried;
    found.finished = shrunk.finished && !stopping();
    found.history = std::move(shrunk.history);
    // After a stop too: what failed is told as it fails.
    found.played = play_once(found.history, options_, nullptr);
    const auto second = play_once(found.history, options_, nullptr);
    found.steady =
        breaks(found.played, tag) && breaks(second, tag) && found.played.digest == second.digest;
    if (!found.played.failures.empty()) {
        found.history.story = found.played.failures.front();
    }
    return found;
}

Explored Exploration::result() {
    std::map<std::string, std::vector<std::size_t>> broken;  // by tag, runs in their order
    run::Trace digests(clock_, /*timed=*/false);
    for (const auto& [index, run] : runs_) {
        digests.add(run::note_event(run.digest));
        std::set<std::string_view> tags;
        for (const auto& failure : run.failures) {
            tags.insert(tag_of(failure));
        }
        for (const auto tag : tags) {
            broken[std::string(tag)].push_back(index);
        }
    }
    explored_.digest = digests.digest();
    for (const auto& [tag, indexes] : broken) {
        auto found = finding(tag, indexes.front());
        found.again = indexes.size() - 1;
        explored_.findings.push_back(std::move(found));
    }
    explored_.interrupted = stopping();
    return std::move(explored_);
}

}  // namespace

Explored explore(const ExploreOptions& options) {
    MESHPROOF_ASSERT(!options.properties.empty());
    MESHPROOF_ASSERT(options.runs != 0 || options.minutes, "an exploration without an end");
    Exploration exploration(options);
    exploration.run_all();
    return exploration.result();
}

}  // namespace meshproof::scenarios::explore
