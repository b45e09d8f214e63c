#include "perf/load/pool.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/crypto/certificate.hpp"
#include "core/spiffe/identity.hpp"

namespace meshproof::load {
namespace {

Pod make_pod(const PoolPlan& plan, const spiffe::TrustDomain& domain, std::size_t number) {
    const auto key = crypto::Key::generate(plan.key_type);
    Pod pod;
    pod.id = spiffe::SpiffeId::workload(domain, "load", fmt::format("pod-{}", number)).text();
    crypto::Csr::Spec spec;
    spec.alt_names.uris.push_back(pod.id);
    const nlohmann::json body{
        {"csr", crypto::Csr::make(spec, key).pem()},
        {"format", "pem"},
        {"ttl", fmt::format("{}s", std::chrono::ceil<std::chrono::seconds>(plan.ttl).count())}};
    pod.sign_body = body.dump();
    pod.spki = key.public_key().spki_der();
    return pod;
}

}  // namespace

std::size_t Pool::most_of(crypto::KeyType type) {
    return crypto::to_string(type).starts_with("rsa") ? most_rsa : most;
}

Pool::Pool(const PoolPlan& plan)
    : pods_(std::clamp<std::size_t>(plan.pods, 1, most_of(plan.key_type))) {
    const auto domain = require(spiffe::TrustDomain::parse(plan.trust_domain));
    const auto threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                                 std::max<std::size_t>(1, pods_.size() / 16));
    std::vector<std::jthread> makers;
    for (std::size_t first = 0; first < threads; ++first) {
        makers.emplace_back([this, &plan, &domain, first, threads] {
            for (auto i = first; i < pods_.size(); i += threads) {
                pods_[i] = make_pod(plan, domain, i);
            }
        });
    }
}

}  // namespace meshproof::load
