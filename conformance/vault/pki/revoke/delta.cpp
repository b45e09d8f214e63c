// Delta CRLs.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

Task<std::string> delta_mount(Probe& probe) {
    auto mount = co_await steps::issuing_mount(probe);
    Json body{{"auto_rebuild", true}, {"enable_delta", true}};
    (void)co_await probe.set_up("POST", mount + "/config/crl", std::move(body));
    co_return mount;
}

}  // namespace

std::vector<Check> vault_pki_revoke_delta() {
    return {
        {.name = "needs-auto-rebuild",
         .requirement = "enable_delta needs auto_rebuild, and grace period and interval have to be "
                        "shorter than the list's expiry.",
         .rows = {174},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto configure = [&](Json body) {
                 return probe.vault("POST", mount + "/config/crl", std::move(body));
             };
             const auto alone = co_await configure(Json{{"enable_delta", true}});
             probe.expect_plain_error(
                 alone, 400, "Delta CRLs cannot be enabled when auto rebuilding is disabled");
             const auto grace = co_await configure(
                 Json{{"auto_rebuild", true}, {"auto_rebuild_grace_period", "72h"}});
             probe.expect_status(grace, 400);
             const auto interval = co_await configure(Json{{"auto_rebuild", true},
                                                           {"enable_delta", true},
                                                           {"delta_rebuild_interval", "72h"}});
             probe.expect_status(interval, 400);
         }},

        {.name = "takes-new-revocations",
         .requirement = "rotate-delta puts new revocations into the delta only, whose critical "
                        "indicator is the complete list's number.",
         .rows = {174},
         .source = "RFC 5280 5.2.4",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await delta_mount(probe);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             const auto before = co_await list_at(probe, mount + "/crl/delta");
             const auto reply = co_await probe.vault("GET", mount + "/crl/rotate-delta");
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data(), Json{{"success", true}}, "data");
             const auto base = co_await list_at(probe, mount + "/crl");
             const auto delta = co_await list_at(probe, mount + "/crl/delta");
             probe.expect(delta.contains(made.certificate), "the delta lacks it");
             probe.expect(!base.contains(made.certificate), "the complete list has it");
             probe.expect(delta.number().value_or(0) > before.number().value_or(0),
                          "the number does not go on");
             probe.expect(delta.delta_base() == base.number() && delta.delta_indicator_critical(),
                          "deltaCRLIndicator is not the complete list's number, critical");
         }},

        {.name = "emptied-by-a-rotation",
         .requirement = "Signing the complete list takes the delta's entries into it.",
         .rows = {174},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await delta_mount(probe);
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             (void)co_await probe.set_up("GET", mount + "/crl/rotate-delta");
             (void)co_await probe.set_up("GET", mount + "/crl/rotate");
             const auto base = co_await list_at(probe, mount + "/crl");
             const auto delta = co_await list_at(probe, mount + "/crl/delta");
             probe.expect(base.contains(made.certificate), "the complete list lacks it");
             probe.expect(delta.entries().empty(), "the delta has {} entries",
                          delta.entries().size());
             probe.expect(delta.delta_base() == base.number(), "the delta is of an older list");
         }},

        {.name = "served-where-never-enabled",
         .requirement = "An empty delta is served where deltas were never enabled, and "
                        "rotate-delta warns that it does nothing.",
         .rows = {174},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             for (const auto* path : {"/crl/delta", "/issuer/default/crl/delta/der"}) {
                 const auto delta = co_await list_at(probe, mount + path);
                 probe.expect(delta.entries().empty() && delta.delta_base(), "{} is no empty delta",
                              path);
             }
             const auto pem = co_await read_open(probe, mount + "/crl/delta/pem");
             probe.expect_status(pem, 200);
             const auto reply = co_await probe.vault("GET", mount + "/crl/rotate-delta");
             probe.expect_status(reply, 200);
             probe.expect_warning(reply, "delta CRL is not enabled; this is a no-op");
         }},
    };
}

}  // namespace meshproof::conformance
