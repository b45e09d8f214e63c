#include "perf/load/processor.hpp"

#include <sys/resource.h>

namespace meshproof::load {

Duration processor_time() {
    struct rusage used{};
    if (::getrusage(RUSAGE_THREAD, &used) != 0) {
        return {};
    }
    const auto of = [](const timeval& time) {
        return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace meshproof::load
