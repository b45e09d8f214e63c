// The quick way of path validation. It assumes that a CA's way to its root was accepted before, the
// general way, with the same certificates in the question and for the same purpose, and that the
// leaf is a plain one: version 3, a P-256 key, no extension beyond those of a mesh's leaf, each
// once and readable. Then only the leaf itself is new: its issuer's name and key id, its signature,
// its validity, and what it may be used for. It finds only one verdict, that the leaf is accepted;
// whatever it cannot accept goes the general way, which finds the reason. A refusal is kept as it
// was found, for as long as nothing in the question begins or ends.
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <deque>

#include "core/crypto/quick.hpp"
#include "core/crypto/reading.hpp"

namespace meshproof::crypto::quick {
namespace {

struct KnownPath {
    std::vector<Certificate> intermediates, trust;
    Purpose purpose;
    bool all_anchors;
    std::vector<Certificate> cas;  ///< the leaf's issuer first
    std::int64_t from, until;      ///< when all of them are valid
};

std::deque<KnownPath>& known_paths() {
    thread_local std::deque<KnownPath> paths;
    return paths;
}

/// Without CRLs and the machine's own store. The same is answered at every date between two at
/// which a certificate of it begins or ends.
struct KnownRefusal {
    ChainQuestion question;
    std::int64_t from, until;
    ChainVerdict verdict;
};

/// Those of a mesh after its CA was deleted: two questions for each of some thirty pods.
std::deque<KnownRefusal>& known_refusals() {
    thread_local std::deque<KnownRefusal> refusals;
    return refusals;
}

/// Whether what is known was found on the terms of this question: all of it but leaf and date.
template <class Known>
bool on_terms_of(const Known& known, const ChainQuestion& question) {
    return known.purpose == question.purpose && known.all_anchors == question.all_anchors &&
           known.trust == question.trust && known.intermediates == question.intermediates;
}

/// Where the path of a leaf ends that is an anchor itself, the general way says.
bool asked_plainly(const ChainQuestion& question) {
    return question.crls.empty() &&
           !(question.all_anchors &&
             std::ranges::find(question.trust, question.leaf) != question.trust.end());
}

std::optional<KnownPath> path_for(const ChainQuestion& question) {
    const std::int64_t at = unix_seconds(question.at);
    const auto* issuer = question.leaf.parts().info->issuer;
    for (const KnownPath& path : known_paths()) {
        if (path.from <= at && at <= path.until &&
            X509_NAME_cmp(issuer, path.cas.front().parts().info->subject) == 0 &&
            on_terms_of(path, question)) {
            return path;
        }
    }
    return std::nullopt;
}

/// An extension's value; null where it cannot be read.
template <auto Free, class T>
Handle<T, Free> value(X509_EXTENSION* extension) {
    Handle<T, Free> read(static_cast<T*>(X509V3_EXT_d2i(extension)));
    ERR_clear_error();
    return read;
}

bool names_no_ca(X509_EXTENSION* extension) {
    const auto constraints = value<BASIC_CONSTRAINTS_free, BASIC_CONSTRAINTS>(extension);
    return constraints != nullptr && constraints->ca == 0 && constraints->pathlen == nullptr;
}

bool signs(X509_EXTENSION* extension) {
    const auto usage = value<ASN1_BIT_STRING_free, ASN1_BIT_STRING>(extension);
    return usage != nullptr && ASN1_BIT_STRING_get_bit(usage.get(), 0) != 0;
}

bool serves(X509_EXTENSION* extension, Purpose purpose) {
    const auto usages = value<EXTENDED_KEY_USAGE_free, EXTENDED_KEY_USAGE>(extension);
    const int wanted = purpose == Purpose::tls_server ? NID_server_auth : NID_client_auth;
    bool found = purpose == Purpose::any;
    for (int i = 0; usages != nullptr && i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
        found = found || OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i)) == wanted;
    }
    return usages != nullptr && found;
}

bool points_to(X509_EXTENSION* extension, const Certificate& issuer) {
    const auto authority = value<AUTHORITY_KEYID_free, AUTHORITY_KEYID>(extension);
    if (authority == nullptr || authority->keyid == nullptr || authority->issuer != nullptr ||
        authority->serial != nullptr) {
        return false;
    }
    return std::ranges::equal(view(authority->keyid), issuer.subject_key_id());
}

bool plain(X509_EXTENSION* extension, int kind, Purpose purpose, const Certificate& issuer) {
    switch (kind) {
        case NID_basic_constraints:
            return names_no_ca(extension);
        case NID_key_usage:
            return signs(extension);
        case NID_ext_key_usage:
            return serves(extension, purpose);
        case NID_authority_key_identifier:
            return points_to(extension, issuer);
        case NID_subject_key_identifier:
            return value<ASN1_OCTET_STRING_free, ASN1_OCTET_STRING>(extension) != nullptr;
        case NID_subject_alt_name:
            return value<GENERAL_NAMES_free, GENERAL_NAMES>(extension) != nullptr;
        case NID_crl_distribution_points:
            return value<CRL_DIST_POINTS_free, CRL_DIST_POINTS>(extension) != nullptr;
        case NID_info_access:
            return X509_EXTENSION_get_critical(extension) == 0;
        default:
            return false;
    }
}

bool plain(const Certificate& leaf, Purpose purpose, const Certificate& issuer) {
    const CertificateInfo& info = *leaf.parts().info;
    if (info.version == nullptr || ASN1_INTEGER_get(info.version) != X509_VERSION_3 ||
        info.issuer_id != nullptr || info.subject_id != nullptr ||
        leaf.public_key().point() == nullptr || X509_NAME_cmp(info.issuer, info.subject) == 0) {
        return false;
    }
    std::vector<int> seen;
    for (int i = 0; i < sk_X509_EXTENSION_num(info.extensions); ++i) {
        X509_EXTENSION* extension = sk_X509_EXTENSION_value(info.extensions, i);
        const int kind = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        if (std::ranges::find(seen, kind) != seen.end() ||
            !plain(extension, kind, purpose, issuer)) {
            return false;
        }
        seen.push_back(kind);
    }
    return true;
}

/// Whether two certificates share a name, so that a path could go either way; one that is there
/// twice is one.
bool ambiguous(const std::vector<Certificate>& cas) {
    for (std::size_t i = 0; i < cas.size(); ++i) {
        for (std::size_t k = i + 1; k < cas.size(); ++k) {
            if (X509_NAME_cmp(cas[i].parts().info->subject, cas[k].parts().info->subject) == 0 &&
                !(cas[i] == cas[k])) {
                return true;
            }
        }
    }
    return false;
}

bool constrains_names(const Certificate& ca) {
    return X509v3_get_ext_by_NID(ca.parts().info->extensions, NID_name_constraints, -1) >= 0;
}

void remember_refusal(const ChainQuestion& question, const ChainVerdict& verdict) {
    constexpr std::size_t most = 64;
    const std::int64_t at = unix_seconds(question.at);
    KnownRefusal known{question, std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::int64_t>::max(), verdict};
    const auto narrow = [&](const Certificate& certificate) {
        for (const Time edge : {certificate.not_before(), certificate.not_after()}) {
            if (at <= unix_seconds(edge)) {
                known.until = std::min(known.until, unix_seconds(edge) - 1);
            } else {
                known.from = std::max(known.from, unix_seconds(edge) + 1);
            }
        }
    };
    narrow(question.leaf);
    std::ranges::for_each(question.intermediates, narrow);
    std::ranges::for_each(question.trust, narrow);
    if (known.from > at || known.until < at) {
        return;  // at an edge itself
    }
    auto& refusals = known_refusals();
    if (refusals.size() == most) {
        refusals.pop_back();
    }
    refusals.push_front(std::move(known));
}

}  // namespace

std::optional<ChainVerdict> refused_before(const ChainQuestion& question) {
    if (!question.crls.empty() || question.system_trust) {
        return std::nullopt;
    }
    const std::int64_t at = unix_seconds(question.at);
    for (const KnownRefusal& known : known_refusals()) {
        if (known.from <= at && at <= known.until && known.question.leaf == question.leaf &&
            on_terms_of(known.question, question)) {
            return known.verdict;
        }
    }
    return std::nullopt;
}

std::optional<ChainVerdict> chain(const ChainQuestion& question) {
    if (!asked_plainly(question)) {
        return std::nullopt;
    }
    auto path = path_for(question);
    if (!path || !question.leaf.valid_at(question.at) ||
        !plain(question.leaf, question.purpose, path->cas.front()) ||
        !question.leaf.signed_by(path->cas.front())) {
        return std::nullopt;
    }
    ChainVerdict verdict;
    verdict.path = std::move(path->cas);
    verdict.path.insert(verdict.path.begin(), question.leaf);
    return verdict;
}

void remember(const ChainQuestion& question, const ChainVerdict& verdict) {
    constexpr std::size_t most = 16;
    if (!verdict.accepted() && question.crls.empty() && !question.system_trust) {
        remember_refusal(question, verdict);
        return;
    }
    if (!asked_plainly(question) || !verdict.accepted() || verdict.path.size() < 2) {
        return;
    }
    std::vector<Certificate> cas = question.intermediates;
    cas.insert(cas.end(), question.trust.begin(), question.trust.end());
    KnownPath known{
        question.intermediates, question.trust, question.purpose, question.all_anchors, {}, 0, 0};
    known.from = std::numeric_limits<std::int64_t>::min();
    known.until = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 1; i < verdict.path.size(); ++i) {
        // The question's own, which keep what is known of them.
        const auto own = std::ranges::find(cas, verdict.path[i]);
        if (own == cas.end() || constrains_names(*own)) {
            return;
        }
        known.cas.push_back(*own);
        known.from = std::max(known.from, unix_seconds(own->not_before()));
        known.until = std::min(known.until, unix_seconds(own->not_after()));
    }
    auto& paths = known_paths();
    const bool there = std::ranges::any_of(paths, [&](const KnownPath& path) {
        return path.cas == known.cas && on_terms_of(path, question);
    });
    if (there || ambiguous(cas)) {
        return;
    }
    if (paths.size() == most) {
        paths.pop_back();
    }
    paths.push_front(std::move(known));
}

}  // namespace meshproof::crypto::quick
