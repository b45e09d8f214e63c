#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"

/// How Kubernetes lets names be written, without their lengths. By hand, in one pass: std::regex
/// takes stack for each character, and these names come from outside.
namespace meshproof::fakes::kube {

[[nodiscard]] constexpr bool small_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// [a-z0-9]([-a-z0-9]*[a-z0-9])?
[[nodiscard]] constexpr bool is_dns_label(std::string_view text) {
    return !text.empty() && small_letter_or_digit(text.front()) &&
           small_letter_or_digit(text.back()) &&
           std::ranges::all_of(text, [](char c) { return small_letter_or_digit(c) || c == '-'; });
}

/// DNS labels with dots between them.
[[nodiscard]] constexpr bool is_dns_subdomain(std::string_view text) {
    for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
        if (!is_dns_label(text.substr(0, dot))) {
            return false;
        }
        text.remove_prefix(dot + 1);
    }
    return is_dns_label(text);
}

/// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
[[nodiscard]] constexpr bool is_label_word(std::string_view text) {
    return !text.empty() && letter_or_digit(text.front()) && letter_or_digit(text.back()) &&
           std::ranges::all_of(
               text, [](char c) { return letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

/// [-._a-zA-Z0-9]+
[[nodiscard]] constexpr bool is_config_key(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return letter_or_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

// metadata.cpp
/// What is wrong with the key of a label, in Kubernetes' words; empty = nothing.
[[nodiscard]] std::vector<std::string> key_faults(const std::string& key);
/// The same of a label's value, "" = nothing.
[[nodiscard]] std::string label_value_fault(const std::string& value);

}  // namespace meshproof::fakes::kube
