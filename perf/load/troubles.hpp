#pragma once

#include <map>
#include <string>
#include <tuple>

#include "perf/load/measured.hpp"
#include "perf/load/signing_path.hpp"

namespace meshproof::load {

/// "login", "sign", "sys/health": which request failed.
[[nodiscard]] std::string_view name_of(const std::optional<mesh::Step>& step);

/// Counts refusals by what they say. What comes after fifty different ones is counted together.
class Troubles {
  public:
    explicit Troubles(mesh::Asked asked) : asked_(std::move(asked)) {}

    void add(const Refused& refused, Duration at);
    /// The most frequent first.
    [[nodiscard]] std::vector<Trouble> list() const;

  private:
    using Kind = std::tuple<int, int, std::string>;
    mesh::Asked asked_;
    std::map<Kind, Trouble> kinds_;
};

/// Says when a load ends by itself.
class AbortWatch {
  public:
    explicit AbortWatch(AbortRule rule) : rule_(rule) {}

    /// One second more is over. True once the rule's share of what ended was passed in each of its
    /// last seconds; a second in which nothing ended breaks no row.
    [[nodiscard]] bool second(std::uint64_t ended, std::uint64_t failed);

  private:
    AbortRule rule_;
    Duration row_{};
};

}  // namespace meshproof::load
