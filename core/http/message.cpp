#include "core/http/message.hpp"

#include <algorithm>
#include <array>
#include <boost/url/encode.hpp>
#include <boost/url/grammar/ci_string.hpp>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "core/base/text.hpp"

namespace meshproof::http {
namespace urls = boost::urls;

namespace {
bool same_name(std::string_view a, std::string_view b) {
    return urls::grammar::ci_is_equal(a, b);
}

/// One half of `name=value`: a part with a broken escape stays as it was written.
std::string decode_query_part(std::string_view part) {
    std::string blanks(part);
    std::ranges::replace(blanks, '+', ' ');
    auto decoded = percent_decode(blanks);
    return decoded ? std::move(*decoded) : std::string(part);
}
}  // namespace

std::optional<std::chrono::seconds> retry_after(const Headers& headers) {
    const auto field = headers.find("Retry-After");
    std::int64_t seconds = 0;
    if (!field) {
        return std::nullopt;
    }
    const auto* const end = field->data() + field->size();
    const auto [read, error] = std::from_chars(field->data(), end, seconds);
    if (error != std::errc() || read != end || seconds < 0) {
        return std::nullopt;
    }
    // More than a century is no length of time that anybody waits, and must not run over.
    constexpr std::int64_t century = std::int64_t(100) * 365 * 24 * 3600;
    return std::chrono::seconds(std::min(seconds, century));
}

bool repeatable(std::string_view method) {
    // LIST is Vault's own way to read a folder.
    constexpr std::array<std::string_view, 5> reading = {"GET", "HEAD", "OPTIONS", "TRACE", "LIST"};
    return std::ranges::find(reading, method) != reading.end();
}

std::optional<std::string> Headers::find(std::string_view name) const {
    for (const auto& [field, value] : fields_) {
        if (same_name(field, name)) {
            return value;
        }
    }
    return std::nullopt;
}

void Headers::set(std::string_view name, std::string value) {
    remove(name);
    add(name, std::move(value));
}

void Headers::add(std::string_view name, std::string value) {
    fields_.emplace_back(name, std::move(value));
}

void Headers::remove(std::string_view name) {
    std::erase_if(fields_, [name](const auto& field) { return same_name(field.first, name); });
}

Result<Url> Url::parse(std::string_view text) {
    const auto parsed = urls::parse_uri(text);
    // Boost 1.81 takes "https://h:x" for a host and the path ":x".
    if (!parsed || !(parsed->encoded_path().empty() || parsed->encoded_path().starts_with('/'))) {
        return fail(FailureKind::invalid,
                    "\"{}\" is not a URL: expected http:// or https://, a host and a port", text);
    }
    const urls::url_view& view = *parsed;
    Url url;
    url.scheme = lower(std::string_view(view.scheme().data(), view.scheme().size()));
    if (url.scheme != "http" && url.scheme != "https") {
        return fail(FailureKind::invalid, "\"{}\" has scheme {}: expected http or https", text,
                    url.scheme);
    }
    if (view.has_userinfo()) {
        // The text is not repeated: what stands before the @ may be a password.
        return fail(FailureKind::invalid, "a URL with a user name or password is not accepted");
    }
    url.host = lower(view.host_address());
    if (url.host.empty()) {
        return fail(FailureKind::invalid, "\"{}\" has no host", text);
    }
    // RFC 3986 lets a name have anything in it, escaped: it could not be written out again.
    const bool address = view.host_type() == urls::host_type::ipv6;
    const auto of_host = [address](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
               (address ? c == ':' : c == '-' || c == '_');
    };
    if (view.host_type() == urls::host_type::ipvfuture || !std::ranges::all_of(url.host, of_host)) {
        return fail(FailureKind::invalid, "\"{}\" has a host that is no name and no address", text);
    }
    if (view.has_query() || view.has_fragment()) {
        return fail(FailureKind::invalid,
                    "\"{}\" has a query or fragment: expected an address only", text);
    }
    if (view.has_port() && !view.port().empty()) {
        // Boost 1.81 tells the number of 99999 as 34463.
        const std::string_view digits(view.port().data(), view.port().size());
        const auto* const end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, url.port);
        if (error != std::errc() || stop != end || url.port == 0) {
            return fail(FailureKind::invalid, "\"{}\" has no usable port: expected 1 to 65535",
                        text);
        }
    } else {
        url.port = url.scheme == "https" ? 443 : 80;
    }
    url.path.assign(view.encoded_path().data(), view.encoded_path().size());
    while (url.path.ends_with('/')) {
        url.path.pop_back();
    }
    return url;
}

std::string Url::text() const {
    return origin() + path;
}

std::string Url::origin() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", scheme, ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

bool Url::loopback() const {
    if (const auto v4 = urls::parse_ipv4_address(host)) {
        return v4->is_loopback();
    }
    if (const auto v6 = urls::parse_ipv6_address(host)) {
        return v6->is_loopback();
    }
    return same_name(host, "localhost");
}

bool is_host(std::string_view text) {
    constexpr std::size_t longest = 253;  // RFC 1035 3.1, without the last dot
    const bool known = std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == ':';
    });
    // Letters with a colon are an IPv6 address or a host with a port.
    const bool port = std::ranges::count(text, ':') == 1;
    return !text.empty() && text.size() <= longest && known && !port;
}

bool is_one_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string percent_encode(std::string_view text) {
    return urls::encode(text, urls::unreserved_chars);
}

std::optional<std::string> percent_decode(std::string_view text) {
    const auto checked = urls::make_pct_string_view(text);
    if (!checked) {
        return std::nullopt;
    }
    return checked->decode();
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& piece : split(query, '&')) {
        if (piece.empty()) {
            continue;
        }
        const auto equals = piece.find('=');
        const std::string_view all = piece;
        pairs.emplace_back(decode_query_part(all.substr(0, equals)),
                           equals == std::string::npos ? std::string()
                                                       : decode_query_part(all.substr(equals + 1)));
    }
    return pairs;
}

}  // namespace meshproof::http
