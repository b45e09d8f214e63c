#include "cli/serve_folder.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>

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

constexpr std::array files_of_folder = {"ca.pem",      "admin.pem",  "admin.key",  "root-token",
                                        "unseal-keys", "kubeconfig", "kube-token", "control-token",
                                        "target.yaml", "serve.json"};
/// Those that each further server has one of.
constexpr std::array files_of_server = {"root-token", "unseal-keys", "kubeconfig"};

/// The name of a server's file: the first one's is bare, others have their number.
std::string numbered(std::string_view name, std::size_t index) {
    return index == 0 ? std::string(name) : fmt::format("{}-{}", name, index);
}

std::vector<std::string> all_files_of_folder() {
    std::vector<std::string> all(files_of_folder.begin(), files_of_folder.end());
    for (std::size_t index = 1; index < most_servers; ++index) {
        for (const auto* name : files_of_server) {
            all.push_back(numbered(name, index));
        }
    }
    return all;
}

std::string target_file(const Serving& serving) {
    auto text = fmt::format(
        "# The served fakes as a target: meshproof run --target {}/target.yaml\n"
        "name: served-fakes\n"
        "vaults:\n",
        serving.folder.path());
    for (std::size_t i = 0; i < serving.target.vaults.size(); ++i) {
        text += fmt::format(
            "  - address: {}\n"
            "{}"
            "    token_file: {}\n"
            "    unseal_keys_file: {}\n"
            "    allow_seal: true\n",
            serving.target.vaults[i].config.endpoint.url.text(),
            serving.arguments.plain ? "" : "    ca_file: ca.pem\n", numbered("root-token", i),
            numbered("unseal-keys", i));
    }
    text += "clusters:\n";
    for (std::size_t i = 0; i < serving.target.clusters.size(); ++i) {
        text += fmt::format("  - kubeconfig: {}\n", numbered("kubeconfig", i));
    }
    return text + "leaf_ttl: 10s\n";
}

/// The control port's address as clients reach it.
std::string control_address_of(const Serving& serving) {
    auto url = serving.control->url();
    if (!serving.arguments.advertise.empty()) {
        url.host = serving.arguments.advertise;
    }
    return url.text();
}

/// What clients read from the environment but tokens, which are in files.
std::vector<std::pair<std::string, std::string>> environment_of(const Serving& serving) {
    const auto& [vaults, clusters] = std::tie(serving.target.vaults, serving.target.clusters);
    std::vector<std::pair<std::string, std::string>> all{
        {"VAULT_ADDR", vaults.front().config.endpoint.url.text()}};
    if (!serving.arguments.plain) {
        all.emplace_back("VAULT_CACERT", serving.folder.file("ca.pem"));
    }
    all.emplace_back("KUBECONFIG", serving.folder.file("kubeconfig"));
    // As the commands of `explain` have them.
    all.emplace_back("KUBE_ADDR", clusters.front().endpoint.url.text());
    if (!serving.arguments.plain) {
        all.emplace_back("KUBE_CACERT", serving.folder.file("ca.pem"));
    }
    for (std::size_t i = 1; i < vaults.size(); ++i) {
        all.emplace_back(fmt::format("VAULT_ADDR_{}", i), vaults[i].config.endpoint.url.text());
    }
    for (std::size_t i = 1; i < clusters.size(); ++i) {
        all.emplace_back(fmt::format("KUBECONFIG_{}", i),
                         serving.folder.file(numbered("kubeconfig", i)));
    }
    if (serving.control != nullptr) {
        all.emplace_back("MESHPROOF_CONTROL", control_address_of(serving));
    }
    all.emplace_back("MESHPROOF_DIR", serving.folder.whole());
    return all;
}

/// A variable that holds a token, and the file that the token is in.
struct TokenVariable {
    std::string name, file;
    Secret token;
};
std::vector<TokenVariable> tokens_of(const Serving& serving) {
    const auto& vaults = serving.target.vaults;
    std::vector<TokenVariable> all;
    for (std::size_t i = 0; i < vaults.size(); ++i) {
        all.push_back({i == 0 ? "VAULT_TOKEN" : fmt::format("VAULT_TOKEN_{}", i),
                       numbered("root-token", i), vaults[i].config.token});
    }
    all.push_back({"KUBE_TOKEN", "kube-token", serving.target.clusters.front().token});
    if (!serving.control_token.empty()) {
        all.push_back({"MESHPROOF_CONTROL_TOKEN", "control-token", serving.control_token});
    }
    return all;
}

/// What `eval` and `.` take: exports and comments.
void tell_shell(const Serving& serving) {
    const auto& folder = serving.folder;
    fmt::print("# meshproof {}, fake {} and kube-apiserver {}, seed {}\n", MESHPROOF_VERSION,
               played_product(serving.product), fakes::played_kube_version, serving.seed);
    if (serving.product == vault::Product::openbao) {
        fmt::print("# bao reads BAO_*, and VAULT_* where those are not set\n");
    }
    for (const auto& [name, value] : environment_of(serving)) {
        fmt::print("export {}={}\n", name, shell_word(value));
    }
    for (const auto& [name, file, token] : tokens_of(serving)) {
        fmt::print("export {}=$(cat {})\n", name, shell_word(folder.file(file)));
    }
    if (serving.arguments.detach) {
        fmt::print("# meshproof serve --stop {} ends it\n", shell_word(folder.whole()));
    } else {
        fmt::print(
            "# Then, in another shell: vault status; kubectl get namespaces; meshproof run "
            "--target {}\n# serving until Ctrl-C\n",
            shell_word(folder.file("target.yaml")));
    }
    std::fflush(stdout);
}

std::string new_temporary_folder() {
    std::error_code error;
    auto pattern = (fs::temp_directory_path(error) / "meshproof-serve-XXXXXX").string();
    if (error || ::mkdtemp(pattern.data()) == nullptr) {
        throw UsageError(fmt::format("cannot make a folder for temporary files: {}",
                                     error ? error.message() : std::strerror(errno)),
                         "set TMPDIR to one that you may write, or give --dir");
    }
    return pattern;
}

}  // namespace

ServeFolder::ServeFolder(std::string path) : path_(std::move(path)) {
    if (path_.empty()) {
        path_ = new_temporary_folder();
        made_ = true;
        return;
    }
    const auto other = read_served_process(file("serve.json"));
    if (other && identity_of(other->pid) == *other) {
        throw UsageError(
            fmt::format("{}: expected a folder of its own, and process {} serves from this one",
                        path_, other->pid),
            fmt::format("give --dir another one, or end that server: meshproof serve --stop {}",
                        path_));
    }
    hold();
    std::error_code error;
    // What no server wrote is somebody's own: it would be written over, and removed at the end.
    for (const auto& name : all_files_of_folder()) {
        if (!other && fs::exists(fs::symlink_status(fs::path(path_) / name, error))) {
            throw UsageError(fmt::format("{}: expected a folder of its own, and {} in it was not "
                                         "written by a server",
                                         path_, name),
                             "give --dir another one, or move the file away");
        }
    }
    // One that a killed server left goes with the next one.
    made_ = made_ || other;
}

// A server is told by what it writes when it is ready, and until then by this lock alone: two that
// begin together would each find nothing of the other's.
void ServeFolder::hold() {
    for (auto answer = HeldFolder::Answer::gone; answer != HeldFolder::Answer::held;) {
        std::error_code error;
        made_ = fs::create_directories(path_, error);
        if (error) {
            throw UsageError(fmt::format("cannot make the folder {}: {}", path_, error.message()),
                             "give --dir a folder that you may make");
        }
        answer = held_.hold(path_);
        if (answer == HeldFolder::Answer::taken) {
            throw UsageError(fmt::format("{}: expected a folder of its own, and another server "
                                         "begins or ends in this one",
                                         path_),
                             "give --dir another one");
        }
    }
}

ServeFolder::~ServeFolder() {
    std::error_code error;
    for (const auto& name : all_files_of_folder()) {
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
    for (const auto& [name, file, token] : tokens_of(serving)) {
        write_or_stop(folder.file(file), token.reveal() + "\n", 0600);
    }
    for (std::size_t i = 0; i < serving.target.vaults.size(); ++i) {
        std::string keys;
        for (const auto& key : serving.target.vaults[i].unseal_keys) {
            keys += key.reveal() + "\n";
        }
        write_or_stop(folder.file(numbered("unseal-keys", i)), keys, 0600);
    }
    for (std::size_t i = 0; i < serving.target.clusters.size(); ++i) {
        write_or_stop(folder.file(numbered("kubeconfig", i)),
                      kube::write_kubeconfig(serving.target.clusters[i]), 0600);
    }
    write_or_stop(folder.file("target.yaml"), target_file(serving), 0644);
}

std::vector<std::pair<std::string, std::string>> whole_environment(const Serving& serving) {
    auto all = environment_of(serving);
    for (const auto& [name, file, token] : tokens_of(serving)) {
        all.emplace_back(name, token.reveal());
    }
    return all;
}

namespace {

nlohmann::ordered_json describe_vault(const Serving& serving, std::size_t index) {
    const auto& folder = serving.folder;
    nlohmann::ordered_json out = {
        {"product", product_word(serving.product)},
        {"version", fakes::vault::played_version(serving.product)},
        {"address", serving.target.vaults[index].config.endpoint.url.text()},
        {"token_file", folder.file(numbered("root-token", index))},
        {"unseal_keys_file", folder.file(numbered("unseal-keys", index))}};
    if (!serving.arguments.plain) {
        out["ca_file"] = folder.file("ca.pem");
    }
    return out;
}

nlohmann::ordered_json describe_cluster(const Serving& serving, std::size_t index) {
    const auto& folder = serving.folder;
    nlohmann::ordered_json out = {{"version", fakes::played_kube_version},
                                  {"address", serving.target.clusters[index].endpoint.url.text()},
                                  {"kubeconfig", folder.file(numbered("kubeconfig", index))}};
    if (!serving.arguments.plain) {
        out["ca_file"] = folder.file("ca.pem");
        out["client_certificate_file"] = folder.file("admin.pem");
        out["client_key_file"] = folder.file("admin.key");
    }
    return out;
}

/// All servers of a kind, where there are several.
template <class One>
void describe_all(nlohmann::ordered_json& out, const char* name, std::size_t count, One one) {
    for (std::size_t i = 0; count > 1 && i < count; ++i) {
        out[name].push_back(one(i));
    }
}

}  // namespace

nlohmann::ordered_json describe(const Serving& serving) {
    using Json = nlohmann::ordered_json;
    const auto& folder = serving.folder;
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
                {"vault", describe_vault(serving, 0)},
                {"kubernetes", describe_cluster(serving, 0)},
                {"target", folder.file("target.yaml")},
                {"environment", std::move(environment)}};
    describe_all(out, "vaults", serving.target.vaults.size(),
                 [&](std::size_t i) { return describe_vault(serving, i); });
    describe_all(out, "clusters", serving.target.clusters.size(),
                 [&](std::size_t i) { return describe_cluster(serving, i); });
    if (serving.control != nullptr) {
        const auto address = control_address_of(serving);
        out["control"] = {{"address", address}, {"health", address + "/health"}};
        if (!serving.control_token.empty()) {
            out["control"]["token_file"] = folder.file("control-token");
        }
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
