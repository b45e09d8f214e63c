#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/run/trace_event.hpp"
#include "core/time/time.hpp"

namespace meshproof::reports {

/// One place of a document, or where one should be. A reader takes all that it wants and asks once
/// whether something was wrong: the first problem is kept, with its path and what was expected.
class Place {
  public:
    // Ordered: the fields of a trace's event keep the order of its text.
    using Json = nlohmann::ordered_json;

    /// `value` is null where there is none; it and `problem` outlive the place.
    Place(const Json* value, std::string path, std::string& problem)
        : value_(value), path_(std::move(path)), problem_(&problem) {}

    [[nodiscard]] bool exists() const { return value_ != nullptr; }
    [[nodiscard]] Place operator[](const std::string& name) const;
    [[nodiscard]] std::vector<Place> items() const;
    /// Of an object, by name.
    [[nodiscard]] std::vector<std::pair<std::string, Place>> members() const;
    [[nodiscard]] run::TraceEvent::Fields text_members() const;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::vector<std::string> texts() const;
    [[nodiscard]] bool flag() const;
    [[nodiscard]] std::uint64_t whole(
        std::uint64_t least = 0,
        std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;
    /// Whole or not, at least zero.
    [[nodiscard]] double number(double most = std::numeric_limits<double>::max()) const;
    [[nodiscard]] std::chrono::milliseconds milliseconds() const;
    [[nodiscard]] std::chrono::microseconds microseconds() const;
    [[nodiscard]] Time date() const;

    /// The value whose `to_string` it is.
    template <class Value, std::size_t count>
    [[nodiscard]] Value one_of(const std::array<Value, count>& all) const {
        std::string names;
        for (const auto value : all) {
            const std::string_view name = to_string(value);
            if (exists() && value_->is_string() && value_->get_ref<const std::string&>() == name) {
                return value;
            }
            names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
        }
        wrong("one of " + names);
        return all.front();
    }
    void wrong(std::string_view expected) const;

  private:
    [[nodiscard]] bool is(Json::value_t type, std::string_view name) const;

    const Json* value_;
    std::string path_;
    std::string* problem_;
};

}  // namespace meshproof::reports
