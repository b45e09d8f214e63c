#include "fakes/kube/tokens.hpp"

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/go_text.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view legacy_issuer = "kubernetes/serviceaccount";
constexpr Duration memory = std::chrono::seconds(10);  // --authentication-token success TTL

constexpr std::string_view extra_prefix = "authentication.kubernetes.io/";

// Go's %q of a string slice.
std::string quoted(const std::vector<std::string>& values) {
    std::string out = "[";
    for (const auto& value : values) {
        out += fmt::format("{}\"{}\"", out.size() > 1 ? " " : "", value);
    }
    return out + "]";
}

std::vector<std::string> texts(const Json& value) {
    if (value.is_string()) {
        return {value.get<std::string>()};
    }
    std::vector<std::string> out;
    if (value.is_array()) {
        for (const auto& item : value) {
            if (item.is_string()) {
                out.push_back(item.get<std::string>());
            }
        }
    }
    return out;
}

std::vector<std::string> both(const std::vector<std::string>& wanted,
                              const std::vector<std::string>& present) {
    std::vector<std::string> out;
    std::ranges::copy_if(wanted, std::back_inserter(out), [&](const std::string& one) {
        return std::ranges::find(present, one) != present.end();
    });
    return out;
}

// go-jose passes over white space. But the issuer is looked at before, in claims that are read as
// base64, which passes over line ends only.
Result<crypto::Jwt> decode_jwt(const std::string& token) {
    std::string compact;
    const auto runes = runes_of(token);
    std::size_t dots = 0;
    for (std::size_t i = 0; i < runes.size(); ++i) {
        const auto [at, rune] = runes[i];
        const auto end = i + 1 < runes.size() ? runes[i + 1].first : token.size();
        dots += rune == '.' ? 1 : 0;
        if (!white(rune)) {
            compact += token.substr(at, end - at);
        } else if (dots == 1 && rune != '\n' && rune != '\r') {
            return fail(FailureKind::invalid, "white space in the claims");
        }
    }
    return crypto::Jwt::decode(compact);
}

Json reference(const Json& object) {
    return {{"name", meta(object, "name")}, {"uid", meta(object, "uid")}};
}

TokenVerdict refused(std::string error) {
    return {std::nullopt, {}, std::move(error)};
}

TokenVerdict refused_because(std::string_view reason) {
    return refused(fmt::format("[invalid bearer token, {}]", reason));
}

}  // namespace

Tokens::Tokens(const FakeKubeOptions& options, Store& store, const Clock& clock)
    : options_(options),
      store_(store),
      clock_(clock),
      key_(
          crypto::Key::generate(options.es256 ? crypto::KeyType::p256 : crypto::KeyType::rsa_2048)),
      public_key_(key_.public_key()),
      key_id_(crypto::kubernetes_key_id(public_key_)),
      api_audiences_{options.issuer} {}

Tokens::Tokens(const Tokens& of, const FakeKubeOptions& options, Store& store, const Clock& clock)
    : options_(options),
      store_(store),
      clock_(clock),
      key_(of.key_),
      public_key_(of.public_key_),
      key_id_(of.key_id_),
      api_audiences_(of.api_audiences_) {}

void Tokens::use_key(crypto::Key key) {
    key_ = std::move(key);
    public_key_ = key_.public_key();
    key_id_ = crypto::kubernetes_key_id(public_key_);
}

TokenVerdict Tokens::authenticate(const std::string& token,
                                  const std::vector<std::string>& audiences) {
    const auto now = clock_.now();
    // What is kept for longer than that was kept before the date stepped back.
    while (!cached_.empty() &&
           (cached_.front().first <= now || cached_.front().first > now + memory)) {
        cache_.erase(cached_.front().second);
        cached_.pop_front();
    }
    const CacheKey key{token, audiences};
    if (const auto found = cache_.find(key); found != cache_.end()) {
        return found->second.verdict;
    }
    auto verdict = judge(token, audiences);
    if (verdict.user) {
        const auto until = now + memory;
        cache_.emplace(key, Cached{until, verdict});
        cached_.emplace_back(until, key);
    }
    return verdict;
}

TokenVerdict Tokens::judge(const std::string& token, const std::vector<std::string>& audiences) {
    TokenVerdict verdict;
    User user;
    if (token == options_.admin_token.reveal()) {
        verdict.audiences = both(audiences, api_audiences_);
        if (verdict.audiences.empty()) {
            return refused("invalid bearer token");
        }
        verdict.user = User{"admin", "admin-uid", {"system:masters", "system:authenticated"}, {}};
        verdict.user->extra = Json::object();
        return verdict;
    }
    const auto jwt = decode_jwt(token);
    const auto claims = jwt ? json_or_null(jwt->claims) : Json();
    if (!claims.is_object()) {
        return refused("invalid bearer token");
    }
    const auto issuer = text_at(claims, "/iss");
    if (issuer != options_.issuer && issuer != legacy_issuer) {
        return refused("invalid bearer token");
    }
    if (!jwt->verify(public_key_)) {
        return refused_because("go-jose/go-jose: error in cryptographic primitive");
    }
    const bool legacy = issuer == legacy_issuer;
    const auto held = legacy ? api_audiences_ : texts(claims.value("aud", Json()));
    verdict.audiences = both(audiences, held);
    if (verdict.audiences.empty()) {
        return refused_because(
            fmt::format("token audiences {} is invalid for the target audiences {}", quoted(held),
                        quoted(audiences)));
    }
    const auto fault = legacy ? check_legacy(claims, token, user) : check_claims(claims, user);
    if (!fault.empty()) {
        return refused_because(fault);
    }
    verdict.user = std::move(user);
    return verdict;
}

std::string Tokens::check_claims(const Json& claims, User& user) const {
    const auto now = unix_seconds(clock_.now());
    const auto space = text_at(claims, "/kubernetes.io/namespace");
    user.extra = {{std::string(extra_prefix) + "credential-id",
                   Json::array({"JTI=" + text_at(claims, "/jti")})}};
    auto fault = check_account(space, text_at(claims, "/kubernetes.io/serviceaccount/name"),
                               text_at(claims, "/kubernetes.io/serviceaccount/uid"), user);
    if (now >= claims.value("exp", std::int64_t{0})) {
        return "service account token has expired";
    }
    if (now < claims.value("nbf", std::int64_t{0})) {
        return "service account token is not valid yet";
    }
    if (!fault.empty()) {
        return fault;
    }
    const auto& own = claims.at("kubernetes.io");
    for (const auto& [key, type] : {std::pair("pod", &type::pods), std::pair("node", &type::nodes),
                                    std::pair("secret", &type::secrets)}) {
        if (!own.contains(key)) {
            continue;
        }
        // A pod's token names the node as well; only a token bound to the node itself dies with it.
        if (const bool along = std::string_view(key) == "node" && own.contains("pod"); !along) {
            if (auto gone = check_bound(*type, space, own.at(key)); !gone.empty()) {
                return gone;
            }
        }
        if (std::string_view(key) != "secret") {
            user.extra[fmt::format("{}{}-name", extra_prefix, key)] =
                Json::array({own.at(key).at("name")});
            if (own.at(key).contains("uid")) {
                user.extra[fmt::format("{}{}-uid", extra_prefix, key)] =
                    Json::array({own.at(key).at("uid")});
            }
        }
    }
    return {};
}

std::string Tokens::check_bound(const ResourceType& type, const std::string& namespace_name,
                                const Json& claim) const {
    const auto object = store_.find(type, namespace_name, text_at(claim, "/name"));
    if (!object) {
        return "service account token has been invalidated";
    }
    const auto uid = meta(*object, "uid");
    const auto claimed = text_at(claim, "/uid");
    if (uid != claimed) {
        return fmt::format("{} UID ({}) does not match service account {} ref claim ({})",
                           type.singular, uid, type.singular, claimed);
    }
    return {};
}

std::string Tokens::check_account(const std::string& namespace_name, const std::string& name,
                                  const std::string& uid, User& user) const {
    user.name = fmt::format("system:serviceaccount:{}:{}", namespace_name, name);
    user.uid = uid;
    user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + namespace_name,
                   "system:authenticated"};
    const auto account = store_.find(type::service_accounts, namespace_name, name);
    if (!account) {
        return fmt::format("serviceaccounts \"{}\" not found", name);
    }
    if (meta(*account, "uid") != uid) {
        return fmt::format("service account UID ({}) does not match claim ({})",
                           meta(*account, "uid"), uid);
    }
    return {};
}

std::string Tokens::check_legacy(const Json& claims, const std::string& token, User& user) {
    const auto flat = [&](const char* key) {
        return claims.value(std::string("kubernetes.io/serviceaccount/") + key, std::string());
    };
    const auto space = flat("namespace");
    auto fault =
        check_account(space, flat("service-account.name"), flat("service-account.uid"), user);
    const auto secret = store_.find(type::secrets, space, flat("secret.name"));
    if (!secret) {
        return "Token has been invalidated";
    }
    if (from_base64(text_at(*secret, "/data/token")) != token) {
        return "Token does not match server's copy";
    }
    if (fault.empty()) {
        Json used = *secret;
        used["metadata"]["labels"]["kubernetes.io/legacy-token-last-used"] =
            rfc3339(clock_.now()).substr(0, 10);
        store_.replace(type::secrets, std::move(used));
    }
    return fault;
}

Secret Tokens::mint(const Request& request) {
    const auto& account = request.service_account;
    const auto now = unix_seconds(clock_.now());
    Json own = {{"namespace", meta(account, "namespace")}, {"serviceaccount", reference(account)}};
    for (const auto& [key, object] :
         {std::pair("pod", &request.pod), std::pair("node", &request.node),
          std::pair("secret", &request.secret)}) {
        if (!object->is_null()) {
            own[key] = reference(*object);
        }
    }
    auto expires = now + request.seconds;
    // What kubelets ask for: the token lives a year, and its use after 3607 s is only counted
    // (--service-account-extend-token-expiration; wire contract 165).
    const bool kubelets =
        request.seconds == 3607 && !request.pod.is_null() && request.audiences == api_audiences_;
    if (kubelets) {
        expires = now + 31536000;
        own["warnafter"] = now + request.seconds;
    }
    const Json claims = {{"aud", request.audiences},
                         {"exp", expires},
                         {"iat", now},
                         {"nbf", now},
                         {"iss", options_.issuer},
                         {"jti", store_.uuid()},
                         {"sub", fmt::format("system:serviceaccount:{}:{}",
                                             meta(account, "namespace"), meta(account, "name"))},
                         {"kubernetes.io", std::move(own)}};
    return crypto::sign_jwt(claims.dump(), key_id_, key_);
}

Secret Tokens::mint_legacy(const Json& secret, const Json& account) {
    const std::string prefix = "kubernetes.io/serviceaccount/";
    const Json claims = {{"iss", legacy_issuer},
                         {prefix + "namespace", meta(secret, "namespace")},
                         {prefix + "secret.name", meta(secret, "name")},
                         {prefix + "service-account.name", meta(account, "name")},
                         {prefix + "service-account.uid", meta(account, "uid")},
                         {"sub", fmt::format("system:serviceaccount:{}:{}",
                                             meta(account, "namespace"), meta(account, "name"))}};
    return crypto::sign_jwt(claims.dump(), key_id_, key_);
}

std::string Tokens::algorithm() const {
    return public_key_.algorithm() == "ec" ? "ES256" : "RS256";
}

std::string Tokens::jwks() const {
    return Json{{"keys", Json::array({Json::parse(crypto::jwk(public_key_, key_id_))})}}.dump();
}

}  // namespace meshproof::fakes::kube
