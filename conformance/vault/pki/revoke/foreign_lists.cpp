// Lists that an issuer signs for others: resign-crls and sign-revocation-list.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

Task<Reply> resign(Probe& probe, std::string mount, Json body) {
    return probe.vault("PUT", mount + "/issuer/default/resign-crls", std::move(body));
}

Task<Reply> sign_entries(Probe& probe, std::string mount, Json body) {
    return probe.vault("PUT", mount + "/issuer/default/sign-revocation-list", std::move(body));
}

/// `data.crl`, which the check cannot do without.
crypto::Crl list_in(Probe& probe, const Reply& reply) {
    auto list = crypto::Crl::from_pem(reply.data().is_object() ? reply.data().value("crl", "")
                                                               : std::string());
    if (reply.status != 200 || !list) {
        probe.give_up(fmt::format("{}: {} without a list", reply.asked, reply.status));
    }
    return std::move(*list);
}

}  // namespace

std::vector<Check> vault_pki_revoke_foreign_lists() {
    return {
        {.name = "resigned",
         .requirement = "Lists that an issuer signed become one of its own, with the number, base "
                        "and life that are asked for.",
         .rows = {206},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto empty = (co_await list_at(probe, mount + "/crl")).pem();
             const auto made = co_await leaf(probe, mount);
             co_await revoked(probe, mount, made.serial);
             const auto full = (co_await list_at(probe, mount + "/crl")).pem();
             const auto reply = co_await resign(probe, mount,
                                                Json{{"crls", Json::array({empty, full})},
                                                     {"crl_number", 40},
                                                     {"delta_crl_base_number", 30},
                                                     {"next_update", "12h"}});
             const auto list = list_in(probe, reply);
             probe.expect(list.contains(made.certificate), "the list lacks what was revoked");
             probe.expect(list.entries().size() == 1, "the list has {} entries, expected 1",
                          list.entries().size());
             probe.expect(list.number() == 40, "its number is not 40");
             probe.expect(list.delta_base() == 30, "its base is not 30");
             probe.expect(list.next_update() - list.this_update() == std::chrono::hours(12),
                          "it does not live 12h");
             const auto own = co_await list_at(probe, mount + "/crl");
             probe.expect(own.pem() == full, "the mount's own list changed");
         }},

        {.name = "resign-refusals",
         .requirement = "A list of another key, one that cannot be read, and numbers and times "
                        "that make no sense are refused.",
         .rows = {206},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto other = co_await steps::mounted_root(probe, Json::object(), "other");
             const auto foreign = (co_await list_at(probe, other + "/crl")).pem();
             probe.expect_plain_error(
                 co_await resign(probe, mount, Json{{"crls", Json::array({foreign})}}), 400,
                 "CRL index: 0 was not signed by requested issuer");
             probe.expect_plain_error(co_await resign(probe, mount, Json{{"crls", "x"}}), 400,
                                      "failed decoding crl 0");
             probe.expect_plain_error(co_await resign(probe, mount, Json{{"crl_number", -1}}), 400,
                                      "crl_number parameter must be 0 or greater");
             probe.expect_plain_error(
                 co_await resign(probe, mount, Json{{"delta_crl_base_number", -2}}), 400,
                 "delta_crl_base_number parameter must be -1 or greater");
             probe.expect_plain_error(co_await resign(probe, mount, Json{{"next_update", "-1h"}}),
                                      400, "next_update parameter must be greater than 0");
             probe.expect_plain_error(co_await resign(probe, mount, Json{{"format", "x"}}), 400,
                                      "unknown format value of x");
             const auto unknown =
                 co_await probe.vault("PUT", mount + "/issuer/none/resign-crls", Json::object());
             probe.expect_plain_error(unknown, 400,
                                      "unable to find PKI issuer for reference: none");
         }},

        {.name = "of-what-it-is-told",
         .requirement = "sign-revocation-list signs the entries that it is told, and keeps none.",
         .rows = {206},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const Json entry{{"serial_number", "01:02:03"},
                              {"revocation_time", "2026-01-02T03:04:05Z"}};
             const auto reply = co_await sign_entries(
                 probe, mount, Json{{"crl_number", 7}, {"revoked_certs", Json::array({entry})}});
             const auto list = list_in(probe, reply);
             const auto entries = list.entries();
             probe.expect(
                 entries.size() == 1 && crypto::serial_text(entries.front().serial) == "01:02:03",
                 "the list is not of the one entry");
             probe.expect(
                 !entries.empty() && rfc3339(entries.front().revoked_at) == "2026-01-02T03:04:05Z",
                 "the entry has another time");
             probe.expect(list.number() == 7, "its number is not 7");
             probe.expect(!list.delta_base(), "it is a delta");
             const auto own = co_await list_at(probe, mount + "/crl");
             probe.expect(own.entries().empty(), "the mount's own list has the entry");
         }},

        {.name = "entry-refusals",
         .requirement = "Entries without serial number or time, and extensions that are reserved "
                        "or repeated, are refused.",
         .rows = {206},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto of_entry = [&](Json entry) {
                 return sign_entries(probe, mount,
                                     Json{{"revoked_certs", Json::array({std::move(entry)})}});
             };
             probe.expect_plain_error(co_await of_entry(Json{{"revocation_time", 1700000000}}), 400,
                                      "missing 'serial_number' field");
             probe.expect_plain_error(co_await of_entry(Json{{"serial_number", "01"}}), 400,
                                      "missing 'revocation_time' field");
             probe.expect_plain_error(
                 co_await of_entry(Json{{"serial_number", "zz"}, {"revocation_time", 1}}), 400,
                 "'serial_number' failed converting to bytes");
             const auto with = [&](std::vector<std::string> ids) {
                 auto extensions = Json::array();
                 for (const auto& id : ids) {
                     extensions.push_back(Json{{"id", id}, {"value", "BQA="}});
                 }
                 return sign_entries(probe, mount, Json{{"extensions", std::move(extensions)}});
             };
             probe.expect_plain_error(co_await with({"2.5.29.20"}), 400,
                                      "crl number object identifier (2.5.29.20) is reserved");
             probe.expect_plain_error(co_await with({"1.2.3", "1.2.3"}), 400,
                                      "duplicate extension id: 1.2.3");
             probe.expect_status(co_await with({"1.2.3"}), 200);
         }},
    };
}

}  // namespace meshproof::conformance
