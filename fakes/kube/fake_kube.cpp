#include "fakes/kube/fake_kube.hpp"

#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes {

struct FakeKube::State final : kube::Cluster {
    using kube::Cluster::Cluster;
};

FakeKube::FakeKube(FakeKubeOptions options, const Clock& clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {
    kube::add_builtin_roles(*state_->store);
    for (const auto* name : {"default", "kube-system", "istio-system"}) {
        kube::add_namespace(*state_, {{"metadata", {{"name", name}}}});
    }
}

FakeKube::~FakeKube() = default;

const FakeKubeOptions& FakeKube::options() const {
    return state_->options;
}

namespace {

http::Response answer(kube::Cluster& cluster, const http::Request& request,
                      const http::Peer& peer) {
    auto info = kube::RequestInfo::of(request);
    auto user = kube::authenticate(request, peer, cluster.tokens, *cluster.store);
    const auto asked = kube::Attributes::of(info);
    if (!kube::authorize(user, asked, *cluster.store).allowed) {
        return kube::forbidden(user, asked);
    }
    if (!info.for_resource) {
        return kube::answer_path(cluster, request, info);
    }
    const auto* type = kube::find_type(info.group, info.version, info.resource);
    if (type == nullptr) {
        return kube::page_not_found();
    }
    const kube::Call call{request, std::move(info), std::move(user), type};
    if (!type->stored) {
        return kube::answer_review(cluster, call);
    }
    if (type == &kube::type::service_accounts && call.info.subresource == "token") {
        return kube::answer_token_request(cluster, call);
    }
    if (type == &kube::type::pods && call.info.subresource == "binding") {
        return kube::bind_pod(cluster, call);
    }
    return kube::answer_objects(cluster, call);
}

}  // namespace

Task<http::Response> FakeKube::handle(http::Request request, http::Peer peer) {
    try {
        co_return answer(*state_, request, peer);
    } catch (kube::Refused& refused) {
        co_return std::move(refused.response);
    } catch (const kube::Json::exception& error) {
        // A field of the body had another type than the API's own.
        co_return kube::bad_request(
            fmt::format("json: cannot unmarshal the body: {}", error.what()));
    }
}

}  // namespace meshproof::fakes
