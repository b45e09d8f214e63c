#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/status.hpp"

/// What is wrong with a field, as apimachinery's field.Error says it.
namespace meshproof::fakes::kube {

[[nodiscard]] inline Cause text_fault(std::string field, std::string_view value,
                                      std::string_view why) {
    return {std::move(field), "FieldValueInvalid",
            fmt::format("Invalid value: {}: {}", go_quoted(value), why)};
}

[[nodiscard]] inline Cause missing_fault(std::string field, std::string_view why = "") {
    return {std::move(field), "FieldValueRequired",
            fmt::format("Required value{}{}", why.empty() ? "" : ": ", why)};
}

[[nodiscard]] inline Cause forbidden_fault(std::string field, std::string_view why) {
    return {std::move(field), "FieldValueForbidden", fmt::format("Forbidden: {}", why)};
}

[[nodiscard]] inline Cause word_fault(std::string field, std::string_view value,
                                      std::initializer_list<std::string_view> words) {
    std::vector<std::string> supported;
    for (const auto word : words) {
        supported.push_back(go_quoted(word));
    }
    return {std::move(field), "FieldValueNotSupported",
            fmt::format("Unsupported value: {}: supported values: {}", go_quoted(value),
                        join(supported, ", "))};
}

}  // namespace meshproof::fakes::kube
