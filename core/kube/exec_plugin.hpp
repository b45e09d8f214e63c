#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/time/time.hpp"

namespace meshproof::kube {

/// A credential plugin, as a user of a kubeconfig names it (client.authentication.k8s.io).
struct ExecPlugin {
    std::string command, api_version;
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< beside ours
};

/// What a plugin gave: a token, a client certificate with its key, or both.
struct ExecCredential {
    Secret token;
    std::string certificate_pem;
    Secret key_pem;
};

/// Runs the plugin, and waits for it at most so long. It may not ask anybody; what it says on
/// stderr goes to ours. A failure is `invalid`, and holds nothing of what it printed.
[[nodiscard]] Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin,
                                                     Duration limit = std::chrono::seconds(60));

}  // namespace meshproof::kube
