// Secret ids of the AppRole method and their accessors.
#include "conformance/vault/approle/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace approle;
using namespace std::chrono_literals;

Task<Reply> look_up(Probe& probe, std::string path, Json body) {
    return probe.vault("PUT", path + "/lookup", std::move(body));
}

}  // namespace

std::vector<Check> vault_approle_secret_id() {
    return {
        {.name = "made-and-looked-up",
         .requirement = "A secret id tells its accessor, uses and life, as it is made and when it "
                        "is looked up by itself or by its accessor.",
         .rows = {199, 200},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth, Json{{"secret_id_num_uses", 5}, {"secret_id_ttl", "1h"}});
             const auto made = co_await probe.vault(
                 "POST", auth + "/role/app/secret-id",
                 Json{{"metadata", R"({"team":"shop"})"}, {"ttl", "10m"}, {"num_uses", 2}});
             probe.expect_status(made, 200);
             probe.expect_keys(
                 made.data(),
                 {"secret_id", "secret_id_accessor", "secret_id_num_uses", "secret_id_ttl"},
                 "data");
             probe.expect_equal(made.data().value("secret_id_num_uses", Json()), 2, "uses");
             probe.expect_equal(made.data().value("secret_id_ttl", Json()), 600, "ttl");
             const auto place = auth + "/role/app/secret-id";
             const auto found = co_await look_up(
                 probe, place, Json{{"secret_id", made.data().value("secret_id", "")}});
             probe.expect_status(found, 200);
             probe.expect_keys(
                 found.data(),
                 {"cidr_list", "creation_time", "expiration_time", "last_updated_time", "metadata",
                  "secret_id_accessor", "secret_id_num_uses", "secret_id_ttl", "token_bound_cidrs"},
                 "data of the lookup");
             probe.expect_equal(found.data().value("metadata", Json()), Json{{"team", "shop"}},
                                "metadata");
             const auto accessor = made.data().value("secret_id_accessor", "");
             const auto same = co_await look_up(probe, place + "-accessor",
                                                Json{{"secret_id_accessor", accessor}});
             probe.expect_status(same, 200);
             probe.expect_equal(same.data(), found.data(), "the lookup by the accessor");
             const auto list = co_await probe.vault("LIST", place);
             probe.expect_status(list, 200);
             probe.expect_equal(list.data().value("keys", Json()), Json::array({accessor}), "keys");
         }},

        {.name = "bounded-by-the-role",
         .requirement = "A secret id may be used no more often, no longer and from no more places "
                        "than its role allows.",
         .rows = {199},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth,
                           Json{{"secret_id_num_uses", 2},
                                {"secret_id_ttl", "1h"},
                                {"secret_id_bound_cidrs", "127.0.0.0/8"}});
             const auto make = [&](Json body) {
                 return probe.vault("POST", auth + "/role/app/secret-id", std::move(body));
             };
             for (const int uses : {0, 5}) {
                 probe.expect_plain_error(
                     co_await make(Json{{"num_uses", uses}}), 400,
                     "num_uses cannot be higher than the role's secret_id_num_uses");
             }
             for (const std::string ttl : {"0", "2h"}) {
                 probe.expect_plain_error(co_await make(Json{{"ttl", ttl}}), 400,
                                          "ttl cannot be longer than the role's secret_id_ttl");
             }
             probe.expect_wrapped_error(co_await make(Json{{"cidr_list", "10.0.0.0/8"}}), 500,
                                        "failed to verify subset relationship between CIDR blocks");
             probe.expect_status(co_await make(Json{{"cidr_list", "127.0.0.1/32"}}), 200);
         }},

        {.name = "refusals",
         .requirement = "No secret id is made for an absent role, for one that does not bind any, "
                        "twice, or with metadata that cannot be read.",
         .rows = {199},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             co_await role(probe, auth,
                           Json{{"bind_secret_id", false}, {"token_bound_cidrs", "127.0.0.0/8"}},
                           "free");
             const auto absent =
                 co_await probe.vault("POST", auth + "/role/none/secret-id", Json::object());
             probe.expect_plain_error(absent, 404, "role \"none\" does not exist");
             const auto unbound =
                 co_await probe.vault("POST", auth + "/role/free/secret-id", Json::object());
             probe.expect_plain_error(unbound, 400, "bind_secret_id is not set on the role");
             const auto unread = co_await probe.vault("POST", auth + "/role/app/secret-id",
                                                      Json{{"metadata", "junk"}});
             probe.expect_plain_error(unread, 400, "failed to parse metadata");
             const auto own = auth + "/role/app/custom-secret-id";
             const auto nameless = co_await probe.vault("POST", own, Json::object());
             probe.expect_plain_error(nameless, 400, "missing secret_id");
             const auto first =
                 co_await probe.vault("POST", own, Json{{"secret_id", "of-its-own"}});
             probe.expect_status(first, 200);
             const auto again =
                 co_await probe.vault("POST", own, Json{{"secret_id", "of-its-own"}});
             probe.expect_wrapped_error(again, 500, "SecretID is already registered");
             const auto unlisted = co_await probe.vault("LIST", auth + "/role/none/secret-id");
             probe.expect_plain_error(unlisted, 400, "role \"none\" does not exist");
         }},

        {.name = "destroyed",
         .requirement = "A secret id is destroyed by itself or by its accessor, once; another "
                        "role's accessor shows nothing and destroys nothing.",
         .rows = {200},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             co_await role(probe, auth, Json::object(), "other");
             const auto made = co_await secret_id(probe, auth);
             const Json by_accessor{{"secret_id_accessor", made.value("secret_id_accessor", "")}};
             const auto of = [&](std::string name, std::string what, Json body) {
                 return probe.vault("PUT", auth + "/role/" + name + "/" + what, std::move(body));
             };
             probe.expect_status(co_await of("other", "secret-id-accessor/lookup", by_accessor),
                                 204);
             probe.expect_plain_error(
                 co_await of("other", "secret-id-accessor/destroy", by_accessor), 403,
                 "invalid secret id accessor");
             probe.expect_status(co_await of("app", "secret-id-accessor/destroy", by_accessor),
                                 204);
             probe.expect_wrapped_error(
                 co_await of("app", "secret-id-accessor/destroy", by_accessor), 500,
                 "failed to find accessor entry");
             const auto unknown = co_await of("app", "secret-id-accessor/lookup", by_accessor);
             probe.expect_status(unknown, 404);
             probe.expect_keys(unknown.data(), {"error"}, "data of an unknown accessor");
             const auto second = co_await secret_id(probe, auth);
             const Json by_itself{{"secret_id", second.value("secret_id", "")}};
             probe.expect_status(co_await of("app", "secret-id/destroy", by_itself), 204);
             probe.expect_status(co_await of("app", "secret-id/lookup", by_itself), 204);
             probe.expect_status(co_await log_in(probe, auth, second.value("secret_id", "")), 400);
         }},

        {.name = "ends",
         .requirement = "A secret id that has ended logs nobody in: at once on OpenBao, and after "
                        "the next tidying on Vault.",
         .rows = {200},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto made = co_await secret_id(probe, auth, Json{{"ttl", "1s"}});
             const auto id = made.value("secret_id", "");
             probe.expect_status(co_await log_in(probe, auth, id), 200);
             co_await probe.wait(1200ms);
             if (!probe.openbao()) {
                 const auto tidy =
                     co_await probe.vault("POST", auth + "/tidy/secret-id", Json::object());
                 probe.expect_status(tidy, 202);
                 co_await probe.wait(500ms);  // it is done in the background
             }
             probe.expect_plain_error(co_await log_in(probe, auth, id), 400,
                                      probe.on("invalid role or secret ID", "invalid secret id"));
         }},
    };
}

}  // namespace meshproof::conformance
