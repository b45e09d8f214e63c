#include <filesystem>
#include <system_error>

#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/signal.hpp"

namespace meshproof::cli {
namespace {

struct ServeArguments {
    std::string product = "openbao";
    std::uint16_t vault_port = 8200, kube_port = 6443;
    std::string folder = "meshproof-serve";
    std::optional<std::uint64_t> seed;
};

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
    write_or_stop(folder + "/ca.pem", servers.ca().pem(), 0644);
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
                    "    ca_file: ca.pem\n"
                    "    token_file: root-token\n"
                    "    unseal_keys_file: unseal-keys\n"
                    "    allow_seal: true\n"
                    "clusters:\n"
                    "  - kubeconfig: kubeconfig\n"
                    "leaf_ttl: 10s\n",
                    folder, vault.config.endpoint.url.text()),
        0644);
}

void tell(const ServeArguments& arguments, const run::Target& target, std::uint64_t seed) {
    const auto folder = std::filesystem::absolute(arguments.folder).lexically_normal().string();
    fmt::print("meshproof {}, fake {} and kube-apiserver, seed {}\n\n", MESHPROOF_VERSION,
               arguments.product == "vault" ? "Vault 1.14.1" : "OpenBao 2.7.2", seed);
    if (arguments.product == "openbao") {
        fmt::print("# bao reads BAO_*, and VAULT_* where those are not set\n");
    }
    fmt::print("export VAULT_ADDR={}\n", target.vaults.front().config.endpoint.url.text());
    fmt::print("export VAULT_CACERT={}/ca.pem\n", folder);
    fmt::print("export VAULT_TOKEN=$(cat {}/root-token)\n", folder);
    fmt::print("export KUBECONFIG={}/kubeconfig\n\n", folder);
    fmt::print("vault status\nkubectl get namespaces\nmeshproof run --target {}/target.yaml\n\n",
               folder);
    fmt::print("serving until Ctrl-C\n");
    std::fflush(stdout);
}

Task<void> serve(const ServeArguments& arguments, run::Environment& environment, std::uint64_t seed,
                 Signal& stop) {
    fakes::FakeServersOptions options;
    options.seed = seed;
    options.vaults = options.clusters = 1;
    options.product =
        arguments.product == "vault" ? vault::Product::vault : vault::Product::openbao;
    options.vault_port = arguments.vault_port;
    options.kube_port = arguments.kube_port;
    auto started =
        co_await fakes::FakeServers::start(options, environment.clock(), environment.transport());
    if (!started) {
        throw CannotGoOn(started.error(),
                         "choose other ports with --vault-port and --kube-port (0 = any free one)");
    }
    run::Target target;
    (*started)->complete(target);
    write_files(arguments, **started, target);
    tell(arguments, target, seed);
    co_await stop.wait();
}

int serve_command(const ServeArguments& arguments) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(arguments.folder, error);
    if (error) {
        throw UsageError(
            fmt::format("cannot make the folder {}: {}", arguments.folder, error.message()));
    }
    const auto seed = arguments.seed ? *arguments.seed : fresh_seed();
    run::SocketEnvironment environment("serve", run::Target{});
    Signal stop;
    const SignalWatch watch([&] { environment.post([&stop] { stop.notify_all(); }); });
    environment.drive(serve(arguments, environment, seed, stop));
    // The credentials mean nothing once the servers are gone.
    for (const auto* file : {"ca.pem", "root-token", "unseal-keys", "kubeconfig", "target.yaml"}) {
        std::filesystem::remove(std::filesystem::path(arguments.folder) / file, error);
    }
    if (made) {
        std::filesystem::remove(arguments.folder,
                                error);  // only where nobody put anything else into it
    }
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
    command->add_option("--vault-port", arguments->vault_port, "0 = any free one")
        ->capture_default_str();
    command->add_option("--kube-port", arguments->kube_port, "0 = any free one")
        ->capture_default_str();
    command
        ->add_option("--dir", arguments->folder,
                     "where ca.pem, kubeconfig, root-token and target.yaml go; removed at the end")
        ->capture_default_str();
    command->add_option("--seed", arguments->seed, "for tokens, serial numbers and ids");
    command->footer(
        "\nExamples:\n  meshproof serve\n  meshproof serve --product vault --vault-port 0 "
        "--kube-port 0 --dir /tmp/fakes");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return serve_command(*arguments); }; });
}

}  // namespace meshproof::cli
