// issuer/REF/revoke.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

}  // namespace

std::vector<Check> vault_pki_revoke_issuer() {
    return {
        {.name = "signs-no-more",
         .requirement = "A revoked issuer loses the usage issuing-certificates and signs nothing "
                        "more.",
         .rows = {136},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply =
                 co_await probe.vault("POST", mount + "/issuer/default/revoke", Json::object());
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("revoked", Json()), true, "revoked");
             probe.expect_equal(reply.data().value("usage", Json()),
                                "crl-signing,ocsp-signing,read-only", "usage");
             probe.expect(reply.data().value("revocation_time", Json()).is_number(),
                          "there is no revocation_time");
             const auto refused = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(refused, 500,
                                        "requested usage issuing-certificates for issuer");
         }},

        {.name = "warns-of-what-it-means",
         .requirement = "Revoking a self-signed issuer, and the default one, warns.",
         .rows = {136},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply =
                 co_await probe.vault("POST", mount + "/issuer/default/revoke", Json::object());
             probe.expect_warning(reply,
                                  "This issuer is a self-signed (potentially root) certificate");
             probe.expect_warning(reply,
                                  "currently configured as the default issuer for this mount");
         }},

        {.name = "listed-by-its-parent",
         .requirement = "A revoked issuer is on the list of the issuer in the mount that signed "
                        "it.",
         .rows = {136},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe, Json{{"issuer_name", "root"}});
             const auto csr = co_await intermediate_csr(probe, mount);
             const auto made =
                 co_await signed_intermediate(probe, mount, steps::text_of(probe, csr, "csr"));
             const auto certificate = steps::leaf_of(probe, made);
             Json body{{"certificate", steps::text_of(probe, made, "certificate")}};
             const auto imported =
                 co_await probe.set_up("POST", mount + "/intermediate/set-signed", std::move(body));
             const auto id = imported.data().at("imported_issuers").at(0).get<std::string>();
             probe.expect_status(
                 co_await probe.vault("POST", fmt::format("{}/issuer/{}/revoke", mount, id),
                                      Json::object()),
                 200);
             const auto list = co_await list_at(probe, mount + "/issuer/root/crl/der");
             probe.expect(list.contains(certificate), "its parent's list lacks it");
         }},

        {.name = "listed-at-once",
         .requirement = "Revoking an issuer signs the lists anew under auto_rebuild too.",
         .rows = {136, 174, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await probe.set_up("POST", mount + "/config/crl",
                                         Json{{"auto_rebuild", true}});
             const auto before = (co_await list_at(probe, mount + "/crl")).number().value_or(0);
             probe.expect_status(
                 co_await probe.vault("POST", mount + "/issuer/default/revoke", Json::object()),
                 200);
             const auto after = (co_await list_at(probe, mount + "/crl")).number().value_or(0);
             probe.expect(after > before, "the list's number stays {}", after);
         }},

        {.name = "without-a-list",
         .requirement = "Revoking an issuer that signs no list warns that none was signed.",
         .rows = {136, 223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await probe.set_up("POST", mount + "/issuer/default",
                                         Json{{"usage", "read-only,issuing-certificates"}});
             const auto reply =
                 co_await probe.vault("POST", mount + "/issuer/default/revoke", Json::object());
             probe.expect_warning(reply, "lacked an issuer with CRL Signing KeyUsage");
         }},
    };
}

}  // namespace meshproof::conformance
