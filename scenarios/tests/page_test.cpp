// docs/page.md has no hole that is not explained, and names nothing that is not there.
#include "scenarios/page.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "scenarios/index.hpp"

namespace meshproof::scenarios {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// "Suite.Name" of every test in core; ctest runs us in the source folder.
std::set<std::string> tests_of_core() {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator("core")) {
        if (entry.path().extension() != ".cpp" ||
            entry.path().parent_path().filename() != "tests") {
            continue;
        }
        const auto text = text_of(entry.path());
        for (const std::string_view macro : {"\nTEST(", "\nTEST_F(", "\nTEST_P("}) {
            for (auto at = text.find(macro); at != std::string::npos; at = text.find(macro, at)) {
                at += macro.size();
                auto name = text.substr(at, text.find(')', at) - at);
                if (const auto comma = name.find(", "); comma != std::string::npos) {
                    names.insert(name.replace(comma, 2, "."));
                }
            }
        }
    }
    return names;
}

TEST(Page, IsNumberedInOrder) {
    int number = 0;
    for (const auto& sentence : page_sentences()) {
        EXPECT_EQ(sentence.number, ++number);
        EXPECT_NE(sentence.place, "") << number;
        EXPECT_NE(sentence.says, "") << number;
    }
}

TEST(Page, EverySentenceIsProvenOrItsHoleIsExplained) {
    std::set<int> proven;
    for (const auto* scenario : all_scenarios()) {
        for (const int number : sentences_of(scenario->source)) {
            EXPECT_TRUE(number >= 1 && number <= std::ssize(page_sentences()))
                << scenario->id << " names §" << number;
            EXPECT_TRUE(scenario->source.find("integration page") != std::string_view::npos)
                << scenario->id << " does not say of what §" << number << " is";
            proven.insert(number);
        }
    }
    for (const auto& sentence : page_sentences()) {
        EXPECT_TRUE(proven.contains(sentence.number) || !sentence.also.empty() ||
                    !sentence.hole.empty())
            << "§" << sentence.number << " \"" << sentence.says
            << "\" is proven by nothing, and nothing says why";
    }
    EXPECT_EQ(page_coverage().find("**unexplained**"), std::string::npos);
}

TEST(Page, EveryScenarioOfThePageSaysOfWhichSentence) {
    for (const auto* scenario : all_scenarios()) {
        EXPECT_TRUE(scenario->source.find("integration page") == std::string_view::npos ||
                    !sentences_of(scenario->source).empty())
            << scenario->id << ": name the sentences of scenarios/page.cpp as §NUMBER";
    }
}

TEST(Page, NamesOnlyProofsThatThereAre) {
    const auto tests = tests_of_core();
    EXPECT_GT(tests.size(), 100U);
    for (const auto& sentence : page_sentences()) {
        std::istringstream proofs{std::string(sentence.also)};
        for (std::string proof; proofs >> proof;) {
            const bool there =
                proof.find('/') == std::string::npos ? tests.contains(proof) : fs::exists(proof);
            EXPECT_TRUE(there) << "§" << sentence.number << " names " << proof;
        }
    }
}

TEST(Page, NumbersAreReadFromASource) {
    EXPECT_EQ(sentences_of("integration page §3 §12-14 (x); RFC 5280 4.1"),
              (std::vector<int>{3, 12, 13, 14}));
    EXPECT_TRUE(sentences_of("wire contract 148").empty());
}

}  // namespace
}  // namespace meshproof::scenarios
