// Whatever stands on the servers: what a sweep of a run removes is exactly what that run made.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/answer.hpp"
#include "core/http/message.hpp"
#include "core/run/sweep.hpp"
#include "core/world/tests/stage.hpp"
#include "core/world/tests/sweeps.hpp"

namespace meshproof::run {
namespace {

using Names = std::set<std::string>;

constexpr const char* swept_run = "k3f9a2";

/// Something on a server, and whether the run made it.
struct Thing {
    std::string kind;  ///< as a sweep says it
    std::string name{};
    std::string mark{};  ///< what it holds inside, where it can hold something
    bool ours = false;
    [[nodiscard]] std::string text() const { return kind + " " + name; }
};

template <class Item, std::size_t Count>
const Item& one_of(Prng& prng, const Item (&items)[Count]) {
    return items[prng.below(Count)];
}

/// A name's last part: also what a path cannot hold as it is.
std::string drawn_base(Prng& prng) {
    static const std::string bases[] = {"pki",  "a",     "a-b", "a.b", "x?list=true", "a#b",
                                        "100%", "a%2fb", "a b", "...", "\u00e4",      "a+b"};
    return one_of(prng, bases) + prng.token(2);
}

/// Of the run, of a part of it, of another run, or of somebody who names things like a run.
Thing drawn_thing(Prng& prng) {
    static const std::string kinds[] = {"secrets engine", "auth method", "policy", "token role"};
    static const std::string others[] = {"k3f9a3", "k3f9a2x", "k3f9a", "shared", "ca-of-team-x"};
    static const std::string words[] = {"",
                                        "made by hand",
                                        "see meshproof.io/run",
                                        "meshproof.io/run=",
                                        "meshproof.io/run=whatever",
                                        "meshproof.io/run=K3F9A2",
                                        "meshproof.io/run k3f9a2"};
    Thing thing{.kind = one_of(prng, kinds)};
    const auto base = drawn_base(prng);
    switch (prng.below(5)) {
        case 0:
        case 1: {
            const RunMark mark(prng.chance(0.5) ? std::string(swept_run)
                                                : std::string(swept_run) + "-ab12");
            return {thing.kind, mark.name(base), mark.text(), true};
        }
        case 2: {
            const RunMark mark("k3f9a3");
            return {thing.kind, mark.name(base), mark.text(), false};
        }
        case 3:
            thing.name = "meshproof-" + one_of(prng, others) + "-" + base;
            break;
        default:
            thing.name = (prng.chance(0.5) ? std::string(swept_run) + "-" : std::string()) + base;
    }
    thing.mark = one_of(prng, words);
    return thing;
}

std::string path_of_kind(const std::string& kind) {
    return kind == "secrets engine" ? "sys/mounts/"
           : kind == "auth method"  ? "sys/auth/"
           : kind == "policy"       ? "sys/policies/acl/"
                                    : "auth/token/roles/";
}

/// Whether the server took it: it has rules for names of its own.
Task<bool> made(vault::Client admin, Thing thing) {
    vault::Json body = vault::Json::object();
    if (thing.kind == "policy") {
        body["policy"] = "# " + thing.mark + "\npath \"x\" {\n  capabilities = [\"read\"]\n}\n";
    } else if (thing.kind != "token role") {
        body = {{"type", thing.kind == "auth method" ? "kubernetes" : "pki"},
                {"description", thing.mark}};
    }
    const auto answer = co_await admin.call(
        "PUT", path_of_kind(thing.kind) + http::percent_encode(thing.name), std::move(body));
    co_return answer.has_value();
}

Task<Names> standing(vault::Client admin) {
    Names all;
    for (const auto& mount : require(co_await admin.auth_methods())) {
        all.insert("auth method " + mount.path);
    }
    for (const auto& mount : require(co_await admin.list_secrets())) {
        all.insert("secrets engine " + mount);
    }
    for (const auto& policy : require(co_await admin.list_policies())) {
        all.insert("policy " + policy);
    }
    for (const auto& role : require(co_await admin.list("auth/token/roles"))) {
        all.insert("token role " + role);
    }
    co_return all;
}

/// What the sweep removed is what was to go, and of what was there before all else is there still.
void expect_gone(const Swept& swept, const Names& ours, const Names& before, const Names& after) {
    Names removed, left;
    for (const auto& object : swept.removed) {
        removed.insert(object.text());
    }
    EXPECT_EQ(removed, ours);
    EXPECT_TRUE(swept.problems.empty());
    std::ranges::set_difference(before, ours, std::inserter(left, left.end()));
    EXPECT_EQ(after, left);
}

Task<void> sweep_what_was_drawn(World& world) {
    constexpr int rounds = 25, most = 30;
    const auto admin = world.vault().admin;
    Names ever_ours;
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(round);
        Prng prng(static_cast<std::uint64_t>(round));
        Names ours;
        for (auto count = prng.below(most); count > 0; --count) {
            const auto thing = drawn_thing(prng);
            if (co_await made(admin, thing) && thing.ours) {
                ours.insert(thing.text());
            }
        }
        const auto before = co_await standing(admin);
        const auto swept = co_await sweep_vault(admin, {swept_run, false});
        expect_gone(swept, ours, before, co_await standing(admin));  // and so to the next round
        ever_ours.merge(ours);
    }
    EXPECT_GT(ever_ours.size(), 50U) << "nothing was shown";
}

TEST(SweepProperty, WhatIsRemovedIsWhatTheRunMade) {
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        Stage(product).play(sweep_what_was_drawn);
    }
}

// --- a cluster ---

constexpr const char* whole_namespace = "namespace";
constexpr const char* definition = "custom resource definition";
constexpr const char* binding = "cluster role binding";
const std::vector<std::string> swept_namespaces = {"istio-system", "default"};
constexpr const char* somebodys_namespace = "shop";

/// Something in a cluster, and whose label it has.
struct ClusterThing {
    std::string kind;     ///< as a sweep says it
    std::string space{};  ///< its namespace; "" = it lies in none
    std::string name{};
    kube::Labels labels{}, annotations{};
    std::string run{};  ///< "" = its label is no run's
    [[nodiscard]] std::string text() const {
        return fmt::format("{} {}{}{}", kind, space, space.empty() ? "" : "/", name);
    }
    [[nodiscard]] bool takes_others_along() const {
        return kind == whole_namespace || kind == definition;
    }
};

void draw_labels(Prng& prng, ClusterThing& thing) {
    static const std::string runs[] = {swept_run, "k3f9a2-ab12", "k3f9a3"};
    static const std::string words[] = {"whatever", "K3F9A2", "", "k3f9a2-", "ca-of-team-x"};
    static const std::string keys[] = {"app", "meshproof.io/runs", "example.com/run", "run"};
    if (prng.chance(0.3)) {
        thing.labels[one_of(prng, keys)] = swept_run;
    }
    if (prng.chance(0.2)) {
        thing.annotations[std::string(run_label)] = swept_run;
    }
    if (prng.chance(0.6)) {
        thing.run = one_of(prng, runs);
        thing.labels[std::string(run_label)] = thing.run;
    } else if (prng.chance(0.5)) {
        thing.labels[std::string(run_label)] = one_of(prng, words);
    }
}

ClusterThing drawn_in_cluster(Prng& prng) {
    static const std::string kinds[] = {"pod",   "secret",        "service account",
                                        binding, whole_namespace, definition};
    static const std::string spaces[] = {"istio-system", "default", somebodys_namespace};
    static const std::string bearers[] = {"k3f9a2", "k3f9a2-ab12", "k3f9a3", "k3f9a2x", "shared"};
    static const std::string odd[] = {"x?limit=1", "a#b", "a b", "system:x", "\u00e4", "a+b", ".."};
    ClusterThing thing{.kind = one_of(prng, kinds)};
    draw_labels(prng, thing);
    thing.name = (thing.kind == binding ? one_of(prng, odd) : "x") + prng.token(3);
    if (prng.chance(0.7)) {
        thing.name = fmt::format("meshproof-{}-{}", one_of(prng, bearers), thing.name);
    }
    if (thing.kind == definition) {
        thing.name = fmt::format("widgets.{}.example.com", thing.name);
    } else if (thing.kind != binding && thing.kind != whole_namespace) {
        thing.space = one_of(prng, spaces);
    }
    return thing;
}

/// Whether a sweep of that run ("" = of every run) may take it: what takes others along is a run's
/// only where its name says so, too.
bool may_go(const ClusterThing& thing, const std::string& wanted) {
    const auto of_it = [&wanted](std::string_view text) {
        return wanted.empty() || text == wanted || text.starts_with(wanted + "-");
    };
    constexpr std::string_view ours = "meshproof-";
    const auto at = thing.name.find(ours);
    const bool named = at != std::string::npos && of_it(thing.name.substr(at + ours.size()));
    return !thing.run.empty() && of_it(thing.run) && thing.space != somebodys_namespace &&
           (named || !thing.takes_others_along());
}

std::string path_in_cluster(const ClusterThing& thing) {
    static const std::map<std::string, std::string> collections = {
        {"pod", "pods"},
        {"secret", "secrets"},
        {"service account", "serviceaccounts"},
        {binding, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"},
        {whole_namespace, "/api/v1/namespaces"},
        {definition, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"}};
    const auto& collection = collections.at(thing.kind);
    return thing.space.empty() ? collection
                               : fmt::format("/api/v1/namespaces/{}/{}", thing.space, collection);
}

kube::Json object_in_cluster(const ClusterThing& thing) {
    kube::Json body{
        {"metadata",
         {{"name", thing.name}, {"labels", thing.labels}, {"annotations", thing.annotations}}}};
    if (thing.kind == "pod") {
        body["spec"] = {{"containers", kube::Json::array({{{"name", "app"}, {"image", "app"}}})}};
    } else if (thing.kind == binding) {
        body["roleRef"] = {{"apiGroup", "rbac.authorization.k8s.io"},
                           {"kind", "ClusterRole"},
                           {"name", "system:auth-delegator"}};
    } else if (thing.kind == definition) {
        body["spec"] = spec_of_widgets(thing.name.substr(thing.name.find('.') + 1));
    }
    return body;
}

Task<Names> standing_in_cluster(kube::Client admin) {
    auto all = co_await found_in_cluster(admin, {"istio-system", "default", somebodys_namespace});
    for (const auto& meta : require(co_await admin.list_namespaces(""))) {
        if (!meta.deleting) {  // a controller empties it first
            all.insert(fmt::format("{} {}", whole_namespace, meta.name));
        }
    }
    for (const auto& meta : require(co_await admin.list_custom_resource_definitions(""))) {
        all.insert(fmt::format("{} {}", definition, meta.name));
    }
    co_return all;
}

/// Sweeps, and takes what may have gone out of what is there.
Task<std::vector<ClusterThing>> sweep_among(kube::Client admin, std::vector<ClusterThing>& there,
                                            std::string wanted) {
    const auto stays = std::ranges::partition(
        there, [&wanted](const ClusterThing& thing) { return !may_go(thing, wanted); });
    std::vector<ClusterThing> gone(stays.begin(), stays.end());
    there.erase(stays.begin(), stays.end());
    Names ours;
    for (const auto& thing : gone) {
        ours.insert(thing.text());
    }
    const auto before = co_await standing_in_cluster(admin);
    const auto swept = co_await sweep_cluster(admin, swept_namespaces, {wanted, false});
    expect_gone(swept, ours, before, co_await standing_in_cluster(admin));
    co_return gone;
}

Task<void> sweep_what_was_drawn_in_a_cluster(World& world) {
    constexpr int rounds = 25, most = 40;
    const auto admin = world.kube().admin;
    require(co_await admin.create_namespace(somebodys_namespace, {}));
    std::vector<ClusterThing> there;
    std::map<std::string, std::size_t> gone;  // of each kind
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(round);
        Prng prng(static_cast<std::uint64_t>(round));
        for (auto count = prng.below(most); count > 0; --count) {
            auto thing = drawn_in_cluster(prng);
            // The server has rules for names of its own.
            if (co_await admin.call("POST", path_in_cluster(thing), object_in_cluster(thing))) {
                there.push_back(std::move(thing));
            }
        }
        const std::string wanted = prng.chance(0.7) ? swept_run : "";
        for (const auto& thing : co_await sweep_among(admin, there, wanted)) {
            ++gone[thing.kind];
        }
    }
    for (const auto* kind :
         {"pod", "secret", "service account", binding, whole_namespace, definition}) {
        EXPECT_GT(gone[kind], 5U) << kind << ": nothing was shown";
        EXPECT_NE(std::ranges::count(there, kind, &ClusterThing::kind), 0) << kind << ": all gone";
    }
}

TEST(SweepProperty, WhatIsRemovedFromAClusterIsWhatTheRunMade) {
    Stage().play(sweep_what_was_drawn_in_a_cluster);
}

}  // namespace
}  // namespace meshproof::run
