#include <algorithm>

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

/// Of one with a set of values these, else "": its file is a file, its number a number.
std::string choices_of(const CLI::Option& option) {
    const auto type = option.get_type_name();  // "TEXT:{openbao,vault}"
    const auto begin = type.find(":{");
    const auto end = type.find('}', begin == std::string::npos ? 0 : begin);
    if (begin == std::string::npos || end == std::string::npos) {
        return {};
    }
    auto values = type.substr(begin + 2, end - begin - 2);
    std::ranges::replace(values, ',', ' ');
    return values;
}

/// The flags of a command that a value follows; not those whose values are ids, which are offered
/// like its own.
std::vector<const CLI::Option*> valued_options(CLI::App& command) {
    std::vector<const CLI::Option*> valued;
    for (const auto* option : command.get_options()) {
        const auto& names = option->get_lnames();
        if (!names.empty() && names.front() != "skip" && option->get_items_expected_min() > 0) {
            valued.push_back(option);
        }
    }
    return valued;
}

std::string valued_after(CLI::App& command) {
    std::vector<std::string> words;
    for (const auto* option : valued_options(command)) {
        for (const auto& flag : option->get_lnames()) {
            words.push_back("--" + flag);
        }
    }
    return join(words, " ");
}

constexpr std::string_view script_begin = R"bash(# meshproof's completion, for bash.
_meshproof() {
    local at=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} named='' words='' valued='' word
    [[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD-2]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${named:+$named }$word" in
)bash";
// Ids come from the program that is asked, so they are those of its version.
constexpr std::string_view script_ids = R"bash(    esac
    case $named in
        run | list | explain) words+=" $("$1" list 2>/dev/null | awk '{print $1}')" ;;&
        conform | explain) words+=" $("$1" list --checks 2>/dev/null | awk '{print $2}')" ;;
    esac
    if [[ " $valued " == *" $before "* ]]; then
        words=''  # and where no value is known, bash offers files
        case "$named $before" in
)bash";
constexpr std::string_view script_end = R"bash(        esac
    fi
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
        out += fmt::format("        '{}') words='{}' valued='{}' ;;\n", name, words_after(*command),
                           valued_after(*command));
    }
    out += script_ids;
    for (const auto& [name, command] : commands) {
        for (const auto* option : valued_options(*command)) {
            if (const auto choices = choices_of(*option); !choices.empty()) {
                out += fmt::format("            '{} --{}') words='{}' ;;\n", name,
                                   option->get_lnames().front(), choices);
            }
        }
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
