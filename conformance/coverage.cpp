#include <map>

#include "conformance/index.hpp"
#include "core/base/text.hpp"
#include "core/spiffe/svid.hpp"

namespace meshproof::conformance {

const std::vector<Unchecked>& unchecked_rows() {
    static const std::vector<Unchecked> rows = {
        {185, "tells how the servers' programs are started; the suite asks servers that run"},
        {246, "small things that `meshproof twin` compares; the fakes' tests hold them"},
        {249, "which of several faults is told first; `meshproof twin` compares it"},
        {250, "bodies that weigh on a server that others use; the fakes' tests hold the edges"},
        {251, "objects that weigh on a server that others use; the fakes' tests hold the edges"},
        {253, "small things that `meshproof twin` compares; the fakes' tests hold them"},
        {257, "a pod's defaults and the order of its faults; `meshproof twin` compares them"},
        {258, "how accessors and names of namespaces are read; `meshproof twin` compares it"},
    };
    return rows;
}

namespace {

std::string linked(const std::vector<std::string>& ids) {
    std::vector<std::string> quoted;
    for (const auto& id : ids) {
        quoted.push_back(fmt::format("`{}`", id));
    }
    return quoted.empty() ? "**none**" : join(quoted, ", ");
}

}  // namespace

std::string coverage_page() {
    std::map<int, std::vector<std::string>> by_row;
    std::map<std::string, std::vector<std::string>> by_rule;
    std::map<std::string, int> by_topic;
    for (const auto* check : all_checks()) {
        for (const auto row : check->rows) {
            by_row[row].emplace_back(check->id);
        }
        for (const auto rule : check->rules) {
            by_rule[std::string(rule)].emplace_back(check->id);
        }
        ++by_topic[std::string(check->id.substr(0, check->id.rfind('/')))];
    }
    std::string page =
        "# What the conformance suite covers\n\n"
        "Made by `meshproof list --checks --markdown`; a test compares. The rows are those of\n"
        "[wire-contract.md](wire-contract.md), the rules those of [svid-rules.md](svid-rules.md).\n"
        "`meshproof explain ID` tells of one check, and how to ask by hand.\n\n";
    page += fmt::format("{} checks:\n\n| topic | checks |\n|---|---|\n", all_checks().size());
    for (const auto& [topic, count] : by_topic) {
        page += fmt::format("| `{}` | {} |\n", topic, count);
    }
    page += "\n## Rows of the wire contract\n\n| row | checks |\n|---|---|\n";
    for (int row = 1; row <= last_row; ++row) {
        std::string why;
        for (const auto& unchecked : unchecked_rows()) {
            if (unchecked.row == row) {
                why = fmt::format("not checked: {}", unchecked.why);
            }
        }
        const auto& ids = by_row[row];
        page += fmt::format("| {} | {} |\n", row, ids.empty() && !why.empty() ? why : linked(ids));
    }
    page += "\n## SPIFFE X509-SVID rules\n\n| rule | checks |\n|---|---|\n";
    for (const auto& rule : spiffe::svid_rules()) {
        page += fmt::format("| {} | {} |\n", rule.id, linked(by_rule[std::string(rule.id)]));
    }
    return page;
}

}  // namespace meshproof::conformance
