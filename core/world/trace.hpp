#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/secret.hpp"
#include "core/run/trace_event.hpp"
#include "core/time/clock.hpp"

namespace meshproof::run {

/// What happened, event by event: logical fields only, so that one seed gives one digest. Knows the
/// secrets that passed by, and refuses events that hold one.
class Trace {
  public:
    /// With `timed`, each line starts with the clock's elapsed milliseconds (sim: they are part of
    /// the digest). Events have their time always.
    Trace(const Clock& clock, bool timed) : clock_(&clock), timed_(timed) {}

    /// Appends the event, at the clock's time; returns false, and keeps a redacted one instead,
    /// where it holds a known secret.
    bool add(TraceEvent event);
    void learn(const Secret& secret);
    [[nodiscard]] const std::vector<TraceEvent>& events() const { return events_; }
    /// The events as text, a line each.
    [[nodiscard]] std::vector<std::string> lines() const;
    /// SHA-256 over the lines, hex.
    [[nodiscard]] std::string digest() const;
    /// True where the text holds a secret that was learnt.
    [[nodiscard]] bool leaks(std::string_view text) const;
    /// The text, or words instead of it where it holds a secret: for everything that leaves in a
    /// report.
    [[nodiscard]] std::string redacted(std::string text) const;

  private:
    const Clock* clock_;
    bool timed_;
    std::vector<TraceEvent> events_;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    /// By their last letters, since tokens of one kind begin alike: what stands before those.
    std::unordered_map<std::string, std::set<std::string>, Hash, std::equal_to<>> secrets_;
};

}  // namespace meshproof::run
