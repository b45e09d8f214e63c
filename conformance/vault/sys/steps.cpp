#include "conformance/vault/sys/steps.hpp"

#include "core/run/ending.hpp"

namespace meshproof::conformance::sys {

namespace {

// A standby of Vault knows who leads before it is connected to it, and redirects until then (307).
Task<bool> standbys_forward(Probe& probe, std::size_t active) {
    for (std::size_t i = 0; i < probe.site().target.nodes.size(); ++i) {
        if (i == active) {
            continue;
        }
        const auto own = co_await probe.node(i, "GET", "auth/token/lookup-self");
        if (own.status != 200) {
            co_return false;
        }
    }
    co_return true;
}

}  // namespace

Task<std::size_t> active_node(Probe& probe) {
    constexpr int attempts = 300;
    const auto count = probe.site().target.nodes.size();
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::size_t found = count, standbys = 0;
        std::set<std::string> leaders;
        for (std::size_t i = 0; i < count; ++i) {
            const auto health = co_await probe.node(i, "GET", "sys/health", {}, As::nobody());
            const auto leader = co_await probe.node(i, "GET", "sys/leader", {}, As::nobody());
            if (health.status == 200) {
                found = i;
            }
            standbys += health.status == 429 ? 1 : 0;
            leaders.insert(leader.json.is_object() ? leader.json.value("leader_address", "") : "");
        }
        if (found < count && standbys + 1 == count && leaders.size() == 1 &&
            co_await standbys_forward(probe, found)) {
            co_return found;
        }
        co_await probe.wait(std::chrono::milliseconds(200));
    }
    throw CannotGoOn(Failure{FailureKind::unreachable, "the cluster has no active node", 0, {}});
}

Task<Nodes> nodes(Probe& probe) {
    const auto active = co_await active_node(probe);
    co_return Nodes{active, active == 0 ? std::size_t{1} : std::size_t{0}};
}

http::Headers alone() {
    return {{"X-Vault-No-Request-Forwarding", "true"}};
}

}  // namespace meshproof::conformance::sys
