#include <algorithm>
#include <cctype>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/policy.hpp"

namespace meshproof::fakes::vault {

namespace {

// HCL 1 as policies use it: comments, assignments, blocks with quoted labels, strings, heredocs,
// numbers, lists, objects.
class HclReader {
  public:
    explicit HclReader(std::string_view text) : text_(text) {}

    Result<Json> document() { return body(false); }

  private:
    // Repeated blocks of one name (path "a" {} path "b" {}) unite into one object.
    static void put(Json& into, const std::string& key, Json value) {
        if (into.contains(key) && into[key].is_object() && value.is_object()) {
            for (auto& [name, inner] : value.items()) {
                put(into[key], name, std::move(inner));
            }
            return;
        }
        if (into.contains(key) && into[key].is_array() && value.is_array()) {
            into[key].insert(into[key].end(), value.begin(), value.end());
            return;
        }
        into[key] = std::move(value);
    }

    Result<Json> body(bool braced) {
        auto object = Json::object();
        for (;;) {
            skip();
            if (at_ == text_.size()) {
                if (braced) {
                    return error("object expected closing RBRACE got: EOF");
                }
                return object;
            }
            if (braced && peek() == '}') {
                ++at_;
                return object;
            }
            if (peek() == ',' && braced) {
                ++at_;
                continue;
            }
            if (auto read = entry(object); !read) {
                return propagate(read);
            }
        }
    }

    Result<void> entry(Json& object) {
        constexpr std::size_t most_keys = 100;
        std::vector<std::string> keys;
        for (;;) {
            skip();
            if (at_ == text_.size() || peek() == '=' || peek() == '{' ||
                (peek() == ':' && keys.size() == 1)) {
                break;
            }
            auto key = peek() == '"' ? quoted() : word();
            if (!key) {
                return propagate(key);
            }
            keys.push_back(*key);
            if (keys.size() > most_keys) {
                return error("too many keys before one value");  // each is a level of the answer
            }
        }
        if (keys.empty()) {
            return error("illegal character");
        }
        if (at_ == text_.size()) {
            return error(fmt::format("key '{}' expected start of object ('{{') or assignment ('=')",
                                     join(keys, " ")));
        }
        if (peek() != '{') {
            ++at_;
        }
        auto read = value();
        if (!read) {
            return propagate(read);
        }
        for (auto key = keys.rbegin(); key + 1 != keys.rend(); ++key) {
            read = Json{{*key, std::move(*read)}};
        }
        put(object, keys.front(), std::move(*read));
        return {};
    }

    Result<Json> value() {
        constexpr std::size_t deepest = 250;  // each level takes several frames of the stack
        if (depth_ == deepest) {
            return error("exceeded max depth");
        }
        ++depth_;
        auto read = value_below();
        --depth_;
        return read;
    }

    Result<Json> value_below() {
        skip();
        if (at_ == text_.size()) {
            return error("object expected closing RBRACE got: EOF");
        }
        const char c = peek();
        if (c == '{') {
            ++at_;
            return body(true);
        }
        if (c == '[') {
            ++at_;
            return list();
        }
        if (c == '"') {
            auto text = quoted();
            if (!text) {
                return propagate(text);
            }
            return Json(*text);
        }
        if (text_.substr(at_).starts_with("<<")) {
            return heredoc();
        }
        auto bare = word();
        if (!bare) {
            return propagate(bare);
        }
        if (*bare == "true" || *bare == "false") {
            return Json(*bare == "true");
        }
        auto number = Json::parse(*bare, nullptr, false);
        if (!number.is_number()) {
            return error(fmt::format("Unknown token: {}", *bare));
        }
        return number;
    }

    Result<Json> list() {
        auto items = Json::array();
        for (;;) {
            skip();
            if (at_ == text_.size()) {
                return error("error parsing list, expected comma or list end, got: EOF");
            }
            if (peek() == ']') {
                ++at_;
                return items;
            }
            if (peek() == ',') {
                ++at_;
                continue;
            }
            auto item = value();
            if (!item) {
                return item;
            }
            items.push_back(std::move(*item));
            skip();
            if (at_ < text_.size() && peek() != ',' && peek() != ']') {
                return error("error parsing list, expected comma or list end");
            }
        }
    }

    Result<std::string> quoted() {
        std::string out;
        for (++at_; at_ < text_.size() && peek() != '"'; ++at_) {
            if (peek() == '\n') {
                return error("literal not terminated");
            }
            if (peek() == '\\' && at_ + 1 < text_.size()) {
                const char next = text_[++at_];
                out += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next;
            } else {
                out += peek();
            }
        }
        if (at_ == text_.size()) {
            return error("literal not terminated");
        }
        ++at_;
        return out;
    }

    Result<Json> heredoc() {
        at_ += 2;
        const bool indented = at_ < text_.size() && peek() == '-';
        if (indented) {
            ++at_;
        }
        const auto line_end = text_.find('\n', at_);
        if (line_end == std::string_view::npos) {
            return error("heredoc not terminated");
        }
        const auto marker = trim(text_.substr(at_, line_end - at_));
        at_ = line_end + 1;
        std::string out;
        while (at_ < text_.size()) {
            const auto end = std::min(text_.find('\n', at_), text_.size());
            const auto line = text_.substr(at_, end - at_);
            at_ = std::min(end + 1, text_.size());
            if (trim(line) == marker) {
                return Json(out);
            }
            out += std::string(indented ? trim(line) : line) + "\n";
        }
        return error("heredoc not terminated");
    }

    Result<std::string> word() {
        const auto start = at_;
        while (at_ < text_.size() &&
               (letter_or_digit(peek()) ||
                std::string_view("_-.+").find(peek()) != std::string_view::npos)) {
            ++at_;
        }
        if (at_ == start) {
            return error(fmt::format("illegal character '{}'", peek()));
        }
        return std::string(text_.substr(start, at_ - start));
    }

    void skip() {
        while (at_ < text_.size()) {
            const auto rest = text_.substr(at_);
            if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
                ++at_;
            } else if (peek() == '#' || rest.starts_with("//")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (rest.starts_with("/*")) {
                const auto end = text_.find("*/", at_);
                at_ = end == std::string_view::npos ? text_.size() : end + 2;
            } else {
                return;
            }
        }
    }

    [[nodiscard]] char peek() const { return text_[at_]; }

    [[nodiscard]] tl::unexpected<Failure> error(std::string_view what) const {
        const auto seen = text_.substr(0, at_);
        const auto line = 1 + std::count(seen.begin(), seen.end(), '\n');
        const auto start = seen.rfind('\n');
        // HCL counts the end of the text as a place of its own.
        const auto column =
            (start == std::string_view::npos ? seen.size() + 1 : seen.size() - start) +
            (at_ == text_.size() ? 1 : 0);
        return fail(FailureKind::invalid, "At {}:{}: {}", line, column, what);
    }

    std::string_view text_;
    std::size_t at_ = 0, depth_ = 0;
};

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
        const auto front = fmt::format("path \"{}\": ", path);
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
std::optional<tl::unexpected<Failure>> check_wrapping(const Grammar& grammar,
                                                      const std::string& path, const Json& block) {
    const auto refuse = [&](std::string_view what) {
        const bool openbao = grammar.product == Product::openbao;
        return fail(FailureKind::invalid, "{}{}",
                    openbao ? fmt::format("path \"{}\": ", path) : std::string(), what);
    };
    std::map<std::string, Duration> bounds;
    for (const auto* name : {"min_wrapping_ttl", "max_wrapping_ttl"}) {
        if (block.contains(name)) {
            const auto& value = block[name];
            const auto read = read_duration(
                value.is_string() ? value.get<std::string>() : value.dump(), grammar.product);
            if (!read) {
                return refuse(fmt::format("error parsing {}: {}", name, read.error()));
            }
            bounds[name] = *read;
        }
    }
    const auto most = bounds["max_wrapping_ttl"];
    if (most != Duration{} && most < bounds["min_wrapping_ttl"]) {
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
                            "path \"{}\": 1 error occurred:\n\t* invalid key \"{}\" on line 1\n\n",
                            path, key);
            }
            return fail(FailureKind::invalid,
                        "1 error occurred:\n\t* path \"{}\": invalid key \"{}\" on line 1\n\n",
                        path, key);
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
            return grammar.error(path, fmt::format("invalid policy \"{}\"", word));
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
            return grammar.error(path, fmt::format("invalid capability \"{}\"", word));
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
    if (auto refused = check_wrapping(grammar, path, block)) {
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

/// Bytes of the character with which the text begins; 0 where it is no UTF-8 (RFC 3629 4).
std::size_t character_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    const std::size_t size = lead < 0x80                    ? 1
                             : lead >= 0xc2 && lead <= 0xdf ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
    if (size > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < size; ++i) {
        const int least = i > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const int most = i > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (byte(i) < least || byte(i) > most) {
            return 0;
        }
    }
    return size;
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

}  // namespace

Result<Json> parse_hcl(std::string_view text) {
    const auto trimmed = trim(text);
    if (trimmed.starts_with('{')) {
        auto json = too_deep(trimmed) ? Json(Json::value_t::discarded)
                                      : Json::parse(trimmed, nullptr, false);
        if (!json.is_object()) {
            return fail(FailureKind::invalid, "At 1:1: invalid JSON");
        }
        return json;
    }
    return HclReader(text).document();
}

Result<Policy> parse_policy(std::string_view text, Product product) {
    const auto decoded = from_base64(text);
    Policy policy;
    policy.text = decoded ? *decoded : std::string(text);
    const auto document = parse_hcl(policy.text);
    const auto illegal = last_illegal(policy.text);
    const bool json = trim(policy.text).starts_with('{');
    if (illegal && (json || document)) {
        return fail(FailureKind::invalid, "{}{}: illegal UTF-8 encoding", json ? "" : "At ",
                    *illegal);
    }
    if (!document) {
        return propagate(document);
    }
    for (const auto& [key, value] : document->items()) {
        if (key != "path" && key != "name") {
            const auto before = policy.text.substr(0, policy.text.find(key));
            const auto line = json ? 0 : 1 + std::count(before.begin(), before.end(), '\n');
            return fail(FailureKind::invalid,
                        "1 error occurred:\n\t* invalid key \"{}\" on line {}\n\n", key, line);
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
