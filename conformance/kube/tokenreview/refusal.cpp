// Why a token is refused, and in which words. The token was never reviewed before: what was good
// once is remembered for ten seconds.
#include "conformance/kube/steps.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "core/crypto/key.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

Json bound_to(std::string_view kind, std::string_view name) {
    return {{"boundObjectRef", {{"kind", kind}, {"apiVersion", "v1"}, {"name", name}}}};
}

}  // namespace

std::vector<Check> kube_tokenreview_refusal() {
    return {
        {.name = "garbage",
         .requirement = "Garbage, and a JWT of another issuer, are reviewed with 201, without "
                        "`authenticated`, user {} and error \"invalid bearer token\".",
         .rows = {160},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await review(probe, Secret("garbage"));
             expect_unauthenticated(probe, reply, "invalid bearer token");
             probe.expect_equal(at(reply.json, "/status/error"), "invalid bearer token", "error");
             // A JWT of an issuer that is not the server's is garbage, too.
             const auto key = crypto::Key::generate(crypto::KeyType::p256);
             const Json claims = {
                 {"iss", "https://elsewhere.example"}, {"sub", "x"}, {"aud", {"x"}}};
             const auto foreign = co_await review(probe, crypto::sign_jwt(claims.dump(), "k", key));
             expect_unauthenticated(probe, foreign, "invalid bearer token");
         }},

        {.name = "blanks-end-a-token",
         .requirement = "A token is read as a header would hold it: it ends with its first blank, "
                        "and one that begins with a blank is nobody's, reviewed as authenticated, "
                        "user system:anonymous.",
         .rows = {255},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto longer = co_await review(probe, Secret(good.reveal() + " more"));
             expect_authenticated(probe, longer);
             probe.expect_equal(at(longer.json, "/status/user/username"), home.user(), "username");
             for (const auto& text : {" " + good.reveal(), std::string(" ")}) {
                 Json asked = {"vault"};
                 const auto nobody = co_await review(probe, Secret(text), asked);
                 expect_authenticated(probe, nobody);
                 const Json user = {{"username", "system:anonymous"},
                                    {"groups", {"system:unauthenticated"}}};
                 probe.expect_equal(at(nobody.json, "/status/user"), user, "user");
                 probe.expect_equal(at(nobody.json, "/status/audiences"), asked, "audiences");
             }
         }},

        {.name = "wrong-audience",
         .requirement = "A token without any audience that was asked for is refused, and both "
                        "lists are named.",
         .rows = {151, 160},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json spec = {{"audiences", {"vault"}}};
             const auto other = co_await token(probe, home, std::move(spec));
             const auto by_default = co_await review(probe, other);
             expect_unauthenticated(
                 probe, by_default,
                 R"(token audiences ["vault"] is invalid for the target audiences [)");
             Json asked = {"db"};
             const auto asked_for = co_await review(probe, other, std::move(asked));
             expect_unauthenticated(probe, asked_for,
                                    R"(["vault"] is invalid for the target audiences ["db"])");
         }},

        {.name = "bad-signature",
         .requirement = "A token with a changed signature is refused.",
         .rows = {160},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             auto parts = split(good.reveal(), '.');
             if (parts.size() != 3 || parts[2].empty()) {
                 probe.give_up("the token is no JWT of three parts");
             }
             // The first byte of the signature becomes another one; the last may carry no bits at
             // all.
             parts[2][0] = parts[2][0] == 'A' ? 'B' : 'A';
             const auto reply = co_await review(probe, Secret(join(parts, ".")));
             expect_unauthenticated(probe, reply, "error in cryptographic primitive");
         }},

        {.name = "account-gone",
         .requirement = "A token of a deleted service account that was never reviewed before is "
                        "refused at once: serviceaccounts \"…\" not found.",
         .rows = {160, 161},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto fresh = co_await token(probe, home);
             co_await remove(probe, home.accounts() + "/" + home.account);
             const auto reply = co_await review(probe, fresh);
             expect_unauthenticated(probe, reply, R"(serviceaccounts "app" not found)");
         }},

        {.name = "account-made-again",
         .requirement = "A token of a service account that was deleted and made again is refused, "
                        "and both uids are named.",
         .rows = {160},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto fresh = co_await token(probe, home);
             co_await remove(probe, home.accounts() + "/" + home.account);
             Json body = {{"metadata", {{"name", home.account}}}};
             const auto uid = co_await make(probe, home.accounts(), std::move(body));
             const auto reply = co_await review(probe, fresh);
             expect_unauthenticated(
                 probe, reply,
                 fmt::format(
                     "service account UID ({}) does not match claim ({})", uid,
                     text_at(claims_of(probe, fresh), "/kubernetes.io/serviceaccount/uid")));
         }},

        {.name = "pod-gone",
         .requirement = "A token bound to a pod is invalidated with the pod.",
         .rows = {160, 161, 186},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             const auto fresh = co_await token(probe, home, bound_to("Pod", "web-0"));
             co_await remove(probe, core_path(home.ns, "pods", "web-0"));
             const auto reply = co_await review(probe, fresh);
             expect_unauthenticated(probe, reply, "service account token has been invalidated");
         }},

        {.name = "pod-made-again",
         .requirement = "A token bound to a pod is not good for another pod of the same name; both "
                        "uids are named.",
         .rows = {160, 186},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto first = co_await pod(probe, home, "web-0");
             const auto fresh = co_await token(probe, home, bound_to("Pod", "web-0"));
             co_await remove(probe, core_path(home.ns, "pods", "web-0"));
             const auto second = co_await pod(probe, home, "web-0");
             const auto reply = co_await review(probe, fresh);
             expect_unauthenticated(
                 probe, reply,
                 fmt::format("pod UID ({}) does not match service account pod ref claim ({})",
                             second, first));
         }},

        {.name = "secret-gone",
         .requirement = "A token bound to a Secret is invalidated with the Secret.",
         .rows = {160, 161, 186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json body = {{"metadata", {{"name", "binding"}}}};
             (void)co_await make(probe, core_path(home.ns, "secrets"), std::move(body));
             const auto fresh = co_await token(probe, home, bound_to("Secret", "binding"));
             const auto kept = co_await token(probe, home, bound_to("Secret", "binding"));
             const auto good = co_await review(probe, kept);
             expect_authenticated(probe, good);
             co_await remove(probe, core_path(home.ns, "secrets", "binding"));
             const auto reply = co_await review(probe, fresh);
             expect_unauthenticated(probe, reply, "service account token has been invalidated");
         }},

        {.name = "node-gone",
         .requirement = "A token bound to a node is invalidated with the node.",
         .rows = {160, 161, 186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto node = probe.name("node");
             Json body = {{"metadata", {{"name", node}}}};
             probe.at_end_kube("DELETE", "/api/v1/nodes/" + node);
             (void)co_await make(probe, "/api/v1/nodes", std::move(body));
             const auto fresh = co_await token(probe, home, bound_to("Node", node));
             const auto kept = co_await token(probe, home, bound_to("Node", node));
             const auto good = co_await review(probe, kept);
             expect_authenticated(probe, good);
             co_await remove(probe, "/api/v1/nodes/" + node);
             const auto reply = co_await review(probe, fresh);
             expect_unauthenticated(probe, reply, "service account token has been invalidated");
         }},
    };
}

}  // namespace meshproof::conformance
