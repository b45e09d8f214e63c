#include "fakes/kube/turns.hpp"

#include <utility>

namespace meshproof::fakes::kube {

Turns::Turn::Turn(const std::shared_ptr<State>& state) : state_(state), number_(++state->last) {
    state->waiting.push_back(number_);
}

Turns::Turn::~Turn() {
    if (const auto state = state_.lock()) {
        std::erase(state->waiting, number_);
        state->changed.notify_all();
    }
}

Turns::Pause::Pause(std::shared_ptr<State> state) : state_(std::move(state)) {
    ++state_->pauses;
}

Turns::Pause::~Pause() {
    --state_->pauses;
    state_->changed.notify_all();
}

Task<std::unique_ptr<Turns::Turn>> Turns::take() {
    const auto state = state_;
    auto turn = std::make_unique<Turn>(state);
    while (state->waiting.front() != turn->number_) {
        co_await state->changed.wait();
    }
    co_return turn;
}

Task<void> Turns::until_unpaused() {
    const auto state = state_;
    while (state->pauses > 0) {
        co_await state->changed.wait();
    }
}

}  // namespace meshproof::fakes::kube
