#include "fakes/vault/server/nodes.hpp"

#include <algorithm>
#include <charconv>

namespace meshproof::fakes::vault {

namespace {

using namespace std::chrono_literals;

// Seen on three-node clusters (row 171).
constexpr Duration after_opening = 500ms;
constexpr Duration after_step_down = 600ms;
constexpr Duration after_seal = 2s;
constexpr Duration after_crash = 17s;
constexpr Duration sitting_out = 10s;

bool votes(const VaultNode& node) {
    return node.joined && !node.crashed && !node.seal.sealed();
}

}  // namespace

// As the real servers default it: https, and the API's port plus one.
std::string VaultNode::cluster_address() const {
    const auto scheme = api_address.find("://");
    auto place = api_address.substr(scheme == std::string::npos ? 0 : scheme + 3);
    const auto colon = place.rfind(':');
    unsigned port = 8200;
    if (colon != std::string::npos) {
        std::from_chars(place.data() + colon + 1, place.data() + place.size(), port);
        place.resize(colon);
    }
    return fmt::format("https://{}:{}", place, port + 1);
}

VaultNode& VaultNodes::add(VaultNode node) {
    node.leader = active_;
    nodes_.push_back(std::make_unique<VaultNode>(std::move(node)));
    return *nodes_.back();
}

VaultNode* VaultNodes::find(std::string_view api_address) const {
    for (const auto& node : nodes_) {
        if (node->api_address == api_address) {
            return node.get();
        }
    }
    return nullptr;
}

bool VaultNodes::has_quorum() const {
    const auto members =
        std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->joined; });
    const auto there =
        std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) { return votes(*node); });
    return there * 2 > members;
}

void VaultNodes::activate(VaultNode& node, Time now) {
    active_ = &node;
    node.active_since = now;
    for (const auto& other : nodes_) {
        if (votes(*other)) {
            other->leader = &node;
        }
    }
}

void VaultNodes::settle(Time now) {
    if (active_ != nullptr && !has_quorum()) {
        active_ = nullptr;
    }
    if (active_ != nullptr || now < election_ends_ || !has_quorum()) {
        return;
    }
    for (const auto& node : nodes_) {
        if (votes(*node) && node->sits_out_until <= now) {
            activate(*node, now);
            return;
        }
    }
}

void VaultNodes::elect_after(Duration pause, Time now) {
    active_ = nullptr;
    election_ends_ = now + pause;
}

void VaultNodes::opened(VaultNode& node, Time now) {
    node.running_since = now;
    if (!raft_) {
        activate(node, now);
        return;
    }
    node.leader = active_;
    if (active_ == nullptr && election_ends_ <= now) {
        elect_after(after_opening, now);
    }
}

void VaultNodes::stepped_down(VaultNode& node, Time now) {
    node.leader = nullptr;
    node.sits_out_until = now + sitting_out;
    node.running_since = now;
    elect_after(after_step_down, now);
}

void VaultNodes::sealed(VaultNode& node, Time now) {
    node.leader = nullptr;
    if (active_ != &node) {
        return;
    }
    for (const auto& other : nodes_) {
        other->leader = nullptr;
    }
    elect_after(after_seal, now);
}

void VaultNodes::crashed(VaultNode& node, Time now) {
    node.crashed = true;
    // The others go on naming it until somebody else leads.
    if (active_ == &node) {
        elect_after(after_crash, now);
    }
}

}  // namespace meshproof::fakes::vault
