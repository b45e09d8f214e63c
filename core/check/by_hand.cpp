#include "core/check/by_hand.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/check/evidence.hpp"

namespace meshproof::run {
namespace {

/// A text as it stands within a JSON string.
std::string within_json(const std::string& text) {
    const auto whole =
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return whole.substr(1, whole.size() - 2);
}

bool name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool plain_name(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::ranges::all_of(text, name_character);
}

/// Whether a server has made such a text up, so that another one would make another: an id, a
/// serial number, an accessor, PEM.
bool made_up(std::string_view text) {
    constexpr std::size_t shortest = 20;
    if (text.starts_with("-----BEGIN ")) {
        return true;
    }
    return text.size() >= shortest && !text.starts_with("meshproof") &&
           std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; }) &&
           std::ranges::all_of(
               text, [](char c) { return name_character(c) || c == '-' || c == '.' || c == ':'; });
}

/// A text of an answer, and the filter of jq that gives it.
struct Leaf {
    std::string filter, key, text;
};
void collect_leaves(const nlohmann::json& value, const std::string& filter, const std::string& key,
                    std::vector<Leaf>& out) {
    if (value.is_string()) {
        out.push_back({filter, key, value.get<std::string>()});
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            collect_leaves(value[i], fmt::format("{}[{}]", filter, i), key, out);
        }
    } else if (value.is_object()) {
        for (const auto& [name, member] : value.items()) {
            const auto step =
                plain_name(name) ? "." + name : fmt::format("[{}]", nlohmann::json(name).dump());
            collect_leaves(member,
                           filter.empty() && step.front() == '[' ? "." + step : filter + step, name,
                           out);
        }
    }
}

/// Everything that a request says.
std::vector<std::string*> texts_of(Exchange& exchange) {
    std::vector<std::string*> out{&exchange.target, &exchange.body};
    for (auto& [name, value] : exchange.headers) {
        out.push_back(&value);
    }
    return out;
}

bool says(Exchange& exchange, std::string_view text) {
    return std::ranges::any_of(texts_of(exchange), [&](const std::string* one) {
        return one->find(text) != std::string::npos;
    });
}

/// Puts a variable in the place of a text, everywhere.
void replace_in(std::string& text, const std::string& old, const std::string& name) {
    for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at)) {
        const auto after = at + old.size();
        const bool goes_on = after < text.size() && name_character(text[after]);
        const auto by = goes_on ? fmt::format("${{{}}}", name) : "$" + name;
        text.replace(at, old.size(), by);
        at += by.size();
    }
}

/// A variable that an answer gives.
struct Capture {
    std::string name, filter;
};

class Pasting {
  public:
    explicit Pasting(std::vector<Exchange> exchanges) : exchanges_(std::move(exchanges)) {}

    void put_known(const std::vector<std::pair<std::string, std::string>>& known) {
        for (auto& exchange : exchanges_) {
            for (const auto& [text, variable] : known) {
                for (auto* one : texts_of(exchange)) {
                    replace_in(*one, within_json(text), variable.substr(1));
                    replace_in(*one, text, variable.substr(1));
                }
            }
        }
    }

    [[nodiscard]] ByHand result() {
        ByHand out;
        for (std::size_t i = 0; i < exchanges_.size(); ++i) {
            const auto command = to_curl(exchanges_[i]);
            const auto captures = captured(i);
            auto step = captures.empty() ? command : fmt::format("ANSWER=$({})", command);
            for (const auto& capture : captures) {
                step += fmt::format("\n  {}=$(jq -r '{}' <<<\"$ANSWER\")", capture.name,
                                    capture.filter);
            }
            out.steps.push_back(std::move(step));
        }
        out.made_by_check = unset();
        return out;
    }

  private:
    [[nodiscard]] bool said(std::size_t first, std::size_t end, std::string_view text) {
        return std::any_of(exchanges_.begin() + static_cast<std::ptrdiff_t>(first),
                           exchanges_.begin() + static_cast<std::ptrdiff_t>(end),
                           [&](Exchange& exchange) { return says(exchange, text); });
    }

    /// What later requests need of this answer; they say its name from here on.
    [[nodiscard]] std::vector<Capture> captured(std::size_t index) {
        std::vector<Leaf> leaves;
        collect_leaves(json_or_null(exchanges_[index].answer), "", "", leaves);
        std::vector<Capture> out;
        for (const auto& [filter, key, text] : leaves) {
            // Numbered names are those of one secret.
            const bool secret = text.size() > 1 && variable_at(text, 0) == text.substr(1) &&
                                std::isdigit(static_cast<unsigned char>(text.back())) != 0;
            const auto escaped = within_json(text);
            if ((!secret && !made_up(text)) || said(0, index + 1, text) ||
                said(0, index + 1, escaped) ||
                (!said(index + 1, exchanges_.size(), text) &&
                 !said(index + 1, exchanges_.size(), escaped))) {
                continue;
            }
            const auto name = secret ? text.substr(1) : new_name(key);
            if (!set_.insert(name).second) {
                continue;
            }
            for (auto i = index + 1; !secret && i < exchanges_.size(); ++i) {
                for (auto* one : texts_of(exchanges_[i])) {
                    replace_in(*one, escaped, name);
                    replace_in(*one, text, name);
                }
            }
            // A secret may be a key, of several lines.
            const bool plain = escaped == text && !secret;
            out.push_back({name, plain ? filter : filter + " | tojson[1:-1]"});
        }
        return out;
    }

    [[nodiscard]] std::string new_name(const std::string& key) {
        std::string name;
        for (const char c : key) {
            name += name_character(c)
                        ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                        : '_';
        }
        return fmt::format("{}_{}", name, ++numbers_[name]);
    }

    /// Numbered names that requests say and no answer gave.
    [[nodiscard]] std::vector<std::string> unset() {
        std::set<std::string> names;
        for (auto& exchange : exchanges_) {
            for (const auto* text : texts_of(exchange)) {
                for (auto at = text->find('$'); at != std::string::npos;
                     at = text->find('$', at + 1)) {
                    const std::string name(variable_at(*text, at));
                    if (!name.empty() && !set_.contains(name) && !name.starts_with("VAULT_") &&
                        !name.starts_with("KUBE_")) {
                        names.insert(name);
                    }
                }
            }
        }
        return {names.begin(), names.end()};
    }

    std::vector<Exchange> exchanges_;
    std::set<std::string> set_;
    std::map<std::string, int> numbers_;
};

}  // namespace

ByHand by_hand(std::vector<Exchange> exchanges,
               const std::vector<std::pair<std::string, std::string>>& known) {
    Pasting pasting(std::move(exchanges));
    pasting.put_known(known);
    return pasting.result();
}

}  // namespace meshproof::run
