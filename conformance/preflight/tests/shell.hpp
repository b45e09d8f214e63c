#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/kube/client.hpp"
#include "core/vault/client.hpp"

namespace meshproof::preflight {

/// A command line as a POSIX shell reads it, as far as printed commands go.
struct CommandLine {
    std::vector<std::string> words;
    std::string input;    ///< of a heredoc
    std::string written;  ///< the file after >, "" = none
};
[[nodiscard]] CommandLine read_command(const std::string& text);

/// Carries out `bao`, `vault` and `kubectl` command lines as calls of the APIs, so that what mends
/// in a test is what was printed. Files are kept in memory; what `sed` puts in place of what is
/// kept for the account file's owner.
class Shell {
  public:
    Shell(vault::Client vault, kube::Client kube)
        : vault_(std::move(vault)), kube_(std::move(kube)) {}
    /// invalid for a command that it does not know.
    [[nodiscard]] Task<Result<void>> run(std::string command);
    std::map<std::string, std::string> files;
    std::vector<std::pair<std::string, std::string>> replaced;  ///< by sed: this with that

  private:
    [[nodiscard]] Task<Result<void>> vault_command(CommandLine line);
    [[nodiscard]] Task<Result<void>> mount_command(CommandLine line);
    [[nodiscard]] Task<Result<void>> kubectl(CommandLine line);
    [[nodiscard]] Result<void> sed(const CommandLine& line);
    [[nodiscard]] Result<void> move(const CommandLine& line);
    [[nodiscard]] vault::Json body_of(const CommandLine& line, std::size_t from) const;

    vault::Client vault_;
    kube::Client kube_;
};

}  // namespace meshproof::preflight
