#include "cli/listen_address.hpp"

#include <charconv>

#include "cli/program.hpp"

namespace meshproof::cli {

fakes::ListenAddress listen_address(const std::string& flag, const std::string& text) {
    fakes::ListenAddress where;
    const auto colon = text.rfind(':');
    where.address = text.substr(0, colon);
    if (where.address.starts_with('[') && where.address.ends_with(']')) {
        where.address = where.address.substr(1, where.address.size() - 2);
    }
    if (where.address == "localhost") {
        where.address = "127.0.0.1";
    }
    const auto* const end = text.data() + text.size();
    const auto [stop, error] =
        std::from_chars(text.data() + std::min(text.size(), colon + 1), end, where.port);
    if (colon == std::string::npos || where.address.empty() || error != std::errc() ||
        stop != end) {
        throw UsageError(fmt::format("{}: expected ADDRESS:PORT, got \"{}\"", flag, text),
                         "as 127.0.0.1:8200, [::1]:8200, or 127.0.0.1:0 for any free port");
    }
    return where;
}

bool is_loopback(const fakes::ListenAddress& where) {
    return http::Url{"http", where.address, where.port, ""}.loopback();
}

}  // namespace meshproof::cli
