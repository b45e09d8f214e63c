#include "fakes/kube/json_patch.hpp"

#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

Json operation(const char* kind, const std::string& path, Json more) {
    more["op"] = kind;
    more["path"] = path;
    return more;
}

/// `document` after one operation; discarded where it does not apply.
Json patched(Json document, const Json& one) {
    return kube::apply_json_patch(document, Json::array({one})) ? document
                                                                : Json(Json::value_t::discarded);
}

TEST(JsonPatch, AppliesEachOperation) {  // RFC 6902 section 4
    const Json list{{"a", {1, 2}}};
    EXPECT_EQ(patched(list, operation("add", "/a/1", {{"value", 5}})), (Json{{"a", {1, 5, 2}}}));
    EXPECT_EQ(patched(list, operation("add", "/a/-", {{"value", 5}})), (Json{{"a", {1, 2, 5}}}));
    EXPECT_EQ(patched(list, operation("add", "", {{"value", 5}})), Json(5));
    EXPECT_EQ(patched(list, operation("replace", "/a", {{"value", 5}})), (Json{{"a", 5}}));
    EXPECT_EQ(patched(list, operation("remove", "/a/0", Json::object())),
              (Json{{"a", Json::array({2})}}));
    EXPECT_EQ(patched(list, operation("move", "/b", {{"from", "/a"}})), (Json{{"b", {1, 2}}}));
    EXPECT_EQ(patched(list, operation("copy", "/b", {{"from", "/a/0"}})),
              (Json{{"a", {1, 2}}, {"b", 1}}));
    EXPECT_EQ(patched(list, operation("test", "/a/0", {{"value", 1}})), list);
}

TEST(JsonPatch, RefusesWhatDoesNotApply) {
    const Json document{{"a", {1, 2}}, {"text", "x"}};
    for (const auto& one :
         {operation("add", "/a/3", {{"value", 5}}), operation("add", "/a/01", {{"value", 5}}),
          operation("add", "/text/x", {{"value", 5}}), operation("add", "/b/c", {{"value", 5}}),
          operation("add", "/b", Json::object()), operation("replace", "/b", {{"value", 5}}),
          operation("remove", "/b", Json::object()), operation("remove", "", Json::object()),
          operation("move", "/a/0", {{"from", "/a"}}), operation("copy", "/b", {{"from", "/c"}}),
          operation("test", "/a/0", {{"value", 2}}), operation("spoil", "/a", {{"value", 2}}),
          operation("add", "a", {{"value", 5}}), Json::object(), Json(5)}) {
        EXPECT_TRUE(patched(document, one).is_discarded()) << one;
    }
}

/// Many operations that put what is there into itself.
Json doublings(const char* kind, const std::string& from, const std::string& to,
               std::size_t times) {
    Json operations = Json::array();
    for (std::size_t i = 0; i < times; ++i) {
        operations.push_back(operation(kind, to, {{"from", from}}));
    }
    return operations;
}

TEST(JsonPatch, CopiesNoMoreThanTheServer) {
    // Each copy doubles what is below /a: 22 of them were gigabytes.
    Json document{{"a", {{"x", std::string(1000, 'x')}}}};
    Json operations = Json::array();
    for (int i = 0; i < 22; ++i) {
        operations.push_back(operation("copy", fmt::format("/a/{}", i), {{"from", "/a"}}));
    }
    EXPECT_FALSE(kube::apply_json_patch(document, operations));
    EXPECT_LT(document.dump().size(), 2 * kube::most_copied_bytes);
    Json few{{"a", "x"}};
    EXPECT_TRUE(kube::apply_json_patch(few, doublings("copy", "/a", "/b", 1000)));
}

TEST(JsonPatch, NestsNoDeeperThanAnyBody) {
    // 900 levels by each copy to the bottom of what the last one made.
    const std::size_t levels = 900;
    std::string down, text;
    for (std::size_t i = 0; i < levels; ++i) {
        down += "/x";
        text += "{\"x\":";
    }
    const auto deep = Json::parse(text + "0" + std::string(levels, '}'));
    for (const auto* kind : {"copy", "move"}) {
        Json document{{"a", deep}, {"b", deep}};
        EXPECT_FALSE(kube::apply_json_patch(document, doublings(kind, "/b", "/a" + down, 1)));
    }
    Json document{{"a", deep}};
    EXPECT_FALSE(kube::apply_json_patch(
        document, Json::array({operation("add", "/a" + down, {{"value", deep}})})));
    Json shallow{{"a", deep}, {"c", Json::object()}};
    EXPECT_TRUE(kube::apply_json_patch(shallow, doublings("copy", "/a", "/c/a", 3)));
}

TEST_F(Kube, RefusesPatchesThatGrowWithoutEnd) {
    create_account("app");
    const auto patch = [this](const Json& operations) {
        return call("PATCH", accounts + "/app", operations, "admin", "application/json-patch+json")
            .status;
    };
    EXPECT_EQ(patch(doublings("copy", "/metadata/labels", "/metadata/labels/a", 22)), 422);
    EXPECT_EQ(patch(doublings("copy", "/metadata/name", "/x", kube::most_patch_operations + 1)),
              413);
    EXPECT_EQ(patch(Json::array({operation("add", "/kind/x", {{"value", 1}})})), 422);
    EXPECT_EQ(
        patch(Json::array({operation("add", "/metadata/labels", {{"value", {{"team", "shop"}}}})})),
        200);
}

}  // namespace
}  // namespace meshproof::fakes
