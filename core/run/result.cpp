#include "core/run/result.hpp"

#include <algorithm>

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
        case Verdict::not_run:
            return "not-run";
    }
    return "blocked";
}

std::string_view to_string(EarlyEnd end) {
    switch (end) {
        case EarlyEnd::time_limit:
            return "time-limit";
        case EarlyEnd::fail_fast:
            return "fail-fast";
    }
    return {};
}

std::string_view to_string(Level level) {
    switch (level) {
        case Level::must:
            return "must";
        case Level::should:
            return "should";
        case Level::may:
            return "may";
    }
    return {};
}

std::string_view to_string(Command command) {
    switch (command) {
        case Command::run:
            return "run";
        case Command::conform:
            return "conform";
        case Command::load:
            return "load";
    }
    return {};
}

std::string_view to_string(Setting setting) {
    switch (setting) {
        case Setting::sim:
            return "sim";
        case Setting::loopback:
            return "loopback";
        case Setting::live:
            return "live";
    }
    return {};
}

std::optional<Setting> setting_named(std::string_view name) {
    const auto* found =
        std::ranges::find(all_settings, name, [](Setting setting) { return to_string(setting); });
    return found == all_settings.end() ? std::nullopt : std::optional(*found);
}

std::size_t RunResult::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(outcomes.begin(), outcomes.end(),
                      [verdict](const Outcome& outcome) { return outcome.verdict == verdict; }));
}

}  // namespace meshproof::run
