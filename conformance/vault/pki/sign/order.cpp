// In which order sign looks at a request: of two things that are wrong with it, the first is told.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto no_issuer = "no default issuer currently configured";
constexpr auto bad_format = R"(the "format" path parameter must be)";
constexpr auto bad_csr = "csr contains no data";
constexpr auto bad_key = "role requires keys of type ec";
constexpr auto bad_end = R"(parsing time "zzz" as)";

/// A CSR with something wrong in every kind of name, for a role that allows none of them.
crypto::Csr::Spec every_name_wrong() {
    crypto::Csr::Spec spec;
    spec.subject.common_name = "cn.other";
    spec.subject.serial_number = "7";
    spec.alt_names.dns = {"dns.other"};
    spec.alt_names.emails = {"joe@mail.other"};
    spec.alt_names.ips = {"10.0.0.1"};
    spec.alt_names.uris = {"spiffe://other/x"};
    return spec;
}

const Json narrow_role{{"allow_any_name", false},
                       {"allowed_domains", "mesh.test"},
                       {"allow_subdomains", true},
                       {"allow_ip_sans", false},
                       {"allowed_uri_sans", "spiffe://mesh.test/*"}};

}  // namespace

std::vector<Check> vault_pki_sign_order() {
    return {
        {.name = "types-before-role",
         .requirement = "A parameter of the wrong type is told before an unknown role.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                     Json{{"ttl", "xx"}}, "none");
             probe.expect_plain_error(reply, 400, "Field validation failed");
             probe.expect_plain_error(reply, 400, R"(time: invalid duration "xx")");
         }},

        {.name = "role-before-issuer",
         .requirement = "An unknown role is told before a missing issuer.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply =
                 co_await steps::sign(probe, mount, steps::workload_csr(), {}, "none");
             probe.expect_plain_error(reply, 400, "unknown role: none");
         }},

        {.name = "issuer-and-format",
         .requirement = "Of a missing issuer and an unknown format OpenBao tells the issuer, Vault "
                        "the format.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await steps::role(probe, mount);
             const Json format{{"format", "x"}, {"common_name", "web.test"}};
             for (const auto* verb : {"sign", "issue"}) {
                 auto parameters = format;
                 parameters["csr"] = "nothing";
                 const auto reply = co_await probe.vault(
                     "PUT", fmt::format("{}/{}/app", mount, verb), std::move(parameters));
                 probe.expect_error(reply, probe.on(500, 400), probe.on(no_issuer, bad_format));
             }
         }},

        {.name = "issuer-before-csr",
         .requirement = "A missing issuer is told before the CSR is looked at.",
         .rows = {99, 103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await steps::role(probe, mount);
             const auto csr = co_await steps::sign(probe, mount, "nothing");
             probe.expect_error(csr, 500, no_issuer);
         }},

        {.name = "format-before-csr",
         .requirement = "An unknown format is told before an unreadable CSR.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply =
                 co_await steps::sign(probe, mount, "nothing", Json{{"format", "x"}});
             probe.expect_error(reply, 400, bad_format);
         }},

        {.name = "csr-before-names",
         .requirement = "An unreadable CSR is told before names and times that are not allowed.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, narrow_role);
             const Json wrong{{"common_name", "cn.other"}, {"not_after", "zzz"}};
             const auto reply = co_await steps::sign(probe, mount, "nothing", wrong);
             probe.expect_error(reply, 400, bad_csr);
         }},

        {.name = "key-before-names",
         .requirement = "A key that the role does not take is told before its names, the missing "
                        "common name too.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, narrow_role);
             const auto csr = steps::csr(every_name_wrong(), crypto::KeyType::ed25519);
             const auto named = co_await steps::sign(probe, mount, csr);
             probe.expect_error(named, 400, bad_key);
             (void)co_await steps::role(probe, mount, Json{{"require_cn", true}}, "strict");
             const auto nameless = co_await steps::sign(
                 probe, mount, steps::csr({}, crypto::KeyType::ed25519), {}, "strict");
             probe.expect_error(nameless, 400, bad_key);
         }},

        {.name = "among-the-names",
         .requirement = "Names are looked at in the order common name, serial number, DNS names, "
                        "mail addresses, other names, IP addresses, URIs, and before the times.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, narrow_role);
             auto spec = every_name_wrong();
             const Json other{{"other_sans", "1.2.3.4;UTF8:x"}, {"not_after", "zzz"}};
             Json more = other;

             auto reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400, "common name cn.other not allowed by this role");
             spec.subject.common_name.clear();
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400, "serial_number 7 not allowed by this role");
             spec.subject.serial_number.clear();
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400,
                                "subject alternate name dns.other not allowed by this role");
             spec.alt_names.dns.clear();
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400,
                                "email address joe@mail.other not allowed by this role");
             spec.alt_names.emails.clear();
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400, "other SAN OID 1.2.3.4 not allowed by this role");
             more.erase("other_sans");
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400,
                                "IP Subject Alternative Names are not allowed in this role");
             spec.alt_names.ips.clear();
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400, "URI Subject Alternative Names were provided via CSR");
             spec.alt_names.uris.clear();
             reply = co_await steps::sign(probe, mount, steps::csr(spec), more);
             probe.expect_error(reply, 400, bad_end);
         }},

        {.name = "signature-last",
         .requirement = "The CSR's signature is checked last, after the times.",
         .rows = {103},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto key = crypto::Key::generate(crypto::KeyType::p256);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "web.test";
             auto der = crypto::Csr::make(spec, key).der();
             der.replace(der.find("web.test"), 8, "wen.test");
             const auto spoiled = crypto::Csr::from_der(der).value().pem();
             const auto reply =
                 co_await steps::sign(probe, mount, spoiled, Json{{"not_after", "zzz"}});
             probe.expect_error(reply, 400, bad_end);
             const auto alone = co_await steps::sign(probe, mount, spoiled);
             probe.expect_error(alone, 400, "request signature invalid");
         }},
    };
}

}  // namespace meshproof::conformance
