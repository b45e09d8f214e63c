#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace meshproof {

/// The one coroutine type. Coroutines are named functions (never capturing lambdas), and whoever
/// spawns one joins it.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace meshproof
