// Programs of others: what they say, how they end, and that none holds us up.
#include "core/base/program.hpp"

#include <gtest/gtest.h>

namespace meshproof {
namespace {

using namespace std::chrono_literals;

/// No test comes near it.
constexpr auto long_enough = 60s;

ProgramCall shell(std::string script) {
    return {.words = {"sh", "-c", std::move(script)},
            .environment = own_environment(),
            .keep_errors = true};
}

TEST(Program, SaysWhatItWroteAndHowItEnded) {
    const auto end = run_program(shell("echo out; echo wrong >&2; exit 7"), long_enough);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->output, "out\n");
    EXPECT_EQ(end->errors, "wrong\n");
    EXPECT_EQ(end->code, 7);
}

TEST(Program, OneThatASignalEndsHasItsNumber) {
    const auto end = run_program(shell("kill -TERM $$"), long_enough);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->code, 128 + 15);
}

TEST(Program, GetsTheVariablesThatItIsGivenAndNoOther) {
    // A shell sets three of its own.
    auto call = shell("env | grep -v -e ^WORD= -e ^PATH= -e ^PWD= -e ^SHLVL= -e ^_=; echo $WORD");
    call.environment = {{"PATH", own_environment()["PATH"]}, {"WORD", "given"}};
    const auto end = run_program(call, long_enough);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->output, "given\n");
}

TEST(Program, MoreThanAPipeHoldsComesWhole) {
    const auto end = run_program(shell("head -c 1000000 /dev/zero"), long_enough);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->output.size(), 1'000'000U);
}

TEST(Program, HasEndedThoughSomebodyHoldsItsOutput) {
    const auto end = run_program(shell("sleep 600 & echo $!"), long_enough);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(run_program(shell("kill " + end->output), long_enough)->code, 0);
}

TEST(Program, IsKilledAtTheLimit) {
    const auto end = run_program(shell("exec sleep 600"), 1ms);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().message, "sh: it did not end in 1 s, or said too much");
}

TEST(Program, OneThatIsNotThereIsNotFound) {
    const auto end = run_program({.words = {"no-such-program"}}, long_enough);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, FailureKind::not_found);
}

}  // namespace
}  // namespace meshproof
