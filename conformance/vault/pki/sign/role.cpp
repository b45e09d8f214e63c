// Roles: what is written, read, patched and removed.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

/// Every field of a role and its default; each product has some of its own.
Json defaults(const Probe& probe) {
    const auto none = Json::array();
    Json role{{"allow_any_name", false},
              {"allow_bare_domains", false},
              {"allow_glob_domains", false},
              {"allow_ip_sans", true},
              {"allow_localhost", true},
              {"allow_subdomains", false},
              {"allow_token_displayname", false},
              {"allow_wildcard_certificates", true},
              {"allowed_domains", none},
              {"allowed_domains_template", false},
              {"allowed_other_sans", none},
              {"allowed_serial_numbers", none},
              {"allowed_uri_sans", none},
              {"allowed_uri_sans_template", false},
              {"allowed_user_ids", none},
              {"basic_constraints_valid_for_non_ca", false},
              {"client_flag", true},
              {"cn_validations", Json::array({"email", "hostname"})},
              {"code_signing_flag", false},
              {"country", none},
              {"email_protection_flag", false},
              {"enforce_hostnames", true},
              {"ext_key_usage", none},
              {"ext_key_usage_oids", none},
              {"generate_lease", false},
              {"issuer_ref", "default"},
              {"key_bits", 2048},
              {"key_type", "rsa"},
              {"key_usage", Json::array({"DigitalSignature", "KeyAgreement", "KeyEncipherment"})},
              {"locality", none},
              {"max_ttl", 0},
              {"no_store", false},
              {"not_after", ""},
              {"not_before_duration", 30},
              {"organization", none},
              {"ou", none},
              {"policy_identifiers", none},
              {"postal_code", none},
              {"province", none},
              {"require_cn", true},
              {"server_flag", true},
              {"signature_bits", probe.on(0, 256)},
              {"street_address", none},
              {"ttl", 0},
              {"use_csr_common_name", true},
              {"use_csr_sans", true},
              {"use_pss", false}};
    if (probe.openbao()) {
        role["allow_globs_in_identity_templates"] = false;
        role["allowed_ip_sans_cidr"] = none;
        role["not_after_bound"] = "permit";
        role["not_before"] = "";
        role["not_before_bound"] = "permit";
    }
    return role;
}

void expect_role(Probe& probe, const Json& role, const Json& expected, std::string_view what) {
    std::set<std::string> keys;
    for (const auto& item : expected.items()) {
        keys.insert(item.key());
    }
    if (!probe.expect_keys(role, keys, what)) {
        return;
    }
    for (const auto& item : expected.items()) {
        probe.expect_equal(role.at(item.key()), item.value(), item.key());
    }
}

Task<Reply> write(Probe& probe, std::string mount, Json parameters, std::string name = "plain") {
    return probe.vault("POST", fmt::format("{}/roles/{}", mount, name), std::move(parameters));
}

Task<Reply> read(Probe& probe, std::string mount, std::string name = "plain") {
    return probe.vault("GET", fmt::format("{}/roles/{}", mount, name));
}

}  // namespace

std::vector<Check> vault_pki_sign_role() {
    return {
        {.name = "its-defaults",
         .requirement = "Writing and reading a role answer all of its fields, with each product's "
                        "defaults where nothing was said.",
         .rows = {121},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto written = co_await write(probe, mount, Json::object());
             probe.expect_status(written, 200);
             probe.expect_no_warning(written);
             expect_role(probe, written.data(), defaults(probe), "the role as written");
             const auto found = co_await read(probe, mount);
             probe.expect_status(found, 200);
             expect_role(probe, found.data(), defaults(probe), "the role as read");
         }},

        {.name = "durations-and-lists",
         .requirement = "A role's durations are answered in seconds, its lists as arrays.",
         .rows = {121},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json parameters{{"ttl", "1h"},
                             {"max_ttl", "720h"},
                             {"not_before_duration", "2m"},
                             {"allowed_domains", "a.test,b.test"},
                             {"allowed_uri_sans", Json::array({"spiffe://a/*", "spiffe://b/*"})}};
             const auto written = co_await write(probe, mount, std::move(parameters));
             auto expected = defaults(probe);
             expected["ttl"] = 3600;
             expected["max_ttl"] = 2592000;
             expected["not_before_duration"] = 120;
             expected["allowed_domains"] = Json::array({"a.test", "b.test"});
             expected["allowed_uri_sans"] = Json::array({"spiffe://a/*", "spiffe://b/*"});
             expect_role(probe, written.data(), expected, "the role as written");
         }},

        {.name = "key-bits-filled-in",
         .requirement = "key_bits default to 2048 for RSA, 256 for EC, and 0 for Ed25519 and any.",
         .rows = {121},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const auto& [type, bits] : {std::pair("rsa", 2048), std::pair("ec", 256),
                                              std::pair("ed25519", 0), std::pair("any", 0)}) {
                 const auto written = co_await write(probe, mount, Json{{"key_type", type}});
                 probe.expect_equal(steps::number_of(probe, written, "key_bits"), bits,
                                    fmt::format("key_bits of {}", type));
             }
         }},

        {.name = "overwritten",
         .requirement = "Writing a role again overwrites all of it.",
         .rows = {121},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await write(probe, mount, Json{{"ttl", "1h"}, {"require_cn", false}});
             (void)co_await write(probe, mount, Json{{"ou", "Unit"}});
             auto expected = defaults(probe);
             expected["ou"] = Json::array({"Unit"});
             const auto found = co_await read(probe, mount);
             expect_role(probe, found.data(), expected, "the role written twice");
         }},

        {.name = "patched",
         .requirement = "PATCH changes the named fields of a role and keeps the others.",
         .rows = {121},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await write(probe, mount, Json{{"ttl", "1h"}, {"require_cn", false}});
             http::Headers headers;
             headers.set("Content-Type", "application/merge-patch+json");
             Json change{{"ou", "Unit"}, {"ttl", "2h"}};
             const auto reply = co_await probe.vault("PATCH", mount + "/roles/plain",
                                                     std::move(change), {}, headers);
             probe.expect_status(reply, 200);
             auto expected = defaults(probe);
             expected["ou"] = Json::array({"Unit"});
             expected["ttl"] = 7200;
             expected["require_cn"] = false;
             const auto found = co_await read(probe, mount);
             expect_role(probe, found.data(), expected, "the role patched");
         }},

        {.name = "listed-and-removed",
         .requirement = "Roles are listed by name; without any it is 404, and so is reading one "
                        "that is absent; removing one is 204, repeated too.",
         .rows = {121},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto none = co_await probe.vault("LIST", mount + "/roles");
             probe.expect_no_text(none, 404);
             const auto absent = co_await read(probe, mount);
             probe.expect_no_text(absent, 404);
             (void)co_await write(probe, mount, Json::object(), "b");
             (void)co_await write(probe, mount, Json::object(), "a");
             const auto both = co_await probe.vault("LIST", mount + "/roles");
             probe.expect_equal(both.data(), Json{{"keys", Json::array({"a", "b"})}}, "the list");
             for (int times = 0; times < 2; ++times) {
                 const auto removed = co_await probe.vault("DELETE", mount + "/roles/a");
                 probe.expect_status(removed, 204);
             }
             const auto gone = co_await read(probe, mount, "a");
             probe.expect_no_text(gone, 404);
         }},

        {.name = "without-an-issuer",
         .requirement = "A role can be written before there is an issuer, with a warning.",
         .rows = {121},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto written = co_await write(probe, mount, Json::object());
             probe.expect_status(written, 200);
             probe.expect_warning(written,
                                  "Issuing Certificate was set to default, but no default issuing "
                                  "certificate (configurable at /config/issuers) is currently set");
         }},

        {.name = "warns-of-its-issuer-first",
         .requirement = "A role with generate_lease on a mount without an issuer has two warnings, "
                        "that of the issuer first.",
         .rows = {119, 121, 223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto written = co_await write(probe, mount, Json{{"generate_lease", true}});
             probe.expect_status(written, 200);
             probe.expect_equal(
                 written.warnings(),
                 Json::array({"Issuing Certificate was set to default, but no default issuing "
                              "certificate (configurable at /config/issuers) is currently set",
                              fmt::format("it is encouraged to disable generate_lease and rely on "
                                          "PKI's native capabilities when possible; this option "
                                          "can cause {}-wide issues with large numbers of issued "
                                          "certificates",
                                          probe.on("instance", "Vault"))}),
                 "the warnings");
         }},

        {.name = "ttl-above-max-ttl",
         .requirement = "A role whose ttl is above its max_ttl is refused and not written.",
         .rows = {121},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply =
                 co_await write(probe, mount, Json{{"ttl", "2h"}, {"max_ttl", "1h"}});
             probe.expect_plain_error(reply, 400,
                                      R"("ttl" value must be less than "max_ttl" value)");
             const auto absent = co_await read(probe, mount);
             probe.expect_no_text(absent, 404);
         }},

        {.name = "unknown-key-type",
         .requirement = "A role of an unknown key type is refused.",
         .rows = {121},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply = co_await write(probe, mount, Json{{"key_type", "dsa"}});
             probe.expect_plain_error(reply, 400, "unknown key type dsa");
         }},

        {.name = "null-duration-is-absent",
         .requirement = "A duration of null counts as absent: PATCH keeps it, a write has the "
                        "default; \"\" is 0.",
         .rows = {121, 222},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto written = co_await write(
                 probe, mount, Json{{"max_ttl", "2h"}, {"not_before_duration", nullptr}});
             probe.expect_equal(written.data().value("not_before_duration", Json()), 30,
                                "not_before_duration");
             http::Headers headers;
             headers.set("Content-Type", "application/merge-patch+json");
             for (const auto& [value, kept] : {std::pair(Json(), 7200), std::pair(Json(""), 0)}) {
                 const auto reply = co_await probe.vault("PATCH", mount + "/roles/plain",
                                                         Json{{"max_ttl", value}}, {}, headers);
                 probe.expect_status(reply, 200);
                 probe.expect_equal(reply.data().value("max_ttl", Json()), kept,
                                    "max_ttl after " + value.dump());
             }
         }},
    };
}

}  // namespace meshproof::conformance
