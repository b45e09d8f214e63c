#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/twin/description.hpp"
#include "core/time/prng.hpp"

namespace meshproof::twin {

/// How a value sits in a parameter's type: `odd` is right to a lenient decoder (a number as text, a
/// list with commas, JSON as text), `wrong` is of another type, null, or past every bound.
enum class Fit { right, odd, wrong };
inline constexpr Fit all_fits[] = {Fit::right, Fit::odd, Fit::wrong};
[[nodiscard]] std::string_view to_string(Fit fit);

/// Values that mean something for a parameter: what its type alone does not tell.
struct Word {
    std::string_view key;        ///< of operations, as in Topic
    std::string_view parameter;  ///< its name; `*` as in matches()
    std::vector<Json> values;
    /// How often it is there although nobody is trying this parameter: 1 where a request without it
    /// says nothing but that it is missing.
    double company = 0;
    /// Only these, in any fit: another value could name what is not the run's.
    bool only = false;
};

/// A random value of the fit. `word` may be null.
[[nodiscard]] Json draw_value(const Parameter& parameter, Fit fit, const Word* word, Prng& prng);

/// What a value is to a parameter of its type, for the coverage: "number as text", "null", ….
[[nodiscard]] std::string_view kind_of(const Parameter& parameter, const Json& value);
inline constexpr std::string_view kinds_of_values[] = {
    "right", "number as text", "flag as text", "flag as number", "list with commas", "JSON as text",
    "null",  "empty",          "very long",    "nested",         "another type"};

/// How many letters a very long text has: more than any name may, less than a body may.
inline constexpr std::size_t very_long = 5000;

}  // namespace meshproof::twin
