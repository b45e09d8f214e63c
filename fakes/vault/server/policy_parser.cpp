#include <algorithm>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/hcl.hpp"
#include "fakes/vault/server/policy.hpp"

namespace meshproof::fakes::vault {

namespace {

struct Grammar {
    Product product;

    [[nodiscard]] std::set<std::string> capabilities() const {
        std::set<std::string> known{"create", "read", "update", "patch",
                                    "delete", "list", "sudo",   "deny"};
        if (product == Product::openbao) {
            known.insert("scan");
        }
        return known;
    }
    [[nodiscard]] std::set<std::string> keys() const {
        std::set<std::string> known{"comment",           "policy",
                                    "capabilities",      "allowed_parameters",
                                    "denied_parameters", "required_parameters",
                                    "min_wrapping_ttl",  "max_wrapping_ttl"};
        for (const auto* name : {"mfa_methods", "control_group"}) {
            known.insert(name);
        }
        if (product == Product::openbao) {
            known.insert({"expiration", "list_scan_response_keys_filter_path", "pagination_limit"});
        }
        return known;
    }
    // OpenBao repeats the path in front of a rule's error.
    [[nodiscard]] tl::unexpected<Failure> error(const std::string& path,
                                                std::string_view what) const {
        const auto front = fmt::format("path {}: ", go_quoted(path));
        return fail(FailureKind::invalid, "{}{}{}", front, product == Product::openbao ? front : "",
                    what);
    }
};

Result<std::map<std::string, std::vector<Json>>> parameters(const Grammar& grammar,
                                                            const std::string& path,
                                                            const Json& value) {
    std::map<std::string, std::vector<Json>> read;
    for (const auto& [name, values] : value.items()) {
        if (!values.is_array()) {
            return grammar.error(path, "unknown slice type: *ast.LiteralType");
        }
        read[lower(name)] = values.get<std::vector<Json>>();
    }
    return read;
}

std::vector<std::string> shorthand(std::string_view word) {
    if (word == "deny") {
        return {"deny"};
    }
    if (word == "read") {
        return {"read", "list"};
    }
    if (word == "write") {
        return {"create", "read", "update", "delete", "list"};
    }
    if (word == "sudo") {
        return {"create", "read", "update", "delete", "list", "sudo"};
    }
    return {};
}

// The bounds of a wrapping's ttl; OpenBao names the path, once.
std::optional<tl::unexpected<Failure>> read_wrapping(const Grammar& grammar,
                                                     const std::string& path, const Json& block,
                                                     Rule& rule) {
    const auto refuse = [&](std::string_view what) {
        const bool openbao = grammar.product == Product::openbao;
        return fail(FailureKind::invalid, "{}{}",
                    openbao ? fmt::format("path {}: ", go_quoted(path)) : std::string(), what);
    };
    for (const auto& [name, place] : {std::pair("min_wrapping_ttl", &rule.min_wrapping_ttl),
                                      std::pair("max_wrapping_ttl", &rule.max_wrapping_ttl)}) {
        if (block.contains(name)) {
            const auto& value = block[name];
            const auto read = read_duration(
                value.is_string() ? value.get<std::string>() : value.dump(), grammar.product);
            if (!read) {
                return refuse(fmt::format("error parsing {}: {}", name, read.error()));
            }
            *place = *read;
        }
    }
    if (rule.max_wrapping_ttl != Duration{} && rule.max_wrapping_ttl < rule.min_wrapping_ttl) {
        return refuse("max_wrapping_ttl cannot be less than min_wrapping_ttl");
    }
    return std::nullopt;
}

Result<Rule> parse_rule(const Grammar& grammar, const std::string& path, const Json& block) {
    Rule rule;
    const auto known = grammar.keys();
    for (const auto& [key, value] : block.items()) {
        if (!known.contains(key)) {
            if (grammar.product == Product::openbao) {
                return fail(FailureKind::invalid,
                            "path {}: 1 error occurred:\n\t* invalid key {} on line 1\n\n",
                            go_quoted(path), go_quoted(key));
            }
            return fail(FailureKind::invalid,
                        "1 error occurred:\n\t* path {}: invalid key {} on line 1\n\n",
                        go_quoted(path), go_quoted(key));
        }
    }
    if (path.find("+*") != std::string::npos) {
        return grammar.error(path, "invalid use of wildcards ('+*' is forbidden)");
    }
    std::vector<std::string> words;
    if (block.contains("policy")) {
        const auto word = block["policy"].is_string() ? block["policy"].get<std::string>() : "";
        words = shorthand(word);
        if (words.empty()) {
            return grammar.error(path, "invalid policy " + go_quoted(word));
        }
    }
    if (block.contains("capabilities")) {
        if (!block["capabilities"].is_array()) {
            return grammar.error(path, "unknown slice type: *ast.LiteralType");
        }
        for (const auto& word : block["capabilities"]) {
            words.push_back(word.is_string() ? word.get<std::string>() : word.dump());
        }
    }
    const auto capabilities = grammar.capabilities();
    for (const auto& word : words) {
        if (!capabilities.contains(word)) {
            return grammar.error(path, "invalid capability " + go_quoted(word));
        }
        if (word == "deny") {
            return Rule{{"deny"}, {}, {}, {}};
        }
        rule.capabilities.insert(word);
    }
    for (const auto* name : {"allowed_parameters", "denied_parameters"}) {
        if (block.contains(name)) {
            auto read = parameters(grammar, path, block[name]);
            if (!read) {
                return propagate(read);
            }
            (std::string_view(name) == "allowed_parameters" ? rule.allowed_parameters
                                                            : rule.denied_parameters) =
                std::move(*read);
        }
    }
    if (auto refused = read_wrapping(grammar, path, block, rule)) {
        return *refused;
    }
    if (block.contains("required_parameters")) {
        for (const auto& name : block["required_parameters"]) {
            rule.required_parameters.push_back(name.is_string() ? name.get<std::string>()
                                                                : name.dump());
        }
    }
    return rule;
}

// JSON allows {"path": [{"a": {…}}, {"b": {…}}]} as well.
Json united(const Json& value) {
    if (!value.is_array()) {
        return value;
    }
    auto object = Json::object();
    for (const auto& item : value) {
        if (item.is_object()) {
            object.update(item);
        }
    }
    return object;
}

/// Line and column of the last byte that is no UTF-8: of all that a scanner complains of, the
/// servers tell the last.
std::optional<std::string> last_illegal(std::string_view text) {
    std::optional<std::string> found;
    for (std::size_t line = 1, column = 1; !text.empty(); ++column) {
        const auto size = character_size(text);
        if (size == 0) {
            found = fmt::format("{}:{}", line, column);
        }
        if (text.front() == '\n') {
            ++line;
            column = 0;
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return found;
}

// What HCL's reader of JSON says of an object that does not begin with a name.
std::string json_fault(std::string_view text) {
    const auto brace = text.find('{');
    const auto at = text.find_first_not_of(" \t\r\n", brace + 1);
    const char first = at == std::string_view::npos ? '"' : text[at];
    if (first == '{' || first == '[') {
        return fmt::format("expected: STRING got: {}", first == '{' ? "LBRACE" : "LBRACK");
    }
    if (first >= '0' && first <= '9') {
        return "expected: STRING got: NUMBER";
    }
    if (first == '"' || first == '}') {
        return "At 1:1: invalid JSON";
    }
    const auto before = text.substr(0, at);
    const auto line_end = before.rfind('\n');
    return fmt::format("{}:{}: illegal char", 1 + std::ranges::count(before, '\n'),
                       at - (line_end == std::string_view::npos ? 0 : line_end + 1) + 1);
}

}  // namespace

Result<Json> parse_hcl(std::string_view text, Product product) {
    const auto trimmed = trim(text);
    if (!trimmed.starts_with('{')) {
        return read_hcl(text, product);
    }
    auto json =
        too_deep(trimmed) ? Json(Json::value_t::discarded) : Json::parse(trimmed, nullptr, false);
    if (!json.is_object()) {
        return fail(FailureKind::invalid, "{}", json_fault(text));
    }
    return json;
}

Result<Policy> parse_policy(std::string_view text, Product product) {
    const auto decoded = from_base64(text);
    Policy policy;
    policy.text = decoded ? *decoded : std::string(text);
    const auto document = parse_hcl(policy.text, product);
    const bool json = trim(policy.text).starts_with('{');
    if (const auto illegal = json ? last_illegal(policy.text) : std::nullopt) {
        return fail(FailureKind::invalid, "{}: illegal UTF-8 encoding", *illegal);
    }
    if (!document) {
        return propagate(document);
    }
    for (const auto& [key, value] : document->items()) {
        if (key != "path" && key != "name") {
            const auto before = policy.text.substr(0, policy.text.find(key));
            const auto line = json ? 0 : 1 + std::count(before.begin(), before.end(), '\n');
            return fail(FailureKind::invalid,
                        "1 error occurred:\n\t* invalid key {} on line {}\n\n", go_quoted(key),
                        line);
        }
    }
    if (!document->contains("path")) {
        return policy;
    }
    const auto paths = united((*document)["path"]);
    if (!paths.is_object()) {
        return fail(FailureKind::invalid,
                    "path \"path\": cannot check HCL keys of type *ast.LiteralType");
    }
    const Grammar grammar{product};
    for (const auto& [written, given_block] : paths.items()) {
        const auto block = united(given_block);
        if (!block.is_object()) {
            return fail(FailureKind::invalid, "path \"{}\" must be a block", written);
        }
        auto rule = parse_rule(grammar, written, block);
        if (!rule) {
            return propagate(rule);
        }
        const auto path = written.starts_with('/') ? written.substr(1) : written;
        policy.paths.push_back({path, std::move(*rule)});
    }
    return policy;
}

}  // namespace meshproof::fakes::vault
