#include "fakes/vault/identity/metadata.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

constexpr std::size_t most_pairs = 64, longest_key = 128, longest_value = 512;

std::optional<std::string> fault_of_pair(std::string_view key, std::string_view value) {
    constexpr std::string_view besides = "=/+_-";
    if (key.empty()) {
        return "key cannot be blank";
    }
    if (!std::ranges::all_of(key, [&](char c) {
            return letter_or_digit(c) || besides.find(c) != std::string_view::npos;
        })) {
        return "key contains invalid characters";
    }
    if (key.size() > longest_key) {
        return fmt::format("key is too long (limit: {} characters)", longest_key);
    }
    if (value.size() > longest_value) {
        return fmt::format("value is too long (limit: {} characters)", longest_value);
    }
    return std::nullopt;
}

void note_custom_faults(const std::string& key, const std::string& value,
                        std::vector<std::string>& faults) {
    if (key.empty() || key.size() > longest_key) {
        faults.push_back(fmt::format("length of key {} is {} but must be 0 < len(key) <= {}",
                                     go_quoted(key), key.size(), longest_key));
    }
    if (value.empty() || value.size() > longest_value) {
        faults.push_back(
            fmt::format("length of value for key {} is {} but must be 0 < len(value) <= {}",
                        go_quoted(key), value.size(), longest_value));
    }
    if (!go_prints(key)) {
        faults.push_back(
            fmt::format("key {} ({}) contains unprintable characters", go_quoted(key), key));
    }
    if (!go_prints(value)) {
        faults.push_back(
            fmt::format("value for key {} contains unprintable characters", go_quoted(key)));
    }
}

}  // namespace

std::optional<BackendResponse> refuse_metadata(std::string_view whose, const Pairs& metadata) {
    const auto refused = [&](const std::string& why) {
        return BackendResponse::go_error(fmt::format("invalid {} metadata: {}", whose, why));
    };
    if (!metadata) {
        return std::nullopt;
    }
    if (metadata->size() > most_pairs) {
        return refused(
            fmt::format("metadata cannot contain more than {} key/value pairs", most_pairs));
    }
    for (const auto& [key, value] : *metadata) {
        if (const auto fault = fault_of_pair(key, value)) {
            return refused(fmt::format("failed to load metadata pair ({}, {}): {}", go_quoted(key),
                                       go_quoted(value), *fault));
        }
    }
    return std::nullopt;
}

std::optional<BackendResponse> refuse_custom_metadata(const Pairs& metadata) {
    std::vector<std::string> faults;
    if (metadata && metadata->size() > most_pairs) {
        faults.push_back(fmt::format("payload must contain at most {} keys, provided {}",
                                     most_pairs, metadata->size()));
    } else if (metadata) {
        for (const auto& [key, value] : *metadata) {
            note_custom_faults(key, value, faults);
        }
    }
    if (faults.empty()) {
        return std::nullopt;
    }
    auto text = faults.size() == 1 ? std::string("1 error occurred:\n")
                                   : fmt::format("{} errors occurred:\n", faults.size());
    for (const auto& fault : faults) {
        text += "\t* custom_metadata validation failed: " + fault + "\n";
    }
    return BackendResponse::error(text + "\n", 500);
}

}  // namespace meshproof::fakes::vault
