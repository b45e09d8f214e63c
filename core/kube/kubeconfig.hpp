#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/http/transport.hpp"

namespace meshproof::kube {

/// What one context of a kubeconfig says, resolved: files read, paths relative to the kubeconfig's
/// own folder.
struct Access {
    std::string context, cluster, user, namespace_name;  ///< namespace_name "" = default
    http::Endpoint endpoint;  ///< server URL, its CA, client certificate, tls-server-name,
                              ///< insecure-skip-tls-verify
    std::string ca_pem;  ///< the cluster's CA bundle as text (Vault takes it as kubernetes_ca_cert)
    Secret token;        ///< bearer token, empty where the user has a client certificate
};

/// Whether a user's credential plugin (exec) may be run: it is a program that somebody's file
/// names.
enum class ExecPlugins { refused, run };

/// A kubeconfig file. Auth-provider plugins are refused with a message that says what to do
/// instead, exec plugins where they may not be run.
class Kubeconfig {
  public:
    /// Reads and checks one file; invalid names the file and the field.
    [[nodiscard]] static Result<Kubeconfig> load(const std::string& path);
    [[nodiscard]] static Result<Kubeconfig> parse(std::string_view yaml, std::string_view folder);
    [[nodiscard]] const std::string& current_context() const { return current_; }
    [[nodiscard]] std::vector<std::string> contexts() const;
    /// "" = the current context.
    [[nodiscard]] Result<Access> access(std::string_view context = {},
                                        ExecPlugins plugins = ExecPlugins::refused) const;

    struct Document;  ///< the parsed file

  private:
    std::string current_;
    std::shared_ptr<const Document> document_;
};

/// The text of a kubeconfig with one cluster, user and context, certificate data inline; the token
/// inline (write it 0600).
[[nodiscard]] std::string write_kubeconfig(const Access& access);

}  // namespace meshproof::kube
