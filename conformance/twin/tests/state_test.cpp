#include "conformance/twin/state.hpp"

#include <gtest/gtest.h>

#include "conformance/twin/tests/servers.hpp"
#include "conformance/twin/twin.hpp"
#include "conformance/twin/vault_dialect.hpp"

namespace meshproof::twin {
namespace {

std::vector<std::string> read_paths(const std::vector<Story>& stories) {
    std::vector<std::string> out;
    for (const auto& story : stories) {
        for (const auto& step : story.steps) {
            EXPECT_EQ(step.method, "GET") << step.path;
            out.push_back(step.path + " as " + step.key);
        }
    }
    return out;
}

TEST(State, IsReadWhereItWasWritten) {
    const auto stories = stories_of_state({{.path = "sys/mounts/mesh"},
                                           {.path = "sys/auth/cluster"},
                                           {.path = "mesh", .issuer = true},
                                           {.path = "mesh", .issuer = true},
                                           {.path = "mesh/roles/agents"},
                                           {.path = "mesh/config/urls"},
                                           {.path = "auth/cluster/config"},
                                           {.path = "auth/cluster/role/agents"},
                                           {.path = "sys/policies/acl/agents"},
                                           {.path = "mesh/sign/agents"}});
    EXPECT_EQ(
        read_paths(stories),
        (std::vector<std::string>{"sys/mounts/mesh/tune as GET sys/mounts/{path}/tune",
                                  "sys/auth/cluster/tune as GET sys/auth/{path}/tune",
                                  "mesh/issuer/default as GET {pki}/issuer/{issuer_ref}",
                                  "mesh/ca_chain as GET {pki}/ca_chain",
                                  "mesh/roles/agents as GET {pki}/roles/{name}",
                                  "mesh/config/urls as GET {pki}/config/urls",
                                  "auth/cluster/config as GET auth/{kubernetes}/config",
                                  "auth/cluster/role/agents as GET auth/{kubernetes}/role/{name}",
                                  "sys/policies/acl/agents as GET sys/policies/acl/{name}"}));
    EXPECT_EQ(stories.front().name, "get-sys-mounts-mesh-tune");
    EXPECT_EQ(stories.front().topic, "state");
}

/// Two servers that hold a role from the start, the fake perhaps another.
TwinResult read_on_both(std::vector<std::string> unlike) {
    const auto role = [](const std::string& ttl) {
        return [ttl](const http::Request& request, http::Response& response) {
            if (request.target == "/v1/mesh/roles/agents") {
                response.status = 200;
                response.body = Json{{"data", {{"ttl", ttl}, {"key_type", "ec"}}}}.dump();
            }
        };
    };
    HandMade real(1, role("1h")), fake(2, role("2h"));
    TwoServers wire(real, fake);
    RealClock clock;
    const VaultDialect dialect({});
    TwinOptions options;
    options.run_id = "abcdef";
    options.written =
        stories_of_state({{.path = "mesh/roles/agents", .unlike = std::move(unlike)}});
    TwinResult result;
    to_the_end(play_twin(clock, wire, dialect, side_named("real"), side_named("fake"),
                         std::move(options), result));
    return result;
}

TEST(State, ThatDiffersIsTold) {
    const auto result = read_on_both({});
    ASSERT_EQ(result.findings.size(), 1U);
    EXPECT_EQ(result.findings.front().difference.member, "data.ttl");
    const auto rows = rows_of(result);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.front().id, "twin/state/get-mesh-roles-agents");
    EXPECT_EQ(rows.front().verdict, run::Verdict::fail);
}

TEST(State, WhatEachSideHasOfItsOwnIsNot) {
    EXPECT_TRUE(read_on_both({"data.ttl*"}).findings.empty());
}

}  // namespace
}  // namespace meshproof::twin
