#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/program.hpp"

/// Scenarios and checks by what a command line names: one rule for both.
namespace meshproof::cli {

inline bool is_or_holds(std::string_view id, std::string_view one) {
    return one == id || one.starts_with(fmt::format("{}/", id));
}

/// Of an id that is not known.
inline std::string hint_of(std::string_view id, const std::vector<std::string>& known,
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

/// The ids of `all`, and the themes and topics that they lie in: lifecicle is nearer to lifecycle
/// than to an id within it.
template <class T>
std::vector<std::string> ids_and_topics(const std::vector<const T*>& all) {
    std::vector<std::string> known;
    for (const auto* one : all) {
        const std::string_view whole = one->id;
        for (auto end = whole.find('/'); end != std::string_view::npos;
             end = whole.find('/', end + 1)) {
            if (auto theme = std::string(whole.substr(0, end));
                std::ranges::find(known, theme) == known.end()) {
                known.push_back(std::move(theme));
            }
        }
        known.emplace_back(whole);
    }
    return known;
}

/// How scenarios, or checks, are called, listed and played.
struct Kind {
    std::string_view what, list, play;
};
inline constexpr Kind scenario_kind{"scenario", "meshproof list", "meshproof run"};
inline constexpr Kind check_kind{"check", "meshproof list --checks", "meshproof conform"};

/// Of an id that is one of the other kind, which has these ids; "" where it is none.
inline std::string hint_of_other(std::string_view id, const Kind& other,
                                 const std::vector<std::string>& its_ids) {
    const bool is = std::ranges::any_of(
        its_ids, [id](std::string_view one) { return !id.empty() && is_or_holds(id, one); });
    return is ? fmt::format("it names {}s: {} {}, or {} {}", other.what, other.play, id, other.list,
                            id)
              : std::string();
}

/// Those of `all` that are named by an id or lie under one; all where none is given.
template <class T>
std::vector<const T*> choose(const std::vector<const T*>& all, const std::vector<std::string>& ids,
                             const Kind& kind, const Kind& other,
                             const std::vector<std::string>& ids_of_other) {
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
            const auto elsewhere = hint_of_other(id, other, ids_of_other);
            throw UsageError(
                fmt::format("no {} is called {}", kind.what, id),
                elsewhere.empty() ? hint_of(id, ids_and_topics(all), kind.list) : elsewhere);
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

}  // namespace meshproof::cli
