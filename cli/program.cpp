#include "cli/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "cli/choose.hpp"
#include "core/base/log.hpp"
#include "core/base/nearest.hpp"
#include "scenarios/index.hpp"

namespace meshproof::cli {
std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
    return nearest_word(typed, known);
}

namespace {

/// A deviation of an id that nothing has allows nothing: said before its check fails. Histories
/// have the names of their files, which nobody knows here.
void warn_of_unknown_deviations(const std::string& path, const run::Target& target) {
    auto known = check_ids();
    if (known.empty()) {
        return;  // any id may be a check's
    }
    for (const auto* one : scenarios::all_scenarios()) {
        known.emplace_back(one->id);
    }
    for (const auto& [id, reason] : target.deviations) {
        if (id.starts_with("history/") || std::ranges::find(known, id) != known.end()) {
            continue;
        }
        const auto near = nearest(id, known);
        log::warning(fmt::format("{}: deviations: {} is the id of no scenario or check{}", path, id,
                                 near.empty() ? "" : fmt::format(": did you mean {}?", near)));
    }
}

/// Whether a file of the other kind was given: of both members nothing is known here.
bool knows_neither(std::string_view problem, std::string_view one, std::string_view other) {
    const auto unknown = [problem](std::string_view name) {
        return problem.find(fmt::format(": {}: unknown field", name)) != std::string_view::npos;
    };
    return unknown(one) && unknown(other);
}

}  // namespace

std::string hint_of_account(std::string_view problem) {
    return knows_neither(problem, "vaults", "clusters")
               ? "that is a target file, which run, conform, load and clean take as --target; "
                 "docs/account.md shows an account"
               : "docs/account.md shows an account that works";
}

ChosenTarget choose_target(const std::string& argument) {
    if (argument == "sim" || argument == "loopback") {
        return {argument, argument, {}};
    }
    if (::access(argument.c_str(), F_OK) != 0 &&
        argument.find_first_of("./") == std::string::npos) {
        const auto near = nearest(argument, {"sim", "loopback"});
        throw UsageError(
            fmt::format(
                "--target {}: expected sim, loopback or a target file, and there is no such file",
                argument),
            near.empty() ? "meshproof --help shows what a target file holds"
                         : fmt::format("did you mean {}?", near));
    }
    auto target = run::Target::load(argument);
    if (!target) {
        throw UsageError(target.error().message,
                         knows_neither(target.error().message, "auth", "pki")
                             ? "that is an account file, which preflight, export and load "
                               "--existing take; meshproof --help shows a target file"
                             : "meshproof --help shows what a target file holds");
    }
    warn_of_unknown_deviations(argument, *target);
    return {"live", argument, std::move(*target)};
}

std::vector<const run::Scenario*> choose_scenarios(const std::vector<std::string>& ids) {
    return choose(scenarios::all_scenarios(), ids, scenario_kind, check_kind, check_ids());
}

std::set<std::string> skipped_scenarios(const std::vector<std::string>& ids) {
    return ids_of(ids, choose_scenarios);
}

int exit_code(const run::RunResult& result) {
    using run::Verdict;
    if (result.count(Verdict::fail) > 0) {
        return something_failed;
    }
    if (result.ended_early == run::EarlyEnd::time_limit) {
        return out_of_time;
    }
    // What was interrupted has not shown all, whether or not something is left that says so: what a
    // stopped twin did not ask is skipped as what it never asks.
    if (result.interrupted || result.count(Verdict::blocked) + result.count(Verdict::not_run) > 0) {
        return unreachable;
    }
    if (result.count(Verdict::pass) + result.count(Verdict::deviates) == 0) {
        return nothing_ran;
    }
    return as_expected;
}

}  // namespace meshproof::cli
