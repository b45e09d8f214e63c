#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/transport.hpp"
#include "core/stats/timeline.hpp"
#include "perf/load/measured.hpp"

namespace meshproof::load {

/// Durations in a few buckets, as metrics have them.
struct Distribution {
    std::vector<std::uint64_t> at_most;  ///< for each of the bounds, how many were no longer
    std::uint64_t count = 0;
    double seconds = 0;  ///< of all together
};

/// How a running load stands.
struct LiveFigures {
    double rate_asked = 0;  ///< transactions that were due in the last whole second
    stats::Tally so_far;    ///< warming up included; of find-max, of all its steps
    std::map<std::pair<std::string, int>, std::uint64_t> failed;  ///< by step and status
    std::size_t in_flight = 0, waiting = 0;
    Distribution response, service, slip;  ///< of what is measured

    /// Takes the counts of an earlier part of the same load in; what is now stays.
    void add_earlier(const LiveFigures& earlier);
};

/// The bounds of `response` and `service`, and of `slip`, which is shorter.
[[nodiscard]] Distribution latencies(const stats::Histogram& times);
[[nodiscard]] Distribution slips(const stats::Histogram& times);

/// What asks a running load for its figures, and keeps the last ones. One event loop.
class Live {
  public:
    /// From now on `ask` tells them, beside what was before.
    void attach(std::function<LiveFigures()> ask);
    /// Asks once more; then nobody is asked.
    void detach();
    [[nodiscard]] LiveFigures figures() const;

  private:
    std::function<LiveFigures()> ask_;
    LiveFigures before_;
};

/// How metrics are written. They differ in the names of counters in their heads, and in the end.
enum class MetricsFormat {
    open_metrics,  ///< OpenMetrics 1.0, with "# EOF"
    prometheus,    ///< Prometheus' older text, 0.0.4: what promtool reads
};
[[nodiscard]] std::string_view content_type(MetricsFormat format);
/// OpenMetrics, unless an Accept header wants plain text and not OpenMetrics.
[[nodiscard]] MetricsFormat wanted_format(std::string_view accept);
[[nodiscard]] std::string metrics_text(const LiveFigures& figures, MetricsFormat format);

/// GET /metrics of a running load; anything else is 404, or 405.
class MetricsPage final : public http::Handler {
  public:
    /// `live` outlives it.
    explicit MetricsPage(const Live& live) : live_(live) {}
    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

  private:
    const Live& live_;
};

}  // namespace meshproof::load
