#include "conformance/mutation/der.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace meshproof::conformance::mutation {
namespace {

constexpr int deepest = 40;

struct Head {
    std::uint8_t tag = 0;
    std::size_t begin = 0, length = 0;  ///< of the content
};

std::optional<Head> head_of(std::string_view bytes) {
    if (bytes.size() < 2) {
        return std::nullopt;
    }
    Head head{static_cast<std::uint8_t>(bytes[0]), 2, static_cast<std::uint8_t>(bytes[1])};
    if ((head.tag & 0x1fU) == 0x1fU) {
        return std::nullopt;
    }
    if (head.length > 0x7f) {
        const auto count = head.length & 0x7fU;
        if (count == 0 || count > 4 || bytes.size() < 2 + count) {
            return std::nullopt;
        }
        head.length = 0;
        for (std::size_t i = 0; i < count; ++i) {
            head.length = head.length << 8U | static_cast<std::uint8_t>(bytes[2 + i]);
        }
        head.begin += count;
    }
    return head.length > bytes.size() - head.begin ? std::nullopt : std::optional(head);
}

std::optional<Der> read_some(std::string_view& bytes, int depth) {
    const auto head = head_of(bytes);
    if (!head || depth > deepest) {
        return std::nullopt;
    }
    auto content = bytes.substr(head->begin, head->length);
    bytes.remove_prefix(head->begin + head->length);
    Der value{.tag = head->tag};
    if (!value.constructed()) {
        value.content = content;
        return value;
    }
    while (!content.empty()) {
        auto child = read_some(content, depth + 1);
        if (!child) {
            return std::nullopt;
        }
        value.children.push_back(std::move(*child));
    }
    return value;
}

bool is_text(std::uint8_t tag) {
    return tag == der_utf8 || tag == der_printable || tag == der_ia5 || (tag & 0xc0U) == 0x80U;
}

}  // namespace

std::string Der::write() const {
    std::string inside = content;
    for (const auto& child : children) {
        inside += child.write();
    }
    std::string out(1, static_cast<char>(tag));
    if (inside.size() < 0x80) {
        out += static_cast<char>(inside.size());
    } else {
        std::string length;
        for (auto rest = inside.size(); rest != 0; rest >>= 8U) {
            length.insert(length.begin(), static_cast<char>(rest & 0xffU));
        }
        out += static_cast<char>(0x80U | length.size());
        out += length;
    }
    return out + inside;
}

std::optional<Der> Der::read(std::string_view bytes) {
    auto value = read_some(bytes, 0);
    return bytes.empty() ? value : std::nullopt;
}

std::string oid_content(std::string_view dotted) {
    std::vector<unsigned long> arcs;
    for (const auto& arc : split(dotted, '.')) {
        arcs.push_back(std::stoul(arc));
    }
    std::string out(1, static_cast<char>(arcs.at(0) * 40 + arcs.at(1)));
    for (std::size_t i = 2; i < arcs.size(); ++i) {
        std::string septets;
        for (auto rest = arcs[i]; rest != 0 || septets.empty(); rest >>= 7U) {
            septets.insert(septets.begin(),
                           static_cast<char>((rest & 0x7fU) | (septets.empty() ? 0U : 0x80U)));
        }
        out += septets;
    }
    return out;
}

std::string dotted_oid(std::string_view content) {
    if (content.empty()) {
        return {};
    }
    const auto first = static_cast<std::uint8_t>(content[0]);
    std::string out =
        fmt::format("{}.{}", std::min(first / 40, 2), first - std::min(first / 40, 2) * 40);
    std::uint64_t arc = 0;
    for (const char c : content.substr(1)) {
        const auto byte = static_cast<std::uint8_t>(c);
        arc = arc << 7U | (byte & 0x7fU);
        if ((byte & 0x80U) == 0) {
            out += fmt::format(".{}", arc);
            arc = 0;
        }
    }
    return out;
}

bool move_time(Der& value, Duration by) {
    const bool years_of_two_digits = value.tag == der_utc_time;
    if (!years_of_two_digits && value.tag != der_time) {
        return false;
    }
    const auto& text = value.content;
    if (text.size() != (years_of_two_digits ? 13U : 15U) || !text.ends_with('Z')) {
        return false;
    }
    const auto century = years_of_two_digits ? std::string(text[0] < '5' ? "20" : "19") : "";
    const auto digits = century + text;
    const auto time = parse_rfc3339(fmt::format(
        "{}-{}-{}T{}:{}:{}Z", digits.substr(0, 4), digits.substr(4, 2), digits.substr(6, 2),
        digits.substr(8, 2), digits.substr(10, 2), digits.substr(12, 2)));
    if (!time) {
        return false;
    }
    std::string written;
    for (const char c : rfc3339(*time + by)) {
        if (c != '-' && c != ':' && c != 'T') {
            written += c;
        }
    }
    value.content = years_of_two_digits ? written.substr(2) : written;
    return true;
}

bool alter(Der& value) {
    if (value.constructed() || value.content.empty()) {
        return false;
    }
    if (value.tag == der_utc_time || value.tag == der_time) {
        return move_time(value, std::chrono::minutes(1));
    }
    auto& last = value.content.back();
    if (value.tag == der_boolean) {
        last = static_cast<char>(last == 0 ? 0xff : 0);
    } else if (value.tag == der_integer || value.tag == der_enumerated || value.tag == der_oid) {
        // A sign or an arc's continuation must not come of it.
        last = static_cast<char>((last & 0x7f) == 0x7f ? last - 1 : last + 1);
    } else if (value.tag == der_bits) {
        if (value.content.size() < 2) {
            return false;
        }
        last = static_cast<char>(last ^ (1U << static_cast<unsigned>(value.content[0])));
    } else if (is_text(value.tag) && last >= ' ' && last < 0x7f) {
        last = last == 'x' ? 'y' : 'x';
    } else {
        last = static_cast<char>(last ^ 1);
    }
    return true;
}

}  // namespace meshproof::conformance::mutation
