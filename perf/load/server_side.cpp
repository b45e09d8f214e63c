#include "perf/load/server_side.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/markdown.hpp"
#include "core/base/text.hpp"
#include "core/stats/percentile.hpp"
#include "core/time/task_group.hpp"
#include "core/time/within.hpp"
#include "perf/load/local_process.hpp"

namespace meshproof::load {
namespace {

constexpr Duration between_looks = std::chrono::seconds(5);
/// A server that does not answer sys/metrics for so long is busy with the load.
constexpr Duration patience = std::chrono::seconds(5);

/// Beside the routes of writes: what each request passes, and what storing costs.
constexpr std::array told_timers = {
    std::string_view("vault_core_handle_request"), std::string_view("vault_core_check_token"),
    std::string_view("vault_token_create"),        std::string_view("vault_barrier_put"),
    std::string_view("vault_barrier_get"),         std::string_view("vault_raft_commitTime")};

bool told(std::string_view timer) {
    return timer.starts_with("vault_route_update_") ||
           std::ranges::find(told_timers, timer) != told_timers.end();
}

/// A line of the Prometheus text: what it names, without labels, and its value.
std::optional<std::pair<std::string, double>> sample_of(std::string_view line) {
    const auto blank = line.rfind(' ');
    if (line.starts_with('#') || blank == std::string_view::npos) {
        return std::nullopt;
    }
    const auto text = line.substr(blank + 1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return std::pair(std::string(line.substr(0, line.find_first_of("{ "))), value);
}

std::optional<std::uint64_t> whole(double value) {
    return value < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(value));
}

void take_sample(const std::string& name, double value, ServerLook& look) {
    constexpr std::string_view sum = "_sum", count = "_count";
    if (name == "process_cpu_seconds_total") {
        look.processor = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value));
    } else if (name == "process_resident_memory_bytes") {
        look.memory_bytes = whole(value);
    } else if (name == "go_memstats_alloc_bytes") {
        look.allocated_bytes = whole(value);
    } else if (name == "go_goroutines") {
        look.goroutines = whole(value);
    } else if (name.ends_with(sum) && told(name.substr(0, name.size() - sum.size()))) {
        look.timers[name.substr(0, name.size() - sum.size())].milliseconds += value;
    } else if (name.ends_with(count) && told(name.substr(0, name.size() - count.size()))) {
        look.timers[name.substr(0, name.size() - count.size())].count += value;
    }
}

std::string megabytes(std::uint64_t bytes) {
    return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

/// The looks of one watch, made one after the other.
class Watch {
  public:
    Watch(run::Environment& environment, vault::Client vault, ServerSide& side)
        : clock_(environment.clock()), vault_(std::move(vault)), side_(side) {
        const auto process = process_at(vault_.config().endpoint.url);
        if (!process) {
            side_.unseen.push_back("its process: " + process.error().message);
        } else if (*process == ::getpid()) {
            side_.unseen.emplace_back("its process: the server runs inside this program");
        } else {
            process_ = *process;
        }
    }

    Task<void> look() {
        ServerLook seen;
        if (asks_) {
            co_await ask(seen);
        }
        seen.at = clock_.elapsed();
        if (process_) {
            if (const auto use = use_of(*process_)) {
                seen.processor = use->processor;
                seen.memory_bytes = use->memory_bytes;
                side_.process = fmt::format("{}, process {}", use->name, *process_);
            }
        }
        if (seen.processor || seen.memory_bytes || seen.goroutines) {
            side_.looks.push_back(std::move(seen));
        }
    }
    Task<void> go_on() {
        while (asks_ || process_) {
            co_await clock_.sleep_for(between_looks);
            co_await look();
        }
    }

  private:
    Task<void> ask(ServerLook& seen) {
        auto reply = co_await within(clock_, patience,
                                     vault_.request("GET", "sys/metrics?format=prometheus"));
        if (reply && reply->status == 200) {
            seen = read_prometheus(reply->body);
            co_return;
        }
        if (reply && reply->status == 400) {  // not configured (prometheus_retention_time is 0)
            reply = co_await within(clock_, patience, vault_.request("GET", "sys/metrics"));
            if (reply && reply->status == 200) {
                seen = read_metrics_json(reply->json);
                co_return;
            }
        }
        if (side_.looks.empty() && reply) {  // it will not answer the next time either
            asks_ = false;
            side_.unseen.push_back(vault::failure_of("GET", "sys/metrics", *reply).message);
        }
    }

    Clock& clock_;
    vault::Client vault_;
    ServerSide& side_;
    std::optional<int> process_;
    bool asks_ = true;
};

/// How much more a timer has at the end than at the beginning.
std::vector<std::pair<std::string, ServerTimer>> spent(const ServerSide& side) {
    std::vector<std::pair<std::string, ServerTimer>> all;
    if (side.looks.size() < 2) {
        return all;
    }
    const auto& before = side.looks.front().timers;
    for (const auto& [name, after] : side.looks.back().timers) {
        const auto found = before.find(name);
        const auto from = found == before.end() ? ServerTimer{} : found->second;
        if (after.count > from.count) {
            all.emplace_back(name, ServerTimer{after.count - from.count,
                                               after.milliseconds - from.milliseconds});
        }
    }
    return all;
}

/// "memory 210 MB -> 340 MB", "" where it was not seen at both ends.
template <class Text>
std::string change(std::string_view what, const ServerSide& side,
                   std::optional<std::uint64_t> ServerLook::* field, Text text) {
    const auto& before = side.looks.front().*field;
    const auto& after = side.looks.back().*field;
    return before && after ? fmt::format("{} {} -> {}", what, text(*before), text(*after))
                           : std::string();
}

std::string processor_text(const ServerSide& side, std::uint64_t leaves) {
    const auto& before = side.looks.front();
    const auto& after = side.looks.back();
    const auto lasted = std::chrono::duration<double>(after.at - before.at).count();
    if (!before.processor || !after.processor || lasted <= 0) {
        return {};
    }
    const std::chrono::duration<double> used = *after.processor - *before.processor;
    auto text = fmt::format("CPU {:.2f} cores", used.count() / lasted);
    if (leaves > 0) {
        text +=
            fmt::format(" ({} a leaf)", stats::latency_text(std::chrono::duration_cast<Duration>(
                                            used / static_cast<double>(leaves))));
    }
    return text;
}

std::string plain(std::uint64_t number) {
    return std::to_string(number);
}

}  // namespace

ServerLook read_prometheus(std::string_view text) {
    ServerLook look;
    for (const auto& line : split(text, '\n')) {
        if (const auto sample = sample_of(trim(line))) {
            take_sample(sample->first, sample->second, look);
        }
    }
    return look;
}

ServerLook read_metrics_json(const vault::Json& json) {
    ServerLook look;
    if (!json.is_object() || !json.contains("Gauges") || !json["Gauges"].is_array()) {
        return look;
    }
    for (const auto& gauge : json["Gauges"]) {
        if (!gauge.is_object() || !gauge.contains("Name") || !gauge.contains("Value") ||
            !gauge["Value"].is_number()) {
            continue;
        }
        const auto value = whole(gauge["Value"].get<double>());
        if (gauge["Name"] == "vault.runtime.num_goroutines") {
            look.goroutines = value;
        } else if (gauge["Name"] == "vault.runtime.alloc_bytes") {
            look.allocated_bytes = value;
        }
    }
    return look;
}

Task<void> watch_server(run::Environment& environment, vault::Client vault, ServerSide& side,
                        Task<void> load) {
    if (environment.virtual_time() || environment.fake_vaults()) {
        if (!environment.virtual_time()) {
            side.unseen.emplace_back("the fakes run inside this program");
        }
        co_await std::move(load);
        co_return;
    }
    Watch watch(environment, std::move(vault), side);
    co_await watch.look();
    TaskGroup beside;
    co_await beside.spawn(watch.go_on());
    std::exception_ptr problem;
    try {
        co_await std::move(load);
    } catch (...) {
        problem = std::current_exception();
    }
    beside.cancel();
    co_await beside.join();
    co_await watch.look();
    if (problem) {
        std::rethrow_exception(problem);
    }
}

std::string server_line(const ServerSide& side, std::uint64_t leaves) {
    if (side.looks.size() < 2) {
        return {};
    }
    std::vector<std::string> parts{processor_text(side, leaves),
                                   change("memory", side, &ServerLook::memory_bytes, megabytes),
                                   change("heap", side, &ServerLook::allocated_bytes, megabytes),
                                   change("goroutines", side, &ServerLook::goroutines, plain)};
    std::erase(parts, std::string());
    return fmt::format("server{}: {}",
                       side.process.empty() ? std::string() : fmt::format(" ({})", side.process),
                       join(parts, ", "));
}

std::string server_markdown(const ServerSide& side) {
    std::string text;
    const auto cell = [](const std::optional<std::uint64_t>& value, auto shown) {
        return value ? shown(*value) : std::string("-");
    };
    if (!side.looks.empty()) {
        text += "| at | CPU so far | memory | heap | goroutines |\n|---|---|---|---|---|\n";
    }
    for (const auto& look : side.looks) {
        text += fmt::format("| {:.1f} s | {} | {} | {} | {} |\n",
                            std::chrono::duration<double>(look.at - side.looks.front().at).count(),
                            look.processor ? stats::latency_text(*look.processor) : "-",
                            cell(look.memory_bytes, megabytes),
                            cell(look.allocated_bytes, megabytes), cell(look.goroutines, plain));
    }
    if (const auto timers = spent(side); !timers.empty()) {
        text += "\n| timer of the server | times | mean |\n|---|---|---|\n";
        for (const auto& [name, timer] : timers) {
            text += fmt::format("| {} | {:.0f} | {:.3g} ms |\n", markdown_text(name), timer.count,
                                timer.milliseconds / timer.count);
        }
    }
    for (const auto& why : side.unseen) {
        text += fmt::format("{}- not seen: {}\n", text.ends_with("|\n") ? "\n" : "",
                            markdown_text(why));
    }
    return text;
}

}  // namespace meshproof::load
