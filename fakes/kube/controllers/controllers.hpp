#pragma once

#include <string>

#include "fakes/kube/cluster.hpp"

/// What kube-controller-manager does after a change: at once instead of a moment later. Each
/// controller is a file, named as in Kubernetes' pkg/controller.
namespace meshproof::fakes::kube {

// controllers.cpp: whom a change wakes.
void after_creation(Cluster& cluster, const ResourceType& type, const Object& object);
void after_deletion(Cluster& cluster, const ResourceType& type, const Object& object,
                    bool orphan = false);
/// What the controllers of workloads do once this object has changed.
void reconcile(Cluster& cluster, const ResourceType& type, const Json& object);

// namespace.cpp
/// Stores it, with what every namespace has from its beginning.
void add_namespace(Cluster& cluster, Json object);
void empty_namespace(Cluster& cluster, const std::string& name);

// root_ca_publisher.cpp
/// kube-root-ca.crt, the ConfigMap by which pods know their API server.
void publish_root_ca(Cluster& cluster, const std::string& namespace_name);

// service_account.cpp
void add_default_account(Cluster& cluster, const std::string& namespace_name);
/// No namespace goes without it: makes it again where `removed` was it.
void keep_default_account(Cluster& cluster, const Json& removed);

// service_account_token.cpp: the endless tokens in Secrets.
/// Fills a new Secret of that type, or removes it where there is no such account.
void fill_token_secret(Cluster& cluster, const Object& secret);
void remove_token_secrets(Cluster& cluster, const Json& account);

// garbage_collector.cpp
/// What the object owned goes with it, or forgets its owner.
void collect_dependents(Cluster& cluster, const Json& owner, bool orphan);

// replica_set.cpp
/// Whether anything had to be done.
bool reconcile_replica_set(Cluster& cluster, const Object& set);

// deployment.cpp
/// One step of a rollout; false where there is nothing to do at the moment.
bool roll_out(Cluster& cluster, const Json& deployment);
/// Whether its status had to be written.
bool report_deployment(Cluster& cluster, const Json& deployment);

}  // namespace meshproof::fakes::kube
