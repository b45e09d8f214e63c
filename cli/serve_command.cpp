#include <CLI/CLI.hpp>

#include "cli/program.hpp"
#include "cli/serve_arguments.hpp"
#include "cli/serve_folder.hpp"
#include "cli/serve_process.hpp"
#include "cli/serve_state.hpp"
#include "cli/served_command.hpp"
#include "cli/signal_watch.hpp"
#include "core/base/log.hpp"
#include "core/base/memory_reserve.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/signal.hpp"
#include "core/time/within.hpp"
#include "fakes/control/control_port.hpp"

namespace meshproof::cli {
namespace {

/// What a server has while it runs.
struct Server {
    const ServeArguments& arguments;
    const ServeFolder& folder;
    ReadyFile& ready;
    Detached& detached;
    Stop& stop;
    ServedCommand* command = nullptr;  ///< null where there is none
    fakes::Journal journal{};
    std::size_t served = 0;  ///< requests so far
};

/// The date of --at, where it was told from now. It has to stay a date.
void set_start(ServeWanted& wanted, const Clock& clock) {
    constexpr Duration furthest = std::chrono::hours(24 * 36525);
    if (wanted.from_now) {
        const auto by = *wanted.from_now;
        wanted.servers.date = by > furthest || by < -furthest ? Time::max() : clock.now() + by;
    }
    const auto& date = wanted.servers.date;
    if (date && (*date > clock.now() + furthest || *date < clock.now() - furthest)) {
        throw UsageError("--at: expected a date within a century");
    }
}

/// "vault-0: PUT /v1/pki/sign/web 403, after 2 ms; faults: busy". Who asked is in the journal.
std::string served_line(const fakes::Served& one) {
    const auto asked = one.method.empty() ? "a connection" : one.method + " " + one.path;
    const auto answer = one.status == 0 ? "no answer" : fmt::to_string(one.status);
    return fmt::format("{}: {} {}, after {}{}{}", one.server, asked, answer,
                       human_duration(one.took),
                       one.faults.empty() ? "" : "; faults: ", join(one.faults, ", "));
}

/// Starts the fakes; what cannot be is told with what to do about it.
Task<std::unique_ptr<fakes::FakeServers>> start_servers(Server& server, ServeWanted& wanted,
                                                        run::Environment& environment) {
    const bool resumed = !wanted.servers.state.is_null();
    // Who else would ask what was served?
    if (wanted.control || wanted.state || log::verbose()) {
        wanted.servers.on_served = [&server, keep = wanted.control.has_value()](fakes::Served one) {
            ++server.served;
            if (log::verbose()) {
                log::detail(served_line(one));
            }
            if (keep) {
                server.journal.add(std::move(one));
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
    co_return std::move(*started);
}

/// Gives the fakes what --setup says. Its warnings are told the first time only.
Task<Result<void>> set_up(fakes::Setup setup, fakes::FakeServers& servers, bool tell) {
    const auto warnings = co_await fakes::apply_setup(std::move(setup), servers);
    if (!warnings) {
        co_return propagate(warnings);
    }
    for (const auto& warning : *warnings) {
        if (tell) {
            log::warning(warning);
        }
    }
    co_return Result<void>();
}

Task<std::unique_ptr<fakes::ControlPort>> open_control(const ServeWanted& wanted,
                                                       fakes::FakeServers& servers,
                                                       fakes::Journal& journal) {
    fakes::ControlPortOptions options;
    options.token = wanted.control_token;
    if (wanted.setup) {
        options.set_up = [setup = *wanted.setup](fakes::FakeServers& anew) {
            return set_up(setup, anew, false);
        };
    }
    auto opened =
        co_await fakes::ControlPort::start(*wanted.control, servers, journal, std::move(options));
    if (!opened) {
        throw CannotGoOn(opened.error(),
                         "choose another with --control-listen (port 0 = any free one)");
    }
    co_return std::move(*opened);
}

/// Everything answers: says so to all who wait for it.
void tell_ready(Server& server, const Serving& serving) {
    write_credentials(serving);
    const auto document = describe(serving);
    const auto text = document.dump(2) + "\n";
    if (const auto written = write_file(server.folder.file("serve.json"), text); !written) {
        throw UsageError(written.error().message, "give --dir a folder that you may write");
    }
    server.ready.write(text);
    if (server.command != nullptr) {  // stdout is the command's
        server.command->start(server.arguments.command, whole_environment(serving));
        return;
    }
    tell_serving(serving, document);
    if (!server.detached.ready(server.folder.file("serve.log"))) {
        server.stop.asked = true;  // whoever started it has gone, and nobody knows of it
    }
}

Task<void> serve(Server& server, ServeWanted wanted, run::Environment& environment) {
    const auto seed = wanted.servers.seed;
    const auto product = wanted.servers.product;
    set_start(wanted, environment.clock());
    if (wanted.setup && !wanted.servers.state.is_null()) {
        log::note(fmt::format("goes on from {}, so --setup is left out", wanted.state->path()));
        wanted.setup.reset();
    }
    std::optional<StateKeeper> keeper;  // it ends after the servers that wait for it
    if (wanted.state) {
        keeper.emplace(*wanted.state, seed, product, server.stop);
        if (server.arguments.state_sync) {
            wanted.servers.before_answer = [&keeper] { return keeper->acknowledged(); };
        }
    }
    const auto servers = co_await start_servers(server, wanted, environment);
    if (wanted.setup) {
        if (const auto done = co_await set_up(*wanted.setup, *servers, true); !done) {
            throw UsageError(done.error().message, "docs/serve.md shows a set-up that is whole");
        }
    }
    std::unique_ptr<fakes::ControlPort> control;  // it ends before the servers that it governs
    if (wanted.control) {
        control = co_await open_control(wanted, *servers, server.journal);
    }
    if (wanted.state) {
        if (const auto written = wanted.state->write(*servers, seed, product); !written) {
            throw UsageError(written.error().message, "give --state a file that you may write");
        }
    }
    run::Target target;
    servers->complete(target);
    tell_ready(server, {server.arguments, server.folder, *servers, target, product, seed,
                        control.get(), wanted.control_token});
    if (keeper) {
        co_await keeper->keep(*servers, server.served, environment.clock());
    } else {
        (void)co_await stopped(server.stop);
    }
}

/// What a command beside it leaves no room for.
void check_command(const ServeArguments& arguments) {
    if (arguments.command.empty()) {
        return;
    }
    const auto refuse = [](const char* flag, const char* why) {
        throw UsageError(fmt::format("{}: not with a command after --", flag), why);
    };
    if (arguments.detach) {
        refuse("--detach", "the servers end with the command");
    }
    if (!arguments.stop.empty()) {
        refuse("--stop", "it serves nothing, so there is nothing to run a command with");
    }
    if (arguments.output.json()) {
        refuse("--format json", "stdout is the command's; --ready-file FILE has the document");
    }
}

int serve_command(const ServeArguments& arguments) {
    const Inherited inherited;  // before anything of it is changed
    check_command(arguments);
    if (!arguments.stop.empty()) {
        return stop_served(arguments.stop);
    }
    Detached detached;
    if (arguments.detach) {
        if (const auto code = detached.leave()) {
            return *code;
        }
    }
    memory_reserve::keep();
    auto asked = read_serve_arguments(arguments);
    const bool runs = !arguments.command.empty();
    // Commands may run side by side, and need no folder of a name that one knows.
    const ServeFolder folder(runs && !arguments.folder_given ? "" : arguments.folder);
    ReadyFile ready(arguments.ready_file);
    run::SocketEnvironment environment("serve", run::Target{});
    Stop stop;
    const auto end = [&] {
        environment.post([&stop] {
            stop.asked = true;
            stop.signal.notify_all();
        });
    };
    std::optional<ParentWatch> parent;
    std::optional<ServedCommand> command;
    if (arguments.exit_with_parent) {
        parent.emplace([&] { environment.post([&] { command ? command->end() : end(); }); });
    }
    std::optional<SignalWatch> watch;
    if (runs) {
        command.emplace(inherited, end);
    } else {
        watch.emplace(end);
    }
    Server server{arguments, folder, ready, detached, stop, command ? &*command : nullptr};
    environment.drive(serve(server, std::move(asked), environment));
    if (command) {
        return command->exit_code();
    }
    if (!arguments.detach) {
        log::note("stopped");
    }
    return as_expected;
}

void add_places(CLI::App& command, ServeArguments& arguments) {
    constexpr int last_port = 65'535;
    auto* vault_listen =
        command.add_option("--vault-listen", arguments.vault_listen, "ADDRESS:PORT of the Vault")
            ->capture_default_str();
    auto* kube_listen =
        command
            .add_option("--kube-listen", arguments.kube_listen, "ADDRESS:PORT of the API server")
            ->capture_default_str();
    command.add_option("--vault-port", arguments.vault_port, "as --vault-listen 127.0.0.1:PORT")
        ->check(CLI::Range(0, last_port))
        ->excludes(vault_listen);
    command.add_option("--kube-port", arguments.kube_port, "as --kube-listen 127.0.0.1:PORT")
        ->check(CLI::Range(0, last_port))
        ->excludes(kube_listen);
    command.add_flag("--allow-remote", arguments.allow_remote,
                     "let them listen where others can reach them");
    command
        .add_option("--san", arguments.names,
                    "a name or IP address that their certificate has too; repeatable")
        ->take_all();
    command.add_option("--advertise", arguments.advertise,
                       "the host that clients are told, where that is not where they listen");
    auto* plain = command.add_flag("--plain", arguments.plain, "HTTP without TLS");
    command.add_flag_callback(
               "--tls", [] {}, "HTTPS by a CA of its own (the default)")
        ->excludes(plain);
    command.add_option("--control-listen", arguments.control_listen,
                       "ADDRESS:PORT of a control port: docs/control-api.yaml");
    command.add_option("--control-token-file", arguments.control_token_file,
                       "a file with the token that the control port asks for; elsewhere than on "
                       "loopback it always asks for one");
}

void add_contents(CLI::App& command, ServeArguments& arguments) {
    command
        .add_option("--product", arguments.product,
                    fmt::format("openbao ({}) or vault ({}); NAME@VERSION insists on the version",
                                fakes::vault::played_version(vault::Product::openbao),
                                fakes::vault::played_version(vault::Product::vault)))
        ->capture_default_str();
    command.add_option("--vaults", arguments.vaults, "how many Vaults")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, most_servers));
    command.add_option("--clusters", arguments.clusters, "how many API servers")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, most_servers));
    command.add_option("--root-token-file", arguments.root_token_file,
                       "a file with the root token of the Vaults; MESHPROOF_ROOT_TOKEN of the "
                       "environment does the same");
    command.add_option("--setup", arguments.setup_file,
                       "a file of mounts, writes, accounts and pods to begin with: docs/serve.md");
    command.add_option("--seed", arguments.seed, "for tokens, serial numbers, ids and chaos");
    command.add_option("--at", arguments.at,
                       "the date to begin at: 2031-01-01T00:00:00Z, or from now: +720h");
    command.add_flag("--freeze", arguments.freeze, "the date stands still, until it is moved");
    command.add_option("--chaos", arguments.chaos_file, "a file of faults: docs/serve.md");
    auto* state = command.add_option("--state", arguments.state_file,
                                     "a file that keeps what they hold from one start to the next");
    command
        .add_flag("--state-sync", arguments.state_sync,
                  "answer a change only when it is in that file")
        ->needs(state);
}

void add_lifetime(CLI::App& command, ServeArguments& arguments) {
    command
        .add_option(
            "--dir", arguments.folder,
            "where ca.pem, kubeconfig, root-token, target.yaml and serve.json go; removed at the "
            "end")
        ->capture_default_str();
    command.add_option("--ready-file", arguments.ready_file,
                       "a file to write, in JSON, when everything answers; removed at the end");
    add_format_option(command, arguments.output);
    auto* detach = command.add_flag("--detach", arguments.detach,
                                    "go on in the background; returns when everything answers");
    command
        .add_flag("--exit-with-parent", arguments.exit_with_parent,
                  "end when the program that started this one has ended")
        ->excludes(detach);
    command.add_option("--stop", arguments.stop,
                       "end the server of this folder (--dir) or file (--ready-file), and nothing "
                       "else");
}

}  // namespace

void add_serve(CLI::App& app, Command& chosen, std::vector<std::string> served) {
    auto* command = app.add_subcommand(
        "serve", "serve a fake Vault and a fake API server on TLS ports of this machine");
    auto arguments = std::make_shared<ServeArguments>();
    arguments->command = std::move(served);
    add_contents(*command, *arguments);
    add_places(*command, *arguments);
    add_lifetime(*command, *arguments);
    command->footer(
        "\nWith -- COMMAND they serve that command: it runs with VAULT_ADDR, VAULT_TOKEN, "
        "KUBECONFIG "
        "and so on\nset, they end with it, and its exit code is theirs.\n"
        "\nExamples:\n  meshproof serve\n  meshproof serve -- kubectl get namespaces\n  meshproof "
        "serve --product vault --vault-listen "
        "127.0.0.1:8200 --dir /tmp/fakes\n  meshproof serve --chaos faults.yaml --control-listen "
        "127.0.0.1:0\n  meshproof serve --setup mesh.yaml --detach --dir /tmp/fakes\n  meshproof "
        "serve --stop /tmp/fakes");
    command->callback([&chosen, arguments, folder = command->get_option("--dir")] {
        arguments->folder_given = folder->count() > 0;
        chosen = [arguments] { return serve_command(*arguments); };
    });
}

}  // namespace meshproof::cli
