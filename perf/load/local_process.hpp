#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/http/message.hpp"
#include "core/time/time.hpp"

/// A process of this machine, found by the port that it listens on and read from Linux's /proc.
namespace meshproof::load {

/// What a process has used so far, and holds now.
struct ProcessUse {
    std::string name;              ///< "bao"
    Duration processor{};          ///< of all its threads, in user and kernel mode
    std::uint64_t memory_bytes{};  ///< resident
};

/// The kernel's own units for /proc: ticks a second, bytes a page.
struct ProcUnits {
    long ticks = 100;
    std::uint64_t page = 4096;
};

/// The inode of the socket that listens on a port of `host` ("127.0.0.1", "::1", "localhost"),
/// from the text of /proc/net/tcp or tcp6; a socket of that very address rather than one of all
/// addresses.
[[nodiscard]] std::optional<std::uint64_t> listening_inode(std::string_view table,
                                                           std::string_view host,
                                                           std::uint16_t port);
/// From the text of /proc/PID/stat; nothing where it cannot be understood.
[[nodiscard]] std::optional<ProcessUse> process_use(std::string_view stat, ProcUnits units);

/// The process that listens at a loopback address. A failure says why it cannot be seen: not
/// on this machine, or another user's.
[[nodiscard]] Result<int> process_at(const http::Url& url);
[[nodiscard]] Result<ProcessUse> use_of(int process);

}  // namespace meshproof::load
