// Roles whose names are filled in by whoever asks: the way to give each workload its own name and
// no other through one role.
#include "conformance/vault/kubernetes_auth/steps.hpp"
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using kubernetes_auth::Bench;
using kubernetes_auth::Workload;

// A service account of the cluster that the bench stands for, logged in with the right to sign.
struct LoggedIn {
    As as;
    std::string accessor, entity;
};

Task<LoggedIn> logged_in(Probe& probe, Bench& bench, Workload workload = {}) {
    const auto methods = co_await probe.set_up("GET", "sys/auth/" + bench.mount());
    const auto login = co_await bench.login("app", bench.jwt(bench.claims(std::move(workload))));
    LoggedIn caller;
    caller.as = As::bearer(kubernetes_auth::token_of(probe, login));
    caller.accessor = steps::text_of(probe, methods, "accessor");
    caller.entity = login.json.value("/auth/entity_id"_json_pointer, "");
    co_return caller;
}

// Who may log in, whatever the account, and sign by any role of the mount.
Task<void> open_bench(Probe& probe, Bench& bench, std::string mount) {
    co_await bench.open();
    const auto signs = co_await probe.policy(
        "signs", fmt::format("path \"{}/*\" {{ capabilities = [\"create\", \"update\"] }}\n"
                             "path \"auth/token/create\" {{ capabilities = [\"update\"] }}",
                             mount));
    co_await bench.role("app", Json{{"bound_service_account_names", "*"},
                                    {"bound_service_account_namespaces", "*"},
                                    {"token_policies", signs}});
}

std::string alias_value(const LoggedIn& caller, std::string_view name) {
    return fmt::format("{{{{identity.entity.aliases.{}.metadata.{}}}}}", caller.accessor, name);
}

// The SPIFFE id of the caller's own service account, as a role's entry.
std::string own_id(const LoggedIn& caller) {
    return fmt::format("spiffe://mesh.test/ns/{}/sa/{}",
                       alias_value(caller, "service_account_namespace"),
                       alias_value(caller, "service_account_name"));
}

Task<void> templated_uris(Probe& probe, std::string mount, Json entries,
                          Json more = Json::object()) {
    more["allowed_uri_sans"] = std::move(entries);
    more["allowed_uri_sans_template"] = true;
    more["allow_any_name"] = false;
    (void)co_await steps::role(probe, mount, std::move(more));
}

// MOUNT/sign/app of a CSR with this URI.
Task<Reply> sign_as(Probe& probe, As as, std::string mount, std::string uri) {
    Json body{{"csr", steps::workload_csr(std::move(uri))}};
    co_return co_await probe.vault("POST", mount + "/sign/app", std::move(body), std::move(as));
}

Task<Reply> issue_as(Probe& probe, As as, std::string mount, std::string common_name) {
    Json body{{"common_name", std::move(common_name)}};
    co_return co_await probe.vault("POST", mount + "/issue/app", std::move(body), std::move(as));
}

constexpr auto web_uri = "spiffe://mesh.test/ns/shop/sa/web";
constexpr auto db_uri = "spiffe://mesh.test/ns/shop/sa/db";
constexpr auto refused_uri = "were provided via CSR which are not valid for this role";

}  // namespace

std::vector<Check> vault_pki_sign_templates() {
    return {
        {.name = "own-spiffe-id-only",
         .requirement = "Through a role with allowed_uri_sans_template a workload gets the SPIFFE "
                        "id of its own service account and no other's; who has no entity gets "
                        "none.",
         .rows = {210},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Bench bench(probe);
             co_await open_bench(probe, bench, mount);
             const auto caller = co_await logged_in(probe, bench);
             const auto other =
                 co_await logged_in(probe, bench, Workload{.name = "db", .uid = "another-uid"});
             co_await templated_uris(probe, mount, Json::array({own_id(caller)}));
             const auto own = co_await sign_as(probe, caller.as, mount, web_uri);
             probe.expect_status(own, 200);
             const auto stolen = co_await sign_as(probe, caller.as, mount, db_uri);
             probe.expect_plain_error(stolen, 400, refused_uri);
             const auto others_own = co_await sign_as(probe, other.as, mount, db_uri);
             probe.expect_status(others_own, 200);
             const auto by_admin = co_await sign_as(probe, As::admin(), mount, web_uri);
             probe.expect_plain_error(by_admin, 400, refused_uri);
         }},

        {.name = "own-name-only",
         .requirement = "Through a role with allowed_domains_template a workload gets the DNS name "
                        "of its own service account and no other's.",
         .rows = {210},
         .level = Level::must,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Bench bench(probe);
             co_await open_bench(probe, bench, mount);
             const auto caller = co_await logged_in(probe, bench);
             const auto entry =
                 fmt::format("{}.{}.svc", alias_value(caller, "service_account_name"),
                             alias_value(caller, "service_account_namespace"));
             (void)co_await steps::role(probe, mount,
                                        Json{{"allow_any_name", false},
                                             {"allow_bare_domains", true},
                                             {"allow_subdomains", true},
                                             {"allowed_domains", Json::array({entry})},
                                             {"allowed_domains_template", true}});
             for (const auto* name : {"web.shop.svc", "a.web.shop.svc"}) {
                 probe.expect_status(co_await issue_as(probe, caller.as, mount, name), 200);
             }
             const auto other = co_await issue_as(probe, caller.as, mount, "db.shop.svc");
             probe.expect_plain_error(other, 400,
                                      "common name db.shop.svc not allowed by this role");
             const auto admin = co_await issue_as(probe, As::admin(), mount, "web.shop.svc");
             probe.expect_plain_error(admin, 400,
                                      "common name web.shop.svc not allowed by this role");
         }},

        {.name = "of-the-parent",
         .requirement = "A child token is filled in as its parent.",
         .rows = {210},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Bench bench(probe);
             co_await open_bench(probe, bench, mount);
             const auto caller = co_await logged_in(probe, bench);
             co_await templated_uris(probe, mount, Json::array({own_id(caller)}));
             const auto created =
                 co_await probe.vault("POST", "auth/token/create", Json{{"ttl", "10m"}}, caller.as);
             const auto child =
                 As::bearer(Secret(created.json.value("/auth/client_token"_json_pointer, "")));
             probe.expect_status(co_await sign_as(probe, child, mount, web_uri), 200);
             const auto stolen = co_await sign_as(probe, child, mount, db_uri);
             probe.expect_plain_error(stolen, 400, refused_uri);
         }},

        {.name = "what-is-not-known-allows-nothing",
         .requirement = "An entry that names what the entity does not have allows nothing, not "
                        "even itself; the entries beside it stay.",
         .rows = {210},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Bench bench(probe);
             co_await open_bench(probe, bench, mount);
             const auto caller = co_await logged_in(probe, bench);
             const std::string unknown = "spiffe://mesh.test/{{identity.entity.metadata.none}}*";
             co_await templated_uris(
                 probe, mount,
                 Json::array({unknown, "spiffe://mesh.test/{{ identity.entity.id }}"}));
             const auto any = co_await sign_as(probe, caller.as, mount, "spiffe://mesh.test/a");
             probe.expect_plain_error(any, 400, refused_uri);
             const auto by_id =
                 co_await sign_as(probe, caller.as, mount, "spiffe://mesh.test/" + caller.entity);
             probe.expect_status(by_id, 200);
         }},

        {.name = "not-without-the-switch",
         .requirement = "Without allowed_uri_sans_template braces stand for themselves.",
         .rows = {210},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Bench bench(probe);
             co_await open_bench(probe, bench, mount);
             const auto caller = co_await logged_in(probe, bench);
             co_await templated_uris(probe, mount, Json::array({own_id(caller)}));
             const Json off{{"allowed_uri_sans_template", false}};
             Json as_written{{"allowed_uri_sans", Json::array({own_id(caller)})}};
             as_written.update(off);
             (void)co_await steps::role(probe, mount, std::move(as_written));
             const auto reply = co_await sign_as(probe, caller.as, mount, web_uri);
             probe.expect_plain_error(reply, 400, refused_uri);
         }},

        {.name = "wildcards-in-values",
         .requirement = "A value of the entity that holds a * is a wildcard on Vault; on OpenBao "
                        "its entry allows nothing, unless allow_globs_in_identity_templates is on.",
         .rows = {210},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Bench bench(probe);
             co_await open_bench(probe, bench, mount);
             const auto caller = co_await logged_in(probe, bench);
             Json metadata{{"metadata", {{"part", "*"}}}};
             (void)co_await probe.set_up("POST", "identity/entity/id/" + caller.entity,
                                         std::move(metadata));
             const auto entries =
                 Json::array({"spiffe://mesh.test/{{identity.entity.metadata.part}}"});
             co_await templated_uris(probe, mount, entries);
             const auto reply = co_await sign_as(probe, caller.as, mount, web_uri);
             probe.expect_equal(reply.status, probe.on(400, 200), "the status");
             if (probe.openbao()) {
                 co_await templated_uris(probe, mount, entries,
                                         Json{{"allow_globs_in_identity_templates", true}});
                 probe.expect_status(co_await sign_as(probe, caller.as, mount, web_uri), 200);
             }
         }},
    };
}

}  // namespace meshproof::conformance
