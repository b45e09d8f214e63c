#include "core/mesh/ca_bundle.hpp"

namespace meshproof::mesh {
namespace {

constexpr std::size_t most_certificates = 3;
constexpr std::size_t most_intermediates = 2;

Result<void> check_is_ca(const crypto::Certificate& certificate) {
    if (!certificate.is_ca().value_or(false)) {
        return fail(
            FailureKind::invalid,
            "the bundle's certificate \"{}\" is not a CA: expected basicConstraints CA:TRUE",
            certificate.subject_line());
    }
    const auto usage = certificate.key_usage();
    if (usage && (*usage & crypto::cert_sign) == 0) {
        return fail(FailureKind::invalid,
                    "the bundle's certificate \"{}\" may not sign certificates: its keyUsage lacks "
                    "keyCertSign",
                    certificate.subject_line());
    }
    return {};
}

// From the root downwards: each one must be signed by the root or by one that is already placed.
Result<std::vector<crypto::Certificate>> order(const crypto::Certificate& root,
                                               std::vector<crypto::Certificate> loose) {
    std::vector<crypto::Certificate> placed;
    while (!loose.empty()) {
        const auto next = std::ranges::find_if(loose, [&](const crypto::Certificate& candidate) {
            return candidate.signed_by(root) ||
                   std::ranges::any_of(placed, [&](const crypto::Certificate& issuer) {
                       return candidate.signed_by(issuer);
                   });
        });
        if (next == loose.end()) {
            return fail(FailureKind::invalid,
                        "the bundle does not chain: \"{}\" is signed by no other certificate of it "
                        "(its issuer is \"{}\")",
                        loose.front().subject_line(), loose.front().issuer_line());
        }
        placed.push_back(*next);
        loose.erase(next);
    }
    std::ranges::reverse(placed);
    return placed;
}

}  // namespace

Result<CaBundle> CaBundle::parse(std::string_view pem) {
    // Refused first and without a word of its content: nobody's key belongs here.
    if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
        return fail(FailureKind::invalid,
                    "the bundle contains a private key: expected certificates only");
    }
    if (pem.find("-----BEGIN ") == std::string_view::npos) {
        return fail(FailureKind::invalid, "the bundle is not PEM: no BEGIN CERTIFICATE line");
    }
    const auto all = crypto::Certificate::all_from_pem(pem);
    if (!all) {
        return propagate(all, "the bundle cannot be read");
    }
    if (all->size() > most_certificates) {
        return fail(FailureKind::invalid, "the bundle has {} certificates: at most {}", all->size(),
                    most_certificates);
    }
    std::vector<crypto::Certificate> roots;
    std::vector<crypto::Certificate> others;
    for (const auto& certificate : *all) {
        if (auto checked = check_is_ca(certificate); !checked) {
            return propagate(checked);
        }
        auto& kind = certificate.self_signed() ? roots : others;
        if (std::ranges::find(kind, certificate) != kind.end()) {
            return fail(FailureKind::invalid, "the bundle has \"{}\" twice",
                        certificate.subject_line());
        }
        kind.push_back(certificate);
    }
    if (roots.size() != 1) {
        return fail(FailureKind::invalid,
                    "the bundle has {} root certificates: exactly one is needed", roots.size());
    }
    if (others.size() > most_intermediates) {
        return fail(FailureKind::invalid, "the bundle has {} intermediates: at most {}",
                    others.size(), most_intermediates);
    }
    auto ordered = order(roots.front(), std::move(others));
    if (!ordered) {
        return propagate(ordered);
    }
    CaBundle bundle;
    bundle.root_ = roots.front();
    bundle.intermediates_ = std::move(*ordered);
    return bundle;
}

std::vector<crypto::Certificate> CaBundle::certificates() const {
    auto all = intermediates_;
    all.push_back(root_);
    return all;
}

std::string CaBundle::pem() const {
    return crypto::to_pem(certificates());
}

}  // namespace meshproof::mesh
