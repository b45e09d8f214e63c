// What may only get better: functions of over 70 lines (cli/tests/long_functions.txt lists those
// that are left, and may only shrink), and declarations that nobody uses.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "cli/tests/sources.hpp"

namespace meshproof {
namespace {

constexpr std::size_t longest = 70;
constexpr const char* list_path = "cli/tests/long_functions.txt";

struct Function {
    std::string name;  ///< as in the list: "fakes/vault/token/create.cpp create_token"
    std::size_t lines = 0;
};

bool begins_a_definition(const std::string& line) {
    static const std::regex other(
        "^(namespace|struct|class|enum|union|using|extern|template|typedef|static_assert)\\b");
    return !line.empty() && (std::isalpha(static_cast<unsigned char>(line[0])) != 0) &&
           !std::regex_search(line, other);
}

/// A table of data: the body is one `return {`.
bool is_data(const std::vector<std::string>& lines, std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) {
        if (lines[i].ends_with("{")) {
            return i + 1 < end && trim(lines[i + 1]).starts_with("return {");
        }
    }
    return false;
}

/// The function's name: the last word before the first bracket.
std::string name_of(const std::string& line) {
    static const std::regex word("([A-Za-z_0-9:~]+)\\(");
    std::smatch match;
    return std::regex_search(line, match, word) ? match[1].str() : line;
}

std::size_t indent_of(const std::string& line) {
    return line.find_first_not_of(' ');
}

/// The layout is clang-format's, so a definition begins at the start of a line and ends with a
/// bracket there. What stands inside a class is not seen: it is short by custom.
std::vector<Function> functions_of(const std::string& path, const std::vector<std::string>& lines) {
    std::vector<Function> found;
    std::optional<std::size_t> begin;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i] == "}" && begin && !is_data(lines, *begin, i)) {
            found.push_back({path + " " + name_of(lines[*begin]), i - *begin + 1});
        }
        if (begins_a_definition(lines[i])) {
            begin = i;
        } else if (lines[i].starts_with("}")) {
            begin.reset();
        }
    }
    return found;
}

/// The checks' functions: lambdas in the tables of conformance/, each from `.run = [](…) {` to the
/// `}}` that ends its entry. A table is data; what stands in it as code is not.
std::vector<Function> checks_of(const std::string& path, const std::vector<std::string>& lines) {
    std::vector<Function> found;
    std::string name;
    std::optional<std::size_t> begin;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto line = trim(lines[i]);
        if (const auto at = line.find(".name = \""); at != std::string::npos) {
            const auto text = line.substr(at + 9);
            name = text.substr(0, text.find('"'));
        } else if (line.starts_with(".run = [](") && line.ends_with("{")) {
            begin = i;
        } else if (begin && line.starts_with("}}") &&
                   indent_of(lines[i]) == indent_of(lines[*begin])) {
            found.push_back({path + " " + name, i - *begin + 1});
            begin.reset();
        }
    }
    return found;
}

/// "LINES PATH NAME" a line.
std::map<std::string, std::size_t> listed() {
    std::map<std::string, std::size_t> found;
    for (const auto& line : split(read_file(list_path).value(), '\n')) {
        if (!line.empty() && !line.starts_with('#')) {
            const auto blank = line.find(' ');
            found[line.substr(blank + 1)] = std::stoul(line.substr(0, blank));
        }
    }
    return found;
}

TEST(Ratchet, FunctionsAreShort) {
    auto allowed = listed();
    std::size_t seen = 0;
    for (const auto& [path, lines] : sources()) {
        auto functions = functions_of(path, lines);
        const auto checks = checks_of(path, lines);
        functions.insert(functions.end(), checks.begin(), checks.end());
        for (const auto& function : functions) {
            ++seen;
            const auto known = allowed.find(function.name);
            if (function.lines <= longest) {
                continue;
            }
            if (known == allowed.end()) {
                ADD_FAILURE() << function.name << " has " << function.lines << " lines, over "
                              << longest << ": divide it";
            } else {
                EXPECT_EQ(function.lines, known->second)
                    << function.name << ": "
                    << (function.lines > known->second ? "it grew: divide it"
                                                       : "it shrank: put its lines into ")
                    << list_path;
                allowed.erase(known);
            }
        }
    }
    for (const auto& [name, lines] : allowed) {
        ADD_FAILURE() << name << " is not over " << longest << " lines any more: take it out of "
                      << list_path;
    }
    EXPECT_GT(seen, 3000U);
}

TEST(Ratchet, SeesALongFunction) {
    std::vector<std::string> lines = {"Task<void> long_one(int a,", "                    int b) {"};
    lines.resize(80, "    a += b;");
    lines.emplace_back("}");
    const auto found = functions_of("x.cpp", lines);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "x.cpp long_one");
    EXPECT_EQ(found[0].lines, 81U);
    lines[2] = "    return {";
    EXPECT_TRUE(functions_of("x.cpp", lines).empty());
}

TEST(Ratchet, SeesALongCheckInItsTable) {
    std::vector<std::string> lines = {"std::vector<Check> some_topic() {", "    return {",
                                      "        {.name = \"takes-long\",",
                                      "         .run = [](Probe& probe) -> Task<void> {"};
    lines.resize(84, "             probe.expect(true, \"{}\", Json{{}});");
    lines.insert(lines.end(), {"         }},", "    };", "}"});
    EXPECT_TRUE(functions_of("x.cpp", lines).empty());
    const auto found = checks_of("x.cpp", lines);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "x.cpp takes-long");
    EXPECT_EQ(found[0].lines, 82U);
}

/// Lines of a fake's rules that know of saboteurs, beside the tables of them.
bool sabotages(const std::string& path, const std::string& line) {
    const bool rule = path.starts_with("fakes/") && path.ends_with(".cpp") &&
                      !path.ends_with("/saboteurs.cpp") &&
                      path.find("/tests/") == std::string::npos;
    const bool knows =
        line.find("saboteur") != std::string::npos || line.find("defect") != std::string::npos;
    return rule && knows;
}

TEST(Ratchet, AFakesRulesReadAsTheServers) {
    constexpr std::size_t most = 15;  // may only shrink
    std::vector<std::string> found;
    for (const auto& [path, lines] : sources()) {
        for (const auto& line : lines) {
            if (sabotages(path, line)) {
                found.push_back(path + ": " + std::string(trim(line)));
            }
        }
    }
    EXPECT_LE(found.size(), most) << join(found, "\n");
    EXPECT_GT(found.size(), 5U);
    EXPECT_FALSE(sabotages("fakes/vault/pki/ground/saboteurs.cpp", "saboteurs->on(name)"));
}

/// Each declaration on one line, without comments: what does not end with its line goes on.
std::vector<std::string> joined(const std::vector<std::string>& lines) {
    std::vector<std::string> whole;
    bool goes_on = false;
    for (const auto& line : lines) {
        const auto code = line.substr(0, line.find("//"));
        const auto text = std::string(trim(code));
        if (goes_on) {
            whole.back() += " " + text;
        } else {
            whole.push_back(code.substr(0, code.find_last_not_of(' ') + 1));
        }
        goes_on = !text.empty() && !text.starts_with('#') &&
                  std::string_view(";{}:").find(text.back()) == std::string_view::npos;
    }
    return whole;
}

/// The functions that a header declares at the start of a line or in a class: what stands before a
/// bracket on a line that ends a declaration.
std::vector<std::string> declared_in(const std::vector<std::string>& lines) {
    static const std::regex declaration(
        "^(    )?(\\[\\[nodiscard\\]\\] )?[A-Za-z][\\w:<>,&* ]* [&*]?"
        "([a-z_0-9]+)\\([^{]*\\)( const)?( noexcept)?;");
    std::vector<std::string> names;
    constexpr std::size_t longest_declaration = 1000;  // what is longer is a table or a text
    for (const auto& line : joined(lines)) {
        std::smatch match;
        if (line.size() < longest_declaration && line.find('(') != std::string::npos &&
            std::regex_search(line, match, declaration) &&
            line.find("return ") == std::string::npos) {
            names.push_back(match[3]);
        }
    }
    return names;
}

/// Seams that only tests use.
const std::set<std::string> for_tests = {"crash",    "delete_issuer", "not_passed", "read_vectors",
                                         "run_real", "sabotaged",     "set_plan",   "sites_below"};

/// Defined in a file that CMake writes.
const std::set<std::string> made_by_cmake = {"built_commit"};

TEST(Ratchet, NoDeclarationIsDead) {
    const auto all = sources();
    // How often each word stands outside the tests: a function that is only declared and defined
    // stands twice.
    const std::vector<std::string> none;
    std::map<std::string, std::size_t> words;
    for (const auto& [path, lines] : all) {
        for (const auto& line : path.find("/tests/") == std::string::npos ? lines : none) {
            const auto code = line.substr(0, line.find("//"));
            std::string word;
            for (const char c : code + " ") {
                if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
                    word += c;
                } else if (!word.empty()) {
                    ++words[word];
                    word.clear();
                }
            }
        }
    }
    std::size_t seen = 0;
    for (const auto& [path, lines] : all) {
        if (!path.ends_with(".hpp") || path.find("/tests/") != std::string::npos) {
            continue;
        }
        for (const auto& name : declared_in(lines)) {
            ++seen;
            EXPECT_TRUE(words[name] > 2 || for_tests.contains(name) || made_by_cmake.contains(name))
                << path << ": nobody calls " << name;
        }
    }
    EXPECT_GT(seen, 500U);
    EXPECT_EQ(declared_in({"[[nodiscard]] Task<Result<Login>> renew_token(Secret token);"}),
              std::vector<std::string>{"renew_token"});
    EXPECT_EQ(declared_in({"class Client {", "    /// Again.", "    [[nodiscard]] Task<Login>",
                           "    renew_token(Secret token,  // the old one",
                           "                int times) const;"}),
              std::vector<std::string>{"renew_token"});
}

}  // namespace
}  // namespace meshproof
