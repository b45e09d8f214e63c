#include "conformance/mutation/result.hpp"

#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance::mutation {
namespace {

using nlohmann::json;
using vault::Product;

std::string topic_of(std::string_view check) {
    return std::string(check.substr(0, check.rfind('/')));
}

std::string line_of(const CheckPursuit& check, const At& place, const Pursued& pursued) {
    return fmt::format("{} {}: {}{}{}", check.id, place.text(), run::to_string(pursued.what),
                       pursued.text.empty() ? "" : " ", one_line(pursued.text));
}

/// Rounded down: a hundred means all.
std::string percent(std::size_t part, std::size_t of) {
    return of == 0 ? "-" : fmt::format("{} %", part * 100 / of);
}

struct TopicLine {
    std::size_t checks = 0, expectations = 0, failed = 0, reasoned = 0;
    Score score;
};

std::map<std::string, TopicLine> topics_of(const MutationResult& result,
                                           const std::vector<Reason>& among) {
    std::map<std::string, TopicLine> topics;
    for (const auto& check : result.checks) {
        auto& topic = topics[topic_of(check.id)];
        ++topic.checks;
        for (const auto& [place, pursued] : check.expectations) {
            ++topic.expectations;
            if (!pursued.failed_under.empty()) {
                ++topic.failed;
            } else if (reason_for(among, check.id, place, pursued.text) != nullptr) {
                ++topic.reasoned;
            }
        }
        for (const auto& [product, score] : check.scores) {
            topic.score.changes += score.changes;
            topic.score.noticed += score.noticed;
            topic.score.fine += score.fine;
        }
    }
    return topics;
}

TopicLine sum(const std::map<std::string, TopicLine>& topics) {
    TopicLine all;
    for (const auto& [name, topic] : topics) {
        all.checks += topic.checks;
        all.expectations += topic.expectations;
        all.failed += topic.failed;
        all.reasoned += topic.reasoned;
        all.score.changes += topic.score.changes;
        all.score.noticed += topic.score.noticed;
        all.score.fine += topic.score.fine;
    }
    return all;
}

std::string row_of(const std::string& name, const TopicLine& topic, bool scores) {
    auto row = fmt::format("| {} | {} | {} | {} | {} |", name, topic.checks, topic.expectations,
                           topic.failed, topic.reasoned);
    if (scores) {
        row += fmt::format(" {} | {} | {} |", topic.score.changes, topic.score.noticed,
                           percent(topic.score.noticed, topic.score.changes));
    }
    return row + "\n";
}

std::string list_of(const std::string& title, const std::vector<std::string>& lines,
                    const std::string& none) {
    auto out = fmt::format("\n## {}\n", title);
    for (const auto& line : lines) {
        out += "- " + line + "\n";
    }
    return lines.empty() ? out + none + "\n" : out;
}

std::vector<std::string> reasoned_lines(const MutationResult& result,
                                        const std::vector<Reason>& among) {
    std::vector<std::string> lines;
    for (const auto& check : result.checks) {
        for (const auto& place : check.never_failed()) {
            const auto& pursued = check.expectations.at(place);
            if (const auto* reason = reason_for(among, check.id, place, pursued.text)) {
                lines.push_back(
                    fmt::format("{} — {}", line_of(check, place, pursued), reason->why));
            }
        }
    }
    return lines;
}

std::size_t plays_of(const MutationResult& result) {
    std::size_t plays = 0;
    for (const auto& check : result.checks) {
        plays += check.plays;
    }
    return plays;
}

constexpr std::string_view preamble =
    "# Mutation of the conformance checks\n\n"
    "Each check was played in sim, again and again, with one answer changed on its way to it: the "
    "status, a header, a member removed, emptied or of another type or value, a list shortened or "
    "reordered, a property of a certificate, CRL, OCSP response, CSR or token, signed anew by the "
    "fake's own key. An expectation that no change makes false expects nothing.\n";

}  // namespace

std::vector<std::string> MutationResult::unexplained(const std::vector<Reason>& among) const {
    std::vector<std::string> lines;
    for (const auto& check : checks) {
        for (const auto& place : check.never_failed()) {
            const auto& pursued = check.expectations.at(place);
            if (reason_for(among, check.id, place, pursued.text) == nullptr) {
                lines.push_back(line_of(check, place, pursued));
            }
        }
    }
    return lines;
}

std::vector<std::string> MutationResult::stale(const std::vector<Reason>& among) const {
    std::vector<std::string> lines;
    for (const auto& reason : among) {
        const bool used = std::ranges::any_of(checks, [&](const CheckPursuit& check) {
            return std::ranges::any_of(check.expectations, [&](const auto& entry) {
                return entry.second.failed_under.empty() &&
                       reason_for({reason}, check.id, entry.first, entry.second.text) != nullptr;
            });
        });
        if (!used) {
            lines.push_back(fmt::format("{} {}: {}", reason.check, reason.file,
                                        one_line(std::string(reason.text))));
        }
    }
    return lines;
}

std::vector<std::string> MutationResult::half_taken() const {
    std::vector<std::string> lines;
    for (const auto& check : checks) {
        for (const auto& place : check.half_taken()) {
            lines.push_back(fmt::format("{} {}: only {}", check.id, place.text(),
                                        vault::to_string(*check.branches.at(place).begin())));
        }
    }
    return lines;
}

std::vector<std::string> MutationResult::not_passed() const {
    std::vector<std::string> lines;
    for (const auto& check : checks) {
        for (const auto& [product, verdict] : check.verdicts) {
            if (verdict != run::Verdict::pass && verdict != run::Verdict::skip) {
                lines.push_back(fmt::format("{} {}: {}: {}", check.id, vault::to_string(product),
                                            run::to_string(verdict), check.reasons.at(product)));
            }
        }
    }
    return lines;
}

std::vector<Implied> implied(const std::vector<CheckPursuit>& checks) {
    std::vector<Implied> found;
    for (const auto& check : checks) {
        const auto by = std::ranges::find_if(checks, [&](const CheckPursuit& other) {
            return &other != &check && topic_of(other.id) == topic_of(check.id) &&
                   !check.noticed.empty() && std::ranges::includes(other.noticed, check.noticed) &&
                   // Of two that notice the same only the later one is named.
                   (other.noticed.size() > check.noticed.size() || other.id < check.id);
        });
        if (by != checks.end()) {
            found.push_back({check.id, by->id});
        }
    }
    return found;
}

std::vector<std::string> weak(const std::vector<CheckPursuit>& checks) {
    std::vector<std::string> found;
    for (const auto& check : checks) {
        std::size_t fine = 0, changes = 0;
        for (const auto& [product, score] : check.scores) {
            fine += score.fine;
            changes += score.changes;
        }
        // Two of the status, two of the body and a few of headers are there for an empty answer.
        constexpr std::size_t of_an_empty_answer = 20;
        if (fine == 0 && changes > of_an_empty_answer) {
            found.push_back(check.id);
        }
    }
    return found;
}

std::string to_markdown(const MutationResult& result, const std::vector<Reason>& among) {
    const auto topics = topics_of(result, among);
    const auto all = sum(topics);
    std::string out(preamble);
    out += fmt::format(
        "\n{} checks on both products, {} plays: {} expectations, {} of them seen to fail, {} "
        "with a reason why not, {} without.\n\n    {}\n\n",
        all.checks, plays_of(result), all.expectations, all.failed, all.reasoned,
        result.unexplained(among).size(), result.command);
    out += "Expectations within a shared step count once for each check that comes there.";
    if (result.score_share != 0) {
        out +=
            " Score: of all changes of all answers to more than set-up, those that the check "
            "noticed; a check is about one behaviour and need not notice the rest of an answer.";
        if (result.score_share > 1) {
            out += fmt::format(
                " One check in {} was scored, drawn by the seed, and one of each topic.",
                result.score_share);
        }
    }
    out += result.score_share != 0
               ? "\n\n| topic | checks | expectations | seen to fail | reasoned | changes | "
                 "noticed | score |\n|---|---|---|---|---|---|---|---|\n"
               : "\n\n| topic | checks | expectations | seen to fail | reasoned "
                 "|\n|---|---|---|---|---|\n";
    for (const auto& [name, topic] : topics) {
        out += row_of(name, topic, result.score_share != 0);
    }
    out += row_of("all", all, result.score_share != 0);
    out += list_of("Never seen to fail", result.unexplained(among), "None.");
    out += list_of("Never seen to fail, with a reason", reasoned_lines(result, among), "None.");
    out += list_of("Reasons that nothing needs", result.stale(among), "None.");
    out +=
        list_of("Branches of one product that the other never takes", result.half_taken(), "None.");
    if (result.whole) {
        std::vector<std::string> lines;
        for (const auto& place : result.unreached) {
            lines.push_back(place.text());
        }
        out += list_of("Expectations that no check came to", lines, "None.");
    }
    if (result.score_share != 0) {
        out += list_of("Checks that notice a status or an empty answer at most",
                       weak(result.checks), "None.");
        std::vector<std::string> lines;
        for (const auto& one : implied(result.checks)) {
            lines.push_back(fmt::format("{}: by {}", one.check, one.by));
        }
        out += list_of("Checks whose every noticed change a sibling notices too (a hint)", lines,
                       "None.");
    }
    return out;
}

json to_json(const MutationResult& result, const std::vector<Reason>& among) {
    auto checks = json::array();
    for (const auto& check : result.checks) {
        auto expectations = json::array();
        for (const auto& [place, pursued] : check.expectations) {
            const auto* reason = reason_for(among, check.id, place, pursued.text);
            json one{{"at", place.text()},
                     {"kind", run::to_string(pursued.what)},
                     {"text", pursued.text},
                     {"failed_under", pursued.failed_under}};
            if (reason != nullptr && pursued.failed_under.empty()) {
                one["reason"] = reason->why;
            }
            expectations.push_back(std::move(one));
        }
        json scores = json::object();
        for (const auto& [product, score] : check.scores) {
            scores[std::string(vault::to_string(product))] = {{"changes", score.changes},
                                                              {"noticed", score.noticed}};
        }
        checks.push_back({{"id", check.id},
                          {"plays", check.plays},
                          {"expectations", std::move(expectations)},
                          {"scores", std::move(scores)}});
    }
    auto unreached = json::array();
    for (const auto& place : result.unreached) {
        unreached.push_back(place.text());
    }
    auto hints = json::array();
    for (const auto& one : implied(result.checks)) {
        hints.push_back({{"check", one.check}, {"by", one.by}});
    }
    return {{"command", result.command},
            {"every_change_of_one_check_in", result.score_share},
            {"every_check", result.whole},
            {"checks", std::move(checks)},
            {"never_failed", result.unexplained(among)},
            {"stale_reasons", result.stale(among)},
            {"half_taken", result.half_taken()},
            {"unreached", std::move(unreached)},
            {"weak", weak(result.checks)},
            {"implied", std::move(hints)}};
}

}  // namespace meshproof::conformance::mutation
