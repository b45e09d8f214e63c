// Which paths and parameters the engine has, as a client that explores meets them.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

}  // namespace

std::vector<Check> vault_pki_paths() {
    return {
        {.name = "few-folders",
         .requirement = "LIST of a path that is no list is 404 unsupported path; GET of a list's "
                        "path is 405.",
         .rows = {14, 20},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto* path :
                  {"/roles/app", "/config/urls", "/issuer/default", "/sign/app", "/tidy"}) {
                 const auto listed = co_await probe.vault("LIST", mount + path);
                 probe.expect_wrapped_error(listed, 404, "unsupported path");
             }
             const auto roles = co_await probe.vault("LIST", mount + "/roles");
             probe.expect_status(roles, 200);
             const auto read = co_await probe.vault("GET", mount + "/roles/");
             probe.expect_wrapped_error(read, 405, "unsupported operation");
         }},

        {.name = "ca-and-lists-as-certificates",
         .requirement = "cert/ca/raw and cert/ca/raw/pem are the CA's certificate, cert/delta-crl "
                        "the delta list in JSON, without a token.",
         .rows = {128, 174},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto ca = co_await read_open(probe, mount + "/ca");
             const auto raw = co_await read_open(probe, mount + "/cert/ca/raw");
             probe.expect(raw.status == 200 && raw.body == ca.body,
                          "cert/ca/raw is not what ca is");
             const auto pem = co_await read_open(probe, mount + "/cert/ca/raw/pem");
             probe.expect(count_pem(pem.body) == 1, "cert/ca/raw/pem is no certificate");
             const auto delta = co_await read_open(probe, mount + "/cert/delta-crl");
             probe.expect(steps::text_of(probe, delta, "certificate")
                              .starts_with("-----BEGIN X509 CRL-----"),
                          "cert/delta-crl is no list");
         }},

        {.name = "lists-in-order",
         .requirement = "Issuers and keys are listed in the order of their ids.",
         .rows = {82},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (int i = 0; i < 4; ++i) {
                 (void)co_await root(probe, mount);
             }
             for (const auto* path : {"/issuers", "/keys"}) {
                 const auto reply = co_await probe.vault("LIST", mount + path);
                 const auto keys = reply.data().value("keys", Json::array());
                 probe.expect(keys.size() == 5 && std::ranges::is_sorted(keys),
                              "{} are not in the order of their ids: {}", path, keys.dump());
             }
         }},

        {.name = "default-in-any-case",
         .requirement = "The default issuer is named by \"default\" in any case, on OpenBao the "
                        "default key too; config/issuers does not take it as a reference.",
         .rows = {81, 83},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto read = co_await probe.vault("GET", mount + "/issuer/DEFAULT");
             probe.expect_status(read, 200);
             Json body{{"default", "DEFAULT"}};
             const auto set =
                 co_await probe.vault("POST", mount + "/config/issuers", std::move(body));
             probe.expect_plain_error(
                 set, 400,
                 "Error resolving issuer reference: unable to find PKI issuer for "
                 "reference: DEFAULT");
             const auto key = co_await probe.vault("GET", mount + "/key/DEFAULT");
             probe.expect_status(key, probe.on(200, 500));
         }},

        {.name = "acme-is-off",
         .requirement = "While ACME is off its paths are 404 without a body and without a token, "
                        "and 405 for another verb.",
         .rows = {20},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto directory = co_await read_open(probe, mount + "/acme/directory");
             probe.expect(directory.status == 404 && directory.body.empty(),
                          "acme/directory answers {} with {} bytes", directory.status,
                          directory.body.size());
             const auto order =
                 co_await probe.vault("GET", mount + "/acme/new-order", Json(), As::nobody());
             probe.expect_plain_error(order, 405, "unsupported operation");
             const auto config = co_await probe.vault("GET", mount + "/config/acme");
             probe.expect_equal(config.data().value("enabled", Json()), false, "enabled");
         }},

        {.name = "existing-key-has-its-type",
         .requirement = "A root or CSR for an existing key takes neither key_type nor key_bits: "
                        "400.",
         .rows = {178},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json typed{{"common_name", "again"}, {"key_type", "ec"}};
             for (const auto* path :
                  {"/root/generate/existing", "/intermediate/generate/existing"}) {
                 const auto refused = co_await probe.vault("POST", mount + path, typed);
                 probe.expect_plain_error(
                     refused, 400,
                     "invalid parameter for the kms/existing path parameter, key_type "
                     "nor key_bits arguments can be set in this mode");
             }
             Json untyped{{"common_name", "again"}};
             const auto made = co_await probe.vault("POST", mount + "/root/generate/existing",
                                                    std::move(untyped));
             probe.expect_status(made, 200);
         }},

        {.name = "set-signed-takes-certificates",
         .requirement = "intermediate/set-signed reads `certificate` alone, not `pem_bundle`.",
         .rows = {78},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto other = co_await steps::mounted_root(probe, Json::object(), "other");
             const auto ca = co_await read_open(probe, other + "/ca/pem");
             Json body{{"pem_bundle", ca.body}};
             const auto refused =
                 co_await probe.vault("POST", mount + "/intermediate/set-signed", std::move(body));
             probe.expect_plain_error(refused, 400,
                                      "'pem_bundle' and 'certificate' parameters were empty");
         }},

        {.name = "a-leaf-is-no-issuer",
         .requirement = "A certificate that is no CA's is not imported as an issuer: 400.",
         .rows = {78},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             Json body{{"pem_bundle", made.pem}};
             const auto refused =
                 co_await probe.vault("POST", mount + "/issuers/import/cert", std::move(body));
             probe.expect_plain_error(
                 refused, 400, "Error parsing issuer 0: Refusing to import non-CA certificate");
         }},

        {.name = "name-constraints-in-their-place",
         .requirement = "Name constraints of a CA stand before its CRL distribution points.",
         .rows = {76},
         .source = "RFC 5280 4.2.1.10",
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json urls{{"crl_distribution_points", "http://a.test/crl"}};
             (void)co_await probe.set_up("POST", mount + "/config/urls", std::move(urls));
             const auto below = co_await steps::empty_pki(probe, "below");
             const auto csr = co_await intermediate_csr(probe, below);
             const auto made =
                 co_await signed_intermediate(probe, mount, steps::text_of(probe, csr, "csr"),
                                              Json{{"permitted_dns_domains", "mesh.test"}});
             std::vector<std::string> oids;
             for (const auto& extension : steps::leaf_of(probe, made).extensions()) {
                 oids.push_back(extension.oid);
             }
             const auto constraints = std::ranges::find(oids, "2.5.29.30");
             probe.expect(constraints != oids.end() &&
                              std::find(constraints, oids.end(), "2.5.29.31") != oids.end(),
                          "the extensions are {}", fmt::join(oids, " "));
         }},

        {.name = "nameless-key",
         .requirement = "A write of a key without key_name takes its name, and a warning says so.",
         .rows = {86},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe, Json{{"key_name", "first"}});
             const auto reply = co_await probe.vault("POST", mount + "/key/first", Json::object());
             probe.expect_warning(
                 reply, "Name successfully deleted, you will now need to reference this key");
         }},

        {.name = "revoked-without-a-parent",
         .requirement = "Revoking an issuer that no other issuer of the mount signed warns of it.",
         .rows = {136},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply =
                 co_await probe.vault("POST", mount + "/issuer/default/revoke", Json::object());
             probe.expect_warning(reply,
                                  "This issuer lacks another parent issuer within the mount.");
         }},

        {.name = "tidy-of-nothing-is-told",
         .requirement = "A tidy without any operation starts, and tidy-status tells of it.",
         .rows = {176},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await probe.vault("POST", mount + "/tidy", Json::object());
             std::string state;
             for (int looks = 0; looks < 100 && (state.empty() || state == "Inactive"); ++looks) {
                 co_await probe.wait(std::chrono::milliseconds(50));  // it starts beside the answer
                 const auto status = co_await probe.vault("GET", mount + "/tidy-status");
                 const auto found =
                     status.data().is_object() ? status.data().value("state", Json()) : Json();
                 state = found.is_string() ? found.get<std::string>() : "";
             }
             probe.expect(!state.empty() && state != "Inactive", "a tidy of nothing did not start");
         }},
    };
}

}  // namespace meshproof::conformance
