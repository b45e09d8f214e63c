#include "fakes/vault/logical/envelope.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <tuple>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

// Of each byte whether it stands for itself: every character of every answer is looked up here.
constexpr auto plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (unsigned char c = ' '; c <= 0x7f; ++c) {
        plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
    }
    return plain;
}();

bool is_plain(char c) {
    return plain_bytes[static_cast<unsigned char>(c)];
}

bool is_beyond_ascii(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}

void append_escape(std::string& out, char c) {
    constexpr std::string_view plain = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
    if (const auto at = plain.find(c); at != std::string_view::npos) {
        out += {'\\', letters[at]};
    } else {
        out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    }
}

// What stands as it is comes in pieces: texts may have megabytes.
template <class Stands, class Escape>
void append_pieces(std::string& out, std::string_view text, Stands stands, Escape escape) {
    while (!text.empty()) {
        const auto end = std::ranges::find_if_not(text, stands);
        const auto size = static_cast<std::size_t>(end - text.begin());
        out += text.substr(0, size);
        text.remove_prefix(size);
        if (!text.empty()) {
            escape(text.front());
            text.remove_prefix(1);
        }
    }
}

void append_text(std::string& out, std::string_view text) {
    const auto escape = [&out](char c) { append_escape(out, c); };
    if (std::ranges::any_of(text, is_beyond_ascii)) {
        const auto quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
        append_pieces(out, quoted, [](char c) { return c != '<' && c != '>' && c != '&'; }, escape);
        return;
    }
    out += '"';
    append_pieces(out, text, is_plain, escape);
    out += '"';
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
    // Hundreds of answers have the same date.
    thread_local std::pair<std::time_t, std::string> last;
    const std::time_t seconds = unix_seconds(time);
    if (last.first != seconds || last.second.empty()) {
        last = {seconds, fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds))};
    }
    return last.second;
}

namespace {

constexpr std::array weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The reading of a date, piece by piece; `rest` begins with the first that does not fit.
struct DateReader {
    std::string_view rest;

    bool word(std::string_view expected) {
        const bool fits = lower(rest.substr(0, expected.size())) == lower(expected);
        rest.remove_prefix(fits ? expected.size() : 0);
        return fits;
    }
    template <std::size_t Size>
    std::optional<int> one_of(const std::array<const char*, Size>& names) {
        for (std::size_t i = 0; i < Size; ++i) {
            if (word(names[i])) {
                return static_cast<int>(i);
            }
        }
        return std::nullopt;
    }
    std::optional<int> number(std::size_t digits) {
        const auto text = rest.substr(0, digits);
        if (text.size() != digits || text.find_first_not_of("0123456789") != text.npos) {
            return std::nullopt;
        }
        rest.remove_prefix(digits);
        return std::stoi(std::string(text));
    }
    bool zone() {
        const auto size =
            std::min(rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), rest.size());
        rest.remove_prefix(size >= 3 && size <= 5 ? size : 0);
        return size >= 3 && size <= 5;
    }
};

// The piece of Go's layout that the text does not fit; null where it is a date.
const char* read_date(DateReader& reader, std::tm& parts) {
    if (!reader.one_of(weekdays)) {
        return "Mon";
    }
    const auto number = [&](const char* before, const char* piece, std::size_t digits,
                            int& place) -> const char* {
        if (!reader.word(before)) {
            return before;
        }
        const auto read = reader.number(digits);
        place = read.value_or(0);
        return read ? nullptr : piece;
    };
    if (const auto* bad = number(", ", "02", 2, parts.tm_mday)) {
        return bad;
    }
    if (!reader.word(" ")) {
        return " ";
    }
    const auto month = reader.one_of(months);
    if (!month) {
        return "Jan";
    }
    parts.tm_mon = *month;
    for (const auto& [before, piece, digits, place] :
         {std::tuple(" ", "2006", 4, &parts.tm_year), std::tuple(" ", "15", 2, &parts.tm_hour),
          std::tuple(":", "04", 2, &parts.tm_min), std::tuple(":", "05", 2, &parts.tm_sec)}) {
        if (const auto* bad = number(before, piece, static_cast<std::size_t>(digits), *place)) {
            return bad;
        }
    }
    if (!reader.word(" ")) {
        return " ";
    }
    return reader.zone() ? nullptr : "MST";
}

}  // namespace

tl::expected<Time, std::string> parse_http_date(std::string_view text) {
    constexpr auto layout = "Mon, 02 Jan 2006 15:04:05 MST";
    DateReader reader{text};
    std::tm parts{};
    if (const auto* piece = read_date(reader, parts)) {
        return tl::unexpected(fmt::format("parsing time {} as \"{}\": cannot parse {} as \"{}\"",
                                          go_quoted(text), layout, go_quoted(reader.rest), piece));
    }
    if (!reader.rest.empty()) {
        return tl::unexpected(fmt::format("parsing time {}: extra text: {}", go_quoted(text),
                                          go_quoted(reader.rest)));
    }
    const std::array<std::tuple<const char*, int, int, int>, 4> ranges{
        {{"day", parts.tm_mday, 1, 31},
         {"hour", parts.tm_hour, 0, 23},
         {"minute", parts.tm_min, 0, 59},
         {"second", parts.tm_sec, 0, 59}}};
    for (const auto& [name, value, least, most] : ranges) {
        if (value < least || value > most) {
            return tl::unexpected(
                fmt::format("parsing time {}: {} out of range", go_quoted(text), name));
        }
    }
    // Dates beyond what a Time holds are as good as its ends.
    parts.tm_year = std::clamp(parts.tm_year, 1970, 2200) - 1900;
    return from_unix_seconds(timegm(&parts));
}

}  // namespace meshproof::fakes::vault
