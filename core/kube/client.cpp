#include "core/kube/client.hpp"

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"

namespace meshproof::kube {
namespace {

using http::percent_encode;

const Json null_json;

std::string what(std::string_view method, std::string_view path) {
    return fmt::format("{} {}", method, path.substr(0, path.find('?')));
}

/// The Failure for an answer outside 2xx: the message of its Status object, where it is one.
Failure failure_of(std::string_view asked, int status, const http::Headers& headers,
                   const std::string& body) {
    const Json json = json_or_null(body);
    std::vector<std::string> errors;
    if (json.is_object()) {
        const auto found = json.find("message");
        if (found != json.end() && found->is_string()) {
            errors.push_back(found->get<std::string>());
        }
    }
    std::string told = errors.empty() ? std::string() : one_line(errors.front());
    if (told.empty()) {
        told = body.empty() || json.is_object()
                   ? "without a text"
                   : "with a body that is not a Status object: " + head_of_line(body);
    }
    return Failure{kind_of_status(status), fmt::format("{}: {} {}", asked, status, told), status,
                   std::move(errors), http::retry_after(headers)};
}

std::string namespaced(std::string_view ns, std::string_view kind, std::string_view name = {}) {
    auto path = fmt::format("/api/v1/namespaces/{}/{}", percent_encode(ns), kind);
    if (!name.empty()) {
        path += "/" + percent_encode(name);
    }
    return path;
}

std::string selected(std::string path, std::string_view selector) {
    if (!selector.empty()) {
        path += "?labelSelector=" + percent_encode(selector);
    }
    return path;
}

Json metadata_of(const ObjectMeta& meta) {
    Json metadata{{"name", meta.name}};
    if (!meta.namespace_name.empty()) {
        metadata["namespace"] = meta.namespace_name;
    }
    if (!meta.resource_version.empty()) {
        metadata["resourceVersion"] = meta.resource_version;
    }
    if (!meta.labels.empty()) {
        metadata["labels"] = meta.labels;
    }
    if (!meta.annotations.empty()) {
        metadata["annotations"] = meta.annotations;
    }
    return metadata;
}

Json object_of(std::string_view version, std::string_view kind, const ObjectMeta& meta) {
    Json object;
    object["apiVersion"] = version;
    object["kind"] = kind;
    object["metadata"] = metadata_of(meta);
    return object;
}

ObjectMeta read_meta(AnswerFields& fields) {
    ObjectMeta meta;
    meta.name = fields.text("metadata.name");
    meta.namespace_name = fields.text_or_empty("metadata.namespace");
    meta.uid = fields.text_or_empty("metadata.uid");
    meta.resource_version = fields.text_or_empty("metadata.resourceVersion");
    meta.labels = fields.text_map("metadata.labels");
    meta.annotations = fields.text_map("metadata.annotations");
    meta.deleting = !fields.text_or_empty("metadata.deletionTimestamp").empty();
    return meta;
}

ServiceAccount read_service_account(AnswerFields& fields) {
    return ServiceAccount{read_meta(fields)};
}

SecretObject read_secret(AnswerFields& fields) {
    SecretObject secret;
    secret.meta = read_meta(fields);
    secret.type = fields.text_or_empty("type");
    for (const auto& [name, text] : fields.text_map("data")) {
        auto decoded = from_base64(text);
        if (!decoded) {
            fields.refuse("data." + name, "expected base64");
            break;
        }
        secret.data[name] = std::move(*decoded);
    }
    return secret;
}

Pod read_pod(AnswerFields& fields) {
    Pod pod;
    pod.meta = read_meta(fields);
    pod.service_account = fields.text_or_empty("spec.serviceAccountName");
    pod.node_name = fields.text_or_empty("spec.nodeName");
    pod.phase = fields.text_or_empty("status.phase");
    for (const auto* item : fields.items("status.conditions")) {
        AnswerFields condition(*item, "status.conditions");
        if (condition.text("type") == "Ready") {
            pod.ready = condition.text("status") == "True";
            pod.not_ready_reason = pod.ready ? std::string() : condition.text_or_empty("message");
        }
        if (condition.problem()) {
            fields.refuse("status.conditions", condition.problem()->message);
        }
    }
    return pod;
}

/// One object of an answer.
template <class Reader>
auto read_one(const Result<Json>& answer, std::string asked, Reader reader)
    -> Result<decltype(reader(std::declval<AnswerFields&>()))> {
    if (!answer) {
        return propagate(answer);
    }
    AnswerFields fields(*answer, std::move(asked));
    return checked(reader(fields), fields);
}

/// The items of a list.
template <class Reader>
auto read_all(const Result<Json>& answer, const std::string& asked, Reader reader)
    -> Result<std::vector<decltype(reader(std::declval<AnswerFields&>()))>> {
    if (!answer) {
        return propagate(answer);
    }
    AnswerFields list(*answer, asked);
    std::vector<decltype(reader(std::declval<AnswerFields&>()))> out;
    for (const auto* item : list.items("items")) {
        AnswerFields fields(*item, asked + ": items");
        out.push_back(reader(fields));
        if (fields.problem()) {
            return tl::unexpected<Failure>(*fields.problem());
        }
    }
    return checked(std::move(out), list);
}

/// A list with the version at which it was read: a watch goes on from there.
template <class List, class Reader>
Result<List> read_versioned(const Result<Json>& answer, const std::string& asked, Reader reader) {
    auto items = read_all(answer, asked, reader);
    if (!items) {
        return propagate(items);
    }
    AnswerFields fields(*answer, asked);
    List list{std::move(*items), fields.text("metadata.resourceVersion")};
    return checked(std::move(list), fields);
}

Json to_json(const SecretObject& secret) {
    Json object = object_of("v1", "Secret", secret.meta);
    object["type"] = secret.type;
    object["data"] = Json::object();
    for (const auto& [name, bytes] : secret.data) {
        object["data"][name] = to_base64(bytes);
    }
    return object;
}

/// What is watched: its name in errors, and how it is read.
template <class T>
struct Watched;
template <>
struct Watched<Pod> {
    static constexpr const char* asked = "watch of pods";
    static Pod read(AnswerFields& fields) { return read_pod(fields); }
};
template <>
struct Watched<SecretObject> {
    static constexpr const char* asked = "watch of secrets";
    static SecretObject read(AnswerFields& fields) { return read_secret(fields); }
};

/// An object is 1.5 MiB at most where it is kept (etcd's --max-request-bytes), and its JSON not ten
/// times that.
constexpr std::size_t longest_line = 16U << 20;
/// Of a refusal, which is a Status object.
constexpr std::size_t longest_refusal = 64U << 10;

/// What a watch line says. Its object is read as far as the kind of event has one.
template <class T>
Result<WatchEvent<T>> read_event(std::string_view line) {
    const std::string asked = Watched<T>::asked;
    const Json json = json_or_null(line);
    if (!json.is_object()) {
        return fail(FailureKind::malformed, "{}: malformed answer: a line is not JSON", asked);
    }
    AnswerFields fields(json, asked);
    const auto type = fields.text("type");
    const auto* found = fields.find("object");
    AnswerFields object(found == nullptr ? null_json : *found, asked + ": object");
    WatchEvent<T> event;
    if (type == "ADDED" || type == "MODIFIED" || type == "DELETED") {
        event.kind = type == "ADDED"      ? WatchKind::added
                     : type == "MODIFIED" ? WatchKind::modified
                                          : WatchKind::deleted;
        event.object = Watched<T>::read(object);
        event.resource_version = event.object.meta.resource_version;
    } else if (type == "BOOKMARK") {
        event.kind = WatchKind::bookmark;
        event.resource_version = object.text("metadata.resourceVersion");
    } else if (type == "ERROR") {
        event.kind = WatchKind::error;
        event.status = static_cast<int>(object.integer_or_zero("code"));
        event.error = one_line(object.text_or_empty("message"));
    } else if (!fields.problem()) {
        fields.refuse("type", "expected ADDED, MODIFIED, DELETED, BOOKMARK or ERROR");
    }
    if (fields.problem()) {
        return tl::unexpected<Failure>(*fields.problem());
    }
    return checked(std::move(event), object);
}

}  // namespace

template <class T>
Task<Result<std::optional<WatchEvent<T>>>> Watch<T>::next() {
    using Answer = Result<std::optional<WatchEvent<T>>>;
    while (true) {
        const auto end = pending_.find('\n', searched_);
        searched_ = end == std::string::npos ? pending_.size() : 0;
        if (end != std::string::npos) {
            const std::string line = pending_.substr(0, end);
            pending_.erase(0, end + 1);
            if (trim(line).empty()) {
                continue;
            }
            auto event = read_event<T>(line);
            if (!event) {
                co_return propagate(event);
            }
            co_return Answer(tl::in_place, std::move(*event));
        }
        if (pending_.size() > longest_line) {
            co_return fail(FailureKind::malformed, "{}: malformed answer: a line is over {} MiB",
                           Watched<T>::asked, longest_line >> 20);
        }
        auto piece = co_await stream_->next();
        if (!piece) {
            co_return propagate(piece, Watched<T>::asked);
        }
        if (!*piece) {
            if (trim(pending_).empty()) {
                co_return Answer(tl::in_place, std::nullopt);
            }
            co_return fail(FailureKind::malformed, "{}: malformed answer: it ends inside a line",
                           Watched<T>::asked);
        }
        pending_ += **piece;
    }
}

template class Watch<Pod>;
template class Watch<SecretObject>;

Client::Client(http::Transport& transport, Access access)
    : transport_(&transport), access_(std::move(access)) {}

Client Client::with_token(Secret token) const {
    Client other = *this;
    other.access_.token = std::move(token);
    other.access_.endpoint.tls.identity.reset();
    return other;
}

Task<Result<http::Response>> Client::request(std::string method, std::string path,
                                             std::optional<Json> body,
                                             std::string content_type) const {
    http::Request request;
    request.method = method;
    request.target = access_.endpoint.url.path + path;
    request.headers.set("Accept", "application/json");
    if (!access_.token.empty()) {
        request.headers.set("Authorization", "Bearer " + access_.token.reveal());
    }
    if (body) {
        request.headers.set("Content-Type", content_type);
        request.body = body->dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    auto response = co_await transport_->send(access_.endpoint, std::move(request));
    if (!response) {
        co_return propagate(response, what(method, path));
    }
    co_return response;
}

Task<Result<Json>> Client::call(std::string method, std::string path, std::optional<Json> body,
                                std::string content_type) const {
    const auto response = co_await request(method, path, std::move(body), std::move(content_type));
    if (!response) {
        co_return propagate(response);
    }
    if (response->status < 200 || response->status >= 300) {
        co_return tl::unexpected<Failure>(conceal(
            failure_of(what(method, path), response->status, response->headers, response->body),
            access_.token));
    }
    Json json = json_or_null(response->body);
    if (!json.is_object()) {
        co_return fail(FailureKind::malformed, "{}: malformed answer: expected a JSON object",
                       what(method, path));
    }
    co_return Result<Json>(tl::in_place, std::move(json));
}

Task<Result<std::string>> Client::version() const {
    const auto answer = co_await call("GET", "/version");
    if (!answer) {
        co_return propagate(answer);
    }
    AnswerFields fields(*answer, "GET /version");
    co_return checked(fields.text("gitVersion"), fields);
}

Task<Result<bool>> Client::namespace_exists(std::string name) const {
    const auto answer = co_await call("GET", "/api/v1/namespaces/" + percent_encode(name));
    if (!answer && answer.error().kind != FailureKind::not_found) {
        co_return propagate(answer);
    }
    co_return answer.has_value();
}

Task<Result<void>> Client::create_namespace(std::string name, Labels labels) const {
    ObjectMeta meta;
    meta.name = std::move(name);
    meta.labels = std::move(labels);
    co_return done(co_await call("POST", "/api/v1/namespaces", object_of("v1", "Namespace", meta)));
}

Task<Result<void>> Client::delete_namespace(std::string name) const {
    co_return done(co_await call("DELETE", "/api/v1/namespaces/" + percent_encode(name)));
}

Task<Result<std::vector<ObjectMeta>>> Client::list_namespaces(std::string selector) const {
    const auto answer = co_await call("GET", selected("/api/v1/namespaces", selector));
    co_return read_all(answer, what("GET", "/api/v1/namespaces"), read_meta);
}

Task<Result<ServiceAccount>> Client::create_service_account(ObjectMeta meta) const {
    const auto path = namespaced(meta.namespace_name, "serviceaccounts");
    const auto answer = co_await call("POST", path, object_of("v1", "ServiceAccount", meta));
    co_return read_one(answer, what("POST", path), read_service_account);
}

Task<Result<ServiceAccount>> Client::service_account(std::string ns, std::string name) const {
    const auto path = namespaced(ns, "serviceaccounts", name);
    const auto answer = co_await call("GET", path);
    co_return read_one(answer, what("GET", path), read_service_account);
}

Task<Result<void>> Client::delete_service_account(std::string ns, std::string name) const {
    co_return done(co_await call("DELETE", namespaced(ns, "serviceaccounts", name)));
}

Task<Result<std::vector<ServiceAccount>>> Client::list_service_accounts(
    std::string ns, std::string selector) const {
    const auto path = namespaced(ns, "serviceaccounts");
    const auto answer = co_await call("GET", selected(path, selector));
    co_return read_all(answer, what("GET", path), read_service_account);
}

Task<Result<IssuedToken>> Client::request_token(std::string ns, std::string service_account,
                                                TokenRequest request) const {
    const auto path = namespaced(ns, "serviceaccounts", service_account) + "/token";
    Json body;
    body["apiVersion"] = "authentication.k8s.io/v1";
    body["kind"] = "TokenRequest";
    auto& spec = body["spec"];
    spec["expirationSeconds"] = std::chrono::ceil<std::chrono::seconds>(request.expiration).count();
    if (!request.audiences.empty()) {
        spec["audiences"] = request.audiences;
    }
    if (!request.bound_pod_name.empty()) {
        auto& bound = spec["boundObjectRef"];
        bound["apiVersion"] = "v1";
        bound["kind"] = "Pod";
        bound["name"] = request.bound_pod_name;
        if (!request.bound_pod_uid.empty()) {
            bound["uid"] = request.bound_pod_uid;
        }
    }
    const auto answer = co_await call("POST", path, std::move(body));
    if (!answer) {
        co_return propagate(answer);
    }
    AnswerFields fields(*answer, what("POST", path));
    IssuedToken issued;
    issued.token = Secret(fields.text("status.token"));
    const auto expires = parse_rfc3339(fields.text("status.expirationTimestamp"));
    if (!expires) {
        fields.refuse("status.expirationTimestamp", "expected a time like 2026-01-02T03:04:05Z");
    }
    issued.expires = expires.value_or(Time{});
    co_return checked(std::move(issued), fields);
}

Task<Result<TokenReview>> Client::review_token(Secret token,
                                               std::vector<std::string> audiences) const {
    const std::string path = "/apis/authentication.k8s.io/v1/tokenreviews";
    Json body;
    body["apiVersion"] = "authentication.k8s.io/v1";
    body["kind"] = "TokenReview";
    body["spec"]["token"] = token.reveal();
    if (!audiences.empty()) {
        body["spec"]["audiences"] = audiences;
    }
    const auto answer = co_await call("POST", path, std::move(body));
    if (!answer) {
        co_return tl::unexpected<Failure>(conceal(answer.error(), token));
    }
    AnswerFields fields(*answer, what("POST", path));
    TokenReview review;
    review.authenticated = fields.flag_or_false("status.authenticated");
    review.username = fields.text_or_empty("status.user.username");
    review.uid = fields.text_or_empty("status.user.uid");
    review.groups = fields.texts("status.user.groups");
    review.audiences = fields.texts("status.audiences");
    review.error = conceal(fields.text_or_empty("status.error"), token);
    co_return checked(std::move(review), fields);
}

Task<Result<void>> Client::create_secret(SecretObject secret) const {
    co_return done(
        co_await call("POST", namespaced(secret.meta.namespace_name, "secrets"), to_json(secret)));
}

Task<Result<void>> Client::replace_secret(SecretObject secret) const {
    co_return done(
        co_await call("PUT", namespaced(secret.meta.namespace_name, "secrets", secret.meta.name),
                      to_json(secret)));
}

Task<Result<SecretObject>> Client::secret(std::string ns, std::string name) const {
    const auto path = namespaced(ns, "secrets", name);
    const auto answer = co_await call("GET", path);
    co_return read_one(answer, what("GET", path), read_secret);
}

Task<Result<void>> Client::delete_secret(std::string ns, std::string name) const {
    co_return done(co_await call("DELETE", namespaced(ns, "secrets", name)));
}

Task<Result<std::vector<SecretObject>>> Client::list_secrets(std::string ns,
                                                             std::string selector) const {
    const auto path = namespaced(ns, "secrets");
    const auto answer = co_await call("GET", selected(path, selector));
    co_return read_all(answer, what("GET", path), read_secret);
}

Task<Result<SecretList>> Client::list_secrets_versioned(std::string ns,
                                                        std::string selector) const {
    const auto path = namespaced(ns, "secrets");
    const auto answer = co_await call("GET", selected(path, selector));
    co_return read_versioned<SecretList>(answer, what("GET", path), read_secret);
}

Task<Result<Pod>> Client::create_pod(Pod pod) const {
    const auto path = namespaced(pod.meta.namespace_name, "pods");
    Json body = object_of("v1", "Pod", pod.meta);
    auto& spec = body["spec"];
    // No scheduler and no kubelet takes such a pod: its agent runs in this program, and the image
    // is never pulled.
    spec["schedulerName"] = "meshproof";
    spec["automountServiceAccountToken"] = false;
    spec["terminationGracePeriodSeconds"] = 0;
    Json container;
    container["name"] = "app";
    container["image"] = "meshproof.invalid/pause";
    spec["containers"] = Json::array();
    spec["containers"].push_back(std::move(container));
    if (!pod.service_account.empty()) {
        spec["serviceAccountName"] = pod.service_account;
    }
    if (!pod.node_name.empty()) {
        spec["nodeName"] = pod.node_name;
    }
    const auto answer = co_await call("POST", path, std::move(body));
    co_return read_one(answer, what("POST", path), read_pod);
}

Task<Result<Pod>> Client::pod(std::string ns, std::string name) const {
    const auto path = namespaced(ns, "pods", name);
    const auto answer = co_await call("GET", path);
    co_return read_one(answer, what("GET", path), read_pod);
}

Task<Result<void>> Client::delete_pod(std::string ns, std::string name) const {
    co_return done(co_await call("DELETE", namespaced(ns, "pods", name) + "?gracePeriodSeconds=0"));
}

Task<Result<PodList>> Client::list_pods(std::string ns, std::string selector) const {
    const auto path = namespaced(ns, "pods");
    const auto answer = co_await call("GET", selected(path, selector));
    co_return read_versioned<PodList>(answer, what("GET", path), read_pod);
}

Task<Result<std::unique_ptr<http::Stream>>> Client::open_watch(std::string path,
                                                               std::string selector,
                                                               std::string resource_version,
                                                               Duration limit) const {
    http::Request request;
    request.target =
        fmt::format("{}{}?watch=1&resourceVersion={}&allowWatchBookmarks=true&timeoutSeconds={}",
                    access_.endpoint.url.path, path, percent_encode(resource_version),
                    std::max<std::int64_t>(1, limit / std::chrono::seconds(1)));
    if (!selector.empty()) {
        request.target += "&labelSelector=" + percent_encode(selector);
    }
    request.headers.set("Accept", "application/json");
    if (!access_.token.empty()) {
        request.headers.set("Authorization", "Bearer " + access_.token.reveal());
    }
    const auto asked = what("WATCH", path);
    auto stream = co_await transport_->open(access_.endpoint, std::move(request));
    if (!stream) {
        co_return propagate(stream, asked);
    }
    const int status = (*stream)->head().status;
    if (status < 200 || status >= 300) {
        std::string body;
        while (body.size() <= longest_refusal) {
            const auto piece = co_await (*stream)->next();
            if (!piece || !*piece) {
                break;
            }
            body += **piece;
        }
        co_return tl::unexpected<Failure>(
            conceal(failure_of(asked, status, (*stream)->head().headers, body), access_.token));
    }
    co_return std::move(*stream);
}

Task<Result<PodWatch>> Client::watch_pods(std::string ns, std::string selector,
                                          std::string resource_version, Duration limit) const {
    auto stream = co_await open_watch(namespaced(ns, "pods"), std::move(selector),
                                      std::move(resource_version), limit);
    if (!stream) {
        co_return propagate(stream);
    }
    co_return PodWatch(std::move(*stream));
}

Task<Result<SecretWatch>> Client::watch_secrets(std::string ns, std::string selector,
                                                std::string resource_version,
                                                Duration limit) const {
    auto stream = co_await open_watch(namespaced(ns, "secrets"), std::move(selector),
                                      std::move(resource_version), limit);
    if (!stream) {
        co_return propagate(stream);
    }
    co_return SecretWatch(std::move(*stream));
}

Task<Result<void>> Client::set_pod_status(std::string ns, std::string name, std::string phase,
                                          bool ready, std::string reason) const {
    Json condition;
    condition["type"] = "Ready";
    condition["status"] = ready ? "True" : "False";
    if (!ready) {
        condition["message"] = reason;
    }
    Json body;
    body["status"]["phase"] = phase;
    // A merge patch replaces a list whole: Ready is the only condition that such a pod has.
    body["status"]["conditions"] = Json::array();
    body["status"]["conditions"].push_back(std::move(condition));
    co_return done(co_await call("PATCH", namespaced(ns, "pods", name) + "/status", std::move(body),
                                 "application/merge-patch+json"));
}

namespace {
constexpr std::string_view bindings_path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
constexpr std::string_view definitions_path =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
}  // namespace

Task<Result<void>> Client::bind_auth_delegator(std::string binding, std::string ns,
                                               std::string service_account, Labels labels) const {
    ObjectMeta meta;
    meta.name = std::move(binding);
    meta.labels = std::move(labels);
    Json body = object_of("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", meta);
    body["roleRef"]["apiGroup"] = "rbac.authorization.k8s.io";
    body["roleRef"]["kind"] = "ClusterRole";
    body["roleRef"]["name"] = "system:auth-delegator";
    Json subject;
    subject["kind"] = "ServiceAccount";
    subject["namespace"] = ns;
    subject["name"] = service_account;
    body["subjects"] = Json::array();
    body["subjects"].push_back(std::move(subject));
    co_return done(co_await call("POST", std::string(bindings_path), std::move(body)));
}

Task<Result<void>> Client::delete_cluster_role_binding(std::string binding) const {
    co_return done(
        co_await call("DELETE", fmt::format("{}/{}", bindings_path, percent_encode(binding))));
}

Task<Result<std::vector<ObjectMeta>>> Client::list_cluster_role_bindings(
    std::string selector) const {
    const auto answer = co_await call("GET", selected(std::string(bindings_path), selector));
    co_return read_all(answer, what("GET", bindings_path), read_meta);
}

Task<Result<void>> Client::delete_custom_resource_definition(std::string definition) const {
    co_return done(co_await call(
        "DELETE", fmt::format("{}/{}", definitions_path, percent_encode(definition))));
}

Task<Result<std::vector<ObjectMeta>>> Client::list_custom_resource_definitions(
    std::string selector) const {
    const auto answer = co_await call("GET", selected(std::string(definitions_path), selector));
    co_return read_all(answer, what("GET", definitions_path), read_meta);
}

}  // namespace meshproof::kube
