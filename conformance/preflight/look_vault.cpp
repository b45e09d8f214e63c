#include "conformance/preflight/look_parts.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

constexpr std::size_t most_issuers = 20;  ///< enough to judge a rotation by
constexpr std::size_t most_urls = 6;

template <class T>
Fact<T> asked(Result<T> result) {
    return result ? Fact<T>::known(std::move(*result)) : unknown_by<T>(result.error());
}

bool no_answer(const Failure& failure) {
    using enum FailureKind;
    const auto kind = failure.kind;
    return kind == unreachable || kind == timed_out || kind == closed || kind == tls ||
           kind == expired;
}

/// Whether the mesh's own CA bundle stands for the Vault's HTTPS too: agents that have nothing else
/// to trust it by need that.
Task<void> try_bundle(Look& look) {
    auto config = look.facts.account.vault;
    if (config.endpoint.url.scheme != "https") {
        look.facts.bundle_serves_tls = Fact<bool>::unknown("the Vault is asked without TLS");
        co_return;
    }
    config.namespace_name.clear();
    config.endpoint.tls.trust = look.facts.account.trust;
    config.endpoint.tls.system_trust = false;
    config.endpoint.tls.verify_peer = true;
    config.endpoint.reuse = false;
    const auto answer = co_await vault::Client(look.transport, config).health();
    const bool judged = answer || answer.error().kind == FailureKind::tls ||
                        answer.error().kind == FailureKind::expired;
    look.facts.bundle_serves_tls =
        judged ? Fact<bool>::known(answer.has_value()) : unknown_by<bool>(answer.error());
}

Result<Issuer> read_issuer(const Json& data) {
    auto certificate = crypto::Certificate::from_pem(text_of(data, "certificate"));
    if (!certificate) {
        return propagate(certificate);
    }
    return Issuer{.id = text_of(data, "issuer_id"),
                  .name = text_of(data, "issuer_name"),
                  .key_id = text_of(data, "key_id"),
                  .certificate = std::move(*certificate),
                  .leaf_not_after = text_of(data, "leaf_not_after_behavior"),
                  .usage = text_of(data, "usage")};
}

Task<void> look_at_issuers(Look& look) {
    auto& facts = look.facts;
    const auto names = co_await list(look, facts.pki_path("issuers"));
    if (!names.is_known()) {
        facts.issuers = Fact<Issuers>::unknown(names.why());
        co_return;
    }
    const auto config = co_await read(look, facts.pki_path("config/issuers"));
    if (!config.is_known() && !config.is_missing()) {
        facts.issuers = Fact<Issuers>::unknown(config.why());
        co_return;
    }
    Issuers issuers;
    issuers.default_id = config.is_known() ? text_of(*config, "default") : std::string();
    for (std::size_t i = 0; i < names->size() && i < most_issuers; ++i) {
        const auto data = co_await read(look, facts.pki_path("issuer/" + (*names)[i]));
        auto issuer = data.is_known() ? read_issuer(*data)
                                      : Result<Issuer>(fail(FailureKind::denied, "{}", data.why()));
        if (!issuer) {
            facts.issuers = Fact<Issuers>::unknown(issuer.error().message);
            co_return;
        }
        issuers.all.push_back(std::move(*issuer));
    }
    facts.issuers = Fact<Issuers>::known(std::move(issuers));
}

/// What is wrong with an answer, "" where nothing is. A responder answers the shortest request
/// there is, by which it is asked for nothing, with a refusal in its own form (row 137).
std::string problem_of(const http::Response& answer, bool of_responder) {
    constexpr int first_good = 200, first_bad = 300;
    if (of_responder) {
        const auto type = answer.headers.find("Content-Type").value_or("");
        return type == "application/ocsp-response"
                   ? ""
                   : fmt::format("no OCSP responder answers there, but {}", answer.status);
    }
    return answer.status < first_good || answer.status >= first_bad
               ? fmt::format("it answers {}", answer.status)
               : "";
}

/// Only of the Vault itself: a preflight knocks at no other doors.
Task<Fetched> fetch(Look& look, std::string text, bool of_responder) {
    Fetched fetched{.url = std::move(text), .problem = {}};
    const auto url = http::Url::parse(fetched.url);
    if (!url) {
        fetched.asked = true;
        fetched.problem = url.error().message;
        co_return fetched;
    }
    auto endpoint = look.facts.account.vault.endpoint;
    if (url->origin() != endpoint.url.origin()) {
        co_return fetched;
    }
    fetched.asked = true;
    constexpr std::string_view shortest_request = "/MAA=";  // an empty SEQUENCE
    const auto target = of_responder ? url->path.substr(0, url->path.find_last_not_of('/') + 1) +
                                           std::string(shortest_request)
                                     : url->path;
    const auto answer = co_await look.transport.send(
        endpoint, http::Request{.method = "GET", .target = target, .headers = {}, .body = {}});
    fetched.problem =
        answer ? problem_of(*answer, of_responder) : std::string(answer.error().message);
    co_return fetched;
}

/// The PKI engine above ours, for the commands that renew the intermediate.
Task<void> look_for_root(Look& look) {
    auto& facts = look.facts;
    const auto* signer = facts.signer();
    if (!facts.mounts.is_known() || signer == nullptr) {
        co_return;
    }
    constexpr std::size_t most_mounts = 20;
    std::size_t asked_mounts = 0;
    for (const auto& [path, mount] : facts.mounts->items()) {
        const auto name = path.substr(0, path.find_last_not_of('/') + 1);
        if (text_of(mount, "type") != "pki" || name == facts.pki_mount ||
            ++asked_mounts > most_mounts) {
            continue;
        }
        const auto chain = co_await look.vault.with_token(Secret()).ca_chain(name);
        if (chain && !chain->empty() && signer->certificate.signed_by(chain->front())) {
            facts.root_mount = name;
            co_return;
        }
    }
}

Task<void> look_at_urls(Look& look) {
    auto& facts = look.facts;
    facts.urls = co_await read(look, facts.pki_path("config/urls"));
    if (!facts.urls.is_known()) {
        facts.fetched = facts.urls.is_missing()
                            ? Fact<std::vector<Fetched>>::known({})
                            : Fact<std::vector<Fetched>>::unknown(facts.urls.why());
        co_return;
    }
    std::vector<Fetched> all;
    for (const std::string_view member :
         {"issuing_certificates", "crl_distribution_points", "ocsp_servers"}) {
        for (const auto& url : texts_of(*facts.urls, member)) {
            if (all.size() < most_urls) {
                all.push_back(co_await fetch(look, url, member == "ocsp_servers"));
            }
        }
    }
    // One that was given up says nothing of its URL.
    facts.fetched = look.transport.is_cut()
                        ? Fact<std::vector<Fetched>>::late(look.transport.words())
                        : Fact<std::vector<Fetched>>::known(std::move(all));
}

}  // namespace

Task<void> look_at_vault(Look& look) {
    auto& facts = look.facts;
    const auto open = look.vault.with_token(Secret()).with_namespace("");  // row 42
    auto health = co_await open.health();
    if (!health && no_answer(health.error())) {
        facts.unreachable = health.error().message;
    }
    facts.health = asked(std::move(health));
    if (!facts.unreachable.empty()) {
        co_return;
    }
    facts.seal = asked(co_await open.seal_status());
    if (!facts.upgrade_to.empty()) {
        const auto reply = co_await open.request("GET", "sys/seal-status");
        facts.seal_type = reply ? Fact<std::string>::known(text_of(reply->json, "type"))
                                : unknown_by<std::string>(reply.error());
    }
    co_await try_bundle(look);
    if (look.facts.account.reader.empty()) {
        facts.reader = Fact<Json>::unknown("the account file names no vault.token_file");
    } else {
        facts.reader = co_await read(look, "auth/token/lookup-self");
    }
    facts.mounts = co_await read(look, "sys/mounts");
    facts.auths = co_await read(look, "sys/auth");
}

Task<void> look_at_pki(Look& look) {
    auto& facts = look.facts;
    facts.tune = co_await read(look, fmt::format("sys/mounts/{}/tune", facts.pki_mount));
    const bool cel = facts.endpoint == "cel/sign";
    const std::string roles = cel ? "cel/role" : "roles";
    facts.role = cel ? Fact<Json>::unknown("what a CEL role allows is a program")
                     : co_await read(look, facts.pki_path(roles + "/" + facts.pki_role));
    facts.role_names = co_await list(look, facts.pki_path(roles));
    co_await look_at_issuers(look);
    co_await look_for_root(look);
    auto chain = co_await look.vault.with_token(Secret()).ca_chain(facts.pki_mount);
    facts.ca_chain = asked(std::move(chain));
    facts.crl = co_await read(look, facts.pki_path("config/crl"));
    facts.tidy = co_await read(look, facts.pki_path("config/auto-tidy"));
    co_await look_at_urls(look);
}

Task<void> look_at_auth(Look& look) {
    auto& facts = look.facts;
    facts.auth_config = co_await read(look, facts.auth_path("config"));
    facts.auth_role = co_await read(look, facts.auth_path("role/" + facts.account.auth_role));
    facts.auth_role_names = co_await list(look, facts.auth_path("role"));
    if (!facts.auth_role.is_known()) {
        co_return;
    }
    for (const auto& name : texts_of(*facts.auth_role, "token_policies")) {
        const auto policy = co_await read(look, "sys/policies/acl/" + name);
        facts.policies[name] = policy.is_known()
                                   ? Fact<std::string>::known(text_of(*policy, "policy"))
                               : policy.is_missing() ? Fact<std::string>::missing()
                                                     : Fact<std::string>::unknown(policy.why());
    }
}

}  // namespace meshproof::preflight
