// What a leaf's ca_chain holds: with and without the root, cross-signed, by hand; and
// sign-self-issued.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

/// A mount whose default issuer was signed by another mount's root; `format` pem_bundle brings the
/// root in too. It has the role "app".
struct Signed {
    std::string mount;
    crypto::Certificate intermediate, root;
};

Task<Signed> signed_mount(Probe& probe, std::string format) {
    Signed made;
    const auto root_mount = co_await steps::mounted_root(probe, Json::object(), "root");
    made.mount = co_await steps::empty_pki(probe, "int");
    const auto csr = co_await intermediate_csr(probe, made.mount);
    const auto reply = co_await signed_intermediate(
        probe, root_mount, steps::text_of(probe, csr, "csr"), Json{{"format", format}});
    made.intermediate = steps::leaf_of(probe, reply);
    made.root = steps::certificate_of(probe, steps::text_of(probe, reply, "issuing_ca"));
    Json body{{"certificate", steps::text_of(probe, reply, "certificate")}};
    (void)co_await probe.set_up("POST", made.mount + "/intermediate/set-signed", std::move(body));
    (void)co_await steps::role(probe, made.mount);
    co_return made;
}

std::vector<crypto::Certificate> chain_of(Probe& probe, const Reply& reply) {
    std::vector<crypto::Certificate> chain;
    for (const auto& pem : reply.data().value("ca_chain", Json::array())) {
        chain.push_back(steps::certificate_of(probe, pem.get<std::string>()));
    }
    return chain;
}

void expect_chain(Probe& probe, const Reply& reply, std::vector<crypto::Certificate> expected) {
    probe.expect_status(reply, 200);
    const auto chain = chain_of(probe, reply);
    probe.expect(chain == expected, "{}: a chain of {} that is not the expected one of {}",
                 reply.asked, chain.size(), expected.size());
    probe.expect(steps::certificate_of(probe, steps::text_of(probe, reply, "issuing_ca")) ==
                     expected.front(),
                 "issuing_ca is not the chain's first");
}

/// Two roots A and B in one mount, and B's key signed by A too; B is the default.
struct Crossed {
    std::string mount, b_id, cross_id;
    crypto::Certificate a, b, cross;
};

Task<Crossed> crossed(Probe& probe) {
    Crossed made;
    const auto a_mount = co_await steps::mounted_root(probe, Json{{"common_name", "A"}}, "a");
    made.mount = co_await steps::empty_pki(probe, "b");
    const auto b = co_await root(probe, made.mount, Json{{"common_name", "B"}});
    made.b = steps::leaf_of(probe, b);
    made.b_id = steps::text_of(probe, b, "issuer_id");
    Json cross{{"common_name", "B"}, {"key_ref", steps::text_of(probe, b, "key_id")}};
    const auto csr =
        co_await probe.set_up("POST", made.mount + "/intermediate/cross-sign", std::move(cross));
    const auto reply = co_await signed_intermediate(
        probe, a_mount, steps::text_of(probe, csr, "csr"), Json{{"common_name", "B"}});
    made.cross = steps::leaf_of(probe, reply);
    made.a = steps::certificate_of(probe, steps::text_of(probe, reply, "issuing_ca"));
    Json first{{"pem_bundle", made.cross.pem()}}, second{{"pem_bundle", made.a.pem()}};
    const auto imported =
        co_await probe.set_up("POST", made.mount + "/issuers/import/cert", std::move(first));
    made.cross_id = imported.data().at("imported_issuers").at(0).get<std::string>();
    (void)co_await probe.set_up("POST", made.mount + "/issuers/import/cert", std::move(second));
    (void)co_await steps::role(probe, made.mount);
    co_return made;
}

Task<Reply> sign_self_issued(Probe& probe, std::string mount, std::string pem,
                             Json more = Json::object()) {
    more["certificate"] = std::move(pem);
    return probe.vault("POST", mount + "/root/sign-self-issued", std::move(more));
}

}  // namespace

std::vector<Check> vault_pki_ca_chain() {
    return {
        {.name = "ends-with-the-root",
         .requirement = "A leaf's ca_chain begins with its issuer and ends with the root where the "
                        "root was imported with it.",
         .rows = {88},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await signed_mount(probe, "pem_bundle");
             const auto reply = co_await steps::sign(probe, made.mount, steps::workload_csr());
             expect_chain(probe, reply, {made.intermediate, made.root});
         }},

        {.name = "without-the-root-is-the-issuer",
         .requirement = "A leaf's ca_chain is its issuer alone where the root is not in the mount.",
         .rows = {88},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await signed_mount(probe, "pem");
             const auto reply = co_await steps::sign(probe, made.mount, steps::workload_csr());
             expect_chain(probe, reply, {made.intermediate});
         }},

        {.name = "cross-csr-has-the-old-key",
         .requirement = "A CSR for cross-signing is of the key that is named, else of the default "
                        "one; a key that is not there is 400.",
         .rows = {178},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto made = co_await root(probe, mount);
             const auto key = steps::text_of(probe, made, "key_id");
             Json body{{"common_name", "again"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/intermediate/cross-sign", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_equal(steps::text_of(probe, reply, "key_id"), key, "key_id");
             const auto csr = crypto::Csr::from_pem(steps::text_of(probe, reply, "csr"));
             probe.expect(csr && csr->public_key() == steps::leaf_of(probe, made).public_key(),
                          "the CSR is not of the root's key");
             Json unknown{{"common_name", "again"}, {"key_ref", "unknown"}};
             const auto refused = co_await probe.vault("POST", mount + "/intermediate/cross-sign",
                                                       std::move(unknown));
             probe.expect_status(refused, 400);
         }},

        {.name = "cross-signed-is-a-second-issuer",
         .requirement = "A cross-signed certificate is a second issuer on the same key, and leaf "
                        "chains go through it to the other root.",
         .rows = {178},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await crossed(probe);
             probe.expect_equal(co_await default_issuer(probe, made.mount), made.b_id,
                                "the default");
             const auto list = co_await probe.vault("LIST", made.mount + "/issuers");
             const auto info = list.data().value("key_info", Json::object());
             probe.expect_equal(info.value(made.cross_id, Json::object()).value("key_id", Json()),
                                info.value(made.b_id, Json::object()).value("key_id", Json("none")),
                                "the cross-signed issuer's key");
             const auto by_default = co_await steps::sign(probe, made.mount, steps::workload_csr());
             expect_chain(probe, by_default, {made.b, made.cross, made.a});
             Json body{{"csr", steps::workload_csr()}};
             const auto by_cross = co_await probe.vault(
                 "PUT", fmt::format("{}/issuer/{}/sign/app", made.mount, made.cross_id),
                 std::move(body));
             expect_chain(probe, by_cross, {made.cross, made.a});
         }},

        {.name = "manual-chain-is-followed",
         .requirement = "A manual_chain is a leaf's ca_chain exactly.",
         .rows = {178},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await crossed(probe);
             Json body{{"manual_chain", Json::array({made.b_id, made.cross_id})}};
             (void)co_await probe.set_up("POST", made.mount + "/issuer/" + made.b_id,
                                         std::move(body));
             const auto reply = co_await steps::sign(probe, made.mount, steps::workload_csr());
             expect_chain(probe, reply, {made.b, made.cross});
         }},

        {.name = "self-issued-keeps-its-contents",
         .requirement = "sign-self-issued replaces a root's issuer and key identifiers and keeps "
                        "its subject, serial number and dates.",
         .rows = {179},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto elsewhere = co_await steps::mounted_root(
                 probe, Json{{"common_name", "another root"}}, "elsewhere");
             const auto pem = co_await read_open(probe, elsewhere + "/ca/pem");
             const auto given = steps::certificate_of(probe, pem.body);
             const auto reply = co_await sign_self_issued(probe, mount, pem.body);
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.data(), {"certificate", "issuing_ca"}, "data");
             const auto certificate = steps::leaf_of(probe, reply);
             const auto issuer =
                 steps::certificate_of(probe, steps::text_of(probe, reply, "issuing_ca"));
             probe.expect(certificate.signed_by(issuer), "issuing_ca did not sign it");
             probe.expect_equal(certificate.subject_line(), given.subject_line(), "subject");
             probe.expect_equal(certificate.serial(), given.serial(), "serial number");
             probe.expect(certificate.not_before() == given.not_before() &&
                              certificate.not_after() == given.not_after(),
                          "the dates changed");
             probe.expect(certificate.authority_key_id() == issuer.subject_key_id(),
                          "authorityKeyIdentifier is not the issuer's");
         }},

        {.name = "self-issued-must-be-one",
         .requirement = "sign-self-issued refuses junk, a leaf, and a CA that another one signed.",
         .rows = {179},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto junk = co_await sign_self_issued(probe, mount, "junk");
             probe.expect_plain_error(junk, 400, "certificate could not be PEM-decoded");
             const auto some_leaf = co_await leaf(probe, mount);
             const auto no_ca = co_await sign_self_issued(probe, mount, some_leaf.pem);
             probe.expect_plain_error(no_ca, 400, "given certificate is not a CA certificate");
             const auto signed_ca =
                 co_await signed_intermediate(probe, mount, steps::named_csr("other"));
             const auto other = co_await sign_self_issued(
                 probe, mount, steps::text_of(probe, signed_ca, "certificate"));
             probe.expect_status(other, 400);
         }},

        {.name = "self-issued-keeps-its-hash",
         .requirement = "sign-self-issued signs with the certificate's own hash where its key is "
                        "of the kind that signs, and else by the key that signs.",
         .rows = {179},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto p256 = co_await steps::mounted_root(probe, Json::object(), "p256");
             const auto p521 = co_await steps::mounted_root(probe, Json{{"key_bits", 521}}, "p521");
             const Json rsa{{"key_type", "rsa"}, {"key_bits", 2048}, {"signature_bits", 384}};
             const auto sha384 = co_await steps::mounted_root(probe, rsa, "rsa");
             const std::vector<std::tuple<std::string, std::string, std::string>> signings{
                 {p521, p256, "ecdsa-with-SHA512"},           {p256, p521, "ecdsa-with-SHA256"},
                 {sha384, sha384, "sha384WithRSAEncryption"}, {sha384, p256, "ecdsa-with-SHA256"},
                 {p521, sha384, "sha256WithRSAEncryption"},
             };
             for (const auto& [given, signer, wanted] : signings) {
                 const auto pem = co_await read_open(probe, given + "/ca/pem");
                 const auto reply = co_await sign_self_issued(probe, signer, pem.body);
                 probe.expect_equal(steps::leaf_of(probe, reply).signature_algorithm(), wanted,
                                    "the signature algorithm");
             }
         }},

        {.name = "self-issued-of-another-algorithm",
         .requirement = "sign-self-issued takes a key of another kind unless matching algorithms "
                        "are asked for; then it is 500.",
         .rows = {179},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto elsewhere =
                 co_await steps::mounted_root(probe, Json{{"key_type", "rsa"}}, "elsewhere");
             const auto pem = co_await read_open(probe, elsewhere + "/ca/pem");
             const auto taken = co_await sign_self_issued(probe, mount, pem.body);
             probe.expect_status(taken, 200);
             const auto refused = co_await sign_self_issued(
                 probe, mount, pem.body, Json{{"require_matching_certificate_algorithms", true}});
             probe.expect_status(refused, 500);
         }},
    };
}

}  // namespace meshproof::conformance
