#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <string>
#include <string_view>

namespace meshproof::cli {

[[nodiscard]] inline bool stderr_is_terminal() {
    return ::isatty(STDERR_FILENO) != 0;
}

/// Progress for people: one redrawn line on a terminal, nothing where output is kept in a file (the
/// results are lines already).
class Progress {
  public:
    /// `wanted`: false keeps it away from a terminal too.
    explicit Progress(std::size_t all, bool wanted = true)
        : all_(all), live_(wanted && stderr_is_terminal()) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

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
    void clear() {
        if (drawn_) {
            fmt::print(stderr, "\r\x1b[K");
            std::fflush(stderr);
            drawn_ = false;
        }
    }
    void draw() {
        if (!live_ || running_.empty()) {
            return;
        }
        auto line = fmt::format("[{}/{}] {}", done_, all_, *running_.begin());
        if (running_.size() > 1) {
            line += fmt::format(" and {} more", running_.size() - 1);
        }
        fmt::print(stderr, "\r\x1b[K{}", line);
        std::fflush(stderr);
        drawn_ = true;
    }

  private:
    std::size_t all_;
    bool live_;
    bool drawn_ = false;
    std::size_t done_ = 0;
    std::multiset<std::string> running_;
};

}  // namespace meshproof::cli
