#include "fakes/vault/kubernetes_auth/jwt.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/json.hpp"

namespace meshproof::fakes::vault {

namespace {

using std::chrono::seconds;

constexpr auto leeway = seconds(60);
constexpr auto missing_claim_leeway = seconds(150);

constexpr auto bad_algorithm =
    "invalid algorithm (alg) header parameter: token signed with unexpected algorithm";

bool supported(std::string_view algorithm) {
    return algorithm == "RS256" || algorithm == "RS384" || algorithm == "RS512" ||
           algorithm == "ES256" || algorithm == "ES384" || algorithm == "ES512";
}

std::optional<Refusal> check_signature(const JwtRules& rules, const crypto::Jwt& jwt) {
    if (!rules.keys.empty()) {
        const bool signed_by_one = std::ranges::any_of(
            rules.keys, [&](const crypto::PublicKey& key) { return jwt.verify(key); });
        return signed_by_one ? std::nullopt : std::optional(Refusal{});
    }
    if (!supported(jwt.algorithm)) {
        // OpenBao's JOSE library takes only asymmetric algorithms in at all.
        const bool known = jwt.algorithm == "EdDSA" || jwt.algorithm.starts_with("PS");
        if (rules.product == Product::openbao && !known) {
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

// Seconds since 1970; 0 = absent. What no clock can hold is long ago, as Go's conversion has it.
std::int64_t numeric_date(const Json& claims, const char* name) {
    const auto found = claims.find(name);
    if (found == claims.end() || !found->is_number()) {
        return 0;
    }
    constexpr double far = 9e9;
    const auto seconds = std::floor(found->get<double>());
    return static_cast<std::int64_t>(std::abs(seconds) < far ? seconds : -far);
}

std::optional<std::string> check_times(const Json& claims, Time now) {
    const auto exp = numeric_date(claims, "exp");
    const auto nbf = numeric_date(claims, "nbf");
    const auto iat = numeric_date(claims, "iat");
    if (exp == 0 && nbf == 0 && iat == 0) {
        return std::nullopt;  // a legacy token
    }
    const auto extra = missing_claim_leeway.count();
    const auto expires = exp != 0 ? exp : std::max(iat, nbf) + extra;
    const auto starts = nbf != 0 ? nbf : iat != 0 ? iat : exp - extra;
    if (now + leeway < from_unix_seconds(starts)) {
        return "invalid not before (nbf) claim: token not yet valid";
    }
    if (now - leeway > from_unix_seconds(expires)) {
        return "invalid expiration time (exp) claim: token is expired";
    }
    if (iat != 0 && now + leeway < from_unix_seconds(iat)) {
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

// The compact form as each product's JOSE library reads it: Vault drops all blanks, OpenBao's
// base64 passes over line ends. Nothing where it cannot be read.
std::optional<crypto::Jwt> read_compact(Product product, std::string_view given) {
    std::string compact(given);
    std::erase_if(compact, [product](char c) {
        const bool line_end = c == '\n' || c == '\r';
        const bool blank = line_end || c == ' ' || c == '\t' || c == '\v' || c == '\f';
        return product == Product::vault ? blank : line_end;
    });
    const auto parts = split(compact, '.');
    if (parts.size() != 3) {
        return std::nullopt;
    }
    auto header_text = from_base64url(parts[0]);
    auto claims = from_base64url(parts[1]);
    auto signature = from_base64url(parts[2]);
    if (!header_text || !claims || !signature || too_deep(*header_text) || too_deep(*claims)) {
        return std::nullopt;
    }
    if (header_text->empty()) {
        *header_text = "{}";
    }
    auto header = json_or_discarded(*header_text);
    if (header.is_null()) {
        header = Json::object();
    }
    if (!header.is_object()) {
        return std::nullopt;
    }
    for (const auto* name : {"alg", "kid", "nonce"}) {
        if (header.contains(name) && !header[name].is_string() && !header[name].is_null()) {
            return std::nullopt;
        }
    }
    const auto jwk = header.value("jwk", Json());
    if (!jwk.is_null() && !(jwk.is_object() && jwk.contains("n") && jwk.contains("e")) &&
        !(jwk.is_object() && jwk.contains("crv"))) {
        return std::nullopt;
    }
    if (const auto chain = header.value("x5c", Json());
        !chain.is_null() && chain != Json::array()) {
        return std::nullopt;
    }
    crypto::Jwt jwt;
    jwt.algorithm = text_at(header, "alg");
    jwt.key_id = text_at(header, "kid");
    jwt.header = std::move(*header_text);
    jwt.claims = std::move(*claims);
    jwt.signed_part = fmt::format("{}.{}", parts[0], parts[1]);
    jwt.signature = std::move(*signature);
    return jwt;
}

// What Go's decoder says of registered claims of another type than RFC 7519's.
std::optional<std::string> check_registered(Product product, const Json& claims) {
    constexpr std::array registered{"aud", "exp", "iat", "iss", "jti", "nbf", "sub"};
    if (product == Product::openbao) {
        for (const auto& [name, value] : claims.items()) {
            for (const auto* known : registered) {
                if (name != known && lower(name) == known) {
                    return fmt::format(
                        "ambiguous claim: key {} collides with registered claim {} under case "
                        "folding",
                        go_quoted(name), go_quoted(known));
                }
            }
        }
    }
    if (claims.contains("aud")) {
        const auto& aud = claims["aud"];
        const bool texts =
            aud.is_array() && std::ranges::all_of(aud, [](const Json& a) { return a.is_string(); });
        if (!texts && !aud.is_string()) {
            return "go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience";
        }
    }
    for (const auto* name : {"exp", "iat", "nbf"}) {
        if (const auto value = claims.value(name, Json()); !value.is_null() && !value.is_number()) {
            return "go-jose/go-jose/jwt: expected number value to unmarshal NumericDate";
        }
    }
    for (const auto* name : {"iss", "jti", "sub"}) {
        if (const auto value = claims.value(name, Json()); !value.is_null() && !value.is_string()) {
            const auto* word = value.is_array()     ? "array"
                               : value.is_object()  ? "object"
                               : value.is_boolean() ? "bool"
                                                    : "number";
            return fmt::format(
                "json: cannot unmarshal {} into Go struct field Claims.{} of type string", word,
                name);
        }
    }
    return std::nullopt;
}

// The claims about the workload, of which each is a text or absent; collects what is not.
class ClaimReader {
  public:
    explicit ClaimReader(bool openbao) : openbao_(openbao) {}

    std::string text(const Json& object, const std::string& name, const std::string& shown) {
        const auto value = object.is_object() ? object.value(name, Json()) : Json();
        if (!value.is_string() && !value.is_null()) {
            const auto said =
                fmt::format("'{}' expected type 'string', got unconvertible type '{}'", shown,
                            go_type(value, "float64"));
            wrong_.push_back(openbao_ ? said
                                      : fmt::format("{}, value: '{}'", said, go_value(value)));
        }
        return value.is_string() ? value.get<std::string>() : "";
    }
    Json object(const Json& parent, const std::string& name, const std::string& shown) {
        const auto value = parent.is_object() ? parent.value(name, Json()) : Json();
        if (!value.is_object() && !value.is_null()) {
            const auto kind = value.is_array() ? "slice" : go_type(value, "float64");
            wrong_.push_back(
                openbao_ ? fmt::format("'{}' expected a map or struct, got \"{}\"", shown, kind)
                         : fmt::format("'{}' expected a map, got '{}'", shown, kind));
        }
        return value;
    }
    void list(const Json& value, const std::string& shown) {
        if (value.is_string()) {
            wrong_.push_back(fmt::format("'{}'{} source data must be an array or slice, got string",
                                         shown, openbao_ ? "" : ":"));
        }
    }
    [[nodiscard]] std::optional<Refusal> refusal() {
        if (wrong_.empty()) {
            return std::nullopt;
        }
        std::ranges::sort(wrong_);
        return Refusal{500, openbao_ ? "decoding failed due to the following error(s):\n\n" +
                                           join(wrong_, "\n")
                                     : fmt::format("{} error(s) decoding:\n\n* {}", wrong_.size(),
                                                   join(wrong_, "\n* "))};
    }

  private:
    bool openbao_;
    std::vector<std::string> wrong_;
};

tl::expected<Json, Refusal> signed_claims(const JwtRules& rules, std::string_view given) {
    const auto jwt = read_compact(rules.product, given);
    if (!jwt || jwt->claims.empty()) {
        return tl::unexpected(Refusal{});
    }
    if (auto refused = check_signature(rules, *jwt)) {
        return tl::unexpected(std::move(*refused));
    }
    auto claims = json_or_discarded(jwt->claims);
    if (claims.is_null()) {
        claims = Json::object();
    }
    if (!claims.is_object()) {
        return tl::unexpected(Refusal{});
    }
    return claims;
}

std::optional<std::string> check_claims(const JwtRules& rules, const Json& claims,
                                        const std::vector<std::string>& audiences, Time now) {
    if (auto refused = check_registered(rules.product, claims)) {
        return refused;
    }
    if (!rules.issuer.empty() && text_at(claims, "iss") != rules.issuer) {
        return "invalid issuer (iss) claim";
    }
    if (!rules.audience.empty() &&
        std::ranges::find(audiences, rules.audience) == audiences.end()) {
        return "invalid audience (aud) claim: audience claim does not match any expected audience";
    }
    return check_times(claims, now);
}

void read_legacy_names(Workload& workload, const Json& claims, ClaimReader& reader) {
    const auto text = [&](const char* name) {
        const auto whole = fmt::format("kubernetes.io/serviceaccount/{}", name);
        return reader.text(claims, whole, whole);
    };
    workload.namespace_name = text("namespace");
    workload.name = text("service-account.name");
    workload.uid = text("service-account.uid");
    workload.secret_name = text("secret.name");
}

// What a token of the TokenRequest API says replaces what one of a secret would.
void read_bound_names(Workload& workload, const Json& claims, ClaimReader& reader) {
    const auto bound = reader.object(claims, "kubernetes.io", "kubernetes.io");
    if (bound.is_null()) {
        return;
    }
    workload.namespace_name = reader.text(bound, "namespace", "kubernetes.io.namespace");
    for (const std::string part : {"pod", "serviceaccount"}) {
        const auto shown = "kubernetes.io." + part;
        const auto object = reader.object(bound, part, shown);
        auto name = reader.text(object, "name", shown + ".name");
        auto uid = reader.text(object, "uid", shown + ".uid");
        if (part == "serviceaccount" && !object.is_null()) {
            workload.name = std::move(name);
            workload.uid = std::move(uid);
        }
    }
}

}  // namespace

tl::expected<Workload, Refusal> read_workload(const JwtRules& rules, std::string_view given,
                                              Time now) {
    const auto claims = signed_claims(rules, given);
    if (!claims) {
        return tl::unexpected(claims.error());
    }
    const auto aud = claims->value("aud", Json());
    Workload workload;
    workload.audiences = audiences_of(aud);
    if (auto refused = check_claims(rules, *claims, workload.audiences, now)) {
        return tl::unexpected(Refusal{403, std::move(*refused)});
    }
    ClaimReader reader(rules.product == Product::openbao);
    reader.list(aud, "aud");
    read_legacy_names(workload, *claims, reader);
    read_bound_names(workload, *claims, reader);
    if (auto refused = reader.refusal()) {
        return tl::unexpected(std::move(*refused));
    }
    return workload;
}

}  // namespace meshproof::fakes::vault
