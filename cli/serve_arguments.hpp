#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "fakes/setup/setup.hpp"
#include "fakes/world/state_file.hpp"

namespace meshproof::cli {

/// Of each kind, so that no typing error asks for a thousand.
inline constexpr std::size_t most_servers = 9;

/// What was typed after `meshproof serve`.
struct ServeArguments {
    std::string product = "openbao";  ///< or with a version: "vault@1.14.1"
    std::size_t vaults = 1, clusters = 1;
    std::string vault_listen = "127.0.0.1:0", kube_listen = "127.0.0.1:0", control_listen;
    std::optional<std::uint16_t> vault_port, kube_port;
    bool allow_remote = false, plain = false;
    std::vector<std::string> names;  ///< of --san
    std::string advertise;
    std::string root_token_file, control_token_file;
    std::string folder = "meshproof-serve", chaos_file, state_file, setup_file, ready_file;
    bool folder_given = false;
    bool state_sync = false;
    std::optional<std::uint64_t> seed;
    std::string at;  ///< the date of the start: RFC 3339, or a length of time from now
    bool freeze = false;
    bool detach = false, exit_with_parent = false;
    std::string stop;                  ///< the folder or the file of the server to end; "" = serve
    std::vector<std::string> command;  ///< what follows --; none = serve until somebody ends it
    OutputOptions output;
};

/// What the flags ask for.
struct ServeWanted {
    fakes::FakeServersOptions servers;
    std::optional<Duration> from_now;  ///< of --at, where it is no date
    std::optional<fakes::StateFile> state;
    std::optional<fakes::ListenAddress> control;
    Secret control_token;  ///< empty = it asks for none
    std::optional<fakes::Setup> setup;
};
/// UsageError where they cannot mean it.
[[nodiscard]] ServeWanted read_serve_arguments(const ServeArguments& arguments);

/// What to do about a --state FILE that cannot be used.
inline constexpr auto other_state = "move the file away to begin anew, or give --state another one";

/// "openbao", as --product takes it.
[[nodiscard]] std::string_view product_word(vault::Product product);
/// "OpenBao 2.7.2"
[[nodiscard]] std::string played_product(vault::Product product);

}  // namespace meshproof::cli
