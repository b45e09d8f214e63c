#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "perf/load/load.hpp"

namespace meshproof::load {

/// What will be asked, made and perhaps billed: said before anything is.
[[nodiscard]] std::vector<std::string> plan_lines(const Options& options, const Footprint& print,
                                                  const run::Survey& found);
/// How it goes, on one line.
[[nodiscard]] std::string progress_line(const Progress& progress);
/// The verdict first, then the table of both times, then what went wrong and what to know.
[[nodiscard]] std::vector<std::string> outcome_lines(const Outcome& outcome);
/// The same as a document, with the intervals of the percentiles and a line for each slot of time.
[[nodiscard]] std::string to_markdown(const Outcome& outcome, std::string_view target,
                                      std::uint64_t seed);

/// Its times as an interval log of HdrHistogram, for other tools: of whole transactions a line for
/// each slot of time (tags "response" and "service", warming up included), of the stages one for
/// all
/// ("login-response", …).
[[nodiscard]] std::string to_hlog(const Outcome& outcome);

/// "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t number);
/// The same with its noun: "1 pod", "1,000 pods". Without `several`, `one` with an s.
[[nodiscard]] std::string grouped(std::uint64_t number, std::string_view one,
                                  std::string_view several = {});
/// "1 time", "2.5 times"; as many digits as tell.
[[nodiscard]] std::string times_text(double times, int digits = 3);

}  // namespace meshproof::load
