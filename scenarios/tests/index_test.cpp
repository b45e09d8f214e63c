#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "scenarios/index.hpp"

namespace meshproof::scenarios {
namespace {

// ctest runs us in the source folder.
std::set<std::string> ids_of_files() {
    std::set<std::string> ids;
    for (const auto& theme : std::filesystem::directory_iterator("scenarios")) {
        const auto name = theme.path().filename();
        if (!theme.is_directory() || name == "tests" || name == "explore") {
            continue;
        }
        for (const auto& file : std::filesystem::directory_iterator(theme.path())) {
            if (file.path().extension() == ".cpp") {
                auto id = name.string() + "/" + file.path().stem().string();
                std::ranges::replace(id, '_', '-');
                ids.insert(std::move(id));
            }
        }
    }
    return ids;
}

TEST(Index, HoldsEveryFileUnderTheIdThatIsItsPath) {
    std::set<std::string> ids;
    for (const auto* scenario : all_scenarios()) {
        EXPECT_TRUE(ids.emplace(scenario->id).second) << scenario->id << " is there twice";
    }
    // The symbol is the path as well: the generated index would not link otherwise.
    EXPECT_EQ(ids, ids_of_files());
}

TEST(Index, IsSortedById) {
    EXPECT_TRUE(std::ranges::is_sorted(all_scenarios(), {}, &run::Scenario::id));
}

TEST(Index, EveryScenarioSaysWhatItProvesAndWhere) {
    for (const auto* scenario : all_scenarios()) {
        EXPECT_TRUE(scenario->sentence.ends_with('.')) << scenario->id;
        EXPECT_FALSE(scenario->source.empty()) << scenario->id;
        EXPECT_NE(scenario->run, nullptr) << scenario->id;
    }
}

}  // namespace
}  // namespace meshproof::scenarios
