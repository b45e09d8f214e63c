#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace meshproof::cli {

/// Adds --summary to a subcommand.
void add_summary_option(CLI::App& command, std::string& path);

/// Whether a summary can be added to the file: call it before a long run. UsageError where not.
void expect_summary_file(const std::string& path);

/// Adds Markdown to a file, as a step's summary is: what other steps wrote stays, and counts
/// against the limit above which GitHub drops it. `markdown` makes at most so many bytes; where
/// there is no room, it is left out with a warning that names `whose` summary it is. Does nothing
/// where the path is "". CannotGoOn where the file cannot be written.
void append_summary(const std::string& path, std::string_view whose,
                    const std::function<std::string(std::size_t most_bytes)>& markdown);

}  // namespace meshproof::cli
