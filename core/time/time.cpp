#include "core/time/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace meshproof {
namespace {

using std::chrono::duration_cast;
using std::chrono::floor;
using std::chrono::seconds;

std::string civil(Time time) {
    const auto day = floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(floor<seconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string fraction(std::int64_t nanoseconds) {
    if (nanoseconds == 0) {
        return {};
    }
    auto digits = fmt::format(".{:09}", nanoseconds);
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) {
        return std::nullopt;
    }
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

// Sixty-four bits of nanoseconds end in 2262; dates beyond (9999-12-31 is a usual one) become the
// nearest that can be held. A little before the end, so that a margin may still be added.
constexpr std::int64_t last_second = 9'200'000'000;

struct Unit {
    std::string_view name;
    double nanoseconds;
};
// Go's units and Vault's `d`; longer names first, so that "ms" is not read as "m".
constexpr std::array units = {Unit{"ns", 1},     Unit{"us", 1e3},   Unit{"µs", 1e3},
                              Unit{"ms", 1e6},   Unit{"s", 1e9},    Unit{"m", 60e9},
                              Unit{"h", 3600e9}, Unit{"d", 86400e9}};

}  // namespace

std::int64_t unix_seconds(Time time) {
    return floor<seconds>(time.time_since_epoch()).count();
}

Time from_unix_seconds(std::int64_t seconds) {
    return Time(std::chrono::seconds(std::clamp(seconds, -last_second, last_second)));
}

Duration part_of(Duration whole, double share) {
    return duration_cast<Duration>(whole * share);
}

double in_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::int64_t whole_seconds(Duration duration) {
    return duration_cast<seconds>(duration).count();
}

std::string rfc3339(Time time) {
    return civil(time) + "Z";
}

std::string rfc3339_nano(Time time) {
    return civil(time) + fraction((time - floor<seconds>(time)).count()) + "Z";
}

std::optional<Time> parse_rfc3339(std::string_view text) {
    const auto year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
    const auto hour = number(text, 11, 2), minute = number(text, 14, 2),
               second = number(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' ||
        text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':' || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    std::chrono::sys_seconds whole = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                                     std::chrono::minutes(*minute) + seconds(*second);
    Duration part{};
    auto rest = text.substr(19);
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        std::int64_t scale = 100'000'000;
        bool any = false;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
            part += Duration((rest.front() - '0') * scale);
            scale /= 10;
            any = true;
            rest.remove_prefix(1);
        }
        if (!any) {
            return std::nullopt;
        }
    }
    if (rest != "Z" && rest != "z") {
        const auto offset_hours = number(rest, 1, 2), offset_minutes = number(rest, 4, 2);
        if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' ||
            !offset_hours || !offset_minutes) {
            return std::nullopt;
        }
        const seconds offset =
            std::chrono::hours(*offset_hours) + std::chrono::minutes(*offset_minutes);
        whole += rest[0] == '+' ? -offset : offset;
    }
    return from_unix_seconds(whole.time_since_epoch().count()) + part;
}

std::string go_duration(Duration duration) {
    const bool negative = duration < Duration::zero();
    const auto whole = negative ? -duration : duration;
    if (whole == Duration::zero()) {
        return "0s";
    }
    const std::string sign = negative ? "-" : "";
    if (whole < seconds(1)) {
        const auto [name, scale] = whole < std::chrono::microseconds(1)   ? std::pair("ns", 1.0)
                                   : whole < std::chrono::milliseconds(1) ? std::pair("µs", 1e3)
                                                                          : std::pair("ms", 1e6);
        return fmt::format("{}{}{}", sign, static_cast<double>(whole.count()) / scale, name);
    }
    const auto all = duration_cast<seconds>(whole).count();
    const auto tail = fmt::format("{}{}s", all % 60, fraction((whole - seconds(all)).count()));
    if (all < 60) {
        return sign + tail;
    }
    if (all < 3600) {
        return fmt::format("{}{}m{}", sign, all / 60, tail);
    }
    return fmt::format("{}{}h{}m{}", sign, all / 3600, all / 60 % 60, tail);
}

std::optional<Duration> parse_duration(std::string_view text) {
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return std::nullopt;
    }
    double total = 0;
    bool any_unit = false;
    while (!text.empty()) {
        const bool digits = (text.front() >= '0' && text.front() <= '9') || text.front() == '.';
        if (!digits) {
            return std::nullopt;  // from_chars would take a sign, "inf" and "nan"
        }
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value,
                                                  std::chars_format::fixed);
        if (error != std::errc()) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty()) {
            if (any_unit) {
                return std::nullopt;  // "1h5"
            }
            total = value * 1e9;
            break;
        }
        const auto unit =
            std::ranges::find_if(units, [text](const Unit& u) { return text.starts_with(u.name); });
        if (unit == units.end()) {
            return std::nullopt;
        }
        total += value * unit->nanoseconds;
        any_unit = true;
        text.remove_prefix(unit->name.size());
    }
    if (!std::isfinite(total) ||
        total > static_cast<double>(std::numeric_limits<std::int64_t>::max()) / 2) {
        return std::nullopt;
    }
    const Duration duration(std::llround(total));
    return negative ? -duration : duration;
}

std::optional<Duration> parse_duration_with_unit(std::string_view text) {
    const auto duration = parse_duration(text);
    const bool bare =
        !text.empty() && ((text.back() >= '0' && text.back() <= '9') || text.back() == '.');
    return bare && duration != Duration::zero() ? std::nullopt : duration;
}

std::string human_duration(Duration duration) {
    if (duration < Duration::zero()) {
        return "-" + human_duration(-duration);
    }
    const auto in = [duration](auto unit) {
        return std::chrono::duration<double>(duration) / std::chrono::duration<double>(unit);
    };
    if (duration < std::chrono::milliseconds(1)) {
        return fmt::format("{:.0f} us", in(std::chrono::microseconds(1)));
    }
    if (duration < seconds(1)) {
        return fmt::format("{:.0f} ms", in(std::chrono::milliseconds(1)));
    }
    if (duration < std::chrono::minutes(1)) {
        return fmt::format("{:.3g} s", in(seconds(1)));
    }
    if (duration < std::chrono::hours(1)) {
        const auto all = floor<seconds>(duration).count();
        return all % 60 ? fmt::format("{} min {} s", all / 60, all % 60)
                        : fmt::format("{} min", all / 60);
    }
    const auto all = floor<std::chrono::minutes>(duration).count();
    if (all < std::int64_t{48} * 60) {
        return all % 60 ? fmt::format("{} h {} min", all / 60, all % 60)
                        : fmt::format("{} h", all / 60);
    }
    const auto hours = all / 60;
    return hours % 24 ? fmt::format("{} d {} h", hours / 24, hours % 24)
                      : fmt::format("{} d", hours / 24);
}

std::string human_left(Duration left) {
    return left < std::chrono::microseconds(1) ? "nothing left" : human_duration(left) + " left";
}

}  // namespace meshproof
