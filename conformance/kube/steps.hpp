#pragma once

#include "conformance/check.hpp"

/// What the checks of the API server have in common.
namespace meshproof::conformance::kube_steps {

/// The rules for a bearer's audiences and the API's own names.
inline constexpr std::string_view token_reviews = "/apis/authentication.k8s.io/v1/tokenreviews";

/// "/api/v1/namespaces/NS/PLURAL", and "/NAME" where given.
[[nodiscard]] std::string core_path(std::string_view ns, std::string_view plural,
                                    std::string_view name = {});

/// A namespace of the check's own with a service account in it.
struct Home {
    std::string ns, account;
    [[nodiscard]] std::string accounts() const { return core_path(ns, "serviceaccounts"); }
    [[nodiscard]] std::string token_path() const {
        return core_path(ns, "serviceaccounts", account) + "/token";
    }
    [[nodiscard]] std::string user() const { return "system:serviceaccount:" + ns + ":" + account; }
};
[[nodiscard]] Task<Home> home(Probe& probe, std::string account = "app");

/// A TokenReview of `token`; audiences [] = left out. Any status is a value.
[[nodiscard]] Task<Reply> review(Probe& probe, Secret token, Json audiences = Json::array(),
                                 As as = {});
/// A token for the account, by TokenRequest with this spec; refused = blocked.
[[nodiscard]] Task<Secret> token(Probe& probe, Home home, Json spec = Json::object());
/// A pod of the account, bound to `node` where given; gives its uid. It ends with the namespace.
[[nodiscard]] Task<std::string> pod(Probe& probe, Home home, std::string name,
                                    std::string node = {});
/// An object of `path`'s collection with this body; gives its uid. Refused = blocked.
[[nodiscard]] Task<std::string> make(Probe& probe, std::string path, Json body);
/// A namespace of one's own that its controllers have filled: with the ConfigMap
/// kube-root-ca.crt.
[[nodiscard]] Task<std::string> settled_namespace(Probe& probe, std::string base = "ns");
/// Removed at once and without grace, and the server's own watches have seen it; refused =
/// blocked.
[[nodiscard]] Task<void> remove(Probe& probe, std::string path);
/// The account may do this, cluster-wide; undone at the end.
[[nodiscard]] Task<void> grant(Probe& probe, Home home, Json rule);
/// The account gets this ClusterRole, cluster-wide; undone at the end. Gives the binding's path.
[[nodiscard]] Task<std::string> bind_cluster_role(Probe& probe, Home home, std::string role);
/// A Secret of type kubernetes.io/service-account-token of the account, once the controller has
/// filled it. None within ten seconds = blocked: a target may run its API server without
/// controllers.
[[nodiscard]] Task<Json> legacy_secret(Probe& probe, Home home, std::string name);
/// Its token.
[[nodiscard]] Secret token_in(Probe& probe, const Json& secret);

/// The value there, null where nothing is.
[[nodiscard]] Json at(const Json& object, const char* pointer);
[[nodiscard]] std::string text_at(const Json& object, const char* pointer);
/// A token's claims and its header; the check fails and ends where it is no JWT.
[[nodiscard]] Json claims_of(Probe& probe, const Secret& token);
[[nodiscard]] Json header_of(Probe& probe, const Secret& token);

/// A Status object with this code and reason whose message has `text` in it (row 163).
bool expect_refusal(Probe& probe, const Reply& reply, int code, std::string_view reason,
                    std::string_view text);
/// 201, and `status.authenticated` is true.
bool expect_authenticated(Probe& probe, const Reply& reply);
/// 201 without `status.authenticated`, user {}, and the error has `text` in it (row 160).
bool expect_unauthenticated(Probe& probe, const Reply& reply, std::string_view text);

/// One line of a watch's body each.
[[nodiscard]] std::vector<Json> events_of(Probe& probe, const Reply& reply);
/// "ADDED a, MODIFIED a": the events without bookmarks, with their objects' names.
[[nodiscard]] std::string told(const std::vector<Json>& events);

}  // namespace meshproof::conformance::kube_steps
