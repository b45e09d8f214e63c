#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/logical/backend.hpp"

namespace meshproof::fakes::vault {

/// A declared field of a route and its loose coercion (row 12). A `list` is taken apart at commas
/// where it is one text, and `strings` is not; a `time` is kept as the text rfc3339_nano() makes.
enum class FieldType {
    text,
    integer,
    number,
    boolean,
    duration,
    time,
    list,
    strings,
    pairs,
    object,
    json
};

/// What one text may hold between its commas, which nobody else counts. The real servers have no
/// bound on it, and are not held up by one request.
inline constexpr std::ptrdiff_t most_items = 20'000;

/// What is said of a text that holds more, "" = it does not.
[[nodiscard]] std::string excess_of_items(std::string_view text);

struct Fields {
    std::map<std::string, FieldType, std::less<>> types;
    bool any = false;  ///< what is not declared is taken too, and nobody is warned
};

/// Names with texts as they were given; nothing = they never were, or are null.
using PairsMap = std::map<std::string, std::string>;
using Pairs = std::optional<PairsMap>;
/// Null where there are none; what was given and is empty is {}.
[[nodiscard]] Json shown(const Pairs& pairs);

/// What the names of a route's pattern stand for in a path.
using Captures = std::map<std::string, std::string, std::less<>>;

/// The request's fields after coercion, with what was not recognised (row 11).
class FieldData {
  public:
    /// Coerces `data` by `fields`; a failure is the 400 text "Field validation failed: …" for this
    /// product. What the path gives counts, and nobody looks at the data's.
    [[nodiscard]] static Result<FieldData> read(const Fields& fields, const Json& data,
                                                Product product, const Captures& path = {});

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name, std::string_view fallback = {}) const;
    [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback = 0) const;
    [[nodiscard]] bool boolean(std::string_view name, bool fallback = false) const;
    [[nodiscard]] Duration duration(std::string_view name, Duration fallback = {}) const;
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
    [[nodiscard]] Pairs pairs(std::string_view name) const;
    [[nodiscard]] const Json& json(std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& unrecognized() const { return unrecognized_; }
    /// Appends the row-11 warning to a data response where fields were not recognised, and the one
    /// about fields that the path gives and the data gave too.
    void warn_unrecognized(BackendResponse& response) const;

  private:
    std::map<std::string, Json, std::less<>> values_;
    std::vector<std::string> unrecognized_, replaced_;
};

/// The text of a coercion error where an existence check reads the fields first: it lacks "Field
/// validation failed: ".
[[nodiscard]] std::string without_front(const std::string& message);

}  // namespace meshproof::fakes::vault
