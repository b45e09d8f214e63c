#pragma once

#include "core/run/ending.hpp"
#include "core/world/world.hpp"

/// Many clients that ask one Vault for signatures at once.
namespace meshproof::scenarios {

/// A request for a signature, and what came of it.
struct RushedRequest {
    std::string uri;
    crypto::PublicKey key;
    std::optional<Result<vault::Issued>> answer = std::nullopt;
};

/// What the clients share.
struct Rush {
    vault::Client client;
    std::string path;  ///< of the signing role
    std::string ids;   ///< what the URIs begin with; each has an end of its own
    /// After each answer or failure, with their number so far; may be empty.
    std::function<void(std::size_t ended)> on_end = {};
    std::vector<std::unique_ptr<RushedRequest>> requests = {};
    std::size_t ended = 0;
};

/// So many clients at once, each of which asks so often, again as soon as its answer is there. All
/// have ended when this has, though a stop cuts it short. Its ending says what stopped it, if
/// anything did: a request that fails does not.
[[nodiscard]] Task<run::Ending> ask_at_once(std::shared_ptr<Rush> rush, int clients, int each);

/// What is wrong with the answers that came: each is for its own request, signed by this issuer,
/// and has a serial number of its own.
[[nodiscard]] std::vector<std::string> wrong_answers(const Rush& rush,
                                                     const crypto::Certificate& issuer);

}  // namespace meshproof::scenarios
