#pragma once

#include "core/run/sweep.hpp"
#include "perf/load/load.hpp"

namespace meshproof::load {

/// A whole load on the fakes, when it has ended.
struct Played {
    Outcome outcome;
    std::vector<std::string> left;  ///< what a look at the servers finds afterwards

    void see(const run::Swept& swept) {
        for (const auto& object : swept.found) {
            left.push_back(object.text());
        }
    }
};

}  // namespace meshproof::load
