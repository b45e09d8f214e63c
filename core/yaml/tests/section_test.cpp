#include "core/yaml/section.hpp"

#include <gtest/gtest.h>

#include "core/base/tests/temporary_folder.hpp"
#include "core/yaml/json.hpp"

namespace meshproof {
namespace {

using namespace std::chrono_literals;

YamlSection parsed(std::string_view yaml) {
    return require(YamlSection::parse(yaml, {.path = "f", .what = "gate"}));
}

/// What is said of a document when it is read so; "" where nothing is wrong.
template <class Read>
std::string said(std::string_view yaml, Read read) {
    auto section = parsed(yaml);
    read(section);
    return section.problem() ? section.problem()->message : "";
}

enum class Colour { red, green };
const Words<Colour> colours{{"red", Colour::red}, {"green", Colour::green}};

TEST(YamlSection, GivesAMemberAsJson) {
    auto root = parsed(R"(
all: {text: a b, quoted: "7", yes: yes, whole: -7, share: 0.5, on: true, none: ~, list: [1, {a: b}]}
block: |
  line
infinite: inf
twice: {a: 1, a: 2}
)");
    EXPECT_EQ(root.json("all")->dump(),
              R"({"list":[1,{"a":"b"}],"none":null,"on":true,"quoted":"7","share":0.5,)"
              R"("text":"a b","whole":-7,"yes":"yes"})");
    EXPECT_EQ(root.json("block"), "line\n");
    EXPECT_EQ(root.json("infinite"), "inf");
    EXPECT_FALSE(root.json("absent"));
    EXPECT_FALSE(root.problem());
    EXPECT_FALSE(root.json("twice"));
    EXPECT_EQ(root.problem()->message, "f:6: twice: a is given twice");
    auto endless = parsed("a: &x [*x]");
    EXPECT_FALSE(endless.json("a"));
    EXPECT_EQ(endless.problem()->message, "f:1: a: it nests deeper than 100 levels");
}

TEST(YamlSection, GivesAllDocumentsAsJson) {
    const auto read = require(json_documents("a: 1\n---\n---\nb: [2]\n", "f"));
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].value.dump() + read[1].value.dump(), R"({"a":1}{"b":[2]})");
    EXPECT_EQ(read[1].line, 4);
    EXPECT_TRUE(json_documents("", "f")->empty());
    EXPECT_TRUE(json_documents("a: [", "f").error().message.starts_with("f:"));
}

TEST(YamlSection, ReadsMembersByTheirTypes) {
    auto root = parsed(R"(
name: gate one
strict: yes
least: 3
share: 0.25
within: 1h30m
steps: [1s, 2s]
colour: green
ids: [a/b, c]
id: a/b
inner: {x: y}
list: [{x: 1}, {x: 2}]
nothing:
empty: ''
)");
    EXPECT_EQ(root.text("name"), "gate one");
    EXPECT_EQ(root.flag("strict"), true);
    EXPECT_EQ(root.integer("least", 0, 3), 3);
    EXPECT_EQ(root.number("share", 0, 1), 0.25);
    EXPECT_EQ(root.duration("within"), Duration(90min));
    EXPECT_EQ(root.durations("steps"), (std::vector<Duration>{1s, 2s}));
    EXPECT_EQ(root.word("colour", colours), Colour::green);
    EXPECT_EQ(root.texts("ids"), (std::vector<std::string>{"a/b", "c"}));
    EXPECT_EQ(root.texts("id"), std::vector<std::string>{"a/b"});
    EXPECT_EQ(root.inner("inner")->text("x"), "y");
    const auto list = root.sections("list");
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[1].place_of("x"), "list[1].x");
    EXPECT_EQ(root.text_or_empty("empty"), "");
    EXPECT_TRUE(root.is_text("empty"));
    EXPECT_FALSE(root.is_text("ids"));
    EXPECT_FALSE(root.has("nothing")) << "what is left empty is absent";
    EXPECT_EQ(root.inner("inner")->names(), std::vector<std::string>{"x"});
    EXPECT_FALSE(root.problem());
    EXPECT_TRUE(root.result());
}

TEST(YamlSection, WhatIsAbsentIsNothing) {
    auto root = parsed("{}");
    EXPECT_FALSE(root.text("x") || root.flag("x") || root.integer("x", 0, 1) ||
                 root.number("x", 0, 1) || root.duration("x") || root.word("x", colours) ||
                 root.path("x") || root.file("x") || root.inner("x"));
    EXPECT_TRUE(root.text_or_empty("x").empty() && root.texts("x").empty() &&
                root.durations("x").empty() && root.sections("x").empty());
    EXPECT_FALSE(root.problem());
}

TEST(YamlSection, SaysWhereAndWhatWasExpected) {
    const auto text = [](YamlSection& s) { (void)s.text("a"); };
    EXPECT_EQ(said("x: y\na: [b]", text), "f:2: a: expected a string, got a list");
    EXPECT_EQ(said("a: ' '", text), "f:1: a: expected a string, got an empty one");
    EXPECT_EQ(said("a: \"b\\_\"", text), "f:1: a: expected UTF-8");
    const auto texts = [](YamlSection& s) { (void)s.texts("a"); };
    EXPECT_EQ(said("a: [b, '']", texts), "f:1: a: expected a string or a list of them");
    EXPECT_EQ(said("a: {b: c}", texts), "f:1: a: expected a string or a list of them");
    EXPECT_EQ(said("a: maybe", [](YamlSection& s) { (void)s.flag("a"); }),
              "f:1: a: expected true or false");
    const auto integer = [](YamlSection& s) { (void)s.integer("a", 1, 9); };
    for (const auto* wrong :
         {"a: 0", "a: 10", "a: 1.5", "a: b", "a: [1]", "a: 99999999999999999999"}) {
        EXPECT_EQ(said(wrong, integer), "f:1: a: expected a whole number from 1 to 9") << wrong;
    }
    const auto number = [](YamlSection& s) { (void)s.number("a", 0, 1); };
    for (const auto* wrong : {"a: -0.1", "a: 1.1", "a: nan", "a: b"}) {
        EXPECT_EQ(said(wrong, number), "f:1: a: expected a number from 0 to 1") << wrong;
    }
    EXPECT_EQ(said("a: -1s", [](YamlSection& s) { (void)s.duration("a"); }),
              "f:1: a: expected a time like 200ms, 5s or 1h30m, got -1s");
    EXPECT_EQ(said("a: 200", [](YamlSection& s) { (void)s.duration("a"); }),
              "f:1: a: expected a time like 200ms, 5s or 1h30m, got 200");
    EXPECT_EQ(said("a: 2s", [](YamlSection& s) { (void)s.duration("a", {.longest = 1s}); }),
              "f:1: a: expected a time like 200ms, 5s or 1h30m, got 2s");
    EXPECT_EQ(said("a:\n- 1s\n- soon", [](YamlSection& s) { (void)s.durations("a"); }),
              "f:3: a: expected a time like 200ms, 5s or 1h30m, got soon");
    EXPECT_EQ(said("a: gren", [](YamlSection& s) { (void)s.word("a", colours); }),
              "f:1: a: unknown: did you mean green?");
    EXPECT_EQ(said("a: mauve-ish", [](YamlSection& s) { (void)s.word("a", colours); }),
              "f:1: a: unknown: known are red, green");
    EXPECT_EQ(said("a: b", [](YamlSection& s) { (void)s.inner("a"); }),
              "f:1: a: expected a map, got a word");
    EXPECT_EQ(said("a: b", [](YamlSection& s) { (void)s.sections("a"); }),
              "f:1: a: expected a list");
    EXPECT_EQ(said("a:\n- {b: c}\n- d",
                   [](YamlSection& s) {
                       for (auto& entry : s.sections("a")) {
                           entry.only({"b"});
                           (void)entry.text("b");
                       }
                   }),
              "f:3: a[1]: expected a map, got a word");
    EXPECT_EQ(
        said("a:\n  b: {}", [](YamlSection& s) { s.inner("a")->inner("b")->needs("c", "d"); }),
        "f:2: a.b.c: missing: expected d");
}

TEST(YamlSection, RefusesWhatItDoesNotKnow) {
    const auto only = [](YamlSection& s) { s.only({"alpha", "beta"}); };
    EXPECT_EQ(said("alpha: 1\nbeta: 2", only), "");
    EXPECT_EQ(said("alpha: 1\nbtea: 2", only), "f:2: btea: unknown field: did you mean beta?");
    EXPECT_EQ(said("zzzzzz: 1", only), "f:1: zzzzzz: unknown field: known are alpha, beta");
    EXPECT_EQ(said("alpha: 1\nalpha: 2", only), "f:2: alpha: given twice");
    EXPECT_EQ(said("[a]: 1", only), "f:1: gate: expected names as keys");
    EXPECT_EQ(said("\"a\\nb\": 1", only), "f:1: a b: unknown field: known are alpha, beta");
}

TEST(YamlSection, KeepsTheFirstProblemOfTheDocument) {
    auto root = parsed("a: {b: 1}\nc: d");
    auto inner = *root.inner("a");
    auto apart = inner.apart("g");
    inner.refuse("b", "the {}", "first");
    root.refuse("c", "the second");
    EXPECT_EQ(root.problem()->message, "f:1: a.b: the first");
    EXPECT_FALSE(root.result());
    EXPECT_EQ(checked(1, root).error().kind, FailureKind::invalid);
    EXPECT_FALSE(apart.problem());
    apart.refuse("b", "another's");
    EXPECT_EQ(apart.problem()->message, "g:1: a.b: another's");
    auto nameless = inner.apart("");
    nameless.refuse("b", "nobody's");
    EXPECT_EQ(nameless.problem()->message, "a.b: nobody's");
}

TEST(YamlSection, WhatIsNotWrittenHasNoLine) {
    auto root = parsed("a: b");
    auto section = root.unwritten("list[0]");
    section.needs("x", "a word");
    EXPECT_EQ(root.problem()->message, "f: list[0].x: missing: expected a word");
}

TEST(YamlSection, DocumentsAreMaps) {
    const auto refused = [](std::string_view yaml, YamlSource source) {
        const auto root = YamlSection::parse(yaml, std::move(source));
        return root ? "" : root.error().message;
    };
    EXPECT_TRUE(refused("a: [", {.path = "f"}).starts_with("f:1: not YAML: "));
    EXPECT_EQ(refused("", {.path = "f"}), "f:1: expected a map");
    EXPECT_EQ(refused("\n- a", {.path = "f", .no_map = "expected a gate"}), "f:2: expected a gate");
    EXPECT_EQ(refused("- a", {.path = "f", .lines = false}), "f: expected a map");
    EXPECT_EQ(refused("# nothing", {.path = "f", .may_be_empty = true}), "");
    EXPECT_EQ(refused("- a", {.path = "f", .may_be_empty = true}), "f:1: expected a map");
}

TEST(YamlSection, FilesAreFoundFromTheDocumentsFolder) {
    const TemporaryFolder folder;
    folder.write("token", "t\n");
    const auto place = folder.path() + "/targets/f.yaml";  // a folder that need not be there
    auto root =
        require(YamlSection::parse("a: ../token\nb: /absolute\nc: gone\nd: ''", {.path = place}));
    EXPECT_EQ(root.path("a"), folder.path() + "/token");
    EXPECT_EQ(root.path("b"), "/absolute");
    EXPECT_EQ(root.file("a"), "t\n");
    EXPECT_FALSE(root.problem());
    EXPECT_FALSE(root.file("c"));
    EXPECT_EQ(root.problem()->message, place + ":3: c: cannot read " + folder.path() +
                                           "/targets/gone: No such file or directory");
    auto other = require(YamlSection::parse("a: gone", {.path = place, .folder = "."}));
    EXPECT_EQ(other.path("a"), "./gone");
}

TEST(YamlSection, TellsEverythingThatIsWrongOnceEach) {
    auto root = parsed("a: 1\nb: [x]\nc: {d: 1}\n");
    EXPECT_FALSE(root.problems());
    root.refuse("a", "the first");
    root.refuse("a", "what follows from it");
    root.refuse("c", "the whole");
    root.inner("c")->refuse("d", "a part of it");
    root.refuse("b", "another\nline");
    EXPECT_EQ(root.problem()->message, "f:1: a: the first");
    EXPECT_EQ(root.problems()->message,
              "f:1: a: the first\nf:3: c: the whole\nf:2: b: another line");
    EXPECT_EQ(checked_whole(1, root).error().message, root.problems()->message);
}

TEST(YamlSection, CountsWhatItDoesNotTell) {
    auto root = parsed("a: 1\n");
    for (int i = 0; i < 25; ++i) {
        root.refuse(fmt::format("m{}", i), "wrong");
    }
    const auto told = root.problems()->message;
    EXPECT_TRUE(told.ends_with("f:1: m19: wrong\nand 5 more")) << told;
}

}  // namespace
}  // namespace meshproof
