// identity/entity and its aliases: what is written of them, and how they are looked up.
#include <algorithm>

#include "conformance/check.hpp"

namespace meshproof::conformance {
namespace {

/// An entity of the run's own by this name, written by it.
Task<Reply> write_entity(Probe& probe, std::string base, Json fields) {
    const auto path = "identity/entity/name/" + probe.name(base);
    probe.at_end("DELETE", path);
    co_return co_await probe.vault("POST", path, std::move(fields));
}

Task<Json> metadata_of(Probe& probe, std::string base) {
    const auto read =
        co_await probe.vault("GET", "identity/entity/name/" + probe.name(std::move(base)));
    probe.expect_status(read, 200);
    co_return read.data().value("metadata", Json("missing"));
}

}  // namespace

std::vector<Check> vault_identity_entities() {
    return {
        {.name = "metadata",
         .requirement =
             "Metadata of an entity is an object or texts of the form name=text; what is "
             "neither is 400 before all else, and {} and null are told apart.",
         .rows = {202, 237},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& [given, kept] : std::vector<std::pair<Json, Json>>{
                      {"a=b", {{"a", "b"}}},
                      {Json::array({"a=b", "c=d"}), {{"a", "b"}, {"c", "d"}}},
                      {{{"a", 1}}, {{"a", "1"}}},
                      {Json::object(), Json::object()},
                      {nullptr, nullptr}}) {
                 (void)co_await write_entity(probe, "kept", Json{{"metadata", given}});
                 const auto read = co_await metadata_of(probe, "kept");
                 probe.expect(read == kept, "{} is read back as {}", given.dump(), read.dump());
             }
             for (const auto& given : {Json("x"), Json(""), Json(true), Json::array({1})}) {
                 const auto refused =
                     co_await write_entity(probe, "refused", Json{{"metadata", given}});
                 probe.expect_plain_error(refused, 400, "invalid key pair");
             }
             const auto absent =
                 co_await probe.vault("GET", "identity/entity/name/" + probe.name("refused"));
             probe.expect_no_text(absent, 404);
             const auto unknown =
                 co_await probe.vault("POST", "identity/entity/id/nobody", Json{{"metadata", "x"}});
             probe.expect_plain_error(unknown, 400, "invalid key pair");
         }},

        {.name = "names-in-any-case",
         .requirement = "Entities are found by their names in any case; a write gives the name "
                        "its case.",
         .rows = {202, 256},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await write_entity(probe, "case", Json::object());
             auto loud = probe.name("case");
             std::ranges::transform(loud, loud.begin(), [](char c) {
                 return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
             });
             const auto path = "identity/entity/name/" + loud;
             const auto read = co_await probe.vault("GET", path);
             probe.expect_status(read, 200);
             probe.expect_equal(read.data().value("id", Json()), made.data().value("id", Json(0)),
                                "id");
             probe.expect_equal(read.data().value("name", Json()), probe.name("case"), "name");
             probe.expect_status(co_await probe.vault("POST", path, Json{{"metadata", "a=b"}}),
                                 204);
             const auto again =
                 co_await probe.vault("GET", "identity/entity/name/" + probe.name("case"));
             probe.expect_equal(again.data().value("name", Json()), loud, "name after the write");
         }},

        {.name = "never-root",
         .requirement = "An entity cannot have the policy root.",
         .rows = {202, 237},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto refused = co_await write_entity(
                 probe, "rooted", Json{{"policies", Json::array({"a", "root"})}});
             probe.expect_plain_error(refused, 400, "policies cannot contain root");
         }},

        {.name = "an-id-before-the-name",
         .requirement = "A written entity is sought by its id before its name: one that is not "
                        "there is 400, and one that is gets the name, unless another has it.",
         .rows = {237, 245},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await write_entity(probe, "one", Json::object());
             const auto id = made.data().value("id", std::string());
             (void)co_await write_entity(probe, "two", Json::object());
             probe.expect_plain_error(co_await write_entity(probe, "one", Json{{"id", "nobody"}}),
                                      400, "entity not found from id");
             probe.expect_plain_error(co_await write_entity(probe, "two", Json{{"id", id}}), 400,
                                      "entity name is already in use");
             probe.expect_status(co_await write_entity(probe, "three", Json{{"id", id}}), 204);
             const auto renamed = co_await probe.vault("GET", "identity/entity/id/" + id);
             probe.expect_equal(renamed.data().value("name", Json()), probe.name("three"), "name");
             probe.expect_wrapped_error(
                 co_await probe.vault("DELETE", "identity/entity/id/" + id + "/x"), 404,
                 "unsupported path");
         }},

        {.name = "form-of-metadata",
         .requirement = "Metadata of entities and groups has keys of letters, digits and =/+_-; "
                        "custom metadata of an alias is looked at before its id. Both are 500.",
         .rows = {237, 245},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto& [metadata, text] : std::vector<std::pair<Json, std::string>>{
                      {{{"", "b"}}, R"(pair ("", "b"): key cannot be blank)"},
                      {{{"a.b", "c"}}, R"(pair ("a.b", "c"): key contains invalid characters)"},
                      {{{std::string(129, 'a'), "b"}}, "key is too long (limit: 128 characters)"},
                      {{{"a", std::string(513, 'b')}},
                       "value is too long (limit: 512 characters)"}}) {
                 const auto of_entity =
                     co_await write_entity(probe, "one", Json{{"metadata", metadata}});
                 probe.expect_wrapped_error(of_entity, 500, text);
             }
             const auto group = "identity/group/name/" + probe.name("group");
             probe.at_end("DELETE", group);
             probe.expect_wrapped_error(
                 co_await probe.vault("POST", group,
                                      Json{{"metadata", {{"", "b"}}}, {"member_group_ids", "x"}}),
                 500, "invalid group metadata: failed to load metadata pair");
             probe.expect_wrapped_error(
                 co_await probe.vault("POST", "identity/entity-alias",
                                      Json{{"id", "none"}, {"custom_metadata", {{"", "b"}}}}),
                 500, "custom_metadata validation failed: length of key \"\" is 0");
         }},

        {.name = "looked-up-by-one-thing",
         .requirement =
             "Entities and groups are sought by one field only; an alias' name and its "
             "mount count as one where both say something, and one of them alone is 400.",
         .rows = {202, 237},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"identity/lookup/entity", "identity/lookup/group"}) {
                 for (const auto& two :
                      {Json{{"id", ""}, {"name", "x"}}, Json{{"name", "x"}, {"alias_id", "y"}},
                       Json{{"alias_name", "x"}, {"alias_mount_accessor", ""}},
                       Json{{"alias_name", "x"}, {"alias_mount_accessor", "y"}, {"id", "z"}}}) {
                     probe.expect_plain_error(co_await probe.vault("POST", path, two), 400,
                                              "query parameter conflict");
                 }
                 for (const auto& half :
                      {Json{{"alias_name", "x"}}, Json{{"alias_mount_accessor", "y"}}}) {
                     probe.expect_plain_error(
                         co_await probe.vault("POST", path, half), 400,
                         "both 'alias_name' and 'alias_mount_accessor' needs to be set");
                 }
                 probe.expect_plain_error(co_await probe.vault("POST", path, Json::object()), 400,
                                          "query parameter not supplied");
                 const auto none =
                     co_await probe.vault("POST", path, Json{{"alias_name", nullptr}});
                 probe.expect_status(none, 204);
             }
         }},

        {.name = "alias-changes",
         .requirement = "An alias that is written again as it is answers 204; new custom metadata "
                        "200, and left out it is {}. An entity that is not there is 400, by the "
                        "older name entity_id too, and so is an id that is none.",
         .rows = {202, 237},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.auth_mount();
             const auto listed = co_await probe.set_up("GET", "sys/auth/" + mount);
             const auto accessor = listed.data().value("accessor", std::string());
             const auto write = [&](Json fields) {
                 fields.update(Json{{"name", "somebody"}, {"mount_accessor", accessor}});
                 return probe.vault("POST", "identity/entity-alias", std::move(fields));
             };
             const auto made = co_await write(Json{{"custom_metadata", Json::array({"a=b"})}});
             probe.expect_status(made, 200);
             probe.at_end("DELETE", "identity/entity/id/" + made.data().value("canonical_id", ""));
             const auto path = "identity/entity-alias/id/" + made.data().value("id", "");
             const auto kept = [&]() -> Task<Json> {
                 const auto read = co_await probe.vault("GET", path);
                 co_return read.data().value("custom_metadata", Json("missing"));
             };
             probe.expect_equal(co_await kept(), Json{{"a", "b"}}, "custom_metadata");
             const auto same = co_await write(Json{{"custom_metadata", {{"a", "b"}}}});
             probe.expect_status(same, 204);
             probe.expect_status(co_await write(Json::object()), 200);
             probe.expect_equal(co_await kept(), Json::object(), "custom_metadata, left out");
             for (const auto* name : {"canonical_id", "entity_id"}) {
                 probe.expect_plain_error(co_await write(Json{{name, "nobody"}}), 400,
                                          "given 'canonical_id' is not associated with an entity");
             }
             probe.expect_plain_error(co_await write(Json{{"id", "none"}}), 400,
                                      "invalid alias ID provided");
             probe.expect_plain_error(co_await write(Json{{"custom_metadata", "x"}}), 400,
                                      "invalid key pair");
         }},
    };
}

}  // namespace meshproof::conformance
