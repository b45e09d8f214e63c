#include <algorithm>
#include <cstdio>
#include <exception>
#include <system_error>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/log.hpp"

namespace meshproof::cli {
namespace {

constexpr std::string_view help_footer = R"(
Examples:
  meshproof run                                     every scenario in virtual time, in seconds
  meshproof run lifecycle --target loopback         one theme, over TLS sockets on this machine
  meshproof run --target vault.yaml --report out    on your own Vault and cluster; out/report.html, out/junit.xml
  meshproof run lifecycle/ca-deletion --seed 7      replay one scenario
  meshproof explore --minutes 1                     random histories of a mesh, held against a model
  meshproof replay failed.yaml                      one history again, step by step
  meshproof conform                                 every check of a server's behaviour, on the fakes
  meshproof conform vault/pki --target vault.yaml   one topic, on your own Vault
  meshproof explain lifecycle/ca-deletion           what it proves, and where that is written
  meshproof load login-sign --target vault.yaml     what its signing path can carry, and at which latency
  meshproof plan --curve curves.json --pods 5000 --ttl 1h   whether it carries a mesh, by what a load measured
  meshproof preflight --account account.yaml        what is wrong with your own mount, roles and policy
  meshproof export --account account.yaml --out now.yaml    the same as a set-up for `serve` and `preflight --plan`
  meshproof serve                                   a fake Vault and API server for `vault`, `bao` and `kubectl`
  meshproof report gate out --policy gate.yaml      whether what was tested may go out
  meshproof clean --target vault.yaml               remove what a killed run left

A target file (secrets by file only):
  name: staging
  vaults:
    - address: https://vault.example:8200
      ca_file: vault-ca.pem
      token_file: vault-token
  clusters:
    - kubeconfig: kubeconfig

Exit codes:
  0 as expected   1 something failed   2 usage or invalid input   3 target unreachable, or blocked
  4 nothing was run   5 --time-limit ended it, and nothing had failed   70 a bug in meshproof)";

int run_program(int argc, char** argv) {
    CLI::App app(
        "meshproof proves that a Vault can carry a service mesh as its certificate authority.",
        "meshproof");
    app.footer(std::string(help_footer));
    app.set_version_flag("--version", "meshproof " MESHPROOF_VERSION);
    app.require_subcommand(1);
    app.failure_message(
        [](const CLI::App*, const CLI::Error& error) { return std::string(error.what()); });
    bool verbose = false;
    app.add_flag("-v,--verbose", verbose, "say more on stderr");

    Command chosen;
    add_run(app, chosen);
    add_conform(app, chosen);
    add_list(app, chosen);
    add_explain(app, chosen);
    add_report(app, chosen);
    add_load(app, chosen);
    add_plan(app, chosen);
    add_preflight(app, chosen);
    add_export(app, chosen);
    add_serve(app, chosen);
    add_clean(app, chosen);
    add_replay(app, chosen);
    add_explore(app, chosen);

    if (argc == 1) {
        fmt::print("{}", app.help());
        return usage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        // The help of the subcommand that was asked, if any.
        const auto* asked = &app;
        while (!asked->get_subcommands().empty()) {
            asked = asked->get_subcommands().front();
        }
        fmt::print("{}", asked->help());
        return as_expected;
    } catch (const CLI::CallForVersion&) {
        fmt::print("meshproof {}\n", MESHPROOF_VERSION);
        return as_expected;
    } catch (const CLI::ParseError& error) {
        std::string text = error.what();
        std::ranges::replace(text, '\n', ' ');
        log::error(text, "meshproof --help shows command lines that work");
        return usage;
    }
    log::set_verbose(verbose);
    return chosen();
}

}  // namespace
}  // namespace meshproof::cli

namespace {

int run_and_tell(int argc, char** argv) {
    using namespace meshproof;
    try {
        return cli::run_program(argc, argv);
    } catch (const cli::UsageError& error) {
        log::error(error.what(), error.hint());
        return cli::usage;
    } catch (const CannotGoOn& error) {
        log::error(error.what(), error.hint());
        return cli::unreachable;
    } catch (const std::exception& error) {
        const auto* of_system = dynamic_cast<const std::system_error*>(&error);
        if (cli::output_lost(of_system == nullptr ? 0 : of_system->code().value())) {
            return cli::as_expected;  // until output_code tells of it
        }
        log::error(fmt::format("unexpected: {}", error.what()),
                   "this is a bug in meshproof; please report it with the command line");
        return cli::own_bug;
    }
}

}  // namespace

int main(int argc, char** argv) {
    return meshproof::cli::output_code(run_and_tell(argc, argv));
}
