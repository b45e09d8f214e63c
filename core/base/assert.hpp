#pragma once

#include <fmt/format.h>

#include <string_view>

namespace meshproof {

/// Ends the program with exit code 70 (our own bug) after printing where, what and the seed of the
/// run.
[[noreturn]] void assertion_failed(std::string_view file, int line, std::string_view condition,
                                   std::string_view message);

/// The seed that an assertion prints, so that a crash can be replayed. Set once by the program.
void set_assertion_seed(unsigned long long seed);

}  // namespace meshproof

/// Our own bugs, in release builds too: `MESHPROOF_ASSERT(n > 0, "n is {}", n);`
#define MESHPROOF_ASSERT(condition, ...)                                  \
    do {                                                                  \
        if (!(condition)) {                                               \
            ::meshproof::assertion_failed(__FILE__, __LINE__, #condition, \
                                          ::fmt::format("" __VA_ARGS__)); \
        }                                                                 \
    } while (false)
