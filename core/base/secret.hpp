#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace meshproof {

/// A token, JWT or private key. It prints as `[secret]`; only `reveal()` gives the text, so that a
/// leak is a visible call.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] const std::string& reveal() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    friend bool operator==(const Secret&, const Secret&) = default;

  private:
    std::string text_;
};

}  // namespace meshproof

template <>
struct fmt::formatter<meshproof::Secret> : fmt::formatter<std::string_view> {
    template <class Context>
    auto format(const meshproof::Secret&, Context& context) const {
        return fmt::formatter<std::string_view>::format("[secret]", context);
    }
};
