#include "core/world/monitors.hpp"

#include "core/base/text.hpp"
#include "core/crypto/chain.hpp"

namespace meshproof::run {
namespace {

// Certificates hold whole seconds.
constexpr Duration one_second = std::chrono::seconds(1);

// By how much both products date a leaf back (a role's not_before_duration) unless told otherwise.
constexpr Duration usual_backdate = std::chrono::seconds(30);

// The events of an agent that has to wait and try again.
constexpr std::array<std::string_view, 4> refusals = {"token request refused", "login refused",
                                                      "sign refused", "leaf rejected"};

// Whose account has changed asks at once, and so does who begins anew, or is told to.
constexpr std::array<std::string_view, 3> out_of_turn = {"ca connected", "node agent restarted",
                                                         "asked to renew now"};

std::string owner_hash(const crypto::PublicKey& key) {
    return to_hex(key.key_id());
}

}  // namespace

void Monitors::violate(std::string text) {
    // The first one says what went wrong; a broken invariant tends to repeat itself for every pod.
    constexpr std::size_t most = 20;
    if (violations_.size() < most) {
        violations_.push_back("monitor: " + trace_->redacted(text));
    }
    if (!trace_->add(violation_event(text)) && violations_.size() < most) {
        violations_.emplace_back("monitor: a secret reached the trace");
    }
}

void Monitors::on_event(const mesh::Event& event) {
    add(mesh_event(event.what, event.fields));
    check_pace(event);
    if (event.what == "leaf rejected") {  // an agent judges a leaf as soon as it comes
        ++rejected_leaves_;
        rejected_.insert(arrived_at_);
    }
}

void Monitors::check_pace(const mesh::Event& event) {
    const auto field = [&](std::string_view name) {
        const auto found =
            std::ranges::find(event.fields, name, &std::pair<std::string, std::string>::first);
        return found == event.fields.end() ? std::string() : found->second;
    };
    const auto cluster = field("cluster");
    const Duration at = trace_->events().back().at;
    if (std::ranges::find(out_of_turn, event.what) != out_of_turn.end()) {
        std::erase_if(refused_at_, [&](const auto& entry) { return entry.first.first == cluster; });
        std::erase_if(spared_, [&](const auto& pod) { return pod.first == cluster; });
        out_of_turn_at_[cluster] = at;
        return;
    }
    if (std::ranges::find(refusals, event.what) == refusals.end()) {
        return;
    }
    const auto pod = field("pod");
    // It may have been under way when there was reason to ask anew.
    const auto reason = out_of_turn_at_.find(cluster);
    if (reason != out_of_turn_at_.end() && at - reason->second < between_refusals_ &&
        spared_.emplace(cluster, pod).second) {
        return;
    }
    const auto [last, fresh] = refused_at_.emplace(std::pair(cluster, pod), at);
    // The trace's times are cut to milliseconds.
    if (!fresh && at - last->second + std::chrono::milliseconds(1) + slack_ < between_refusals_) {
        violate(fmt::format("pod {} was refused again after {} ({}): it must wait for {}", pod,
                            human_duration(at - last->second), event.what,
                            human_duration(between_refusals_)));
    }
    last->second = at;
}

void Monitors::add(TraceEvent event) {
    const auto what = event.kind;
    if (!trace_->add(std::move(event))) {
        violate("a secret reached the trace in \"" + what + "\"");
    }
}

void Monitors::on_leaf(const mesh::LeafIssued& seen) {
    const auto whose = fmt::format("the leaf of pod {}", seen.pod);
    arrived_at_ = seen.pod;
    rejected_.erase(seen.pod);
    on_event(
        {"leaf", {{"cluster", seen.cluster}, {"pod", seen.pod}, {"id", seen.requested_id.text()}}});
    check_spread(seen);
    const auto key = seen.leaf.public_key();
    if (!(key == seen.requested_key)) {
        violate(whose + " certifies another key than its request's");
    }
    const auto [owner, fresh] = key_owner_.emplace(owner_hash(key), seen.pod_uid);
    if (!fresh && owner->second != seen.pod_uid) {
        violate(whose + " holds a key that another pod used");
    }
    if (seen.chain.empty()) {
        violate(whose + " came without its issuer");
        return;
    }
    const auto& issuer = seen.chain.front();
    const std::pair name(seen.leaf.serial(), issuer.fingerprint());
    if (!serials_.emplace(name, seen.leaf.not_after() - seen.at).second) {
        violate(whose + " has a serial number that its issuer used before");
    }
    // An already expired leaf is refused by its agent; what must never be is one that outlives its
    // issuer.
    if (seen.leaf.not_after() > issuer.not_after()) {
        violate(fmt::format("{} outlives its issuer: {} is after {}", whose,
                            rfc3339(seen.leaf.not_after()), rfc3339(issuer.not_after())));
    }
    if (const auto limit = max_ttl_.find(issuer.fingerprint()); limit != max_ttl_.end()) {
        // The server dates a leaf; the mesh's own date may be behind.
        const auto signed_at = std::max(seen.at, seen.leaf.not_before() + usual_backdate);
        if (seen.leaf.not_after() > signed_at + limit->second + slack_ + one_second) {
            violate(fmt::format("{} outlives its role's max_ttl of {}", whose,
                                human_duration(limit->second)));
        }
    }
}

// Agents draw when they renew from a tenth of what is left of a leaf. Where several renewals in a
// row come after the same share of it, nobody draws, and pods that began together renew together.
std::optional<Duration> Monitors::left_on_arrival(const std::string& serial) const {
    const auto found = serials_.lower_bound({serial, std::string()});
    return found == serials_.end() || found->first.first != serial ? std::nullopt
                                                                   : std::optional(found->second);
}

void Monitors::check_spread(const mesh::LeafIssued& seen) {
    constexpr double earliest = 0.55, latest = 0.8;  // of what was left: others were made to renew
    constexpr std::size_t in_a_row = 7;
    constexpr double same = 0.0005;  // an honest mesh comes so near once in ten thousand millions
    constexpr int apart = 100;       // of what was left; those at one moment were maybe all made to
    if (seen.pod_uid.empty()) {
        return;  // a health check's
    }
    const Duration at = trace_->events().back().at;
    const Arrival now{at, seen.leaf.not_after() - seen.at};
    const auto [last, is_first] = last_leaf_.emplace(seen.pod_uid, now);
    const auto before = std::exchange(last->second, now);
    if (is_first || before.left <= Duration::zero()) {
        return;
    }
    const auto share =
        static_cast<double>((at - before.at).count()) / static_cast<double>(before.left.count());
    if (share < earliest || share > latest ||
        (share_noted_ && at - *share_noted_ < before.left / apart)) {
        return;
    }
    share_noted_ = at;
    shares_.push_back(share);
    if (shares_.size() < in_a_row) {
        return;
    }
    const auto [least, most] = std::ranges::minmax(shares_);
    if (most - least < same) {
        violate(
            fmt::format("{} renewals in a row came after {:.4f} of what was left of a leaf: "
                        "pods that began together renew together",
                        in_a_row, most));
    }
    shares_.erase(shares_.begin());
}

void Monitors::on_handshake(const mesh::HandshakeSeen& seen) {
    ++handshakes_;
    auto event = mesh_event(seen.accepted ? "mtls accepted" : "mtls refused",
                            {{"from", seen.client.pod}, {"to", seen.server.pod}});
    event.actor = fmt::format("{}/{}", seen.client.cluster, seen.client.pod);
    add(std::move(event));
    if (!seen.accepted) {
        return;
    }
    const auto check = [&](const mesh::HandshakeSeen::Side& shown,
                           const mesh::HandshakeSeen::Side& judge, crypto::Purpose purpose) {
        const auto whose = fmt::format("handshake {} -> {}: the leaf of {}", seen.client.pod,
                                       seen.server.pod, shown.pod);
        if (!shown.leaf) {
            violate(whose + " was accepted and there is none");
            return;
        }
        // Valid through its last second (RFC 5280 4.1.2.5).
        if (shown.leaf->not_after() + one_second + slack_ <= seen.at) {
            violate(fmt::format("{} was accepted after it expired at {}", whose,
                                rfc3339(shown.leaf->not_after())));
            return;
        }
        if (shown.leaf->not_before() > seen.at + slack_) {
            violate(fmt::format("{} was accepted before it is valid at {}", whose,
                                rfc3339(shown.leaf->not_before())));
            return;
        }
        const auto id = spiffe::svid_id(*shown.leaf);
        if (!id) {
            violate(fmt::format("{} was accepted and is no SVID: {}", whose, id.error().message));
        } else if (!(id->trust_domain() == judge.trust_domain)) {
            violate(fmt::format("{} was accepted from the foreign trust domain {}", whose,
                                id->trust_domain().name()));
        }
        // With slack, the leaf may have expired between the handshake and now: judge at a moment
        // inside its life.
        const auto at = std::clamp(seen.at, shown.leaf->not_before(), shown.leaf->not_after());
        const auto verdict = crypto::verify_chain({.leaf = *shown.leaf,
                                                   .intermediates = shown.intermediates,
                                                   .trust = judge.trust,
                                                   .at = at,
                                                   .purpose = purpose,
                                                   .crls = {},
                                                   .all_anchors = true});
        if (!verdict.accepted()) {
            violate(fmt::format("{} was accepted and does not chain to the trust store: {}", whose,
                                verdict.detail));
        }
    };
    check(seen.client, seen.server, crypto::Purpose::tls_client);
    check(seen.server, seen.client, crypto::Purpose::tls_server);
    if (seen.server.leaf) {
        if (const auto id = spiffe::svid_id(*seen.server.leaf);
            id && !(*id == seen.expected_server)) {
            violate(fmt::format("handshake {} -> {}: {} answered for {}", seen.client.pod,
                                seen.server.pod, id->text(), seen.expected_server.text()));
        }
    }
}

void Monitors::limit_leaves(const crypto::Certificate& issuer, Duration max_ttl) {
    auto& limit = max_ttl_[issuer.fingerprint()];
    // Several roles of one issuer: the widest bounds them all.
    limit = std::max(limit, max_ttl);
}

void Monitors::on_request(std::string_view caller, std::string_view method, std::string_view target,
                          std::string_view body) {
    if (body.find("PRIVATE KEY") != std::string_view::npos) {
        violate(fmt::format("a private key left {} in {} {}", caller, method, target));
    }
}

}  // namespace meshproof::run
