#include "core/run/ledger.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/time/sim_clock.hpp"

namespace meshproof::run {
namespace {

using Lines = std::vector<std::string>;

Task<Result<void>> note(Lines& undone, std::string what, std::optional<FailureKind> refused) {
    undone.push_back(what);
    if (refused) {
        co_return fail(*refused, "no {}", what);
    }
    co_return Result<void>{};
}

Task<Result<void>> go_wrong() {
    throw std::runtime_error("the server is gone");
    co_return Result<void>{};
}

Task<Lines> undo(Ledger& ledger) {
    co_return co_await ledger.undo_all();
}

TEST(Ledger, UndoesTheLastFirstAndGoesOnAfterARefusal) {
    Ledger ledger{RunMark("k3f9a2")};
    Lines undone;
    const auto enter = [&](std::string what, std::optional<FailureKind> refused = {}) {
        ledger.at_end("the " + what,
                      [&undone, what, refused] { return note(undone, what, refused); });
    };
    enter("first");
    enter("refused", FailureKind::denied);
    enter("gone", FailureKind::not_found);
    ledger.at_end("the impossible", [] { return go_wrong(); });
    enter("last");
    EXPECT_EQ(ledger.size(), 5U);
    boost::asio::io_context context;
    EXPECT_EQ(run_real(context, undo(ledger)),
              (Lines{"the impossible: the server is gone", "the refused: no refused"}));
    EXPECT_EQ(undone, (Lines{"last", "gone", "refused", "first"}));
    EXPECT_EQ(ledger.size(), 0U);
}

}  // namespace
}  // namespace meshproof::run
