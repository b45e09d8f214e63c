#include "core/mesh/decision.hpp"

#include <gtest/gtest.h>

namespace meshproof::mesh {
namespace {

struct Row {
    Step step;
    int status;
    std::string text;
    Action action;
    std::string reason;
};

std::string wrapped(std::string_view text) {
    return fmt::format("1 error occurred:\n\t* {}\n\n", text);
}

const Asked asked{"mesh",
                  "pki_int/sign/web",
                  "vault-issuer",
                  *spiffe::SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web"),
                  {},
                  "alpha"};

Failure answer(int status, const std::string& text) {
    auto kind = status == 403 ? FailureKind::denied : FailureKind::server;
    kind = status == 503 ? FailureKind::sealed : kind;
    return Failure{kind, "PUT somewhere: " + text, status, {text}};
}

// Every row of wire contract section L, then the texts of other rows that tell people more.
TEST(Decide, FollowsTheTable) {
    const std::vector<Row> rows = {
        {Step::sign, 403, "permission denied", Action::login_again, "no longer good"},
        {Step::sign, 403, wrapped("permission denied"), Action::retry_slowly,
         "does not grant update on pki_int/sign/web, or nothing is there"},
        {Step::login, 403, "permission denied", Action::retry,
         "cannot ask the API server about it, or nothing is mounted at auth/alpha"},
        {Step::login, 403, "service account name not authorized", Action::retry_slowly,
         "role mesh does not bind service account vault-issuer"},
        {Step::login, 403, "namespace not authorized", Action::retry_slowly,
         "bound_service_account_namespaces"},
        {Step::login, 403, "invalid expiration time (exp) claim: token is expired", Action::retry,
         "a fresh one is used next"},
        {Step::login, 403,
         "invalid audience (aud) claim: audience claim does not match any expected audience",
         Action::retry_slowly, "another audience"},
        {Step::sign, 307, "", Action::retry, "standby"},
        {Step::login, 307, "", Action::retry, "standby"},
        {Step::sign, 500, "local node not active but active cluster node not found", Action::retry,
         "election"},
        {Step::sign, 404, "no handler for route \"pki_int/sign/web\". route entry not found.",
         Action::retry_slowly, "nothing is mounted"},
        {Step::sign, 400,
         "cannot satisfy request, as TTL would result in notAfter of 2030-01-01T00:00:00Z",
         Action::retry_slowly, "lower ttl or rotate the CA"},
        {Step::sign, 500,
         wrapped("could not fetch the CA certificate (was one set?): no default issuer"),
         Action::retry_slowly, "no usable issuer"},
        {Step::sign, 429, "request path \"pki_int/sign/web\": rate limit quota exceeded",
         Action::retry, "rate limit"},
        {Step::login, 503, "Vault is sealed", Action::retry, "sealed"},

        {Step::sign, 500, wrapped("error fetching CA certificate: error while attempting"),
         Action::retry_slowly, "no usable issuer"},
        {Step::sign, 400, "unknown role: web", Action::retry_slowly, "unknown role"},
        {Step::sign, 400, "role requires keys of type rsa", Action::retry_slowly, "key_type=any"},
        {Step::sign, 400, "the common_name field is required", Action::retry_slowly,
         "refuses the request: the common_name field is required"},
        {Step::login, 400, "invalid role name \"mesh\"", Action::retry_slowly,
         "create it in Vault"},
        {Step::login, 500, "could not load backend configuration", Action::retry_slowly, "/config"},
    };
    for (const auto& row : rows) {
        const auto decision = decide(row.step, answer(row.status, row.text), asked);
        EXPECT_EQ(decision.action, row.action) << row.text << ": " << decision.reason;
        EXPECT_NE(decision.reason.find(row.reason), std::string::npos)
            << row.text << ": " << decision.reason;
        EXPECT_EQ(decision.reason.find_first_of("\n\t"), std::string::npos);
    }
}

TEST(Decide, SaysHowTheTrustDomainAndTheRoleDiffer) {  // row 111
    for (const auto* text :
         {"URI Subject Alternative Names were provided via CSR which are not valid for this role",
          "URI Subject Alternative Names are not allowed in this role, but were provided via "
          "CSR"}) {
        const auto decision = decide(Step::sign, answer(400, text), asked);
        EXPECT_EQ(decision.action, Action::retry_slowly);
        EXPECT_EQ(decision.reason,
                  "role web does not allow spiffe://cluster.local/ns/default/sa/web: set "
                  "allowed_uri_sans to spiffe://cluster.local/*");
    }
    const auto bare = decide(
        Step::sign,
        answer(400, "URI Subject Alternative Names were provided via CSR which are not valid"));
    EXPECT_NE(bare.reason.find("allowed_uri_sans"), std::string::npos);
}

// Most refusals say that it was not the token: what is kept of it saves the API server a request.
TEST(Decide, AsksForAnotherProjectedTokenWhereItMayBeAtFault) {
    for (const auto* text :
         {"permission denied", "invalid expiration time (exp) claim: token is expired",
          "token not yet valid", "something new"}) {
        EXPECT_TRUE(decide(Step::login, answer(403, text), asked).other_projected_token) << text;
        EXPECT_FALSE(decide(Step::sign, answer(403, text), asked).other_projected_token) << text;
    }
    for (const auto& [status, text] : {std::pair(403, "service account name not authorized"),
                                       {403, "namespace not authorized"},
                                       {403, "invalid audience (aud) claim"},
                                       {503, "Vault is sealed"},
                                       {429, "slow down"},
                                       {400, "invalid role name \"mesh\""},
                                       {500, "could not load backend configuration"}}) {
        EXPECT_FALSE(decide(Step::login, answer(status, text), asked).other_projected_token)
            << text;
    }
    EXPECT_FALSE(decide(Step::login, Failure{FailureKind::unreachable, "nobody", 0, {}}, asked)
                     .other_projected_token);
}

TEST(Decide, RetriesWhatGaveNoAnswer) {
    for (const auto kind : {FailureKind::unreachable, FailureKind::timed_out, FailureKind::closed,
                            FailureKind::tls, FailureKind::malformed}) {
        for (const auto step : {Step::token_request, Step::login, Step::sign}) {
            const auto decision = decide(step, Failure{kind, "it did not come", 0, {}}, asked);
            EXPECT_EQ(decision.action, Action::retry);
            EXPECT_NE(decision.reason.find("it did not come"), std::string::npos);
        }
    }
}

TEST(Decide, TakesOnlyItsOwnWordForASealedVault) {
    const Failure gateway{FailureKind::server,
                          "PUT somewhere: 503 no healthy upstream",
                          503,
                          {"no healthy upstream"}};
    for (const auto step : {Step::login, Step::sign}) {
        const auto decision = decide(step, gateway, asked);
        EXPECT_EQ(decision.action, Action::retry);
        EXPECT_EQ(decision.reason.find("sealed"), std::string::npos) << decision.reason;
        EXPECT_NE(decision.reason.find("no healthy upstream"), std::string::npos);
        const auto throttled = decide(
            step, Failure{FailureKind::throttled, "PUT somewhere: 429 slow down", 429, {}}, asked);
        EXPECT_EQ(throttled.reason.find("quota"), std::string::npos) << throttled.reason;
    }
}

// A page that somebody before the Vault shows may have any words in it, also the Vault's.
TEST(Decide, TakesNobodyElsesWordsForVaults) {
    const Failure page{FailureKind::denied,
                       "PUT somewhere: 403 with a body that is not Vault's: <p>service account "
                       "name not authorized</p>",
                       403,
                       {}};
    const auto decision = decide(Step::login, page, asked);
    EXPECT_EQ(decision.reason.find("does not bind"), std::string::npos) << decision.reason;
}

TEST(Decide, ObeysRetryAfterWhereItIsMeant) {
    for (const auto step : {Step::token_request, Step::login, Step::sign}) {
        for (const int status : {429, 503}) {
            Failure busy{FailureKind::throttled, "not now", status, {}};
            EXPECT_FALSE(decide(step, busy, asked).no_sooner);
            busy.retry_after = std::chrono::seconds(7);
            EXPECT_EQ(decide(step, busy, asked).no_sooner, Duration(std::chrono::seconds(7)));
        }
        Failure refused{FailureKind::rejected, "no", 400, {}};
        refused.retry_after = std::chrono::seconds(7);
        EXPECT_FALSE(decide(step, refused, asked).no_sooner);
    }
}

TEST(Decide, TellsAMissingServiceAccountFromAnOutage) {
    const auto missing =
        decide(Step::token_request, Failure{FailureKind::not_found, "not found", 404, {}}, asked);
    EXPECT_EQ(missing.action, Action::retry_slowly);
    EXPECT_NE(missing.reason.find("vault-issuer is not in the cluster"), std::string::npos);
    EXPECT_EQ(
        decide(Step::token_request, Failure{FailureKind::denied, "no", 403, {}}, asked).action,
        Action::retry_slowly);
    EXPECT_EQ(
        decide(Step::token_request, Failure{FailureKind::server, "no", 500, {}}, asked).action,
        Action::retry);
}

}  // namespace
}  // namespace meshproof::mesh
