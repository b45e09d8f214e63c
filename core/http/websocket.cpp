#include "core/http/websocket.hpp"

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"
#include "core/crypto/openssl.hpp"

namespace meshproof::http {
namespace {

constexpr std::uint8_t last_bit = 0x80, opcode_bits = 0x0F;  // of a head's first byte
constexpr std::uint8_t mask_bit = 0x80, length_bits = 0x7F;  // of its second
constexpr std::size_t mask_size = 4;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

std::size_t length_size(std::uint8_t short_length) {
    return short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
}

void append_number(std::string& out, std::uint64_t number, std::size_t size) {
    for (auto at = size; at-- > 0;) {
        out += static_cast<char>(number >> (8 * at));
    }
}

bool names(const std::optional<std::string>& field, std::string_view token) {
    const auto tokens = split(lower(field.value_or("")), ',');
    return std::ranges::any_of(tokens, [&](const std::string& one) { return trim(one) == token; });
}

}  // namespace

bool asks_for_websocket(const Request& request) {
    return names(request.headers.find("Connection"), "upgrade") &&
           names(request.headers.find("Upgrade"), "websocket");
}

std::string websocket_accept(std::string_view key) {
    // RFC 6455 1.3
    const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    return to_base64(as_text(crypto::sha1(as_bytes(text))));
}

std::string websocket_frame(Opcode opcode, std::string_view payload) {
    std::string out(1, static_cast<char>(last_bit | static_cast<std::uint8_t>(opcode)));
    const auto size = payload.size();
    const std::uint8_t short_length = size < 126       ? static_cast<std::uint8_t>(size)
                                      : size <= 0xFFFF ? 126
                                                       : 127;
    out += static_cast<char>(short_length);
    append_number(out, size, length_size(short_length));
    return out.append(payload);
}

std::string websocket_close(std::uint16_t code) {
    std::string payload;
    append_number(payload, code, sizeof code);
    return websocket_frame(Opcode::close, payload);
}

void WebSocketReader::take(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!in_payload_) {
            head_ += bytes.front();
            bytes.remove_prefix(1);
            begin_payload();
        } else {
            const auto here = bytes.substr(0, left_);
            bytes.remove_prefix(here.size());
            left_ -= here.size();
            for (const auto byte : here) {
                if (frame_.payload.size() < longest_) {
                    frame_.payload += static_cast<char>(byte ^ mask_at(taken_));
                }
                ++taken_;
            }
        }
        if (in_payload_ && left_ == 0) {
            frames_.push_back(std::exchange(frame_, {}));
            head_.clear();
            taken_ = 0;
            in_payload_ = false;
        }
    }
}

// The mask is the last of a head.
char WebSocketReader::mask_at(std::uint64_t place) const {
    return frame_.masked ? head_[head_.size() - mask_size + place % mask_size] : '\0';
}

// Where the head is whole, its payload comes next.
void WebSocketReader::begin_payload() {
    if (head_.size() < 2) {
        return;
    }
    const bool masked = (byte_at(head_, 1) & mask_bit) != 0;
    const auto short_length = static_cast<std::uint8_t>(byte_at(head_, 1) & length_bits);
    const auto size = length_size(short_length);
    if (head_.size() < 2 + size + (masked ? mask_size : 0)) {
        return;
    }
    left_ = size == 0 ? short_length : 0;
    for (std::size_t at = 2; at < 2 + size; ++at) {
        left_ = left_ << 8 | byte_at(head_, at);
    }
    frame_.opcode = static_cast<Opcode>(byte_at(head_, 0) & opcode_bits);
    frame_.last = (byte_at(head_, 0) & last_bit) != 0;
    frame_.masked = masked;
    in_payload_ = true;
}

std::optional<WebSocketFrame> WebSocketReader::next() {
    if (frames_.empty()) {
        return std::nullopt;
    }
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
}

void WebSocketManners::hear(std::string_view bytes) {
    constexpr std::uint16_t normal = 1000, against_the_protocol = 1002;  // RFC 6455 7.4.1
    reader_.take(bytes);
    while (const auto frame = reader_.next()) {
        if (over_) {
            continue;
        }
        if (!frame->masked) {
            answer_ = websocket_close(against_the_protocol) + websocket_close(normal);
            over_ = true;
        } else if (frame->opcode == Opcode::close) {
            answer_ = websocket_close(normal);
            over_ = true;
        } else if (frame->opcode == Opcode::ping) {
            // Of several pings that are not yet answered, the last one is (RFC 6455 5.5.3).
            answer_ = websocket_frame(Opcode::pong, frame->payload);
        }
    }
}

std::string WebSocketManners::take_answer() {
    return std::exchange(answer_, {});
}

}  // namespace meshproof::http
