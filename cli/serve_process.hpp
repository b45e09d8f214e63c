#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/result.hpp"

namespace meshproof::cli {

/// A process as no other one is: its number may be given again, after a restart of the machine too.
struct ProcessIdentity {
    int pid = 0;
    std::uint64_t start_ticks = 0;  ///< since the machine started (proc(5), stat, field 22)
    std::string boot;               ///< which start of the machine that was
    bool operator==(const ProcessIdentity&) const = default;
};
/// Nothing where there is no such process, or where it has ended.
[[nodiscard]] std::optional<ProcessIdentity> identity_of(int pid);
[[nodiscard]] nlohmann::ordered_json identity_json(const ProcessIdentity& process);

/// The process that a document of `serve` (serve.json, --ready-file) names; `invalid` where the
/// file is no such document.
[[nodiscard]] Result<ProcessIdentity> read_served_process(const std::string& path);

/// Ends the server whose folder or ready file this is, and waits until it has ended; gives the exit
/// code. A process that is another one by now is left alone.
[[nodiscard]] int stop_served(const std::string& where);

/// A server that goes on after the program which started it.
class Detached {
  public:
    Detached() = default;
    Detached(const Detached&) = delete;
    Detached& operator=(const Detached&) = delete;
    ~Detached();

    /// Goes on in a new process, without a terminal. There, gives nothing; in the one that was
    /// started, the exit code to end with, as soon as the new one is ready or has ended. Called
    /// before there is any thread.
    [[nodiscard]] std::optional<int> leave();
    /// Lets the caller of leave() go; what is said from here on goes to the file `log`. False where
    /// nobody waits any more. Does nothing before leave().
    [[nodiscard]] bool ready(const std::string& log);

  private:
    int told_ = -1;
};

/// Calls `on_gone` once when the process that started this one has ended, however that was. Made
/// before any thread.
class ParentWatch {
  public:
    explicit ParentWatch(std::function<void()> on_gone);
    ~ParentWatch();
    ParentWatch(const ParentWatch&) = delete;
    ParentWatch& operator=(const ParentWatch&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::cli
