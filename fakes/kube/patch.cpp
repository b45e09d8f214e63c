#include "core/base/text.hpp"
#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes::kube {
namespace {

// The lists of our types that a strategic merge joins by a key instead of replacing them.
const char* merge_key(std::string_view list) {
    if (list == "conditions") {
        return "type";
    }
    if (list == "containers" || list == "secrets" || list == "imagePullSecrets") {
        return "name";
    }
    return list == "ownerReferences" ? "uid" : nullptr;
}

void merge_strategically(Json& target, const Json& patch);

void merge_list(Json& target, const Json& patch, const std::string& key) {
    for (const auto& item : patch) {
        const auto found = std::ranges::find_if(target, [&](const Json& present) {
            return present.contains(key) && item.contains(key) && present[key] == item[key];
        });
        if (text_at(item, "/$patch") == "delete") {
            if (found != target.end()) {
                target.erase(found);
            }
        } else if (found != target.end()) {
            merge_strategically(*found, item);
        } else {
            target.push_back(item);
        }
    }
}

void merge_strategically(Json& target, const Json& patch) {
    if (!target.is_object()) {
        target = Json::object();
    }
    for (const auto& [key, value] : patch.items()) {
        if (key.starts_with(
                '$')) {  // directives: order and retained keys change nothing for our types
            continue;
        }
        if (value.is_null()) {
            target.erase(key);
        } else if (value.is_object()) {
            merge_strategically(target[key], value);
        } else if (const auto* by = merge_key(key);
                   value.is_array() && by != nullptr && target[key].is_array()) {
            merge_list(target[key], value, by);
        } else {
            target[key] = value;
        }
    }
}

}  // namespace

Json patched(const Call& call, const Json& current) {
    const auto header = lower(call.request.headers.find("Content-Type").value_or(""));
    const auto type = header.substr(0, header.find(';'));
    const auto patch = Json::parse(call.request.body, nullptr, false);
    Json next = current;
    if (type == "application/json-patch+json" && patch.is_array()) {
        return next.patch(patch);
    }
    if (type != "application/merge-patch+json" &&
        type != "application/strategic-merge-patch+json") {
        throw Refused{
            refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object())};
    }
    if (!patch.is_object()) {
        throw Refused{bad_request("the patch is not a JSON object")};
    }
    // Unlike in an update, only a version that the patch itself names is a precondition.
    next["metadata"].erase("resourceVersion");
    if (type == "application/merge-patch+json") {
        next.merge_patch(patch);
    } else {
        merge_strategically(next, patch);
    }
    return next;
}

}  // namespace meshproof::fakes::kube
