#include "core/http/websocket.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"
#include "core/http/tests/wire_test.hpp"

namespace meshproof::http {
namespace {

std::string masked(Opcode opcode, std::string_view payload) {
    const std::string_view mask = "\x01\x02\x03\x04";
    std::string out{static_cast<char>(0x80U | static_cast<unsigned>(opcode)),
                    static_cast<char>(0x80U | payload.size())};
    out += mask;
    for (std::size_t at = 0; at < payload.size(); ++at) {
        out += static_cast<char>(payload[at] ^ mask[at % mask.size()]);
    }
    return out;
}

TEST(WebSocket, AnswersTheKeyOfTheRfc) {
    // RFC 6455 1.3
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, IsAskedForByTokensOfTwoFields) {
    Request request;
    request.headers = {{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "WebSocket"}};
    EXPECT_TRUE(asks_for_websocket(request));
    request.headers.set("Upgrade", "h2c");
    EXPECT_FALSE(asks_for_websocket(request));
    request.headers = {{"Upgrade", "websocket"}};
    EXPECT_FALSE(asks_for_websocket(request));
}

TEST(WebSocket, FramesOfEverySizeComeBackInAnyPieces) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U}) {
        const std::string payload(size, 'x');
        const auto frame = websocket_frame(Opcode::binary, payload);
        for (const std::size_t piece : {1U, 7U, 70000U}) {
            WebSocketReader reader(1U << 20);
            for (std::size_t at = 0; at < frame.size(); at += piece) {
                EXPECT_FALSE(reader.next()) << "before it is whole";
                reader.take(std::string_view(frame).substr(at, piece));
            }
            const auto read = reader.next();
            ASSERT_TRUE(read) << size;
            EXPECT_EQ(read->payload, payload);
            EXPECT_EQ(read->opcode, Opcode::binary);
            EXPECT_FALSE(read->masked);
            EXPECT_TRUE(read->last);
        }
    }
}

TEST(WebSocket, PayloadsAreUnmaskedAndCutAtTheLimit) {
    WebSocketReader reader(5);
    reader.take(masked(Opcode::text, "Hello, world") + masked(Opcode::ping, "hi"));
    EXPECT_EQ(reader.next()->payload, "Hello");
    EXPECT_EQ(reader.next()->payload, "hi");
    EXPECT_FALSE(reader.next());
}

// As kube-apiserver 1.34.4 answered.
TEST(WebSocket, MannersAreTheServers) {
    WebSocketManners manners;
    manners.hear(masked(Opcode::text, "ignored"));
    EXPECT_EQ(manners.take_answer(), "");
    manners.hear(masked(Opcode::ping, "hi"));
    EXPECT_EQ(to_hex(as_bytes(manners.take_answer())), "8a026869");
    EXPECT_FALSE(manners.over());
    manners.hear(masked(Opcode::close, "\x03\xe8"));
    EXPECT_EQ(to_hex(as_bytes(manners.take_answer())), "880203e8");
    EXPECT_TRUE(manners.over());
    WebSocketManners rude;
    rude.hear("\x81\x02hi");
    EXPECT_EQ(to_hex(as_bytes(rude.take_answer())), "880203ea880203e8");
    EXPECT_TRUE(rude.over());
}

/// Says what it hears, up to a full stop.
class Parrot : public BodySource {
  public:
    Task<std::optional<std::string>> next(Clock& /*clock*/) override {
        while (said_ == heard_.size() && !heard_.ends_with('.')) {
            co_await came_.wait();
        }
        if (said_ == heard_.size()) {
            co_return std::nullopt;
        }
        auto piece = heard_.substr(said_);
        said_ = heard_.size();
        co_return piece;
    }
    void hear(std::string_view bytes) override {
        heard_ += bytes;
        came_.notify_all();
    }

  private:
    std::string heard_;
    std::size_t said_ = 0;
    Signal came_;
};

class UpgradeTest : public WireTest {
  protected:
    UpgradeTest() {
        echo_.answer.status = 101;
        echo_.answer.headers = {{"Upgrade", "parrot"}};
        echo_.answer.source = std::make_shared<Parrot>();
    }
    Echo echo_;
};

TEST_F(UpgradeTest, CarriesBytesBothWaysUntilTheSourceEnds) {
    const auto listener = serve_plain(echo_);
    // What comes with the request is of the new protocol already.
    const auto answer = run(raw_exchange(listener->url().port,
                                         "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                         "Upgrade: parrot\r\n\r\nhello."));
    EXPECT_EQ(answer,
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: parrot\r\nConnection: Upgrade\r\n"
              "\r\nhello.");
}

TEST_F(UpgradeTest, IsReadByOurClientAsItComes) {
    const auto parrot = std::make_shared<Parrot>();
    echo_.answer.source = parrot;
    parrot->hear("hello.");
    const auto listener = serve_plain(echo_);
    const auto whole = send(to(listener->url()), {"GET", "/", {{"Connection", "Upgrade"}}, ""});
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole->status, 101);
    EXPECT_EQ(whole->body, "hello.");
    // The connection is of no use for another request.
    echo_.answer = {};
    const auto next = send(to(listener->url()));
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_TRUE(next->times.opened);
}

}  // namespace
}  // namespace meshproof::http
