#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/html/escape.hpp"
#include "core/html/lanes.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::reports::pages {
namespace {

using run::TraceEvent;

// A picture of more is no picture, a table of more is no reading.
constexpr std::size_t most_lanes = 100;
constexpr std::size_t most_rows = 400;
constexpr std::size_t event_bytes = 600;

std::string_view field_of(const TraceEvent& event, std::string_view name) {
    for (const auto& [key, value] : event.fields) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

bool is_failure(const TraceEvent& event) {
    return event.kind == "monitor violated" || event.kind == "expectation failed";
}

bool is_request(const TraceEvent& event) {
    return event.kind == "request";
}

/// An answer of a server, and not what kept it from coming.
bool was_answered(const TraceEvent& event) {
    const auto outcome = field_of(event, "outcome");
    return outcome.size() == 3 &&
           std::ranges::all_of(outcome, [](char c) { return c >= '0' && c <= '9'; });
}

/// Nothing that somebody who reads about pods would miss.
bool is_routine(const TraceEvent& event) {
    const auto outcome = field_of(event, "outcome");
    const bool seal = field_of(event, "target").find("/sys/seal") != std::string_view::npos ||
                      field_of(event, "target").find("/sys/unseal") != std::string_view::npos;
    const bool asks = field_of(event, "method") == "GET" || field_of(event, "method") == "LIST";
    return is_request(event) && was_answered(event) && (asks || !seal) &&
           (outcome.front() < '4' || field_of(event, "method") == "LIST");
}

/// "login refused (reason Vault is sealed)": what happened, without who and where.
std::string event_text(const TraceEvent& event) {
    if (is_request(event)) {
        return fmt::format("{} {}: {}", field_of(event, "method"), field_of(event, "target"),
                           field_of(event, "outcome"));
    }
    std::string fields;
    for (const auto& [name, value] : event.fields) {
        if (name == "text") {
            return fmt::format("{}: {}", event.kind, value);
        }
        if (name != "pod" && name != "from") {
            fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", name, value);
        }
    }
    return fields.empty() ? event.kind : fmt::format("{} ({})", event.kind, fields);
}

/// What a lane becomes while the events go by.
struct Growing {
    html::Lane lane;
    bool added = false;                                    ///< the trace has it from its beginning
    std::optional<Duration> up;                            ///< since when there is a pod
    std::optional<std::pair<Duration, std::string>> leaf;  ///< the one that it has, and whose
};

/// Reads a trace into a drawing.
class Reader {
  public:
    explicit Reader(const std::vector<TraceEvent>& events) : events_(&events) {
        for (const auto& event : events) {
            end_ = std::max<Duration>(end_, event.at);
            if (event.kind == "pod added") {
                lanes_[event.actor].added = true;
            }
        }
    }

    [[nodiscard]] html::LaneChart chart(const std::string& title) {
        for (const auto& event : *events_) {
            see(event);
        }
        html::LaneChart chart;
        chart.title = "Timeline of " + title;
        chart.description =
            "Pods as lanes with the lives of their leaves, handshakes and refusals as marks, "
            "faults as bands, failures as lines; the events are in the table below.";
        chart.end = end_;
        for (auto& [name, growing] : lanes_) {
            end_leaf(growing, end_);
            end_pod(growing, end_);
            growing.lane.name = name;
            if (chart.lanes.size() < most_lanes) {
                chart.lanes.push_back(std::move(growing.lane));
            }
        }
        for (const auto& [name, open] : open_bands_) {
            bands_.push_back(band(name, open.first, end_, open.second));
        }
        chart.bands = std::move(bands_);
        chart.moments = std::move(moments_);
        return chart;
    }

  private:
    void see(const TraceEvent& event) {
        if (is_failure(event)) {
            moments_.push_back(
                {event.at, fmt::format("{}: {}", human_duration(event.at), event_text(event))});
        } else if (is_request(event)) {
            see_request(event);
        } else if (event.actor.find('/') != std::string::npos) {
            see_pod(event);
        } else {
            see_cluster(event);
        }
    }

    void see_pod(const TraceEvent& event) {
        auto& growing = lane_of(event.actor);
        if (event.kind == "pod added") {
            growing.up = event.at;
        } else if (event.kind == "pod deleted") {
            end_leaf(growing, event.at);
            end_pod(growing, event.at);
        } else if (event.kind == "leaf") {
            end_leaf(growing, event.at);
            growing.leaf = std::pair<Duration, std::string>(event.at, field_of(event, "id"));
        } else if (event.kind == "pod not ready" &&
                   field_of(event, "reason").find("expired") != std::string_view::npos) {
            end_leaf(growing, event.at);
        }
        using Kind = html::Mark::Kind;
        const bool refused = event.kind.ends_with("refused") || event.kind.ends_with("rejected");
        if (refused || event.kind.ends_with("accepted")) {
            growing.lane.marks.push_back(
                {refused ? Kind::refused : Kind::accepted, event.at,
                 fmt::format("{}: {}", human_duration(event.at), event_text(event))});
        }
    }

    void see_cluster(const TraceEvent& event) {
        const auto cluster = std::string(field_of(event, "cluster"));
        if (event.kind == "ca health") {
            turn("CA health of " + cluster, field_of(event, "health") != "CA: Connected", event);
        } else if (event.kind == "out of sync" || event.kind == "in sync") {
            turn(cluster + " is out of sync", event.kind == "out of sync", event);
        } else if (event.kind == "ca disconnected" || event.kind == "ca connected") {
            turn(cluster + " has no CA", event.kind == "ca disconnected", event);
        }
    }

    void see_request(const TraceEvent& event) {
        turn("no answer to " + event.actor, !was_answered(event), event);
        const auto target = field_of(event, "target");
        const bool done = field_of(event, "outcome").starts_with("2");
        if (done && target.ends_with("/sys/seal")) {
            turn("a Vault is sealed", true, event);
        } else if (done && target.ends_with("/sys/unseal")) {
            turn("a Vault is sealed", false, event);
        }
    }

    /// Begins or ends a band.
    void turn(const std::string& name, bool on, const TraceEvent& event) {
        const auto open = open_bands_.find(name);
        if (on && open == open_bands_.end()) {
            open_bands_.emplace(name,
                                std::pair<Duration, std::string>(event.at, event_text(event)));
        } else if (!on && open != open_bands_.end()) {
            bands_.push_back(band(name, open->second.first, event.at, open->second.second));
            open_bands_.erase(open);
        }
    }

    static html::Band band(const std::string& name, Duration from, Duration until,
                           const std::string& what) {
        return {name, from, until,
                fmt::format("{}, {} to {}: {}", name, human_duration(from), human_duration(until),
                            what)};
    }

    /// The lane of an actor. A pod's agent has its short name, the object in the cluster a longer
    /// one that begins with it.
    Growing& lane_of(const std::string& actor) {
        for (auto name = actor;;) {
            if (const auto found = lanes_.find(name);
                found != lanes_.end() && (found->second.added || name == actor)) {
                return found->second;
            }
            const auto dash = name.rfind('-');
            if (dash == std::string::npos) {
                return lanes_[actor];
            }
            name.resize(dash);
        }
    }

    static void end_leaf(Growing& growing, Duration at) {
        if (growing.leaf) {
            const auto& [from, id] = *growing.leaf;
            // One that no pod holds was for a moment: the health of a CA is tried so.
            const auto until = growing.added ? at : from;
            growing.lane.bars.push_back({html::Bar::Kind::leaf, from, until,
                                         fmt::format("leaf of {}, held from {} to {}", id,
                                                     human_duration(from), human_duration(until))});
            growing.leaf.reset();
        }
    }

    static void end_pod(Growing& growing, Duration at) {
        if (growing.up) {
            growing.lane.bars.push_back(
                {html::Bar::Kind::pod, *growing.up, at,
                 fmt::format("pod from {} to {}", human_duration(*growing.up),
                             human_duration(at))});
            growing.up.reset();
        }
    }

    const std::vector<TraceEvent>* events_;
    Duration end_{};
    std::map<std::string, Growing> lanes_;
    std::vector<html::Band> bands_;
    std::map<std::string, std::pair<Duration, std::string>> open_bands_;
    std::vector<html::Moment> moments_;
};

std::string events_table(const run::Outcome& outcome, const std::vector<TraceEvent>& events) {
    const auto routine = static_cast<std::size_t>(std::ranges::count_if(events, is_routine));
    const auto told = events.size() - routine;
    const auto shortened =
        told > most_rows ? fmt::format("; of the others the last {}", most_rows) : std::string();
    Table table(fmt::format("Events of {}, without {} request{} with the usual answer{}",
                            outcome.id, routine, routine == 1 ? "" : "s", shortened),
                {"when", "who", "what"});
    std::size_t passed = 0;
    for (const auto& event : events) {
        // A failure is told wherever it stands.
        if (is_routine(event) || (passed++ + most_rows < told && !is_failure(event))) {
            continue;
        }
        table.head(human_duration(event.at))
            .cell(event.actor)
            .markup(html::escaped_head(event_text(event), event_bytes));
        if (is_failure(event)) {
            table.mark_broken();
        }
    }
    return table.text();
}

/// What the agents of each scenario asked of Vault and what became of it; "" where none asked.
std::string agents_table(const run::RunResult& result) {
    Table table("What the agents asked of Vault, and what they met",
                {"scenario", "logins", "signatures", "logins refused", "signatures refused",
                 "unanswered", "answers unusable", "leaves rejected", "retries"});
    for (const auto& outcome : result.outcomes) {
        const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail);
        if (scenario == nullptr || scenario->agents == run::AgentCounts()) {
            continue;
        }
        table.head(outcome.id);
        for (const auto& [name, count] : scenario->agents.named()) {
            table.number(std::to_string(count));
        }
    }
    return table.empty() ? std::string()
                         : "<details>\n<summary>What their agents asked and met</summary>\n" +
                               table.text() + "</details>\n";
}

}  // namespace

std::string timeline(const run::Outcome& outcome, std::string_view id, Room& room) {
    const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail);
    if (scenario == nullptr || scenario->trace.empty()) {
        return {};
    }
    const auto chart = Reader(scenario->trace).chart(outcome.id);
    auto picture = chart.lanes.empty() && chart.moments.empty()
                       ? std::string()
                       : html::drawing(chart, fmt::format("{}-time", id)) + html::lanes_legend();
    return room.take(std::move(picture)) +
           room.take(fmt::format("<details>\n<summary>The events as a table</summary>\n{}"
                                 "</details>\n",
                                 events_table(outcome, scenario->trace)));
}

std::string scenarios_section(const run::RunResult& result, Room& room) {
    const auto words = result_words(result);
    Table table(
        fmt::format("Every {}, with the time it took and the time on its own clock", words.one),
        {words.one, "verdict", "took", "its clock", "reason"});
    std::string traces;
    std::size_t number = 0;
    for (const auto& outcome : result.outcomes) {
        const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail);
        if (scenario == nullptr) {
            continue;
        }
        constexpr std::size_t reason_bytes = 300;
        table.head(outcome.id)
            .markup(verdict_word(outcome.verdict))
            .number(human_duration(outcome.duration))
            .number(human_duration(outcome.virtual_duration))
            .markup(html::escaped_head(outcome.reason, reason_bytes));
        // What did not pass was drawn above.
        if (outcome.verdict == run::Verdict::pass && !scenario->trace.empty()) {
            const auto drawn = timeline(outcome, fmt::format("pass-{}", ++number), room);
            traces += drawn.empty() ? drawn
                                    : fmt::format(
                                          "<details>\n<summary><code>{}</code></summary>\n"
                                          "{}</details>\n",
                                          html::escaped(outcome.id), drawn);
        }
    }
    if (table.empty()) {
        return {};
    }
    return fmt::format("<section aria-labelledby=\"scenarios\">\n<h2 id=\"scenarios\">{}</h2>\n",
                       words.title) +
           table.text() + agents_table(result) +
           (traces.empty() ? traces : "<h3>Timelines of what passed</h3>\n" + traces) +
           "</section>\n";
}

}  // namespace meshproof::reports::pages
