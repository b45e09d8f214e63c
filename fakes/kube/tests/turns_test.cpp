#include "fakes/kube/turns.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <string>

namespace meshproof::fakes::kube {
namespace {

Task<void> let_others_go() {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                               boost::asio::use_awaitable);
}

Task<void> work_in_turn(Turns& turns, std::string name, std::string& log) {
    const auto turn = co_await turns.take();
    log += name + "+ ";
    co_await let_others_go();
    log += name + "- ";
}

Task<void> take_into(Turns& turns, std::unique_ptr<Turns::Turn>& turn) {
    turn = co_await turns.take();
}

Task<void> write_unless_paused(Turns& turns, std::string& log) {
    co_await turns.until_unpaused();
    log += "written ";
}

class TurnsTest : public testing::Test {
  protected:
    void begin(Task<void> work) {
        boost::asio::co_spawn(context, std::move(work), boost::asio::detached);
    }

    boost::asio::io_context context;
    Turns turns;
    std::string log;
};

TEST_F(TurnsTest, OneAfterTheOtherInTheOrderInWhichTheyAsk) {
    for (const auto* name : {"a", "b", "c"}) {
        begin(work_in_turn(turns, name, log));
    }
    context.run();
    EXPECT_EQ(log, "a+ a- b+ b- c+ c- ");
}

// As where its client has gone.
TEST_F(TurnsTest, WhoWaitsMayGiveUp) {
    std::unique_ptr<Turns::Turn> held;
    begin(take_into(turns, held));
    boost::asio::cancellation_signal cancel;
    boost::asio::co_spawn(
        context, work_in_turn(turns, "a", log),
        boost::asio::bind_cancellation_slot(cancel.slot(), boost::asio::detached));
    begin(work_in_turn(turns, "b", log));
    context.poll();
    ASSERT_NE(held, nullptr);
    EXPECT_EQ(log, "") << "both wait";
    cancel.emit(boost::asio::cancellation_type::terminal);
    context.restart();
    context.poll();  // it is told on the loop
    held.reset();
    context.restart();
    context.run();
    EXPECT_EQ(log, "b+ b- ");
}

TEST_F(TurnsTest, APauseKeepsWritersWaiting) {
    auto first = turns.pause(), second = turns.pause();
    EXPECT_TRUE(turns.paused());
    begin(write_unless_paused(turns, log));
    context.poll();
    first.reset();
    context.restart();
    context.poll();
    EXPECT_EQ(log, "");
    second.reset();
    EXPECT_FALSE(turns.paused());
    context.restart();
    context.poll();
    EXPECT_EQ(log, "written ");
}

// What a thread still holds when the server is gone.
TEST_F(TurnsTest, ATurnMayOutliveThem) {
    auto others = std::make_unique<Turns>();
    std::unique_ptr<Turns::Turn> turn;
    begin(take_into(*others, turn));
    context.run();
    ASSERT_NE(turn, nullptr);
    others.reset();
    turn.reset();
}

}  // namespace
}  // namespace meshproof::fakes::kube
