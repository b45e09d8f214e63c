#include "conformance/preflight/look.hpp"

#include "conformance/preflight/look_parts.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// MOUNT, the endpoint, and ROLE of a path like pki_int/sign/mesh. CEL roles have an endpoint of
/// their own (OpenBao).
void take_apart(Facts& facts) {
    const auto& path = facts.account.sign_path;
    for (const std::string_view endpoint : {"/cel/sign/", "/sign/"}) {
        const auto at = path.find(endpoint);
        if (at != std::string::npos) {
            facts.pki_mount = path.substr(0, at);
            facts.endpoint = endpoint.substr(1, endpoint.size() - 2);
            facts.pki_role = path.substr(at + endpoint.size());
            return;
        }
    }
}

}  // namespace

Bounds bounds_of(Duration limit) {
    return {.asking = limit - limit / 7,
            .all = limit,
            .each = limit / 6,
            .words = fmt::format("the {} of a look were over", human_duration(limit))};
}

std::string why_of(const Failure& failure) {
    constexpr std::string_view between = ": ";
    const auto at = failure.message.rfind(between);
    return failure.kind != FailureKind::cancelled || at == std::string::npos
               ? failure.message
               : failure.message.substr(at + between.size());
}

Fact<Json> fact_of(const Result<vault::Reply>& reply, std::string_view right) {
    if (!reply) {
        return unknown_by<Json>(reply.error());
    }
    constexpr int ok = 200, no_content = 204, forbidden = 403, not_found = 404;
    if (reply->status == not_found || reply->status == no_content) {
        return Fact<Json>::missing();
    }
    if (reply->status == forbidden) {
        return Fact<Json>::unknown(fmt::format("the reader's token lacks {}", right));
    }
    if (reply->status != ok) {
        return Fact<Json>::unknown(fmt::format("{} was answered by {} {}", right, reply->status,
                                               join(reply->errors(), "; ")));
    }
    return reply->data().is_null() ? Fact<Json>::missing() : Fact<Json>::known(reply->data());
}

Task<Fact<Json>> read(Look& look, std::string path) {
    const auto reply = co_await look.vault.request("GET", path);
    co_return fact_of(reply, "read on " + path);
}

Task<Fact<std::vector<std::string>>> list(Look& look, std::string path) {
    using Names = std::vector<std::string>;
    const auto reply = co_await look.vault.request("LIST", path);
    const auto fact = fact_of(reply, "list on " + path);
    if (fact.is_missing()) {
        co_return Fact<Names>::known({});  // an empty list is a 404 (row 14)
    }
    co_return fact.is_known() ? Fact<Names>::known(texts_of(*fact, "keys"))
                              : Fact<Names>::unknown(fact.why());
}

Task<Facts> look(Clock& clock, http::Transport& transport, run::Account account,
                 LookOptions options) {
    auto config = account.vault;
    config.token = account.reader;
    const auto begun = clock.elapsed();
    BoundedTransport wire(clock, transport, bounds_of(options.limit));
    Look look{clock, wire, vault::Client(wire, config), std::nullopt};
    if (account.cluster) {
        look.kube.emplace(wire, account.cluster->access);
    }
    look.jwt = account.jwt;
    look.facts.account = std::move(account);
    look.facts.now = clock.now();
    look.facts.read_only = options.read_only;
    look.facts.upgrade_to = options.upgrade_to;
    take_apart(look.facts);
    co_await look_at_vault(look);
    co_await look_at_cluster(look);
    const auto& health = look.facts.health;
    if (health.is_known() && !health->sealed && health->initialized) {
        co_await look_at_pki(look);
        co_await look_at_auth(look);
        co_await try_auth_ca(look);
        if (!options.read_only) {
            co_await send_canary(look);
        }
    }
    look.facts.cut = wire.is_cut() ? wire.words() : std::string();
    look.facts.time_left = options.limit - (clock.elapsed() - begun);
    co_return std::move(look.facts);
}

std::vector<std::string> judged_paths(const Facts& facts) {
    std::vector<std::string> paths{facts.account.sign_path,
                                   facts.pki_path("issue/" + facts.pki_role),
                                   facts.pki_path("roles/" + facts.pki_role),
                                   facts.pki_path("sign-verbatim/" + facts.pki_role),
                                   facts.pki_path("root/sign-intermediate"),
                                   facts.pki_path("root/generate/internal"),
                                   facts.pki_path("config/ca"),
                                   facts.pki_path("config/issuers"),
                                   facts.pki_path("revoke"),
                                   facts.auth_path("role/" + facts.account.auth_role),
                                   "auth/token/create",
                                   "sys/policies/acl/meshproof-preflight",
                                   "sys/auth/meshproof-preflight"};
    return paths;
}

}  // namespace meshproof::preflight
