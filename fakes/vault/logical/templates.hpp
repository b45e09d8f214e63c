#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Texts with names in them, as policies' paths and PKI roles have them: "ns/{{identity.entity.id}}".
namespace meshproof::fakes::vault {

/// The value that a name stands for ("identity.entity.id", without braces and blanks); nothing
/// where it has none.
using TemplateValues = std::function<std::optional<std::string>(std::string_view name)>;

/// Whether there is a name in the text. Braces that do not pair make it no template: then it stands
/// for itself.
[[nodiscard]] bool is_template(std::string_view text);

/// A template with every name replaced by its value; nothing where one of them has none.
[[nodiscard]] std::optional<std::string> filled_in(std::string_view text,
                                                   const TemplateValues& values);

}  // namespace meshproof::fakes::vault
