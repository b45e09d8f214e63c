// The end of a leaf as the request names it, and the end of its issuer.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace std::chrono_literals;

Task<Reply> sign_until(Probe& probe, std::string mount, Duration from_now, Json more = {}) {
    Json parameters{{"not_after", rfc3339(probe.clock().now() + from_now)}};
    parameters.update(more.is_object() ? more : Json::object());
    co_return co_await steps::sign(probe, std::move(mount), steps::workload_csr(), parameters);
}

/// Only OpenBao's roles have a bound: the other takes the parameter and says that it ignores it.
Task<std::string> bounded(Probe& probe, std::string bound) {
    auto mount = co_await steps::mounted_root(probe);
    const Json parameters{{"not_after_bound", std::move(bound)}};
    const auto written = co_await steps::role(probe, mount, parameters);
    if (!probe.openbao()) {
        probe.expect_warning(written, "Endpoint ignored these unrecognized parameters");
    }
    co_return mount;
}

void expect_bound(Probe& probe, const Reply& reply, std::string_view bound) {
    if (probe.openbao()) {
        probe.expect_plain_error(reply, 400, fmt::format("not_after_bound is set to {}", bound));
    } else {
        probe.expect_status(reply, 200);
    }
}

/// A root that ends before a leaf of ten hours would.
Task<std::string> early_ending_mount(Probe& probe, std::string behavior) {
    auto mount = co_await steps::mounted_root(probe, Json{{"ttl", "2h"}});
    (void)co_await steps::role(probe, mount);
    if (!behavior.empty()) {
        Json body{{"leaf_not_after_behavior", std::move(behavior)}};
        (void)co_await probe.set_up("POST", mount + "/issuer/default", std::move(body));
    }
    co_return mount;
}

Task<crypto::Certificate> root_of(Probe& probe, std::string mount) {
    const auto ca = co_await probe.set_up("GET", mount + "/ca/pem");
    co_return steps::certificate_of(probe, ca.body);
}

}  // namespace

std::vector<Check> vault_pki_sign_not_after() {
    return {
        {.name = "bypasses-max-ttl",
         .requirement = "not_after is the leaf's end to the second, beyond max_ttl too.",
         .rows = {94},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto end = unix_seconds(probe.clock().now() + 100h);
             const auto reply = co_await sign_until(probe, mount, 100h);
             probe.expect_status(reply, 200);
             probe.expect_no_warning(reply);
             const auto expiration = steps::number_of(probe, reply, "expiration");
             probe.expect(expiration == end || expiration == end + 1, "expiration is {} and not {}",
                          expiration, end);
         }},

        {.name = "may-be-past",
         .requirement = "sign takes a not_after in the past, and answers an expired leaf.",
         .rows = {94},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto end = unix_seconds(probe.clock().now() - 1h);
             const auto reply = co_await sign_until(probe, mount, -1h);
             probe.expect_status(reply, 200);
             const auto expiration = steps::number_of(probe, reply, "expiration");
             probe.expect(expiration == end || expiration == end + 1, "expiration is {} and not {}",
                          expiration, end);
         }},

        {.name = "not-with-ttl",
         .requirement = "ttl and not_after in one request are refused.",
         .rows = {94},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await sign_until(probe, mount, 2h, Json{{"ttl", "1h"}});
             probe.expect_plain_error(
                 reply, 400,
                 "Either ttl or not_after should be provided. Both should not be "
                 "provided in the same request.");
         }},

        {.name = "no-time",
         .requirement = "A not_after that is no RFC 3339 time is refused.",
         .rows = {94},
         .source = "RFC 3339 5.6",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json parameters{{"not_after", "zzz"}};
             const auto reply =
                 co_await steps::sign(probe, mount, steps::workload_csr(), parameters);
             probe.expect_plain_error(reply, 400, R"(parsing time "zzz" as)");
         }},

        {.name = "forbidden",
         .requirement =
             "OpenBao's role with not_after_bound=forbid refuses not_after; Vault ignores "
             "the bound and says so when the role is written.",
         .rows = {94},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await bounded(probe, "forbid");
             const auto reply = co_await sign_until(probe, mount, 10min);
             expect_bound(probe, reply, "forbid");
         }},

        {.name = "limited-by-ttl",
         .requirement = "OpenBao's not_after_bound=ttl-limited takes a not_after within the ttl "
                        "only; Vault ignores the bound.",
         .rows = {94},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await bounded(probe, "ttl-limited");
             const auto within = co_await sign_until(probe, mount, 30min);
             probe.expect_status(within, 200);
             const auto beyond = co_await sign_until(probe, mount, 2h);
             expect_bound(probe, beyond, "ttl-limited");
         }},

        {.name = "limited-by-a-time",
         .requirement = "OpenBao's not_after_bound may be a time beyond which no not_after goes; "
                        "Vault ignores the bound.",
         .rows = {94},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto limit = rfc3339(probe.clock().now() + 50h);
             const auto mount = co_await bounded(probe, limit);
             const auto within = co_await sign_until(probe, mount, 40h);
             probe.expect_status(within, 200);
             const auto beyond = co_await sign_until(probe, mount, 60h);
             expect_bound(probe, beyond, limit);
         }},

        {.name = "ttl-limited-by-a-time",
         .requirement = "An OpenBao role whose not_after_bound is a time refuses a ttl that ends "
                        "later too; Vault ignores the bound.",
         .rows = {94},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto limit = rfc3339(probe.clock().now() + 2h);
             const auto mount = co_await bounded(probe, limit);
             const auto within =
                 co_await steps::sign(probe, mount, steps::workload_csr(), Json{{"ttl", "1h"}});
             probe.expect_status(within, 200);
             const auto beyond =
                 co_await steps::sign(probe, mount, steps::workload_csr(), Json{{"ttl", "3h"}});
             expect_bound(probe, beyond, limit);
         }},

        {.name = "bound-unknown",
         .requirement = "OpenBao refuses a role with any other not_after_bound; Vault ignores it.",
         .rows = {94},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json parameters{{"not_after_bound", "never"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/roles/app", std::move(parameters));
             if (probe.openbao()) {
                 probe.expect_error(reply, 400, "not_after_bound");
             } else {
                 probe.expect_status(reply, 200);
             }
         }},

        {.name = "not-past-its-issuer",
         .requirement = "A leaf that would outlive its issuer is refused, and the text names the "
                        "issuer's end.",
         .rows = {95},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await early_ending_mount(probe, "");
             const auto root = co_await root_of(probe, mount);
             const auto text =
                 fmt::format("that is beyond the expiration of the CA certificate at {}",
                             rfc3339(root.not_after()));
             const auto by_ttl =
                 co_await steps::sign(probe, mount, steps::workload_csr(), Json{{"ttl", "10h"}});
             probe.expect_plain_error(by_ttl, 400, text);
             probe.expect_plain_error(
                 by_ttl, 400, "cannot satisfy request, as TTL would result in notAfter of ");
             const auto by_time = co_await sign_until(probe, mount, 10h);
             probe.expect_plain_error(by_time, 400, text);
             const auto within = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_status(within, 200);
         }},

        {.name = "truncated",
         .requirement = "With leaf_not_after_behavior=truncate such a leaf ends with its issuer, "
                        "without a warning.",
         .rows = {95},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await early_ending_mount(probe, "truncate");
             const auto root = co_await root_of(probe, mount);
             const auto reply =
                 co_await steps::sign(probe, mount, steps::workload_csr(), Json{{"ttl", "10h"}});
             probe.expect_status(reply, 200);
             probe.expect_no_warning(reply);
             probe.expect_equal(steps::number_of(probe, reply, "expiration"),
                                unix_seconds(root.not_after()), "expiration");
         }},

        {.name = "permitted",
         .requirement = "With leaf_not_after_behavior=permit a leaf may outlive its issuer.",
         .rows = {95},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await early_ending_mount(probe, "permit");
             const auto root = co_await root_of(probe, mount);
             const auto reply =
                 co_await steps::sign(probe, mount, steps::workload_csr(), Json{{"ttl", "10h"}});
             probe.expect_status(reply, 200);
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect(leaf.not_after() > root.not_after(),
                          "the leaf ends at {}, its root at {}", rfc3339(leaf.not_after()),
                          rfc3339(root.not_after()));
             steps::expect_life(probe, leaf, 10h + 30s);
         }},

        {.name = "expired-issuer",
         .requirement =
             "An expired issuer signs nothing, with the text of a leaf that would outlive "
             "it; with truncate it signs leaves that are expired.",
         .rows = {95},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe, Json{{"ttl", "1s"}});
             (void)co_await steps::role(probe, mount);
             co_await probe.wait(2s);
             const auto refused = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_plain_error(refused, 400,
                                      "that is beyond the expiration of the CA certificate");
             Json body{{"leaf_not_after_behavior", "truncate"}};
             (void)co_await probe.set_up("POST", mount + "/issuer/default", std::move(body));
             const auto truncated = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_status(truncated, 200);
             const auto root = co_await root_of(probe, mount);
             probe.expect(steps::leaf_of(probe, truncated).not_after() == root.not_after(),
                          "the leaf does not end with its issuer, in the past");
         }},

        {.name = "given-and-empty",
         .requirement =
             "A not_after that is given as \"\" or null is no time, and 400, to OpenBao, "
             "and as if it were absent to Vault.",
         .rows = {94, 222},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto& value : {Json(""), Json()}) {
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                         Json{{"not_after", value}});
                 const auto issued =
                     co_await steps::issue(probe, mount, Json{{"not_after", value}});
                 for (const auto* one : {&reply, &issued}) {
                     if (probe.openbao()) {
                         probe.expect_plain_error(*one, 400, "parsing time \"\" as ");
                     } else {
                         probe.expect_status(*one, 200);
                     }
                 }
             }
         }},

        {.name = "out-of-range",
         .requirement = "A not_after whose parts are out of range is refused, and the part named.",
         .rows = {94, 222},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto& [text, part] :
                  {std::pair("2031-13-01T00:00:00Z", "month"),
                   std::pair("2031-02-30T00:00:00Z", "day"),
                   std::pair("2031-01-01T00:00:60Z", "second"),
                   std::pair("2031-01-01T00:00:00+25:00", "time zone offset hour")}) {
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                         Json{{"not_after", text}});
                 probe.expect_plain_error(reply, 400, fmt::format("\": {} out of range", part));
             }
         }},
    };
}

}  // namespace meshproof::conformance
