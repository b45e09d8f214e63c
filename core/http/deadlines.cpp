#include "core/http/deadlines.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>

namespace meshproof::http {
namespace {

/// The loop itself. A coroutine's own executor may be a gate (GatedExecutor) that closes while
/// others still have deadlines.
boost::asio::io_context& loop_of(const boost::asio::any_io_executor& executor) {
    return static_cast<boost::asio::io_context&>(
        boost::asio::query(executor, boost::asio::execution::context));
}

}  // namespace

std::unique_ptr<Deadlines::Entry> Deadlines::watch(const boost::asio::any_io_executor& executor,
                                                   Wire& wire, Duration at) {
    if (!timer_) {
        timer_.emplace(loop_of(executor));
    }
    std::unique_ptr<Entry> entry(new Entry(shared_from_this(), at, wire));
    arm(entries_.begin()->first);
    return entry;
}

void Deadlines::arm(Duration at) {
    if (armed_ && *armed_ <= at) {
        return;  // it looks at all of them then, and goes on to the next
    }
    armed_.reset();  // without memory nothing is armed: the next request does it
    timer_->expires_after(std::max(at - clock_.elapsed(), Duration::zero()));
    timer_->async_wait([weak = weak_from_this()](boost::system::error_code error) {
        if (const auto all = weak.lock(); all && !error) {
            all->fire();
        }
    });
    armed_ = at;
}

void Deadlines::fire() {
    // What was just between two waits did not notice that it was woken, and is woken again.
    constexpr Duration again = std::chrono::milliseconds(10);
    const auto now = clock_.elapsed();
    armed_.reset();
    auto entry = entries_.begin();
    for (; entry != entries_.end() && entry->first <= now; ++entry) {
        entry->second.passed = true;
        entry->second.wire->wake();  // posts: nobody is resumed here
    }
    if (entry != entries_.end()) {
        arm(entry->first);
    }
    if (entry != entries_.begin()) {
        arm(now + again);
    }
}

}  // namespace meshproof::http
