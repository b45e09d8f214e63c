#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/kube/api_state.hpp"
#include "fakes/kube/document.hpp"
#include "fakes/kube/schema.hpp"

/// Bodies as the API server decodes them: JSON, YAML or protobuf, with field validation.
namespace meshproof::fakes::kube {

/// How a body is read, before anything is known of what it is about.
enum class BodyForm { json, yaml, patch };
using ReadBody = tl::expected<Document, Mismatch>;

/// Takes time and memory in proportion to the text alone. It looks at nothing but the text, so any
/// thread may do it.
[[nodiscard]] ReadBody read_text(BodyForm form, const std::string& text);

/// What a JSON patch made of one version of its object.
struct EarlyPatch {
    std::string version;
    Checked<Json> next;
};
/// A body that was read before its turn, so that reading it held up nobody.
struct EarlyBody {
    BodyForm form = BodyForm::json;
    std::optional<ReadBody> read;       ///< nothing once it was taken
    std::optional<EarlyPatch> patched;  ///< where that was asked for
};
/// `current` is what the body is a JSON patch of; null = it is none.
[[nodiscard]] EarlyBody read_early(BodyForm form, const std::string& text, Json current);
/// The form that the request's headers promise; nothing where its body is none of these.
[[nodiscard]] std::optional<BodyForm> form_of_body(const http::Request& request);
/// The call's body, which may have been read before.
[[nodiscard]] ReadBody read_once(const ApiCall& call, BodyForm form);

/// The body as an object of this kind, without unknown fields; else 400 or 415. Unknown and
/// repeated fields are faults or warnings, as the query's fieldValidation asks.
[[nodiscard]] Checked<Json> body_of(const ApiCall& call, std::string_view kind,
                                    const std::string& api_version);
/// The body of a deletion; {} where there is none.
[[nodiscard]] Checked<Json> delete_options(const ApiCall& call);
/// 422 where the query's dryRun, fieldValidation, fieldManager or force is none.
[[nodiscard]] Checked<> check_options(const ApiCall& call);

/// What the query's fieldValidation makes of faults: the text of a refusal, or nothing, with the
/// caller warned where that is asked for.
[[nodiscard]] std::optional<std::string> strict_fault(const ApiCall& call,
                                                      const std::vector<std::string>& faults);

/// YAML as JSON; `repeated` gets Go's text about each key that is there twice.
[[nodiscard]] tl::expected<Json, Mismatch> json_of_yaml(const std::string& text,
                                                        std::vector<std::string>& repeated);
/// JSON as YAML in block style, keys in order.
[[nodiscard]] std::string yaml_of(const Json& value);
/// Go's text for a JSON text that is none.
[[nodiscard]] std::string json_fault(const std::string& text);

}  // namespace meshproof::fakes::kube
