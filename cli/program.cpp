#include "cli/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "conformance/index.hpp"
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
    std::vector<std::string> known;
    for (const auto* one : scenarios::all_scenarios()) {
        known.emplace_back(one->id);
    }
    for (const auto* one : conformance::all_checks()) {
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

}  // namespace

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
        throw UsageError(target.error().message, "meshproof --help shows what a target file holds");
    }
    warn_of_unknown_deviations(argument, *target);
    return {"live", argument, std::move(*target)};
}

namespace {

bool is_or_holds(std::string_view id, std::string_view one) {
    return one == id || one.starts_with(fmt::format("{}/", id));
}

/// Of an id that is not known.
std::string hint_of(std::string_view id, const std::vector<std::string>& known,
                    std::string_view list) {
    if (id.find_first_of("*?") != std::string_view::npos) {
        return fmt::format(
            "a theme or a topic, such as {}, stands for all in it; {} shows them all",
            known.front(), list);
    }
    const auto near = nearest(id, known);
    return near.empty() ? fmt::format("{} shows them all", list)
                        : fmt::format("did you mean {}? {} shows them all", near, list);
}

/// Those of `all` that are named by an id or lie under one; all where none is given.
template <class T>
std::vector<const T*> choose(const std::vector<const T*>& all, const std::vector<std::string>& ids,
                             std::string_view what, std::string_view list) {
    std::set<const T*> wanted;
    for (std::string_view id : ids) {
        while (id.ends_with('/')) {
            id.remove_suffix(1);
        }
        bool found = false;
        for (const auto* one : all) {
            if (is_or_holds(id, one->id)) {
                wanted.insert(one);
                found = true;
            }
        }
        if (!found) {
            // Themes and topics too: lifecicle is nearer to lifecycle than to an id within it.
            std::vector<std::string> known;
            for (const auto* one : all) {
                const std::string_view whole = one->id;
                for (auto end = whole.find('/'); end != std::string_view::npos;
                     end = whole.find('/', end + 1)) {
                    if (auto theme = std::string(whole.substr(0, end));
                        known.empty() || std::ranges::find(known, theme) == known.end()) {
                        known.push_back(std::move(theme));
                    }
                }
                known.emplace_back(whole);
            }
            throw UsageError(fmt::format("no {} is called {}", what, id), hint_of(id, known, list));
        }
    }
    std::vector<const T*> chosen;
    for (const auto* one : all) {
        if (ids.empty() || wanted.contains(one)) {
            chosen.push_back(one);
        }
    }
    return chosen;
}

/// What `select` finds under ids; none for none, where it would find all.
template <class Select>
std::set<std::string> ids_of(const std::vector<std::string>& ids, Select select) {
    std::set<std::string> out;
    if (!ids.empty()) {
        for (const auto* one : select(ids)) {
            out.emplace(one->id);
        }
    }
    return out;
}

}  // namespace

std::vector<const run::Scenario*> choose_scenarios(const std::vector<std::string>& ids) {
    return choose(scenarios::all_scenarios(), ids, "scenario", "meshproof list");
}

std::vector<const run::Check*> choose_checks(const std::vector<std::string>& ids) {
    return choose(conformance::all_checks(), ids, "check", "meshproof list --checks");
}

std::set<std::string> skipped_scenarios(const std::vector<std::string>& ids) {
    return ids_of(ids, choose_scenarios);
}

std::set<std::string> skipped_checks(const std::vector<std::string>& ids) {
    return ids_of(ids, choose_checks);
}

int exit_code(const run::RunResult& result) {
    using run::Verdict;
    if (result.count(Verdict::fail) > 0) {
        return something_failed;
    }
    if (result.ended_early == run::EarlyEnd::time_limit) {
        return out_of_time;
    }
    if (result.count(Verdict::blocked) + result.count(Verdict::not_run) > 0) {
        return unreachable;
    }
    if (result.count(Verdict::pass) + result.count(Verdict::deviates) == 0) {
        return nothing_ran;
    }
    return as_expected;
}

}  // namespace meshproof::cli
