#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"

namespace meshproof::fakes {

/// Certificates that stand in for others whose keys are not here: of the same subject, kind of key,
/// dates and extensions, and signed in the same order. An original has one stand-in, and a key one
/// key, for as long as this lives.
class StandIns {
  public:
    /// Originals that may have signed others. Those that nobody knows sign by keys that nobody has.
    void know(std::span<const crypto::Certificate> originals);
    [[nodiscard]] crypto::Certificate of(const crypto::Certificate& original);
    [[nodiscard]] std::vector<crypto::Certificate> of(
        std::span<const crypto::Certificate> originals);
    [[nodiscard]] crypto::Key key_of(const crypto::PublicKey& original);

  private:
    struct Signer {
        crypto::Key key;
        crypto::Certificate certificate;  ///< empty = it signs itself
    };
    [[nodiscard]] Signer signer_of(const crypto::Certificate& original);

    std::vector<crypto::Certificate> known_;
    std::map<std::string, crypto::Key> keys_;          ///< by the original's public key in PEM
    std::map<std::string, crypto::Certificate> made_;  ///< by the original's fingerprint
    std::map<std::string, Signer> strangers_;          ///< by the name of an issuer not known
    std::vector<std::string> in_hand_;                 ///< fingerprints, while issuers are made
};

}  // namespace meshproof::fakes
