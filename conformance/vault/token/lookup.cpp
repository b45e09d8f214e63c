// What a token looks like, and what looking it up tells.
#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace token;

const std::set<std::string> lookup_keys{
    "accessor",   "creation_time", "creation_ttl",     "display_name",
    "entity_id",  "expire_time",   "explicit_max_ttl", "id",
    "issue_time", "meta",          "num_uses",         "orphan",
    "path",       "policies",      "renewable",        "ttl",
    "type"};

const std::string allowed_of_oneself =
    R"(path "auth/token/lookup" { capabilities = ["read", "update"] })"
    "\n"
    R"(path "auth/token/lookup-self" { capabilities = ["read"] })"
    "\n"
    R"(path "auth/token/renew-self" { capabilities = ["update"] })";

Json told_id(const Reply& looked_up) {
    return looked_up.data().is_object() ? looked_up.data().value("id", Json()) : Json();
}

Json given_back(const Reply& renewed) {
    return renewed.json.is_object()
               ? renewed.json.value("auth", Json::object()).value("client_token", Json())
               : Json();
}

}  // namespace

std::vector<Check> vault_token_lookup() {
    return {
        {.name = "format",
         .requirement = "Service and batch tokens begin as the product's do, and an accessor has "
                        "24 characters.",
         .rows = {58},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}});
             const auto& text = made.token.reveal();
             if (probe.openbao()) {
                 probe.expect(text.starts_with("s.") && text.size() == 26,
                              "a service token begins with s. and has 26 characters, not {}",
                              text.size());
             } else {
                 probe.expect(text.starts_with("hvs.") && text.size() == 95,
                              "a service token begins with hvs. and has 95 characters, not {}",
                              text.size());
             }
             const auto accessor = made.auth.value("accessor", std::string());
             probe.expect(accessor.size() == 24, "an accessor has 24 characters, not {}",
                          accessor.size());
             const auto batch =
                 co_await make(probe, Json{{"policies", "default"}, {"type", "batch"}});
             probe.expect(batch.token.reveal().starts_with(probe.on("b.", "hvb.")),
                          "a batch token begins with {}", probe.on("b.", "hvb."));
         }},

        {.name = "self-keys",
         .requirement = "lookup-self tells exactly its 17 keys for a token that was never renewed, "
                        "with the remaining ttl in seconds.",
         .rows = {59},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"ttl", "300s"}});
             const auto reply = co_await lookup_self(probe, made.token);
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.data(), lookup_keys, "data of lookup-self");
             const auto& data = reply.data();
             probe.expect_equal(data.value("type", Json()), "service", "type");
             probe.expect_equal(data.value("creation_ttl", Json()), 300, "creation_ttl");
             probe.expect_equal(data.value("path", Json()), "auth/token/create", "path");
             probe.expect_equal(data.value("id", Json()), made.token.reveal(), "id");
             probe.expect_equal(data.value("entity_id", Json()), "", "entity_id");
             const auto ttl = data.value("ttl", std::int64_t{-1});
             probe.expect(ttl > 290 && ttl <= 300, "ttl: expected the remaining seconds, got {}",
                          ttl);
         }},

        {.name = "renewal-adds-keys",
         .requirement = "After a renewal last_renewal and last_renewal_time are there, and period "
                        "for a periodic token.",
         .rows = {59},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made =
                 co_await make(probe, Json{{"policies", "default"}, {"period", "300s"}});
             const auto renewed = co_await renew_self(probe, made.token);
             probe.expect_status(renewed, 200);
             const auto reply = co_await lookup_self(probe, made.token);
             auto keys = lookup_keys;
             keys.insert({"last_renewal", "last_renewal_time", "period"});
             probe.expect_keys(reply.data(), keys, "data of lookup-self after a renewal");
             probe.expect_equal(reply.data().value("period", Json()), 300, "period");
         }},

        {.name = "the-inner-id",
         .requirement = "A lookup that names no token tells the id that the server keeps, in Vault "
                        "another than the caller presented, which is taken as a token too.",
         .rows = {259},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto token = co_await probe.token_for(allowed_of_oneself);
             const auto& outer = token.reveal();
             const auto own =
                 co_await probe.vault("GET", "auth/token/lookup", {}, As::bearer(token));
             probe.expect_status(own, 200);
             const auto told = told_id(own);
             const auto kept = told.is_string() ? told.get<std::string>() : std::string();
             if (probe.openbao()) {
                 probe.expect_equal(Json(kept), outer, "id of one's own lookup");
             } else {
                 probe.expect(kept.starts_with("hvs.") && kept.size() == 28,
                              "the inner id begins with hvs. and has 28 characters, not {}",
                              kept.size());
             }
             const Secret inner(kept);
             const auto self = co_await lookup_self(probe, inner);
             probe.expect_equal(told_id(self), kept, "id of lookup-self by the inner id");
             const auto renewed = co_await renew_self(probe, inner);
             probe.expect_status(renewed, 200);
             probe.expect_equal(given_back(renewed), kept,
                                "client_token of renew-self by the inner id");
             for (const auto& named : {outer, kept}) {
                 const auto looked =
                     co_await probe.vault("POST", "auth/token/lookup", Json{{"token", named}});
                 probe.expect_equal(told_id(looked), named, "id of a lookup that names the token");
                 const auto again =
                     co_await probe.vault("POST", "auth/token/renew", Json{{"token", named}});
                 probe.expect_equal(given_back(again), named,
                                    "client_token of a renewal that names the token");
             }
         }},

        {.name = "root-never-expires",
         .requirement = "A root token without ttl has ttl 0 and expire_time null.",
         .rows = {59},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made =
                 co_await make(probe, Json{{"policies", Json::array({"root"})}, {"ttl", "0"}});
             const auto reply = co_await lookup_self(probe, made.token);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("ttl", Json()), 0, "ttl");
             probe.expect(
                 reply.data().contains("expire_time") && reply.data()["expire_time"].is_null(),
                 "{}: expire_time of a root token is null", reply.asked);
         }},

        {.name = "uses-are-counted-down",
         .requirement = "num_uses shows what is left after this use.",
         .rows = {60},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}, {"num_uses", 3}});
             const auto first = co_await lookup_self(probe, made.token);
             probe.expect_equal(first.data().value("num_uses", Json()), 2,
                                "num_uses after the first use");
         }},

        {.name = "bad-token",
         .requirement = "Looking up an unknown token is 403 \"bad token\", and naming none is 400 "
                        "\"missing token ID\".",
         .rows = {61},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json unknown{{"token", "s.aaaaaaaaaaaaaaaaaaaaaaaa"}};
             const auto looked_up = co_await probe.vault("POST", "auth/token/lookup", unknown);
             probe.expect_plain_error(looked_up, 403, "bad token");
             const auto missing = co_await probe.vault("POST", "auth/token/revoke", Json::object());
             probe.expect_error(missing, 400, "missing token ID");
         }},

        {.name = "revoking-the-unknown",
         .requirement = "Revoking an unknown token is 204, by an unknown accessor 200 with a "
                        "warning, and looking up an unknown accessor 400.",
         .rows = {61, 3},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json unknown{{"token", "s.aaaaaaaaaaaaaaaaaaaaaaaa"}};
             const auto revoked = co_await probe.vault("POST", "auth/token/revoke", unknown);
             probe.expect_status(revoked, 204);
             const Json accessor{{"accessor", "aaaaaaaaaaaaaaaaaaaaaaaa"}};
             const auto by_accessor =
                 co_await probe.vault("POST", "auth/token/revoke-accessor", accessor);
             probe.expect_status(by_accessor, 200);
             probe.expect_warning(by_accessor, "No token found with this accessor");
             const auto looked_up =
                 co_await probe.vault("POST", "auth/token/lookup-accessor", accessor);
             probe.expect_error(looked_up, 400, "invalid accessor");
         }},

        {.name = "by-accessor",
         .requirement = "An accessor gives a token's facts without its id, and revokes it.",
         .rows = {61},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await make(probe, Json{{"policies", "default"}});
             Json body{{"accessor", made.auth.value("accessor", "")}};
             const auto reply = co_await probe.vault("POST", "auth/token/lookup-accessor", body);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.data().value("id", Json()), "", "the id, which is not told");
             const auto revoked = co_await probe.vault("POST", "auth/token/revoke-accessor", body);
             probe.expect_status(revoked, 204);
             const auto gone = co_await lookup_self(probe, made.token);
             probe.expect_plain_error(gone, 403, "permission denied");
         }},

        {.name = "named-token-is-text",
         .requirement = "lookup, renew, revoke and revoke-orphan look at the token that they are "
                        "told before the caller's own: null is 403 \"invalid token\", and is no "
                        "lookup of oneself. On OpenBao what is no text is so too; on Vault a token "
                        "or accessor of another namespace is 500.",
         .rows = {61, 234},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string base : {"lookup", "renew", "revoke", "revoke-orphan"}) {
                 const auto path = "auth/token/" + base;
                 const auto ask = [&](Json token, As as = {}) {
                     return probe.vault("POST", path, Json{{"token", std::move(token)}},
                                        std::move(as));
                 };
                 probe.expect_plain_error(co_await ask(nullptr), 403, "invalid token");
                 probe.expect_plain_error(co_await ask(nullptr, As::bearer(Secret("nobody"))), 403,
                                          "invalid token");
                 if (probe.openbao()) {  // Vault ends the connection
                     for (const auto& token : {Json(true), Json(5), Json::array({"a"})}) {
                         probe.expect_plain_error(co_await ask(token), 403, "invalid token");
                     }
                 } else {
                     probe.expect_plain_error(co_await ask("a.b"), 500, "no namespace");
                 }
             }
             const auto by_accessor = co_await probe.vault("POST", "auth/token/revoke-accessor",
                                                           Json{{"accessor", "a.b"}});
             if (probe.openbao()) {
                 probe.expect_warning(by_accessor, "No token found with this accessor");
             } else {
                 probe.expect_wrapped_error(by_accessor, 500, "no namespace");
             }
         }},
    };
}

}  // namespace meshproof::conformance
