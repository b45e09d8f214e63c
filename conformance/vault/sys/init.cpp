// Initialisation: of a server that was, and of one that nobody initialised yet.
#include "conformance/check.hpp"

namespace meshproof::conformance {
namespace {

Task<Reply> give(Probe& probe, Json key) {
    const Json body{{"key", std::move(key)}};
    co_return co_await probe.uninitialised("PUT", "sys/unseal", body, As::nobody());
}

}  // namespace

std::vector<Check> vault_sys_init() {
    return {
        {.name = "told",
         .requirement = "Whether a server is initialised is told to anybody, and nothing else.",
         .rows = {29},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("GET", "sys/init", {}, As::nobody());
             probe.expect_status(reply, 200);
             const Json expected{{"initialized", true}};
             probe.expect_equal(reply.json, expected, "the body");
         }},

        {.name = "only-once",
         .requirement = "An initialised server is not initialised again: 400.",
         .rows = {29},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json body{{"secret_shares", 1}, {"secret_threshold", 1}};
             const auto again = co_await probe.vault("PUT", "sys/init", body, As::nobody());
             probe.expect_plain_error(again, 400, "Vault is already initialized");
         }},

        {.name = "shares-first",
         .requirement = "Missing and zero shares are refused first, on an initialised server too.",
         .rows = {29},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& body :
                  {Json::object(), Json{{"secret_shares", 0}, {"secret_threshold", 1}}}) {
                 const auto refused = co_await probe.vault("PUT", "sys/init", body, As::nobody());
                 probe.expect_plain_error(
                     refused, 400, "invalid seal configuration: shares must be at least one");
             }
         }},

        {.name = "rekeying",
         .requirement =
             "Vault tells anybody of attempts for new keys and a new root token; OpenBao "
             "refuses that with 405.",
         .rows = {29},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"sys/generate-root/attempt", "sys/rekey/init"}) {
                 const auto reply = co_await probe.vault("GET", path, {}, As::nobody());
                 if (probe.openbao()) {
                     probe.expect_error(reply, 405, "unsupported operation");
                 } else {
                     probe.expect_status(reply, 200);
                     probe.expect_equal(reply.json.value("started", Json()), false, "started");
                 }
             }
         }},

        {.name = "new-server",
         .requirement = "A new server answers health with 501, before sealed, and seal-status with "
                        "no shares.",
         .rows = {22, 23, 25, 29, 169},
         .level = Level::should,
         .features = {Feature::uninitialised},
         .run = [](Probe& probe) -> Task<void> {
             const auto health =
                 co_await probe.uninitialised("GET", "sys/health", {}, As::nobody());
             probe.expect_status(health, 501);
             probe.expect_equal(health.json.value("initialized", Json()), false,
                                "initialized in health");
             probe.expect_equal(health.json.value("sealed", Json()), true, "sealed in health");
             const auto chosen =
                 co_await probe.uninitialised("GET", "sys/health?uninitcode=299", {}, As::nobody());
             probe.expect_status(chosen, 299);
             const auto status =
                 co_await probe.uninitialised("GET", "sys/seal-status", {}, As::nobody());
             probe.expect_status(status, 200);
             probe.expect_equal(status.json.value("initialized", Json()), false, "initialized");
             probe.expect_equal(status.json.value("t", Json()), 0, "t");
             probe.expect_equal(status.json.value("n", Json()), 0, "n");
             const auto init = co_await probe.uninitialised("GET", "sys/init", {}, As::nobody());
             const Json expected{{"initialized", false}};
             probe.expect_equal(init.json, expected, "the body of init");
         }},

        {.name = "new-server-refuses",
         .requirement =
             "A new server refuses shares, logical requests, and an init with numbers of "
             "shares that make no sense.",
         .rows = {27, 28, 29},
         .level = Level::should,
         .features = {Feature::uninitialised},
         .run = [](Probe& probe) -> Task<void> {
             const Json key{{"key", std::string(64, 'a')}};
             const auto unseal =
                 co_await probe.uninitialised("PUT", "sys/unseal", key, As::nobody());
             probe.expect_plain_error(unseal, 400, "Vault is not initialized");
             const auto logical =
                 co_await probe.uninitialised("GET", "sys/mounts", {}, As::nobody());
             probe.expect_plain_error(logical, 503, "Vault is sealed");
             struct Case {
                 int shares, threshold;
                 const char* text;
             };
             for (const auto& one :
                  {Case{0, 0, "shares must be at least one"},
                   Case{3, 0, "threshold must be at least one"},
                   Case{3, 1, "threshold must be greater than one for multiple shares"},
                   Case{3, 4, "threshold cannot be larger than shares"},
                   Case{256, 3, "shares must be less than 256"}}) {
                 const Json body{{"secret_shares", one.shares},
                                 {"secret_threshold", one.threshold}};
                 const auto refused =
                     co_await probe.uninitialised("PUT", "sys/init", body, As::nobody());
                 probe.expect_plain_error(refused, 400,
                                          fmt::format("invalid seal configuration: {}", one.text));
             }
         }},

        // One check, for a server can be initialised once.
        {.name = "from-nothing-to-active",
         .requirement = "Init gives keys, the same in base64 and a root token, once; the server is "
                        "then sealed, counts distinct shares, forgets them after a wrong one, and "
                        "opens by enough of them.",
         .rows = {22, 28, 29},
         .level = Level::should,
         .features = {Feature::uninitialised},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const Json shares{{"secret_shares", 3}, {"secret_threshold", 2}};
             const auto made =
                 co_await probe.uninitialised("PUT", "sys/init", shares, As::nobody());
             probe.expect_status(made, 200);
             probe.expect_keys(made.json, {"keys", "keys_base64", "root_token"},
                               "the answer of init");
             const auto keys = made.json.value("keys", Json::array());
             if (keys.size() != 3) {
                 probe.give_up("there are not three keys");
             }
             const auto again =
                 co_await probe.uninitialised("PUT", "sys/init", shares, As::nobody());
             probe.expect_plain_error(again, 400, "Vault is already initialized");
             const auto health =
                 co_await probe.uninitialised("GET", "sys/health", {}, As::nobody());
             probe.expect_status(health, 503);

             const auto one = co_await give(probe, keys.at(0));
             probe.expect_status(one, 200);
             probe.expect_equal(one.json.value("progress", Json()), 1, "progress after one share");
             probe.expect_equal(one.json.value("t", Json()), 2, "t");
             probe.expect_equal(one.json.value("n", Json()), 3, "n");
             const auto same = co_await give(probe, keys.at(0));
             probe.expect_status(same, 200);
             probe.expect_equal(same.json.value("progress", Json()), 1,
                                "progress after the same share");
             const Json reset_body{{"reset", true}};
             const auto reset =
                 co_await probe.uninitialised("PUT", "sys/unseal", reset_body, As::nobody());
             probe.expect_equal(reset.json.value("progress", Json()), 0, "progress after a reset");
             (void)co_await give(probe, keys.at(0));
             const auto wrong = co_await give(probe, std::string(64, 'a') + "77");
             probe.expect_error(wrong, 400, "invalid key:");
             const auto status =
                 co_await probe.uninitialised("GET", "sys/seal-status", {}, As::nobody());
             probe.expect_equal(status.json.value("progress", Json()), 0,
                                "progress after a wrong share");

             const auto base64 = made.json.value("keys_base64", Json::array());
             (void)co_await give(probe, base64.at(2));
             const auto open = co_await give(probe, keys.at(1));
             probe.expect_status(open, 200);
             probe.expect_equal(open.json.value("sealed", Json()), false,
                                "sealed after two shares");
             Reply active;
             for (int i = 0; i < 100 && active.status != 200; ++i) {
                 active = co_await probe.uninitialised("GET", "sys/health", {}, As::nobody());
                 if (active.status != 200) {
                     probe.expect_status(active, 429);
                     co_await probe.wait(std::chrono::milliseconds(100));
                 }
             }
             probe.expect_status(active, 200);
             const auto root = As::bearer(Secret(made.json.value("root_token", "")));
             const auto self =
                 co_await probe.uninitialised("GET", "auth/token/lookup-self", {}, root);
             probe.expect_status(self, 200);
             probe.expect_equal(self.data().value("policies", Json()), Json::array({"root"}),
                                "policies of the root token");
         }},
    };
}

}  // namespace meshproof::conformance
