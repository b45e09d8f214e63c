#include "cli/program.hpp"

/// The program that scripts/run has first: scenarios alone, which need half of what all commands
/// need.
namespace meshproof::cli {

void add_commands(CLI::App& app, Command& chosen, std::vector<std::string> /*served*/) {
    add_run(app, chosen);
}

std::vector<std::string> check_ids() {
    return {};
}

}  // namespace meshproof::cli
