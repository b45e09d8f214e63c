#include "core/base/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace meshproof {
namespace {
constexpr int exit_own_bug = 70;  // EX_SOFTWARE of sysexits.h
std::atomic<unsigned long long> assertion_seed{0};
}  // namespace

void set_assertion_seed(unsigned long long seed) {
    assertion_seed = seed;
}

void assertion_failed(std::string_view file, int line, std::string_view condition,
                      std::string_view message) {
    fmt::print(
        stderr,
        "meshproof: error: assertion failed at {}:{}: {} {} (seed {})\n"
        "meshproof: hint: this is a bug in meshproof; please report it with the command line\n",
        file, line, condition, message, assertion_seed.load());
    std::fflush(stderr);
#ifdef MESHPROOF_FUZZ
    std::abort();  // for libFuzzer, which then keeps the input
#endif
    std::_Exit(exit_own_bug);
}

}  // namespace meshproof
