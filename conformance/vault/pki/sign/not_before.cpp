// The begin of a leaf.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace std::chrono_literals;

void expect_life(Probe& probe, const Reply& reply, std::chrono::seconds whole) {
    steps::expect_life(probe, steps::leaf_of(probe, reply), whole);
}

}  // namespace

std::vector<Check> vault_pki_sign_not_before() {
    return {
        {.name = "thirty-seconds-ago",
         .requirement = "A leaf begins 30 s before its signing, also where not_before_duration is "
                        "0.",
         .rows = {96},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const auto& duration : {Json(), Json(0), Json("30s")}) {
                 Json parameters = Json::object();
                 parameters["not_before_duration"] = duration;
                 (void)co_await steps::role(probe, mount, parameters);
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
                 expect_life(probe, reply, 1h + 30s);
             }
         }},

        {.name = "of-the-role",
         .requirement = "A role's not_before_duration says how long before its signing a leaf "
                        "begins.",
         .rows = {96},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"not_before_duration", "5m"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             expect_life(probe, reply, 1h + 5min);
         }},

        {.name = "sign-does-not-take-it",
         .requirement = "sign does not apply a not_before, of which Vault warns and OpenBao does "
                        "not.",
         .rows = {96},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json more{{"not_before", rfc3339(probe.clock().now() - 10h)}};
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(), more);
             probe.expect_status(reply, 200);
             expect_life(probe, reply, 1h + 30s);
             if (probe.openbao()) {
                 probe.expect_no_warning(reply);
             } else {
                 probe.expect_warning(
                     reply, "Endpoint ignored these unrecognized parameters: [not_before]");
             }
         }},

        {.name = "sign-reads-it",
         .requirement = "sign on OpenBao refuses a not_before that is no time; Vault ignores it.",
         .rows = {96},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json more{{"not_before", "zzz"}};
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(), more);
             if (probe.openbao()) {
                 probe.expect_plain_error(reply, 400, R"(parsing time "zzz" as)");
             } else {
                 probe.expect_status(reply, 200);
             }
         }},

        {.name = "issue-takes-it",
         .requirement = "issue on OpenBao begins the leaf at not_before; Vault ignores it with a "
                        "warning.",
         .rows = {96},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto wanted = probe.clock().now() - 10h;
             const Json parameters{{"common_name", "web.test"}, {"not_before", rfc3339(wanted)}};
             const auto reply = co_await steps::issue(probe, mount, parameters);
             probe.expect_status(reply, 200);
             const auto leaf = steps::leaf_of(probe, reply);
             if (probe.openbao()) {
                 probe.expect_equal(unix_seconds(leaf.not_before()), unix_seconds(wanted),
                                    "notBefore");
             } else {
                 expect_life(probe, reply, 1h + 30s);
                 probe.expect_warning(
                     reply, "Endpoint ignored these unrecognized parameters: [not_before]");
             }
         }},

        {.name = "not-past-the-end",
         .requirement = "OpenBao's issue refuses a not_before after the leaf's end.",
         .rows = {96},
         .level = Level::may,
         .features = {Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json parameters{{"common_name", "web.test"},
                                   {"not_before", rfc3339(probe.clock().now() + 10h)}};
             const auto reply = co_await steps::issue(probe, mount, parameters);
             probe.expect_plain_error(reply, 400, "The certificate's Not Before (");
             probe.expect_plain_error(reply, 400, "is later than the certificate's Not After (");
         }},

        {.name = "bound-of-the-role",
         .requirement = "OpenBao's role with not_before_bound=forbid refuses not_before.",
         .rows = {96},
         .level = Level::may,
         .features = {Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"not_before_bound", "forbid"}});
             const Json parameters{{"common_name", "web.test"},
                                   {"not_before", rfc3339(probe.clock().now() - 1h)}};
             const auto reply = co_await steps::issue(probe, mount, parameters);
             probe.expect_error(reply, 400, "not_before_bound is set to forbid");
         }},

        {.name = "time-of-the-role",
         .requirement = "OpenBao's role may name the time at which its leaves begin.",
         .rows = {96},
         .level = Level::may,
         .features = {Feature::openbao},
         .run = [](Probe& probe) -> Task<void> {
             const auto wanted = probe.clock().now() - 10h;
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"not_before", rfc3339(wanted)}});
             const auto reply =
                 co_await steps::issue(probe, mount, Json{{"common_name", "web.test"}});
             probe.expect_equal(unix_seconds(steps::leaf_of(probe, reply).not_before()),
                                unix_seconds(wanted), "notBefore");
         }},
    };
}

}  // namespace meshproof::conformance
