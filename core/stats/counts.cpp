#include "core/stats/counts.hpp"

#include <algorithm>
#include <optional>

namespace meshproof::stats {
namespace {

// Eight bytes of seven bits, and a ninth that is whole.
constexpr int longest = 9;

void put(std::string& out, std::int64_t number) {
    auto rest =
        (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
    for (int i = 1; i < longest && rest > 0x7f; ++i) {
        out += static_cast<char>((rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    out += static_cast<char>(rest);
}

/// Taken off the front; nothing where it is cut off.
std::optional<std::int64_t> take_number(std::string_view& packed) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < longest; ++i) {
        if (i == packed.size()) {
            return std::nullopt;
        }
        const auto byte = static_cast<std::uint8_t>(packed[i]);
        const bool last = i + 1 == longest || byte < 0x80;
        number |= std::uint64_t{i + 1 == longest ? byte : byte & 0x7fU} << (7 * i);
        if (last) {
            packed.remove_prefix(i + 1);
            break;
        }
    }
    return static_cast<std::int64_t>((number >> 1) ^ (~(number & 1) + 1));
}

}  // namespace

std::string pack(std::span<const std::uint64_t> counts) {
    std::string out;
    for (std::size_t i = 0; i < counts.size();) {
        std::size_t zeros = 0;
        while (i + zeros < counts.size() && counts[i + zeros] == 0) {
            ++zeros;
        }
        // One zero stands for itself, as the Java original writes it.
        put(out,
            zeros > 1 ? -static_cast<std::int64_t>(zeros) : static_cast<std::int64_t>(counts[i]));
        i += std::max<std::size_t>(zeros, 1);
    }
    return out;
}

Result<void> unpack(std::string_view packed, std::size_t size,
                    const std::function<void(std::size_t, std::uint64_t)>& take) {
    std::uint64_t index = 0;
    while (!packed.empty()) {
        const auto number = take_number(packed);
        if (!number) {
            return fail(FailureKind::malformed, "its counts are cut off after {} buckets", index);
        }
        // Never overflows: what is left of `size` is compared, not the sum.
        const auto width = *number < 0 ? ~static_cast<std::uint64_t>(*number) + 1 : 1;
        if (width > size - index) {
            return fail(FailureKind::malformed, "it has counts for more than its {} buckets", size);
        }
        if (*number > 0) {
            take(index, static_cast<std::uint64_t>(*number));
        }
        index += width;
    }
    return {};
}

}  // namespace meshproof::stats
