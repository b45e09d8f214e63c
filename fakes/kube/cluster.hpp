#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/http/transport.hpp"
#include "fakes/kube/access.hpp"
#include "fakes/kube/fake_kube.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/tokens.hpp"

/// What the parts of FakeKube share, and the questions that they answer for FakeKube::handle.
namespace meshproof::fakes::kube {

/// One simulated API server's state.
struct Cluster {
    Cluster(FakeKubeOptions its_options, const Clock& its_clock)
        : options(std::move(its_options)),
          clock(its_clock),
          store(std::make_shared<Store>(Prng(options.seed).fork("kube"), its_clock)),
          tokens(options, *store, its_clock) {}

    FakeKubeOptions options;
    const Clock& clock;
    std::shared_ptr<Store> store;  ///< shared with running watches
    Tokens tokens;
};

/// An authorised request for a known type.
struct Call {
    const http::Request& request;
    RequestInfo info;
    User user;
    const ResourceType* type = nullptr;
    [[nodiscard]] bool dry_run() const { return !info.param("dryRun").empty(); }
};

/// The body, JSON or protobuf, as a JSON object; throws Refused with 400 or 415. `kind` is what it
/// is meant to be.
[[nodiscard]] Json body_of(const Call& call, std::string_view kind);
/// As body_of; the body's kind and apiVersion, where given, must be these.
[[nodiscard]] Json body_of(const Call& call, std::string_view kind, const std::string& api_version);

// objects.cpp: get, list, create, update, patch, delete, deletecollection of stored types, and
// /status.
[[nodiscard]] http::Response answer_objects(Cluster& cluster, const Call& call);
// pods.cpp
void complete_pod(Json& pod);  ///< defaults of a new pod; throws Refused with 422
[[nodiscard]] http::Response bind_pod(Cluster& cluster, const Call& call);
/// Whether a deletion removes the pod at once; else it only gets its deletionTimestamp, for its
/// kubelet to see.
[[nodiscard]] bool pod_goes_at_once(const Json& pod, std::optional<std::int64_t> grace_seconds);
// patch.cpp
/// The object after the request's patch; throws Refused with 400 or 415.
[[nodiscard]] Json patched(const Call& call, const Json& current);
// controllers.cpp: what kube-controller-manager does after a change, at once instead of a moment
// later.
void add_namespace(Cluster& cluster, Json object);
void after_creation(Cluster& cluster, const ResourceType& type, const Object& object);
void after_deletion(Cluster& cluster, const ResourceType& type, const Object& object);
// watch.cpp
[[nodiscard]] http::Response answer_watch(Cluster& cluster, const Call& call);
// token_request.cpp
[[nodiscard]] http::Response answer_token_request(Cluster& cluster, const Call& call);
// reviews.cpp
[[nodiscard]] http::Response answer_review(Cluster& cluster, const Call& call);
// discovery.cpp: everything that is not a resource.
[[nodiscard]] http::Response answer_path(const Cluster& cluster, const http::Request& request,
                                         const RequestInfo& info);

}  // namespace meshproof::fakes::kube
