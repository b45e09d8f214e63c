// config/crl and crl/rotate: when a list is signed, and what is in it.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;
using namespace std::chrono_literals;

Task<Reply> configure_crl(Probe& probe, std::string mount, Json body) {
    return probe.vault("POST", mount + "/config/crl", std::move(body));
}

/// Asks for the list until it holds the certificate, for a minute and a half of the server's looks.
Task<bool> comes_to_hold(Probe& probe, std::string path, crypto::Certificate certificate) {
    for (int looks = 0; looks < 19; ++looks) {
        if ((co_await list_at(probe, path)).contains(certificate)) {
            co_return true;
        }
        co_await probe.wait(5s);
    }
    co_return false;
}

}  // namespace

std::vector<Check> vault_pki_revoke_config() {
    return {
        {.name = "answers-the-settings",
         .requirement = "A write of config/crl answers every setting, each product its own.",
         .rows = {133},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply = co_await configure_crl(probe, mount, Json{{"expiry", "48h"}});
             probe.expect_status(reply, 200);
             std::set<std::string> keys = {"expiry",       "disable",
                                           "auto_rebuild", "auto_rebuild_grace_period",
                                           "enable_delta", "delta_rebuild_interval",
                                           "ocsp_disable", "ocsp_expiry"};
             if (probe.openbao()) {
                 keys.insert("allow_expired_cert_revocation");
             } else {
                 keys.insert(
                     {"cross_cluster_revocation", "unified_crl", "unified_crl_on_existing_paths"});
             }
             probe.expect_keys(reply.data(), keys, "data");
             probe.expect_equal(reply.data().value("expiry", Json()), "48h", "expiry");
             probe.expect_equal(reply.data().value("ocsp_expiry", Json()), "12h", "ocsp_expiry");
             const auto read = co_await probe.vault("GET", mount + "/config/crl");
             probe.expect_equal(read.data(), reply.data(), "what is read");
         }},

        {.name = "disabled-is-empty",
         .requirement = "disable=true leaves an empty CRL, and false brings the revocations back.",
         .rows = {133},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             probe.expect_status(co_await configure_crl(probe, mount, Json{{"disable", true}}),
                                 200);
             const auto empty = co_await list_at(probe, mount + "/crl");
             probe.expect(empty.entries().empty(), "{} entries", empty.entries().size());
             probe.expect_status(co_await configure_crl(probe, mount, Json{{"disable", false}}),
                                 200);
             probe.expect((co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "enabled again, it lacks the revocation");
         }},

        {.name = "disabled-stays",
         .requirement = "Disabled lists are not signed anew by a revocation, nor by crl/rotate.",
         .rows = {133, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             probe.expect_status(co_await configure_crl(probe, mount, Json{{"disable", true}}),
                                 200);
             const auto before = (co_await list_at(probe, mount + "/crl")).number().value_or(0);
             co_await revoked(probe, mount, made.serial);
             (void)co_await probe.set_up("GET", mount + "/crl/rotate");
             const auto after = (co_await list_at(probe, mount + "/crl")).number().value_or(0);
             probe.expect_equal(after, before, "the list's number");
         }},

        {.name = "rotate-signs-anew",
         .requirement = "GET crl/rotate signs the list anew and says success; POST is 405.",
         .rows = {133},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto before = co_await list_at(probe, mount + "/crl");
             const auto reply = co_await probe.vault("GET", mount + "/crl/rotate");
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data(), Json{{"success", true}}, "data");
             const auto after = co_await list_at(probe, mount + "/crl");
             probe.expect(after.number().value_or(0) > before.number().value_or(0),
                          "the number stays {}", after.number().value_or(0));
             const auto post = co_await probe.vault("POST", mount + "/crl/rotate", Json::object());
             probe.expect_wrapped_error(post, 405, "unsupported operation");
         }},

        {.name = "a-removed-issuer",
         .requirement = "OpenBao signs the other issuers' lists anew when an issuer is removed, "
                        "and Vault leaves them as they are.",
         .rows = {133},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto other = co_await probe.set_up(
                 "POST", mount + "/issuers/generate/root/internal", Json{{"common_name", "other"}});
             const auto before = (co_await list_at(probe, mount + "/crl")).number().value_or(0);
             (void)co_await probe.set_up(
                 "DELETE", mount + "/issuer/" + other.data()["issuer_id"].get<std::string>());
             const auto after = (co_await list_at(probe, mount + "/crl")).number().value_or(0);
             probe.expect(probe.openbao() ? after > before : after == before,
                          "the list's number was {}, and is {}", before, after);
         }},

        {.name = "auto-rebuild-puts-it-off",
         .requirement = "Under auto_rebuild a revocation does not sign the list anew.",
         .rows = {133, 174},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             probe.expect_status(co_await configure_crl(probe, mount, Json{{"auto_rebuild", true}}),
                                 200);
             const auto made = co_await leaf(probe, mount);
             Json body{{"serial_number", made.serial}};
             probe.expect_status(co_await probe.vault("PUT", mount + "/revoke", std::move(body)),
                                 200);
             probe.expect(!(co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "the list was signed at once");
             (void)co_await probe.set_up("GET", mount + "/crl/rotate");
             probe.expect((co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "rotated, the list lacks it");
         }},

        {.name = "without-auto-rebuild-at-once",
         .requirement = "Turning auto_rebuild off signs the list with what was put off.",
         .rows = {174},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             (void)co_await configure_crl(probe, mount, Json{{"auto_rebuild", true}});
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             probe.expect_status(
                 co_await configure_crl(probe, mount, Json{{"auto_rebuild", false}}), 200);
             probe.expect((co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "the list lacks what was revoked under auto_rebuild");
         }},

        {.name = "rebuilt-within-the-grace-period",
         .requirement = "Under auto_rebuild a list is signed anew once its end is nearer than the "
                        "grace period.",
         .rows = {174},
         .level = Level::should,
         .features = {Feature::vault, Feature::patience},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             // The list has to be signed with this expiry before its end can come near.
             probe.expect_status(co_await configure_crl(probe, mount, Json{{"expiry", "90s"}}),
                                 200);
             (void)co_await probe.set_up("GET", mount + "/crl/rotate");
             Json background{{"auto_rebuild", true}, {"auto_rebuild_grace_period", "85s"}};
             probe.expect_status(co_await configure_crl(probe, mount, std::move(background)), 200);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             probe.expect(co_await comes_to_hold(probe, mount + "/crl", made.certificate),
                          "the list was not rebuilt within its grace period");
         }},

        {.name = "delta-built-in-the-background",
         .requirement = "With enable_delta a revocation comes into the delta within its interval "
                        "and a minute, and not into the complete list.",
         .rows = {174},
         .level = Level::should,
         .features = {Feature::vault, Feature::patience},
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json background{
                 {"auto_rebuild", true}, {"enable_delta", true}, {"delta_rebuild_interval", "5s"}};
             probe.expect_status(co_await configure_crl(probe, mount, std::move(background)), 200);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             probe.expect(co_await comes_to_hold(probe, mount + "/crl/delta", made.certificate),
                          "no delta was built");
             probe.expect(!(co_await list_at(probe, mount + "/crl")).contains(made.certificate),
                          "the complete list was signed too");
         }},

        {.name = "empty-duration-is-none",
         .requirement = "A duration of \"\" is taken as it is; an empty expiry or delta interval "
                        "is read as the "
                        "default.",
         .rows = {133, 224},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json empty{{"expiry", ""}, {"ocsp_expiry", nullptr}, {"delta_rebuild_interval", ""}};
             const auto reply = co_await configure_crl(probe, mount, std::move(empty));
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("expiry", Json()), "", "expiry as answered");
             const auto read = co_await probe.vault("GET", mount + "/config/crl");
             probe.expect_equal(read.data().value("expiry", Json()), "72h", "expiry as read");
             probe.expect_equal(read.data().value("ocsp_expiry", Json()), "", "ocsp_expiry");
             probe.expect_equal(read.data().value("delta_rebuild_interval", Json()), "15m",
                                "delta_rebuild_interval as read");
         }},
    };
}

}  // namespace meshproof::conformance
