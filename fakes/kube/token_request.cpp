#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::int64_t shortest = 600;
constexpr std::int64_t longest = std::int64_t{1} << 32;

// Resolves spec.boundObjectRef into the request (wire contract 186).
Checked<> bind_object(ApiState& api, const Json& reference, Tokens::Request& request) {
    const auto kind = text_at(reference, "/kind");
    const auto version = text_at(reference, "/apiVersion");
    const auto name = text_at(reference, "/name");
    const auto space = meta(request.service_account, "namespace");
    const ResourceType* type = kind == "Pod"      ? &type::pods
                               : kind == "Secret" ? &type::secrets
                               : kind == "Node"   ? &type::nodes
                                                  : nullptr;
    // Nothing at all is taken for "v1".
    if (type == nullptr || (version != "v1" && !version.empty())) {
        const auto slash = version.find('/');
        const auto group = slash == std::string::npos ? "" : version.substr(0, slash);
        return refuse(bad_request(
            fmt::format("cannot bind token to object of type {}/{}, Kind={}", group,
                        slash == std::string::npos ? version : version.substr(slash + 1), kind)));
    }
    if (name.empty()) {
        return refuse(bad_request("Name parameter required."));
    }
    const auto object = api.store->find(*type, space, name);
    if (!object) {
        return refuse(not_found(*type, name));
    }
    const auto uid = text_at(reference, "/uid");
    if (!uid.empty() && uid != meta(*object, "uid")) {
        return refuse(conflict(
            kind, name,
            fmt::format("the UID in the bound object reference ({}) does not match the UID in "
                        "record. The object might have been deleted and then recreated",
                        uid)));
    }
    if (type == &type::secrets) {
        request.secret = *object;
    } else if (type == &type::nodes) {
        request.node = *object;
    } else {
        const auto account = meta(request.service_account, "name");
        if (text_at(*object, "/spec/serviceAccountName") != account) {
            return refuse(bad_request(
                fmt::format("cannot bind token for serviceaccount \"{}\" to pod running with "
                            "different serviceaccount name.",
                            account)));
        }
        request.pod = *object;
        const auto node_name = text_at(*object, "/spec/nodeName");
        if (const auto node = api.store->find(type::nodes, "", node_name)) {
            request.node = *node;
        }
    }
    return {};
}

// That the body is for the account that the URL names.
Checked<> check_named(const ApiCall& call, const Json& body) {
    if (const auto named = meta(body, "namespace");
        !named.empty() && named != call.info.namespace_name) {
        return refuse(
            bad_request("the namespace of the provided object does not match the namespace sent "
                        "on the request"));
    }
    if (const auto named = meta(body, "name"); !named.empty() && named != call.info.name) {
        return refuse(
            invalid({"authentication.k8s.io", "TokenRequest", call.info.name, "metadata.name",
                     "FieldValueInvalid",
                     fmt::format("Invalid value: {}: must match the service account name if "
                                 "specified",
                                 go_quoted(named))}));
    }
    return {};
}

// What the spec asks for.
Checked<Tokens::Request> token_asked(ApiState& api, const Json& account, const Json& spec) {
    Tokens::Request request;
    request.service_account = account;
    if (const auto seconds = spec.find("expirationSeconds");
        seconds != spec.end() && !seconds->is_null()) {
        request.seconds = seconds->get<std::int64_t>();
    }
    request.audiences = api.tokens.api_audiences();
    if (const auto audiences = spec.find("audiences");
        audiences != spec.end() && audiences->is_array() && !audiences->empty()) {
        request.audiences = audiences->get<std::vector<std::string>>();
    }
    if (request.seconds < shortest || request.seconds > longest) {
        return refuse(invalid(
            {"authentication.k8s.io", "TokenRequest", "", "spec.expirationSeconds",
             "FieldValueInvalid",
             fmt::format("Invalid value: {}: may not specify a duration {}", request.seconds,
                         request.seconds < shortest ? "less than 10 minutes"
                                                    : "larger than 2^32 seconds")}));
    }
    if (const Json reference = spec.value("boundObjectRef", Json()); !reference.is_null()) {
        if (const auto bound = bind_object(api, reference, request); !bound) {
            return tl::unexpected(bound.error());
        }
    }
    return request;
}

// As it was sent, with the account's name and uid; who sent what is noted before.
Json token_metadata(const ApiState& api, const ApiCall& call, const Json& body,
                    const Json& account) {
    Json sent{{"metadata", body.value("metadata", Json::object())},
              {"spec", body.value("spec", Json::object())},
              {"status", body.value("status", Json::object())}};
    auto& metadata = sent["metadata"];
    for (const auto* own : {"uid", "creationTimestamp", "managedFields"}) {
        metadata.erase(own);
    }
    for (auto at = metadata.begin(); at != metadata.end();) {
        const bool hollow = (at->is_structured() && at->empty()) || *at == "" || *at == 0;
        at = hollow ? metadata.erase(at) : std::next(at);
    }
    auto& spec = sent["spec"];
    if (!spec.contains("expirationSeconds")) {
        spec["expirationSeconds"] = 3600;  // the default
    }
    constexpr auto kind = "TokenRequest", version = "authentication.k8s.io/v1";
    note_update(api, {field_manager(call), version, call.info.subresource}, Json::object(), sent,
                object_type(kind));
    metadata["name"] = call.info.name;
    metadata["namespace"] = call.info.namespace_name;
    metadata["uid"] = meta(account, "uid");
    metadata["creationTimestamp"] = rfc3339(api.clock.now());
    return metadata;
}

}  // namespace

http::Response answer_token_request(ApiState& api, const ApiCall& call) {
    if (call.info.verb != "create") {
        return method_not_allowed();
    }
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    const auto body = body_of(call, "TokenRequest", "authentication.k8s.io/v1");
    if (!body) {
        return body.error();
    }
    if (const auto named = check_named(call, *body); !named) {
        return named.error();
    }
    const auto& space = call.info.namespace_name;
    if (!api.store->find(type::namespaces, "", space)) {
        return not_found(type::namespaces, space);
    }
    const auto account = api.store->find(type::service_accounts, space, call.info.name);
    if (!account) {
        return not_found(type::service_accounts, call.info.name);
    }
    if (const auto uid = meta(*body, "uid"); !uid.empty() && uid != meta(*account, "uid")) {
        return conflict("TokenRequest.authentication.k8s.io", call.info.name,
                        fmt::format("the UID in the token request ({}) does not match the UID of "
                                    "the service account ({})",
                                    uid, meta(*account, "uid")));
    }
    const Json spec = body->value("spec", Json::object());
    const auto asked = token_asked(api, *account, spec);
    if (!asked) {
        return asked.error();
    }
    const auto now = api.clock.now();
    const auto token = api.tokens.mint(*asked);
    const Json metadata = token_metadata(api, call, *body, *account);
    const Json granted = {{"audiences", asked->audiences},
                          {"expirationSeconds", asked->seconds},
                          {"boundObjectRef", spec.value("boundObjectRef", Json())}};
    const Json status = {
        {"token", token.reveal()},
        {"expirationTimestamp", rfc3339(now + std::chrono::seconds(asked->seconds))}};
    return json_response(201, {{"kind", "TokenRequest"},
                               {"apiVersion", "authentication.k8s.io/v1"},
                               {"metadata", metadata},
                               {"spec", granted},
                               {"status", status}});
}

}  // namespace meshproof::fakes::kube
