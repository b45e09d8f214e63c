// Interval logs of HdrHistogram, as text and from behind base64 and zlib, where mutations do not
// reach: what is read is written and read the same; failures are one line.
#include "core/stats/hlog.hpp"

#include <zlib.h>

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::stats {
namespace {

void judge(std::string_view text) {
    const auto read = read_hlog(text, "a", [](const Stretch&, const Histogram& got) {
        HlogWriter writer(Time{});
        writer.add({}, got);
        std::size_t lines = 0;
        const auto again =
            read_hlog(writer.text(), "b", [&](const Stretch&, const Histogram& same) {
                ++lines;
                MESHPROOF_ASSERT(std::ranges::equal(same.counts(), got.counts()));
                MESHPROOF_ASSERT(same.beyond() == got.beyond());
            });
        MESHPROOF_ASSERT(again && lines == 1, "{}", again ? "" : again.error().message);
        for (const double percentile : {0.0, 50.0, 100.0}) {
            MESHPROOF_ASSERT(got.at(percentile) <= got.max());
        }
    });
    MESHPROOF_ASSERT(read || read.error().message.find('\n') == std::string::npos);
}

std::string word(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes += static_cast<char>((number >> shift) & 0xff);
    }
    return bytes;
}

/// A line whose histogram has the given digits, lowest and highest value, and counts.
std::string line_of(std::string_view shape, std::string_view counts) {
    const auto payload = word(0x1c849313) + word(static_cast<std::uint32_t>(counts.size())) +
                         word(0) + std::string(shape) + word(0x3ff00000) + word(0) +
                         std::string(counts);
    auto size = compressBound(payload.size());
    std::string packed(size, '\0');
    MESHPROOF_ASSERT(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                              reinterpret_cast<const Bytef*>(payload.data()),
                              payload.size()) == Z_OK);
    packed.resize(size);
    return "1,1,1," +
           to_base64(word(0x1c849314) + word(static_cast<std::uint32_t>(size)) + packed) + "\n";
}

}  // namespace
}  // namespace meshproof::stats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    constexpr std::size_t shape = 20;
    const auto text = as_text({data, size});
    stats::judge(text);
    if (size >= shape) {
        stats::judge(stats::line_of(text.substr(0, shape), text.substr(shape)));
    }
    return 0;
}
