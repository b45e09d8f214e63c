#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>

namespace meshproof::cli {

/// How a command is asked to speak.
struct OutputOptions {
    std::string format = "text";  ///< "text" or "json"
    bool quiet = false;
    std::string colour = "auto";  ///< "always", "never"; or as terminal and environment say
    [[nodiscard]] bool json() const { return format == "json"; }
};
/// Adds --format to a subcommand.
void add_format_option(CLI::App& command, OutputOptions& options);
/// Adds --format and --quiet.
void add_output_options(CLI::App& command, OutputOptions& options);

/// What a command says. As text, its lines go to stdout; with --format json, stdout has one JSON
/// document, and the lines go to stderr. Each is written at once and whole. A stdout that takes no
/// more never throws in the middle of a run: `output_code` tells of it at the end.
class Output {
  public:
    explicit Output(const OutputOptions& options) : options_(options) {}

    /// A line that --quiet leaves out.
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        if (!options_.quiet) {
            say(fmt::format(format, std::forward<Args>(args)...));
        }
    }
    /// A line that --quiet keeps: what did not go well, and the counts.
    template <class... Args>
    void result(fmt::format_string<Args...> format, Args&&... args) {
        say(fmt::format(format, std::forward<Args>(args)...));
    }
    /// The JSON document; nothing where text was asked for.
    void document(std::string_view json);

    [[nodiscard]] bool json() const { return options_.json(); }
    [[nodiscard]] bool quiet() const { return options_.quiet; }
    /// Whether somebody sees its lines as they come.
    [[nodiscard]] bool on_terminal() const;
    /// Whether its lines go to a terminal that shows colours, or --color, or NO_COLOR, FORCE_COLOR
    /// or CLICOLOR_FORCE of the environment says so.
    [[nodiscard]] bool colour() const;

  private:
    void say(std::string line);

    OutputOptions options_;
};

/// The exit code of a program that ends with `code`: where something that was written to stdout
/// got lost, says so in one line, and no code says that all is well.
[[nodiscard]] int output_code(int code);
/// Whether something that was written to stdout got lost; `reason` is the errno of what threw, if
/// anything did.
[[nodiscard]] bool output_lost(int reason = 0);
/// Whether nobody reads stdout any more, as after `| head`; known before anything is written.
[[nodiscard]] bool reader_left();

}  // namespace meshproof::cli
