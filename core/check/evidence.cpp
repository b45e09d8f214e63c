#include "core/check/evidence.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace meshproof::run {
namespace {

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

/// A copy of a text with parts of it replaced, from its beginning to its end in one pass: answers
/// may be tens of megabytes of anything.
class Rewriting {
  public:
    explicit Rewriting(std::string_view text) : text_(text) {}

    void replace(std::size_t begin, std::size_t end, std::string_view by) {
        out_ += text_.substr(done_, begin - done_);
        out_ += by;
        done_ = end;
    }
    [[nodiscard]] std::string result() && {
        out_ += text_.substr(done_);
        return std::move(out_);
    }

  private:
    std::string_view text_;
    std::string out_;
    std::size_t done_ = 0;
};

/// Cuts every private key block out of a text, in PEM or in PEM within JSON.
std::string without_private_keys(std::string_view text) {
    constexpr std::string_view head = "-----BEGIN ", tail = "PRIVATE KEY-----";
    constexpr std::size_t longest_label = 40;
    Rewriting rewriting(text);
    for (auto at = text.find(head); at != std::string_view::npos;) {
        auto next = at + 1;
        const auto label = text.substr(at, longest_label + tail.size()).find(tail);
        if (label != std::string_view::npos) {
            const auto last = text.find(tail, at + label + tail.size());
            next = last == std::string_view::npos ? text.size() : last + tail.size();
            rewriting.replace(at, next, "$PRIVATE_KEY");
        }
        at = text.find(head, next);
    }
    return std::move(rewriting).result();
}

/// Where a JWT begins in a run of its characters: at the first "eyJ" that two dots follow.
std::size_t jwt_in(std::string_view run) {
    const auto last = run.rfind('.');
    if (last == std::string_view::npos || last == 0) {
        return std::string_view::npos;
    }
    const auto middle = run.rfind('.', last - 1);
    if (middle == std::string_view::npos) {
        return std::string_view::npos;
    }
    const auto before = middle == 0 ? std::string_view::npos : run.rfind('.', middle - 1);
    const auto from = before == std::string_view::npos ? 0 : before + 1;
    constexpr std::size_t shortest = 41;
    const auto at = run.find("eyJ", from);
    return at < middle && run.size() - at >= shortest ? at : std::string_view::npos;
}

/// A JWT by its looks: three base64url parts, the first of which is a JSON object.
std::string without_jwts(std::string_view text) {
    Rewriting rewriting(text);
    for (std::size_t begin = 0; begin < text.size();) {
        auto end = begin;
        while (end < text.size() && (word_character(text[end]) || text[end] == '.')) {
            ++end;
        }
        if (const auto at = jwt_in(text.substr(begin, end - begin)); at != std::string_view::npos) {
            rewriting.replace(begin + at, end, "$JWT");
        }
        begin = end + 1;
    }
    return std::move(rewriting).result();
}

/// The end of a Vault token that begins there, or npos.
std::size_t end_of_vault_token(std::string_view text, std::size_t at) {
    constexpr std::size_t shortest = 24;  // what follows the prefix
    for (const std::string_view prefix : {"hvs.", "hvb.", "hvr.", "s.", "b.", "r."}) {
        if (text.substr(at).starts_with(prefix)) {
            auto end = at + prefix.size();
            while (end < text.size() && word_character(text[end])) {
                ++end;
            }
            return end - at >= prefix.size() + shortest ? end : std::string_view::npos;
        }
    }
    return std::string_view::npos;
}

std::string without_vault_tokens(std::string_view text) {
    Rewriting rewriting(text);
    char before = ' ';
    for (std::size_t at = 0; at < text.size(); before = text[at++]) {
        if (word_character(before) || before == '.') {
            continue;
        }
        if (const auto end = end_of_vault_token(text, at); end != std::string_view::npos) {
            rewriting.replace(at, end, "$TOKEN");
            at = end - 1;
        }
    }
    return std::move(rewriting).result();
}

std::uint64_t beginning_of(std::string_view secret) {
    static_assert(least_secret == sizeof(std::uint64_t));
    std::uint64_t first = 0;
    std::memcpy(&first, secret.data(), sizeof first);
    return first;
}

bool printable(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7f;
    });
}

std::string shown(const std::string& body, std::size_t kept_bytes) {
    if (!printable(body)) {
        return fmt::format("({})", counted(body.size(), "byte"));
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
    if (secret.size() < least_secret || secrets_.contains(secret)) {
        return;
    }
    if (numbered) {
        const auto number = ++used_[name];
        name += fmt::format("_{}", number);
    }
    // The same secret as it looks within a JSON text (a PEM key with its line ends escaped).
    const auto escaped =
        nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    for (auto text : {secret, escaped.substr(1, escaped.size() - 2)}) {
        beginnings_.insert(beginning_of(text));
        secrets_.emplace(std::move(text), "$" + name);
    }
}

Redactor::Secrets::const_iterator Redactor::longest_at(std::string_view text) const {
    if (text.size() < least_secret || !beginnings_.contains(beginning_of(text))) {
        return secrets_.end();
    }
    // What begins the text is not after it in the order of texts. Where its nearest neighbour does
    // not begin it, what does is no longer than both have in common.
    for (;;) {
        auto found = secrets_.upper_bound(text);
        if (found == secrets_.begin()) {
            return secrets_.end();
        }
        const std::string_view near = (--found)->first;
        if (text.starts_with(near)) {
            return found;
        }
        const auto common = std::ranges::mismatch(text, near).in1 - text.begin();
        text = text.substr(0, static_cast<std::size_t>(common));
    }
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

std::string Redactor::apply(std::string_view text) const {
    Rewriting rewriting(text);
    for (std::size_t at = 0; !secrets_.empty() && at < text.size(); ++at) {
        const auto found = longest_at(text.substr(at));
        if (found == secrets_.end()) {
            continue;
        }
        auto end = at + found->first.size();
        // Another may begin in the midst of this one, and end after it.
        for (auto inner = at + 1; inner < end; ++inner) {
            if (const auto more = longest_at(text.substr(inner)); more != secrets_.end()) {
                end = std::max(end, inner + more->first.size());
            }
        }
        rewriting.replace(at, end, found->second);
        at = end - 1;
    }
    return without_vault_tokens(without_jwts(without_private_keys(std::move(rewriting).result())));
}

void RecordingTransport::name_origin(const http::Url& url, std::string name) {
    origins_[url.origin()] = std::move(name);
}

std::vector<Exchange> RecordingTransport::evidence(std::size_t longest) const {
    auto out = exchanges_;
    for (auto& exchange : out) {
        exchange.target = redactor_.apply(exchange.target);
        exchange.failure = redactor_.apply(exchange.failure);
        for (auto* text : {&exchange.body, &exchange.answer}) {
            *text = shown(redactor_.apply(*text), longest);
        }
        for (auto* headers : {&exchange.headers, &exchange.answer_headers}) {
            for (auto& [name, value] : *headers) {
                value = redactor_.apply(value);
            }
        }
    }
    return out;
}

Exchange RecordingTransport::begin(const http::Endpoint& endpoint, const http::Request& request) {
    redactor_.learn_from(request.headers);
    redactor_.learn_from(json_or_null(request.body));
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
    redactor_.learn_from(json_or_null(response->body));
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
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' || c == '\\' || c == '`' || (c == '$' && variable_at(text, i).empty())) {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

}  // namespace

std::string_view variable_at(std::string_view text, std::size_t dollar) {
    constexpr std::size_t shortest = 3;
    auto name = text.substr(dollar + 1);
    const bool braces = name.starts_with('{');
    if (braces) {
        name.remove_prefix(1);
    }
    std::size_t size = 0;
    while (size < name.size() && ((name[size] >= 'A' && name[size] <= 'Z') || name[size] == '_' ||
                                  (size > 0 && name[size] >= '0' && name[size] <= '9'))) {
        ++size;
    }
    const bool closed = !braces || (size < name.size() && name[size] == '}');
    return size >= shortest && closed ? name.substr(0, size) : std::string_view();
}

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
            if (lower(name) == "upgrade") {
                line += " --http1.1 -H \"Connection: Upgrade\"";  // our wire says that itself
            }
        }
    }
    if (!exchange.body.empty()) {
        const bool typed = std::ranges::any_of(exchange.headers, [](const auto& field) {
            return lower(field.first) == "content-type";
        });
        if (!typed) {
            line += " -H \"Content-Type:\"";  // curl would send that of a form
        }
        // No command line takes more, and nobody wants to see it.
        constexpr std::size_t longest_word = 100'000;
        line += fmt::format(" --data-binary {}",
                            double_quoted(exchange.body.size() > longest_word
                                              ? fmt::format("({} bytes)", exchange.body.size())
                                              : exchange.body));
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
