#include "cli/summary.hpp"

#include <filesystem>
#include <fstream>

#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/base/result.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

std::ofstream opened(const std::string& path) {
    return std::ofstream(path, std::ios::app | std::ios::binary);
}

}  // namespace

void add_summary_option(CLI::App& command, std::string& path) {
    command.add_option("--summary", path,
                       "add a summary in Markdown to this file, such as $GITHUB_STEP_SUMMARY");
}

void expect_summary_file(const std::string& path) {
    if (!path.empty() && !opened(path)) {
        throw UsageError(fmt::format("--summary {}: cannot write to it", path),
                         "name a file in a folder that is there");
    }
}

void append_summary(const std::string& path, std::string_view whose,
                    const std::function<std::string(std::size_t most_bytes)>& markdown) {
    constexpr std::size_t least_room = 4096;
    if (path.empty()) {
        return;
    }
    std::error_code absent;
    const auto size = std::filesystem::file_size(path, absent);
    const std::size_t there = absent ? 0 : static_cast<std::size_t>(size);
    if (there + least_room > reports::most_summary) {
        log::warning(fmt::format("{} is full: the summary of {} is left out", path, whose));
        return;
    }
    auto file = opened(path);
    file << markdown(reports::most_summary - there);
    if (!file.flush()) {
        require(Result<void>(fail(FailureKind::invalid, "cannot write to {}", path)));
    }
}

}  // namespace meshproof::cli
