#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/text.hpp"

namespace meshproof {

namespace fs = std::filesystem;

/// A file of the project's C++.
struct Source {
    std::string path;  ///< relative to the checkout
    std::vector<std::string> lines;
};

inline std::vector<Source> sources() {
    std::vector<Source> found;
    for (const auto* folder :
         {"core", "fakes", "scenarios", "conformance", "perf", "reports", "cli"}) {
        if (!fs::exists(folder)) {
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            const auto extension = entry.path().extension();
            if (extension == ".cpp" || extension == ".hpp" || extension == ".inl") {
                found.push_back(
                    {entry.path().string(), split(read_file(entry.path().string()).value(), '\n')});
            }
        }
    }
    return found;
}

}  // namespace meshproof
