#pragma once

#include <fmt/format.h>

#include <set>

#include "core/base/answer.hpp"
#include "core/kube/client.hpp"

/// What tests of sweeps find in a cluster, and put there.
namespace meshproof::run {

/// The pods, Secrets and accounts of these namespaces and all cluster role bindings, in a sweep's
/// own words.
inline Task<std::set<std::string>> found_in_cluster(kube::Client admin,
                                                    std::vector<std::string> namespaces) {
    std::set<std::string> found;
    for (const auto& ns : namespaces) {
        for (const auto& pod : require(co_await admin.list_pods(ns)).items) {
            found.insert(fmt::format("pod {}/{}", ns, pod.meta.name));
        }
        for (const auto& secret : require(co_await admin.list_secrets(ns))) {
            found.insert(fmt::format("secret {}/{}", ns, secret.meta.name));
        }
        for (const auto& account : require(co_await admin.list_service_accounts(ns))) {
            found.insert(fmt::format("service account {}/{}", ns, account.meta.name));
        }
    }
    for (const auto& binding : require(co_await admin.list_cluster_role_bindings(""))) {
        found.insert("cluster role binding " + binding.name);
    }
    co_return found;
}

/// The spec of a definition of widgets in that group.
inline kube::Json spec_of_widgets(const std::string& group) {
    return {{"group", group},
            {"scope", "Namespaced"},
            {"names", {{"plural", "widgets"}, {"kind", "Widget"}}},
            {"versions",
             kube::Json::array({{{"name", "v1"},
                                 {"served", true},
                                 {"storage", true},
                                 {"schema", {{"openAPIV3Schema", {{"type", "object"}}}}}}})}};
}

}  // namespace meshproof::run
