#include "fakes/vault/logical/go_time.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

constexpr std::string_view time_layout = "2006-01-02T15:04:05Z07:00";

// A number of the layout, with what stands before it.
struct TimePiece {
    std::string_view before, piece, name;
    int least = 0, most = 0;
};
// A day's range depends on its month and is looked at last; a year has none.
constexpr std::array<TimePiece, 6> time_pieces{{{"", "2006", "", 0, 9999},
                                                {"-", "01", "month", 1, 12},
                                                {"-", "02", "", 0, 99},
                                                {"T", "15", "hour", 0, 23},
                                                {":", "04", "minute", 0, 59},
                                                {":", "05", "second", 0, 59}}};

// Reads a time piece by piece; `rest` begins with the first that does not fit.
class TimeReader {
  public:
    explicit TimeReader(std::string_view text) : text_(text), rest_(text) {}

    tl::expected<Time, std::string> read() {
        for (std::size_t i = 0; i < time_pieces.size(); ++i) {
            if (!number(time_pieces[i], numbers_[i])) {
                return tl::unexpected(fault_);
            }
        }
        const auto fraction = take_fraction();
        const auto zone = take_zone();
        if (zone.empty()) {
            return tl::unexpected(fault_);
        }
        if (!rest_.empty()) {
            return tl::unexpected(fmt::format("parsing time {}: extra text: {}",
                                              go_time_quoted(text_), go_time_quoted(rest_)));
        }
        const auto& [year, month, day, hour, minute, second] = numbers_;
        const auto time =
            parse_rfc3339(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}", year, month, day,
                                      hour, minute, second, fraction, zone));
        if (!time) {
            out_of_range("day");
            return tl::unexpected(fault_);
        }
        return *time;
    }

  private:
    bool number(const TimePiece& piece, int& value) {
        if (!rest_.starts_with(piece.before)) {
            return does_not_fit(piece.before);
        }
        rest_.remove_prefix(piece.before.size());
        auto digits = rest_.substr(0, piece.piece.size());
        if (piece.name == "hour" && digits.size() == 2 && !is_digit(digits[1])) {
            digits.remove_suffix(1);
        }
        if (digits.empty() || !std::ranges::all_of(digits, is_digit) ||
            (digits.size() < piece.piece.size() && piece.name != "hour")) {
            return does_not_fit(piece.piece);
        }
        value = std::stoi(std::string(digits));
        rest_.remove_prefix(digits.size());
        return (value >= piece.least && value <= piece.most) || out_of_range(piece.name);
    }

    std::string take_fraction() {
        if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1])) {
            return {};
        }
        const auto end = std::min(rest_.find_first_not_of("0123456789", 1), rest_.size());
        const auto digits = rest_.substr(1, end - 1);
        rest_.remove_prefix(end);
        return "." + std::string(digits);
    }

    // "" where there is none.
    std::string take_zone() {
        if (rest_.starts_with('Z')) {
            rest_.remove_prefix(1);
            return "Z";
        }
        const auto zone = std::string(rest_.substr(0, 6));
        const bool fits = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') &&
                          zone[3] == ':' && is_digit(zone[1]) && is_digit(zone[2]) &&
                          is_digit(zone[4]) && is_digit(zone[5]);
        if (!fits) {
            does_not_fit("Z07:00");
            return {};
        }
        // 24 hours and 60 minutes pass.
        const bool hours = std::stoi(zone.substr(1, 2)) <= 24;
        if (!hours || std::stoi(zone.substr(4, 2)) > 60) {
            out_of_range(hours ? "time zone offset minute" : "time zone offset hour");
            return {};
        }
        rest_.remove_prefix(6);
        return zone;
    }

    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    // Both say no, so that they can be returned.
    bool does_not_fit(std::string_view piece) {
        fault_ = fmt::format("parsing time {} as \"{}\": cannot parse {} as \"{}\"",
                             go_time_quoted(text_), time_layout, go_time_quoted(rest_), piece);
        return false;
    }
    bool out_of_range(std::string_view what) {
        fault_ = fmt::format("parsing time {}: {} out of range", go_time_quoted(text_), what);
        return false;
    }

    std::string_view text_, rest_;
    std::array<int, 6> numbers_{};
    std::string fault_;
};

}  // namespace

tl::expected<Time, std::string> parse_go_time(std::string_view text) {
    return TimeReader(text).read();
}

}  // namespace meshproof::fakes::vault
