// auth/CLUSTER/config: what is taken, what is refused, what is told.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

constexpr std::string_view host = "https://127.0.0.1:6443";

Task<Reply> write_config(Probe& probe, std::string mount, Json body) {
    return probe.vault("POST", "auth/" + mount + "/config", std::move(body));
}

std::string some_ca(Probe& probe) {
    return crypto::make_server_credentials("somebody", probe.clock().now(), std::chrono::hours(1))
        .ca.pem();
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_config() {
    return {
        {.name = "overwritten-whole",
         .requirement = "Writing the configuration replaces it: what is left out is cleared, the "
                        "reviewer's JWT too.",
         .rows = {138},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto ca = some_ca(probe);
             Bench bench(probe);
             Json first{{"kubernetes_host", host},
                        {"kubernetes_ca_cert", ca},
                        {"issuer", "https://issuer"},
                        {"token_reviewer_jwt", bench.jwt()}};
             const auto written = co_await write_config(probe, mount, std::move(first));
             probe.expect_status(written, 204);
             Json second{{"kubernetes_host", host}, {"kubernetes_ca_cert", ca}};
             const auto again = co_await write_config(probe, mount, std::move(second));
             probe.expect_status(again, 204);
             const auto read = co_await probe.vault("GET", "auth/" + mount + "/config");
             probe.expect_equal(read.data().value("issuer", Json()), "",
                                "issuer, which was left out");
             if (probe.openbao()) {
                 probe.expect_equal(read.data().value("token_reviewer_jwt_set", Json()), false,
                                    "token_reviewer_jwt_set");
             }
         }},

        {.name = "needs-host-and-ca",
         .requirement = "A configuration without host, or without a CA outside a pod, is 400.",
         .rows = {138},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto no_host =
                 co_await write_config(probe, mount, Json{{"kubernetes_ca_cert", "x"}});
             probe.expect_error(no_host, 400, "no host provided");
             const auto no_ca =
                 co_await write_config(probe, mount, Json{{"kubernetes_host", host}});
             probe.expect_error(no_ca, 400, "ca.crt: no such file or directory");
             const Json disabled{{"kubernetes_host", host}, {"disable_local_ca_jwt", true}};
             const auto refused = co_await write_config(probe, mount, disabled);
             probe.expect_error(
                 refused, 400,
                 "kubernetes_ca_cert must be given when disable_local_ca_jwt is true");
         }},

        {.name = "nobody-is-called",
         .requirement = "Writing the configuration calls nobody, and a CA that is none is taken.",
         .rows = {138},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             // Nothing listens there, and the CA is none.
             const Json body{{"kubernetes_host", "https://127.0.0.1:1"},
                             {"kubernetes_ca_cert", "junk"}};
             const auto written = co_await write_config(probe, mount, body);
             probe.expect_status(written, 204);
         }},

        {.name = "pem-keys-are-read",
         .requirement = "pem_keys holds public keys or certificates; junk is 400, and Ed25519 only "
                        "OpenBao takes.",
         .rows = {138, 182},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto with = [&](std::string key) {
                 Json body{{"kubernetes_host", host},
                           {"kubernetes_ca_cert", "x"},
                           {"pem_keys", Json::array({std::move(key)})}};
                 return write_config(probe, mount, std::move(body));
             };
             const auto junk = co_await with("junk");
             probe.expect_error(
                 junk, 400,
                 probe.on("data does not contain any valid public keys",
                          "data does not contain any valid RSA or ECDSA public keys"));
             const auto certificate = co_await with(some_ca(probe));
             probe.expect_status(certificate, 204);
             const auto ed25519 =
                 co_await with(crypto::Key::generate(crypto::KeyType::ed25519).public_key().pem());
             probe.expect_status(ed25519, probe.on(204, 400));
         }},

        {.name = "reviewer-is-read",
         .requirement = "A reviewer that is no JWT is taken by OpenBao, and 500 in Vault.",
         .rows = {138},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const Json body{{"kubernetes_host", host},
                             {"kubernetes_ca_cert", "x"},
                             {"token_reviewer_jwt", "no-jwt"}};
             const auto reply = co_await write_config(probe, mount, body);
             if (probe.openbao()) {
                 probe.expect_status(reply, 204);
             } else {
                 probe.expect_wrapped_error(reply, 500, "compact JWS format must have three parts");
             }
         }},

        {.name = "read-back",
         .requirement = "The configuration is read back without the reviewer's JWT; unset it is "
                        "404, and it cannot be deleted.",
         .rows = {139, 4},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto path = "auth/" + mount + "/config";
             const auto unset = co_await probe.vault("GET", path);
             probe.expect_no_text(unset, 404);
             Bench bench(probe);
             const auto reviewer = bench.jwt();
             Json body{{"kubernetes_host", host},
                       {"kubernetes_ca_cert", some_ca(probe)},
                       {"token_reviewer_jwt", reviewer}};
             (void)co_await probe.set_up("POST", path, std::move(body));
             const auto read = co_await probe.vault("GET", path);
             probe.expect_status(read, 200);
             std::set<std::string> keys{
                 "kubernetes_host", "kubernetes_ca_cert",     "pem_keys",
                 "issuer",          "disable_iss_validation", "disable_local_ca_jwt"};
             if (probe.openbao()) {
                 keys.insert("token_reviewer_jwt_set");
             }
             probe.expect_keys(read.data(), keys, "data of the configuration");
             probe.expect_equal(read.data().value("disable_iss_validation", Json()), true,
                                "disable_iss_validation");
             probe.expect(read.body.find(reviewer) == std::string::npos,
                          "{}: the reviewer's JWT must never be told", read.asked);
             const auto deleted = co_await probe.vault("DELETE", path);
             probe.expect_status(deleted, 405);
         }},

        {.name = "annotations-flag-is-unknown",
         .requirement = "use_annotations_as_alias_metadata is ignored silently: 204, and not read "
                        "back.",
         .rows = {183, 11},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const Json body{{"kubernetes_host", host},
                             {"kubernetes_ca_cert", "x"},
                             {"use_annotations_as_alias_metadata", true}};
             const auto written = co_await write_config(probe, mount, body);
             probe.expect_status(written, 204);
             const auto read = co_await probe.vault("GET", "auth/" + mount + "/config");
             probe.expect(!read.data().contains("use_annotations_as_alias_metadata"),
                          "{}: neither product knows use_annotations_as_alias_metadata",
                          read.asked);
         }},
    };
}

}  // namespace meshproof::conformance
