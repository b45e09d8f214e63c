#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/transport.hpp"
#include "core/time/prng.hpp"
#include "fakes/kube/options.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/tokens.hpp"

/// What the parts of FakeKube share, and the questions that they answer for FakeKube::handle.
namespace meshproof::fakes::kube {

struct ToldEvent;  // watch.cpp

/// One simulated API server's state.
struct ApiState {
    ApiState(FakeKubeOptions its_options, const Clock& its_clock)
        : options(std::move(its_options)),
          clock(its_clock),
          store(
              std::make_shared<Store>(Prng(options.seed).fork("kube"), its_clock, options.history)),
          tokens(options, *store, its_clock),
          audits(Prng(options.seed).fork("kube/audits")) {}
    /// `server` as it is now, to try something out on: nothing that is done to it is done to the
    /// server, but for its custom types, which it leaves alone (change_types).
    ApiState(const ApiState& server, const Clock& moment)
        : options(server.options),
          clock(moment),
          store(server.store->copy(moment)),
          tokens(server.tokens, options, *store, moment),
          audits(server.audits),
          starts(server.starts),
          tried(true) {}

    /// What a definition does to the custom types: put off where something is only tried.
    using TypesChange = std::function<void(CustomTypes&)>;
    void change_types(TypesChange change) {
        if (tried) {
            types_changes.push_back(std::move(change));
        } else {
            change(store->custom());
        }
    }

    FakeKubeOptions options;
    const Clock& clock;
    std::shared_ptr<Store> store;  ///< shared with running watches
    Tokens tokens;
    Prng audits;                      ///< the ids of requests that bring none
    std::uint64_t starts = 0;         ///< from a saved state, so far; each draws its own chance
    std::shared_ptr<ToldEvent> told;  ///< which watches share; null = nobody has watched
    bool settling = false;  ///< the controllers are at work: what they do is no news to them
    int collecting = 0;     ///< how many owners the garbage collector is at, one in another
    std::deque<std::pair<Json, bool>> uncollected;  ///< those it has put off; orphans theirs?
    bool tried = false;                             ///< it is a copy
    std::vector<TypesChange> types_changes;         ///< those that were put off
};

struct EarlyBody;  // body.hpp

/// An authorised request for a known type.
struct ApiCall {
    const http::Request& request;
    RequestInfo info;
    User user;
    std::vector<std::string>* warnings;  ///< become the answer's Warning headers
    const ResourceType* type = nullptr;
    EarlyBody* early = nullptr;  ///< of a body that was read before its turn
    [[nodiscard]] bool dry_run() const { return info.query.contains("dryRun"); }
};

// objects.cpp: get, create, update, patch, delete of stored types, and /status.
[[nodiscard]] http::Response answer_objects(ApiState& api, const ApiCall& call);
/// With a status of its own, which only updates of the subresource change.
[[nodiscard]] bool has_status(const ResourceType& type);
[[nodiscard]] Checked<Object> current_of(const ApiState& api, const ApiCall& call);  ///< or 404
/// That an update's object is what its URL names: its namespace is looked at first.
[[nodiscard]] Checked<> check_place(const ApiCall& call, const Json& wanted);
/// `managers` is what apply says of the managed fields; null = an update by the caller.
[[nodiscard]] http::Response create_object(ApiState& api, const ApiCall& call, Json object,
                                           const Json& managers = nullptr);
/// Puts `wanted` in the place of `current`, as an update of the call's subresource may.
[[nodiscard]] http::Response replace_object(ApiState& api, const ApiCall& call, const Json& current,
                                            Json wanted, const Json& managers = nullptr);

// deletion.cpp
[[nodiscard]] http::Response answer_delete(ApiState& api, const ApiCall& call);
/// Removes it, or begins to: finalizers and kubelets have their say. The object as it was left.
Object delete_object(ApiState& api, const ResourceType& type, const Object& object,
                     const Json& options);
/// 409 where the object is not what the deletion's preconditions say; they speak of the kind, not
/// of the resource.
[[nodiscard]] Checked<> check_preconditions(const ResourceType& type, const Json& object,
                                            const Json& options);
[[nodiscard]] bool has_finalizers(const Json& object);
/// Its deletion began, and nothing holds it any more: no finalizer, and no kubelet that still has
/// to stop its pod.
[[nodiscard]] bool may_go(const Json& object);

// lists.cpp: list and deletecollection.
[[nodiscard]] http::Response answer_list(ApiState& api, const ApiCall& call);
[[nodiscard]] http::Response remove_collection(ApiState& api, const ApiCall& call);
/// What the query of a list or a watch chooses, once all of its options can be read: 400, then 422
/// where `together` says that they do not go together, then 406 (check_shape), then 400 for a field
/// that nothing is chosen by.
using CheckOfOptions = Checked<>(const ApiCall& call);
[[nodiscard]] Checked<std::pair<class Selector, class Selector>> selectors_of(
    const ApiCall& call, CheckOfOptions* together);
/// 500 where the version that a get asks for is none, 504 where there is none yet.
[[nodiscard]] Checked<> check_version_of_get(const ApiState& api, const ApiCall& call);

// metadata.cpp
/// What Kubernetes says of a name that is no DNS label, or no DNS subdomain.
inline constexpr std::string_view label_rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
inline constexpr std::string_view subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/// Gives it its name and namespace.
[[nodiscard]] Checked<> name_object(ApiState& api, const ApiCall& call, Json& object);
[[nodiscard]] std::vector<Cause> metadata_faults(const ResourceType& type, const Json& object);
/// What is wrong with an update's metadata. The registry of all types tells it first, and each
/// type's own validation tells it again, in its own order.
struct MetadataFaults {
    std::vector<Cause> of_all;     ///< the registry's
    std::vector<Cause> of_object;  ///< ValidateObjectMeta's
    std::vector<Cause> of_change;  ///< ValidateObjectMetaUpdate's
};
/// `sent` is the object with its metadata as the caller sent it.
[[nodiscard]] MetadataFaults metadata_faults_of_update(const ResourceType& type, const Json& before,
                                                       const Json& sent);
[[nodiscard]] std::string fresh_name(Store& store, const std::string& base);

// pods.cpp
/// Defaults of a pod's spec or of a template's; `path` is where it is in the object.
void complete_pod_spec(Json& spec, const std::string& path, std::vector<Cause>& faults);
void complete_pod(Json& pod, std::vector<Cause>& faults);
/// Everything below a pod: binding, eviction, log, exec, attach, portforward, proxy.
[[nodiscard]] http::Response answer_pod(ApiState& api, const ApiCall& call);
/// Whether a deletion removes the pod at once; else it only gets its deletionTimestamp, for its
/// kubelet to see.
[[nodiscard]] bool pod_goes_at_once(const Json& pod, std::optional<std::int64_t> grace_seconds);

// pod_rules.cpp
/// "Guaranteed", "Burstable" or "BestEffort".
[[nodiscard]] std::string qos_class(const Json& spec);
/// Takes out what is known only behind a feature gate that is off.
void drop_disabled_fields(Json& spec);
/// Puts what was dropped into the spec again, as `given` has it: whoever sends it owns it.
void restore_disabled_fields(const Json& given, Json& spec);
/// The labels of the nodes that it may be on.
void check_node_selector(const Json& spec, const std::string& path, std::vector<Cause>& faults);
/// Its account, its node, its deadline, its host's names, its tolerations, classes, overhead and
/// system.
void check_schedule(const Json& spec, const std::string& path, std::vector<Cause>& faults);
/// 403 where it names a PriorityClass or a RuntimeClass, or says what the former would: there are
/// none but the server's own two PriorityClasses.
[[nodiscard]] Checked<> admit_classes(const Json& pod);
/// 403 where the spec that was given says what a RuntimeClass would: looked at last.
[[nodiscard]] Checked<> admit_overhead(const Json& pod, const Json& given);
/// What admission adds to a pod: its priority, and tolerations of a node that is lost.
void admit_spec(Json& spec);
/// What an update changes that it may not.
[[nodiscard]] std::vector<Cause> pod_changes(const Json& before, const Json& after);

// pod_defaults.cpp
/// What its probes, ports and volumes say where they were sent without it.
void default_pod_parts(Json& spec);
/// The ports of its node, where it is on that network.
void default_host_ports(Json& spec);

// pod_resources.cpp: what there is of each resource, and which there are.
/// Who limits a resource and does not request it requests as much.
void request_limits(Json& spec);
void check_container_resources(const Json& container, const std::string& path,
                               std::vector<Cause>& faults);
void check_pod_resources(const Json& spec, const std::string& path, std::vector<Cause>& faults);
void check_overhead(const Json& spec, const std::string& path, std::vector<Cause>& faults);

// pod_parts.cpp: of a pod's spec, in the order in which they are looked at.
/// That it does not share its processes and its host's, too.
void check_shared_processes(const Json& spec, const std::string& path, std::vector<Cause>& faults);
void check_dns(const Json& spec, const std::string& path, std::vector<Cause>& faults);
/// Its gates, how it is spread, and whose users it has.
void check_placement(const Json& spec, const std::string& path, std::vector<Cause>& faults);
void check_host_aliases(const Json& spec, const std::string& path, std::vector<Cause>& faults);
/// An update takes gates away, and brings none.
[[nodiscard]] std::vector<Cause> new_gates(const Json& before, const Json& after);

// workloads.cpp
/// Whether a StatefulSet's update changes what may not change.
[[nodiscard]] bool changes_fixed_set_fields(const Json& before, const Json& after);
/// Defaults of a Deployment, a ReplicaSet or a StatefulSet.
void complete_workload(const ResourceType& type, Json& object, std::vector<Cause>& faults);
// scale.cpp
[[nodiscard]] http::Response answer_scale(ApiState& api, const ApiCall& call);

// patch.cpp
/// That the body is a patch of a kind that there is; else 415.
[[nodiscard]] Checked<> check_patch_type(const http::Request& request);
[[nodiscard]] bool is_json_patch(const http::Request& request);
/// A JSON patch, already read, applied to `current`. It looks at nothing else, so any thread may do
/// it: what inserts into long lists takes as long as the list is, with each operation.
[[nodiscard]] Checked<Json> json_patched(const Json& patch, Json current);
/// The object after the request's patch.
[[nodiscard]] Checked<Json> patched(const ApiCall& call, const Json& current);
// apply.cpp
[[nodiscard]] http::Response answer_apply(ApiState& api, const ApiCall& call);

// negotiation.cpp
/// 406 where the answer has no form, or no shape, that the caller takes.
[[nodiscard]] Checked<> check_shape(const ApiCall& call);

// watch.cpp
[[nodiscard]] http::Response answer_watch(ApiState& api, const ApiCall& call);
// token_request.cpp
[[nodiscard]] http::Response answer_token_request(ApiState& api, const ApiCall& call);
// reviews.cpp
[[nodiscard]] http::Response answer_review(ApiState& api, const ApiCall& call);
// state.cpp
[[nodiscard]] Json save_api_state(const ApiState& api);
/// Puts a saved state into a server that holds nothing yet. Throws what load_state() catches.
void load_api_state(ApiState& api, const Json& state);
// discovery.cpp: everything that is not a resource.
[[nodiscard]] http::Response answer_path(const ApiState& api, const http::Request& request,
                                         const RequestInfo& info);

}  // namespace meshproof::fakes::kube
