// intermediate/generate, root/sign-intermediate, intermediate/set-signed: from a CSR to an issuer.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;
using namespace std::chrono_literals;

/// A root in one mount, and an intermediate's CSR in another.
struct Pair {
    std::string root, intermediate, csr, key_id;
};

Task<Pair> pair(Probe& probe) {
    Pair made;
    made.root = co_await steps::mounted_root(probe, Json::object(), "root");
    made.intermediate = co_await steps::empty_pki(probe, "int");
    const auto reply = co_await intermediate_csr(probe, made.intermediate);
    made.csr = steps::text_of(probe, reply, "csr");
    made.key_id = steps::text_of(probe, reply, "key_id");
    co_return made;
}

Task<Reply> import(Probe& probe, std::string mount, std::string pem) {
    Json body{{"certificate", pem}};
    return probe.vault("POST", mount + "/intermediate/set-signed", std::move(body));
}

// Private keys too.
Task<Reply> import_bundle(Probe& probe, std::string mount, std::string pem) {
    Json body{{"pem_bundle", pem}};
    return probe.vault("POST", mount + "/issuers/import/bundle", std::move(body));
}

}  // namespace

std::vector<Check> vault_pki_ca_intermediate() {
    return {
        {.name = "csr-answers",
         .requirement = "A generated CSR is answered with the id of its key, without a final "
                        "newline, and there is no issuer yet.",
         .rows = {75},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"common_name", "meshproof intermediate"}, {"key_type", "ec"}};
             const auto reply = co_await probe.vault(
                 "POST", mount + "/intermediate/generate/internal", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.data(), {"csr", "key_id"}, "data");
             const auto pem = steps::text_of(probe, reply, "csr");
             probe.expect(!pem.ends_with('\n'), "the PEM ends with a newline");
             const auto csr = crypto::Csr::from_pem(pem);
             probe.expect(csr && csr->signature_valid() &&
                              csr->subject().common_name == "meshproof intermediate",
                          "the CSR is not one of \"meshproof intermediate\"");
             const auto issuers = co_await probe.vault("LIST", mount + "/issuers");
             probe.expect_no_text(issuers, 404);
         }},

        {.name = "csr-has-no-dates",
         .requirement = "A CSR is made although its not_after has passed; one that is no time is "
                        "refused, and a ttl over the mount's is warned of, last.",
         .rows = {75, 223, 240},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             for (const auto* path :
                  {"/intermediate/generate/internal", "/issuers/generate/intermediate/internal"}) {
                 Json over{{"key_type", "ec"}, {"not_after", "2020-01-01T00:00:00Z"}};
                 probe.expect_status(co_await probe.vault("POST", mount + path, std::move(over)),
                                     200);
                 Json junk{{"key_type", "ec"}, {"not_after", "junk"}};
                 probe.expect_plain_error(
                     co_await probe.vault("POST", mount + path, std::move(junk)), 400,
                     "parsing time \"junk\" as ");
             }
             Json tune{{"max_lease_ttl", "1h"}};
             (void)co_await probe.set_up("POST", fmt::format("sys/mounts/{}/tune", mount),
                                         std::move(tune));
             Json longer{{"key_type", "ec"}, {"ttl", "2h"}};
             const auto reply = co_await probe.vault(
                 "POST", mount + "/intermediate/generate/internal", std::move(longer));
             const auto warnings = reply.warnings();
             probe.expect_equal(warnings.empty() ? "" : warnings.back(),
                                "TTL \"2h0m0s\" is longer than permitted maxTTL \"1h0m0s\", so "
                                "maxTTL is being used",
                                "the last warning");
         }},

        {.name = "csr-hash",
         .requirement = "An RSA key signs its CSR with the hash of signature_bits, on OpenBao with "
                        "PSS where that is asked for; an EC key by its curve.",
         .rows = {118},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const std::vector<std::tuple<Json, std::string>> requests{
                 {{{"key_type", "rsa"}, {"signature_bits", 512}}, "sha512WithRSAEncryption"},
                 {{{"key_type", "rsa"}, {"signature_bits", 0}}, "sha256WithRSAEncryption"},
                 {{{"key_type", "rsa"}, {"signature_bits", 384}, {"use_pss", true}},
                  probe.on("rsassaPss", "sha384WithRSAEncryption")},
                 {{{"key_type", "ec"}, {"signature_bits", 512}}, "ecdsa-with-SHA256"},
             };
             for (const auto& [more, wanted] : requests) {
                 const auto made = co_await intermediate_csr(probe, mount, more);
                 const auto csr = crypto::Csr::from_pem(steps::text_of(probe, made, "csr"));
                 if (probe.expect(csr.has_value(), "the CSR cannot be read")) {
                     probe.expect_equal(csr->signature_algorithm(), wanted,
                                        "the signature algorithm");
                 }
             }
         }},

        {.name = "signed-with-its-chain",
         .requirement = "A signed intermediate stands first in its ca_chain, the root last, and a "
                        "pem_bundle is both.",
         .rows = {76},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await pair(probe);
             const auto reply = co_await signed_intermediate(probe, made.root, made.csr,
                                                             Json{{"format", "pem_bundle"}});
             probe.expect_keys(
                 reply.data(),
                 {"certificate", "issuing_ca", "ca_chain", "expiration", "serial_number"}, "data");
             const auto chain = reply.data().value("ca_chain", Json::array());
             if (!probe.expect(chain.size() == 2, "a chain of {}", chain.size())) {
                 co_return;
             }
             const auto root = steps::text_of(probe, reply, "issuing_ca");
             probe.expect_equal(chain.at(1), root, "the chain's last");
             probe.expect_equal(steps::text_of(probe, reply, "certificate"),
                                chain.at(0).get<std::string>() + "\n" + root, "the bundle");
             const auto first = steps::certificate_of(probe, chain.at(0).get<std::string>());
             probe.expect_equal(first.serial(), steps::text_of(probe, reply, "serial_number"),
                                "the serial number of the chain's first");
             probe.expect(
                 first.is_ca() == true && first.signed_by(steps::certificate_of(probe, root)),
                 "the first is no CA that the root signed");
         }},

        {.name = "may-outlive-its-issuer",
         .requirement = "An intermediate may be signed for longer than its issuer lives; a warning "
                        "says so.",
         .rows = {77},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await steps::mounted_root(probe, Json{{"ttl", "10h"}}, "root");
             const auto mount = co_await steps::empty_pki(probe, "int");
             const auto csr = co_await intermediate_csr(probe, mount);
             Json body{{"csr", steps::text_of(probe, csr, "csr")}, {"ttl", "20h"}};
             const auto reply =
                 co_await probe.vault("POST", root + "/root/sign-intermediate", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_warning(
                 reply,
                 "The expiration time for the signed certificate is after the CA's "
                 "expiration time");
             steps::expect_life(probe, steps::leaf_of(probe, reply), 20h + 30s);
         }},

        {.name = "named-by-request-else-csr",
         .requirement = "An intermediate's common name is the request's, else the CSR's.",
         .rows = {77},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await pair(probe);
             const auto from_csr = co_await signed_intermediate(probe, made.root, made.csr);
             probe.expect_equal(steps::leaf_of(probe, from_csr).subject().common_name,
                                "meshproof intermediate", "the CSR's name");
             const auto named = co_await signed_intermediate(probe, made.root, made.csr,
                                                             Json{{"common_name", "another name"}});
             probe.expect_equal(steps::leaf_of(probe, named).subject().common_name, "another name",
                                "the request's name");
         }},

        {.name = "imported-with-its-root",
         .requirement = "A bundle of intermediate and root becomes two issuers, and the one whose "
                        "key is in the mount becomes the default.",
         .rows = {78},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await pair(probe);
             const auto signed_ca = co_await signed_intermediate(probe, made.root, made.csr,
                                                                 Json{{"format", "pem_bundle"}});
             const auto bundle = steps::text_of(probe, signed_ca, "certificate");
             const auto reply = co_await import(probe, made.intermediate, bundle);
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.data(),
                               {"imported_issuers", "imported_keys", "existing_issuers",
                                "existing_keys", "mapping"},
                               "data");
             probe.expect_equal(reply.data().value("imported_issuers", Json::array()).size(), 2,
                                "imported issuers");
             std::string keyed;
             const auto mapping = reply.data().value("mapping", Json::object());
             for (const auto& [id, key] : mapping.items()) {
                 if (key == made.key_id) {
                     keyed = id;
                 } else {
                     probe.expect_equal(key, "", "the key of the other issuer");
                 }
             }
             probe.expect(!keyed.empty(), "no issuer has the key {}", made.key_id);
             probe.expect_equal(co_await default_issuer(probe, made.intermediate), keyed,
                                "the default");
         }},

        {.name = "imported-again-is-existing",
         .requirement = "An issuer that is imported again is told of as existing.",
         .rows = {78},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await pair(probe);
             const auto signed_ca = co_await signed_intermediate(probe, made.root, made.csr);
             const auto pem = steps::text_of(probe, signed_ca, "certificate");
             const auto first = co_await import(probe, made.intermediate, pem);
             const auto second = co_await import(probe, made.intermediate, pem);
             probe.expect_status(second, 200);
             probe.expect_equal(second.data().value("imported_issuers", Json(0)), nullptr,
                                "imported_issuers");
             probe.expect_equal(second.data().value("existing_issuers", Json()),
                                first.data().value("imported_issuers", Json(0)),
                                "existing_issuers");
         }},

        {.name = "junk-is-not-imported",
         .requirement = "An import of nothing, of too little, of no PEM and of PEM without a "
                        "certificate are each refused with 400 and a text of their own.",
         .rows = {78},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto nothing =
                 co_await probe.vault("POST", mount + "/intermediate/set-signed", Json());
             probe.expect_plain_error(nothing, 400,
                                      "'pem_bundle' and 'certificate' parameters were empty");
             const auto small = co_await import(probe, mount, "short");
             probe.expect_plain_error(small, 400, "provided data for import was too short");
             const auto junk = co_await import(probe, mount, std::string(100, 'x'));
             probe.expect_plain_error(junk, 400,
                                      probe.on("error when parsing block 1: invalid PEM data",
                                               "provided PEM block contained no data"));
             const auto bad =
                 co_await import(probe, mount,
                                 "-----BEGIN CERTIFICATE-----\n"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                                 "-----END CERTIFICATE-----\n");
             probe.expect_plain_error(bad, 400, "Error parsing issuer 0: ");
             for (const auto* path : {"/issuers/import/cert", "/issuers/import/bundle"}) {
                 Json body{{"pem_bundle", "short"}};
                 const auto alike = co_await probe.vault("POST", mount + path, std::move(body));
                 probe.expect_plain_error(alike, 400, "provided data for import was too short");
             }
         }},

        {.name = "without-its-key-is-no-default",
         .requirement = "A certificate whose key is not in the mount is imported, and does not "
                        "become the default.",
         .rows = {79},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await steps::mounted_root(probe, Json::object(), "root");
             const auto mount = co_await steps::empty_pki(probe, "int");
             const auto foreign =
                 co_await signed_intermediate(probe, root, steps::named_csr("foreign"));
             const auto reply =
                 co_await import(probe, mount, steps::text_of(probe, foreign, "certificate"));
             probe.expect_status(reply, 200);
             const auto mapping = reply.data().value("mapping", Json::object());
             probe.expect(mapping.size() == 1 && mapping.begin().value() == Json(""),
                          "the mapping is {}", mapping.dump());
             probe.expect_equal(co_await default_issuer(probe, mount), "", "the default");
         }},

        {.name = "several-with-their-keys",
         .requirement = "Of several issuers that are imported with their keys none becomes the "
                        "default that follows the latest, and warnings tell so.",
         .rows = {79, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto exported = [&](std::string base) -> Task<std::string> {
                 const auto elsewhere = co_await steps::empty_pki(probe, std::move(base));
                 std::string bundle;
                 for (int i = 0; i < 2; ++i) {
                     const auto reply = co_await probe.set_up(
                         "POST", elsewhere + "/root/generate/exported",
                         Json{{"common_name", "r"}, {"key_type", "ec"}, {"format", "pem_bundle"}});
                     bundle += steps::text_of(probe, reply, "certificate") + "\n";
                 }
                 co_return bundle;
             };
             const auto mount = co_await steps::empty_pki(probe, "int");
             const auto first = co_await import_bundle(probe, mount, co_await exported("one"));
             probe.expect_warning(first, "contained multiple certs matching keys");
             const auto chosen = co_await default_issuer(probe, mount);
             (void)co_await probe.set_up(
                 "POST", mount + "/config/issuers",
                 Json{{"default", chosen}, {"default_follows_latest_issuer", true}});
             const auto second = co_await import_bundle(probe, mount, co_await exported("two"));
             probe.expect_warning(second, "Default issuer left unchanged");
             probe.expect_equal(co_await default_issuer(probe, mount), chosen, "the default");
         }},

        {.name = "rotated-does-not-sign-yet",
         .requirement = "After an intermediate was generated and imported anew, the old one signs "
                        "until config/issuers names the new one.",
         .rows = {80},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await pair(probe);
             const auto old_ca = co_await signed_intermediate(probe, made.root, made.csr);
             (void)co_await import(probe, made.intermediate,
                                   steps::text_of(probe, old_ca, "certificate"));
             const auto before = co_await default_issuer(probe, made.intermediate);
             (void)co_await steps::role(probe, made.intermediate);

             const auto csr = co_await intermediate_csr(probe, made.intermediate);
             const auto new_ca =
                 co_await signed_intermediate(probe, made.root, steps::text_of(probe, csr, "csr"));
             const auto imported = co_await import(probe, made.intermediate,
                                                   steps::text_of(probe, new_ca, "certificate"));
             probe.expect_equal(co_await default_issuer(probe, made.intermediate), before,
                                "the default");
             const auto old_leaf = co_await leaf(probe, made.intermediate);
             probe.expect(old_leaf.certificate.signed_by(steps::leaf_of(probe, old_ca)),
                          "the old issuer did not sign");
             const auto ids = imported.data().value("imported_issuers", Json::array());
             if (!probe.expect(ids.is_array() && ids.size() == 1, "imported issuers: {}",
                               ids.dump())) {
                 co_return;
             }
             Json config{{"default", ids.at(0)}};
             (void)co_await probe.set_up("POST", made.intermediate + "/config/issuers",
                                         std::move(config));
             const auto new_leaf = co_await leaf(probe, made.intermediate);
             probe.expect(new_leaf.certificate.signed_by(steps::leaf_of(probe, new_ca)),
                          "the new default did not sign");
         }},

        {.name = "signed-by-no-issuer",
         .requirement = "sign-intermediate and sign-self-issued trim issuer_ref, and refuse an "
                        "empty one before they look at what is to be signed.",
         .rows = {223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const auto* path : {"/root/sign-intermediate", "/root/sign-self-issued"}) {
                 const auto none =
                     co_await probe.vault("POST", mount + path, Json{{"issuer_ref", " "}});
                 probe.expect_plain_error(none, 400, "missing issuer reference");
             }
             Json body{{"issuer_ref", " Default "}};
             const auto found =
                 co_await probe.vault("POST", mount + "/root/sign-intermediate", std::move(body));
             probe.expect_plain_error(found, 400, "\"csr\" is empty");
         }},
    };
}

}  // namespace meshproof::conformance
