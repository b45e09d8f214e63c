#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshproof {

using Duration = std::chrono::nanoseconds;
/// A point in civil time (UTC), as certificates and tokens mean it.
using Time = std::chrono::sys_time<Duration>;

/// Whole seconds since 1970, rounded down: what `expiration` and JWT claims hold.
[[nodiscard]] std::int64_t unix_seconds(Time time);
[[nodiscard]] Time from_unix_seconds(std::int64_t seconds);

/// A share of a length of time: `part_of(life, 2.0 / 3.0)`.
[[nodiscard]] Duration part_of(Duration whole, double share);
/// With fractions: for arithmetic with rates, and for formats that tell times so.
[[nodiscard]] double in_seconds(Duration duration);
/// Whole seconds, the rest cut off: how Vault and Kubernetes answer TTLs.
[[nodiscard]] std::int64_t whole_seconds(Duration duration);

/// `2026-01-02T03:04:05Z`
[[nodiscard]] std::string rfc3339(Time time);
/// With fractions as Go's RFC3339Nano prints them (no trailing zeros): `2026-01-02T03:04:05.25Z`
[[nodiscard]] std::string rfc3339_nano(Time time);
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);

/// Go's own form, as Vault prints TTLs: `768h0m0s`, `30m0s`, `10s`.
[[nodiscard]] std::string go_duration(Duration duration);
/// What Vault accepts for a TTL: `60`, `60s`, `1h30m`, `1.5h`, `1d`. Nothing where it cannot be
/// read; may be negative.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
/// The same as people write it to this program: with its unit, since a bare number is seconds to
/// Vault and milliseconds to many tools. Zero needs none.
[[nodiscard]] std::optional<Duration> parse_duration_with_unit(std::string_view text);
/// For people: `1 h 5 min`, `12.3 s`, `4 ms`.
[[nodiscard]] std::string human_duration(Duration duration);
/// What remains of a time: `5 min left`, or `nothing left` where it is over.
[[nodiscard]] std::string human_left(Duration left);

}  // namespace meshproof
