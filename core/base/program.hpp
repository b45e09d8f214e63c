#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace meshproof {

/// A program of somebody else's, as it is run: a credential plugin, a client of Vault. Its stdin is
/// empty, so it can ask nobody.
struct ProgramCall {
    std::vector<std::string> words;                    ///< the first is looked for on PATH
    std::map<std::string, std::string> environment{};  ///< all that it gets
    bool keep_errors = false;  ///< its stderr is gathered; else it goes to ours
};

/// What it said until it ended.
struct ProgramEnd {
    int code = 0;  ///< its exit code; 128 and the signal where one ended it
    std::string output, errors;
};

/// The variables of this process.
[[nodiscard]] std::map<std::string, std::string> own_environment();

/// Runs the program, and waits for its end at most so long, blocking: then it is killed. Failures:
/// not_found where there is no such program, else invalid; none holds anything of what it said.
[[nodiscard]] Result<ProgramEnd> run_program(const ProgramCall& call,
                                             std::chrono::milliseconds limit);

}  // namespace meshproof
