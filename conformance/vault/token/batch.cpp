// Batch tokens: not kept by the server, so not revocable.
#include "conformance/steps.hpp"
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

Task<Made> batch(Probe& probe, std::string ttl = "10m") {
    Json parameters{{"policies", "default"}, {"type", "batch"}, {"ttl", std::move(ttl)}};
    return make(probe, std::move(parameters));
}

}  // namespace

std::vector<Check> vault_token_batch() {
    return {
        {.name = "auth-block",
         .requirement = "A batch token has no accessor, is not renewable, and looks itself up as "
                        "type batch.",
         .rows = {180},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe);
             probe.expect_equal(made.auth.value("token_type", Json()), "batch", "token_type");
             probe.expect_equal(made.auth.value("accessor", Json()), "", "accessor");
             probe.expect_equal(made.auth.value("renewable", Json()), false, "renewable");
             probe.expect_equal(made.auth.value("lease_duration", Json()), 600, "lease_duration");
             const auto self = co_await lookup_self(probe, made.token);
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("type", Json()), "batch", "type in lookup-self");
             probe.expect_equal(self.data().value("accessor", Json()), "",
                                "accessor in lookup-self");
         }},

        {.name = "neither-renewed-nor-revoked",
         .requirement = "A batch token can be neither renewed nor revoked: 400.",
         .rows = {180},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe);
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_error(renewed, 400, "batch tokens cannot be renewed");
             const auto itself =
                 co_await probe.vault("POST", "auth/token/revoke-self", {}, As::bearer(made.token));
             probe.expect_error(itself, 400, "batch tokens cannot be revoked");
             Json body{{"token", made.token.reveal()}};
             const auto by_admin =
                 co_await probe.vault("POST", "auth/token/revoke", std::move(body));
             probe.expect_error(by_admin, 400, "batch tokens cannot be revoked");
             const auto still = co_await lookup_self(probe, made.token);
             probe.expect_status(still, 200);
         }},

        {.name = "no-cubbyhole",
         .requirement = "A batch token has no cubbyhole: 400.",
         .rows = {180},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe);
             const Json body{{"a", "b"}};
             const auto written =
                 co_await probe.vault("PUT", "cubbyhole/x", body, As::bearer(made.token));
             probe.expect_status(written, 400);
         }},

        {.name = "no-bounds",
         .requirement = "A batch token is made with neither num_uses nor period nor explicit "
                        "maximum, of which the first that is given decides: 400.",
         .rows = {196},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto create = [&](Json more) {
                 Json body{{"type", "batch"}, {"policies", "default"}};
                 body.update(more);
                 return probe.vault("POST", "auth/token/create", std::move(body));
             };
             const auto uses = co_await create(Json{{"num_uses", -1}});
             probe.expect_plain_error(uses, 400, R"(batch tokens cannot have "num_uses" set)");
             const auto period = co_await create(Json{{"period", "1h"}});
             probe.expect_plain_error(period, 400, R"(batch tokens cannot have "period" set)");
             const Json all{{"num_uses", 2}, {"period", "1h"}, {"explicit_max_ttl", "1h"}};
             const auto several = co_await create(all);
             probe.expect_plain_error(several, 400,
                                      R"(batch tokens cannot have "explicit_max_ttl" set)");
             const Json two{{"num_uses", 2}, {"period", "1h"}, {"policies", "root"}};
             const auto before_root = co_await create(two);
             probe.expect_plain_error(before_root, 400,
                                      R"(batch tokens cannot have "num_uses" set)");
             const auto unread = co_await create(Json{{"period", "junk"}});
             probe.expect_plain_error(
                 unread, 400,
                 probe.on("'period'", R"("period")") + std::string(" value could not be parsed"));
             const Json zero{{"num_uses", 2}, {"explicit_max_ttl", "0"}};
             const auto made = co_await create(zero);
             probe.expect_status(made, 200);
             probe.expect_equal(made.json.value("/auth/num_uses"_json_pointer, 0), 2,
                                "num_uses, which is told");
         }},

        {.name = "id-is-not-chosen",
         .requirement = "The id that is asked for a batch token is ignored, whatever it is, with "
                        "the warning of a chosen one.",
         .rows = {196},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string id : {"chosen", "with.a.dot"}) {
                 const auto made = co_await make(
                     probe, Json{{"type", "batch"}, {"policies", "default"}, {"id", id}});
                 probe.expect(made.token.reveal() != id, "the token is \"{}\"", id);
                 probe.expect(made.warnings.size() == 1 &&
                                  made.warnings.front().starts_with("Supplying a custom ID"),
                              "{} warnings, expected that of a chosen id", made.warnings.size());
             }
         }},

        {.name = "no-children",
         .requirement = "A batch token cannot create tokens: 400.",
         .rows = {196},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy = co_await probe.policy(
                 "parent", "path \"auth/token/create*\" { capabilities = [\"update\", \"sudo\"] }");
             const auto made = co_await make(probe, Json{{"type", "batch"}, {"policies", policy}});
             for (const std::string path : {"auth/token/create", "auth/token/create-orphan"}) {
                 const auto child =
                     co_await probe.vault("POST", path, Json::object(), As::bearer(made.token));
                 probe.expect_plain_error(child, 400, "batch tokens cannot create more tokens");
             }
         }},

        {.name = "ends-with-its-parent",
         .requirement = "A batch token ends with the token that made it, even where that is "
                        "revoked without its children; one made without a parent lives on.",
         .rows = {196},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy = co_await probe.policy(
                 "parent", "path \"auth/token/create*\" { capabilities = [\"update\", \"sudo\"] }");
             for (const std::string how : {"revoke", "revoke-orphan"}) {
                 const auto parent = co_await make(probe, Json{{"policies", policy}});
                 const Json child_of{{"type", "batch"}};
                 const auto child =
                     co_await make(probe, child_of, "auth/token/create", As::bearer(parent.token));
                 probe.expect_equal(child.auth.value("orphan", Json()), false, "orphan");
                 const auto orphan = co_await make(probe, child_of, "auth/token/create-orphan",
                                                   As::bearer(parent.token));
                 probe.expect_equal(orphan.auth.value("orphan", Json()), true, "orphan");
                 const auto before = co_await lookup_self(probe, child.token);
                 probe.expect_status(before, 200);
                 Json body{{"token", parent.token.reveal()}};
                 (void)co_await probe.set_up("POST", "auth/token/" + how, std::move(body));
                 const auto after = co_await lookup_self(probe, child.token);
                 probe.expect_plain_error(after, 403, "permission denied");
                 const auto alone = co_await lookup_self(probe, orphan.token);
                 probe.expect_status(alone, 200);
             }
         }},

        {.name = "ends-its-leases",
         .requirement = "A lease that was asked for with a batch token ends when the token does.",
         .rows = {196, 119},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json role{{"generate_lease", true}};
             const auto mount = co_await steps::issuing_mount(probe, std::move(role));
             const auto policy = co_await probe.policy(
                 "sign",
                 fmt::format("path \"{}/sign/app\" {{ capabilities = [\"update\"] }}", mount));
             const auto made = co_await make(
                 probe, Json{{"type", "batch"}, {"policies", policy}, {"ttl", "10m"}});
             Json csr{{"csr", steps::workload_csr()}};
             const auto leaf = co_await probe.vault("POST", mount + "/sign/app", std::move(csr),
                                                    As::bearer(made.token));
             probe.expect_status(leaf, 200);
             constexpr auto ten_minutes = 600, leeway = 10;
             const auto duration = leaf.json.value("lease_duration", 0);
             probe.expect(duration <= ten_minutes && duration > ten_minutes - leeway,
                          "lease_duration is {}, of a token of ten minutes", duration);
             const auto self = co_await lookup_self(probe, made.token);
             Json body{{"lease_id", leaf.json.value("lease_id", "")}};
             const auto lease = co_await probe.vault("PUT", "sys/leases/lookup", std::move(body));
             probe.expect_status(lease, 200);
             probe.expect_equal(lease.data().value("expire_time", Json()),
                                self.data().value("expire_time", Json("none")),
                                "expire_time, beside the token's");
         }},

        {.name = "tampered-or-expired",
         .requirement = "A tampered or expired batch token is 403 \"permission denied\".",
         .rows = {180, 18},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await batch(probe, "2s");
             auto text = made.token.reveal();
             const auto middle = text.size() / 2;
             text[middle] = text[middle] == 'A' ? 'B' : 'A';
             const auto tampered = co_await lookup_self(probe, Secret(text));
             probe.expect_plain_error(tampered, 403, "permission denied");
             co_await probe.wait(std::chrono::milliseconds(3100));
             const auto expired = co_await lookup_self(probe, made.token);
             probe.expect_plain_error(expired, 403, "permission denied");
         }},
    };
}

}  // namespace meshproof::conformance
