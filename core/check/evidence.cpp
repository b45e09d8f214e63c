#include "core/check/evidence.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace meshproof::run {
namespace {

/// Long enough for every answer that an expectation is about; a report of hundreds of checks stays
/// readable.
constexpr std::size_t kept_bytes = 3000;
/// Anything shorter is no secret, and would be found by chance everywhere.
constexpr std::size_t least_secret = 8;

struct SecretField {
    std::string_view key, name;
};
constexpr SecretField secret_fields[] = {
    {"client_token", "TOKEN"},
    {"token", "TOKEN"},
    {"root_token", "TOKEN"},
    {"jwt", "JWT"},
    {"token_reviewer_jwt", "JWT"},
    {"private_key", "PRIVATE_KEY"},
    {"key", "KEY"},
    {"keys", "KEY"},
    {"keys_base64", "KEY"},
    {"secret_id", "SECRET_ID"},
};

bool word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// Cuts every private key block out of a text, in PEM or in PEM within JSON.
std::string without_private_keys(std::string text) {
    constexpr std::string_view tail = "PRIVATE KEY-----";
    for (std::size_t at = text.find("-----BEGIN "); at != std::string::npos;
         at = text.find("-----BEGIN ", at + 1)) {
        const auto label_end = text.find(tail, at);
        if (label_end == std::string::npos || label_end > at + 40) {
            continue;
        }
        const auto last = text.find(tail, label_end + tail.size());
        const auto end = last == std::string::npos ? text.size() : last + tail.size();
        text.replace(at, end - at, "$PRIVATE_KEY");
    }
    return text;
}

/// A JWT by its looks: three base64url parts, the first of which is a JSON object.
std::string without_jwts(std::string text) {
    for (std::size_t at = text.find("eyJ"); at != std::string::npos;
         at = text.find("eyJ", at + 1)) {
        auto end = at;
        std::size_t dots = 0;
        while (end < text.size() && (word_character(text[end]) || text[end] == '.')) {
            dots += text[end] == '.' ? 1 : 0;
            ++end;
        }
        if (dots == 2 && end - at > 40) {
            text.replace(at, end - at, "$JWT");
        }
    }
    return text;
}

std::string without_vault_tokens(std::string text) {
    for (const std::string_view prefix : {"hvs.", "hvb.", "hvr.", "s.", "b.", "r."}) {
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
            if (at > 0 && (word_character(text[at - 1]) || text[at - 1] == '.')) {
                continue;
            }
            auto end = at + prefix.size();
            while (end < text.size() && word_character(text[end])) {
                ++end;
            }
            if (end - at >= prefix.size() + 24) {
                text.replace(at, end - at, "$TOKEN");
            }
        }
    }
    return text;
}

bool printable(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7f;
    });
}

std::string shown(const std::string& body) {
    if (!printable(body)) {
        return fmt::format("({} bytes)", body.size());
    }
    if (body.size() > kept_bytes) {
        return fmt::format("{}… ({} bytes in all)", head_of(body, kept_bytes), body.size());
    }
    return body;
}

/// Headers that differ from run to run and prove nothing.
bool worth_keeping(std::string_view name) {
    const auto low = lower(name);
    return low != "date" && low != "host" && low != "user-agent" && low != "connection" &&
           low != "audit-id" && !low.starts_with("x-kubernetes-pf-");
}

std::vector<std::pair<std::string, std::string>> kept(const http::Headers& headers) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& field : headers.fields()) {
        if (worth_keeping(field.first)) {
            out.push_back(field);
        }
    }
    return out;
}

}  // namespace

void Redactor::learn(const std::string& secret, std::string name, bool numbered) {
    if (secret.size() < least_secret ||
        std::ranges::any_of(secrets_, [&](const auto& known) { return known.first == secret; })) {
        return;
    }
    if (numbered) {
        const auto number = ++used_[name];
        name += fmt::format("_{}", number);
    }
    // The longest first: a secret may be part of another.
    const auto place = std::ranges::find_if(
        secrets_, [&](const auto& known) { return known.first.size() < secret.size(); });
    secrets_.insert(place, {secret, "$" + name});
}

void Redactor::learn_from(const nlohmann::json& body) {
    if (body.is_object()) {
        const bool kubernetes_secret = body.value("kind", nlohmann::json()) == "Secret";
        for (const auto& [key, value] : body.items()) {
            const std::string_view name = key;
            const auto* field = std::ranges::find(secret_fields, name, &SecretField::key);
            if (field != std::end(secret_fields)) {
                for (const auto& item : value.is_array() ? value : nlohmann::json::array({value})) {
                    if (item.is_string()) {
                        learn(item.get<std::string>(), std::string(field->name));
                    }
                }
            }
            if (kubernetes_secret && key == "data" && value.is_object()) {
                for (const auto& item : value) {
                    if (item.is_string()) {
                        learn(item.get<std::string>(), "SECRET_DATA");
                    }
                }
            }
            learn_from(value);
        }
    } else if (body.is_array()) {
        for (const auto& item : body) {
            learn_from(item);
        }
    }
}

void Redactor::learn_from(const http::Headers& headers) {
    // A login within the headers of a request: its parameters are base64url of JSON.
    for (const auto& [name, value] : headers.fields()) {
        const auto text = lower(name).starts_with("x-vault-inline-auth-parameter-")
                              ? from_base64url(value.substr(0, value.find('=')))
                              : std::nullopt;
        if (text && without_jwts(*text) != *text) {
            learn(value, "INLINE_JWT");
        }
    }
    if (const auto token = headers.find("X-Vault-Token")) {
        learn(*token, "TOKEN");
    }
    if (const auto authorization = headers.find("Authorization")) {
        const auto blank = authorization->find(' ');
        learn(blank == std::string::npos ? *authorization : authorization->substr(blank + 1),
              "TOKEN");
    }
}

std::string Redactor::apply(std::string text) const {
    for (const auto& [secret, name] : secrets_) {
        for (auto at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + name.size())) {
            text.replace(at, secret.size(), name);
        }
        // The same secret as it looks within a JSON text (a PEM key with its line ends escaped).
        auto escaped =
            nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        escaped = escaped.substr(1, escaped.size() - 2);
        if (escaped != secret) {
            for (auto at = text.find(escaped); at != std::string::npos;
                 at = text.find(escaped, at + name.size())) {
                text.replace(at, escaped.size(), name);
            }
        }
    }
    return without_vault_tokens(without_jwts(without_private_keys(std::move(text))));
}

void RecordingTransport::name_origin(const http::Url& url, std::string name) {
    origins_[url.origin()] = std::move(name);
}

std::vector<Exchange> RecordingTransport::evidence() const {
    auto out = exchanges_;
    for (auto& exchange : out) {
        exchange.target = redactor_.apply(std::move(exchange.target));
        exchange.failure = redactor_.apply(std::move(exchange.failure));
        for (auto* text : {&exchange.body, &exchange.answer}) {
            *text = shown(redactor_.apply(std::move(*text)));
        }
        for (auto* headers : {&exchange.headers, &exchange.answer_headers}) {
            for (auto& [name, value] : *headers) {
                value = redactor_.apply(std::move(value));
            }
        }
    }
    return out;
}

Exchange RecordingTransport::begin(const http::Endpoint& endpoint, const http::Request& request) {
    redactor_.learn_from(request.headers);
    if (const auto body = nlohmann::json::parse(request.body, nullptr, false);
        !body.is_discarded()) {
        redactor_.learn_from(body);
    }
    Exchange exchange;
    const auto origin = endpoint.url.origin();
    const auto known = origins_.find(origin);
    exchange.server = known == origins_.end() ? origin : known->second;
    exchange.method = request.method;
    exchange.target = endpoint.url.path + request.target;
    exchange.headers = kept(request.headers);
    exchange.body = request.body;
    return exchange;
}

Task<Result<http::Response>> RecordingTransport::send(http::Endpoint endpoint,
                                                      http::Request request) {
    auto exchange = begin(endpoint, request);
    const auto place = exchanges_.size();
    exchanges_.push_back(std::move(exchange));  // in the order of asking
    auto response = co_await wire_.send(std::move(endpoint), std::move(request));
    auto& kept_exchange = exchanges_[place];
    if (!response) {
        kept_exchange.failure = response.error().message;
        co_return propagate(response);
    }
    if (const auto body = nlohmann::json::parse(response->body, nullptr, false);
        !body.is_discarded()) {
        redactor_.learn_from(body);
    }
    kept_exchange.status = response->status;
    kept_exchange.answer_headers = kept(response->headers);
    kept_exchange.answer = response->body;
    co_return std::move(*response);
}

Task<Result<std::unique_ptr<http::Stream>>> RecordingTransport::open(http::Endpoint endpoint,
                                                                     http::Request request) {
    auto exchange = begin(endpoint, request);
    const auto place = exchanges_.size();
    exchanges_.push_back(std::move(exchange));
    auto stream = co_await wire_.open(std::move(endpoint), std::move(request));
    auto& kept_exchange = exchanges_[place];
    if (!stream) {
        kept_exchange.failure = stream.error().message;
        co_return propagate(stream);
    }
    kept_exchange.status = (*stream)->head().status;
    kept_exchange.answer_headers = kept((*stream)->head().headers);
    kept_exchange.answer = "(a stream)";
    co_return std::move(*stream);
}

Task<Result<std::unique_ptr<http::Listener>>> RecordingTransport::listen(http::ListenSpec spec,
                                                                         http::Handler& handler) {
    return wire_.listen(std::move(spec), handler);
}

Task<Result<std::unique_ptr<http::Link>>> RecordingTransport::open_link(http::Url upstream,
                                                                        std::string name) {
    return wire_.open_link(std::move(upstream), std::move(name));
}

namespace {

/// Within double quotes of a shell, where `$TOKEN_1` stays a variable.
std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\' || c == '`') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

}  // namespace

std::string to_curl(const Exchange& exchange) {
    const bool kubernetes = exchange.server == "kubernetes";
    const bool vault = exchange.server == "vault";
    std::string line = "curl -sS";
    if (kubernetes) {
        line += " --cacert \"$KUBE_CACERT\"";
    } else if (vault) {
        line += " --cacert \"$VAULT_CACERT\"";
    }
    if (exchange.method == "HEAD") {
        line += " --head";
    } else if (exchange.method != "GET" || !exchange.body.empty()) {
        line += " -X " + exchange.method;
    }
    for (const auto& [name, value] : exchange.headers) {
        if (lower(name) != "content-length" && lower(name) != "x-vault-request") {
            line += fmt::format(" -H {}", double_quoted(name + ": " + value));
        }
    }
    if (!exchange.body.empty()) {
        line += fmt::format(" --data-binary {}", double_quoted(exchange.body));
    }
    // The path as it is: curl would otherwise clean it.
    if (exchange.target.find("//") != std::string::npos ||
        exchange.target.find("/.") != std::string::npos) {
        line += " --path-as-is";
    }
    const std::string base = kubernetes ? "$KUBE_ADDR" : vault ? "$VAULT_ADDR" : exchange.server;
    return line + " " + double_quoted(base + exchange.target);
}

}  // namespace meshproof::run
