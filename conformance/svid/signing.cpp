// Signing certificates: roots and intermediates that a target makes, against rules C1 to C11.
#include "conformance/steps.hpp"
#include "conformance/svid/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace svid;
using spiffe::RuleState;

bool has_name_constraints(const crypto::Certificate& certificate) {
    return std::ranges::any_of(certificate.extensions(), [](const auto& extension) {
        return extension.oid == "2.5.29.30" && extension.critical;
    });
}

}  // namespace

std::vector<Check> svid_signing() {
    return {
        {.name = "a-root-may-sign",
         .requirement = "A generated root has cA=true and a critical keyUsage with keyCertSign and "
                        "cRLSign.",
         .rules = {"C1", "C2", "C3"},
         .source = "RFC 5280 4.2.1.3",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto findings = spiffe::check_signing(root.certificate);
             expect_broken(probe, findings, none, "the root");
             expect_state(probe, findings, "C1", RuleState::holds);
             expect_state(probe, findings, "C2", RuleState::holds);
             expect_state(probe, findings, "C3", RuleState::holds);
         }},

        {.name = "an-intermediate-may-sign",
         .requirement = "sign-intermediate gives cA=true and a critical keyUsage with keyCertSign "
                        "and cRLSign, whatever the CSR's basicConstraints say.",
         .rules = {"C1", "C2", "C3"},
         .source = "RFC 5280 4.2.1.9",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             auto asked = asking_for({id});
             asked.extensions = {{.oid = "2.5.29.19", .critical = true, .value = {0x30, 0x00}}};
             const auto signer = co_await sign_intermediate(probe, root.mount, asked);
             const auto findings = spiffe::check_signing(signer);
             expect_broken(probe, findings, none, "the intermediate");
             expect_state(probe, findings, "C1", RuleState::holds);
             expect_state(probe, findings, "C2", RuleState::holds);
             expect_state(probe, findings, "C3", RuleState::holds);
         }},

        {.name = "csr-values-may-take-its-usage",
         .requirement = "With use_csr_values the CSR's keyUsage replaces the CA's own, so an "
                        "intermediate may lack keyCertSign.",
         .rules = {"C1", "C2"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             crypto::Csr::Spec asked = asking_for({std::string(domain_id)});
             asked.subject.common_name = "intermediate";
             asked.extensions = {
                 {.oid = "2.5.29.15", .critical = true, .value = {0x03, 0x02, 0x07, 0x80}}};
             const auto signer = co_await sign_intermediate(probe, root.mount, asked,
                                                            asking("use_csr_values", true));
             const auto findings = spiffe::check_signing(signer);
             expect_state(probe, findings, "C1", RuleState::holds);
             expect_broken(probe, findings, {"C2"}, "the intermediate");
         }},

        {.name = "a-roots-id-by-uri-sans",
         .requirement = "root/generate with uri_sans gives a root with that SPIFFE ID.",
         .rules = {"C5", "C6"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             expect_uris(probe, root.certificate, {std::string(domain_id)});
             const auto findings = spiffe::check_signing(root.certificate);
             expect_state(probe, findings, "C5", RuleState::holds);
             expect_state(probe, findings, "C6", RuleState::holds);
         }},

        {.name = "no-id-unless-asked",
         .requirement = "A root made without uri_sans has no SPIFFE ID, which it should have.",
         .rules = {"C5", "C6"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe, "root", asking("uri_sans", ""));
             expect_uris(probe, root.certificate, {});
             const auto findings = spiffe::check_signing(root.certificate);
             expect_broken(probe, findings, none, "the root");
             expect_state(probe, findings, "C5", RuleState::broken);
             expect_state(probe, findings, "C6", RuleState::absent);
         }},

        {.name = "an-intermediates-id-by-uri-sans",
         .requirement = "An intermediate's SPIFFE ID comes from uri_sans of sign-intermediate, not "
                        "from its CSR.",
         .rules = {"C5"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto without = co_await sign_intermediate(probe, root.mount, asking_for({id}));
             expect_uris(probe, without, {});
             const auto with = co_await sign_intermediate(probe, root.mount, asking_for({id}),
                                                          asking("uri_sans", domain_id));
             expect_uris(probe, with, {std::string(domain_id)});
             expect_state(probe, spiffe::check_signing(with), "C5", RuleState::holds);
         }},

        {.name = "a-path-in-the-id-is-signed",
         .requirement = "An intermediate's ID may be given a path, which SPIFFE forbids: nobody "
                        "but the caller sees to it.",
         .rules = {"C6"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto with_path = std::string(domain_id) + "/ca";
             const auto signer =
                 co_await sign_intermediate(probe, root.mount, {}, asking("uri_sans", with_path));
             expect_uris(probe, signer, {with_path});
             expect_broken(probe, spiffe::check_signing(signer), {"C6"}, "the intermediate");
         }},

        {.name = "an-intermediate-of-another-domain",
         .requirement = "A root signs an intermediate with another trust domain's ID, and leaves "
                        "below it are valid in the root's domain.",
         .rules = {"C7", "C8"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await make_intermediate(
                 probe, root, "int", asking("uri_sans", "spiffe://example.com"));
             co_await make_role(probe, signer.mount);
             const auto made = co_await sign(probe, signer.mount + "/sign/mesh", asking_for({id}));
             const auto verdict = validate(made, bundle_of(root));
             expect_broken(probe, verdict.findings, none, "the leaf");
             expect_state(probe, verdict.findings, "C7", RuleState::broken);
             expect_state(probe, verdict.findings, "C8", RuleState::holds);
         }},

        {.name = "intermediates-below-intermediates",
         .requirement = "An imported intermediate signs another one, and ca_chain of a leaf below "
                        "leads up to the root.",
         .rows = {90},
         .rules = {"C7", "C8"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto upper = co_await make_intermediate(probe, root, "upper");
             const auto lower = co_await make_intermediate(probe, upper, "lower");
             co_await make_role(probe, lower.mount);
             const auto made = co_await sign(probe, lower.mount + "/sign/mesh", asking_for({id}));
             const auto verdict = validate(made, bundle_of(root));
             expect_broken(probe, verdict.findings, none, "the leaf");
             expect_state(probe, verdict.findings, "C7", RuleState::holds);
             expect_state(probe, verdict.findings, "C8", RuleState::holds);
             probe.expect(verdict.path.size() == 4, "the path has {} certificates, expected 4",
                          verdict.path.size());
         }},

        {.name = "max-path-length-is-written",
         .requirement = "max_path_length of sign-intermediate is the intermediate's pathLen, and "
                        "without it there is none.",
         .rules = {"C4"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer =
                 co_await sign_intermediate(probe, root.mount, {}, asking("max_path_length", 0));
             probe.expect(signer.path_length() == 0, "pathLen is not 0");
             expect_state(probe, spiffe::check_signing(signer), "C4", RuleState::holds);
             const auto free = co_await sign_intermediate(probe, root.mount, {});
             expect_state(probe, spiffe::check_signing(free), "C4", RuleState::absent);
         }},

        {.name = "path-length-counts-down",
         .requirement = "An intermediate below a root with pathLen 1 has pathLen 0.",
         .rules = {"C4"},
         .source = "RFC 5280 4.2.1.9",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe, "root", asking("max_path_length", 1));
             probe.expect(root.certificate.path_length() == 1, "the root's pathLen is not 1");
             const auto signer = co_await sign_intermediate(probe, root.mount, {});
             probe.expect(signer.path_length() == 0, "the intermediate's pathLen is not 0");
         }},

        {.name = "path-length-0-signs-no-ca",
         .requirement = "An issuer with pathLen 0 refuses to sign an intermediate.",
         .rules = {"C4"},
         .source = "RFC 5280 4.2.1.9",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe, "root", asking("max_path_length", 0));
             Json body{{"csr", steps::csr()}, {"common_name", "intermediate"}};
             const auto reply = co_await probe.vault("PUT", root.mount + "/root/sign-intermediate",
                                                     std::move(body));
             probe.expect_error(reply, 400, "max path length of zero");
         }},

        {.name = "uri-name-constraints-cannot-be-had",
         .requirement = "There is no parameter for URI name constraints: permitted_uri_domains is "
                        "ignored with a warning.",
         .rows = {11},
         .rules = {"C10"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             Json body{{"csr", steps::csr()},
                       {"common_name", "intermediate"},
                       {"permitted_uri_domains", domain}};
             const auto reply = co_await probe.vault("PUT", root.mount + "/root/sign-intermediate",
                                                     std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_warning(reply,
                                  "ignored these unrecognized parameters: [permitted_uri_domains]");
         }},

        {.name = "dns-name-constraints-spare-ids",
         .requirement = "permitted_dns_domains becomes a critical nameConstraints extension, which "
                        "holds for DNS names and not for SPIFFE IDs below.",
         .rules = {"C10", "V1"},
         .source = "RFC 5280 4.2.1.10",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await make_intermediate(probe, root, "int",
                                                            asking("permitted_dns_domains", "svc"));
             probe.expect(has_name_constraints(signer.certificate),
                          "the intermediate has no critical nameConstraints");
             expect_state(probe, spiffe::check_signing(signer.certificate), "C10",
                          RuleState::holds);
             co_await make_role(probe, signer.mount);
             const auto path = signer.mount + "/sign/mesh";
             auto asked = asking_for({id});
             const auto without = co_await sign(probe, path, asked);
             expect_broken(probe, validate(without, bundle_of(root)).findings, none, "the leaf");
             asked.alt_names.dns = {"web.default.example"};
             const auto outside = co_await sign(probe, path, asked);
             expect_broken(probe, validate(outside, bundle_of(root)).findings, {"V1"},
                           "a leaf with a DNS name outside the constraints");
         }},

        {.name = "no-purposes-by-default",
         .requirement = "Roots and intermediates have no extKeyUsage by default, so no library can "
                        "hold one against what they sign.",
         .rules = {"C11"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await sign_intermediate(probe, root.mount, {});
             expect_state(probe, spiffe::check_signing(root.certificate), "C11", RuleState::absent);
             expect_state(probe, spiffe::check_signing(signer), "C11", RuleState::absent);
         }},

        {.name = "purposes-on-openbao-only",
         .requirement = "OpenBao's sign-intermediate takes ext_key_usage, and DigitalSignature of "
                        "key_usage beside the two bits of a CA; Vault ignores both.",
         .rules = {"C2", "C11"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             const auto signer = co_await sign_intermediate(
                 probe, root.mount, {}, asking("ext_key_usage", "ClientAuth,ServerAuth"));
             expect_state(probe, spiffe::check_signing(signer), "C11",
                          probe.on(RuleState::holds, RuleState::absent));
             const auto usage = co_await sign_intermediate(
                 probe, root.mount, {}, asking("key_usage", "DigitalSignature,KeyEncipherment"));
             const unsigned expected = crypto::cert_sign | crypto::crl_sign |
                                       (probe.openbao() ? unsigned{crypto::digital_signature} : 0U);
             probe.expect(usage.key_usage() == expected, "keyUsage is {:#x}, expected {:#x}",
                          usage.key_usage().value_or(0), expected);
             expect_broken(probe, spiffe::check_signing(usage), none, "the intermediate");
         }},

        {.name = "presented-it-is-refused",
         .requirement = "An intermediate with a workload's ID has cA=true and keyCertSign, by "
                        "which a validator refuses it as a leaf.",
         .rules = {"C9", "V3", "V4"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             SignedLeaf made;
             made.leaf = co_await sign_intermediate(probe, root.mount, {}, asking("uri_sans", id));
             const auto verdict = validate(made, bundle_of(root));
             for (const auto* rule : {"C9", "V3", "V4", "L5", "L9"}) {
                 expect_state(probe, verdict.findings, rule, RuleState::broken);
             }
             expect_state(probe, verdict.findings, "V1", RuleState::holds);
         }},
    };
}

}  // namespace meshproof::conformance
