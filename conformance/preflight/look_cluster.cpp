#include "conformance/preflight/look_parts.hpp"
#include "core/base/json_text.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::preflight {
namespace {

constexpr std::string_view reviews = "/apis/authorization.k8s.io/v1/";

Fact<bool> told(const Result<Json>& answer, std::string_view right) {
    if (!answer) {
        return answer.error().kind == FailureKind::denied
                   ? Fact<bool>::unknown(fmt::format("the cluster's user lacks {}", right))
                   : unknown_by<bool>(answer.error());
    }
    const auto status =
        answer->is_object() && answer->contains("status") ? answer->at("status") : Json();
    return Fact<bool>::known(flag_of(status, "allowed"));
}

/// Whether we may create tokens of the account: SelfSubjectAccessReview, which everybody may ask.
Task<void> ask_own_right(Look& look) {
    const auto& of = *look.facts.account.cluster;
    const Json attributes{
        {"namespace", of.namespace_name}, {"verb", "create"},       {"group", ""},
        {"resource", "serviceaccounts"},  {"subresource", "token"}, {"name", of.name}};
    const Json review{{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectAccessReview"},
                      {"spec", {{"resourceAttributes", attributes}}}};
    look.facts.may_create_tokens =
        told(co_await look.kube->call("POST", fmt::format("{}selfsubjectaccessreviews", reviews),
                                      review),
             "create on selfsubjectaccessreviews");
}

/// Whether the account may have tokens reviewed, as system:auth-delegator grants it.
Task<void> ask_review_right(Look& look) {
    const auto& of = *look.facts.account.cluster;
    const Json attributes{
        {"verb", "create"}, {"group", "authentication.k8s.io"}, {"resource", "tokenreviews"}};
    const Json review{
        {"apiVersion", "authorization.k8s.io/v1"},
        {"kind", "SubjectAccessReview"},
        {"spec",
         {{"user", fmt::format("system:serviceaccount:{}:{}", of.namespace_name, of.name)},
          {"groups",
           {"system:serviceaccounts", "system:serviceaccounts:" + of.namespace_name,
            "system:authenticated"}},
          {"resourceAttributes", attributes}}}};
    look.facts.may_review = told(
        co_await look.kube->call("POST", fmt::format("{}subjectaccessreviews", reviews), review),
        "create on subjectaccessreviews");
}

Fact<bool> there(const Result<bool>& answer) {
    return answer ? Fact<bool>::known(*answer) : unknown_by<bool>(answer.error());
}

Task<void> ask_for_token(Look& look) {
    const auto& account = look.facts.account;
    kube::TokenRequest request;
    if (!account.audience.empty()) {
        request.audiences = {account.audience};
    }
    request.expiration = std::chrono::minutes(10);  // the shortest that API servers give
    const auto token = co_await look.kube->request_token(account.cluster->namespace_name,
                                                         account.cluster->name, request);
    if (!token) {
        look.facts.token_claims = unknown_by<Json>(token.error());
        co_return;
    }
    look.jwt = token->token;
}

void read_claims(Look& look, Time asked_at) {
    if (look.jwt.empty()) {
        return;
    }
    const auto jwt = crypto::Jwt::decode(look.jwt.reveal());
    if (!jwt) {
        look.facts.token_claims = Fact<Json>::unknown(jwt.error().message);
        return;
    }
    auto claims = json_or_null(jwt->claims);
    const auto issued = number_of(claims, "iat");
    if (issued > 0 && look.facts.account.cluster) {
        look.facts.cluster_ahead = Fact<Duration>::known(from_unix_seconds(issued) - asked_at);
    }
    look.facts.token_claims = Fact<Json>::known(std::move(claims));
}

/// What the API server itself says of the token: so a bad token is told apart from a reviewer that
/// does not work, which Vault's bare 403 does not.
Task<void> review(Look& look) {
    if (look.jwt.empty()) {
        co_return;
    }
    std::vector<std::string> audiences;
    if (!look.facts.account.audience.empty()) {
        audiences.push_back(look.facts.account.audience);
    }
    const auto answer = co_await look.kube->review_token(look.jwt, audiences);
    look.facts.token_is_good =
        answer ? Fact<bool>::known(answer->authenticated) : unknown_by<bool>(answer.error());
}

/// Whether the API server at the endpoint shows a certificate that its trust verifies.
Task<Fact<bool>> verifies(Look& look, http::Endpoint endpoint) {
    const auto answer = co_await look.transport.send(
        endpoint, http::Request{.method = "GET", .target = "/version", .headers = {}, .body = {}});
    if (answer) {
        co_return Fact<bool>::known(true);
    }
    const auto& error = answer.error();
    if (error.kind == FailureKind::tls || error.kind == FailureKind::expired) {
        co_return Fact<bool>::known(false);
    }
    if (error.kind == FailureKind::cancelled) {
        co_return unknown_by<bool>(error);
    }
    co_return Fact<bool>::unknown("from here the API server of the auth method cannot be asked: " +
                                  error.message);
}

}  // namespace

Task<void> try_auth_ca(Look& look) {
    auto& facts = look.facts;
    if (!facts.auth_config.is_known()) {
        facts.auth_ca_fits = Fact<bool>::unknown(facts.auth_config.why());
        co_return;
    }
    if (text_of(*facts.auth_config, "kubernetes_ca_cert").empty()) {
        facts.auth_ca_fits = Fact<bool>::unknown("the Vault takes the CA of its own pod");
        co_return;
    }
    const auto url = http::Url::parse(text_of(*facts.auth_config, "kubernetes_host"));
    const auto trust =
        crypto::Certificate::all_from_pem(text_of(*facts.auth_config, "kubernetes_ca_cert"));
    if (!url || !trust) {
        facts.auth_ca_fits = Fact<bool>::known(false);
        co_return;
    }
    http::Endpoint endpoint;
    endpoint.url = *url;
    endpoint.tls.trust = *trust;
    endpoint.reuse = false;
    if (look.kube) {
        endpoint.tls.server_name = look.kube->access().endpoint.tls.server_name;
    }
    facts.auth_ca_fits = co_await verifies(look, endpoint);
    const auto& cluster = facts.account.cluster;
    if (facts.auth_ca_fits.is_known() && *facts.auth_ca_fits) {
        co_return;
    }
    const auto ours = cluster ? crypto::Certificate::all_from_pem(cluster->access.ca_pem)
                              : fail(FailureKind::invalid, "no cluster");
    if (ours && !ours->empty()) {
        endpoint.tls.trust = *ours;
        facts.auth_host_is_ours = co_await verifies(look, endpoint);
    }
}

Task<void> look_at_cluster(Look& look) {
    auto& facts = look.facts;
    if (!look.kube) {
        read_claims(look, look.clock.now());
        co_return;
    }
    const auto version = co_await look.kube->version();
    if (!version) {
        // One that hangs does not answer; one that there was no time to ask may.
        facts.kube_version = version.error().kind == FailureKind::cancelled
                                 ? unknown_by<std::string>(version.error())
                                 : Fact<std::string>::unknown(version.error().message);
        co_return;
    }
    facts.kube_version = Fact<std::string>::known(*version);
    const auto& of = *facts.account.cluster;
    facts.kube_namespace = there(co_await look.kube->namespace_exists(of.namespace_name));
    const auto account = co_await look.kube->service_account(of.namespace_name, of.name);
    facts.service_account = account ? Fact<bool>::known(true)
                            : account.error().kind == FailureKind::not_found
                                ? Fact<bool>::known(false)
                                : unknown_by<bool>(account.error());
    co_await ask_own_right(look);
    co_await ask_review_right(look);
    const bool absent = facts.service_account.is_known() && !*facts.service_account;
    if (!absent && !facts.read_only) {
        const auto asked_at = look.clock.now();
        co_await ask_for_token(look);
        read_claims(look, asked_at);
        co_await review(look);
    }
}

}  // namespace meshproof::preflight
