#pragma once

#include <string_view>
#include <vector>

#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {

/// An expectation that no change of an answer makes false, and why it is one all the same.
struct Reason {
    std::string_view check;  ///< its id; "*" = every check that comes there (a shared step)
    std::string_view file;   ///< "conformance/vault/pki/sign/ttl.cpp"
    std::string_view text;   ///< what it says: Pursued::text
    std::string_view why;
};
[[nodiscard]] const std::vector<Reason>& reasons();

/// The entry for an expectation of a check, or null.
[[nodiscard]] const Reason* reason_for(const std::vector<Reason>& among, std::string_view check,
                                       const At& at, std::string_view text);

}  // namespace meshproof::conformance::mutation
