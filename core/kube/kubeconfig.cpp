#include "core/kube/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <functional>

#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/kube/exec_plugin.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::kube {
namespace {

using crypto::Certificate;

/// An entry of clusters, users or contexts, and the file that it came from.
struct Entry {
    std::string name;
    YamlSection body;
    std::string file;  ///< for messages; "" where the text did not come from a file

    /// For one reading: what is wrong is noted for that one alone.
    [[nodiscard]] YamlSection fields() const { return body.apart(file); }
};

/// The content of a file that a field names; "" where absent.
std::string file_of(YamlSection& fields, std::string_view name) {
    return fields.text_or_empty(name).empty() ? std::string() : fields.file(name).value_or("");
}

/// NAME-data as base64, or else the file that NAME names, as kubectl prefers it; "" where both are
/// absent.
std::string data_or_file(YamlSection& fields, const std::string& name) {
    const auto inline_name = name + "-data";
    const auto encoded = fields.text_or_empty(inline_name);
    if (encoded.empty()) {
        return file_of(fields, name);
    }
    auto decoded = from_base64(trim(encoded));
    if (!decoded) {
        fields.refuse(inline_name, "expected base64");
    }
    return std::move(decoded).value_or("");
}

const Entry* find(const std::vector<Entry>& entries, std::string_view name) {
    for (const auto& entry : entries) {
        if (entry.name == name) {
            return &entry;
        }
    }
    return nullptr;
}

std::string names_of(const std::vector<Entry>& entries) {
    std::vector<std::string> names;
    for (const auto& entry : entries) {
        names.push_back(entry.name);
    }
    return names.empty() ? "none" : join(names, ", ");
}

void read_trust(YamlSection& fields, Access& access) {
    const auto ca = data_or_file(fields, "certificate-authority");
    if (ca.empty()) {
        access.endpoint.tls.system_trust = true;
        return;
    }
    auto trust = Certificate::all_from_pem(ca);
    if (!trust) {
        fields.refuse("certificate-authority", "{}", trust.error().message);
        return;
    }
    access.endpoint.tls.trust = std::move(*trust);
    access.ca_pem = ca;
}

Result<void> read_cluster(const Entry& entry, Access& access) {
    auto fields = entry.fields();
    if (fields.has("proxy-url")) {
        fields.refuse("proxy-url", "proxies are not supported: name the API server's own address");
    }
    const auto server = fields.text_or_empty("server");
    auto url = http::Url::parse(server);
    if (server.empty()) {
        fields.refuse("server", "missing: expected the API server's URL");
    } else if (!url) {
        fields.refuse("server", "{}", url.error().message);
    } else {
        access.endpoint.url = std::move(*url);
    }
    access.cluster = entry.name;
    access.endpoint.tls.server_name = fields.text_or_empty("tls-server-name");
    if (const auto& name = access.endpoint.tls.server_name; !name.empty() && !http::is_host(name)) {
        fields.refuse("tls-server-name", "expected a host name or an IP address");
    }
    read_trust(fields, access);
    if (fields.flag("insecure-skip-tls-verify").value_or(false)) {
        if (!access.ca_pem.empty()) {  // as kubectl, which cannot know which of the two is meant
            fields.refuse("insecure-skip-tls-verify",
                          "beside a certificate-authority: take one of them away");
        }
        access.endpoint.tls.verify_peer = false;
        log::warning(
            fmt::format("cluster {}: insecure-skip-tls-verify: anybody can pose as its API server",
                        entry.name));
    }
    return fields.result();
}

void take_identity(YamlSection& fields, const std::string& certificate, const std::string& key_pem,
                   Access& access) {
    if (certificate.empty() && key_pem.empty()) {
        return;
    }
    if (certificate.empty()) {
        fields.refuse("client-certificate", "missing beside client-key");
        return;
    }
    if (key_pem.empty()) {
        fields.refuse("client-key", "missing beside client-certificate");
        return;
    }
    auto chain = Certificate::all_from_pem(certificate);
    if (!chain) {
        fields.refuse("client-certificate", "{}", chain.error().message);
        return;
    }
    auto key = crypto::Key::from_pem(key_pem);
    if (!key) {
        fields.refuse("client-key", "{}", key.error().message);
        return;
    }
    if (!(key->public_key() == chain->front().public_key())) {
        fields.refuse("client-key", "does not belong to client-certificate");
        return;
    }
    crypto::TlsIdentity identity;
    identity.leaf = chain->front();
    identity.intermediates.assign(chain->begin() + 1, chain->end());
    identity.key = std::move(*key);
    access.endpoint.tls.identity = std::move(identity);
}

void read_identity(YamlSection& fields, Access& access) {
    const auto certificate = data_or_file(fields, "client-certificate");
    take_identity(fields, certificate, data_or_file(fields, "client-key"), access);
}

/// A text of each entry of a list, "" where it has none.
std::vector<std::string> texts_of_list(
    YamlSection& fields, const char* list,
    const std::function<std::string(const nlohmann::json&)>& of) {
    std::vector<std::string> out;
    const auto all = fields.json(list);
    for (const auto& entry : all && all->is_array() ? *all : nlohmann::json::array()) {
        out.push_back(of(entry));
    }
    return out;
}

ExecPlugin read_plugin(YamlSection& exec) {
    ExecPlugin plugin;
    plugin.command = exec.text_or_empty("command");
    if (plugin.command.find('/') != std::string::npos) {
        plugin.command = exec.path("command").value_or("");  // relative to the kubeconfig
    }
    if (plugin.command.empty()) {
        exec.refuse("command", "missing: expected the plugin's program");
    }
    plugin.api_version = exec.text_or_empty("apiVersion");
    const auto member = [](const char* name) {
        return [name](const nlohmann::json& entry) {
            const auto found = entry.is_object() ? entry.find(name) : entry.end();
            return found != entry.end() && found->is_string() ? found->get<std::string>()
                                                              : std::string();
        };
    };
    plugin.arguments = texts_of_list(exec, "args", [](const nlohmann::json& entry) {
        return entry.is_string() ? entry.get<std::string>() : entry.dump();
    });
    const auto names = texts_of_list(exec, "env", member("name"));
    const auto values = texts_of_list(exec, "env", member("value"));
    for (std::size_t i = 0; i < names.size(); ++i) {
        plugin.environment.emplace_back(names[i], values[i]);
    }
    return plugin;
}

/// Takes the credentials that the user's plugin gives. Whether it is asked is for whoever reads the
/// file to say: it is a program like any other.
void ask_plugin(YamlSection& fields, Access& access) {
    auto exec = fields.inner("exec");
    if (!exec) {
        return;
    }
    const auto plugin = read_plugin(*exec);
    if (fields.problem()) {
        return;
    }
    auto given = run_exec_plugin(plugin);
    if (!given) {
        fields.refuse("exec", "{}", given.error().message);
        return;
    }
    access.token = given->token;
    if (!given->certificate_pem.empty()) {
        take_identity(fields, given->certificate_pem, given->key_pem.reveal(), access);
    }
}

/// The ways to show who one is that we do not have.
void refuse_strange_credentials(YamlSection& fields, ExecPlugins plugins) {
    if (plugins == ExecPlugins::refused && fields.has("exec")) {
        fields.refuse("exec",
                      "credential plugins are not run unless --allow-exec says so: or put a token "
                      "there (kubectl create token SERVICEACCOUNT) or a client certificate");
    }
    if (fields.has("auth-provider")) {
        fields.refuse("auth-provider",
                      "credential plugins of this form are gone from Kubernetes: put a token there "
                      "(kubectl create token SERVICEACCOUNT) or a client certificate");
    }
    for (const auto* basic : {"username", "password"}) {
        if (fields.has(basic)) {
            fields.refuse(
                basic, "Kubernetes no longer takes passwords: use a token or a client certificate");
        }
    }
    for (const auto* impersonation : {"as", "as-uid", "as-groups", "as-user-extra"}) {
        if (fields.has(impersonation)) {
            fields.refuse(impersonation,
                          "impersonation is not supported: use that user's own token");
        }
    }
}

Result<void> read_user(const Entry& entry, Access& access, ExecPlugins plugins) {
    auto fields = entry.fields();
    refuse_strange_credentials(fields, plugins);
    access.user = entry.name;
    const auto token = fields.text_or_empty("token");
    const auto token_file = file_of(fields, "tokenFile");
    // The file wins, as in kubectl: it is the one that is refreshed.
    const auto word = trim(token_file.empty() ? token : token_file);
    if (!word.empty() && !http::is_one_word(word)) {
        fields.refuse(token_file.empty() ? "token" : "tokenFile",
                      "expected one token, and this has a blank, a line break or other than ASCII "
                      "in it");
    }
    access.token = Secret(std::string(word));
    read_identity(fields, access);
    // As kubectl: what stands in the file wins.
    if (plugins == ExecPlugins::run && access.token.empty() && !access.endpoint.tls.identity &&
        !fields.problem()) {
        ask_plugin(fields, access);
    }
    return fields.result();
}

/// Adds the entries of one list, keeping those that are there already (kubectl: the first file
/// wins).
void add_entries(std::vector<Entry>& entries, YamlSection& lists, const char* list, const char* key,
                 const std::string& file) {
    for (auto& item : lists.sections(list)) {
        if (!item.is_text("name")) {
            item.refuse("name", "expected a string");
            return;
        }
        const auto name = item.text_or_empty("name");
        auto named = item.named(fmt::format("{}[{}]", list, name));
        const auto body = named.inner(key);
        if (find(entries, name) == nullptr) {
            entries.push_back({name, body ? *body : named.unwritten(named.place_of(key)), file});
        }
    }
}

}  // namespace

struct Kubeconfig::Document {
    std::vector<Entry> clusters, users, contexts;
    std::string origin;  ///< the path as given, or "kubeconfig"

    /// Merges one text in; gives back its current-context.
    Result<std::string> add(std::string_view yaml, const std::string& file,
                            std::string_view folder) {
        auto root = YamlSection::parse(
            yaml, {.path = file.empty() ? "kubeconfig" : file,
                   .folder = std::string(folder),
                   .no_map = "not a kubeconfig: expected clusters, users and contexts",
                   .lines = false});
        if (!root) {
            return propagate(root);
        }
        auto lists = root->apart(file);
        add_entries(clusters, lists, "clusters", "cluster", file);
        add_entries(users, lists, "users", "user", file);
        add_entries(contexts, lists, "contexts", "context", file);
        if (const auto added = lists.result(); !added) {
            return propagate(added);
        }
        return checked(root->text_or_empty("current-context"), *root);
    }
};

Result<Kubeconfig> Kubeconfig::load(const std::string& path) {
    auto document = std::make_shared<Document>();
    document->origin = path;
    Kubeconfig config;
    std::vector<std::string> files;
    for (auto& file : split(path, ':')) {
        if (!file.empty()) {
            files.push_back(std::move(file));
        }
    }
    bool any = false;
    for (const auto& file : files) {
        // In a list a file may be missing, as for kubectl; a single one may not.
        std::error_code error;  // a path that cannot be asked for is read's to refuse
        if (files.size() > 1 && !std::filesystem::exists(file, error) && !error) {
            continue;
        }
        const auto text = read_file(file);
        if (!text) {
            return propagate(text);
        }
        const auto current =
            document->add(*text, file, std::filesystem::path(file).parent_path().string());
        if (!current) {
            return propagate(current);
        }
        if (config.current_.empty()) {
            config.current_ = *current;
        }
        any = true;
    }
    if (!any) {
        return fail(FailureKind::invalid, "cannot read {}: no such kubeconfig", path);
    }
    config.document_ = std::move(document);
    return config;
}

Result<Kubeconfig> Kubeconfig::parse(std::string_view yaml, std::string_view folder) {
    auto document = std::make_shared<Document>();
    document->origin = "kubeconfig";
    auto current = document->add(yaml, "", folder);
    if (!current) {
        return propagate(current);
    }
    Kubeconfig config;
    config.current_ = std::move(*current);
    config.document_ = std::move(document);
    return config;
}

std::vector<std::string> Kubeconfig::contexts() const {
    std::vector<std::string> names;
    if (document_) {
        for (const auto& entry : document_->contexts) {
            names.push_back(entry.name);
        }
    }
    return names;
}

Result<Access> Kubeconfig::access(std::string_view context, ExecPlugins plugins) const {
    MESHPROOF_ASSERT(document_ != nullptr, "no kubeconfig was read");
    const std::string name(context.empty() ? std::string_view(current_) : context);
    if (name.empty()) {
        return fail(FailureKind::invalid,
                    "{}: current-context: missing, and no context was named; it has {}",
                    document_->origin, names_of(document_->contexts));
    }
    const auto* entry = find(document_->contexts, name);
    if (entry == nullptr) {
        return fail(FailureKind::invalid, "{}: there is no context {}; it has {}",
                    document_->origin, name, names_of(document_->contexts));
    }
    auto fields = entry->fields();
    const auto cluster = fields.text_or_empty("cluster");
    const auto user = fields.text_or_empty("user");
    const auto namespace_name = fields.text_or_empty("namespace");
    const auto* cluster_entry = find(document_->clusters, cluster);
    if (cluster_entry == nullptr) {
        fields.refuse("cluster", "there is no cluster \"{}\"; it has {}", cluster,
                      names_of(document_->clusters));
    }
    const auto* user_entry = find(document_->users, user);
    if (user_entry == nullptr) {
        fields.refuse("user", "there is no user \"{}\"; it has {}", user,
                      names_of(document_->users));
    }
    if (const auto result = fields.result(); !result) {
        return propagate(result);
    }
    Access access;
    access.context = name;
    access.namespace_name = namespace_name;
    if (const auto result = read_cluster(*cluster_entry, access); !result) {
        return propagate(result);
    }
    if (const auto result = read_user(*user_entry, access, plugins); !result) {
        return propagate(result);
    }
    if (access.endpoint.url.scheme == "http" && !access.endpoint.url.loopback() &&
        !access.token.empty()) {
        log::warning(fmt::format("cluster {}: its URL is http: the token is sent unencrypted",
                                 access.cluster));
    }
    return access;
}

std::string write_kubeconfig(const Access& access) {
    const auto named = [](const std::string& name) { return name.empty() ? "meshproof" : name; };
    const auto& tls = access.endpoint.tls;
    YAML::Node root;
    root["apiVersion"] = "v1";
    root["kind"] = "Config";
    root["current-context"] = named(access.context);

    YAML::Node cluster;
    cluster["server"] = access.endpoint.url.text();
    if (!access.ca_pem.empty()) {
        cluster["certificate-authority-data"] = to_base64(access.ca_pem);
    }
    if (!tls.server_name.empty()) {
        cluster["tls-server-name"] = tls.server_name;
    }
    if (!tls.verify_peer) {
        cluster["insecure-skip-tls-verify"] = true;
    }

    YAML::Node user(YAML::NodeType::Map);
    if (!access.token.empty()) {
        user["token"] = access.token.reveal();
    }
    if (tls.identity) {
        std::vector<Certificate> chain{tls.identity->leaf};
        chain.insert(chain.end(), tls.identity->intermediates.begin(),
                     tls.identity->intermediates.end());
        user["client-certificate-data"] = to_base64(crypto::to_pem(chain));
        user["client-key-data"] = to_base64(tls.identity->key.pkcs8_pem());
    }

    YAML::Node context;
    context["cluster"] = named(access.cluster);
    context["user"] = named(access.user);
    if (!access.namespace_name.empty()) {
        context["namespace"] = access.namespace_name;
    }

    const auto entry = [](const std::string& name, const char* key, const YAML::Node& body) {
        YAML::Node node;
        node["name"] = name;
        node[key] = body;
        return node;
    };
    root["clusters"].push_back(entry(named(access.cluster), "cluster", cluster));
    root["users"].push_back(entry(named(access.user), "user", user));
    root["contexts"].push_back(entry(named(access.context), "context", context));
    return YAML::Dump(root) + "\n";
}

}  // namespace meshproof::kube
