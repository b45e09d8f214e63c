// root/generate: what a root is made of, and what becomes of the default issuer.
#include <algorithm>

#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;
using namespace std::chrono_literals;

constexpr std::string_view no_urls =
    "This mount hasn't configured any authority information access (AIA) fields";

}  // namespace

std::vector<Check> vault_pki_ca_root() {
    return {
        {.name = "answers-its-parts",
         .requirement = "A generated root is answered with its PEM as certificate and issuing_ca, "
                        "its serial number and expiration, and the ids of issuer and key; there is "
                        "no ca_chain.",
         .rows = {69},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply = co_await root(probe, mount);
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.data(),
                               {"certificate", "issuing_ca", "expiration", "serial_number",
                                "issuer_id", "issuer_name", "key_id", "key_name"},
                               "data");
             const auto certificate = steps::leaf_of(probe, reply);
             probe.expect_equal(reply.data().value("issuing_ca", Json()),
                                reply.data()["certificate"], "issuing_ca");
             probe.expect_equal(reply.data().value("expiration", Json()),
                                unix_seconds(certificate.not_after()), "expiration");
             probe.expect_equal(reply.data().value("serial_number", Json()), certificate.serial(),
                                "serial_number");
             probe.expect_equal(reply.data().value("issuer_name", Json()), "", "issuer_name");
         }},

        {.name = "exported-answers-its-key",
         .requirement = "A root that is generated as exported comes with its private key.",
         .rows = {69},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"common_name", "meshproof root"}, {"key_type", "ec"}, {"ttl", "1h"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/root/generate/exported", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("private_key_type", Json()), "ec",
                                "private_key_type");
             const auto key = crypto::Key::from_pem(steps::text_of(probe, reply, "private_key"));
             probe.expect(key && key->public_key() == steps::leaf_of(probe, reply).public_key(),
                          "private_key is not the certificate's");
         }},

        {.name = "unknown-kind-is-refused",
         .requirement = "A root that is neither internal, exported nor existing is refused with "
                        "400.",
         .rows = {69},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"common_name", "meshproof root"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/root/generate/elsewhere", std::move(body));
             probe.expect_plain_error(reply, 400, R"(the "exported" path parameter must be)");
         }},

        {.name = "needs-no-subject",
         .requirement = "A root without a common name has an empty subject, and a warning says so.",
         .rows = {69},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply = co_await root(probe, mount, Json{{"common_name", nullptr}});
             probe.expect(steps::leaf_of(probe, reply).subject_is_empty(),
                          "the subject is not empty");
             probe.expect_warning(reply, "generated without a Subject");
         }},

        {.name = "capped-by-the-mount",
         .requirement =
             "A root lives no longer than the mount's max_lease_ttl, 768 h unless tuned; "
             "OpenBao says so in a warning, Vault does not.",
         .rows = {70},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto before = probe.clock().elapsed();
             const auto reply = co_await root(probe, mount, Json{{"ttl", "8760h"}});
             steps::expect_life(probe, steps::leaf_of(probe, reply), 768h + 30s,
                                probe.clock().elapsed() - before);
             constexpr std::string_view capped =
                 R"(TTL "8760h0m0s" is longer than permitted maxTTL "768h0m0s", so )"
                 R"(maxTTL is being used)";
             const bool told = std::ranges::any_of(reply.warnings(), [&](const auto& warning) {
                 return warning.find(capped) != std::string::npos;
             });
             probe.expect_equal(told, probe.on(true, false), "whether a warning tells of the cap");
         }},

        {.name = "is-a-plain-ca",
         .requirement = "A root is RSA-2048 unless asked otherwise, may sign certificates and CRLs "
                        "and nothing else, and began 30 s ago.",
         .rows = {71},
         .source = "RFC 5280 4.2.1",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"common_name", "root.mesh.test"}, {"ttl", "1h"}};
             const auto before = probe.clock().elapsed();
             const auto reply =
                 co_await probe.vault("POST", mount + "/root/generate/internal", std::move(body));
             const auto took = probe.clock().elapsed() - before;
             const auto certificate = steps::leaf_of(probe, reply);
             const auto key = certificate.public_key();
             probe.expect(key.algorithm() == "rsa" && key.bits() == 2048,
                          "a key of {} with {} bits", key.algorithm(), key.bits());
             probe.expect_equal(certificate.signature_algorithm(), "sha256WithRSAEncryption",
                                "signature");
             probe.expect(certificate.key_usage() == (crypto::cert_sign | crypto::crl_sign) &&
                              certificate.key_usage_critical(),
                          "keyUsage is not exactly keyCertSign and cRLSign, critical");
             probe.expect(certificate.is_ca() == true && !certificate.path_length(),
                          "basicConstraints are not cA without a path length");
             probe.expect(!certificate.extended_key_usage(), "there is an extendedKeyUsage");
             probe.expect(!certificate.subject_key_id().empty() &&
                              certificate.subject_key_id() == certificate.authority_key_id(),
                          "subjectKeyIdentifier and authorityKeyIdentifier differ");
             probe.expect(certificate.self_signed(), "it is not signed by itself");
             steps::expect_life(probe, certificate, 1h + 30s, took);
         }},

        {.name = "host-name-is-an-alternative-name",
         .requirement = "A root's common name is a DNS alternative name too where it is a host "
                        "name.",
         .rows = {71},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto named =
                 co_await root(probe, mount, Json{{"common_name", "root.mesh.test"}});
             probe.expect_equal(steps::leaf_of(probe, named).alt_names().dns, {"root.mesh.test"},
                                "the DNS names of root.mesh.test");
             const auto other =
                 co_await root(probe, mount, Json{{"common_name", "a root of ours"}});
             probe.expect(steps::leaf_of(probe, other).alt_names().empty(),
                          "a name that is no host name became an alternative name");
         }},

        {.name = "warns-without-urls",
         .requirement = "Generating a root or a CSR warns for as long as the mount has no URLs for "
                        "its certificates.",
         .rows = {72},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto before = co_await root(probe, mount);
             probe.expect_warning(before, no_urls);
             const auto csr = co_await intermediate_csr(probe, mount);
             probe.expect_warning(csr, no_urls);
             Json urls{{"issuing_certificates", "http://ca.mesh.test/ca"}};
             (void)co_await probe.set_up("POST", mount + "/config/urls", std::move(urls));
             const auto after = co_await root(probe, mount);
             const bool warned = std::ranges::any_of(after.warnings(), [](const auto& warning) {
                 return warning.starts_with(no_urls);
             });
             probe.expect(!warned, "it warns although URLs are set");
         }},

        {.name = "second-is-not-the-default",
         .requirement = "A second root is another issuer, and the default stays the first.",
         .rows = {73},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto first = co_await root(probe, mount);
             const auto id = steps::text_of(probe, first, "issuer_id");
             probe.expect_equal(co_await default_issuer(probe, mount), id,
                                "the default after the first");
             const auto second = co_await root(probe, mount);
             probe.expect(steps::text_of(probe, second, "issuer_id") != id, "no issuer was added");
             probe.expect_equal(co_await default_issuer(probe, mount), id,
                                "the default after the second");
         }},

        {.name = "default-may-follow-the-latest",
         .requirement = "With default_follows_latest_issuer a new root becomes the default.",
         .rows = {73, 177},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto first = co_await root(probe, mount);
             Json config{{"default", steps::text_of(probe, first, "issuer_id")},
                         {"default_follows_latest_issuer", true}};
             const auto set =
                 co_await probe.vault("POST", mount + "/config/issuers", std::move(config));
             probe.expect_equal(set.data().value("default_follows_latest_issuer", Json()), true,
                                "the flag");
             const auto second = co_await root(probe, mount);
             probe.expect_equal(co_await default_issuer(probe, mount),
                                steps::text_of(probe, second, "issuer_id"), "the default");
         }},

        {.name = "subject-values-once",
         .requirement = "What a request names twice for the subject of a root is in it once.",
         .rows = {222, 240},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json subject{{"organization", Json::array({"b", "a", "b"})},
                          {"locality", Json::array({1, 1})}};
             const auto made = co_await root(probe, mount, std::move(subject));
             auto told = steps::leaf_of(probe, made).subject();
             std::ranges::sort(told.organization);
             probe.expect_equal(told.organization, Json::array({"a", "b"}), "organization");
             probe.expect_equal(told.locality, Json::array({"1"}), "locality");
         }},

        {.name = "key-before-names",
         .requirement = "Of a root that is to be generated, format is looked at first, then its "
                        "key, then its names.",
         .rows = {223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto path = mount + "/root/generate/internal";
             Json body{{"issuer_name", "a b"}, {"key_name", "a b"}, {"key_type", "zz"}};
             const auto key = co_await probe.vault("POST", path, body);
             probe.expect_plain_error(key, 400, "unknown key type zz");
             body["format"] = "zz";
             const auto format = co_await probe.vault("POST", path, std::move(body));
             probe.expect_plain_error(format, 400, "the \"format\" path parameter must be");
         }},
    };
}

}  // namespace meshproof::conformance
