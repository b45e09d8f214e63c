#include "conformance/preflight/wait.hpp"

#include <algorithm>

namespace meshproof::preflight {

Task<Report> look_until_well(Clock& clock, http::Transport& transport, run::Account account,
                             LookOptions options, WaitOptions wait,
                             std::function<void(const Report& report, Duration left)> told) {
    const auto begun = clock.elapsed();
    while (true) {
        auto report = judge(co_await look(clock, transport, account, options));
        const auto left = wait.limit - (clock.elapsed() - begun);
        if (exit_code(report) == 0 || left <= Duration::zero()) {
            co_return report;
        }
        told(report, left);
        co_await clock.sleep_for(std::min(wait.pause, left));
    }
}

}  // namespace meshproof::preflight
