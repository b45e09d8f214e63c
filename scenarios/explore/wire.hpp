#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/run/environment.hpp"
#include "core/time/signal.hpp"

namespace meshproof::scenarios::explore {

/// What may be wrong between two parties.
enum class Trouble {
    refuses,         ///< no connection
    resets,          ///< the connection breaks before the request arrives
    loses,           ///< the request is handled, and its answer is lost
    stalls,          ///< no answer until the caller's deadline
    is_slow,         ///< all goes through, late
    throttles,       ///< 429
    is_away,         ///< 503 of something in between
    asks_for_quiet,  ///< 429, and for how long it wants to be left alone (Retry-After)
    says_when_back,  ///< 503, and the same
};

/// A stretch of wire: who asks ("agents", "alpha", "pods") and who is asked ("vault-0", "kube-0",
/// "pods").
struct Stretch {
    std::string from, to;
    auto operator<=>(const Stretch&) const = default;
};

/// A wire whose stretches can be made bad. What the administrator asks goes through always: he is
/// who plays the history. An answer that comes in pieces (a watch) and that is open already is held
/// back while its stretch stalls, and breaks with its next piece where that refuses or resets; else
/// it goes on.
class TroubledWire final : public http::Transport {
  public:
    TroubledWire(http::Transport& inner, Clock& truth) : inner_(inner), truth_(truth) {}

    /// Requests to this origin go to `party`; those to any other go to "pods".
    void know(std::string origin, std::string party);
    /// How long a slow stretch takes.
    void slow_by(Duration late) { late_ = late; }
    /// How long who asks for quiet wants to be left alone: a whole number of seconds.
    void quiet_for(Duration quiet) { quiet_ = quiet; }
    void set(const Stretch& stretch, Trouble trouble);
    void heal(const Stretch& stretch);
    void heal_all();
    /// How many requests met a trouble so far.
    [[nodiscard]] std::size_t met() const { return met_; }

    [[nodiscard]] Task<Result<http::Response>> send(http::Endpoint endpoint,
                                                    http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint endpoint,
                                                                   http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Listener>>> listen(
        http::ListenSpec spec, http::Handler& handler) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url upstream,
                                                                      std::string name) override;
    void drop_idle() override { inner_.drop_idle(); }

    using Piece = Result<std::optional<std::string>>;
    /// What came over an open stream, once it gets through.
    [[nodiscard]] Task<Piece> carry(Stretch stretch, Piece piece);

  private:
    [[nodiscard]] Stretch stretch_of(const http::Endpoint& endpoint) const;
    [[nodiscard]] std::optional<Trouble> trouble_of(const http::Endpoint& endpoint) const;

    http::Transport& inner_;
    Clock& truth_;
    Duration late_{};
    Duration quiet_{};
    std::map<std::string, std::string> parties_;  // origin -> who is there
    std::map<Stretch, Trouble> troubles_;
    Signal changed_;  ///< of troubles_
    std::size_t met_ = 0;
};

/// The caller that a cluster's own requests to its API server carry: "mesh.alpha". What pods ask
/// their Vault carries the pod's name.
[[nodiscard]] std::string mesh_caller(std::string_view cluster);

/// A machine whose date is wrong.
class WrongClock final : public Clock {
  public:
    explicit WrongClock(Clock& right) : right_(right) {}
    [[nodiscard]] Time now() const override { return right_.now() + skew_; }
    [[nodiscard]] Duration elapsed() const override { return right_.elapsed(); }
    [[nodiscard]] Task<bool> rest(Duration duration) override { return right_.rest(duration); }
    void skew(Duration by) { skew_ = by; }

  private:
    Clock& right_;
    Duration skew_{};
};

/// An environment whose servers keep the right time, and whose mesh may not; with a wire that can
/// be troubled.
class TroubledEnvironment final : public run::Environment {
  public:
    explicit TroubledEnvironment(std::unique_ptr<run::Environment> inner)
        : inner_(std::move(inner)),
          clock_(inner_->clock()),
          wire_(inner_->transport(), inner_->clock()) {}

    [[nodiscard]] Clock& truth() { return inner_->clock(); }  ///< of servers and wire
    [[nodiscard]] WrongClock& mesh_clock() { return clock_; }
    [[nodiscard]] TroubledWire& wire() { return wire_; }

    [[nodiscard]] std::string_view setting() const override { return inner_->setting(); }
    [[nodiscard]] Clock& clock() override { return clock_; }
    [[nodiscard]] http::Transport& transport() override { return wire_; }
    [[nodiscard]] bool virtual_time() const override { return inner_->virtual_time(); }
    [[nodiscard]] bool fake_vaults() const override { return inner_->fake_vaults(); }
    [[nodiscard]] bool fake_clusters() const override { return inner_->fake_clusters(); }
    [[nodiscard]] Task<Result<run::Target>> start() override { return inner_->start(); }
    [[nodiscard]] bool skew_server(std::string_view server, Duration ahead) override {
        return inner_->skew_server(server, ahead);
    }
    void drive(Task<void> work) override { inner_->drive(std::move(work)); }
    void post(std::function<void()> callback) override { inner_->post(std::move(callback)); }

  private:
    std::unique_ptr<run::Environment> inner_;
    WrongClock clock_;
    TroubledWire wire_;
};

}  // namespace meshproof::scenarios::explore
