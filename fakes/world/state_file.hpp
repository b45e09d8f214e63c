#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {

/// A file that holds what served fakes held. Only its owner can read it: tokens, unseal keys and
/// private keys are in it. From read() or the first write() on it is ours (flock) until the end.
class StateFile {
  public:
    explicit StateFile(std::string path) : path_(std::move(path)) {}

    struct Kept {
        std::uint64_t seed = 0;
        vault::Product product = vault::Product::openbao;
        nlohmann::json servers;  ///< for FakeServersOptions::state
    };
    /// What such a file says. Failures are `invalid` and one line.
    [[nodiscard]] static Result<Kept> parse(std::string_view text);
    /// Nothing where there is no such file yet; `invalid` where it is no state of this program's,
    /// or where another process keeps its state in it.
    [[nodiscard]] Result<std::optional<Kept>> read();
    /// What the servers hold now, as such a file has it.
    [[nodiscard]] static nlohmann::json document(const FakeServers& servers, std::uint64_t seed,
                                                 vault::Product product);
    /// Writes a document, whole or not at all, unless the file holds just that. Any thread, one at
    /// a time.
    [[nodiscard]] Result<void> write(nlohmann::json document);
    /// The same with what the servers hold now.
    [[nodiscard]] Result<void> write(const FakeServers& servers, std::uint64_t seed,
                                     vault::Product product) {
        return write(document(servers, seed, product));
    }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    [[nodiscard]] Result<void> hold();

    std::string path_;
    std::shared_ptr<const int> held_;  ///< the descriptor that the lock hangs on
    std::string written_;
};

}  // namespace meshproof::fakes
