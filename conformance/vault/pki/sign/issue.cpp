// issue: the server makes the key.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

const Json web{{"common_name", "web.test"}};

/// The answer's private key, which has to be the leaf's.
crypto::Key key_of(Probe& probe, const Reply& reply) {
    auto key = crypto::Key::from_pem(steps::text_of(probe, reply, "private_key"));
    if (!key) {
        probe.give_up("private_key cannot be read: " + key.error().message);
    }
    probe.expect(key->public_key() == steps::leaf_of(probe, reply).public_key(),
                 "the leaf is not of the private key");
    return std::move(*key);
}

void expect_key(Probe& probe, const Reply& reply, std::string_view type, int bits,
                std::string_view label) {
    const auto key = key_of(probe, reply).public_key();
    probe.expect(key.algorithm() == type && key.bits() == bits, "the key is {} of {} bits",
                 key.algorithm(), key.bits());
    probe.expect_equal(reply.data().value("private_key_type", Json()), type, "private_key_type");
    const auto text = steps::text_of(probe, reply, "private_key");
    probe.expect(
        text.starts_with(fmt::format("-----BEGIN {}-----", label)) && !text.ends_with('\n'),
        "private_key is no {} block without a final newline", label);
}

}  // namespace

std::vector<Check> vault_pki_sign_issue() {
    return {
        {.name = "its-fields",
         .requirement = "issue answers what sign does, and private_key and private_key_type.",
         .rows = {122},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::issue(probe, mount, web);
             probe.expect_status(reply, 200);
             std::set<std::string> fields{"ca_chain",     "certificate", "expiration",
                                          "issuing_ca",   "private_key", "private_key_type",
                                          "serial_number"};
             if (probe.openbao()) {
                 fields.insert("not_before");
             }
             probe.expect_keys(reply.data(), fields, "data");
         }},

        {.name = "key-of-the-role",
         .requirement =
             "issue makes a key of the role's type and bits, answered as SEC 1 or PKCS#1 "
             "PEM, and the leaf is of it.",
         .rows = {122},
         .source = "RFC 5915, RFC 8017 A.1.2",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_bits", 384}});
             const auto ec = co_await steps::issue(probe, mount, web);
             expect_key(probe, ec, "ec", 384, "EC PRIVATE KEY");
             (void)co_await steps::role(probe, mount, Json{{"key_type", nullptr}}, "default");
             const auto rsa = co_await steps::issue(probe, mount, web, "default");
             expect_key(probe, rsa, "rsa", 2048, "RSA PRIVATE KEY");
         }},

        {.name = "in-pkcs8",
         .requirement = "private_key_format=pkcs8 answers the key as PKCS#8.",
         .rows = {122},
         .source = "RFC 5958",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             auto parameters = web;
             parameters["private_key_format"] = "pkcs8";
             const auto reply = co_await steps::issue(probe, mount, parameters);
             expect_key(probe, reply, "ec", 256, "PRIVATE KEY");
         }},

        {.name = "names-of-the-request",
         .requirement = "common_name, alt_names, ip_sans, uri_sans and ttl of the request count.",
         .rows = {122},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json parameters{{"common_name", "web.test"},
                                   {"alt_names", "a.test,joe@mail.test"},
                                   {"ip_sans", "10.0.0.1"},
                                   {"uri_sans", "spiffe://mesh.test/web"},
                                   {"ttl", "10m"}};
             const auto before = probe.clock().elapsed();
             const auto reply = co_await steps::issue(probe, mount, parameters);
             const auto took = probe.clock().elapsed() - before;
             probe.expect_no_warning(reply);
             const auto leaf = steps::leaf_of(probe, reply);
             const auto names = leaf.alt_names();
             probe.expect_equal(leaf.subject().common_name, "web.test", "common name");
             probe.expect(std::set<std::string>(names.dns.begin(), names.dns.end()) ==
                              std::set<std::string>{"a.test", "web.test"},
                          "DNS names are {}", fmt::join(names.dns, ", "));
             probe.expect_equal(Json(names.emails), Json::array({"joe@mail.test"}),
                                "mail addresses");
             probe.expect_equal(Json(names.ips), Json::array({"10.0.0.1"}), "IP addresses");
             probe.expect_equal(Json(names.uris), Json::array({"spiffe://mesh.test/web"}), "URIs");
             constexpr auto ten_minutes_and_backdate = std::chrono::seconds(630);
             steps::expect_life(probe, leaf, ten_minutes_and_backdate, took);
         }},

        {.name = "not-for-any-type",
         .requirement =
             "issue by a role for any key type is refused, on OpenBao unless the request "
             "names one.",
         .rows = {122},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_type", "any"}});
             const auto reply = co_await steps::issue(probe, mount, web);
             probe.expect_plain_error(
                 reply, 400,
                 std::string(R"(role key type "any" not allowed for issuing certificates)") +
                     probe.on(" without providing key_type and/or key_bits request parameters",
                              ", only signing"));
         }},

        {.name = "type-of-the-request",
         .requirement = "By a role for any key type OpenBao's issue takes key_type and key_bits of "
                        "the request.",
         .rows = {122},
         .level = Level::may,
         .features = {Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_type", "any"}});
             auto parameters = web;
             parameters["key_type"] = "ec";
             parameters["key_bits"] = 384;
             const auto reply = co_await steps::issue(probe, mount, parameters);
             probe.expect_status(reply, 200);
             expect_key(probe, reply, "ec", 384, "EC PRIVATE KEY");
         }},

        {.name = "type-of-the-request-ignored",
         .requirement = "By a role with a key type the request's key_type is ignored with a "
                        "warning, whose text is each product's own.",
         .rows = {122},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             auto parameters = web;
             parameters["key_type"] = "rsa";
             const auto reply = co_await steps::issue(probe, mount, parameters);
             expect_key(probe, reply, "ec", 256, "EC PRIVATE KEY");
             probe.expect_warning(
                 reply,
                 probe.on("parameters key_type and key_bits ignored as role had specific values",
                          "Endpoint ignored these unrecognized parameters: [key_type]"));
         }},
    };
}

}  // namespace meshproof::conformance
