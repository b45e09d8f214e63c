// The issuers of a mount: listed, read, changed, removed, and which is the default.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

struct Rooted {
    std::string mount, id, pem;
    crypto::Certificate certificate;
};

Task<Rooted> rooted(Probe& probe, Json more = Json::object()) {
    Rooted made;
    made.mount = co_await steps::empty_pki(probe);
    const auto reply = co_await root(probe, made.mount, std::move(more));
    made.id = steps::text_of(probe, reply, "issuer_id");
    made.pem = steps::text_of(probe, reply, "certificate");
    made.certificate = steps::leaf_of(probe, reply);
    co_return made;
}

/// The id of an issuer whose key is elsewhere.
Task<std::string> keyless_issuer(Probe& probe, std::string mount) {
    const auto elsewhere = co_await steps::mounted_root(probe, Json::object(), "elsewhere");
    const auto pem = co_await read_open(probe, elsewhere + "/ca/pem");
    Json body{{"pem_bundle", pem.body}};
    const auto reply =
        co_await probe.set_up("POST", mount + "/issuers/import/cert", std::move(body));
    const auto ids = reply.data().value("imported_issuers", Json::array());
    if (ids.size() != 1) {
        probe.give_up("no issuer was imported");
    }
    co_return ids.at(0).get<std::string>();
}

}  // namespace

std::vector<Check> vault_pki_ca_issuers() {
    return {
        {.name = "default-must-exist",
         .requirement = "The default issuer is \"\" or an id, and only an issuer that exists can "
                        "be made the default.",
         .rows = {81},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             probe.expect_equal(co_await default_issuer(probe, mount), "",
                                "the default of an empty mount");
             const auto made = co_await root(probe, mount);
             probe.expect_equal(co_await default_issuer(probe, mount),
                                steps::text_of(probe, made, "issuer_id"), "the default");
             Json unknown{{"default", "unknown"}};
             const auto refused = co_await probe.vault("POST", mount + "/config/issuers", unknown);
             probe.expect_plain_error(
                 refused, 400,
                 "Error resolving issuer reference: unable to find PKI issuer for "
                 "reference: unknown");
             for (const auto& body : {Json::object(), Json{{"default", "default"}}}) {
                 const auto vague = co_await probe.vault("POST", mount + "/config/issuers", body);
                 probe.expect_plain_error(vague, 400, "Invalid issuer specification; ");
             }
         }},

        {.name = "keyless-default-warns",
         .requirement = "An issuer without a key may be made the default, and a warning says so.",
         .rows = {81},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"default", co_await keyless_issuer(probe, mount)}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/config/issuers", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_warning(reply, "has no key associated with it");
         }},

        {.name = "list-is-open",
         .requirement = "Anybody may list the issuers with name, default, key and serial number; "
                        "the keys need a token.",
         .rows = {82, 126},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe, Json{{"issuer_name", "first"}});
             const auto reply =
                 co_await probe.vault("LIST", made.mount + "/issuers", std::nullopt, As::nobody());
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("keys", Json()), Json::array({made.id}), "keys");
             const auto info =
                 reply.data().value("key_info", Json::object()).value(made.id, Json::object());
             probe.expect_keys(info, {"issuer_name", "is_default", "key_id", "serial_number"},
                               "key_info");
             probe.expect_equal(info.value("issuer_name", Json()), "first", "issuer_name");
             probe.expect_equal(info.value("is_default", Json()), true, "is_default");
             probe.expect_equal(info.value("serial_number", Json()), made.certificate.serial(),
                                "serial_number");
             const auto keys =
                 co_await probe.vault("LIST", made.mount + "/keys", std::nullopt, As::nobody());
             probe.expect_plain_error(keys, 403, "permission denied");
             const auto known = co_await probe.vault("LIST", made.mount + "/keys");
             const auto key = info.value("key_id", "");
             probe.expect_keys(
                 known.data().value("key_info", Json::object()).value(key, Json::object()),
                 {"key_name", "is_default"}, "a key's key_info");
         }},

        {.name = "read-tells-all",
         .requirement = "An issuer is read by \"default\", name or id with all its settings, and "
                        "its PEM ends with a newline.",
         .rows = {83},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe, Json{{"issuer_name", "first"}});
             for (const auto& reference : {std::string("default"), std::string("first"), made.id}) {
                 const auto reply =
                     co_await probe.vault("GET", made.mount + "/issuer/" + reference);
                 probe.expect_status(reply, 200);
                 std::set<std::string> keys = {"issuer_id",
                                               "issuer_name",
                                               "key_id",
                                               "certificate",
                                               "ca_chain",
                                               "manual_chain",
                                               "leaf_not_after_behavior",
                                               "usage",
                                               "revocation_signature_algorithm",
                                               "revoked",
                                               "issuing_certificates",
                                               "crl_distribution_points",
                                               "ocsp_servers"};
                 if (probe.openbao()) {
                     keys.insert("delta_crl_distribution_points");
                 }
                 probe.expect_keys(reply.data(), keys, "data of issuer/" + reference);
                 probe.expect_equal(reply.data().value("certificate", Json()), made.pem + "\n",
                                    "certificate with its newline");
                 probe.expect_equal(reply.data().value("manual_chain", Json(0)), nullptr,
                                    "manual_chain");
                 probe.expect_equal(reply.data().value("leaf_not_after_behavior", Json()), "err",
                                    "leaf_not_after_behavior");
                 probe.expect_equal(reply.data().value("usage", Json()),
                                    "crl-signing,issuing-certificates,ocsp-signing,read-only",
                                    "usage");
                 probe.expect_equal(reply.data().value("revoked", Json()), false, "revoked");
                 probe.expect_equal(reply.data().value("issuing_certificates", Json()),
                                    Json::array(), "issuing_certificates");
             }
         }},

        {.name = "unset-lists-become-null",
         .requirement = "Once an issuer has URLs of its own, its lists that are not set are null, "
                        "and enable_aia_url_templating appears.",
         .rows = {83},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe);
             Json body{{"ocsp_servers", "http://a.test/ocsp"}};
             const auto reply =
                 co_await probe.vault("POST", made.mount + "/issuer/default", std::move(body));
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("ocsp_servers", Json()),
                                Json::array({"http://a.test/ocsp"}), "ocsp_servers");
             probe.expect_equal(reply.data().value("issuing_certificates", Json(0)), nullptr,
                                "issuing_certificates");
             probe.expect_equal(reply.data().value("enable_aia_url_templating", Json()), false,
                                "enable_aia_url_templating");
         }},

        {.name = "emptied-lists-are-no-longer-null",
         .requirement = "A list of an issuer's URLs that held some is empty, and not null, when "
                        "they are gone and others are there.",
         .rows = {83, 240},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe);
             Json first{{"issuing_certificates", "http://a.test/ca"}};
             (void)co_await probe.set_up("POST", made.mount + "/issuer/default", std::move(first));
             Json second{{"ocsp_servers", "http://a.test/ocsp"}};
             const auto reply =
                 co_await probe.vault("POST", made.mount + "/issuer/default", std::move(second));
             probe.expect_equal(reply.data().value("issuing_certificates", Json(0)), Json::array(),
                                "issuing_certificates");
             probe.expect_equal(reply.data().value("crl_distribution_points", Json(0)), nullptr,
                                "crl_distribution_points");
         }},

        {.name = "unknown-is-an-internal-error",
         .requirement = "An issuer that is not there, and a default where there is none, are 500.",
         .rows = {83},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto none = co_await probe.vault("GET", mount + "/issuer/default");
             probe.expect_wrapped_error(none, 500, "no default issuer currently configured");
             const auto unknown = co_await probe.vault("GET", mount + "/issuer/unknown");
             probe.expect_wrapped_error(unknown, 500,
                                        "unable to find PKI issuer for reference: unknown");
         }},

        {.name = "certificate-is-open",
         .requirement = "Anybody may read an issuer's certificate as JSON, PEM and DER.",
         .rows = {83, 126},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe, Json{{"issuer_name", "first"}});
             const auto path = made.mount + "/issuer/first";
             const auto json = co_await read_open(probe, path + "/json");
             probe.expect_status(json, 200);
             probe.expect_keys(json.data(), {"ca_chain", "certificate", "issuer_id", "issuer_name"},
                               "data");
             probe.expect_equal(json.data().value("certificate", Json()), made.pem + "\n",
                                "certificate");
             const auto pem = co_await read_open(probe, path + "/pem");
             probe.expect(pem.status == 200 && pem.body == made.pem + "\n", "pem is not the PEM");
             const auto der = co_await read_open(probe, path + "/der");
             probe.expect(der.status == 200 && der.body == made.certificate.der(),
                          "der is not the DER");
         }},

        {.name = "write-overwrites",
         .requirement = "A write of an issuer sets what it leaves out to its default.",
         .rows = {84},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe, Json{{"issuer_name", "first"}});
             Json first{{"issuer_name", "first"}, {"leaf_not_after_behavior", "truncate"}};
             const auto set =
                 co_await probe.vault("POST", made.mount + "/issuer/default", std::move(first));
             probe.expect_equal(set.data().value("leaf_not_after_behavior", Json()), "truncate",
                                "leaf_not_after_behavior as written");
             const auto reply =
                 co_await probe.vault("POST", made.mount + "/issuer/default", Json::object());
             probe.expect_equal(reply.data().value("leaf_not_after_behavior", Json()), "err",
                                "leaf_not_after_behavior left out");
             probe.expect_equal(reply.data().value("issuer_name", Json()), "",
                                "issuer_name left out");
         }},

        {.name = "names-are-their-own",
         .requirement = "An issuer is not called \"default\", nor what another issuer is called.",
         .rows = {84},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe, Json{{"issuer_name", "first"}});
             (void)co_await root(probe, made.mount, Json{{"issuer_name", "second"}});
             Json reserved{{"issuer_name", "default"}}, taken{{"issuer_name", "second"}};
             const auto refused =
                 co_await probe.vault("POST", made.mount + "/issuer/first", std::move(reserved));
             probe.expect_plain_error(refused, 400,
                                      "reserved keyword 'default' can not be used as issuer name");
             const auto duplicate =
                 co_await probe.vault("POST", made.mount + "/issuer/first", std::move(taken));
             probe.expect_plain_error(duplicate, 400, "issuer name already in use");
         }},

        {.name = "deleted-default-is-not-replaced",
         .requirement = "A deleted default issuer leaves no default and its key, and warnings tell "
                        "of that and of the roles that need it.",
         .rows = {85},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe);
             (void)co_await root(probe, made.mount, Json{{"issuer_name", "second"}});
             (void)co_await steps::role(probe, made.mount);
             const auto reply = co_await probe.vault("DELETE", made.mount + "/issuer/default");
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.json.value("data", Json(0)), nullptr, "data");
             probe.expect_warning(
                 reply, fmt::format("Deleted issuer {} (via issuer_ref default)", made.id));
             probe.expect_warning(reply, "1 roles reference default");
             probe.expect_equal(co_await default_issuer(probe, made.mount), "", "the default");
             const auto keys = co_await probe.vault("LIST", made.mount + "/keys");
             probe.expect_equal(keys.data().value("keys", Json::array()).size(), 2,
                                "keys that stay");
         }},

        {.name = "deleted-is-missed",
         .requirement = "Removing an issuer warns of the roles that name it, by its name or its "
                        "id; OpenBao also of issuers that sign no list.",
         .rows = {85, 256},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe, Json{{"issuer_name", "first"}});
             (void)co_await root(probe, made.mount, Json{{"issuer_name", "second"}});
             (void)co_await probe.set_up(
                 "POST", made.mount + "/issuer/second",
                 Json{{"issuer_name", "second"}, {"usage", "read-only,issuing-certificates"}});
             for (const auto& reference : {std::string("first"), made.id}) {
                 (void)co_await probe.set_up("POST", made.mount + "/roles/" + reference,
                                             Json{{"issuer_ref", reference}});
             }
             const auto reply = co_await probe.vault("DELETE", made.mount + "/issuer/first");
             probe.expect_status(reply, 200);
             probe.expect_warning(reply, "1 roles reference first");
             probe.expect_warning(reply, "1 roles reference " + made.id);
             const bool told = std::ranges::any_of(reply.warnings(), [](const auto& warning) {
                 return warning.find("lacked an issuer with CRL Signing KeyUsage") !=
                        std::string::npos;
             });
             probe.expect_equal(told, probe.on(true, false),
                                "whether a warning tells of issuers that sign no list");
         }},

        {.name = "delete-is-idempotent",
         .requirement = "Deleting an issuer that is not there answers 200.",
         .rows = {85},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await rooted(probe);
             for (const auto* reference : {"unknown", "unknown"}) {
                 const auto reply = co_await probe.vault(
                     "DELETE", fmt::format("{}/issuer/{}", made.mount, reference));
                 probe.expect_status(reply, 200);
                 probe.expect_equal(reply.json.value("data", Json(0)), nullptr, "data");
             }
         }},
    };
}

}  // namespace meshproof::conformance
