// GET sys/health: what load balancers and the mesh's own health check read.
#include "core/run/check.hpp"

namespace meshproof::conformance {
namespace {

using run::Check;
using run::Feature;
using run::Level;
using run::Probe;

Task<void> active_is_200(Probe& probe) {
    const auto health = co_await probe.vault("GET", "sys/health", {}, run::As::nobody());
    probe.expect_status(health, 200);
    probe.expect_equal(health.json.value("initialized", run::Json()), true, "initialized");
    probe.expect_equal(health.json.value("sealed", run::Json()), false, "sealed");
    probe.expect_equal(health.json.value("standby", run::Json()), false, "standby");
}

Task<void> status_codes_are_overridden(Probe& probe) {
    const auto chosen =
        co_await probe.vault("GET", "sys/health?activecode=299", {}, run::As::nobody());
    probe.expect_status(chosen, 299);
    const auto junk = co_await probe.vault("GET", "sys/health?activecode=x", {}, run::As::nobody());
    probe.expect_no_text(junk, 400);
}

}  // namespace

std::vector<Check> vault_sys_health() {
    return {
        {.id = "vault/sys/health/active-is-200",
         .requirement = "An active server answers 200 to anybody, with a bare body.",
         .rows = {22, 24},
         .level = Level::must,
         .saboteur = "sys/health-active-is-204",
         .run = active_is_200},
        {.id = "vault/sys/health/status-codes-are-overridden",
         .requirement = "activecode chooses the status of an active server; a code that is no "
                        "number is 400 without a text.",
         .rows = {23},
         .level = Level::should,
         .saboteur = "sys/health-ignores-activecode",
         .run = status_codes_are_overridden},
    };
}

}  // namespace meshproof::conformance
