#include "core/kube/exec_plugin.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json_text.hpp"
#include "core/base/program.hpp"

namespace meshproof::kube {
namespace {

/// What the plugin is told of us.
std::string exec_info(const ExecPlugin& plugin) {
    return nlohmann::json{{"kind", "ExecCredential"},
                          {"apiVersion", plugin.api_version},
                          {"spec", {{"interactive", false}}}}
        .dump();
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
    ProgramCall call{.words = {plugin.command}, .environment = own_environment()};
    call.words.insert(call.words.end(), plugin.arguments.begin(), plugin.arguments.end());
    for (const auto& [name, value] : plugin.environment) {
        call.environment[name] = value;
    }
    call.environment["KUBERNETES_EXEC_INFO"] = exec_info(plugin);
    const auto end =
        run_program(call, std::chrono::duration_cast<std::chrono::milliseconds>(limit));
    if (!end) {
        return fail(FailureKind::invalid, "{}", end.error().message);
    }
    if (end->code != 0) {
        return fail(FailureKind::invalid, "{}: exit code {}", plugin.command, end->code);
    }
    return read_credential(end->output, plugin.command);
}

}  // namespace meshproof::kube
