// Deletion: preconditions, the garbage collector's finalizers, and the kubelets' time.
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/custom_resources.hpp"

namespace meshproof::fakes::kube {
namespace {

/// What the garbage collector does before an object goes: the finalizers that a deletion sets.
struct CollectorTurn {
    bool orphan = false, foreground = false;
};
constexpr std::string_view orphan_finalizer = "orphan", foreground_finalizer = "foregroundDeletion";

// An earlier deletion's wish counts where this one has none. Namespaces and definitions have
// deletions of their own.
CollectorTurn collector_turn(const ResourceType& type, const Json& object, const Json& options) {
    if (&type == &type::namespaces || &type == &type::definitions) {
        return {};
    }
    if (const auto orphans = options.find("orphanDependents"); orphans != options.end()) {
        return {.orphan = orphans->get<bool>()};
    }
    if (const auto policy = text_at(options, "/propagationPolicy"); !policy.empty()) {
        return {.orphan = policy == "Orphan", .foreground = policy == "Foreground"};
    }
    CollectorTurn turn;
    for (const auto& finalizer : object["metadata"].value("finalizers", Json::array())) {
        turn.orphan = turn.orphan || finalizer == orphan_finalizer;
        turn.foreground = turn.foreground || finalizer == foreground_finalizer;
    }
    return turn;
}

// The finalizers that are not the garbage collector's, and those of its turn after them.
void set_collector_turn(Json& object, CollectorTurn turn) {
    auto& metadata = object["metadata"];
    Json finalizers = Json::array();
    for (const auto& finalizer : metadata.value("finalizers", Json::array())) {
        if (finalizer != orphan_finalizer && finalizer != foreground_finalizer) {
            finalizers.push_back(finalizer);
        }
    }
    if (turn.orphan) {
        finalizers.push_back(orphan_finalizer);
    }
    if (turn.foreground) {
        finalizers.push_back(foreground_finalizer);
    }
    if (finalizers.empty()) {
        metadata.erase("finalizers");
    } else {
        metadata["finalizers"] = std::move(finalizers);
    }
}

// The object as a deletion leaves it that has so many seconds to go on; one that is told again can
// only go sooner, and its seconds count from the first time.
Json marked_for_deletion(Json object, Time now, std::int64_t seconds) {
    auto& metadata = object["metadata"];
    const bool again = metadata.contains("deletionTimestamp");
    const auto had = metadata.value("deletionGracePeriodSeconds", std::int64_t{0});
    if (again && had <= seconds) {
        return object;
    }
    const auto end = parse_rfc3339(meta(object, "deletionTimestamp"));
    const auto start = again && seconds > 0 && end ? *end - std::chrono::seconds(had) : now;
    metadata["deletionTimestamp"] = rfc3339(start + std::chrono::seconds(seconds));
    metadata["deletionGracePeriodSeconds"] = seconds;
    if (!again && metadata.contains("generation")) {
        metadata["generation"] = metadata["generation"].get<std::int64_t>() + 1;
    }
    return object;
}

// The garbage collector's part in a deletion that has its finalizers: at once instead of a moment
// later. In the foreground an owner waits until what it owned was told to go.
void take_collector_turn(ApiState& api, const ResourceType& type, const Json& owner,
                         CollectorTurn turn) {
    if (type.namespaced) {
        collect_dependents(api, owner, turn.orphan);
    }
    const auto now = api.store->find(type, meta(owner, "namespace"), meta(owner, "name"));
    if (!now) {
        return;
    }
    Json free = *now;
    set_collector_turn(free, {});
    if (may_go(free)) {
        after_deletion(api, type, api.store->remove(type, std::move(free)), turn.orphan);
    } else {
        reconcile(api, type, *api.store->replace(type, std::move(free)));
    }
}

// How long what is deleted goes on: a pod that a kubelet has to stop, as its deletion says or its
// spec does.
std::int64_t seconds_to_go(const ResourceType& type, const Json& object, const Json& options) {
    if (&type != &type::pods) {
        return 0;
    }
    std::optional<std::int64_t> grace;
    if (const auto given = options.find("gracePeriodSeconds"); given != options.end()) {
        grace = given->get<std::int64_t>();
    }
    return pod_goes_at_once(object, grace)
               ? 0
               : grace.value_or(
                     object.at("spec").value("terminationGracePeriodSeconds", std::int64_t{30}));
}

// What a deletion that is only tried would answer with.
Object shown_deletion(const ApiState& api, const ResourceType& type, const Json& object,
                      const Json& options) {
    const auto turn = collector_turn(type, object, options);
    Json shown = object;
    set_collector_turn(shown, turn);
    if (&type == &type::pods || has_finalizers(shown)) {
        shown = marked_for_deletion(std::move(shown), api.clock.now(),
                                    seconds_to_go(type, object, options));
    }
    return std::make_shared<const Json>(std::move(shown));
}

}  // namespace

bool has_finalizers(const Json& object) {
    const auto& metadata = object.at("metadata");
    return metadata.contains("finalizers") && !metadata["finalizers"].empty();
}

bool may_go(const Json& object) {
    return !meta(object, "deletionTimestamp").empty() && !has_finalizers(object) &&
           count_at(object, "/metadata/deletionGracePeriodSeconds") == 0;
}

Checked<> check_preconditions(const ResourceType& type, const Json& object, const Json& options) {
    const auto name = meta(object, "name");
    const auto group = kept_type(type).group;
    const auto kind =
        group.empty() ? std::string(type.kind) : fmt::format("{}.{}", type.kind, group);
    const auto unmet = [&](const std::string& why) { return refuse(conflict(kind, name, why)); };
    // Go has pointers there: "" is stated, and nobody's.
    const Json stated = options.value("preconditions", Json::object());
    const auto states_another = [&](const char* field) {
        return stated.contains(field) && stated[field] != meta(object, field);
    };
    const auto uid = text_at(stated, "/uid");
    if (states_another("uid")) {
        return unmet(
            fmt::format("the UID in the precondition ({}) does not match the UID in record "
                        "({}). The object might have been deleted and then recreated",
                        uid, meta(object, "uid")));
    }
    const auto version = text_at(stated, "/resourceVersion");
    if (states_another("resourceVersion")) {
        return unmet(
            fmt::format("the ResourceVersion in the precondition ({}) does not match the "
                        "ResourceVersion in record ({}). The object might have been modified",
                        version, meta(object, "resourceVersion")));
    }
    return {};
}

http::Response answer_delete(ApiState& api, const ApiCall& call) {
    const auto& type = *call.type;
    const auto options = delete_options(call);
    if (!options) {
        return options.error();
    }
    const auto found = current_of(api, call);
    if (!found) {
        return found.error();
    }
    const auto& object = *found;
    if (const auto met = check_preconditions(type, *object, *options); !met) {
        return met.error();
    }
    if (&type == &type::namespaces &&
        (call.info.name == "default" || call.info.name == "kube-system" ||
         call.info.name == "kube-public")) {
        return refusal(403, "Forbidden",
                       fmt::format("namespaces \"{}\" is forbidden: this namespace may not be "
                                   "deleted",
                                   call.info.name),
                       {{"name", call.info.name}, {"kind", "namespaces"}});
    }
    const bool dry = !options->value("dryRun", Json::array()).empty();
    const auto last = dry ? shown_deletion(api, type, *object, *options)
                          : delete_object(api, type, object, *options);
    if (&type == &type::definitions) {
        return json_response(200, ending_definition(api, *last));
    }
    if (&type == &type::namespaces) {
        Json ending = *last;
        ending["status"]["phase"] = "Terminating";
        ending["metadata"]["deletionTimestamp"] = rfc3339(api.clock.now());
        return json_response(200, ending);
    }
    if (has_finalizers(*last) || &type == &type::pods || &type == &type::service_accounts ||
        &type == &type::services) {
        return json_response(200, *last);
    }
    return deleted(type, call.info.name, meta(*last, "uid"));
}

Object delete_object(ApiState& api, const ResourceType& type, const Object& object,
                     const Json& options) {
    const auto turn = collector_turn(type, *object, options);
    Json leaving = *object;
    set_collector_turn(leaving, turn);
    const bool pod = &type == &type::pods;
    const auto seconds = seconds_to_go(type, *object, options);
    if (pod || has_finalizers(leaving)) {
        // A pod that goes at once is marked first, too: watchers see it change, then go.
        leaving = marked_for_deletion(std::move(leaving), api.clock.now(), seconds);
        const auto kept = api.store->replace(type, std::move(leaving));
        if (turn.orphan || turn.foreground) {
            take_collector_turn(api, type, *kept, turn);
            return kept;
        }
        if (!pod || seconds > 0 || has_finalizers(*kept)) {
            reconcile(api, type, *kept);
            return kept;
        }
        leaving = *kept;
    }
    auto last = api.store->remove(type, std::move(leaving));
    after_deletion(api, type, last);
    return last;
}

}  // namespace meshproof::fakes::kube
