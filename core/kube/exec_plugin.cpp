#include "core/kube/exec_plugin.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/json_text.hpp"

namespace meshproof::kube {
namespace {

/// What the plugin is told of us.
std::string exec_info(const ExecPlugin& plugin) {
    return nlohmann::json{{"kind", "ExecCredential"},
                          {"apiVersion", plugin.api_version},
                          {"spec", {{"interactive", false}}}}
        .dump();
}

std::vector<char*> c_texts(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

/// Starts it with stdout in a pipe; its process, or an error number below zero.
pid_t start_plugin(const ExecPlugin& plugin, int output) {
    std::vector<std::string> words{plugin.command};
    words.insert(words.end(), plugin.arguments.begin(), plugin.arguments.end());
    std::map<std::string, std::string> variables;
    for (char** at = ::environ; *at != nullptr; ++at) {
        const std::string whole = *at;
        variables[whole.substr(0, whole.find('='))] = whole;
    }
    for (const auto& [name, value] : plugin.environment) {
        variables[name] = name + "=" + value;
    }
    variables["KUBERNETES_EXEC_INFO"] = "KUBERNETES_EXEC_INFO=" + exec_info(plugin);
    std::vector<std::string> settings;
    for (const auto& [name, whole] : variables) {
        settings.push_back(whole);
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, plugin.command.c_str(), &files, nullptr,
                                     c_texts(words).data(), c_texts(settings).data());
    posix_spawn_file_actions_destroy(&files);
    return error == 0 ? child : -error;
}

/// Everything that comes until the end; nothing where that takes too long, or is too much.
std::optional<std::string> read_all_within(int file, Duration limit) {
    constexpr std::size_t most = 1U << 20;
    std::string out;
    std::array<char, 4096> piece{};
    for (;;) {
        pollfd readable{file, POLLIN, 0};
        const auto wait = static_cast<int>(limit / std::chrono::milliseconds(1));
        const int got = ::poll(&readable, 1, wait);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || out.size() > most) {
            return std::nullopt;
        }
        const auto count = ::read(file, piece.data(), piece.size());
        if (count <= 0) {
            return out;
        }
        out.append(piece.data(), static_cast<std::size_t>(count));
    }
}

std::string text_at(const nlohmann::json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<ExecCredential> read_credential(const std::string& text, const std::string& command) {
    const auto document = json_or_null(text);
    const auto status =
        document.is_object() ? document.value("status", nlohmann::json()) : nlohmann::json();
    ExecCredential out{Secret(text_at(status, "token")), text_at(status, "clientCertificateData"),
                       Secret(text_at(status, "clientKeyData"))};
    if (text_at(document, "kind") != "ExecCredential" ||
        (out.token.empty() && (out.certificate_pem.empty() || out.key_pem.empty()))) {
        return fail(FailureKind::invalid,
                    "{}: expected an ExecCredential with a token or a client certificate and key",
                    command);
    }
    return out;
}

}  // namespace

Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin, Duration limit) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(FailureKind::invalid, "{}: {}", plugin.command, std::strerror(errno));
    }
    const auto child = start_plugin(plugin, ends[1]);
    ::close(ends[1]);
    if (child < 0) {
        ::close(ends[0]);
        return fail(FailureKind::invalid, "cannot run {}: {}", plugin.command,
                    std::strerror(-child));
    }
    const auto text = read_all_within(ends[0], limit);
    ::close(ends[0]);
    if (!text) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!text) {
        return fail(FailureKind::invalid, "{}: said nothing more for {}, or too much",
                    plugin.command, human_duration(limit));
    }
    if (status != 0) {
        return fail(FailureKind::invalid, "{}: exit code {}", plugin.command,
                    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return read_credential(*text, plugin.command);
}

}  // namespace meshproof::kube
