#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace meshproof {

/// Reads JSON from left to right, as servers and clients write it: printable ASCII, escapes of two
/// characters, whole numbers. Each step is false where the text is none that it knows, which may be
/// JSON all the same: whoever uses it has another way for that.
class JsonScan {
  public:
    explicit JsonScan(std::string_view text) : text_(text) {}

    /// The next character that is no blank; NUL at the end.
    [[nodiscard]] char next();
    [[nodiscard]] bool take(char wanted);
    [[nodiscard]] bool take(std::string_view word);
    /// Nothing but blanks is left.
    [[nodiscard]] bool done();
    /// A text in quotes, without its escapes where it is wanted.
    [[nodiscard]] bool string(std::string* into);
    /// A member's name: one with an escape is none that it knows.
    [[nodiscard]] bool name(std::string_view& into);
    /// A whole number that 64 bits hold, as it is written.
    [[nodiscard]] bool number(std::string_view& into);

  private:
    void skip_blanks();
    [[nodiscard]] bool escape(std::string* into);

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace meshproof
