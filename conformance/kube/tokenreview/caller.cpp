// Who may ask for reviews: 401 for whom the server does not know, 403 for whom it does.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

}  // namespace

std::vector<Check> kube_tokenreview_caller() {
    return {
        {.name = "unknown-is-401",
         .requirement = "A caller with a bearer token that the server does not know gets 401 "
                        "Unauthorized.",
         .rows = {162, 163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await review(probe, Secret("x"), Json::array(),
                                                As::bearer(Secret("no-such-token")));
             expect_refusal(probe, reply, 401, "Unauthorized", "Unauthorized");
             probe.expect(at(reply.json, "/details").is_null(), "a 401 has no details");
         }},

        {.name = "nobody-is-403",
         .requirement = "A caller without any credentials is system:anonymous, and gets 403.",
         .rows = {162},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await review(probe, Secret("x"), Json::array(), As::nobody());
             expect_refusal(probe, reply, 403, "Forbidden",
                            "User \"system:anonymous\" cannot create resource \"tokenreviews\"");
         }},

        {.name = "without-rights-is-403",
         .requirement = "A service account without rights to it gets 403 with the text that names "
                        "user, verb, resource, group and scope.",
         .rows = {162, 163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto reply =
                 co_await review(probe, Secret("x"), Json::array(), As::bearer(good));
             expect_refusal(
                 probe, reply, 403, "Forbidden",
                 fmt::format("tokenreviews.authentication.k8s.io is forbidden: User \"{}\" "
                             "cannot create resource \"tokenreviews\" in API group "
                             "\"authentication.k8s.io\" at the cluster scope",
                             home.user()));
             const Json details = {{"group", "authentication.k8s.io"}, {"kind", "tokenreviews"}};
             probe.expect_equal(at(reply.json, "/details"), details, "details");
         }},

        {.name = "auth-delegator-may",
         .requirement = "A service account with the ClusterRole system:auth-delegator may review "
                        "tokens, its own too.",
         .rows = {151, 162},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             co_await bind_cluster_role(probe, home, "system:auth-delegator");
             // A binding takes effect once every watcher has seen it.
             auto reply = co_await review(probe, good, Json::array(), As::bearer(good));
             for (int round = 0; reply.status == 403 && round < 20; ++round) {
                 co_await probe.wait(std::chrono::milliseconds(200));
                 reply = co_await review(probe, good, Json::array(), As::bearer(good));
             }
             expect_authenticated(probe, reply);
         }},

        {.name = "another-audience-is-401",
         .requirement = "A token that is not for the API server's own audience is 401 as a "
                        "bearer, whatever its account may do.",
         .rows = {151, 162},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json spec = {{"audiences", {"vault"}}};
             const auto other = co_await token(probe, home, std::move(spec));
             co_await bind_cluster_role(probe, home, "system:auth-delegator");
             const auto reply = co_await review(probe, other, Json::array(), As::bearer(other));
             expect_refusal(probe, reply, 401, "Unauthorized", "Unauthorized");
         }},
    };
}

}  // namespace meshproof::conformance
