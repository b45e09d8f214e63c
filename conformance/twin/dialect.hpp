#pragma once

#include <string>
#include <vector>

#include "conformance/twin/side.hpp"
#include "conformance/twin/story.hpp"
#include "core/run/ledger.hpp"

namespace meshproof::twin {

/// How something that a request made goes again. Of a server's 4xx it is taken that it is gone.
struct Removal {
    std::string method, path;
    Json body{};
    friend bool operator==(const Removal&, const Removal&) = default;
};

/// The run's own namespace in a cluster.
[[nodiscard]] inline std::string home_of(const run::RunMark& mark) {
    return mark.name("twin");
}

/// What the twin has to know of a kind of server beside its description: how it is asked, and what
/// its requests make. It holds no state of a run.
class Dialect {
  public:
    virtual ~Dialect() = default;

    [[nodiscard]] virtual std::string_view server() const = 0;  ///< as in Topic

    /// What the server says of itself, with what the topics need in place only for so long. Throws
    /// CannotGoOn where it cannot be had.
    [[nodiscard]] virtual Task<Description> describe(http::Transport& wire, Side side,
                                                     run::RunMark mark) const = 0;
    [[nodiscard]] virtual Task<std::string> version(http::Transport& wire, Side side) const = 0;
    [[nodiscard]] virtual Vocabulary words() const = 0;

    /// Once a run, on each side: where its stories happen. What it makes is in the ledger.
    [[nodiscard]] virtual Task<void> settle(http::Transport& wire, Side side,
                                            run::Ledger& ledger) const = 0;
    /// Once a story, on each side: the token that asks in it. Throws CannotGoOn.
    [[nodiscard]] virtual Task<Secret> begin(http::Transport& wire, Side side,
                                             run::Ledger& ledger) const = 0;
    /// Headers that every request has; no token where it is bare.
    virtual void address(http::Request& request, const Side& side,
                         std::string_view token) const = 0;

    /// What a request may make, by the request alone: known before it is sent, since its answer may
    /// be lost. `path` and `body` are in the server's own words.
    [[nodiscard]] virtual std::vector<Removal> promised(const Step& step, const std::string& path,
                                                        const Json& body) const = 0;
    /// What the answer tells of things that no name leads to.
    [[nodiscard]] virtual std::vector<Removal> told(const Step& step, const std::string& path,
                                                    const Json& answer) const = 0;
    [[nodiscard]] virtual Task<Result<void>> remove(http::Transport& wire, Side side,
                                                    Removal removal) const = 0;
    /// What of the run is still on the server after all was undone, removed now: a line each.
    [[nodiscard]] virtual Task<std::vector<std::string>> sweep(http::Transport& wire, Side side,
                                                               std::string run_id) const = 0;
};

}  // namespace meshproof::twin
