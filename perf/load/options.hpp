#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/crypto/key.hpp"
#include "core/http/message.hpp"
#include "core/time/time.hpp"

namespace meshproof::load {

/// Which kind of traffic is made.
enum class Profile {
    sign,           ///< with a Vault token at hand
    login,          ///< Kubernetes logins alone
    login_sign,     ///< one transaction a pod: login, then sign
    cold_start,     ///< all pods at one moment
    restart_storm,  ///< all pods within a time
    renewal,        ///< the steady state of pods with leaves of a life
    mixed,          ///< several operations by weight
    soak,           ///< login-sign for long
    health,         ///< sys/health: what the generator itself can do
};
inline constexpr std::array all_profiles = {
    Profile::sign,       Profile::login,         Profile::login_sign,
    Profile::cold_start, Profile::restart_storm, Profile::renewal,
    Profile::mixed,      Profile::soak,          Profile::health};
[[nodiscard]] std::string_view to_string(Profile profile);

/// What one transaction does.
enum class Operation { sign, login, login_sign, health };
inline constexpr std::array all_operations = {Operation::sign, Operation::login,
                                              Operation::login_sign, Operation::health};
[[nodiscard]] std::string_view to_string(Operation operation);

/// What a login gives.
enum class TokenMode {
    service,    ///< a stored token a login: the servers' default
    batch,      ///< a token that is not stored
    in_header,  ///< "inline": OpenBao from 2.4 on logs in inside the sign request
    one,        ///< one token, made ahead, for all: nobody logs in
};
inline constexpr std::array all_tokens = {TokenMode::service, TokenMode::batch,
                                          TokenMode::in_header, TokenMode::one};
[[nodiscard]] std::string_view to_string(TokenMode mode);

/// What the CA keeps of a certificate that it signs.
enum class Storage { stored, no_store, leased };
inline constexpr std::array all_storages = {Storage::stored, Storage::no_store, Storage::leased};
[[nodiscard]] std::string_view to_string(Storage storage);

/// The keys that pods may have.
inline constexpr std::array leaf_keys = {crypto::KeyType::p256,     crypto::KeyType::p384,
                                         crypto::KeyType::p521,     crypto::KeyType::ed25519,
                                         crypto::KeyType::rsa_2048, crypto::KeyType::rsa_3072,
                                         crypto::KeyType::rsa_4096};

/// What has to hold for a load to be carried.
struct Slo {
    struct Latency {
        double percentile = 99;
        Duration limit{};
    };
    std::vector<Latency> latencies;  ///< of the response time of whole transactions
    double errors = 0.001;           ///< the largest share of failed transactions
};

/// Ends a run by itself: more than `errors` of what ended in each second of `lasting` failed.
struct AbortRule {
    double errors = 0.5;
    Duration lasting = std::chrono::seconds(5);
};

struct Weight {
    Operation operation = Operation::login_sign;
    double weight = 1;
};

/// What a load is. Rates are transactions a second.
struct Options {
    Profile profile = Profile::login_sign;
    double rate = 100;
    std::optional<double> ramp_to;  ///< the rate grows evenly from `rate` to this
    bool find_max = false;          ///< looks for the largest rate that keeps the SLO
    Slo slo;
    Duration duration = std::chrono::seconds(10);
    Duration warmup{};  ///< before it, at the first rate: asked, and not measured
    std::size_t connections = 64;
    TokenMode token = TokenMode::service;
    Storage storage = Storage::stored;
    crypto::KeyType key_type = crypto::KeyType::p256;
    std::string ca_key_type =
        "ec";           ///< of the CA that is made, as Vault names it: ec (P-256), rsa (2048)
    double verify = 1;  ///< the share of leaves that is verified
    AbortRule abort;
    /// Of cold-start, restart-storm and renewal; with find-max, the mesh that it is held against.
    std::size_t pods = 1000;
    Duration within = std::chrono::seconds(10);  ///< restart-storm
    Duration leaf_ttl = std::chrono::hours(1);   ///< asked for each leaf
    std::size_t accounts = 1;                    ///< service accounts that log in
    std::vector<Weight> mix{{Operation::login_sign, 1}, {Operation::sign, 4}};  ///< mixed
    Duration timeout = std::chrono::seconds(30);                                ///< of one request
    std::size_t clusters = 1;  ///< auth mounts, each with accounts of its own, that take turns
    std::vector<http::Url> addresses;  ///< of the Vault, that transactions take turns at
    bool all_nodes = false;            ///< the load is on the target's `nodes`, and they take turns
    bool keep_alive = true;            ///< false: each request opens a connection of its own
    bool existing = false;  ///< on a mesh's own account: what it has is not ours to choose
    /// What Vault Enterprise may bill for it, at most: a load that could cost more is refused.
    std::size_t billed_certificates = 10'000, billed_clients = 100;

    /// Whether all that is asked is a number of pods, and not a rate over a time.
    [[nodiscard]] bool by_pods() const {
        return profile == Profile::cold_start || profile == Profile::restart_storm;
    }
    /// Whether what find-max finds is told of a mesh: each transaction is a pod's leaf then.
    [[nodiscard]] bool for_a_mesh() const {
        return find_max && (profile == Profile::login_sign || profile == Profile::soak);
    }
    /// What a transaction of the profile does; of `mixed`, the first of the mix.
    [[nodiscard]] Operation operation() const;
    [[nodiscard]] bool signs() const;
    [[nodiscard]] bool logs_in() const;
};

/// Bounds that no option lifts: a load ends, and is no flood by a slip of the finger.
inline constexpr double highest_rate = 100'000;
inline constexpr std::size_t most_transactions = 5'000'000;
inline constexpr Duration longest_run = std::chrono::hours(24);

/// Of an SLO. The highest takes 2,995,731 transactions to be known.
inline constexpr double lowest_percentile = 0.001, highest_percentile = 99.9999;

/// The options as a person types them; "" is the profile's default.
struct OptionTexts {
    std::string profile, rate, ramp, slo, duration, warmup, token, storage, key_type, ca_key_type,
        verify, abort_on, within, leaf_ttl, mix, timeout;
    std::vector<std::string> addresses;
    std::optional<std::size_t> clusters, connections, pods, accounts, billed_certificates,
        billed_clients;
    bool find_max = false, all_nodes = false, reconnect = false, existing = false;
};
/// `invalid` names the option, what was expected and what came. Options that each are right and
/// together are not are refused too.
[[nodiscard]] Result<Options> parse_options(const OptionTexts& texts);

}  // namespace meshproof::load
