#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/task.hpp"
#include "core/time/clock.hpp"

namespace meshproof::http {

/// Header fields in order; names compare without regard to case.
class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;  ///< the first one
    void set(std::string_view name, std::string value);  ///< replaces all of that name
    void add(std::string_view name, std::string value);
    void remove(std::string_view name);
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const {
        return fields_;
    }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The server's wish to be left alone for so long, where it is told in seconds (RFC 9110 10.2.3;
/// the other form is a date, by a clock that may not be ours).
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(const Headers& headers);

/// A request of this method changes nothing, so the wire may send it again by itself. RFC 9110
/// calls PUT and DELETE idempotent too, but Vault signs and logs in by PUT.
[[nodiscard]] bool repeatable(std::string_view method);

struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< path and query, as on the wire
    Headers headers;
    std::string body;
};

/// A body that comes over time (a watch). `clock` is the serving side's own.
class BodySource {
  public:
    BodySource() = default;
    BodySource(const BodySource&) = delete;
    BodySource& operator=(const BodySource&) = delete;
    virtual ~BodySource() = default;
    /// The next piece, or nothing at the clean end.
    [[nodiscard]] virtual Task<std::optional<std::string>> next(Clock& clock) = 0;
    /// What the peer says meanwhile, where the connection was upgraded; in no order to the pieces.
    virtual void hear(std::string_view /*bytes*/) {}
};

/// How the serving transport breaks an answer on its way: what chaos asks for.
enum class Break {
    none,
    unanswered,  ///< the connection ends in the orderly way, and no byte was sent
    before,      ///< reset, and no byte was sent
    during,      ///< reset after the head and half of the body
    after,       ///< reset after the whole answer
};

/// How long the parts of an exchange took, as its client saw them.
struct ExchangeTimes {
    bool opened = false;    ///< a connection was opened for it; else an open one was used
    bool resumed = false;   ///< its handshake took up an earlier TLS session
    Duration connect{};     ///< of an opened one: the look-up of the host, and TCP
    Duration tls{};         ///< of an opened one: the handshake
    Duration first_byte{};  ///< from the end of sending to the first byte of the answer
};

struct Response {
    int status = 200;
    Headers headers;
    std::string body;
    bool chunked = false;  ///< send with Transfer-Encoding: chunked instead of Content-Length
    std::shared_ptr<BodySource>
        source;  ///< where set, the body comes from here, chunk by chunk (server side only); with
                 ///< status 101 what comes is all that the connection carries from then on
    Break broken = Break::none;  ///< server side only
    ExchangeTimes times;         ///< client side only
};

/// `https://host:port/path`. Default ports are filled in.
struct Url {
    std::string scheme;  ///< "https" or "http"
    std::string host;    ///< without brackets
    std::uint16_t port = 0;
    std::string path;  ///< "" or "/prefix" without a trailing slash

    [[nodiscard]] static Result<Url> parse(
        std::string_view text);  ///< invalid says what is wrong with it
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string origin() const;  ///< scheme://host:port
    [[nodiscard]] bool loopback() const;       ///< localhost, 127.0.0.0/8 or ::1
    friend bool operator==(const Url&, const Url&) = default;
};

/// A host as certificates and URLs have it: a name, or an address without brackets; no port.
[[nodiscard]] bool is_host(std::string_view text);
/// Whether a header can carry it as one value without blanks, as a token: printable ASCII.
[[nodiscard]] bool is_one_word(std::string_view text);

/// Percent-decoding and query strings.
[[nodiscard]] std::string percent_encode(
    std::string_view text);  ///< everything but unreserved characters
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// `a=1&b=2` in order, decoded (+ is a blank); broken escapes are kept as they are.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace meshproof::http
