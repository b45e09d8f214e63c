#include <filesystem>
#include <system_error>

#include "core/base/text.hpp"
#include "reports/html/html.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {

Result<void> prepare_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(FailureKind::invalid, "cannot make the report folder {}: {}", folder,
                    error.message());
    }
    const auto probe = folder + "/.meshproof-probe";
    if (const auto written = write_file(probe, ""); !written) {
        return written;
    }
    std::filesystem::remove(probe, error);
    return {};
}

Result<void> write_reports(const std::string& folder, const run::RunResult& result) {
    if (const auto prepared = prepare_folder(folder); !prepared) {
        return prepared;
    }
    if (const auto written = write_file(folder + "/report.json", to_json(result)); !written) {
        return written;
    }
    if (const auto written = write_file(folder + "/junit.xml", to_junit(result)); !written) {
        return written;
    }
    if (const auto written = write_file(folder + "/report.html", to_html(result)); !written) {
        return written;
    }
    return result.command == run::Command::conform
               ? write_file(folder + "/report.md", to_markdown(result))
               : Result<void>{};
}

}  // namespace meshproof::reports
