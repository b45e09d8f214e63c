#include "fakes/kube/selectors.hpp"

#include <charconv>
#include <optional>

#include "core/base/text.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/name_rules.hpp"

namespace meshproof::fakes::kube {
namespace {

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

std::optional<std::int64_t> integer(const std::string& text) {
    std::int64_t value = 0;
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    return error == std::errc() && end == last ? std::optional(value) : std::nullopt;
}

/// The grammar of label selectors, as apimachinery's labels.Parser reads it.
class LabelGrammar {
  public:
    explicit LabelGrammar(std::string_view text) : rest_(text) {}

    Result<std::vector<Selector::Term>> terms() {
        std::vector<Selector::Term> out;
        for (auto next = peek(); next.kind != Kind::end; next = peek()) {
            if (next.kind != Kind::word && next.text != "!") {
                return fail(FailureKind::invalid,
                            "found '{}', expected: !, identifier, or 'end of string'", next.text);
            }
            auto term = requirement();
            if (!term) {
                return fail(FailureKind::invalid, "unable to parse requirement: {}",
                            term.error().message);
            }
            out.push_back(std::move(*term));
            const auto after = take();
            if (after.kind == Kind::end) {
                break;
            }
            if (after.text != ",") {
                return fail(FailureKind::invalid, "found '{}', expected: ',' or 'end of string'",
                            after.text);
            }
            if (const auto following = peek();
                following.kind != Kind::word && following.text != "!") {
                return fail(FailureKind::invalid, "found '{}', expected: identifier after ','",
                            following.text);
            }
        }
        return out;
    }

  private:
    enum class Kind { end, word, symbol };
    struct Token {
        Kind kind = Kind::end;
        std::string text{};
    };
    static constexpr std::string_view blanks = " \t\r\n", symbols = "=!(),><";

    Token take() {
        const auto start = rest_.find_first_not_of(blanks);
        if (start == std::string_view::npos) {
            rest_ = {};
            return {};
        }
        rest_.remove_prefix(start);
        std::size_t size = 1;
        const bool symbol = symbols.find(rest_[0]) != std::string_view::npos;
        if (symbol) {
            size = rest_.starts_with("==") || rest_.starts_with("!=") ? 2 : 1;
        } else {
            size = std::min(rest_.find_first_of(std::string(blanks) + std::string(symbols)),
                            rest_.size());
        }
        Token token{symbol ? Kind::symbol : Kind::word, std::string(rest_.substr(0, size))};
        rest_.remove_prefix(size);
        return token;
    }
    [[nodiscard]] Token peek() const { return LabelGrammar(rest_).take(); }

    Result<Selector::Term> requirement() {
        Selector::Term term;
        auto key = take();
        if (key.text == "!") {
            term.negated = true;
            key = take();
        }
        if (key.kind != Kind::word) {
            return fail(FailureKind::invalid, "found '{}', expected: identifier", key.text);
        }
        if (const auto faults = key_faults(key.text); !faults.empty()) {
            return fail(FailureKind::invalid, "<nil>: Invalid value: {}: {}", go_quoted(key.text),
                        join(faults, "; "));
        }
        term.key = key.text;
        const auto next = peek();
        if (term.negated || next.kind == Kind::end || next.text == ",") {
            return term;
        }
        const auto operation = take();
        if (operation.text == "in" || operation.text == "notin") {
            term.negated = operation.text == "notin";
            auto values = list();
            if (!values) {
                return propagate(values);
            }
            term.values = std::move(*values);
        } else if (operation.text == "=" || operation.text == "==" || operation.text == "!=" ||
                   operation.text == ">" || operation.text == "<") {
            term.negated = operation.text == "!=";
            term.compared = operation.text == ">" || operation.text == "<" ? operation.text[0] : 0;
            std::string value;
            if (const auto given = peek(); given.kind != Kind::end && given.text != ",") {
                if (given.kind != Kind::word) {
                    return fail(FailureKind::invalid, "found '{}', expected: identifier",
                                given.text);
                }
                value = take().text;
            }
            term.values.insert(std::move(value));
        } else {
            return fail(FailureKind::invalid, "found '{}', expected: in, notin, =, ==, !=, gt, lt",
                        operation.text);
        }
        return checked(std::move(term));
    }

    // "(a,b)"; an empty place is the empty text.
    Result<std::set<std::string>> list() {
        if (const auto open = take(); open.text != "(") {
            return fail(FailureKind::invalid, "found '{}' expected: '('", open.text);
        }
        const auto first = peek();
        if (first.kind != Kind::word && first.text != "," && first.text != ")") {
            return fail(FailureKind::invalid, "found '{}', expected: ',', ')' or identifier",
                        first.text);
        }
        std::set<std::string> values;
        for (;;) {
            std::string value;
            if (peek().kind == Kind::word) {
                value = take().text;
            }
            values.insert(std::move(value));
            const auto next = take();
            if (next.text == ")") {
                return values;
            }
            if (next.text != ",") {
                return fail(FailureKind::invalid, "found '{}', expected: ',' or ')'", next.text);
            }
        }
    }

    static Result<Selector::Term> checked(Selector::Term term) {
        std::vector<std::string> faults;
        std::size_t index = 0;
        for (const auto& value : term.values) {
            if (term.compared != 0 && !integer(value)) {
                faults.push_back(
                    fmt::format("values[{}]: Invalid value: {}: for 'Gt', 'Lt' "
                                "operators, the value must be an integer",
                                index, go_quoted(value)));
            }
            if (const auto why = label_value_fault(value); !why.empty()) {
                faults.push_back(fmt::format("values[{}][{}]: Invalid value: {}: {}", index,
                                             term.key, go_quoted(value), why));
            }
            ++index;
        }
        if (!faults.empty()) {
            return fail(FailureKind::invalid, "{}",
                        faults.size() == 1 ? faults[0] : "[" + join(faults, ", ") + "]");
        }
        return term;
    }

    std::string_view rest_;
};

// A field's value without its backslashes; nothing but them may stand before ',', '=' and '\'.
Result<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '=' || c == ',') {
            return fail(FailureKind::invalid,
                        "invalid field selector: unescaped character in value: {}",
                        static_cast<int>(c));
        }
        if (c == '\\') {
            const auto next = text.substr(++at, 1);
            if (next != "\\" && next != "," && next != "=") {
                return fail(FailureKind::invalid,
                            "invalid field selector: invalid escape sequence: \\{}", next);
            }
        }
        out += text[at];
    }
    return out;
}

// Splits at commas without a backslash.
std::vector<std::string> field_terms(std::string_view text) {
    std::vector<std::string> out(1);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ',') {
            out.emplace_back();
            continue;
        }
        out.back() += text[at];
        if (text[at] == '\\' && at + 1 < text.size()) {
            out.back() += text[++at];
        }
    }
    return out;
}

}  // namespace

Result<Selector> Selector::labels(std::string_view text) {
    auto terms = LabelGrammar(text).terms();
    if (!terms) {
        return propagate(terms);
    }
    Selector selector;
    selector.terms_ = std::move(*terms);
    return selector;
}

Result<Selector> Selector::fields(std::string_view text) {
    Selector selector;
    selector.of_fields_ = true;
    for (const auto& part : field_terms(text)) {
        if (part.empty()) {
            continue;
        }
        const auto equals = part.find('=');
        if (equals == std::string::npos) {
            return fail(FailureKind::invalid, "invalid selector: '{}'; can't understand '{}'", text,
                        part);
        }
        Term term;
        term.negated = equals > 0 && part[equals - 1] == '!';
        term.key = part.substr(0, equals - (term.negated ? 1 : 0));
        const bool twice = !term.negated && part.substr(equals).starts_with("==");
        auto value = unescaped(std::string_view(part).substr(equals + (twice ? 2 : 1)));
        if (!value) {
            return propagate(value);
        }
        term.values.insert(std::move(*value));
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
        if (term.key == key && !term.negated && term.compared == 0 && term.values.size() == 1) {
            return *term.values.begin();
        }
    }
    return {};
}

bool Selector::matches(const nlohmann::json& object) const {
    return std::ranges::all_of(terms_, [&](const Term& term) {
        const auto value = of_fields_ ? std::optional(value_at(object, term.key).value_or(""))
                                      : label(object, term.key);
        if (term.compared != 0) {
            const auto given = value ? integer(*value) : std::nullopt;
            const auto bound = integer(*term.values.begin());
            return given && bound && (term.compared == '<' ? *given < *bound : *given > *bound);
        }
        const bool hit = value && (term.values.empty() || term.values.contains(*value));
        return hit != term.negated;
    });
}

}  // namespace meshproof::fakes::kube
