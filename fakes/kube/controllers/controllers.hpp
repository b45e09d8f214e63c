#pragma once

#include <string>

#include "fakes/kube/api_state.hpp"

/// What kube-controller-manager does after a change: at once instead of a moment later. Each
/// controller is a file, named as in Kubernetes' pkg/controller.
namespace meshproof::fakes::kube {

/// What the controllers call themselves in managedFields.
inline constexpr const char* controller_manager = "kube-controller-manager";

// controllers.cpp: whom a change wakes.
void after_creation(ApiState& api, const ResourceType& type, const Object& object);
void after_deletion(ApiState& api, const ResourceType& type, const Object& object,
                    bool orphan = false);
/// For as long as it lives, what happens is no news to the controllers of workloads.
class Settling {
  public:
    explicit Settling(ApiState& api) : api_(api) { api_.settling = true; }
    ~Settling() { api_.settling = false; }
    Settling(const Settling&) = delete;
    Settling& operator=(const Settling&) = delete;

  private:
    ApiState& api_;
};
/// What the controllers of workloads do once this object has changed.
void reconcile(ApiState& api, const ResourceType& type, const Json& object);

// namespace.cpp
/// Stores it, with what every namespace has from its beginning.
void add_namespace(ApiState& api, Json object);
void empty_namespace(ApiState& api, const std::string& name);

// root_ca_publisher.cpp
/// kube-root-ca.crt, the ConfigMap by which pods know their API server.
void publish_root_ca(ApiState& api, const std::string& namespace_name);
/// Publishes it again where `removed` was it.
void keep_root_ca(ApiState& api, const Json& removed);

// service_account.cpp
void add_default_account(ApiState& api, const std::string& namespace_name);
/// No namespace goes without it: makes it again where `removed` was it.
void keep_default_account(ApiState& api, const Json& removed);

// service_account_token.cpp: the endless tokens in Secrets.
/// Fills a new Secret of that type, or removes it where there is no such account.
void fill_token_secret(ApiState& api, const Object& secret);
void remove_token_secrets(ApiState& api, const Json& account);

// garbage_collector.cpp
/// What the object owned goes with it, or forgets its owner.
void collect_dependents(ApiState& api, const Json& owner, bool orphan);

// replica_set.cpp
/// Whether anything had to be done.
bool reconcile_replica_set(ApiState& api, const Object& set);

/// How many pods a set of either kind gets: those that it says, as far as they find room here. A
/// real cluster makes the others in the course of days, or has no node for them.
[[nodiscard]] std::int64_t pods_wanted(const Json& set);
/// By its condition.
[[nodiscard]] bool is_ready(const Json& pod);

// stateful_set.cpp
/// Whether anything had to be done.
bool reconcile_stateful_set(ApiState& api, const Object& set);

// deployment.cpp
/// A word that tells one pod template from another.
[[nodiscard]] std::string template_hash(const Json& pod_template);
/// One step of a rollout; false where there is nothing to do at the moment.
bool roll_out(ApiState& api, const Json& deployment);
/// Whether its status had to be written.
bool report_deployment(ApiState& api, const Json& deployment);

}  // namespace meshproof::fakes::kube
