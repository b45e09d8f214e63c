#include <algorithm>

#include "conformance/preflight/look_parts.hpp"
#include "conformance/preflight/rule.hpp"
#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"

namespace meshproof::preflight {
namespace {

/// An id that no workload has; where the role is for some namespaces alone, one of those.
std::string canary_id(const Facts& facts) {
    const auto own = fmt::format("spiffe://{}/", facts.account.trust_domain);
    auto id = own + "ns/default/sa/meshproof-canary";
    const auto allowed = facts.role.is_known() ? texts_of(*facts.role, "allowed_uri_sans")
                                               : std::vector<std::string>{};
    const auto narrow = std::ranges::find_if(allowed, [&](const std::string& pattern) {
        return pattern.starts_with(own) && pattern.find('*') != std::string::npos;
    });
    if (any_stands_for(allowed, id) || narrow == allowed.end()) {
        return id;
    }
    return join(split(*narrow, '*'), "meshproof-canary");
}

vault::SignRequest canary_request(Facts& facts) {
    const auto key = crypto::Key::generate(facts.account.mesh.key_type);
    facts.canary_uri = canary_id(facts);
    crypto::Csr::Spec spec;
    spec.alt_names.uris = {facts.canary_uri};
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, key).pem();
    request.ttl = facts.account.ttl;
    return request;
}

/// By whoever may: the reader, else the login. A leaf that was not stored is revoked by itself.
Task<void> revoke(Look& look, vault::Client login) {
    auto& facts = look.facts;
    const auto path = facts.pki_path("revoke");
    const Json by_serial{{"serial_number", facts.leaf->serial}};
    const Json by_itself{{"certificate", facts.leaf->leaf.pem()}};
    std::string why = "nobody was asked";
    for (const auto& client : {look.vault, login}) {
        for (const auto& body : {by_serial, by_itself}) {
            const auto answer = co_await client.call("PUT", path, body);
            if (answer) {
                facts.not_revoked.clear();
                co_return;
            }
            why = answer.error().message;
        }
    }
    facts.not_revoked = why;
}

Task<void> sign(Look& look, vault::Client login) {
    auto& facts = look.facts;
    facts.signed_at = look.clock.now();
    auto issued = co_await login.sign_at(facts.account.sign_path, canary_request(facts));
    if (!issued && issued.error().kind == FailureKind::cancelled) {
        facts.leaf = unknown_by<vault::Issued>(issued.error());
        co_return;
    }
    if (!issued) {
        facts.leaf = Fact<vault::Issued>::unknown("the signature was refused");
        facts.sign_refusal = issued.error().message;
        co_return;
    }
    facts.leaf = Fact<vault::Issued>::known(std::move(*issued));
    facts.signed_by = look.clock.now();
    look.transport.begin_undoing();
    co_await revoke(look, login);
}

Task<void> ask_rights(Look& look, vault::Client login) {
    using Rights = std::map<std::string, std::vector<std::string>>;
    const auto paths = judged_paths(look.facts);
    const auto reply =
        co_await login.request("PUT", "sys/capabilities-self", Json{{"paths", paths}});
    const auto answer = fact_of(reply, "update on sys/capabilities-self (the login's own token)");
    if (!answer.is_known()) {
        look.facts.rights = Fact<Rights>::unknown(answer.why());
        co_return;
    }
    Rights rights;
    for (const auto& path : paths) {
        rights[path] = texts_of(*answer, path);
    }
    look.facts.rights = Fact<Rights>::known(std::move(rights));
}

}  // namespace

Task<void> send_canary(Look& look) {
    auto& facts = look.facts;
    if (look.jwt.empty()) {
        facts.login = look.transport.is_cut()
                          ? Fact<CanaryLogin>::late(look.transport.words())
                          : Fact<CanaryLogin>::unknown("there is no token to log in with");
        co_return;
    }
    const auto login = co_await look.vault.login_kubernetes(facts.account.auth_mount,
                                                            facts.account.auth_role, look.jwt);
    if (!login && login.error().kind == FailureKind::cancelled) {
        facts.login = unknown_by<CanaryLogin>(login.error());
        co_return;
    }
    if (!login) {
        facts.login = Fact<CanaryLogin>::unknown("the login was refused");
        facts.login_refusal = login.error().message;
        co_return;
    }
    facts.login = Fact<CanaryLogin>::known({login->policies, login->type, login->lease});
    const auto client = look.vault.with_token(login->token);
    co_await ask_rights(look, client);
    co_await sign(look, client);
    look.transport.begin_undoing();
    // A batch token cannot be revoked, and ends by itself; one with few uses may be spent.
    (void)co_await client.revoke_self();
}

}  // namespace meshproof::preflight
