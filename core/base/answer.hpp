#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace meshproof {

/// Reads typed fields out of a JSON answer without exceptions. Fields are named by dotted paths
/// ("status.token"). The first one that is missing or of another type than expected is remembered,
/// so that a reader takes all and asks `problem()` once. Lives no longer than the JSON that it
/// reads.
class AnswerFields {
  public:
    /// `what` is what was asked, for messages: "GET sys/health".
    AnswerFields(const nlohmann::json& answer, std::string what)
        : answer_(&answer), what_(std::move(what)) {}

    /// The value at a path, or nothing where it or one of its parents is absent or null.
    [[nodiscard]] const nlohmann::json* find(std::string_view path) {
        const nlohmann::json* at = answer_;
        for (const auto& name : split(path, '.')) {
            if (at->is_null()) {
                return nullptr;
            }
            if (!at->is_object()) {
                return wrong(path, "an object", *at);
            }
            const auto found = at->find(name);
            if (found == at->end()) {
                return nullptr;
            }
            at = &*found;
        }
        return at->is_null() ? nullptr : at;
    }

    [[nodiscard]] std::string text(std::string_view path) {
        const auto* value = needed(path, "a string");
        return value == nullptr ? std::string() : as_string(path, *value);
    }
    /// "" where absent.
    [[nodiscard]] std::string text_or_empty(std::string_view path) {
        const auto* value = find(path);
        return value == nullptr ? std::string() : as_string(path, *value);
    }
    [[nodiscard]] std::int64_t integer(std::string_view path) {
        const auto* value = needed(path, "an integer");
        return value == nullptr ? 0 : as_integer(path, *value);
    }
    /// 0 where absent.
    [[nodiscard]] std::int64_t integer_or_zero(std::string_view path) {
        const auto* value = find(path);
        return value == nullptr ? 0 : as_integer(path, *value);
    }
    /// A number of seconds: a lease, or a time since 1970. What a nanosecond clock cannot hold is
    /// refused.
    [[nodiscard]] std::chrono::seconds seconds(std::string_view path) {
        return bounded(path, integer(path));
    }
    /// 0 where absent.
    [[nodiscard]] std::chrono::seconds seconds_or_zero(std::string_view path) {
        return bounded(path, integer_or_zero(path));
    }
    [[nodiscard]] bool flag(std::string_view path) {
        const auto* value = needed(path, "true or false");
        return value != nullptr && as_bool(path, *value);
    }
    /// false where absent.
    [[nodiscard]] bool flag_or_false(std::string_view path) {
        const auto* value = find(path);
        return value != nullptr && as_bool(path, *value);
    }
    /// Empty where absent.
    [[nodiscard]] std::vector<std::string> texts(std::string_view path) {
        std::vector<std::string> out;
        for (const auto* item : items(path)) {
            out.push_back(as_string(path, *item));
        }
        return out;
    }
    /// The elements of an array; empty where absent.
    [[nodiscard]] std::vector<const nlohmann::json*> items(std::string_view path) {
        const auto* value = find(path);
        if (value != nullptr && !value->is_array()) {
            value = wrong(path, "a list", *value);
        }
        std::vector<const nlohmann::json*> out;
        if (value != nullptr) {
            for (const auto& item : *value) {
                out.push_back(&item);
            }
        }
        return out;
    }
    /// An object whose values are all strings, null counting as ""; empty where absent.
    [[nodiscard]] std::map<std::string, std::string> text_map(std::string_view path) {
        const auto* value = find(path);
        if (value != nullptr && !value->is_object()) {
            value = wrong(path, "an object", *value);
        }
        std::map<std::string, std::string> out;
        if (value != nullptr) {
            for (const auto& [name, item] : value->items()) {
                out[name] = item.is_null() ? std::string() : as_string(path, item);
            }
        }
        return out;
    }

    /// Remembers that the field at `path` cannot be used, and why, unless something was wrong
    /// before.
    void refuse(std::string_view path, std::string_view why) {
        if (!problem_) {
            problem_ = Failure{FailureKind::malformed,
                               fmt::format("{}: malformed answer: {}: {}", what_, path, why),
                               0,
                               {}};
        }
    }
    /// What was wrong first (malformed), or nothing.
    [[nodiscard]] const std::optional<Failure>& problem() const { return problem_; }

  private:
    const nlohmann::json* wrong(std::string_view path, std::string_view expected,
                                const nlohmann::json& value) {
        refuse(path, fmt::format("expected {}, got {}", expected, value.type_name()));
        return nullptr;
    }
    const nlohmann::json* needed(std::string_view path, std::string_view expected) {
        const auto* value = find(path);
        if (value == nullptr) {
            refuse(path, fmt::format("expected {}, got nothing", expected));
        }
        return value;
    }
    std::string as_string(std::string_view path, const nlohmann::json& value) {
        if (!value.is_string()) {
            wrong(path, "a string", value);
            return {};
        }
        return value.get<std::string>();
    }
    std::int64_t as_integer(std::string_view path, const nlohmann::json& value) {
        const bool fits =
            !value.is_number_unsigned() ||
            value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
        if (!value.is_number_integer() || !fits) {
            wrong(path, "an integer", value);
            return 0;
        }
        return value.get<std::int64_t>();
    }
    std::chrono::seconds bounded(std::string_view path, std::int64_t count) {
        constexpr std::int64_t limit = 9'000'000'000;  // 285 years; 64 bits of nanoseconds hold 292
        if (count < -limit || count > limit) {
            refuse(path, "more seconds than a clock can hold");
            return {};
        }
        return std::chrono::seconds(count);
    }
    bool as_bool(std::string_view path, const nlohmann::json& value) {
        if (!value.is_boolean()) {
            wrong(path, "true or false", value);
            return false;
        }
        return value.get<bool>();
    }

    const nlohmann::json* answer_;
    std::string what_;
    std::optional<Failure> problem_;
};

/// The value, or the first thing that was wrong with the answer it was read from.
template <class T>
[[nodiscard]] Result<T> checked(T value, const AnswerFields& fields) {
    if (fields.problem()) {
        return tl::unexpected<Failure>(*fields.problem());
    }
    return value;
}

/// Success without an answer that anybody reads.
template <class T>
[[nodiscard]] Result<void> done(const Result<T>& answer) {
    if (!answer) {
        return propagate(answer);
    }
    return {};
}

/// What a status outside 2xx means on every server.
[[nodiscard]] inline FailureKind kind_of_status(int status) {
    switch (status) {
        case 401:
        case 403:
            return FailureKind::denied;
        case 404:
            return FailureKind::not_found;
        case 409:
            return FailureKind::conflict;
        case 429:
            return FailureKind::throttled;
        default:
            return status >= 400 && status < 500 ? FailureKind::rejected : FailureKind::server;
    }
}

/// The text with every occurrence of the secret replaced: for what others say about our requests.
/// Secrets that are shorter than any real token ("root", in dev mode) are words too, and stay.
[[nodiscard]] inline std::string conceal(std::string text, const Secret& secret) {
    constexpr std::string_view mark = "[secret]";
    constexpr std::size_t shortest = 16;
    if (secret.reveal().size() < shortest) {
        return text;
    }
    for (auto at = text.find(secret.reveal()); at != std::string::npos;
         at = text.find(secret.reveal(), at + mark.size())) {
        text.replace(at, secret.reveal().size(), mark);
    }
    return text;
}

/// The same for all that a failure says.
[[nodiscard]] inline Failure conceal(Failure failure, const Secret& secret) {
    failure.message = conceal(std::move(failure.message), secret);
    for (auto& text : failure.errors) {
        text = conceal(std::move(text), secret);
    }
    return failure;
}

/// Runs of blanks, tabs and line ends become one blank: servers' texts may have several lines, our
/// messages have one.
[[nodiscard]] inline std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : trim(text)) {
        const bool blank = static_cast<unsigned char>(c) <= ' ';
        if (!blank || !out.ends_with(' ')) {
            out += blank ? ' ' : c;
        }
    }
    return out;
}

/// The beginning of a text that somebody else than the expected server wrote, as it mostly says who
/// that is: "no healthy upstream".
[[nodiscard]] inline std::string head_of_line(std::string_view text) {
    constexpr std::size_t enough = 120;
    const auto line = one_line(text);
    const auto head = head_of(line, enough);
    return fmt::format("{}{}", head, head.size() < line.size() ? "…" : "");
}

}  // namespace meshproof
