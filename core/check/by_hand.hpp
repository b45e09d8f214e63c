#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/run/result.hpp"

namespace meshproof::run {

/// Exchanges as commands for bash that do the same again on another server, pasted as they are.
struct ByHand {
    std::vector<std::string> steps;  ///< one an exchange: a command, and a line for each variable
    /// Variables that no answer gives: what a check makes itself, as a token that it signs.
    std::vector<std::string> made_by_check;
};

/// What an answer held and a later request says again (tokens, ids, certificates) is taken from the
/// answer, by jq. `known` are texts of the server that the exchanges were with, and what stands for
/// them ("$KUBE_ADDR").
[[nodiscard]] ByHand by_hand(std::vector<Exchange> exchanges,
                             const std::vector<std::pair<std::string, std::string>>& known);

}  // namespace meshproof::run
