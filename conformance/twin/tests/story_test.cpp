#include "conformance/twin/story.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "conformance/twin/curl.hpp"
#include "conformance/twin/stranger.hpp"
#include "conformance/twin/tests/servers.hpp"

namespace meshproof::twin {
namespace {

/// Everything that stories of a topic ask, drawn many times.
std::vector<Step> drawn(const Topic& topic, const Description& description, std::size_t stories) {
    const auto operations = operations_of(topic, description);
    static const auto words = vocabulary({});  // with keys of chance
    Tried tried;
    std::vector<Step> out;
    for (std::size_t i = 0; i < stories; ++i) {
        const auto story = draw_story(topic, operations, words, {}, tried, Prng(i));
        out.insert(out.end(), story.steps.begin(), story.steps.end());
    }
    return out;
}

TEST(Story, TriesEveryParameterInEveryFit) {
    const auto description =
        *read_description(small_document("pki"), {.mounts = {{"pki", "{pki}"}}});
    std::set<std::string> seen;
    for (const auto& step : drawn(*topic_named("pki"), description, 200)) {
        for (const auto& use : step.uses) {
            seen.insert(use.name + " " + std::string(to_string(use.fit)));
        }
    }
    for (const std::string name : {"ttl", "key_type", "allow_any_name"}) {
        for (const auto fit : all_fits) {
            EXPECT_TRUE(seen.contains(name + " " + std::string(to_string(fit))))
                << name << " " << to_string(fit);
        }
    }
}

TEST(Story, NamesNothingOnSharedPathsButTheRunsOwn) {
    Description description;
    for (const std::string path :
         {"sys/mounts/{path}", "sys/auth/{path}", "sys/policies/acl/{name}",
          "auth/token/roles/{role_name}", "identity/entity/name/{name}"}) {
        const auto open = path.find('{');
        const auto name = path.substr(open + 1, path.size() - open - 2);
        for (const std::string method : {"POST", "DELETE"}) {
            description.operations.push_back({.method = method,
                                              .path = path,
                                              .parameters = {{name, In::path, ValueType::text}}});
        }
    }
    for (const auto& topic : topics()) {
        for (const auto& step : drawn(topic, description, 50)) {
            const bool own = step.path.find("@{own:") != std::string::npos ||
                             step.path.find("{pki}") != std::string::npos ||
                             step.path.find("{kubernetes}") != std::string::npos ||
                             step.path.find("@{home}") != std::string::npos ||
                             step.path.find("/nothing") != std::string::npos;
            EXPECT_TRUE(own) << step.method << " " << step.path;
        }
    }
}

TEST(Story, NeverAsksWhatTouchesOthers) {
    Description description;
    for (const std::string path :
         {"auth/token/create", "auth/token/tidy", "sys/leases/revoke-force/{prefix}"}) {
        description.operations.push_back({.method = "POST", .path = path});
    }
    for (const auto& topic : topics()) {
        for (const auto& step : drawn(topic, description, 50)) {
            EXPECT_EQ(step.path.find("tidy"), std::string::npos) << step.path;
            EXPECT_EQ(step.path.find("revoke-force"), std::string::npos) << step.path;
        }
    }
    EXPECT_EQ(never_asked(*topic_named("token"), description).size(), 1U);
    EXPECT_EQ(never_asked(*topic_named("lease"), description).size(), 1U);
    EXPECT_TRUE(never_asked(*topic_named("pki"), description).empty());
}

TEST(Story, SendsNoBodyWithoutTheNameOrTheMarkThatItHasToHold) {
    Description description;
    description.operations.push_back(
        {.method = "POST", .path = "identity/entity", .parameters = {{"name"}, {"metadata"}}});
    for (const auto& step : drawn(*topic_named("identity"), description, 300)) {
        if (step.path == "identity/entity") {
            ASSERT_TRUE(step.body && step.body->is_object());
            EXPECT_TRUE((*step.body)["name"].get<std::string>().starts_with("@{own:"))
                << step.body->dump();
        }
    }
}

TEST(Story, IsAFunctionOfItsSeed) {
    const auto description =
        *read_description(small_document("pki"), {.mounts = {{"pki", "{pki}"}}});
    const auto& topic = *topic_named("pki");
    EXPECT_EQ(drawn(topic, description, 5), drawn(topic, description, 5));
}

/// Stories of a stranger's.
std::vector<Story> strangers_stories(bool namespaces, std::size_t stories) {
    const auto description =
        *read_description(small_document("pki"), {.mounts = {{"pki", "{pki}"}}});
    const auto& topic = *topic_named("pki");
    const auto operations = operations_of(topic, description);
    static const auto words = vocabulary({});
    Tried tried;
    std::vector<Story> out;
    for (std::size_t i = 0; i < stories; ++i) {
        out.push_back(draw_story(topic, operations, words,
                                 {.stranger = true, .namespaces = namespaces}, tried, Prng(i)));
    }
    EXPECT_TRUE(tried.empty());
    return out;
}

TEST(Stranger, AsksMostOfAStoryAndTriesNothingThatCounts) {
    std::size_t his = 0, others = 0;
    for (const auto& story : strangers_stories(true, 100)) {
        for (const auto& step : story.steps) {
            EXPECT_TRUE(step.uses.empty()) << step.key;
            if (step.key.find("{pki}/roles") != std::string::npos) {
                ++(step.bare || !step.as.empty() ? his : others);
            }
        }
    }
    EXPECT_GT(his, 2 * others);
}

TEST(Stranger, IsOfEveryKindAndOfAChildWhereThereAreSuch) {
    for (const bool namespaces : {true, false}) {
        std::set<std::string> kinds;
        for (const auto& story : strangers_stories(namespaces, 400)) {
            for (const auto& step : story.steps) {
                kinds.insert(step.bare ? "no token" : step.as == "s.nobodys" ? "unknown" : "");
                kinds.insert(step.key);
                for (const auto* name : {"no_default_policy", "type", "num_uses"}) {
                    if (step.key == "POST auth/token/create" && step.body->contains(name)) {
                        kinds.insert(name);
                    }
                }
            }
        }
        for (const auto* kind :
             {"no token", "unknown", "no_default_policy", "type", "num_uses",
              "POST auth/token/create", "POST auth/token/revoke", "POST sys/policies/acl/{name}"}) {
            EXPECT_TRUE(kinds.contains(kind)) << kind;
        }
        EXPECT_EQ(kinds.contains("POST sys/namespaces/{path}"), namespaces);
    }
}

TEST(Stranger, HasRulesAboutTheRunsOwnPathsAlone) {
    std::set<std::string> ends;
    for (const auto& story : strangers_stories(false, 100)) {
        for (const auto& step : story.steps) {
            if (step.path != "sys/policies/acl/@{own:stranger}") {
                continue;
            }
            const auto text = (*step.body)["policy"].get<std::string>();
            for (const auto& line : split(text, '\n')) {
                EXPECT_TRUE(line.empty() || line.starts_with("path \"@{own:pki}/")) << line;
                EXPECT_EQ(line.find("+*"), std::string::npos) << line;
                EXPECT_EQ(std::ranges::count(line, '{'), std::ranges::count(line, '}')) << line;
            }
            for (const auto* part :
                 {"/*\"", "/+\"", "\"deny\"", "\"sudo\"", "_parameters", "wrapping_ttl"}) {
                if (text.find(part) != std::string::npos) {
                    ends.insert(part);
                }
            }
        }
    }
    EXPECT_EQ(ends.size(), 6U);
}

TEST(Curl, ReadsEarlierAnswersAndKeepsSecretsOut) {
    Story story;
    story.steps = {{.number = 1,
                    .key = "POST auth/token/create",
                    .method = "POST",
                    .path = "auth/token/create",
                    .body = Json{{"ttl", "10m"}}},
                   {.number = 4,
                    .key = "POST auth/token/lookup",
                    .method = "POST",
                    .path = "auth/token/lookup",
                    .body = Json{{"token", "@{1:/auth/client_token}"},
                                 {"jwt", "an-opaque-secret-text"},
                                 {"long", std::string(5000, 'a')}}}};
    const auto lines = to_curl(story);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].ends_with(" >1.json")) << lines[0];
    EXPECT_NE(lines[1].find("\"token\\\":$(jq .auth.client_token 1.json)"), std::string::npos)
        << lines[1];
    EXPECT_NE(lines[1].find("X-Vault-Token: $VAULT_TOKEN"), std::string::npos) << lines[1];
    EXPECT_EQ(lines[1].find("an-opaque-secret-text"), std::string::npos) << lines[1];
    EXPECT_NE(lines[1].find("$(printf 'a%.0s' $(seq 5000))"), std::string::npos) << lines[1];
}

}  // namespace
}  // namespace meshproof::twin
