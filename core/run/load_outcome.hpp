#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is told of a load, as plain data: for reports and for what reads them. Times that were
/// measured are whole microseconds, those of a schedule whole milliseconds.
namespace meshproof::run {

/// A percentile of what was measured, and where that of the whole lies with 95 % confidence.
struct LoadPercentile {
    std::chrono::microseconds at{}, low{}, high{};

    bool operator==(const LoadPercentile&) const = default;
};

/// How long something took, by one of the two clocks.
struct LoadTimes {
    std::uint64_t count = 0;
    std::chrono::microseconds min{}, mean{}, max{};     ///< zero where nothing was counted
    std::map<std::string, LoadPercentile> percentiles;  ///< "p50", "p99.9"; only those for which
                                                        ///< there are enough samples

    bool operator==(const LoadTimes&) const = default;
};

/// Both truths about one stage: `response` counts from the intended moment, `service` from the
/// real send.
struct LoadStage {
    LoadTimes response, service;

    bool operator==(const LoadStage&) const = default;
};

struct LoadWeight {
    std::string operation;
    double weight = 0;

    bool operator==(const LoadWeight&) const = default;
};

/// What was asked for. What a profile does not have is absent.
struct LoadOptions {
    std::string profile;  ///< "login-sign", "restart-storm", …
    std::optional<double> rate_per_second, ramp_to_per_second;
    bool find_max = false;
    std::optional<std::chrono::milliseconds> duration;
    std::chrono::milliseconds warmup{};
    std::optional<std::uint64_t> pods;
    std::optional<std::chrono::milliseconds> within;
    std::vector<LoadWeight> mix;
    std::uint64_t connections = 0;
    std::string token, storage, key_type, ca_key_type;  ///< as the command line has them
    std::chrono::milliseconds leaf_ttl{};
    std::uint64_t accounts = 0;
    double verify_share = 0;
    std::chrono::milliseconds timeout{};
    double abort_error_share = 0;
    std::chrono::milliseconds abort_lasting{};

    bool operator==(const LoadOptions&) const = default;
};

/// Why no more was asked.
enum class LoadEnd { planned, stopped, aborted };
inline constexpr std::array all_load_ends = {LoadEnd::planned, LoadEnd::stopped, LoadEnd::aborted};
[[nodiscard]] std::string_view to_string(LoadEnd end);

/// Transactions. `asked` is what was due, so that asked = done + failed + unfinished.
struct LoadCounts {
    std::uint64_t asked = 0, done = 0, failed = 0;
    std::uint64_t unfinished = 0;     ///< still waiting or under way at the end
    std::uint64_t not_asked = 0;      ///< left of the schedule when it ended early
    std::uint64_t overflowed = 0;     ///< had to wait since all connections were busy
    std::uint64_t longest_queue = 0;  ///< of those that waited

    bool operator==(const LoadCounts&) const = default;
};

/// Whether a bound of the SLO was kept. Too few samples are an answer of their own: no pass.
enum class BoundAnswer { kept, missed, no_data };
inline constexpr std::array all_bound_answers = {BoundAnswer::kept, BoundAnswer::missed,
                                                 BoundAnswer::no_data};
[[nodiscard]] std::string_view to_string(BoundAnswer answer);

/// Of the response time of whole transactions.
struct LatencyBound {
    double percentile = 0;  ///< 99.9
    std::chrono::microseconds limit{};
    std::optional<std::chrono::microseconds> measured;  ///< nothing where there is no data
    BoundAnswer answer = BoundAnswer::no_data;

    bool operator==(const LatencyBound&) const = default;
};

/// Of the transactions that were asked.
struct ErrorBound {
    double limit_share = 0;
    std::optional<double> measured_share;  ///< nothing where none was asked
    BoundAnswer answer = BoundAnswer::no_data;

    bool operator==(const ErrorBound&) const = default;
};

struct LoadSlo {
    std::vector<LatencyBound> latencies;
    ErrorBound errors;

    bool operator==(const LoadSlo&) const = default;
};

/// Failures of one kind.
struct LoadTrouble {
    std::string step;     ///< "login", "sign", …: what failed
    int status = 0;       ///< 0 = no answer
    std::string text;     ///< the server's, or the wire's
    std::string meaning;  ///< what a mesh's agent would say of it
    std::uint64_t count = 0;
    std::chrono::milliseconds first{}, last{};  ///< since the beginning

    bool operator==(const LoadTrouble&) const = default;
};

struct LoadWrongLeaf {
    std::uint64_t transaction = 0;
    std::string kind, detail;

    bool operator==(const LoadWrongLeaf&) const = default;
};

/// What came of verifying leaves.
struct LoadVerification {
    std::uint64_t answers = 0, verified = 0;
    std::uint64_t skipped = 0;       ///< left out, since only a share was asked for
    std::uint64_t not_verified = 0;  ///< should have been: the verifier's queue was full
    std::map<std::string, std::uint64_t> wrong;  ///< how many of each kind
    std::vector<LoadWrongLeaf> first;            ///< a few of them
    std::chrono::microseconds processor{};       ///< CPU time that it took

    bool operator==(const LoadVerification&) const = default;
};

/// What the load made on the target, at most.
struct LoadFootprint {
    std::vector<std::string> made;  ///< "secrets engine meshproof-k3f9a2-pki", …
    std::uint64_t transactions = 0, certificates = 0, stored_certificates = 0, leases = 0,
                  stored_tokens = 0, clients = 0;

    bool operator==(const LoadFootprint&) const = default;
};

/// The generator itself: whether to trust it.
struct LoadGenerator {
    LoadTimes slip;                         ///< how late it sent where a connection was free
    std::optional<double> processor_share;  ///< of one processor; nothing in virtual time
    std::optional<std::chrono::microseconds> processor;  ///< the same as CPU time
    std::uint64_t pods = 0, account_tokens = 0;          ///< made ahead
    std::chrono::milliseconds preparation{};             ///< that took; not measured

    bool operator==(const LoadGenerator&) const = default;
};

/// One slot of the timeline. A percentile is there where there are enough samples.
struct LoadSlot {
    std::chrono::milliseconds start{};  ///< since the beginning
    std::uint64_t asked = 0, sent = 0, done = 0, failed = 0;
    std::uint64_t in_flight = 0;  ///< the most at once
    std::optional<std::chrono::microseconds> response_p50, response_p99, service_p50, service_p99;

    bool operator==(const LoadSlot&) const = default;
};

struct LoadTimeline {
    std::chrono::milliseconds slot{};  ///< how long each is
    std::vector<LoadSlot> slots;       ///< warming up included

    bool operator==(const LoadTimeline&) const = default;
};

/// One rate that find-max held.
struct LoadStep {
    double rate_per_second = 0;  ///< asked
    double done_per_second = 0;  ///< ended well, after the step's first quarter
    bool kept = false;           ///< the SLO
    std::string why_not;         ///< "" where it was kept, and where it was cut short
    LoadStage whole;

    bool operator==(const LoadStep&) const = default;
};

/// The mesh that a search for the largest rate is held against.
struct LoadMesh {
    std::uint64_t pods = 0;
    double renewals_per_second = 0;  ///< of their leaves, which live as long as the options say

    bool operator==(const LoadMesh&) const = default;
};

/// What one of several addresses of the same Vault did.
struct LoadAddress {
    std::string address;
    std::uint64_t asked = 0, done = 0, failed = 0, unfinished = 0;
    LoadStage whole;

    bool operator==(const LoadAddress&) const = default;
};

/// What a server was at one moment. Only what is there was seen.
struct LoadLook {
    std::chrono::milliseconds at{};                      ///< since the first look
    std::optional<std::chrono::microseconds> processor;  ///< CPU time used so far
    std::optional<std::uint64_t> memory_bytes, allocated_bytes, goroutines;

    bool operator==(const LoadLook&) const = default;
};

/// The server's side: before the load, every few seconds, and after it.
struct LoadServer {
    std::string process;  ///< "bao, process 4711"; "" where it was seen by sys/metrics alone
    std::vector<LoadLook> looks;
    std::vector<std::string> unseen;  ///< why the rest was not seen

    bool operator==(const LoadServer&) const = default;
};

/// What is told of a load alone. Of find-max, everything measured is of the best rate that kept the
/// SLO.
struct LoadOutcome {
    LoadOptions options;
    LoadEnd ended = LoadEnd::planned;
    std::string why_ended;  ///< "" where it ended as planned
    LoadCounts counts;
    double done_per_second = 0;             ///< ended well, within the schedule
    std::chrono::milliseconds last_done{};  ///< since the beginning; a storm is over then
    LoadSlo slo;
    std::map<std::string, LoadStage> stages;    ///< "whole", "login", "sign", …
    std::uint64_t handshakes = 0, resumed = 0;  ///< of TLS; those that took up an earlier session
    std::vector<LoadAddress> addresses;         ///< where there are several
    std::vector<LoadTrouble> troubles;          ///< the most frequent first
    LoadVerification verification;
    LoadFootprint footprint;
    LoadGenerator generator;
    LoadServer server;
    LoadTimeline timeline;
    std::vector<LoadStep> steps;   ///< of find-max, in their order
    std::optional<LoadMesh> mesh;  ///< of find-max, where a transaction is a pod's leaf

    bool operator==(const LoadOutcome&) const = default;
};

}  // namespace meshproof::run
