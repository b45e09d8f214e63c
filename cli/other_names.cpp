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

}  // namespace meshproof::cli
