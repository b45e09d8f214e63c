#pragma once

#include <fmt/format.h>

#include <string_view>

/// Diagnostics for people, on stderr; results go to stdout. Never a secret.
namespace meshproof::log {

/// `meshproof: error: MESSAGE`, then `meshproof: hint: HINT` where there is one.
void error(std::string_view message, std::string_view hint = {});
/// `meshproof: warning: MESSAGE`
void warning(std::string_view message);
/// `meshproof: MESSAGE`
void note(std::string_view message);
/// As note, only after set_verbose(true).
void detail(std::string_view message);

void set_verbose(bool verbose);
/// Whether anybody sees details.
[[nodiscard]] bool verbose();

}  // namespace meshproof::log
