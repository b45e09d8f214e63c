// MOUNT/ocsp: a certificate's status by RFC 6960.
#include "conformance/vault/pki/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;
using crypto::CertificateStatus;
using crypto::OcspCertId;
using namespace std::chrono_literals;

constexpr int malformed_request = 1, unauthorized = 6;  // RFC 6960 4.2.1

struct Asked {
    std::string mount;
    crypto::Certificate issuer;
};

Task<Asked> responder(Probe& probe) {
    Asked made;
    made.mount = co_await steps::issuing_mount(probe);
    const auto pem = co_await read_open(probe, made.mount + "/ca/pem");
    made.issuer = steps::certificate_of(probe, pem.body);
    co_return made;
}

crypto::OcspResponse response_of(Probe& probe, const Reply& reply) {
    auto response = crypto::OcspResponse::from_der(reply.body);
    if (!response) {
        probe.give_up(fmt::format("{}: {} without an OCSP response", reply.asked, reply.status));
    }
    return std::move(*response);
}

/// A failure in DER, not in JSON.
void expect_failure(Probe& probe, const Reply& reply, int http, int status) {
    probe.expect_status(reply, http);
    probe.expect_equal(content_type(reply), "application/ocsp-response", "type");
    const auto response = response_of(probe, reply);
    probe.expect(response.status == status, "status {} in the response, not {}", response.status,
                 status);
}

void expect_status(Probe& probe, const crypto::OcspStatement& statement,
                   CertificateStatus expected) {
    probe.expect(statement.status == expected, "it is {}, not {}",
                 crypto::to_string(statement.status), crypto::to_string(expected));
}

Task<Reply> ask_of(Probe& probe, const Asked& asked, std::string serial,
                   std::string digest = "sha1") {
    const auto id = OcspCertId::of(asked.issuer, *crypto::parse_serial(serial), std::move(digest));
    return ask_ocsp(probe, asked.mount, crypto::ocsp_request_der(id));
}

Task<Reply> configure_crl(Probe& probe, std::string mount, Json body) {
    return probe.set_up("POST", mount + "/config/crl", std::move(body));
}

}  // namespace

std::vector<Check> vault_pki_revoke_ocsp() {
    return {
        {.name = "good-then-revoked",
         .requirement = "Anybody may ask for a certificate's status; it is good, and from its "
                        "revocation on revoked with a time and no reason.",
         .rows = {172},
         .source = "RFC 6960 4.2",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto made = co_await leaf(probe, asked.mount);
             const auto before = co_await ask_of(probe, asked, made.serial);
             probe.expect_status(before, 200);
             probe.expect_equal(content_type(before), "application/ocsp-response", "type");
             probe.expect_equal(before.headers.find("Cache-Control").value_or(""), "no-store",
                                "Cache-Control");
             const auto good = co_await ocsp_of(probe, asked.mount, asked.issuer, made.serial);
             expect_status(probe, good, CertificateStatus::good);
             co_await revoked(probe, asked.mount, made.serial);
             const auto now = co_await ocsp_of(probe, asked.mount, asked.issuer, made.serial);
             expect_status(probe, now, CertificateStatus::revoked);
             probe.expect(now.revoked_at.has_value() && !now.reason, "no time, or a reason");
         }},

        {.name = "asked-by-get",
         .requirement = "A request may be asked by GET in base64.",
         .rows = {172},
         .source = "RFC 6960 A.1",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto made = co_await leaf(probe, asked.mount);
             const auto id = OcspCertId::of(asked.issuer, *crypto::parse_serial(made.serial));
             std::string escaped;
             for (const char c : to_base64(crypto::ocsp_request_der(id))) {
                 escaped += c == '+'   ? "%2B"
                            : c == '/' ? "%2F"
                            : c == '=' ? "%3D"
                                       : std::string(1, c);
             }
             const auto reply =
                 co_await read_open(probe, fmt::format("{}/ocsp/{}", asked.mount, escaped));
             // A request with two slashes in a row is redirected to a path with one, and is junk
             // then.
             if (reply.status == 301 || reply.status == 307) {
                 co_return;
             }
             probe.expect_status(reply, 200);
             const auto response = response_of(probe, reply);
             if (probe.expect(response.statement.has_value(), "no status in the response")) {
                 expect_status(probe, *response.statement, CertificateStatus::good);
             }
         }},

        {.name = "never-issued-is-good",
         .requirement = "A serial number that its issuer never gave out is good.",
         .rows = {172},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto statement =
                 co_await ocsp_of(probe, asked.mount, asked.issuer, "11:22:33:44:55:66:77");
             expect_status(probe, statement, CertificateStatus::good);
         }},

        {.name = "foreign-is-unknown",
         .requirement = "A certificate of an issuer elsewhere is unknown.",
         .rows = {172},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto elsewhere =
                 co_await steps::mounted_root(probe, Json::object(), "elsewhere");
             const auto pem = co_await read_open(probe, elsewhere + "/ca/pem");
             const auto statement = co_await ocsp_of(
                 probe, asked.mount, steps::certificate_of(probe, pem.body), "11:22:33:44");
             expect_status(probe, statement, CertificateStatus::unknown);
         }},

        {.name = "echoes-the-digest",
         .requirement = "Certificate ids with SHA-1, SHA-256 and SHA-512 are taken, and echoed.",
         .rows = {172},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto made = co_await leaf(probe, asked.mount);
             for (const auto* digest : {"sha1", "sha256", "sha512"}) {
                 const auto id =
                     OcspCertId::of(asked.issuer, *crypto::parse_serial(made.serial), digest);
                 const auto reply =
                     co_await ask_ocsp(probe, asked.mount, crypto::ocsp_request_der(id));
                 probe.expect_status(reply, 200);
                 const auto response = response_of(probe, reply);
                 probe.expect(response.statement && response.statement->id == id,
                              "the certificate id of {} was not echoed", digest);
             }
         }},

        {.name = "signed-by-the-issuer",
         .requirement = "A response is signed by the issuer itself, which is named, with SHA-256; "
                        "it has no certificates and no extensions.",
         .rows = {172},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto made = co_await leaf(probe, asked.mount);
             const auto response = response_of(probe, co_await ask_of(probe, asked, made.serial));
             probe.expect(response.signed_by(asked.issuer), "the issuer did not sign it");
             if (!probe.expect(response.statement.has_value(), "no status in the response")) {
                 co_return;
             }
             const auto& statement = *response.statement;
             probe.expect_equal(statement.signature_algorithm, "ecdsa-with-SHA256", "signature");
             probe.expect(statement.by_name, "the responder is not named");
             probe.expect(!statement.certificates && !statement.extensions,
                          "there are certificates or extensions");
         }},

        {.name = "good-for-half-a-day",
         .requirement = "A response is good for ocsp_expiry, 12 h unless set; with 0 OpenBao "
                        "leaves nextUpdate out and Vault repeats thisUpdate.",
         .rows = {172},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto usual = co_await ocsp_of(probe, asked.mount, asked.issuer, "11:22");
             probe.expect(usual.next_update && *usual.next_update - usual.this_update == 12h,
                          "nextUpdate is not 12 h away");
             (void)co_await configure_crl(probe, asked.mount, Json{{"ocsp_expiry", "1h"}});
             const auto hour = co_await ocsp_of(probe, asked.mount, asked.issuer, "11:22");
             probe.expect(hour.next_update && *hour.next_update - hour.this_update == 1h,
                          "nextUpdate is not 1 h away");
             (void)co_await configure_crl(probe, asked.mount, Json{{"ocsp_expiry", "0s"}});
             const auto none = co_await ocsp_of(probe, asked.mount, asked.issuer, "11:22");
             if (probe.openbao()) {
                 probe.expect(!none.next_update, "there is a nextUpdate with ocsp_expiry 0");
             } else {
                 probe.expect(none.next_update == none.this_update, "nextUpdate is not thisUpdate");
             }
         }},

        {.name = "bad-request-is-der",
         .requirement = "Garbage and an empty request are answered 400 with malformedRequest in "
                        "DER.",
         .rows = {137, 173},
         .source = "RFC 6960 4.2.1",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             for (const auto* body : {"", "garbage"}) {
                 expect_failure(probe, co_await ask_ocsp(probe, asked.mount, body), 400,
                                malformed_request);
             }
             expect_failure(probe, co_await read_open(probe, asked.mount + "/ocsp/abcd"), 400,
                            malformed_request);
         }},

        {.name = "disabled-is-unauthorized",
         .requirement = "With ocsp_disable the answer is 401 with unauthorized in DER.",
         .rows = {173},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             (void)co_await configure_crl(probe, asked.mount, Json{{"ocsp_disable", true}});
             expect_failure(probe, co_await ask_of(probe, asked, "11:22"), 401, unauthorized);
         }},

        {.name = "without-usage-is-unauthorized",
         .requirement = "For an issuer without the usage ocsp-signing the answer is 401 with "
                        "unauthorized.",
         .rows = {173},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             Json body{{"usage", "issuing-certificates,crl-signing"}};
             (void)co_await probe.set_up("POST", asked.mount + "/issuer/default", std::move(body));
             expect_failure(probe, co_await ask_of(probe, asked, "11:22"), 401, unauthorized);
         }},

        {.name = "without-issuer-is-unauthorized",
         .requirement = "In a mount without an issuer the answer is 401 with unauthorized.",
         .rows = {173},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             (void)co_await probe.set_up("DELETE", asked.mount + "/issuer/default");
             expect_failure(probe, co_await ask_of(probe, asked, "11:22"), 401, unauthorized);
         }},

        {.name = "get-without-a-request",
         .requirement = "GET ocsp is 405 in JSON, GET ocsp/ 400 in DER.",
         .rows = {173},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto bare = co_await read_open(probe, asked.mount + "/ocsp");
             probe.expect_plain_error(bare, 405, "unsupported operation");
             expect_failure(probe, co_await read_open(probe, asked.mount + "/ocsp/"), 400,
                            malformed_request);
         }},

        {.name = "needs-no-list",
         .requirement = "A revocation shows in OCSP at once, also under auto_rebuild and with the "
                        "CRL disabled.",
         .rows = {173},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto asked = co_await responder(probe);
             const auto first = co_await leaf(probe, asked.mount);
             const auto second = co_await leaf(probe, asked.mount);
             (void)co_await configure_crl(probe, asked.mount, Json{{"auto_rebuild", true}});
             co_await revoked(probe, asked.mount, first.serial);
             expect_status(probe, co_await ocsp_of(probe, asked.mount, asked.issuer, first.serial),
                           CertificateStatus::revoked);
             (void)co_await configure_crl(probe, asked.mount,
                                          Json{{"auto_rebuild", false}, {"disable", true}});
             co_await revoked(probe, asked.mount, second.serial);
             expect_status(probe, co_await ocsp_of(probe, asked.mount, asked.issuer, second.serial),
                           CertificateStatus::revoked);
         }},
    };
}

}  // namespace meshproof::conformance
