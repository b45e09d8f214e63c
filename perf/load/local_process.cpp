#include "perf/load/local_process.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <vector>

#include "core/base/text.hpp"

namespace meshproof::load {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words_of(std::string_view line) {
    auto words = split(line, ' ');
    std::erase(words, std::string());
    return words;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

/// How /proc/net writes an address: each four bytes as one number of this machine's byte order.
std::string as_in_proc(std::span<const std::uint8_t> address) {
    std::string text;
    for (std::size_t i = 0; i + 4 <= address.size(); i += 4) {
        std::uint32_t four = 0;
        std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(i), 4,
                    reinterpret_cast<std::uint8_t*>(&four));
        text += fmt::format("{:08X}", four);
    }
    return text;
}

/// The addresses at which a socket takes connections to `host`, the most exact first.
std::vector<std::string> addresses_for(std::string_view host) {
    std::vector<std::string> found;
    std::array<std::uint8_t, 4> four{127, 0, 0, 1};
    std::array<std::uint8_t, 16> six{};
    const bool named = host == "localhost";
    if (named || ::inet_pton(AF_INET, std::string(host).c_str(), four.data()) == 1) {
        std::array<std::uint8_t, 16> mapped{};
        mapped[10] = mapped[11] = 0xff;
        std::ranges::copy(four, mapped.begin() + 12);
        found = {as_in_proc(four), as_in_proc(mapped)};
    }
    if (named || ::inet_pton(AF_INET6, std::string(host).c_str(), six.data()) == 1) {
        if (named) {
            six.back() = 1;
        }
        found.push_back(as_in_proc(six));
    }
    found.emplace_back(8, '0');
    found.emplace_back(32, '0');
    return found;
}

/// Whether one of the process's open files is this socket. Those of other users cannot be read.
bool holds(const fs::path& process, std::string_view socket) {
    std::error_code error;
    for (fs::directory_iterator one(process / "fd", error), end; !error && one != end;
         one.increment(error)) {
        std::error_code unreadable;
        if (fs::read_symlink(one->path(), unreadable) == socket) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<std::uint64_t> listening_inode(std::string_view table, std::string_view host,
                                             std::uint16_t port) {
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
    constexpr std::size_t address_at = 1, state_at = 3, inode_at = 9;
    constexpr std::string_view listening = "0A";
    const auto wanted = addresses_for(host);
    auto best = wanted.size();
    std::optional<std::uint64_t> inode;
    for (const auto& line : split(table, '\n')) {
        const auto words = words_of(line);
        if (words.size() <= inode_at || words[state_at] != listening) {
            continue;
        }
        const auto parts = split(words[address_at], ':');
        if (parts.size() != 2 || parts[1] != fmt::format("{:04X}", port)) {
            continue;
        }
        const auto rank =
            static_cast<std::size_t>(std::ranges::find(wanted, parts[0]) - wanted.begin());
        if (rank < best) {
            best = rank;
            inode = number<std::uint64_t>(words[inode_at]);
        }
    }
    return inode;
}

std::optional<ProcessUse> process_use(std::string_view stat, ProcUnits units) {
    // PID (NAME) STATE …; the name may hold blanks and brackets. By proc(5), counted from the
    // state as 0: utime 11, stime 12, rss 21.
    constexpr std::size_t user_at = 11, kernel_at = 12, pages_at = 21;
    const auto open = stat.find('('), close = stat.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    const auto words = words_of(trim(stat.substr(close + 1)));
    if (words.size() <= pages_at || units.ticks <= 0) {
        return std::nullopt;
    }
    const auto user = number<std::int64_t>(words[user_at]);
    const auto kernel = number<std::int64_t>(words[kernel_at]);
    const auto pages = number<std::uint64_t>(words[pages_at]);
    if (!user || !kernel || !pages) {
        return std::nullopt;
    }
    const auto seconds = static_cast<double>(*user + *kernel) / static_cast<double>(units.ticks);
    return ProcessUse{std::string(stat.substr(open + 1, close - open - 1)),
                      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)),
                      *pages * units.page};
}

Result<int> process_at(const http::Url& url) {
    if (!url.loopback()) {
        return fail(FailureKind::unsupported, "it is not on this machine");
    }
    std::optional<std::uint64_t> inode;
    for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        if (const auto text = read_file(table); text && !inode) {
            inode = listening_inode(*text, url.host, url.port);
        }
    }
    if (!inode) {
        return fail(FailureKind::not_found, "no socket of /proc/net listens at {}:{}", url.host,
                    url.port);
    }
    const auto socket = fmt::format("socket:[{}]", *inode);
    std::error_code error;
    for (fs::directory_iterator one("/proc", error), end; !error && one != end;
         one.increment(error)) {
        const auto process = number<int>(one->path().filename().string());
        if (process && holds(one->path(), socket)) {
            return *process;
        }
    }
    return fail(FailureKind::denied,
                "the process that listens at {}:{} cannot be seen: it may be another user's, or in "
                "a container",
                url.host, url.port);
}

Result<ProcessUse> use_of(int process) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", process));
    if (!stat) {
        return propagate(stat);
    }
    const auto use = process_use(
        *stat, {::sysconf(_SC_CLK_TCK), static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))});
    if (!use) {
        return fail(FailureKind::malformed, "/proc/{}/stat cannot be understood", process);
    }
    return *use;
}

}  // namespace meshproof::load
