#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <string>

#include "conformance/twin/player.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/http/transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/sim_clock.hpp"
// After the clocks that it runs on.
#include "core/time/run.inl"

namespace meshproof::twin {

/// A description of one engine with roles, as OpenBao tells it.
inline Json small_document(const std::string& mount) {
    const Json name{
        {"name", "name"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}};
    const Json list{{"name", "list"},
                    {"in", "query"},
                    {"required", true},
                    {"schema", {{"type", "string"}, {"enum", {"true"}}}}};
    const Json body{
        {"type", "object"},
        {"properties",
         {{"ttl", {{"type", "integer"}, {"format", "seconds"}}},
          {"key_type", {{"type", "string"}, {"default", "rsa"}, {"enum", {"rsa", "ec"}}}},
          {"allow_any_name", {{"type", "boolean"}}}}}};
    Json role;
    role["parameters"] = Json::array({name});
    role["get"] = Json::object();
    role["delete"] = Json::object();
    role["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"] =
        "#/components/schemas/Role";
    Json roles;
    roles["get"]["parameters"] = Json::array({list});
    Json out{{"openapi", "3.0.2"}, {"info", {{"title", "OpenBao API"}, {"version", "2.7.2"}}}};
    out["paths"]["/" + mount + "/roles/{name}"] = role;
    out["paths"]["/" + mount + "/roles"] = roles;
    out["components"]["schemas"]["Role"] = body;
    return out;
}

/// A server made by hand: mounts, roles, tokens, as far as stories of roles need them.
class HandMade final : public http::Handler {
  public:
    /// What it does otherwise than a right one: called with the request and the right answer.
    using Fault = std::function<void(const http::Request& request, http::Response& response)>;
    explicit HandMade(std::uint64_t seed, Fault fault = {})
        : chance_(seed), fault_(std::move(fault)) {}

    [[nodiscard]] std::size_t held() const { return mounts_.size(); }
    std::size_t asked = 0;

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer) override {
        ++asked;
        auto response = answer(request);
        response.headers.set("Content-Type", "application/json");
        if (fault_) {
            fault_(request, response);
        }
        co_return response;
    }

  private:
    static http::Response said(int status, const Json& body = nullptr) {
        http::Response out;
        out.status = status;
        out.body = body.is_null() ? std::string() : body.dump();
        return out;
    }

    std::string uuid() {
        const auto hex = to_hex(chance_.bytes(16));
        return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
               hex.substr(16, 4) + "-" + hex.substr(20, 12);
    }

    http::Response data(const Json& value) {
        return said(200, {{"request_id", uuid()}, {"data", value}});
    }

    http::Response answer(const http::Request& request) {
        auto path = request.target.substr(std::string_view("/v1/").size());
        const auto question = path.find('?');
        const auto query = question == std::string::npos ? "" : path.substr(question + 1);
        path = path.substr(0, question);
        const bool list = request.method == "LIST" || query == "list=true";
        const bool write = request.method == "POST" || request.method == "PUT";
        const auto body = json_or_null(request.body);
        if (path == "auth/token/create") {
            const auto token = "s." + chance_.token(24);
            return said(200,
                        {{"auth", {{"client_token", token}, {"accessor", chance_.token(24)}}}});
        }
        if (path == "sys/internal/specs/openapi") {
            return said(200, small_document(mounts_.empty() ? "" : mounts_.begin()->first));
        }
        if (path == "sys/health") {
            return said(200, {{"initialized", true},
                              {"sealed", false},
                              {"standby", false},
                              {"version", "2.7.2"}});
        }
        if (path.starts_with("sys/mounts/") && !path.ends_with("/tune")) {
            return mount(write, request.method,
                         path.substr(std::string_view("sys/mounts/").size()));
        }
        if (path == "sys/mounts" || path == "sys/auth") {
            return data(Json::object());
        }
        if (path.starts_with("sys/") || path.starts_with("auth/") ||
            path.starts_with("identity/")) {
            return write || request.method == "DELETE" ? said(204)
                                                       : said(404, {{"errors", Json::array()}});
        }
        return role(path, list, write, request.method, body);
    }

    http::Response mount(bool write, const std::string& method, const std::string& name) {
        if (write) {
            mounts_[name];
        } else if (method == "DELETE") {
            mounts_.erase(name);
        }
        return said(204);
    }

    http::Response role(const std::string& path, bool list, bool write, const std::string& method,
                        const Json& body) {
        const auto parts = split(path, '/');
        const auto mounted = mounts_.find(parts[0]);
        if (mounted == mounts_.end() || parts.size() < 2 || parts[1] != "roles") {
            return said(404, {{"errors", {"no handler for route"}}});
        }
        auto& roles = mounted->second;
        if (list) {
            Json keys = Json::array();
            for (const auto& [name, role] : roles) {
                keys.push_back(name);
            }
            return keys.empty() ? said(404, {{"errors", Json::array()}}) : data({{"keys", keys}});
        }
        const auto name = parts.size() > 2 ? parts[2] : std::string();
        if (write) {
            roles[name] = body.is_object() ? body : Json::object();
            roles[name]["id"] = uuid();
            return data(roles[name]);
        }
        if (method == "DELETE") {
            roles.erase(name);
            return said(204);
        }
        return roles.contains(name) ? data(roles[name]) : said(404, {{"errors", Json::array()}});
    }

    Prng chance_;
    Fault fault_;
    std::map<std::string, std::map<std::string, Json>> mounts_;
};

/// Hands requests to the handler of the host's name: "real" or "fake".
class TwoServers final : public http::Transport {
  public:
    TwoServers(http::Handler& real, http::Handler& fake) : real_(real), fake_(fake) {}

    Task<Result<http::Response>> send(http::Endpoint endpoint, http::Request request) override {
        auto& handler = endpoint.url.host == "real" ? real_ : fake_;
        co_return co_await handler.handle(std::move(request), {});
    }
    Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint, http::Request) override {
        co_return fail(FailureKind::unsupported, "no streams here");
    }
    Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec,
                                                         http::Handler&) override {
        co_return fail(FailureKind::unsupported, "nobody is served here");
    }
    Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url, std::string) override {
        co_return fail(FailureKind::unsupported, "no links here");
    }
    void drop_idle() override {}

  private:
    http::Handler& real_;
    http::Handler& fake_;
};

inline Side side_named(const std::string& name) {
    Side side{.name = name, .endpoint = {}, .token = Secret("a-token-that-is-nobodys")};
    side.endpoint.url = *http::Url::parse("https://" + name + ":8200");
    return side;
}

template <class T>
T to_the_end(Task<T> work) {
    boost::asio::io_context context;
    return run_real(context, std::move(work));
}

}  // namespace meshproof::twin
