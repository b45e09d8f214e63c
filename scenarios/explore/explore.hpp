#pragma once

#include <span>

#include "scenarios/explore/motifs.hpp"
#include "scenarios/explore/player.hpp"
#include "scenarios/explore/shrink.hpp"

namespace meshproof::scenarios::explore {

/// What a part of the histories is about. All are judged by all of the model; a property decides
/// what happens more often, and names what broke.
struct Property {
    std::string_view name;
    std::string_view sentence;
    std::vector<std::string_view> groups;    ///< of commands, that happen more often
    std::vector<std::string_view> commands;  ///< likewise
    bool busy = false;  ///< its Vaults take their time to sign, a few requests at once
};
[[nodiscard]] const std::vector<Property>& properties();
[[nodiscard]] const Property* property_named(std::string_view name);

/// A history, by chance from the seed: its world, its own weights of commands (a swarm: each run
/// has some groups, commands and motifs more often, others not at all), its steps.
/// `opening`: what it begins with, in a world where that shows; null = by chance.
[[nodiscard]] History draw_history(std::uint64_t seed, const Property& property, std::size_t steps,
                                   const Motif* opening = nullptr);
/// Of the run with this number; a file can hold it.
[[nodiscard]] std::uint64_t seed_of_run(std::uint64_t seed, std::size_t run);
/// That run of an exploration by this seed.
[[nodiscard]] History draw_run(std::uint64_t seed, std::size_t run, const Property& property,
                               std::size_t steps);
/// The weights that it drew, as text: "pods 4, wire 1 (without vault-stalls), no clock, motifs
/// seal-and-ask".
[[nodiscard]] std::string weights_of(std::uint64_t seed, const Property& property);

struct ExploreOptions {
    std::vector<const Property*> properties;  ///< taken in turn; not empty
    std::uint64_t seed = 1;
    std::size_t runs = 0;             ///< 0 = by time alone
    std::optional<Duration> minutes;  ///< wall time; nothing = by `runs` alone
    bool until_first_failure = false;
    std::size_t steps = 60;
    std::size_t jobs = 1;
    Duration shrink_budget{};
    /// Of each run anew, since a saboteur may remember; empty = an honest mesh.
    std::function<mesh::Seams()> seams_of_run;
    std::function<std::unique_ptr<run::Environment>(const History& history)> environment_for;
    run::StopSource* stop = nullptr;
    /// May be called from several threads, never at once.
    std::function<void(std::size_t runs, std::size_t steps, std::size_t failures)> on_progress;
    std::function<void(const History& best)> on_better;  ///< while it shrinks
};

/// One way in which something broke.
struct Finding {
    std::string tag;        ///< "expiry", "monitor"
    std::size_t run = 0;    ///< the first that showed it, from 0
    std::size_t drawn = 0;  ///< steps that it had
    std::size_t again = 0;  ///< how many other runs showed the same
    bool steady = false;    ///< it failed both times when the shrunk history was played twice
    bool finished = false;  ///< nothing smaller fails
    std::size_t tried = 0;  ///< candidates
    History history;        ///< shrunk
    PlayedTrace played;     ///< of that one
};

struct Explored {
    std::size_t runs = 0, failing = 0, steps = 0, skipped = 0, requests = 0, blocked = 0;
    std::string first_blocked;                                    ///< why
    std::map<std::string_view, std::size_t> reached;              ///< runs that met it, by mark
    std::map<std::string, std::size_t> applied;                   ///< steps, by command
    std::map<std::string_view, std::size_t> by_property;          ///< runs
    std::map<std::string_view, std::size_t> failing_by_property;  ///< of those
    std::vector<Finding> findings;                                ///< one a tag
    std::string digest;  ///< over all runs' digests, in their order
    bool interrupted = false;
};
[[nodiscard]] Explored explore(const ExploreOptions& options);

}  // namespace meshproof::scenarios::explore
