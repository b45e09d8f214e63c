// What anybody may fetch: the CA, its chain, certificates, lists.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

constexpr auto der_type = "application/pkix-cert";
constexpr auto pem_type = "application/pem-certificate-chain";

Task<std::string> keyless_mount(Probe& probe) {
    const auto elsewhere = co_await steps::mounted_root(probe, Json::object(), "elsewhere");
    auto mount = co_await steps::empty_pki(probe);
    const auto pem = co_await read_open(probe, elsewhere + "/ca/pem");
    Json body{{"pem_bundle", pem.body}};
    const auto reply =
        co_await probe.set_up("POST", mount + "/issuers/import/cert", std::move(body));
    Json config{{"default", reply.data().at("imported_issuers").at(0)}};
    (void)co_await probe.set_up("POST", mount + "/config/issuers", std::move(config));
    co_return mount;
}

/// From here on the mount hears since when a client has what it asks for.
Task<void> pass_dates_on(Probe& probe, const std::string& mount) {
    Json tune{{"passthrough_request_headers", Json::array({"If-Modified-Since"})}};
    (void)co_await probe.set_up("POST", fmt::format("sys/mounts/{}/tune", mount), std::move(tune));
}

}  // namespace

std::vector<Check> vault_pki_revoke_fetch() {
    return {
        {.name = "needs-no-token",
         .requirement = "Anybody may fetch the CA, its chain, certificates and lists.",
         .rows = {126},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             for (const auto* path :
                  {"ca", "ca/pem", "ca_chain", "cert/ca", "cert/ca_chain", "cert/crl", "crl",
                   "crl/pem", "crl/delta", "crl/delta/pem", "issuer/default/json",
                   "issuer/default/pem", "issuer/default/der", "issuer/default/crl",
                   "issuer/default/crl/der", "issuer/default/crl/pem"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_status(reply, 200);
             }
             probe.expect_status(co_await read_open(probe, mount + "/cert/" + made.serial), 200);
         }},

        {.name = "the-rest-needs-one",
         .requirement = "Settings, roles, the list of certificates and crl/rotate need a token.",
         .rows = {126},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto* path : {"issuer/default", "roles/app", "crl/rotate", "config/urls"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_plain_error(reply, 403, "permission denied");
             }
             const auto list =
                 co_await probe.vault("LIST", mount + "/certs", std::nullopt, As::nobody());
             probe.expect_plain_error(list, 403, "permission denied");
         }},

        {.name = "no-unified-lists",
         .requirement = "The lists of a whole Enterprise fleet are not served: without a token, "
                        "OpenBao answers 403, Vault 404.",
         .rows = {126},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const auto* path : {"unified-crl", "unified-crl/pem", "unified-ocsp/abc"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 if (probe.openbao()) {
                     probe.expect_plain_error(reply, 403, "permission denied");
                 } else {
                     probe.expect_plain_error(reply, 404, "unsupported path");
                 }
             }
         }},

        {.name = "content-types",
         .requirement = "Raw answers have the types of RFC 2585 and RFC 8555; ca_chain has that of "
                        "DER although it is PEM.",
         .rows = {127},
         .source = "RFC 2585 4",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             const std::vector<std::pair<std::string, std::string>> types = {
                 {"ca", der_type},
                 {"ca/pem", pem_type},
                 {"ca_chain", der_type},
                 {"crl", "application/pkix-crl"},
                 {"crl/pem", "application/x-pem-file"},
                 {"cert/" + made.serial + "/raw", der_type},
                 {"cert/" + made.serial + "/raw/pem", pem_type},
             };
             for (const auto& [path, type] : types) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_status(reply, 200);
                 probe.expect_equal(content_type(reply), type, "the type of " + path);
             }
             const auto raw = co_await read_open(probe, mount + "/cert/" + made.serial + "/raw");
             probe.expect(raw.body == made.certificate.der(), "raw is not the leaf's DER");
         }},

        {.name = "pem-is-one-certificate",
         .requirement = "ca/pem is the one certificate of ca, without a final newline.",
         .rows = {127},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto pem = co_await read_open(probe, mount + "/ca/pem");
             probe.expect(count_pem(pem.body) == 1 && !pem.body.ends_with('\n'),
                          "{} certificates, a newline at the end or not", count_pem(pem.body));
             const auto der = co_await read_open(probe, mount + "/ca");
             probe.expect(steps::certificate_of(probe, pem.body).der() == der.body,
                          "ca and ca/pem are two certificates");
             const auto chain = co_await read_open(probe, mount + "/ca_chain");
             probe.expect(chain.body.starts_with("-----BEGIN CERTIFICATE-----"),
                          "ca_chain is no PEM");
         }},

        {.name = "chain-has-the-whole-chain",
         .requirement = "ca_chain is the default issuer's whole chain, ca/pem the issuer alone.",
         .rows = {127},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root_mount = co_await steps::mounted_root(probe, Json::object(), "root");
             const auto mount = co_await steps::empty_pki(probe, "int");
             const auto csr = co_await intermediate_csr(probe, mount);
             const auto made =
                 co_await signed_intermediate(probe, root_mount, steps::text_of(probe, csr, "csr"),
                                              Json{{"format", "pem_bundle"}});
             Json body{{"certificate", steps::text_of(probe, made, "certificate")}};
             (void)co_await probe.set_up("POST", mount + "/intermediate/set-signed",
                                         std::move(body));
             const auto chain = co_await read_open(probe, mount + "/ca_chain");
             probe.expect_equal(count_pem(chain.body), 2, "certificates in ca_chain");
             const auto single = co_await read_open(probe, mount + "/ca/pem");
             probe.expect_equal(count_pem(single.body), 1, "certificates in ca/pem");
         }},

        {.name = "without-a-ca",
         .requirement = "Without a CA the raw paths answer 204, cert/ca and cert/ca_chain 400, "
                        "cert/crl and issuer/default 500.",
         .rows = {128},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             for (const auto* path : {"ca", "ca/pem", "ca_chain", "crl", "crl/pem"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_status(reply, 204);
                 probe.expect(reply.body.empty(), "{} has a body", path);
             }
             constexpr std::string_view none = "no default issuer currently configured";
             for (const auto* path : {"cert/ca", "cert/ca_chain"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_plain_error(reply, 400, none);
             }
             for (const auto* path :
                  {"cert/crl", "issuer/default/json", "issuer/default/pem", "issuer/default/der"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_plain_error(reply, 500, none);
             }
         }},

        {.name = "with-a-keyless-ca",
         .requirement = "A default issuer whose key is elsewhere is served under issuer/default "
                        "only.",
         .rows = {128},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await keyless_mount(probe);
             for (const auto* path : {"ca", "ca/pem", "ca_chain", "crl", "crl/pem"}) {
                 probe.expect_status(co_await read_open(probe, fmt::format("{}/{}", mount, path)),
                                     204);
             }
             for (const auto* path : {"cert/ca", "cert/ca_chain"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_plain_error(reply, 400,
                                          "unable to fetch corresponding key for issuer");
             }
             for (const auto* path : {"cert/crl", "issuer/default/crl"}) {
                 const auto reply = co_await read_open(probe, fmt::format("{}/{}", mount, path));
                 probe.expect_plain_error(reply, 500, "unable to find CRL for issuer: ");
             }
             for (const auto* path : {"issuer/default/json", "issuer/default/pem"}) {
                 probe.expect_status(co_await read_open(probe, fmt::format("{}/{}", mount, path)),
                                     200);
             }
         }},

        {.name = "wrapped-in-json",
         .requirement = "cert/ca, cert/ca_chain, cert/crl and issuer/default/crl hold the PEM in "
                        "an envelope.",
         .rows = {129},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto ca = co_await read_open(probe, mount + "/cert/ca");
             probe.expect_keys(ca.data(),
                               {"certificate", "revocation_time", "revocation_time_rfc3339"},
                               "data of cert/ca");
             probe.expect_equal(ca.data().value("revocation_time", Json()), 0, "revocation_time");
             const auto chain = co_await read_open(probe, mount + "/cert/ca_chain");
             probe.expect_equal(chain.data().value("ca_chain", Json()),
                                ca.data().value("certificate", Json()), "ca_chain as one text");
             const auto list = co_await read_open(probe, mount + "/cert/crl");
             const auto pem = steps::text_of(probe, list, "certificate");
             probe.expect(crypto::Crl::from_pem(pem).has_value(), "cert/crl holds no CRL");
             const auto issuer = co_await read_open(probe, mount + "/issuer/default/crl");
             probe.expect_keys(issuer.data(), {"crl"}, "data of issuer/default/crl");
         }},

        {.name = "found-however-written",
         .requirement = "A certificate is found by its serial number with colons or dashes, in any "
                        "case; an absent one is 404, raw 204.",
         .rows = {130},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             auto dashes = made.serial, capitals = made.serial;
             std::ranges::replace(dashes, ':', '-');
             std::ranges::transform(capitals, capitals.begin(),
                                    [](unsigned char c) { return std::toupper(c); });
             for (const auto& serial : {made.serial, dashes, capitals}) {
                 const auto reply =
                     co_await read_open(probe, fmt::format("{}/cert/{}", mount, serial));
                 probe.expect_status(reply, 200);
                 probe.expect_equal(reply.data().value("certificate", Json()), made.pem,
                                    "certificate");
                 probe.expect_equal(reply.data().value("revocation_time", Json()), 0,
                                    "revocation_time");
             }
             const auto absent = co_await read_open(probe, mount + "/cert/11:22:33");
             probe.expect_no_text(absent, 404);
             probe.expect_status(co_await read_open(probe, mount + "/cert/11:22:33/raw"), 204);
             const auto no_serial = co_await read_open(probe, mount + "/cert/xyz");
             probe.expect_plain_error(no_serial, 404, "unsupported path");
         }},

        {.name = "tells-of-its-revocation",
         .requirement = "A revoked certificate is read with the time of its revocation and its "
                        "issuer.",
         .rows = {130},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             Json body{{"serial_number", made.serial}};
             const auto revocation =
                 co_await probe.set_up("PUT", mount + "/revoke", std::move(body));
             const auto reply = co_await read_open(probe, mount + "/cert/" + made.serial);
             probe.expect_keys(
                 reply.data(),
                 {"certificate", "revocation_time", "revocation_time_rfc3339", "issuer_id"},
                 "data");
             probe.expect_equal(reply.data().value("revocation_time", Json()),
                                revocation.data().value("revocation_time", Json(-1)),
                                "revocation_time");
             probe.expect_equal(reply.data().value("issuer_id", Json()),
                                co_await default_issuer(probe, mount), "issuer_id");
         }},

        {.name = "kept-where-it-was-signed",
         .requirement = "An intermediate is kept in the mount that signed it.",
         .rows = {130},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root_mount = co_await steps::mounted_root(probe, Json::object(), "root");
             const auto mount = co_await steps::empty_pki(probe, "int");
             const auto csr = co_await intermediate_csr(probe, mount);
             const auto made =
                 co_await signed_intermediate(probe, root_mount, steps::text_of(probe, csr, "csr"));
             Json body{{"certificate", steps::text_of(probe, made, "certificate")}};
             (void)co_await probe.set_up("POST", mount + "/intermediate/set-signed",
                                         std::move(body));
             const auto path = "/cert/" + steps::text_of(probe, made, "serial_number");
             probe.expect_status(co_await read_open(probe, root_mount + path), 200);
             probe.expect_status(co_await read_open(probe, mount + path), 404);
         }},

        {.name = "unchanged-is-304-where-passed-through",
         .requirement = "If-Modified-Since is ignored unless the mount passes that header through; "
                        "then what did not change is 304 without a body.",
         .rows = {134},
         .source = "RFC 9110 13.1.3",
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto ask = [&](std::string path) {
                 http::Headers headers;
                 headers.set("If-Modified-Since", "Fri, 31 Dec 2100 00:00:00 GMT");
                 return probe.vault("GET", mount + path, std::nullopt, As::nobody(),
                                    std::move(headers));
             };
             for (const auto* path : {"/ca/pem", "/crl"}) {
                 probe.expect_status(co_await ask(path), 200);
             }
             co_await pass_dates_on(probe, mount);
             for (const auto* path : {"/ca/pem", "/crl"}) {
                 const auto reply = co_await ask(path);
                 probe.expect_status(reply, 304);
                 probe.expect(reply.body.empty(), "{} has a body", path);
             }
         }},

        {.name = "chains-are-not-conditional",
         .requirement = "Of what is passed If-Modified-Since issuers and lists answer 304, in "
                        "every form, but no chain and no OCSP; a date that is none is 500.",
         .rows = {134},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             co_await pass_dates_on(probe, mount);
             const auto ask = [&](std::string path, std::string date) {
                 return probe.vault("GET", mount + path, std::nullopt, As::nobody(),
                                    http::Headers{{"If-Modified-Since", std::move(date)}});
             };
             const std::string later = "Fri, 31 Dec 2100 00:00:00 GMT";
             for (const auto* path : {"/ca", "/cert/ca", "/cert/ca/raw", "/issuer/default/json",
                                      "/issuer/default/crl/pem", "/cert/crl"}) {
                 probe.expect_status(co_await ask(path, later), 304);
             }
             for (const auto* path : {"/ca_chain", "/cert/ca_chain"}) {
                 probe.expect_status(co_await ask(path, later), 200);
             }
             probe.expect_status(co_await ask("/ocsp/aa", later), 400);
             for (const auto* path : {"/ca", "/crl"}) {
                 const auto junk = co_await ask(path, "junk");
                 probe.expect_plain_error(
                     junk, 500, "failed to parse given value for 'If-Modified-Since' header");
             }
         }},

        {.name = "unchanged-after-its-issuer",
         .requirement = "Where If-Modified-Since is passed through, lists are 304 when their "
                        "issuer is gone, by any reference; a CA that is not there is 500.",
         .rows = {134, 240},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             co_await pass_dates_on(probe, mount);
             (void)co_await probe.set_up("DELETE", mount + "/issuer/default");
             const auto ask = [&](std::string path) {
                 return probe.vault(
                     "GET", mount + path, std::nullopt, As::nobody(),
                     http::Headers{{"If-Modified-Since", "Fri, 31 Dec 2100 00:00:00 GMT"}});
             };
             for (const auto* path : {"/crl", "/crl/delta", "/issuer/none/crl", "/cert/crl"}) {
                 probe.expect_status(co_await ask(path), 304);
             }
             for (const auto* path : {"/ca", "/ca/pem", "/cert/ca"}) {
                 probe.expect_plain_error(co_await ask(path), 500,
                                          "no default issuer currently configured");
             }
         }},

        {.name = "last-modified-where-let-out",
         .requirement = "Last-Modified of what did not change is told only where the mount's "
                        "allowed_response_headers lets it out.",
         .rows = {134, 207},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const bool out : {false, true}) {
                 Json tune{{"passthrough_request_headers", "If-Modified-Since"},
                           {"allowed_response_headers", out ? "last-modified" : "X-Other"}};
                 (void)co_await probe.set_up("POST", fmt::format("sys/mounts/{}/tune", mount),
                                             std::move(tune));
                 http::Headers headers{{"If-Modified-Since", "Fri, 31 Dec 2100 00:00:00 GMT"}};
                 const auto reply = co_await probe.vault("GET", mount + "/ca/pem", std::nullopt,
                                                         As::nobody(), std::move(headers));
                 probe.expect_status(reply, 304);
                 probe.expect_equal(reply.headers.find("Last-Modified").has_value(), out,
                                    "whether Last-Modified is told");
             }
         }},

        {.name = "expired-ca-is-served",
         .requirement = "An expired CA is served, revokes and signs lists; it issues nothing.",
         .rows = {135},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await root(probe, mount, Json{{"ttl", "5s"}});
             Json permit{{"leaf_not_after_behavior", "permit"}};
             (void)co_await probe.set_up("POST", mount + "/issuer/default", std::move(permit));
             (void)co_await steps::role(probe, mount);
             const auto made = co_await leaf(probe, mount);
             Json strict{{"leaf_not_after_behavior", "err"}};
             (void)co_await probe.set_up("POST", mount + "/issuer/default", std::move(strict));
             co_await probe.wait(std::chrono::seconds(6));
             for (const auto* path : {"/ca/pem", "/issuer/default/json", "/crl"}) {
                 probe.expect_status(co_await read_open(probe, mount + path), 200);
             }
             Json body{{"serial_number", made.serial}};
             probe.expect_status(co_await probe.vault("PUT", mount + "/revoke", std::move(body)),
                                 200);
             probe.expect_status(co_await probe.vault("GET", mount + "/crl/rotate"), 200);
             const auto list = co_await list_at(probe, mount + "/crl");
             probe.expect(list.contains(made.certificate), "the leaf is not on the list");
             const auto refused = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_plain_error(refused, 400,
                                      "cannot satisfy request, as TTL would result in");
         }},

        {.name = "orphans-go-to-the-new-default",
         .requirement = "Revocations of a deleted issuer go to the list of the next default one.",
         .rows = {135},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             (void)co_await probe.set_up("DELETE", mount + "/issuer/default");
             probe.expect_status(co_await read_open(probe, mount + "/crl"), 204);
             probe.expect_status(co_await read_open(probe, mount + "/cert/" + made.serial), 200);
             (void)co_await root(probe, mount);
             const auto list = co_await list_at(probe, mount + "/crl");
             const auto entries = list.entries();
             probe.expect(std::ranges::any_of(entries,
                                              [&](const auto& entry) {
                                                  return crypto::serial_text(entry.serial) ==
                                                         made.serial;
                                              }),
                          "the new default's list lacks the orphaned revocation");
         }},
    };
}

}  // namespace meshproof::conformance
