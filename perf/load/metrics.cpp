#include "perf/load/metrics.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "core/base/text.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

constexpr std::array<Duration, 14> latency_bounds = {1ms,   2500us, 5ms, 10ms,   25ms, 50ms, 100ms,
                                                     250ms, 500ms,  1s,  2500ms, 5s,   10s,  30s};
constexpr std::array<Duration, 7> slip_bounds = {100us, 250us, 500us, 1ms, 2500us, 10ms, 100ms};

Distribution distribution(const stats::Histogram& times, std::span<const Duration> bounds) {
    Distribution made;
    made.at_most.assign(bounds.size(), 0);
    made.count = times.count();
    made.seconds = static_cast<double>(times.exact().sum) / 1e9;
    const auto counts = times.counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) {
            continue;
        }
        // By where its bucket begins: at most 0.1 % of the bound is taken for less than it.
        const auto low = stats::Histogram::bucket(i).low;
        for (auto at =
                 static_cast<std::size_t>(std::ranges::lower_bound(bounds, low) - bounds.begin());
             at < bounds.size(); ++at) {
            made.at_most[at] += counts[i];
        }
    }
    return made;
}

void add(const Distribution& earlier, Distribution& into) {
    into.at_most.resize(std::max(into.at_most.size(), earlier.at_most.size()));
    for (std::size_t i = 0; i < earlier.at_most.size(); ++i) {
        into.at_most[i] += earlier.at_most[i];
    }
    into.count += earlier.count;
    into.seconds += earlier.seconds;
}

/// Writes one family after the other.
class Writer {
  public:
    explicit Writer(MetricsFormat format) : format_(format) {}

    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, "counter", help);
        text_ += fmt::format("meshproof_load_{}_total {}\n", name, value);
    }
    void gauge(std::string_view name, std::string_view help, double value) {
        head(name, "gauge", help);
        text_ += fmt::format("meshproof_load_{} {:g}\n", name, value);
    }
    void failures(const LiveFigures& figures) {
        head("failed", "counter",
             "Transactions that failed, by the step and the status of the answer.");
        for (const auto& [kind, count] : figures.failed) {
            text_ += fmt::format(
                "meshproof_load_failed_total{{step=\"{}\",status=\"{}\"}} {}\n", kind.first,
                kind.second == 0 ? std::string("none") : std::to_string(kind.second), count);
        }
    }
    void histogram(std::string_view name, std::string_view help, const Distribution& values,
                   std::span<const Duration> bounds) {
        head(name, "histogram", help);
        for (std::size_t i = 0; i < bounds.size(); ++i) {
            text_ += fmt::format("meshproof_load_{}_bucket{{le=\"{}\"}} {}\n", name,
                                 std::chrono::duration<double>(bounds[i]).count(),
                                 i < values.at_most.size() ? values.at_most[i] : 0);
        }
        text_ += fmt::format(
            "meshproof_load_{0}_bucket{{le=\"+Inf\"}} {1}\n"
            "meshproof_load_{0}_sum {2}\nmeshproof_load_{0}_count {1}\n",
            name, values.count, values.seconds);
    }
    [[nodiscard]] std::string end() {
        return std::move(text_) + (format_ == MetricsFormat::open_metrics ? "# EOF\n" : "");
    }

  private:
    void head(std::string_view name, std::string_view type, std::string_view help) {
        const auto whole =
            fmt::format("meshproof_load_{}{}", name,
                        type == "counter" && format_ == MetricsFormat::prometheus ? "_total" : "");
        text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", whole, help, type);
        if (format_ == MetricsFormat::open_metrics && name.ends_with("_seconds")) {
            text_ += fmt::format("# UNIT {} seconds\n", whole);
        }
    }

    MetricsFormat format_;
    std::string text_;
};

}  // namespace

void LiveFigures::add_earlier(const LiveFigures& earlier) {
    so_far.asked += earlier.so_far.asked;
    so_far.sent += earlier.so_far.sent;
    so_far.done += earlier.so_far.done;
    so_far.failed += earlier.so_far.failed;
    for (const auto& [kind, count] : earlier.failed) {
        failed[kind] += count;
    }
    add(earlier.response, response);
    add(earlier.service, service);
    add(earlier.slip, slip);
}

Distribution latencies(const stats::Histogram& times) {
    return distribution(times, latency_bounds);
}

Distribution slips(const stats::Histogram& times) {
    return distribution(times, slip_bounds);
}

void Live::attach(std::function<LiveFigures()> ask) {
    detach();
    ask_ = std::move(ask);
}

void Live::detach() {
    if (ask_) {
        before_ = figures();
        before_.rate_asked = 0;
        before_.in_flight = before_.waiting = 0;
        ask_ = nullptr;
    }
}

LiveFigures Live::figures() const {
    if (!ask_) {
        return before_;
    }
    auto now = ask_();
    now.add_earlier(before_);
    return now;
}

std::string_view content_type(MetricsFormat format) {
    return format == MetricsFormat::open_metrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

MetricsFormat wanted_format(std::string_view accept) {
    const auto header = lower(accept);
    return header.find("text/plain") != std::string::npos &&
                   header.find("application/openmetrics-text") == std::string::npos
               ? MetricsFormat::prometheus
               : MetricsFormat::open_metrics;
}

std::string metrics_text(const LiveFigures& figures, MetricsFormat format) {
    Writer writer(format);
    const auto& so_far = figures.so_far;
    writer.counter("asked", "Transactions that were due by the schedule.", so_far.asked);
    writer.counter("sent", "Transactions that were begun.", so_far.sent);
    writer.counter("done", "Transactions that ended well.", so_far.done);
    writer.failures(figures);
    writer.gauge("in_flight", "Transactions under way.", static_cast<double>(figures.in_flight));
    writer.gauge("waiting", "Transactions that are due and wait for a connection.",
                 static_cast<double>(figures.waiting));
    writer.gauge("rate_asked", "Transactions that were due in the last whole second.",
                 figures.rate_asked);
    writer.histogram("response_seconds", "From the intended moment to the end, without warming up.",
                     figures.response, latency_bounds);
    writer.histogram("service_seconds", "From the real send to the end, without warming up.",
                     figures.service, latency_bounds);
    writer.histogram("slip_seconds", "How late the generator sent where a connection was free.",
                     figures.slip, slip_bounds);
    return writer.end();
}

Task<http::Response> MetricsPage::handle(http::Request request, http::Peer /*peer*/) {
    http::Response response;
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    const auto path = request.target.substr(0, request.target.find('?'));
    if (path != "/metrics") {
        response.status = 404;
        response.body = "only /metrics is here\n";
    } else if (request.method != "GET") {
        response.status = 405;
        response.headers.set("Allow", "GET");
        response.body = "only GET\n";
    } else {
        const auto format = wanted_format(request.headers.find("Accept").value_or(""));
        response.headers.set("Content-Type", std::string(content_type(format)));
        response.body = metrics_text(live_.figures(), format);
    }
    co_return response;
}

}  // namespace meshproof::load
