#include "fakes/kube/fake_kube.hpp"

#include <fmt/ranges.h>

#include <set>
#include <span>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/time/worker.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/authentication.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/builtin_roles.hpp"
#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/impersonation.hpp"
#include "fakes/kube/kinds.hpp"
#include "fakes/kube/protobuf.hpp"
#include "fakes/kube/rbac.hpp"
#include "fakes/kube/tables.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes {

struct FakeKube::State final : kube::ApiState {
    using kube::ApiState::ApiState;
};

FakeKube::FakeKube(FakeKubeOptions options, const Clock& clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {
    kube::add_builtin_roles(*state_->store, clock);
    for (const auto* name : {"default", "kube-system", "istio-system"}) {
        kube::add_namespace(*state_, {{"metadata", {{"name", name}}}});
    }
    kube::add_own_service(*state_);
}

FakeKube::FakeKube(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<FakeKube>> FakeKube::restored(const nlohmann::json& state,
                                                     FakeKubeOptions options, const Clock& clock) {
    std::unique_ptr<FakeKube> kube;
    const auto loaded = load_state([&] {
        std::uint64_t starts = 0;
        read_member(state, "starts", starts);
        ++starts;
        options.seed = Prng(options.seed).fork(fmt::format("kube/start/{}", starts)).seed();
        read_member(state, "admin_token", options.admin_token);
        read_member(state, "issuer", options.issuer);
        auto api = std::make_unique<State>(std::move(options), clock);
        api->starts = starts;
        kube::load_api_state(*api, state);
        kube.reset(new FakeKube(std::move(api)));
    });
    if (!loaded) {
        return propagate(loaded);
    }
    return kube;
}

FakeKube::~FakeKube() = default;

nlohmann::json FakeKube::save() const {
    return kube::save_api_state(*state_);
}

const FakeKubeOptions& FakeKube::options() const {
    return state_->options;
}

namespace {

using kube::Shape;

/// server.Config.MaxRequestBodyBytes of kube-apiserver.
constexpr std::size_t largest_body = 3U << 20;

/// Headers hold so much of all warnings; where that is too little, so much of each (apiserver's
/// filters/warning.go).
constexpr std::size_t most_of_warnings = 4096, most_of_a_warning = 256;

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
            headers.add("Warning", fmt::format("299 - {}", kube::Json(text).dump()));
        }
    }
}

// For people: the query says so, or the caller is a tool that people use.
bool pretty(const http::Request& request) {
    const auto info = kube::RequestInfo::of(request);
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
http::Response shaped(const kube::ApiState& api, const kube::ApiCall& call,
                      http::Response response) {
    const auto shape =
        kube::representation_asked(call.request).value_or(kube::Representation()).shape;
    if (shape == Shape::object || response.status > 201 || response.source ||
        call.info.verb == "list" || call.info.verb == "watch") {
        return response;
    }
    auto object = std::make_shared<kube::Json>(kube::Json::parse(response.body, nullptr, false));
    if (object->value("kind", "") != call.type->kind) {
        return response;
    }
    if (shape == Shape::metadata_list) {
        return kube::wrong_shape(*call.type, shape);
    }
    if (shape == Shape::metadata) {
        return kube::json_response(response.status, kube::metadata_only(*object));
    }
    const kube::Json version{{"resourceVersion", kube::meta(*object, "resourceVersion")}};
    const kube::Object only = std::move(object);
    return kube::json_response(response.status,
                               kube::table_of(kube::table_asked(*call.type, call.info),
                                              std::span(&only, 1), version, api.clock.now()));
}

// 406, where the answer has no form that the caller takes.
std::optional<http::Response> check_acceptable(const kube::ApiCall& call) {
    constexpr std::string_view text = "text/plain";  // what logs are
    const bool log = call.info.subresource == "log";
    const bool of_many = call.info.verb == "list" || call.info.verb == "watch";
    const bool binary = kube::has_protobuf(call.type->kind, call.type->api_version());
    // Custom resources have no router before them.
    if (binary && !kube::takes_any(call.request, kube::api_media) &&
        !(log && kube::takes_any(call.request, std::span(&text, 1)))) {
        return kube::not_acceptable(
            fmt::format("{}{}", fmt::join(kube::api_media, ", "),
                        of_many ? ", application/json;stream=watch, "
                                  "application/vnd.kubernetes.protobuf;stream=watch"
                                : ""));
    }
    // What lists and watches are asked is read before it is looked at how they are answered.
    if (const auto shape = kube::check_shape(call); !shape && !log && !of_many) {
        return shape.error();
    }
    return std::nullopt;
}

http::Response answer_resource(kube::ApiState& api, const kube::ApiCall& call) {
    const auto& type = *call.type;
    const auto& sub = call.info.subresource;
    if (auto refused = check_acceptable(call)) {
        return std::move(*refused);
    }
    if (!call.info.below.empty() && sub != "proxy") {
        return kube::no_such_resource();
    }
    if (call.request.body.size() > largest_body) {
        return kube::too_large(fmt::format("limit is {}", largest_body));
    }
    if (!type.stored) {
        return shaped(api, call, kube::answer_review(api, call));
    }
    if (&type == &kube::type::service_accounts && sub == "token") {
        return kube::answer_token_request(api, call);
    }
    if (&type == &kube::type::pods && below_pod(sub)) {
        return kube::answer_pod(api, call);
    }
    if (kube::is_workload(type) && sub == "scale") {
        return kube::answer_scale(api, call);
    }
    return shaped(api, call, kube::answer_objects(api, call));
}

// Who asks, if that is allowed; or the refusal.
kube::Checked<kube::User> admitted(kube::ApiState& api, const http::Request& request,
                                   const http::Peer& peer, const kube::RequestInfo& info) {
    const auto caller = kube::authenticate(request, peer, api.tokens);
    if (!caller) {
        return kube::refuse(caller.error());
    }
    auto user = kube::impersonate(*caller, request, *api.store);
    if (!user) {
        return kube::refuse(user.error());
    }
    const auto asked = kube::Attributes::of(info);
    if (!kube::authorize(*user, asked, *api.store).allowed) {
        return kube::refuse(kube::forbidden(*user, asked));
    }
    return std::move(*user);
}

/// A body that is read while others are served, and what was read of it.
struct BodyAside {
    std::string text;
    kube::EarlyBody early;
};

Task<BodyAside> read_aside(Worker* worker, std::string text, kube::BodyForm form,
                           kube::Json current) {
    co_return co_await aside(
        worker, [text = std::move(text), form, current = std::move(current)]() mutable {
            auto early = kube::read_early(form, text, std::move(current));
            return BodyAside{std::move(text), std::move(early)};
        });
}

/// Each operation of a JSON patch may take as long as a list of its object is.
constexpr std::size_t large_patch = 4U << 10;

/// The form of a body that takes long to read, or to apply, from somebody who may ask. Others are
/// read faster than they are handed over.
std::optional<kube::BodyForm> form_to_read_aside(kube::ApiState& api, const http::Request& request,
                                                 const http::Peer& peer,
                                                 const kube::RequestInfo& info) {
    constexpr std::size_t large = 64U << 10;
    const auto size = request.body.size();
    if (size > largest_body || !info.for_resource ||
        size < (kube::is_json_patch(request) ? large_patch : large)) {
        return std::nullopt;
    }
    return admitted(api, request, peer, info) ? kube::form_of_body(request) : std::nullopt;
}

/// The object that a JSON patch is for; null where there is none, or the request is none. A
/// subresource may be an object of another kind, which is small.
kube::Json object_to_patch(const kube::ApiState& api, const http::Request& request,
                           const kube::RequestInfo& info) {
    const auto* type =
        kube::find_type(api.store->custom(), info.group, info.version, info.resource);
    if (!kube::is_json_patch(request) || type == nullptr ||
        !(info.subresource.empty() || info.subresource == "status")) {
        return nullptr;
    }
    const auto object = api.store->find(*type, info.namespace_name, info.name);
    return object ? *object : kube::Json();
}

/// Reads the body before its turn where it takes long. A patch of what others change meanwhile is
/// made as often as the API server tries.
Task<std::optional<kube::EarlyBody>> read_in_advance(kube::ApiState& api, http::Request& request,
                                                     const http::Peer& peer) {
    constexpr int attempts = 5;
    const auto info = kube::RequestInfo::of(request);
    const auto form = form_to_read_aside(api, request, peer, info);
    std::optional<kube::EarlyBody> early;
    for (int attempt = 0; form && attempt < attempts; ++attempt) {
        auto read = co_await read_aside(api.options.worker, std::move(request.body), *form,
                                        object_to_patch(api, request, info));
        request.body = std::move(read.text);
        early = std::move(read.early);
        if (!early->patched ||
            early->patched->version ==
                kube::meta(object_to_patch(api, request, info), "resourceVersion")) {
            break;
        }
    }
    co_return early;
}

http::Response answer(kube::ApiState& api, const http::Request& request, const http::Peer& peer,
                      std::vector<std::string>& warnings, kube::EarlyBody* early) {
    auto info = kube::RequestInfo::of(request);
    if (auto warning = kube::bearer_warning(request, peer); !warning.empty()) {
        warnings.push_back(std::move(warning));
    }
    const auto user = admitted(api, request, peer, info);
    if (!user) {
        return user.error();
    }
    if (!info.for_resource) {
        return kube::answer_path(api, request, info);
    }
    const auto* type =
        kube::find_type(api.store->custom(), info.group, info.version, info.resource);
    if (type == nullptr) {
        return kube::known_group(info.group) ? kube::no_such_resource() : kube::page_not_found();
    }
    return answer_resource(api, {request, std::move(info), *user, &warnings, type, early});
}

// An object of the API in the form that its caller takes best; all else has one form only.
void write_as_asked(const http::Request& request, http::Response& response) {
    auto form = response.status >= 400
                    ? kube::form_of_refusal(request)
                    : kube::representation_asked(request).value_or(kube::Representation()).form;
    const bool people = pretty(request);
    if (response.source || response.headers.find("Content-Type") != "application/json" ||
        (form == kube::Form::json && !people)) {
        return;
    }
    const auto object = kube::Json::parse(response.body, nullptr, false);
    const bool of_api = object.is_object() && object.contains("kind");
    std::optional<std::string> bytes;
    if (form == kube::Form::protobuf && of_api) {
        bytes = kube::protobuf_of(object);
        form = kube::representation_asked(request, bytes.has_value())
                   .value_or(kube::Representation())
                   .form;
    }
    if (bytes) {
        response.body = std::move(*bytes);
        response.headers.set("Content-Type", std::string(kube::protobuf_media_type));
    } else if (form == kube::Form::yaml && of_api) {
        response.body = kube::yaml_of(object);
        response.headers.set("Content-Type", "application/yaml");
    } else if (people) {
        response.body = object.dump(2);
    }
}

}  // namespace

Task<http::Response> FakeKube::handle(http::Request request, http::Peer peer) {
    http::Response response;
    std::vector<std::string> warnings;
    std::optional<kube::EarlyBody> early;
    if (state_->options.worker != nullptr && request.body.size() >= large_patch) {
        early = co_await read_in_advance(*state_, request, peer);
    }
    try {
        response = answer(*state_, request, peer, warnings, early ? &*early : nullptr);
    } catch (const kube::Json::exception& error) {
        // A field of the body had another type than the API's own.
        response =
            kube::bad_request(fmt::format("json: cannot unmarshal the body: {}", error.what()));
    }
    if (response.status == 101) {
        co_return response;  // what follows is no HTTP, and its head has no more than it needs
    }
    write_as_asked(request, response);
    if (!response.headers.find("Cache-Control")) {
        response.headers.set("Cache-Control", "no-cache, private");
    }
    response.headers.set(
        "Audit-Id", request.headers.find("Audit-ID").value_or(kube::fresh_uuid(state_->audits)));
    add_warnings(response.headers, warnings);
    if (request.method == "HEAD") {
        response.body.clear();
    }
    co_return response;
}

}  // namespace meshproof::fakes
