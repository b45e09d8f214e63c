#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/http/transport.hpp"
#include "core/kube/kubeconfig.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::run {

/// Looks up an environment variable by name. Given in by tests; otherwise the machine's own.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] std::optional<std::string> machine_variable(const std::string& name);
/// The variable's value, nothing where it is empty. For VAULT_X that of BAO_X too, where the first
/// is not set.
[[nodiscard]] std::optional<std::string> filled(const Variables& variables,
                                                const std::string& name);
/// Says which variables that the servers' own clients go by have no effect here.
void warn_of_ignored(const Variables& variables);

// How a file that people write names a server. What is wrong is noted in the section.

/// The token in a text, without the blanks around it. Refused where a header cannot carry it.
[[nodiscard]] Secret read_secret_word(YamlSection& section, std::string_view name,
                                      std::string_view text);

/// Refuses a token that was written where the name of its file belongs, without repeating it.
[[nodiscard]] bool refuse_token_as_name(YamlSection& section, std::string_view name);
/// Says aloud where others than its owner may read or change the file that a member names.
void warn_of_others(YamlSection& section, std::string_view name);

/// A Vault, by address, ca_file, tls_server_name and skip_verify. VAULT_ADDR, VAULT_CACERT,
/// VAULT_TLS_SERVER_NAME and VAULT_SKIP_VERIFY fill in what is left out.
[[nodiscard]] http::Endpoint read_vault_endpoint(YamlSection& section, const Variables& variables);
/// An API server, by kubeconfig and context. KUBECONFIG fills in the first.
[[nodiscard]] kube::Access read_kubeconfig_access(YamlSection& section, const Variables& variables);

/// Where Kubernetes puts a pod's token and the CA of its API server.
inline constexpr std::string_view pod_folder = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Whether this runs in a pod and no kubeconfig is named: then clients go by the pod's own account.
[[nodiscard]] bool goes_by_pod(const YamlSection& section, const Variables& variables);
/// The API server of the pod that this runs in, by KUBERNETES_SERVICE_HOST and _PORT and the
/// folder.
[[nodiscard]] kube::Access read_pod_access(YamlSection& section, const Variables& variables,
                                           const std::string& folder);

}  // namespace meshproof::run
