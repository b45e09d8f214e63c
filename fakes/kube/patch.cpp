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

Checked<Json> patch_of(const ApiCall& call) {
    auto read = read_once(call, BodyForm::patch);
    if (!read) {
        return refuse(bad_request("error decoding patch: " + read.error().text));
    }
    return std::move(read->value);
}

Checked<Json> by_json_patch(const ApiCall& call, const Json& current) {
    if (call.early != nullptr && call.early->patched) {
        auto& patched = *call.early->patched;
        if (patched.version != meta(current, "resourceVersion")) {
            // As after the API server's last attempt: others were faster each time.
            return refuse(conflict(call.type->resource(), call.info.name,
                                   "the object has been modified; please apply your changes to "
                                   "the latest version and try again"));
        }
        return std::move(patched.next);
    }
    const auto patch = patch_of(call);
    return patch ? json_patched(*patch, current) : patch;
}

Checked<Json> by_merge_patch(const ApiCall& call, const Json& current,
                             const ObjectType* strategic) {
    auto patch = patch_of(call);
    if (!patch) {
        return patch;
    }
    if (patch->is_null()) {
        if (strategic == nullptr) {
            return refuse(bad_request("Invalid JSON Patch"));
        }
        *patch = Json::object();
    }
    if (!patch->is_object()) {
        return refuse(bad_request(
            fmt::format("{}json: cannot unmarshal {} into Go value of type map[string]interface "
                        "{{}}",
                        strategic == nullptr ? "error decoding patch: " : "", json_kind(*patch))));
    }
    Json next = current;
    // Unlike in an update, only a version that the patch itself names is a precondition.
    next["metadata"].erase("resourceVersion");
    if (strategic == nullptr) {
        next.merge_patch(*patch);
    } else {
        merge_strategically(next, *patch, *strategic);
    }
    return next;
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
    auto next = media == "application/json-patch+json"    ? by_json_patch(call, current)
                : media == "application/merge-patch+json" ? by_merge_patch(call, current, nullptr)
                : media == "application/strategic-merge-patch+json"
                    ? by_merge_patch(call, current, &type)
                    : unsupported_patch();
    if (!next) {
        return next;
    }
    const auto unfit = [&next](const std::string& why) {
        return refuse(
            invalid("", "", "",
                    {{"patch", "FieldValueInvalid",
                      fmt::format("Invalid value: {}: {}", Json(next->dump()).dump(), why)}}));
    };
    const auto unknown = of_call ? conform(*next, *call.type) : conform(*next, type);
    if (!unknown) {
        return unfit(unknown.error().text);
    }
    std::vector<std::string> faults;
    for (const auto& path : *unknown) {
        faults.push_back(fmt::format("unknown field \"{}\"", path));
    }
    if (const auto fault = strict_fault(call, faults)) {
        return unfit(*fault);
    }
    return next;
}

}  // namespace meshproof::fakes::kube
