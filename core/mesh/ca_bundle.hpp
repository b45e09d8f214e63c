#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/crypto/certificate.hpp"

namespace meshproof::mesh {

/// A certificate authority chain as the integration takes it: at most three certificates, exactly
/// one root and at most two intermediates, which must really chain (each intermediate signed by
/// another member, CA flags set).
class CaBundle {
  public:
    [[nodiscard]] static Result<CaBundle> parse(std::string_view pem);
    [[nodiscard]] const crypto::Certificate& root() const { return root_; }
    /// Nearest to the root last.
    [[nodiscard]] const std::vector<crypto::Certificate>& intermediates() const {
        return intermediates_;
    }
    [[nodiscard]] std::vector<crypto::Certificate> certificates()
        const;  ///< intermediates, then the root
    [[nodiscard]] std::string pem() const;

  private:
    crypto::Certificate root_;
    std::vector<crypto::Certificate> intermediates_;
};

}  // namespace meshproof::mesh
