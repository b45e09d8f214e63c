#include "core/base/quick_json.hpp"

#include <charconv>
#include <cstdint>

#include "core/base/json_scan.hpp"

namespace meshproof {
namespace {

using Json = nlohmann::json;

class TreeScan {
  public:
    explicit TreeScan(std::string_view text) : scan_(text) {}

    [[nodiscard]] std::optional<Json> run() {
        Json tree;
        return value(tree) && scan_.done() ? std::optional(std::move(tree)) : std::nullopt;
    }

  private:
    static constexpr int deepest = 32;

    [[nodiscard]] bool value(Json& into) {
        switch (scan_.next()) {
            case '{':
                return object(into);
            case '[':
                return array(into);
            case '"':
                into = std::string();
                return scan_.string(&into.get_ref<std::string&>());
            case 't':
                into = true;
                return scan_.take("true");
            case 'f':
                into = false;
                return scan_.take("false");
            case 'n':
                return scan_.take("null");
            default:
                return number(into);
        }
    }

    [[nodiscard]] bool object(Json& into) {
        into = Json::object();
        auto& members = into.get_ref<Json::object_t&>();
        if (++depth_ > deepest || !scan_.take('{')) {
            return false;
        }
        if (scan_.next() != '}') {
            do {
                std::string_view name;
                if (!scan_.name(name) || !scan_.take(':')) {
                    return false;
                }
                auto& member = members[std::string(name)];
                member = Json();  // of two with one name the last counts
                if (!value(member)) {
                    return false;
                }
            } while (scan_.take(','));
        }
        --depth_;
        return scan_.take('}');
    }

    [[nodiscard]] bool array(Json& into) {
        into = Json::array();
        auto& items = into.get_ref<Json::array_t&>();
        if (++depth_ > deepest || !scan_.take('[')) {
            return false;
        }
        if (scan_.next() != ']') {
            do {
                if (!value(items.emplace_back())) {
                    return false;
                }
            } while (scan_.take(','));
        }
        --depth_;
        return scan_.take(']');
    }

    /// Signed where it has a sign, as the parser has it.
    [[nodiscard]] bool number(Json& into) {
        std::string_view digits;
        if (!scan_.number(digits)) {
            return false;
        }
        if (digits.front() == '-') {
            std::int64_t read = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), read);
            into = read;
        } else {
            std::uint64_t read = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), read);
            into = read;
        }
        return true;
    }

    JsonScan scan_;
    int depth_ = 0;
};

}  // namespace

std::optional<Json> quick_json(std::string_view text) {
    constexpr std::size_t longest = 64U << 10;  // what is given up late is read twice
    return text.size() <= longest ? TreeScan(text).run() : std::nullopt;
}

}  // namespace meshproof
