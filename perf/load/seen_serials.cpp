#include "perf/load/seen_serials.hpp"

#include <functional>
#include <utility>

namespace meshproof::load {
namespace {

constexpr std::size_t first_slots = 1024;

std::uint64_t hash_of(std::string_view serial) {
    static_assert(sizeof(std::size_t) == sizeof(std::uint64_t), "64 bits tell serials apart");
    const auto hash = std::hash<std::string_view>()(serial);
    return hash == 0 ? 1 : hash;  // 0 is an empty slot
}

}  // namespace

SeenSerials::SeenSerials() : slots_(first_slots) {}

bool SeenSerials::insert(std::string_view serial) {
    // Three quarters full: the next free slot is still a few steps away.
    if ((size_ + 1) * 4 > slots_.size() * 3) {
        grow();
    }
    const bool fresh = put(hash_of(serial));
    size_ += fresh ? 1 : 0;
    return fresh;
}

bool SeenSerials::put(std::uint64_t hash) {
    const auto mask = slots_.size() - 1;
    auto at = hash & mask;
    while (slots_[at] != 0 && slots_[at] != hash) {
        at = (at + 1) & mask;
    }
    return std::exchange(slots_[at], hash) == 0;
}

void SeenSerials::grow() {
    const auto before = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size() * 2));
    for (const auto hash : before) {
        if (hash != 0) {
            put(hash);
        }
    }
}

}  // namespace meshproof::load
