// Sealing and opening again. Each check that seals the target's Vault runs alone.
#include <ranges>

#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

std::set<std::string> status_keys(const Probe& probe, bool open) {
    std::set<std::string> keys{"type",      "initialized",   "sealed",      "t",
                               "n",         "progress",      "nonce",       "version",
                               "migration", "recovery_seal", "storage_type"};
    keys.insert(probe.openbao() ? "commit_date" : "build_date");
    if (open) {
        keys.insert({"cluster_name", "cluster_id"});
    }
    return keys;
}

Task<Reply> unseal(Probe& probe, Json body) {
    co_return co_await probe.vault("PUT", "sys/unseal", std::move(body), As::nobody());
}

/// Every share in turn, and until the server is active.
Task<void> open_again(Probe& probe) {
    for (const auto& key : probe.site().target.vaults.front().unseal_keys) {
        Json body{{"key", key.reveal()}};
        (void)co_await unseal(probe, std::move(body));
    }
    for (int i = 0; i < 100; ++i) {
        const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
        if (health.status == 200) {
            co_return;
        }
        co_await probe.wait(std::chrono::milliseconds(100));
    }
    probe.give_up("the Vault did not become active after it was unsealed");
}

/// Seals; whatever comes then, the shares are given at the end.
Task<void> seal(Probe& probe) {
    const auto& keys = probe.site().target.vaults.front().unseal_keys;
    for (const auto& key : std::ranges::reverse_view(keys)) {
        Json body{{"key", key.reveal()}};
        probe.at_end("PUT", "sys/unseal", std::move(body));
    }
    const auto sealed = co_await probe.vault("PUT", "sys/seal");
    probe.expect_status(sealed, 204);
}

}  // namespace

std::vector<Check> vault_sys_seal() {
    return {
        {.name = "status",
         .requirement = "seal-status answers anybody a bare body, with build_date on Vault and "
                        "commit_date on OpenBao, and cannot be written.",
         .rows = {25},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto status = co_await probe.vault("GET", "sys/seal-status", {}, As::nobody());
             probe.expect_status(status, 200);
             probe.expect_keys(status.json, status_keys(probe, true), "seal-status");
             probe.expect_equal(status.json.value("initialized", Json()), true, "initialized");
             probe.expect_equal(status.json.value("sealed", Json()), false, "sealed");
             probe.expect_equal(status.json.value("progress", Json()), 0, "progress");
             const auto write = co_await probe.vault("PUT", "sys/seal-status", Json::object());
             probe.expect_no_text(write, 405);
         }},

        {.name = "needs-a-token",
         .requirement = "Nobody seals without a good token, and seal cannot be read.",
         .rows = {26},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& who : {As::nobody(), As::bearer(Secret("not-a-token"))}) {
                 const auto refused = co_await probe.vault("PUT", "sys/seal", {}, who);
                 probe.expect_plain_error(refused, 403, "permission denied");
             }
             const auto read = co_await probe.vault("GET", "sys/seal");
             probe.expect_no_text(read, 405);
             const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
             probe.expect_status(health, 200);
         }},

        {.name = "sealed-state",
         .requirement = "A sealed server answers health with 503 and standby true, seal-status "
                        "without cluster, and another seal by anybody with 204.",
         .rows = {22, 23, 24, 25, 26},
         .level = Level::must,
         .features = {Feature::seal},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             co_await seal(probe);
             const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
             const auto chosen =
                 co_await probe.vault("GET", "sys/health?sealedcode=299", {}, As::nobody());
             const auto head = co_await probe.vault("HEAD", "sys/health", {}, As::nobody());
             const auto status = co_await probe.vault("GET", "sys/seal-status", {}, As::nobody());
             const auto again = co_await probe.vault("PUT", "sys/seal", {}, As::nobody());
             co_await open_again(probe);
             probe.expect_status(health, 503);
             probe.expect_equal(health.json.value("sealed", Json()), true, "sealed in health");
             probe.expect_equal(health.json.value("standby", Json()), true, "standby in health");
             probe.expect_equal(health.json.value("replication_dr_mode", Json()), "unknown",
                                "replication_dr_mode");
             probe.expect(!health.json.contains("cluster_id"), "a sealed server tells its cluster");
             probe.expect_status(chosen, 299);
             probe.expect_status(head, 503);
             probe.expect_equal(head.body, "", "body of HEAD");
             probe.expect_keys(status.json, status_keys(probe, false), "seal-status");
             probe.expect_equal(status.json.value("sealed", Json()), true, "sealed");
             probe.expect_status(again, 204);
         }},

        {.name = "answers-503",
         .requirement = "While it is sealed every logical path, an unauthenticated CA and CRL too, "
                        "is 503 \"Vault is sealed\", whatever the token.",
         .rows = {27},
         .level = Level::must,
         .features = {Feature::seal},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             co_await seal(probe);
             const Json body{{"role", "r"}, {"jwt", "x"}};
             std::vector<Reply> replies;
             replies.push_back(co_await probe.vault("GET", mount + "/ca/pem", {}, As::nobody()));
             replies.push_back(co_await probe.vault("GET", mount + "/crl", {}, As::nobody()));
             replies.push_back(co_await probe.vault("GET", "sys/mounts"));
             replies.push_back(
                 co_await probe.vault("GET", "sys/mounts", {}, As::bearer(Secret("not-a-token"))));
             replies.push_back(
                 co_await probe.vault("POST", "auth/nowhere/login", body, As::nobody()));
             replies.push_back(co_await probe.vault("POST", mount + "/sign/r", body));
             co_await open_again(probe);
             for (const auto& reply : replies) {
                 probe.expect_plain_error(reply, 503, "Vault is sealed");
             }
         }},

        {.name = "everything-survives",
         .requirement = "Tokens, mounts, roles and certificates are there after a seal and unseal.",
         .rows = {31},
         .level = Level::must,
         .features = {Feature::seal},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto issued = co_await steps::sign(probe, mount, steps::workload_csr());
             const auto serial = steps::text_of(probe, issued, "serial_number");
             const auto token = co_await probe.token(Json::object());
             co_await seal(probe);
             co_await open_again(probe);
             const auto self =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
             probe.expect_status(self, 200);
             const auto cert =
                 co_await probe.vault("GET", mount + "/cert/" + serial, {}, As::nobody());
             probe.expect_status(cert, 200);
             const auto next = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_status(next, 200);
         }},

        {.name = "wrong-shares",
         .requirement = "A wrong key is 400 \"invalid key\", and what was given is forgotten.",
         .rows = {28},
         .level = Level::must,
         .features = {Feature::seal},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             co_await seal(probe);
             const Json wrong{{"key", std::string(64, 'a')}};
             // Where several shares are needed, the last of them decides.
             const auto needed = (co_await probe.vault("GET", "sys/seal-status", {}, As::nobody()))
                                     .json.value("t", 1);
             Reply refused = co_await unseal(probe, wrong);
             for (int i = 1; i < needed; ++i) {
                 const Json other{{"key", fmt::format("{:x}{}", i, std::string(63, 'b'))}};
                 refused = co_await unseal(probe, other);
             }
             const auto status = co_await probe.vault("GET", "sys/seal-status", {}, As::nobody());
             const Json reset_body{{"reset", true}};
             const auto reset = co_await unseal(probe, reset_body);
             co_await open_again(probe);
             probe.expect_error(refused, 400, "invalid key:");
             probe.expect_equal(status.json.value("progress", Json()), 0, "progress");
             probe.expect_equal(status.json.value("sealed", Json()), true, "sealed");
             probe.expect_status(reset, 200);
         }},

        {.name = "malformed-unseal",
         .requirement = "An unseal without key, or with one that is neither hex nor base64, is 400 "
                        "and says so.",
         .rows = {28},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto empty = co_await unseal(probe, Json::object());
             probe.expect_plain_error(
                 empty, 400,
                 "'key' must be specified in request body as JSON, or 'reset' set to true");
             const Json junk_body{{"key", "not hex!"}};
             const auto junk = co_await unseal(probe, junk_body);
             probe.expect_plain_error(junk, 400, "'key' must be a valid hex or base64 string");
             const auto none = co_await probe.vault_raw("PUT", "sys/unseal", "", As::nobody());
             probe.expect_error(none, 400, probe.openbao() ? "'key' must be specified" : "EOF");
         }},

        {.name = "unseal-of-an-open-server",
         .requirement = "On an open server a share changes nothing and a reset is 400.",
         .rows = {28},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json reset_body{{"reset", true}};
             const auto reset = co_await unseal(probe, reset_body);
             probe.expect_plain_error(reset, 400, "vault is unsealed");
             const Json key{{"key", std::string(64, 'a')}};
             const auto nothing = co_await unseal(probe, key);
             probe.expect_status(nothing, 200);
             probe.expect_equal(nothing.json.value("sealed", Json()), false, "sealed");
         }},

        {.name = "no-migration",
         .requirement = "An unseal that asks for a migration where there is none is 500.",
         .rows = {28},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const Json body{{"key", std::string(64, 'a')}, {"migrate", true}};
             const auto reply = co_await unseal(probe, body);
             probe.expect_status(reply, 500);
         }},
    };
}

}  // namespace meshproof::conformance
