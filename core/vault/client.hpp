#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/crypto/certificate.hpp"
#include "core/http/transport.hpp"
#include "core/vault/product.hpp"

namespace meshproof::vault {

using Json = nlohmann::json;

/// Where a Vault is and how it is asked. `mount` paths below are without leading or trailing slash
/// ("pki_int").
struct Config {
    http::Endpoint endpoint;     ///< url without /v1; TLS trust; timeout
    Secret token;                ///< empty = none is sent
    std::string namespace_name;  ///< X-Vault-Namespace, sent where not empty
};

/// An answer of a logical endpoint: the envelope of wire contract row 1, or a raw body.
struct Reply {
    int status = 0;
    http::Headers headers;
    std::string body;  ///< as it came
    Json json;         ///< the parsed body, or null where it was not JSON

    [[nodiscard]] const Json& data() const;  ///< `data`, or null
    [[nodiscard]] std::vector<std::string> warnings() const;
    [[nodiscard]] std::vector<std::string> errors() const;
};

struct Health {
    int status = 0;
    bool initialized = false, sealed = false, standby = false;
    std::string version;  ///< "2.7.2"
    [[nodiscard]] bool active() const { return initialized && !sealed && !standby; }
};

struct SealStatus {
    bool initialized = false, sealed = false;
    int threshold = 0, shares = 0, progress = 0;
    std::string version, storage_type;
    Product product =
        Product::vault;  ///< told apart by `commit_date` (OpenBao) and `build_date` (Vault), row 25
};

/// A secrets engine or an auth method, as a mount table shows it.
struct Mount {
    std::string path;  ///< without a trailing slash: "pki_int"
    std::string type, accessor, description;
};

/// What a login at an auth method left: its name there, and the entity that it belongs to.
struct EntityAlias {
    std::string id, entity_id, mount_accessor, name;
};

struct Login {
    Secret token;
    std::string accessor;
    std::vector<std::string> policies;
    Duration lease{};
    bool renewable = false;
    std::string type;  ///< "service" or "batch"
    std::vector<std::string> warnings;
};

struct TokenInfo {
    std::string accessor, display_name, path, type;
    std::vector<std::string> policies;
    Duration ttl{}, creation_ttl{}, period{};
    bool renewable = false, orphan = false, root = false;
    std::int64_t num_uses = 0;
};

struct SignRequest {
    std::string csr_pem;
    std::optional<Duration> ttl;  ///< absent = the role's or the mount's
    std::string format = "pem";
    std::string common_name;  ///< sent where not empty
    bool exclude_cn_from_sans = false;
};

struct Issued {
    crypto::Certificate leaf;
    crypto::Certificate issuing_ca;
    std::vector<crypto::Certificate>
        chain;  ///< `ca_chain`, or issuing_ca where that is absent (root-issued)
    std::string serial;
    Time expiration;
    std::string private_key_pem;  ///< `issue` only
    std::vector<std::string> warnings;
};

struct GeneratedCa {
    crypto::Certificate certificate;
    std::string issuer_id, key_id, serial;
    std::vector<std::string> warnings;
};

struct SignedIntermediate {
    std::string
        certificate_pem;  ///< as answered; with format=pem_bundle intermediate, newline, root
    std::vector<crypto::Certificate> certificates;
    std::vector<std::string> warnings;
};

struct ImportedIssuers {
    std::vector<std::string> issuers, keys;
    std::map<std::string, std::string>
        mapping;  ///< issuer id -> key id, "" where the mount has no key for it
};

/// The Vault HTTP API as clients of the mesh flow use it. Writes are PUT, as HashiCorp's own
/// clients send them. Every failure carries the server's texts in Failure::errors. HTTP 307 is
/// followed once. Nothing is retried here.
class Client {
  public:
    Client(http::Transport& transport, Config config);

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] Client with_token(Secret token) const;
    [[nodiscard]] Client with_namespace(std::string name) const;
    [[nodiscard]] Client at(
        http::Url url) const;  ///< the same Vault over another link; keeps the name that TLS checks

    /// Any endpoint: path without /v1 ("sys/mounts"). A non-2xx status is a value here, not a
    /// failure.
    [[nodiscard]] Task<Result<Reply>> request(std::string method, std::string path,
                                              std::optional<Json> body = std::nullopt) const;
    /// As request, but a status outside 2xx is a Failure with the server's texts.
    [[nodiscard]] Task<Result<Reply>> call(std::string method, std::string path,
                                           std::optional<Json> body = std::nullopt) const;

    // sys
    [[nodiscard]] Task<Result<Health>> health() const;
    [[nodiscard]] Task<Result<SealStatus>> seal_status() const;
    [[nodiscard]] Task<Result<void>> seal() const;
    [[nodiscard]] Task<Result<SealStatus>> unseal(Secret key) const;
    [[nodiscard]] Task<Result<void>> enable_secrets(std::string mount, std::string type,
                                                    std::string description = {}) const;
    [[nodiscard]] Task<Result<void>> disable_secrets(std::string mount) const;
    [[nodiscard]] Task<Result<std::vector<Mount>>> secrets_engines() const;
    [[nodiscard]] Task<Result<std::vector<std::string>>> list_secrets() const;  ///< their paths
    [[nodiscard]] Task<Result<void>> tune_secrets(std::string mount, Duration max_lease_ttl) const;
    [[nodiscard]] Task<Result<void>> enable_auth(std::string mount, std::string type,
                                                 std::string description = {}) const;
    [[nodiscard]] Task<Result<std::vector<Mount>>> auth_methods() const;
    [[nodiscard]] Task<Result<std::vector<Mount>>> audit_devices() const;  ///< asks for sudo
    [[nodiscard]] Task<Result<void>> write_policy(std::string name, std::string hcl) const;
    [[nodiscard]] Task<Result<std::string>> read_policy(std::string name) const;
    [[nodiscard]] Task<Result<void>> delete_policy(std::string name) const;
    [[nodiscard]] Task<Result<std::vector<std::string>>> list_policies() const;
    [[nodiscard]] Task<Result<std::vector<std::string>>> capabilities_self(std::string path) const;

    /// The names below a path; none where it holds nothing.
    [[nodiscard]] Task<Result<std::vector<std::string>>> list(std::string path) const;
    /// OpenBao's namespaces below the token's own, without trailing slashes, with their
    /// custom_metadata. A Failure with status 404 where the product has none.
    [[nodiscard]] Task<Result<std::map<std::string, std::map<std::string, std::string>>>>
    namespaces() const;

    // identity
    [[nodiscard]] Task<Result<std::vector<EntityAlias>>> list_entity_aliases() const;
    /// The mount accessors of all aliases of an entity.
    [[nodiscard]] Task<Result<std::vector<std::string>>> alias_accessors_of(
        std::string entity_id) const;

    // pki (mount, then what)
    [[nodiscard]] Task<Result<GeneratedCa>> generate_root(std::string mount, Json parameters) const;
    [[nodiscard]] Task<Result<std::string>> generate_intermediate_csr(std::string mount,
                                                                      Json parameters) const;
    [[nodiscard]] Task<Result<SignedIntermediate>> sign_intermediate(std::string mount,
                                                                     Json parameters) const;
    [[nodiscard]] Task<Result<ImportedIssuers>> set_signed(std::string mount,
                                                           std::string certificate_pem) const;
    [[nodiscard]] Task<Result<void>> configure_urls(std::string mount, Json parameters) const;
    [[nodiscard]] Task<Result<void>> use_issuer_by_default(std::string mount,
                                                           std::string reference) const;
    [[nodiscard]] Task<Result<void>> delete_issuer(std::string mount, std::string reference) const;
    [[nodiscard]] Task<Result<Json>> write_role(std::string mount, std::string role,
                                                Json parameters) const;
    [[nodiscard]] Task<Result<Issued>> sign(std::string mount, std::string role,
                                            SignRequest request) const;
    /// The `sign` endpoint named by a whole path as an integration account holds it:
    /// "pki_int/sign/role".
    [[nodiscard]] Task<Result<Issued>> sign_at(std::string path, SignRequest request) const;
    [[nodiscard]] Task<Result<Issued>> issue(std::string mount, std::string role,
                                             Json parameters) const;
    [[nodiscard]] Task<Result<std::vector<crypto::Certificate>>> ca_chain(std::string mount) const;

    // auth/kubernetes (mount without the auth/ prefix)
    struct KubernetesConfig {
        std::string host;
        std::string ca_pem;
        Secret reviewer_token;  ///< empty = the login JWT reviews itself
    };
    struct KubernetesRole {
        std::vector<std::string> service_accounts, namespaces, policies;
        Duration ttl{};  ///< zero = the mount's default
        Duration max_ttl{};
        std::string audience;
        std::string token_type;  ///< "" = service
    };
    [[nodiscard]] Task<Result<void>> configure_kubernetes(std::string mount,
                                                          KubernetesConfig config) const;
    [[nodiscard]] Task<Result<void>> write_kubernetes_role(std::string mount, std::string role,
                                                           KubernetesRole spec) const;
    [[nodiscard]] Task<Result<Login>> login_kubernetes(std::string mount, std::string role,
                                                       Secret jwt) const;

    // auth/token
    [[nodiscard]] Task<Result<TokenInfo>> lookup_self() const;
    [[nodiscard]] Task<Result<void>> revoke_self() const;

  private:
    http::Transport* transport_;
    Config config_;
};

/// The Failure for an answer outside 2xx: its kind by status, the server's texts, and "METHOD PATH:
/// 403 permission denied" as message.
[[nodiscard]] Failure failure_of(std::string_view method, std::string_view path,
                                 const Reply& reply);

}  // namespace meshproof::vault
