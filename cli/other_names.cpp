#include "cli/other_names.hpp"

#include <algorithm>
#include <span>

namespace meshproof::cli {
namespace {

struct OtherName {
    std::string_view others, own;
};

// What kubectl, linkerd, istioctl, vault, docker and test runners call it.
constexpr OtherName other_commands[] = {{"help", "--help"},
                                        {"version", "--version"},
                                        {"check", "preflight"},
                                        {"doctor", "preflight"},
                                        {"diagnose", "preflight"},
                                        {"analyze", "preflight"},
                                        {"validate", "preflight"},
                                        {"lint", "preflight"},
                                        {"health-check", "preflight"},
                                        {"verify", "conform"},
                                        {"conformance", "conform"},
                                        {"test", "run"},
                                        {"exec", "run"},
                                        {"start", "serve"},
                                        {"up", "serve"},
                                        {"server", "serve"},
                                        {"stop", "serve --stop"},
                                        {"down", "serve --stop"},
                                        {"bench", "load"},
                                        {"benchmark", "load"},
                                        {"perf", "load"},
                                        {"fuzz", "explore"},
                                        {"cleanup", "clean"},
                                        {"describe", "explain"},
                                        {"info", "explain"},
                                        {"ls", "list"},
                                        {"gate", "report gate"},
                                        {"compare", "report compare"},
                                        {"diff", "report compare"},
                                        {"merge", "report merge"},
                                        {"show", "report show"},
                                        {"capacity", "plan"}};

constexpr OtherName other_flags[] = {{"--json", "--format json"},
                                     {"--output", "--format or --report"},
                                     {"--out", "--report"},
                                     {"--junit", "--report"},
                                     {"--exclude", "--skip"},
                                     {"--ignore", "--skip"},
                                     {"--timeout", "--time-limit"},
                                     {"--duration", "--time-limit"},
                                     {"--only-failures", "--quiet"},
                                     {"--failed", "--quiet"},
                                     {"--silent", "--quiet"},
                                     {"--debug", "--verbose"},
                                     {"--rps", "--rate"},
                                     {"--qps", "--rate"},
                                     {"--vus", "--connections"},
                                     {"--concurrency", "--connections"},
                                     {"--parallel", "--jobs"},
                                     {"--workers", "--jobs"},
                                     {"--account", "--existing"},
                                     {"--config", "--target"},
                                     {"--file", "--target"},
                                     {"--kubeconfig", "--target"},
                                     {"--address", "--target"},
                                     {"--port", "--vault-port"},
                                     {"--daemon", "--detach"},
                                     {"--background", "--detach"},
                                     {"--root-token", "--root-token-file"}};

// In the order in which a command that has several wants them.
constexpr std::string_view flags_of_yaml[] = {"--account", "--target", "--policy", "--plan"};
constexpr std::string_view flags_of_json[] = {"--curve"};

std::string_view own_of(std::span<const OtherName> names, std::string_view others) {
    const auto found = std::ranges::find(names, others, &OtherName::others);
    return found == names.end() ? std::string_view() : found->own;
}

}  // namespace

std::string own_command(std::string_view others) {
    const auto own = own_of(other_commands, others);
    return own.empty() ? std::string() : "meshproof " + std::string(own);
}

std::string own_flag(std::string_view others, const std::vector<std::string>& own) {
    const auto name = own_of(other_flags, others);
    const auto flag = name.substr(0, name.find(' '));
    return std::ranges::find(own, flag) == own.end() ? std::string() : std::string(name);
}

std::string flag_for_file(std::string_view word, const std::vector<std::string>& own) {
    const auto has = [&own](std::string_view flag) {
        return std::ranges::find(own, flag) != own.end();
    };
    std::span<const std::string_view> flags;
    if (word.ends_with(".yaml") || word.ends_with(".yml")) {
        flags = flags_of_yaml;
    } else if (word.ends_with(".json")) {
        flags = flags_of_json;
    }
    const auto found = std::ranges::find_if(flags, has);
    if (found == flags.end()) {
        return {};
    }
    auto meant = fmt::format("{} {}", *found, word);
    // An account file is no target, and its name does not say which of them it is.
    return *found == "--target" && has("--existing")
               ? fmt::format("{}, or --existing {}", meant, word)
               : meant;
}

}  // namespace meshproof::cli
