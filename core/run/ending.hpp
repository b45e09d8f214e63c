#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/run/environment.hpp"
#include "core/time/signal.hpp"

namespace meshproof::run {

/// Who asks a run to stop.
enum class StopReason { signal, time_limit };
/// What is said of what it cut short: "interrupted".
[[nodiscard]] std::string_view told_of(StopReason reason);

/// A request to stop, from any thread: what runs ends, cleans up and is `blocked`; the rest is not
/// run.
class StopSource {
  public:
    /// The first one's reason is the reason.
    void request(StopReason reason = StopReason::signal);
    [[nodiscard]] bool requested() const { return requested_; }
    /// Of a stop that was requested.
    [[nodiscard]] StopReason reason() const { return reason_; }
    /// Calls back on request (at once if it was requested before), until the returned number is
    /// forgotten.
    std::size_t on_request(std::function<void()> callback);
    void forget(std::size_t number);

  private:
    std::atomic<StopReason> reason_{StopReason::signal};
    std::atomic<bool> requested_{false};
    std::mutex mutex_;
    std::map<std::size_t, std::function<void()>> callbacks_;
    std::size_t next_ = 0;
};

/// Thrown to end a scenario or a check whose next step would make no sense: a failure with this
/// text, not `blocked`.
class ScenarioEnded : public std::exception {
  public:
    explicit ScenarioEnded(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

  private:
    std::string text_;
};

/// How a piece of a scenario or check ended.
struct Ending {
    enum class Kind { done, failed, blocked } kind = Kind::done;
    std::string text;
    bool cut_short =
        false;  ///< cancelled in the middle: a request under way may still have created something
};

/// Never throws, so that it can be raced against a limit and a stop (a losing branch's exception
/// would be swallowed).
[[nodiscard]] Task<Ending> settle(Task<void> work);

/// Wakes one event loop when a stop is requested, for as long as this lives.
class Stopping {
  public:
    Stopping(StopSource* source, Environment& environment);
    ~Stopping();
    Stopping(const Stopping&) = delete;
    Stopping& operator=(const Stopping&) = delete;

    [[nodiscard]] bool requested() const { return source_ != nullptr && source_->requested(); }
    [[nodiscard]] StopReason reason() const {
        return source_ == nullptr ? StopReason::signal : source_->reason();
    }
    /// Until a stop is requested; at once where it was before.
    [[nodiscard]] Task<void> wait();

  private:
    StopSource* source_;
    std::size_t number_ = 0;
    /// What was posted from another thread may come when this is gone.
    std::shared_ptr<Signal> requested_ = std::make_shared<Signal>();
};

/// `work`, ended by the limit or by a stop where it does not end before; `at_cut` is called first.
[[nodiscard]] Task<Ending> limited(Clock& clock, Task<void> work, Duration limit, Stopping& stop,
                                   std::function<void()> at_cut = {});

/// Verdict, reason and failures of an outcome, from how it ended, what did not hold, and what its
/// clean-up met. The cause comes first: whoever was blocked may have no means to clean up, either.
void judge(Outcome& outcome, const Ending& ending, std::vector<std::string> failures,
           std::vector<std::string> of_clean_up = {});
/// A failure that the target's file lists is a deviation, with the reason given there.
void allow_deviation(Outcome& outcome, const std::map<std::string, std::string>& deviations);

}  // namespace meshproof::run
