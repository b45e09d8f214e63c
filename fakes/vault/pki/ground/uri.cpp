#include "fakes/vault/pki/ground/uri.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool digit(char c) {
    return c >= '0' && c <= '9';
}

bool hex_digit(char c) {
    return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

bool unreserved(char c) {
    return letter_or_digit(c) || one_of(c, "-_.~");
}

bool ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

// As Go's %q writes it.
std::string go_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

// The first '%' that is not followed by two hex digits, with what follows it; "" if there is none.
std::string_view bad_escape(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            continue;
        }
        if (i + 2 >= text.size() || !hex_digit(text[i + 1]) || !hex_digit(text[i + 2])) {
            return text.substr(i, 3);
        }
        i += 2;
    }
    return {};
}

std::string escape_trouble(std::string_view text) {
    const auto escape = bad_escape(text);
    return escape.empty() ? "" : fmt::format("invalid URL escape {}", go_quoted(escape));
}

std::string port_trouble(std::string_view port) {
    const bool valid =
        port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), digit));
    return valid ? "" : fmt::format("invalid port {} after host", go_quoted(port));
}

std::string host_trouble(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.rfind(']');
        return end == std::string_view::npos ? "missing ']' in host"
                                             : port_trouble(host.substr(end + 1));
    }
    if (const auto colon = host.rfind(':'); colon != std::string_view::npos) {
        if (auto trouble = port_trouble(host.substr(colon)); !trouble.empty()) {
            return trouble;
        }
    }
    if (auto trouble = escape_trouble(host); !trouble.empty()) {
        return trouble;
    }
    for (std::size_t i = 0; i < host.size(); ++i) {
        // Only bytes beyond ASCII may be escaped in a host.
        if (host[i] == '%' && digit(host[i + 1]) && host[i + 1] < '8') {
            return fmt::format("invalid URL escape {}", go_quoted(host.substr(i, 3)));
        }
        if (ascii(host[i]) && !unreserved(host[i]) && !one_of(host[i], "!$&'()*+,;=:[]<>\"%")) {
            return fmt::format("invalid character {} in host name", go_quoted(host.substr(i, 1)));
        }
    }
    return {};
}

std::string user_trouble(std::string_view user) {
    const bool valid = std::ranges::all_of(
        user, [](char c) { return unreserved(c) || one_of(c, ":!$&'()*+,;=%@"); });
    return valid ? escape_trouble(user) : "net/url: invalid userinfo";
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

// A path that needs no other escapes stays as it was written; else it is escaped anew.
std::string rewritten_path(std::string_view path) {
    const bool fits = std::ranges::all_of(
        path, [](char c) { return unreserved(c) || one_of(c, "!$&'()*+,;=:@[]/%"); });
    if (fits) {
        return std::string(path);
    }
    std::string out;
    for (const char c : unescaped(path)) {
        if (unreserved(c) || one_of(c, "$&+,/:;=@")) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

// A URI taken apart, each part as it was written.
struct Parts {
    std::string scheme, user, host, path, tail;
    bool authority = false, opaque = false, has_user = false;
};

// Takes the scheme off `rest`; Go's text where it is wrong.
std::string take_scheme(std::string& rest, std::string& scheme) {
    for (std::size_t i = 0; i < rest.size(); ++i) {
        const char c = rest[i];
        if (c == ':') {
            if (i == 0) {
                return "missing protocol scheme";
            }
            scheme = lower(rest.substr(0, i));
            rest = rest.substr(i + 1);
            return {};
        }
        if (!letter(c) && (i == 0 || !(digit(c) || one_of(c, "+-.")))) {
            return {};
        }
    }
    return {};
}

Result<Parts> parse(const std::string& uri) {
    const auto refused = [&](const std::string& why) {
        return fail(FailureKind::invalid, "parse {}: {}", go_quoted(uri), why);
    };
    if (std::ranges::any_of(
            uri, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
        return refused("net/url: invalid control character in URL");
    }
    Parts parts;
    auto rest = uri.substr(0, uri.find('#'));
    const auto fragment = uri.substr(rest.size());
    if (auto trouble = escape_trouble(fragment); !trouble.empty()) {
        return refused(trouble);
    }
    if (auto trouble = take_scheme(rest, parts.scheme); !trouble.empty()) {
        return refused(trouble);
    }
    const auto before_query = rest.substr(0, rest.find('?'));
    parts.tail = rest.substr(before_query.size()) + (fragment.size() > 1 ? fragment : "");
    rest = before_query;
    if (!rest.starts_with('/') && !parts.scheme.empty()) {
        parts.opaque = true;
        parts.path = rest;
        return parts;
    }
    if (!rest.starts_with('/') && rest.substr(0, rest.find('/')).find(':') != std::string::npos) {
        return refused("first path segment in URL cannot contain colon");
    }
    if (rest.starts_with("//") && (!parts.scheme.empty() || !rest.starts_with("///"))) {
        parts.authority = true;
        auto authority = rest.substr(2, rest.find('/', 2) - 2);
        rest = rest.substr(2 + authority.size());
        if (const auto at = authority.rfind('@'); at != std::string::npos) {
            parts.has_user = true;
            parts.user = authority.substr(0, at);
            authority = authority.substr(at + 1);
        }
        parts.host = authority;
        for (const auto& trouble : {host_trouble(parts.host), user_trouble(parts.user)}) {
            if (!trouble.empty()) {
                return refused(trouble);
            }
        }
    }
    if (auto trouble = escape_trouble(rest); !trouble.empty()) {
        return refused(trouble);
    }
    parts.path = rewritten_path(rest);
    return parts;
}

}  // namespace

Result<std::string> rewritten_uri(const std::string& uri) {
    const auto parts = parse(uri);
    if (!parts) {
        return propagate(parts);
    }
    auto out = parts->scheme.empty() ? std::string() : parts->scheme + ":";
    if (parts->authority && !(parts->host.empty() && parts->path.empty() && !parts->has_user)) {
        out += "//" + parts->user + (parts->has_user ? "@" : "") + parts->host;
    }
    return out + parts->path + parts->tail;
}

std::string trouble_with_uri(const std::string& uri) {
    const auto parts = parse(uri);
    if (!parts) {
        return fmt::format("x509: cannot parse URI {}: {}", go_quoted(uri), parts.error().message);
    }
    if (parts->host.empty()) {
        return {};
    }
    for (const auto& label : split(parts->host, '.')) {
        if (label.empty() ||
            !std::ranges::all_of(label, [](char c) { return c > 32 && c < 127; })) {
            return fmt::format("x509: cannot parse URI {}: invalid domain", go_quoted(uri));
        }
    }
    return {};
}

}  // namespace meshproof::fakes::vault::pki
