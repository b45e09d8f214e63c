#pragma once

#include <string>

#include "core/http/message.hpp"
#include "fakes/chaos/rule.hpp"

/// What chaos makes of requests and answers. Internal to fakes/chaos.
namespace meshproof::fakes {

/// May the answer hold a certificate of the client's?
[[nodiscard]] bool asks_for_certificate(const http::Request& request);

/// The answer of a server that refuses before it has acted, in its own form.
[[nodiscard]] http::Response refusal(int status, std::optional<Duration> retry_after, bool kube,
                                     std::string_view path);
void spoil_body(http::Response& response, BodyFault fault);
/// Hands the body over to a source that lets it out slowly.
void drip(http::Response& response, Drip drip);

/// Before the server acts: it is asked for another key, or for a leaf that lives a second.
void spoil_request(http::Request& request, CertificateFault fault);
/// How far back the server's date must be for the leaf to be expired when it comes.
inline constexpr Duration expired_for = std::chrono::minutes(10);
/// After: another CA's chain, or (issue) another private key.
void spoil_answer(http::Response& response, CertificateFault fault);

}  // namespace meshproof::fakes
