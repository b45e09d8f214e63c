#include "cli/curves.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/program.hpp"
#include "core/base/text.hpp"
#include "perf/load/capacity.hpp"

namespace meshproof::cli {
namespace {

bool fits(const load::Curve& curve, const load::Options& options) {
    load::Options its;
    its.profile = curve.profile;
    return curve.profile != load::Profile::mixed && its.operation() == options.operation() &&
           curve.token == options.token && curve.storage == options.storage &&
           curve.key_type == options.key_type && curve.ca_key_type == options.ca_key_type;
}

fakes::ServiceTime time_of(const std::vector<load::ServerModel::Point>& points) {
    fakes::ServiceTime time;
    for (const auto& [share, at] : points) {
        time.points.push_back({share, at});
    }
    return time;
}

}  // namespace

std::vector<load::Curve> curves_of(const std::string& path) {
    auto curves = load::read_curves(path);
    if (!curves) {
        throw UsageError(curves.error().message,
                         "meshproof load login-sign --find-max --slo p99=50ms --curve FILE writes "
                         "one");
    }
    return std::move(*curves);
}

void expect_curve_file(const std::string& path) {
    std::error_code none;
    if (std::filesystem::exists(path, none)) {
        (void)curves_of(path);
    }
    const auto folder = std::filesystem::absolute(path).parent_path();
    if (!std::filesystem::is_directory(folder, none)) {
        throw UsageError(fmt::format("--curve {}: there is no folder {}", path, folder.string()));
    }
}

void add_to_curve_file(const std::string& path, const load::Outcome& outcome,
                       std::string_view target, Output& output) {
    auto curve = load::curve_of(outcome, target);
    if (curve.steps.empty() || outcome.measured.ended == load::Ended::stopped) {
        return;
    }
    std::error_code none;
    auto curves =
        std::filesystem::exists(path, none) ? curves_of(path) : std::vector<load::Curve>();
    load::add_curve(curves, std::move(curve));
    require(write_file(path, load::curves_json(curves)));
    output.line("curve: {} ({} in it)", path, curves.size());
}

fakes::ServiceTimes measured_speed(const std::string& path, const load::Options& options) {
    const auto curves = curves_of(path);
    const auto found = std::ranges::find_if(
        curves, [&](const load::Curve& curve) { return fits(curve, options); });
    std::vector<std::string> modes;
    for (const auto& curve : curves) {
        modes.push_back(load::mode_text(curve));
    }
    const auto model = found == curves.end() ? std::nullopt : load::server_model(*found);
    if (!model) {
        throw UsageError(
            fmt::format("{}: expected a curve of {} with {}, {} keys, {} CA and storage {}, got {}",
                        path, to_string(options.operation()), load::token_words(options.token),
                        crypto::to_string(options.key_type), options.ca_key_type,
                        to_string(options.storage), modes.empty() ? "none" : join(modes, "; ")),
            "meshproof load --find-max --curve FILE measures one");
    }
    return {model->workers, time_of(model->login), time_of(model->sign)};
}

}  // namespace meshproof::cli
