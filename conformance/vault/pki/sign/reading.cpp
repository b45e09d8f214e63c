// What a request is read as: forms of a CSR that other libraries take and Go's does not, and
// parameters in two places.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto unreadable = "certificate request could not be parsed";

// A SAN with one name: its tag and what it holds.
crypto::RawExtension alt_name(std::uint8_t tag, std::string_view content) {
    crypto::RawExtension extension{"2.5.29.17", false, {0x30}};
    extension.value.push_back(static_cast<std::uint8_t>(content.size() + 2));
    extension.value.push_back(tag);
    extension.value.push_back(static_cast<std::uint8_t>(content.size()));
    extension.value.insert(extension.value.end(), content.begin(), content.end());
    return extension;
}

}  // namespace

std::vector<Check> vault_pki_sign_reading() {
    return {
        {.name = "names-it-cannot-read",
         .requirement =
             "A CSR whose SAN holds a DNS name, email address or URI beyond ASCII, or an "
             "address that is not of 4 or 16 bytes, cannot be parsed: 400.",
         .rows = {101},
         .source = "RFC 5280 4.2.1.6",
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const std::array<std::pair<std::uint8_t, std::string_view>, 4> names = {
                 {{0x81, "\xC3\xBC@mesh.test"},
                  {0x82, "\xC3\xBC.test"},
                  {0x86, "x://\xC3\xBC/"},
                  {0x87, "\x01\x02\x03"}}};
             for (const auto& [tag, content] : names) {
                 crypto::Csr::Spec spec;
                 spec.extensions = {alt_name(tag, content)};
                 const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
                 probe.expect_plain_error(reply, 400, unreadable);
             }
         }},

        {.name = "an-extension-twice",
         .requirement = "A CSR that asks for the same extension twice cannot be parsed: 400.",
         .rows = {101},
         .source = "RFC 5280 4.2",
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             crypto::Csr::Spec spec;
             spec.extensions = {{"1.2.3.4", false, {0x05, 0x00}}, {"1.2.3.4", false, {0x05, 0x00}}};
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_plain_error(reply, 400, unreadable);
         }},

        {.name = "addresses-of-v4-in-v6",
         .requirement = "An IPv4 address written as IPv6 becomes an IPv4 SAN; in a CSR OpenBao "
                        "refuses it.",
         .rows = {106},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json parameters{{"common_name", "web.test"}, {"ip_sans", "::ffff:10.0.0.1"}};
             const auto issued = co_await steps::issue(probe, mount, parameters);
             probe.expect_equal(Json(steps::leaf_of(probe, issued).alt_names().ips),
                                Json::array({"10.0.0.1"}), "addresses");
             crypto::Csr::Spec spec;
             spec.extensions = {
                 alt_name(0x87, std::string_view("\0\0\0\0\0\0\0\0\0\0\xFF\xFF\x0A\0\0\x01", 16))};
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
             if (probe.openbao()) {
                 probe.expect_plain_error(reply, 400, unreadable);
             } else {
                 probe.expect_equal(Json(steps::leaf_of(probe, reply).alt_names().ips),
                                    Json::array({"10.0.0.1"}), "addresses of the CSR");
             }
         }},

        {.name = "begins-a-line",
         .requirement =
             "The PEM block of a CSR begins its line; text before and after the block is "
             "ignored.",
         .rows = {101},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto csr = steps::workload_csr();
             const auto indented = co_await steps::sign(probe, mount, " " + csr);
             probe.expect_plain_error(indented, 400, "csr contains no data");
             const auto after_text = co_await steps::sign(probe, mount, "text\n" + csr + "text");
             probe.expect_status(after_text, 200);
         }},

        {.name = "subject-of-verbatim",
         .requirement = "sign-verbatim keeps the subject of the CSR: OpenBao its bytes, Vault its "
                        "attributes, each an RDN of its own.",
         .rows = {123},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             // Two OUs in one RDN.
             crypto::Csr::Spec spec;
             spec.subject.common_name = "web";
             spec.subject.organizational_unit = {"a", "b"};
             const auto csr = require(crypto::Csr::from_pem(steps::csr(spec)));
             Json body{{"csr", csr.pem()}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/sign-verbatim", std::move(body));
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect((leaf.subject_der() == csr.subject_der()) == probe.openbao(),
                          "the subject is {}the CSR's, byte for byte",
                          leaf.subject_der() == csr.subject_der() ? "" : "not ");
             probe.expect(leaf.subject() == spec.subject, "the subject is {}", leaf.subject_line());
         }},

        {.name = "other-names-by-no-oid",
         .requirement = "An other SAN under what is no OID is a Go error, 500.",
         .rows = {114},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_other_sans", "*"}});
             for (const auto* name : {"1;UTF8:x", "1.40;UTF8:x", "x;UTF8:y"}) {
                 const Json parameters{{"common_name", "web.test"}, {"other_sans", name}};
                 const auto reply = co_await steps::issue(probe, mount, parameters);
                 probe.expect_wrapped_error(reply, 500, "error marshaling other SANs: ");
             }
         }},

        {.name = "other-names-come-last",
         .requirement = "Where an other SAN is among the names, the SAN extension begins with it, "
                        "stands last, and is not critical even without a subject.",
         .rows = {114},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_other_sans", "*"}});
             Json urls{{"crl_distribution_points", "http://a.test/crl"}};
             (void)co_await probe.set_up("POST", mount + "/config/urls", std::move(urls));
             const Json parameters{{"other_sans", "1.2.3;UTF8:x"},
                                   {"uri_sans", "spiffe://mesh.test/web"}};
             const auto reply = co_await steps::issue(probe, mount, parameters);
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect(!leaf.alt_names_critical(),
                          "the names of a leaf without a subject are critical");
             const auto extensions = leaf.extensions();
             probe.expect_equal(extensions.back().oid, "2.5.29.17", "the last extension");
             probe.expect(extensions.back().value.size() > 2 && extensions.back().value[2] == 0xA0,
                          "the other name is not the first");
             probe.expect_equal(Json(leaf.alt_names().uris),
                                Json::array({"spiffe://mesh.test/web"}), "URIs");
         }},

        {.name = "a-final-dot",
         .requirement = "A name with a final dot is refused by OpenBao and a DNS name for Vault.",
         .rows = {109},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply =
                 co_await steps::issue(probe, mount, Json{{"common_name", "web.test."}});
             if (probe.openbao()) {
                 probe.expect_plain_error(reply, 400, "idna: invalid label \"web.test.\"");
             } else {
                 probe.expect_equal(Json(steps::leaf_of(probe, reply).alt_names().dns),
                                    Json::array({"web.test."}), "DNS names");
             }
         }},

        {.name = "parameters-of-the-path",
         .requirement = "A parameter in the body that the path has too is not looked at, and a "
                        "warning says so.",
         .rows = {11},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             // Nobody looks at the body's, not even at its type.
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                     Json{{"role", Json::array({1})}});
             probe.expect_status(reply, 200);
             probe.expect_warning(
                 reply,
                 "Endpoint replaced the value of these parameters with the values captured "
                 "from the endpoint's path: [role]");
         }},

        {.name = "role-keeps-key-bits",
         .requirement = "A role for any type of key keeps its key_bits.",
         .rows = {121},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto any =
                 co_await steps::role(probe, mount, Json{{"key_type", "any"}, {"key_bits", 384}});
             probe.expect_equal(any.data().value("key_bits", Json()), 384, "key_bits");
         }},

        {.name = "role-settles-validations",
         .requirement = "cn_validations are kept in lower case, email and hostname where none are "
                        "given; disabled beside another, or one twice, is 500.",
         .rows = {109},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto none =
                 co_await steps::role(probe, mount, Json{{"cn_validations", Json::array()}});
             probe.expect_equal(none.data().value("cn_validations", Json()),
                                Json::array({"email", "hostname"}),
                                "cn_validations of an empty list");
             const auto loud =
                 co_await steps::role(probe, mount, Json{{"cn_validations", "Email"}});
             probe.expect_equal(loud.data().value("cn_validations", Json()), Json::array({"email"}),
                                "cn_validations");
             for (const auto* list : {"disabled,email", "email,email"}) {
                 Json body{{"cn_validations", list}};
                 const auto refused =
                     co_await probe.vault("POST", mount + "/roles/app", std::move(body));
                 probe.expect_wrapped_error(refused, 500, "cn_validations value incorrect: ");
             }
         }},
    };
}

}  // namespace meshproof::conformance
