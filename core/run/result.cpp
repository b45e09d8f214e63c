#include "core/run/result.hpp"

namespace meshproof::run {

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::fail:
            return "fail";
        case Verdict::blocked:
            return "blocked";
        case Verdict::skip:
            return "skip";
        case Verdict::deviates:
            return "deviates";
    }
    return "blocked";
}

std::size_t RunResult::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(outcomes.begin(), outcomes.end(),
                      [verdict](const Outcome& outcome) { return outcome.verdict == verdict; }));
}

}  // namespace meshproof::run
