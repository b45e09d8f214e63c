#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/time/clock.hpp"

namespace meshproof {

/// Virtual time over one io_context: it stands still while anything can run, then jumps to the
/// earliest deadline. Equal deadlines are resumed in the order in which the sleeps began, so a run
/// is a function of its seed.
class SimClock final : public Clock {
  public:
    SimClock(boost::asio::io_context& context, Time start);
    ~SimClock() override;

    [[nodiscard]] Time now() const override;
    [[nodiscard]] Duration elapsed() const override;
    [[nodiscard]] Task<bool> rest(Duration duration) override;

    /// Runs events until `done()`. Throws CannotGoOn if nothing can happen any more, or after
    /// `limit` of virtual time.
    void run_until(const std::function<bool()>& done,
                   Duration limit = std::chrono::hours(24 * 365 * 20));

    /// Runs one coroutine to its end and gives back its value or exception.
    template <class T>
    T run(Task<T> work);

  private:
    struct State;
    boost::asio::io_context& context_;
    std::shared_ptr<State> state_;
};

/// The same on real time: runs the context until the coroutine has ended.
template <class T>
T run_real(boost::asio::io_context& context, Task<T> work);

}  // namespace meshproof

#include "core/time/run.inl"
