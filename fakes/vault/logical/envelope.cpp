#include "fakes/vault/logical/envelope.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>

namespace meshproof::fakes::vault {

namespace {

// ASCII of which only line ends are written otherwise, such as PEM: most of what is answered.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return c == '\n' ||
               (c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&');
    });
}

void append_plain(std::string& out, std::string_view text) {
    out += '"';
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        out.append(text.substr(0, end)).append("\\n");
        text.remove_prefix(end + 1);
    }
    out.append(text) += '"';
}

void append_text(std::string& out, const std::string& text) {
    if (is_plain(text)) {
        return append_plain(out, text);
    }
    for (const char c : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)) {
        if (c == '<') {
            out += "\\u003c";
        } else if (c == '>') {
            out += "\\u003e";
        } else if (c == '&') {
            out += "\\u0026";
        } else {
            out += c;
        }
    }
}

void append_json(std::string& out, const Json& value) {
    if (value.is_string()) {
        append_text(out, value.get_ref<const std::string&>());
    } else if (value.is_object()) {
        char before = '{';
        for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
            out += before;
            append_text(out, name);
            out += ':';
            append_json(out, member);
            before = ',';
        }
        out += value.empty() ? "{}" : "}";
    } else if (value.is_array()) {
        char before = '[';
        for (const auto& item : value) {
            out += before;
            append_json(out, item);
            before = ',';
        }
        out += value.empty() ? "[]" : "]";
    } else {
        out += value.dump();
    }
}

}  // namespace

std::string go_json(const Json& value) {
    constexpr std::size_t usual = 4096;
    std::string text;
    text.reserve(usual);
    append_json(text, value);
    text += '\n';
    return text;
}

std::string wrapped(std::string_view text) {
    return fmt::format("1 error occurred:\n\t* {}\n\n", text);
}

http::Response bare_answer(int status, const Json& body) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = go_json(body);
    return response;
}

http::Response error_answer(int status, const std::optional<std::string>& text) {
    auto errors = Json::array();
    if (text) {
        errors.push_back(*text);
    }
    return bare_answer(status, Json{{"errors", std::move(errors)}});
}

http::Response empty_answer() {
    http::Response response;
    response.status = 204;
    response.headers.set("Content-Type", "application/json");
    return response;
}

Json envelope_json(const Envelope& envelope) {
    auto body = envelope.top_level.is_object() ? envelope.top_level : Json::object();
    body["request_id"] = envelope.request_id;
    body["lease_id"] = envelope.lease_id;
    body["renewable"] = envelope.renewable;
    body["lease_duration"] = envelope.lease_duration;
    body["data"] = envelope.data;
    body["wrap_info"] = envelope.wrap_info;
    body["warnings"] = envelope.warnings.empty() ? Json() : Json(envelope.warnings);
    body["auth"] = envelope.auth;
    return body;
}

std::string http_date(Time time) {
    const std::time_t seconds = unix_seconds(time);
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds));
}

std::optional<Time> parse_http_date(const std::string& text) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') {
        return std::nullopt;
    }
    return from_unix_seconds(timegm(&parts));
}

}  // namespace meshproof::fakes::vault
