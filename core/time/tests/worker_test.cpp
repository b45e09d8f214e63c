#include "core/time/worker.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"

namespace meshproof {
namespace {

Task<std::thread::id> thread_of_work(Worker* worker) {
    co_return co_await aside(worker, [] { return std::this_thread::get_id(); });
}

TEST(Worker, WorksOnAThreadOfItsOwn) {
    boost::asio::io_context context;
    Worker worker;
    EXPECT_NE(run_real(context, thread_of_work(&worker)), std::this_thread::get_id());
    EXPECT_EQ(run_real(context, thread_of_work(nullptr)), std::this_thread::get_id());
}

Task<void> wait_for(Worker& worker, std::future<void> go, std::string& log) {
    log += co_await worker.aside([go = std::move(go)]() mutable {
        go.wait();
        return std::string("worked ");
    });
}

Task<void> let_go(std::promise<void> go, std::string& log) {
    log += "served ";
    go.set_value();
    co_return;
}

Task<void> serve_meanwhile(Worker& worker, std::string& log) {
    std::promise<void> go;
    TaskGroup group;
    co_await group.spawn(wait_for(worker, go.get_future(), log));
    co_await group.spawn(let_go(std::move(go), log));
    co_await group.join();
}

// If the work held the loop, nobody would ever let it go.
TEST(Worker, TheLoopGoesOn) {
    boost::asio::io_context context;
    Worker worker;
    std::string log;
    run_real(context, serve_meanwhile(worker, log));
    EXPECT_EQ(log, "served worked ");
}

Task<int> failing_work(Worker* worker) {
    co_return co_await aside(worker, []() -> int { throw std::runtime_error("no"); });
}

TEST(Worker, WhatIsThrownIsThrownToWhoeverWaits) {
    boost::asio::io_context context;
    Worker worker;
    EXPECT_THROW((void)run_real(context, failing_work(&worker)), std::runtime_error);
    EXPECT_THROW((void)run_real(context, failing_work(nullptr)), std::runtime_error);
}

// As where a port is closed: what waits is destroyed, and what comes back finds nobody.
TEST(Worker, NobodyNeedsToWaitForTheEnd) {
    std::promise<void> go;
    std::string log;
    boost::asio::io_context context;
    {
        Worker worker;
        boost::asio::cancellation_signal cancel;
        boost::asio::co_spawn(
            context, wait_for(worker, go.get_future(), log),
            boost::asio::bind_cancellation_slot(cancel.slot(), boost::asio::detached));
        context.poll();
        cancel.emit(boost::asio::cancellation_type::terminal);
        context.poll();
        go.set_value();
    }
    context.poll();
    EXPECT_EQ(log, "");
}

}  // namespace
}  // namespace meshproof
