#include "fakes/vault/pki/sign/idna.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// RFC 3492 6.3, over code points.
std::string punycode(const std::u32string& label) {
    constexpr std::uint32_t base = 36, t_min = 1, t_max = 26, skew = 38, damp = 700;
    std::uint32_t n = 128, delta = 0, bias = 72;
    std::string out;
    for (const auto c : label) {
        if (c < 128) {
            out += static_cast<char>(c);
        }
    }
    const auto basic = static_cast<std::uint32_t>(out.size());
    auto done = basic;
    if (basic > 0) {
        out += '-';
    }
    while (done < label.size()) {
        char32_t next = 0x10FFFF;
        for (const auto c : label) {
            if (c >= n) {
                next = std::min(next, c);
            }
        }
        delta += (static_cast<std::uint32_t>(next) - n) * (done + 1);
        n = static_cast<std::uint32_t>(next);
        for (const auto c : label) {
            if (c < n) {
                ++delta;
            }
            if (c != n) {
                continue;
            }
            auto q = delta;
            for (auto k = base;; k += base) {
                const auto t = k <= bias ? t_min : std::min(k - bias, t_max);
                const auto digit = q < t ? q : t + (q - t) % (base - t);
                out += static_cast<char>(digit < 26 ? 'a' + digit : '0' + digit - 26);
                if (q < t) {
                    break;
                }
                q = (q - t) / (base - t);
            }
            auto left = done == basic ? delta / damp : delta / 2;
            left += left / (done + 1);
            std::uint32_t k = 0;
            for (; left > (base - t_min) * t_max / 2; k += base) {
                left /= base - t_min;
            }
            bias = k + (base - t_min + 1) * left / (left + skew);
            delta = 0;
            ++done;
        }
        ++delta;
        ++n;
    }
    return out;
}

// The code points of UTF-8; a byte that begins none stands for itself.
std::u32string code_points(std::string_view text) {
    std::u32string points;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i++]);
        const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
        char32_t point = more == 3   ? lead & 0x07U
                         : more == 2 ? lead & 0x0FU
                         : more == 1 ? lead & 0x1FU
                                     : lead;
        for (int k = 0; k < more && i < text.size(); ++k) {
            point = point << 6U | (static_cast<unsigned char>(text[i++]) & 0x3FU);
        }
        points += point;
    }
    return points;
}

}  // namespace

std::string to_ascii(const std::string& name) {
    auto labels = split(name, '.');
    for (auto& label : labels) {
        if (std::ranges::any_of(label, [](char c) { return (c & 0x80) != 0; })) {
            label = "xn--" + punycode(code_points(label));
        }
    }
    return join(labels, ".");
}

bool is_label(std::string_view label) {
    return !label.empty() && letter_or_digit(label.front()) && letter_or_digit(label.back()) &&
           std::ranges::all_of(label, [](char c) { return letter_or_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view name) {
    if (name.starts_with("*.")) {
        name.remove_prefix(2);
    }
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    const auto labels = split(name, '.');
    return !name.empty() && name.size() <= 253 &&
           std::ranges::all_of(
               labels, [](const auto& label) { return is_label(label) && label.size() <= 63; });
}

std::optional<std::string> idna_fault(const Mount& mount, const std::string& name) {
    auto labels = split(name, '.');
    // Only OpenBao takes a final dot for an empty label.
    while (!mount.openbao() && labels.size() > 1 && labels.back().empty()) {
        labels.pop_back();
    }
    for (const auto& label : labels) {
        if (label.empty() || name.size() > 253) {
            return fmt::format("idna: invalid label \"{}\"", name);
        }
        if (label.size() > 63 || label == "xn--") {
            return fmt::format("idna: invalid label \"{}\"", label == "xn--" ? "" : label);
        }
    }
    return std::nullopt;
}

}  // namespace meshproof::fakes::vault::pki
