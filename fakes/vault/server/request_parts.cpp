#include "fakes/vault/server/request_parts.hpp"

#include <algorithm>
#include <sstream>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/json_limits.hpp"
#include "fakes/vault/server/policy.hpp"

namespace meshproof::fakes::vault {

namespace {

constexpr std::size_t body_limit = 32U << 20;

// As Go's path.Clean, with a final slash kept.
std::string clean(const std::string& path) {
    std::vector<std::string> kept;
    for (const auto& part : split(path, '/')) {
        if (part.empty() || part == ".") {
            continue;
        }
        if (part == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
        } else {
            kept.push_back(part);
        }
    }
    auto text = "/" + join(kept, "/");
    if (path.ends_with('/') && text != "/") {
        text += '/';
    }
    return text;
}

Json query_fields(std::string_view query) {
    auto data = Json::object();
    for (const auto& [raw_name, raw_value] : http::parse_query(query)) {
        const auto name = valid_utf8(raw_name), value = valid_utf8(raw_value);
        if (name == "help") {
            continue;
        }
        if (!data.contains(name)) {
            data[name] = value;
        } else if (data[name].is_array()) {
            data[name].push_back(value);
        } else {
            data[name] = Json::array({data[name], value});
        }
    }
    return data;
}

std::string media_type(const http::Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    return std::string(trim(std::string_view(type).substr(0, type.find(';'))));
}

// As Go's decoder: the first value counts. Vault never looks at what follows it; OpenBao reads on,
// and wants whole values. Throws what the parser throws.
Json first_value(const std::string& text, Product product) {
    // One value and no more, as nearly always: a stream takes five times as long.
    if (auto whole = json_or_discarded(text); !whole.is_discarded()) {
        return whole;
    }
    Json json;
    std::istringstream stream(text);
    stream >> json;
    while (product == Product::openbao && (stream >> std::ws).peek() != EOF) {
        Json unused;
        stream >> unused;
    }
    return json;
}

// Then the body is the backend's to read, whatever the path.
bool is_ocsp(const http::Request& request) {
    return media_type(request) == "application/ocsp-request";
}

bool is_form(const http::Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    const auto body = trim(request.body);
    return type.starts_with("application/x-www-form-urlencoded") && !body.empty() &&
           !body.starts_with('{') && !body.starts_with('[');
}

bool is_write(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

std::optional<http::Response> parse_query_of_read(std::string_view method, const std::string& query,
                                                  LogicalRequest& logical) {
    logical.operation = method == "GET" ? Operation::read : Operation::list;
    for (const auto& [name, value] : http::parse_query(query)) {
        if (method == "GET" && name == "list" && !value.empty()) {
            const auto list = go_bool(value);
            if (!list) {
                return error_answer(400);
            }
            if (*list) {
                logical.operation = Operation::list;
            }
        }
    }
    logical.data = query_fields(query);
    if (method == "GET" && logical.operation == Operation::list) {
        logical.data.erase("list");  // one that asks for no list is a parameter as any other
    }
    if (logical.operation == Operation::list && !logical.path.ends_with('/')) {
        logical.path += '/';
    }
    return std::nullopt;
}

std::optional<http::Response> refuse_patch_type(const http::Request& request) {
    if (request.headers.find("Content-Type").value_or("").empty()) {
        return error_answer(400, "mime: no media type");
    }
    const auto type = media_type(request);
    if (type == "application/merge-patch+json") {
        return std::nullopt;
    }
    return error_answer(
        415, fmt::format("PATCH requires Content-Type of application/merge-patch+json, provided {}",
                         lower(type)));
}

Result<Json> object_of(Result<Json> json, std::string_view go_type) {
    if (!json || json->is_object()) {
        return json;
    }
    const auto kind = json->is_array()     ? "array"
                      : json->is_string()  ? "string"
                      : json->is_boolean() ? "bool"
                                           : "number";
    return fail(FailureKind::invalid,
                "failed to decode JSON input: json: cannot unmarshal {} into Go value of type {}",
                kind, go_type);
}

std::optional<http::Response> parse_body_of_write(const http::Request& request, Product product,
                                                  EarlyBody* early, LogicalRequest& logical) {
    const bool openbao = product == Product::openbao;
    const bool patch = request.method == "PATCH";
    logical.operation = patch ? Operation::patch : Operation::update;
    if (patch) {
        if (auto refused = refuse_patch_type(request)) {
            return refused;
        }
    }
    if (request.body.size() > body_limit) {
        auto large =
            error_answer(413, openbao ? "http: request body too large" : "error parsing JSON");
        large.headers.set("Connection", "close");
        return large;
    }
    if (is_ocsp(request) && !patch) {
        logical.body = request.body;
    } else if (is_form(request)) {
        if (too_many_fields(request.body, product)) {
            return error_answer(400, "error parsing form data");
        }
        logical.data = query_fields(request.body);
    } else {
        auto body = object_of(
            early != nullptr ? std::move(early->json) : read_json_body(request.body, product),
            "map[string]interface {}");
        if (!body) {
            return error_answer(400, openbao ? body.error().message : "error parsing JSON");
        }
        logical.data = std::move(*body);
        logical.early_policy = early != nullptr ? std::move(early->policy) : nullptr;
    }
    return std::nullopt;
}

std::optional<http::Response> parse_wrap_ttl(const http::Request& request, Product product,
                                             LogicalRequest& logical) {
    const auto text = request.headers.find("X-Vault-Wrap-TTL").value_or("");
    if (text.empty()) {
        return std::nullopt;
    }
    const auto ttl = read_duration(text, product);
    if (!ttl) {
        return error_answer(400, "error parsing X-Vault-Wrap-TTL header: " + ttl.error());
    }
    if (*ttl < Duration{}) {
        return error_answer(
            400, "error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative");
    }
    if (*ttl > Duration{}) {
        logical.wrap_ttl = *ttl;
    }
    return std::nullopt;
}

}  // namespace

std::optional<bool> go_bool(std::string_view text) {
    for (const auto* word : {"1", "t", "T", "TRUE", "true", "True"}) {
        if (text == word) {
            return true;
        }
    }
    for (const auto* word : {"0", "f", "F", "FALSE", "false", "False"}) {
        if (text == word) {
            return false;
        }
    }
    return std::nullopt;
}

std::pair<std::string, std::string> split_target(std::string_view target) {
    const auto mark = target.find('?');
    const auto raw = target.substr(0, mark);
    const auto query =
        mark == std::string_view::npos ? std::string() : std::string(target.substr(mark + 1));
    return {http::percent_decode(raw).value_or(std::string(raw)), query};
}

std::optional<http::Response> refuse_path(const http::Request& request, const std::string& path,
                                          Product product) {
    const auto unprintable = [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    };
    if (std::ranges::any_of(path, unprintable)) {
        http::Response response;
        response.status = 400;
        return response;
    }
    if (!http::percent_decode(request.target.substr(0, request.target.find('?')))) {
        http::Response response;
        response.status = 400;
        response.headers.set("Content-Type", "text/plain; charset=utf-8");
        response.headers.set("Connection", "close");
        response.body = "400 Bad Request";
        return response;
    }
    const auto relative = [](const std::string& text) {
        const auto parts = split(text, '/');
        return std::ranges::any_of(
            parts, [](const std::string& part) { return part == "." || part == ".."; });
    };
    // Plain ones are redirected to where they lead.
    const bool hidden =
        relative(path) && !relative(request.target.substr(0, request.target.find('?')));
    if (hidden && path.starts_with("/v1/") && product == Product::openbao) {
        return error_answer(400, "relative paths not supported");
    }
    return std::nullopt;
}

bool asks_for_help(std::string_view method, std::string_view query) {
    return method == "HELP" || std::ranges::any_of(http::parse_query(query), [](const auto& field) {
               return field.first == "help" && !field.second.empty();
           });
}

std::optional<http::Response> refuse_query(std::string_view method, std::string_view query) {
    const auto odd = [](const auto& field) {
        return field.first == "list" && !field.second.empty() && !go_bool(field.second);
    };
    return method == "GET" && std::ranges::any_of(http::parse_query(query), odd)
               ? std::optional(error_answer(400))
               : std::nullopt;
}

std::optional<http::Response> redirect(const std::string& path, const std::string& query,
                                       std::string_view method, Product product) {
    const bool home = path == "/" || path == "/ui";
    // The server's own multiplexer knows sys as a folder.
    const bool folder = path == "/v1/sys";
    const bool unclean = path.starts_with("/v1/") && (folder || clean(path) != path);
    if (!home && !unclean) {
        return std::nullopt;
    }
    const bool permanent = !home && product == Product::vault;
    const auto place =
        home ? "/ui/" : clean(path) + (folder ? "/" : "") + (query.empty() ? "" : "?" + query);
    http::Response response;
    response.status = permanent ? 301 : 307;
    response.headers.set("Location", place);
    if (method == "GET" || method == "HEAD") {
        response.headers.set("Content-Type", "text/html; charset=utf-8");
        response.body = fmt::format("<a href=\"{}\">{}</a>.\n\n", place,
                                    permanent ? "Moved Permanently" : "Temporary Redirect");
    }
    return response;
}

std::string presented_token(const http::Headers& headers) {
    if (const auto token = headers.find("X-Vault-Token"); token && !token->empty()) {
        return *token;
    }
    const auto bearer = headers.find("Authorization").value_or("");
    return bearer.starts_with("Bearer ") ? std::string(trim(bearer.substr(7))) : std::string();
}

bool has_large_json(const http::Request& request) {
    constexpr std::size_t large = 64U << 10;
    return request.body.size() >= large && request.body.size() <= body_limit &&
           is_write(request.method) && !is_ocsp(request) && !is_form(request);
}

EarlyBody read_early(const std::string& body, bool with_policy, Product product) {
    EarlyBody early{read_json_body(body, product), nullptr};
    if (!with_policy || !early.json || !early.json->is_object()) {
        return early;
    }
    for (const auto* name : {"policy", "rules"}) {
        const auto found = early.json->find(name);
        if (found != early.json->end() && found->is_string()) {
            const auto& text = found->get_ref<const std::string&>();
            early.policy =
                std::make_shared<EarlyPolicy>(EarlyPolicy{text, parse_policy(text, product)});
            break;
        }
    }
    return early;
}

Result<Json> parse_body(const std::string& body, std::string_view go_type, Product product) {
    return object_of(read_json_body(body, product), go_type);
}

Result<Json> read_json_body(const std::string& body, Product product) {
    if (trim(body).empty()) {
        return Json::object();
    }
    if (auto excess = json_excess(body, product); !excess.empty()) {
        return fail(FailureKind::invalid, "{}", excess);
    }
    if (too_deep(body)) {
        return fail(FailureKind::invalid, "failed to decode JSON input: exceeded max depth");
    }
    Json json;
    try {
        json = first_value(valid_utf8(body), product);
    } catch (const Json::exception&) {  // a parse_error, or a number that is too large
        return fail(FailureKind::invalid, "failed to decode JSON input: unexpected EOF");
    }
    if (json.is_null()) {
        return Json::object();
    }
    return json;
}

tl::expected<LogicalRequest, http::Response> parse_logical(const http::Request& request,
                                                           const std::string& path,
                                                           const std::string& query,
                                                           Product product, EarlyBody* early) {
    const bool openbao = product == Product::openbao;
    const auto& method = request.method;
    LogicalRequest logical;
    logical.path = path;
    if (asks_for_help(method, query)) {
        logical.operation = Operation::help;
        return logical;
    }
    logical.scan = method == "SCAN" && openbao;
    std::optional<http::Response> refused;
    if (method == "GET" || method == "LIST" || logical.scan) {
        refused = parse_query_of_read(method, query, logical);
    } else if (method == "DELETE") {
        logical.operation = Operation::remove;
        logical.data = query_fields(query);
    } else if (is_write(method)) {
        refused = parse_body_of_write(request, product, early, logical);
    } else if (method == "OPTIONS" && openbao) {
        refused = error_answer(400, "cannot handle internal-only request operation");
    } else if (method == "OPTIONS" || method == "HEAD") {
        logical.no_operation = true;
    } else {
        refused = error_answer(405);
    }
    if (!refused) {
        refused = parse_wrap_ttl(request, product, logical);
    }
    if (refused) {
        return tl::unexpected(std::move(*refused));
    }
    return logical;
}

tl::expected<Json, http::Response> strict_body(Product product, const http::Request& request,
                                               std::string_view go_type, EarlyBody* early) {
    if (product == Product::vault && trim(request.body).empty()) {
        return tl::unexpected(error_answer(400, "EOF"));
    }
    auto body = early != nullptr ? object_of(std::move(early->json), go_type)
                                 : parse_body(request.body, go_type, product);
    if (!body) {
        auto text = body.error().message;
        constexpr std::string_view begin = "failed to decode";
        if (product == Product::vault && text.starts_with(begin)) {
            text.replace(0, begin.size(), "failed to parse");
        }
        return tl::unexpected(error_answer(400, text));
    }
    return std::move(*body);
}

}  // namespace meshproof::fakes::vault
