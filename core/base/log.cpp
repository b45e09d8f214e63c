#include "core/base/log.hpp"

#include <atomic>
#include <cstdio>

namespace meshproof::log {
namespace {

std::atomic<bool> verbose_on{false};

// One write per line, so that lines of several threads never mix.
void line(std::string_view kind, std::string_view message) {
    const auto text = fmt::format("meshproof: {}{}\n", kind, message);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

void error(std::string_view message, std::string_view hint) {
    line("error: ", message);
    if (!hint.empty()) {
        line("hint: ", hint);
    }
}
void warning(std::string_view message) {
    line("warning: ", message);
}
void note(std::string_view message) {
    line("", message);
}
void detail(std::string_view message) {
    if (verbose_on) {
        line("", message);
    }
}
void set_verbose(bool verbose) {
    verbose_on = verbose;
}
bool verbose() {
    return verbose_on;
}

}  // namespace meshproof::log
