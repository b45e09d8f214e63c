#include "fakes/kube/selectors.hpp"

#include <optional>

#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {

// Splits at commas that are outside of parentheses.
std::vector<std::string> terms_of(std::string_view text) {
    std::vector<std::string> out(1);
    int depth = 0;
    for (const char c : text) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ',' && depth == 0) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

std::optional<std::string> value_at(const nlohmann::json& object, const std::string& path) {
    const nlohmann::json* at = &object;
    for (const auto& part : split(path, '.')) {
        const auto found = at->find(part);
        if (!at->is_object() || found == at->end()) {
            return std::nullopt;
        }
        at = &*found;
    }
    if (at->is_string()) {
        return at->get<std::string>();
    }
    return at->is_primitive() ? std::optional(at->dump()) : std::nullopt;
}

std::optional<std::string> label(const nlohmann::json& object, const std::string& key) {
    const auto meta = object.find("metadata");
    if (meta == object.end() || !meta->contains("labels") || !(*meta)["labels"].is_object()) {
        return std::nullopt;
    }
    const auto found = (*meta)["labels"].find(key);
    return found == (*meta)["labels"].end() ? std::nullopt
                                            : std::optional(found->get<std::string>());
}

}  // namespace

Result<Selector> Selector::labels(std::string_view text) {
    return parse(text, false);
}
Result<Selector> Selector::fields(std::string_view text) {
    return parse(text, true);
}

Result<Selector> Selector::parse(std::string_view text, bool of_fields) {
    Selector selector;
    selector.of_fields_ = of_fields;
    for (const auto& raw : terms_of(text)) {
        const std::string part(trim(raw));
        if (part.empty()) {
            continue;
        }
        Term term;
        const auto equals = part.find('=');
        const auto open = part.find('(');
        if (open != std::string::npos) {
            const auto head = split(std::string(trim(part.substr(0, open))), ' ');
            if (head.size() == 2 && part.back() != ')') {
                return fail(FailureKind::invalid,
                            "unable to parse requirement: found '', expected: ',', ')' or "
                            "identifier");
            }
            if (head.size() != 2 || (head[1] != "in" && head[1] != "notin")) {
                return fail(FailureKind::invalid, "unable to parse requirement: {}", part);
            }
            term.key = head[0];
            term.negated = head[1] == "notin";
            for (const auto& value : split(part.substr(open + 1, part.size() - open - 2), ',')) {
                term.values.insert(std::string(trim(value)));
            }
        } else if (equals != std::string::npos) {
            term.negated = equals > 0 && part[equals - 1] == '!';
            const auto value =
                part.substr(equals + (part.substr(equals).starts_with("==") ? 2 : 1));
            term.key = std::string(trim(part.substr(0, equals - (term.negated ? 1 : 0))));
            term.values.insert(std::string(trim(value)));
        } else {
            term.negated = part.front() == '!';
            term.key = std::string(trim(part.substr(term.negated ? 1 : 0)));
        }
        if (of_fields && (term.key.empty() || term.values.empty())) {
            return fail(FailureKind::invalid, "invalid selector: '{}'; can't understand '{}'", text,
                        part);
        }
        if (term.key.empty()) {
            return fail(FailureKind::invalid,
                        "found '{}', expected: !, identifier, or 'end of string'", part);
        }
        if (const auto blank = term.key.find(' '); blank != std::string::npos) {
            return fail(FailureKind::invalid,
                        "unable to parse requirement: found '{}', expected: in, notin, =, ==, "
                        "!=, gt, lt",
                        term.key.substr(blank + 1));
        }
        selector.terms_.push_back(std::move(term));
    }
    return selector;
}

std::vector<std::string> Selector::keys() const {
    std::vector<std::string> keys;
    for (const auto& term : terms_) {
        keys.push_back(term.key);
    }
    return keys;
}

std::string Selector::required(std::string_view key) const {
    for (const auto& term : terms_) {
        if (term.key == key && !term.negated && term.values.size() == 1) {
            return *term.values.begin();
        }
    }
    return {};
}

bool Selector::matches(const nlohmann::json& object) const {
    return std::ranges::all_of(terms_, [&](const Term& term) {
        const auto value = of_fields_ ? std::optional(value_at(object, term.key).value_or(""))
                                      : label(object, term.key);
        const bool hit = value && (term.values.empty() || term.values.contains(*value));
        return hit != term.negated;
    });
}

}  // namespace meshproof::fakes::kube
