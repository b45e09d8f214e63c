#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <system_error>

#include "cli/commit.hpp"
#include "cli/other_names.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/crypto/library.hpp"
#include "fakes/kube/fake_kube.hpp"
#include "fakes/vault/options.hpp"

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
  meshproof twin --target vault.yaml --minutes 5    whether your Vault answers as the fake does, by its own description
  meshproof explain lifecycle/ca-deletion           what it proves, and where that is written
  meshproof load login-sign --target vault.yaml     what its signing path can carry, and at which latency
  meshproof plan --curve curves.json --pods 5000 --ttl 1h   whether it carries a mesh, by what a load measured
  meshproof preflight --account account.yaml        what is wrong with your own mount, roles and policy
  meshproof export --account account.yaml --out now.yaml    the same as a set-up for `serve` and `preflight --plan`
  meshproof serve                                   a fake Vault and API server for `vault`, `bao` and `kubectl`
  meshproof report gate out --policy gate.yaml      whether what was tested may go out
  meshproof clean --target vault.yaml --run k3f9a2  remove what a killed run left

A target file (secrets by file only; docs/target.md tells every member):
  name: staging
  vaults:
    - address: https://vault.example:8200
      ca_file: vault-ca.pem
      token_file: vault-token
  clusters:
    - kubeconfig: kubeconfig

Exit codes:
  0 as expected   1 something failed   2 usage or invalid input   3 target unreachable, blocked, or interrupted
  4 nothing was run   5 --time-limit ended it, and nothing had failed   70 a bug in meshproof)";

/// What a report of a fault should say, on one line each.
std::string version_text() {
    return fmt::format(
        "meshproof {}, {}\nbuilt by {}, with {}\nplays OpenBao {}, Vault {} and kube-apiserver "
        "{}\n",
        MESHPROOF_VERSION, built_commit(), __VERSION__, crypto::library_version(),
        fakes::vault::played_version(vault::Product::openbao),
        fakes::vault::played_version(vault::Product::vault), fakes::played_kube_version);
}

/// The command of `serve -- COMMAND`, which is taken away from `arguments`: its words are no flags
/// of ours, and the parser would take [a,b] apart.
std::vector<std::string> take_command(std::span<char*>& arguments) {
    const auto word =
        std::ranges::find_if(arguments, [](const char* argument) { return *argument != '-'; });
    const auto mark = std::ranges::find(arguments, std::string_view("--"));
    if (word == arguments.end() || *word != std::string_view("serve") || mark == arguments.end()) {
        return {};
    }
    std::vector<std::string> words(mark + 1, arguments.end());
    if (words.empty() || words.front().empty()) {
        throw UsageError("serve --: expected a command",
                         "as meshproof serve -- kubectl get namespaces");
    }
    arguments = {arguments.begin(), mark};
    return words;
}

std::vector<CLI::App*> subcommands_of(CLI::App& app) {
    return app.get_subcommands([](CLI::App*) { return true; });
}

/// Before or after the subcommand, and after one of its own.
void add_verbose(CLI::App& app, bool& verbose) {
    app.add_flag("-v,--verbose", verbose, "say more on stderr");
    for (auto* command : subcommands_of(app)) {
        add_verbose(*command, verbose);
    }
}

/// Where a kubeconfig may be read. Its credential plugins are programs that a file names, so
/// whoever types the command says that they may run.
void add_allow_exec(CLI::App& app, bool& allowed) {
    for (auto* command : subcommands_of(app)) {
        if (command->get_option_no_throw("--target") != nullptr ||
            command->get_option_no_throw("--account") != nullptr) {
            command->add_flag("--allow-exec", allowed,
                              "run the credential plugin (exec) that a kubeconfig names; "
                              "MESHPROOF_ALLOW_EXEC=1 of the environment does the same");
        }
    }
}

/// The parser makes another number of one that is too large or below zero, and reads 010 as 8.
std::string refuse_no_number(const std::string& given) {
    std::uint64_t number = 0;
    const auto* end = given.data() + given.size();
    const auto [rest, error] = std::from_chars(given.data(), end, number);
    return error == std::errc() && rest == end && fmt::to_string(number) == given
               ? std::string()
               : fmt::format("expected a whole number from 0 to {}, got {}", UINT64_MAX, given);
}

/// An empty value would count as none: a run whose folder for reports is a variable that is not set
/// would leave no report, and not say so.
std::string refuse_empty(const std::string& given) {
    return given.empty() ? "expected something, got nothing: is a variable not set?" : "";
}

/// What the parser takes without a word, and nobody means.
void add_value_checks(CLI::App& app) {
    // Of these, none is as good: outside of GitHub, and without a namespace, the variable is empty.
    constexpr std::string_view may_be_empty[] = {"--summary", "--namespace"};
    for (auto* option : app.get_options()) {
        const auto type = option->get_type_name();
        if (type.starts_with("UINT")) {
            option->check(refuse_no_number);
        } else if (type.starts_with("TEXT") && !option->get_positional() &&
                   std::ranges::find(may_be_empty, option->get_name()) == std::end(may_be_empty)) {
            option->check(refuse_empty);
        }
    }
    for (auto* command : subcommands_of(app)) {
        add_value_checks(*command);
    }
}

/// Of --report= the parser takes the next word for the value.
void refuse_valueless(std::span<char* const> arguments) {
    for (const std::string_view argument : arguments) {
        if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
            throw UsageError(fmt::format("{}: {}", argument, refuse_empty("")),
                             "a value follows the = at once, as in --seed=7");
        }
    }
}

/// A flag before the subcommand that is none there: its value would be taken for the subcommand.
void refuse_unknown_flag(CLI::App& app, std::span<char* const> before) {
    std::vector<std::string> known;
    for (const auto* option : app.get_options()) {
        for (const auto& flag : option->get_lnames()) {
            known.push_back("--" + flag);
        }
        for (const auto& flag : option->get_snames()) {
            known.push_back("-" + flag);
        }
    }
    for (const std::string argument : before) {
        const auto flag = argument.substr(0, argument.find('='));
        if (std::ranges::find(known, flag) != known.end()) {
            continue;
        }
        const auto near = flag.starts_with("--") ? nearest(flag, known) : std::string();
        throw UsageError(fmt::format("no flag {} stands before a subcommand", flag),
                         near.empty() ? "a subcommand's own stand after it, as in meshproof run "
                                        "--seed 7"
                                      : fmt::format("did you mean {}?", near));
    }
}

/// The parser takes a word that it does not know for one too many, and any --help before it: who
/// asks a program by `meshproof WORD --help` whether it has WORD must not be told that it has.
void refuse_unknown_command(CLI::App& app, std::span<char* const> arguments) {
    const auto word =
        std::ranges::find_if(arguments, [](const char* argument) { return *argument != '-'; });
    refuse_unknown_flag(app, {arguments.begin(), word});
    if (word == arguments.end()) {
        return;
    }
    std::vector<std::string> known;
    for (const auto* command : subcommands_of(app)) {
        known.push_back(command->get_name());
    }
    if (std::ranges::find(known, *word) == known.end()) {
        auto meant = own_command(*word);
        // As kubectl and go have it: help run.
        if (const auto next = word + 1; meant == "meshproof --help" && next != arguments.end() &&
                                        std::ranges::find(known, *next) != known.end()) {
            meant = fmt::format("meshproof {} --help", *next);
        }
        if (const auto near = nearest(*word, known); meant.empty() && !near.empty()) {
            meant = "meshproof " + near;
        }
        throw UsageError(
            fmt::format("there is no subcommand {}", *word),
            meant.empty() ? "meshproof --help lists them" : fmt::format("did you mean {}?", meant));
    }
}

const CLI::App& asked_command(const CLI::App& app) {
    const auto* asked = &app;
    while (!asked->get_subcommands().empty()) {
        asked = asked->get_subcommands().front();
    }
    return *asked;
}

/// All of them, or those that were not given.
std::vector<std::string> flags_of(const CLI::App& command, bool given_too) {
    std::vector<std::string> flags;
    for (const auto* option : command.get_options()) {
        for (const auto& flag : option->get_lnames()) {
            if (given_too || option->count() == 0) {
                flags.push_back("--" + flag);
            }
        }
    }
    return flags;
}

/// The flag that a file without one was meant for, as a hint: "" where there is no such file among
/// the words that the command has no place for and, where `placed_too`, among the others.
std::string hint_of_file(const CLI::App& command, bool placed_too) {
    auto words = command.remaining();
    for (const auto* option : command.get_options()) {
        if (placed_too && option->get_positional()) {
            const auto placed = option->results();
            words.insert(words.end(), placed.begin(), placed.end());
        }
    }
    const auto own = flags_of(command, /*given_too=*/false);
    for (const auto& word : words) {
        if (const auto meant = flag_for_file(word, own); !meant.empty()) {
            return fmt::format("did you mean {}?", meant);
        }
    }
    return {};
}

/// Where names are expected, no file is: it would be a name that nothing has.
void refuse_file_as_name(const CLI::App& command) {
    const auto own = flags_of(command, /*given_too=*/false);
    for (const auto* option : command.get_options()) {
        const auto place = option->get_name();
        if (!option->get_positional() || place == "FILE" || place == "DIR") {
            continue;
        }
        for (const auto& word : option->results()) {
            if (const auto meant = flag_for_file(word, own); !meant.empty()) {
                throw UsageError(fmt::format("{} {}: expected no file", place, word),
                                 fmt::format("did you mean {}?", meant));
            }
        }
    }
}

/// Of a command line that the parser refused: the flag that was probably meant, or whose help to
/// read.
std::string hint_for(const CLI::App& app, std::span<char* const> arguments, bool lacks_required) {
    const auto& asked = asked_command(app);
    auto name = asked.get_name();
    for (const auto* above = asked.get_parent(); above != nullptr; above = above->get_parent()) {
        name = above->get_name() + " " + name;
    }
    const auto known = flags_of(asked, /*given_too=*/true);
    for (const std::string argument : arguments) {
        const auto flag = argument.substr(0, argument.find('='));
        if (flag.starts_with("--") && std::ranges::find(known, flag) == known.end()) {
            auto meant = own_flag(flag, known);
            meant = meant.empty() ? nearest(flag, known) : meant;
            if (!meant.empty()) {
                return fmt::format("did you mean {}? {} --help lists all", meant, name);
            }
        }
    }
    // What is required may have been taken for something else.
    if (auto meant = hint_of_file(asked, lacks_required); !meant.empty()) {
        return meant;
    }
    const auto serve = std::ranges::find(arguments, std::string_view("serve"));
    if (asked.get_name() == "serve" && arguments.end() - serve > 1 && *serve[1] != '-') {
        return "a command to serve stands after --, as in meshproof serve -- kubectl get "
               "namespaces";
    }
    return &asked == &app ? name + " --help shows command lines that work"
                          : name + " --help shows what it takes";
}

int run_program(int argc, char** argv) {
    CLI::App app(
        "meshproof proves that a Vault can carry a service mesh as its certificate authority.",
        "meshproof");
    app.set_version_flag("--version,-V", version_text());
    app.require_subcommand(1);
    app.failure_message(
        [](const CLI::App*, const CLI::Error& error) { return std::string(error.what()); });
    std::span<char*> arguments(argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0)));
    Command chosen;
    add_commands(app, chosen, take_command(arguments));
    app.footer(std::string(help_footer));  // after the subcommands, which would have it as well
    bool verbose = false;
    add_verbose(app, verbose);
    bool allow_exec = false;
    add_allow_exec(app, allow_exec);
    add_value_checks(app);

    if (argc == 1) {
        fmt::print("{}", app.help());
        return usage;
    }
    refuse_unknown_command(app, arguments);
    refuse_valueless(arguments);
    try {
        app.parse(static_cast<int>(arguments.size()) + 1, argv);
    } catch (const CLI::CallForHelp&) {
        fmt::print("{}", app.help());  // of the subcommand that was asked, if any
        return as_expected;
    } catch (const CLI::CallForVersion&) {
        fmt::print("{}", version_text());
        return as_expected;
    } catch (const CLI::ParseError& error) {
        std::string text = error.what();
        std::ranges::replace(text, '\n', ' ');
        log::error(text, hint_for(app, arguments,
                                  dynamic_cast<const CLI::RequiredError*>(&error) != nullptr));
        return usage;
    }
    refuse_file_as_name(asked_command(app));
    log::set_verbose(verbose);
    if (allow_exec) {  // before any thread: what reads targets looks at the environment
        ::setenv("MESHPROOF_ALLOW_EXEC", "1", 1);
    }
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
