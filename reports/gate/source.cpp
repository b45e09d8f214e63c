#include "reports/gate/source.hpp"

#include <filesystem>

#include "core/base/text.hpp"
#include "reports/gate/findings.hpp"
#include "reports/report.hpp"

namespace meshproof::reports::gate {
namespace {

namespace fs = std::filesystem;

Result<void> add_histograms(Source& source, const run::LoadOutcome& load) {
    const auto log = fs::path(source.report).parent_path() / "load.hlog";
    std::error_code ignored;
    if (fs::path(source.report).filename() != "report.json" || !fs::exists(log, ignored)) {
        return {};
    }
    Stages stages;
    if (auto added = add_stages(log.string(), stages, [](const auto&, const auto&) {}); !added) {
        return added;
    }
    source.hlog = log.string();
    const auto whole = stages.find(response_tag("whole"));
    if (whole == stages.end()) {
        return {};  // of a version that did not write it
    }
    if (const auto differ = stages_differ(stages, load); !differ.empty()) {
        return fail(FailureKind::invalid, "{}: {}, so it is not the log of {}", source.hlog, differ,
                    source.report);
    }
    source.response = std::move(whole->second);
    return {};
}

std::uint64_t count_in(const Stages& stages, const std::string& tag) {
    const auto found = stages.find(tag);
    return found == stages.end() ? 0 : found->second.count();
}

}  // namespace

std::string_view command_of(const Source& source) {
    return source.of_preflight.empty() ? run::to_string(source.result.command)
                                       : std::string_view(source.of_preflight);
}

std::string report_file(const std::string& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
        return path;
    }
    for (const auto* name : {"report.json", "preflight.json", "plan.json"}) {
        if (fs::exists(fs::path(path) / name, ignored)) {
            return (fs::path(path) / name).string();
        }
    }
    return (fs::path(path) / "report.json").string();
}

Result<Source> read_source(const std::string& path) {
    Source source;
    source.path = path;
    source.report = report_file(path);
    if (const auto text = read_file(source.report); text && is_of_preflight(*text)) {
        return read_findings(*text, std::move(source));
    }
    auto result = read_report(source.report);
    if (!result) {
        return propagate(result);
    }
    source.result = std::move(*result);
    if (const auto* load = load_of(source.result); load != nullptr) {
        if (const auto added = add_histograms(source, *load); !added) {
            return propagate(added);
        }
    }
    return source;
}

Result<void> add_stages(
    const std::string& path, Stages& stages,
    const std::function<void(const stats::Stretch&, const stats::Histogram&)>& second) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    return stats::read_hlog(*text, path, [&](stats::Stretch stretch, stats::Histogram histogram) {
        if (stretch.tag == "response" || stretch.tag == "service") {
            second(stretch, histogram);
            return;
        }
        const auto [at, added] = stages.try_emplace(stretch.tag, std::move(histogram));
        if (!added) {
            at->second.add(histogram);  // NOLINT(bugprone-use-after-move): only moved where added
        }
    });
}

std::string response_tag(const std::string& stage) {
    return stage + "-response";
}

std::string service_tag(const std::string& stage) {
    return stage + "-service";
}

std::string stages_differ(const Stages& stages, const run::LoadOutcome& load) {
    for (const auto& [name, stage] : load.stages) {
        const auto response = count_in(stages, response_tag(name));
        const auto service = count_in(stages, service_tag(name));
        if (response != stage.response.count || service != stage.service.count) {
            return fmt::format("{} has {} and {} times, expected {} and {}", name, response,
                               service, stage.response.count, stage.service.count);
        }
    }
    return {};
}

const run::LoadOutcome* load_of(const run::RunResult& result) {
    return result.outcomes.size() == 1
               ? std::get_if<run::LoadOutcome>(&result.outcomes.front().detail)
               : nullptr;
}

}  // namespace meshproof::reports::gate
