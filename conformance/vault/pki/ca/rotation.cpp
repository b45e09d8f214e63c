// root/rotate and root/replace: a new root beside the old one, then in its place.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

Task<Reply> rotate(Probe& probe, std::string mount, Json more = Json::object()) {
    Json body{{"common_name", "meshproof root"}, {"key_type", "ec"}, {"ttl", "87600h"}};
    body.merge_patch(more);
    return probe.vault("POST", mount + "/root/rotate/internal", std::move(body));
}

}  // namespace

std::vector<Check> vault_pki_ca_rotation() {
    return {
        {.name = "waits-as-next",
         .requirement = "root/rotate makes an issuer called \"next\", or without a name where that "
                        "one is taken, and leaves the default.",
         .rows = {177},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto before = co_await default_issuer(probe, mount);
             const auto first = co_await rotate(probe, mount);
             probe.expect_status(first, 200);
             probe.expect_equal(first.data().value("issuer_name", Json()), "next",
                                "the first's name");
             probe.expect_equal(co_await default_issuer(probe, mount), before, "the default");
             const auto second = co_await rotate(probe, mount);
             probe.expect_equal(second.data().value("issuer_name", Json()), "",
                                "the second's name");
             const auto taken = co_await rotate(probe, mount, Json{{"issuer_name", "next"}});
             probe.expect_plain_error(taken, 400, "issuer name already in use");
         }},

        {.name = "is-default-in-an-empty-mount",
         .requirement = "root/rotate in a mount without issuers makes the default.",
         .rows = {177},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto reply = co_await rotate(probe, mount);
             probe.expect_status(reply, 200);
             probe.expect_equal(co_await default_issuer(probe, mount),
                                steps::text_of(probe, reply, "issuer_id"), "the default");
         }},

        {.name = "replaced-by-next",
         .requirement = "root/replace makes the issuer called \"next\" the default.",
         .rows = {177},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto none =
                 co_await probe.vault("POST", mount + "/root/replace", Json::object());
             probe.expect_plain_error(none, 400, "unable to find PKI issuer for reference: next");
             const auto rotated = co_await rotate(probe, mount);
             const auto id = steps::text_of(probe, rotated, "issuer_id");
             const auto reply =
                 co_await probe.vault("POST", mount + "/root/replace", Json::object());
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("default", Json()), id, "default");
             probe.expect_equal(co_await default_issuer(probe, mount), id, "the default");
         }},

        {.name = "follows-only-with-a-default",
         .requirement = "default_follows_latest_issuer cannot be set without a default in the same "
                        "write.",
         .rows = {177},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             Json body{{"default_follows_latest_issuer", true}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/config/issuers", std::move(body));
             probe.expect_plain_error(reply, 400, "Invalid issuer specification; ");
         }},
    };
}

}  // namespace meshproof::conformance
