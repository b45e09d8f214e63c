#pragma once

#include <algorithm>

#include "core/kube/client.hpp"
#include "core/mesh/backoff.hpp"
#include "core/mesh/mesh.hpp"
#include "core/time/within.hpp"

/// How what a cluster holds is followed: listed once, then watched from there on.
namespace meshproof::mesh {

/// The list, then watch after watch, each from where the last one ended. What breaks that is waited
/// out, and then we list again; until cancelled. `list()` and `watch(version)` are tasks of the
/// version at their clean end.
template <class List, class Watch>
[[nodiscard]] Task<void> keep_following(const Mesh& mesh, Backoff& backoff, List list,
                                        Watch watch) {
    while (true) {
        Result<std::string> version = co_await list();
        while (version) {
            backoff.reset();
            version = co_await watch(*version);
        }
        co_await mesh.clock.sleep_for(backoff.after(
            Action::retry, mesh.options.schedule, mesh.usual_life(), version.error().retry_after));
    }
}

/// For how long the server is asked to keep a watch open.
[[nodiscard]] inline Duration watch_limit(const Mesh& mesh) {
    return std::max<Duration>(mesh.usual_life() / 4, std::chrono::seconds(1));
}

/// One watch, and the version at its clean end. `take(event)` is a task of Result<void>, and gets
/// all but bookmarks and errors; its failure ends the watch.
template <class Object, class Take>
[[nodiscard]] Task<Result<std::string>> watch_once(const Mesh& mesh,
                                                   Task<Result<kube::Watch<Object>>> opening,
                                                   std::string version, Take take) {
    auto& clock = mesh.clock;
    const auto limit = watch_limit(mesh);
    const auto begun = clock.elapsed();
    auto watch = co_await std::move(opening);
    if (!watch) {
        co_return propagate(watch);
    }
    while (true) {
        // A connection that went silent looks like a quiet cluster, but for the end that the server
        // owes us.
        auto event = co_await within(clock, limit * 2, watch->next());
        if (!event) {
            co_return propagate(event);
        }
        if (!*event) {
            break;
        }
        if ((*event)->kind == kube::WatchKind::error) {
            co_return fail(FailureKind::server, "the watch ended: {}", (*event)->error);
        }
        version = (*event)->resource_version;
        if ((*event)->kind != kube::WatchKind::bookmark) {
            Result<void> taken = co_await take(std::move(**event));
            if (!taken) {
                co_return propagate(taken);
            }
        }
    }
    if (clock.elapsed() - begun < limit / 2) {
        co_return fail(FailureKind::closed, "the watch ended before its time");
    }
    co_return version;
}

}  // namespace meshproof::mesh
