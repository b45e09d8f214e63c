// The names of a leaf: common name, DNS names, mail addresses.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

std::string csr_for(std::vector<std::string> dns_names, std::string common_name = "") {
    crypto::Csr::Spec spec;
    spec.subject.common_name = std::move(common_name);
    spec.alt_names.dns = std::move(dns_names);
    return steps::csr(spec);
}

}  // namespace

std::vector<Check> vault_pki_sign_names() {
    return {
        {.name = "common-name-required",
         .requirement = "A role with require_cn signs and issues nothing without a common name.",
         .rows = {104},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"require_cn", true}});
             const auto text =
                 "the common_name field is required, or must be provided in a CSR with "
                 "\"use_csr_common_name\" set to true, unless \"require_cn\" is set to false";
             const auto nameless = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_plain_error(nameless, 400, text);
             const auto issued = co_await steps::issue(probe, mount);
             probe.expect_plain_error(issued, 400, text);
             const auto named = co_await steps::sign(probe, mount, steps::named_csr("web.test"));
             probe.expect_status(named, 200);
         }},

        {.name = "nothing-at-all",
         .requirement = "Without require_cn an empty CSR is signed: no subject, no names.",
         .rows = {104},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::csr());
             probe.expect_status(reply, 200);
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect(leaf.subject_is_empty(), "the subject is {}", leaf.subject_line());
             probe.expect(leaf.alt_names().empty(), "the leaf has alternative names");
         }},

        {.name = "critical-names",
         .requirement = "The alternative names are critical exactly where the subject is empty.",
         .rows = {104},
         .source = "RFC 5280 4.2.1.6",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto without = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect(steps::leaf_of(probe, without).alt_names_critical(),
                          "no subject, and the alternative names are not critical");
             const auto with = co_await steps::sign(probe, mount, csr_for({"a.test"}, "web.test"));
             probe.expect(!steps::leaf_of(probe, with).alt_names_critical(),
                          "there is a subject, and the alternative names are critical");
         }},

        {.name = "refused-names",
         .requirement = "Names outside the role are refused, the common name first, each with its "
                        "own text.",
         .rows = {105},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allow_any_name", false}});
             const auto common =
                 co_await steps::sign(probe, mount, csr_for({"dns.other"}, "cn.other"));
             probe.expect_plain_error(common, 400, "common name cn.other not allowed by this role");
             const auto host = co_await steps::sign(probe, mount, csr_for({"dns.other"}));
             probe.expect_plain_error(host, 400,
                                      "subject alternate name dns.other not allowed by this role");
             crypto::Csr::Spec spec;
             spec.alt_names.emails = {"joe@mail.other"};
             const auto mail = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_plain_error(mail, 400,
                                      "email address joe@mail.other not allowed by this role");
         }},

        {.name = "common-name-becomes-a-san",
         .requirement =
             "A common name that is a host name joins the DNS names, one with @ the mail "
             "addresses.",
         .rows = {106},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto host = co_await steps::sign(probe, mount, steps::named_csr("web.test"));
             const auto host_names = steps::leaf_of(probe, host).alt_names();
             probe.expect_equal(Json(host_names.dns), Json::array({"web.test"}), "DNS names");
             const auto mail =
                 co_await steps::sign(probe, mount, steps::named_csr("joe@mail.test"));
             const auto mail_names = steps::leaf_of(probe, mail).alt_names();
             probe.expect_equal(Json(mail_names.emails), Json::array({"joe@mail.test"}),
                                "mail addresses");
             probe.expect(mail_names.dns.empty(), "a mail address is among the DNS names");
         }},

        {.name = "excluded-from-sans",
         .requirement = "exclude_cn_from_sans keeps the common name out of the alternative names.",
         .rows = {106},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json exclude{{"exclude_cn_from_sans", true}};
             const auto reply =
                 co_await steps::sign(probe, mount, csr_for({"a.test"}, "web.test"), exclude);
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect_equal(leaf.subject().common_name, "web.test", "common name");
             probe.expect_equal(Json(leaf.alt_names().dns), Json::array({"a.test"}), "DNS names");
         }},

        {.name = "their-order",
         .requirement = "DNS names come once each, on OpenBao in the CSR's order with the common "
                        "name last and on Vault sorted; IP addresses and URIs in the CSR's order.",
         .rows = {106},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "c.test";
             spec.alt_names.dns = {"z.test", "a.test", "z.test"};
             spec.alt_names.ips = {"10.0.0.9", "10.0.0.1"};
             spec.alt_names.uris = {"spiffe://mesh.test/z", "spiffe://mesh.test/a"};
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
             const auto names = steps::leaf_of(probe, reply).alt_names();
             probe.expect_equal(Json(names.dns),
                                probe.on(Json::array({"z.test", "a.test", "c.test"}),
                                         Json::array({"a.test", "c.test", "z.test"})),
                                "DNS names");
             probe.expect_equal(Json(names.ips), Json(spec.alt_names.ips), "IP addresses");
             probe.expect_equal(Json(names.uris), Json(spec.alt_names.uris), "URIs");
         }},
    };
}

}  // namespace meshproof::conformance
