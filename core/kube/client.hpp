#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/kube/kubeconfig.hpp"

namespace meshproof::kube {

using Json = nlohmann::json;
using Labels = std::map<std::string, std::string>;

/// Labels and identity that every object of ours carries.
struct ObjectMeta {
    std::string name, namespace_name, uid, resource_version;
    Labels labels, annotations;
    bool deleting = false;  ///< it has a deletionTimestamp
};

struct ServiceAccount {
    ObjectMeta meta;
};

struct SecretObject {
    ObjectMeta meta;
    std::string type = "Opaque";
    std::map<std::string, std::string> data;  ///< decoded
};

struct Pod {
    ObjectMeta meta;
    std::string service_account, node_name, phase;  ///< phase: Pending, Running, ...
    bool ready = false;                             ///< condition Ready
    std::string not_ready_reason;                   ///< message of condition Ready where false
};

struct TokenRequest {
    std::vector<std::string> audiences;  ///< empty = the API server's own
    Duration expiration = std::chrono::hours(1);
    std::string bound_pod_name, bound_pod_uid;  ///< empty = unbound
};

struct IssuedToken {
    Secret token;
    Time expires;  ///< status.expirationTimestamp
};

struct TokenReview {
    bool authenticated = false;
    std::string username, uid, error;
    std::vector<std::string> groups, audiences;
};

enum class WatchKind { added, modified, deleted, bookmark, error };

template <class T>
struct WatchEvent {
    WatchKind kind = WatchKind::added;
    T object;  ///< added, modified, deleted
    std::string resource_version;
    int status =
        0;  ///< error: the code of the Status object (410 = the version is too old: list again)
    std::string error;  ///< error: its message
};

/// A running watch of one kind of object. It ends (nothing) when the server's timeout passes: list
/// and watch again.
template <class T>
class Watch {
  public:
    explicit Watch(std::unique_ptr<http::Stream> stream) : stream_(std::move(stream)) {}
    [[nodiscard]] Task<Result<std::optional<WatchEvent<T>>>> next();

  private:
    std::unique_ptr<http::Stream> stream_;
    std::string pending_;
    std::size_t searched_ = 0;  ///< of what is pending: no line ends there
};
using PodWatch = Watch<Pod>;
using SecretWatch = Watch<SecretObject>;

struct PodList {
    std::vector<Pod> items;
    std::string resource_version;
};

struct SecretList {
    std::vector<SecretObject> items;
    std::string resource_version;
};

/// The Kubernetes API, as far as the mesh flow needs it. Failures carry the Status message;
/// conflict = AlreadyExists or Conflict.
class Client {
  public:
    Client(http::Transport& transport, Access access);

    [[nodiscard]] const Access& access() const { return access_; }
    [[nodiscard]] Client with_token(
        Secret token) const;  ///< another caller, without our client certificate

    /// Any endpoint; a non-2xx status is a value here.
    [[nodiscard]] Task<Result<http::Response>> request(
        std::string method, std::string path, std::optional<Json> body = std::nullopt,
        std::string content_type = "application/json") const;
    /// The parsed answer, or a Failure for a status outside 2xx.
    [[nodiscard]] Task<Result<Json>> call(std::string method, std::string path,
                                          std::optional<Json> body = std::nullopt,
                                          std::string content_type = "application/json") const;

    [[nodiscard]] Task<Result<std::string>> version() const;  ///< "v1.34.4"
    [[nodiscard]] Task<Result<bool>> namespace_exists(std::string name) const;
    [[nodiscard]] Task<Result<void>> create_namespace(std::string name, Labels labels) const;
    [[nodiscard]] Task<Result<void>> delete_namespace(std::string name) const;
    [[nodiscard]] Task<Result<std::vector<ObjectMeta>>> list_namespaces(std::string selector) const;

    [[nodiscard]] Task<Result<ServiceAccount>> create_service_account(ObjectMeta meta) const;
    [[nodiscard]] Task<Result<ServiceAccount>> service_account(std::string ns,
                                                               std::string name) const;
    [[nodiscard]] Task<Result<void>> delete_service_account(std::string ns, std::string name) const;
    [[nodiscard]] Task<Result<std::vector<ServiceAccount>>> list_service_accounts(
        std::string ns, std::string selector = {}) const;
    [[nodiscard]] Task<Result<IssuedToken>> request_token(std::string ns,
                                                          std::string service_account,
                                                          TokenRequest request) const;
    [[nodiscard]] Task<Result<TokenReview>> review_token(
        Secret token, std::vector<std::string> audiences = {}) const;

    [[nodiscard]] Task<Result<void>> create_secret(SecretObject secret) const;
    [[nodiscard]] Task<Result<void>> replace_secret(SecretObject secret) const;
    [[nodiscard]] Task<Result<SecretObject>> secret(std::string ns, std::string name) const;
    [[nodiscard]] Task<Result<void>> delete_secret(std::string ns, std::string name) const;
    [[nodiscard]] Task<Result<std::vector<SecretObject>>> list_secrets(
        std::string ns, std::string selector = {}) const;
    /// The same, with the version to watch from.
    [[nodiscard]] Task<Result<SecretList>> list_secrets_versioned(std::string ns,
                                                                  std::string selector) const;
    /// The server ends the watch cleanly after `limit`, cut to whole seconds.
    [[nodiscard]] Task<Result<SecretWatch>> watch_secrets(std::string ns, std::string selector,
                                                          std::string resource_version,
                                                          Duration limit) const;

    [[nodiscard]] Task<Result<Pod>> create_pod(
        Pod pod) const;  ///< one container "app"; schedulerName meshproof: no scheduler takes it
    [[nodiscard]] Task<Result<Pod>> pod(std::string ns, std::string name) const;
    [[nodiscard]] Task<Result<void>> delete_pod(std::string ns,
                                                std::string name) const;  ///< grace period 0
    [[nodiscard]] Task<Result<PodList>> list_pods(std::string ns, std::string selector = {}) const;
    /// The server ends the watch cleanly after `limit`, cut to whole seconds.
    [[nodiscard]] Task<Result<PodWatch>> watch_pods(std::string ns, std::string selector,
                                                    std::string resource_version,
                                                    Duration limit = std::chrono::minutes(5)) const;
    /// Status subresource, merge patch: phase, and condition Ready with its reason.
    [[nodiscard]] Task<Result<void>> set_pod_status(std::string ns, std::string name,
                                                    std::string phase, bool ready,
                                                    std::string reason) const;

    /// Grants system:auth-delegator to a service account (token reviews), under a binding of that
    /// name.
    [[nodiscard]] Task<Result<void>> bind_auth_delegator(std::string binding, std::string ns,
                                                         std::string service_account,
                                                         Labels labels) const;
    [[nodiscard]] Task<Result<void>> delete_cluster_role_binding(std::string binding) const;
    [[nodiscard]] Task<Result<std::vector<ObjectMeta>>> list_cluster_role_bindings(
        std::string selector) const;
    /// Takes the objects of its kind along.
    [[nodiscard]] Task<Result<void>> delete_custom_resource_definition(
        std::string definition) const;
    [[nodiscard]] Task<Result<std::vector<ObjectMeta>>> list_custom_resource_definitions(
        std::string selector) const;

  private:
    /// Begins a watch of a namespace's pods or Secrets.
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open_watch(
        std::string path, std::string selector, std::string resource_version, Duration limit) const;

    http::Transport* transport_;
    Access access_;
};

}  // namespace meshproof::kube
