#include "core/html/lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/html/escape.hpp"

namespace meshproof::html {
namespace {

// Of the drawing, in its own units.
constexpr double width = 1200;
constexpr double left_edge = 250;
constexpr double right_edge = width - 50;
constexpr double first_line = 18;
constexpr double band_height = 20;
constexpr double lane_height = 28;
constexpr double axis_height = 28;
constexpr std::size_t label_bytes = 34;  ///< fit left of the lanes
constexpr std::size_t most_ticks = 6;

/// Those of one name share a row.
std::vector<std::string> band_names(const LaneChart& chart) {
    std::vector<std::string> names;
    for (const auto& band : chart.bands) {
        if (std::ranges::find(names, band.name) == names.end()) {
            names.push_back(band.name);
        }
    }
    return names;
}

/// Where things are.
class Places {
  public:
    explicit Places(const LaneChart& chart)
        : end_(std::max(chart.end, Duration(1))),
          top_(first_line + band_height * static_cast<double>(band_names(chart).size())),
          bottom_(top_ + lane_height * static_cast<double>(chart.lanes.size()) + 4) {}

    [[nodiscard]] double x(Duration at) const {
        const auto share = static_cast<double>(at.count()) / static_cast<double>(end_.count());
        return left_edge + std::clamp(share, 0.0, 1.0) * (right_edge - left_edge);
    }
    [[nodiscard]] double band(std::size_t row) const {
        return first_line + band_height * static_cast<double>(row);
    }
    [[nodiscard]] double lane(std::size_t row) const {
        return top_ + lane_height * static_cast<double>(row);
    }
    [[nodiscard]] double bottom() const { return bottom_; }
    [[nodiscard]] double height() const { return bottom_ + axis_height; }
    [[nodiscard]] Duration end() const { return end_; }

  private:
    Duration end_;
    double top_, bottom_;
};

std::string label(double y, std::string_view text) {
    return fmt::format("<text x=\"4\" y=\"{:.1f}\">{}</text>\n", y,
                       escaped_head(text, label_bytes));
}

struct Box {
    double x = 0, y = 0, until = 0, height = 0;
};

std::string rectangle(std::string_view kind, const Box& box, std::string_view title) {
    return fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{}</title></rect>\n",
        kind, box.x, box.y, std::max(box.until - box.x, 1.5), box.height, escaped(title));
}

std::string bands(const LaneChart& chart, const Places& places) {
    std::string out;
    const auto names = band_names(chart);
    for (std::size_t row = 0; row < names.size(); ++row) {
        out += label(places.band(row) + 13, names[row]);
    }
    for (const auto& band : chart.bands) {
        const auto row = std::ranges::find(names, band.name) - names.begin();
        const auto y = places.band(static_cast<std::size_t>(row));
        out += rectangle("fault", {places.x(band.from), y, places.x(band.until), band_height - 4},
                         band.title);
    }
    return out;
}

std::string bars(const Lane& lane, double y, const Places& places) {
    std::string pods, leaves;
    bool lower = false;
    for (const auto& bar : lane.bars) {
        const auto from = places.x(bar.from), until = places.x(bar.until);
        if (bar.kind == Bar::Kind::pod) {
            pods += rectangle("pod", {from, y + 2, until, lane_height - 4}, bar.title);
        } else {
            // One leaf after another: each a little lower or higher than the one before it.
            const auto top = y + (lower ? 10 : 6);
            leaves += rectangle("leaf", {from, top, until, lane_height - 18}, bar.title);
            lower = !lower;
        }
    }
    return pods + leaves;
}

std::string marks(const Lane& lane, double y, const Places& places) {
    std::string out;
    for (const auto& mark : lane.marks) {
        const auto* kind = mark.kind == Mark::Kind::wrong      ? "wrong"
                           : mark.kind == Mark::Kind::accepted ? "accepted"
                                                               : "refused";
        const auto* sign = mark.kind == Mark::Kind::wrong      ? "\u2716"
                           : mark.kind == Mark::Kind::accepted ? "\u2022"
                                                               : "\u00d7";
        out +=
            fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}<title>{}</title></text>\n",
                        kind, places.x(mark.at), y + lane_height - 4, sign, escaped(mark.title));
    }
    return out;
}

std::string moments(const LaneChart& chart, const Places& places) {
    std::string out;
    for (const auto& moment : chart.moments) {
        out += fmt::format(
            "<g class=\"moment\"><title>{0}</title><line x1=\"{1:.1f}\" y1=\"6\" x2=\"{1:.1f}\" "
            "y2=\"{2:.1f}\"/><text x=\"{1:.1f}\" y=\"13\">\u2716</text></g>\n",
            escaped(moment.title), places.x(moment.at), places.bottom());
    }
    return out;
}

std::string axis(const LaneChart& chart, const Places& places) {
    std::string out;
    for (const auto at : ticks(places.end(), most_ticks)) {
        out += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\"/>"
            "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3:.1f}\">{4}</text>\n",
            places.x(at), first_line, places.bottom(), places.bottom() + 18,
            escaped(at == Duration::zero() ? "0" : chart.clock(at)));
    }
    return out;
}

}  // namespace

std::vector<Duration> ticks(Duration end, std::size_t most) {
    using namespace std::chrono;
    static constexpr std::array<Duration, 29> steps = {
        microseconds(1),  microseconds(10),  microseconds(100), milliseconds(1),
        milliseconds(2),  milliseconds(5),   milliseconds(10),  milliseconds(20),
        milliseconds(50), milliseconds(100), milliseconds(200), milliseconds(500),
        seconds(1),       seconds(2),        seconds(5),        seconds(10),
        seconds(30),      minutes(1),        minutes(2),        minutes(5),
        minutes(10),      minutes(30),       hours(1),          hours(2),
        hours(4),         hours(12),         hours(24),         hours(48),
        hours(120)};
    const auto count = static_cast<Duration::rep>(std::max<std::size_t>(most, 1));
    auto step = steps.back();
    for (const auto one : steps) {
        if (end / one <= count) {
            step = one;
            break;
        }
    }
    // Longer than anything that is counted in fives of days: in whole multiples of them.
    step *= std::max<Duration::rep>(1, (end / step + count - 1) / count);
    std::vector<Duration> out = {Duration::zero()};
    for (auto at = step; at <= end && out.size() <= most; at += step) {
        out.push_back(at);
    }
    return out;
}

std::string drawing(const LaneChart& chart, std::string_view id) {
    const Places places(chart);
    auto out = fmt::format(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{2}\">\n"
        "<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" aria-labelledby=\"{4}-t {4}-d\">\n"
        "<title id=\"{4}-t\">{2}</title><desc id=\"{4}-d\">{3}</desc>\n",
        width, places.height(), escaped(chart.title), escaped(chart.description), escaped(id));
    out += axis(chart, places) + bands(chart, places);
    for (std::size_t row = 0; row < chart.lanes.size(); ++row) {
        const auto& lane = chart.lanes[row];
        const auto y = places.lane(row);
        out += label(y + lane_height - 10, lane.name);
        out += bars(lane, y, places) + marks(lane, y, places);
    }
    return out + moments(chart, places) + "</svg>\n</div>\n";
}

std::string lanes_legend() {
    return "<p class=\"legend\"><span class=\"key key-pod\"></span> a pod "
           "<span class=\"key key-leaf\"></span> a leaf's life "
           "<span class=\"key key-fault\"></span> a fault; \u2022 accepted, \u00d7 refused, "
           "\u2716 wrong. Point at a part to read what it is; the table has the same in "
           "words.</p>\n";
}

}  // namespace meshproof::html
