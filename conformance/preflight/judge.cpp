#include "conformance/preflight/judge.hpp"

#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// Each speaks of the account's namespace, whatever the shell has. One that makes the namespace, or
/// does without it, does not.
std::string with_namespace(const Rule& rule, const Facts& facts, std::string_view tool,
                           std::string command) {
    const auto& name = facts.account.vault.namespace_name;
    if (name.empty() || rule.id.starts_with("vault/") ||
        !command.starts_with(std::string(tool) + " ")) {
        return command;
    }
    return fmt::format("{}_NAMESPACE={} {}", tool == "bao" ? "BAO" : "VAULT", shell_word(name),
                       command);
}

std::vector<std::string> commands(const Rule& rule, const Facts& facts, const Judgement& judgement,
                                  Values values, std::string_view tool) {
    values["tool"] = tool;
    std::vector<std::string> all;
    for (const auto& line : judgement.mend.empty() ? rule.mend : judgement.mend) {
        all.push_back(with_namespace(rule, facts, tool, fill_in(line, values, /*for_shell=*/true)));
    }
    return all;
}

int line_of(const Facts& facts, std::string_view member) {
    for (std::string place(member); !place.empty();
         place.resize(place.find('.') == std::string::npos ? 0 : place.find('.'))) {
        const auto found = facts.account.lines.find(place);
        if (found != facts.account.lines.end()) {
            return found->second;
        }
    }
    return 0;
}

Finding finding(const Rule& rule, const Facts& facts, const Judgement& judgement) {
    auto values = common_values(facts);
    for (const auto& [name, value] : judgement.values) {
        values[name] = value;
    }
    // Commands change only a line that holds the very member; what is told may be one above.
    if (const auto own = facts.account.lines.find(std::string(rule.member));
        own != facts.account.lines.end()) {
        values["line"] = std::to_string(own->second);
    }
    Finding one;
    one.rule = &rule;
    one.object = one_line(fill_in(rule.object, values, /*for_shell=*/false));
    one.evidence = one_line(judgement.evidence);
    one.line = line_of(facts, rule.member);
    one.bao = commands(rule, facts, judgement, values, "bao");
    one.vault = commands(rule, facts, judgement, values, "vault");
    return one;
}

bool accepts(const run::Account::Acceptance& accepted, const Finding& one) {
    return accepted.id == one.rule->id &&
           (accepted.object.empty() || fits_pattern(accepted.object, one.object));
}

Finding about(const run::Account::Acceptance& accepted, std::string_view rule, const Facts& facts,
              std::string evidence) {
    auto one = finding(*find_rule(rule), facts, found(std::move(evidence)));
    one.line = accepted.line;
    one.object = accepted.id;
    return one;
}

std::string last_day_of(const run::Account::Acceptance& accepted) {
    constexpr std::size_t day_length = 10;  // of 2026-01-02
    return rfc3339(*accepted.until - std::chrono::days(1)).substr(0, day_length);
}

/// The errors first; else as the rules stand.
std::vector<Finding> sorted(const std::vector<Finding>& findings) {
    std::vector<Finding> all;
    for (const auto severity : {Severity::error, Severity::warning, Severity::advice}) {
        std::ranges::copy_if(findings, std::back_inserter(all), [severity](const Finding& one) {
            return one.rule->severity == severity;
        });
    }
    return all;
}

/// Nobody knows whether what is accepted is there.
bool unjudged(const Report& report, const run::Account::Acceptance& accepted) {
    return std::ranges::any_of(report.unknown,
                               [&](const Unjudged& one) { return one.rule->id == accepted.id; });
}

/// Moves what is lived with, and finds what is wrong with the acceptances themselves.
void accept(Report& report, const Facts& facts) {
    std::vector<Finding> more;
    for (const auto& accepted : facts.account.accept) {
        std::vector<Finding> rest, matching;
        for (auto& one : report.found) {
            (accepts(accepted, one) ? matching : rest).push_back(std::move(one));
        }
        const bool over = accepted.until && facts.now >= *accepted.until;
        if (matching.empty() && !unjudged(report, accepted)) {
            more.push_back(about(accepted, "accept/unused", facts,
                                 fmt::format("{} was not found", accepted.id)));
        } else if (over && !matching.empty()) {
            more.push_back(
                about(accepted, "accept/expired", facts,
                      fmt::format("{} was accepted until {}", accepted.id, last_day_of(accepted))));
        }
        for (auto& one : matching) {
            one.accepted = over ? std::string() : accepted.reason;
            (over ? rest : report.accepted).push_back(std::move(one));
        }
        report.found = std::move(rest);
    }
    std::ranges::move(more, std::back_inserter(report.found));
}

/// What belongs to another cluster is written by no command but those that give this one its own.
void spare_another_cluster(Report& report, const Facts& facts) {
    constexpr std::string_view other = "auth/other-cluster";
    const auto is_other = [&](const Finding& one) { return one.rule->id == other; };
    if (std::ranges::none_of(report.found, is_other)) {
        return;
    }
    const auto theirs = facts.auth_path("");
    for (auto& one : report.found) {
        const bool writes = std::ranges::any_of(one.bao, [&](const std::string& command) {
            return command.find(" " + theirs) != std::string::npos;
        });
        if (!is_other(one) && (writes || one.object.starts_with(theirs))) {
            one.bao.clear();
            one.vault.clear();
        }
    }
}

std::string vault_text(const Facts& facts) {
    const auto where = facts.account.vault.endpoint.url.origin();
    if (!facts.seal.is_known() || !facts.health.is_known()) {
        return where;
    }
    return fmt::format("{} {} at {}", to_string(facts.seal->product),
                       one_line(facts.health->version), where);
}

std::string cluster_text(const Facts& facts) {
    if (!facts.account.cluster) {
        return {};
    }
    const auto where = facts.account.cluster->access.endpoint.url.origin();
    return facts.kube_version.is_known()
               ? fmt::format("Kubernetes {} at {}", one_line(*facts.kube_version), where)
               : where;
}

}  // namespace

std::string Finding::fingerprint() const {
    return fmt::format("{} {}", rule->id, object);
}

std::size_t Report::count(Severity severity) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        found, [severity](const Finding& one) { return one.rule->severity == severity; }));
}

Report judge(const Facts& facts) {
    Report report;
    report.account = facts.account.name;
    report.file = facts.account.path;
    report.vault = vault_text(facts);
    report.cluster = cluster_text(facts);
    report.read_only = facts.read_only;
    report.unreachable = !facts.unreachable.empty();
    report.cut = facts.cut;
    report.time_left = facts.time_left;
    report.openbao = facts.openbao();
    report.pki_mount = facts.pki_mount;
    for (const auto& rule : all_rules()) {
        const auto judgement = rule.judge(facts);
        switch (judgement.state) {
            case Judgement::State::found:
                report.found.push_back(finding(rule, facts, judgement));
                break;
            case Judgement::State::unknown:
                report.unknown.push_back({&rule, one_line(judgement.evidence)});
                break;
            case Judgement::State::holds:
                report.held.push_back(&rule);
                break;
            case Judgement::State::beside:
                break;
        }
    }
    spare_another_cluster(report, facts);
    accept(report, facts);
    report.found = sorted(report.found);
    return report;
}

int exit_code(const Report& report) {
    constexpr int well = 0, wrong = 1, no_answer = 3, cut = 5;
    if (report.unreachable) {
        return no_answer;
    }
    return report.count(Severity::error) > 0 ? wrong : report.cut.empty() ? well : cut;
}

}  // namespace meshproof::preflight
