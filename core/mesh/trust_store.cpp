#include "core/mesh/trust_store.hpp"

#include <algorithm>

namespace meshproof::mesh {
namespace {

using Certificates = std::vector<crypto::Certificate>;

constexpr const char* current_key = "ca.pem";
constexpr const char* retired_key = "retired.pem";
constexpr const char* public_key = "public-roots";  // "current" or "retired"

bool holds(const Certificates& all, const crypto::Certificate& one) {
    return std::ranges::find(all, one) != all.end();
}

std::string pem_of(const Certificates& all) {
    std::string pem;
    for (const auto& one : all) {
        pem += one.pem();
    }
    return pem;
}

Result<Certificates> read(const std::map<std::string, std::string>& data, const char* key) {
    const auto found = data.find(key);
    if (found == data.end() || found->second.empty()) {
        return Certificates();
    }
    auto all = crypto::Certificate::all_from_pem(found->second);
    if (!all) {
        return propagate(all, key);
    }
    return std::move(*all);
}

// Every retired certificate on the way from a leaf to its root.
void mark_above(const crypto::TlsIdentity& shown, const Certificates& retired, Certificates& kept) {
    constexpr int longest = 8;  // a bundle has three, and a loop must end
    auto below = shown.leaf;
    for (int i = 0; i < longest && !below.self_signed(); ++i) {
        const auto signs = [&below](const auto& ca) { return below.signed_by(ca); };
        if (const auto ours = std::ranges::find_if(retired, signs); ours != retired.end()) {
            if (!holds(kept, *ours)) {
                kept.push_back(*ours);
            }
            below = *ours;
        } else if (const auto sent = std::ranges::find_if(shown.intermediates, signs);
                   sent != shown.intermediates.end()) {
            below = *sent;
        } else {
            return;
        }
    }
}

}  // namespace

Certificates TrustStore::all() const {
    auto both = current;
    both.insert(both.end(), retired.begin(), retired.end());
    return both;
}

void TrustStore::connect(Certificates bundle) {
    for (auto& one : current) {
        if (!holds(retired, one)) {
            retired.push_back(std::move(one));
        }
    }
    retired_publicly = (retired_publicly || publicly) && !bundle.empty();
    publicly = bundle.empty();
    current = std::move(bundle);
    std::erase_if(retired, [this](const auto& one) { return holds(current, one); });
}

void TrustStore::keep_only_above(std::span<const crypto::TlsIdentity> leaves, Time now,
                                 const Certificates& own) {
    Certificates kept;
    bool needs_machines = false;
    for (const auto& shown : leaves) {
        if (!shown.leaf.valid_at(now)) {
            continue;
        }
        crypto::ChainQuestion question;
        question.leaf = shown.leaf;
        question.intermediates = shown.intermediates;
        question.trust = current;
        question.at = now;
        if (publicly) {
            question.trust.insert(question.trust.end(), own.begin(), own.end());
            question.system_trust = true;
        }
        if (crypto::verify_chain(question).accepted()) {
            continue;
        }
        mark_above(shown, retired, kept);
        question.trust = all();
        needs_machines |= !crypto::verify_chain(question).accepted();
    }
    std::erase_if(retired, [&kept](const auto& one) { return !holds(kept, one); });
    retired_publicly = retired_publicly && needs_machines;
}

std::map<std::string, std::string> TrustStore::data() const {
    std::map<std::string, std::string> data{{current_key, pem_of(current)}};
    if (!retired.empty()) {
        data.emplace(retired_key, pem_of(retired));
    }
    if (system()) {
        data.emplace(public_key, publicly ? "current" : "retired");
    }
    return data;
}

Result<TrustStore> TrustStore::parse(const std::map<std::string, std::string>& data) {
    TrustStore store;
    auto current = read(data, current_key);
    if (!current) {
        return propagate(current);
    }
    auto retired = read(data, retired_key);
    if (!retired) {
        return propagate(retired);
    }
    store.current = std::move(*current);
    store.retired = std::move(*retired);
    if (const auto found = data.find(public_key); found != data.end()) {
        store.publicly = found->second == "current";
        store.retired_publicly = found->second == "retired";
    }
    return store;
}

}  // namespace meshproof::mesh
