#include "fakes/kube/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "core/base/text.hpp"
#include "fakes/kube/go_text.hpp"

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
    auto response = text_response(404, "404 page not found\n");
    response.headers.set("X-Content-Type-Options", "nosniff");  // as Go's http.Error
    return response;
}

http::Response no_such_resource() {
    return refusal(404, "NotFound", "the server could not find the requested resource",
                   Json::object());
}

Json status_object(int code, std::string_view reason, std::string_view message, Json details) {
    Json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
                   {"status", "Failure"}, {"message", message}, {"code", code}};
    if (!reason.empty()) {
        status["reason"] = reason;
    }
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

http::Response too_large(std::string_view what) {
    return refusal(413, "RequestEntityTooLarge", fmt::format("Request entity too large: {}", what));
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
    return refusal(404, "NotFound",
                   fmt::format("{} {} not found", type.resource(), go_quoted(name)),
                   details_of(type, name));
}

http::Response already_exists(const ResourceType& type, std::string_view name) {
    return refusal(409, "AlreadyExists",
                   fmt::format("{} {} already exists", type.resource(), go_quoted(name)),
                   details_of(type, name));
}

http::Response not_generated(const ResourceType& type, std::string_view name) {
    auto details = details_of(type, name);
    details["retryAfterSeconds"] = 1;
    auto response =
        refusal(409, "AlreadyExists",
                fmt::format("{} {} already exists, the server was not able to generate a "
                            "unique name for the object",
                            type.resource(), go_quoted(name)),
                std::move(details));
    response.headers.set("Retry-After", "1");
    return response;
}

http::Response conflict(std::string_view resource, std::string_view name, std::string_view why) {
    const auto dot = resource.find('.');
    Json details = {{"name", name}, {"kind", resource.substr(0, dot)}};
    if (dot != std::string_view::npos) {
        details["group"] = resource.substr(dot + 1);
    }
    return refusal(
        409, "Conflict",
        fmt::format("Operation cannot be fulfilled on {} {}: {}", resource, go_quoted(name), why),
        std::move(details));
}

http::Response invalid(std::string_view group, std::string_view kind, std::string_view name,
                       const std::vector<Cause>& causes) {
    Json list = Json::array();
    std::vector<std::string> faults;
    std::set<std::string> told;  // what two validations say is told once
    for (const auto& cause : std::span(causes).first(std::min(causes.size(), most_told_causes))) {
        list.push_back(
            {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
        auto fault = fmt::format("{}: {}", cause.field, cause.message);
        if (told.insert(fault).second) {
            faults.push_back(std::move(fault));
        }
    }
    Json details = {{"causes", std::move(list)}};
    for (const auto& [key, value] :
         {std::pair("name", name), std::pair("group", group), std::pair("kind", kind)}) {
        if (!value.empty()) {
            details[key] = value;
        }
    }
    const auto qualified = group.empty() ? std::string(kind) : fmt::format("{}.{}", kind, group);
    return refusal(422, "Invalid",
                   fmt::format("{} {} is invalid: {}", qualified, go_quoted(name),
                               faults.size() == 1 ? faults[0] : "[" + join(faults, ", ") + "]"),
                   std::move(details));
}

http::Response invalid(const FieldFault& fault) {
    return invalid(fault.group, fault.kind, fault.name,
                   {{fault.field, fault.cause, fault.message}});
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
