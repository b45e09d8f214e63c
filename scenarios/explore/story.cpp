#include "scenarios/explore/story.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::scenarios::explore {
namespace {

constexpr double width = 1200;  // of the drawing, in its own units
constexpr double left_edge = 170;
constexpr double lane_height = 26;
constexpr double band_height = 14;

/// "day 2 03:04:05", since the history began.
std::string virtual_clock(Duration at) {
    const auto all = whole_seconds(at);
    constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    return fmt::format("day {} {:02}:{:02}:{:02}", all / day + 1, all % day / hour,
                       all % hour / minute, all % minute);
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '&':
                safe += "&amp;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

/// Where things are in the drawing.
class Drawing {
  public:
    explicit Drawing(const Record& record) {
        for (const auto& step : record.steps) {
            end_ = std::max(end_, step.at);
        }
        for (const auto& [uid, lane] : record.lanes) {
            end_ = std::max(end_, lane.last_seen);
            rows_.emplace(lane.name, 0);
        }
        // In the order of their names, which begin with the workload.
        for (std::size_t row = 0; auto& [name, at] : rows_) {
            at = row++;
        }
        end_ = std::max(end_, Duration(1));
        top_ = band_height * static_cast<double>(record.faults.size()) + 30;
    }

    [[nodiscard]] double x(Duration at) const {
        const auto share = static_cast<double>(at.count()) / static_cast<double>(end_.count());
        return left_edge + std::clamp(share, 0.0, 1.0) * (width - left_edge - 10);
    }
    [[nodiscard]] double y(const std::string& pod) const {
        const auto row = rows_.find(pod);
        return top_ + lane_height * static_cast<double>(row == rows_.end() ? 0 : row->second);
    }
    [[nodiscard]] double height() const {
        return top_ + lane_height * static_cast<double>(rows_.size()) + 40;
    }
    [[nodiscard]] Duration end() const { return end_; }

  private:
    Duration end_{};
    double top_ = 0;
    std::map<std::string, std::size_t> rows_;
};

std::string rectangle(std::string_view kind, double x, double y, double w, double h,
                      std::string_view title) {
    return fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"><title>{}</title></rect>\n",
        kind, x, y, std::max(w, 1.0), h, escaped(title));
}

std::string label(double x, double y, std::string_view text) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x, y, escaped(text));
}

std::string bands(const Record& record, const Drawing& drawing) {
    std::string out;
    double y = 20;
    for (const auto& fault : record.faults) {
        const auto until = fault.until.value_or(drawing.end());
        const auto x = drawing.x(fault.from);
        out += label(4, y + band_height - 4, fault.what);
        out += rectangle("fault", x, y, drawing.x(until) - x, band_height - 3,
                         fmt::format("{}: {} to {}", fault.what, virtual_clock(fault.from),
                                     virtual_clock(until)));
        y += band_height;
    }
    return out;
}

std::string lanes(const Record& record, const Drawing& drawing) {
    std::string out;
    for (const auto& [uid, lane] : record.lanes) {
        const auto y = drawing.y(lane.name);
        const auto x = drawing.x(lane.first_seen);
        out += label(4, y + lane_height - 9, lane.cluster + "/" + lane.name);
        out += rectangle("pod", x, y + 2, drawing.x(lane.last_seen) - x, lane_height - 4,
                         fmt::format("{}: seen {} to {}", lane.name, virtual_clock(lane.first_seen),
                                     virtual_clock(lane.last_seen)));
        for (std::size_t i = 0; i < lane.leaves.size(); ++i) {
            const auto& leaf = lane.leaves[i];
            // The next leaf takes its place before it ends.
            const auto shown = i + 1 < lane.leaves.size()
                                   ? std::min(leaf.until, lane.leaves[i + 1].from)
                                   : leaf.until;
            const auto from = drawing.x(leaf.from);
            out += rectangle("leaf", from, y + 6 + (i % 2 == 0 ? 0.0 : 3.0),
                             drawing.x(shown) - from, lane_height - 16,
                             fmt::format("leaf {} of {}, ends {}", leaf.serial, leaf.ca,
                                         virtual_clock(leaf.until)));
        }
    }
    return out;
}

std::string requests(const Record& record, const Drawing& drawing) {
    std::string out;
    for (const auto& request : record.requests) {
        const auto* kind = request.wrong ? "wrong" : request.accepted ? "accepted" : "refused";
        // Shape as well as colour says what came of it.
        const auto* sign = request.wrong ? "\u2716" : request.accepted ? "\u2022" : "\u00d7";
        out += fmt::format(
            "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}<title>{}</title></text>\n", kind,
            drawing.x(request.at), drawing.y(request.from) + lane_height - 3, sign,
            escaped(fmt::format("{} {} -> {}: {}", virtual_clock(request.at), request.from,
                                request.to, request.accepted ? "accepted" : "refused")));
    }
    return out;
}

std::string steps_table(const Record& record) {
    std::string out = "<table><tr><th>when</th><th>step</th><th>what came of it</th></tr>\n";
    for (std::size_t i = 0; i < record.steps.size(); ++i) {
        const auto& step = record.steps[i];
        auto came = step.skipped.empty() ? std::string() : "skipped: " + step.skipped;
        for (const auto& wrong : step.wrong) {
            came += (came.empty() ? "" : "; ") + wrong;
        }
        out += fmt::format("<tr{}><td>{}</td><td>{}. {}</td><td>{}</td></tr>\n",
                           step.wrong.empty() ? "" : " class=\"broken\"", virtual_clock(step.at),
                           i + 1, escaped(step.text), escaped(came));
    }
    return out + "</table>\n";
}

constexpr std::string_view style = R"(<style>
body{font:14px sans-serif;margin:2em;max-width:1240px}
svg{width:100%;border:1px solid #bbb}svg text{font:10px sans-serif}
.pod{fill:#eee}.leaf{fill:#7aa6d6}.fault{fill:#e8b04a}
.accepted{fill:#225}.refused{fill:#555}svg text.wrong{fill:#b00020;font-size:16px}
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:2px 8px;text-align:left}
.broken td{background:#fbdde0}pre{background:#f4f4f4;padding:1em;overflow:auto}
</style>)";

}  // namespace

std::string story_of(const History& history, const Played& played) {
    const auto& world = history.world;
    auto text = fmt::format(
        "{}: {} cluster{}, {} Vault{} ({} first), workloads {}; seed {}\n", history.name,
        world.clusters, world.clusters == 1 ? "" : "s", world.vaults, world.vaults == 1 ? "" : "s",
        vault::to_string(world.product), join(world.workloads, ", "), history.seed);
    for (std::size_t i = 0; i < played.record.steps.size(); ++i) {
        const auto& step = played.record.steps[i];
        text += fmt::format("  {}  {:>2}. {}{}\n", virtual_clock(step.at), i + 1, step.text,
                            step.skipped.empty() ? "" : "  (skipped: " + step.skipped + ")");
    }
    for (const auto& failure : played.failures) {
        text += fmt::format("  {}\n", failure);
    }
    if (!played.blocked.empty()) {
        text += fmt::format("  blocked: {}\n", played.blocked);
    }
    return text;
}

std::string timeline_html(const History& history, const Played& played) {
    const Drawing drawing(played.record);
    auto page = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>{1}"
        "</head><body>\n<h1>{0}</h1>\n",
        escaped(history.name), style);
    for (const auto& failure : played.failures) {
        page += fmt::format("<p><strong>{}</strong></p>\n", escaped(failure));
    }
    page +=
        fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\">\n", width, drawing.height());
    page += bands(played.record, drawing) + lanes(played.record, drawing) +
            requests(played.record, drawing);
    page += label(left_edge, drawing.height() - 8, virtual_clock({}));
    page += label(width - 90, drawing.height() - 8, virtual_clock(drawing.end()));
    page +=
        "</svg>\n<p>Bars are the lives of leaves, grey the pods, amber the faults; • a request "
        "that was accepted, × one that was refused, ✖ one that the model would have had "
        "otherwise.</p>\n";
    page += steps_table(played.record);
    page += fmt::format("<h2>The history</h2>\n<pre>{}</pre>\n</body></html>\n",
                        escaped(to_yaml(history)));
    return page;
}

}  // namespace meshproof::scenarios::explore
