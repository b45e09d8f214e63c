#include "fakes/setup/stand_ins.hpp"

#include <algorithm>

namespace meshproof::fakes {
namespace {

using crypto::KeyType;

constexpr std::string_view subject_key_identifier = "2.5.29.14";
constexpr std::string_view authority_key_identifier = "2.5.29.35";

/// The nearest that is made here: a stand-in of an 8192-bit RSA key has 4096.
KeyType kind_of(const crypto::PublicKey& key) {
    const int bits = key.bits();
    if (key.algorithm() == "rsa") {
        return bits <= 1024   ? KeyType::rsa_1024
               : bits <= 2048 ? KeyType::rsa_2048
               : bits <= 3072 ? KeyType::rsa_3072
                              : KeyType::rsa_4096;
    }
    if (key.algorithm() == "ed25519") {
        return KeyType::ed25519;
    }
    return bits <= 224   ? KeyType::p224
           : bits <= 256 ? KeyType::p256
           : bits <= 384 ? KeyType::p384
                         : KeyType::p521;
}

/// All that the original says, but for what follows from keys.
crypto::CertificateSpec spec_of(const crypto::Certificate& original) {
    crypto::CertificateSpec spec;
    spec.serial = crypto::parse_serial(original.serial()).value_or(Bytes());
    spec.subject_der = original.subject_der();
    spec.not_before = original.not_before();
    spec.not_after = original.not_after();
    for (auto& extension : original.extensions()) {
        if (extension.oid != subject_key_identifier && extension.oid != authority_key_identifier) {
            spec.extra.push_back(std::move(extension));
        }
    }
    spec.subject_key_id = !original.subject_key_id().empty();
    spec.authority_key_id = !original.authority_key_id().empty();
    return spec;
}

}  // namespace

void StandIns::know(std::span<const crypto::Certificate> originals) {
    for (const auto& one : originals) {
        if (std::ranges::find(known_, one) == known_.end()) {
            known_.push_back(one);
        }
    }
}

crypto::Key StandIns::key_of(const crypto::PublicKey& original) {
    auto& key = keys_[original.pem()];
    if (!key) {
        key = crypto::Key::generate(kind_of(original));
    }
    return key;
}

StandIns::Signer StandIns::signer_of(const crypto::Certificate& original) {
    if (original.self_signed()) {
        return {key_of(original.public_key()), {}};
    }
    const auto busy = [&](const crypto::Certificate& one) {
        return std::ranges::find(in_hand_, one.fingerprint()) != in_hand_.end();
    };
    const auto issuer = std::ranges::find_if(known_, [&](const crypto::Certificate& one) {
        return original.signed_by(one) && !busy(one);
    });
    if (issuer != known_.end()) {
        const auto parent = *issuer;  // what is known may move while its stand-in is made
        return {key_of(parent.public_key()), of(parent)};
    }
    auto& stranger = strangers_[original.issuer_der()];
    if (!stranger.key) {
        auto spec = spec_of(original);
        spec.subject_der = original.issuer_der();
        spec.serial.clear();
        stranger.key = crypto::Key::generate(KeyType::p256);
        stranger.certificate = crypto::sign_certificate(spec, stranger.key.public_key(),
                                                        stranger.key, /*issuer=*/nullptr);
    }
    return stranger;
}

crypto::Certificate StandIns::of(const crypto::Certificate& original) {
    const auto name = original.fingerprint();
    if (const auto found = made_.find(name); found != made_.end()) {
        return found->second;
    }
    in_hand_.push_back(name);
    const auto signer = signer_of(original);
    in_hand_.pop_back();
    auto spec = spec_of(original);
    auto certificate =
        crypto::sign_certificate(spec, key_of(original.public_key()).public_key(), signer.key,
                                 signer.certificate ? &signer.certificate : nullptr);
    made_.emplace(name, certificate);
    return certificate;
}

std::vector<crypto::Certificate> StandIns::of(std::span<const crypto::Certificate> originals) {
    std::vector<crypto::Certificate> all;
    for (const auto& one : originals) {
        all.push_back(of(one));
    }
    return all;
}

}  // namespace meshproof::fakes
