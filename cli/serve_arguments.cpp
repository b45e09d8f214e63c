#include "cli/serve_arguments.hpp"

#include <algorithm>
#include <cstdlib>

#include "cli/listen_address.hpp"
#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/http/message.hpp"

namespace meshproof::cli {
namespace {

/// Where a server's port listens, which others may only reach where that was asked for.
fakes::ListenAddress server_address(const ServeArguments& arguments, const std::string& flag,
                                    const std::string& text,
                                    const std::optional<std::uint16_t>& port) {
    auto where = listen_address(flag, text);
    where.port = port.value_or(where.port);
    if (!is_loopback(where)) {
        if (!arguments.allow_remote) {
            throw UsageError(fmt::format("{}: {} is not a loopback address", flag, where.address),
                             "others could reach the fakes there: add --allow-remote if they may");
        }
        log::warning(fmt::format("{} is open to others{}{}", text,
                                 arguments.seed ? ": whoever knows the seed knows every token" : "",
                                 arguments.plain ? arguments.seed ? ", and nothing is encrypted"
                                                                  : ": nothing is encrypted"
                                                 : ""));
    }
    return where;
}

std::vector<fakes::ChaosRule> read_chaos(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        throw UsageError(text.error().message, "--chaos takes a file of rules: docs/serve.md");
    }
    auto rules = fakes::parse_chaos(*text, path);
    if (!rules) {
        throw UsageError(rules.error().message, "docs/serve.md lists what a rule may hold");
    }
    return std::move(*rules);
}

fakes::Setup read_setup(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        throw UsageError(text.error().message,
                         "--setup takes a file of mounts, writes and objects: docs/serve.md");
    }
    auto setup = fakes::parse_setup(*text, path);
    if (!setup) {
        throw UsageError(setup.error().message, "docs/serve.md lists what a set-up may hold");
    }
    return std::move(*setup);
}

/// "2.7" and "2.7.2" mean 2.7.2, and "2.7.1" does not.
bool means_version(std::string_view asked, std::string_view played) {
    return asked == played ||
           (!asked.empty() && played.starts_with(asked) && played[asked.size()] == '.');
}

vault::Product read_product(const std::string& text) {
    const auto at = text.find('@');
    const auto name = text.substr(0, at);
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        if (name != product_word(product)) {
            continue;
        }
        const auto played = fakes::vault::played_version(product);
        if (at != std::string::npos && !means_version(text.substr(at + 1), played)) {
            throw UsageError(
                fmt::format("--product {}: only {} is played", text, played_product(product)),
                fmt::format("--product {}@{}, or without a version", product_word(product),
                            played));
        }
        return product;
    }
    const auto near = nearest(name, {"openbao", "vault"});
    throw UsageError(fmt::format("--product {}: expected openbao or vault", text),
                     near.empty() ? "a version may follow, as in vault@1.14.1"
                                  : fmt::format("did you mean {}?", near));
}

/// A token as a Vault takes it for a custom one: letters, digits, - and _, after a service token's
/// prefix or none. The refusal does not show it.
Secret as_token(const std::string& where, const std::string& text) {
    constexpr std::size_t longest = 256;
    const auto token = trim(text);
    auto rest = token;
    for (const std::string_view prefix : {"hvs.", "s."}) {
        if (rest.starts_with(prefix)) {
            rest.remove_prefix(prefix.size());
            break;
        }
    }
    const bool known = std::ranges::all_of(rest, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
    if (rest.empty() || token.size() > longest || !known) {
        throw UsageError(fmt::format("{}: expected a token of letters, digits, - and _", where),
                         "at most 256 characters on one line; it may begin with s. or hvs.");
    }
    return Secret(std::string(token));
}

Secret read_token_file(const std::string& flag, const std::string& path) {
    constexpr std::size_t largest = 1U << 16;
    const auto text = read_file(path, largest);
    if (!text) {
        // A token that was written in the place of its file's name is not repeated.
        const bool token = path.starts_with("s.") || path.starts_with("hvs.");
        throw UsageError(
            token ? fmt::format("{}: there is no such file", flag) : text.error().message,
            fmt::format("{} takes a file with a token, not the token", flag));
    }
    return as_token(fmt::format("{} {}", flag, path), *text);
}

/// The date of the start, or how far it is from now.
void read_date(const std::string& text, ServeWanted& out) {
    if (const auto date = parse_rfc3339(text)) {
        out.servers.date = *date;
        return;
    }
    const bool ahead = text.starts_with('+');
    out.from_now = parse_duration_with_unit(ahead ? text.substr(1) : text);
    if (!out.from_now || (!ahead && !text.starts_with('-'))) {
        throw UsageError(fmt::format("--at {}: expected a date or a time from now", text),
                         "as --at 2031-01-01T00:00:00Z, --at +720h or --at=-1h");
    }
}

/// Goes on from the file of --state, where it is there already. Its seed is kept.
void go_on_from(fakes::StateFile& file, fakes::FakeServersOptions& servers,
                const ServeArguments& arguments) {
    auto kept = file.read();
    if (!kept) {
        throw UsageError(kept.error().message, other_state);
    }
    if (!*kept) {
        return;
    }
    if ((*kept)->product != servers.product) {
        throw UsageError(fmt::format("{}: expected the state of another product, {}", file.path(),
                                     product_word(servers.product)),
                         fmt::format("serve it with --product {}", product_word((*kept)->product)));
    }
    servers.seed = arguments.seed.value_or((*kept)->seed);
    if (!servers.root_token.empty()) {
        log::note(fmt::format("goes on from {}, and keeps its root token", file.path()));
    }
    servers.state = std::move((*kept)->servers);
}

/// Where the control port listens, and what callers have to show there.
void read_control(const ServeArguments& arguments, ServeWanted& out) {
    const auto& file = arguments.control_token_file;
    if (arguments.control_listen.empty()) {
        if (!file.empty()) {
            throw UsageError("--control-token-file: there is no control port",
                             "add --control-listen ADDRESS:PORT");
        }
        return;
    }
    const auto where = listen_address("--control-listen", arguments.control_listen);
    if (!file.empty()) {
        out.control_token = read_token_file("--control-token-file", file);
    }
    if (!is_loopback(where)) {
        if (!arguments.allow_remote) {
            throw UsageError(
                fmt::format("--control-listen: {} is not a loopback address", where.address),
                "others could govern the fakes there, by a token and unencrypted: add "
                "--allow-remote if they may");
        }
        if (out.control_token.empty()) {
            out.control_token = Secret(Prng(secret_seed()).token(32));
        }
        log::warning(fmt::format("{} is open to others: nothing is encrypted, not the token either",
                                 arguments.control_listen));
    }
    out.control = where;
}

void check_host(const std::string& flag, const std::string& text) {
    if (!http::is_host(text)) {
        throw UsageError(fmt::format("{} {}: expected a host name or an IP address", flag, text),
                         "without scheme, port and brackets, as vault.example or 192.0.2.7");
    }
}

/// What says who the servers are to clients elsewhere.
void read_names(const ServeArguments& arguments, fakes::FakeServersOptions& servers) {
    for (const auto& name : arguments.names) {
        check_host("--san", name);
    }
    if (!arguments.advertise.empty()) {
        check_host("--advertise", arguments.advertise);
    }
    servers.names = arguments.names;
    servers.advertise = arguments.advertise;
}

/// How many, and whether their ports are ones.
void read_numbers(const ServeArguments& arguments, fakes::FakeServersOptions& servers) {
    servers.vaults = arguments.vaults;
    servers.clusters = arguments.clusters;
    const auto check = [](const char* flag, const fakes::ListenAddress& first, std::size_t count) {
        constexpr std::size_t last_port = 65'535;
        if (first.port != 0 && first.port + count - 1 > last_port) {
            throw UsageError(fmt::format("{}: {} ports from {} on are more than there are", flag,
                                         count, first.port),
                             "the first server has this port, and each other one the next");
        }
    };
    check("--vault-listen", servers.vault_listen, servers.vaults);
    check("--kube-listen", servers.kube_listen, servers.clusters);
}

/// A root token that somebody chose, or none. Never from the command line, which others can see.
Secret chosen_root_token(const ServeArguments& arguments) {
    if (!arguments.root_token_file.empty()) {
        return read_token_file("--root-token-file", arguments.root_token_file);
    }
    const auto* const given = std::getenv("MESHPROOF_ROOT_TOKEN");
    return given == nullptr || *given == 0 ? Secret()
                                           : as_token("MESHPROOF_ROOT_TOKEN", std::string(given));
}

}  // namespace

std::string_view product_word(vault::Product product) {
    return product == vault::Product::openbao ? "openbao" : "vault";
}

std::string played_product(vault::Product product) {
    return fmt::format("{} {}", product == vault::Product::openbao ? "OpenBao" : "Vault",
                       fakes::vault::played_version(product));
}

ServeWanted read_serve_arguments(const ServeArguments& arguments) {
    ServeWanted out;
    auto& servers = out.servers;
    servers.seed = arguments.seed ? *arguments.seed : secret_seed();
    servers.credentials_by_chance = !arguments.seed;
    servers.one_product = true;
    servers.product = read_product(arguments.product);
    servers.tls = !arguments.plain;
    servers.frozen = arguments.freeze;
    servers.reads_aside = true;
    servers.vault_listen =
        server_address(arguments, "--vault-listen", arguments.vault_listen, arguments.vault_port);
    servers.kube_listen =
        server_address(arguments, "--kube-listen", arguments.kube_listen, arguments.kube_port);
    read_numbers(arguments, servers);
    read_names(arguments, servers);
    servers.root_token = chosen_root_token(arguments);
    if (!arguments.at.empty()) {
        read_date(arguments.at, out);
    }
    if (!arguments.state_file.empty()) {
        out.state.emplace(arguments.state_file);
        go_on_from(*out.state, servers, arguments);
    }
    if (!arguments.chaos_file.empty()) {
        servers.chaos = read_chaos(arguments.chaos_file);
    }
    if (!arguments.setup_file.empty()) {
        out.setup = read_setup(arguments.setup_file);
    }
    read_control(arguments, out);
    return out;
}

}  // namespace meshproof::cli
