// Leaves with a lease, and leaves that are not stored.
#include "conformance/steps.hpp"
#include "core/crypto/crl.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto hour = 3600;

Task<Reply> leased(Probe& probe, std::string mount) {
    auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
    if (reply.json.value("lease_id", std::string()).empty()) {
        probe.give_up(fmt::format("{}: {} without a lease", reply.asked, reply.status));
    }
    co_return reply;
}

Task<Reply> of_lease(Probe& probe, std::string verb, const Reply& reply) {
    Json body{{"lease_id", reply.json.at("lease_id")}};
    if (verb == "revoke") {
        body["sync"] = true;
    }
    co_return co_await probe.vault("PUT", "sys/leases/" + verb, std::move(body));
}

Task<Reply> stored(Probe& probe, std::string mount, std::string serial) {
    co_return co_await probe.vault("GET", fmt::format("{}/cert/{}", mount, serial));
}

}  // namespace

std::vector<Check> vault_pki_sign_lease() {
    return {
        {.name = "none-by-default",
         .requirement = "A leaf has no lease unless its role says so.",
         .rows = {119},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_equal(reply.json.value("lease_id", Json()), "", "lease_id");
             probe.expect_equal(reply.json.value("lease_duration", Json()), 0, "lease_duration");
             probe.expect_equal(reply.json.value("renewable", Json()), false, "renewable");
         }},

        {.name = "as-long-as-the-leaf",
         .requirement = "With generate_lease the answer has a lease under MOUNT/sign/ROLE, as long "
                        "as the leaf lives and not renewable.",
         .rows = {119},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await leased(probe, mount);
             const auto id = reply.json.value("lease_id", std::string());
             const auto prefix = mount + "/sign/app/";
             probe.expect(id.starts_with(prefix) && id.size() > prefix.size(),
                          "lease_id {} is not {}ID", id, prefix);
             const auto duration = reply.json.value("lease_duration", 0);
             constexpr auto leeway = 10;
             probe.expect(duration <= hour && duration >= hour - leeway,
                          "lease_duration of an hour's leaf is {}", duration);
             probe.expect_equal(reply.json.value("renewable", Json()), false, "renewable");
         }},

        {.name = "not-renewed",
         .requirement = "A leaf's lease cannot be renewed.",
         .rows = {119},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await leased(probe, mount);
             const auto renewal = co_await of_lease(probe, "renew", reply);
             probe.expect_error(renewal, 400, "lease is not renewable");
         }},

        {.name = "looked-up",
         .requirement = "The lookup of a leaf's lease tells its times and ttl, on OpenBao its path "
                        "too.",
         .rows = {119},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await leased(probe, mount);
             const auto lookup = co_await of_lease(probe, "lookup", reply);
             probe.expect_status(lookup, 200);
             std::set<std::string> keys{"expire_time",  "id",        "issue_time",
                                        "last_renewal", "renewable", "ttl"};
             if (probe.openbao()) {
                 keys.insert("path");
             }
             probe.expect_keys(lookup.data(), keys, "data");
             if (probe.openbao()) {
                 probe.expect_equal(lookup.data().value("path", Json()), mount + "/sign/app",
                                    "path");
             }
         }},

        {.name = "revokes-the-leaf",
         .requirement = "Revoking its lease revokes the leaf, and the CRL lists it.",
         .rows = {119},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await leased(probe, mount);
             const auto leaf = steps::leaf_of(probe, reply);
             const auto revoked = co_await of_lease(probe, "revoke", reply);
             probe.expect_status(revoked, 204);
             const auto read = co_await stored(probe, mount, leaf.serial());
             probe.expect(read.data().is_object() && read.data().value("revocation_time", 0) > 0,
                          "the leaf is not revoked");
             const auto list = co_await probe.vault("GET", mount + "/crl/pem", {}, As::nobody());
             const auto crl = crypto::Crl::from_pem(list.body);
             probe.expect(crl && crl->contains(leaf), "the leaf is not in the CRL");
         }},

        {.name = "revoked-later",
         .requirement = "With sync false the revocation of a lease, or of those below a path, is "
                        "answered 202 without a body, and still revokes the leaf.",
         .rows = {119, 243},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await leased(probe, mount);
             const auto leaf = steps::leaf_of(probe, reply);
             const auto revoked = co_await probe.vault(
                 "PUT", "sys/leases/revoke",
                 Json{{"lease_id", reply.json.at("lease_id")}, {"sync", false}});
             probe.expect_status(revoked, 202);
             probe.expect(revoked.body.empty(), "{}: a body of {} bytes", revoked.asked,
                          revoked.body.size());
             co_await probe.wait(std::chrono::seconds(2));
             const auto read = co_await stored(probe, mount, leaf.serial());
             probe.expect(read.data().is_object() && read.data().value("revocation_time", 0) > 0,
                          "the leaf is not revoked");
             const auto below = co_await probe.vault("PUT", "sys/leases/revoke-prefix/" + mount,
                                                     Json{{"sync", false}});
             probe.expect_status(below, 202);
             const auto lookup = co_await probe.vault("PUT", "sys/leases/lookup/" + mount,
                                                      Json{{"lease_id", "none"}});
             probe.expect_wrapped_error(lookup, 405, "unsupported operation");
         }},

        {.name = "discouraged",
         .requirement = "Writing a role with generate_lease answers a warning against it.",
         .rows = {119},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto written =
                 co_await steps::role(probe, mount, Json{{"generate_lease", true}});
             probe.expect_warning(written, "it is encouraged to disable generate_lease");
             const auto plain = co_await steps::role(probe, mount);
             probe.expect_no_warning(plain);
         }},

        {.name = "not-stored",
         .requirement =
             "With no_store a leaf can neither be read nor revoked by its serial number.",
         .rows = {120},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"no_store", true}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto serial = steps::text_of(probe, reply, "serial_number");
             const auto read = co_await stored(probe, mount, serial);
             probe.expect_no_text(read, 404);
             Json body{{"serial_number", serial}};
             const auto revoked = co_await probe.vault("PUT", mount + "/revoke", std::move(body));
             probe.expect_error(revoked, 400,
                                fmt::format("certificate with serial {} not found", serial));
         }},

        {.name = "revoked-by-certificate",
         .requirement = "A leaf that is not stored can be revoked by itself, and can be read from "
                        "then on.",
         .rows = {120},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"no_store", true}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto serial = steps::text_of(probe, reply, "serial_number");
             Json body{{"certificate", steps::text_of(probe, reply, "certificate")}};
             const auto revoked = co_await probe.vault("PUT", mount + "/revoke", std::move(body));
             probe.expect_status(revoked, 200);
             const auto read = co_await stored(probe, mount, serial);
             probe.expect_status(read, 200);
             probe.expect(read.data().is_object() && read.data().value("revocation_time", 0) > 0,
                          "the leaf is not revoked");
         }},

        {.name = "not-stored-without-lease",
         .requirement = "no_store switches generate_lease off.",
         .rows = {120},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto written = co_await steps::role(
                 probe, mount, Json{{"no_store", true}, {"generate_lease", true}});
             probe.expect_equal(written.data().value("generate_lease", Json()), false,
                                "generate_lease");
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_equal(reply.json.value("lease_id", Json()), "", "lease_id");
         }},

        {.name = "of-a-leaf-that-is-over",
         .requirement = "A leaf whose not_after is past has a lease of the usual length.",
         .rows = {119, 222},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"generate_lease", true}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                     Json{{"not_after", "2020-01-01T00:00:00Z"}});
             probe.expect_status(reply, 200);
             const auto duration = reply.json.value("lease_duration", 0);
             probe.expect(duration > 0, "lease_duration is {}", duration);
         }},
    };
}

}  // namespace meshproof::conformance
