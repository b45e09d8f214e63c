#pragma once

#include <optional>
#include <string>

#include "core/base/task.hpp"
#include "core/http/transport.hpp"
#include "fakes/vault/kubernetes_auth/jwt.hpp"
#include "fakes/vault/kubernetes_auth/state.hpp"

/// What a login asks of the API server.
namespace meshproof::fakes::vault {

/// Whether the API server vouches for the login: one POST of a TokenReview (row 149).
[[nodiscard]] Task<bool> review(KubernetesConfig config, std::string audience, Workload workload,
                                std::string jwt, Product product, http::Transport& transport);

/// OpenBao's namespace selector (row 184): the labels of the workload's namespace decide. The text
/// of the refusal, if it is one.
[[nodiscard]] Task<std::optional<std::string>> select_namespace(KubernetesConfig config,
                                                                KubernetesRole role,
                                                                std::string name,
                                                                http::Transport& transport);

}  // namespace meshproof::fakes::vault
