#include "cli/serve_state.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <new>
#include <tuple>
#include <utility>

#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/time/within.hpp"

namespace meshproof::cli {
namespace {

/// On the writer's thread.
Task<Result<void>> write_document(fakes::StateFile& file, nlohmann::json document) {
    co_return file.write(std::move(document));
}

}  // namespace

Task<Result<void>> stopped(Stop& stop) {
    while (!stop.asked) {
        co_await stop.signal.wait();
    }
    co_return Result<void>();
}

Task<Result<void>> StateKeeper::wanted() {
    while (!stop_.asked && wanted_ <= done_) {
        co_await stop_.signal.wait();
    }
    co_return Result<void>();
}

Task<Result<void>> StateKeeper::write(fakes::FakeServers& servers) {
    const auto number = ++begun_;
    try {
        auto document = fakes::StateFile::document(servers, seed_, product_);
        last_ = co_await boost::asio::co_spawn(writer_.get_executor(),
                                               write_document(file_, std::move(document)),
                                               boost::asio::use_awaitable);
    } catch (const std::bad_alloc&) {  // others give theirs back: it is tried again, as a full disk
        last_ = fail(FailureKind::invalid, "cannot write {}: no memory for it", file_.path());
    }
    done_ = number;
    finished_.notify_all();
    co_return last_;
}

Task<void> StateKeeper::keep(fakes::FakeServers& servers, const std::size_t& served, Clock& clock) {
    constexpr Duration pause = std::chrono::seconds(5);
    const auto now = [&] {
        return std::tuple(served, servers.clock().offset(), servers.vault().sealed());
    };
    auto kept = now();
    bool warned = false;
    while (!stop_.asked) {
        (void)co_await within(clock, pause, wanted());
        const auto at = now();
        if (stop_.asked || (wanted_ <= done_ && at == kept)) {
            continue;
        }
        const auto written = co_await write(servers);
        if (written) {
            kept = at;
            warned = false;
        } else if (!std::exchange(warned, true)) {
            log::warning(written.error().message + "; it is tried again");
        }
    }
    // Here and now: what is answered while another thread writes would be lost.
    if (const auto written = file_.write(servers, seed_, product_); !written) {
        throw CannotGoOn(written.error(), "what changed since the last write is lost");
    }
    ++begun_;
    done_ = begun_;
    last_ = Result<void>();
    finished_.notify_all();
}

Task<Result<void>> StateKeeper::acknowledged() {
    const auto mine = begun_ + 1;
    wanted_ = std::max(wanted_, mine);
    stop_.signal.notify_all();
    while (done_ < mine) {
        co_await finished_.wait();
    }
    co_return last_;
}

}  // namespace meshproof::cli
