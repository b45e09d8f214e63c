#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fakes/vault/pki/ground/issuer_store.hpp"

namespace meshproof::fakes::vault::pki {

/// What is being made: it decides what comes from the CSR and which extensions go in.
enum class Making { leaf, verbatim, intermediate, root };

/// One certificate to be made. `ca` is empty for a root, `csr` null where the key was generated
/// here.
struct Order {
    Making kind = Making::leaf;
    const Role& role;
    const PkiCall& call;
    std::optional<SigningCa> ca{};
    const crypto::Csr* csr = nullptr;
    std::optional<crypto::Key> generated{};  ///< the subject's own key, where it was generated here
    /// A key of type "any" should be generated: that fails where the key is needed, with
    /// `generated` in its place until then.
    bool keyless = false;
};

struct Certified {
    crypto::Certificate certificate;
    std::vector<std::string> warnings;
};

/// Names, validity, CSR signature (in the order of row 103), then the signature of the CA.
[[nodiscard]] Checked<Certified> certify(Mount& mount, const Order& order);

/// `format`, or the 400 text of row 91.
[[nodiscard]] Checked<std::string> format_of(const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
