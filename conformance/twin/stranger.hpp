#pragma once

#include <functional>
#include <vector>

#include "conformance/twin/story.hpp"

namespace meshproof::twin {

/// Somebody who asks a Vault in the place of the story's token, which may do everything: so that
/// what is allowed is compared too, and what is told of a request that is not.
struct Stranger {
    std::string token{};  ///< a mark, or a text that is no token; "" = asks without one
    std::string home{};   ///< the child namespace that the token is of; "" = none
    friend bool operator==(const Stranger&, const Stranger&) = default;
};

/// Adds a request of the story's own token: method, path as sent, path as described, body.
using AskFirst =
    std::function<Step&(std::string method, std::string path, std::string_view of, Json body)>;

/// Has a token made with a policy of chance, of one kind or another: most may do some of what the
/// operations are; some may do nothing, since they were used up, revoked, or of another namespace
/// (`namespaces` = the servers have such).
[[nodiscard]] Stranger bring_stranger(const std::vector<const Operation*>& operations,
                                      bool namespaces, const AskFirst& ask_first, Prng& prng);

/// Rules about some of the operations, in HCL. Paths are the run's own.
[[nodiscard]] std::string policy_of_chance(const std::vector<const Operation*>& operations,
                                           Prng& prng);

/// The request is the stranger's.
void lend(Step& step, const Stranger& stranger, Prng& prng);

}  // namespace meshproof::twin
