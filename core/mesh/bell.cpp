#include "core/mesh/bell.hpp"

#include "core/time/within.hpp"

namespace meshproof::mesh {
namespace {

Task<Result<void>> rung(Bell& bell, std::uint64_t seen) {
    co_await bell.wait_past(seen);
    co_return Result<void>();
}

}  // namespace

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
    // Whichever came first, the caller looks at the world again.
    const auto ended = co_await within(clock, deadline - clock.elapsed(), rung(*this, seen));
    static_cast<void>(ended);
}

}  // namespace meshproof::mesh
