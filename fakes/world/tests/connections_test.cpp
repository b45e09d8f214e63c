// A thousand clients at once, on one thread.
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/crypto/tls.hpp"
#include "core/http/beast_transport.hpp"
#include "core/http/wire.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/signal.hpp"
#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {
namespace {

constexpr std::size_t crowd_size = 1000;
constexpr int rounds = 3;

/// Where all clients wait for one another.
struct Meeting {
    std::size_t arrived = 0;
    int round = 0;
    Signal go;

    [[nodiscard]] Task<void> wait() {
        if (++arrived == crowd_size) {
            arrived = 0;
            ++round;
            go.notify_all();
            co_return;
        }
        const auto mine = round;
        while (round == mine) {
            co_await go.wait();
        }
    }
};

struct Crowd {
    http::Url url;
    crypto::TlsParty party;
    std::shared_ptr<SSL_CTX> context;
    Meeting meeting;
    std::size_t answered = 0;
    std::string problem;
};

Task<bool> ask(Crowd& crowd, http::Wire& wire) {
    if (co_await wire.write("GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n\r\n")) {
        co_return false;
    }
    std::string text;
    while (text.find("\"initialized\":true") == std::string::npos || !text.ends_with('\n')) {
        std::array<char, 4096> piece;
        const auto moved = co_await wire.read_some(piece);
        if (moved.error) {
            crowd.problem = wire.failure(moved.error).message;
            co_return false;
        }
        text.append(piece.data(), moved.bytes);
    }
    co_return text.starts_with("HTTP/1.1 200 ");
}

Task<void> be_client(Crowd& crowd, std::shared_ptr<http::OpenSet> open) {
    http::Wire wire(boost::asio::ip::tcp::socket(co_await boost::asio::this_coro::executor), open);
    auto ready = co_await wire.dial(crowd.url);
    if (ready) {
        ready = co_await wire.handshake(crowd.context, crowd.party, /*server=*/false);
    }
    if (!ready) {
        crowd.problem = ready.error().message;
    }
    for (int i = 0; i < rounds; ++i) {
        co_await crowd.meeting.wait();  // all connections are open now, and stay so
        if (ready && co_await ask(crowd, wire)) {
            ++crowd.answered;
        }
    }
    co_await crowd.meeting.wait();
}

Task<void> be_crowd(Crowd& crowd) {
    const auto open = std::make_shared<http::OpenSet>();
    TaskGroup group;
    for (std::size_t i = 0; i < crowd_size; ++i) {
        co_await group.spawn(be_client(crowd, open));
    }
    co_await group.join();
}

TEST(FakeServers, ServeAThousandKeptConnectionsFromOneThread) {
    // Both ends of each are this process's.
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t wanted = 2 * crowd_size + 200;
    if (limit.rlim_cur < wanted) {
        ASSERT_GE(limit.rlim_max, wanted) << "this machine allows too few open files";
        limit.rlim_cur = wanted;
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    boost::asio::io_context context(1);
    RealClock clock;
    http::BeastTransport transport(clock);
    FakeServersOptions options;
    options.vaults = 1;
    options.clusters = 0;
    std::size_t served = 0;
    options.on_served = [&served](const Served&) { ++served; };
    const auto servers =
        require(run_real(context, FakeServers::start(std::move(options), clock, transport)));
    Crowd crowd;
    crowd.url = servers->vault_listener().url();
    crowd.party.trust = {servers->ca()};
    crowd.party.server_name = "127.0.0.1";
    crowd.context = crypto::make_tls_context(crowd.party, /*server=*/false).value();
    run_real(context, be_crowd(crowd));
    EXPECT_EQ(crowd.problem, "");
    EXPECT_EQ(crowd.answered, crowd_size * rounds);
    EXPECT_EQ(served, crowd_size * rounds);
}

}  // namespace
}  // namespace meshproof::fakes
