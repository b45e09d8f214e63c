#pragma once

#include <string>
#include <vector>

#include "core/time/time.hpp"

/// A drawing of what befell pods: a lane each, faults as bands above them, and what was at one
/// moment. Times count from the left edge.
namespace meshproof::html {

/// A stretch of a lane.
struct Bar {
    enum class Kind { pod, leaf };
    Kind kind = Kind::pod;
    Duration from{}, until{};
    std::string title;  ///< what it is, for whoever points at it
};

/// Something at one moment of a lane. Shape as well as colour says which.
struct Mark {
    enum class Kind {
        accepted,  ///< •
        refused,   ///< ×
        wrong,     ///< ✖
    };
    Kind kind = Kind::accepted;
    Duration at{};
    std::string title;
};

struct Lane {
    std::string name;
    std::vector<Bar> bars;
    std::vector<Mark> marks;
};

/// What was wrong with the world, and for how long. Those of one name lie in one row.
struct Band {
    std::string name;
    Duration from{}, until{};
    std::string title;
};

/// A line through all lanes: what failed then.
struct Moment {
    Duration at{};
    std::string title;
};

struct LaneChart {
    std::string title;        ///< what a screen reader says of it
    std::string description;  ///< and then
    std::vector<Lane> lanes;  ///< from above
    std::vector<Band> bands;
    std::vector<Moment> moments;
    Duration end{};                                    ///< the right edge
    std::string (*clock)(Duration) = &human_duration;  ///< how a moment is told
};

/// As inline SVG, in a box that scrolls sideways where the page is narrow. Its colours are those of
/// `page`. `id` is its own in the page.
[[nodiscard]] std::string drawing(const LaneChart& chart, std::string_view id);
/// What the signs mean, a paragraph.
[[nodiscard]] std::string lanes_legend();

/// Moments for the ticks of an axis: zero, and what a person would count in, at most `most` of them
/// after it.
[[nodiscard]] std::vector<Duration> ticks(Duration end, std::size_t most);

}  // namespace meshproof::html
