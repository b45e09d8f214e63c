#pragma once

#include <string>
#include <string_view>

#include "core/time/prng.hpp"

namespace meshproof::fakes::vault {

/// Whether a path segment is a name as most endpoints want it: letters, digits, `_`, and `-` or `.`
/// inside.
[[nodiscard]] bool is_name(std::string_view text);

/// A seeded UUID (version 4 form).
[[nodiscard]] std::string make_uuid(Prng& prng);

}  // namespace meshproof::fakes::vault
