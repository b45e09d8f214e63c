#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/mesh/decision.hpp"
#include "core/stats/histogram.hpp"
#include "core/stats/timeline.hpp"
#include "perf/load/options.hpp"

namespace meshproof::load {

/// Both truths about one stage. `response` counts from the intended moment (of a later stage: from
/// the end of the one before), `service` from the real send.
///
/// In them is what ended well, and what ran into the time limit or never got its turn, with the
/// time that it had waited by then: to leave those out would flatter the server. Refusals, which
/// are often quick, are counted by themselves.
struct StageTimes {
    stats::Histogram response, service;
};

/// What one of several addresses of the same Vault did.
struct AddressFigures {
    std::string address;  ///< "https://127.0.0.1:8200"
    std::uint64_t asked = 0, done = 0, failed = 0, unfinished = 0;
    StageTimes whole;
};

/// Failures of one kind.
struct Trouble {
    std::optional<mesh::Step> step;  ///< nothing for sys/health
    int status = 0;                  ///< 0 = no answer
    std::string text;                ///< the server's, or the wire's
    std::string meaning;             ///< what a mesh's agent would say of it
    std::uint64_t count = 0;
    Duration first{}, last{};  ///< when, since the beginning
};

/// Why no more was asked.
enum class Ended { planned, stopped, aborted };

/// What a generator saw. Transactions that were due while warming up are in the timeline alone, and
/// in `troubles`.
struct Measured {
    Time began;                    ///< by the run's clock
    std::uint64_t asked = 0;       ///< due by the schedule
    std::uint64_t not_asked = 0;   ///< left of the schedule when it ended early
    std::uint64_t done = 0;        ///< ended well
    std::uint64_t failed = 0;      ///< refused, timed out, or broken
    std::uint64_t unfinished = 0;  ///< still waiting or under way when the load was ended
    std::uint64_t overflowed = 0;  ///< had to wait since all connections were busy
    std::uint64_t longest_queue = 0;
    StageTimes whole;
    /// "login", "sign": of transactions with both. "connect", "tls": of requests that opened a
    /// connection; "first-byte": of each that was answered. The wire's three have one time, which
    /// stands for both.
    std::map<std::string, StageTimes> stages;
    std::uint64_t handshakes = 0, resumed = 0;  ///< of TLS; those that took up an earlier session
    std::vector<AddressFigures> addresses;      ///< where there are several
    /// The generator's own delay: from the intended moment to the send, where a connection was
    /// free.
    stats::Histogram slip;
    std::vector<Trouble> troubles;                       ///< the most frequent first
    stats::Timeline timeline{std::chrono::minutes(10)};  ///< as long as the schedule
    Duration planned{};              ///< from the end of warming up to the end of asking
    Duration last_done{};            ///< since the beginning; a storm is over then
    std::uint64_t done_in_plan = 0;  ///< ended well within `planned`
    /// From the first transaction that was due in the plan's second quarter, until the end of
    /// asking or, where some waited for a connection then, until the last of these was sent. So
    /// about as many are under way at its end as at its beginning.
    Duration settled{};
    std::uint64_t done_settled = 0;  ///< ended well within `settled`
    /// Of one processor, by the thread that makes the load; nothing in virtual time.
    std::optional<double> processor_share;
    std::optional<Duration> processor;  ///< the same as CPU time
    Ended ended = Ended::planned;
    std::string why_ended;

    /// Everything that was asked and did not end well.
    [[nodiscard]] std::uint64_t bad() const { return failed + unfinished; }
    [[nodiscard]] double error_share() const;
    /// Transactions a second that ended well, within the plan. That leaves out what was under way
    /// at its end, which is no small part of a short and busy one.
    [[nodiscard]] double rate() const;
    /// The server's own rate: the same within `settled`, where what is under way at its ends makes
    /// no difference. Of a rate that grows it is the later part's. rate() where nothing settled.
    [[nodiscard]] double settled_rate() const;
};

/// How a load goes, told once a second.
struct Progress {
    Duration elapsed{}, end{};          ///< since the beginning; the schedule's
    std::uint64_t asked = 0, done = 0;  ///< in the last whole second
    Duration p50{}, p99{}, slowest{};   ///< response times of the last three seconds
    std::uint64_t recent = 0;           ///< how many those are: few bound no percentile
    std::uint64_t failed = 0;           ///< so far
    std::size_t in_flight = 0, waiting = 0;
};

}  // namespace meshproof::load
