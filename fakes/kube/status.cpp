#include "fakes/kube/status.hpp"

#include <fmt/format.h>

namespace meshproof::fakes::kube {

http::Response json_response(int status, const Json& body) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    response.chunked = response.body.size() > 2048;
    return response;
}

http::Response text_response(int status, std::string text) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(text);
    return response;
}

http::Response page_not_found() {
    return text_response(404, "404 page not found\n");
}

Json status_object(int code, std::string_view reason, std::string_view message, Json details) {
    Json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
                   {"status", "Failure"}, {"message", message}, {"reason", reason},
                   {"code", code}};
    if (!details.is_null()) {
        status["details"] = std::move(details);
    }
    return status;
}

http::Response refusal(int code, std::string_view reason, std::string_view message, Json details) {
    return json_response(code, status_object(code, reason, message, std::move(details)));
}

http::Response bad_request(std::string_view message) {
    return refusal(400, "BadRequest", message);
}

http::Response method_not_allowed() {
    return refusal(405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource",
                   Json::object());
}

namespace {
Json details_of(const ResourceType& type, std::string_view name) {
    Json details = {{"name", name}, {"kind", type.plural}};
    if (!type.group.empty()) {
        details["group"] = type.group;
    }
    return details;
}
}  // namespace

http::Response not_found(const ResourceType& type, std::string_view name) {
    return refusal(404, "NotFound", fmt::format("{} \"{}\" not found", type.resource(), name),
                   details_of(type, name));
}

http::Response already_exists(const ResourceType& type, std::string_view name) {
    return refusal(409, "AlreadyExists",
                   fmt::format("{} \"{}\" already exists", type.resource(), name),
                   details_of(type, name));
}

http::Response conflict(std::string_view resource, std::string_view name, std::string_view why) {
    return refusal(
        409, "Conflict",
        fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", resource, name, why),
        {{"name", name}, {"kind", resource}});
}

http::Response invalid(const FieldFault& fault) {
    const auto kind =
        fault.group.empty() ? fault.kind : fmt::format("{}.{}", fault.kind, fault.group);
    Json details = {
        {"name", fault.name},
        {"kind", fault.kind},
        {"causes",
         Json::array(
             {{{"reason", fault.cause}, {"message", fault.message}, {"field", fault.field}}})}};
    if (!fault.group.empty()) {
        details["group"] = fault.group;
    }
    return refusal(
        422, "Invalid",
        fmt::format("{} \"{}\" is invalid: {}: {}", kind, fault.name, fault.field, fault.message),
        std::move(details));
}

http::Response deleted(const ResourceType& type, std::string_view name, std::string_view uid) {
    auto details = details_of(type, name);
    details["uid"] = uid;
    return json_response(200, {{"kind", "Status"},
                               {"apiVersion", "v1"},
                               {"metadata", Json::object()},
                               {"status", "Success"},
                               {"details", std::move(details)}});
}

}  // namespace meshproof::fakes::kube
