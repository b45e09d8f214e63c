#pragma once

#include <optional>
#include <string>

#include "core/http/message.hpp"
#include "core/mesh/ca_bundle.hpp"

namespace meshproof::mesh {

/// What a person enters in the New Vault Integration dialog. Empty = left out.
struct AccountSpec {
    std::string name;  ///< required, unique
    std::string description;
    std::string label;            ///< default "Certificate Authority: NAME"
    std::string url;              ///< required, https://host:port or http://…
    std::string service_account;  ///< required, a DNS-1123 subdomain
    std::string role;             ///< required: the Kubernetes auth role in Vault
    std::string pki_path;         ///< required: MOUNT/sign/ROLE
    std::string mount_path;       ///< default /v1/auth/kubernetes; format /v1/auth/NAME
    std::string vault_namespace;
    std::string ca_chain_pem;  ///< optional
};

/// A validated Vault CA integration account. Only the description and the service account name can
/// change later.
class IntegrationAccount {
  public:
    /// Every rule of the page; invalid names the field, what was given (never key material) and
    /// what was expected.
    [[nodiscard]] static Result<IntegrationAccount> create(AccountSpec spec);

    [[nodiscard]] const std::string& name() const { return spec_.name; }
    [[nodiscard]] const std::string& description() const { return spec_.description; }
    [[nodiscard]] const std::string& label() const { return spec_.label; }
    [[nodiscard]] const http::Url& url() const { return url_; }
    [[nodiscard]] const std::string& service_account() const { return spec_.service_account; }
    [[nodiscard]] const std::string& role() const { return spec_.role; }
    [[nodiscard]] const std::string& pki_path() const {
        return spec_.pki_path;
    }  ///< "pki_int/sign/example-dot-com"
    [[nodiscard]] const std::string& mount_path() const {
        return spec_.mount_path;
    }  ///< "/v1/auth/c1"
    [[nodiscard]] std::string auth_mount() const;  ///< "c1"
    [[nodiscard]] const std::string& vault_namespace() const { return spec_.vault_namespace; }
    [[nodiscard]] const std::optional<CaBundle>& ca_chain() const { return chain_; }

    [[nodiscard]] Result<void> set_service_account(std::string name);
    void set_description(std::string text) { spec_.description = std::move(text); }

  private:
    AccountSpec spec_;
    http::Url url_;
    std::optional<CaBundle> chain_;
};

}  // namespace meshproof::mesh
