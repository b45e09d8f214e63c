#include "reports/html/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/html/escape.hpp"

namespace meshproof::reports::pages {
namespace {

// Of the drawing, in its own units.
constexpr double plot_width = 1200, plot_height = 340;
constexpr double plot_left = 110, plot_right = plot_width - 50;
constexpr double plot_top = 40, plot_bottom = plot_height - 56;

constexpr std::array<std::string_view, 4> looks = {"", " second", " third", " fourth"};

struct Range {
    double low = 0, high = 1;
};

/// From one side of the plot to the other.
class Scale {
  public:
    Scale(Range range, bool logarithmic, Range place)
        : range_(range), logarithmic_(logarithmic), place_(place) {}

    [[nodiscard]] double at(double value) const {
        const auto share = logarithmic_
                               ? (std::log(std::max(value, range_.low)) - std::log(range_.low)) /
                                     (std::log(range_.high) - std::log(range_.low))
                               : (value - range_.low) / (range_.high - range_.low);
        return place_.low + std::clamp(share, 0.0, 1.0) * (place_.high - place_.low);
    }
    [[nodiscard]] Range range() const { return range_; }

  private:
    Range range_;
    bool logarithmic_;
    Range place_;
};

bool holds_values(const Curve& curve) {
    return std::ranges::any_of(curve.points, [](const auto& point) { return point.y.has_value(); });
}

Range range_of(std::vector<double> values, bool logarithmic) {
    std::erase_if(values, [logarithmic](double value) {
        return !std::isfinite(value) || (logarithmic && value <= 0);
    });
    if (values.empty()) {
        return logarithmic ? Range{1, 10} : Range{0, 1};
    }
    const auto [least, most] = std::ranges::minmax(values);
    if (!logarithmic) {
        // Amounts are seen against nothing.
        const auto low = std::min(least, 0.0);
        return {low, most > low ? most : low + 1};
    }
    return {least / 1.3, most * 1.3};
}

std::vector<double> xs_of(const CurveChart& chart) {
    std::vector<double> values;
    for (const auto& curve : chart.curves) {
        for (const auto& point : curve.points) {
            values.push_back(point.x);
        }
    }
    if (chart.mark) {
        values.push_back(chart.mark->first);
    }
    return values;
}

std::vector<double> ys_of(const CurveChart& chart) {
    std::vector<double> values;
    for (const auto& curve : chart.curves) {
        for (const auto& point : curve.points) {
            if (point.y) {
                values.push_back(*point.y);
            }
            if (point.interval) {
                values.push_back(point.interval->first);
                values.push_back(point.interval->second);
            }
        }
    }
    if (chart.limit) {
        values.push_back(chart.limit->first);
    }
    return values;
}

std::vector<std::pair<double, std::string>> ticks_of(const Axis& axis, Range range) {
    auto ticks = axis.ticks;
    if (ticks.empty()) {
        for (const auto value : tick_values(range.low, range.high, axis.logarithmic)) {
            ticks.emplace_back(
                value, axis.text != nullptr ? axis.text(value) : fmt::format("{:g}", value));
        }
    }
    std::erase_if(ticks, [range](const auto& tick) {
        return tick.first < range.low || tick.first > range.high;
    });
    return ticks;
}

std::string grid(const CurveChart& chart, const Scale& x, const Scale& y) {
    std::string out;
    for (const auto& [value, text] : ticks_of(chart.y, y.range())) {
        out += fmt::format(
            "<line class=\"grid\" x1=\"{0:.0f}\" y1=\"{1:.1f}\" x2=\"{2:.0f}\" y2=\"{1:.1f}\"/>"
            "<text class=\"tick side\" x=\"{3:.0f}\" y=\"{4:.1f}\">{5}</text>\n",
            plot_left, y.at(value), plot_right, plot_left - 8, y.at(value) + 4,
            html::escaped(text));
    }
    for (const auto& [value, text] : ticks_of(chart.x, x.range())) {
        out += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1:.0f}\" x2=\"{0:.1f}\" y2=\"{2:.0f}\"/>"
            "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3:.0f}\">{4}</text>\n",
            x.at(value), plot_top, plot_bottom, plot_bottom + 18, html::escaped(text));
    }
    out += fmt::format("<text class=\"tick\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n",
                       (plot_left + plot_right) / 2, plot_height - 12, html::escaped(chart.x.name));
    return out + fmt::format("<text x=\"6\" y=\"16\">{}</text>\n", html::escaped(chart.y.name));
}

/// The line, in pieces where there are gaps.
std::string line(const Curve& curve, std::string_view look, const Scale& x, const Scale& y) {
    std::string path;
    bool pen_down = false;
    for (const auto& point : curve.points) {
        if (point.y) {
            // A value between two gaps is a dot, by the round ends of lines.
            path += fmt::format("{}{:.1f} {:.1f}{}", pen_down ? "L" : "M", x.at(point.x),
                                y.at(*point.y), pen_down ? "" : "h0");
        }
        pen_down = point.y.has_value();
    }
    return fmt::format("<path class=\"curve{}\" d=\"{}\"/>\n", look, path);
}

/// A dot each, where there are few enough to point at.
std::string dots(const Curve& curve, std::string_view look, const CurveChart& chart, const Scale& x,
                 const Scale& y) {
    constexpr std::size_t most = 40;
    std::string out;
    if (curve.points.size() > most) {
        return out;
    }
    for (const auto& point : curve.points) {
        if (!point.y) {
            continue;
        }
        const auto value =
            chart.y.text != nullptr ? chart.y.text(*point.y) : fmt::format("{:g}", *point.y);
        if (point.interval) {
            out += fmt::format(
                "<line class=\"interval\" x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" "
                "y2=\"{2:.1f}\"/>",
                x.at(point.x), y.at(point.interval->first), y.at(point.interval->second));
        }
        out += fmt::format(
            "<circle class=\"dot{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"><title>{}: {}</title>"
            "</circle>\n",
            look, x.at(point.x), y.at(*point.y), html::escaped(curve.name), html::escaped(value));
    }
    return out;
}

/// A piece of each line beside its name.
std::string key(const Curve& curve, std::string_view look, std::size_t place) {
    const auto x = 320 + 210 * static_cast<double>(place);
    return fmt::format(
        "<path class=\"curve{}\" d=\"M{:.0f} 12L{:.0f} 12\"/><text x=\"{:.0f}\" y=\"16\">{}</text>"
        "\n",
        look, x, x + 36, x + 42, html::escaped(curve.name));
}

std::string limit_line(const CurveChart& chart, const Scale& y) {
    if (!chart.limit) {
        return {};
    }
    const auto& [value, name] = *chart.limit;
    return fmt::format(
        "<g class=\"moment\"><line x1=\"{:.0f}\" y1=\"{:.1f}\" x2=\"{:.0f}\" y2=\"{:.1f}\"/>"
        "</g><text class=\"tick side\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n",
        plot_left, y.at(value), plot_right, y.at(value), plot_right, y.at(value) - 5,
        html::escaped(name));
}

/// Its name is above the plot, on the side where there is more room.
std::string mark_line(const CurveChart& chart, const Scale& x) {
    if (!chart.mark) {
        return {};
    }
    const auto& [value, name] = *chart.mark;
    const auto at = x.at(value);
    const bool left = at > (plot_left + plot_right) / 2;
    return fmt::format(
        "<g class=\"mark\"><line x1=\"{0:.1f}\" y1=\"{1:.0f}\" x2=\"{0:.1f}\" y2=\"{2:.0f}\"/>"
        "<text{3} x=\"{4:.1f}\" y=\"{5:.0f}\">{6}</text></g>\n",
        at, plot_top, plot_bottom, left ? " class=\"side\"" : "", left ? at - 6 : at + 6,
        plot_top - 6, html::escaped(name));
}

}  // namespace

std::vector<double> tick_values(double low, double high, bool logarithmic) {
    // More would not be read, and of values that doubles cannot tell apart there is no end.
    constexpr std::size_t enough = 20;
    std::vector<double> out;
    if (!(high > low) || !std::isfinite(high - low) || (logarithmic && low <= 0)) {
        return out;
    }
    if (logarithmic) {
        const bool short_range = high / low < 100;
        for (auto power = std::pow(10, std::floor(std::log10(low)));
             power <= high && out.size() < enough; power *= 10) {
            for (const auto part : {1.0, 2.0, 5.0}) {
                const auto value = power * part;
                if (value >= low && value <= high && (part == 1.0 || short_range)) {
                    out.push_back(value);
                }
            }
        }
        return out;
    }
    constexpr double most = 5;
    const auto rough = (high - low) / most;
    const auto power = std::pow(10, std::floor(std::log10(rough)));
    const auto part = rough / power;
    const auto step = power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
    for (auto count = std::ceil(low / step); count * step <= high && out.size() < enough; ++count) {
        out.push_back(count * step);
    }
    return out;
}

std::string drawing(const CurveChart& chart, std::string_view id) {
    if (std::ranges::none_of(chart.curves, holds_values)) {
        return {};
    }
    const Scale x(range_of(xs_of(chart), chart.x.logarithmic), chart.x.logarithmic,
                  {plot_left, plot_right});
    const Scale y(range_of(ys_of(chart), chart.y.logarithmic), chart.y.logarithmic,
                  {plot_bottom, plot_top});
    auto out = fmt::format(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{2}\">\n"
        "<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" aria-labelledby=\"{4}-t {4}-d\">\n"
        "<title id=\"{4}-t\">{2}</title><desc id=\"{4}-d\">{3}</desc>\n",
        plot_width, plot_height, html::escaped(chart.title), html::escaped(chart.description),
        html::escaped(id));
    out += grid(chart, x, y);
    std::size_t place = 0;
    for (const auto& curve : chart.curves) {
        if (holds_values(curve) && place < looks.size()) {
            const auto look = looks.at(place);
            out +=
                line(curve, look, x, y) + dots(curve, look, chart, x, y) + key(curve, look, place);
            ++place;
        }
    }
    return out + mark_line(chart, x) + limit_line(chart, y) + "</svg>\n</div>\n";
}

}  // namespace meshproof::reports::pages
