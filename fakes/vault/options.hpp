#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "core/time/time.hpp"
#include "fakes/saboteurs.hpp"
#include "fakes/service_times.hpp"
#include "fakes/vault/logical/product.hpp"

namespace meshproof {
class Worker;
}  // namespace meshproof

namespace meshproof::fakes::vault {

/// The one version of each product that is played.
[[nodiscard]] constexpr std::string_view played_version(Product product) {
    return product == Product::openbao ? "2.7.2" : "1.14.1";
}

struct FakeVaultOptions {
    Product product = Product::openbao;  ///< OpenBao 2.7.2 or Vault 1.14.1
    std::uint64_t seed = 1;
    Secret root_token{"root"};
    int key_shares = 1, key_threshold = 1;
    bool initialised = true;        ///< it starts initialised and unsealed; false = as a new server
    std::string storage = "inmem";  ///< or "raft": several nodes may form one Vault
    std::string api_address = "https://vault";  ///< of the first node, for redirects
    std::string name = "vault";                 ///< its host name in sim
    Saboteurs saboteurs;
    /// Capacity of sign, issue and login: each takes `sign_service_time` of the clock, at most
    /// `sign_concurrency` at once (0 = no limit), the others wait in line. So throughput never
    /// exceeds concurrency / service time.
    Duration sign_service_time{};
    int sign_concurrency = 0;
    ServiceTimes service_times;  ///< as measured; with workers, instead of the two above
    /// Reads large bodies while others are served; null = everything in its turn. Outlives the
    /// server.
    Worker* worker = nullptr;
    /// Called after each request, for traces and tests: method, path without query, status, time of
    /// the answer. No secrets.
    std::function<void(std::string_view method, std::string_view path, int status, Time now)>
        on_request;
};

}  // namespace meshproof::fakes::vault
