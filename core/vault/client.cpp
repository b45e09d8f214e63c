#include "core/vault/client.hpp"

#include <algorithm>

#include "core/base/json_text.hpp"
#include "core/vault/reading.hpp"

namespace meshproof::vault {
namespace {

using http::Url;

const Json null_json;

std::vector<std::string> strings_at(const Json& object, const char* name) {
    std::vector<std::string> out;
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (object.is_object() && found != object.end() && found->is_array()) {
        for (const auto& item : *found) {
            if (item.is_string()) {
                out.push_back(item.get<std::string>());
            }
        }
    }
    return out;
}

bool mentions(const std::vector<std::string>& texts, std::string_view word) {
    return std::ranges::any_of(texts, [word](const std::string& text) {
        return lower(text).find(word) != std::string::npos;
    });
}

FailureKind kind_of(int status, const std::vector<std::string>& errors) {
    if (status == 503 && mentions(errors, "sealed")) {
        return FailureKind::sealed;
    }
    if (status == 400 && mentions(errors, "already in use")) {
        return FailureKind::conflict;  // a taken mount path is 400 on the wire (row 34)
    }
    // What is left below 400 is a redirect that leads nowhere: no node is active (row 32).
    return kind_of_status(status);
}

/// The secrets of a request: a server may repeat what it cannot use (row 12), and messages must
/// not.
std::vector<Secret> secrets_of(const Config& config, const std::optional<Json>& body) {
    std::vector<Secret> secrets{config.token};
    if (body && body->is_object()) {
        for (const auto* name : {"jwt", "key", "token", "token_reviewer_jwt"}) {
            const auto found = body->find(name);
            if (found != body->end() && found->is_string()) {
                secrets.emplace_back(found->get<std::string>());
            }
        }
    }
    return secrets;
}

struct Redirect {
    Url origin;
    std::string target;
};

/// Where a 307 leads. The query stays with the path, which Url does not take.
Result<Redirect> redirect_to(const Url& from, std::string_view location) {
    if (location.starts_with('/')) {
        return Redirect{from, std::string(location)};
    }
    const auto scheme_end = location.find("://");
    const auto path_at =
        scheme_end == std::string_view::npos ? scheme_end : location.find('/', scheme_end + 3);
    if (path_at == std::string_view::npos) {
        return fail(FailureKind::malformed, "307 with no usable Location");
    }
    auto origin = Url::parse(location.substr(0, path_at));
    if (!origin) {
        return fail(FailureKind::malformed, "307 with no usable Location: {}",
                    origin.error().message);
    }
    if (from.scheme == "https" && origin->scheme != "https") {
        return fail(FailureKind::tls, "307 from https to {}: not followed", origin->origin());
    }
    return Redirect{std::move(*origin), std::string(location.substr(path_at))};
}

Reply to_reply(http::Response response) {
    Reply reply;
    reply.status = response.status;
    reply.headers = std::move(response.headers);
    reply.body = std::move(response.body);
    reply.json = json_or_null(reply.body);
    return reply;
}

}  // namespace

const Json& Reply::data() const {
    const auto found = json.is_object() ? json.find("data") : json.end();
    return json.is_object() && found != json.end() ? *found : null_json;
}

std::vector<std::string> Reply::warnings() const {
    return strings_at(json, "warnings");
}
std::vector<std::string> Reply::errors() const {
    return strings_at(json, "errors");
}

Failure failure_of(std::string_view method, std::string_view path, const Reply& reply) {
    auto errors = reply.errors();
    std::string told = one_line(join(errors, "; "));
    if (told.empty()) {
        told = reply.body.empty() || reply.json.is_object()
                   ? "without a text"
                   : "with a body that is not Vault's: " + head_of_line(reply.body);
    }
    return Failure{kind_of(reply.status, errors),
                   fmt::format("{} {}: {} {}", method, path, reply.status, told), reply.status,
                   std::move(errors), http::retry_after(reply.headers)};
}

Client::Client(http::Transport& transport, Config config)
    : transport_(&transport), config_(std::move(config)) {}

Client Client::with_token(Secret token) const {
    Client other = *this;
    other.config_.token = std::move(token);
    return other;
}

Client Client::with_namespace(std::string name) const {
    Client other = *this;
    other.config_.namespace_name = std::move(name);
    return other;
}

Client Client::at(http::Url url) const {
    Client other = *this;
    auto& endpoint = other.config_.endpoint;
    if (endpoint.tls.server_name.empty()) {
        endpoint.tls.server_name = endpoint.url.host;
    }
    endpoint.url = std::move(url);
    return other;
}

Task<Result<Reply>> Client::request(std::string method, std::string path,
                                    std::optional<Json> body) const {
    if (path.empty() || path.front() == '/' ||
        std::ranges::any_of(path, [](unsigned char c) { return c <= ' ' || c == 127; })) {
        co_return fail(FailureKind::invalid,
                       "\"{}\" is not a Vault path: expected one like pki_int/sign/role, without a "
                       "leading slash and without blanks",
                       one_line(path));
    }
    http::Request request;
    request.method = method;
    request.target = config_.endpoint.url.path + "/v1/" + path;
    request.headers.set("X-Vault-Request", "true");
    if (!config_.token.empty()) {
        request.headers.set("X-Vault-Token", config_.token.reveal());
    }
    if (!config_.namespace_name.empty()) {
        request.headers.set("X-Vault-Namespace", config_.namespace_name);
    }
    if (body) {
        // Row 13.
        request.headers.set("Content-Type", method == "PATCH" ? "application/merge-patch+json"
                                                              : "application/json");
        request.body = body->dump(-1, ' ', false, Json::error_handler_t::replace);
    }

    auto response = co_await transport_->send(config_.endpoint, request);
    if (response && response->status == 307) {
        auto redirect = redirect_to(config_.endpoint.url,
                                    response->headers.find("Location").value_or(std::string()));
        if (!redirect) {
            co_return propagate(redirect, reading::what(method, path));
        }
        http::Endpoint next = config_.endpoint;
        if (redirect->origin.host != next.url.host) {
            // The name was of the machine that redirected: each node has a certificate of its own.
            next.tls.server_name.clear();
        }
        next.url = std::move(redirect->origin);
        request.target = std::move(redirect->target);
        response = co_await transport_->send(next, request);
    }
    if (!response) {
        co_return propagate(response, reading::what(method, path));
    }
    co_return to_reply(std::move(*response));
}

Task<Result<Reply>> Client::call(std::string method, std::string path,
                                 std::optional<Json> body) const {
    const auto secrets = secrets_of(config_, body);
    auto reply = co_await request(method, path, std::move(body));
    if (!reply || (reply->status >= 200 && reply->status < 300)) {
        co_return reply;
    }
    Failure failure = failure_of(method, path, *reply);
    for (const auto& secret : secrets) {
        failure = conceal(std::move(failure), secret);
    }
    co_return tl::unexpected<Failure>(std::move(failure));
}

namespace reading {

std::string ttl(Duration duration) {
    return fmt::format("{}s", std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string what(std::string_view method, std::string_view path) {
    return fmt::format("{} {}", method, path);
}

Result<std::vector<std::string>> keys(const Result<Reply>& reply, std::string what) {
    if (!reply) {
        if (reply.error().status == 404 && reply.error().errors.empty()) {
            return std::vector<std::string>{};
        }
        return propagate(reply);
    }
    AnswerFields fields(reply->json, std::move(what));
    return checked(fields.texts("data.keys"), fields);
}

Result<Login> login(const Reply& reply, std::string what) {
    AnswerFields fields(reply.json, std::move(what));
    Login login;
    login.token = Secret(fields.text("auth.client_token"));
    login.accessor = fields.text_or_empty("auth.accessor");
    login.policies = fields.texts("auth.policies");
    login.lease = fields.seconds("auth.lease_duration");
    login.renewable = fields.flag_or_false("auth.renewable");
    login.type = fields.text_or_empty("auth.token_type");
    login.warnings = reply.warnings();
    return checked(std::move(login), fields);
}

}  // namespace reading
}  // namespace meshproof::vault
