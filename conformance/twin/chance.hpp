#pragma once

#include <string>
#include <string_view>

namespace meshproof::twin {

/// How a name that chance made looks ("uuid", "serial", "hvs.", "auth_kubernetes" of a mount's
/// accessor); "" for a word.
[[nodiscard]] std::string look_of(std::string_view text);

/// The text with everything that is chance replaced by what it is: "<uuid>", "<serial>", "<time>".
[[nodiscard]] std::string without_chance(std::string_view text);

}  // namespace meshproof::twin
