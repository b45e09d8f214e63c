#include "fakes/vault/kubernetes_auth/trusted_ca.hpp"

#include <algorithm>
#include <iterator>

namespace meshproof::fakes::vault {

namespace {

// OpenBao's defaultHorizon; 30.4 s after the mount was made were seen.
constexpr Duration between_looks = std::chrono::seconds(30);

}  // namespace

void TrustedCa::configure(std::string pem, Time now) {
    configured_.insert_or_assign(now, std::move(pem));
    // Of those that every standby has looked past, only the newest may still be trusted.
    const auto seen = configured_.lower_bound(now - between_looks);
    if (seen != configured_.begin()) {
        configured_.erase(configured_.begin(), std::prev(seen));
    }
}

std::string TrustedCa::at_standby(Time since, Time now) const {
    const auto started = std::max(made_, since);
    if (now < started) {
        return {};
    }
    const auto look = now - (now - started) % between_looks;
    // It looks before what is written in the same moment.
    const auto later = configured_.lower_bound(look);
    return later == configured_.begin() ? std::string() : std::prev(later)->second;
}

}  // namespace meshproof::fakes::vault
