#include "core/mesh/bell.hpp"

#include "core/time/within.hpp"

namespace meshproof::mesh {

void Bell::ring() {
    ++count_;
    signal_.notify_all();
}

Task<void> Bell::wait_past(std::uint64_t seen) {
    while (count_ == seen) {
        co_await signal_.wait();
    }
}

Task<void> Bell::wait_past(std::uint64_t seen, Clock& clock, Duration deadline) {
    // Whichever came first, the caller looks at the world again. Most of these waits end with their
    // time: that is no exception.
    const auto ended = co_await within(clock, deadline - clock.elapsed(), rung_past(seen));
    if (ended && !*ended) {
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    }
}

Task<Result<bool>> Bell::rung_past(std::uint64_t seen) {
    while (count_ == seen) {
        if (!co_await signal_.rest()) {
            co_return Result<bool>(false);
        }
    }
    co_return Result<bool>(true);
}

}  // namespace meshproof::mesh
