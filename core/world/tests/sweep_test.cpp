#include "core/run/sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/answer.hpp"
#include "core/world/tests/stage.hpp"
#include "core/world/tests/sweeps.hpp"

namespace meshproof::run {
namespace {

using Lines = std::vector<std::string>;

Lines sorted(Lines lines) {
    std::ranges::sort(lines);
    return lines;
}

/// What a sweep met, in its own words.
template <class Item>
Lines texts(const std::vector<Item>& items) {
    Lines lines;
    for (const auto& item : items) {
        lines.push_back(item.text());
    }
    return sorted(lines);
}

/// Whose they are.
std::set<std::string> runs_of(const std::vector<SweptObject>& objects) {
    std::set<std::string> runs;
    for (const auto& object : objects) {
        runs.insert(object.run_id);
    }
    return runs;
}

/// What is on the Vault, in the sweep's own words.
Task<Lines> on_vault(vault::Client admin) {
    Lines found;
    for (const auto& mount : require(co_await admin.auth_methods())) {
        found.push_back("auth method " + mount.path);
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
    const auto found = co_await found_in_cluster(admin, namespaces);
    co_return Lines(found.begin(), found.end());
}

Lines without(const Lines& all, const Lines& gone) {
    Lines left;
    std::ranges::set_difference(all, gone, std::back_inserter(left));
    return left;
}

/// Engine, auth method and policy of one name, with a run's mark inside or without.
Task<void> make_three(vault::Client admin, std::string name, std::string run_id) {
    const std::string rule = "path \"x\" { capabilities = [\"read\"] }";
    const auto mark = run_id.empty() ? std::string("made by hand") : RunMark(run_id).text();
    require(co_await admin.enable_secrets(name, "pki", mark));
    require(co_await admin.enable_auth(name, "kubernetes", mark));
    require(
        co_await admin.write_policy(name, run_id.empty() ? rule : RunMark(run_id).in_policy(rule)));
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

constexpr const char* run_id = "k3f9a2";

Task<void> fill_vault(vault::Client admin) {
    // A run, one of its scenarios, another run, and what is nobody's though it is named like ours.
    co_await make_three(admin, "meshproof-k3f9a2-pki", run_id);
    co_await make_three(admin, "meshproof-k3f9a2-ab12-pki", "k3f9a2-ab12");
    co_await make_three(admin, "meshproof-k3f9a3-pki", "k3f9a3");
    for (const std::string name : {"meshproof-ca-of-team-x", "meshproof-shared", "pki",
                                   "k3f9a2-pki", "meshproof-k3f9a2x-pki"}) {
        co_await make_three(admin, name, "");
    }
}

Task<void> sweep_a_vault(World& world) {
    const auto admin = world.vault().admin;
    co_await fill_vault(admin);
    const auto all = co_await on_vault(admin);
    const auto ours = vault_objects({"meshproof-k3f9a2-pki", "meshproof-k3f9a2-ab12-pki"});

    const auto looked = co_await sweep_vault(admin, {run_id, true});
    EXPECT_EQ(texts(looked.found), ours);
    EXPECT_EQ(texts(looked.removed), Lines{});
    EXPECT_EQ(texts(looked.problems), Lines{});
    EXPECT_EQ(runs_of(looked.found), (std::set<std::string>{run_id, "k3f9a2-ab12"}));
    EXPECT_EQ(co_await on_vault(admin), all);

    const auto swept = co_await sweep_vault(admin, {run_id, false});
    EXPECT_EQ(texts(swept.found), ours);
    EXPECT_EQ(texts(swept.removed), ours);
    EXPECT_EQ(texts(swept.left_alone), Lines{});
    EXPECT_EQ(texts(swept.problems), Lines{});
    const auto left = without(all, ours);
    EXPECT_EQ(co_await on_vault(admin), left);

    const auto again = co_await sweep_vault(admin, {run_id, false});
    EXPECT_EQ(texts(again.found), Lines{});

    // Of every run: names alone are no proof.
    const auto rest = co_await sweep_vault(admin, {"", false});
    const auto others = vault_objects({"meshproof-k3f9a3-pki"});
    EXPECT_EQ(texts(rest.removed), others);
    EXPECT_EQ(texts(rest.left_alone), vault_objects({"meshproof-ca-of-team-x", "meshproof-shared",
                                                     "meshproof-k3f9a2x-pki"}));
    EXPECT_EQ(runs_of(rest.left_alone), std::set<std::string>{""});
    EXPECT_EQ(co_await on_vault(admin), without(left, others));
}

TEST(Sweep, TakesOnlyTheRunsOwnFromAVault) {
    Stage().play(sweep_a_vault);
}

Task<void> fill_cluster(kube::Client admin) {
    const std::string key(run_label);
    const std::vector<std::pair<std::string, kube::Labels>> all = {
        {"ours", {{key, "k3f9a2"}}},         {"scenarios", {{key, "k3f9a2-ab12"}}},
        {"another", {{key, "k3f9a3"}}},      {"somebodys", {{key, "whatever"}}},
        {"meshproof-k3f9a2-unlabelled", {}}, {"other-label", {{"app", "k3f9a2"}}}};
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

    const auto looked = co_await sweep_cluster(admin, namespaces, {run_id, true});
    EXPECT_EQ(texts(looked.found), ours);
    EXPECT_EQ(texts(looked.removed), Lines{});
    EXPECT_EQ(runs_of(looked.found), (std::set<std::string>{run_id, "k3f9a2-ab12"}));
    EXPECT_EQ(co_await in_cluster(admin), all);

    const auto swept = co_await sweep_cluster(admin, namespaces, {run_id, false});
    EXPECT_EQ(texts(swept.found), ours);
    EXPECT_EQ(texts(swept.removed), ours);
    EXPECT_EQ(texts(swept.problems), Lines{});
    const auto left = without(all, ours);
    EXPECT_EQ(co_await in_cluster(admin), left);

    const auto rest = co_await sweep_cluster(admin, namespaces, {"", false});
    const auto others = cluster_objects({"another"});
    EXPECT_EQ(texts(rest.removed), others);
    EXPECT_EQ(co_await in_cluster(admin), without(left, others));
}

TEST(Sweep, TakesOnlyTheRunsOwnFromACluster) {
    Stage().play(sweep_a_cluster);
}

Task<void> sweep_namespaces_of_a_cluster(World& world) {
    const auto admin = world.kube().admin;
    const kube::Labels label{{std::string(run_label), run_id}};
    require(co_await admin.create_namespace("meshproof-k3f9a2-ns", label));
    require(co_await admin.create_namespace("shop", label));
    const auto swept = co_await sweep_cluster(admin, namespaces, {"", false});
    EXPECT_EQ(texts(swept.removed), Lines{"namespace meshproof-k3f9a2-ns"});
}

TEST(Sweep, TakesANamespaceByLabelAndName) {
    Stage().play(sweep_namespaces_of_a_cluster);
}

nlohmann::json widgets_of(const std::string& group, const nlohmann::json& labels) {
    return {{"metadata", {{"name", "widgets." + group}, {"labels", labels}}},
            {"spec", spec_of_widgets(group)}};
}

Task<void> sweep_definitions_of_a_cluster(World& world) {
    const auto admin = world.kube().admin;
    const nlohmann::json label{{std::string(run_label), run_id}};
    for (const auto& [group, labels] :
         {std::pair("meshproof-k3f9a2-crd.example.com", label),
          std::pair("shop.example.com", label),
          std::pair("meshproof-k3f9a2-other.example.com", nlohmann::json::object())}) {
        const auto made =
            co_await admin.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                                widgets_of(group, labels));
        require(done(made));
    }
    const auto swept = co_await sweep_cluster(admin, namespaces, {"", false});
    EXPECT_EQ(texts(swept.removed),
              Lines{"custom resource definition widgets.meshproof-k3f9a2-crd.example.com"});
    EXPECT_EQ(require(co_await admin.list_custom_resource_definitions("")).size(), 2U);
}

TEST(Sweep, TakesADefinitionByLabelAndGroup) {
    Stage().play(sweep_definitions_of_a_cluster);
}

/// How many entities and aliases the Vault has.
Task<std::pair<std::size_t, std::size_t>> entities(vault::Client admin) {
    const auto all = require(co_await admin.list("identity/entity/id"));
    const auto aliases = require(co_await admin.list_entity_aliases());
    co_return std::pair{all.size(), aliases.size()};
}

Task<void> sweep_entities(World& world) {
    const auto admin = world.vault().admin;
    // Two logins' worth: an entity of this auth method alone, and one that somebody else knows too.
    require(
        co_await admin.enable_auth("meshproof-k3f9a2-auth", "kubernetes", RunMark(run_id).text()));
    require(co_await admin.enable_auth("theirs", "kubernetes"));
    std::map<std::string, std::string> accessors;
    for (const auto& mount : require(co_await admin.auth_methods())) {
        accessors[mount.path] = mount.accessor;
    }
    const auto ours = accessors.at("meshproof-k3f9a2-auth"), theirs = accessors.at("theirs");
    const auto alias = [](std::string name, std::string accessor, std::string entity) {
        vault::Json body{{"name", name}, {"mount_accessor", accessor}};
        if (!entity.empty()) {
            body["canonical_id"] = entity;
        }
        return body;
    };
    require(co_await admin.call("PUT", "identity/entity-alias", alias("a", ours, "")));
    const auto shared =
        require(co_await admin.call("PUT", "identity/entity-alias", alias("b", theirs, "")));
    const auto entity = shared.data().at("canonical_id").get<std::string>();
    require(co_await admin.call("PUT", "identity/entity-alias", alias("b", ours, entity)));
    EXPECT_EQ(co_await entities(admin), (std::pair<std::size_t, std::size_t>{2, 3}));

    const auto looked = co_await sweep_vault(admin, {run_id, true});
    EXPECT_EQ(looked.found.size(), 3U) << fmt::format("{}", fmt::join(texts(looked.found), ", "));
    EXPECT_EQ(co_await entities(admin), (std::pair<std::size_t, std::size_t>{2, 3}));

    const auto swept = co_await sweep_vault(admin, {run_id, false});
    EXPECT_EQ(runs_of(swept.removed), std::set<std::string>{run_id}) << "entities go with a run";
    EXPECT_EQ(swept.removed.size(), 3U) << fmt::format("{}", fmt::join(texts(swept.removed), ", "));
    EXPECT_EQ(texts(swept.problems), Lines{});
    EXPECT_EQ(co_await entities(admin), (std::pair<std::size_t, std::size_t>{1, 1}));
    EXPECT_EQ(require(co_await admin.alias_accessors_of(entity)), Lines{theirs});
}

TEST(Sweep, TakesTheEntitiesOfItsAuthMethodsAlong) {
    Stage().play(sweep_entities);
}

Task<void> leave_by_a_login(World& world) {
    const auto before = co_await entities(world.vault().admin);
    (void)co_await world.start_pair();
    EXPECT_GT(co_await entities(world.vault().admin), before);
    co_await world.finish();
    EXPECT_EQ(world.failures(), Lines{});
    EXPECT_EQ(co_await entities(world.vault().admin), before);
}

TEST(Sweep, AWorldLeavesNoEntities) {
    Stage().play(leave_by_a_login);
}

/// What holds no mark, of this name. The quota is for an engine of its own, since two like each
/// other are refused.
Task<void> make_unmarked(vault::Client admin, std::string name) {
    const vault::Json none = vault::Json::object();
    require(co_await admin.call("PUT", "identity/group/name/" + name, none));
    require(co_await admin.call("PUT", "identity/entity/name/" + name, none));
    require(co_await admin.call("PUT", "auth/token/roles/" + name, none));
    require(co_await admin.enable_secrets("of-" + name, "pki"));
    const vault::Json quota{{"rate", 100}, {"path", "of-" + name}};
    require(co_await admin.call("PUT", "sys/quotas/rate-limit/" + name, quota));
}

Lines unmarked(const Lines& names) {
    Lines all;
    for (const auto& name : names) {
        for (const auto* kind :
             {"identity group", "identity entity", "token role", "rate-limit quota"}) {
            all.push_back(fmt::format("{} {}", kind, name));
        }
    }
    return sorted(all);
}

Task<void> sweep_what_holds_no_mark(World& world) {
    const auto admin = world.vault().admin;
    for (const std::string name : {"meshproof-k3f9a2-x", "meshproof-k3f9a2-ab12-x",
                                   "meshproof-k3f9a3-x", "meshproof-shared", "k3f9a2-x"}) {
        co_await make_unmarked(admin, name);
    }
    const auto ours = unmarked({"meshproof-k3f9a2-x", "meshproof-k3f9a2-ab12-x"});
    const auto swept = co_await sweep_vault(admin, {run_id, false});
    EXPECT_EQ(texts(swept.removed), ours);
    EXPECT_EQ(texts(swept.problems), Lines{});
    // Of every run: a name alone is no proof.
    const auto rest = co_await sweep_vault(admin, {"", false});
    EXPECT_EQ(texts(rest.removed), Lines{});
    EXPECT_EQ(texts(rest.left_alone), unmarked({"meshproof-k3f9a3-x", "meshproof-shared"}));
    EXPECT_EQ(sorted(require(co_await admin.list("identity/entity/name"))),
              (Lines{"k3f9a2-x", "meshproof-k3f9a3-x", "meshproof-shared"}));
}

TEST(Sweep, TakesWhatHoldsNoMarkByTheNameOfOneRun) {
    Stage().play(sweep_what_holds_no_mark);
}

Task<void> sweep_audit_devices_of_a_vault(World& world) {
    const auto admin = world.vault().admin;
    for (const auto& [name, description] :
         std::map<std::string, std::string>{{"meshproof-k3f9a2-audit", RunMark(run_id).text()},
                                            {"meshproof-shared", "made by hand"},
                                            {"theirs", ""}}) {
        const vault::Json device{{"type", "file"},
                                 {"description", description},
                                 {"options", {{"file_path", "discard"}}}};
        require(co_await admin.call("PUT", "sys/audit/" + name, device));
    }
    const auto swept = co_await sweep_vault(admin, {"", false});
    EXPECT_EQ(texts(swept.removed), Lines{"audit device meshproof-k3f9a2-audit"});
    EXPECT_EQ(texts(swept.left_alone), Lines{"audit device meshproof-shared"});
    EXPECT_EQ(require(co_await admin.audit_devices()).size(), 2U);
}

TEST(Sweep, TakesAnAuditDeviceByItsMark) {
    Stage(vault::Product::vault).play(sweep_audit_devices_of_a_vault);
}

Task<void> sweep_a_namespace(World& world) {
    const auto root = world.vault().admin;
    require(co_await root.call("PUT", "sys/namespaces/team", vault::Json::object()));
    const auto admin = root.with_namespace("team");
    co_await make_three(admin, "meshproof-k3f9a2-pki", run_id);
    const auto swept = co_await sweep_vault(admin, {run_id, false});
    EXPECT_EQ(texts(swept.removed), vault_objects({"meshproof-k3f9a2-pki"}));
    EXPECT_EQ(texts(swept.problems), Lines{}) << "what a namespace does not have is not missed";
}

TEST(Sweep, TakesWhatIsInANamespace) {
    Stage().play(sweep_a_namespace);
}

Task<void> sweep_without_rights(World& world) {
    const auto vault =
        co_await sweep_vault(world.vault().admin.with_token(Secret("s.nobody")), {"", false});
    EXPECT_EQ(texts(vault.found), Lines{});
    EXPECT_EQ(vault.problems.size(), 8)  // audit devices are not missed
        << fmt::format("{}", fmt::join(texts(vault.problems), "\n"));
    EXPECT_TRUE(vault.problems.at(0).text().starts_with("cannot list auth methods: "))
        << vault.problems.at(0).text();
    EXPECT_TRUE(std::ranges::all_of(vault.problems, &SweptProblem::denied));
    const auto cluster = co_await sweep_cluster(world.kube().admin.with_token(Secret("nobody")),
                                                {"default"}, {"", false});
    EXPECT_EQ(texts(cluster.found), Lines{});
    EXPECT_EQ(cluster.problems.size(), 6);
    EXPECT_TRUE(cluster.problems.at(0).text().starts_with("cannot list pods in default: "))
        << cluster.problems.at(0).text();
    EXPECT_TRUE(std::ranges::all_of(cluster.problems, &SweptProblem::denied));
}

TEST(Sweep, SaysWhatItCannotList) {
    Stage().play(sweep_without_rights);
}

}  // namespace
}  // namespace meshproof::run
