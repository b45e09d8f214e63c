#include "perf/load/local_process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "core/http/beast_transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::load {
namespace {

// Lines as Linux writes them, on a machine of little-endian byte order.
constexpr std::string_view table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 00000000:2008 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "111 2 000000002db50db2 100 0 0 10 0\n"
    "   1: 0100007F:2008 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "222 2 000000002db50db2 100 0 0 10 0\n"
    "   2: 0200007F:2008 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "333 2 000000002db50db2 100 0 0 10 0\n"
    "   3: 0100007F:2009 0100007F:2008 01 00000000:00000000 00:00000000 00000000     0        0 "
    "444 2 000000002db50db2 100 0 0 10 0\n";

TEST(ListeningInode, IsOfTheVeryAddressWhereThatIsThere) {
    EXPECT_EQ(listening_inode(table, "127.0.0.1", 8200), 222U);
    EXPECT_EQ(listening_inode(table, "localhost", 8200), 222U);
    EXPECT_EQ(listening_inode(table, "127.0.0.2", 8200), 333U);
    EXPECT_EQ(listening_inode(table, "127.0.0.3", 8200), 111U);
}

TEST(ListeningInode, IsOfNoConnectionAndOfNoOtherPort) {
    EXPECT_EQ(listening_inode(table, "127.0.0.1", 8201), std::nullopt);
    EXPECT_EQ(listening_inode(table, "127.0.0.1", 1), std::nullopt);
    EXPECT_EQ(listening_inode("", "127.0.0.1", 8200), std::nullopt);
    EXPECT_EQ(listening_inode("one line of something else", "127.0.0.1", 8200), std::nullopt);
}

TEST(ListeningInode, KnowsGosSocketsOfAllAddresses) {
    constexpr std::string_view six =
        "   0: 00000000000000000000000000000000:2008 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000     0        0 555 1 0000000021 100 0 0 10 0\n"
        "   1: 00000000000000000000000001000000:2009 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000     0        0 666 1 0000000021 100 0 0 10 0\n";
    EXPECT_EQ(listening_inode(six, "127.0.0.1", 8200), 555U);
    EXPECT_EQ(listening_inode(six, "::1", 8201), 666U);
    EXPECT_EQ(listening_inode(six, "127.0.0.1", 8201), std::nullopt);
}

TEST(ProcessUse, IsReadBehindAnyName) {
    constexpr std::string_view stat =
        "42 (a (b) c) S 1 42 42 0 -1 4194560 5 0 0 0 150 50 7 8 20 0 9 0 11 1400000000 2500 "
        "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0";
    const auto use = process_use(stat, {100, 4096});
    ASSERT_TRUE(use);
    EXPECT_EQ(use->name, "a (b) c");
    EXPECT_EQ(use->processor, std::chrono::seconds(2));
    EXPECT_EQ(use->memory_bytes, 2500U * 4096);
    EXPECT_FALSE(process_use("", {100, 4096}));
    EXPECT_FALSE(process_use("42 (a) S 1 2", {100, 4096}));
}

class Nobody final : public http::Handler {
    Task<http::Response> handle(http::Request, http::Peer) override { co_return http::Response{}; }
};

TEST(ProcessAt, FindsOneself) {
    boost::asio::io_context context;
    RealClock clock;
    http::BeastTransport wire(clock);
    Nobody nobody;
    http::ListenSpec spec;
    spec.tls = false;
    const auto listener = require(run_real(context, wire.listen(spec, nobody)));
    const auto process = process_at(listener->url());
    ASSERT_TRUE(process) << process.error().message;
    EXPECT_EQ(*process, ::getpid());
    const auto use = use_of(*process);
    ASSERT_TRUE(use) << use.error().message;
    EXPECT_GT(use->memory_bytes, 1'000'000U);
    EXPECT_FALSE(process_at({"https", "vault.example", 8200, ""}));
}

}  // namespace
}  // namespace meshproof::load
