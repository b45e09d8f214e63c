#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/cluster.hpp"

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

void merge_list(Json& target, const Json& patch, const FieldType& type) {
    if (!target.is_array()) {
        target = Json::array();
    }
    const auto& key = type.merge_key;
    for (const auto& item : patch) {
        const auto found = std::ranges::find_if(target, [&](const Json& present) {
            return key.empty()
                       ? present == item
                       : present.contains(key) && item.contains(key) && present[key] == item[key];
        });
        if (item.is_object() && text_at(item, "/$patch") == "delete") {
            if (found != target.end()) {
                target.erase(found);
            }
        } else if (found != target.end()) {
            merge_value(*found, item, *type.of);
        } else {
            target.push_back(item);
        }
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
            if (list.is_array()) {
                std::erase_if(list.get_ref<Json::array_t&>(), [&](const Json& item) {
                    return std::ranges::find(value, item) != value.end();
                });
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

/// Discarded where it cannot be read.
Json read_patch(const std::string& text) {
    if (too_deep(text)) {
        throw Refused{bad_request("error decoding patch: exceeded max depth")};
    }
    return Json::parse(text, nullptr, false);
}

Json by_json_patch(const Call& call, const Json& current) {
    const auto patch = read_patch(call.request.body);
    if (patch.is_discarded()) {
        throw Refused{bad_request("error decoding patch: " + json_fault(call.request.body))};
    }
    if (!patch.is_array()) {
        throw Refused{bad_request(
            fmt::format("error decoding patch: json: cannot unmarshal {} into Go value of type "
                        "[]handlers.jsonPatchOp",
                        patch.is_object() ? "object" : "value"))};
    }
    try {
        return current.patch(patch);
    } catch (const Json::exception&) {
        throw Refused{refusal(422, "Invalid",
                              "the server rejected our request due to an error in our request",
                              Json::object())};
    }
}

}  // namespace

void check_patch_type(const http::Request& request) {
    const auto header = lower(request.headers.find("Content-Type").value_or(""));
    const auto media = trim(std::string_view(header).substr(0, header.find(';')));
    for (const auto* known :
         {"application/json-patch+json", "application/merge-patch+json",
          "application/strategic-merge-patch+json", "application/apply-patch+yaml"}) {
        if (media == known) {
            return;
        }
    }
    throw Refused{
        refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object())};
}

Json patched(const Call& call, const Json& current) {
    const auto header = lower(call.request.headers.find("Content-Type").value_or(""));
    const auto media = header.substr(0, header.find(';'));
    const auto& type = object_type(text_at(current, "/kind"));
    Json next;
    if (media == "application/json-patch+json") {
        next = by_json_patch(call, current);
    } else if (media == "application/merge-patch+json" ||
               media == "application/strategic-merge-patch+json") {
        const auto patch = read_patch(call.request.body);
        if (patch.is_discarded()) {
            throw Refused{bad_request("error decoding patch: " + json_fault(call.request.body))};
        }
        if (!patch.is_object()) {
            throw Refused{bad_request(
                fmt::format("error decoding patch: json: cannot unmarshal {} into Go value of type "
                            "map[string]interface {{}}",
                            patch.is_array()    ? "array"
                            : patch.is_string() ? "string"
                                                : "number"))};
        }
        next = current;
        // Unlike in an update, only a version that the patch itself names is a precondition.
        next["metadata"].erase("resourceVersion");
        if (media == "application/merge-patch+json") {
            next.merge_patch(patch);
        } else {
            merge_strategically(next, patch, type);
        }
    } else {
        throw Refused{
            refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object())};
    }
    const auto refuse = [&](const std::string& why) {
        throw Refused{
            invalid("", "", "",
                    {{"patch", "FieldValueInvalid",
                      fmt::format("Invalid value: {}: {}", Json(next.dump()).dump(), why)}})};
    };
    std::vector<std::string> faults;
    try {
        for (const auto& path : conform(next, type)) {
            faults.push_back(fmt::format("unknown field \"{}\"", path));
        }
    } catch (const Mismatch& mismatch) {
        refuse(mismatch.text);
    }
    const auto validation = field_validation(call);
    if (validation == FieldValidation::strict && !faults.empty()) {
        refuse("strict decoding error: " + join(faults, ", "));
    }
    if (validation == FieldValidation::warn) {
        call.warnings->insert(call.warnings->end(), faults.begin(), faults.end());
    }
    return next;
}

}  // namespace meshproof::fakes::kube
