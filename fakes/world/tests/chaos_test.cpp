// Many clients under every fault at once: whatever they saw of it, the servers lose nothing.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/http/beast_transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;
using Serials = std::set<std::string>;

constexpr int clients = 20, requests = 20;
constexpr auto every_fault = R"(
rules:
  - {name: latency, probability: 0.2, latency: {lognormal: {median: 1ms, sigma: 0.5}}}
  - {name: refused, probability: 0.05, status: 503, retry_after: 1s}
  - {name: limited, probability: 0.05, status: 429}
  - {name: broken, probability: 0.05, status: 500}
  - {name: empty, probability: 0.05, body: empty}
  - {name: truncated, probability: 0.05, body: truncated}
  - {name: malformed, probability: 0.05, body: malformed}
  - {name: html, probability: 0.05, content_type: text/html}
  - {name: drip, probability: 0.05, drip: {bytes: 400, every: 100us}}
  - {name: lost, probability: 0.05, reset: request}
  - {name: before, probability: 0.05, reset: before}
  - {name: during, probability: 0.05, reset: during}
  - {name: after, probability: 0.05, reset: after}
  - {name: stale, probability: 0.05, stale: true}
  - {name: other_key, probability: 0.05, certificate: other_key}
  - {name: wrong_chain, probability: 0.05, certificate: wrong_chain}
  - {name: expired, probability: 0.05, certificate: expired}
  - {name: alert, probability: 0.05, tls_alert: internal_error}
  - {name: stolen, probability: 0.05, tls_certificate: other_key}
  - {name: foreign, probability: 0.05, tls_certificate: wrong_chain}
  - {name: outlived, probability: 0.05, tls_certificate: expired}
)";
const std::set<std::string> not_acted_on{"refused", "limited", "broken", "lost", "stale"};

class ServersUnderChaos : public ::testing::Test {
  protected:
    std::unique_ptr<FakeServers> start(Json state = {}) {
        FakeServersOptions options;
        options.vaults = 1;
        options.clusters = 0;
        options.state = std::move(state);
        options.on_served = [this](const Served& served) {
            for (const auto& fault : served.faults) {
                ++struck_[fault];
            }
            acted_ += served.path == "/v1/pki/issue/web" &&
                      std::ranges::none_of(served.faults, [](const auto& fault) {
                          return not_acted_on.contains(fault);
                      });
        };
        auto servers =
            require(run_real(context_, FakeServers::start(std::move(options), clock_, wire_)));
        run::Target target;
        servers->complete(target);
        vault_.emplace(wire_, target.vaults.at(0).config);
        return servers;
    }
    static Task<Result<meshproof::vault::Reply>> ask(const meshproof::vault::Client& vault,
                                                     std::string method, std::string path,
                                                     Json body = {}) {
        co_return co_await vault.request(std::move(method), std::move(path), std::move(body));
    }
    void set_up() {
        for (const auto& [path, body] :
             {std::pair{"sys/mounts/pki", Json{{"type", "pki"}}},
              std::pair{"pki/root/generate/internal",
                        Json{{"common_name", "r"}, {"key_type", "ec"}}},
              std::pair{"pki/roles/web",
                        Json{{"allow_any_name", true}, {"key_type", "ec"}, {"ttl", "1h"}}}}) {
            const auto done = run_real(context_, ask(*vault_, "POST", path, body));
            ASSERT_TRUE(done) << done.error().message;
            ASSERT_LT(done->status, 300);
        }
    }
    /// What a client was told that it has.
    static Task<void> be_client(const meshproof::vault::Client& vault, Serials& told,
                                std::size_t& failed) {
        for (int i = 0; i < requests; ++i) {
            Json body{{"common_name", "a.example"}};
            const auto answer = co_await vault.request("POST", "pki/issue/web", std::move(body));
            const auto data = answer ? answer->data() : Json();
            if (data.is_object() && data.contains("serial_number")) {
                told.insert(data["serial_number"].get<std::string>());
            } else {
                ++failed;
            }
        }
    }
    static Task<void> be_crowd(const meshproof::vault::Client& vault, Serials& told,
                               std::size_t& failed) {
        TaskGroup group;
        for (int i = 0; i < clients; ++i) {
            co_await group.spawn(be_client(vault, told, failed));
        }
        co_await group.join();
    }
    Serials held() {
        const auto list = run_real(context_, ask(*vault_, "LIST", "pki/certs"));
        return list ? list->json.at("data").at("keys").get<Serials>() : Serials();
    }

    boost::asio::io_context context_{1};
    RealClock clock_;
    http::BeastTransport wire_{clock_};
    std::optional<meshproof::vault::Client> vault_;
    std::map<std::string, int> struck_;
    std::size_t acted_ = 0;
};

TEST_F(ServersUnderChaos, LoseNothing) {
    Json saved;
    Serials kept;
    {
        const auto servers = start();
        set_up();
        servers->chaos().set(parse_chaos(every_fault, "").value());
        Serials told;
        std::size_t failed = 0;
        run_real(context_, be_crowd(*vault_, told, failed));
        servers->chaos().set({});
        EXPECT_EQ(struck_.size(), 21U) << "a fault never struck";
        EXPECT_GT(failed, 50U);
        EXPECT_GT(told.size(), 100U);

        kept = held();
        EXPECT_EQ(kept.size(), acted_ + 1) << "one is the root";
        EXPECT_TRUE(std::ranges::includes(kept, told));
        saved = servers->save();
    }
    wire_.drop_idle();
    const auto again = start(std::move(saved));
    EXPECT_EQ(held(), kept);
}

TEST(FakeServersDate, IsTheOneThatWasAskedForAfterAResetToo) {
    boost::asio::io_context context;
    SimClock clock(context, from_unix_seconds(1'900'000'000));
    http::BeastTransport wire(clock);
    FakeServersOptions options;
    options.vaults = options.clusters = 0;
    options.date = from_unix_seconds(2'000'000'000);
    options.frozen = true;
    const auto servers = require(clock.run(FakeServers::start(std::move(options), clock, wire)));
    EXPECT_EQ(servers->clock().now(), from_unix_seconds(2'000'000'000));
    EXPECT_TRUE(servers->clock().frozen());
    servers->clock().resume();
    servers->clock().advance(std::chrono::hours(1));
    servers->reset();
    EXPECT_EQ(servers->clock().now(), from_unix_seconds(2'000'000'000));
    EXPECT_TRUE(servers->clock().frozen());
}

}  // namespace
}  // namespace meshproof::fakes
