#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/time.hpp"

namespace meshproof::fakes {

/// How long a request waits before the server sees it.
struct Latency {
    enum class Shape { fixed, uniform, lognormal };
    Shape shape = Shape::fixed;
    Duration low{};    ///< fixed: the whole of it; lognormal: the median
    Duration high{};   ///< uniform only
    double sigma = 0;  ///< lognormal only: of the logarithm
    friend bool operator==(const Latency&, const Latency&) = default;
};

/// The body leaves in pieces of `bytes`, with a pause of `every` before each.
struct Drip {
    std::size_t bytes = 0;
    Duration every{};
    friend bool operator==(const Drip&, const Drip&) = default;
};

enum class BodyFault {
    empty,      ///< no byte, the status as it was
    truncated,  ///< the first half, well framed
    malformed,  ///< whole, and no JSON any more
};

enum class ResetPoint {
    request,  ///< before the server has acted
    before,   ///< it has acted; no byte of the answer leaves
    during,   ///< after the head and half of the body
    after,    ///< after the whole answer
};

enum class CertificateFault {
    other_key,    ///< valid, and for a key that is not its owner's
    wrong_chain,  ///< the chain that comes with it, of a server: that it ends in, is another CA's
    expired,      ///< its time was over before it came
};

/// One line of a chaos file: whom it meets, how often, and what then happens. A field that is empty
/// meets everything. docs/serve.md describes the written form.
struct ChaosRule {
    /// Patterns in which * stands for any text.
    struct Caller {
        std::string address;     ///< IP address, or the caller's name in sim
        std::string user_agent;  ///< the header
        std::string accessor;    ///< of the Vault token that it shows
        std::string subject;     ///< `sub` of the JWT that it shows, unverified
        [[nodiscard]] bool anyone() const {
            return address.empty() && user_agent.empty() && accessor.empty() && subject.empty();
        }
        friend bool operator==(const Caller&, const Caller&) = default;
    };

    std::string name;                  ///< unique; names the rule's stream of chance
    std::string server;                ///< "vault", "kube", or one of several: "vault-1"
    std::vector<std::string> methods;  ///< upper case
    std::string path;                  ///< a pattern, or a prefix of whole segments
    Caller caller;

    double probability = 1;
    std::optional<std::uint64_t> first;  ///< only the first N that it meets
    Duration from{};                     ///< since the plan took effect, on the fakes' clock
    std::optional<Duration> until;

    // What happens to a request.
    std::optional<Latency> latency;
    std::optional<int> status;            ///< answered without the server having acted
    std::optional<Duration> retry_after;  ///< with `status`; whole seconds
    std::optional<BodyFault> body;
    std::string content_type;
    std::optional<Drip> drip;
    std::optional<ResetPoint> reset;
    bool stale = false;  ///< a kept connection ends at its next request, unanswered
    std::optional<CertificateFault> certificate;  ///< of the answers of sign and issue
    // What happens to a connection.
    std::optional<unsigned char> tls_alert;
    std::optional<CertificateFault> tls_certificate;  ///< what the server itself shows
    // What happens to a server.
    std::optional<Duration> clock_skew;

    [[nodiscard]] bool meets_connections() const { return tls_alert || tls_certificate; }
    [[nodiscard]] bool meets_requests() const { return !meets_connections() && !clock_skew; }
    friend bool operator==(const ChaosRule&, const ChaosRule&) = default;
};

/// Reads `rules:` and its list, in YAML or JSON. The failure is one line: "PATH:LINE: field: what
/// was expected", and the nearest known word where one was misspelt.
[[nodiscard]] Result<std::vector<ChaosRule>> parse_chaos(std::string_view text,
                                                         std::string_view path);
/// The same form, as parse_chaos reads it.
[[nodiscard]] nlohmann::json chaos_json(const std::vector<ChaosRule>& rules);
[[nodiscard]] nlohmann::json rule_json(const ChaosRule& rule);

/// Does the path fit the pattern, in which * stands for any text? Without a * it may also be a
/// prefix of whole segments. "" fits every one.
[[nodiscard]] bool fits_path(std::string_view wanted, std::string_view path);
/// Does "vault", "vault-0" or nothing mean the server of that name?
[[nodiscard]] bool means_server(std::string_view wanted, std::string_view server);

}  // namespace meshproof::fakes
