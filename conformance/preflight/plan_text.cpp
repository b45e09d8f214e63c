#include "conformance/preflight/plan.hpp"
#include "conformance/preflight/report.hpp"
#include "core/base/markdown.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace meshproof::preflight {
namespace {

using PlanDocument = nlohmann::ordered_json;
using Lines = std::vector<std::string>;

constexpr std::size_t most_named = 10;

/// "a, b and 3 more".
std::string named(const Lines& ids) {
    const Lines some(ids.begin(),
                     ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), most_named)));
    return join(some, ", ") +
           (ids.size() > most_named ? fmt::format(" and {} more", ids.size() - most_named) : "");
}

std::string identities(std::size_t count) {
    return fmt::format("{} {}", count, count == 1 ? "identity" : "identities");
}

std::string when(const Plan::Stop& stop) {
    return stop.at_once ? fmt::format(
                              "new pods get none from the change on; running pods are without one "
                              "from {} to {} after it",
                              human_duration(stop.from), human_duration(stop.until))
                        : fmt::format(
                              "renewals of the leaves of before fail: running pods are without one "
                              "from {} after the change",
                              human_duration(stop.from));
}

/// Those that stop for the same reason are told together.
void add_stops(Lines& lines, const std::vector<Plan::Stop>& stops) {
    std::map<std::string, Lines> by_reason;
    for (const auto& stop : stops) {
        by_reason[fmt::format("refused at {}: {}\n{}", to_string(stop.attempt.refused_at),
                              stop.attempt.words, when(stop))]
            .push_back(stop.id);
    }
    for (const auto& [reason, ids] : by_reason) {
        lines.push_back(fmt::format("stops   {}", named(ids)));
        for (const auto& line : split(reason, '\n')) {
            lines.push_back("        " + line);
        }
    }
}

void add_lives(Lines& lines, const Plan& plan) {
    const auto was = plan.before.shortest_life(), now = plan.after.shortest_life();
    const auto kept = plan.keeps().size();
    if (kept == 0) {
        lines.emplace_back("nobody  has a leaf after the change, so nothing was shown");
    } else if (was == now || was == Duration::zero()) {
        lines.push_back(
            fmt::format("keeps   {}: leaves of {}", identities(kept), human_duration(now)));
    } else {
        const auto after = std::chrono::duration_cast<Duration>(now * plan.after.renew_at);
        lines.push_back(fmt::format("keeps   {}: leaves of {} instead of {}, renewed after {}",
                                    identities(kept), human_duration(now), human_duration(was),
                                    human_duration(after)));
    }
}

PlanDocument as_json(const Plan::Stop& stop) {
    const auto seconds = [](Duration duration) {
        return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    };
    return {{"id", stop.id},
            {"step", to_string(stop.attempt.refused_at)},
            {"words", stop.attempt.words},
            {"at_once", stop.at_once},
            {"first_without_leaf_s", seconds(stop.from)},
            {"all_without_leaf_s", seconds(stop.until)}};
}

/// Who was not played was not judged, whatever else is said.
std::string verdict_line(const Plan& plan) {
    const auto played = plan.before.first.size();
    return fmt::format("{}: {} of {} would stop getting leaves, {}, {}{}",
                       exit_code(plan) == 0 ? "the change may go out" : "the change may not go out",
                       plan.stops().size(), identities(played),
                       counted(plan.appears().size(), "finding appears", "findings appear"),
                       counted(plan.vanishes().size(), "vanishes", "vanish"),
                       plan.not_played == 0
                           ? std::string()
                           : fmt::format("; {} more were not played", identities(plan.not_played)));
}

/// A list of Markdown for each reason, and who stops by it.
std::string stops_markdown(const Plan& plan) {
    Lines lines;
    add_stops(lines, plan.stops());
    std::string out = lines.empty() ? "" : "\n## Stops\n\n";
    for (const auto& line : lines) {
        const auto item = line.starts_with("stops");
        out += fmt::format("{}{}\n", item ? "- " : "  ", markdown_text(std::string(trim(line))));
    }
    return out;
}

PlanDocument fingerprints(const std::vector<Finding>& findings) {
    auto all = PlanDocument::array();
    for (const auto& one : findings) {
        all.push_back(one.fingerprint());
    }
    return all;
}

}  // namespace

std::vector<std::string> to_text(const Plan& plan) {
    const auto stops = plan.stops();
    const auto appear = plan.appears(), vanish = plan.vanishes();
    Lines lines{fmt::format("plan for {}: played on a fake {} in virtual time",
                            plan.after.report.account, plan.after.report.vault)};
    add_stops(lines, stops);
    for (const auto& [id, attempt] : plan.neither()) {
        lines.push_back(fmt::format("neither {}: refused before the change too; after it at {}: {}",
                                    id, to_string(attempt.refused_at), attempt.words));
    }
    if (const auto begin = plan.begins(); !begin.empty()) {
        lines.push_back("begins  " + named(begin));
    }
    add_lives(lines, plan);
    for (const auto& one : appear) {
        lines.emplace_back("appears:");
        for (auto& line : finding_lines(plan.after.report, one)) {
            lines.push_back(std::move(line));
        }
    }
    for (const auto& one : vanish) {
        lines.push_back(fmt::format("vanishes: {} {} at {}", to_string(one.rule->severity),
                                    one.rule->id, one.object));
    }
    lines.push_back(verdict_line(plan));
    return lines;
}

std::string to_json(const Plan& plan) {
    auto json = PlanDocument::parse(to_json(plan.after.report));
    json["exit_code"] = exit_code(plan);
    auto stops = PlanDocument::array(), neither = PlanDocument::array();
    for (const auto& stop : plan.stops()) {
        stops.push_back(as_json(stop));
    }
    for (const auto& [id, attempt] : plan.neither()) {
        neither.push_back(
            {{"id", id}, {"step", to_string(attempt.refused_at)}, {"words", attempt.words}});
    }
    const auto seconds = [](const Side& side) {
        return std::chrono::duration_cast<std::chrono::seconds>(side.shortest_life()).count();
    };
    json["plan"] = {
        {"stops", std::move(stops)},
        {"keeps", plan.keeps()},
        {"begins", plan.begins()},
        {"neither", std::move(neither)},
        {"not_played", plan.not_played},
        {"leaf_life_s", {{"before", seconds(plan.before)}, {"after", seconds(plan.after)}}},
        {"appears", fingerprints(plan.appears())},
        {"vanishes", fingerprints(plan.vanishes())}};
    return json.dump(2, ' ', false, PlanDocument::error_handler_t::replace) + "\n";
}

std::string to_markdown(const Plan& plan, std::size_t most_bytes) {
    const auto made = [&](bool with_commands) {
        auto out = fmt::format("# Plan: {} ({})\n\nPlayed on a fake {} in virtual time.\n",
                               verdict_line(plan), markdown_text(plan.after.report.account),
                               markdown_text(plan.after.report.vault));
        out += stops_markdown(plan);
        for (const auto& one : plan.appears()) {
            out += finding_markdown(plan.after.report, one, with_commands);
        }
        for (const auto& one : plan.vanishes()) {
            out += fmt::format("\nVanishes: {} {} at {}\n", to_string(one.rule->severity),
                               one.rule->id, markdown_text(one.object));
        }
        return out;
    };
    const auto whole = made(/*with_commands=*/true);
    return whole.size() <= most_bytes
               ? whole
               : std::string(head_of(made(/*with_commands=*/false), most_bytes));
}

}  // namespace meshproof::preflight
