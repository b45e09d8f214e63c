#include "fakes/vault/kubernetes_auth/jws_fault.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/json.hpp"
#include "fakes/vault/logical/json_fault.hpp"

namespace meshproof::fakes::vault {

namespace {

using JwsFault = std::optional<std::string>;

constexpr std::string_view jose_header = "jose.rawHeader";

// Package base64 names the first byte that is none, or where a last one stands alone.
JwsFault base64_fault(std::string_view text) {
    const auto wrong = std::ranges::find_if(
        text, [](char c) { return !letter_or_digit(c) && c != '-' && c != '_'; });
    const auto at = static_cast<std::size_t>(wrong - text.begin());
    if (at == text.size() && text.size() % 4 != 1) {
        return std::nullopt;
    }
    return fmt::format("illegal base64 data at input byte {}",
                       std::min(at, text.size() - (text.size() % 4 == 1 ? 1 : 0)));
}

std::string wrong_type(const Json& value, std::string_view wanted) {
    const auto* word = value.is_array()     ? "array"
                       : value.is_object()  ? "object"
                       : value.is_boolean() ? "bool"
                       : value.is_string()  ? "string"
                                            : "number";
    return fmt::format("json: cannot unmarshal {} into Go value of type {}", word, wanted);
}

// The value, or what it is no JSON by.
tl::expected<Json, std::string> read_json(std::string_view text) {
    if (too_deep(text)) {
        return tl::unexpected(std::string("exceeded max depth"));
    }
    if (auto fault = json_fault(text, Product::vault); !fault.empty()) {
        return tl::unexpected(std::move(fault));
    }
    auto json = Json::parse(text, nullptr, false);
    return json.is_discarded() ? Json() : std::move(json);  // Go takes bytes that are no UTF-8
}

JwsFault key_fault(const Json& jwk) {
    const auto kind = jwk.is_object() ? jwk.value("kty", Json("")) : Json("");
    std::string why;
    if (!jwk.is_object()) {
        why = wrong_type(jwk, "jose.rawJSONWebKey");
    } else if (kind == "RSA" && !(jwk.contains("n") && jwk.contains("e"))) {
        why = "square/go-jose: invalid RSA key, missing n/e values";
    } else if (kind != "RSA" && kind != "EC" && kind != "OKP" && kind != "oct") {
        why = fmt::format("square/go-jose: unknown json web key type '{}'",
                          kind.is_string() ? kind.get<std::string>() : kind.dump());
    }
    return why.empty() ? std::nullopt
                       : JwsFault(fmt::format("failed to unmarshal JWK: {}: {}", why,
                                              go_quoted(jwk.dump())));
}

JwsFault chain_fault(const Json& chain) {
    if (chain.is_array() && chain.empty()) {
        return std::nullopt;
    }
    return fmt::format(
        "failed to unmarshal x5c header: {}: {}",
        chain.is_array() ? "illegal base64 data at input byte 0" : wrong_type(chain, "[]string"),
        go_quoted(chain.dump()));
}

JwsFault header_fault(const Json& header) {
    if (header.is_null()) {
        return std::nullopt;
    }
    if (!header.is_object()) {
        return wrong_type(header, jose_header);
    }
    using Named = std::pair<const char*, const char*>;
    for (const auto& [name, shown] :
         {Named("alg", "algorithm"), Named("kid", "key ID"), Named("nonce", "nonce")}) {
        const auto value = header.value(name, Json());
        if (!value.is_null() && !value.is_string()) {
            return fmt::format("failed to unmarshal {}: {}: {}", shown, wrong_type(value, "string"),
                               go_quoted(value.dump()));
        }
    }
    JwsFault fault;
    if (const auto jwk = header.value("jwk", Json()); !jwk.is_null()) {
        fault = key_fault(jwk);
    }
    if (const auto chain = header.value("x5c", Json()); !fault && !chain.is_null()) {
        fault = chain_fault(chain);
    }
    return fault;
}

// Of a header that was encoded well.
JwsFault protected_fault(std::string_view encoded) {
    const auto text = from_base64url(encoded).value_or("");
    if (text.empty()) {
        return std::nullopt;
    }
    const auto header = read_json(text);
    return header ? header_fault(*header) : JwsFault(header.error());
}

JwsFault compact_fault(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 3) {
        return "square/go-jose: compact JWS format must have three parts";
    }
    for (const auto& part : parts) {
        if (auto fault = base64_fault(part)) {
            return fault;
        }
    }
    return protected_fault(parts[0]);
}

// The members that hold bytes, and a header beside them.
JwsFault form_fault(const Json& signature) {
    for (const auto* name : {"payload", "protected", "signature"}) {
        const auto value = signature.value(name, Json());
        if (value.is_null()) {
            continue;
        }
        if (!value.is_string()) {
            return wrong_type(value, "string");
        }
        if (auto fault = base64_fault(value.get<std::string>())) {
            return fault;
        }
    }
    const auto header = signature.value("header", Json());
    return header.is_null() || header.is_object() ? std::nullopt
                                                  : JwsFault(wrong_type(header, jose_header));
}

JwsFault signatures_fault(const Json& signatures) {
    if (!signatures.is_null() && !signatures.is_array()) {
        return wrong_type(signatures, "[]jose.rawSignatureInfo");
    }
    for (const auto& one : signatures) {
        if (!one.is_null() && !one.is_object()) {
            return wrong_type(one, "jose.rawSignatureInfo");
        }
        if (auto fault = one.is_null() ? std::nullopt : form_fault(one)) {
            return fault;
        }
    }
    return std::nullopt;
}

JwsFault headers_fault(const Json& signature) {
    const auto coded = signature.value("protected", Json());
    if (auto fault = protected_fault(coded.is_string() ? coded.get<std::string>() : "")) {
        return fault;
    }
    const auto header = signature.value("header", Json());
    if (header.is_object() && header.contains("nonce") && header["nonce"].is_string()) {
        return "square/go-jose: Nonce parameter included in unprotected header";
    }
    return header_fault(header);
}

JwsFault whole_fault(std::string_view text) {
    const auto whole = read_json(text);
    if (!whole || whole->is_null()) {
        return whole ? std::nullopt : JwsFault(whole.error());
    }
    const auto signatures = whole->value("signatures", Json());
    auto fault = form_fault(*whole);
    if (!fault) {
        fault = signatures_fault(signatures);
    }
    if (!fault && whole->value("payload", Json()).is_null()) {
        fault = "square/go-jose: missing payload in JWS message";
    }
    if (!fault && signatures.empty()) {
        fault = headers_fault(*whole);
    }
    for (const auto& one : signatures) {
        if (!fault && one.is_object()) {
            fault = headers_fault(one);
        }
    }
    return fault;
}

}  // namespace

std::optional<std::string> jws_fault(std::string_view text) {
    std::string kept;
    std::ranges::copy_if(text, std::back_inserter(kept), [](char c) {
        return std::string_view(" \t\n\v\f\r").find(c) == std::string_view::npos;
    });
    const auto trimmed = go_trimmed(kept);
    return trimmed.starts_with('{') ? whole_fault(trimmed) : compact_fault(trimmed);
}

}  // namespace meshproof::fakes::vault
