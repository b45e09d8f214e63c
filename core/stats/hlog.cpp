#include "core/stats/hlog.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/stats/counts.hpp"

namespace meshproof::stats {
namespace {

// The lowest byte's upper half told the word size in older versions, and is 1 in this one.
constexpr std::uint32_t payload_cookie = 0x1c849303, compressed_cookie = 0x1c849304;
constexpr std::uint32_t cookie_mask = ~std::uint32_t{0xf0}, word_size = 0x10;
constexpr std::size_t header_size = 40, envelope_size = 8;
constexpr std::uint64_t no_conversion = std::bit_cast<std::uint64_t>(1.0);
// Ours are a few kilobytes; five digits over all of 63 bits are less than this.
constexpr std::size_t most_inflated = std::size_t{64} << 20;
constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr double most_told = 9.1e18;  // nanoseconds, so that a year may be taken off

template <class Number>
void put_number(std::string& out, Number number) {
    for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>((number >> shift) & 0xff);
    }
}

/// Big-endian, off the front; the caller knows that it is there.
template <class Number>
Number take_big_endian(std::string_view& bytes) {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        number = static_cast<Number>((number << 8) | static_cast<std::uint8_t>(bytes[i]));
    }
    bytes.remove_prefix(sizeof number);
    return number;
}

std::string deflated(const std::string& plain) {
    auto size = compressBound(plain.size());
    std::string out(size, '\0');
    const int status = compress(reinterpret_cast<Bytef*>(out.data()), &size,
                                reinterpret_cast<const Bytef*>(plain.data()), plain.size());
    MESHPROOF_ASSERT(status == Z_OK, "zlib says {}", status);
    out.resize(size);
    return out;
}

Result<std::string> inflated(std::string_view packed) {
    z_stream stream{};
    MESHPROOF_ASSERT(inflateInit(&stream) == Z_OK, "zlib cannot begin");
    stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    int status = Z_OK;
    std::array<char, 16384> piece{};
    while (status == Z_OK && out.size() <= most_inflated) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        status = inflate(&stream, Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END) {
        return fail(FailureKind::malformed, "its histogram cannot be inflated: {}",
                    status == Z_OK          ? "it is over 64 MB"
                    : status == Z_BUF_ERROR ? "it is cut off"
                                            : "its zlib data are damaged");
    }
    return out;
}

std::string encode(const Histogram& histogram) {
    const auto counts = pack(histogram.counts());
    std::string payload;
    put_number(payload, payload_cookie | word_size);
    put_number(payload, static_cast<std::uint32_t>(counts.size()));
    put_number(payload, std::uint32_t{0});  // nothing is shifted
    put_number(payload, std::uint32_t{3});  // digits
    put_number(payload, std::uint64_t{1});  // the least that is told from zero
    put_number(payload, static_cast<std::uint64_t>(histogram.range().count()));
    put_number(payload, no_conversion);
    const auto packed = deflated(payload + counts);
    std::string out;
    put_number(out, compressed_cookie | word_size);
    put_number(out, static_cast<std::uint32_t>(packed.size()));
    return to_base64(out + packed);
}

/// How a histogram divides its range: its header tells.
struct Grid {
    unsigned unit_bits = 0;  ///< of the lowest value
    unsigned step_bits = 0;  ///< steps to a power of two
    std::size_t size = 0;    ///< buckets

    /// The largest value of a bucket.
    [[nodiscard]] std::int64_t highest_of(std::size_t index) const {
        const auto octave = index >> step_bits;
        const auto shift = octave > 1 ? octave - 1 : 0;
        const auto step = std::uint64_t{index} - (std::uint64_t{shift} << step_bits);
        const auto bits = shift + unit_bits;
        // (step + 1) << bits would be too much from 2^63 on.
        return step + 1 > (std::uint64_t{1} << 63) >> bits
                   ? most
                   : static_cast<std::int64_t>(((step + 1) << bits) - 1);
    }
};

Result<Grid> grid_of(std::uint32_t digits, std::uint64_t lowest, std::uint64_t highest) {
    constexpr auto limit = static_cast<std::uint64_t>(most);
    if (digits > 5 || lowest == 0 || highest > limit || lowest > highest / 2) {
        return fail(FailureKind::malformed,
                    "its histogram has {} digits from {} to {}, expected 0 to 5 and a range",
                    digits, lowest, highest);
    }
    std::uint64_t single = 2;  // up to here values are told apart one by one
    for (std::uint32_t i = 0; i < digits; ++i) {
        single *= 10;
    }
    const auto bits = static_cast<unsigned>(std::bit_width(single - 1));
    const auto unit = static_cast<unsigned>(std::bit_width(lowest)) - 1;
    if (bits + unit > 61) {
        return fail(FailureKind::malformed, "its histogram of {} digits cannot begin at {}", digits,
                    lowest);
    }
    const auto reach = static_cast<unsigned>(std::bit_width(highest));
    const auto octaves = reach > bits + unit ? reach - bits - unit + 1 : 1;
    return Grid{unit, bits - 1, std::size_t{octaves + 1} << (bits - 1)};
}

/// The histogram of a whole payload, with nothing beyond its range.
Result<Histogram> decode_payload(std::string_view payload) {
    if (payload.size() < header_size) {
        return fail(FailureKind::malformed, "its histogram has {} bytes, expected at least {}",
                    payload.size(), header_size);
    }
    const auto cookie = take_big_endian<std::uint32_t>(payload);
    const auto length = take_big_endian<std::uint32_t>(payload);
    const auto shifted = take_big_endian<std::uint32_t>(payload);
    const auto digits = take_big_endian<std::uint32_t>(payload);
    const auto lowest = take_big_endian<std::uint64_t>(payload);
    const auto highest = take_big_endian<std::uint64_t>(payload);
    const auto conversion = take_big_endian<std::uint64_t>(payload);
    if ((cookie & cookie_mask) != payload_cookie) {
        return fail(FailureKind::malformed, "its histogram begins with {:#010x}, expected {:#010x}",
                    cookie, payload_cookie | word_size);
    }
    if (shifted != 0 || conversion != no_conversion) {
        return fail(FailureKind::malformed, "its histogram is shifted or of fractions");
    }
    if (length != payload.size()) {
        return fail(FailureKind::malformed, "its histogram has {} bytes of counts, expected {}",
                    payload.size(), length);
    }
    const auto grid = grid_of(digits, lowest, highest);
    if (!grid) {
        return propagate(grid);
    }
    // Of a power of two's last bucket, so that whatever is in one of theirs is in one of ours.
    const Duration range(grid->highest_of(grid->size - 1));
    std::vector<std::uint64_t> counts(Histogram::index_of(range) + 1);
    Histogram::Exact exact;
    std::uint64_t total = 0;
    bool overflows = false;
    const auto whole = unpack(payload, grid->size, [&](std::size_t i, std::uint64_t count) {
        const Duration value(grid->highest_of(i));
        exact.min = total == 0 ? Histogram::bucket(Histogram::index_of(value)).low : exact.min;
        exact.max = value;
        const auto middle = Histogram::bucket(Histogram::index_of(value));
        exact.sum += (static_cast<long double>(middle.low.count()) +
                      static_cast<long double>(middle.high.count())) /
                     2 * static_cast<long double>(count);
        overflows = overflows || count > static_cast<std::uint64_t>(most) - total;
        total += count;
        counts[Histogram::index_of(value)] += count;
    });
    if (!whole) {
        return propagate(whole);
    }
    if (overflows) {
        return fail(FailureKind::malformed, "its counts add up to more than {}", most);
    }
    return Histogram(counts, exact, range);
}

Result<Histogram> decode(std::string_view text) {
    const auto bytes = from_base64(text);
    if (!bytes || bytes->size() < envelope_size) {
        return fail(FailureKind::malformed, "its histogram is not base64 of at least {} bytes",
                    envelope_size);
    }
    std::string_view rest = *bytes;
    const auto cookie = take_big_endian<std::uint32_t>(rest);
    const auto length = take_big_endian<std::uint32_t>(rest);
    if ((cookie & cookie_mask) != compressed_cookie) {
        return fail(FailureKind::malformed,
                    "its histogram begins with {:#010x}, expected {:#010x} of V2 compressed",
                    cookie, compressed_cookie | word_size);
    }
    if (length != rest.size()) {
        return fail(FailureKind::malformed, "its histogram has {} compressed bytes, expected {}",
                    rest.size(), length);
    }
    const auto payload = inflated(rest);
    return payload ? decode_payload(*payload) : propagate(payload);
}

/// Nothing unless the whole text is a number that, times the unit, is a duration. Six digits after
/// the point count: a double has no more of them for the seconds since 1970.
std::optional<Duration> parse_number(std::string_view text, Duration unit) {
    constexpr double parts = 1e6;
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const auto part = unit / static_cast<std::int64_t>(parts);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
        std::abs(value) * static_cast<double>(unit.count()) > most_told) {
        return std::nullopt;
    }
    return part * std::llround(value * parts);
}

/// Up to the comma, which is taken too; nothing where there is none.
std::optional<std::string_view> take_field(std::string_view& line) {
    const auto comma = line.find(',');
    if (comma == std::string_view::npos) {
        return std::nullopt;
    }
    const auto field = line.substr(0, comma);
    line.remove_prefix(comma + 1);
    return field;
}

/// What the lines before one have told about it.
struct Preface {
    std::optional<Duration> start;  ///< of the log, since 1970
    std::optional<Duration> base;   ///< which the lines' moments are counted from
    std::uint64_t beyond = 0;       ///< of the next line
};

Result<void> read_comment(std::string_view line, Preface& preface) {
    const auto value_of = [line](std::string_view key) -> std::optional<std::string_view> {
        if (!line.starts_with(key)) {
            return std::nullopt;
        }
        const auto value = trim(line.substr(key.size()));
        return value.substr(0, value.find_first_of(" ]"));
    };
    for (const auto& [key, place] :
         {std::pair("#[StartTime:", &preface.start), std::pair("#[BaseTime:", &preface.base)}) {
        if (const auto value = value_of(key)) {
            *place = parse_number(*value, std::chrono::seconds(1));
            if (!*place) {
                return fail(FailureKind::malformed, "\"{}\" is not a time in seconds", *value);
            }
        }
    }
    if (const auto value = value_of("#[Beyond:")) {
        const auto [end, error] =
            std::from_chars(value->data(), value->data() + value->size(), preface.beyond);
        if (error != std::errc() || end != value->data() + value->size() ||
            preface.beyond > static_cast<std::uint64_t>(most)) {
            return fail(FailureKind::malformed, "\"{}\" is not a count", *value);
        }
    }
    return {};
}

/// The histogram with what its line tells besides: those beyond its range, and the maximum, where
/// that is in the bucket of the largest. (Some writers round it to milliseconds.)
Histogram completed(const Histogram& read, std::uint64_t beyond, Duration longest) {
    auto exact = read.exact();
    const auto last = Histogram::bucket(Histogram::index_of(exact.max));
    exact.beyond = beyond;
    const auto inside = read.count() > 0 && longest >= last.low && longest <= last.high;
    if (inside || (beyond > 0 && longest > read.range())) {
        exact.max = longest;
    }
    if (read.count() == 0) {
        exact.min = exact.max;
    }
    exact.sum += static_cast<long double>(longest.count()) * static_cast<long double>(beyond);
    return {read.counts(), exact, read.range()};
}

Result<std::pair<Stretch, Histogram>> read_line(std::string_view line, Preface& preface) {
    Stretch stretch;
    if (line.starts_with("Tag=")) {
        line.remove_prefix(4);
        const auto tag = take_field(line);
        if (!tag) {
            return fail(FailureKind::malformed, "a tag without a line after it");
        }
        stretch.tag = *tag;
    }
    std::array<std::optional<Duration>, 3> numbers;
    const std::array<Duration, 3> units = {std::chrono::seconds(1), std::chrono::seconds(1),
                                           std::chrono::milliseconds(1)};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto field = take_field(line);
        numbers[i] = field ? parse_number(*field, units[i]) : std::nullopt;
        if (!numbers[i] || (i > 0 && *numbers[i] < Duration::zero())) {
            return fail(FailureKind::malformed,
                        "expected start, length, maximum and histogram between commas");
        }
    }
    // As HdrHistogram's reader deduces it: moments of more than a year before the start are
    // counted from it.
    constexpr Duration year = std::chrono::hours(365 * 24);
    preface.start = preface.start.value_or(*numbers[0]);
    preface.base = preface.base.value_or(*numbers[0] < *preface.start - year ? *preface.start
                                                                             : Duration::zero());
    stretch.length = *numbers[1];
    const auto moment = static_cast<long double>(preface.base->count()) +
                        static_cast<long double>(numbers[0]->count());
    if (std::abs(moment) > most_told) {
        return fail(FailureKind::malformed, "its start lies beyond all dates");
    }
    stretch.start = Time(*preface.base + *numbers[0]);
    const auto histogram = decode(trim(line));
    if (!histogram) {
        return propagate(histogram);
    }
    if (histogram->count() > static_cast<std::uint64_t>(most) - preface.beyond) {
        return fail(FailureKind::malformed, "its counts add up to more than {}", most);
    }
    return std::pair(std::move(stretch),
                     completed(*histogram, std::exchange(preface.beyond, 0), *numbers[2]));
}

}  // namespace

HlogWriter::HlogWriter(Time start) : start_(start) {
    const auto seconds = in_seconds(start.time_since_epoch());
    text_ = fmt::format(
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: {0:.6f} (seconds since epoch), {1}]\n"
        "#[BaseTime: {0:.6f} (seconds since epoch)]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\""
        "\n",
        seconds, rfc3339(start));
}

void HlogWriter::add(const Stretch& stretch, const Histogram& histogram) {
    MESHPROOF_ASSERT(
        std::ranges::none_of(
            stretch.tag, [](char c) { return c == ',' || static_cast<unsigned char>(c) <= ' '; }),
        "tag \"{}\"", stretch.tag);
    if (histogram.beyond() > 0) {
        text_ += fmt::format("#[Beyond: {}]\n", histogram.beyond());
    }
    if (!stretch.tag.empty()) {
        text_ += fmt::format("Tag={},", stretch.tag);
    }
    text_ += fmt::format("{:.6f},{:.6f},{:.6f},{}\n", in_seconds(stretch.start - start_),
                         in_seconds(stretch.length), in_seconds(histogram.max()) * 1e3,
                         encode(histogram));
}

Result<void> read_hlog(std::string_view text, std::string_view name,
                       const std::function<void(Stretch, Histogram)>& take) {
    Preface preface;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto place = fmt::format("{}:{}", name, number);
        if (line.starts_with('#')) {
            if (const auto read = read_comment(line, preface); !read) {
                return propagate(read, place);
            }
        } else if (!line.empty() && !line.starts_with('"')) {  // the legend is in quotes
            auto read = read_line(line, preface);
            if (!read) {
                return propagate(read, place);
            }
            take(std::move(read->first), std::move(read->second));
        }
    }
    return {};
}

}  // namespace meshproof::stats
