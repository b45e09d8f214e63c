#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"

namespace meshproof {
class Worker;
}  // namespace meshproof

namespace meshproof::fakes {

/// The version of kube-apiserver that is played.
inline constexpr std::string_view played_kube_version = "1.34.4";

struct FakeKubeOptions {
    std::uint64_t seed = 1;
    Secret admin_token{"admin"};                            ///< a user in system:masters
    std::string issuer = "https://kubernetes.default.svc";  ///< also the API audience
    std::string name = "kube";                              ///< its host name in sim
    std::string ca_pem;  ///< the CA of its serving port, for kube-root-ca and legacy tokens' ca.crt
    bool es256 = false;  ///< sign tokens with P-256 instead of RSA-2048
    /// What the changes may weigh that are kept for those who watch from an earlier version.
    std::size_t history = 256U << 20;
    /// Reads large bodies while others are served; another one then answers what takes long. Null =
    /// everything in its turn. Outlives the server.
    Worker* worker = nullptr;
};

}  // namespace meshproof::fakes
