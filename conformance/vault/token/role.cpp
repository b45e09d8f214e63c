// auth/token/roles and tokens made by them.
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

/// A token role of the run's own; gives its name.
Task<std::string> role(Probe& probe, Json parameters, std::string base = "role") {
    auto name = probe.name(base);
    probe.at_end("DELETE", "auth/token/roles/" + name);
    (void)co_await probe.set_up("POST", "auth/token/roles/" + name, std::move(parameters));
    co_return name;
}

}  // namespace

std::vector<Check> vault_token_role() {
    return {
        {.name = "written-and-read",
         .requirement = "A token role is written with 204 and read back; an absent one is 404 "
                        "without a text.",
         .rows = {181, 4},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("role");
             probe.at_end("DELETE", "auth/token/roles/" + name);
             const Json parameters{{"orphan", true}, {"token_period", "300s"}};
             const auto written =
                 co_await probe.vault("POST", "auth/token/roles/" + name, parameters);
             probe.expect_status(written, 204);
             const auto read = co_await probe.vault("GET", "auth/token/roles/" + name);
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("orphan", Json()), true, "orphan");
             probe.expect_equal(read.data().value("token_period", Json()), 300, "token_period");
             const auto absent =
                 co_await probe.vault("GET", "auth/token/roles/" + probe.name("absent"));
             probe.expect_no_text(absent, 404);
         }},

        {.name = "gives-what-it-says",
         .requirement = "A token made by a role has its policies, period, suffix and orphanhood, "
                        "and names it.",
         .rows = {181, 59},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto policy = probe.name("allowed");
             Json parameters{{"orphan", true},
                             {"token_period", "300s"},
                             {"path_suffix", "suf"},
                             {"allowed_policies", policy}};
             const auto name = co_await role(probe, std::move(parameters));
             const auto made =
                 co_await make(probe, Json{{"ttl", "10m"}}, "auth/token/create/" + name);
             probe.expect_equal(made.auth.value("token_policies", Json()),
                                Json::array({"default", policy}),
                                "policies: the role's allowed ones");
             probe.expect_equal(made.auth.value("lease_duration", Json()), 300,
                                "lease_duration: the period");
             const auto self = co_await lookup_self(probe, made.token);
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("role", Json()), name, "role");
             probe.expect_equal(self.data().value("orphan", Json()), true, "orphan");
             probe.expect_equal(self.data().value("path", Json()),
                                "auth/token/create/" + name + "/suf", "path");
         }},

        {.name = "bounds-policies",
         .requirement = "Policies that a role does not allow, or disallows, are 400.",
         .rows = {181},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             Json parameters{{"allowed_policies", probe.name("allowed")}};
             const auto name = co_await role(probe, std::move(parameters));
             Json other{{"policies", Json::array({probe.name("other")})}};
             const auto refused =
                 co_await probe.vault("POST", "auth/token/create/" + name, std::move(other));
             probe.expect_error(refused, 400, "must be subset of the role's allowed policies");
             Json disallowing{{"disallowed_policies", probe.name("bad")}};
             const auto second = co_await role(probe, std::move(disallowing), "role2");
             Json bad{{"policies", Json::array({probe.name("bad")})}};
             const auto disallowed =
                 co_await probe.vault("POST", "auth/token/create/" + second, std::move(bad));
             probe.expect_status(disallowed, 400);
         }},

        {.name = "unknown-role",
         .requirement = "Creating by a role that does not exist is 400 \"unknown role NAME\".",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("absent");
             const auto reply =
                 co_await probe.vault("POST", "auth/token/create/" + name, Json::object());
             probe.expect_error(reply, 400, "unknown role " + name);
         }},

        {.name = "batch-needs-orphan",
         .requirement = "A role for batch tokens must make orphans: otherwise 400.",
         .rows = {181},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("batch");
             probe.at_end("DELETE", "auth/token/roles/" + name);
             const Json parameters{{"token_type", "batch"}};
             const auto reply =
                 co_await probe.vault("POST", "auth/token/roles/" + name, parameters);
             probe.expect_error(reply, 400, "'token_type' cannot be 'batch'");
         }},

        {.name = "deleted-role-stops-renewal",
         .requirement = "A token outlives its role, and cannot be renewed any more: 500 in the "
                        "wrapped form.",
         .rows = {181, 5},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = co_await role(probe, Json{{"orphan", true}});
             const auto made =
                 co_await make(probe, Json{{"ttl", "10m"}}, "auth/token/create/" + name);
             (void)co_await probe.set_up("DELETE", "auth/token/roles/" + name);
             const auto alive = co_await lookup_self(probe, made.token);
             probe.expect_status(alive, 200);
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_wrapped_error(renewed, 500, "failed to renew entry: original token role");
         }},
    };
}

}  // namespace meshproof::conformance
