#include "core/run/sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/run/tests/stage.hpp"

namespace meshproof::run {
namespace {

using Lines = std::vector<std::string>;

Lines sorted(Lines lines) {
    std::ranges::sort(lines);
    return lines;
}

/// What is on the Vault, in the sweep's own words.
Task<Lines> on_vault(vault::Client admin) {
    Lines found;
    for (const auto& mount : require(co_await admin.list_auth())) {
        found.push_back("auth method " + mount);
    }
    for (const auto& mount : require(co_await admin.list_secrets())) {
        found.push_back("secrets engine " + mount);
    }
    for (const auto& policy : require(co_await admin.list_policies())) {
        found.push_back("policy " + policy);
    }
    co_return sorted(found);
}

const Lines namespaces = {"istio-system", "default"};

Task<Lines> in_cluster(kube::Client admin) {
    Lines found;
    for (const auto& ns : namespaces) {
        for (const auto& pod : require(co_await admin.list_pods(ns)).items) {
            found.push_back(fmt::format("pod {}/{}", ns, pod.meta.name));
        }
        for (const auto& secret : require(co_await admin.list_secrets(ns))) {
            found.push_back(fmt::format("secret {}/{}", ns, secret.meta.name));
        }
        for (const auto& account : require(co_await admin.list_service_accounts(ns))) {
            found.push_back(fmt::format("service account {}/{}", ns, account.meta.name));
        }
    }
    for (const auto& binding : require(co_await admin.list_cluster_role_bindings(""))) {
        found.push_back("cluster role binding " + binding.name);
    }
    co_return sorted(found);
}

Lines without(const Lines& all, const Lines& gone) {
    Lines left;
    std::ranges::set_difference(all, gone, std::back_inserter(left));
    return left;
}

Task<void> fill_vault(vault::Client admin) {
    // A run, one of its scenarios, a run whose id begins like it, and what is nobody's.
    for (const std::string name : {"meshproof-k3-pki", "meshproof-k3-ab12-pki",
                                   "meshproof-k3f9-pki", "meshproofs-k3-pki", "pki", "k3-pki"}) {
        require(co_await admin.enable_secrets(name, "pki"));
        require(co_await admin.enable_auth(name, "kubernetes"));
        require(co_await admin.write_policy(name, "path \"x\" { capabilities = [\"read\"] }"));
    }
}

Lines vault_objects(const Lines& names) {
    Lines all;
    for (const auto& name : names) {
        for (const auto* kind : {"auth method", "secrets engine", "policy"}) {
            all.push_back(fmt::format("{} {}", kind, name));
        }
    }
    return sorted(all);
}

Task<void> sweep_a_vault(World& world) {
    const auto admin = world.vault().admin;
    co_await fill_vault(admin);
    const auto all = co_await on_vault(admin);
    const auto ours = vault_objects({"meshproof-k3-pki", "meshproof-k3-ab12-pki"});

    const auto looked = co_await sweep_vault(admin, "k3", true);
    EXPECT_EQ(sorted(looked.found), ours);
    EXPECT_EQ(looked.removed, Lines{});
    EXPECT_EQ(looked.problems, Lines{});
    EXPECT_EQ(co_await on_vault(admin), all);

    const auto swept = co_await sweep_vault(admin, "k3", false);
    EXPECT_EQ(sorted(swept.found), ours);
    EXPECT_EQ(sorted(swept.removed), ours);
    EXPECT_EQ(swept.problems, Lines{});
    const auto left = without(all, ours);
    EXPECT_EQ(co_await on_vault(admin), left);

    const auto again = co_await sweep_vault(admin, "k3", false);
    EXPECT_EQ(again.found, Lines{});

    // Of every run.
    const auto rest = co_await sweep_vault(admin, "", false);
    const auto others = vault_objects({"meshproof-k3f9-pki"});
    EXPECT_EQ(sorted(rest.removed), others);
    EXPECT_EQ(co_await on_vault(admin), without(left, others));
}

TEST(Sweep, TakesOnlyTheRunsOwnFromAVault) {
    Stage().play(sweep_a_vault);
}

Task<void> fill_cluster(kube::Client admin) {
    const std::string key(run_label);
    const std::vector<std::pair<std::string, kube::Labels>> all = {
        {"ours", {{key, "k3"}}},
        {"scenarios", {{key, "k3-ab12"}}},
        {"longer", {{key, "k3f9"}}},
        {"meshproof-k3-unlabelled", {}},
        {"other-label", {{"app", "k3"}}}};
    for (const auto& ns : namespaces) {
        for (const auto& [name, labels] : all) {
            kube::ObjectMeta meta;
            meta.name = name;
            meta.namespace_name = ns;
            meta.labels = labels;
            require(co_await admin.create_service_account(meta));
            kube::SecretObject secret;
            secret.meta = meta;
            require(co_await admin.create_secret(secret));
            kube::Pod pod;
            pod.meta = meta;
            pod.service_account = name;
            require(co_await admin.create_pod(pod));
        }
    }
    for (const auto& [name, labels] : all) {
        require(co_await admin.bind_auth_delegator(name, "default", name, labels));
    }
}

Lines cluster_objects(const Lines& names) {
    Lines all;
    for (const auto& name : names) {
        for (const auto& ns : namespaces) {
            for (const auto* kind : {"pod", "secret", "service account"}) {
                all.push_back(fmt::format("{} {}/{}", kind, ns, name));
            }
        }
        all.push_back("cluster role binding " + name);
    }
    return sorted(all);
}

Task<void> sweep_a_cluster(World& world) {
    const auto admin = world.kube().admin;
    co_await fill_cluster(admin);
    const auto all = co_await in_cluster(admin);
    const auto ours = cluster_objects({"ours", "scenarios"});

    const auto looked = co_await sweep_cluster(admin, namespaces, "k3", true);
    EXPECT_EQ(sorted(looked.found), ours);
    EXPECT_EQ(looked.removed, Lines{});
    EXPECT_EQ(co_await in_cluster(admin), all);

    const auto swept = co_await sweep_cluster(admin, namespaces, "k3", false);
    EXPECT_EQ(sorted(swept.found), ours);
    EXPECT_EQ(sorted(swept.removed), ours);
    EXPECT_EQ(swept.problems, Lines{});
    const auto left = without(all, ours);
    EXPECT_EQ(co_await in_cluster(admin), left);

    const auto rest = co_await sweep_cluster(admin, namespaces, "", false);
    const auto others = cluster_objects({"longer"});
    EXPECT_EQ(sorted(rest.removed), others);
    EXPECT_EQ(co_await in_cluster(admin), without(left, others));
}

TEST(Sweep, TakesOnlyTheRunsOwnFromACluster) {
    Stage().play(sweep_a_cluster);
}

Task<void> sweep_without_rights(World& world) {
    const auto vault =
        co_await sweep_vault(world.vault().admin.with_token(Secret("s.nobody")), "", false);
    EXPECT_EQ(vault.found, Lines{});
    EXPECT_EQ(vault.problems.size(), 3);
    EXPECT_TRUE(vault.problems.at(0).starts_with("cannot list auth methods: "))
        << vault.problems.at(0);
    const auto cluster = co_await sweep_cluster(world.kube().admin.with_token(Secret("nobody")),
                                                {"default"}, "", false);
    EXPECT_EQ(cluster.found, Lines{});
    EXPECT_EQ(cluster.problems.size(), 5);
    EXPECT_TRUE(cluster.problems.at(0).starts_with("cannot list pods in default: "))
        << cluster.problems.at(0);
}

TEST(Sweep, SaysWhatItCannotList) {
    Stage().play(sweep_without_rights);
}

}  // namespace
}  // namespace meshproof::run
