// Two servers that differ in one answer: the twin has to find it, and to say it in few requests.
#include "conformance/twin/twin.hpp"

#include <gtest/gtest.h>

#include <set>

#include "conformance/twin/curl.hpp"
#include "conformance/twin/tests/servers.hpp"
#include "conformance/twin/vault_dialect.hpp"

namespace meshproof::twin {
namespace {

using Fault = HandMade::Fault;

TwinOptions options_for(std::size_t requests) {
    TwinOptions options;
    options.topics = {topic_named("pki")};
    options.run_id = "abcdef";
    options.requests = requests;
    options.seed = 5;
    return options;
}

/// Plays pki on a right server and on one with the fault.
struct Pair {
    explicit Pair(Fault fault, TwinOptions options = options_for(600))
        : real(1), fake(2, std::move(fault)) {
        TwoServers wire(real, fake);
        RealClock clock;
        const VaultDialect dialect({});
        to_the_end(play_twin(clock, wire, dialect, side_named("real"), side_named("fake"),
                             std::move(options), result));
    }
    HandMade real, fake;
    TwinResult result;
};

bool about_role(const http::Request& request, const std::string& method) {
    return request.target.find("/roles/") != std::string::npos &&
           request.target.find('?') == std::string::npos && request.method == method;
}

/// Changes the data of an answer.
void change(http::Response& response, const std::function<void(Json&)>& edit) {
    auto body = json_or_null(response.body);
    if (body.is_object() && body.contains("data")) {
        edit(body["data"]);
        response.body = body.dump();
    }
}

TEST(Twin, AgreesWithOneThatDiffersByChanceOnly) {
    const Pair pair({});
    EXPECT_GE(pair.result.requests, 600U);
    for (const auto& finding : pair.result.findings) {
        ADD_FAILURE() << headline(finding);
    }
}

TEST(Twin, RemovesWhatItsStoriesMade) {
    const Pair pair({});
    EXPECT_EQ(pair.real.held(), 0U);
    EXPECT_EQ(pair.fake.held(), 0U);
    EXPECT_TRUE(pair.result.left.empty());
}

TEST(Twin, ExercisesEveryParameterOfTheDescription) {
    const Pair pair({});
    for (const auto& row : pair.result.coverage.topics()) {
        EXPECT_EQ(row.operations.all, 4U);
        EXPECT_EQ(row.operations.exercised, 4U);
        EXPECT_EQ(row.parameters.agree, row.parameters.exercised);
        // LIST's own `list` is its verb.
        EXPECT_GE(row.parameters.exercised + 1, row.parameters.all);
    }
}

TEST(Twin, FindsAMemberThatIsMissingAndShrinksIt) {
    const Pair pair([](const http::Request& request, http::Response& response) {
        if (about_role(request, "GET")) {
            change(response, [](Json& data) { data.erase("ttl"); });
        }
    });
    ASSERT_EQ(pair.result.findings.size(), 1U);
    const auto& finding = pair.result.findings.front();
    EXPECT_EQ(finding.difference.signature(), "GET {pki}/roles/{name} body data.ttl ");
    EXPECT_EQ(finding.difference.fake, "(absent)");
    EXPECT_TRUE(finding.steady);
    // The mount, the write with a ttl, and the read.
    ASSERT_EQ(finding.story.steps.size(), 3U);
    EXPECT_EQ(finding.story.steps[1].body->size(), 1U) << finding.story.steps[1].body->dump();
    const auto lines = to_curl(finding.story);
    EXPECT_NE(lines[1].find("\\\"ttl\\\""), std::string::npos) << lines[1];
}

TEST(Twin, TellsOnceWhatAWriteShowsAndAReadRepeats) {
    const Pair pair([](const http::Request& request, http::Response& response) {
        if (request.target.find("/roles/") != std::string::npos) {
            change(response, [](Json& data) { data.erase("ttl"); });
        }
    });
    ASSERT_FALSE(pair.result.findings.empty());
    for (const auto& finding : pair.result.findings) {
        EXPECT_EQ(finding.difference.key, "POST {pki}/roles/{name}") << headline(finding);
    }
}

/// How many steps of a revocation and a read are played where both servers answer the first so.
std::size_t steps_after(const std::string& key, int status, const Json& body) {
    const HandMade::Fault says = [&](const http::Request& request, http::Response& response) {
        if (request.target.find("revoke") != std::string::npos) {
            response.status = status;
            response.body = body.is_null() ? "" : body.dump();
        }
    };
    HandMade real(1, says), fake(2, says);
    TwoServers wire(real, fake);
    RealClock clock;
    const VaultDialect dialect({});
    Player player(clock, wire, dialect, side_named("real"), side_named("fake"), "abcdef");
    Story story;
    story.topic = "lease";
    story.steps.push_back({.number = 1,
                           .key = "POST " + key,
                           .method = "PUT",
                           .path = key,
                           .body = Json{{"sync", false}}});
    story.steps.push_back(
        {.number = 2, .key = "GET sys/health", .method = "GET", .path = "sys/health"});
    return to_the_end(player.play(std::move(story))).steps;
}

TEST(Twin, EndsAStoryWhereARevocationIsStillToCome) {
    const Json wrapped{{"wrap_info", {{"token", "s.x"}, {"ttl", 300}}}};
    EXPECT_EQ(steps_after("sys/leases/revoke-prefix/a", 202, nullptr), 1U);
    EXPECT_EQ(steps_after("sys/leases/revoke-prefix/a", 200, wrapped), 1U);
    EXPECT_EQ(steps_after("sys/leases/revoke-prefix/a", 204, nullptr), 2U);
    // What a PKI engine revokes is revoked when it answers.
    EXPECT_EQ(steps_after("pki/revoke", 200, wrapped), 2U);
}

TEST(Twin, FindsAnotherStatusThatOnlySomeValuesBring) {
    const Pair pair(
        [](const http::Request& request, http::Response& response) {
            const auto body = json_or_null(request.body);
            const bool write = about_role(request, "PUT") || about_role(request, "POST");
            if (write && body.is_object() && body.contains("ttl") && !body["ttl"].is_number() &&
                !body["ttl"].is_string()) {
                response.status = 400;
                response.body = R"({"errors":["no such duration"]})";
            }
        },
        options_for(3000));
    ASSERT_EQ(pair.result.findings.size(), 1U);
    const auto& finding = pair.result.findings.front();
    EXPECT_EQ(finding.difference.signature(),
              "POST {pki}/roles/{name} status  200 to 400: no such duration");
    ASSERT_EQ(finding.story.steps.size(), 2U);
    EXPECT_EQ(*finding.story.steps[1].body, (Json{{"ttl", true}}));
    EXPECT_TRUE(pair.result.coverage.operations()
                    .at("POST {pki}/roles/{name}")
                    .parameters.at("ttl")
                    .differs);
}

TEST(Twin, TellsTwoReasonsOfOneOperationApart) {
    const Pair pair(
        [](const http::Request& request, http::Response& response) {
            const auto body = json_or_null(request.body);
            const bool write = about_role(request, "PUT") || about_role(request, "POST");
            for (const std::string name : {"ttl", "key_type"}) {
                if (write && body.is_object() && body.contains(name) && body[name].is_null()) {
                    response.status = 400;
                    response.body = Json{{"errors", {"no " + name}}}.dump();
                }
            }
        },
        options_for(4000));
    std::set<std::string> gists;
    for (const auto& finding : pair.result.findings) {
        gists.insert(finding.difference.gist);
    }
    EXPECT_TRUE(gists.contains("200 to 400: no ttl"));
    EXPECT_TRUE(gists.contains("200 to 400: no key_type"));
}

TEST(Twin, FindsAnIdThatStandsForSomethingElse) {
    // The fake makes a new id up at each read: each looks right, and it is another one.
    const auto reads = std::make_shared<int>(0);
    const Pair pair([reads](const http::Request& request, http::Response& response) {
        if (about_role(request, "GET")) {
            change(response, [&reads](Json& data) {
                data["id"] = fmt::format("00000000-0000-0000-0000-{:012}", ++*reads);
            });
        }
    });
    ASSERT_EQ(pair.result.findings.size(), 1U);
    EXPECT_EQ(pair.result.findings.front().difference.member, "data.id");
}

TEST(Twin, CountsKindsOfValuesAndPairs) {
    const Pair pair({});
    const auto told = pair.result.coverage.json();
    for (const auto* kind : {"right", "number as text", "flag as text", "null", "another type"}) {
        EXPECT_GT(told["values"].value(kind, 0), 0) << kind;
    }
    EXPECT_EQ(told["pairs"], 3);  // of ttl, key_type and allow_any_name
}

TEST(Twin, EndsAtTheFirstDifferenceWhereThatIsAskedFor) {
    auto options = options_for(3000);
    options.until_first_difference = true;
    const Pair pair(
        [](const http::Request& request, http::Response& response) {
            if (about_role(request, "GET")) {
                change(response, [](Json& data) { data.erase("ttl"); });
            }
        },
        options);
    EXPECT_EQ(pair.result.findings.size(), 1U);
    EXPECT_LT(pair.result.requests, 3000U);
}

TEST(Twin, StopsInTheMiddleOfShrinkingToo) {
    auto options = options_for(3000);
    const auto played = std::make_shared<bool>(false);
    options.stopping = [played] { return *played; };
    const Pair pair(
        [played](const http::Request& request, http::Response& response) {
            if (about_role(request, "GET")) {
                *played = true;
                change(response, [](Json& data) { data.erase("ttl"); });
            }
        },
        options);
    EXPECT_TRUE(pair.result.interrupted);
    for (const auto& finding : pair.result.findings) {
        EXPECT_EQ(finding.tried, 0U);
        EXPECT_TRUE(finding.steady);  // nobody tried it again
    }
    EXPECT_EQ(pair.real.held(), 0U);
    EXPECT_TRUE(pair.result.left.empty());
}

TEST(Twin, ExplainsWhatIsKnownAndDoesNotFindIt) {
    auto options = options_for(600);
    options.known.deviations = {{.operation = "GET {pki}/roles/*",
                                 .aspect = "body",
                                 .member = "data.ttl",
                                 .products = {},
                                 .reason = "a reason"}};
    const Pair pair(
        [](const http::Request& request, http::Response& response) {
            if (about_role(request, "GET")) {
                change(response, [](Json& data) { data.erase("ttl"); });
            }
        },
        options);
    EXPECT_TRUE(pair.result.findings.empty());
    ASSERT_EQ(pair.result.known.size(), 1U);
    EXPECT_EQ(pair.result.known.begin()->second.reason, "a reason");
    for (const auto& row : rows_of(pair.result)) {
        if (row.id == "twin/pki/get-pki-roles-name") {
            EXPECT_EQ(row.verdict, run::Verdict::deviates);
        }
    }
}

TEST(Twin, DoesNotAskWhatIsNotPlayedAndSaysWhy) {
    auto options = options_for(200);
    options.known.not_played = {
        {.operations = {"DELETE {pki}/roles/*"}, .products = {}, .reason = "nobody deletes"}};
    const Pair pair({}, options);
    const auto& one = pair.result.coverage.operations().at("DELETE {pki}/roles/{name}");
    EXPECT_EQ(one.asked, 0U);
    for (const auto& row : rows_of(pair.result)) {
        if (row.id == "twin/pki/delete-pki-roles-name") {
            EXPECT_EQ(row.verdict, run::Verdict::skip);
            EXPECT_EQ(row.reason, "not played: nobody deletes");
        }
    }
}

TEST(Twin, HasAStrangerAskOneStoryInSoMany) {
    // Nobody but a stranger needs this policy.
    const Fault fault = [](const http::Request& request, http::Response& response) {
        if (request.target.find("-stranger") != std::string::npos && request.method == "POST") {
            response.status = 500;
        }
    };
    EXPECT_TRUE(Pair(fault).result.findings.empty());
    auto options = options_for(600);
    options.strangers = 5;
    const Pair pair(fault, options);
    ASSERT_EQ(pair.result.findings.size(), 1U);
    const auto share = static_cast<double>(pair.result.findings.front().times) /
                       static_cast<double>(pair.result.stories);
    EXPECT_GT(share, 0.05);
    EXPECT_LT(share, 0.4);
    EXPECT_EQ(pair.real.held(), 0U);
    // He takes nothing from what is to be tried alone.
    EXPECT_TRUE(pair.result.coverage.never_reached().empty());
}

TEST(Twin, IsTheSameAgainWithTheSameSeed) {
    const auto fault = [](const http::Request& request, http::Response& response) {
        if (about_role(request, "GET")) {
            change(response, [](Json& data) { data.erase("key_type"); });
        }
    };
    const Pair one(fault), again(fault);
    ASSERT_EQ(one.result.findings.size(), again.result.findings.size());
    EXPECT_EQ(one.result.requests, again.result.requests);
    EXPECT_EQ(one.result.findings.front().story, again.result.findings.front().story);
}

TEST(Twin, KeepsTokensOutOfWhatItTells) {
    std::string token;
    const Pair pair([&token](const http::Request& request, http::Response& response) {
        token = request.headers.find("X-Vault-Token").value_or(token);
        if (about_role(request, "GET")) {
            response.body = R"({"data":{"said":")" + token + R"("}})";
        }
    });
    ASSERT_FALSE(pair.result.findings.empty());
    bool shown = false;
    for (const auto& finding : pair.result.findings) {
        const auto line = headline(finding);
        shown = shown || line.find("$VAULT_TOKEN") != std::string::npos;
        EXPECT_EQ(line.find("\"s."), std::string::npos) << line;
        for (const auto& exchange : finding.exchanges) {
            EXPECT_EQ(exchange.answer.find("\"s."), std::string::npos) << exchange.answer;
        }
    }
    EXPECT_TRUE(shown) << "no finding told what the fake said";
}

}  // namespace
}  // namespace meshproof::twin
