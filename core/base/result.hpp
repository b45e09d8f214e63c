#pragma once

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace meshproof {

/// Why the world said no, as far as a caller may want to act on it.
enum class FailureKind {
    invalid,      ///< what was given cannot be used (bad PEM, bad flag, bad field)
    unreachable,  ///< no connection: refused, no such host, no route
    timed_out,    ///< the deadline passed before an answer came
    closed,       ///< the connection ended in the middle
    tls,          ///< handshake, certificate or alert
    malformed,    ///< an answer came and could not be understood
    denied,       ///< 401 or 403
    not_found,    ///< 404
    conflict,     ///< 409, or a name that is taken
    rejected,     ///< any other 4xx: the server refuses this request
    throttled,    ///< 429
    sealed,       ///< 503 of a sealed Vault
    server,       ///< any other 5xx
    expired,      ///< a certificate or token outside its validity interval
    unsupported,  ///< this target cannot do it
    cancelled,    ///< given up on purpose
};

[[nodiscard]] std::string_view to_string(FailureKind kind);

/// A refusal or an outage, as a value. `message` is one line for people: lower case, no full stop,
/// no secrets.
struct Failure {
    FailureKind kind = FailureKind::invalid;
    std::string message;
    int status = 0;                   ///< HTTP status of the answer, 0 where there was none
    std::vector<std::string> errors;  ///< the server's own texts, verbatim, where it gave some
    /// For how long the server wants to be left alone (RFC 9110 10.2.3), where it said so.
    std::optional<std::chrono::seconds> retry_after = std::nullopt;

    /// The same failure, told with what was being done: "context: message".
    [[nodiscard]] Failure during(std::string_view context) const;
};

/// The result of anything that the world may refuse.
template <class T = void>
using Result = tl::expected<T, Failure>;

/// `return fail(FailureKind::invalid, "role {} has no name", i);`
template <class... Args>
[[nodiscard]] tl::unexpected<Failure> fail(FailureKind kind, fmt::format_string<Args...> format,
                                           Args&&... args) {
    return tl::unexpected<Failure>(
        Failure{kind, fmt::format(format, std::forward<Args>(args)...), 0, {}});
}

/// `if (!r) return propagate(r);`, optionally with what was being done.
template <class T>
[[nodiscard]] tl::unexpected<Failure> propagate(const tl::expected<T, Failure>& result,
                                                std::string_view context = {}) {
    return tl::unexpected<Failure>(context.empty() ? result.error()
                                                   : result.error().during(context));
}

/// Thrown when we cannot go on; caught in cli/ (message, hint, exit code) or at a task-group
/// boundary (`blocked`).
class CannotGoOn : public std::exception {
  public:
    explicit CannotGoOn(Failure failure, std::string hint = {})
        : failure_(std::move(failure)), hint_(std::move(hint)) {}
    [[nodiscard]] const char* what() const noexcept override { return failure_.message.c_str(); }
    [[nodiscard]] const Failure& failure() const { return failure_; }
    [[nodiscard]] const std::string& hint() const { return hint_; }

  private:
    Failure failure_;
    std::string hint_;
};

/// The value, or CannotGoOn.
template <class T>
T require(tl::expected<T, Failure> result, std::string_view context = {}) {
    if (!result) {
        throw CannotGoOn(context.empty() ? result.error() : result.error().during(context));
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

}  // namespace meshproof
