#pragma once

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/nearest.hpp"
#include "core/base/result.hpp"
#include "core/time/time.hpp"

namespace meshproof {

/// A YAML document that people write, as messages speak of it.
struct YamlSource {
    std::string path{};    ///< stands before every message; "" = nothing does
    std::string folder{};  ///< where the relative paths in it begin; "" = the folder of `path`
    std::string what{};    ///< the document as a whole, where a member of it cannot be named
    std::string no_map = "expected a map";  ///< said of a document that is none
    bool may_be_empty = false;              ///< nothing at all is a map without members
    bool lines = true;                      ///< messages tell the line, where there is one
};

/// Which durations a member may have.
struct DurationLimits {
    Duration shortest = Duration::zero();
    /// A hundred years: what is added to a date must stay one.
    Duration longest = std::chrono::hours(24 * 36525);
    std::string_view expected = "a time like 200ms, 5s or 1h30m";
};

/// The words that a member may be, and what they mean.
template <class T>
using Words = std::vector<std::pair<std::string, T>>;

/// One map of a YAML document: reads its members, and keeps the first thing that is wrong with the
/// document as "PATH:LINE: place.member: what was expected". So a reader takes all and asks
/// `problem()` once; what is wrong reads as absent. A handle: the sections of one document share
/// the problem. A member that is left empty (null) is absent.
class YamlSection {
  public:
    /// The whole document. Invalid where it is no YAML, or no map.
    [[nodiscard]] static Result<YamlSection> parse(std::string_view yaml, YamlSource source);

    /// A map that the document does not hold: without members, and without a line.
    [[nodiscard]] YamlSection unwritten(std::string place) const;
    /// The same map under another name.
    [[nodiscard]] YamlSection named(std::string place) const;
    /// The same map of a document of another name, and with a problem of its own.
    [[nodiscard]] YamlSection apart(std::string path) const;

    /// What is wrong, if anything.
    [[nodiscard]] const std::optional<Failure>& problem() const { return document_->problem; }
    /// Everything that is wrong, a line each, in the order in which the document was read: the
    /// first thing of each member, and of many the first ones and their number.
    [[nodiscard]] std::optional<Failure> problems() const;
    /// The same as problem() for whoever reads nothing more.
    [[nodiscard]] Result<void> result() const;
    /// Notes what is wrong with a member ("" = the section itself), unless something was before.
    template <class... Args>
    void refuse(std::string_view name, fmt::format_string<Args...> format, Args&&... args) {
        note(name, fmt::format(format, std::forward<Args>(args)...));
    }
    /// Refuses the section where the member is absent: "missing: expected …".
    void needs(std::string_view name, std::string_view expected);
    /// Refuses what is no map, and every member but these, with the nearest of them.
    void only(const std::vector<std::string>& known);
    /// The names of all members, for a map whose names are free.
    [[nodiscard]] std::vector<std::string> names();

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] bool is_text(std::string_view name) const;
    /// "place.member", for warnings.
    [[nodiscard]] std::string place_of(std::string_view name) const;
    /// Where the member stands in the document, from 1 on; 0 where it is absent or has no place.
    [[nodiscard]] int line_of(std::string_view name) const;

    // Members: nothing where they are absent, or refused.

    /// An empty one is refused.
    [[nodiscard]] std::optional<std::string> text(std::string_view name,
                                                  std::string_view expected = "a string");
    /// "" where absent, and it may be that.
    [[nodiscard]] std::string text_or_empty(std::string_view name);
    /// A list of texts that are not empty, or one of them alone.
    [[nodiscard]] std::vector<std::string> texts(
        std::string_view name, std::string_view expected = "a string or a list of them");
    [[nodiscard]] std::optional<bool> flag(std::string_view name);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t low,
                                                      std::int64_t high);
    [[nodiscard]] std::optional<double> number(std::string_view name, double low, double high);
    [[nodiscard]] std::optional<Duration> duration(std::string_view name,
                                                   const DurationLimits& limits = {});
    [[nodiscard]] std::vector<Duration> durations(std::string_view name,
                                                  const DurationLimits& limits = {});
    /// What the member's word stands for.
    template <class T>
    [[nodiscard]] std::optional<T> word(std::string_view name, const Words<T>& words) {
        if (!has(name)) {
            return std::nullopt;
        }
        const auto typed = is_text(name) ? find(name).Scalar() : std::string();
        std::vector<std::string> known;
        for (const auto& [word, meaning] : words) {
            if (word == typed) {
                return meaning;
            }
            known.push_back(word);
        }
        refuse(name, "unknown: {}", suggestion(typed, known));
        return std::nullopt;
    }
    /// The path of a file, from the document's folder where it is relative.
    [[nodiscard]] std::optional<std::string> path(std::string_view name);
    /// The content of that file.
    [[nodiscard]] std::optional<std::string> file(std::string_view name);
    /// The member as JSON (core/yaml/json.hpp), whatever it holds.
    [[nodiscard]] std::optional<nlohmann::json> json(std::string_view name);
    [[nodiscard]] std::optional<YamlSection> inner(std::string_view name,
                                                   std::string_view expected = "a map");
    /// The entries of a list; `only` refuses one that is no map.
    [[nodiscard]] std::vector<YamlSection> sections(std::string_view name,
                                                    std::string_view expected = "a list");

  private:
    struct Document {
        YamlSource source;
        std::optional<Failure> problem{};  ///< the first one
        std::vector<std::string> told{};   ///< all of them, in whole lines
        std::set<std::string> places{};    ///< which they are about
        std::size_t untold = 0;            ///< more than are kept
    };

    YamlSection(std::shared_ptr<Document> document, const YAML::Node& map, std::string place)
        : document_(std::move(document)), map_(map), place_(std::move(place)) {}

    [[nodiscard]] YAML::Node find(std::string_view name) const;
    [[nodiscard]] std::optional<Duration> duration_in(const YAML::Node& node, std::string_view name,
                                                      const DurationLimits& limits);
    void note(std::string_view name, std::string_view message);
    void note_at(const YAML::Node& node, std::string_view place, std::string_view message);

    std::shared_ptr<Document> document_;
    const YAML::Node map_;  // const: a lookup in it inserts nothing, and an assignment changes it
    std::string place_;
};

/// The value, or everything that is wrong with the document: for files that people write by hand,
/// who would else mend one thing a run.
template <class T>
[[nodiscard]] Result<T> checked_whole(T value, const YamlSection& section) {
    if (auto problems = section.problems()) {
        return tl::unexpected<Failure>(std::move(*problems));
    }
    return value;
}

/// The value, or what is wrong with the document that it was read from.
template <class T>
[[nodiscard]] Result<T> checked(T value, const YamlSection& section) {
    if (section.problem()) {
        return tl::unexpected<Failure>(*section.problem());
    }
    return value;
}

}  // namespace meshproof
