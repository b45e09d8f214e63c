#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/http/message.hpp"
#include "fakes/kube/status.hpp"

/// Content negotiation: in which form an answer is written, and into what it is made before.
namespace meshproof::fakes::kube {

enum class Form { json, yaml, protobuf };
enum class Shape { object, table, metadata, metadata_list };

struct Representation {
    Form form = Form::json;
    Shape shape = Shape::object;
};

/// The media types of the API's own answers.
inline constexpr std::string_view api_media[] = {"application/json", "application/yaml",
                                                 "application/vnd.kubernetes.protobuf"};

/// Whether the caller takes one of these at all, by the rules of the API server's router: a
/// wildcard of one type ("application/*") is none there, and parameters are not looked at.
[[nodiscard]] bool takes_any(const http::Request& request, std::span<const std::string_view> media);
/// The best range that the caller accepts and the API server can serve; nothing where each asks for
/// a shape or a stream that there is none of. Not `binary`: of the objects themselves there is no
/// protobuf, as of custom resources.
[[nodiscard]] std::optional<Representation> representation_asked(const http::Request& request,
                                                                 bool binary = true);
/// The form of a refusal, which has one shape only.
[[nodiscard]] Form form_of_refusal(const http::Request& request);
[[nodiscard]] bool wants_table(const http::Request& request);

/// 406 where takes_any() is false: the router's words. `media` as there.
[[nodiscard]] http::Response not_acceptable(std::string_view media);
/// 406 where representation_asked() has nothing.
[[nodiscard]] http::Response no_such_shape();
/// The same of a watch in a form that is never streamed.
[[nodiscard]] http::Response no_such_stream();

}  // namespace meshproof::fakes::kube
