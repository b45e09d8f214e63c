#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
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

Checked<Json> review_token(ApiState& api, const Json& spec) {
    const auto token = text_at(spec, "/token");
    if (token.empty()) {
        return refuse(bad_request("token is required for TokenReview in authentication"));
    }
    auto audiences = texts(spec, "audiences");
    if (audiences.empty()) {
        audiences = api.tokens.api_audiences();
    }
    const auto verdict = api.tokens.authenticate(token, audiences);
    if (!verdict.user) {
        return Json{{"user", Json::object()}, {"error", verdict.error}};
    }
    return Json{{"authenticated", true},
                {"user", user_json(*verdict.user)},
                {"audiences", verdict.audiences}};
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

// In its 422 the API server forgets to name the kind.
Checked<> check_access_review(const Json& spec, const ApiCall& call) {
    std::vector<Cause> faults;
    const auto fault = [&](std::string field, std::string message) {
        faults.push_back({std::move(field), "FieldValueInvalid", std::move(message)});
    };
    const bool resource = given(spec, "resourceAttributes");
    const bool path = given(spec, "nonResourceAttributes");
    const bool local = call.type->kind == "LocalSubjectAccessReview";
    if (local && path) {
        fault(
            "spec.nonResourceAttributes",
            fmt::format("Invalid value: {}: disallowed on this kind of request", shown_path(spec)));
    } else if (resource && path) {
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
    if (const auto space = text_at(spec, "/resourceAttributes/namespace");
        local && resource && space != call.info.namespace_name) {
        fault("spec.resourceAttributes.namespace",
              fmt::format("Invalid value: \"{}\": must match metadata.namespace", space));
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
    const Json spec = body->value("spec", Json::object());
    Json answer = {{"kind", type.kind},
                   {"apiVersion", type.api_version()},
                   {"metadata", body->value("metadata", Json::object())}};
    if (type.kind == "TokenReview") {
        const auto status = review_token(api, spec);
        if (!status) {
            return status.error();
        }
        answer["spec"] = spec;
        answer["status"] = *status;
    } else if (type.kind == "SelfSubjectReview") {
        answer["metadata"]["creationTimestamp"] = rfc3339(api.clock.now());
        answer["status"]["userInfo"] = user_json(call.user);
    } else if (type.kind == "SelfSubjectRulesReview") {
        const auto space = text_at(spec, "/namespace");
        if (space.empty()) {
            return bad_request("no namespace on request");
        }
        answer["spec"] = Json::object();  // as the API server answers, whatever was asked
        answer["status"] = rules_of(call.user, space, *api.store);
    } else {
        if (const auto proper = check_access_review(spec, call); !proper) {
            return proper.error();
        }
        const auto asked = asked_in(spec);
        const auto user = type.kind == "SelfSubjectAccessReview" ? call.user : named_in(spec);
        const auto permission = authorize(user, asked, *api.store);
        answer["spec"] = spec;
        if (answer["spec"].contains("groups") && answer["spec"]["groups"].empty()) {
            answer["spec"].erase("groups");
        }
        answer["metadata"].erase("namespace");
        if (type.namespaced) {
            answer["metadata"]["namespace"] = call.info.namespace_name;
        }
        answer["status"]["allowed"] = permission.allowed;
        if (!permission.reason.empty()) {
            answer["status"]["reason"] = permission.reason;
        }
    }
    return json_response(201, answer);
}

}  // namespace meshproof::fakes::kube
