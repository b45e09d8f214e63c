#include "conformance/preflight/tests/shell.hpp"

#include "core/base/answer.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// "-field=csr" -> "csr", of the first word that is such a flag.
std::string flag(const CommandLine& line, const std::string& name) {
    for (const auto& word : line.words) {
        for (const auto& dashes : {"-", "--"}) {
            const auto head = dashes + name + "=";
            if (word.starts_with(head)) {
                return word.substr(head.size());
            }
        }
    }
    return {};
}

/// The words that are no flags, after the program's name.
std::vector<std::string> plain(const CommandLine& line) {
    std::vector<std::string> words;
    for (std::size_t i = 1; i < line.words.size(); ++i) {
        if (line.words[i] == "-n") {
            ++i;
        } else if (!line.words[i].starts_with('-') || line.words[i] == "-") {
            words.push_back(line.words[i]);
        }
    }
    return words;
}

std::string namespace_of(const CommandLine& line) {
    for (std::size_t i = 0; i + 1 < line.words.size(); ++i) {
        if (line.words[i] == "-n") {
            return line.words[i + 1];
        }
    }
    return "default";
}

kube::ObjectMeta named(std::string name, std::string ns) {
    return {.name = std::move(name),
            .namespace_name = std::move(ns),
            .uid = {},
            .resource_version = {},
            .labels = {},
            .annotations = {}};
}

}  // namespace

CommandLine read_command(const std::string& text) {
    CommandLine line;
    const auto first = text.substr(0, text.find('\n'));
    std::string word;
    bool begun = false;
    char quote = 0;
    const auto end_word = [&] {
        if (begun) {
            line.words.push_back(word);
        }
        word.clear();
        begun = false;
    };
    for (std::size_t i = 0; i < first.size(); ++i) {
        const char c = first[i];
        if (quote != 0) {
            quote = c == quote ? 0 : quote;
            word += quote != 0 ? std::string(1, c) : std::string();
        } else if (c == '\'' || c == '"') {
            quote = c;
            begun = true;
        } else if (c == '\\' && i + 1 < first.size()) {
            word += first[++i];
            begun = true;
        } else if (c == ' ') {
            end_word();
        } else {
            word += c;
            begun = true;
        }
    }
    end_word();
    const auto heredoc = std::ranges::find(line.words, "<<EOF");
    if (heredoc != line.words.end()) {
        line.words.erase(heredoc);
        const auto end = text.rfind("EOF");
        const auto begin = text.find('\n') + 1;
        line.input = text.substr(begin, end - begin);
    }
    const auto into = std::ranges::find(line.words, ">");
    if (into != line.words.end() && into + 1 != line.words.end()) {
        line.written = *(into + 1);
        line.words.erase(into, into + 2);
    }
    return line;
}

vault::Json Shell::body_of(const CommandLine& line, std::size_t from) const {
    auto body = vault::Json::object();
    const auto words = plain(line);
    for (auto i = from; i < words.size(); ++i) {
        const auto at = words[i].find('=');
        auto value = at == std::string::npos ? std::string() : words[i].substr(at + 1);
        if (value.starts_with('@')) {
            const auto file = files.find(value.substr(1));
            value = file == files.end() ? std::string() : file->second;
        }
        body[words[i].substr(0, at)] = value;
    }
    return body;
}

Task<Result<void>> Shell::mount_command(CommandLine line) {
    const auto words = plain(line);  // secrets|auth, enable|disable|tune, TYPE or PATH
    const std::string table = words.at(0) == "auth" ? "sys/auth/" : "sys/mounts/";
    if (words.at(1) == "enable") {
        const auto path = flag(line, "path");
        co_return done(co_await vault_.call("PUT", table + (path.empty() ? words.at(2) : path),
                                            vault::Json{{"type", words.at(2)}}));
    }
    if (words.at(1) == "disable") {
        co_return done(co_await vault_.call("DELETE", table + words.at(2)));
    }
    co_return done(
        co_await vault_.call("PUT", table + words.at(2) + "/tune",
                             vault::Json{{"max_lease_ttl", flag(line, "max-lease-ttl")}}));
}

Task<Result<void>> Shell::vault_command(CommandLine line) {
    const auto words = plain(line);
    const auto& verb = words.at(0);
    if (verb == "secrets" || verb == "auth") {
        co_return co_await mount_command(line);
    }
    if (verb == "namespace") {
        co_return done(co_await vault_.call("PUT", "sys/namespaces/" + words.at(2)));
    }
    if (verb == "policy") {
        co_return words.at(1) == "delete" ? co_await vault_.delete_policy(words.at(2))
                                          : co_await vault_.write_policy(words.at(2), line.input);
    }
    const std::map<std::string, std::string> methods{
        {"write", "PUT"}, {"patch", "PATCH"}, {"read", "GET"}, {"delete", "DELETE"}};
    const auto method = methods.find(verb);
    if (method == methods.end()) {
        co_return fail(FailureKind::invalid, "the test's shell does not know {}", verb);
    }
    std::optional<vault::Json> body;
    if (verb == "write" || verb == "patch") {
        body = body_of(line, 2);
    }
    const auto answer = co_await vault_.call(method->second, words.at(1), body);
    if (answer && !line.written.empty()) {
        files[line.written] = answer->data().value(flag(line, "field"), std::string());
    }
    co_return done(answer);
}

Task<Result<void>> Shell::kubectl(CommandLine line) {
    const auto words = plain(line);
    const auto what = words.at(0) + " " + words.at(1);
    if (what == "config view") {
        files["cluster-ca.pem"] = kube_.access().ca_pem;
        co_return Result<void>{};
    }
    if (what == "create namespace") {
        co_return co_await kube_.create_namespace(words.at(2), {});
    }
    if (what == "create serviceaccount") {
        co_return done(
            co_await kube_.create_service_account(named(words.at(2), namespace_of(line))));
    }
    if (what == "delete serviceaccount") {
        co_return co_await kube_.delete_service_account(namespace_of(line), words.at(2));
    }
    if (what == "delete clusterrolebinding") {
        co_return co_await kube_.delete_cluster_role_binding(words.at(2));
    }
    if (what == "create clusterrolebinding") {
        const auto account = split(flag(line, "serviceaccount"), ':');
        co_return co_await kube_.bind_auth_delegator(words.at(2), account.at(0), account.at(1), {});
    }
    co_return fail(FailureKind::invalid, "the test's shell does not know kubectl {}", what);
}

Result<void> Shell::sed(const CommandLine& line) {
    const auto parts = split(plain(line).at(0), '#');  // "7s#this#that#"
    constexpr std::size_t of_a_replacement = 4;
    if (parts.size() != of_a_replacement || !parts.front().ends_with('s')) {
        return fail(FailureKind::invalid, "the test's shell does not know such a sed");
    }
    replaced.emplace_back(parts[1], parts[2]);
    return {};
}

Result<void> Shell::move(const CommandLine& line) {
    const auto words = plain(line);
    auto file = files.extract(words.at(0));
    if (file.empty()) {
        return fail(FailureKind::not_found, "{} is not there", words.at(0));
    }
    files[words.at(1)] = std::move(file.mapped());
    return {};
}

Task<Result<void>> Shell::run(std::string command) {
    constexpr std::string_view then = " && ";
    const auto joined = command.find(then);
    if (joined != std::string::npos && command.find('\n') == std::string::npos) {
        auto first = co_await run(command.substr(0, joined));
        if (!first) {
            co_return first;
        }
        co_return co_await run(command.substr(joined + then.size()));
    }
    auto line = read_command(command);
    if (line.words.empty()) {
        co_return fail(FailureKind::invalid, "an empty command");
    }
    const auto program = line.words.front();
    if (program == "kubectl") {
        co_return co_await kubectl(std::move(line));
    }
    if (program == "bao" || program == "vault") {
        co_return co_await vault_command(std::move(line));
    }
    if (program == "sed") {
        co_return sed(line);
    }
    if (program == "mv") {
        co_return move(line);
    }
    co_return fail(FailureKind::invalid, "the test's shell does not know {}", program);
}

}  // namespace meshproof::preflight
