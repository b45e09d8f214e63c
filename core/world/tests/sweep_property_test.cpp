// Whatever stands on the servers: what a sweep of a run removes is exactly what that run made.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/answer.hpp"
#include "core/http/message.hpp"
#include "core/run/sweep.hpp"
#include "core/world/tests/stage.hpp"

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
        Names removed, left;
        for (const auto& object : swept.removed) {
            removed.insert(object.text());
        }
        EXPECT_EQ(removed, ours);
        EXPECT_TRUE(swept.problems.empty());
        std::ranges::set_difference(before, ours, std::inserter(left, left.end()));
        EXPECT_EQ(co_await standing(admin), left);  // and so to the next round
        ever_ours.merge(ours);
    }
    EXPECT_GT(ever_ours.size(), 50U) << "nothing was shown";
}

TEST(SweepProperty, WhatIsRemovedIsWhatTheRunMade) {
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        Stage(product).play(sweep_what_was_drawn);
    }
}

}  // namespace
}  // namespace meshproof::run
