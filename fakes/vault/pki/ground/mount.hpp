#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/key.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/pki/ground/role.hpp"

namespace meshproof::fakes::vault::pki {

/// Authority information access and CRL URLs: of the mount (config/urls) or of one issuer.
struct AiaUrls {
    std::vector<std::string> issuing_certificates, crl_distribution_points,
        delta_crl_distribution_points, ocsp_servers;
    bool templating = false;
    [[nodiscard]] bool empty() const {
        return issuing_certificates.empty() && crl_distribution_points.empty() &&
               ocsp_servers.empty();
    }
};

struct SigningKey {
    std::string id, name;
    crypto::Key key;
};

/// What an issuer may be used for, combined with |.
enum IssuerUsage : unsigned {
    read_only = 1U << 0,
    issuing_certificates = 1U << 1,
    crl_signing = 1U << 2,
    ocsp_signing = 1U << 3,
};
inline constexpr unsigned every_usage =
    read_only | issuing_certificates | crl_signing | ocsp_signing;
/// "crl-signing,issuing-certificates": sorted by name.
[[nodiscard]] std::string usage_names(unsigned usage);
[[nodiscard]] std::optional<unsigned> parse_usage(const std::vector<std::string>& names);

struct Issuer {
    std::string id, name;
    std::string key_id;  ///< "" = no key in this mount
    crypto::Certificate certificate;
    std::vector<std::string> manual_chain;        ///< issuer ids, itself first
    std::string leaf_not_after_behavior = "err";  ///< err, truncate or permit
    unsigned usage = every_usage;
    std::string revocation_signature_algorithm;
    std::optional<Time> revoked_at;
    std::optional<AiaUrls> aia;
    std::set<std::string, std::less<>> emptied_urls;  ///< lists of `aia` that held some once
    std::optional<Time> changed_at;                   ///< of what is served of it (row 134)
};

/// A revoked certificate. `issuer_id` is empty where its issuer is not in the mount.
struct Revocation {
    crypto::Certificate certificate;
    Time at;
    std::string issuer_id;
    bool by_issuer = false;  ///< through issuer/REF/revoke: its issuer is not told
};

/// config/crl. Durations stay as they were written, as the real servers give them back.
struct CrlConfig {
    std::string expiry = "72h";
    bool disable = false;
    bool ocsp_disable = false;
    std::string ocsp_expiry = "12h";
    bool auto_rebuild = false;
    std::string auto_rebuild_grace_period = "12h";
    bool enable_delta = false;
    std::string delta_rebuild_interval = "15m";
    bool allow_expired_cert_revocation = false;  ///< OpenBao
    bool cross_cluster_revocation = false;       ///< Vault
    bool unified_crl = false;                    ///< Vault
    bool unified_crl_on_existing_paths = false;  ///< Vault
};

/// The lists of one CA (subject and key), which several issuers may share.
struct CrlPair {
    std::uint64_t number = 0;  ///< the last one given out
    std::uint64_t base = 0;    ///< the complete list's
    crypto::Crl complete, delta;
    Time expires;                  ///< the complete list's next update
    std::set<std::string> listed;  ///< serials in the complete list
    std::set<std::string> delta_listed;
};

/// An issuer that was deleted, with its key.
struct RemovedCa {
    Issuer issuer;
    SigningKey key;
};

/// What a saboteur (ground/saboteurs.hpp, issuer_store.cpp) has to know of what came before.
struct SaboteurMemory {
    Bytes first_serial;
    std::optional<crypto::PublicKey> previous_csr_key;
    std::optional<crypto::AltNames> first_csr_names;
    std::optional<RemovedCa> removed_ca;
};

/// What happens in the background (pki/timers.hpp).
struct Timers {
    std::optional<Time> started;  ///< the mount's first request
    Time last_look, last_delta, last_tidy;
};

/// The whole state of one PKI mount. Rules are the free functions of the pki_*.hpp files.
struct Mount {
    explicit Mount(BackendContext context)
        : product(context.product), prng(context.prng), saboteurs(context.saboteurs) {}

    Product product;
    Prng prng;
    const Saboteurs* saboteurs;
    std::string uuid = make_uuid(prng);  ///< internal_backend_uuid of tidy-status

    std::vector<Issuer> issuers;  ///< oldest first
    std::vector<SigningKey> keys;
    std::string default_issuer, default_key;  ///< ids, "" = none
    bool default_follows_latest_issuer = false;
    AiaUrls urls;
    std::string cluster_path, cluster_aia_path;
    std::map<std::string, Role, std::less<>> roles;
    std::map<std::string, crypto::Certificate, std::less<>> certificates;  ///< by serial text
    std::map<std::string, Revocation, std::less<>> revocations;            ///< by serial text
    CrlConfig crl_config;
    std::map<std::string, CrlPair, std::less<>> crls;  ///< by the CA's subject and key id
    std::optional<Time> lists_signed_at;  ///< the latest of them, also when its CA is gone

    Json tidy_status, auto_tidy;  ///< null until set
    Timers timers;

    SaboteurMemory saboteur_memory;

    [[nodiscard]] bool openbao() const { return product == Product::openbao; }

    /// By id only; null where absent.
    [[nodiscard]] Issuer* issuer(std::string_view id);
    [[nodiscard]] SigningKey* key(std::string_view id);
    /// A random serial number below 2^159 without a leading zero byte (row 90).
    [[nodiscard]] Bytes new_serial();
};

/// One request on a route, after routing and field coercion.
struct PkiCall {
    const BackendRequest& request;
    const FieldData& fields;
    std::map<std::string, std::string, std::less<>> path;  ///< what the pattern's :names matched

    [[nodiscard]] Time now() const { return request.now; }
    [[nodiscard]] std::string captured(std::string_view name, std::string_view fallback = {}) const;
    [[nodiscard]] bool patch() const { return request.operation == Operation::patch; }
};

/// A value, or the answer that ends the request.
template <class T = void>
using Checked = tl::expected<T, BackendResponse>;

/// A validation failure: 400 with this text.
[[nodiscard]] tl::unexpected<BackendResponse> refuse(std::string text);
/// A Go error: 500 with this text, wrapped on authenticated paths.
[[nodiscard]] tl::unexpected<BackendResponse> go_error(std::string text);

/// 404 with an empty list of errors (row 4).
[[nodiscard]] BackendResponse not_found();
[[nodiscard]] BackendResponse raw_answer(std::string content_type, std::string body);

}  // namespace meshproof::fakes::vault::pki
