// The headers that most files need and none of ours: a change here rebuilds everything.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

// A member that a JSON value lacks is an exception, as a wrong type is: a server's answer must not end the program.
namespace meshproof {
[[noreturn]] inline void json_fault() {
    throw std::out_of_range("a JSON value lacks a member that is read from it");
}
}  // namespace meshproof
#define JSON_ASSERT(holds) (static_cast<bool>(holds) ? void() : ::meshproof::json_fault())
#include <nlohmann/json.hpp>
#include <tl/expected.hpp>
