#include "fakes/vault/pki/ground/crl.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/pki/ground/usage.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// Issuers of one subject and key share their lists.
std::string ca_name(const Issuer& issuer) {
    return to_hex(issuer.certificate.public_key().key_id()) + "/" +
           to_hex(as_bytes(issuer.certificate.subject_der()));
}

struct Ca {
    std::string name;
    const Issuer* issuer = nullptr;
    const SigningKey* key = nullptr;
    bool is_default = false;
};

// One entry a CA that can sign lists, in the issuers' order.
std::vector<Ca> signing_cas(Mount& mount) {
    std::vector<Ca> cas;
    for (const auto& issuer : mount.issuers) {
        const auto* key = mount.key(issuer.key_id);
        if (key == nullptr || (issuer.usage & crl_signing) == 0) {
            continue;
        }
        const auto name = ca_name(issuer);
        auto known = std::ranges::find_if(cas, [&](const auto& ca) { return ca.name == name; });
        if (known == cas.end()) {
            cas.push_back({name, &issuer, key});
            known = std::prev(cas.end());
        }
        known->is_default = known->is_default || issuer.id == mount.default_issuer;
    }
    return cas;
}

// The CA that lists this revocation: the certificate's signer, else the default (row 135).
bool lists(const Mount& mount, const Ca& ca, const Revocation& revocation) {
    for (const auto& issuer : mount.issuers) {
        if (issuer.id == revocation.issuer_id) {
            // An issuer is not on its own list (row 136).
            return ca_name(issuer) == ca.name && !(issuer.certificate == revocation.certificate);
        }
    }
    return ca.is_default;
}

// Whether another issuer of the CA signed this one: revoked, it is on the CA's list, wherever it
// was imported from.
bool signed_here(const Mount& mount, const Ca& ca, const Issuer& issuer) {
    return !issuer.key_id.empty() && std::ranges::any_of(mount.issuers, [&](const auto& other) {
        return other.id != issuer.id && !other.key_id.empty() && ca_name(other) == ca.name &&
               issuer.certificate.verified_by(other.certificate);
    });
}

// Whether it is of an issuer that the mount holds with its key: whoever else signed that lists it.
bool of_held_issuer(const Mount& mount, const Revocation& revocation) {
    return revocation.by_issuer && std::ranges::any_of(mount.issuers, [&](const auto& issuer) {
               return !issuer.key_id.empty() && issuer.certificate == revocation.certificate;
           });
}

std::vector<crypto::Crl::Entry> entries_for(const Mount& mount, const Ca& ca) {
    std::vector<crypto::Crl::Entry> entries;
    for (const auto& [serial, revocation] : mount.revocations) {
        if (!of_held_issuer(mount, revocation) && lists(mount, ca, revocation)) {
            entries.push_back({*crypto::parse_serial(serial), revocation.at});
        }
    }
    for (const auto& issuer : mount.issuers) {
        const auto serial = issuer.certificate.serial();
        const auto known = mount.revocations.find(serial);
        const bool listed = known != mount.revocations.end() && !known->second.by_issuer;
        if (issuer.revoked_at && !listed && signed_here(mount, ca, issuer)) {
            entries.push_back({*crypto::parse_serial(serial), *issuer.revoked_at});
        }
    }
    return entries;
}

// How the CA signs its lists: as its default issuer wants it, else by its key.
template <class Spec>
void choose_signature(Spec& spec, const Ca& ca) {
    const auto algorithm = parse_signature_name(ca.issuer->revocation_signature_algorithm);
    if (algorithm && algorithm->key == ca.key->key.public_key().algorithm()) {
        spec.digest = algorithm->digest;
        spec.pss = algorithm->pss;
    }
}

Time next_update(const Mount& mount, Time now) {
    return now + parse_duration(mount.crl_config.expiry).value_or(std::chrono::hours(72));
}

void sign_delta(Mount& mount, const Ca& ca, CrlPair& pair, Time now,
                std::vector<crypto::Crl::Entry> entries) {
    crypto::Crl::Spec spec;
    spec.number = ++pair.number;
    spec.delta_base = pair.base;
    spec.this_update = now;
    spec.next_update = next_update(mount, now);
    spec.entries = std::move(entries);
    pair.delta_listed.clear();
    for (const auto& entry : spec.entries) {
        pair.delta_listed.insert(crypto::serial_text(entry.serial));
    }
    choose_signature(spec, ca);
    mount.lists_signed_at = now;
    pair.delta = crypto::Crl::make(spec, ca.issuer->certificate, ca.key->key);
}

}  // namespace

void rebuild_crls(Mount& mount, Time now) {
    // Lists are signed whenever issuers come.
    for (auto& issuer : mount.issuers) {
        issuer.changed_at = issuer.changed_at.value_or(now);
    }
    for (const auto& ca : signing_cas(mount)) {
        auto& pair = mount.crls[ca.name];
        crypto::Crl::Spec spec;
        spec.number = pair.base = ++pair.number;
        spec.this_update = now;
        spec.next_update = next_update(mount, now);
        if (!mount.crl_config.disable) {
            spec.entries = entries_for(mount, ca);
        }
        pair.listed.clear();
        for (const auto& entry : spec.entries) {
            pair.listed.insert(crypto::serial_text(entry.serial));
        }
        pair.expires = spec.next_update;
        choose_signature(spec, ca);
        pair.complete = crypto::Crl::make(spec, ca.issuer->certificate, ca.key->key);
        sign_delta(mount, ca, pair, now, {});
    }
}

void rebuild_delta_crls(Mount& mount, Time now) {
    for (const auto& ca : signing_cas(mount)) {
        auto& pair = mount.crls[ca.name];
        auto entries = entries_for(mount, ca);
        std::erase_if(entries, [&](const auto& entry) {
            return pair.listed.contains(crypto::serial_text(entry.serial));
        });
        sign_delta(mount, ca, pair, now, std::move(entries));
    }
}

bool deltas_lag(Mount& mount) {
    for (const auto& ca : signing_cas(mount)) {
        const auto& pair = mount.crls[ca.name];
        for (const auto& [serial, revocation] : mount.revocations) {
            if (lists(mount, ca, revocation) && !pair.listed.contains(serial) &&
                !pair.delta_listed.contains(serial)) {
                return true;
            }
        }
    }
    return false;
}

std::vector<std::string> crl_warnings(const Mount& mount) {
    std::map<std::string, std::pair<std::vector<std::string>, bool>> cas;  // ids, one may sign
    for (const auto& issuer : mount.issuers) {
        if (!issuer.key_id.empty()) {
            auto& [ids, may_sign] = cas[ca_name(issuer)];
            ids.push_back(issuer.id);
            may_sign = may_sign || (issuer.usage & crl_signing) != 0;
        }
    }
    std::vector<std::string> warnings;
    for (const auto& [name, ca] : cas) {
        if (!ca.second) {
            warnings.push_back(fmt::format(
                "Warning {} during CRL rebuild: warning from local CRL rebuild: Issuer equivalency "
                "set with associated keys lacked an issuer with CRL Signing KeyUsage; refusing to "
                "rebuild CRL for this group of issuers: {}",
                warnings.size() + 1, join(ca.first, ",")));
        }
    }
    return warnings;
}

std::vector<std::string> rebuild_enabled_crls(Mount& mount, Time now) {
    if (mount.crl_config.disable) {
        return {};
    }
    rebuild_crls(mount, now);
    return crl_warnings(mount);
}

std::vector<std::string> crls_changed(Mount& mount, Time now) {
    return mount.crl_config.auto_rebuild ? std::vector<std::string>()
                                         : rebuild_enabled_crls(mount, now);
}

const CrlPair* crls_of(const Mount& mount, const Issuer& issuer) {
    const auto name = ca_name(issuer);
    const bool has_key = std::ranges::any_of(mount.issuers, [&](const auto& one) {
        return !one.key_id.empty() && ca_name(one) == name;
    });
    const auto pair = mount.crls.find(name);
    return has_key && pair != mount.crls.end() ? &pair->second : nullptr;
}

}  // namespace meshproof::fakes::vault::pki
