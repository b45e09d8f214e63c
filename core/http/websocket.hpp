#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.hpp"

/// WebSockets (RFC 6455, no extensions) on connections that were upgraded: a Response of status 101
/// whose source's pieces are frames.
namespace meshproof::http {

/// Whether the request is to be upgraded to a WebSocket.
[[nodiscard]] bool asks_for_websocket(const Request& request);
/// Sec-WebSocket-Accept of the answer to this Sec-WebSocket-Key.
[[nodiscard]] std::string websocket_accept(std::string_view key);

enum class Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A whole message as a server sends it: one frame, unmasked.
[[nodiscard]] std::string websocket_frame(Opcode opcode, std::string_view payload);
/// The end of the conversation; 1000 is a normal one (RFC 6455 7.4.1).
[[nodiscard]] std::string websocket_close(std::uint16_t code);

struct WebSocketFrame {
    Opcode opcode = Opcode::text;
    bool last = true;  ///< of its message
    bool masked = false;
    std::string payload;  ///< unmasked
};

/// Takes frames out of bytes that come in pieces.
class WebSocketReader {
  public:
    /// Of longer payloads the rest is dropped.
    explicit WebSocketReader(std::size_t longest_payload) : longest_(longest_payload) {}

    void take(std::string_view bytes);
    /// The next whole frame, nothing for now.
    [[nodiscard]] std::optional<WebSocketFrame> next();

  private:
    void begin_payload();
    [[nodiscard]] char mask_at(std::uint64_t place) const;

    std::size_t longest_;
    std::string head_;         ///< as much of a frame's head as came
    std::uint64_t left_ = 0;   ///< of its payload
    std::uint64_t taken_ = 0;  ///< of its payload
    bool in_payload_ = false;
    WebSocketFrame frame_;
    std::deque<WebSocketFrame> frames_;
};

/// The serving side of a conversation in which only the server has something to say: it answers
/// pings and goodbyes, and drops all else.
class WebSocketManners {
  public:
    void hear(std::string_view bytes);
    /// The frames to be sent before anything else; "" for none.
    [[nodiscard]] std::string take_answer();
    /// The client has said goodbye, or has broken the rules.
    [[nodiscard]] bool over() const { return over_; }

  private:
    static constexpr std::size_t longest_control_payload = 125;  // RFC 6455 5.5

    WebSocketReader reader_{longest_control_payload};
    std::string answer_;
    bool over_ = false;
};

}  // namespace meshproof::http
