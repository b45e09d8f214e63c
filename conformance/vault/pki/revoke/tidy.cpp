// MOUNT/tidy and config/auto-tidy: what is forgotten, and when.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;
using namespace std::chrono_literals;

Task<Reply> tidy(Probe& probe, std::string mount, Json body) {
    return probe.vault("POST", mount + "/tidy", std::move(body));
}

/// The status of the tidy under way, once it is over.
Task<Json> finished(Probe& probe, std::string mount) {
    for (int looks = 0; looks < 20; ++looks) {
        const auto status = co_await probe.set_up("GET", mount + "/tidy-status");
        const auto state = status.data().value("state", "");
        if (state != "Running" && state != "Inactive") {
            co_return status.data();
        }
        co_await probe.wait(250ms);
    }
    probe.give_up("the tidy does not end");
}

}  // namespace

std::vector<Check> vault_pki_revoke_tidy() {
    return {
        {.name = "starts",
         .requirement = "A tidy is answered 202 with a warning that it started, and ends by "
                        "itself.",
         .rows = {176},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply = co_await tidy(probe, mount, Json{{"tidy_cert_store", true}});
             probe.expect_status(reply, 202);
             probe.expect_equal(reply.json.value("data", Json(0)), nullptr, "data");
             probe.expect_warning(reply, "Tidy operation successfully started.");
             const auto status = co_await finished(probe, mount);
             probe.expect_equal(status.value("state", Json()), "Finished", "state");
             probe.expect_equal(status.value("tidy_cert_store", Json()), true, "tidy_cert_store");
             probe.expect_equal(status.value("cert_store_deleted_count", Json()), 0,
                                "cert_store_deleted_count");
         }},

        {.name = "of-nothing-warns",
         .requirement = "A tidy without an operation is 202 too, with a warning that lists the "
                        "operations.",
         .rows = {176},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply = co_await tidy(probe, mount, Json::object());
             probe.expect_status(reply, 202);
             probe.expect_warning(
                 reply, "Enable at least one tidy operation to be run (tidy_cert_store / ");
         }},

        {.name = "needs-a-safety-buffer",
         .requirement = "A safety_buffer of 0 is refused.",
         .rows = {176},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"tidy_cert_store", true}, {"safety_buffer", 0}};
             const auto reply = co_await tidy(probe, mount, std::move(body));
             probe.expect_plain_error(reply, 400, "safety_buffer must be greater than zero");
         }},

        {.name = "has-each-products-settings",
         .requirement = "tidy-status has page_size, revoked_safety_buffer and tidy_invalid_certs "
                        "on OpenBao, the cross-cluster and queue settings on Vault.",
         .rows = {176},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             (void)co_await tidy(probe, mount, Json{{"tidy_cert_store", true}});
             const auto status = co_await finished(probe, mount);
             for (const auto* key : {"page_size", "revoked_safety_buffer", "tidy_invalid_certs"}) {
                 probe.expect(status.contains(key) == probe.openbao(), "{} is there or not", key);
             }
             for (const auto* key : {"tidy_revocation_queue", "tidy_cross_cluster_revoked_certs",
                                     "revocation_queue_safety_buffer"}) {
                 probe.expect(status.contains(key) != probe.openbao(), "{} is there or not", key);
             }
         }},

        {.name = "nothing-to-cancel",
         .requirement = "Cancelling where nothing runs is 200 with a warning.",
         .rows = {176},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply =
                 co_await probe.vault("POST", mount + "/tidy-cancel", Json::object());
             probe.expect_status(reply, 200);
             probe.expect_warning(
                 reply, "Tidy operation cannot be cancelled as none is currently running");
         }},

        {.name = "forgets-expired-revocations",
         .requirement = "tidy_revoked_certs removes expired revoked certificates from store and "
                        "CRL, and no others.",
         .rows = {132, 176},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto kept = co_await leaf(probe, mount);
             // Long enough to be revoked in: its end is cut to a whole second.
             const auto made = co_await leaf(probe, mount, Json{{"ttl", "6s"}});
             co_await revoked(probe, mount, made.serial);
             co_await revoked(probe, mount, kept.serial);
             co_await probe.wait(8500ms);
             Json body{{"tidy_revoked_certs", true}, {"safety_buffer", "1s"}};
             probe.expect_status(co_await tidy(probe, mount, std::move(body)), 202);
             const auto status = co_await finished(probe, mount);
             probe.expect_equal(status.value("revoked_cert_deleted_count", Json()), 1,
                                "revoked_cert_deleted_count");
             const auto list = co_await list_at(probe, mount + "/crl");
             probe.expect(!list.contains(made.certificate), "the expired one is still on the CRL");
             probe.expect(list.contains(kept.certificate), "the other one is off the CRL");
             probe.expect_no_text(co_await read_open(probe, mount + "/cert/" + made.serial), 404);
             probe.expect_status(co_await read_open(probe, mount + "/cert/" + kept.serial), 200);
         }},

        {.name = "forgets-expired-certificates",
         .requirement = "tidy_cert_store removes expired certificates, and no others.",
         .rows = {176},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto kept = co_await leaf(probe, mount);
             const auto made = co_await leaf(probe, mount, Json{{"ttl", "1s"}});
             co_await probe.wait(3500ms);
             Json body{{"tidy_cert_store", true}, {"safety_buffer", "1s"}};
             probe.expect_status(co_await tidy(probe, mount, std::move(body)), 202);
             (void)co_await finished(probe, mount);
             probe.expect_no_text(co_await read_open(probe, mount + "/cert/" + made.serial), 404);
             probe.expect_status(co_await read_open(probe, mount + "/cert/" + kept.serial), 200);
         }},

        {.name = "automatic-needs-an-operation",
         .requirement = "config/auto-tidy cannot be enabled without an operation.",
         .rows = {176},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json nothing{{"enabled", true}},
                 something{{"enabled", true}, {"tidy_cert_store", true}};
             const auto refused =
                 co_await probe.vault("POST", mount + "/config/auto-tidy", std::move(nothing));
             probe.expect_plain_error(refused, 400,
                                      "Auto-tidy enabled but no tidy operations were requested");
             const auto taken =
                 co_await probe.vault("POST", mount + "/config/auto-tidy", std::move(something));
             probe.expect_status(taken, 200);
             probe.expect_equal(taken.data().value("enabled", Json()), true, "enabled");
         }},

        {.name = "runs-automatically",
         .requirement = "With config/auto-tidy expired certificates go within the interval and a "
                        "minute.",
         .rows = {176},
         .level = Level::should,
         .features = {Feature::vault, Feature::patience},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount, Json{{"ttl", "1s"}});
             Json body{{"enabled", true},
                       {"tidy_cert_store", true},
                       {"safety_buffer", "1s"},
                       {"interval_duration", "5s"}};
             (void)co_await probe.set_up("POST", mount + "/config/auto-tidy", std::move(body));
             for (int looks = 0; looks < 19; ++looks) {
                 if ((co_await read_open(probe, mount + "/cert/" + made.serial)).status == 404) {
                     co_return;
                 }
                 co_await probe.wait(5s);
             }
             probe.expect(false,
                          "the expired certificate is still there after a minute and a half");
         }},

        {.name = "null-buffer-is-absent",
         .requirement = "A safety buffer of null counts as absent, and a pause of \"\" is none.",
         .rows = {176, 224},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"tidy_cert_store", true},
                       {"safety_buffer", nullptr},
                       {"issuer_safety_buffer", nullptr},
                       {"pause_duration", ""}};
             probe.expect_status(co_await tidy(probe, mount, std::move(body)), 202);
             const auto status = co_await finished(probe, mount);
             probe.expect_equal(status.value("safety_buffer", Json()), 259200, "safety_buffer");
             probe.expect_equal(status.value("pause_duration", Json()), "0s", "pause_duration");
         }},

        {.name = "openbao-looks-at-its-own",
         .requirement = "OpenBao refuses a revoked_safety_buffer of 0 and a page_size of 1 to 4; "
                        "Vault knows neither.",
         .rows = {176, 224},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             for (const auto& [field, value, text] :
                  {std::tuple("revoked_safety_buffer", 0,
                              "revokedSafetyBuffer must be greater than zero"),
                   std::tuple("page_size", 4, "page_size must be greater than five")}) {
                 const auto reply = co_await tidy(probe, mount, Json{{field, value}});
                 if (probe.openbao()) {
                     probe.expect_plain_error(reply, 400, text);
                 } else {
                     probe.expect_status(reply, 202);
                     (void)co_await finished(probe, mount);
                 }
             }
         }},

        {.name = "automatic-refuses",
         .requirement = "config/auto-tidy refuses an issuer_safety_buffer of 0, a pause that is no "
                        "duration and (OpenBao) a page_size below 5, and keeps what stood.",
         .rows = {176, 224},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto path = mount + "/config/auto-tidy";
             const auto set = co_await probe.vault("POST", path, Json{{"pause_duration", 5}});
             probe.expect_equal(set.data().value("pause_duration", Json()), "5s", "pause_duration");
             Json buffer{{"issuer_safety_buffer", 0}, {"safety_buffer", 9}};
             const auto refused = co_await probe.vault("POST", path, std::move(buffer));
             probe.expect_plain_error(refused, 400,
                                      "given safety_buffer must be at least one second; got: 0");
             const auto pause = co_await probe.vault("POST", path, Json{{"pause_duration", "a"}});
             probe.expect_plain_error(pause, 400, "unable to parse given pause_duration: ");
             const auto page = co_await probe.vault("POST", path, Json{{"page_size", 4}});
             if (probe.openbao()) {
                 probe.expect_plain_error(page, 400, "page_size must be at least 5");
             } else {
                 probe.expect_status(page, 200);
             }
             const auto read = co_await probe.vault("GET", path);
             probe.expect_equal(read.data().value("safety_buffer", Json()), 259200,
                                "safety_buffer");
             probe.expect_equal(read.data().value("pause_duration", Json()), "5s",
                                "pause_duration as read");
         }},

        {.name = "revoked-buffer-follows",
         .requirement = "Until it is given, OpenBao's revoked_safety_buffer of config/auto-tidy is "
                        "the safety_buffer; once given it stays.",
         .rows = {176, 224},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             for (const auto& [body, expected] : {std::pair(Json{{"safety_buffer", 9}}, 9),
                                                  std::pair(Json{{"revoked_safety_buffer", 7}}, 7),
                                                  std::pair(Json{{"safety_buffer", 8}}, 7)}) {
                 const auto reply = co_await probe.vault("POST", mount + "/config/auto-tidy", body);
                 probe.expect_status(reply, 200);
                 probe.expect_equal(reply.data().value("revoked_safety_buffer", Json()),
                                    probe.on(Json(expected), Json()), "revoked_safety_buffer");
             }
         }},
    };
}

}  // namespace meshproof::conformance
