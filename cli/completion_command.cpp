#include "cli/program.hpp"
#include "core/base/text.hpp"

namespace meshproof::cli {
namespace {

struct NamedCommand {
    std::string name;  ///< "run", "report gate"
    CLI::App* command;
};

std::vector<CLI::App*> commands_below(CLI::App& command) {
    return command.get_subcommands([](CLI::App*) { return true; });
}

void collect_commands(CLI::App& command, const std::string& name, std::vector<NamedCommand>& out) {
    for (auto* one : commands_below(command)) {
        const auto whole = name.empty() ? one->get_name() : name + " " + one->get_name();
        out.push_back({whole, one});
        collect_commands(*one, whole, out);
    }
}

/// The words that may follow a command: its subcommands and its flags.
std::string words_after(CLI::App& command) {
    std::vector<std::string> words;
    for (const auto* one : commands_below(command)) {
        words.push_back(one->get_name());
    }
    for (const auto* option : command.get_options()) {
        for (const auto& flag : option->get_lnames()) {
            words.push_back("--" + flag);
        }
    }
    return join(words, " ");
}

constexpr std::string_view script_begin = R"bash(# meshproof's completion, for bash.
_meshproof() {
    local at=${COMP_WORDS[COMP_CWORD]} named='' words='' word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${named:+$named }$word" in
)bash";
// Ids come from the program that is asked, so they are those of its version.
constexpr std::string_view script_end = R"bash(    esac
    case $named in
        run | list | explain) words+=" $("$1" list 2>/dev/null | awk '{print $1}')" ;;&
        conform | explain) words+=" $("$1" list --checks 2>/dev/null | awk '{print $2}')" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$at")
}
complete -o default -F _meshproof meshproof
)bash";

std::string bash_script(CLI::App& app) {
    std::vector<NamedCommand> commands;
    collect_commands(app, "", commands);
    std::string out(script_begin);
    for (const auto& [name, command] : commands) {
        out += fmt::format("            '{0}') named='{0}' ;;\n", name);
    }
    out += fmt::format("        esac\n    done\n    case $named in\n        '') words='{}' ;;\n",
                       words_after(app));
    for (const auto& [name, command] : commands) {
        out += fmt::format("        '{}') words='{}' ;;\n", name, words_after(*command));
    }
    out += script_end;
    return out;
}

}  // namespace

void add_completion(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "completion",
        "print what bash completes command lines by: eval \"$(meshproof completion)\"");
    // Other programs want the shell's name here, so it may be given.
    auto shell = std::make_shared<std::string>();
    command->add_option("SHELL", *shell, "bash, the only one so far")
        ->check(CLI::IsMember({"bash"}));
    command->callback([&app, &chosen, shell] {
        chosen = [&app] {
            fmt::print("{}", bash_script(app));
            return int{as_expected};
        };
    });
}

}  // namespace meshproof::cli
