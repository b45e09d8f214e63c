#include "cli/serve_folder.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "cli/program.hpp"
#include "cli/serve_process.hpp"
#include "core/base/text.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::cli {
namespace {

namespace fs = std::filesystem;
using reports::pages::shell_word;

void write_or_stop(const std::string& path, std::string_view text, int mode) {
    if (const auto written = write_file(path, text, mode); !written) {
        throw UsageError(written.error().message, "give --dir a folder that you may write");
    }
}

constexpr std::array files_of_folder = {"ca.pem",      "admin.pem",  "admin.key",   "root-token",
                                        "unseal-keys", "kubeconfig", "target.yaml", "serve.json"};

std::string target_file(const Serving& serving) {
    return fmt::format(
        "# The served fakes as a target: meshproof run --target {}/target.yaml\n"
        "name: served-fakes\n"
        "vaults:\n"
        "  - address: {}\n"
        "{}"
        "    token_file: root-token\n"
        "    unseal_keys_file: unseal-keys\n"
        "    allow_seal: true\n"
        "clusters:\n"
        "  - kubeconfig: kubeconfig\n"
        "leaf_ttl: 10s\n",
        serving.folder.path(), serving.target.vaults.front().config.endpoint.url.text(),
        serving.arguments.plain ? "" : "    ca_file: ca.pem\n");
}

/// What clients read from the environment. The token is in a file, and only its place is told.
std::vector<std::pair<std::string, std::string>> environment_of(const Serving& serving) {
    const auto& vault = serving.target.vaults.front();
    std::vector<std::pair<std::string, std::string>> all{
        {"VAULT_ADDR", vault.config.endpoint.url.text()}};
    if (!serving.arguments.plain) {
        all.emplace_back("VAULT_CACERT", serving.folder.file("ca.pem"));
    }
    all.emplace_back("KUBECONFIG", serving.folder.file("kubeconfig"));
    if (serving.control != nullptr) {
        all.emplace_back("MESHPROOF_CONTROL", serving.control->url().text());
    }
    return all;
}

/// Detached it is what `eval` takes: exports and comments.
void tell_shell(const Serving& serving) {
    const bool detached = serving.arguments.detach;
    const auto& folder = serving.folder;
    fmt::print("{}meshproof {}, fake {} and kube-apiserver {}, seed {}\n{}", detached ? "# " : "",
               MESHPROOF_VERSION, played_product(serving.product), fakes::played_kube_version,
               serving.seed, detached ? "" : "\n");
    if (serving.product == vault::Product::openbao) {
        fmt::print("# bao reads BAO_*, and VAULT_* where those are not set\n");
    }
    for (const auto& [name, value] : environment_of(serving)) {
        fmt::print("export {}={}\n", name, shell_word(value));
    }
    fmt::print("export VAULT_TOKEN=$(cat {})\n", shell_word(folder.file("root-token")));
    if (detached) {
        fmt::print("# meshproof serve --stop {} ends it\n", shell_word(folder.whole()));
    } else {
        fmt::print(
            "\nvault status\nkubectl get namespaces\nmeshproof run --target {}\n\n"
            "serving until Ctrl-C\n",
            shell_word(folder.file("target.yaml")));
    }
    std::fflush(stdout);
}

}  // namespace

ServeFolder::ServeFolder(std::string path) : path_(std::move(path)) {
    const auto other = read_served_process(file("serve.json"));
    if (other && identity_of(other->pid) == *other) {
        throw UsageError(
            fmt::format("{}: expected a folder of its own, and process {} serves from this one",
                        path_, other->pid),
            fmt::format("give --dir another one, or end that server: meshproof serve --stop {}",
                        path_));
    }
    std::error_code error;
    // What no server wrote is somebody's own: it would be written over, and removed at the end.
    for (const auto* name : files_of_folder) {
        if (!other && fs::exists(fs::symlink_status(fs::path(path_) / name, error))) {
            throw UsageError(fmt::format("{}: expected a folder of its own, and {} in it was not "
                                         "written by a server",
                                         path_, name),
                             "give --dir another one, or move the file away");
        }
    }
    made_ = fs::create_directories(path_, error);
    if (error) {
        throw UsageError(fmt::format("cannot make the folder {}: {}", path_, error.message()));
    }
}

ServeFolder::~ServeFolder() {
    std::error_code error;
    for (const auto* name : files_of_folder) {
        fs::remove(fs::path(path_) / name, error);
    }
    const auto log = fs::path(path_) / "serve.log";
    if (fs::is_regular_file(log, error) && fs::file_size(log, error) == 0) {
        fs::remove(log, error);  // what a detached server said stays
    }
    if (made_) {
        fs::remove(path_, error);  // only where nobody put anything else into it
    }
}

std::string ServeFolder::whole() const {
    auto path = fs::absolute(path_).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).string();
}

std::string ServeFolder::file(std::string_view name) const {
    return fmt::format("{}/{}", whole(), name);
}

ReadyFile::ReadyFile(std::string path) : path_(std::move(path)) {
    std::error_code error;
    if (path_.empty() || !fs::exists(path_, error)) {
        return;
    }
    const auto other = read_served_process(path_);
    if (!other) {
        throw UsageError(fmt::format("--ready-file {}: something else is in it", path_),
                         "move it away, or give --ready-file another name");
    }
    if (identity_of(other->pid) == *other) {
        throw UsageError(fmt::format("--ready-file {}: process {} has written it, and still serves",
                                     path_, other->pid),
                         "give --ready-file another name, or end that server with --stop");
    }
    fs::remove(path_, error);
}

ReadyFile::~ReadyFile() {
    std::error_code error;
    // The next server may have written it already.
    if (!written_.empty() && read_file(path_).value_or("") == written_) {
        fs::remove(path_, error);
    }
}

void ReadyFile::write(const std::string& text) {
    if (path_.empty()) {
        return;
    }
    if (const auto written = write_file(path_, text); !written) {
        throw UsageError(written.error().message, "give --ready-file a file that you may write");
    }
    written_ = text;
}

void write_credentials(const Serving& serving) {
    const auto& vault = serving.target.vaults.front();
    const auto& folder = serving.folder;
    if (!serving.arguments.plain) {
        write_or_stop(folder.file("ca.pem"), serving.servers.ca().pem(), 0644);
        // For clients of the API server that show a certificate instead of a token.
        crypto::Subject subject;
        subject.common_name = "admin";
        subject.organization = {"system:masters"};
        const auto admin = serving.servers.client_identity(std::move(subject));
        write_or_stop(folder.file("admin.pem"), admin.leaf.pem(), 0644);
        write_or_stop(folder.file("admin.key"), admin.key.pkcs8_pem(), 0600);
    }
    write_or_stop(folder.file("root-token"), vault.config.token.reveal() + "\n", 0600);
    std::string keys;
    for (const auto& key : vault.unseal_keys) {
        keys += key.reveal() + "\n";
    }
    write_or_stop(folder.file("unseal-keys"), keys, 0600);
    write_or_stop(folder.file("kubeconfig"),
                  kube::write_kubeconfig(serving.target.clusters.front()), 0600);
    write_or_stop(folder.file("target.yaml"), target_file(serving), 0644);
}

nlohmann::ordered_json describe(const Serving& serving) {
    using Json = nlohmann::ordered_json;
    const auto& folder = serving.folder;
    const auto& vault = serving.target.vaults.front();
    const auto self = identity_of(::getpid());
    Json environment = Json::object();
    for (const auto& [name, value] : environment_of(serving)) {
        environment[name] = value;
    }
    Json out = {{"schema", "meshproof.serve/v1"},
                {"meshproof", MESHPROOF_VERSION},
                {"process", identity_json(self.value_or(ProcessIdentity{::getpid(), 0, ""}))},
                {"seed", serving.seed},
                {"date", rfc3339_nano(serving.servers.clock().now())},
                {"folder", folder.whole()},
                {"vault",
                 {{"product", product_word(serving.product)},
                  {"version", fakes::vault::played_version(serving.product)},
                  {"address", vault.config.endpoint.url.text()},
                  {"token_file", folder.file("root-token")},
                  {"unseal_keys_file", folder.file("unseal-keys")}}},
                {"kubernetes",
                 {{"version", fakes::played_kube_version},
                  {"address", serving.target.clusters.front().endpoint.url.text()},
                  {"kubeconfig", folder.file("kubeconfig")}}},
                {"target", folder.file("target.yaml")},
                {"environment", std::move(environment)}};
    if (!serving.arguments.plain) {
        out["vault"]["ca_file"] = folder.file("ca.pem");
        out["kubernetes"]["ca_file"] = folder.file("ca.pem");
        out["kubernetes"]["client_certificate_file"] = folder.file("admin.pem");
        out["kubernetes"]["client_key_file"] = folder.file("admin.key");
    }
    if (serving.control != nullptr) {
        const auto address = serving.control->url().text();
        out["control"] = {{"address", address}, {"health", address + "/health"}};
    }
    if (serving.arguments.detach) {
        out["log"] = folder.file("serve.log");
    }
    return out;
}

void tell_serving(const Serving& serving, const nlohmann::ordered_json& document) {
    Output output(serving.arguments.output);
    if (output.json()) {
        output.document(document.dump() + "\n");  // one line, so that a reader knows its end
    } else {
        tell_shell(serving);
    }
}

}  // namespace meshproof::cli
