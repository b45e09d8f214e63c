// What every check has to state.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "conformance/index.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

TEST(Checks, StateWhatTheyAreAbout) {
    std::set<std::string_view> ids;
    for (const auto* check : all_checks()) {
        SCOPED_TRACE(check->id);
        EXPECT_TRUE(ids.insert(check->id).second) << "twice";
        EXPECT_FALSE(check->sources().empty());
        EXPECT_TRUE(check->requirement.ends_with('.'));
        EXPECT_FALSE(check->saboteur.empty()) << "a check that cannot fail is not a check";
        EXPECT_NE(check->run, nullptr);
        for (const auto row : check->rows) {
            EXPECT_TRUE(row >= 1 && row <= last_row) << row;
        }
    }
}

TEST(Checks, IdsBeginWithTheirFilesPath) {
    for (const auto* check : all_checks()) {
        auto path = std::string(check->id.substr(0, check->id.rfind('/')));
        std::ranges::replace(path, '-', '_');
        EXPECT_TRUE(std::filesystem::exists("conformance/" + path + ".cpp"))
            << check->id << ": no file conformance/" << path << ".cpp";
    }
}

}  // namespace
}  // namespace meshproof::conformance
