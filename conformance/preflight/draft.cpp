#include "conformance/preflight/draft.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace meshproof::preflight {
namespace {

/// "  role: "pki_int"\n": a text of JSON is one of YAML, whatever is in it. Nothing for "".
std::string yaml_line(std::string_view member, const std::string& text) {
    using Text = nlohmann::json;
    return text.empty()
               ? std::string()
               : fmt::format("{}: {}\n", member,
                             Text(text).dump(-1, ' ', false, Text::error_handler_t::replace));
}

/// The line, or what shows whoever fills in the file what would stand there.
std::string line_or(std::string line, std::string_view shown) {
    return line.empty() ? std::string(shown) : line;
}

}  // namespace

std::string account_yaml(const Draft& draft) {
    return fmt::format("# yaml-language-server: $schema={}\n", account_schema_file) +
           "# What a mesh has at its Vault: docs/account.md tells every member. Paths are relative "
           "to "
           "this\n# file's folder. Tokens and keys stay in files of their own.\n" +
           yaml_line("name", draft.name) + "vault:\n" + yaml_line("  address", draft.vault) +
           line_or(yaml_line("  ca_file", draft.vault_ca),
                   "  # ca_file: vault-ca.pem  # else VAULT_CACERT, else the machine's own CAs\n") +
           yaml_line("  namespace", draft.vault_namespace) +
           "  # token_file: vault-token  # may read the configuration; else VAULT_TOKEN\n"
           "auth:\n" +
           yaml_line("  mount", draft.auth_mount) + yaml_line("  role", draft.auth_role) +
           "pki:\n" + yaml_line("  sign_path", draft.sign_path) +
           yaml_line("  ca_bundle_file", draft.ca_bundle) +
           yaml_line("trust_domain", draft.trust_domain) + "# ttl: 1h  # asked for each leaf\n" +
           "cluster:\n" +
           line_or(
               yaml_line("  kubeconfig", draft.kubeconfig),
               "  # kubeconfig: kubeconfig  # else KUBECONFIG; or jwt_file, a token at hand\n") +
           yaml_line("  context", draft.context) + yaml_line("  namespace", draft.namespace_name) +
           yaml_line("  service_account", draft.service_account) +
           "  # audience: vault  # of its tokens, where the auth role wants one\n";
}

}  // namespace meshproof::preflight
