#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/authentication.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/managed_fields.hpp"
#include "fakes/kube/rbac.hpp"

namespace meshproof::fakes::kube {
namespace {

Json user_json(const User& user) {
    Json out = {{"username", user.name}, {"groups", user.groups}};
    if (!user.uid.empty()) {
        out["uid"] = user.uid;
    }
    if (!user.extra.empty()) {
        out["extra"] = user.extra;
    }
    return out;
}

std::vector<std::string> texts(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? found->get<std::vector<std::string>>()
                                                      : std::vector<std::string>();
}

// A token that is nobody's leaves the status as it was sent.
Checked<Json> review_token(ApiState& api, const Json& spec, Json status) {
    const auto token = text_at(spec, "/token");
    if (token.empty()) {
        return refuse(bad_request("token is required for TokenReview in authentication"));
    }
    auto audiences = texts(spec, "audiences");
    if (audiences.empty()) {
        audiences = api.tokens.api_audiences();
    }
    // The server asks its own authentication with a header that has the text in it: what is no
    // bearer token there is nobody, and nobody is known to it.
    const auto bearer = bearer_token("Bearer " + token);
    const auto verdict = bearer.empty() ? TokenVerdict{anonymous(), audiences, ""}
                                        : api.tokens.authenticate(bearer, audiences);
    if (!verdict.user) {
        status.erase("authenticated");
        status.emplace("user", Json::object());
        status["error"] = verdict.error;
        return status;
    }
    status["authenticated"] = true;
    status["user"] = user_json(*verdict.user);
    status["audiences"] = verdict.audiences;
    return status;
}

bool given(const Json& spec, const char* key) {
    const auto found = spec.find(key);
    return found != spec.end() && found->is_object();
}

// As Go prints the internal form of nonResourceAttributes.
std::string shown_path(const Json& spec) {
    const auto& path = spec["nonResourceAttributes"];
    return Json{{"Path", text_at(path, "/path")}, {"Verb", text_at(path, "/verb")}}.dump();
}

// Metadata with its fields in the order of Go's structs.
std::string shown_metadata(const Json& metadata) {
    constexpr const char* of_entries[] = {"manager",    "operation", "apiVersion", "time",
                                          "fieldsType", "fieldsV1",  "subresource"};
    constexpr const char* fields[] = {"name",
                                      "generateName",
                                      "namespace",
                                      "selfLink",
                                      "uid",
                                      "resourceVersion",
                                      "generation",
                                      "creationTimestamp",
                                      "deletionTimestamp",
                                      "deletionGracePeriodSeconds",
                                      "labels",
                                      "annotations",
                                      "ownerReferences",
                                      "finalizers",
                                      "managedFields"};
    const auto ordered = [](const Json& from, const auto& names) {
        nlohmann::ordered_json out = nlohmann::ordered_json::object();
        for (const auto* name : names) {
            if (const auto found = from.find(name); found != from.end()) {
                out[name] = nlohmann::ordered_json(*found);
            }
        }
        return out;
    };
    auto out = ordered(metadata, fields);
    if (out.contains("managedFields")) {
        auto entries = nlohmann::ordered_json::array();
        for (const auto& entry : metadata["managedFields"]) {
            entries.push_back(ordered(entry, of_entries));
        }
        out["managedFields"] = std::move(entries);
    }
    return out.dump();
}

// In its 422 the API server forgets to name the kind.
Checked<> check_access_review(const Json& review, const ApiCall& call) {
    const auto& spec = review["spec"];
    std::vector<Cause> faults;
    const auto fault = [&](std::string field, std::string message) {
        faults.push_back({std::move(field), "FieldValueInvalid", std::move(message)});
    };
    const bool resource = given(spec, "resourceAttributes");
    const bool path = given(spec, "nonResourceAttributes");
    const bool local = call.type->kind == "LocalSubjectAccessReview";
    if (resource && path) {
        fault("spec.nonResourceAttributes",
              fmt::format("Invalid value: {}: cannot be specified in combination with "
                          "resourceAttributes",
                          shown_path(spec)));
    } else if (!resource && !path) {
        fault("spec.resourceAttributes",
              "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes "
              "must be specified");
    }
    if (call.type->kind != "SelfSubjectAccessReview" && text_at(spec, "/user").empty() &&
        texts(spec, "groups").empty()) {
        fault("spec.user", "Invalid value: \"\": at least one of user or group must be specified");
    }
    auto metadata = review["metadata"];
    for (const auto* allowed : {"managedFields", local ? "namespace" : "managedFields"}) {
        metadata.erase(allowed);
    }
    if (!metadata.empty()) {
        fault("metadata",
              fmt::format("Invalid value: {}: must be empty{}", shown_metadata(review["metadata"]),
                          local ? " except for namespace" : ""));
    }
    if (const auto space = text_at(spec, "/resourceAttributes/namespace");
        local && resource && space != call.info.namespace_name) {
        fault("spec.resourceAttributes.namespace",
              fmt::format("Invalid value: {}: must match metadata.namespace", go_quoted(space)));
    }
    if (local && path) {
        fault(
            "spec.nonResourceAttributes",
            fmt::format("Invalid value: {}: disallowed on this kind of request", shown_path(spec)));
    }
    if (!faults.empty()) {
        return refuse(invalid("authorization.k8s.io", "", "", faults));
    }
    return {};
}

Attributes asked_in(const Json& spec) {
    Attributes asked;
    if (given(spec, "nonResourceAttributes")) {
        const auto& path = spec["nonResourceAttributes"];
        asked.for_resource = false;
        asked.path = text_at(path, "/path");
        asked.verb = text_at(path, "/verb");
        return asked;
    }
    const auto resource = spec.value("resourceAttributes", Json::object());
    asked.verb = text_at(resource, "/verb");
    asked.group = text_at(resource, "/group");
    asked.resource = text_at(resource, "/resource");
    asked.subresource = text_at(resource, "/subresource");
    asked.namespace_name = text_at(resource, "/namespace");
    asked.name = text_at(resource, "/name");
    return asked;
}

User named_in(const Json& spec) {
    User user;
    user.name = text_at(spec, "/user");
    user.groups = texts(spec, "groups");
    return user;
}

// Texts, lists and maps that hold nothing are not there at all.
Json given_fields(Json spec) {
    for (auto at = spec.begin(); at != spec.end();) {
        const bool hollow = at.key() == "audiences" || at.key() == "groups" || at.key() == "extra";
        if (at->is_object() && !hollow) {
            *at = given_fields(std::move(*at));
        }
        at = *at == "" || (hollow && at->empty()) ? spec.erase(at) : std::next(at);
    }
    return spec;
}

// A status without what Go does not tell from a field that nobody set.
Json set_fields(Json status) {
    for (auto at = status.begin(); at != status.end();) {
        at = *at == false || *at == "" ? status.erase(at) : std::next(at);
    }
    return status;
}

// What a review keeps of the metadata that it is sent: what every creation keeps.
Json review_metadata(const Json& body) {
    Json metadata = body.value("metadata", Json::object());
    for (const auto* cleared : {"uid", "creationTimestamp", "deletionTimestamp", "managedFields",
                                "deletionGracePeriodSeconds", "selfLink", "namespace"}) {
        metadata.erase(cleared);
    }
    for (auto at = metadata.begin(); at != metadata.end();) {
        const bool hollow = (at->is_structured() && at->empty()) || *at == "" || *at == 0;
        at = hollow ? metadata.erase(at) : std::next(at);
    }
    return metadata;
}

}  // namespace

http::Response answer_review(ApiState& api, const ApiCall& call) {
    if (!call.info.name.empty()) {
        return no_such_resource();
    }
    if (call.info.verb != "create") {
        return method_not_allowed();
    }
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    const auto& type = *call.type;
    const auto body = body_of(call, type.kind, type.api_version());
    if (!body) {
        return body.error();
    }
    const Json spec = given_fields(body->value("spec", Json::object()));
    Json answer = {{"kind", type.kind},
                   {"apiVersion", type.api_version()},
                   {"metadata", review_metadata(*body)},
                   {"spec", spec}};
    if (const auto space = meta(*body, "namespace");
        type.namespaced && !space.empty() && space != call.info.namespace_name) {
        return bad_request(
            "the namespace of the provided object does not match the namespace sent on the "
            "request");
    }
    const Json sent_status = body->value("status", Json::object());
    answer["status"] = set_fields(sent_status);  // they are the caller's all the same
    note_update(api, call, Json::object(), answer);
    answer.erase("status");
    if (type.kind == "TokenReview") {
        const auto status = review_token(api, spec, sent_status);
        if (!status) {
            return status.error();
        }
        answer["status"] = *status;
    } else if (type.kind == "SelfSubjectReview") {
        answer.erase("spec");
        answer["metadata"] = {{"creationTimestamp", rfc3339(api.clock.now())}};
        answer["status"]["userInfo"] = user_json(call.user);
    } else if (type.kind == "SelfSubjectRulesReview") {
        const auto space = text_at(spec, "/namespace");
        if (space.empty()) {
            return bad_request("no namespace on request");
        }
        // As the API server answers, whatever was asked.
        answer["metadata"] = answer["spec"] = Json::object();
        answer["status"] = rules_of(call.user, space, *api.store);
    } else {
        if (type.namespaced) {
            answer["metadata"]["namespace"] = call.info.namespace_name;
        } else {
            answer["metadata"].erase("namespace");
        }
        if (const auto proper = check_access_review(answer, call); !proper) {
            return proper.error();
        }
        const auto asked = asked_in(spec);
        const auto user = type.kind == "SelfSubjectAccessReview" ? call.user : named_in(spec);
        const auto permission = authorize(user, asked, *api.store);
        answer["status"]["allowed"] = permission.allowed;
        if (!permission.reason.empty()) {
            answer["status"]["reason"] = permission.reason;
        }
    }
    return json_response(201, answer);
}

}  // namespace meshproof::fakes::kube
