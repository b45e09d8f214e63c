// Alternative names: of the CSR or of the request, and the addresses and other names allowed.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

std::string csr_of_ip(std::string ip) {
    crypto::Csr::Spec spec;
    spec.alt_names.ips = {std::move(ip)};
    return steps::csr(spec);
}

}  // namespace

std::vector<Check> vault_pki_sign_sans() {
    return {
        {.name = "of-the-csr",
         .requirement = "With use_csr_sans, the default, alternative names come from the CSR only; "
                        "uri_sans and ip_sans are ignored in silence.",
         .rows = {110},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json more{{"uri_sans", "spiffe://mesh.test/other"}, {"ip_sans", "10.0.0.1"}};
             const auto reply = co_await steps::sign(
                 probe, mount, steps::workload_csr("spiffe://mesh.test/web"), more);
             probe.expect_status(reply, 200);
             probe.expect_no_warning(reply);
             const auto names = steps::leaf_of(probe, reply).alt_names();
             probe.expect_equal(Json(names.uris), Json::array({"spiffe://mesh.test/web"}), "URIs");
             probe.expect(names.ips.empty(), "the request's ip_sans are in the leaf");
         }},

        {.name = "alt-names-warned-of",
         .requirement = "alt_names beside use_csr_sans are ignored with a warning.",
         .rows = {110},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json more{{"alt_names", "b.test"}};
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(), more);
             probe.expect_warning(reply,
                                  R"(the alt_names field was provided but the role is set with )"
                                  R"("use_csr_sans" set to true)");
             probe.expect(steps::leaf_of(probe, reply).alt_names().dns.empty(),
                          "the request's alt_names are in the leaf");
         }},

        {.name = "common-name-of-the-csr",
         .requirement = "With use_csr_common_name the CSR's common name goes before the request's, "
                        "which fills in for an empty one; there is a warning in both cases.",
         .rows = {110},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto warning = R"(the common_name field was provided but the role is set with )"
                                  R"("use_csr_common_name")";
             const Json more{{"common_name", "asked.test"}};
             const auto named =
                 co_await steps::sign(probe, mount, steps::named_csr("web.test"), more);
             probe.expect_warning(named, warning);
             probe.expect_equal(steps::leaf_of(probe, named).subject().common_name, "web.test",
                                "common name");
             const auto nameless = co_await steps::sign(probe, mount, steps::workload_csr(), more);
             probe.expect_warning(nameless, warning);
             probe.expect_equal(steps::leaf_of(probe, nameless).subject().common_name, "asked.test",
                                "common name where the CSR has none");
         }},

        {.name = "of-the-request",
         .requirement = "Without use_csr_sans and use_csr_common_name the CSR's names are ignored, "
                        "and the request's count.",
         .rows = {110},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"use_csr_sans", false}, {"use_csr_common_name", false}};
             const auto mount = co_await steps::issuing_mount(probe, parameters);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "csr.test";
             spec.alt_names.dns = {"csr-dns.test"};
             spec.alt_names.uris = {"spiffe://mesh.test/csr"};
             const Json more{{"common_name", "asked.test"},
                             {"alt_names", "asked-dns.test"},
                             {"ip_sans", "10.0.0.1"},
                             {"uri_sans", "spiffe://mesh.test/asked"}};
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_no_warning(reply);
             const auto leaf = steps::leaf_of(probe, reply);
             const auto names = leaf.alt_names();
             probe.expect_equal(leaf.subject().common_name, "asked.test", "common name");
             probe.expect(std::set<std::string>(names.dns.begin(), names.dns.end()) ==
                              std::set<std::string>{"asked.test", "asked-dns.test"},
                          "DNS names are {}", fmt::join(names.dns, ", "));
             probe.expect_equal(Json(names.ips), Json::array({"10.0.0.1"}), "IP addresses");
             probe.expect_equal(Json(names.uris), Json::array({"spiffe://mesh.test/asked"}),
                                "URIs");
         }},

        {.name = "no-ip-allowed",
         .requirement =
             "allow_ip_sans=false refuses IP addresses, with each product's own words for "
             "where they came from.",
         .rows = {113},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allow_ip_sans", false}});
             const auto text =
                 "IP Subject Alternative Names are not allowed in this role, but was provided ";
             const auto signing = co_await steps::sign(probe, mount, csr_of_ip("1.2.3.4"));
             probe.expect_plain_error(
                 signing, 400,
                 fmt::format("{}{}", text, probe.on<std::string>("via CSR", "some via CSR")));
             const Json parameters{{"common_name", "web.test"}, {"ip_sans", "1.2.3.4"}};
             const auto issuing = co_await steps::issue(probe, mount, parameters);
             probe.expect_plain_error(
                 issuing, 400,
                 fmt::format("{}{}", text, probe.on<std::string>("via the API", "[1.2.3.4]")));
         }},

        {.name = "ip-allowed",
         .requirement =
             "IP addresses of both kinds are allowed unless the role says otherwise; what "
             "is none is refused.",
         .rows = {113},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto* ip : {"1.2.3.4", "2001:db8::1"}) {
                 const auto reply = co_await steps::sign(probe, mount, csr_of_ip(ip));
                 probe.expect_equal(Json(steps::leaf_of(probe, reply).alt_names().ips),
                                    Json::array({ip}), "IP addresses");
             }
             const Json parameters{{"common_name", "web.test"}, {"ip_sans", "zz"}};
             const auto junk = co_await steps::issue(probe, mount, parameters);
             probe.expect_plain_error(junk, 400, R"(the value "zz" is not a valid IP address)");
         }},

        {.name = "ip-ranges",
         .requirement =
             "OpenBao's allowed_ip_sans_cidr refuses addresses outside; Vault ignores it.",
         .rows = {113},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_ip_sans_cidr", "10.0.0.0/8"}});
             const auto within = co_await steps::sign(probe, mount, csr_of_ip("10.1.2.3"));
             probe.expect_status(within, 200);
             const auto beyond = co_await steps::sign(probe, mount, csr_of_ip("1.2.3.4"));
             if (probe.openbao()) {
                 probe.expect_plain_error(
                     beyond, 400, R"(the IP address "1.2.3.4" is not allowed in this role)");
             } else {
                 probe.expect_status(beyond, 200);
             }
         }},

        {.name = "other-names",
         .requirement = "other_sans have to match allowed_other_sans in OID and value, and to be "
                        "readable.",
         .rows = {114},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(
                 probe, Json{{"allowed_other_sans", "1.2.3.4;UTF8:good*"}});
             const auto csr = steps::workload_csr();
             const auto good = co_await steps::sign(probe, mount, csr,
                                                    Json{{"other_sans", "1.2.3.4;UTF8:good one"}});
             probe.expect_status(good, 200);
             const std::vector<crypto::AltNames::Other> expected{{"1.2.3.4", "good one"}};
             probe.expect(steps::leaf_of(probe, good).alt_names().others == expected,
                          "the other name is not in the leaf");
             const auto value =
                 co_await steps::sign(probe, mount, csr, Json{{"other_sans", "1.2.3.4;UTF8:bad"}});
             probe.expect_plain_error(value, 400,
                                      "other SAN bad not allowed for OID 1.2.3.4 by this role");
             const auto oid =
                 co_await steps::sign(probe, mount, csr, Json{{"other_sans", "1.2.3.5;UTF8:good"}});
             probe.expect_plain_error(oid, 400, "other SAN OID 1.2.3.5 not allowed by this role");
             const auto junk =
                 co_await steps::sign(probe, mount, csr, Json{{"other_sans", "1.2.3.4"}});
             probe.expect_plain_error(junk, 400, "could not parse requested other SAN: ");
         }},

        {.name = "any-other-name",
         .requirement =
             "allowed_other_sans=* allows every other name, and none is allowed without.",
         .rows = {114},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_other_sans", "*"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                     Json{{"other_sans", "1.2.3.4;UTF8:anything"}});
             probe.expect_status(reply, 200);
             (void)co_await steps::role(probe, mount, Json::object(), "none");
             const auto none =
                 co_await steps::sign(probe, mount, steps::workload_csr(),
                                      Json{{"other_sans", "1.2.3.4;UTF8:anything"}}, "none");
             probe.expect_plain_error(none, 400, "other SAN OID 1.2.3.4 not allowed by this role");
         }},
    };
}

}  // namespace meshproof::conformance
