#include "fakes/kube/answer.hpp"

#include <fmt/ranges.h>

#include <set>
#include <span>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "fakes/kube/authentication.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/impersonation.hpp"
#include "fakes/kube/kinds.hpp"
#include "fakes/kube/protobuf.hpp"
#include "fakes/kube/rbac.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

/// Headers hold so much of all warnings; where that is too little, so much of each (apiserver's
/// filters/warning.go).
constexpr std::size_t most_of_warnings = 4096, most_of_a_warning = 256;

// For people: the query says so, or the caller is a tool that people use.
bool pretty(const http::Request& request) {
    const auto info = RequestInfo::of(request);
    if (const auto asked = info.query.find("pretty"); asked != info.query.end()) {
        return asked->second == "1" || lower(asked->second) == "true";
    }
    const auto agent = request.headers.find("User-Agent").value_or("");
    return agent.starts_with("curl") || agent.starts_with("Wget") ||
           agent.starts_with("Mozilla/5.0");
}

bool below_pod(const std::string& subresource) {
    constexpr std::string_view known[] = {"binding", "eviction",    "log",  "exec",
                                          "attach",  "portforward", "proxy"};
    return std::ranges::find(known, subresource) != std::end(known);
}

// One object as it was asked for: lists and watches see to that themselves.
http::Response shaped(const ApiState& api, const ApiCall& call, http::Response response) {
    const auto shape = representation_asked(call.request).value_or(Representation()).shape;
    if (shape == Shape::object || response.status > 201 || response.source ||
        call.info.verb == "list" || call.info.verb == "watch") {
        return response;
    }
    auto object = std::make_shared<Json>(Json::parse(response.body, nullptr, false));
    if (object->value("kind", "") != call.type->kind) {
        return response;
    }
    if (shape == Shape::metadata_list) {
        return wrong_shape(*call.type, shape);
    }
    if (shape == Shape::metadata) {
        return json_response(response.status, metadata_only(*object));
    }
    const Json version{{"resourceVersion", meta(*object, "resourceVersion")}};
    const Object only = std::move(object);
    return json_response(response.status, table_of(table_asked(*call.type, call.info),
                                                   std::span(&only, 1), version, api.clock.now()));
}

// 406, where the answer has no form that the caller takes.
std::optional<http::Response> check_acceptable(const ApiCall& call) {
    constexpr std::string_view text = "text/plain";  // what logs are
    const bool log = call.info.subresource == "log";
    const bool of_many = call.info.verb == "list" || call.info.verb == "watch";
    const bool binary = has_protobuf(call.type->kind, call.type->api_version());
    // Custom resources have no router before them.
    if (binary && !takes_any(call.request, api_media) &&
        !(log && takes_any(call.request, std::span(&text, 1)))) {
        return not_acceptable(fmt::format("{}{}", fmt::join(api_media, ", "),
                                          of_many
                                              ? ", application/json;stream=watch, "
                                                "application/vnd.kubernetes.protobuf;stream=watch"
                                              : ""));
    }
    // What lists and watches are asked is read before it is looked at how they are answered.
    if (const auto shape = check_shape(call); !shape && !log && !of_many) {
        return shape.error();
    }
    return std::nullopt;
}

http::Response answer_resource(ApiState& api, const ApiCall& call) {
    const auto& type = *call.type;
    const auto& sub = call.info.subresource;
    if (auto refused = check_acceptable(call)) {
        return std::move(*refused);
    }
    if (!call.info.below.empty() && sub != "proxy") {
        return no_such_resource();
    }
    if (call.request.body.size() > largest_body) {
        return too_large(fmt::format("limit is {}", largest_body));
    }
    if (!type.stored) {
        return shaped(api, call, answer_review(api, call));
    }
    if (&type == &type::service_accounts && sub == "token") {
        return answer_token_request(api, call);
    }
    if (&type == &type::pods && below_pod(sub)) {
        return answer_pod(api, call);
    }
    if (is_workload(type) && sub == "scale") {
        return answer_scale(api, call);
    }
    return shaped(api, call, answer_objects(api, call));
}

// Who asks, if that is allowed; or the refusal.
Checked<User> admitted(ApiState& api, const http::Request& request, const http::Peer& peer,
                       const RequestInfo& info) {
    const auto caller = authenticate(request, peer, api.tokens);
    if (!caller) {
        return refuse(caller.error());
    }
    auto user = impersonate(*caller, request, *api.store);
    if (!user) {
        return refuse(user.error());
    }
    const auto asked = Attributes::of(info);
    if (!authorize(*user, asked, *api.store).allowed) {
        return refuse(forbidden(*user, asked));
    }
    return std::move(*user);
}

// An object of the API in the form that its caller takes best; all else has one form only.
void write_as_asked(const http::Request& request, http::Response& response) {
    auto form = response.status >= 400
                    ? form_of_refusal(request)
                    : representation_asked(request).value_or(Representation()).form;
    const bool people = pretty(request);
    if (response.source || response.headers.find("Content-Type") != "application/json" ||
        (form == Form::json && !people)) {
        return;
    }
    const auto object = Json::parse(response.body, nullptr, false);
    const bool of_api = object.is_object() && object.contains("kind");
    std::optional<std::string> bytes;
    if (form == Form::protobuf && of_api) {
        bytes = protobuf_of(object);
        form = representation_asked(request, bytes.has_value()).value_or(Representation()).form;
    }
    if (bytes) {
        response.body = std::move(*bytes);
        response.headers.set("Content-Type", std::string(protobuf_media_type));
    } else if (form == Form::yaml && of_api) {
        response.body = yaml_of(object);
        response.headers.set("Content-Type", "application/yaml");
    } else if (people) {
        response.body = object.dump(2);
    }
}

// A field of what came had another type than the API's own.
http::Response unreadable(const Json::exception& error) {
    return bad_request(fmt::format("json: cannot unmarshal the body: {}", error.what()));
}

Checked<Question> read_question(ApiState& api, const http::Request& request, const http::Peer& peer,
                                std::vector<std::string>& warnings) {
    auto info = RequestInfo::of(request);
    if (auto warning = bearer_warning(request, peer); !warning.empty()) {
        warnings.push_back(std::move(warning));
    }
    auto user = admitted(api, request, peer, info);
    if (!user) {
        return tl::unexpected(std::move(user).error());
    }
    const ResourceType* type = nullptr;
    if (info.for_resource) {
        type = find_type(api.store->custom(), info.group, info.version, info.resource);
        if (type == nullptr) {
            return refuse(known_group(info.group) ? no_such_resource() : page_not_found());
        }
    }
    return Question{std::move(info), std::move(*user), type};
}

}  // namespace

void add_warnings(http::Headers& headers, const std::vector<std::string>& warnings) {
    std::size_t all = 0, written = 0;
    for (const auto& warning : warnings) {
        all += warning.size();
    }
    std::set<std::string_view> told;
    for (const auto& warning : warnings) {
        const auto text = all > most_of_warnings ? head_of(warning, most_of_a_warning)
                                                 : std::string_view(warning);
        written += text.size();
        if (written > most_of_warnings) {
            return;
        }
        if (told.insert(text).second) {
            headers.add("Warning", fmt::format("299 - {}", Json(text).dump()));
        }
    }
}

Checked<Question> question_of(ApiState& api, const http::Request& request, const http::Peer& peer,
                              std::vector<std::string>& warnings) {
    Checked<Question> question;
    try {
        question = read_question(api, request, peer, warnings);
    } catch (const Json::exception& error) {
        question = refuse(unreadable(error));
    }
    if (!question) {
        write_as_asked(request, question.error());
    }
    return question;
}

http::Response answer_of(ApiState& api, const http::Request& request, Question question,
                         std::vector<std::string>& warnings, EarlyBody* early) {
    http::Response response;
    try {
        response =
            question.type == nullptr
                ? answer_path(api, request, question.info)
                : answer_resource(api, {request, std::move(question.info), std::move(question.user),
                                        &warnings, question.type, early});
    } catch (const Json::exception& error) {
        response = unreadable(error);
    }
    if (response.status != 101) {  // what follows such a head is no HTTP
        write_as_asked(request, response);
    }
    return response;
}

}  // namespace meshproof::fakes::kube
