#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/server/policy.hpp"

namespace meshproof::fakes::vault {

namespace {

// Where several patterns match, the greatest decides: later first wildcard, no trailing *, fewer +,
// longer, then lexicographic.
struct Match {
    std::size_t first_wildcard = 0;
    bool prefix = false;
    int segments = 0;
    std::string path;
    const Rule* rule = nullptr;

    [[nodiscard]] bool weaker_than(const Match& other) const {
        if (first_wildcard != other.first_wildcard) {
            return first_wildcard < other.first_wildcard;
        }
        if (prefix != other.prefix) {
            return prefix;
        }
        if (segments != other.segments) {
            return segments > other.segments;
        }
        if (path.size() != other.path.size()) {
            return path.size() < other.path.size();
        }
        return path < other.path;
    }
};

std::optional<Match> match_segments(const std::string& pattern, const Rule& rule,
                                    const std::vector<std::string>& parts) {
    Match match;
    match.first_wildcard = pattern.find('+');
    match.prefix = pattern.ends_with('*');
    match.path = match.prefix ? pattern.substr(0, pattern.size() - 1) : pattern;
    match.rule = &rule;
    const auto wanted = split(match.path, '/');
    if (parts.size() < wanted.size() || (!match.prefix && parts.size() != wanted.size())) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "+") {
            ++match.segments;
        } else if (wanted[i] != parts[i] &&
                   !(match.prefix && i + 1 == wanted.size() && parts[i].starts_with(wanted[i]))) {
            return std::nullopt;
        }
    }
    return match;
}

std::string_view capability_of(Operation operation, bool creating) {
    switch (operation) {
        case Operation::read:
        case Operation::help:
            return "read";
        case Operation::list:
            return "list";
        case Operation::update:
            return creating ? "create" : "update";
        case Operation::create:
            return "create";
        case Operation::remove:
            return "delete";
        case Operation::patch:
            return "patch";
    }
    return "deny";
}

bool glob_equal(std::string_view pattern, std::string_view text) {
    const bool front = pattern.starts_with('*');
    const bool back = pattern.size() > (front ? 1U : 0U) && pattern.ends_with('*');
    const auto core =
        pattern.substr(front ? 1 : 0, pattern.size() - (front ? 1 : 0) - (back ? 1 : 0));
    if (front && back) {
        return text.find(core) != std::string_view::npos;
    }
    if (front) {
        return text.ends_with(core);
    }
    return back ? text.starts_with(core) : text == core;
}

bool listed(const Json& value, const std::vector<Json>& values) {
    return values.empty() || std::ranges::any_of(values, [&](const Json& entry) {
               return entry.is_string() && value.is_string()
                          ? glob_equal(entry.get<std::string>(), value.get<std::string>())
                          : entry == value;
           });
}

bool parameters_allowed(const Rule& rule, const Json& data) {
    for (const auto& name : rule.required_parameters) {
        if (!data.contains(lower(name))) {
            return false;
        }
    }
    if (data.empty()) {
        return true;
    }
    if (rule.denied_parameters.contains("*")) {
        return false;
    }
    const bool all = rule.allowed_parameters.contains("*");
    for (const auto& [name, value] : data.items()) {
        const auto key = lower(name);
        const auto denied = rule.denied_parameters.find(key);
        if (denied != rule.denied_parameters.end() && listed(value, denied->second)) {
            return false;
        }
        if (rule.allowed_parameters.empty()) {
            continue;
        }
        const auto allowed = rule.allowed_parameters.find(key);
        if (allowed == rule.allowed_parameters.end() ? !all : !listed(value, allowed->second)) {
            return false;
        }
    }
    return true;
}

bool wrapping_allowed(const Rule& rule, std::optional<Duration> ttl) {
    const auto least = rule.min_wrapping_ttl, most = rule.max_wrapping_ttl;
    if (least == Duration{} && most == Duration{}) {
        return true;
    }
    // Rules that were united may contradict each other: no time is long enough then.
    return ttl && *ttl >= least && (most == Duration{} || *ttl <= most);
}

// Of two bounds the lesser counts, and none is none.
Duration lesser_bound(Duration one, Duration other) {
    return one == Duration{} || other == Duration{} ? std::max(one, other) : std::min(one, other);
}

void unite_parameters(std::map<std::string, std::vector<Json>>& into,
                      const std::map<std::string, std::vector<Json>>& from) {
    for (const auto& [name, values] : from) {
        const auto found = into.find(name);
        if (found == into.end()) {
            into.emplace(name, values);
        } else if (values.empty() || found->second.empty()) {
            found->second.clear();  // no list of values = every value
        } else {
            found->second.insert(found->second.end(), values.begin(), values.end());
        }
    }
}

}  // namespace

void Rule::unite(const Rule& other) {
    if (has("deny")) {
        return;
    }
    if (other.has("deny")) {
        *this = Rule{{"deny"}, {}, {}, {}};
        return;
    }
    capabilities.insert(other.capabilities.begin(), other.capabilities.end());
    unite_parameters(allowed_parameters, other.allowed_parameters);
    unite_parameters(denied_parameters, other.denied_parameters);
    for (const auto& name : other.required_parameters) {
        if (std::ranges::find(required_parameters, name) == required_parameters.end()) {
            required_parameters.push_back(name);
        }
    }
    min_wrapping_ttl = lesser_bound(min_wrapping_ttl, other.min_wrapping_ttl);
    max_wrapping_ttl = lesser_bound(max_wrapping_ttl, other.max_wrapping_ttl);
}

Acl Acl::root() {
    Acl acl;
    acl.root_ = true;
    return acl;
}

void Acl::add(const Policy& policy) {
    for (const auto& [path, rule] : policy.paths) {
        const bool segmented =
            path == "+" || path.starts_with("+/") || path.find("/+") != std::string::npos;
        if (segmented) {
            const auto [place, added] = segments_.emplace(path, rule);
            if (!added) {
                place->second.unite(rule);
            }
            continue;
        }
        const bool prefix = path.ends_with('*');
        auto& rules = prefix ? prefix_ : exact_;
        const auto [place, added] =
            rules.emplace(prefix ? path.substr(0, path.size() - 1) : path, rule);
        if (!added) {
            place->second.unite(rule);
        }
    }
}

const Rule* Acl::find_pattern(std::string_view path) const {
    std::optional<Match> best;
    // The longest prefix. The greatest one that is not behind the path is it, or has in common with
    // the path what all that are prefixes of the path are within.
    for (auto rest = path; !best;) {
        auto found = prefix_.upper_bound(rest);
        if (found == prefix_.begin()) {
            break;
        }
        const auto& [prefix, rule] = *--found;
        if (rest.starts_with(prefix)) {
            best = Match{prefix.size(), true, 0, prefix, &rule};
        } else {
            const auto common = std::ranges::mismatch(rest, prefix).in1 - rest.begin();
            rest = rest.substr(0, static_cast<std::size_t>(common));
        }
    }
    if (!segments_.empty()) {
        const auto parts = split(path, '/');
        for (const auto& [pattern, rule] : segments_) {
            const auto match = match_segments(pattern, rule, parts);
            if (match && (!best || best->weaker_than(*match))) {
                best = match;
            }
        }
    }
    return best ? best->rule : nullptr;
}

const Rule* Acl::find(Operation operation, std::string_view path) const {
    const auto exact = exact_.find(path);
    if (exact != exact_.end()) {
        return &exact->second;
    }
    // A list is looked for without its slash too: whole paths before patterns, patterns behind
    // those that fit the path as it is, and in OpenBao alone (row 54). The first found decides.
    const bool list = operation == Operation::list && path.ends_with('/');
    const auto bare = path.substr(0, path.size() - (list ? 1 : 0));
    if (const auto named = exact_.find(bare); list && named != exact_.end()) {
        return &named->second;
    }
    const auto* rule = find_pattern(path);
    const bool again = rule == nullptr && list && product_ == Product::openbao;
    return again ? find_pattern(bare) : rule;
}

bool Acl::allows(Operation operation, bool creating, std::string_view path, const Json& data,
                 std::optional<Duration> wrap_ttl) const {
    if (root_) {
        return true;
    }
    const auto* rule = find(operation, path);
    if (rule == nullptr || rule->has("deny") || !rule->has(capability_of(operation, creating))) {
        return false;
    }
    if (!wrapping_allowed(*rule, wrap_ttl)) {
        return false;
    }
    const bool checked = operation == Operation::read || operation == Operation::update ||
                         operation == Operation::create || operation == Operation::patch;
    return !checked || parameters_allowed(*rule, data.is_object() ? data : Json::object());
}

bool Acl::sudo(Operation operation, std::string_view path) const {
    if (root_) {
        return true;
    }
    const auto* rule = find(operation, path);
    return rule != nullptr && rule->has("sudo");
}

std::vector<std::string> Acl::capabilities(std::string_view path) const {
    if (root_) {
        return {"root"};
    }
    const auto* rule = find(Operation::list, path);
    if (rule == nullptr || rule->has("deny") || rule->capabilities.empty()) {
        return {"deny"};
    }
    return {rule->capabilities.begin(), rule->capabilities.end()};
}

bool Acl::touches(std::string_view mount) const {
    if (root_) {
        return true;
    }
    const auto under = [&](const std::map<std::string, Rule, std::less<>>& rules, bool open) {
        return std::ranges::any_of(rules, [&](const auto& entry) {
            const auto end = entry.first.find('+');
            const std::string_view fixed = std::string_view(entry.first).substr(0, end);
            const bool wild = open || end != std::string::npos;
            return !entry.second.has("deny") &&
                   (fixed.starts_with(mount) || (wild && mount.starts_with(fixed)));
        });
    };
    return under(exact_, false) || under(prefix_, true) || under(segments_, true);
}

}  // namespace meshproof::fakes::vault
