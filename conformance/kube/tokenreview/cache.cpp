// The ten seconds for which a good token is remembered, and who may ask for reviews at all.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

// A little more than the ten seconds of the API server's memory.
constexpr Duration memory = std::chrono::seconds(12);

}  // namespace

std::vector<Check> kube_tokenreview_cache() {
    return {
        {.name = "good-for-ten-seconds-more",
         .requirement = "A token that was just reviewed still reviews as good right after its "
                        "service account was deleted.",
         .rows = {161},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto before = co_await review(probe, good);
             expect_authenticated(probe, before);
             co_await remove(probe, home.accounts() + "/" + home.account);
             const auto after = co_await review(probe, good);
             expect_authenticated(probe, after);
         }},

        {.name = "refused-after-ten-seconds",
         .requirement = "Some ten seconds after its service account was deleted, a reviewed token "
                        "is refused.",
         .rows = {161},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto before = co_await review(probe, good);
             expect_authenticated(probe, before);
             co_await remove(probe, home.accounts() + "/" + home.account);
             co_await probe.wait(memory);
             const auto after = co_await review(probe, good);
             expect_unauthenticated(probe, after, "not found");
         }},

        {.name = "bearers-are-remembered-too",
         .requirement = "As a bearer, a token works for up to ten seconds after its account's end "
                        "if it was used before, and then is 401; one never used is 401 at once.",
         .rows = {161, 162},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const std::string self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto fresh = co_await token(probe, home);
             const auto before =
                 co_await probe.kube("POST", self, Json::object(), As::bearer(good));
             probe.expect_status(before, 201);
             co_await remove(probe, home.accounts() + "/" + home.account);
             const auto remembered =
                 co_await probe.kube("POST", self, Json::object(), As::bearer(good));
             probe.expect_status(remembered, 201);
             const auto never_seen =
                 co_await probe.kube("POST", self, Json::object(), As::bearer(fresh));
             expect_refusal(probe, never_seen, 401, "Unauthorized", "Unauthorized");
             co_await probe.wait(memory);
             const auto after = co_await probe.kube("POST", self, Json::object(), As::bearer(good));
             expect_refusal(probe, after, 401, "Unauthorized", "Unauthorized");
         }},

        {.name = "pods-too",
         .requirement = "A token bound to a pod that was deleted reviews as good for up to ten "
                        "seconds, and then is invalidated.",
         .rows = {161, 186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             Json spec = {
                 {"boundObjectRef", {{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", "web-0"}}}};
             const auto good = co_await token(probe, home, std::move(spec));
             const auto before = co_await review(probe, good);
             expect_authenticated(probe, before);
             co_await remove(probe, core_path(home.ns, "pods", "web-0"));
             const auto remembered = co_await review(probe, good);
             expect_authenticated(probe, remembered);
             co_await probe.wait(memory);
             const auto after = co_await review(probe, good);
             expect_unauthenticated(probe, after, "service account token has been invalidated");
         }},
    };
}

}  // namespace meshproof::conformance
