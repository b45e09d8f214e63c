#include "fakes/vault/kubernetes_jwt.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::fakes {

namespace {

using std::chrono::seconds;

constexpr auto usual_leeway = seconds(60);
constexpr auto missing_claim_leeway = seconds(150);

tl::unexpected<Refusal> refuse(std::string text, int status = 403) {
    return tl::unexpected(Refusal{status, std::move(text)});
}

constexpr auto bad_algorithm =
    "invalid algorithm (alg) header parameter: token signed with unexpected algorithm";

bool supported(std::string_view algorithm) {
    return algorithm == "RS256" || algorithm == "RS384" || algorithm == "RS512" ||
           algorithm == "ES256" || algorithm == "ES384" || algorithm == "ES512";
}

bool defect(const JwtRules& rules, std::string_view name) {
    return rules.defects != nullptr && rules.defects->on(name);
}

std::optional<Refusal> check_signature(const JwtRules& rules, const crypto::Jwt& jwt) {
    if (defect(rules, "kubernetes/any-algorithm")) {
        return std::nullopt;
    }
    if (!rules.keys.empty() && !defect(rules, "kubernetes/pem-keys-unused")) {
        const bool signed_by_one =
            std::any_of(rules.keys.begin(), rules.keys.end(),
                        [&](const crypto::PublicKey& key) { return jwt.verify(key); });
        return signed_by_one ? std::nullopt : std::optional(Refusal{});
    }
    if (!supported(jwt.algorithm)) {
        // OpenBao's JOSE library takes only asymmetric algorithms in at all.
        const bool known = jwt.algorithm == "EdDSA" || jwt.algorithm.starts_with("PS");
        if (rules.product == vault::Product::openbao && !known) {
            return Refusal{};
        }
        return Refusal{403, jwt.signature.empty()
                                ? "invalid algorithm (alg) header parameter: token must be signed"
                                : bad_algorithm};
    }
    if (jwt.signature.empty()) {
        return Refusal{403, "invalid algorithm (alg) header parameter: token must be signed"};
    }
    return std::nullopt;
}

// Seconds since 1970; 0 = absent. Nothing where it is no number.
std::optional<std::int64_t> numeric_date(const Json& claims, const char* name) {
    const auto found = claims.find(name);
    if (found == claims.end() || found->is_null()) {
        return 0;
    }
    if (!found->is_number()) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(std::floor(found->get<double>()));
}

std::optional<std::string> check_times(const JwtRules& rules, const Json& claims, Time now) {
    const auto leeway = defect(rules, "kubernetes/no-leeway") ? seconds(0) : usual_leeway;
    const auto exp = numeric_date(claims, "exp");
    const auto nbf = numeric_date(claims, "nbf");
    const auto iat = numeric_date(claims, "iat");
    if (!exp || !nbf || !iat) {
        return "go-jose/go-jose/jwt: expected number value to unmarshal NumericDate";
    }
    if (*exp == 0 && *nbf == 0 && *iat == 0) {
        return std::nullopt;  // a legacy token
    }
    const auto extra = missing_claim_leeway.count();
    if (*exp == 0 && defect(rules, "kubernetes/no-exp-lives-for-ever")) {
        return std::nullopt;
    }
    const auto expires = *exp != 0 ? *exp : std::max(*iat, *nbf) + extra;
    const auto starts = *nbf != 0 ? *nbf : *iat != 0 ? *iat : *exp - extra;
    if (defect(rules, "kubernetes/future-accepted")) {
        return std::nullopt;
    }
    if (now + leeway < from_unix_seconds(starts)) {
        return "invalid not before (nbf) claim: token not yet valid";
    }
    if (now - leeway > from_unix_seconds(expires)) {
        return "invalid expiration time (exp) claim: token is expired";
    }
    if (*iat != 0 && now + leeway < from_unix_seconds(*iat)) {
        return "invalid issued at (iat) claim: token issued in the future";
    }
    return std::nullopt;
}

std::string text_at(const Json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return object.is_object() && found != object.end() && found->is_string()
               ? found->get<std::string>()
               : "";
}

std::vector<std::string> audiences_of(const Json& aud) {
    std::vector<std::string> all;
    if (aud.is_string()) {
        all.push_back(aud.get<std::string>());
    } else if (aud.is_array()) {
        for (const auto& item : aud) {
            if (item.is_string()) {
                all.push_back(item.get<std::string>());
            }
        }
    }
    return all;
}

}  // namespace

tl::expected<Workload, Refusal> read_workload(const JwtRules& rules, std::string_view given,
                                              Time now) {
    const bool openbao = rules.product == vault::Product::openbao;
    const bool refuses_blanks = openbao != defect(rules, "kubernetes/blanks-the-other-way");
    if (refuses_blanks && !given.empty() &&
        std::isspace(static_cast<unsigned char>(given.front())) != 0) {
        return tl::unexpected(Refusal{});
    }
    const auto jwt = crypto::Jwt::decode(trim(given));
    if (!jwt) {
        return tl::unexpected(Refusal{defect(rules, "kubernetes/unreadable-is-400") ? 400 : 403,
                                      "permission denied"});
    }
    const auto claims = Json::parse(jwt->claims, nullptr, false);
    if (auto refused = check_signature(rules, *jwt)) {
        return tl::unexpected(*refused);
    }
    const auto aud = claims.contains("aud") ? claims["aud"] : Json();
    Workload workload;
    workload.audiences = audiences_of(aud);
    if (!rules.issuer.empty() && !defect(rules, "kubernetes/issuer-ignored") &&
        text_at(claims, "iss") != rules.issuer) {
        return refuse("invalid issuer (iss) claim");
    }
    if (!rules.audience.empty() && !defect(rules, "kubernetes/audience-ignored") &&
        std::find(workload.audiences.begin(), workload.audiences.end(), rules.audience) ==
            workload.audiences.end()) {
        return refuse(
            "invalid audience (aud) claim: audience claim does not match any expected audience");
    }
    if (auto refused = check_times(rules, claims, now)) {
        return refuse(*refused);
    }
    if (aud.is_string() && !defect(rules, "kubernetes/aud-string-accepted")) {
        return refuse(openbao ? "decoding failed due to the following error(s):\n\n'aud' source "
                                "data must be an array "
                                "or slice, got string"
                              : "1 error(s) decoding:\n\n* 'aud': source data must be an array or "
                                "slice, got string",
                      500);
    }
    if (claims.contains("kubernetes.io") && claims["kubernetes.io"].is_object()) {
        const auto& bound = claims["kubernetes.io"];
        const auto account = bound.contains("serviceaccount") ? bound["serviceaccount"] : Json();
        workload.namespace_name = text_at(bound, "namespace");
        workload.name = text_at(account, "name");
        workload.uid = text_at(account, "uid");
    } else {
        workload.namespace_name = text_at(claims, "kubernetes.io/serviceaccount/namespace");
        workload.name = text_at(claims, "kubernetes.io/serviceaccount/service-account.name");
        workload.uid = text_at(claims, "kubernetes.io/serviceaccount/service-account.uid");
        workload.secret_name = text_at(claims, "kubernetes.io/serviceaccount/secret.name");
    }
    return workload;
}

}  // namespace meshproof::fakes
