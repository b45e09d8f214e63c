#include "fakes/kube/protobuf.hpp"

#include "fakes/kube/custom_types.hpp"
#include "fixture.hpp"
#include "wire_samples.hpp"

namespace meshproof::fakes {
namespace {

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
    }
    return bytes;
}

// What kubectl 1.34.4 sent to a kube-apiserver 1.34.4 (kubectl -v=10 prints it).
constexpr std::string_view sent_account =
    "6b3873000a140a027631120e536572766963654163636f756e7412180a160a066b742d61707012001a0022002a00"
    "3200380042001a002200";
constexpr std::string_view sent_token =
    "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374"
    "12240a100a0012001a0022002a00320038004200120a0a057661756c7420d8041a040a0012001a002200";
constexpr std::string_view who_am_i =
    "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a65637452"
    "6576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200";
constexpr std::string_view can_i_create_token_reviews =
    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a6563744163"
    "63657373526576696577125c0a100a0012001a0022002a00320038004200123e0a3c0a0764656661756c74120663"
    "72656174651a1561757468656e7469636174696f6e2e6b38732e696f22002a0c746f6b656e726576696577733200"
    "3a001a08080012001a0020001a002200";
constexpr std::string_view can_i_list =
    "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a6563745275"
    "6c657352657669657712230a100a0012001a0022002a0032003800420012090a0764656661756c741a0418002200"
    "1a002200";
constexpr std::string_view sent_secret =
    "6b3873000a0c0a027631120653656372657412200a140a046b742d7312001a0022002a0032003800420012060a01"
    "611201621a001a002200";
constexpr std::string_view sent_cluster_role_binding =
    "6b3873000a320a1c726261632e617574686f72697a6174696f6e2e6b38732e696f2f76311212436c757374657252"
    "6f6c6542696e64696e67127e0a160a066b742d63726212001a0022002a0032003800420012230a0e536572766963"
    "654163636f756e7412001a066b742d617070220764656661756c741a3f0a19726261632e617574686f72697a6174"
    "696f6e2e6b38732e696f120b436c7573746572526f6c651a1573797374656d3a617574682d64656c656761746f72"
    "1a002200";
constexpr std::string_view sent_namespace =
    "6b3873000a0f0a02763112094e616d657370616365121d0a150a056b742d6e7312001a0022002a00320038004200"
    "12001a020a001a002200";
constexpr std::string_view sent_config_map =
    "6b3873000a0f0a0276311209436f6e6669674d6170121f0a150a056b742d636d12001a0022002a00320038004200"
    "12060a01611201621a002200";
constexpr std::string_view sent_role =
    "6b3873000a240a1c726261632e617574686f72697a6174696f6e2e6b38732e696f2f76311204526f6c6512250a14"
    "0a046b742d7212001a0022002a00320038004200120d0a0367657412001a04706f64731a002200";

// The field of runtime.Unknown that holds the object, after a TypeMeta of v1 ServiceAccount.
std::string account_of(std::string_view raw_hex) {
    const auto raw = from_hex(raw_hex);
    return from_hex("6b3873000a140a027631120e536572766963654163636f756e7412") +
           static_cast<char>(raw.size()) + raw;
}

class Protobuf : public Kube {
  protected:
    Answer send(const std::string& target, std::string bytes, std::string method = "POST") {
        http::Request request;
        request.method = std::move(method);
        request.target = target;
        request.headers.set("Authorization", "Bearer admin");
        request.headers.set("Content-Type", std::string(kube::protobuf_media_type));
        request.body = std::move(bytes);
        return ask(std::move(request), {});
    }
};

TEST_F(Protobuf, IsTheSameAsJsonForWhatKubectlSends) {
    EXPECT_EQ(
        kube::json_of_protobuf(from_hex(sent_account), "ServiceAccount").value(),
        (Json{
            {"kind", "ServiceAccount"}, {"apiVersion", "v1"}, {"metadata", {{"name", "kt-app"}}}}));
    EXPECT_EQ(kube::json_of_protobuf(from_hex(sent_token), "TokenRequest").value(),
              (Json{{"kind", "TokenRequest"},
                    {"apiVersion", "authentication.k8s.io/v1"},
                    {"spec", {{"audiences", {"vault"}}, {"expirationSeconds", 600}}},
                    {"status", {{"token", ""}}}}));  // as Go's JSON of the same
    EXPECT_EQ(kube::json_of_protobuf(from_hex(sent_secret), "Secret").value(),
              (Json{{"kind", "Secret"},
                    {"apiVersion", "v1"},
                    {"metadata", {{"name", "kt-s"}}},
                    {"data", {{"a", "Yg=="}}}}));
    EXPECT_EQ(kube::json_of_protobuf(from_hex(sent_config_map), "ConfigMap").value(),
              (Json{{"kind", "ConfigMap"},
                    {"apiVersion", "v1"},
                    {"metadata", {{"name", "kt-cm"}}},
                    {"data", {{"a", "b"}}}}));
    EXPECT_EQ(
        kube::json_of_protobuf(from_hex(sent_role), "Role").value(),
        (Json{
            {"kind", "Role"},
            {"apiVersion", "rbac.authorization.k8s.io/v1"},
            {"metadata", {{"name", "kt-r"}}},
            {"rules",
             Json::array({{{"verbs", {"get"}}, {"apiGroups", {""}}, {"resources", {"pods"}}}})}}));
    EXPECT_EQ(
        kube::json_of_protobuf(from_hex(sent_cluster_role_binding), "ClusterRoleBinding").value(),
        (Json{{"kind", "ClusterRoleBinding"},
              {"apiVersion", "rbac.authorization.k8s.io/v1"},
              {"metadata", {{"name", "kt-crb"}}},
              {"subjects",
               Json::array(
                   {{{"kind", "ServiceAccount"}, {"name", "kt-app"}, {"namespace", "default"}}})},
              {"roleRef",
               {{"apiGroup", "rbac.authorization.k8s.io"},
                {"kind", "ClusterRole"},
                {"name", "system:auth-delegator"}}}}));
}

TEST_F(Protobuf, IsTakenFromKubectlWhereverItSendsIt) {
    const auto account = send(accounts, from_hex(sent_account));
    EXPECT_EQ(account.status, 201) << account.raw.body;
    EXPECT_EQ(account.body["metadata"]["name"], "kt-app");
    EXPECT_EQ(send(accounts, from_hex(sent_account)).status, 409);
    const auto token = send(accounts + "/kt-app/token", from_hex(sent_token));
    EXPECT_EQ(token.status, 201) << token.raw.body;
    EXPECT_EQ(token.body["spec"]["audiences"], Json::array({"vault"}));
    EXPECT_EQ(token.body["spec"]["expirationSeconds"], 600);
    const auto self = send("/apis/authentication.k8s.io/v1/selfsubjectreviews", from_hex(who_am_i));
    EXPECT_EQ(self.body["status"]["userInfo"]["username"], "admin") << self.raw.body;
    const auto access = send("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                             from_hex(can_i_create_token_reviews));
    EXPECT_EQ(access.body["spec"]["resourceAttributes"]["resource"], "tokenreviews");
    EXPECT_EQ(access.body["status"]["allowed"], true) << access.raw.body;
    EXPECT_EQ(send(secrets, from_hex(sent_secret)).status, 201);
    EXPECT_EQ(send(bindings, from_hex(sent_cluster_role_binding)).status, 201);
    EXPECT_EQ(send("/api/v1/namespaces", from_hex(sent_namespace)).status, 201);
    EXPECT_EQ(
        send("/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", from_hex(sent_role))
            .status,
        201);
}

TEST_F(Protobuf, ListsWhatTheCallerMayDo) {
    const auto target = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    const auto mine = send(target, from_hex(can_i_list));
    EXPECT_EQ(mine.status, 201) << mine.raw.body;
    const auto& rules = mine.body["status"]["resourceRules"];
    EXPECT_TRUE(std::ranges::any_of(rules, [](const Json& rule) {
        return rule["verbs"] == Json::array({"*"});
    })) << mine.raw.body;
    create_account("app");
    const auto its =
        call("POST", target, Json{{"spec", {{"namespace", "default"}}}}, token_of("app"));
    EXPECT_EQ(its.status, 201) << its.raw.body;
    EXPECT_FALSE(its.body["status"]["nonResourceRules"].empty());
    EXPECT_TRUE(std::ranges::none_of(its.body["status"]["resourceRules"], [](const Json& rule) {
        return rule["verbs"] == Json::array({"*"});
    })) << its.raw.body;
    const auto nowhere = call("POST", target, Json::object());
    EXPECT_EQ(nowhere.status, 400);
    EXPECT_EQ(nowhere.body["message"], "no namespace on request");
}

TEST_F(Protobuf, KeepsAZeroOnlyWhereItMeansSomething) {
    // automountServiceAccountToken: false is not its absence.
    EXPECT_EQ(kube::json_of_protobuf(account_of("2000"), "ServiceAccount")
                  .value()
                  .at("automountServiceAccountToken"),
              false);
    EXPECT_FALSE(kube::json_of_protobuf(account_of("0a020a00"), "ServiceAccount")
                     .value()
                     .contains("metadata"));
    EXPECT_EQ(kube::json_of_protobuf(from_hex("6b38730012020800"), "DeleteOptions").value(),
              (Json{{"kind", "DeleteOptions"}, {"gracePeriodSeconds", 0}}));
}

TEST_F(Protobuf, TellsNoTimeFromThatOfTheEpoch) {
    const auto time_of = [](std::string_view metadata) {
        const auto read = kube::json_of_protobuf(account_of(metadata), "ServiceAccount").value();
        return read.value(Json::json_pointer("/metadata/creationTimestamp"), Json());
    };
    EXPECT_EQ(time_of("0a024200"), Json());
    EXPECT_EQ(time_of("0a06420408001000"), "1970-01-01T00:00:00Z");
}

TEST_F(Protobuf, SkipsUnknownFieldsOfEveryWireType) {
    // 100: varint 1, 101: eight bytes, 102: "ab", 103: a group in a group, 104: four bytes.
    const auto unknown =
        "a006 01 a906 0102030405060708 b206 02 6162 bb06 bb06 bc06 bc06 c506 01020304";
    std::string hex;
    std::ranges::copy_if(std::string_view(unknown), std::back_inserter(hex),
                         [](char c) { return c != ' '; });
    EXPECT_EQ(kube::json_of_protobuf(account_of(hex + "2001"), "ServiceAccount")
                  .value()
                  .at("automountServiceAccountToken"),
              true);
}

TEST_F(Protobuf, AnEnvelopeWithoutAKindMeansTheOneOfThePath) {
    EXPECT_EQ(send(accounts, from_hex("6b387300120a0a080a066b742d617070")).status, 201);
}

TEST_F(Protobuf, RefusesMalformedBodiesInTheServersWords) {
    const std::string unrecognized =
        "the object provided is unrecognized (must be of type ServiceAccount): ";
    const std::string unhandled =
        "ServiceAccount in version \"v1\" cannot be handled as a ServiceAccount: ";
    const auto refused = [&](std::string bytes) {
        const auto answer = send(accounts, std::move(bytes));
        EXPECT_EQ(answer.status, 400) << answer.raw.body;
        return answer.body["message"].get<std::string>();
    };
    EXPECT_EQ(refused(from_hex("0a140a027631")),
              unrecognized +
                  "provided data does not appear to be a protobuf message, expected "
                  "prefix [107 56 115 0] (0a140a027631)");
    EXPECT_EQ(refused("{}"), unrecognized +
                                 "provided data does not appear to be a protobuf message, expected "
                                 "prefix [107 56 115 0] ({})");
    EXPECT_EQ(refused(""), unrecognized + "empty data (<empty>)");
    EXPECT_EQ(refused(from_hex("6b387300")), unrecognized + "empty body (6b387300)");
    EXPECT_EQ(refused(from_hex("6b3873000a140a0276")),
              unrecognized + "unexpected EOF (6b3873000a140a0276)");
    EXPECT_EQ(refused(from_hex(sent_account.substr(0, 80))),
              unrecognized +
                  "unexpected EOF "
                  "(6b3873000a140a027631120e536572766963654163636f756e7412180a16 ...)");
    EXPECT_EQ(refused(account_of("0a160a")), unhandled + "unexpected EOF");
    EXPECT_EQ(refused(account_of("0801")),
              unhandled + "proto: wrong wireType = 0 for field metadata");
    EXPECT_EQ(refused(account_of("0001")),
              unhandled + "proto: ServiceAccount: illegal tag 0 (wire type 0)");
    EXPECT_EQ(refused(account_of("a006ffffffffffffffffffff7f")),
              unhandled + "proto: integer overflow");
    EXPECT_EQ(refused(account_of("a706")), unhandled + "proto: illegal wireType 7");
    EXPECT_EQ(refused(account_of("a406")), unhandled + "proto: unexpected end of group");
    EXPECT_EQ(refused(account_of("a306")), unhandled + "unexpected EOF");
    // A length of 2^64 - 1.
    EXPECT_EQ(refused(account_of("0affffffffffffffffff01")), unhandled + "unexpected EOF");
    EXPECT_TRUE(refused(from_hex(sent_secret)).starts_with("Secret in version \"v1\" cannot be"));
}

// What the API server writes, byte for byte, from the same object's JSON; and back.
TEST_F(Protobuf, IsWrittenAsTheServerWritesIt) {
    for (const auto& sample : wire_samples) {
        const auto object = Json::parse(sample.json);
        const auto bytes = kube::protobuf_of(object);
        ASSERT_TRUE(bytes) << sample.kind;
        EXPECT_EQ(to_hex(as_bytes(*bytes)), sample.hex) << sample.kind;
        if (!sample.kind.ends_with("List")) {
            const auto read = kube::json_of_protobuf(from_hex(sample.hex), sample.kind).value();
            EXPECT_EQ(kube::protobuf_of(read), bytes) << sample.kind;
            if (sample.kind != "Status") {  // whose metadata is empty
                EXPECT_EQ(read["metadata"], object["metadata"]) << sample.kind;
            }
        }
    }
}

TEST_F(Protobuf, ReadsFieldsThatStandElsewhereInJson) {
    // Go embeds the probe's handler, the selector's reference and the volume's source.
    const auto read = kube::json_of_protobuf(from_hex(wire_samples[0].hex), "Pod").value();
    const auto& container = read["spec"]["containers"][0];
    EXPECT_EQ(container["readinessProbe"]["httpGet"]["port"], "web");
    EXPECT_EQ(container["livenessProbe"]["tcpSocket"]["port"], 80);
    EXPECT_EQ(container["env"][0]["valueFrom"]["secretKeyRef"],
              (Json{{"name", "s"}, {"key", "k"}}));
    EXPECT_EQ(container["resources"]["requests"]["cpu"], "100m");
    EXPECT_EQ(read["spec"]["volumes"][0]["emptyDir"]["sizeLimit"], "1Mi");
    EXPECT_TRUE(read["metadata"]["managedFields"][0]["fieldsV1"].is_object());
}

Json filled(const kube::ObjectType& type);

// A value that no reader takes for an empty one.
Json filled(const kube::FieldType& type) {
    using Kind = kube::FieldType::Kind;
    switch (type.kind) {
        case Kind::text:
            return "x";
        case Kind::time:
            return type.micro ? "2026-01-02T03:04:05.000006Z" : "2026-01-02T03:04:05Z";
        case Kind::bytes:
            return "AAEC";
        case Kind::quantity:
            return "100m";
        case Kind::int_or_string:
            return "25%";
        case Kind::int32:
            return -7;
        case Kind::int64:
            return std::int64_t{1} << 40;
        case Kind::number:
            return 1.5;
        case Kind::boolean:
            return true;
        case Kind::any:
            return Json{{"f:x", Json::object()}};
        case Kind::list:
            return Json::array({filled(*type.of)});
        case Kind::map:
            return Json{{"k", filled(*type.of)}};
        case Kind::object:
            return filled(*type.object);
    }
    return nullptr;
}

Json filled(const kube::ObjectType& type) {
    Json object = Json::object();
    for (const auto& [name, field] : type.fields) {
        // Inner objects carry no name of their kind on the wire.
        const bool own_kind = type.find("metadata") && (name == "kind" || name == "apiVersion");
        if (!own_kind) {
            object[name] = filled(field);
        }
    }
    return object;
}

// Both tables are of one version: whatever the schema has survives the way there and back.
TEST_F(Protobuf, HasEveryFieldOfTheSchema) {
    int kinds = 0;
    for (const auto& type : kube::all_types()) {
        // The schemas in a definition hold themselves without end: a sample has its fields.
        if (!kube::has_protobuf(type.kind, type.api_version()) ||
            type.kind == "CustomResourceDefinition") {
            continue;
        }
        ++kinds;
        auto object = filled(kube::object_type(type));
        object["kind"] = type.kind;
        object["apiVersion"] = type.api_version();
        const auto bytes = kube::protobuf_of(object).value();
        EXPECT_EQ(kube::json_of_protobuf(bytes, type.kind).value(), object) << type.kind;
    }
    EXPECT_GT(kinds, 15);
}

TEST_F(Protobuf, IsWhatTypedClientsWriteAndRead) {
    http::Headers binary{{"Accept", std::string(kube::protobuf_media_type)}};
    const auto read = [&](const Answer& answer, std::string_view kind) {
        EXPECT_EQ(answer.raw.headers.find("Content-Type"), kube::protobuf_media_type);
        return kube::json_of_protobuf(answer.raw.body, kind).value();
    };
    const Json pod = {{"kind", "Pod"},
                      {"apiVersion", "v1"},
                      {"metadata", {{"name", "a"}}},
                      {"spec", {{"containers", Json::array({{{"name", "c"}, {"image", "i"}}})}}}};
    http::Request create;
    create.method = "POST";
    create.target = pods;
    create.headers = binary;
    create.headers.set("Authorization", "Bearer admin");
    create.headers.set("Content-Type", std::string(kube::protobuf_media_type));
    create.body = kube::protobuf_of(pod).value();
    const auto made = ask(create, {});
    EXPECT_EQ(made.status, 201) << made.raw.body;
    auto object = read(made, "Pod");
    EXPECT_EQ(object["spec"]["restartPolicy"], "Always");
    // Update of the status, with all of the object in the body.
    object["status"]["phase"] = "Running";
    auto update = create;
    update.method = "PUT";
    update.target = pods + "/a/status";
    update.body = kube::protobuf_of(object).value();
    const auto updated = ask(update, {});
    EXPECT_EQ(updated.status, 200) << updated.raw.body;
    EXPECT_EQ(read(updated, "Pod")["status"]["phase"], "Running");
    const auto patched = call("PATCH", pods + "/a", Json{{"metadata", {{"labels", {{"a", "b"}}}}}},
                              "admin", "application/merge-patch+json", binary);
    EXPECT_EQ(read(patched, "Pod")["metadata"]["labels"]["a"], "b");
    EXPECT_EQ(call("GET", pods + "/a").body["status"]["phase"], "Running");
    const auto list = call("GET", pods, {}, "admin", "", binary);
    EXPECT_EQ(list.raw.headers.find("Content-Type"), kube::protobuf_media_type);
    EXPECT_EQ(list.raw.body, kube::protobuf_of(call("GET", pods).body));
    const auto gone = call("GET", pods + "/none", {}, "admin", "", binary);
    EXPECT_EQ(gone.status, 404);
    EXPECT_EQ(read(gone, "Status")["reason"], "NotFound");
    const auto groups = call("GET", "/apis", {}, "admin", "", binary);
    EXPECT_EQ(read(groups, "APIGroupList")["groups"], call("GET", "/apis").body["groups"]);
}

TEST_F(Protobuf, IsWatchedInFramesThatBeginWithTheirLength) {
    create_pod("a", "default");
    const auto answer = call("GET", pods + "?watch=1&timeoutSeconds=1", {}, "admin", "",
                             {{"Accept", std::string(kube::protobuf_media_type)}});
    ASSERT_TRUE(answer.raw.source) << answer.raw.body;
    EXPECT_EQ(answer.raw.headers.find("Content-Type"),
              "application/vnd.kubernetes.protobuf;stream=watch");
    const auto frame = clock.run(answer.raw.source->next(clock)).value();
    const auto event = kube::protobuf_event("ADDED", call("GET", pods + "/a").body);
    const auto size = event.size();
    const std::string length{'\0', '\0', static_cast<char>(size >> 8), static_cast<char>(size)};
    EXPECT_EQ(to_hex(as_bytes(frame)), to_hex(as_bytes(length + event)));
}

// As kube-apiserver 1.34.4 chose.
TEST_F(Protobuf, IsChosenAmongWhatTheCallerAccepts) {
    const std::string binary(kube::protobuf_media_type);
    const std::string table = ";as=Table;v=v1;g=meta.k8s.io";
    const std::string metadata = ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    const auto chosen = [&](const std::string& accept, const std::string& target) {
        const auto answer = call("GET", target, {}, "admin", "", {{"Accept", accept}});
        return fmt::format("{} {}", answer.status,
                           answer.raw.headers.find("Content-Type").value_or(""));
    };
    const auto one = "/api/v1/namespaces/default";
    EXPECT_EQ(chosen("*/*," + binary, one), "200 " + binary);
    EXPECT_EQ(chosen("application/json;q=0.2," + binary, one), "200 " + binary);
    EXPECT_EQ(chosen("text/html," + binary + ";q=0.5,application/json", one),
              "200 application/json");
    EXPECT_EQ(chosen(binary + table + "," + binary, one), "200 " + binary);
    EXPECT_EQ(chosen(binary + table, one), "406 application/json");
    EXPECT_EQ(chosen(binary + table + ",application/json" + table, one), "200 application/json");
    EXPECT_EQ(chosen(binary + metadata, one), "200 " + binary);
    EXPECT_EQ(chosen(binary + metadata, "/api/v1/namespaces/none"), "404 application/json");
    EXPECT_EQ(chosen(binary + ";stream=foo", one), "406 application/json");
    EXPECT_EQ(chosen("application/*", one), "406 application/json");
    EXPECT_EQ(chosen("application/*", "/apis"), "200 application/json");
    EXPECT_EQ(chosen(binary, "/version"), "406 " + binary);
    EXPECT_EQ(chosen("application/yaml", "/version"), "406 application/yaml");
    EXPECT_EQ(chosen(binary, "/"), "200 application/json");
    EXPECT_EQ(chosen("application/yaml", "/api/v1/namespaces?watch=1&resourceVersion=1"),
              "406 application/yaml");
    EXPECT_EQ(chosen(binary, "/openapi/v2"), "406 ");
}

// kubectl checks what can only be created against the older OpenAPI document, in binary.
TEST_F(Protobuf, IsAFormOfTheOlderOpenApiDocument) {
    const auto answer =
        call("GET", "/openapi/v2", {}, "admin", "",
             {{"Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.raw.headers.find("Content-Type"),
              "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    EXPECT_TRUE(answer.raw.body.starts_with(from_hex("0a03322e30"))) << "swagger: 2.0";
    EXPECT_NE(answer.raw.body.find(R"([{"group":"authentication.k8s.io","kind":"TokenReview")"),
              std::string::npos);
    const auto paths = call("GET", "/openapi/v3/apis/authentication.k8s.io/v1").body["paths"];
    const auto& review = paths["/apis/authentication.k8s.io/v1/tokenreviews"];
    EXPECT_TRUE(review.contains("post"));
    EXPECT_FALSE(review.contains("patch"));
}

// Under the sanitizers this is where a read past the end would show. Single bits, and all of a
// byte.
TEST_F(Protobuf, SurvivesEveryTruncationAndEveryFlippedBit) {
    const auto decode = [](std::string_view bytes) {
        const auto read = kube::json_of_protobuf(bytes, "ServiceAccount");
        return read ? 0 : read.error().status;
    };
    int read = 0;
    int malformed = 0;
    for (const auto sent : {sent_account, sent_token, sent_secret}) {
        const auto whole = from_hex(sent);
        ASSERT_EQ(decode(whole), 0);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            malformed += decode(std::string(whole, 0, at)) == 400 ? 1 : 0;
            for (const unsigned flip : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 255U}) {
                auto wrong = whole;
                wrong[at] = static_cast<char>(static_cast<unsigned char>(wrong[at]) ^ flip);
                const auto status = decode(wrong);
                ASSERT_TRUE(status == 0 || status == 400 || status == 415) << status;
                read += status == 0 ? 1 : 0;
            }
        }
    }
    EXPECT_GT(read, 0);
    EXPECT_GT(malformed, 0);
}

TEST_F(Protobuf, DefinesCustomResourcesWhoseObjectsHaveNoSuchForm) {
    const auto* sample =
        std::ranges::find(wire_samples, "CustomResourceDefinition", &WireSample::kind);
    auto definition = Json::parse(sample->json);
    definition["metadata"] = {{"name", "h13s.h13.example"}};
    definition.erase("status");
    const auto made = send("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                           kube::protobuf_of(definition).value());
    ASSERT_EQ(made.status, 201) << made.raw.body;
    const auto& schema = made.body["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    EXPECT_EQ(schema, definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
    const std::string objects = "/apis/h13.example/v1/namespaces/default/h13s";
    const Json object{
        {"apiVersion", "h13.example/v1"}, {"kind", "H13"}, {"metadata", {{"name", "a"}}}};
    EXPECT_EQ(call("POST", objects, object).status, 201);
    EXPECT_EQ(send(objects, kube::protobuf_of(definition).value()).status, 415);
}

TEST_F(Protobuf, SchemasNestOnlySoDeep) {
    const auto nested = [](int levels) {
        Json schema{{"type", "object"}};
        for (int i = 0; i < levels; ++i) {
            schema = Json{{"not", std::move(schema)}};
        }
        return kube::protobuf_of(
                   {{"kind", "CustomResourceDefinition"},
                    {"apiVersion", "apiextensions.k8s.io/v1"},
                    {"spec",
                     {{"versions", {{{"schema", {{"openAPIV3Schema", std::move(schema)}}}}}}}}})
            .value();
    };
    EXPECT_TRUE(kube::json_of_protobuf(nested(400), "CustomResourceDefinition"));
    EXPECT_FALSE(kube::json_of_protobuf(nested(600), "CustomResourceDefinition"));
}

}  // namespace
}  // namespace meshproof::fakes
