#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

std::string selector_text(const Json& selector) {
    std::vector<std::string> parts;
    const Json selected = selector.value("matchLabels", Json::object());
    for (const auto& [key, value] : selected.items()) {
        parts.push_back(fmt::format("{}={}", key, value.get<std::string>()));
    }
    return join(parts, ",");
}

Json scale_of(const Json& object) {
    Json spec = Json::object();
    if (const auto replicas = count_at(object, "/spec/replicas"); replicas > 0) {
        spec["replicas"] = replicas;
    }
    Json metadata = Json::object();
    for (const auto* key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
        metadata[key] = meta(object, key);
    }
    return {{"kind", "Scale"},
            {"apiVersion", "autoscaling/v1"},
            {"metadata", std::move(metadata)},
            {"spec", std::move(spec)},
            {"status",
             {{"replicas", count_at(object, "/status/replicas")},
              {"selector", selector_text(object["spec"]["selector"])}}}};
}

}  // namespace

http::Response answer_scale(ApiState& api, const ApiCall& call) {
    const auto found = current_of(api, call);
    if (!found) {
        return found.error();
    }
    const auto& current = **found;
    const auto& verb = call.info.verb;
    if (verb == "get") {
        return json_response(200, scale_of(current));
    }
    if (verb != "update" && verb != "patch") {
        return method_not_allowed();
    }
    if (const auto options = check_options(call); !options) {
        return options.error();
    }
    const auto scale = verb == "update" ? body_of(call, "Scale", "autoscaling/v1")
                                        : patched(call, scale_of(current));
    if (!scale) {
        return scale.error();
    }
    if (const auto version = meta(*scale, "resourceVersion");
        !version.empty() && version != meta(current, "resourceVersion")) {
        return conflict(call.type->resource(), call.info.name,
                        "the object has been modified; please apply your changes to the latest "
                        "version and try again");
    }
    const auto replicas = count_at(*scale, "/spec/replicas");
    if (replicas < 0) {
        return invalid(
            {"autoscaling", "Scale", call.info.name, "spec.replicas", "FieldValueInvalid",
             fmt::format("Invalid value: {}: must be greater than or equal to 0", replicas)});
    }
    Json next = current;
    if (count_at(next, "/spec/replicas") != replicas) {
        next["spec"]["replicas"] = replicas;
        next["metadata"]["generation"] = count_at(next, "/metadata/generation", 1) + 1;
    }
    note_update(api, call, current, next);
    if (call.dry_run()) {
        return json_response(200, scale_of(next));
    }
    const auto kept = api.store->replace(*call.type, std::move(next));
    reconcile(api, *call.type, *kept);
    return json_response(200, scale_of(*kept));
}

}  // namespace meshproof::fakes::kube
