#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/text.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/kube/fake_kube.hpp"

namespace meshproof::fakes {

using Json = nlohmann::json;
using namespace std::chrono_literals;

inline Task<void> pause(SimClock& clock, Duration duration) {
    co_await clock.sleep_for(duration);
}

struct Answer {
    int status = 0;
    Json body;  ///< discarded where it is no JSON
    http::Response raw;
};

/// A FakeKube at a virtual date, asked without a wire between.
class Kube : public testing::Test {
  protected:
    Kube() { restart(); }

    void restart() {
        FakeKubeOptions options;
        options.es256 = true;  // quicker to generate than RSA
        options.ca_pem = "CA";
        kube = std::make_unique<FakeKube>(options, clock);
    }
    /// As the administrator, or with another bearer token; "" = none.
    Answer call(std::string method, std::string target, std::optional<Json> body = std::nullopt,
                std::string token = "admin", std::string type = "application/json",
                http::Headers headers = {}) {
        http::Request request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.headers = std::move(headers);
        if (!token.empty()) {
            request.headers.set("Authorization", "Bearer " + token);
        }
        if (body) {
            request.headers.set("Content-Type", std::move(type));
            request.body = body->dump();
        }
        return ask(std::move(request), {});
    }
    Answer ask(http::Request request, http::Peer peer) {
        Answer answer;
        answer.raw = clock.run(kube->handle(std::move(request), std::move(peer)));
        answer.status = answer.raw.status;
        answer.body = Json::parse(answer.raw.body, nullptr, false);
        return answer;
    }
    void pass_time(Duration duration) { clock.run(pause(clock, duration)); }

    Json create_account(const std::string& name) {
        auto made = call("POST", accounts, Json{{"metadata", {{"name", name}}}});
        EXPECT_EQ(made.status, 201) << made.raw.body;
        return made.body;
    }
    std::string token_of(const std::string& name, Json spec = Json::object()) {
        const auto made = call("POST", accounts + "/" + name + "/token", Json{{"spec", spec}});
        EXPECT_EQ(made.status, 201) << made.raw.body;
        return made.status == 201 ? made.body["status"]["token"].get<std::string>() : "";
    }
    Json review(const std::string& token, Json audiences = Json::array()) {
        const auto made =
            call("POST", reviews, Json{{"spec", {{"token", token}, {"audiences", audiences}}}});
        EXPECT_EQ(made.status, 201) << made.raw.body;
        return made.body["status"];
    }
    Json create_pod(const std::string& name, const std::string& account,
                    const Json& labels = Json::object()) {
        const auto made =
            call("POST", pods,
                 Json{{"metadata", {{"name", name}, {"labels", labels}}},
                      {"spec",
                       {{"serviceAccountName", account},
                        {"containers", Json::array({{{"name", "app"}, {"image", "app"}}})}}}});
        EXPECT_EQ(made.status, 201) << made.raw.body;
        return made.body;
    }

    const std::string accounts = "/api/v1/namespaces/default/serviceaccounts";
    const std::string pods = "/api/v1/namespaces/default/pods";
    const std::string secrets = "/api/v1/namespaces/default/secrets";
    const std::string reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    const std::string bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

    boost::asio::io_context context;
    SimClock clock{context, from_unix_seconds(1'800'000'000)};
    std::unique_ptr<FakeKube> kube;
};

}  // namespace meshproof::fakes
