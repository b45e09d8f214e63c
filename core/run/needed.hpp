#pragma once

#include <string>

#include "core/base/result.hpp"

namespace meshproof::run {

/// The value, or CannotGoOn with what to do about its absence.
template <class T>
[[nodiscard]] T needed(Result<T> result, const std::string& what, std::string hint) {
    if (!result) {
        throw CannotGoOn(result.error().during(what), std::move(hint));
    }
    return std::move(*result);
}

}  // namespace meshproof::run
