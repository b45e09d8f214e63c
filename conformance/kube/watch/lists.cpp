// Lists: their shape, pages, selectors and versions.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

/// ConfigMaps c-0 to c-COUNT, labelled, beside the namespace's own.
Task<std::string> some_maps(Probe& probe, int count) {
    const auto ns = co_await settled_namespace(probe);
    for (int i = 0; i < count; ++i) {
        Json body = {{"metadata",
                      {{"name", fmt::format("c-{}", i)},
                       {"labels", {{"made", "here"}, {"number", std::to_string(i)}}}}}};
        (void)co_await make(probe, core_path(ns, "configmaps"), std::move(body));
    }
    co_return core_path(ns, "configmaps");
}

std::vector<std::string> names_in(const Json& list) {
    std::vector<std::string> names;
    for (const auto& item : at(list, "/items")) {
        names.push_back(text_at(item, "/metadata/name"));
    }
    return names;
}

const std::string made_here = "?labelSelector=made%3Dhere";

}  // namespace

std::vector<Check> kube_watch_lists() {
    return {
        {.name = "shape",
         .requirement = "A list has a kind, a resourceVersion and items in order of their names, "
                        "which have no kind of their own.",
         .rows = {189},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 2);
             const auto reply = co_await probe.kube("GET", path + made_here);
             probe.expect_status(reply, 200);
             probe.expect_equal(at(reply.json, "/kind"), "ConfigMapList", "kind");
             probe.expect_keys(at(reply.json, "/metadata"), {"resourceVersion"}, "metadata");
             probe.expect_equal(names_in(reply.json), Json({"c-0", "c-1"}), "the names");
             const auto item = at(reply.json, "/items/0");
             probe.expect(!item.contains("kind") && !item.contains("apiVersion"),
                          "an item has a kind of its own");
         }},

        {.name = "pages",
         .requirement = "limit pages a list: continue leads on, remainingItemCount says how many "
                        "are left, and the last page has neither.",
         .rows = {189},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path =
                 co_await some_maps(probe, 4);  // and kube-root-ca.crt, of the namespace
             const auto all = co_await probe.set_up_kube("GET", path);
             const auto first = co_await probe.kube("GET", path + "?limit=2");
             probe.expect_equal(at(first.json, "/items").size(), 2, "items of the first page");
             probe.expect_equal(at(first.json, "/metadata/remainingItemCount"),
                                at(all.json, "/items").size() - 2, "remainingItemCount");
             const auto token = text_at(first.json, "/metadata/continue");
             probe.expect(!token.empty(), "there is no continue");
             const auto rest = co_await probe.kube(
                 "GET", path + "?limit=9&continue=" + http::percent_encode(token));
             probe.expect(at(rest.json, "/metadata/continue").is_null(), "the last page goes on");
             auto names = names_in(first.json);
             for (auto& name : names_in(rest.json)) {
                 names.push_back(std::move(name));
             }
             probe.expect_equal(names, names_in(all.json), "the names on both pages");
         }},

        {.name = "pages-are-of-one-moment",
         .requirement = "Later pages show what was there when the first one was read.",
         .rows = {189},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 3);
             const auto first = co_await probe.kube("GET", path + made_here + "&limit=1");
             probe.expect(at(first.json, "/metadata/remainingItemCount").is_null(),
                          "remainingItemCount is told with a selector");
             co_await remove(probe, path + "/c-2");
             Json late = {{"metadata", {{"name", "c-9"}, {"labels", {{"made", "here"}}}}}};
             (void)co_await make(probe, path, std::move(late));
             const auto rest = co_await probe.kube(
                 "GET", path + made_here + "&limit=9&continue=" +
                            http::percent_encode(text_at(first.json, "/metadata/continue")));
             probe.expect_equal(names_in(rest.json), Json({"c-1", "c-2"}), "the second page");
             probe.expect_equal(at(rest.json, "/metadata/resourceVersion"),
                                at(first.json, "/metadata/resourceVersion"), "resourceVersion");
         }},

        {.name = "bad-continue",
         .requirement = "A continue token that is none is 400.",
         .rows = {189},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 1);
             const auto reply = co_await probe.kube("GET", path + "?limit=1&continue=abc");
             expect_refusal(probe, reply, 400, "BadRequest", "continue key is not valid");
         }},

        {.name = "by-name",
         .requirement = "fieldSelector chooses by metadata.name, with = and !=.",
         .rows = {189},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 3);
             const auto reply =
                 co_await probe.kube("GET", path + "?fieldSelector=metadata.name%3Dc-1");
             probe.expect_equal(names_in(reply.json), Json({"c-1"}), "the names");
             const auto others = co_await probe.kube(
                 "GET", path + made_here + "&fieldSelector=metadata.name!%3Dc-1");
             probe.expect_equal(names_in(others.json), Json({"c-0", "c-2"}),
                                "the names of the others");
         }},

        {.name = "unknown-fields",
         .requirement = "fieldSelector with a field that cannot be selected by is 400.",
         .rows = {163, 189},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 1);
             const auto reply = co_await probe.kube("GET", path + "?fieldSelector=data.a%3Db");
             expect_refusal(probe, reply, 400, "BadRequest", "data.a");
         }},

        {.name = "by-labels",
         .requirement = "labelSelector knows =, ==, !=, in, notin, presence and absence; junk is "
                        "400.",
         .rows = {189},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 4);
             const std::pair<const char*, Json> asked[] = {
                 {"?labelSelector=number%20in%20(1,3)", {"c-1", "c-3"}},
                 {"?labelSelector=made,number!%3D0", {"c-1", "c-2", "c-3"}},
                 {"?labelSelector=number%20notin%20(0,1),made", {"c-2", "c-3"}},
                 {"?labelSelector=!made", {"kube-root-ca.crt"}},
                 {"?labelSelector=made%3D%3Dhere,number%3D2", {"c-2"}}};
             for (const auto& [query, expected] : asked) {
                 const auto reply = co_await probe.kube("GET", path + query);
                 probe.expect_equal(names_in(reply.json), expected, query);
             }
             const auto junk = co_await probe.kube("GET", path + "?labelSelector=two%20words");
             expect_refusal(probe, junk, 400, "BadRequest", "unable to parse requirement");
         }},

        {.name = "versions",
         .requirement = "resourceVersion with Exact lists what was there then; junk is 400.",
         .rows = {189},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 1);
             const auto junk = co_await probe.kube("GET", path + "?resourceVersion=x");
             expect_refusal(probe, junk, 400, "BadRequest", "strconv.ParseUint: parsing \"x\"");
             const auto now = co_await probe.set_up_kube("GET", path);
             const auto version = text_at(now.json, "/metadata/resourceVersion");
             Json late = {{"metadata", {{"name", "late"}}}};
             (void)co_await make(probe, path, std::move(late));
             const auto then = co_await probe.kube(
                 "GET", path + "?resourceVersion=" + version + "&resourceVersionMatch=Exact");
             probe.expect_equal(names_in(then.json), names_in(now.json),
                                "the names at that version");
             probe.expect_equal(at(then.json, "/metadata/resourceVersion"), version,
                                "resourceVersion");
             const auto unbound = co_await probe.kube("GET", path + "?resourceVersionMatch=Exact");
             expect_refusal(probe, unbound, 422, "Invalid",
                            "resourceVersionMatch is forbidden unless resourceVersion is provided");
         }},

        {.name = "absent-namespaces-are-empty",
         .requirement = "A list in a namespace that is not there is empty, not 404.",
         .rows = {189},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto reply =
                 co_await probe.kube("GET", core_path(probe.name("nowhere"), "configmaps"));
             probe.expect_status(reply, 200);
             probe.expect_equal(at(reply.json, "/items"), Json::array(), "items");
         }},

        {.name = "tables",
         .requirement = "A caller that takes Tables gets columns and rows, one that takes "
                        "PartialObjectMetadata the metadata alone.",
         .rows = {189},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await some_maps(probe, 2);
             const auto reply = co_await probe.kube(
                 "GET", path + made_here, {}, As::admin(),
                 {{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}});
             probe.expect_equal(at(reply.json, "/kind"), "Table", "kind");
             std::vector<std::string> columns;
             for (const auto& column : at(reply.json, "/columnDefinitions")) {
                 columns.push_back(text_at(column, "/name"));
             }
             probe.expect_equal(columns, Json({"Name", "Data", "Age"}), "the columns");
             probe.expect_equal(at(reply.json, "/rows").size(), 2, "rows");
             probe.expect_equal(at(reply.json, "/rows/0/cells/0"), "c-0", "the first cell");
             const auto partial = co_await probe.kube(
                 "GET", path + made_here, {}, As::admin(),
                 {{"Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}});
             probe.expect_equal(at(partial.json, "/kind"), "PartialObjectMetadataList", "kind");
             probe.expect_equal(at(partial.json, "/items/0/kind"), "PartialObjectMetadata",
                                "kind of an item");
         }},
    };
}

}  // namespace meshproof::conformance
