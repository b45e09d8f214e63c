#include "conformance/twin/agenda.hpp"

#include <algorithm>

namespace meshproof::twin {
namespace {

/// How often a story may end before it asks what is wanted.
constexpr std::size_t most_tries = 4;

/// The standard's shuffle draws as its library likes: the same seed has to give the same order.
void shuffle(std::vector<Wanted>& items, Prng& prng) {
    for (auto i = items.size(); i > 1; --i) {
        std::swap(items[i - 1], items[prng.below(i)]);
    }
}

bool reached(const Wanted& wanted, std::span<const Step> asked) {
    const auto key = wanted.operation->key();
    return std::ranges::any_of(asked, [&](const Step& step) {
        return step.key == key && (wanted.parameter == nullptr ||
                                   std::ranges::any_of(step.uses, [&wanted](const Use& use) {
                                       return use.name == wanted.parameter->name &&
                                              use.in == wanted.parameter->in &&
                                              use.fit == wanted.fit;
                                   }));
    });
}

}  // namespace

Agenda::Agenda(const std::vector<const Operation*>& operations, Prng prng) {
    for (const auto fit : all_fits) {
        std::vector<Wanted> round;
        for (const auto* operation : operations) {
            if (fit == Fit::right) {
                round.push_back({operation, nullptr, fit});
            }
            for (const auto& one : operation->parameters) {
                if (one.in != In::path) {
                    round.push_back({operation, &one, fit});
                }
            }
        }
        shuffle(round, prng);
        wanted_.insert(wanted_.end(), round.begin(), round.end());
    }
}

bool Agenda::first_round() const {
    return !wanted_.empty() && wanted_.front().fit == Fit::right;
}

std::vector<Wanted> Agenda::next(std::size_t most) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, wanted_.size()));
    std::vector<Wanted> out(wanted_.begin(), wanted_.begin() + count);
    wanted_.erase(wanted_.begin(), wanted_.begin() + count);
    return out;
}

void Agenda::settle(std::vector<Wanted> taken, std::span<const Step> asked) {
    for (auto& one : taken) {
        if (reached(one, asked) || ++one.tries >= most_tries) {
            continue;
        }
        const auto behind = std::ranges::find_if(
            wanted_, [&one](const Wanted& other) { return other.fit > one.fit; });
        wanted_.insert(behind, one);
    }
}

}  // namespace meshproof::twin
