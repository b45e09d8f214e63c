#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshproof::run {

/// One thing that happened in a scenario: logical fields only, so that one seed gives one story.
struct TraceEvent {
    using Fields = std::vector<std::pair<std::string, std::string>>;

    std::chrono::milliseconds at{};  ///< since the scenario began, on the run's clock
    /// Who did it or whom it befell: a pod as "CLUSTER/POD", "control-plane", "admin", "scenario",
    /// "monitor".
    std::string actor;
    std::string kind;  ///< the mesh's own words ("leaf", "pod ready"), or one of those below
    Fields fields;     ///< in the order of the text; no name twice

    bool operator==(const TraceEvent&) const = default;
};

/// Something that the mesh tells, with the pod's name as actor where one is concerned.
[[nodiscard]] TraceEvent mesh_event(std::string what, TraceEvent::Fields fields);
/// Kind "request"; `outcome` is the status, or the kind of failure.
[[nodiscard]] TraceEvent request_event(std::string actor, std::string method, std::string target,
                                       std::string outcome);
/// Kinds "note", "expectation failed" and "monitor violated", each with one field, `text`.
[[nodiscard]] TraceEvent note_event(std::string text);
[[nodiscard]] TraceEvent expectation_event(std::string text);
[[nodiscard]] TraceEvent violation_event(std::string text);

/// The event as a line without its time: "leaf cluster=alpha pod=web-1 id=spiffe://…",
/// "admin GET /v1/sys/health 200".
[[nodiscard]] std::string text_of(const TraceEvent& event);
/// The same after its milliseconds, right-aligned.
[[nodiscard]] std::string timed_text_of(const TraceEvent& event);

}  // namespace meshproof::run
