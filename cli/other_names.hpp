#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshproof::cli {

/// What other programs call what this one has under another name: "meshproof preflight" for
/// "doctor"; "" where nothing here is like it.
[[nodiscard]] std::string own_command(std::string_view others);
/// The same of a flag: "--skip" for "--exclude". Only what a command has, by its own flags.
[[nodiscard]] std::string own_flag(std::string_view others, const std::vector<std::string>& own);
/// With which of its flags a command takes a file that was given without one: "--account FILE" for
/// FILE; "" where the word is no such file's name, or none of `own` takes it.
[[nodiscard]] std::string flag_for_file(std::string_view word, const std::vector<std::string>& own);

}  // namespace meshproof::cli
