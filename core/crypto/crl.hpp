#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"

namespace meshproof::crypto {

/// A certificate revocation list, version 2.
class Crl {
  public:
    struct Entry {
        Bytes serial;
        Time revoked_at;
        std::vector<RawExtension> extensions{};
    };
    struct Spec {
        std::uint64_t number = 0;
        std::optional<std::uint64_t> delta_base;  ///< critical DeltaCRLIndicator where given
        Time this_update;
        Time next_update;
        std::vector<Entry> entries;
        std::vector<RawExtension> extensions{};  ///< besides those that every list has
        std::string digest{};  ///< as in CertificateSpec
        bool pss = false;      ///< as in CertificateSpec
    };

    Crl() = default;
    explicit Crl(std::shared_ptr<X509_CRL> crl) : crl_(std::move(crl)) {}
    [[nodiscard]] static Crl make(const Spec& spec, const Certificate& issuer,
                                  const Key& issuer_key);
    [[nodiscard]] static Result<Crl> from_pem(std::string_view pem);
    [[nodiscard]] static Result<Crl> from_der(std::string_view der);
    [[nodiscard]] std::string pem() const;  ///< with a final newline
    [[nodiscard]] std::string der() const;
    [[nodiscard]] std::vector<Entry> entries() const;
    [[nodiscard]] bool contains(const Certificate& certificate) const;
    [[nodiscard]] std::optional<std::uint64_t> number() const;
    /// The complete list's number in a delta, nothing where the list is complete itself.
    [[nodiscard]] std::optional<std::uint64_t> delta_base() const;
    [[nodiscard]] bool delta_indicator_critical() const;
    [[nodiscard]] Bytes authority_key_id() const;  ///< empty where absent
    [[nodiscard]] std::string signature_algorithm()
        const;                          ///< OpenSSL's long name: "sha256WithRSAEncryption"
    [[nodiscard]] int version() const;  ///< 2 where it has extensions
    [[nodiscard]] Time this_update() const;
    [[nodiscard]] Time next_update() const;
    [[nodiscard]] bool signed_by(const Certificate& issuer) const;
    [[nodiscard]] X509_CRL* native() const { return crl_.get(); }

  private:
    std::shared_ptr<X509_CRL> crl_;
};

}  // namespace meshproof::crypto
