// What sign and issue answer: fields, serial numbers, formats.
#include "conformance/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

Task<Reply> signed_in_format(Probe& probe, std::string mount, std::string format) {
    const Json more{{"format", std::move(format)}};
    co_return co_await steps::sign(probe, std::move(mount), steps::workload_csr(), more);
}

/// `text` as base64 of one DER certificate, or nothing.
std::optional<crypto::Certificate> from_base64_der(const std::string& text) {
    const auto der = from_base64(text);
    if (!der) {
        return std::nullopt;
    }
    auto certificate = crypto::Certificate::from_der(*der);
    return certificate ? std::optional(std::move(*certificate)) : std::nullopt;
}

}  // namespace

std::vector<Check> vault_pki_sign_answer() {
    return {
        {.name = "its-fields",
         .requirement = "sign answers certificate, issuing_ca, ca_chain, serial_number and "
                        "expiration, OpenBao not_before too, and no private key.",
         .rows = {89},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_status(reply, 200);
             std::set<std::string> fields{"ca_chain", "certificate", "expiration", "issuing_ca",
                                          "serial_number"};
             if (probe.openbao()) {
                 fields.insert("not_before");
             }
             probe.expect_keys(reply.data(), fields, "data");
         }},

        {.name = "its-times",
         .requirement = "expiration is the leaf's notAfter in seconds since 1970, and OpenBao's "
                        "not_before its notBefore.",
         .rows = {89},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect_equal(reply.data().value("expiration", Json()),
                                unix_seconds(leaf.not_after()), "expiration");
             if (probe.openbao()) {
                 probe.expect_equal(reply.data().value("not_before", Json()),
                                    unix_seconds(leaf.not_before()), "not_before");
             }
         }},

        {.name = "its-issuer",
         .requirement = "issuing_ca is the mount's CA, it signed the leaf, and ca_chain holds it.",
         .rows = {89},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto leaf = steps::leaf_of(probe, reply);
             const auto issuing_ca = steps::text_of(probe, reply, "issuing_ca");
             const auto root = steps::certificate_of(probe, issuing_ca);
             probe.expect(leaf.signed_by(root), "issuing_ca did not sign the leaf");
             probe.expect_equal(reply.data().value("ca_chain", Json()), Json::array({issuing_ca}),
                                "ca_chain of a leaf of a root");
             const auto ca = co_await probe.vault("GET", mount + "/ca/pem", {}, As::nobody());
             probe.expect(trim(ca.body) == issuing_ca, "issuing_ca is not the mount's CA");
         }},

        {.name = "no-empty-chain",
         .requirement = "Where remove_roots_from_chain leaves nothing, ca_chain is absent.",
         .rows = {89},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json more{{"remove_roots_from_chain", true}};
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(), more);
             probe.expect_status(reply, 200);
             probe.expect(reply.data().is_object() && !reply.data().contains("ca_chain"),
                          "ca_chain is there though nothing is left in it");
         }},

        {.name = "serial-number",
         .requirement = "serial_number is the leaf's own in lower-case hex pairs joined by colons, "
                        "at most 20 of them, and no two leaves share one.",
         .rows = {90},
         .source = "RFC 5280 4.1.2.2",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             constexpr int leaves = 5;
             std::set<std::string> serials;
             for (int i = 0; i < leaves; ++i) {
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
                 const auto serial = steps::text_of(probe, reply, "serial_number");
                 probe.expect(serial == steps::leaf_of(probe, reply).serial(),
                              "serial_number {} is not the leaf's, {}", serial,
                              steps::leaf_of(probe, reply).serial());
                 const auto bytes = crypto::parse_serial(serial);
                 probe.expect(bytes && crypto::serial_text(*bytes) == serial &&
                                  bytes->size() <= 20 && bytes->size() >= 16,
                              "{} is not 16 to 20 lower-case hex pairs joined by colons", serial);
                 serials.insert(serial);
             }
             probe.expect(serials.size() == leaves, "{} leaves have {} serial numbers", leaves,
                          serials.size());
         }},

        {.name = "format-pem",
         .requirement = "format=pem, which is the default, gives single PEM blocks without a final "
                        "newline.",
         .rows = {91},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto* format : {"pem", ""}) {
                 Json more = Json::object();
                 if (*format != '\0') {
                     more["format"] = format;
                 }
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(), more);
                 const auto leaf = steps::leaf_of(probe, reply);
                 const auto text = steps::text_of(probe, reply, "certificate");
                 probe.expect(
                     text + "\n" == leaf.pem(),
                     "certificate is not one PEM block of 64-column lines without a final newline");
                 const auto issuing_ca = steps::text_of(probe, reply, "issuing_ca");
                 probe.expect(!issuing_ca.ends_with('\n'), "issuing_ca ends with a newline");
             }
         }},

        {.name = "format-der",
         .requirement = "format=der gives base64 of the DER, in ca_chain too.",
         .rows = {91},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await signed_in_format(probe, mount, "der");
             probe.expect_status(reply, 200);
             const auto leaf = from_base64_der(steps::text_of(probe, reply, "certificate"));
             const auto issuer = from_base64_der(steps::text_of(probe, reply, "issuing_ca"));
             probe.expect(leaf.has_value(), "certificate is no base64 of a DER certificate");
             probe.expect(issuer.has_value(), "issuing_ca is no base64 of a DER certificate");
             const auto chain = reply.data().value("ca_chain", Json::array());
             probe.expect(!chain.empty() && chain[0].is_string() &&
                              from_base64_der(chain[0].get<std::string>()).has_value(),
                          "ca_chain[0] is no base64 of a DER certificate");
         }},

        {.name = "format-pem-bundle",
         .requirement = "format=pem_bundle gives the leaf and its chain in certificate.",
         .rows = {91},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await signed_in_format(probe, mount, "pem_bundle");
             const auto bundle =
                 crypto::Certificate::all_from_pem(steps::text_of(probe, reply, "certificate"));
             if (!bundle || bundle->size() != 2) {
                 probe.give_up(fmt::format("certificate holds {} certificates, not leaf and root",
                                           bundle ? bundle->size() : 0));
             }
             probe.expect(bundle->at(0).signed_by(bundle->at(1)), "the leaf is not first");
             const auto issuing_ca = steps::text_of(probe, reply, "issuing_ca");
             probe.expect(bundle->at(1) == steps::certificate_of(probe, issuing_ca),
                          "the second certificate is not issuing_ca");
         }},

        {.name = "bundle-with-key",
         .requirement = "issue with format=pem_bundle puts the private key before the leaf.",
         .rows = {91},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json parameters{{"common_name", "web.test"}, {"format", "pem_bundle"}};
             const auto reply = co_await steps::issue(probe, mount, parameters);
             const auto text = steps::text_of(probe, reply, "certificate");
             const auto key = crypto::Key::from_pem(text);
             probe.expect(text.starts_with("-----BEGIN EC PRIVATE KEY-----") && key.has_value(),
                          "the bundle does not begin with the private key");
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect(key && key->public_key() == leaf.public_key(),
                          "the first certificate is not of the bundle's key");
         }},

        {.name = "format-unknown",
         .requirement = "Any other format is refused with the list of the three.",
         .rows = {91},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await signed_in_format(probe, mount, "p12");
             probe.expect_plain_error(
                 reply, 400,
                 R"(the "format" path parameter must be "pem", "der", or "pem_bundle")");
         }},
    };
}

}  // namespace meshproof::conformance
