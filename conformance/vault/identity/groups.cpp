// identity/group: groups of entities, and what their members may.
#include "conformance/vault/approle/steps.hpp"

namespace meshproof::conformance {
namespace {

/// A group of the run's own by this name; gives its id.
Task<std::string> group(Probe& probe, std::string base, Json parameters = Json::object()) {
    auto name = probe.name(base);
    probe.at_end("DELETE", "identity/group/name/" + name);
    parameters["name"] = name;
    const auto made = co_await probe.set_up("POST", "identity/group", std::move(parameters));
    co_return made.data().value("id", std::string());
}

/// Somebody who logged in, and by whom.
struct Member {
    Json auth;
    std::string entity, method, secret_id;
};

Task<Member> somebody(Probe& probe) {
    Member made;
    made.method = co_await approle::method(probe);
    co_await approle::role(probe, made.method);
    made.secret_id = (co_await approle::secret_id(probe, made.method)).value("secret_id", "");
    made.auth =
        approle::auth_of(probe, co_await approle::log_in(probe, made.method, made.secret_id));
    made.entity = made.auth.value("entity_id", "");
    co_return made;
}

Task<Reply> self_of(Probe& probe, const Json& auth) {
    return probe.vault("GET", "auth/token/lookup-self", std::nullopt,
                       As::bearer(Secret(auth.value("client_token", ""))));
}

std::set<std::string> texts(const Json& list) {
    return list.is_array() ? std::set<std::string>(list.begin(), list.end())
                           : std::set<std::string>();
}

}  // namespace

std::vector<Check> vault_identity_groups() {
    return {
        {.name = "written-and-read",
         .requirement = "A new group is answered with its id and name, a changed one with 204; it "
                        "is read whole by either.",
         .rows = {202},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("group");
             probe.at_end("DELETE", "identity/group/name/" + name);
             const auto member = (co_await somebody(probe)).entity;
             const auto made = co_await probe.vault(
                 "POST", "identity/group", Json{{"name", name}, {"member_entity_ids", member}});
             probe.expect_status(made, 200);
             probe.expect_keys(made.data(), {"id", "name"}, "data");
             const auto changed =
                 co_await probe.vault("POST", "identity/group",
                                      Json{{"name", name}, {"metadata", Json{{"team", "shop"}}}});
             probe.expect_status(changed, 204);
             const auto read = co_await probe.vault("GET", "identity/group/name/" + name);
             probe.expect_status(read, 200);
             probe.expect_keys(read.data(),
                               {"alias", "creation_time", "id", "last_update_time",
                                "member_entity_ids", "member_group_ids", "metadata", "modify_index",
                                "name", "namespace_id", "parent_group_ids", "policies", "type"},
                               "data of the group");
             const auto& data = read.data();
             probe.expect_equal(data.value("member_entity_ids", Json()), Json::array({member}),
                                "member_entity_ids");
             probe.expect_equal(data.value("metadata", Json()), Json{{"team", "shop"}}, "metadata");
             probe.expect_equal(data.value("type", Json()), "internal", "type");
             const auto same =
                 co_await probe.vault("GET", "identity/group/id/" + made.data().value("id", ""));
             probe.expect_status(same, 200);
             probe.expect_equal(same.data(), data, "the group by its id");
             const auto deleted = co_await probe.vault("DELETE", "identity/group/name/" + name);
             probe.expect_status(deleted, 204);
             const auto gone = co_await probe.vault("GET", "identity/group/name/" + name);
             probe.expect_no_text(gone, 404);
         }},

        {.name = "policies-reach-members",
         .requirement = "What a group and the groups above it may, the tokens of their members "
                        "may at once, and lookups and logins tell it as identity_policies.",
         .rows = {202},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto one = co_await somebody(probe);
             const auto before = co_await self_of(probe, one.auth);
             probe.expect_status(before, 200);
             probe.expect(!before.data().contains("identity_policies"),
                          "identity_policies without any group");
             const auto near =
                 co_await probe.policy("near", R"(path "sys/mounts" { capabilities = ["read"] })");
             const auto far = co_await probe.policy(
                 "far", R"(path "sys/policies/acl" { capabilities = ["list"] })");
             const auto inner = co_await group(
                 probe, "inner",
                 Json{{"policies", near}, {"member_entity_ids", Json::array({one.entity})}});
             (void)co_await group(
                 probe, "outer",
                 Json{{"policies", far}, {"member_group_ids", Json::array({inner})}});
             const std::set<std::string> both{near, far};
             const auto after = co_await self_of(probe, one.auth);
             probe.expect_status(after, 200);
             probe.expect(texts(after.data().value("identity_policies", Json())) == both,
                          "identity_policies of the lookup are not those of the two groups");
             probe.expect_equal(after.data().value("policies", Json()), Json::array({"default"}),
                                "policies of the lookup");
             const auto again = approle::auth_of(
                 probe, co_await approle::log_in(probe, one.method, one.secret_id));
             probe.expect(texts(again.value("identity_policies", Json())) == both,
                          "identity_policies of the login are not those of the two groups");
             probe.expect(texts(again.value("policies", Json())).contains(far),
                          "the login's policies lack those of the groups");
             probe.expect_equal(again.value("token_policies", Json()), Json::array({"default"}),
                                "token_policies of the login");
             const auto who = As::bearer(Secret(one.auth.value("client_token", "")));
             const auto reads = co_await probe.vault("GET", "sys/mounts", std::nullopt, who);
             probe.expect_status(reads, 200);
             const auto lists = co_await probe.vault("LIST", "sys/policies/acl", std::nullopt, who);
             probe.expect_status(lists, 200);
             (void)co_await probe.set_up("DELETE", "identity/group/id/" + inner);
             const auto taken = co_await probe.vault("GET", "sys/mounts", std::nullopt, who);
             probe.expect_wrapped_error(taken, 403, "permission denied");
         }},

        {.name = "told-by-the-entity",
         .requirement = "An entity tells the groups that hold it, and those above them apart; a "
                        "deleted entity leaves its groups.",
         .rows = {202},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto member = (co_await somebody(probe)).entity;
             const auto inner = co_await group(probe, "inner", Json{{"member_entity_ids", member}});
             const auto outer = co_await group(probe, "outer", Json{{"member_group_ids", inner}});
             const auto read = co_await probe.vault("GET", "identity/entity/id/" + member);
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("direct_group_ids", Json()), Json::array({inner}),
                                "direct_group_ids");
             probe.expect_equal(read.data().value("inherited_group_ids", Json()),
                                Json::array({outer}), "inherited_group_ids");
             const auto parent = co_await probe.vault("GET", "identity/group/id/" + inner);
             probe.expect_status(parent, 200);
             probe.expect_equal(parent.data().value("parent_group_ids", Json()),
                                Json::array({outer}), "parent_group_ids");
             (void)co_await probe.set_up("DELETE", "identity/entity/id/" + member);
             const auto left = co_await probe.vault("GET", "identity/group/id/" + inner);
             probe.expect_status(left, 200);
             probe.expect(texts(left.data().value("member_entity_ids", Json())).empty(),
                          "the group still has the deleted entity");
         }},

        {.name = "refusals",
         .requirement = "A group of unknown members, of itself, in a circle, of another type, with "
                        "another's name or with the root policy is refused.",
         .rows = {202},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto inner = co_await group(probe, "inner");
             const auto outer = co_await group(probe, "outer", Json{{"member_group_ids", inner}});
             const auto write = [&](std::string id, Json body) {
                 return probe.vault("POST", "identity/group/id/" + id, std::move(body));
             };
             probe.expect_wrapped_error(
                 co_await write(inner, Json{{"member_entity_ids", "nobody"}}), 500,
                 "invalid entity ID \"nobody\"");
             probe.expect_wrapped_error(co_await write(inner, Json{{"member_group_ids", "nobody"}}),
                                        500, "invalid member group ID \"nobody\"");
             probe.expect_wrapped_error(co_await write(inner, Json{{"member_group_ids", inner}}),
                                        500, "is same as the ID of the group");
             probe.expect_plain_error(co_await write(inner, Json{{"member_group_ids", outer}}), 400,
                                      "cyclic relationship detected");
             probe.expect_plain_error(co_await write(inner, Json{{"type", "external"}}), 400,
                                      "group type cannot be changed");
             probe.expect_plain_error(co_await write(inner, Json{{"name", probe.name("outer")}}),
                                      400, "group name is already in use");
             probe.expect_plain_error(co_await write(inner, Json{{"policies", "root"}}), 400,
                                      "policies cannot contain root");
             probe.expect_plain_error(co_await write("nobody", Json::object()), 400,
                                      "invalid group ID");
         }},

        {.name = "told-as-given",
         .requirement = "A type that is empty is the default of a new group; members that were "
                        "given and are none are [] until the next change, then null.",
         .rows = {202, 245},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto id = co_await group(
                 probe, "group", Json{{"type", ""}, {"member_entity_ids", Json::array()}});
             const auto path = "identity/group/id/" + id;
             const auto first = co_await probe.vault("GET", path);
             probe.expect_equal(first.data().value("type", Json()), "internal", "type");
             probe.expect_equal(first.data().value("member_entity_ids", Json()), Json::array(),
                                "member_entity_ids as they were given");
             (void)co_await probe.set_up("POST", path, Json::object());
             const auto second = co_await probe.vault("GET", path);
             probe.expect_equal(second.data().value("member_entity_ids", Json("missing")), Json(),
                                "member_entity_ids after another change");
             probe.expect_plain_error(co_await probe.vault("POST", path, Json{{"type", nullptr}}),
                                      400, "group type cannot be changed");
         }},

        {.name = "aliases",
         .requirement = "An external group has no members of its own and one alias, which no "
                        "other group may have. Its id is looked at first, then its group, then "
                        "its mount.",
         .rows = {203, 245},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto auth = co_await approle::method(probe);
             const auto mount = co_await probe.set_up("GET", "sys/" + auth);
             const auto accessor = mount.data().value("accessor", "");
             const auto outside = co_await group(probe, "outside", Json{{"type", "external"}});
             const auto inside = co_await group(probe, "inside");
             const auto member =
                 co_await probe.vault("POST", "identity/group/id/" + outside,
                                      Json{{"member_entity_ids", Json::array({"x"})}});
             probe.expect_plain_error(member, 400, "can't be set manually for external groups");
             const auto write = [&](std::string canonical) {
                 return probe.vault("POST", "identity/group-alias",
                                    Json{{"name", "admins"},
                                         {"mount_accessor", accessor},
                                         {"canonical_id", std::move(canonical)}});
             };
             probe.expect_plain_error(co_await write(inside), 400,
                                      "alias can't be set on an internal group");
             const auto lost = co_await probe.vault(
                 "POST", "identity/group-alias",
                 Json{{"name", "admins"}, {"mount_accessor", "none"}, {"canonical_id", "nobody"}});
             probe.expect_plain_error(lost, 400, "invalid group ID given in 'canonical_id'");
             const auto unnamed = co_await probe.vault(
                 "POST", "identity/group-alias",
                 Json{{"name", "admins"}, {"mount_accessor", accessor}, {"id", ""}});
             probe.expect_plain_error(unnamed, 400, "empty group alias ID");
             const auto made = co_await write(outside);
             probe.expect_status(made, 200);
             probe.expect_equal(made.data().value("canonical_id", Json()), outside, "canonical_id");
             probe.expect_plain_error(co_await write(outside), 400, "already in use");
             const auto found = co_await probe.vault(
                 "POST", "identity/lookup/group",
                 Json{{"alias_name", "admins"}, {"alias_mount_accessor", accessor}});
             probe.expect_status(found, 200);
             probe.expect_equal(found.data().value("id", Json()), outside, "id of the lookup");
             const auto path = "identity/group-alias/id/" + made.data().value("id", "");
             const auto read = co_await probe.vault("GET", path);
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("name", Json()), "admins", "name");
             probe.expect_status(co_await probe.vault("DELETE", path), 204);
             probe.expect_no_text(co_await probe.vault("GET", path), 404);
         }},
    };
}

}  // namespace meshproof::conformance
