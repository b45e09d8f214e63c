// Validation: what our validator says to a target's leaves and bundles, against rules V1 to V7 and
// B1 to B4.
#include "conformance/steps.hpp"
#include "conformance/svid/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace svid;
using spiffe::RuleState;

/// One leaf from a mount with a root and a role that allows any URI.
Task<std::pair<SignedLeaf, spiffe::SvidVerdict>> judge_once(Probe& probe, crypto::Csr::Spec asked,
                                                            Json role = Json::object()) {
    const auto root = co_await make_root(probe);
    Json wide{{"allowed_uri_sans", "*"}};
    wide.update(role);
    co_await make_role(probe, root.mount, std::move(wide));
    auto made = co_await sign(probe, root.mount + "/sign/mesh", std::move(asked));
    auto verdict = validate(made, bundle_of(root));
    co_return std::pair(std::move(made), std::move(verdict));
}

/// The authorities that a reader of the published bundle takes.
spiffe::SpiffeBundle published(Probe& probe, const std::string& jwks) {
    auto bundle = spiffe::read_bundle(jwks);
    if (!bundle) {
        probe.give_up("the bundle cannot be read: " + bundle.error().message);
    }
    return std::move(*bundle);
}

Task<std::vector<crypto::Certificate>> certificates_at(Probe& probe, std::string path) {
    const auto reply = co_await probe.vault("GET", std::move(path), {}, As::nobody());
    probe.expect_status(reply, 200);
    auto certificates = crypto::Certificate::all_from_pem(reply.body);
    if (!certificates) {
        probe.give_up(certificates.error().message);
    }
    co_return std::move(*certificates);
}

}  // namespace

std::vector<Check> svid_validation() {
    return {
        {.name = "a-leaf-with-its-chain-is-valid",
         .requirement = "A leaf with the ca_chain that came with it is valid to whoever has its "
                        "trust domain's root.",
         .rows = {90},
         .rules = {"V1", "V7"},
         .source = "X509-SVID 5",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await make_intermediate(probe, root);
             co_await make_role(probe, signer.mount);
             const auto made = co_await sign(probe, signer.mount + "/sign/mesh", asking_for({id}));
             const auto verdict = validate(made, bundle_of(root));
             expect_broken(probe, verdict.findings, none, "the leaf");
             expect_state(probe, verdict.findings, "V1", RuleState::holds);
             expect_state(probe, verdict.findings, "V7", RuleState::holds);
             probe.expect(verdict.path.size() == 3, "the path has {} certificates, expected 3",
                          verdict.path.size());
         }},

        {.name = "a-root-issued-leaf-is-valid",
         .requirement = "A leaf that a root mount signed is valid to whoever has that root.",
         .rules = {"V1", "V7"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto [made, verdict] = co_await judge_once(probe, asking_for({id}));
             expect_broken(probe, verdict.findings, none, "the leaf");
             probe.expect(verdict.path.size() == 2, "the path has {} certificates, expected 2",
                          verdict.path.size());
         }},

        {.name = "valid-from-now-until-its-end",
         .requirement = "A leaf is valid from the moment of its issue, and 30 s before, through "
                        "the last second of its TTL, and not a second longer.",
         .rows = {96, 97},
         .rules = {"V1"},
         .source = "RFC 5280 4.1.2.5",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount);
             const auto made = co_await sign(probe, root.mount + "/sign/mesh", asking_for({id}));
             const auto at = [&](Time time) {
                 return spiffe::validate({.leaf = made.leaf,
                                          .chain = made.chain,
                                          .bundles = bundle_of(root),
                                          .at = time});
             };
             using std::chrono::seconds;
             const auto& leaf = made.leaf;
             steps::expect_life(probe, leaf, seconds(3600 + 30));
             for (const auto time : {leaf.not_before() + seconds(30), leaf.not_after()}) {
                 expect_broken(probe, at(time).findings, none, rfc3339(time));
             }
             for (const auto time :
                  {leaf.not_before() - seconds(1), leaf.not_after() + seconds(1)}) {
                 expect_broken(probe, at(time).findings, {"V1"}, rfc3339(time));
             }
         }},

        {.name = "an-unknown-extension-is-not-copied",
         .requirement = "A role's leaf has no unknown critical extension of its CSR; "
                        "sign-verbatim's has, and no validator takes it.",
         .rows = {116, 123},
         .rules = {"V1"},
         .source = "RFC 5280 4.2",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             auto asked = asking_for({id});
             asked.extensions = {
                 {.oid = "1.3.6.1.4.1.99999.1", .critical = true, .value = {0x05, 0x00}}};
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount);
             const auto made = co_await sign(probe, root.mount + "/sign/mesh", asked);
             expect_broken(probe, validate(made, bundle_of(root)).findings, none, "the leaf");
             const auto verbatim =
                 co_await sign(probe, root.mount + "/sign-verbatim", asked, an_hour);
             expect_state(probe, validate(verbatim, bundle_of(root)).findings, "V1",
                          RuleState::broken);
         }},

        {.name = "two-ids-are-refused",
         .requirement = "A leaf that was signed with two SPIFFE IDs carries both, so every "
                        "validator refuses it.",
         .rows = {106},
         .rules = {"V2", "L1"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto [made, verdict] = co_await judge_once(probe, asking_for({id, id + "-2"}));
             expect_broken(probe, verdict.findings, {"L1", "V2"}, "the leaf");
         }},

        {.name = "ca-false-is-taken",
         .requirement = "A leaf whose role writes cA=false is valid.",
         .rows = {116},
         .rules = {"V3", "L5"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto [made, verdict] = co_await judge_once(
                 probe, asking_for({id}), asking("basic_constraints_valid_for_non_ca", true));
             expect_broken(probe, verdict.findings, none, "the leaf");
             expect_state(probe, verdict.findings, "V3", RuleState::holds);
             expect_state(probe, verdict.findings, "L5", RuleState::holds);
         }},

        {.name = "signing-usage-is-refused",
         .requirement = "A leaf from a role with CertSign has keyCertSign, so every validator "
                        "refuses it.",
         .rows = {117},
         .rules = {"V4", "L9"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto [made, verdict] = co_await judge_once(
                 probe, asking_for({id}), asking("key_usage", "DigitalSignature,CertSign"));
             expect_broken(probe, verdict.findings, {"L9", "V4"}, "the leaf");
         }},

        {.name = "another-scheme-is-refused",
         .requirement = "A role that allows any URI signs an https URI, and every validator "
                        "refuses the leaf.",
         .rows = {112},
         .rules = {"V5", "I1"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto [made, verdict] =
                 co_await judge_once(probe, asking_for({"https://example.org/a"}));
             expect_broken(probe, verdict.findings, {"V5", "I1"}, "the leaf");
         }},

        {.name = "no-path-is-refused",
         .requirement = "A role that allows any URI signs a trust domain's own ID, and every "
                        "validator refuses the leaf.",
         .rows = {112},
         .rules = {"V6", "L3"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto [made, verdict] =
                 co_await judge_once(probe, asking_for({std::string(domain_id)}));
             expect_broken(probe, verdict.findings, {"L3", "V6"}, "the leaf");
         }},

        {.name = "another-domains-bundle-is-refused",
         .requirement = "A role bound to one trust domain refuses another's IDs; a role that is "
                        "not signs them, and validators refuse the leaf for its root.",
         .rows = {111},
         .rules = {"V7"},
         .source = "SPIFFE-ID 3.1",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto ours = co_await make_root(probe, "ours");
             const auto theirs =
                 co_await make_root(probe, "theirs", asking("uri_sans", "spiffe://example.com"));
             co_await make_role(probe, theirs.mount,
                                asking("allowed_uri_sans", "spiffe://example.com/*"));
             const auto refused =
                 co_await ask_to_sign(probe, theirs.mount + "/sign/mesh", asking_for({id}));
             probe.expect_error(refused, 400, "not valid for this role");
             co_await make_role(probe, theirs.mount, asking("allowed_uri_sans", "spiffe://*"),
                                "wide");
             const auto made = co_await sign(probe, theirs.mount + "/sign/wide", asking_for({id}));
             auto bundles = bundle_of(ours);
             bundles["example.com"] = {theirs.certificate};
             expect_broken(probe, validate(made, std::move(bundles)).findings, {"V7"}, "the leaf");
         }},

        {.name = "ca-pem-is-one-authority",
         .requirement = "ca/pem is one certificate, a root mount's self-signed: an entry of a "
                        "SPIFFE bundle, by which leaves below are valid.",
         .rows = {127},
         .rules = {"B1", "B2"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await make_intermediate(probe, root);
             const auto authorities = co_await certificates_at(probe, root.mount + "/ca/pem");
             const auto bundle = published(probe, spiffe::write_bundle(authorities));
             expect_broken(probe, bundle.findings, none, "the bundle");
             expect_state(probe, bundle.findings, "B1", RuleState::holds);
             expect_state(probe, bundle.findings, "B2", RuleState::holds);
             co_await make_role(probe, signer.mount);
             const auto made = co_await sign(probe, signer.mount + "/sign/mesh", asking_for({id}));
             const auto verdict = validate(made, {{std::string(domain), bundle.authorities}});
             expect_broken(probe, verdict.findings, none, "the leaf");
             const auto of_signer = co_await certificates_at(probe, signer.mount + "/ca/pem");
             probe.expect(of_signer.size() == 1, "ca/pem holds {} certificates", of_signer.size());
         }},

        {.name = "two-issuers-two-entries",
         .requirement = "Two roots of one mount are two entries of a bundle, and each signs under "
                        "its own name.",
         .rows = {124},
         .rules = {"B1", "V7"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto old = co_await make_root(probe, "root", asking("issuer_name", "old"));
             Json body{{"common_name", "new"},  {"exclude_cn_from_sans", true},
                       {"uri_sans", domain_id}, {"key_type", "ec"},
                       {"issuer_name", "new"},  {"ttl", "700h"}};
             co_await probe.set_up("PUT", old.mount + "/root/generate/internal", std::move(body));
             co_await make_role(probe, old.mount);
             std::vector<crypto::Certificate> roots;
             for (const auto* name : {"old", "new"}) {
                 const auto found = co_await certificates_at(
                     probe, fmt::format("{}/issuer/{}/pem", old.mount, name));
                 roots.insert(roots.end(), found.begin(), found.end());
             }
             const auto bundle = published(probe, spiffe::write_bundle(roots));
             probe.expect(bundle.authorities.size() == 2, "the bundle has {} authorities",
                          bundle.authorities.size());
             expect_broken(probe, bundle.findings, none, "the bundle");
             for (std::size_t i = 0; i < 2; ++i) {
                 const auto path =
                     fmt::format("{}/issuer/{}/sign/mesh", old.mount, i == 0 ? "old" : "new");
                 const auto made = co_await sign(probe, path, asking_for({id}));
                 const auto verdict = validate(made, {{std::string(domain), bundle.authorities}});
                 expect_broken(probe, verdict.findings, none, path);
                 probe.expect(verdict.path.size() == 2 && verdict.path[1] == roots[i],
                              "{} did not sign with its own issuer", path);
             }
         }},

        {.name = "an-intermediate-as-authority",
         .requirement = "An intermediate's ca/pem may be a bundle's only entry, which should be "
                        "self-signed and need not.",
         .rows = {127},
         .rules = {"B2", "V1"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await make_intermediate(probe, root);
             co_await make_role(probe, signer.mount);
             const auto authorities = co_await certificates_at(probe, signer.mount + "/ca/pem");
             const auto bundle = published(probe, spiffe::write_bundle(authorities));
             expect_broken(probe, bundle.findings, none, "the bundle");
             expect_state(probe, bundle.findings, "B2",
                          RuleState::broken);  // it should be self-signed
             const auto made = co_await sign(probe, signer.mount + "/sign/mesh", asking_for({id}));
             const auto verdict = validate(made, {{std::string(domain), bundle.authorities}});
             expect_broken(probe, verdict.findings, none, "the leaf");
         }},

        {.name = "a-chain-begins-with-the-issuer",
         .requirement = "ca_chain begins with the issuing CA, so a reader who takes the first "
                        "value of an x5c only has the right one.",
         .rows = {127},
         .rules = {"B2", "B3"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await make_intermediate(probe, root);
             co_await make_role(probe, signer.mount);
             const auto chain = co_await certificates_at(probe, signer.mount + "/ca_chain");
             probe.expect(chain.size() == 2, "ca_chain holds {} certificates, expected 2",
                          chain.size());
             // All of it in one x5c, against B2: a reader takes the first value, and that is the
             // issuer.
             auto document = Json::parse(spiffe::write_bundle(std::span(chain.data(), 1)));
             for (std::size_t i = 1; i < chain.size(); ++i) {
                 const auto more = Json::parse(spiffe::write_bundle(std::span(&chain[i], 1)));
                 document["keys"][0]["x5c"].push_back(more["keys"][0]["x5c"][0]);
             }
             const auto bundle = published(probe, document.dump());
             expect_state(probe, bundle.findings, "B3", RuleState::holds);
             const auto made = co_await sign(probe, signer.mount + "/sign/mesh", asking_for({id}));
             auto alone = made;
             alone.chain.clear();
             const auto verdict = validate(alone, {{std::string(domain), bundle.authorities}});
             expect_broken(probe, verdict.findings, none, "the leaf without its chain");
         }},

        {.name = "no-ca-no-bundle",
         .requirement = "A mount without a CA answers ca/pem and ca_chain with 204 and nothing: a "
                        "bundle without entries, in whose trust domain no leaf is valid.",
         .rows = {128},
         .rules = {"B4", "V7"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto of_root = co_await certificates_at(probe, root.mount + "/ca/pem");
             probe.expect(of_root.size() == 1, "ca/pem holds {} certificates", of_root.size());
             const auto mount = co_await probe.mount();
             std::string told;
             for (const auto* path : {"/ca/pem", "/ca_chain"}) {
                 const auto reply = co_await probe.vault("GET", mount + path, {}, As::nobody());
                 probe.expect_status(reply, 204);
                 probe.expect(reply.body.empty(), "{} has a body", reply.asked);
                 told += reply.body;
             }
             const auto authorities = crypto::Certificate::all_from_pem(told);
             const auto bundle = published(
                 probe, spiffe::write_bundle(authorities ? *authorities
                                                         : std::vector<crypto::Certificate>()));
             expect_state(probe, bundle.findings, "B4", RuleState::holds);
             co_await make_role(probe, root.mount);
             const auto made = co_await sign(probe, root.mount + "/sign/mesh", asking_for({id}));
             const auto verdict = validate(made, {{std::string(domain), bundle.authorities}});
             expect_broken(probe, verdict.findings, {"V7"}, "the leaf");
         }},
    };
}

}  // namespace meshproof::conformance
