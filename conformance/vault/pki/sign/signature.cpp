// With which hash a leaf is signed.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto ecdsa_256 = "ecdsa-with-SHA256", ecdsa_384 = "ecdsa-with-SHA384",
               ecdsa_512 = "ecdsa-with-SHA512";

void expect_algorithm(Probe& probe, const crypto::Certificate& certificate,
                      std::string_view expected, std::string_view what) {
    probe.expect(certificate.signature_algorithm() == expected, "{}: signed with {}, not {}", what,
                 certificate.signature_algorithm(), expected);
}

/// A mount whose root has this key, and a role `app`.
Task<std::string> mount_of(Probe& probe, std::string type, int bits, Json role = Json::object()) {
    const auto base = fmt::format("{}{}", type, bits);
    const Json key{{"key_type", std::move(type)}, {"key_bits", bits}};
    auto mount = co_await steps::mounted_root(probe, key, base);
    (void)co_await steps::role(probe, mount, std::move(role));
    co_return mount;
}

}  // namespace

std::vector<Check> vault_pki_sign_signature() {
    return {
        {.name = "by-the-issuers-curve",
         .requirement = "Issuers of P-256, P-384 and P-521 sign with SHA-256, SHA-384 and SHA-512.",
         .rows = {118},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& [bits, algorithm] :
                  {std::pair(256, ecdsa_256), std::pair(384, ecdsa_384),
                   std::pair(521, ecdsa_512)}) {
                 const auto mount = co_await mount_of(probe, "ec", bits);
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
                 expect_algorithm(probe, steps::leaf_of(probe, reply), algorithm,
                                  fmt::format("issuer of {} bits", bits));
             }
         }},

        {.name = "of-rsa-and-ed25519",
         .requirement = "An RSA issuer signs with SHA-256, an Ed25519 issuer with Ed25519.",
         .rows = {118},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto rsa = co_await mount_of(probe, "rsa", 2048);
             const auto by_rsa = co_await steps::sign(probe, rsa, steps::workload_csr());
             expect_algorithm(probe, steps::leaf_of(probe, by_rsa), "sha256WithRSAEncryption",
                              "RSA issuer");
             const auto ed25519 = co_await mount_of(probe, "ed25519", 0);
             const auto by_ed = co_await steps::sign(probe, ed25519, steps::workload_csr());
             expect_algorithm(probe, steps::leaf_of(probe, by_ed), "ED25519", "Ed25519 issuer");
         }},

        {.name = "chosen-by-the-role",
         .requirement = "A role's signature_bits choose the hash, for issuers of RSA and of EC.",
         .rows = {118},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto rsa = co_await mount_of(probe, "rsa", 2048, Json{{"signature_bits", 512}});
             const auto by_rsa = co_await steps::sign(probe, rsa, steps::workload_csr());
             expect_algorithm(probe, steps::leaf_of(probe, by_rsa), "sha512WithRSAEncryption",
                              "RSA issuer");
             const auto ec = co_await mount_of(probe, "ec", 256, Json{{"signature_bits", 384}});
             const auto by_ec = co_await steps::sign(probe, ec, steps::workload_csr());
             expect_algorithm(probe, steps::leaf_of(probe, by_ec), ecdsa_384, "P-256 issuer");
         }},

        {.name = "of-a-role-for-rsa",
         .requirement = "On Vault a role for RSA keys makes a P-384 issuer sign with SHA-256; on "
                        "OpenBao it keeps SHA-384.",
         .rows = {118},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await mount_of(probe, "ec", 384, Json{{"key_type", "rsa"}});
             const auto reply =
                 co_await steps::sign(probe, mount, steps::csr({}, crypto::KeyType::rsa_2048));
             expect_algorithm(probe, steps::leaf_of(probe, reply), probe.on(ecdsa_384, ecdsa_256),
                              "P-384 issuer, role for RSA");
         }},

        {.name = "of-a-role-for-any-key",
         .requirement = "Vault drops the signature_bits of a role for any key type; OpenBao keeps "
                        "them.",
         .rows = {118},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto written = co_await steps::role(
                 probe, mount, Json{{"key_type", "any"}, {"signature_bits", 512}});
             probe.expect_equal(written.data().value("signature_bits", Json()), probe.on(512, 0),
                                "signature_bits of the role");
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             expect_algorithm(probe, steps::leaf_of(probe, reply), probe.on(ecdsa_512, ecdsa_256),
                              "P-256 issuer, role for any key");
         }},

        {.name = "of-a-root-by-its-curve",
         .requirement = "A root's own signature_bits are ignored for EC keys.",
         .rows = {118},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe, Json{{"signature_bits", 512}});
             const auto ca = co_await probe.set_up("GET", mount + "/ca/pem");
             expect_algorithm(probe, steps::certificate_of(probe, ca.body), ecdsa_256,
                              "P-256 root with signature_bits 512");
         }},
    };
}

}  // namespace meshproof::conformance
