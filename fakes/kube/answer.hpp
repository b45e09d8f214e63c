#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/http/transport.hpp"
#include "fakes/kube/api_state.hpp"

/// The order of what is looked at before a request is answered, and how the answer is written.
namespace meshproof::fakes::kube {

/// server.Config.MaxRequestBodyBytes of kube-apiserver.
inline constexpr std::size_t largest_body = 3U << 20;

/// A request that may be answered.
struct Question {
    RequestInfo info;
    User user;
    const ResourceType* type = nullptr;  ///< null: it is for no resource
};
/// An answer and the warnings that go with it.
struct Answer {
    http::Response response;
    std::vector<std::string> warnings;
};

/// Who asks for what, if they may and there is such a thing; else the refusal, as it is written.
[[nodiscard]] Checked<Question> question_of(ApiState& api, const http::Request& request,
                                            const http::Peer& peer,
                                            std::vector<std::string>& warnings);
/// The answer as it is written. `early` is what was read of the body before; null = nothing.
[[nodiscard]] http::Response answer_of(ApiState& api, const http::Request& request,
                                       Question question, std::vector<std::string>& warnings,
                                       EarlyBody* early);
/// Warnings as headers, as many as the API server writes.
void add_warnings(http::Headers& headers, const std::vector<std::string>& warnings);

}  // namespace meshproof::fakes::kube
