#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Curves of numbers as inline SVG.
namespace meshproof::reports::pages {

/// One line. A point without a value is a gap.
struct Curve {
    struct Point {
        double x = 0;
        std::optional<double> y;
        std::optional<std::pair<double, double>> interval = std::nullopt;  ///< around y
    };
    std::string name;
    std::vector<Point> points;
};

/// How values lie along one side.
struct Axis {
    std::string name;
    std::string (*text)(double) = nullptr;  ///< of a value, for its ticks
    bool logarithmic = false;               ///< values are above zero then
    /// Where the ticks are and what they say; chosen where there are none.
    std::vector<std::pair<double, std::string>> ticks = {};
};

struct CurveChart {
    std::string title, description;
    Axis x, y;
    std::vector<Curve> curves;  ///< at most four; those that hold nothing are left out
    std::optional<std::pair<double, std::string>> limit;  ///< a line across, and its name
    /// An upright line, and its name.
    std::optional<std::pair<double, std::string>> mark = std::nullopt;
};

/// "" where no curve has a value.
[[nodiscard]] std::string drawing(const CurveChart& chart, std::string_view id);

/// Values at which a person would put ticks: at most about five, in the range or at its ends.
[[nodiscard]] std::vector<double> tick_values(double low, double high, bool logarithmic);

}  // namespace meshproof::reports::pages
