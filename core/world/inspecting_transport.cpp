#include "core/world/inspecting_transport.hpp"

#include "core/base/json_scan.hpp"
#include "core/base/text.hpp"

namespace meshproof::run {
namespace {

/// The text of a JSON body's member, where it has one.
std::optional<Secret> secret_at(std::string_view body, std::string_view member) {
    const auto key = fmt::format("\"{}\":\"", member);
    const auto at = body.find(key);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto begin = at + key.size();
    return Secret(std::string(body.substr(begin, body.find('"', begin) - begin)));
}

InspectingTransport::AgentRequest agent_request(std::string_view caller, std::string_view target) {
    if (caller.empty() || caller == "admin" || !target.starts_with("/v1/")) {
        return InspectingTransport::AgentRequest::none;
    }
    if (target.starts_with("/v1/auth/") && target.ends_with("/login")) {
        return InspectingTransport::AgentRequest::login;
    }
    return target.find("/sign/") != std::string_view::npos
               ? InspectingTransport::AgentRequest::signature
               : InspectingTransport::AgentRequest::none;
}

/// Whether an answer holds what was asked for, as far as a look at its ends and its member tells: a
/// proxy's page does not, nor does what was cut.
bool answers(std::string_view body, InspectingTransport::AgentRequest asked) {
    const bool login = asked == InspectingTransport::AgentRequest::login;
    JsonScan scan(body);
    std::string_view first;
    return scan.take('{') && scan.name(first) && scan.take(':') && trim(body).ends_with('}') &&
           body.find(login ? R"("client_token")" : R"("certificate")") != std::string_view::npos;
}

}  // namespace

AgentCounts InspectingTransport::agents() const {
    auto all = agents_;
    all.rejected_leaves = monitors_.rejected_leaves();
    return all;
}

void InspectingTransport::count(const std::string& caller, AgentRequest asked,
                                const Result<http::Response>& response) {
    constexpr int first_error = 400;
    const bool login = asked == AgentRequest::login;
    const bool rejected = monitors_.take_rejected(caller);
    if (failed_.erase(caller) > 0 || rejected) {
        ++agents_.retries;
    }
    const bool given = response && response->status < first_error;
    if (given && answers(response->body, asked)) {
        ++(login ? agents_.logins : agents_.signatures);
        return;
    }
    failed_.insert(caller);
    if (!response) {
        ++agents_.unanswered;
    } else if (given) {
        ++agents_.unusable;
    } else {
        ++(login ? agents_.refused_logins : agents_.refused_signatures);
    }
}

void InspectingTransport::inspect(const http::Endpoint& endpoint, const http::Request& request) {
    monitors_.on_request(endpoint.caller.empty() ? endpoint.url.origin() : endpoint.caller,
                         request.method, request.target, request.body);
    if (const auto token = request.headers.find("X-Vault-Token")) {
        trace_.learn(Secret(*token));
    }
    if (const auto authorization = request.headers.find("Authorization")) {
        constexpr std::string_view bearer = "Bearer ";
        if (authorization->starts_with(bearer)) {
            trace_.learn(Secret(authorization->substr(bearer.size())));
        }
    }
    // A login's body carries the projected token.
    if (const auto jwt = secret_at(request.body, "jwt")) {
        trace_.learn(*jwt);
    }
}

Task<Result<http::Response>> InspectingTransport::send(http::Endpoint endpoint,
                                                       http::Request request) {
    inspect(endpoint, request);
    const bool told = endpoint.caller == "admin";
    auto method = told ? request.method : std::string();
    auto target = told ? request.target : std::string();
    const auto asked = agent_request(endpoint.caller, request.target);
    const auto caller = asked == AgentRequest::none ? std::string() : endpoint.caller;
    auto response = co_await wire_.send(std::move(endpoint), std::move(request));
    if (asked != AgentRequest::none) {
        count(caller, asked, response);
    }
    // A secret from its first moment on: Vault's answer to a login, and a TokenRequest's.
    for (const auto* member : {"client_token", "token"}) {
        if (const auto token = response ? secret_at(response->body, member) : std::nullopt) {
            trace_.learn(*token);
        }
    }
    if (told) {
        auto outcome = response ? std::to_string(response->status)
                                : std::string(to_string(response.error().kind));
        if (!trace_.add(
                request_event("admin", std::move(method), std::move(target), std::move(outcome)))) {
            monitors_.violate("a secret reached the trace in the target of a request");
        }
    }
    co_return response;
}

Task<Result<std::unique_ptr<http::Stream>>> InspectingTransport::open(http::Endpoint endpoint,
                                                                      http::Request request) {
    inspect(endpoint, request);
    co_return co_await wire_.open(std::move(endpoint), std::move(request));
}

Task<Result<std::unique_ptr<http::Listener>>> InspectingTransport::listen(http::ListenSpec spec,
                                                                          http::Handler& handler) {
    co_return co_await wire_.listen(std::move(spec), handler);
}

Task<Result<std::unique_ptr<http::Link>>> InspectingTransport::open_link(http::Url upstream,
                                                                         std::string name) {
    co_return co_await wire_.open_link(std::move(upstream), std::move(name));
}

}  // namespace meshproof::run
