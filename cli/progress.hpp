#pragma once

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "core/base/utf8.hpp"

namespace meshproof::cli {

/// A terminal that would show escape sequences as they are written.
[[nodiscard]] inline bool dumb_terminal() {
    const auto* term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return term != nullptr && std::string_view(term) == "dumb";
}

[[nodiscard]] inline bool stderr_is_terminal() {
    return ::isatty(STDERR_FILENO) != 0 && !dumb_terminal();
}

/// How many characters a line of the terminal on stderr has; many where it does not say.
[[nodiscard]] inline std::size_t terminal_width() {
    winsize size{};
    const bool told = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return told ? size.ws_col - 1U : std::string_view::npos;
}

/// One line on stderr that is drawn again and again; nothing where that is no terminal.
class RedrawnLine {
  public:
    /// `wanted`: false keeps it away from a terminal too.
    explicit RedrawnLine(bool wanted) : live_(wanted && stderr_is_terminal()) {}
    ~RedrawnLine() { clear(); }
    RedrawnLine(const RedrawnLine&) = delete;
    RedrawnLine& operator=(const RedrawnLine&) = delete;

    [[nodiscard]] bool live() const { return live_; }
    void draw(std::string_view text) {
        if (live_) {
            // Of a line that wraps the next one would take away its end alone.
            fmt::print(stderr, "\r\x1b[K{}", head_of(text, terminal_width()));
            std::fflush(stderr);
            drawn_ = true;
        }
    }
    void clear() {
        if (drawn_) {
            fmt::print(stderr, "\r\x1b[K");
            std::fflush(stderr);
            drawn_ = false;
        }
    }

  private:
    bool live_, drawn_ = false;
};

/// Progress for people: one redrawn line on a terminal, nothing where output is kept in a file (the
/// results are lines already).
class Progress {
  public:
    /// `wanted`: false keeps it away from a terminal too.
    explicit Progress(std::size_t all, bool wanted = true) : all_(all), line_(wanted) {}

    void begin(std::string_view id) {
        running_.insert(std::string(id));
        draw();
    }
    void end(std::string_view id) {
        if (const auto found = running_.find(std::string(id)); found != running_.end()) {
            running_.erase(found);  // what is skipped never began
        }
        ++done_;
    }
    void clear() { line_.clear(); }
    void draw() {
        if (running_.empty()) {
            return;
        }
        auto line = fmt::format("[{}/{}] {}", done_, all_, *running_.begin());
        if (running_.size() > 1) {
            line += fmt::format(" and {} more", running_.size() - 1);
        }
        line_.draw(line);
    }

  private:
    std::size_t all_;
    RedrawnLine line_;
    std::size_t done_ = 0;
    std::multiset<std::string> running_;
};

}  // namespace meshproof::cli
