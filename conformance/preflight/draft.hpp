#pragma once

#include <string>
#include <string_view>

namespace meshproof::preflight {

/// What a new account file says; the rest has the integration page's own names.
struct Draft {
    std::string name = "my-mesh";
    std::string vault = "https://vault.example.com:8200";
    std::string vault_ca, vault_namespace;  ///< "" = not written
    std::string auth_mount = "kubernetes", auth_role = "pki_int";
    std::string sign_path = "pki_int/sign/example-dot-com";
    std::string ca_bundle = "mesh-ca.pem";
    std::string trust_domain = "cluster.local";
    std::string kubeconfig, context;  ///< "" = not written: KUBECONFIG, its current context
    std::string namespace_name = "istio-system", service_account = "vault-issuer";
};

/// docs/account.schema.json, and the name by which a new account file tells editors of it: beside
/// the file itself, so that nothing is asked of the network.
extern const std::string_view account_schema;
inline constexpr std::string_view account_schema_file = "account.schema.json";

/// An account file (docs/account.md), with a line for editors and a comment for whoever fills it
/// in. It holds no secret.
[[nodiscard]] std::string account_yaml(const Draft& draft);

}  // namespace meshproof::preflight
