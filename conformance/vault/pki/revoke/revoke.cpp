// MOUNT/revoke, and what the CRL says afterwards.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;
using namespace std::chrono_literals;

Task<Reply> revoke(Probe& probe, std::string mount, Json body) {
    return probe.vault("PUT", mount + "/revoke", std::move(body));
}

bool lists(const crypto::Crl& list, std::string_view serial) {
    const auto entries = list.entries();
    return std::ranges::any_of(
        entries, [&](const auto& entry) { return crypto::serial_text(entry.serial) == serial; });
}

}  // namespace

std::vector<Check> vault_pki_revoke_revoke() {
    return {
        {.name = "answers-its-time",
         .requirement = "A revocation is answered with its time, and again with that same time.",
         .rows = {131},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             const auto first = co_await revoke(probe, mount, Json{{"serial_number", made.serial}});
             probe.expect_status(first, 200);
             probe.expect_keys(first.data(),
                               {"revocation_time", "revocation_time_rfc3339", "state"}, "data");
             probe.expect_equal(first.data().value("state", Json()), "revoked", "state");
             co_await probe.wait(1100ms);
             const auto again = co_await revoke(probe, mount, Json{{"serial_number", made.serial}});
             probe.expect_status(again, 200);
             probe.expect_equal(again.data().value("revocation_time", Json()),
                                first.data().value("revocation_time", Json(-1)),
                                "revocation_time the second time");
         }},

        {.name = "by-its-pem",
         .requirement = "A certificate that is not stored is revoked by its PEM, not by its serial "
                        "number.",
         .rows = {120, 131},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"no_store", true}});
             const auto made = co_await leaf(probe, mount);
             const auto unknown =
                 co_await revoke(probe, mount, Json{{"serial_number", made.serial}});
             probe.expect_plain_error(
                 unknown, 400, fmt::format("certificate with serial {} not found.", made.serial));
             const auto reply = co_await revoke(probe, mount, Json{{"certificate", made.pem}});
             probe.expect_status(reply, 200);
             probe.expect((co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "the CRL lacks it");
         }},

        {.name = "refusals",
         .requirement = "Neither or both of serial number and certificate, and what is not known, "
                        "are refused with 400; a certificate that is too short with 500.",
         .rows = {131},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             const auto nothing = co_await revoke(probe, mount, Json::object());
             probe.expect_plain_error(
                 nothing, 400, "The serial number or certificate to revoke must be provided.");
             Json two{{"serial_number", made.serial}, {"certificate", made.pem}};
             const auto both = co_await revoke(probe, mount, std::move(two));
             probe.expect_plain_error(
                 both, 400,
                 "Must provide either the certificate or the serial to revoke; not both.");
             const auto unknown = co_await revoke(probe, mount, Json{{"serial_number", "11:22"}});
             probe.expect_plain_error(unknown, 400, "certificate with serial 11:22 not found.");
             auto bare = made.serial;
             std::erase(bare, ':');
             const auto no_colons = co_await revoke(probe, mount, Json{{"serial_number", bare}});
             probe.expect_plain_error(no_colons, 400,
                                      fmt::format("certificate with serial {} not found.", bare));
             const auto small = co_await revoke(probe, mount, Json{{"certificate", "short"}});
             probe.expect_wrapped_error(small, 500, "too short");
         }},

        {.name = "not-the-issuer-itself",
         .requirement = "An issuer's own serial number cannot be revoked in its mount.",
         .rows = {131},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto made = co_await root(probe, mount);
             const auto reply = co_await revoke(
                 probe, mount,
                 Json{{"serial_number", steps::text_of(probe, made, "serial_number")}});
             probe.expect_plain_error(
                 reply, 400,
                 fmt::format("adding issuer (id: {}) to its own CRL is not allowed",
                             steps::text_of(probe, made, "issuer_id")));
         }},

        {.name = "expired-are-not-listed",
         .requirement = "An expired certificate is not revoked any more: 200 with a warning.",
         .rows = {131},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount, Json{{"ttl", "1s"}});
             co_await probe.wait(2500ms);
             const auto reply = co_await revoke(probe, mount, Json{{"serial_number", made.serial}});
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.json.value("data", Json(0)), nullptr, "data");
             probe.expect_warning(reply, "already expired; refusing to add to CRL");
             probe.expect(!(co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "the CRL lists it");
         }},

        {.name = "in-its-last-seconds",
         .requirement = "A certificate that ends within two seconds counts as expired: it is not "
                        "revoked any more.",
         .rows = {131, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             // Its end is cut to a whole second, so half a second to one and a half are left.
             const auto made = co_await leaf(probe, mount, Json{{"ttl", "3s"}});
             co_await probe.wait(1500ms);
             const auto reply = co_await revoke(probe, mount, Json{{"serial_number", made.serial}});
             probe.expect_status(reply, 200);
             probe.expect_warning(reply, "already expired; refusing to add to CRL");
         }},

        {.name = "with-its-own-key",
         .requirement = "revoke-with-key revokes for who has the certificate's private key, and "
                        "for nobody else.",
         .rows = {131},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json names{{"common_name", "web.mesh.test"}};
             const auto made = co_await probe.set_up("PUT", mount + "/issue/app", names);
             const auto other = co_await probe.set_up("PUT", mount + "/issue/app", names);
             const auto serial = steps::text_of(probe, made, "serial_number");
             const auto with = [&](Json body) {
                 body["serial_number"] = serial;
                 return probe.vault("PUT", mount + "/revoke-with-key", std::move(body));
             };
             const auto without = co_await with(Json::object());
             probe.expect_plain_error(without, 400, "Must have private key to revoke");
             const auto foreign =
                 co_await with(Json{{"private_key", steps::text_of(probe, other, "private_key")}});
             probe.expect_status(foreign, 500);
             probe.expect(!lists(co_await list_at(probe, mount + "/crl"), serial),
                          "another certificate's key revoked it");
             const auto own =
                 co_await with(Json{{"private_key", steps::text_of(probe, made, "private_key")}});
             probe.expect_status(own, 200);
             probe.expect(lists(co_await list_at(probe, mount + "/crl"), serial),
                          "the CRL lacks it");
         }},

        {.name = "listed-at-once",
         .requirement = "A revoked certificate is on the next CRL that is fetched, which has a "
                        "higher number.",
         .rows = {132},
         .source = "RFC 5280 5.2.3",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto kept = co_await leaf(probe, mount);
             const auto made = co_await leaf(probe, mount);
             const auto before = co_await list_at(probe, mount + "/crl");
             co_await revoked(probe, mount, made.serial);
             const auto after = co_await list_at(probe, mount + "/crl");
             probe.expect(after.contains(made.certificate), "the CRL lacks it");
             probe.expect(!after.contains(kept.certificate), "the CRL lists another one");
             probe.expect(after.number().value_or(0) > before.number().value_or(0),
                          "the CRL's number went from {} to {}", before.number().value_or(0),
                          after.number().value_or(0));
         }},

        {.name = "list-is-well-formed",
         .requirement = "A CRL is version 2 with number and authority key id, good for 72 h, "
                        "signed by its issuer with SHA-256.",
         .rows = {132},
         .source = "RFC 5280 5.1",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             const auto list = co_await list_at(probe, mount + "/crl");
             const auto pem = co_await read_open(probe, mount + "/ca/pem");
             const auto issuer = steps::certificate_of(probe, pem.body);
             probe.expect(list.signed_by(issuer), "the issuer did not sign it");
             probe.expect_equal(list.version(), 2, "version");
             probe.expect(list.number().has_value(), "it has no CRL number");
             probe.expect(!list.delta_base(), "it says that it is a delta");
             probe.expect(list.authority_key_id() == issuer.subject_key_id(),
                          "its authorityKeyIdentifier is not the issuer's");
             probe.expect_equal(list.signature_algorithm(), "ecdsa-with-SHA256", "signature");
             probe.expect(list.next_update() - list.this_update() == 72h,
                          "it is not good for 72 h");
             const auto entries = list.entries();
             probe.expect(entries.size() == 1 && entries.front().revoked_at <= list.this_update(),
                          "{} entries, or one of the future", entries.size());
         }},

        {.name = "stays-past-its-end",
         .requirement = "A revoked certificate stays on the CRL after it expired, also when that "
                        "is signed anew.",
         .rows = {132},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount, Json{{"ttl", "6s"}});
             co_await revoked(probe, mount, made.serial);
             co_await probe.wait(7500ms);
             (void)co_await probe.set_up("GET", mount + "/crl/rotate");
             probe.expect((co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "the CRL forgot it");
         }},

        {.name = "each-issuer-has-its-list",
         .requirement = "A revocation is on the list of the issuer that signed the certificate, "
                        "and on no other.",
         .rows = {132},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await root(probe, mount,
                                 Json{{"common_name", "one"}, {"issuer_name", "one"}});
             (void)co_await root(probe, mount,
                                 Json{{"common_name", "two"}, {"issuer_name", "two"}});
             (void)co_await steps::role(probe, mount, Json{{"issuer_ref", "two"}});
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             const auto one = co_await list_at(probe, mount + "/issuer/one/crl/der");
             const auto two = co_await list_at(probe, mount + "/issuer/two/crl/der");
             probe.expect(two.contains(made.certificate), "its issuer's CRL lacks it");
             probe.expect(!lists(one, made.serial), "the other issuer's CRL lists it");
             const auto pem = co_await read_open(probe, mount + "/issuer/two/pem");
             probe.expect(two.signed_by(steps::certificate_of(probe, pem.body)),
                          "its issuer did not sign the list");
         }},
    };
}

}  // namespace meshproof::conformance
