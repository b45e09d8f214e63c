#include "cli/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "core/base/log.hpp"

namespace meshproof::cli {
namespace {

/// What the environment says of colours, "" where it says nothing.
std::string_view colour_wish(const char* variable) {
    const auto* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr ? std::string_view() : value;
}

bool forces_colour(const char* variable) {
    const auto wish = colour_wish(variable);
    return !wish.empty() && wish != "0";
}

/// errno of the first write to stdout that failed. Kept by itself, since stdio forgets it.
std::atomic<int> lost_for{0};

void note_loss(int reason) {
    int none = 0;
    lost_for.compare_exchange_strong(none, reason);
}

void write(std::FILE* file, std::string_view text) {
    // One write a text, so that those of several threads never mix.
    const bool whole =
        std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
    if (!whole && file == stdout) {
        note_loss(errno);
    }
}

}  // namespace

void add_format_option(CLI::App& command, OutputOptions& options) {
    command
        .add_option("--format", options.format,
                    "text, or json: one document on stdout, and all else on stderr")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

void add_output_options(CLI::App& command, OutputOptions& options) {
    add_format_option(command, options);
    command.add_flag("-q,--quiet", options.quiet,
                     "only say what failed or was blocked, and the counts");
}

void Output::say(std::string line) {
    line += '\n';
    write(json() ? stderr : stdout, line);
}

void Output::document(std::string_view json_text) {
    if (json()) {
        write(stdout, json_text);
    }
}

bool Output::on_terminal() const {
    return ::isatty(json() ? STDERR_FILENO : STDOUT_FILENO) != 0;
}

bool Output::colour() const {
    if (options_.colour != "auto") {
        return options_.colour == "always";
    }
    if (!colour_wish("NO_COLOR").empty()) {  // no-color.org: whatever it holds
        return false;
    }
    return forces_colour("FORCE_COLOR") || forces_colour("CLICOLOR_FORCE") ||
           (on_terminal() && !dumb_terminal());
}

bool output_lost(int reason) {
    const bool flushed = std::fflush(stdout) == 0;
    if (!flushed || std::ferror(stdout) != 0) {
        note_loss(reason != 0 ? reason : flushed ? EIO : errno);
    }
    return lost_for != 0;
}

bool reader_left() {
    if (lost_for == EPIPE) {
        return true;
    }
    // A command that is silent until its end is told nothing by a write. A terminal that hung up
    // says more than this, and sends SIGHUP to whom it concerns.
    pollfd out{STDOUT_FILENO, 0, 0};
    return ::poll(&out, 1, 0) == 1 && out.revents == POLLERR;
}

int output_code(int code) {
    if (!output_lost()) {
        return code;
    }
    log::error(fmt::format("cannot write to stdout: {}", std::strerror(lost_for)));
    return code == as_expected ? int{unreachable} : code;
}

}  // namespace meshproof::cli
