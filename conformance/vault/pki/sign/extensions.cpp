// The extensions of a leaf.
#include <algorithm>

#include "conformance/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

constexpr std::string_view oid_subject_alt_name = "2.5.29.17", oid_key_usage = "2.5.29.15",
                           oid_basic_constraints = "2.5.29.19", oid_policies = "2.5.29.32",
                           oid_extended_key_usage = "2.5.29.37";
constexpr auto basic_constraints_warning =
    "specified CSR contained a Basic Constraints extension that was ignored during issuance";

/// A CSR that asks to be a CA.
std::string ambitious_csr() {
    crypto::Csr::Spec spec;
    spec.subject.common_name = "web.test";
    spec.extensions.push_back(
        {std::string(oid_basic_constraints), true, {0x30, 0x03, 0x01, 0x01, 0xFF}});  // CA:TRUE
    return steps::csr(spec);
}

const crypto::RawExtension* find(const std::vector<crypto::RawExtension>& extensions,
                                 std::string_view oid) {
    const auto found =
        std::ranges::find_if(extensions, [&](const auto& one) { return one.oid == oid; });
    return found == extensions.end() ? nullptr : &*found;
}

Task<crypto::Certificate> leaf_by_role(Probe& probe, std::string mount, Json parameters) {
    (void)co_await steps::role(probe, mount, std::move(parameters));
    const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
    co_return steps::leaf_of(probe, reply);
}

void expect_purposes(Probe& probe, const crypto::Certificate& leaf,
                     std::vector<std::string> expected) {
    const auto purposes = leaf.extended_key_usage().value_or(std::vector<std::string>());
    probe.expect(purposes == expected, "extended key usage is {}, not {}",
                 fmt::join(purposes, ", "), fmt::join(expected, ", "));
}

}  // namespace

std::vector<Check> vault_pki_sign_extensions() {
    return {
        {.name = "never-a-ca",
         .requirement = "A CSR that asks to be a CA gets a leaf without basic constraints.",
         .rows = {116},
         .source = "RFC 5280 4.2.1.9",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, ambitious_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect(!leaf.is_ca().has_value(), "the leaf has basic constraints, CA:{}",
                          leaf.is_ca().value_or(false));
             probe.expect((leaf.key_usage().value_or(0) & crypto::cert_sign) == 0,
                          "the leaf may sign certificates");
         }},

        {.name = "basic-constraints-warned-of",
         .requirement = "The answer to a CSR with basic constraints warns that they were ignored.",
         .rows = {116},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, ambitious_csr());
             probe.expect_warning(reply, basic_constraints_warning);
             const auto modest = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_no_warning(modest);
         }},

        {.name = "basic-constraints-of-the-role",
         .requirement = "With basic_constraints_valid_for_non_ca the leaf has a critical CA:FALSE; "
                        "Vault keeps the warning of the CSR's then, OpenBao does not.",
         .rows = {116},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(
                 probe, Json{{"basic_constraints_valid_for_non_ca", true}});
             const auto reply = co_await steps::sign(probe, mount, ambitious_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             const auto extensions = leaf.extensions();
             const auto* constraints = find(extensions, oid_basic_constraints);
             probe.expect(leaf.is_ca() == false && constraints != nullptr && constraints->critical,
                          "the leaf has no critical CA:FALSE");
             if (probe.openbao()) {
                 probe.expect_no_warning(reply);
             } else {
                 probe.expect_warning(reply, basic_constraints_warning);
             }
         }},

        {.name = "csr-extensions-are-dropped",
         .requirement = "Other extensions of the CSR are dropped in silence, its key usage too.",
         .rows = {116},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             crypto::Csr::Spec spec;
             spec.alt_names.uris = {"spiffe://mesh.test/web"};
             spec.extensions.push_back({"1.2.3.4", false, {0x05, 0x00}});
             spec.extensions.push_back(
                 {std::string(oid_key_usage), true, {0x03, 0x02, 0x02, 0x04}});  // keyCertSign
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_no_warning(reply);
             const auto leaf = steps::leaf_of(probe, reply);
             const auto extensions = leaf.extensions();
             probe.expect(find(extensions, "1.2.3.4") == nullptr,
                          "the CSR's extension is in the leaf");
             probe.expect((leaf.key_usage().value_or(0) & crypto::cert_sign) == 0,
                          "the CSR's key usage is in the leaf");
             probe.expect(find(extensions, oid_subject_alt_name) != nullptr, "the names are not");
         }},

        {.name = "key-usage",
         .requirement = "A leaf's key usage is critical, and digitalSignature, keyEncipherment and "
                        "keyAgreement unless the role says otherwise.",
         .rows = {117},
         .source = "RFC 5280 4.2.1.3",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             const unsigned expected =
                 crypto::digital_signature | crypto::key_encipherment | crypto::key_agreement;
             probe.expect(leaf.key_usage() == expected, "key usage is {:#x}, not {:#x}",
                          leaf.key_usage().value_or(0), expected);
             probe.expect(leaf.key_usage_critical(), "key usage is not critical");
         }},

        {.name = "key-usage-of-the-role",
         .requirement = "A role's key_usage counts in any case, its unknown names do not, and [] "
                        "leaves the extension out.",
         .rows = {117},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto chosen = co_await leaf_by_role(
                 probe, mount,
                 Json{{"key_usage",
                       "DigitalSignature,contentcommitment,KeyUsageDataEncipherment,Nonsense"}});
             const unsigned expected = crypto::digital_signature | crypto::content_commitment;
             probe.expect(chosen.key_usage() == expected, "key usage is {:#x}, not {:#x}",
                          chosen.key_usage().value_or(0), expected);
             const auto none =
                 co_await leaf_by_role(probe, mount, Json{{"key_usage", Json::array()}});
             probe.expect(!none.key_usage().has_value(), "key_usage [], and the leaf has one");
         }},

        {.name = "purposes",
         .requirement = "A leaf is for serverAuth and clientAuth, in this order and not critical, "
                        "unless the role says otherwise.",
         .rows = {117},
         .source = "RFC 5280 4.2.1.12",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             expect_purposes(
                 probe, leaf,
                 {std::string(crypto::eku_server_auth), std::string(crypto::eku_client_auth)});
             const auto extensions = leaf.extensions();
             const auto* extension = find(extensions, oid_extended_key_usage);
             probe.expect(extension != nullptr && !extension->critical,
                          "extended key usage is absent or critical");
         }},

        {.name = "purposes-of-the-role",
         .requirement = "A role's flags, ext_key_usage and ext_key_usage_oids choose the purposes, "
                        "in a fixed order.",
         .rows = {117},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const std::string server(crypto::eku_server_auth), client(crypto::eku_client_auth),
                 code_signing = "1.3.6.1.5.5.7.3.3", mail = "1.3.6.1.5.5.7.3.4",
                 time_stamping = "1.3.6.1.5.5.7.3.8";
             const auto one = co_await leaf_by_role(probe, mount, Json{{"client_flag", false}});
             expect_purposes(probe, one, {server});
             const auto all = co_await leaf_by_role(
                 probe, mount, Json{{"code_signing_flag", true}, {"email_protection_flag", true}});
             expect_purposes(probe, all, {server, client, code_signing, mail});
             const auto more = co_await leaf_by_role(
                 probe, mount,
                 Json{{"ext_key_usage", "timestamping,ExtKeyUsageCodeSigning,Nonsense"},
                      {"ext_key_usage_oids", "1.2.3.4"}});
             expect_purposes(probe, more, {server, client, time_stamping, "1.2.3.4"});
         }},

        {.name = "no-purposes",
         .requirement = "Without server_flag and client_flag there is no extended key usage.",
         .rows = {117},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto leaf = co_await leaf_by_role(
                 probe, mount, Json{{"server_flag", false}, {"client_flag", false}});
             probe.expect(!leaf.extended_key_usage().has_value(),
                          "the leaf has an extended key usage without any flag");
         }},

        {.name = "key-ids",
         .requirement = "A leaf's subject key id is the SHA-1 of its key, its authority key id the "
                        "issuer's subject key id.",
         .rows = {117},
         .source = "RFC 5280 4.2.1.1",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             const auto root =
                 steps::certificate_of(probe, steps::text_of(probe, reply, "issuing_ca"));
             probe.expect(leaf.subject_key_id() == leaf.public_key().key_id(),
                          "the subject key id is {}, not the key's SHA-1 {}",
                          to_hex(leaf.subject_key_id()), to_hex(leaf.public_key().key_id()));
             probe.expect(
                 !root.subject_key_id().empty() && leaf.authority_key_id() == root.subject_key_id(),
                 "the authority key id is {}, the issuer's key id {}",
                 to_hex(leaf.authority_key_id()), to_hex(root.subject_key_id()));
         }},

        {.name = "urls",
         .requirement = "A leaf carries the mount's issuing certificate and CRL URLs once they are "
                        "set.",
         .rows = {117},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto without = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto plain = steps::leaf_of(probe, without);
             probe.expect(plain.issuing_certificate_urls().empty() && plain.crl_urls().empty(),
                          "the leaf has URLs that nobody set");
             const std::vector<std::string> ca{"http://ca.test/ca"}, crl{"http://ca.test/crl"};
             Json body{{"issuing_certificates", ca}, {"crl_distribution_points", crl}};
             (void)co_await probe.set_up("POST", mount + "/config/urls", std::move(body));
             const auto with = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto leaf = steps::leaf_of(probe, with);
             probe.expect(leaf.issuing_certificate_urls() == ca, "issuing certificate URLs are {}",
                          fmt::join(leaf.issuing_certificate_urls(), ", "));
             probe.expect(leaf.crl_urls() == crl, "CRL URLs are {}",
                          fmt::join(leaf.crl_urls(), ", "));
         }},

        {.name = "policies",
         .requirement = "A role's policy_identifiers are the leaf's certificate policies.",
         .rows = {117},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto with =
                 co_await leaf_by_role(probe, mount, Json{{"policy_identifiers", "1.2.3.4"}});
             const auto extensions = with.extensions();
             const auto* extension = find(extensions, oid_policies);
             const Bytes expected{0x30, 0x07, 0x30, 0x05, 0x06, 0x03, 0x2A, 0x03, 0x04};
             probe.expect(
                 extension != nullptr && !extension->critical && extension->value == expected,
                 "the leaf's policies are not the role's");
             const auto without = co_await leaf_by_role(probe, mount, Json::object());
             const auto none = without.extensions();
             probe.expect(find(none, oid_policies) == nullptr,
                          "the leaf has policies that nobody set");
         }},

        {.name = "policies-in-one-text",
         .requirement = "policy_identifiers may be one JSON text, a list of objects: each reads "
                        "back as a text of its own, and the leaf has its CPS and notice.",
         .rows = {212, 117},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const std::string text =
                 R"([{"oid":"1.2.3.4","notice":"a, b","cps":"https://x.test"},{"oid":"1.2.3.5"}])";
             const auto leaf =
                 co_await leaf_by_role(probe, mount, Json{{"policy_identifiers", text}});
             const auto told = co_await probe.vault("GET", mount + "/roles/app");
             probe.expect_equal(
                 told.data().value("policy_identifiers", Json()),
                 Json::array({R"({"oid":"1.2.3.4","cps":"https://x.test","notice":"a, b"})",
                              R"({"oid":"1.2.3.5"})"}),
                 "the role's policies");
             const auto extensions = leaf.extensions();
             const auto* extension = find(extensions, oid_policies);
             const auto holds = [&](std::string_view words) {
                 return extension != nullptr &&
                        !std::ranges::search(extension->value, words, [](auto byte, char c) {
                             return byte == static_cast<std::uint8_t>(c);
                         }).empty();
             };
             for (const auto* words : {"https://x.test", "a, b"}) {
                 probe.expect(holds(words), "the leaf's policies lack {}", words);
             }
             probe.expect(holds("\x2A\x03\x05"), "the leaf's policies lack the second one");
             Json body{{"policy_identifiers", R"([{"oid":"x"}])"}};
             const auto refused =
                 co_await probe.vault("POST", mount + "/roles/bad", std::move(body));
             probe.expect_wrapped_error(refused, 500,
                                        R"(strconv.Atoi: parsing "x": invalid syntax)");
         }},
    };
}

}  // namespace meshproof::conformance
