#include "fakes/kube/store.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <set>

#include "core/time/sim_clock.hpp"
#include "fakes/kube/controllers/controllers.hpp"

namespace meshproof::fakes::kube {
namespace {

class StoreTest : public testing::Test {
  protected:
    static Json map(const std::string& name, const Json& owners = Json::array(),
                    const std::string& text = "v") {
        return {
            {"metadata", {{"name", name}, {"namespace", "default"}, {"ownerReferences", owners}}},
            {"data", {{"k", text}}}};
    }
    static Json owner(const std::string& uid) { return {{"uid", uid}, {"name", "o"}}; }
    static std::string names(const std::vector<Object>& objects) {
        std::string out;
        for (const auto& object : objects) {
            out += meta(*object, "name") + " ";
        }
        return out;
    }
    std::unique_ptr<Store> store_of(std::size_t history = 1U << 20) const {
        return std::make_unique<Store>(Prng(1), clock, history);
    }

    boost::asio::io_context context;
    SimClock clock{context, from_unix_seconds(1'800'000'000)};
    std::unique_ptr<Store> store = store_of();
};

TEST_F(StoreTest, ACopyGoesOnByItselfUntilItIsAdopted) {
    store->add(type::config_maps, map("a"));
    const auto copy = store->copy(clock);
    copy->add(type::config_maps, map("b"));
    copy->remove(type::config_maps, "default", "a");
    EXPECT_EQ(names(store->list(type::config_maps)), "a ");
    EXPECT_EQ(names(copy->list(type::config_maps)), "b ");
    store->adopt(std::move(*copy));
    EXPECT_EQ(names(store->list(type::config_maps)), "b ");
    EXPECT_EQ(store->events().size(), 3U);

    // As if all had been done here, ids too.
    const auto other = store_of();
    other->add(type::config_maps, map("a"));
    other->add(type::config_maps, map("b"));
    other->remove(type::config_maps, "default", "a");
    EXPECT_EQ(*store->find(type::config_maps, "default", "b"),
              *other->find(type::config_maps, "default", "b"));
    EXPECT_EQ(store->version(), other->version());
    EXPECT_EQ(store->weight(), other->weight());
    EXPECT_EQ(store->uuid(), other->uuid());
}

// What was drawn in a copy, and here since it was made, is not drawn again.
TEST_F(StoreTest, NothingIsDrawnTwice) {
    std::set<std::string> drawn;
    for (const bool here : {false, true, false, true}) {
        const auto copy = store->copy(clock);
        const auto first = here ? store->uuid() : copy->uuid();
        EXPECT_TRUE(drawn.insert(first).second);
        if (here) {
            (void)copy->uuid();  // the same, which is an id of something else
        }
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(drawn.insert(copy->uuid()).second);
        }
        store->take_chance(*copy);
        EXPECT_TRUE(drawn.insert(store->uuid()).second);
    }
}

TEST_F(StoreTest, ItWeighsWhatItHolds) {
    EXPECT_EQ(store->weight(), 0U);
    store->add(type::config_maps, map("a", Json::array(), std::string(1'000, 'x')));
    store->add(type::secrets, map("s"));
    const auto one = store->weight(type::config_maps, "default", "a");
    EXPECT_EQ(one, weight_of(*store->find(type::config_maps, "default", "a")));
    EXPECT_GT(one, 1'000U);
    EXPECT_EQ(store->weight(type::config_maps), one);
    EXPECT_EQ(store->weight(type::config_maps, "default", "b"), 0U);
    Json shorter = *store->find(type::config_maps, "default", "a");
    shorter["data"]["k"] = "v";
    store->replace(type::config_maps, shorter);
    EXPECT_LT(store->weight(type::config_maps), one - 900);
    EXPECT_EQ(store->weight(), store->weight(type::config_maps) + store->weight(type::secrets));
    store->remove(type::config_maps, "default", "a");
    store->remove(type::secrets, "default", "s");
    EXPECT_EQ(store->weight(), 0U);
    EXPECT_EQ(store->weight(type::config_maps), 0U);
}

TEST_F(StoreTest, WhatIsOwnedIsFoundByItsOwner) {
    const auto owned = [&](const std::string& uid) {
        return names(store->owned_by(type::config_maps, "default", uid));
    };
    store->add(type::config_maps, map("b", Json::array({owner("1"), owner("2")})));
    store->add(type::config_maps, map("a", Json::array({owner("1")})));
    store->add(type::secrets, map("s", Json::array({owner("1")})));
    EXPECT_EQ(owned("1"), "a b ");
    EXPECT_EQ(owned("2"), "b ");
    EXPECT_EQ(names(store->owned_by(type::config_maps, "elsewhere", "1")), "");
    EXPECT_TRUE(store->owns("2"));
    Json free = *store->find(type::config_maps, "default", "b");
    free["metadata"]["ownerReferences"] = Json::array({owner("3")});
    store->replace(type::config_maps, free);
    store->remove(type::config_maps, "default", "a");
    EXPECT_EQ(owned("1"), "");
    EXPECT_EQ(owned("2"), "");
    EXPECT_FALSE(store->owns("2"));
    EXPECT_EQ(owned("3"), "b ");
    EXPECT_EQ(names(store->owned_by(type::secrets, "default", "1")), "s ");
}

TEST_F(StoreTest, ChangesAreForgottenByTheirWeight) {
    store = store_of(10'000);
    store->add(type::config_maps, map("a"));
    const auto change = [&](char letter, std::size_t size) {
        Json next = *store->find(type::config_maps, "default", "a");
        next["data"]["k"] = std::string(size, letter);
        store->replace(type::config_maps, next);
    };
    for (char letter = 'b'; letter <= 'z'; ++letter) {
        change(letter, 3'000);
    }
    EXPECT_EQ(store->events().size(), 2U);
    EXPECT_EQ(store->oldest_version(), store->version() - 2);
    change('a', 20'000);
    EXPECT_EQ(store->events().size(), 1U) << "somebody waits for the last one";
    EXPECT_EQ(store->oldest_version(), store->version() - 1);
}

// One within another, they ended the process on its stack.
TEST_F(StoreTest, ALongRowOfOwnersGoesWithTheFirst) {
    FakeKubeOptions options;
    options.es256 = true;
    ApiState api(options, clock);
    const auto first = api.store->add(type::config_maps, map("0"));
    auto uid = meta(*first, "uid");
    for (int i = 1; i < 10'000; ++i) {
        const auto next =
            api.store->add(type::config_maps, map(std::to_string(i), Json::array({owner(uid)})));
        uid = meta(*next, "uid");
    }
    (void)delete_object(api, type::config_maps, first, Json::object());
    EXPECT_EQ(names(api.store->list(type::config_maps)), "");
}

// What a set says may be more than there is room for.
TEST(PodsWanted, AreAsManyAsFindRoom) {
    const auto wanted = [](std::int64_t replicas, std::size_t size) {
        const Json pod_template{{"metadata", {{"annotations", {{"a", std::string(size, 'x')}}}}}};
        return pods_wanted({{"spec", {{"replicas", replicas}, {"template", pod_template}}}});
    };
    EXPECT_EQ(wanted(3, 10), 3);
    EXPECT_EQ(wanted(9'999, 10), 9'999);
    EXPECT_EQ(wanted(2'000'000'000, 10), 10'000);
    EXPECT_EQ(wanted(2'000'000'000, 1U << 20), 255);
}

}  // namespace
}  // namespace meshproof::fakes::kube
