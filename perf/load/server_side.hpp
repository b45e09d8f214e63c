#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/environment.hpp"
#include "core/vault/client.hpp"

namespace meshproof::load {

/// How often a server did something so far, and how long that took in all.
struct ServerTimer {
    double count = 0;
    double milliseconds = 0;
};

/// What a server is at one moment, as far as it can be seen.
struct ServerLook {
    Duration at{};                                               ///< by the run's clock
    std::optional<Duration> processor;                           ///< used so far, of all processors
    std::optional<std::uint64_t> memory_bytes, allocated_bytes;  ///< resident; of that, Go's heap
    std::optional<std::uint64_t> goroutines;
    std::map<std::string, ServerTimer> timers;  ///< "vault_route_update_pki_", …
};

/// The server's side of a load: before it, every few seconds, and after it. Only what is there was
/// seen; `unseen` says why the rest was not.
struct ServerSide {
    std::string process;  ///< "bao, process 4711": read on this machine; "" = by sys/metrics alone
    std::vector<ServerLook> looks;  ///< in order of time; the first is before the load
    std::vector<std::string> unseen;
};

/// From the text of sys/metrics?format=prometheus, of OpenBao and Vault alike. A few timers of many
/// are taken: routes of writes, and what each request passes.
[[nodiscard]] ServerLook read_prometheus(std::string_view text);
/// From the JSON of sys/metrics, where a server is not configured to give the other: no timers.
[[nodiscard]] ServerLook read_metrics_json(const vault::Json& json);

/// Awaits `load` and looks at its server beside it: at the process on a loopback address of this
/// machine, and at sys/metrics as `vault`'s token may. Each look costs the server one request in
/// five seconds. In virtual time, and of fakes in this program, there is nothing to see. What
/// `load` throws is thrown.
[[nodiscard]] Task<void> watch_server(run::Environment& environment, vault::Client vault,
                                      ServerSide& side, Task<void> load);

/// "server (bao, process 4711): CPU 1.43 cores (7.1 ms a leaf), memory 210 MB -> 340 MB, …"; ""
/// where nothing was seen. `leaves` were signed between the first look and the last; of a load that
/// signs none it is 0.
[[nodiscard]] std::string server_line(const ServerSide& side, std::uint64_t leaves);
/// A table of the looks, one of the timers, and why the rest was not seen. Markdown; "" in virtual
/// time.
[[nodiscard]] std::string server_markdown(const ServerSide& side);

}  // namespace meshproof::load
