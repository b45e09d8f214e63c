#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "core/http/message.hpp"
#include "fakes/kube/types.hpp"

/// The API server's answers: JSON objects, and the Status object for every refusal (wire contract
/// 163).
namespace meshproof::fakes::kube {

using Json = nlohmann::json;

[[nodiscard]] http::Response json_response(int status, const Json& body);
[[nodiscard]] http::Response text_response(int status, std::string text);
/// The 404 of paths that no API is behind: plain text.
[[nodiscard]] http::Response page_not_found();

[[nodiscard]] Json status_object(int code, std::string_view reason, std::string_view message,
                                 Json details = nullptr);
[[nodiscard]] http::Response refusal(int code, std::string_view reason, std::string_view message,
                                     Json details = nullptr);
[[nodiscard]] http::Response bad_request(std::string_view message);
[[nodiscard]] http::Response too_large(std::string_view what);
[[nodiscard]] http::Response method_not_allowed();
[[nodiscard]] http::Response not_found(const ResourceType& type, std::string_view name);
[[nodiscard]] http::Response already_exists(const ResourceType& type, std::string_view name);
/// The same where the caller left the name to the server as well (generateName).
[[nodiscard]] http::Response not_generated(const ResourceType& type, std::string_view name);
/// 409 "Operation cannot be fulfilled on RESOURCE "NAME": WHY".
[[nodiscard]] http::Response conflict(std::string_view resource, std::string_view name,
                                      std::string_view why);
/// 422 for one field. `cause` is the reason word of the cause: FieldValueInvalid,
/// FieldValueRequired.
struct FieldFault {
    std::string group, kind, name, field, cause, message;
};
[[nodiscard]] http::Response invalid(const FieldFault& fault);
struct Cause {
    std::string field, reason, message;
};
/// 422 for several fields at once. Without a kind it is one of Go's own zero values: " "" is
/// invalid", ".authorization.k8s.io "" is invalid".
/// So many are told: of a list of a million each item may have some.
inline constexpr std::size_t most_told_causes = 10'000;
[[nodiscard]] inline bool enough(const std::vector<Cause>& causes) {
    return causes.size() >= most_told_causes;
}
[[nodiscard]] http::Response invalid(std::string_view group, std::string_view kind,
                                     std::string_view name, const std::vector<Cause>& causes);
/// The 404 where a group's version is known, and what is asked for in it is not.
[[nodiscard]] http::Response no_such_resource();
/// What a deletion answers where the object itself is not given back.
[[nodiscard]] http::Response deleted(const ResourceType& type, std::string_view name,
                                     std::string_view uid);

/// A value, or the answer that ends the request.
template <class T = void>
using Checked = tl::expected<T, http::Response>;

/// `return refuse(bad_request("…"));`
[[nodiscard]] inline tl::unexpected<http::Response> refuse(http::Response answer) {
    return tl::unexpected<http::Response>(std::move(answer));
}

}  // namespace meshproof::fakes::kube
