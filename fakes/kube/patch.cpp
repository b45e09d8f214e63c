#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/json_patch.hpp"

namespace meshproof::fakes::kube {
namespace {

void merge_strategically(Json& target, const Json& patch, const ObjectType& type);

void merge_value(Json& target, const Json& patch, const FieldType& type) {
    if (type.kind == FieldType::Kind::object && patch.is_object()) {
        merge_strategically(target, patch, *type.object);
    } else if (type.kind == FieldType::Kind::map && patch.is_object()) {
        target.merge_patch(patch);
    } else {
        target = patch;
    }
}

/// What tells the items of a merged list apart: the value of their key, or all of them. Null where
/// an item has no key.
const Json* identity_of(const Json& item, const std::string& key) {
    if (key.empty()) {
        return &item;
    }
    const auto found = item.is_object() ? item.find(key) : item.end();
    return found == item.end() ? nullptr : &*found;
}

void merge_list(Json& target, const Json& patch, const FieldType& type) {
    if (!target.is_array()) {
        target = Json::array();
    }
    const auto& key = type.merge_key;
    // By identity, so that a long patch of a long list is no product of both.
    std::map<Json, std::size_t> places;
    for (std::size_t i = 0; i < target.size(); ++i) {
        if (const auto* identity = identity_of(target[i], key)) {
            places.emplace(*identity, i);
        }
    }
    std::set<std::size_t> deleted;
    for (const auto& item : patch) {
        const auto* identity = identity_of(item, key);
        const auto found = identity == nullptr ? places.end() : places.find(*identity);
        if (item.is_object() && text_at(item, "/$patch") == "delete") {
            if (found != places.end()) {
                deleted.insert(found->second);
                places.erase(found);
            }
        } else if (found != places.end()) {
            merge_value(target[found->second], item, *type.of);
        } else {
            if (identity != nullptr) {
                places.emplace(*identity, target.size());
            }
            target.push_back(item);
        }
    }
    if (!deleted.empty()) {
        Json left = Json::array();
        for (std::size_t i = 0; i < target.size(); ++i) {
            if (!deleted.contains(i)) {
                left.push_back(std::move(target[i]));
            }
        }
        target = std::move(left);
    }
}

void merge_strategically(Json& target, const Json& patch, const ObjectType& type) {
    if (text_at(patch, "/$patch") == "replace") {
        target = patch;
        target.erase("$patch");
        return;
    }
    if (!target.is_object()) {
        target = Json::object();
    }
    for (const auto& [key, value] : patch.items()) {
        const auto* field = type.find(key);
        if (key.starts_with("$deleteFromPrimitiveList/")) {
            auto& list = target[key.substr(key.find('/') + 1)];
            const std::set<Json> unwanted(value.begin(), value.end());
            if (list.is_array()) {
                std::erase_if(list.get_ref<Json::array_t&>(),
                              [&](const Json& item) { return unwanted.contains(item); });
            }
        } else if (key.starts_with('$')) {
            continue;  // the order of lists, and retained keys, change nothing for our types
        } else if (value.is_null()) {
            target.erase(key);
        } else if (field == nullptr) {
            target[key] = value;
        } else if (field->merges && value.is_array()) {
            merge_list(target[key], value, *field);
        } else {
            merge_value(target[key], value, *field);
        }
    }
}

// As Go converts a float to a whole number of so many bits, where the processor is an AMD64.
std::int64_t truncated(double value, FieldType::Kind kind) {
    constexpr double limit = 9223372036854775808.0;  // of int64
    const auto whole = value >= -limit && value < limit ? static_cast<std::int64_t>(value)
                                                        : std::numeric_limits<std::int64_t>::min();
    return kind == FieldType::Kind::int32 ? static_cast<std::int32_t>(whole) : whole;
}

// What comes as a map of Go may have a float for a whole number, if it has nothing behind its point
// (runtime/converter.go).
void convert_floats(Json& value, const FieldType& type) {
    using Kind = FieldType::Kind;
    if (type.kind == Kind::object && value.is_object()) {
        for (auto& [key, member] : value.get_ref<Json::object_t&>()) {
            if (const auto* field = type.object->find(key)) {
                convert_floats(member, *field);
            }
        }
    } else if ((type.kind == Kind::list && value.is_array()) ||
               (type.kind == Kind::map && value.is_object())) {
        for (auto& item : value) {
            convert_floats(item, *type.of);
        }
    } else if ((type.kind == Kind::int32 || type.kind == Kind::int64) && value.is_number_float()) {
        const auto number = value.get<double>();
        if (number == std::trunc(number)) {
            value = truncated(number, type.kind);
        }
    }
}

/// What a patch made of an object.
struct Made {
    Json patch;  ///< a merge patch, also a strategic one
    Json whole;  ///< of a JSON patch, which takes long to apply: `next` before it is looked at
    Json next;
    std::vector<std::string> objections;  ///< of strict decoding, to the patch's text
};

Checked<Document> patch_of(const ApiCall& call) {
    auto read = read_once(call, BodyForm::patch);
    if (!read) {
        return refuse(bad_request("error decoding patch: " + read.error().text));
    }
    return std::move(*read);
}

// What the operations of a JSON patch may not have.
std::vector<std::string> unknown_members(const Json& operations) {
    std::vector<std::string> out;
    std::size_t index = 0;
    for (const auto& operation : operations) {
        const auto place = fmt::format("[{}]", index++);
        for (const auto& [key, value] : operation.items()) {
            if (operation.is_object() && key != "op" && key != "path" && key != "from" &&
                key != "value") {
                out.push_back(fmt::format("unknown field \"{}.{}\"", place, key));
            }
        }
    }
    return out;
}

Checked<Made> by_json_patch(const ApiCall& call, const Json& current) {
    const auto document = patch_of(call);
    if (!document) {
        return tl::unexpected(document.error());
    }
    auto* early = call.early != nullptr && call.early->patched ? &*call.early->patched : nullptr;
    if (early != nullptr && early->version != meta(current, "resourceVersion")) {
        // As after the API server's last attempt: others were faster each time.
        return refuse(conflict(call.type->resource(), call.info.name,
                               "the object has been modified; please apply your changes to "
                               "the latest version and try again"));
    }
    auto next = early != nullptr ? std::move(early->next) : json_patched(document->value, current);
    if (!next) {
        return tl::unexpected(next.error());
    }
    Made made{nullptr, *next, std::move(*next), {}};
    for (const auto& objections : {document->repeated, unknown_members(document->value)}) {
        for (const auto& objection : objections) {
            made.objections.push_back("json patch " + objection);
        }
    }
    return made;
}

// A merge patch, or a strategic one.
Checked<Document> merge_patch_of(const ApiCall& call, bool strategic) {
    auto document = patch_of(call);
    if (!document) {
        return document;
    }
    auto& patch = document->value;
    if (patch.is_null()) {
        if (!strategic) {
            return refuse(bad_request("Invalid JSON Patch"));
        }
        patch = Json::object();
    }
    if (!patch.is_object()) {
        return refuse(bad_request(
            fmt::format("{}json: cannot unmarshal {} into Go value of type map[string]interface "
                        "{{}}",
                        strategic ? "" : "error decoding patch: ", json_kind(patch))));
    }
    return document;
}

void discard_nulls(Json& value) {
    if (value.is_object()) {
        auto& members = value.get_ref<Json::object_t&>();
        std::erase_if(members, [](const auto& member) { return member.second.is_null(); });
    }
    if (value.is_structured()) {
        std::ranges::for_each(value, discard_nulls);
    }
}

// A strategic patch as the server has it after it was merged: without the nulls in what the object
// had nothing for.
Json without_unmatched_nulls(Json patch, const Json& original) {
    for (auto at = patch.begin(); at != patch.end(); ++at) {
        const auto held = original.find(at.key());
        if (held != original.end() && held->is_object() && at->is_object()) {
            *at = without_unmatched_nulls(std::move(*at), *held);
        } else if (held == original.end() || held->type() != at->type()) {
            discard_nulls(*at);
        }
    }
    return patch;
}

Checked<Made> by_merge_patch(const ApiCall& call, const Json& current,
                             const ObjectType* strategic) {
    auto document = merge_patch_of(call, strategic != nullptr);
    if (!document) {
        return tl::unexpected(document.error());
    }
    Made made{std::move(document->value), nullptr, current, std::move(document->repeated)};
    // Unlike in an update, only a version that the patch itself names is a precondition.
    made.next["metadata"].erase("resourceVersion");
    if (strategic == nullptr) {
        made.next.merge_patch(made.patch);
    } else {
        merge_strategically(made.next, made.patch, *strategic);
    }
    return made;
}

// 422 of what is no object of its type. The server shows the object with all that the patch gave
// it, of a strategic patch the patch, which it has as a map of Go.
tl::unexpected<http::Response> unfit(const Json& current, const Made& made, bool strategic,
                                     std::string_view why) {
    std::string shown;
    if (strategic) {
        shown = go_printed(without_unmatched_nulls(made.patch, current));
    } else {
        auto object = made.patch.is_null() ? made.whole : current;
        if (!made.patch.is_null()) {
            object.merge_patch(made.patch);
        }
        shown = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    return refuse(invalid("", "", "",
                          {{"patch", "FieldValueInvalid",
                            fmt::format("Invalid value: {}: {}", go_quoted(shown), why)}}));
}

tl::unexpected<http::Response> unsupported_patch() {
    return refuse(
        refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object()));
}

}  // namespace

bool is_json_patch(const http::Request& request) {
    const auto header = lower(request.headers.find("Content-Type").value_or(""));
    return request.method == "PATCH" && header.starts_with("application/json-patch+json");
}

Checked<Json> json_patched(const Json& patch, Json current) {
    if (patch.is_null()) {
        return current;
    }
    if (!patch.is_array()) {
        return refuse(bad_request(
            fmt::format("error decoding patch: json: cannot unmarshal {} into Go value of type "
                        "[]handlers.jsonPatchOp",
                        json_kind(patch))));
    }
    if (patch.size() > most_patch_operations) {
        return refuse(
            too_large(fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                                  most_patch_operations, patch.size())));
    }
    if (!apply_json_patch(current, patch)) {
        return refuse(refusal(422, "Invalid",
                              "the server rejected our request due to an error in our request",
                              Json::object()));
    }
    return current;
}

Checked<> check_patch_type(const http::Request& request) {
    const auto header = lower(request.headers.find("Content-Type").value_or(""));
    const auto media = trim(std::string_view(header).substr(0, header.find(';')));
    for (const auto* known :
         {"application/json-patch+json", "application/merge-patch+json",
          "application/strategic-merge-patch+json", "application/apply-patch+yaml"}) {
        if (media == known) {
            return {};
        }
    }
    return unsupported_patch();
}

Checked<Json> patched(const ApiCall& call, const Json& current) {
    const auto header = lower(call.request.headers.find("Content-Type").value_or(""));
    const auto media = header.substr(0, header.find(';'));
    // A scale, for one, is patched at another type's path.
    const auto kind = text_at(current, "/kind");
    const bool of_call = kind == call.type->kind;
    const auto& type = of_call ? object_type(*call.type) : object_type(kind);
    if (call.type->custom != nullptr && media == "application/strategic-merge-patch+json") {
        return refuse(refusal(415, "UnsupportedMediaType",
                              "the body of the request was in an unknown format - accepted media "
                              "types include: application/json-patch+json, "
                              "application/merge-patch+json, application/apply-patch+yaml"));
    }
    auto made = media == "application/json-patch+json"    ? by_json_patch(call, current)
                : media == "application/merge-patch+json" ? by_merge_patch(call, current, nullptr)
                : media == "application/strategic-merge-patch+json"
                    ? by_merge_patch(call, current, &type)
                    : unsupported_patch();
    if (!made) {
        return tl::unexpected(made.error());
    }
    const bool strategic = media == "application/strategic-merge-patch+json";
    auto& next = made->next;
    if (strategic) {
        FieldType whole;
        whole.kind = FieldType::Kind::object;
        whole.object = &type;
        convert_floats(next, whole);
    }
    auto unknown = of_call ? conform(next, *call.type) : conform(next, type);
    if (!unknown) {
        const auto& fault = unknown.error();
        return unfit(current, *made, strategic,
                     strategic && !fault.converted.empty() ? fault.converted : fault.text);
    }
    if (strategic) {
        std::ranges::sort(*unknown);
    }
    auto faults = std::move(made->objections);
    for (const auto& path : *unknown) {
        faults.push_back(fmt::format("unknown field \"{}\"", path));
    }
    if (const auto fault = strict_fault(call, faults)) {
        return unfit(current, *made, strategic, *fault);
    }
    return std::move(next);
}

}  // namespace meshproof::fakes::kube
