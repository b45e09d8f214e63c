// OpenBao's bound_service_account_namespace_selector.
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kubernetes_auth;

const Json selecting{
    {"bound_service_account_names", "web"},
    {"bound_service_account_namespace_selector", R"({"matchLabels":{"mesh":"on"}})"}};

}  // namespace

std::vector<Check> vault_kubernetes_auth_selector() {
    return {
        {.name = "by-labels",
         .requirement = "On OpenBao a namespace's labels may decide instead of its name; Vault "
                        "ignores the selector, and so refuses a role with nothing else.",
         .rows = {184, 140},
         .level = Level::should,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             const auto written = co_await bench.write_role("app", selecting);
             if (!probe.openbao()) {
                 probe.expect_error(written, 400,
                                    R"("bound_service_account_namespaces" can not be empty)");
                 co_return;
             }
             probe.expect_status(written, 204);
             const auto told =
                 co_await probe.vault("GET", fmt::format("auth/{}/role/app", bench.mount()));
             probe.expect_equal(told.data().value("bound_service_account_namespaces", Json("")),
                                Json(), "the namespaces of a role that names none");
             bench.api().namespace_labels = Json{{"mesh", "on"}};
             const auto good = co_await bench.login();
             probe.expect_status(good, 200);
             probe.expect(
                 bench.api().others == std::vector<std::string>{"GET /api/v1/namespaces/shop"},
                 "one read of the workload's namespace, {} were made", bench.api().others.size());
             bench.api().namespace_labels = Json{{"mesh", "off"}};
             const auto other = co_await bench.login();
             probe.expect_plain_error(other, 403, "namespace not authorized");
         }},

        {.name = "needs-a-reviewer",
         .requirement = "A namespace selector needs a reviewer's JWT.",
         .rows = {184},
         .level = Level::may,
         .features = {Feature::call_back, Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open(Json{{"token_reviewer_jwt", nullptr}});
             (void)co_await bench.write_role("app", selecting);
             const auto reply = co_await bench.login();
             probe.expect_plain_error(reply, 403,
                                      "TokenReviewer JWT needs to be configured to use namespace "
                                      "selectors");
         }},

        {.name = "named-in-every-write",
         .requirement = "A write that does not name the selector takes it away, and is refused "
                        "where the role has nothing else.",
         .rows = {184, 244},
         .level = Level::must,
         .features = {Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto role = fmt::format("auth/{}/role/app", co_await probe.auth_mount());
             (void)co_await probe.set_up("POST", role, selecting);
             const auto alone = co_await probe.vault("POST", role, Json{{"token_ttl", "5m"}});
             probe.expect_plain_error(alone, 400,
                                      "\"bound_service_account_namespaces\" can not be empty if "
                                      "\"bound_service_account_namespace_selector\" is not set");
             auto both = selecting;
             both["bound_service_account_namespaces"] = "shop";
             (void)co_await probe.set_up("POST", role, std::move(both));
             const auto changed = co_await probe.vault("POST", role, Json{{"token_ttl", "5m"}});
             probe.expect_status(changed, 204);
             const auto told = co_await probe.vault("GET", role);
             probe.expect_equal(
                 told.data().value("bound_service_account_namespace_selector", Json()), "",
                 "the selector");
         }},

        {.name = "bad-selector",
         .requirement = "A selector that cannot be read is 400.",
         .rows = {184},
         .level = Level::may,
         .features = {Feature::call_back},
         .run = [](Probe& probe) -> Task<void> {
             Bench bench(probe);
             co_await bench.open();
             const Json bad{{"bound_service_account_names", "web"},
                            {"bound_service_account_namespace_selector", "{"}};
             const auto reply = co_await bench.write_role("app", bad);
             probe.expect_status(reply, 400);
         }},
    };
}

}  // namespace meshproof::conformance
