#include "conformance/preflight/plan.hpp"

#include <algorithm>
#include <set>

#include "conformance/preflight/look.hpp"
#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "core/kube/client.hpp"
#include "core/spiffe/svid.hpp"

namespace meshproof::preflight {
namespace {

using Step = Attempt::Step;

std::string id_of(const std::string& trust_domain, const std::string& path) {
    return fmt::format("spiffe://{}{}", trust_domain, path);
}

Attempt refused(Step step, const Failure& failure) {
    return {.refused_at = step, .words = one_line(failure.message)};
}

Task<Result<Secret>> agents_token(http::Transport& transport, run::Account account) {
    if (!account.cluster) {
        co_return account.jwt;
    }
    kube::TokenRequest request;
    if (!account.audience.empty()) {
        request.audiences = {account.audience};
    }
    request.expiration = std::chrono::minutes(10);  // the shortest that API servers give
    const auto token = co_await kube::Client(transport, account.cluster->access)
                           .request_token(account.cluster->namespace_name, account.cluster->name,
                                          std::move(request));
    if (!token) {
        co_return propagate(token);
    }
    co_return token->token;
}

/// Whether the mesh takes the leaf for that identity.
Result<void> checked_leaf(const run::Account& account, const vault::Issued& issued,
                          const std::string& id, Time now) {
    spiffe::SvidQuestion question;
    question.leaf = issued.leaf;
    question.chain = issued.chain;
    question.bundles[account.trust_domain] = account.trust;
    question.at = now;
    const auto told = spiffe::authenticate(question);
    if (!told) {
        return propagate(told);
    }
    if (told->text() != id) {
        return fail(FailureKind::tls, "the leaf is for {}", told->text());
    }
    return {};
}

/// As an agent does it, for a pod's first leaf and for every later one.
Task<Attempt> attempt(Clock& clock, http::Transport& transport, run::Account account,
                      std::string id) {
    const auto token = co_await agents_token(transport, account);
    if (!token) {
        co_return refused(Step::token, token.error());
    }
    const vault::Client client(transport, account.vault);
    const auto login =
        co_await client.login_kubernetes(account.auth_mount, account.auth_role, *token);
    if (!login) {
        co_return refused(Step::login, login.error());
    }
    crypto::Csr::Spec spec;
    spec.alt_names.uris = {id};
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, crypto::Key::generate(account.mesh.key_type)).pem();
    request.ttl = account.ttl;
    const auto issued =
        co_await client.with_token(login->token).sign_at(account.sign_path, std::move(request));
    if (!issued) {
        co_return refused(Step::sign, issued.error());
    }
    const auto now = clock.now();
    if (const auto fits = checked_leaf(account, *issued, id, now); !fits) {
        co_return refused(Step::check, fits.error());
    }
    Attempt done;
    done.life = issued->leaf.not_after() - now;
    co_return done;
}

/// The whole of an identity's attempts that was refused, or null.
const Attempt* refusal(const Side& side, const std::string& path) {
    for (const auto* attempts : {&side.first, &side.renewed}) {
        const auto found = attempts->find(path);
        if (found != attempts->end() && !found->second.has_leaf()) {
            return &found->second;
        }
    }
    return nullptr;
}

std::vector<Finding> only_in(const Report& one, const Report& other) {
    std::set<std::string> known;
    for (const auto& finding : other.found) {
        known.insert(finding.fingerprint());
    }
    std::vector<Finding> rest;
    std::ranges::copy_if(one.found, std::back_inserter(rest), [&](const Finding& finding) {
        return !known.contains(finding.fingerprint());
    });
    return rest;
}

}  // namespace

std::string_view to_string(Attempt::Step step) {
    switch (step) {
        case Step::none:
            return "none";
        case Step::token:
            return "token";
        case Step::login:
            return "login";
        case Step::sign:
            return "sign";
        case Step::check:
            return "check";
    }
    return "";
}

Duration Side::shortest_life() const {
    Duration shortest{};
    for (const auto& [path, one] : first) {
        if (one.has_leaf() && (shortest == Duration::zero() || one.life < shortest)) {
            shortest = one.life;
        }
    }
    return shortest;
}

Result<run::Account> moved_to(run::Account account, const run::Target& target,
                              std::vector<crypto::Certificate> trust) {
    if (!account.cluster) {
        Facts facts;  // knows how to read whose a token is
        const auto jwt = crypto::Jwt::decode(account.jwt.reveal());
        facts.token_claims = Fact<Json>::known(jwt ? json_or_null(jwt->claims) : Json());
        const auto [ns, name] = facts.logs_in_as();
        if (name.empty()) {
            return fail(FailureKind::invalid,
                        "jwt_file: expected the token of a service account: its sub is \"{}\"",
                        one_line(text_of(*facts.token_claims, "sub")));
        }
        const auto audiences = texts_of(*facts.token_claims, "aud");
        account.audience = audiences.empty() ? std::string() : audiences.front();
        account.jwt = Secret();
        account.cluster.emplace().namespace_name = ns;
        account.cluster->name = name;
    }
    account.cluster->access = target.clusters.front();
    const auto& vault = target.vaults.front().config;
    account.vault.endpoint = vault.endpoint;
    account.reader = vault.token;
    account.trust = std::move(trust);
    return account;
}

Task<Side> play_side(Clock& clock, http::Transport& transport, run::Account account,
                     SideOptions options) {
    const auto facts = co_await look(clock, transport, account);
    Side side;
    side.report = judge(facts);
    side.trust_domain = account.trust_domain;
    side.renew_at = account.mesh.renew_at;
    if (options.identities.empty()) {
        const auto own = id_of(account.trust_domain, "");
        options.identities = {facts.canary_uri.starts_with(own)
                                  ? facts.canary_uri.substr(own.size())
                                  : std::string("/ns/default/sa/meshproof-canary")};
    }
    for (const auto& path : options.identities) {
        side.first[path] =
            co_await attempt(clock, transport, account, id_of(account.trust_domain, path));
    }
    const auto wait =
        options.renew_after > Duration::zero()
            ? options.renew_after
            : std::chrono::duration_cast<Duration>(side.shortest_life() * side.renew_at);
    if (wait <= Duration::zero()) {
        co_return side;
    }
    co_await clock.sleep_for(wait);
    for (const auto& path : options.identities) {
        side.renewed[path] =
            co_await attempt(clock, transport, account, id_of(account.trust_domain, path));
    }
    co_return side;
}

std::vector<Plan::Stop> Plan::stops() const {
    std::vector<Stop> all;
    for (const auto& [path, was] : before.first) {
        const auto* refused_now = refusal(after, path);
        if (!was.has_leaf() || refusal(before, path) != nullptr || refused_now == nullptr) {
            continue;
        }
        Stop stop{.id = id_of(after.trust_domain, path), .attempt = *refused_now};
        stop.at_once = !after.first.at(path).has_leaf();
        // At the moment of the change a pod's leaf is new, or about to be renewed, or between.
        const auto renewal = std::chrono::duration_cast<Duration>(was.life * before.renew_at);
        stop.from = stop.at_once ? was.life - renewal : was.life;
        stop.until = was.life;
        all.push_back(std::move(stop));
    }
    return all;
}

std::vector<std::string> Plan::keeps() const {
    std::vector<std::string> all;
    for (const auto& [path, now] : after.first) {
        if (refusal(after, path) == nullptr) {
            all.push_back(id_of(after.trust_domain, path));
        }
    }
    return all;
}

std::vector<std::string> Plan::begins() const {
    std::vector<std::string> all;
    for (const auto& [path, was] : before.first) {
        if (refusal(before, path) != nullptr && refusal(after, path) == nullptr) {
            all.push_back(id_of(after.trust_domain, path));
        }
    }
    return all;
}

std::map<std::string, Attempt> Plan::neither() const {
    std::map<std::string, Attempt> all;
    for (const auto& [path, was] : before.first) {
        const auto* refused_now = refusal(after, path);
        if (refusal(before, path) != nullptr && refused_now != nullptr) {
            all[id_of(after.trust_domain, path)] = *refused_now;
        }
    }
    return all;
}

std::vector<Finding> Plan::appears() const {
    return only_in(after.report, before.report);
}

std::vector<Finding> Plan::vanishes() const {
    return only_in(before.report, after.report);
}

int exit_code(const Plan& plan) {
    constexpr int well = 0, wrong = 1;
    const bool errors = std::ranges::any_of(
        plan.appears(), [](const Finding& one) { return one.rule->severity == Severity::error; });
    return errors || !plan.stops().empty() || plan.keeps().empty() ? wrong : well;
}

}  // namespace meshproof::preflight
