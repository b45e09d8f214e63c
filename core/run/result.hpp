#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time/time.hpp"

namespace meshproof::run {

/// What is said of a scenario or a check.
enum class Verdict {
    pass,
    fail,      ///< what was tested is wrong
    blocked,   ///< could not be found out: never counted as a pass
    skip,      ///< the target cannot do it, with the reason
    deviates,  ///< fails, and the target's file lists it with a reason
};
inline constexpr std::array all_verdicts = {Verdict::pass, Verdict::fail, Verdict::blocked,
                                            Verdict::skip, Verdict::deviates};
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// One request and its answer, as evidence. Secrets stand in it as `$TOKEN_1`, `$JWT_2`,
/// `$KEY_1`, the same name for the same secret through one check.
struct Exchange {
    std::string server;  ///< "vault", "kubernetes", or the name of another endpoint
    std::string method, target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int status = 0;       ///< 0: no answer came
    std::string failure;  ///< why none came
    std::vector<std::pair<std::string, std::string>> answer_headers;
    std::string answer;  ///< text; binary bodies as "(1234 bytes)"; long ones cut, and it says so
};

struct Outcome {
    std::string id;
    std::string kind = "scenario";  ///< "scenario" or "check"
    Verdict verdict = Verdict::blocked;
    std::string reason;                 ///< "" for a pass; one line, the first failure first
    std::vector<std::string> failures;  ///< every expectation that did not hold
    Duration duration{};                ///< wall time
    Duration virtual_duration{};  ///< time on the run's clock; the same as duration outside sim
    std::string trace_digest;     ///< SHA-256 over the trace, hex
    std::vector<std::string> trace;
    // Of a check:
    std::string requirement, source, level;  ///< as the check states them
    std::vector<std::string> features;       ///< what it needs beside the common ground
    std::vector<Exchange> evidence;          ///< what was said, in order
};

struct ServerVersion {
    std::string role;     ///< "vault", "kubernetes"
    std::string product;  ///< "openbao", "vault", "kube-apiserver", with "fake " before it where it
                          ///< is one of ours
    std::string version;
    std::string address;
};

/// Everything that a report says of one run. Source of every format in reports/.
struct RunResult {
    std::string command = "run";
    std::string target;   ///< its name
    std::string setting;  ///< "sim", "loopback" or "live"
    std::vector<ServerVersion> servers;
    std::vector<std::string> features;  ///< of `conform`: what the target offers
    std::uint64_t seed = 0;
    Time started;
    Duration duration{};
    std::vector<Outcome> outcomes;  ///< in the order of the list
    bool interrupted = false;

    [[nodiscard]] std::size_t count(Verdict verdict) const;
};

}  // namespace meshproof::run
