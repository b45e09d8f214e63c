#include "perf/load/measured.hpp"

namespace meshproof::load {

double Measured::error_share() const {
    return asked == 0 ? 0 : static_cast<double>(bad()) / static_cast<double>(asked);
}

double Measured::rate() const {
    const auto seconds = std::chrono::duration<double>(planned).count();
    return seconds <= 0 ? 0 : static_cast<double>(done_in_plan) / seconds;
}

double Measured::settled_rate() const {
    const auto seconds = std::chrono::duration<double>(settled).count();
    return seconds <= 0 ? rate() : static_cast<double>(done_settled) / seconds;
}

}  // namespace meshproof::load
