#pragma once

#include <optional>
#include <vector>

#include "perf/load/load.hpp"

namespace meshproof::load {

/// Looks for the largest rate that keeps the SLO: doubles the rate until one does not, then halves
/// the gap until it is a twentieth. Each step is held for the options' duration, or longer where
/// its percentiles need more samples.
class MaxSearch {
  public:
    explicit MaxSearch(Options options);

    /// What the next step is; nothing where the search is over.
    [[nodiscard]] std::optional<Options> next() const;
    void learn(const Options& step, Measured measured);

    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
    /// Of the largest rate that kept the SLO; empty where none did.
    [[nodiscard]] Measured best() const;

    /// How many all steps together can ask.
    [[nodiscard]] static std::size_t most_transactions(const Options& options);

  private:
    [[nodiscard]] bool over() const;

    Options options_;
    double rate_;
    double good_ = 0, bad_ = 0;  ///< 0 = none yet
    bool ended_early_ = false;
    std::vector<Step> steps_;
};

}  // namespace meshproof::load
