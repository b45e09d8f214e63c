// sign-verbatim: the CSR as it is.
#include <algorithm>

#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace std::chrono_literals;

Task<Reply> verbatim(Probe& probe, std::string mount, std::string csr, std::string role = "",
                     Json more = Json::object()) {
    more["csr"] = std::move(csr);
    co_return co_await probe.vault(
        "PUT", fmt::format("{}/sign-verbatim{}{}", mount, role.empty() ? "" : "/", role),
        std::move(more));
}

}  // namespace

std::vector<Check> vault_pki_sign_verbatim() {
    return {
        {.name = "any-name",
         .requirement = "sign-verbatim takes the CSR's subject and alternative names as they are, "
                        "whatever the role allows.",
         .rows = {123},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json narrow{{"allow_any_name", false}, {"allowed_uri_sans", nullptr}};
             const auto mount = co_await steps::issuing_mount(probe, narrow);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "any thing at all";
             spec.subject.organization = {"Org"};
             spec.subject.organizational_unit = {"Unit"};
             spec.subject.country = {"DE"};
             spec.alt_names.dns = {"z.test", "a.test"};
             spec.alt_names.ips = {"10.0.0.1"};
             spec.alt_names.uris = {"spiffe://mesh.test/web"};
             for (const auto* role : {"", "app"}) {
                 const auto reply = co_await verbatim(probe, mount, steps::csr(spec), role);
                 probe.expect_status(reply, 200);
                 const auto leaf = steps::leaf_of(probe, reply);
                 probe.expect(leaf.subject() == spec.subject, "the subject is {}",
                              leaf.subject_line());
                 probe.expect(leaf.alt_names() == spec.alt_names,
                              "the alternative names are not those of the CSR");
             }
         }},

        {.name = "its-extensions",
         .requirement = "sign-verbatim copies the CSR's extensions, but never basic constraints.",
         .rows = {123},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "web.test";
             spec.extensions.push_back({"1.2.3.4", false, {0x05, 0x00}});
             spec.extensions.push_back(
                 {"2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xFF}});  // CA:TRUE
             const auto reply = co_await verbatim(probe, mount, steps::csr(spec));
             const auto leaf = steps::leaf_of(probe, reply);
             const auto extensions = leaf.extensions();
             probe.expect(std::ranges::any_of(extensions,
                                              [](const auto& one) { return one.oid == "1.2.3.4"; }),
                          "the CSR's extension is not in the leaf");
             probe.expect(!leaf.is_ca().has_value(), "the CSR's basic constraints are in the leaf");
         }},

        {.name = "its-usages",
         .requirement = "sign-verbatim gives the usual key usage and no extended one, unless the "
                        "request names them.",
         .rows = {123},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto plain = co_await verbatim(probe, mount, steps::workload_csr(), "app");
             const auto leaf = steps::leaf_of(probe, plain);
             const unsigned expected =
                 crypto::digital_signature | crypto::key_encipherment | crypto::key_agreement;
             probe.expect(leaf.key_usage() == expected, "key usage is {:#x}, not {:#x}",
                          leaf.key_usage().value_or(0), expected);
             probe.expect(!leaf.extended_key_usage().has_value(), "there is an extended key usage");
             const Json more{{"key_usage", "DigitalSignature"}, {"ext_key_usage", "ClientAuth"}};
             const auto asked = co_await verbatim(probe, mount, steps::workload_csr(), "", more);
             const auto chosen = steps::leaf_of(probe, asked);
             probe.expect(chosen.key_usage() == unsigned{crypto::digital_signature},
                          "key_usage of the request does not count");
             probe.expect(chosen.extended_key_usage() ==
                              std::vector<std::string>{std::string(crypto::eku_client_auth)},
                          "ext_key_usage of the request does not count");
         }},

        {.name = "its-basic-constraints",
         .requirement = "In OpenBao basic_constraints_valid_for_non_ca of the request, else of the "
                        "role, gives sign-verbatim's leaf a CA:FALSE; Vault looks at neither.",
         .rows = {123},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json asked{{"basic_constraints_valid_for_non_ca", true}};
             const Json refused{{"basic_constraints_valid_for_non_ca", false}};
             const auto mount = co_await steps::issuing_mount(probe, asked);
             struct Case {
                 const char* role;
                 Json more;
                 bool expected;
             };
             const std::vector<Case> cases{{"", Json::object(), false},
                                           {"", asked, true},
                                           {"app", Json::object(), true},
                                           {"app", refused, false}};
             for (const auto& one : cases) {
                 const auto reply =
                     co_await verbatim(probe, mount, steps::workload_csr(), one.role, one.more);
                 const auto is_ca = steps::leaf_of(probe, reply).is_ca();
                 const bool expected = one.expected && probe.openbao();
                 probe.expect(expected ? is_ca == false : !is_ca.has_value(),
                              "sign-verbatim{}{} with {}: the leaf has {} basic constraints",
                              *one.role == '\0' ? "" : "/", one.role, one.more.dump(),
                              expected ? "no CA:FALSE in its" : "unasked");
             }
         }},

        {.name = "times-of-the-role",
         .requirement = "A role lends sign-verbatim its ttl and max_ttl.",
         .rows = {123},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"ttl", "2h"}, {"max_ttl", "3h"}});
             const auto by_ttl = co_await verbatim(probe, mount, steps::workload_csr(), "app");
             const auto leaf = steps::leaf_of(probe, by_ttl);
             steps::expect_life(probe, leaf, 2h + 30s);
             const auto capped =
                 co_await verbatim(probe, mount, steps::workload_csr(), "app", Json{{"ttl", "5h"}});
             probe.expect_warning(capped,
                                  R"(TTL "5h0m0s" is longer than permitted maxTTL "3h0m0s")");
             const auto longest = steps::leaf_of(probe, capped);
             steps::expect_life(probe, longest, 3h + 30s);
         }},

        {.name = "issuer-of-the-role",
         .requirement = "A role lends sign-verbatim its issuer.",
         .rows = {123},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json parameters{{"common_name", "second root"},
                             {"issuer_name", "second"},
                             {"key_type", "ec"},
                             {"ttl", "87600h"}};
             const auto made = co_await probe.set_up("POST", mount + "/root/generate/internal",
                                                     std::move(parameters));
             (void)co_await steps::role(probe, mount, Json{{"issuer_ref", "second"}});
             const auto reply = co_await verbatim(probe, mount, steps::workload_csr(), "app");
             probe.expect(steps::leaf_of(probe, reply).signed_by(steps::leaf_of(probe, made)),
                          "the leaf is not of the role's issuer");
         }},

        {.name = "storage-of-the-role",
         .requirement = "A role lends sign-verbatim its no_store.",
         .rows = {123},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"no_store", true}});
             const auto reply = co_await verbatim(probe, mount, steps::workload_csr(), "app");
             const auto serial = steps::text_of(probe, reply, "serial_number");
             const auto read =
                 co_await probe.vault("GET", fmt::format("{}/cert/{}", mount, serial));
             probe.expect_no_text(read, 404);
         }},

        {.name = "lease-of-the-role",
         .requirement = "A role lends sign-verbatim its generate_lease.",
         .rows = {123},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await verbatim(probe, mount, steps::workload_csr(), "app");
             const auto lease = reply.json.value("lease_id", std::string());
             probe.expect(lease.starts_with(mount + "/sign-verbatim/app/"), "lease_id is \"{}\"",
                          lease);
         }},

        {.name = "without-final-slash",
         .requirement = "The path without a role has no final slash.",
         .rows = {123},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json body{{"csr", steps::workload_csr()}};
             const auto slash = co_await probe.vault("PUT", mount + "/sign-verbatim/", body);
             probe.expect_plain_error(slash, 400, "cannot write to a path ending in '/'");
             const auto plain = co_await probe.vault("PUT", mount + "/sign-verbatim", body);
             probe.expect_status(plain, 200);
         }},

        {.name = "role-unknown",
         .requirement = "sign-verbatim with an unknown role in the path is refused.",
         .rows = {123},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply = co_await verbatim(probe, mount, steps::workload_csr(), "none");
             probe.expect_error(reply, 400, "unknown role: none");
         }},

        {.name = "of-no-issuer",
         .requirement =
             "sign-verbatim with an issuer_ref of blanks is refused: 500 on OpenBao, 400 "
             "on Vault.",
         .rows = {123, 223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json body{{"csr", steps::workload_csr()}, {"issuer_ref", " "}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/sign-verbatim", std::move(body));
             probe.expect_error(reply, probe.on(500, 400), "missing issuer reference");
         }},

        {.name = "role-of-any-text",
         .requirement = "sign-verbatim takes whatever follows for the name of a role.",
         .rows = {123, 223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const auto* role : {"a/b", "-"}) {
                 const auto reply = co_await verbatim(probe, mount, steps::workload_csr(), role);
                 probe.expect_error(reply, 400, std::string("unknown role: ") + role);
             }
         }},
    };
}

}  // namespace meshproof::conformance
