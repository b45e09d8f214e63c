#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/stats/histogram.hpp"

namespace meshproof::stats {

/// Which stretch of time one line of a .hlog tells of.
struct Stretch {
    std::string tag;  ///< what was measured: no comma, space or control character; may be empty
    Time start;
    Duration length{};
};

/// Writes HdrHistogram's interval log (version 1.3, histograms as V2), which HistogramLogAnalyzer,
/// hdr-plot and the HdrHistogram libraries read. Values are nanoseconds, as is the custom; starts
/// and lengths are told in microseconds. The format has no room for those beyond a histogram's
/// range, so a comment before the line has their count; least and mean come back as the buckets
/// have them.
class HlogWriter {
  public:
    /// `start`: from which the lines' moments are counted.
    explicit HlogWriter(Time start);
    void add(const Stretch& stretch, const Histogram& histogram);
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    Time start_;
    std::string text_;
};

/// Calls `take` for each line of a .hlog in turn; everything is merged by adding up the histograms.
/// Foreign ones are read too, of 0 to 5 digits and any lowest value; theirs fall into our buckets
/// by the longest duration of their own. A duration beyond what a histogram can hold, V1 and
/// shifted histograms are refused. Malformed: one line that begins with `name:LINE: `; what came
/// before it has been taken.
[[nodiscard]] Result<void> read_hlog(std::string_view text, std::string_view name,
                                     const std::function<void(Stretch, Histogram)>& take);

}  // namespace meshproof::stats
