#include "conformance/twin/chance.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

bool hex_digit(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

bool plain_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Within words, an underscore is a letter: "auth_token_1f2e3d4c".
bool word_letter(char c) {
    return letter_or_digit(c) || c == '_';
}

/// Whether a character is as a form's letter says: `d` a digit, `x` a hex digit, `A` and `a`
/// letters of either case, anything else itself.
bool fits(char form, char c) {
    switch (form) {
        case 'd':
            return plain_digit(c);
        case 'x':
            return hex_digit(c);
        case 'A':
            return c >= 'A' && c <= 'Z';
        case 'a':
            return c >= 'a' && c <= 'z';
        default:
            return c == form;
    }
}

/// The form's length where the text begins so, or 0.
std::size_t begins_as(std::string_view text, std::string_view form) {
    const bool whole = text.size() >= form.size() &&
                       std::equal(form.begin(), form.end(), text.begin(),
                                  [](char letter, char c) { return fits(letter, c); });
    return whole ? form.size() : 0;
}

template <class Kind>
std::size_t run_of(std::string_view text, Kind kind) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, kind) - text.begin());
}

/// Matchers: how long what they know is at the beginning of the text, or 0. `before` is the
/// character before it.
using Matcher = std::size_t (*)(std::string_view text, char before);

std::size_t uuid_length(std::string_view text, char /*before*/) {
    return begins_as(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

/// Eight bytes or more as Vault prints serial numbers; a real one has 20.
std::size_t pairs_length(std::string_view text, char before) {
    constexpr std::size_t fewest = 8;
    if (hex_digit(before)) {
        return 0;
    }
    std::size_t pairs = begins_as(text, "xx") != 0 ? 1 : 0;
    const auto end = [&pairs] { return pairs * 3 - 1; };
    while (pairs > 0 && text.size() > end() && (text[end()] == ':' || text[end()] == '-') &&
           begins_as(text.substr(end() + 1), "xx") != 0) {
        ++pairs;
    }
    return pairs >= fewest ? end() : 0;
}

/// "2026-11-29T14:38:16.59Z", and as Go prints one: "2026-11-29 14:38:16.59 +0000 UTC".
std::size_t time_length(std::string_view text, char /*before*/) {
    auto length =
        std::max(begins_as(text, "dddd-dd-ddTdd:dd:dd"), begins_as(text, "dddd-dd-dd dd:dd:dd"));
    if (length == 0) {
        return 0;
    }
    const auto then = [&text, &length](std::initializer_list<std::string_view> forms) {
        for (const auto form : forms) {
            if (const auto more = begins_as(text.substr(length), form); more != 0) {
                length += more;
                return;
            }
        }
    };
    if (begins_as(text.substr(length), ".d") != 0) {
        length += 1 + run_of(text.substr(length + 1), plain_digit);
    }
    then({"+dd:dd", "-dd:dd", " +dddd", " -dddd", "+dddd", "-dddd"});
    then({"Z", " UTC", "UTC"});
    return length;
}

std::size_t date_length(std::string_view text, char /*before*/) {
    return begins_as(text, "Aaa, dd Aaa dddd dd:dd:dd GMT");
}

std::size_t token_length(std::string_view text, char before) {
    constexpr std::size_t least = 24;
    if (word_letter(before)) {
        return 0;
    }
    for (const std::string_view kind : {"hvs.", "hvb.", "hvr.", "s.", "b.", "r."}) {
        if (text.starts_with(kind)) {
            const auto rest =
                run_of(text.substr(kind.size()), [](char c) { return word_letter(c) || c == '-'; });
            return rest >= least ? kind.size() + rest : 0;
        }
    }
    return 0;
}

/// Servers of one run listen on this machine, each on a port of its own.
std::size_t address_length(std::string_view text, char /*before*/) {
    constexpr std::string_view loopback = "127.0.0.1:";
    if (!text.starts_with(loopback)) {
        return 0;
    }
    const auto digits = run_of(text.substr(loopback.size()), plain_digit);
    return digits > 0 ? loopback.size() + digits : 0;
}

/// A serial number in decimal digits.
std::size_t number_length(std::string_view text, char before) {
    constexpr std::size_t least = 24;
    const auto digits = word_letter(before) ? 0 : run_of(text, plain_digit);
    const bool whole = digits >= least && (digits == text.size() || !word_letter(text[digits]));
    return whole ? digits : 0;
}

/// Accessors of tokens: 24 letters and digits.
std::size_t accessor_length(std::string_view text, char before) {
    constexpr std::size_t letters = 24;
    return !word_letter(before) && run_of(text, word_letter) == letters &&
                   run_of(text, letter_or_digit) == letters
               ? letters
               : 0;
}

/// What chance adds to a mount's accessor: "_1f2e3d4c".
std::size_t mount_length(std::string_view text, char /*before*/) {
    const auto length = begins_as(text, "_xxxxxxxx");
    return length != 0 && (text.size() == length || !word_letter(text[length])) ? length : 0;
}

/// How often a cluster's objects were changed, where a refusal names it. A version that was sent is
/// the server's own as well; one that is no number is a word of the request.
std::size_t version_length(std::string_view text, char before) {
    constexpr std::string_view begins[] = {"ResourceVersion in record (",
                                           "ResourceVersion in the precondition ("};
    const auto begin = std::ranges::find_if(
        begins, [text](std::string_view one) { return text.starts_with(one); });
    if (word_letter(before) || begin == std::end(begins)) {
        return 0;
    }
    const auto digits = run_of(text.substr(begin->size()), plain_digit);
    const auto end = begin->size() + digits;
    return digits > 0 && text.substr(end, 1) == ")" ? end + 1 : 0;
}

struct Mask {
    Matcher length;
    std::string_view shown;
};
constexpr Mask masks[] = {
    {uuid_length, "<uuid>"},       {pairs_length, "<serial>"},      {time_length, "<time>"},
    {token_length, "<token>"},     {date_length, "<date>"},         {address_length, "<address>"},
    {number_length, "<serial>"},   {accessor_length, "<accessor>"}, {mount_length, "_<accessor>"},
    {version_length, "<version>"},
};

}  // namespace

std::string look_of(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    if (uuid_length(text, ' ') == text.size()) {
        return "uuid";
    }
    if (pairs_length(text, ' ') == text.size()) {
        return "serial";
    }
    if (token_length(text, ' ') == text.size()) {
        return std::string(text.substr(0, text.find('.') + 1));
    }
    if (const auto low = text.rfind('_');
        low != std::string_view::npos && mount_length(text.substr(low), ' ') != 0) {
        return std::string(text.substr(0, low));
    }
    return {};
}

std::string without_chance(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const char before = at == 0 ? ' ' : text[at - 1];
        std::size_t length = 0;
        for (const auto& mask : masks) {
            length = mask.length(text.substr(at), before);
            if (length != 0) {
                out += mask.shown;
                break;
            }
        }
        if (length == 0) {
            out += text[at];
        }
        at += std::max<std::size_t>(1, length);
    }
    return out;
}

}  // namespace meshproof::twin
