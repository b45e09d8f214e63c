#include "scenarios/explore/shrink.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "core/time/real_clock.hpp"

namespace meshproof::scenarios::explore {
namespace {

using Candidates = std::vector<History>;

/// One search for something smaller, with its budget.
class Search {
  public:
    Search(History failing, const StillFails& still_fails, const ShrinkOptions& options)
        : shrunk_{std::move(failing), 0, false}, still_fails_(still_fails), options_(options) {}

    [[nodiscard]] bool spent() const { return clock_.elapsed() >= options_.budget; }
    [[nodiscard]] const History& best() const { return shrunk_.history; }
    /// Takes the first of them that fails.
    bool take_first(const Candidates& candidates);
    [[nodiscard]] Shrunk ended(bool finished) {
        shrunk_.finished = finished;
        return std::move(shrunk_);
    }

  private:
    [[nodiscard]] std::optional<std::size_t> first_failing(const Candidates& candidates,
                                                           std::size_t begin, std::size_t end);

    Shrunk shrunk_;
    const StillFails& still_fails_;
    const ShrinkOptions& options_;
    RealClock clock_;
};

std::optional<std::size_t> Search::first_failing(const Candidates& candidates, std::size_t begin,
                                                 std::size_t end) {
    std::vector<char> fails(end - begin, 0);
    std::vector<std::thread> others;
    for (std::size_t i = begin + 1; i < end; ++i) {
        others.emplace_back([&, i] { fails[i - begin] = still_fails_(candidates[i]) ? 1 : 0; });
    }
    fails[0] = still_fails_(candidates[begin]) ? 1 : 0;
    for (auto& other : others) {
        other.join();
    }
    shrunk_.tried += end - begin;
    const auto found = std::ranges::find(fails, 1);
    return found == fails.end()
               ? std::nullopt
               : std::optional(begin + static_cast<std::size_t>(found - fails.begin()));
}

bool Search::take_first(const Candidates& candidates) {
    const auto jobs = std::max<std::size_t>(1, options_.jobs);
    for (std::size_t begin = 0; begin < candidates.size() && !spent(); begin += jobs) {
        const auto end = std::min(candidates.size(), begin + jobs);
        if (const auto found = first_failing(candidates, begin, end)) {
            shrunk_.history = candidates[*found];
            if (options_.on_better) {
                options_.on_better(shrunk_.history);
            }
            return true;
        }
    }
    return false;
}

// Without one of its pieces of `size` steps each; the later ones first, since what came after the
// failure's cause is easily missed.
Candidates without_pieces(const History& history, std::size_t size) {
    Candidates candidates;
    const auto count = history.steps.size();
    for (std::size_t end = count; end > 0; end -= std::min(end, size)) {
        const auto begin = end - std::min(end, size);
        auto candidate = history;
        candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(begin),
                              candidate.steps.begin() + static_cast<std::ptrdiff_t>(end));
        candidates.push_back(std::move(candidate));
    }
    return candidates;
}

Candidates with_simpler_waits(const History& history) {
    Candidates candidates;
    for (std::size_t i = 0; i < history.steps.size(); ++i) {
        if (history.steps[i].after > 0) {
            auto candidate = history;
            candidate.steps[i].after = 0;
            candidates.push_back(std::move(candidate));
        }
    }
    return candidates;
}

Candidates with_smaller_worlds(const History& history) {
    Candidates candidates;
    const auto add = [&](auto change) {
        auto candidate = history;
        change(candidate.world);
        if (!(candidate == history)) {
            candidates.push_back(std::move(candidate));
        }
    };
    add([](Beginning& world) { world.clusters = world.vaults = 1; });
    add([](Beginning& world) { world.clusters = 1; });
    add([](Beginning& world) { world.vaults = 1; });
    add([](Beginning& world) { world.token_type.clear(); });
    add([](Beginning& world) { world.tokens.clear(); });
    add([](Beginning& world) { world.replicas = 1; });
    add([](Beginning& world) { world.vault_namespace = false; });
    add([](Beginning& world) { world.public_root = false; });
    add([](Beginning& world) { world.nodes = 1; });
    add([](Beginning& world) { world.signers = world.signing_ms = 0; });
    for (std::size_t i = 0;
         history.world.workloads.size() > 2 && i < history.world.workloads.size(); ++i) {
        add([i](Beginning& world) {
            world.workloads.erase(world.workloads.begin() + static_cast<std::ptrdiff_t>(i));
        });
    }
    return candidates;
}

void leave_out_steps(Search& search) {
    auto size = std::max<std::size_t>(1, search.best().steps.size() / 2);
    while (!search.spent() && !search.best().steps.empty()) {
        if (search.take_first(without_pieces(search.best(), size))) {
            size = std::min(size, std::max<std::size_t>(1, search.best().steps.size() / 2));
        } else if (size == 1) {
            return;
        } else {
            size /= 2;
        }
    }
}

}  // namespace

Shrunk shrink(History failing, const StillFails& still_fails, const ShrinkOptions& options) {
    Search search(std::move(failing), still_fails, options);
    bool smaller = true;
    while (smaller && !search.spent()) {
        const auto before = search.best();
        leave_out_steps(search);
        while (search.take_first(with_smaller_worlds(search.best()))) {
        }
        while (search.take_first(with_simpler_waits(search.best()))) {
        }
        smaller = !(search.best() == before);
    }
    return search.ended(!smaller);
}

}  // namespace meshproof::scenarios::explore
