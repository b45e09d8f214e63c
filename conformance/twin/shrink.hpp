#pragma once

#include <functional>

#include "conformance/twin/player.hpp"

namespace meshproof::twin {

struct ShrinkOptions {
    std::size_t tries = 150;                                ///< stories that are played for it
    std::function<bool()> stopping = [] { return false; };  ///< ends it with the best so far
};

struct Shrunk {
    Story story;    ///< the smallest that was found
    Played played;  ///< as it went the last time
    std::size_t tried = 0;
    bool steady = true;  ///< it differed in the same way when it was played again at first
};

/// The fewest requests, with the fewest and plainest members, that still end in the difference of
/// this signature. `story` is one that did. Members whose words are the only ones that may be sent
/// (Word::only) stay as they are: another value could name what is not the run's.
[[nodiscard]] Task<Shrunk> shrink(Player& player, const Vocabulary& vocabulary, Story story,
                                  std::string signature, ShrinkOptions options);

}  // namespace meshproof::twin
