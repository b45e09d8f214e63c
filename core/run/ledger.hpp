#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/run/mark.hpp"

namespace meshproof::run {

/// What a scenario or check made on servers, so that it can be undone: names and labels with the
/// run's mark, and how each thing goes. `sweep` finds what was not written down.
class Ledger {
  public:
    using Undo = std::function<Task<Result<void>>()>;

    explicit Ledger(RunMark mark) : mark_(std::move(mark)) {}

    [[nodiscard]] const RunMark& mark() const { return mark_; }
    /// Written down before the call that makes the thing: a lost answer may still have made it.
    /// `what` for messages ("secrets engine meshproof-k3f9a2-pki").
    void at_end(std::string what, Undo undo) {
        entries_.push_back({std::move(what), std::move(undo)});
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Undoes everything, the last first; one that cannot be undone keeps none of the others. Gives
    /// what could not be removed, and why: "WHAT: …". What is gone already is no problem.
    [[nodiscard]] Task<std::vector<std::string>> undo_all();

  private:
    struct Entry {
        std::string what;
        Undo undo;
    };
    RunMark mark_;
    std::vector<Entry> entries_;
};

}  // namespace meshproof::run
