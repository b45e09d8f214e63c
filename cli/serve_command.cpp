#include <filesystem>
#include <system_error>

#include "cli/listen_address.hpp"
#include "cli/program.hpp"
#include "cli/signal_watch.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/signal.hpp"
#include "core/time/within.hpp"
#include "fakes/control/control_port.hpp"
#include "fakes/world/state_file.hpp"

namespace meshproof::cli {
namespace {

struct ServeArguments {
    std::string product = "openbao";
    std::string vault_listen = "127.0.0.1:0", kube_listen = "127.0.0.1:0", control_listen;
    std::optional<std::uint16_t> vault_port, kube_port;
    bool allow_remote = false, plain = false;
    std::string folder = "meshproof-serve", chaos_file, state_file;
    std::optional<std::uint64_t> seed;
};

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

void write_or_stop(const std::string& path, std::string_view text, int mode) {
    if (const auto written = write_file(path, text, mode); !written) {
        throw UsageError(written.error().message, "give --dir a folder that you may write");
    }
}

/// What clients need, in files; secrets only the owner can read.
void write_files(const ServeArguments& arguments, fakes::FakeServers& servers,
                 const run::Target& target) {
    const auto& folder = arguments.folder;
    const auto& vault = target.vaults.front();
    if (!arguments.plain) {
        write_or_stop(folder + "/ca.pem", servers.ca().pem(), 0644);
        // For clients of the API server that show a certificate instead of a token.
        crypto::Subject subject;
        subject.common_name = "admin";
        subject.organization = {"system:masters"};
        const auto admin = servers.client_identity(std::move(subject));
        write_or_stop(folder + "/admin.pem", admin.leaf.pem(), 0644);
        write_or_stop(folder + "/admin.key", admin.key.pkcs8_pem(), 0600);
    }
    write_or_stop(folder + "/root-token", vault.config.token.reveal() + "\n", 0600);
    std::string keys;
    for (const auto& key : vault.unseal_keys) {
        keys += key.reveal() + "\n";
    }
    write_or_stop(folder + "/unseal-keys", keys, 0600);
    write_or_stop(folder + "/kubeconfig", kube::write_kubeconfig(target.clusters.front()), 0600);
    write_or_stop(
        folder + "/target.yaml",
        fmt::format("# The served fakes as a target: meshproof run --target {}/target.yaml\n"
                    "name: served-fakes\n"
                    "vaults:\n"
                    "  - address: {}\n"
                    "{}"
                    "    token_file: root-token\n"
                    "    unseal_keys_file: unseal-keys\n"
                    "    allow_seal: true\n"
                    "clusters:\n"
                    "  - kubeconfig: kubeconfig\n"
                    "leaf_ttl: 10s\n",
                    folder, vault.config.endpoint.url.text(),
                    arguments.plain ? "" : "    ca_file: ca.pem\n"),
        0644);
}

void tell(const ServeArguments& arguments, const run::Target& target, std::uint64_t seed,
          const fakes::ControlPort* control) {
    const auto folder = std::filesystem::absolute(arguments.folder).lexically_normal().string();
    fmt::print("meshproof {}, fake {} and kube-apiserver, seed {}\n\n", MESHPROOF_VERSION,
               arguments.product == "vault" ? "Vault 1.14.1" : "OpenBao 2.7.2", seed);
    if (arguments.product == "openbao") {
        fmt::print("# bao reads BAO_*, and VAULT_* where those are not set\n");
    }
    fmt::print("export VAULT_ADDR={}\n", target.vaults.front().config.endpoint.url.text());
    if (!arguments.plain) {
        fmt::print("export VAULT_CACERT={}/ca.pem\n", folder);
    }
    fmt::print("export VAULT_TOKEN=$(cat {}/root-token)\n", folder);
    fmt::print("export KUBECONFIG={}/kubeconfig\n", folder);
    if (control != nullptr) {
        fmt::print("export MESHPROOF_CONTROL={}\n", control->url().text());
    }
    fmt::print("\n");
    fmt::print("vault status\nkubectl get namespaces\nmeshproof run --target {}/target.yaml\n\n",
               folder);
    fmt::print("serving until Ctrl-C\n");
    std::fflush(stdout);
}

/// What the flags ask for; UsageError where they cannot mean it.
struct Wanted {
    fakes::FakeServersOptions servers;
    std::optional<fakes::StateFile> state;
    std::optional<fakes::ListenAddress> control;
};

constexpr auto other_state = "move the file away to begin anew, or give --state another one";

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
                                     arguments.product),
                         arguments.product == "vault" ? "serve it with --product openbao"
                                                      : "serve it with --product vault");
    }
    servers.seed = arguments.seed.value_or((*kept)->seed);
    servers.state = std::move((*kept)->servers);
}

Wanted wanted(const ServeArguments& arguments) {
    Wanted out;
    auto& servers = out.servers;
    servers.seed = arguments.seed ? *arguments.seed : fresh_seed();
    servers.vaults = servers.clusters = 1;
    servers.product =
        arguments.product == "vault" ? vault::Product::vault : vault::Product::openbao;
    servers.tls = !arguments.plain;
    servers.vault_listen =
        server_address(arguments, "--vault-listen", arguments.vault_listen, arguments.vault_port);
    servers.kube_listen =
        server_address(arguments, "--kube-listen", arguments.kube_listen, arguments.kube_port);
    if (!arguments.state_file.empty()) {
        out.state.emplace(arguments.state_file);
        go_on_from(*out.state, servers, arguments);
    }
    if (!arguments.chaos_file.empty()) {
        servers.chaos = read_chaos(arguments.chaos_file);
    }
    if (!arguments.control_listen.empty()) {
        out.control = listen_address("--control-listen", arguments.control_listen);
        if (!is_loopback(*out.control)) {
            throw UsageError(
                fmt::format("--control-listen: {} is not a loopback address", out.control->address),
                "whoever reaches the control port governs the fakes: it has no password");
        }
    }
    return out;
}

/// The user's wish to end.
struct Stop {
    Signal signal;
    bool asked = false;
};

Task<Result<void>> stopped(Stop& stop) {
    while (!stop.asked) {
        co_await stop.signal.wait();
    }
    co_return Result<void>();
}

/// Writes the state now and then, where something may have changed, and at the end.
Task<void> keep_state(fakes::StateFile& file, fakes::FakeServers& servers, std::uint64_t seed,
                      vault::Product product, const std::size_t& served, Clock& clock, Stop& stop) {
    constexpr Duration pause = std::chrono::seconds(5);
    const auto now = [&] {
        return std::tuple(served, servers.clock().offset(), servers.vault().sealed());
    };
    auto then = now();
    while (!stop.asked) {
        (void)co_await within(clock, pause, stopped(stop));
        if (!stop.asked && now() == then) {
            continue;
        }
        then = now();
        const auto written = file.write(servers, seed, product);
        if (!written && stop.asked) {
            throw CannotGoOn(written.error(), "what changed since the last write is lost");
        }
        if (!written) {
            log::warning(written.error().message);
        }
    }
}

Task<void> serve(const ServeArguments& arguments, Wanted wanted, run::Environment& environment,
                 Stop& stop) {
    const auto seed = wanted.servers.seed;
    const auto product = wanted.servers.product;
    const bool resumed = !wanted.servers.state.is_null();
    std::size_t served = 0;
    fakes::Journal journal;
    if (wanted.control || wanted.state) {  // who else would ask what was served
        wanted.servers.on_served = [&served,
                                    kept = wanted.control ? &journal : nullptr](fakes::Served one) {
            ++served;
            if (kept != nullptr) {
                kept->add(std::move(one));
            }
        };
    }
    auto started = co_await fakes::FakeServers::start(std::move(wanted.servers),
                                                      environment.clock(), environment.transport());
    if (!started && resumed && started.error().kind == FailureKind::invalid) {
        throw UsageError(fmt::format("{}: expected a whole state, but {}", wanted.state->path(),
                                     started.error().message),
                         other_state);
    }
    if (!started) {
        throw CannotGoOn(started.error(),
                         "choose others with --vault-listen and --kube-listen (port 0 = any free "
                         "one)");
    }
    const auto servers = std::move(*started);
    std::unique_ptr<fakes::ControlPort> control;  // it ends before the servers that it governs
    if (wanted.control) {
        auto opened = co_await fakes::ControlPort::start(*wanted.control, *servers, journal);
        if (!opened) {
            throw CannotGoOn(opened.error(),
                             "choose another with --control-listen (port 0 = any free one)");
        }
        control = std::move(*opened);
    }
    run::Target target;
    servers->complete(target);
    write_files(arguments, *servers, target);
    if (wanted.state) {
        if (const auto written = wanted.state->write(*servers, seed, product); !written) {
            throw UsageError(written.error().message, "give --state a file that you may write");
        }
    }
    tell(arguments, target, seed, control.get());
    if (wanted.state) {
        co_await keep_state(*wanted.state, *servers, seed, product, served, environment.clock(),
                            stop);
    } else {
        (void)co_await stopped(stop);
    }
}

/// The folder of write_files(). The credentials mean nothing once the servers are gone, so they go
/// with it, however that ends.
class Folder {
  public:
    explicit Folder(std::string path) : path_(std::move(path)) {
        std::error_code error;
        made_ = std::filesystem::create_directories(path_, error);
        if (error) {
            throw UsageError(fmt::format("cannot make the folder {}: {}", path_, error.message()));
        }
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code error;
        for (const auto* file : {"ca.pem", "admin.pem", "admin.key", "root-token", "unseal-keys",
                                 "kubeconfig", "target.yaml"}) {
            std::filesystem::remove(std::filesystem::path(path_) / file, error);
        }
        if (made_) {
            std::filesystem::remove(path_, error);  // only where nobody put anything else into it
        }
    }

  private:
    std::string path_;
    bool made_ = false;
};

int serve_command(const ServeArguments& arguments) {
    auto asked = wanted(arguments);
    const Folder folder(arguments.folder);
    run::SocketEnvironment environment("serve", run::Target{});
    Stop stop;
    const SignalWatch watch([&] {
        environment.post([&stop] {
            stop.asked = true;
            stop.signal.notify_all();
        });
    });
    environment.drive(serve(arguments, std::move(asked), environment, stop));
    log::note("stopped");
    return as_expected;
}

}  // namespace

void add_serve(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "serve", "serve a fake Vault and a fake API server on TLS ports of this machine");
    auto arguments = std::make_shared<ServeArguments>();
    command->add_option("--product", arguments->product, "openbao (2.7.2) or vault (1.14.1)")
        ->check(CLI::IsMember({"openbao", "vault"}))
        ->capture_default_str();
    auto* vault_listen =
        command->add_option("--vault-listen", arguments->vault_listen, "ADDRESS:PORT of the Vault")
            ->capture_default_str();
    auto* kube_listen =
        command
            ->add_option("--kube-listen", arguments->kube_listen, "ADDRESS:PORT of the API server")
            ->capture_default_str();
    command->add_option("--vault-port", arguments->vault_port, "as --vault-listen 127.0.0.1:PORT")
        ->excludes(vault_listen);
    command->add_option("--kube-port", arguments->kube_port, "as --kube-listen 127.0.0.1:PORT")
        ->excludes(kube_listen);
    command->add_flag("--allow-remote", arguments->allow_remote,
                      "let them listen where others can reach them");
    auto* plain = command->add_flag("--plain", arguments->plain, "HTTP without TLS");
    command->add_flag_callback(
               "--tls", [] {}, "HTTPS by a CA of its own (the default)")
        ->excludes(plain);
    command
        ->add_option("--dir", arguments->folder,
                     "where ca.pem, kubeconfig, root-token and target.yaml go; removed at the end")
        ->capture_default_str();
    command->add_option("--seed", arguments->seed, "for tokens, serial numbers, ids and chaos");
    command->add_option("--chaos", arguments->chaos_file, "a file of faults: docs/serve.md");
    command->add_option("--state", arguments->state_file,
                        "a file that keeps what they hold from one start to the next");
    command->add_option("--control-listen", arguments->control_listen,
                        "ADDRESS:PORT of a control port, on loopback: docs/control-api.yaml");
    command->footer(
        "\nExamples:\n  meshproof serve\n  meshproof serve --product vault --vault-listen "
        "127.0.0.1:8200 --dir /tmp/fakes\n  meshproof serve --chaos faults.yaml --control-listen "
        "127.0.0.1:0");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return serve_command(*arguments); }; });
}

}  // namespace meshproof::cli
