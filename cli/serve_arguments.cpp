#include "cli/serve_arguments.hpp"

#include "cli/listen_address.hpp"
#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

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
        log::warning(fmt::format("{} is open to others: whoever knows the seed knows every token{}",
                                 text, arguments.plain ? ", and nothing is encrypted" : ""));
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

/// The date of the start, or how far it is from now.
void read_date(const std::string& text, ServeWanted& out) {
    if (const auto date = parse_rfc3339(text)) {
        out.servers.date = *date;
        return;
    }
    const bool ahead = text.starts_with('+');
    out.from_now = parse_duration(ahead ? text.substr(1) : text);
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
    servers.state = std::move((*kept)->servers);
}

fakes::ListenAddress control_address(const std::string& text) {
    auto where = listen_address("--control-listen", text);
    if (!is_loopback(where)) {
        throw UsageError(
            fmt::format("--control-listen: {} is not a loopback address", where.address),
            "whoever reaches the control port governs the fakes: it has no password");
    }
    return where;
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
    servers.seed = arguments.seed ? *arguments.seed : fresh_seed();
    servers.vaults = servers.clusters = 1;
    servers.product = read_product(arguments.product);
    servers.tls = !arguments.plain;
    servers.frozen = arguments.freeze;
    servers.vault_listen =
        server_address(arguments, "--vault-listen", arguments.vault_listen, arguments.vault_port);
    servers.kube_listen =
        server_address(arguments, "--kube-listen", arguments.kube_listen, arguments.kube_port);
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
    if (!arguments.control_listen.empty()) {
        out.control = control_address(arguments.control_listen);
    }
    return out;
}

}  // namespace meshproof::cli
