// How long a leaf lives: the request's ttl, the role's, the mount's.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace std::chrono_literals;

/// Every leaf begins 30 s before it was signed.
void expect_life(Probe& probe, const Reply& reply, std::chrono::seconds ttl) {
    probe.expect_status(reply, 200);
    steps::expect_life(probe, steps::leaf_of(probe, reply), ttl + 30s);
}

Task<void> tune(Probe& probe, std::string mount, Json limits) {
    (void)co_await probe.set_up("POST", fmt::format("sys/mounts/{}/tune", mount),
                                std::move(limits));
}

Task<Reply> sign_for(Probe& probe, std::string mount, Json ttl) {
    Json more = Json::object();
    more["ttl"] = std::move(ttl);
    co_return co_await steps::sign(probe, std::move(mount), steps::workload_csr(), more);
}

}  // namespace

std::vector<Check> vault_pki_sign_ttl() {
    return {
        {.name = "mount-default-is-capped",
         .requirement = "A role without ttl takes the mount's default of 768 h, which its max_ttl "
                        "caps with a warning.",
         .rows = {92},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json without_ttl{{"ttl", nullptr}, {"max_ttl", "720h"}};
             const auto mount = co_await steps::issuing_mount(probe, without_ttl);
             co_await tune(probe, mount, Json{{"default_lease_ttl", "768h"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_warning(
                 reply, R"(TTL "768h0m0s" is longer than permitted maxTTL "720h0m0s", so )"
                        R"(maxTTL is being)");
             expect_life(probe, reply, 720h);
         }},

        {.name = "capped-by-the-role",
         .requirement = "A ttl above the role's max_ttl is capped, and a warning says so.",
         .rows = {93},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await sign_for(probe, mount, "48h");
             probe.expect_warning(
                 reply, R"(TTL "48h0m0s" is longer than permitted maxTTL "24h0m0s", so maxTTL )"
                        R"(is being used)");
             expect_life(probe, reply, 24h);
         }},

        {.name = "capped-by-the-mount",
         .requirement = "Where the role has no max_ttl, the mount's max_lease_ttl caps the ttl.",
         .rows = {93},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"max_ttl", nullptr}});
             co_await tune(probe, mount,
                           Json{{"default_lease_ttl", "1h"}, {"max_lease_ttl", "2h"}});
             const auto reply = co_await sign_for(probe, mount, "5h");
             probe.expect_warning(
                 reply, R"(TTL "5h0m0s" is longer than permitted maxTTL "2h0m0s", so maxTTL is )"
                        R"(being used)");
             expect_life(probe, reply, 2h);
         }},

        {.name = "role-max-replaces-the-mounts",
         .requirement = "A role's max_ttl replaces the mount's maximum, also where it is greater.",
         .rows = {93},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"max_ttl", "2000h"}});
             co_await tune(probe, mount, Json{{"max_lease_ttl", "768h"}});
             const auto reply = co_await sign_for(probe, mount, "1500h");
             probe.expect_no_warning(reply);
             expect_life(probe, reply, 1500h);
         }},

        {.name = "role-ttl-is-the-default",
         .requirement = "Without a ttl in the request the role's ttl counts, without a warning.",
         .rows = {97, 121},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"ttl", "40m"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_no_warning(reply);
             expect_life(probe, reply, 40min);
         }},

        {.name = "requested",
         .requirement = "A ttl in the request goes before the role's, as a duration or as seconds.",
         .rows = {97},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto& ttl : {Json("90m"), Json("5400"), Json(5400)}) {
                 const auto reply = co_await sign_for(probe, mount, ttl);
                 expect_life(probe, reply, 90min);
             }
         }},

        {.name = "whole-seconds",
         .requirement =
             "A leaf is valid from 30 s before its signing to the ttl after it, in whole "
             "seconds.",
         .rows = {97},
         .source = "RFC 5280 4.1.2.5",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto before = unix_seconds(probe.clock().now());
             const auto reply = co_await sign_for(probe, mount, "3601s");
             const auto expiration = steps::number_of(probe, reply, "expiration");
             expect_life(probe, reply, 3601s);
             // A target's clock may differ from ours; a leaf that is good for an hour too much may
             // not.
             constexpr std::int64_t tolerance = 600;
             probe.expect(std::abs(expiration - before - 3601) <= tolerance,
                          "expiration {} is not 3601 s after {}", expiration, before);
         }},
    };
}

}  // namespace meshproof::conformance
