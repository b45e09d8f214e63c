#include "scenarios/explore/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "core/base/text.hpp"
#include "core/html/escape.hpp"
#include "core/html/lanes.hpp"
#include "core/html/page.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// "day 2 03:04:05", since the history began.
std::string virtual_clock(Duration at) {
    const auto all = whole_seconds(at);
    constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    return fmt::format("day {} {:02}:{:02}:{:02}", all / day + 1, all % day / hour,
                       all % hour / minute, all % minute);
}

html::Lane lane_of(const PodLane& pod) {
    html::Lane lane{pod.cluster + "/" + pod.name, {}, {}};
    lane.bars.push_back({html::Bar::Kind::pod, pod.first_seen, pod.last_seen,
                         fmt::format("{}: seen {} to {}", pod.name, virtual_clock(pod.first_seen),
                                     virtual_clock(pod.last_seen))});
    for (std::size_t i = 0; i < pod.leaves.size(); ++i) {
        const auto& leaf = pod.leaves[i];
        // The next leaf takes its place before it ends.
        const auto shown =
            i + 1 < pod.leaves.size() ? std::min(leaf.until, pod.leaves[i + 1].from) : leaf.until;
        lane.bars.push_back({html::Bar::Kind::leaf, leaf.from, shown,
                             fmt::format("leaf {} of {}, ends {}", leaf.serial, leaf.ca,
                                         virtual_clock(leaf.until))});
    }
    return lane;
}

html::Mark mark_of(const RequestMark& request) {
    using Kind = html::Mark::Kind;
    return {request.wrong      ? Kind::wrong
            : request.accepted ? Kind::accepted
                               : Kind::refused,
            request.at,
            fmt::format("{} {} -> {}: {}", virtual_clock(request.at), request.from, request.to,
                        request.accepted ? "accepted" : "refused")};
}

Duration end_of(const Record& record) {
    Duration end{};
    for (const auto& step : record.steps) {
        end = std::max(end, step.at);
    }
    for (const auto& [uid, pod] : record.lanes) {
        end = std::max(end, pod.last_seen);
    }
    return end;
}

html::LaneChart chart_of(const History& history, const Record& record) {
    html::LaneChart chart;
    chart.title = "Timeline of " + history.name;
    chart.description =
        "Pods as lanes with the lives of their leaves, requests as marks, faults "
        "as bands; the steps are in the table below.";
    chart.end = end_of(record);
    chart.clock = &virtual_clock;
    std::map<std::string, html::Lane> lanes;  // by the pod's name, which begins with the workload
    for (const auto& [uid, pod] : record.lanes) {
        auto lane = lane_of(pod);
        auto& kept = lanes.try_emplace(pod.name, html::Lane{lane.name, {}, {}}).first->second;
        std::ranges::move(lane.bars, std::back_inserter(kept.bars));
    }
    for (const auto& request : record.requests) {
        if (const auto lane = lanes.find(request.from); lane != lanes.end()) {
            lane->second.marks.push_back(mark_of(request));
        }
    }
    for (auto& [name, lane] : lanes) {
        chart.lanes.push_back(std::move(lane));
    }
    for (const auto& fault : record.faults) {
        const auto until = fault.until.value_or(chart.end);
        chart.bands.push_back({fault.what, fault.from, until,
                               fmt::format("{}: {} to {}", fault.what, virtual_clock(fault.from),
                                           virtual_clock(until))});
    }
    for (const auto& step : record.steps) {
        if (!step.wrong.empty()) {
            chart.moments.push_back({step.at, step.text + ": " + step.wrong.front()});
        }
    }
    return chart;
}

std::string steps_table(const Record& record) {
    std::string out =
        "<table>\n<caption>The steps</caption>\n<thead><tr><th scope=\"col\">when</th>"
        "<th scope=\"col\">step</th><th scope=\"col\">what came of it</th></tr></thead>\n"
        "<tbody>\n";
    for (std::size_t i = 0; i < record.steps.size(); ++i) {
        const auto& step = record.steps[i];
        auto came = step.skipped.empty() ? std::string() : "skipped: " + step.skipped;
        for (const auto& wrong : step.wrong) {
            came += (came.empty() ? "" : "; ") + wrong;
        }
        out += fmt::format("<tr{}><td>{}</td><td>{}. {}</td><td>{}</td></tr>\n",
                           step.wrong.empty() ? "" : " class=\"broken\"", virtual_clock(step.at),
                           i + 1, html::escaped(step.text), html::escaped(came));
    }
    return out + "</tbody>\n</table>\n";
}

}  // namespace

std::string story_of(const History& history, const Played& played) {
    const auto& world = history.world;
    auto text =
        fmt::format("{}: {}, {} ({} first), workloads {}; seed {}\n", history.name,
                    counted(static_cast<std::uint64_t>(world.clusters), "cluster"),
                    counted(static_cast<std::uint64_t>(world.vaults), "Vault"),
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
    auto body = fmt::format("<main>\n<h1>{}</h1>\n", html::escaped(history.name));
    for (const auto& failure : played.failures) {
        body += fmt::format("<p><strong>{}</strong></p>\n", html::escaped(failure));
    }
    body += html::drawing(chart_of(history, played.record), "timeline") + html::lanes_legend();
    body += steps_table(played.record);
    body += fmt::format("<h2>The history</h2>\n<pre>{}</pre>\n</main>\n",
                        html::escaped(to_yaml(history)));
    return html::page(history.name, body);
}

}  // namespace meshproof::scenarios::explore
