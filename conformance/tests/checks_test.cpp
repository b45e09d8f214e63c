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
        EXPECT_NE(check->run, nullptr);
        for (const auto row : check->rows) {
            EXPECT_TRUE(row >= 1 && row <= last_row) << row;
        }
    }
}

TEST(Checks, KnowHowManyRowsTheWireContractHas) {
    int rows = 0;
    for (const auto& line : split(read_file("docs/wire-contract.md").value(), '\n')) {
        const auto digits = line.find_first_not_of("0123456789");
        if (digits != std::string::npos && digits > 0 && line[digits] == '.') {
            ++rows;
            EXPECT_EQ(line.substr(0, digits), std::to_string(rows)) << "rows are numbered in order";
        }
    }
    EXPECT_EQ(rows, last_row) << "conformance/index.hpp";
}

TEST(Checks, IdsBeginWithTheirFilesPath) {
    for (const auto* check : all_checks()) {
        auto path = std::string(check->id.substr(0, check->id.rfind('/')));
        std::ranges::replace(path, '-', '_');
        EXPECT_TRUE(std::filesystem::exists("conformance/" + path + ".cpp"))
            << check->id << ": no file conformance/" << path << ".cpp";
    }
}

TEST(Checks, AreNamedWithinTheirTopic) {
    for (const auto* check : all_checks()) {
        EXPECT_FALSE(check->name.empty()) << check->id;
        EXPECT_TRUE(std::ranges::all_of(check->name, [](char c) {
            return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        })) << check->id;
        EXPECT_TRUE(check->id.ends_with(fmt::format("/{}", check->name))) << check->id;
    }
}

}  // namespace
}  // namespace meshproof::conformance
