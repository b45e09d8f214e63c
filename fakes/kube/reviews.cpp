#include "fakes/kube/cluster.hpp"

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

Json review_token(Cluster& cluster, const Json& spec) {
    const auto token = text_at(spec, "/token");
    if (token.empty()) {
        throw Refused{bad_request("token is required for TokenReview in authentication")};
    }
    auto audiences = texts(spec, "audiences");
    if (audiences.empty()) {
        audiences = cluster.tokens.api_audiences();
    }
    const auto verdict = cluster.tokens.authenticate(token, audiences);
    if (!verdict.user) {
        return {{"user", Json::object()}, {"error", verdict.error}};
    }
    return {{"authenticated", true},
            {"user", user_json(*verdict.user)},
            {"audiences", verdict.audiences}};
}

Attributes asked_in(const Json& spec, const Call& call) {
    Attributes asked;
    const auto resource = spec.find("resourceAttributes");
    const auto path = spec.find("nonResourceAttributes");
    const bool has_resource = resource != spec.end() && resource->is_object();
    const bool has_path = path != spec.end() && path->is_object();
    if (has_resource == has_path) {
        throw Refused{invalid({"authorization.k8s.io", std::string(call.type->kind), "",
                               "spec.resourceAttributes", "FieldValueInvalid",
                               "Invalid value: \"null\": exactly one of nonResourceAttributes or "
                               "resourceAttributes must be specified"})};
    }
    if (has_path) {
        asked.for_resource = false;
        asked.path = text_at(*path, "/path");
        asked.verb = text_at(*path, "/verb");
        return asked;
    }
    asked.verb = text_at(*resource, "/verb");
    asked.group = text_at(*resource, "/group");
    asked.resource = text_at(*resource, "/resource");
    asked.subresource = text_at(*resource, "/subresource");
    asked.namespace_name = text_at(*resource, "/namespace");
    asked.name = text_at(*resource, "/name");
    return asked;
}

User named_in(const Json& spec, const Call& call) {
    User user;
    user.name = text_at(spec, "/user");
    user.groups = texts(spec, "groups");
    if (user.name.empty() && user.groups.empty()) {
        throw Refused{invalid({"authorization.k8s.io", std::string(call.type->kind), "",
                               "spec.user", "FieldValueInvalid",
                               "Invalid value: \"\": at least one of user or group must be "
                               "specified"})};
    }
    return user;
}

}  // namespace

http::Response answer_review(Cluster& cluster, const Call& call) {
    if (call.info.verb != "create" || !call.info.name.empty()) {
        return method_not_allowed();
    }
    const auto& type = *call.type;
    const auto body = body_of(call, type.kind, type.api_version());
    const Json spec = body.value("spec", Json::object());
    Json answer = {{"kind", type.kind},
                   {"apiVersion", type.api_version()},
                   {"metadata", body.value("metadata", Json::object())}};
    if (type.kind == "TokenReview") {
        answer["spec"] = spec;
        answer["status"] = review_token(cluster, spec);
    } else if (type.kind == "SelfSubjectReview") {
        answer["metadata"]["creationTimestamp"] = rfc3339(cluster.clock.now());
        answer["status"]["userInfo"] = user_json(call.user);
    } else if (type.kind == "SelfSubjectRulesReview") {
        const auto space = text_at(spec, "/namespace");
        if (space.empty()) {
            return bad_request("no namespace on request");
        }
        answer["spec"] = Json::object();  // as the API server answers, whatever was asked
        answer["status"] = rules_of(call.user, space, *cluster.store);
    } else {
        const auto asked = asked_in(spec, call);
        const auto user = type.kind == "SelfSubjectAccessReview" ? call.user : named_in(spec, call);
        const auto permission = authorize(user, asked, *cluster.store);
        answer["spec"] = spec;
        answer["status"]["allowed"] = permission.allowed;
        if (!permission.reason.empty()) {
            answer["status"]["reason"] = permission.reason;
        }
    }
    return json_response(201, answer);
}

}  // namespace meshproof::fakes::kube
