#include "fakes/vault/logical/envelope.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace meshproof::fakes::vault {

std::string go_json(const Json& value) {
    const auto plain = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string text;
    text.reserve(plain.size() + 1);
    for (const char c : plain) {
        // These occur inside strings only.
        if (c == '<') {
            text += "\\u003c";
        } else if (c == '>') {
            text += "\\u003e";
        } else if (c == '&') {
            text += "\\u0026";
        } else {
            text += c;
        }
    }
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
