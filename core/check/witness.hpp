#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include "core/http/transport.hpp"
#include "core/time/clock.hpp"
#include "core/vault/product.hpp"

namespace meshproof::run {

/// A place in a check's source.
using Place = std::source_location;

/// What an expectation is about. The views live as long as the call that notes it.
enum class Expected {
    status,
    error,    ///< with a text
    no_text,  ///< an error without one
    warning,
    no_warning,
    equal,
    keys,
    holds,    ///< anything else: a condition, with a sentence
    reached,  ///< that this place is not: it gives up
};
[[nodiscard]] std::string_view to_string(Expected what);

struct Noted {
    Place place;
    Expected what = Expected::holds;
    bool held = false;
    std::string_view text;                ///< an error's, what a value is, or the sentence's format
    std::optional<std::size_t> exchange;  ///< the number of the answer that it is about
    const nlohmann::json* actual = nullptr;
    std::string told;  ///< the sentence with its values, where there is one
};

/// Stands by while one check is played: is told what it expected and what came of it, and may stand
/// between its probe and the wire. Exchanges are numbered in the order of asking, from 0.
class Witness {
  public:
    Witness() = default;
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    virtual ~Witness() = default;

    /// What the probe asks over; all three outlive it. Clean-up goes over the wire itself.
    [[nodiscard]] virtual http::Transport& between(http::Transport& wire, Clock& /*clock*/) {
        return wire;
    }
    virtual void noted(const Noted& noted) = 0;
    /// Probe::on() took this product's side.
    virtual void took(const Place& place, vault::Product product) = 0;
    /// The answer of this exchange was to a set-up step: one that is refused blocks the check.
    virtual void set_up(std::size_t exchange) = 0;
};

}  // namespace meshproof::run
