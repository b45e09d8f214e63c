#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conformance/twin/compare.hpp"
#include "conformance/twin/dialect.hpp"
#include "core/check/evidence.hpp"
#include "core/time/clock.hpp"

namespace meshproof::twin {

/// A difference, and the step whose answers differ.
struct Found {
    std::size_t number = 0;
    Difference difference;
};

/// What came of a story. Texts hold no secrets.
struct Played {
    std::size_t steps = 0;     ///< that both were asked; a state that differs ends a story
    std::vector<Found> found;  ///< in order
    std::vector<run::Exchange> exchanges;  ///< with the real server's answers
    std::vector<std::string> left;         ///< what could not be removed, and why
    /// From which request on the real server was not waited for, and how long it would have been;
    /// "" = it was asked to the end.
    std::string not_waited;
    bool cut_off = false;  ///< somebody asked to stop during a wait: the rest was not asked

    [[nodiscard]] const Found* find(const std::string& signature) const;
};

/// What a player does about long waits.
struct Waiting {
    Duration longest = std::chrono::seconds(20);  ///< of the real server; the fake's date is moved
    /// Moves the date that the fake lives by, back where it is negative; empty = nobody can, and a
    /// story ends before such a wait. Everybody on the fake is in that other time, so stories with
    /// long waits are played alone.
    std::function<void(Duration)> move_fake{};
    std::function<bool()> stopping = [] { return false; };  ///< ends a wait, and its story
};

/// Plays stories on both servers, step by step, each time under names of its own: so both begin in
/// the same state. What a story makes carries the run's mark and a number, and is removed after it,
/// as far as the servers let it; all tokens of a story are children of one, which is revoked.
class Player {
  public:
    /// `run_id` is the run's (core/run/mark.hpp); clock, wire and dialect outlive the player.
    Player(Clock& clock, http::Transport& wire, const Dialect& dialect, Side real, Side fake,
           std::string run_id, Waiting waiting = {});

    /// Stories may be played beside each other. Throws CannotGoOn where a server does not even let
    /// the story begin.
    [[nodiscard]] Task<Played> play(Story story);

  private:
    struct Actor;
    struct Stage;
    [[nodiscard]] Task<Result<http::Response>> ask(Actor& actor, const Step& step,
                                                   const run::RunMark& mark);
    /// Whether nobody asked to stop meanwhile.
    [[nodiscard]] Task<bool> wait_out(Duration wait);
    /// Whether the story goes on.
    [[nodiscard]] Task<bool> wait_for(Stage& stage, const Step& step, Played& played);
    [[nodiscard]] Task<void> act(Stage& stage, const Step& step, Played& played);
    /// Of the fake alone, against what is written.
    [[nodiscard]] Task<void> act_alone(Stage& stage, const Step& step, Played& played);
    [[nodiscard]] Task<void> play_steps(Stage& stage, const Story& story, Played& played);
    void write_down(Stage& stage, Actor& actor, std::vector<Removal> removals);
    [[nodiscard]] std::string path_of(const Step& step, const run::RunMark& mark,
                                      const std::map<std::size_t, Json>& answers) const;
    [[nodiscard]] run::Exchange exchange_of(const Step& step, const run::RunMark& mark,
                                            const Result<http::Response>& response) const;

    Clock& clock_;
    http::Transport& wire_;
    const Dialect& dialect_;
    Side real_, fake_;
    std::string run_id_, home_;
    Waiting waiting_;
    std::size_t played_ = 0;
};

}  // namespace meshproof::twin
