#include "conformance/preflight/policy_text.hpp"

#include <algorithm>
#include <utility>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// The text without its comments, which start with # or // outside quotes, or stand in /* */.
std::string without_comments(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto rest = text.substr(i);
        if (!quoted && (rest.starts_with('#') || rest.starts_with("//"))) {
            i = std::min(text.find('\n', i), text.size()) - 1;
        } else if (!quoted && rest.starts_with("/*")) {
            i = std::min(text.find("*/", i + 2), text.size() - 2) + 1;
        } else {
            quoted = text[i] == '"' && (i == 0 || text[i - 1] != '\\') ? !quoted : quoted;
            out += text[i];
        }
    }
    return out;
}

/// The quoted texts in a piece of HCL.
std::vector<std::string> quoted_in(std::string_view text) {
    std::vector<std::string> all;
    for (auto from = text.find('"'); from != std::string_view::npos; from = text.find('"', from)) {
        const auto to = text.find('"', from + 1);
        if (to == std::string_view::npos) {
            break;
        }
        all.emplace_back(text.substr(from + 1, to - from - 1));
        from = to + 1;
    }
    return all;
}

/// What the old word `policy = "write"` means (Vault's policy.go, kept by both products).
std::vector<std::string> old_word(std::string_view word) {
    if (word == "read") {
        return {"read", "list"};
    }
    if (word == "write" || word == "sudo") {
        std::vector<std::string> all{"create", "read", "update", "delete", "list"};
        if (word == "sudo") {
            all.emplace_back("sudo");
        }
        return all;
    }
    return {"deny"};
}

std::vector<std::string> capabilities_in(std::string_view body) {
    const auto at = body.find("capabilities");
    if (at != std::string_view::npos) {
        const auto from = body.find('[', at);
        const auto to = body.find(']', at);
        return from == std::string_view::npos || to == std::string_view::npos || to < from
                   ? std::vector<std::string>{}
                   : quoted_in(body.substr(from, to - from));
    }
    const auto word = body.find("policy");
    const auto texts =
        word == std::string_view::npos ? std::vector<std::string>{} : quoted_in(body.substr(word));
    return texts.empty() ? std::vector<std::string>{} : old_word(texts.front());
}

/// One past the brace that closes the one at `from`.
std::size_t end_of_block(std::string_view text, std::size_t from) {
    std::size_t depth = 0;
    bool quoted = false;
    for (auto i = from; i < text.size(); ++i) {
        quoted = text[i] == '"' ? !quoted : quoted;
        if (!quoted && text[i] == '{') {
            ++depth;
        }
        if (!quoted && text[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return text.size();
}

/// The names that are given a value in a block, not in those within it.
std::vector<std::string> arguments_in(std::string_view block) {
    std::vector<std::string> all;
    std::string name;
    int depth = 0;
    bool quoted = false;
    for (const char c : block) {
        quoted = c == '"' ? !quoted : quoted;
        if (!quoted && (c == '{' || c == '[')) {
            ++depth;
        }
        if (!quoted && (c == '}' || c == ']')) {
            --depth;
        }
        const bool own = depth == 1 && !quoted;
        if (own && c == '=' && !name.empty()) {
            all.push_back(std::exchange(name, {}));
        } else if (own && (letter_or_digit(c) || c == '_')) {
            name += c;
        } else if (own && c != ' ' && c != '\t') {
            name.clear();
        }
    }
    return all;
}

std::vector<PolicyPath> read_json(const nlohmann::json& policy) {
    std::vector<PolicyPath> paths;
    const auto found = policy.find("path");
    if (found == policy.end() || !found->is_object()) {
        return paths;
    }
    for (const auto& [path, body] : found->items()) {
        PolicyPath one{path, {}};
        const auto words = body.is_object() && body.contains("capabilities")
                               ? body.at("capabilities")
                               : nlohmann::json();
        for (const auto& word : words) {
            if (word.is_string()) {
                one.capabilities.push_back(word.get<std::string>());
            }
        }
        paths.push_back(std::move(one));
    }
    return paths;
}

/// How specific a pattern is: exact ones first, then by the length before the first wildcard.
std::size_t weight(std::string_view pattern) {
    const auto wildcard = std::min(pattern.find('+'), pattern.find('*'));
    return wildcard == std::string_view::npos ? std::string_view::npos : wildcard;
}

}  // namespace

std::vector<PolicyPath> read_policy(std::string_view text) {
    if (const auto json = json_or_null(text); json.is_object()) {
        return read_json(json);
    }
    const auto plain = without_comments(text);
    const std::string_view hcl = plain;
    std::vector<PolicyPath> paths;
    for (auto at = hcl.find("path"); at != std::string_view::npos; at = hcl.find("path", at)) {
        const auto open = hcl.find('{', at);
        if (open == std::string_view::npos) {
            break;
        }
        const auto end = end_of_block(hcl, open);
        const auto names = quoted_in(hcl.substr(at, open - at));
        if (!names.empty()) {
            paths.push_back({names.front(), capabilities_in(hcl.substr(open, end - open))});
        }
        at = end;
    }
    return paths;
}

std::string repeated_argument(std::string_view text) {
    if (json_or_null(text).is_object()) {
        return {};
    }
    const auto plain = without_comments(text);
    const std::string_view hcl = plain;
    for (auto open = hcl.find('{'); open != std::string_view::npos;) {
        const auto end = end_of_block(hcl, open);
        auto names = arguments_in(hcl.substr(open, end - open));
        std::ranges::sort(names);
        if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
            return *twice;
        }
        open = hcl.find('{', end);
    }
    return {};
}

bool speaks_of(std::string_view text, std::string_view word) {
    return without_comments(text).find(word) != std::string::npos;
}

bool stands_for(std::string_view pattern, std::string_view path) {
    const bool prefix = pattern.ends_with('*');
    const auto wanted = split(prefix ? pattern.substr(0, pattern.size() - 1) : pattern, '/');
    const auto given = split(path, '/');
    if (given.size() < wanted.size() || (!prefix && given.size() != wanted.size())) {
        return false;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const bool last_of_prefix = prefix && i + 1 == wanted.size();
        if (last_of_prefix ? !given[i].starts_with(wanted[i])
                           : wanted[i] != "+" && wanted[i] != given[i]) {
            return false;
        }
    }
    return true;
}

std::vector<std::string> granted(const std::vector<PolicyPath>& paths, std::string_view path) {
    std::vector<std::string> best;
    std::size_t best_weight = 0;
    std::string_view best_path;
    for (const auto& one : paths) {
        if (!stands_for(one.path, path) || (!best_path.empty() && weight(one.path) < best_weight)) {
            continue;
        }
        if (one.path != best_path) {
            best.clear();
        }
        best.insert(best.end(), one.capabilities.begin(), one.capabilities.end());
        best_path = one.path;
        best_weight = weight(one.path);
    }
    const bool denied = std::ranges::find(best, "deny") != best.end();
    return denied ? std::vector<std::string>{} : best;
}

}  // namespace meshproof::preflight
