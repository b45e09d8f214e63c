// Whether exploring finds anything: each saboteur of a world is hunted from fresh seeds, and what
// came of it is the table of docs/saboteurs.md.
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/prng.hpp"
#include "core/time/real_clock.hpp"
#include "scenarios/explore/explore.hpp"
#include "scenarios/explore/tests/saboteurs.hpp"

namespace meshproof::scenarios::explore {
namespace {

constexpr int usage_error = 2;

/// Those that break something in every history, at its beginning: what a quick test can afford.
constexpr std::array quick_ones = {
    std::string_view("agent/mixes-up-its-callers"),
    std::string_view("agent/sends-its-key"),
    std::string_view("agent/shares-a-key-between-pods"),
    std::string_view("agent/shows-another-pods-leaf"),
    std::string_view("agent/tells-its-token"),
    std::string_view("cluster/mixes-up-two-pods"),
    std::string_view("pki/first-csr-names"),
    std::string_view("pki/ignores-max-ttl"),
    std::string_view("pki/repeat-serial"),
    std::string_view("pki/wrong-csr-key"),
};

struct HuntOptions {
    std::uint64_t seed = fresh_seed();
    std::string only;          ///< one saboteur's name; "" = all
    std::size_t quick = 0;     ///< so many of the quick ones, drawn by the seed; 0 = all saboteurs
    std::size_t seconds = 60;  ///< that one hunt may take, and its shrinking again
    std::size_t runs = 0;      ///< histories of one hunt at most; 0 = by the time alone
    std::size_t times = 3;     ///< hunts for each, from seeds of their own
    std::size_t jobs = 1;      ///< hunts side by side, each on one core
    std::string out;           ///< file; "" = stdout
};

/// What came of one hunt.
struct Caught {
    double seconds = 0;
    std::string tag;        ///< the property that broke; "" = not found
    std::size_t steps = 0;  ///< of the shrunk story
    std::string blocked;    ///< why histories could not be played; "" = they could
};

/// A saboteur with its hunts.
struct Pursuit {
    WorldSaboteur saboteur;
    std::vector<Caught> hunts;

    [[nodiscard]] std::size_t found() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(hunts, [](const Caught& one) { return !one.tag.empty(); }));
    }
    [[nodiscard]] bool always_found() const { return found() == hunts.size(); }
};

ExploreOptions explore_options(const HuntOptions& options, const WorldSaboteur& saboteur,
                               std::size_t number) {
    ExploreOptions explored;
    for (const auto& property : properties()) {
        explored.properties.push_back(&property);
    }
    explored.seed =
        Prng(options.seed).fork(fmt::format("{} hunt {}", saboteur.name, number)).seed();
    explored.runs = options.runs;
    explored.minutes = std::chrono::seconds(options.seconds);
    explored.shrink_budget = std::chrono::seconds(options.seconds);
    explored.until_first_failure = true;
    explored.seams_of_run = [saboteur] { return seams_with(saboteur); };
    explored.environment_for = [saboteur](const History& history) {
        return servers_with(saboteur, history);
    };
    return explored;
}

// Until the first failure, or until the time is over.
Caught hunt(const HuntOptions& options, const WorldSaboteur& saboteur, std::size_t number) {
    auto exploring = explore_options(options, saboteur, number);
    const RealClock clock;
    const auto begun = clock.elapsed();
    Caught caught;
    exploring.on_progress = [&](std::size_t, std::size_t, std::size_t failures) {
        if (failures > 0 && caught.seconds == 0) {
            caught.seconds = std::chrono::duration<double>(clock.elapsed() - begun).count();
        }
    };
    const auto explored = explore(exploring);
    caught.blocked = explored.first_blocked;
    if (!explored.findings.empty()) {
        const auto& first = explored.findings.front();
        caught.tag = first.tag;
        caught.steps = first.history.steps.size();
    }
    return caught;
}

/// All hunts, `jobs` side by side: they share nothing.
class Hunting {
  public:
    Hunting(const HuntOptions& options, std::vector<Pursuit>& pursuits)
        : options_(options), pursuits_(pursuits) {}

    void run() {
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < options_.jobs; ++i) {
            others.emplace_back([this] { run_some(); });
        }
        run_some();
        for (auto& other : others) {
            other.join();
        }
    }

  private:
    void run_some() {
        for (auto i = next_++; i < pursuits_.size() * options_.times; i = next_++) {
            auto& pursuit = pursuits_[i / options_.times];
            const auto number = i % options_.times;
            auto& caught = pursuit.hunts[number];  // nobody else's
            try {
                caught = hunt(options_, pursuit.saboteur, number);
            } catch (const std::exception& error) {
                caught.blocked = error.what();
            }
            tell(pursuit.saboteur, number, caught);
        }
    }

    void tell(const WorldSaboteur& saboteur, std::size_t number, const Caught& caught) {
        const std::lock_guard lock(mutex_);
        fmt::print(stderr, "{}, hunt {}: {}\n", saboteur.name, number + 1,
                   caught.tag.empty()
                       ? "not found" + (caught.blocked.empty() ? "" : ": " + caught.blocked)
                       : fmt::format("{} after {:.1f} s, {} steps", caught.tag, caught.seconds,
                                     caught.steps));
    }

    const HuntOptions& options_;
    std::vector<Pursuit>& pursuits_;
    std::atomic<std::size_t> next_{0};
    std::mutex mutex_;
};

// By the seed, each at most once.
std::set<std::string_view> draw_quick(const HuntOptions& options) {
    std::vector<std::string_view> left(quick_ones.begin(), quick_ones.end());
    std::set<std::string_view> drawn;
    auto prng = Prng(options.seed).fork("quick ones");
    while (drawn.size() < options.quick && !left.empty()) {
        const auto chosen = left.begin() + static_cast<std::ptrdiff_t>(prng.below(left.size()));
        drawn.insert(*chosen);
        left.erase(chosen);
    }
    return drawn;
}

std::vector<Pursuit> chosen(const HuntOptions& options) {
    const auto quick = draw_quick(options);
    std::vector<Pursuit> pursuits;
    for (const auto& saboteur : world_saboteurs()) {
        const bool wanted = (options.only.empty() || saboteur.name == options.only) &&
                            (options.quick == 0 || quick.contains(saboteur.name));
        if (wanted) {
            pursuits.push_back({saboteur, std::vector<Caught>(options.times)});
        }
    }
    MESHPROOF_ASSERT(!options.only.empty() || options.quick == 0 || pursuits.size() == quick.size(),
                     "a quick one is no saboteur");
    return pursuits;
}

// "0.4, 1.2, 0.3", the hunts in their order; a hyphen where one found nothing.
std::string seconds_of(const Pursuit& pursuit) {
    std::vector<std::string> each;
    for (const auto& hunt : pursuit.hunts) {
        each.push_back(hunt.tag.empty() ? "-" : fmt::format("{:.1f}", hunt.seconds));
    }
    return join(each, ", ");
}

std::string found_by(const Pursuit& pursuit) {
    std::set<std::string> tags;
    std::string blocked;
    for (const auto& hunt : pursuit.hunts) {
        if (!hunt.tag.empty()) {
            tags.insert(hunt.tag);
        } else if (!hunt.blocked.empty()) {
            blocked = " (some histories could not be played)";
        }
    }
    if (tags.empty()) {
        return "**not found**" + blocked;
    }
    const auto all = join(std::vector<std::string>(tags.begin(), tags.end()), ", ");
    return pursuit.always_found() ? all
                                  : fmt::format("{}; **found {} of {} times**", all,
                                                pursuit.found(), pursuit.hunts.size());
}

std::string row_of(const Pursuit& pursuit) {
    std::size_t longest = 0;
    for (const auto& hunt : pursuit.hunts) {
        longest = std::max(longest, hunt.steps);
    }
    return fmt::format("| {} | {} | {} | {} | {} |\n", pursuit.saboteur.name,
                       pursuit.saboteur.breaks, found_by(pursuit), seconds_of(pursuit),
                       pursuit.found() == 0 ? "-" : fmt::format("{}", longest));
}

std::string markdown(const HuntOptions& options, const std::vector<Pursuit>& pursuits) {
    const auto always = std::ranges::count_if(pursuits, &Pursuit::always_found);
    auto text = fmt::format(
        "# Saboteurs\n\n"
        "Deliberate faults of a mesh and of its servers, and what `explore` makes of them. Written "
        "by `saboteur_hunt --seed {}`; do not edit.\n\n"
        "Each was hunted {}, from seeds of their own, for at most {} s on one core: until "
        "the first history in which something broke, which was then shrunk. {} of {} were found "
        "every time. What is not found here is in `scenarios/tests/mesh_saboteurs_test.cpp`, with "
        "who notices it.\n\n"
        "| saboteur | what no longer holds | found by | seconds | steps of the longest story |\n"
        "|---|---|---|---|---|\n",
        options.seed, counted(options.times, "time"), options.seconds, always, pursuits.size());
    for (const auto& pursuit : pursuits) {
        text += row_of(pursuit);
    }
    return text;
}

int hunt_all(const HuntOptions& options) {
    auto pursuits = chosen(options);
    if (pursuits.empty()) {
        fmt::print(stderr,
                   "saboteur_hunt: no saboteur {}: names are those of docs/saboteurs.md, as in "
                   "agent/never-renews\n",
                   options.only);
        return usage_error;
    }
    fmt::print(stderr, "seed {}, {} saboteurs\n", options.seed, pursuits.size());
    Hunting(options, pursuits).run();
    const auto text = markdown(options, pursuits);
    if (options.out.empty()) {
        fmt::print("{}", text);
    } else if (const auto written = write_file(options.out, text); !written) {
        fmt::print(stderr, "saboteur_hunt: {}\n", written.error().message);
        return EXIT_FAILURE;
    }
    return std::ranges::all_of(pursuits, &Pursuit::always_found) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main_of(int count, char** arguments) {
    CLI::App app("Hunts each saboteur of a world by exploring. Exit code 1: one was not found.");
    HuntOptions options;
    app.add_option("--seed", options.seed, "of all hunts; drawn anew where it is left out");
    app.add_option("--only", options.only, "one saboteur, by its name");
    app.add_option("--quick", options.quick, "so many of those that every history shows");
    app.add_option("--seconds", options.seconds, "for one hunt (60)")->check(CLI::PositiveNumber);
    app.add_option("--runs", options.runs, "histories for one hunt at most");
    app.add_option("--times", options.times, "hunts for each (3)")->check(CLI::PositiveNumber);
    app.add_option("--jobs", options.jobs, "hunts side by side (1)")->check(CLI::PositiveNumber);
    app.add_option("--out", options.out, "file for the table; stdout where it is left out");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? EXIT_SUCCESS : usage_error;
    }
    return hunt_all(options);
}

}  // namespace
}  // namespace meshproof::scenarios::explore

int main(int count, char** arguments) {
    return meshproof::scenarios::explore::main_of(count, arguments);
}
