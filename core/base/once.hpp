#pragma once

#include <atomic>
#include <mutex>

namespace meshproof {

/// Has something done once, by whoever asks first: std::call_once without the system call that
/// glibc makes at the end of each, to wake those who wait although nobody does.
class Once {
  public:
    /// Whoever comes meanwhile waits. What throws was not done, and the next one tries again.
    template <class Work>
    void call(const Work& work) {
        if (done_.load(std::memory_order_acquire)) {
            return;
        }
        const std::lock_guard lock(guard_);
        if (!done_.load(std::memory_order_relaxed)) {
            work();
            done_.store(true, std::memory_order_release);
        }
    }

  private:
    std::atomic<bool> done_ = false;
    std::mutex guard_;
};

}  // namespace meshproof
