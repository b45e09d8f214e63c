#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/time/sim_clock.hpp"
#include "fakes/vault/fake_vault.hpp"
#include "fakes/vault/logical/product.hpp"

/// One FakeVault on virtual time, asked directly. What it sends out itself is answered by a
/// function.
namespace meshproof::fakes::vault {

using Json = nlohmann::json;

struct Reply {
    int status = 0;
    Json json;
    std::string body;
    http::Headers headers;
    bool chunked = false;

    [[nodiscard]] std::string error() const {
        return json.is_object() && json.contains("errors") && !json["errors"].empty()
                   ? json["errors"][0].get<std::string>()
                   : std::string();
    }
    [[nodiscard]] const Json& data() const { return json.at("data"); }
};

/// Answers each request of the fake by `answer`; remembers the requests.
class ScriptedWire final : public http::Transport {
  public:
    std::function<Result<http::Response>(const http::Request&)> answer;
    std::vector<std::pair<http::Endpoint, http::Request>> seen;
    Clock* clock = nullptr;
    Duration delay{};

    [[nodiscard]] Task<Result<http::Response>> send(http::Endpoint endpoint,
                                                    http::Request request) override {
        seen.emplace_back(endpoint, request);
        if (delay > Duration{}) {
            co_await clock->sleep_for(delay);
        }
        if (!answer) {
            co_return fail(FailureKind::unreachable, "nobody answers");
        }
        co_return answer(request);
    }
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint,
                                                                   http::Request) override {
        co_return fail(FailureKind::unsupported, "no streams here");
    }
    [[nodiscard]] Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec,
                                                                       http::Handler&) override {
        co_return fail(FailureKind::unsupported, "no listeners here");
    }
    [[nodiscard]] Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url,
                                                                      std::string) override {
        co_return fail(FailureKind::unsupported, "no links here");
    }
    void drop_idle() override {}
};

struct Ask {
    std::string method, path;  ///< path below /v1/
    std::optional<Json> body = std::nullopt;
    std::string token = "root";
    std::vector<std::pair<std::string, std::string>> headers = {};
};

class FakeVaultTest : public ::testing::TestWithParam<Product> {
  public:
    void start(FakeVaultOptions options = {}) {
        options.product = product;
        fake = std::make_unique<FakeVault>(std::move(options), clock, wire);
    }

    [[nodiscard]] bool openbao() const { return product == Product::openbao; }

    Reply ask(Ask what) {
        http::Request request;
        request.method = what.method;
        request.target = what.path.starts_with("/") ? what.path : "/v1/" + what.path;
        if (!what.token.empty()) {
            request.headers.set("X-Vault-Token", what.token);
        }
        for (const auto& [name, value] : what.headers) {
            request.headers.set(name, value);
        }
        if (what.body) {
            request.body =
                what.body->is_string() ? what.body->get<std::string>() : what.body->dump();
        }
        const auto response =
            clock.run(fake->handle(std::move(request), http::Peer{"127.0.0.1", {}}));
        return {response.status, Json::parse(response.body, nullptr, false), response.body,
                response.headers, response.chunked};
    }
    Reply get(std::string path, std::string token = "root") {
        return ask({.method = "GET", .path = std::move(path), .token = std::move(token)});
    }
    Reply list(std::string path, std::string token = "root") {
        return ask({.method = "LIST", .path = std::move(path), .token = std::move(token)});
    }
    Reply put(std::string path, Json body = Json::object(), std::string token = "root") {
        return ask({.method = "PUT",
                    .path = std::move(path),
                    .body = std::move(body),
                    .token = std::move(token)});
    }
    Reply remove(std::string path, std::string token = "root") {
        return ask({.method = "DELETE", .path = std::move(path), .token = std::move(token)});
    }

    /// A service token with these policies.
    std::string token_with(std::vector<std::string> policies, Json more = Json::object()) {
        more["policies"] = std::move(policies);
        return put("auth/token/create", std::move(more))
            .json.at("auth")
            .at("client_token")
            .get<std::string>();
    }
    void policy(const std::string& name, const std::string& hcl) {
        const auto reply = put("sys/policies/acl/" + name, {{"policy", hcl}});
        ASSERT_EQ(reply.status, 204) << reply.body;
    }
    void pass(Duration duration) { clock.run(clock.sleep_for(duration)); }

    static constexpr std::string_view multi_denied = "1 error occurred:\n\t* permission denied\n\n";

    boost::asio::io_context context;
    SimClock clock{context, *parse_rfc3339("2026-03-01T10:00:00Z")};
    ScriptedWire wire;
    Product product = Product::openbao;
    std::unique_ptr<FakeVault> fake;

  protected:
    void SetUp() override {
        wire.clock = &clock;
        start();
    }
};

/// The same tests on both products.
class BothProducts : public FakeVaultTest {
  protected:
    void SetUp() override {
        product = GetParam();
        FakeVaultTest::SetUp();
    }
};

#define MESHPROOF_BOTH_PRODUCTS(suite)                                                             \
    INSTANTIATE_TEST_SUITE_P(Products, suite, ::testing::Values(Product::openbao, Product::vault), \
                             [](const auto& info) { return std::string(to_string(info.param)); })

}  // namespace meshproof::fakes::vault
