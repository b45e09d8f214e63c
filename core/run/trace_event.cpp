#include "core/run/trace_event.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace meshproof::run {
namespace {

constexpr std::string_view request = "request", note = "note",
                           expectation_failed = "expectation failed",
                           monitor_violated = "monitor violated";

std::string_view field(const TraceEvent::Fields& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, [](const auto& one) { return one.first; });
    return found == fields.end() ? std::string_view() : found->second;
}

}  // namespace

TraceEvent mesh_event(std::string what, TraceEvent::Fields fields) {
    const auto cluster = field(fields, "cluster"), pod = field(fields, "pod");
    auto actor = pod.empty()       ? std::string("control-plane")
                 : cluster.empty() ? std::string(pod)
                                   : fmt::format("{}/{}", cluster, pod);
    return {{}, std::move(actor), std::move(what), std::move(fields)};
}

TraceEvent request_event(std::string actor, std::string method, std::string target,
                         std::string outcome) {
    return {{},
            std::move(actor),
            std::string(request),
            {{"method", std::move(method)},
             {"target", std::move(target)},
             {"outcome", std::move(outcome)}}};
}

TraceEvent note_event(std::string text) {
    return {{}, "scenario", std::string(note), {{"text", std::move(text)}}};
}

TraceEvent expectation_event(std::string text) {
    return {{}, "scenario", std::string(expectation_failed), {{"text", std::move(text)}}};
}

TraceEvent violation_event(std::string text) {
    return {{}, "monitor", std::string(monitor_violated), {{"text", std::move(text)}}};
}

std::string text_of(const TraceEvent& event) {
    if (event.kind == note) {
        return std::string(field(event.fields, "text"));
    }
    if (event.kind == expectation_failed || event.kind == monitor_violated) {
        return fmt::format("{}: {}", event.kind, field(event.fields, "text"));
    }
    const bool asked = event.kind == request;
    auto line = asked ? event.actor : event.kind;
    for (const auto& [name, value] : event.fields) {
        line += asked ? fmt::format(" {}", value) : fmt::format(" {}={}", name, value);
    }
    return line;
}

std::string timed_text_of(const TraceEvent& event) {
    return fmt::format("{:>12} {}", event.at.count(), text_of(event));
}

}  // namespace meshproof::run
