// Leaves: what a target makes of CSRs and roles, against rules L1 to L12.
#include "conformance/svid/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace svid;
using spiffe::RuleState;

crypto::RawExtension extension(std::string oid, bool critical, Bytes value) {
    return {.oid = std::move(oid), .critical = critical, .value = std::move(value)};
}

// keyCertSign and cRLSign, with or without digitalSignature.
crypto::RawExtension signing_usage(bool digital_signature) {
    return extension(
        "2.5.29.15", true,
        {0x03, 0x02, 0x01, static_cast<std::uint8_t>(digital_signature ? 0x86 : 0x06)});
}
const crypto::RawExtension asks_to_be_ca =
    extension("2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xff});

}  // namespace

std::vector<Check> svid_leaf() {
    return {
        {.name = "a-mesh-leaf-keeps-every-rule",
         .requirement = "A CSR with one SPIFFE ID and no subject, signed by a role that takes any "
                        "name, becomes a leaf that keeps every rule of SPIFFE.",
         .rows = {116, 117},
         .rules = {"L1", "L3", "L4", "L5", "L6", "L7", "L9", "L10", "L11", "L12"},
         .source = "X509-SVID 4",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_broken(probe, findings, none, "the leaf");
             probe.expect(findings.broken(spiffe::RuleLevel::should).empty(),
                          "the leaf lacks extKeyUsage");
         }},

        {.name = "an-issued-leaf-keeps-every-rule",
         .requirement = "issue with uri_sans gives a leaf that keeps every rule, too.",
         .rows = {122},
         .rules = {"L1", "L6", "L7", "L12"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount, asking("key_type", "ec"));
             Json body{{"uri_sans", id}};
             auto reply = co_await probe.vault("PUT", root.mount + "/issue/mesh", std::move(body));
             const auto made = read_leaf(probe, std::move(reply));
             expect_broken(probe, spiffe::check_leaf(made.leaf), none, "the leaf");
             expect_uris(probe, made.leaf, {id});
         }},

        {.name = "one-uri-san-as-asked",
         .requirement = "The CSR's one URI SAN is the leaf's one URI SAN, letter by letter.",
         .rows = {110},
         .rules = {"L1"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             expect_uris(probe, made.leaf, {id});
             expect_state(probe, spiffe::check_leaf(made.leaf), "L1", RuleState::holds);
         }},

        {.name = "two-uri-sans-are-signed",
         .requirement = "Two URI SANs that the role allows are both signed: nothing but the CSR "
                        "sees to it that there is one.",
         .rows = {106},
         .rules = {"L1"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id, id + "-2"}));
             expect_uris(probe, made.leaf, {id, id + "-2"});
             expect_broken(probe, spiffe::check_leaf(made.leaf), {"L1"}, "the leaf");
         }},

        {.name = "every-uri-must-be-allowed",
         .requirement = "A CSR is refused if one of its URI SANs is outside the role's patterns.",
         .rows = {111},
         .rules = {"L1"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount);
             const auto path = root.mount + "/sign/mesh";
             const auto reply =
                 co_await ask_to_sign(probe, path, asking_for({id, "https://example.org/web"}));
             probe.expect_error(reply, 400, "not valid for this role");
         }},

        {.name = "no-id-asked-no-id-given",
         .requirement = "A CSR without subject and SAN is signed all the same, and its leaf is no "
                        "SVID.",
         .rows = {104},
         .rules = {"L1", "L4"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, {});
             probe.expect(made.leaf.alt_names().empty(),
                          "the leaf has a SAN that nobody asked for");
             expect_broken(probe, spiffe::check_leaf(made.leaf), {"L1", "L4"}, "the leaf");
         }},

        {.name = "csr-ids-count-only-with-use-csr-sans",
         .requirement = "With use_csr_sans=false the CSR's URI SANs are left out, and those of "
                        "uri_sans are taken.",
         .rows = {110},
         .rules = {"L1"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount, asking("use_csr_sans", false));
             const auto path = root.mount + "/sign/mesh";
             const auto without = co_await sign(probe, path, asking_for({id}));
             expect_uris(probe, without.leaf, {});
             Json more{{"uri_sans", id}};
             const auto with =
                 co_await sign(probe, path, asking_for({id + "-csr"}), std::move(more));
             expect_uris(probe, with.leaf, {id});
         }},

        {.name = "dns-names-beside-the-id",
         .requirement = "DNS names and a common name stand beside the SPIFFE ID.",
         .rows = {106},
         .rules = {"L2"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             auto asked = asking_for({id});
             asked.subject.common_name = "web.default.svc";
             asked.alt_names.dns = {"web.default.svc.cluster.local"};
             const auto made = co_await sign_once(probe, asked);
             const auto names = made.leaf.alt_names();
             probe.expect(names.dns.size() == 2, "the leaf has {} DNS names, expected 2",
                          names.dns.size());
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_state(probe, findings, "L2", RuleState::holds);
             expect_broken(probe, findings, none, "the leaf");
         }},

        {.name = "a-path-is-the-roles-business",
         .requirement = "A pattern that ends in /* refuses a trust domain's own ID; one that ends "
                        "in * alone lets it be a leaf's.",
         .rows = {112},
         .rules = {"L3"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount);
             const auto bare = std::string(domain_id);
             const auto refused =
                 co_await ask_to_sign(probe, root.mount + "/sign/mesh", asking_for({bare}));
             probe.expect_error(refused, 400, "not valid for this role");
             Json wide{{"allowed_uri_sans", bare + "*"}};
             co_await make_role(probe, root.mount, std::move(wide), "wide");
             const auto made = co_await sign(probe, root.mount + "/sign/wide", asking_for({bare}));
             expect_broken(probe, spiffe::check_leaf(made.leaf), {"L3"}, "the leaf");
         }},

        {.name = "san-is-critical-without-a-subject",
         .requirement = "A leaf without a subject has a critical SAN.",
         .rows = {104},
         .rules = {"L4"},
         .source = "RFC 5280 4.2.1.6",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             probe.expect(made.leaf.subject_is_empty(), "the subject is {}",
                          made.leaf.subject_line());
             expect_state(probe, spiffe::check_leaf(made.leaf), "L4", RuleState::holds);
         }},

        {.name = "san-is-not-critical-with-a-subject",
         .requirement = "A leaf with a common name has a SAN that is not critical.",
         .rules = {"L4"},
         .source = "RFC 5280 4.2.1.6",
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             auto asked = asking_for({id});
             asked.subject.common_name = "web";
             const auto made = co_await sign_once(probe, asked);
             probe.expect(!made.leaf.alt_names_critical(), "the SAN is critical");
             expect_state(probe, spiffe::check_leaf(made.leaf), "L4", RuleState::absent);
         }},

        {.name = "basic-constraints-are-absent",
         .requirement = "By default a leaf has no basicConstraints, which makes it no CA.",
         .rows = {116},
         .rules = {"L5"},
         .source = "RFC 5280 4.2.1.9",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             probe.expect(!made.leaf.is_ca(), "the leaf has basicConstraints");
             expect_state(probe, spiffe::check_leaf(made.leaf), "L5", RuleState::absent);
         }},

        {.name = "basic-constraints-by-the-role",
         .requirement = "basic_constraints_valid_for_non_ca gives leaves whose cA is false.",
         .rows = {116},
         .rules = {"L5"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(
                 probe, asking_for({id}), asking("basic_constraints_valid_for_non_ca", true));
             expect_state(probe, spiffe::check_leaf(made.leaf), "L5", RuleState::holds);
         }},

        {.name = "ca-in-the-csr-is-ignored",
         .requirement = "A CSR that asks for cA=true gets a leaf that is no CA, and a warning.",
         .rows = {116},
         .rules = {"L5"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             auto asked = asking_for({id});
             asked.extensions = {asks_to_be_ca};
             const auto made = co_await sign_once(probe, asked);
             expect_broken(probe, spiffe::check_leaf(made.leaf), none, "the leaf");
             probe.expect_warning(made.reply, "Basic Constraints extension that was ignored");
         }},

        {.name = "empty-key-usage-leaves-none",
         .requirement = "A role whose key_usage is empty gives leaves without keyUsage, which are "
                        "no SVIDs.",
         .rows = {117},
         .rules = {"L6", "L7"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made =
                 co_await sign_once(probe, asking_for({id}), asking("key_usage", Json::array()));
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_broken(probe, findings, {"L6"}, "the leaf");
             expect_state(probe, findings, "L7", RuleState::absent);
         }},

        {.name = "digital-signature-is-set",
         .requirement = "A leaf's keyUsage has digitalSignature by default.",
         .rows = {117},
         .rules = {"L7"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             expect_state(probe, spiffe::check_leaf(made.leaf), "L7", RuleState::holds);
         }},

        {.name = "key-usage-is-the-roles",
         .requirement = "A role's key_usage is the leaf's, without digitalSignature if it does not "
                        "say so.",
         .rows = {117},
         .rules = {"L7", "L8"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}),
                                                  asking("key_usage", "KeyEncipherment"));
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_broken(probe, findings, {"L7"}, "the leaf");
             expect_state(probe, findings, "L8", RuleState::holds);
         }},

        {.name = "encipherment-and-agreement-by-default",
         .requirement = "By default a leaf's keyUsage has keyEncipherment and keyAgreement beside "
                        "digitalSignature.",
         .rows = {117},
         .rules = {"L8"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             const auto usage = made.leaf.key_usage().value_or(0);
             probe.expect(
                 (usage & crypto::key_encipherment) != 0 && (usage & crypto::key_agreement) != 0,
                 "keyUsage is {:#x}", usage);
             expect_state(probe, spiffe::check_leaf(made.leaf), "L8", RuleState::holds);
         }},

        {.name = "signing-usage-in-the-csr-is-ignored",
         .requirement = "A CSR that asks for keyCertSign and cRLSign gets a leaf with neither.",
         .rows = {116},
         .rules = {"L9", "L10"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             auto asked = asking_for({id});
             asked.extensions = {signing_usage(false)};
             const auto made = co_await sign_once(probe, asked);
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_state(probe, findings, "L9", RuleState::holds);
             expect_state(probe, findings, "L10", RuleState::holds);
         }},

        {.name = "signing-usage-of-the-role-is-obeyed",
         .requirement = "A role with CertSign and CRLSign gives leaves that have them and are no "
                        "SVIDs: nothing but the role sees to it.",
         .rows = {117},
         .rules = {"L9", "L10"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(
                 probe, asking_for({id}), asking("key_usage", "DigitalSignature,CertSign,CRLSign"));
             expect_broken(probe, spiffe::check_leaf(made.leaf), {"L9", "L10"}, "the leaf");
         }},

        {.name = "both-purposes-by-default",
         .requirement = "By default a leaf has extKeyUsage with serverAuth and clientAuth.",
         .rows = {117},
         .rules = {"L11", "L12"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}));
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_state(probe, findings, "L11", RuleState::holds);
             expect_state(probe, findings, "L12", RuleState::holds);
         }},

        {.name = "one-purpose-by-a-flag",
         .requirement = "Without server_flag or client_flag a leaf lacks that purpose, and is no "
                        "SVID.",
         .rows = {117},
         .rules = {"L12"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             for (const auto* flag : {"server_flag", "client_flag"}) {
                 const auto role = co_await make_role(probe, root.mount, asking(flag, false), flag);
                 const auto made = co_await sign(probe, fmt::format("{}/sign/{}", root.mount, role),
                                                 asking_for({id}));
                 expect_broken(probe, spiffe::check_leaf(made.leaf), {"L12"}, flag);
             }
         }},

        {.name = "no-purpose-no-extension",
         .requirement = "With neither flag a leaf has no extKeyUsage, which SPIFFE advises "
                        "against and allows.",
         .rows = {117},
         .rules = {"L11", "L12"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json role{{"server_flag", false}, {"client_flag", false}};
             const auto made = co_await sign_once(probe, asking_for({id}), std::move(role));
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_broken(probe, findings, none, "the leaf");
             expect_state(probe, findings, "L11", RuleState::broken);
             expect_state(probe, findings, "L12", RuleState::absent);
         }},

        {.name = "further-purposes-come-after-the-two",
         .requirement = "A role's ext_key_usage comes after serverAuth and clientAuth.",
         .rows = {117},
         .rules = {"L12"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await sign_once(probe, asking_for({id}),
                                                  asking("ext_key_usage", "EmailProtection"));
             const auto purposes =
                 made.leaf.extended_key_usage().value_or(std::vector<std::string>());
             probe.expect_equal(
                 Json(purposes),
                 Json({crypto::eku_server_auth, crypto::eku_client_auth, "1.3.6.1.5.5.7.3.4"}),
                 "extKeyUsage");
             expect_state(probe, spiffe::check_leaf(made.leaf), "L12", RuleState::holds);
         }},

        {.name = "verbatim-copies-what-the-csr-asks",
         .requirement = "sign-verbatim copies keyUsage with keyCertSign from a CSR, adds no "
                        "extKeyUsage, and leaves basicConstraints out.",
         .rows = {123},
         .rules = {"L5", "L9", "L10", "L11"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             auto asked = asking_for({id});
             asked.extensions = {signing_usage(true), asks_to_be_ca};
             const auto made = co_await sign(probe, root.mount + "/sign-verbatim", asked, an_hour);
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_state(probe, findings, "L5", RuleState::absent);
             expect_state(probe, findings, "L9", RuleState::broken);
             expect_state(probe, findings, "L10", RuleState::broken);
             expect_state(probe, findings, "L12", RuleState::absent);
         }},

        {.name = "verbatim-copies-the-san-as-it-is",
         .requirement = "sign-verbatim copies the CSR's SAN with its critical flag, right or "
                        "wrong.",
         .rows = {123},
         .rules = {"L4"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             // A SAN that is not critical, though there is no subject.
             Bytes value{0x30, static_cast<std::uint8_t>(id.size() + 2), 0x86,
                         static_cast<std::uint8_t>(id.size())};
             value.insert(value.end(), id.begin(), id.end());
             crypto::Csr::Spec asked;
             asked.extensions = {extension("2.5.29.17", false, std::move(value))};
             const auto made = co_await sign(probe, root.mount + "/sign-verbatim", asked, an_hour);
             expect_uris(probe, made.leaf, {id});
             expect_broken(probe, spiffe::check_leaf(made.leaf), {"L4"}, "the leaf");
         }},
    };
}

}  // namespace meshproof::conformance
