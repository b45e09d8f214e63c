// What a request may ask for beside its object, and in which order it is looked at: as seen on
// kube-apiserver 1.34.4.
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

const std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
const std::string maps = "/api/v1/namespaces/default/configmaps";

std::string message(const Answer& answer) {
    return answer.body.value("message", "");
}

Json named(const std::string& name, Json more = Json::object()) {
    Json object{{"metadata", {{"name", name}}}};
    object.merge_patch(more);
    return object;
}

TEST_F(Kube, AnUpdateOfAnAbsentRoleCreatesIt) {
    const auto made = call("PUT", roles + "/r", named("r"));
    EXPECT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(call("GET", roles + "/r").status, 200);
    EXPECT_EQ(call("PUT", roles + "/r", named("r")).status, 200);
    EXPECT_EQ(
        call("PUT", roles + "/s", named("s", {{"metadata", {{"resourceVersion", "5"}}}})).status,
        201);
    EXPECT_EQ(
        call("PUT", roles + "/t", named("t", {{"metadata", {{"resourceVersion", "x"}}}})).status,
        500);
    EXPECT_EQ(call("PUT", roles + "/u", named("u", {{"metadata", {{"uid", "x"}}}})).status, 409);
    EXPECT_EQ(call("GET", roles + "/u").status, 404);
    EXPECT_EQ(call("PUT", maps + "/m", named("m")).status, 404);
    // Whoever may only update does not create.
    create_account("app");
    const Json rule{{"apiGroups", Json::array({"rbac.authorization.k8s.io"})},
                    {"resources", Json::array({"roles"})},
                    {"verbs", Json::array({"update"})}};
    Json role = named("updater");
    role["rules"] = Json::array({rule});
    ASSERT_EQ(call("POST", roles, role).status, 201);
    Json binding = named("updater");
    binding["roleRef"] = {{"kind", "Role"}, {"name", "updater"}};
    binding["subjects"] =
        Json::array({{{"kind", "ServiceAccount"}, {"name", "app"}, {"namespace", "default"}}});
    ASSERT_EQ(
        call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
            .status,
        201);
    const auto refused = call("PUT", roles + "/v", named("v"), token_of("app"));
    EXPECT_EQ(refused.status, 403);
    EXPECT_NE(message(refused).find("cannot create resource"), std::string::npos);
}

TEST_F(Kube, LooksAtABodyBeforeTheObject) {
    EXPECT_EQ(call("DELETE", maps + "/absent", Json{{"preconditions", 5}}).status, 500);
    EXPECT_EQ(call("DELETE", maps + "/absent", Json{{"kind", "a"}, {"apiVersion", "v1"}}).status,
              500);
    EXPECT_EQ(call("DELETE", maps + "/absent", Json::object(), "admin", "text/plain").status, 415);
    EXPECT_EQ(call("DELETE", maps + "/absent?propagationPolicy=x").status, 422);
    EXPECT_EQ(call("DELETE", maps + "/absent?gracePeriodSeconds=x").status, 400);
    const auto both =
        call("DELETE", maps + "/absent?orphanDependents=true&propagationPolicy=Orphan");
    EXPECT_EQ(both.status, 422);
    EXPECT_NE(message(both).find("cannot be both set"), std::string::npos);
    EXPECT_EQ(call("DELETE", maps + "/absent?propagationPolicy=x", Json::object()).status, 404)
        << "with a body, the query says nothing";
    EXPECT_EQ(call("POST", maps + "?dryRun=x", Json::object(), "admin", "text/plain").status, 415);
    EXPECT_EQ(call("PUT", maps + "/a?dryRun=x", Json::object(), "admin", "text/plain").status, 422);
    EXPECT_EQ(
        message(call("POST", maps, Json{{"kind", 5}})).find("couldn't get version/kind"),
        std::string("the object provided is unrecognized (must be of type ConfigMap): ").size());
}

TEST_F(Kube, ListsTakeOnlyOptionsOfLists) {
    const auto refused = [&](const std::string& query, int status, const std::string& text) {
        const auto answer = call("GET", maps + "?" + query);
        EXPECT_EQ(answer.status, status) << query;
        EXPECT_NE(message(answer).find(text), std::string::npos)
            << query << ": " << answer.raw.body;
    };
    refused("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list");
    refused("timeoutSeconds=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax");
    refused("limit=99999999999999999999", 400, "value out of range");
    refused("resourceVersionMatch=x", 422, "Unsupported value: \"x\"");
    refused("continue=some%20text", 400, "illegal base64 data at input byte 4");
    refused("continue=some%20text&resourceVersion=x", 400, "illegal base64 data at input byte 4");
    refused("labelSelector=a%3Db%3Dc", 400, "found '=', expected: ',' or 'end of string'");
    refused("labelSelector=a%20in", 400, "found '' expected: '('");
    refused("labelSelector=a%20in%20(b", 400, "found '', expected: ',' or ')'");
    refused("labelSelector=a,", 400, "found '', expected: identifier after ','");
    refused("labelSelector=!", 400, "found '', expected: identifier");
    refused("labelSelector=-a", 400, "Invalid value: \"-a\": name part must consist of");
    refused("labelSelector=a%3D-b", 400, "values[0][a]: Invalid value: \"-b\"");
    refused("labelSelector=a%3Ex", 400, "the value must be an integer");
    refused("fieldSelector=metadata.name%3Db%3Dc", 400, "unescaped character in value: 61");
    EXPECT_EQ(call("GET", maps + "?limit=-1&timeoutSeconds=-1").status, 200);
    EXPECT_EQ(call("DELETE", maps + "?sendInitialEvents=true").status, 422);
}

TEST_F(Kube, ListsAreReadBeforeTheirFormIsLookedAt) {
    const auto asked = [&](const std::string& query, const char* accept, const char* method) {
        return call(method, maps + query, std::nullopt, "admin", "", {{"Accept", accept}}).status;
    };
    constexpr auto nothing = "application/json;as=Nothing;v=v1";
    EXPECT_EQ(asked("?labelSelector=%7B", nothing, "GET"), 400);
    EXPECT_EQ(asked("?limit=x", nothing, "GET"), 400);
    EXPECT_EQ(asked("?sendInitialEvents=false", nothing, "GET"), 422);
    EXPECT_EQ(asked("?fieldSelector=a%3Db", nothing, "GET"), 406);
    EXPECT_EQ(asked("?continue=x", nothing, "GET"), 406);
    EXPECT_EQ(asked("?watch=1&resourceVersionMatch=Exact&fieldSelector=a%3Db", nothing, "GET"),
              422);
    EXPECT_EQ(asked("?watch=1&fieldSelector=a%3Db", nothing, "GET"), 406);
    EXPECT_EQ(asked("?watch=1&fieldSelector=a%3Db", "application/yaml", "GET"), 400);
    EXPECT_EQ(asked("?watch=1&resourceVersion=x", "application/yaml", "GET"), 500);
    EXPECT_EQ(asked("?watch=1", "application/yaml", "GET"), 406);
    EXPECT_EQ(asked("?labelSelector=%7B", nothing, "DELETE"), 406);
}

TEST_F(Kube, SelectsByNumber) {
    ASSERT_EQ(call("POST", maps, named("a", {{"metadata", {{"labels", {{"n", "3"}}}}}})).status,
              201);
    const auto count = [&](const std::string& selector) {
        return call("GET", maps + "?labelSelector=" + selector).body["items"].size();
    };
    EXPECT_EQ(count("n%3E2"), 1U);
    EXPECT_EQ(count("n%3E3"), 0U);
    EXPECT_EQ(count("n%3C4"), 1U);
    EXPECT_EQ(count("n%20in%20(1,3)"), 1U);
    EXPECT_EQ(count("!n,n%3E2"), 0U);
}

TEST_F(Kube, AFieldManagerIsShortAndPrintable) {
    const std::string longer(129, 'a');
    for (const auto& [method, target] :
         {std::pair("POST", maps), std::pair("PUT", maps + "/kube-root-ca.crt"),
          std::pair("POST", std::string("/apis/authentication.k8s.io/v1/selfsubjectreviews"))}) {
        const auto refused =
            call(method, target + "?fieldManager=" + longer, named("kube-root-ca.crt"));
        EXPECT_EQ(refused.status, 422) << target;
        EXPECT_NE(message(refused).find("fieldManager: Too long: may not be more than 128 bytes"),
                  std::string::npos);
    }
    const auto odd = call("POST", maps + "?fieldManager=a%0A", named("a"));
    EXPECT_EQ(message(odd),
              "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\n\": "
              "invalid character U+000A (at position 1)");
    EXPECT_EQ(call("POST", maps + "?fieldManager=a%C3%BC", named("b")).status, 201);
}

TEST_F(Kube, ATimeHasToBeOne) {
    const auto said = [&](const std::string& time) {
        const auto answer = call("POST", maps + "?dryRun=All",
                                 named("t", {{"metadata", {{"creationTimestamp", time}}}}));
        const auto text = message(answer);
        const auto at = text.find("parsing time");
        return at == std::string::npos ? std::to_string(answer.status) : text.substr(at);
    };
    const std::string layout = " as \"2006-01-02T15:04:05Z07:00\": cannot parse ";
    EXPECT_EQ(said("a"), "parsing time \"a\"" + layout + "\"a\" as \"2006\"");
    EXPECT_EQ(said(""), "parsing time \"\"" + layout + "\"\" as \"2006\"");
    EXPECT_EQ(said("2026-01-01"), "parsing time \"2026-01-01\"" + layout + "\"\" as \"T\"");
    EXPECT_EQ(said("2026-13-01T00:00:00Z"),
              "parsing time \"2026-13-01T00:00:00Z\": month out of range");
    EXPECT_EQ(said("2026-02-30T00:00:00Z"),
              "parsing time \"2026-02-30T00:00:00Z\": day out of range");
    EXPECT_EQ(said("2026-01-01T00:00:00Zx"),
              "parsing time \"2026-01-01T00:00:00Zx\": extra text: \"x\"");
    EXPECT_EQ(said("x\n\""), "parsing time \"x\\x0a\\\"\"" + layout + "\"x\\x0a\\\"\" as \"2006\"");
    EXPECT_EQ(said("2026-01-01T00:00:00.5Z"), "201");
    EXPECT_EQ(said("2026-01-01T00:00:00+01:00"), "201");
    EXPECT_EQ(call("PATCH", maps + "/x?fieldManager=f",
                   Json{{"apiVersion", "v1"},
                        {"kind", "ConfigMap"},
                        {"metadata", {{"creationTimestamp", "a"}}}},
                   "admin", "application/apply-patch+yaml")
                  .status,
              500);
}

TEST_F(Kube, ReviewsTakeNoMetadataOfAccess) {
    const std::string access = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const Json spec{{"spec", {{"nonResourceAttributes", {{"path", "/"}, {"verb", "get"}}}}}};
    const auto made = call("POST", access, spec);
    EXPECT_EQ(made.status, 201);
    EXPECT_TRUE(made.body["metadata"].contains("managedFields"));
    auto labelled = spec;
    labelled["metadata"]["labels"]["a"] = "b";
    const auto refused = call("POST", access, labelled);
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(message(refused).find("must be empty"), std::string::npos);
    auto dated = spec;
    dated["metadata"] = {{"uid", "u"}, {"selfLink", "s"}, {"labels", Json::object()}};
    EXPECT_EQ(call("POST", access, dated).status, 201);
    const auto review = call("POST", reviews,
                             Json{{"metadata", {{"name", "x"}, {"uid", "u"}, {"selfLink", "s"}}},
                                  {"spec", {{"token", "none"}, {"audiences", Json::array()}}}});
    EXPECT_EQ(review.body["metadata"]["name"], "x");
    EXPECT_FALSE(review.body["metadata"].contains("uid"));
    EXPECT_FALSE(review.body["metadata"].contains("selfLink"));
    EXPECT_EQ(review.body["spec"], (Json{{"token", "none"}}));
}

TEST_F(Kube, AGenerationIsTheClientsWhereNobodyCounts) {
    const auto made =
        call("POST", maps, named("g", {{"metadata", {{"generation", 5}, {"selfLink", "x"}}}}));
    EXPECT_EQ(made.body["metadata"]["generation"], 5);
    EXPECT_FALSE(made.body["metadata"].contains("selfLink"));
    EXPECT_EQ(call("POST", maps, named("h", {{"metadata", {{"generation", -1}}}})).status, 422);
    const auto kept = call("PUT", maps + "/g", named("g", {{"metadata", {{"generation", 7}}}}));
    EXPECT_EQ(kept.body["metadata"]["generation"], 5);
    const auto refused =
        call("PUT", maps + "/g", named("g", {{"metadata", {{"deletionGracePeriodSeconds", 6}}}}));
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(
        message(refused).find("metadata.deletionGracePeriodSeconds: Invalid value: 6: field is "
                              "immutable"),
        std::string::npos);
}

TEST_F(Kube, ASelfLinkIsShownByTrialsOfUpdatesAlone) {
    const auto linked = [&](const std::string& method, const std::string& target) {
        const auto answer = call(method, target, named("s", {{"metadata", {{"selfLink", "x"}}}}));
        EXPECT_LT(answer.status, 300) << answer.raw.body;
        return answer.body["metadata"].contains("selfLink");
    };
    EXPECT_FALSE(linked("POST", maps + "?dryRun=All"));
    EXPECT_FALSE(linked("POST", maps));
    EXPECT_TRUE(linked("PUT", maps + "/s?dryRun=All"));
    const auto before = call("GET", maps + "/s").body;
    EXPECT_FALSE(linked("PUT", maps + "/s"));
    EXPECT_EQ(call("GET", maps + "/s").body, before) << "nothing was changed";
    EXPECT_TRUE(linked("PUT", roles + "/s?dryRun=All")) << "an update that creates";
    EXPECT_FALSE(linked("PUT", roles + "/s"));
}

TEST_F(Kube, TheCollectorHasItsTurnBeforeAnOwnerGoes) {
    for (const auto& [policy, finalizer] :
         {std::pair("Orphan", "orphan"), std::pair("Foreground", "foregroundDeletion")}) {
        const auto owner = call("POST", maps, named("owner")).body;
        const Json reference{{"apiVersion", "v1"},
                             {"kind", "ConfigMap"},
                             {"name", "owner"},
                             {"uid", owner["metadata"]["uid"]}};
        Json owned = named("owned");
        owned["metadata"]["ownerReferences"] = Json::array({reference});
        ASSERT_EQ(call("POST", maps, owned).status, 201);
        const auto gone = call("DELETE", maps + "/owner", Json{{"propagationPolicy", policy}});
        EXPECT_EQ(gone.body["kind"], "ConfigMap");
        EXPECT_EQ(gone.body["metadata"]["finalizers"], Json::array({finalizer}));
        EXPECT_TRUE(gone.body["metadata"].contains("deletionTimestamp"));
        EXPECT_EQ(call("GET", maps + "/owner").status, 404);
        const bool orphan = std::string(policy) == "Orphan";
        const auto left = call("GET", maps + "/owned");
        EXPECT_EQ(left.status, orphan ? 200 : 404) << policy;
        if (orphan) {
            EXPECT_FALSE(left.body["metadata"].contains("ownerReferences"));
            EXPECT_FALSE(left.body["metadata"].contains("managedFields")) << left.raw.body;
            call("DELETE", maps + "/owned");
        }
    }
    Json held = named("held");
    held["metadata"]["finalizers"] = Json::array({"a.b/c"});
    ASSERT_EQ(call("POST", maps, held).status, 201);
    const auto told = call("DELETE", maps + "/held", Json{{"orphanDependents", true}});
    EXPECT_EQ(told.body["metadata"]["finalizers"], Json::array({"a.b/c", "orphan"}));
    EXPECT_EQ(call("GET", maps + "/held").body["metadata"]["finalizers"], Json::array({"a.b/c"}));
}

TEST_F(Kube, WhatAnUpdateLetsGoHasNoNewVersion) {
    Json held = named("held");
    held["metadata"]["finalizers"] = Json::array({"a.b/c"});
    ASSERT_EQ(call("POST", maps, held).status, 201);
    const auto leaving = call("DELETE", maps + "/held");
    const auto freed = call("PUT", maps + "/held", named("held", {{"data", {{"a", "b"}}}}));
    EXPECT_EQ(freed.status, 200) << freed.raw.body;
    EXPECT_EQ(freed.body["data"], (Json{{"a", "b"}}));
    EXPECT_EQ(freed.body["metadata"]["resourceVersion"],
              leaving.body["metadata"]["resourceVersion"]);
    EXPECT_EQ(call("GET", maps + "/held").status, 404);
    Json going = named("going");
    going["metadata"]["deletionTimestamp"] = "2026-01-01T02:00:00+02:00";
    const auto made = call("PUT", roles + "/going", going);
    EXPECT_EQ(made.body["metadata"]["deletionTimestamp"], "2026-01-01T00:00:00Z") << made.raw.body;
    const auto again = call("PUT", roles + "/going", named("going"));
    EXPECT_EQ(again.body["metadata"]["resourceVersion"], made.body["metadata"]["resourceVersion"])
        << again.raw.body;
    EXPECT_EQ(call("GET", roles + "/going").status, 404);
}

TEST_F(Kube, WhatAdmissionAddsToAPodIsNobodys) {
    Json pod = named("p");
    pod["spec"] = {{"containers", Json::array({{{"name", "app"}, {"image", "app"}}})},
                   {"priority", 0}};
    const auto made = call("POST", pods, pod);
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_TRUE(made.body["spec"].contains("tolerations"));
    const auto owned = made.body["metadata"]["managedFields"][0]["fieldsV1"];
    EXPECT_FALSE(owned.contains("f:status"));
    EXPECT_FALSE(owned["f:spec"].contains("f:tolerations"));
    EXPECT_FALSE(owned["f:spec"].contains("f:serviceAccountName"));
    EXPECT_TRUE(owned["f:spec"].contains("f:priority"));
    EXPECT_TRUE(owned["f:spec"].contains("f:dnsPolicy"));
}

TEST_F(Kube, WhatIsEmptyIsNotThere) {
    const auto account =
        call("POST", accounts,
             named("e", {{"secrets", Json::array()}, {"imagePullSecrets", Json::array()}}));
    EXPECT_FALSE(account.body.contains("secrets"));
    EXPECT_FALSE(account.body.contains("imagePullSecrets"));
    EXPECT_FALSE(account.body["metadata"].contains("managedFields"));
    const auto map = call("POST", maps, named("e", {{"binaryData", Json::object()}}));
    EXPECT_FALSE(map.body.contains("binaryData"));
    const auto role = call("POST", roles, named("e", {{"rules", Json::array()}}));
    EXPECT_EQ(role.body["rules"], Json());
    EXPECT_TRUE(role.body["metadata"]["managedFields"][0]["fieldsV1"].contains("f:rules"));
}

TEST_F(Kube, ApplyNamesWhatItMakes) {
    const auto apply = [&](const std::string& name, Json metadata) {
        return call(
            "PATCH", maps + "/" + name + "?fieldManager=f",
            Json{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", std::move(metadata)}},
            "admin", "application/apply-patch+yaml");
    };
    EXPECT_EQ(apply("a", Json::object()).status, 400);
    EXPECT_EQ(apply("a", {{"name", "a"}, {"uid", "x"}}).status, 409);
    EXPECT_EQ(apply("a", {{"name", "b"}, {"uid", "x"}}).status, 409);
    EXPECT_EQ(apply("a", {{"name", "b"}, {"resourceVersion", "x"}}).status, 400);
    EXPECT_EQ(apply("a", {{"name", "a"}, {"resourceVersion", "x"}}).status, 500);
    EXPECT_EQ(apply("a", {{"name", "a"}, {"resourceVersion", "5"}}).status, 201);
    EXPECT_EQ(apply("a", Json::object()).status, 200);
    EXPECT_EQ(apply("a", {{"resourceVersion", "1"}}).status, 409);
}

TEST_F(Kube, APodToldTwiceCountsOnce) {
    ASSERT_EQ(call("POST", "/api/v1/nodes", named("n")).status, 201);
    Json pod = named("p");
    pod["spec"] = {{"nodeName", "n"},
                   {"containers", Json::array({{{"name", "app"}, {"image", "app"}}})}};
    ASSERT_EQ(call("POST", pods, pod).status, 201);
    EXPECT_EQ(call("DELETE", pods + "/p").body["metadata"]["generation"], 2);
    const auto last = call("DELETE", pods + "/p", Json{{"gracePeriodSeconds", 0}});
    EXPECT_EQ(last.body["metadata"]["generation"], 2);
    EXPECT_EQ(last.body["metadata"]["deletionGracePeriodSeconds"], 0);
}

}  // namespace
}  // namespace meshproof::fakes
