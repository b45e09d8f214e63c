#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace meshproof::cli {

/// What this program was given by whoever started it, before it changed anything: a command that
/// it starts gets the same.
class Inherited {
  public:
    /// Made before any thread, signal mask or file.
    Inherited();

    [[nodiscard]] const sigset_t& signals() const { return signals_; }
    /// Of the environment, without what would lead a client elsewhere: the variables of Vault,
    /// OpenBao and kubectl, and of another `serve`.
    [[nodiscard]] static std::vector<std::pair<std::string, std::string>> environment();
    /// Has no program that is started from here on hold what we opened: a port would stay open for
    /// as long as something of the command runs.
    void keep_files_to_ourselves() const;

  private:
    sigset_t signals_{};
    std::set<int> files_;
};

/// A command that runs for as long as the fakes serve: `meshproof serve -- COMMAND`. Signals of
/// others are passed on to it; those of the terminal reach it anyway.
class ServedCommand {
  public:
    /// Takes signals from here on. `on_end` is called once, on a thread of its own: when the
    /// command has ended, or at the first signal before it was started. Made before any thread.
    ServedCommand(const Inherited& inherited, std::function<void()> on_end);
    ServedCommand(const ServedCommand&) = delete;
    ServedCommand& operator=(const ServedCommand&) = delete;
    /// Ends the command, where it still runs, and waits for it.
    ~ServedCommand();

    /// Starts it, with these variables before those that we were given. What cannot be started has
    /// ended, with the code that a shell gives; why is told on stderr.
    void start(const std::vector<std::string>& words,
               const std::vector<std::pair<std::string, std::string>>& variables);
    /// Asks it to end, as a SIGTERM does.
    void end();
    /// The command's exit code, or 128 and the number of the signal that ended it; before it was
    /// started, of the one that came for us.
    [[nodiscard]] int exit_code() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::cli
