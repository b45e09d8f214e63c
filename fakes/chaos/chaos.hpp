#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/time/clock.hpp"
#include "core/time/prng.hpp"
#include "fakes/chaos/rule.hpp"

namespace meshproof::fakes {

/// What is known of a request before anybody acts on it.
struct Asked {
    std::string server;  ///< "vault-0"
    std::string method, path;
    std::string address, user_agent, accessor, subject;
    bool on_kept_connection = false;
    bool signs = false;  ///< an answer would hold a certificate
};

/// What the rules together do to one request. Where two set the same, the first one's counts;
/// latencies add up.
struct RequestFaults {
    Duration latency{};
    std::optional<int> status;
    std::optional<Duration> retry_after;
    std::optional<BodyFault> body;
    std::string content_type;
    std::optional<Drip> drip;
    std::optional<ResetPoint> reset;
    bool stale = false;
    std::optional<CertificateFault> certificate;
    std::vector<std::string> rules;  ///< names of those that struck
};

struct ConnectionFaults {
    std::optional<unsigned char> tls_alert;
    std::optional<CertificateFault> tls_certificate;
    std::vector<std::string> rules;
};

/// Decides who meets which fault. Every rule draws from a stream of its own, once for each request
/// that it meets: the same seed, rules and requests in the same order give the same faults,
/// whatever other rules there are.
class Chaos {
  public:
    /// `clock` measures the rules' windows, and outlives this.
    Chaos(std::uint64_t seed, const Clock& clock) : seed_(seed), clock_(clock) {}

    /// From now on these rules, from the beginning: counts, streams and windows.
    void set(std::vector<ChaosRule> rules);
    [[nodiscard]] std::vector<ChaosRule> rules() const;

    [[nodiscard]] RequestFaults strike(const Asked& asked);
    [[nodiscard]] ConnectionFaults strike_connection(std::string_view server,
                                                     std::string_view address);
    /// How far a server's date is off, by rules of clock_skew.
    [[nodiscard]] Duration skew(std::string_view server) const;
    [[nodiscard]] bool without_rules() const { return active_.empty(); }
    /// Does any rule look at what callers' tokens say?
    [[nodiscard]] bool asks_for_tokens() const { return asks_for_tokens_; }

    struct Count {
        std::string name;
        std::uint64_t met = 0;     ///< requests or connections that the rule fits
        std::uint64_t struck = 0;  ///< of those, the ones that it spoilt
    };
    [[nodiscard]] std::vector<Count> counts() const;

  private:
    struct Active {
        ChaosRule rule;
        Prng chance, delays;
        std::uint64_t met = 0, struck = 0;
    };
    [[nodiscard]] bool in_window(const ChaosRule& rule) const;
    [[nodiscard]] static bool strikes(Active& active);

    std::uint64_t seed_;
    const Clock& clock_;
    Time since_;
    bool asks_for_tokens_ = false;
    std::vector<Active> active_;
};

}  // namespace meshproof::fakes
