#include "core/base/memory_reserve.hpp"

#include <malloc.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <new>

namespace tcmalloc {
/// Where it writes a line for each allocation that fails. Nothing where another allocator is used.
extern void (*log_message_writer)(const char* message, int length) __attribute__((weak));
}  // namespace tcmalloc

namespace meshproof::memory_reserve {
namespace {

void say_nothing(const char* /*message*/, int /*length*/) {}

// For some hundred connections that are in the midst of something. In pieces, so that a heap in
// which much was given back here and there can hold it again.
constexpr std::size_t pieces = 128, piece_size = 32U << 10;
// What something new may take before somebody looks again.
constexpr std::size_t beside = 256U << 10;

struct Reserve {
    std::mutex mutex;
    std::array<void*, pieces> kept{};
    bool wanted = false;

    /// Whether all of it is there.
    bool fill() {
        for (auto& piece : kept) {
            piece = piece != nullptr ? piece : std::malloc(piece_size);  // `new` would empty it
        }
        return kept.back() != nullptr;
    }
    /// Whether there was any of it.
    bool empty() {
        const bool any = kept.front() != nullptr;
        for (auto& piece : kept) {
            std::free(piece);
            piece = nullptr;
        }
        return any;
    }
};

Reserve& reserve() {
    static Reserve all;
    return all;
}

/// What `new` calls before it gives up; after it `new` tries again.
void give_away() {
    const std::scoped_lock lock(reserve().mutex);
    if (!reserve().empty()) {
        throw std::bad_alloc();
    }
}

}  // namespace

void keep() {
    const std::scoped_lock lock(reserve().mutex);
    if (&tcmalloc::log_message_writer != nullptr) {
        // Who keeps a reserve meets failures all the time, and says once what comes of them.
        tcmalloc::log_message_writer = say_nothing;
    }
    mallopt(M_ARENA_MAX, 1);  // what one thread gives back is there for the others
    reserve().wanted = true;
    reserve().fill();
    std::set_new_handler(give_away);
}

bool spent() {
    const std::scoped_lock lock(reserve().mutex);
    if (!reserve().wanted) {
        return false;
    }
    // Not all allocations are by `new` (Asio's are not), so that one of those may be the first to
    // fail: what is left beside the reserve is asked for here.
    void* volatile left = std::malloc(beside);  // volatile: the compiler does not take it for given
    std::free(left);
    if (left != nullptr && reserve().fill()) {
        return false;
    }
    reserve().empty();  // for those that are under way, until there is enough for both
    return true;
}

}  // namespace meshproof::memory_reserve
