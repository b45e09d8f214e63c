// Messages that come in the smallest pieces.
#include "core/http/feed.hpp"

#include <gtest/gtest.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace meshproof::http {
namespace {

namespace beast_http = boost::beast::http;
using Text = beast_http::string_body;

struct Read {
    bool done = false;
    boost::system::error_code error;
    std::string body;
};

/// Reads a message that comes in pieces of `size` bytes.
template <class Parser>
Read read(std::string_view message, std::size_t size) {
    Parser parser;
    parser.eager(true);
    boost::beast::flat_buffer buffer;
    Feed feed;
    Read out;
    for (std::size_t at = 0; at < message.size() && !out.error; at += size) {
        const auto piece = message.substr(at, size);
        std::ranges::copy(piece, static_cast<char*>(buffer.prepare(piece.size()).data()));
        buffer.commit(piece.size());
        while (!parser.is_done() && !out.error && feed.worthwhile(buffer)) {
            out.error = feed.give(parser, buffer);
        }
    }
    out.done = parser.is_done();
    out.body = parser.get().body();
    return out;
}

TEST(Feed, ReadsMessagesInPiecesOfEverySize) {
    const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
    for (const auto& [rest, body] :
         {std::pair{chunked + "0\r\n\r\n", ""}, std::pair{chunked + "0\r\na: b\r\n\r\n", ""},
          std::pair{chunked + "1\r\nx\r\n0\r\n\r\n", "x"},
          std::pair{chunked + "000;a=b\r\n\r\n", ""},
          std::pair{chunked + "3\r\nabc\r\n2;x\r\nde\r\n00\r\n\r\n", "abcde"},
          std::pair{std::string("Content-Length: 3\r\n\r\nabc"), "abc"},
          std::pair{std::string("Content-Length: 0\r\n\r\n"), ""}}) {
        for (std::size_t size = 1; size <= rest.size() + 40; ++size) {
            SCOPED_TRACE(fmt::format("{:?} by {}", rest, size));
            const auto answer =
                read<beast_http::response_parser<Text>>("HTTP/1.1 200 OK\r\n" + rest, size);
            EXPECT_TRUE(answer.done) << answer.error.message();
            EXPECT_EQ(answer.body, body);
            const auto request =
                read<beast_http::request_parser<Text>>("POST / HTTP/1.1\r\n" + rest, size);
            EXPECT_TRUE(request.done) << request.error.message();
            EXPECT_EQ(request.body, body);
        }
    }
}

TEST(Feed, WaitsForNoChunkHeadWithoutEnd) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string much(Feed::longest_chunk_head + 1, '0');
    for (const auto& begun : {"1;" + much, much, "0\r\na: " + much, "1\r\nx\r\n2;x=" + much}) {
        for (const std::size_t size : {1000U, 16384U}) {
            const auto answer = read<beast_http::response_parser<Text>>(head + begun, size);
            EXPECT_EQ(answer.error, beast_http::error::bad_chunk) << begun.substr(0, 10);
        }
    }
    const std::string some(Feed::longest_chunk_head / 2, 'x');
    const auto fine = read<beast_http::response_parser<Text>>(
        head + "1;" + some + "\r\nx\r\n0\r\na: " + some + "\r\n\r\n", 1000);
    EXPECT_TRUE(fine.done) << fine.error.message();
    // A large chunk is no head.
    EXPECT_FALSE(read<beast_http::response_parser<Text>>(head + "fffff\r\n" + much, 1000).error);
}

TEST(Feed, WaitsForTheRestOfALastChunk) {
    const auto cut = read<beast_http::response_parser<Text>>(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n", 1);
    EXPECT_FALSE(cut.done);
    EXPECT_FALSE(cut.error) << cut.error.message();
}

}  // namespace
}  // namespace meshproof::http
