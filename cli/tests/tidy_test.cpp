// The house's rules that a program can check (docs/style.md): a rule that is not tested is a wish.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "cli/tests/sources.hpp"
#include "scenarios/index.hpp"

namespace meshproof {
namespace {

bool is_test(const std::string& path) {
    return path.find("/tests/") != std::string::npos;
}

/// What a folder's files may include, besides their own folder. Tests and cli join them all.
const std::map<std::string, std::vector<std::string>> may_include = {
    {"core/base", {}},
    {"core/time", {"core/base"}},
    {"core/html", {"core/base", "core/time"}},
    {"core/yaml", {"core/base", "core/time"}},
    {"core/stats", {"core/base", "core/time"}},
    {"core/crypto", {"core/base", "core/time"}},
    {"core/spiffe", {"core/base", "core/time", "core/crypto"}},
    {"core/http", {"core/base", "core/time", "core/crypto"}},
    {"core/vault", {"core/base", "core/time", "core/crypto", "core/http"}},
    {"core/kube", {"core/base", "core/time", "core/yaml", "core/crypto", "core/http"}},
    {"core/mesh",
     {"core/base", "core/time", "core/crypto", "core/spiffe", "core/http", "core/vault",
      "core/kube"}},
    {"core/run",
     {"core/base", "core/time", "core/yaml", "core/crypto", "core/http", "core/vault",
      "core/kube"}},
    {"core/world",
     {"core/base", "core/time", "core/crypto", "core/spiffe", "core/http", "core/vault",
      "core/kube", "core/mesh", "core/run"}},
    {"core/check",
     {"core/base", "core/time", "core/crypto", "core/http", "core/vault", "core/kube", "core/run"}},
    {"fakes", {"core"}},
    {"reports", {"core/base", "core/time", "core/html", "core/run", "core/stats"}},
    {"reports/gate", {"core/base", "core/time", "core/html", "core/yaml", "core/run", "core/stats", "reports"}},
    {"scenarios", {"core"}},
    {"conformance", {"core"}},
    {"conformance/mutation",
     {"core/base", "core/time", "core/crypto", "core/http", "core/run", "core/check"}},
    {"conformance/preflight", {"core"}},
    {"conformance/twin", {"core"}},
    {"perf", {"core"}},
    {"perf/load",
     {"core/base", "core/time", "core/crypto", "core/spiffe", "core/http", "core/vault",
      "core/kube", "core/mesh", "core/run", "core/stats"}},
    {"cli", {"core", "fakes", "scenarios", "conformance", "perf", "reports"}},
};

/// The folder of the table that the path lies in.
std::string layer_of(const std::string& path) {
    std::string best;
    for (const auto& [layer, allowed] : may_include) {
        if (path.starts_with(layer + "/") && layer.size() > best.size()) {
            best = layer;
        }
    }
    return best;
}

/// Every include that leaves its layer downwards only: the offence, or "".
std::string layering_offence(const std::string& path, const std::string& included) {
    const auto from = layer_of(path);
    const auto to = layer_of(included);
    if (to.empty() || from == to || is_test(path)) {
        return {};
    }
    for (const auto& allowed : may_include.at(from)) {
        if (included.starts_with(allowed + "/")) {
            return {};
        }
    }
    return path + " includes " + included;
}

/// The rooms inside fakes, and what each may include of fakes besides itself. Files directly in
/// fakes/ are everybody's; fakes/vault/options.hpp is a room, since the face's options are below
/// the server.
const std::map<std::string, std::vector<std::string>> rooms_of_fakes = {
    {"fakes/sim", {}},
    // An object that is deleted asks its controllers, and they change objects: one room in two
    // folders.
    {"fakes/kube", {"fakes/kube/controllers"}},
    {"fakes/kube/controllers", {"fakes/kube"}},
    {"fakes/vault/logical", {}},
    {"fakes/vault/options.hpp", {"fakes/vault/logical"}},
    {"fakes/vault/server", {"fakes/vault/logical", "fakes/vault/options.hpp"}},
    {"fakes/vault/identity", {"fakes/vault/logical", "fakes/vault/server"}},
    {"fakes/vault/token", {"fakes/vault/logical", "fakes/vault/server"}},
    {"fakes/vault/kubernetes_auth", {"fakes/vault/logical", "fakes/vault/server"}},
    {"fakes/vault/approle", {"fakes/vault/logical", "fakes/vault/server"}},
    {"fakes/vault/sys",
     {"fakes/vault/logical", "fakes/vault/options.hpp", "fakes/vault/server", "fakes/vault/token"}},
    {"fakes/vault/pki/ground", {"fakes/vault/logical"}},
    {"fakes/vault/pki/sign", {"fakes/vault/logical", "fakes/vault/pki/ground"}},
    {"fakes/vault/pki/ca",
     {"fakes/vault/logical", "fakes/vault/pki/ground", "fakes/vault/pki/sign"}},
    {"fakes/vault/pki/revoke",
     {"fakes/vault/logical", "fakes/vault/pki/ground", "fakes/vault/pki/ca"}},
    {"fakes/vault/pki", {"fakes/vault/logical", "fakes/vault/pki"}},
    {"fakes/vault", {"fakes/vault"}},
    {"fakes/chaos", {}},
    {"fakes/world", {"fakes/sim", "fakes/kube", "fakes/vault", "fakes/chaos"}},
    {"fakes/setup", {"fakes/world"}},
    {"fakes/control", {"fakes/chaos", "fakes/world"}},
};

/// The room of the table that the path lies in, or is; "" = none.
std::string room_of(const std::string& path) {
    std::string best;
    for (const auto& [room, allowed] : rooms_of_fakes) {
        if ((path == room || path.starts_with(room + "/")) && room.size() > best.size()) {
            best = room;
        }
    }
    return best;
}

/// Every include that leaves its room downwards only: the offence, or "".
std::string room_offence(const std::string& path, const std::string& included) {
    const auto from = room_of(path);
    const auto to = room_of(included);
    if (from.empty() || to.empty() || from == to || is_test(path)) {
        return {};
    }
    const bool allowed = std::ranges::any_of(rooms_of_fakes.at(from), [&](const auto& room) {
        return to == room || to.starts_with(room + "/");
    });
    return allowed ? std::string() : path + " includes " + included;
}

/// A fake's face is above all that it is made of: the offence, or "".
std::string face_offence(const std::string& path, const std::string& included) {
    for (const std::string face : {"fakes/kube/fake_kube", "fakes/vault/fake_vault"}) {
        const auto folder = face.substr(0, face.rfind('/') + 1);
        if (included == face + ".hpp" && path.starts_with(folder) && path != face + ".cpp" &&
            !is_test(path)) {
            return path + " includes " + included;
        }
    }
    return {};
}

/// Cheap, before a regular expression: few lines hold any of the words.
bool holds_any(std::string_view line, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(
        words, [line](std::string_view word) { return line.find(word) != std::string_view::npos; });
}

/// Calls with every file and what it includes of ours.
void each_include(
    const std::function<void(const std::string& path, const std::string& included)>& call) {
    const std::regex include("^\\s*#include \"([^\"]+)\"");
    for (const auto& source : sources()) {
        for (const auto& line : source.lines) {
            std::smatch match;
            if (holds_any(line, {"#include"}) && std::regex_search(line, match, include)) {
                call(source.path, match[1]);
            }
        }
    }
}

TEST(Tidy, LayersIncludeDownwardsOnly) {
    std::size_t seen = 0;
    each_include([&](const std::string& path, const std::string& included) {
        ++seen;
        EXPECT_EQ(layering_offence(path, included), "");
        EXPECT_EQ(room_offence(path, included), "");
        EXPECT_EQ(face_offence(path, included), "");
    });
    EXPECT_GT(seen, 100U);
    // The rule itself can fail.
    EXPECT_NE(layering_offence("core/base/text.cpp", "core/time/time.hpp"), "");
    EXPECT_NE(layering_offence("scenarios/flow/a.cpp", "fakes/kube/fake_kube.hpp"), "");
    EXPECT_NE(layering_offence("core/run/survey.cpp", "core/mesh/mesh.hpp"), "");
    EXPECT_NE(layering_offence("conformance/mutation/play.cpp", "conformance/index.hpp"), "");
    EXPECT_NE(room_offence("fakes/vault/server/serve.cpp", "fakes/vault/sys/paths.hpp"), "");
    EXPECT_NE(room_offence("fakes/vault/pki/ground/der.cpp", "fakes/vault/pki/sign/csr.hpp"), "");
    EXPECT_NE(room_offence("fakes/vault/options.hpp", "fakes/vault/fake_vault.hpp"), "");
    EXPECT_NE(room_offence("fakes/sim/a.cpp", "fakes/vault/fake_vault.hpp"), "");
    EXPECT_EQ(room_offence("fakes/vault/catalog.cpp", "fakes/vault/sys/paths.hpp"), "");
    EXPECT_NE(face_offence("fakes/kube/tokens.hpp", "fakes/kube/fake_kube.hpp"), "");
    EXPECT_EQ(face_offence("fakes/kube/fake_kube.cpp", "fakes/kube/fake_kube.hpp"), "");
}

/// Where a folder's headers build on each other, lowest first: each includes only those before it.
/// (A .cpp may look up, as where a handle's functions need the state behind it.)
const std::map<std::string, std::vector<std::string>> header_order = {
    {"core/mesh", {"bell",          "ca_bundle", "account",       "ca_config",
                   "decision",      "schedule",  "backoff",       "observer",
                   "views",         "seams",     "saboteurs",     "options",
                   "mesh",          "following", "trust_store",   "cluster_context",
                   "config_store",  "issuance",  "pod_server",    "pod_status",
                   "agent",         "workloads", "cluster_agent", "cluster",
                   "cluster_state", "sync",      "control_plane", "control_plane_state"}},
};

/// A header that includes one above it, or that has no place in the order: the offence, or "".
std::string order_offence(const std::string& path, const std::string& included) {
    const auto folder = path.substr(0, path.rfind('/'));
    const auto order = header_order.find(folder);
    if (order == header_order.end() || !path.ends_with(".hpp") ||
        !included.starts_with(folder + "/")) {
        return {};
    }
    const auto place = [&](const std::string& header) {
        const auto stem = header.substr(folder.size() + 1, header.size() - folder.size() - 5);
        return std::ranges::find(order->second, stem) - order->second.begin();
    };
    const auto unknown = std::ssize(order->second);
    return place(path) == unknown || place(path) <= place(included) ? path + " includes " + included
                                                                    : std::string();
}

TEST(Tidy, HeadersOfAFolderIncludeDownwardsOnly) {
    std::size_t seen = 0;
    each_include([&](const std::string& path, const std::string& included) {
        seen += header_order.contains(fs::path(path).parent_path().string()) ? 1 : 0;
        EXPECT_EQ(order_offence(path, included), "");
    });
    EXPECT_GT(seen, 50U);
    EXPECT_NE(order_offence("core/mesh/mesh.hpp", "core/mesh/control_plane.hpp"), "");
    EXPECT_NE(order_offence("core/mesh/unheard_of.hpp", "core/mesh/bell.hpp"), "");
    EXPECT_EQ(order_offence("core/mesh/agent.hpp", "core/mesh/issuance.hpp"), "");
}

/// The machine's clock and chance, outside the files that may ask for them: the offending call, or
/// "".
std::string banned_call(const std::string& path, const std::string& line) {
    static const std::regex clock(
        "(system_clock|steady_clock|high_resolution_clock)::now|\\bgettimeofday\\(|\\bclock_"
        "gettime\\(|\\bstd::time\\(|[^_\\w.:>]time\\(nullptr\\)");
    static const std::regex chance(
        "random_device|\\bRAND_bytes\\(|\\bstd::rand\\(|\\bsrand\\(|uniform_int_distribution|"
        "\\barc4random");
    static const std::regex sleeping(
        "this_thread::sleep|\\busleep\\(|\\bnanosleep\\(|[^_\\w.:]sleep\\(");
    if (!holds_any(line, {"now", "time", "rand", "RAND_", "uniform_int", "sleep"})) {
        return {};
    }
    std::smatch match;
    if (path != "core/time/real_clock.cpp" && std::regex_search(line, match, clock)) {
        return match[0];
    }
    if (path != "core/time/prng.cpp" && std::regex_search(line, match, chance)) {
        return match[0];
    }
    if (std::regex_search(line, match, sleeping)) {
        return match[0];
    }
    return {};
}

TEST(Tidy, NoRegexReadsWhatComesFromOutside) {
    // std::regex takes stack for each character of its text: a long name would end the process. The
    // mutation run reads our own sources with it, as tests do.
    for (const auto& source : sources()) {
        if (is_test(source.path) || source.path.starts_with("conformance/mutation/")) {
            continue;
        }
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            EXPECT_EQ(source.lines[i].find("#include <regex>"), std::string::npos)
                << source.path << ":" << i + 1;
        }
    }
}

/// Files that read no JSON but our own: what the fakes answered, what is in the program.
const std::set<std::string> readers_of_own_json = {
    "conformance/kube/kinds/custom.cpp", "conformance/svid/generate.cpp",
    "conformance/svid/validation.cpp",   "conformance/svid/vectors.cpp",
    "core/spiffe/svid.cpp",              "fakes/control/dump.cpp",
    "fakes/kube/answer.cpp",             "fakes/kube/discovery.cpp",
    "fakes/kube/tokens.cpp",             "fakes/setup/apply.cpp",
    "fakes/vault/server/hcl.cpp",  // a number
    "perf/micro/wire.cpp"};

TEST(Tidy, JsonFromOutsideIsOnlySoDeep) {
    // Copying and printing a tree takes stack for each level: a deep body or answer would end the
    // process. json_or_null() looks first; who has a reason to parse it himself, or to tell bad
    // JSON from null, asks too_deep().
    for (const auto& source : sources()) {
        if (is_test(source.path) || source.path.starts_with("conformance/mutation/")) {
            continue;
        }
        const auto has = [&source](std::string_view text) {
            return std::ranges::any_of(source.lines, [text](const auto& line) {
                return line.find(text) != std::string::npos;
            });
        };
        const bool listed = readers_of_own_json.contains(source.path);
        const bool parses = has("son::parse(") || has("json_or_discarded(");
        EXPECT_EQ(parses && !has("too_deep("), listed)
            << source.path << (listed ? ": take it off the list" : ": json_or_null() reads JSON");
    }
}

TEST(Tidy, EveryFolderLiesInALayer) {
    for (const auto& source : sources()) {
        EXPECT_NE(layer_of(source.path), "") << source.path << ": give its folder a layer above";
    }
    EXPECT_EQ(layer_of("core/unheard_of/a.cpp"), "");
}

TEST(Tidy, EveryFolderOfTheFakesIsARoom) {
    for (const auto& source : sources()) {
        const auto folder = fs::path(source.path).parent_path().string();
        if (folder != "fakes" && folder.starts_with("fakes/") && !is_test(source.path)) {
            EXPECT_TRUE(rooms_of_fakes.contains(folder)) << folder;
        }
    }
}

TEST(Tidy, OnlyOneFileAsksForTimeAndOneForChance) {
    for (const auto& source : sources()) {
        // Benchmarks measure with the library's own clock; this file names the calls.
        if (source.path == "cli/tests/tidy_test.cpp") {
            continue;
        }
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            const auto code = source.lines[i].substr(0, source.lines[i].find("//"));
            EXPECT_EQ(banned_call(source.path, code), "") << source.path << ":" << i + 1;
        }
    }
    EXPECT_NE(banned_call("core/world/world.cpp", "auto t = std::chrono::system_clock::now();"),
              "");
    EXPECT_NE(banned_call("core/world/world.cpp", "std::random_device d;"), "");
    EXPECT_NE(banned_call("core/http/tests/a.cpp", "std::this_thread::sleep_for(1s);"), "");
}

TEST(Tidy, ScenarioIdsAreTheirPaths) {
    for (const auto* scenario : scenarios::all_scenarios()) {
        auto path = "scenarios/" + std::string(scenario->id) + ".cpp";
        std::ranges::replace(path, '-', '_');
        ASSERT_TRUE(fs::exists(path)) << path;
        auto symbol = std::string(scenario->id);
        std::ranges::replace(symbol, '-', '_');
        std::ranges::replace(symbol, '/', '_');
        EXPECT_NE(read_file(path).value().find("Scenario " + symbol), std::string::npos) << symbol;
    }
}

TEST(Tidy, ScenariosHoldNoLiteralDurations) {
    const std::regex literal(
        "\\b\\d+(s|ms|min|h)\\b|chrono::(seconds|minutes|hours|milliseconds)\\(\\d");
    for (const auto& source : sources()) {
        if (!source.path.starts_with("scenarios/") || is_test(source.path)) {
            continue;
        }
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            // Texts (TTLs as the page has them) and comments may hold what they like.
            auto code = std::regex_replace(source.lines[i], std::regex("\"[^\"]*\""), "\"\"");
            code = code.substr(0, code.find("//"));
            EXPECT_FALSE(std::regex_search(code, literal))
                << source.path << ":" << i + 1 << ": " << code;
        }
    }
}

TEST(Tidy, NamesAreTheFieldsOwn) {
    const std::regex vague(
        "\\b(class|struct) "
        "\\w*(Manager|Helper|Util|Impl)\\b|\\bdo_[a-z_]+\\(|[^:.>\\w]get_[a-z_]+\\(");
    for (const auto& source : sources()) {
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            const auto code = source.lines[i].substr(0, source.lines[i].find("//"));
            if (source.path == "cli/tests/tidy_test.cpp" ||
                code.find("boost::") != std::string::npos ||
                !holds_any(code, {"Manager", "Helper", "Util", "Impl", "do_", "get_"})) {
                continue;
            }
            EXPECT_FALSE(std::regex_search(code, vague))
                << source.path << ":" << i + 1 << ": " << code;
        }
    }
}

}  // namespace
}  // namespace meshproof
