// Roles of the AppRole method, as a whole and field by field.
#include "conformance/vault/approle/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace approle;

/// One field of a role, by its path.
struct Part {
    std::string path, field;
    Json given, read, cleared;
};

const std::vector<Part>& parts() {
    static const std::vector<Part> all = {
        {"policies", "token_policies", "B,a", Json::array({"a", "b"}), Json::array()},
        {"secret-id-bound-cidrs", "secret_id_bound_cidrs", "127.0.0.0/8",
         Json::array({"127.0.0.0/8"}), Json()},
        {"token-bound-cidrs", "token_bound_cidrs", "127.0.0.0/8", Json::array({"127.0.0.0/8"}),
         Json()},
        {"secret-id-num-uses", "secret_id_num_uses", 4, 4, 0},
        {"secret-id-ttl", "secret_id_ttl", "5m", 300, 0},
        {"period", "token_period", "5m", 300, 0},
        {"token-num-uses", "token_num_uses", 3, 3, 0},
        {"token-ttl", "token_ttl", "10m", 600, 0},
        {"token-max-ttl", "token_max_ttl", "20m", 1200, 0},
    };
    return all;
}

}  // namespace

std::vector<Check> vault_approle_role() {
    return {
        {.name = "written-and-read",
         .requirement = "An AppRole role is written with 204 and read back whole, with defaults; "
                        "its name counts in any case.",
         .rows = {197},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             const auto written = co_await probe.vault(
                 "POST", auth + "/role/App",
                 Json{{"token_policies", "x"}, {"token_ttl", "10m"}, {"secret_id_num_uses", 2}});
             probe.expect_status(written, 204);
             const auto read = co_await probe.vault("GET", auth + "/role/aPP");
             probe.expect_status(read, 200);
             auto keys = std::set<std::string>{"bind_secret_id",
                                               "local_secret_ids",
                                               "secret_id_bound_cidrs",
                                               "secret_id_num_uses",
                                               "secret_id_ttl",
                                               "token_bound_cidrs",
                                               "token_explicit_max_ttl",
                                               "token_max_ttl",
                                               "token_no_default_policy",
                                               "token_num_uses",
                                               "token_period",
                                               "token_policies",
                                               "token_ttl",
                                               "token_type"};
             if (probe.openbao()) {
                 keys.insert("token_strictly_bind_ip");
             }
             probe.expect_keys(read.data(), std::move(keys), "data");
             const auto& data = read.data();
             probe.expect_equal(data.value("bind_secret_id", Json()), true, "bind_secret_id");
             probe.expect_equal(data.value("secret_id_bound_cidrs", Json(0)), Json(),
                                "secret_id_bound_cidrs");
             probe.expect_equal(data.value("secret_id_num_uses", Json()), 2, "secret_id_num_uses");
             probe.expect_equal(data.value("token_ttl", Json()), 600, "token_ttl");
             probe.expect_equal(data.value("token_type", Json()), "default", "token_type");
             const auto list = co_await probe.vault("LIST", auth + "/role");
             probe.expect_status(list, 200);
             probe.expect_equal(list.data().value("keys", Json()), Json::array({"app"}), "keys");
         }},

        {.name = "deleted",
         .requirement = "A deleted role is gone, and its role id is free; a role id is drawn where "
                        "none is given.",
         .rows = {197},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto deleted = co_await probe.vault("DELETE", auth + "/role/app");
             probe.expect_status(deleted, 204);
             const auto gone = co_await probe.vault("GET", auth + "/role/app");
             probe.expect_no_text(gone, 404);
             co_await role(probe, auth, Json{{"role_id", "id-app"}}, "other");
             const auto id = co_await probe.vault("GET", auth + "/role/other/role-id");
             probe.expect_status(id, 200);
             probe.expect_equal(id.data().value("role_id", Json()), "id-app", "role_id");
             co_await role(probe, auth, Json{{"role_id", nullptr}}, "drawn");
             const auto drawn = co_await probe.vault("GET", auth + "/role/drawn/role-id");
             probe.expect_status(drawn, 200);
             probe.expect(drawn.data().value("role_id", "").size() == 36,
                          "the drawn role_id is no UUID");
         }},

        {.name = "refusals",
         .requirement = "A role without any constraint, with another's role id, or with values "
                        "out of their range is refused.",
         .rows = {197},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto write = [&](Json body) {
                 return probe.vault("POST", auth + "/role/other", std::move(body));
             };
             probe.expect_wrapped_error(co_await write(Json{{"bind_secret_id", false}}), 500,
                                        "at least one constraint should be enabled on the role");
             probe.expect_wrapped_error(co_await write(Json{{"role_id", "id-app"}}), 500,
                                        "role_id already in use");
             probe.expect_plain_error(co_await write(Json{{"role_id", ""}}), 400,
                                      "invalid role_id supplied");
             probe.expect_plain_error(co_await write(Json{{"secret_id_num_uses", -1}}), 400,
                                      "secret_id_num_uses cannot be negative");
             probe.expect_wrapped_error(co_await write(Json{{"secret_id_bound_cidrs", "x"}}), 500,
                                        "failed to validate CIDR blocks: invalid CIDR address: x");
             probe.expect_plain_error(co_await write(Json{{"period", "100000h"}}), 400,
                                      "is greater than the backend's maximum lease TTL");
             const auto late =
                 co_await probe.vault("POST", auth + "/role/app", Json{{"local_secret_ids", true}});
             probe.expect_plain_error(late, 400, "can only be modified during role creation");
         }},

        {.name = "warnings",
         .requirement = "A token_max_ttl above the mount's, and a token_type that only mounts "
                        "know, are taken with a warning.",
         .rows = {197},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             const auto longer = co_await probe.vault("POST", auth + "/role/app",
                                                      Json{{"token_max_ttl", "100000h"}});
             probe.expect_status(longer, 200);
             probe.expect_warning(longer, "issued tokens' max TTL value will be truncated");
             const auto type = co_await probe.vault("POST", auth + "/role/other",
                                                    Json{{"token_type", "default-batch"}});
             probe.expect_status(type, 200);
             probe.expect_warning(type, "default-batch has no useful meaning; adjusting to batch");
             const auto read = co_await probe.vault("GET", auth + "/role/other");
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("token_type", Json()), "batch", "token_type");
         }},

        {.name = "field-by-field",
         .requirement = "Each field of a role is written, read and put back to its default by a "
                        "path of its own.",
         .rows = {198},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             for (const auto& part : parts()) {
                 const auto path = auth + "/role/app/" + part.path;
                 const auto written =
                     co_await probe.vault("POST", path, Json{{part.field, part.given}});
                 probe.expect_status(written, 204);
                 const auto read = co_await probe.vault("GET", path);
                 probe.expect_status(read, 200);
                 probe.expect_equal(read.data().value(part.field, Json()), part.read, part.field);
                 const auto cleared = co_await probe.vault("DELETE", path);
                 probe.expect_status(cleared, 204);
                 const auto empty = co_await probe.vault("GET", path);
                 probe.expect_status(empty, 200);
                 probe.expect_equal(empty.data().value(part.field, Json("none")), part.cleared,
                                    part.field + " after DELETE");
             }
         }},

        {.name = "field-refusals",
         .requirement = "A field's path refuses a write without the field and one to an absent "
                        "role; role-id cannot be deleted, local-secret-ids only read, and only "
                        "Vault has bind-secret-id.",
         .rows = {198},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await method(probe);
             co_await role(probe, auth);
             const auto nothing =
                 co_await probe.vault("POST", auth + "/role/app/token-ttl", Json::object());
             probe.expect_plain_error(nothing, 400, "missing token_ttl");
             const auto absent = co_await probe.vault("POST", auth + "/role/none/token-ttl",
                                                      Json{{"token_ttl", "1m"}});
             probe.expect_wrapped_error(absent, 404, "unsupported path");
             const auto unread = co_await probe.vault("GET", auth + "/role/none/token-ttl");
             probe.expect_no_text(unread, 404);
             const auto undeletable = co_await probe.vault("DELETE", auth + "/role/app/role-id");
             probe.expect_wrapped_error(undeletable, 405, "unsupported operation");
             const auto read_only = co_await probe.vault(
                 "POST", auth + "/role/app/local-secret-ids", Json{{"local_secret_ids", true}});
             probe.expect_wrapped_error(read_only, 405, "unsupported operation");
             const auto binding = co_await probe.vault("GET", auth + "/role/app/bind-secret-id");
             probe.expect_status(binding, probe.on(404, 200));
         }},
    };
}

}  // namespace meshproof::conformance
