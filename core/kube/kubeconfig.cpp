#include "core/kube/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>

#include "core/base/answer.hpp"
#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace meshproof::kube {
namespace {

using crypto::Certificate;

/// An entry of clusters, users or contexts, and the file that it came from.
struct Entry {
    std::string name;
    YAML::Node body;
    std::string file;    ///< for messages; "" where the text did not come from a file
    std::string folder;  ///< relative paths start here
};

/// Reads the fields of one entry. `field("x")` in messages is "users[admin].user.x".
class EntryFields {
  public:
    EntryFields(const Entry& entry, std::string_view list, std::string_view key)
        : entry_(entry),
          map_(entry.body),
          place_(fmt::format("{}{}{}[{}].{}", entry.file, entry.file.empty() ? "" : ": ", list,
                             entry.name, key)) {}

    template <class... Args>
    [[nodiscard]] tl::unexpected<Failure> refuse(std::string_view name,
                                                 fmt::format_string<Args...> format,
                                                 Args&&... args) const {
        return fail(FailureKind::invalid, "{}.{}: {}", place_, name,
                    fmt::format(format, std::forward<Args>(args)...));
    }
    [[nodiscard]] bool has(const char* name) const { return map_[name] && !map_[name].IsNull(); }
    /// "" where absent.
    [[nodiscard]] Result<std::string> text(const char* name) const {
        if (!has(name)) {
            return std::string();
        }
        if (!map_[name].IsScalar()) {
            return refuse(name, "expected a string");
        }
        return map_[name].Scalar();
    }
    [[nodiscard]] Result<bool> flag(const char* name) const {
        bool value = false;
        if (has(name) && !YAML::convert<bool>::decode(map_[name], value)) {
            return refuse(name, "expected true or false");
        }
        return value;
    }
    /// The content of a file that a field names, relative to the kubeconfig's folder; "" where
    /// absent.
    [[nodiscard]] Result<std::string> file(const char* name) const {
        auto path = text(name);
        if (!path || path->empty()) {
            return path;
        }
        auto content = read_file((std::filesystem::path(entry_.folder) / *path).string());
        if (!content) {
            return refuse(name, "{}", content.error().message);
        }
        return content;
    }
    /// NAME-data as base64, or else the file that NAME names, as kubectl prefers it; "" where both
    /// are absent.
    [[nodiscard]] Result<std::string> data_or_file(const std::string& name) const {
        const std::string inline_name = name + "-data";
        auto encoded = text(inline_name.c_str());
        if (!encoded) {
            return encoded;
        }
        if (encoded->empty()) {
            return file(name.c_str());
        }
        auto decoded = from_base64(trim(*encoded));
        if (!decoded) {
            return refuse(inline_name, "expected base64");
        }
        return std::move(*decoded);
    }

  private:
    const Entry& entry_;
    const YAML::Node map_;  // const: a lookup in it inserts nothing
    std::string place_;
};

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

Result<void> read_cluster(const Entry& entry, Access& access) {
    const EntryFields fields(entry, "clusters", "cluster");
    const auto server = fields.text("server");
    const auto ca = fields.data_or_file("certificate-authority");
    const auto server_name = fields.text("tls-server-name");
    const auto insecure = fields.flag("insecure-skip-tls-verify");
    for (const auto* text : {&server, &ca, &server_name}) {
        if (!*text) {
            return propagate(*text);
        }
    }
    if (!insecure) {
        return propagate(insecure);
    }
    if (fields.has("proxy-url")) {
        return fields.refuse("proxy-url",
                             "proxies are not supported: name the API server's own address");
    }
    if (server->empty()) {
        return fields.refuse("server", "missing: expected the API server's URL");
    }
    auto url = http::Url::parse(*server);
    if (!url) {
        return fields.refuse("server", "{}", url.error().message);
    }
    access.cluster = entry.name;
    access.endpoint.url = std::move(*url);
    access.endpoint.tls.server_name = *server_name;
    if (!ca->empty()) {
        auto trust = Certificate::all_from_pem(*ca);
        if (!trust) {
            return fields.refuse("certificate-authority", "{}", trust.error().message);
        }
        access.endpoint.tls.trust = std::move(*trust);
        access.ca_pem = *ca;
    } else {
        access.endpoint.tls.system_trust = true;
    }
    if (*insecure) {
        access.endpoint.tls.verify_peer = false;
        log::warning(
            fmt::format("cluster {}: insecure-skip-tls-verify: anybody can pose as its API server",
                        entry.name));
    }
    return {};
}

Result<void> read_identity(const EntryFields& fields, Access& access) {
    const auto certificate = fields.data_or_file("client-certificate");
    const auto key_pem = fields.data_or_file("client-key");
    if (!certificate || !key_pem) {
        return propagate(!certificate ? certificate : key_pem);
    }
    if (certificate->empty() && key_pem->empty()) {
        return {};
    }
    if (certificate->empty()) {
        return fields.refuse("client-certificate", "missing beside client-key");
    }
    if (key_pem->empty()) {
        return fields.refuse("client-key", "missing beside client-certificate");
    }
    auto chain = Certificate::all_from_pem(*certificate);
    if (!chain) {
        return fields.refuse("client-certificate", "{}", chain.error().message);
    }
    auto key = crypto::Key::from_pem(*key_pem);
    if (!key) {
        return fields.refuse("client-key", "{}", key.error().message);
    }
    if (!(key->public_key() == chain->front().public_key())) {
        return fields.refuse("client-key", "does not belong to client-certificate");
    }
    crypto::TlsIdentity identity;
    identity.leaf = chain->front();
    identity.intermediates.assign(chain->begin() + 1, chain->end());
    identity.key = std::move(*key);
    access.endpoint.tls.identity = std::move(identity);
    return {};
}

Result<void> read_user(const Entry& entry, Access& access) {
    const EntryFields fields(entry, "users", "user");
    access.user = entry.name;
    for (const auto* plugin : {"exec", "auth-provider"}) {
        if (fields.has(plugin)) {
            return fields.refuse(plugin,
                                 "credential plugins are not run: put a token there instead "
                                 "(kubectl create token SERVICEACCOUNT) or a client certificate");
        }
    }
    for (const auto* basic : {"username", "password"}) {
        if (fields.has(basic)) {
            return fields.refuse(
                basic, "Kubernetes no longer takes passwords: use a token or a client certificate");
        }
    }
    for (const auto* impersonation : {"as", "as-uid", "as-groups", "as-user-extra"}) {
        if (fields.has(impersonation)) {
            return fields.refuse(impersonation,
                                 "impersonation is not supported: use that user's own token");
        }
    }
    const auto token = fields.text("token");
    const auto token_file = fields.file("tokenFile");
    if (!token || !token_file) {
        return propagate(!token ? token : token_file);
    }
    // The file wins, as in kubectl: it is the one that is refreshed.
    access.token = Secret(std::string(trim(token_file->empty() ? *token : *token_file)));
    return read_identity(fields, access);
}

/// Adds the entries of one list, keeping those that are there already (kubectl: the first file
/// wins).
Result<void> add_entries(std::vector<Entry>& entries, const YAML::Node& root, const char* list,
                         const char* key, const std::string& file, std::string_view folder) {
    const std::string place = file.empty() ? list : fmt::format("{}: {}", file, list);
    const YAML::Node items = root[list];
    if (!items || items.IsNull()) {
        return {};
    }
    if (!items.IsSequence()) {
        return fail(FailureKind::invalid, "{}: expected a list", place);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        const YAML::Node item = items[i];
        if (!item.IsMap() || !item["name"] || !item["name"].IsScalar()) {
            return fail(FailureKind::invalid, "{}[{}].name: expected a string", place, i);
        }
        const auto& name = item["name"].Scalar();
        const YAML::Node body = item[key];
        if (body && !body.IsNull() && !body.IsMap()) {
            return fail(FailureKind::invalid, "{}[{}].{}: expected a map", place, name, key);
        }
        if (find(entries, name) == nullptr) {
            const bool filled = body && body.IsMap();
            entries.push_back(Entry{name,
                                    filled ? YAML::Clone(body) : YAML::Node(YAML::NodeType::Map),
                                    file, std::string(folder)});
        }
    }
    return {};
}

}  // namespace

struct Kubeconfig::Document {
    std::vector<Entry> clusters, users, contexts;
    std::string origin;  ///< the path as given, or "kubeconfig"

    /// Merges one text in; gives back its current-context.
    Result<std::string> add(std::string_view yaml, const std::string& file,
                            std::string_view folder) {
        const std::string where = file.empty() ? "kubeconfig" : file;
        YAML::Node root;
        try {
            root = YAML::Load(std::string(yaml));
        } catch (const YAML::Exception& error) {
            return fail(FailureKind::invalid, "{}:{}: not YAML: {}", where, error.mark.line + 1,
                        one_line(error.msg));
        }
        if (!root.IsMap()) {
            return fail(FailureKind::invalid,
                        "{}: not a kubeconfig: expected clusters, users and contexts", where);
        }
        for (const auto& result :
             {add_entries(clusters, root, "clusters", "cluster", file, folder),
              add_entries(users, root, "users", "user", file, folder),
              add_entries(contexts, root, "contexts", "context", file, folder)}) {
            if (!result) {
                return propagate(result);
            }
        }
        const YAML::Node current = std::as_const(root)["current-context"];
        if (!current || current.IsNull()) {
            return std::string();
        }
        if (!current.IsScalar()) {
            return fail(FailureKind::invalid, "{}: current-context: expected a string", where);
        }
        return current.Scalar();
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

Result<Access> Kubeconfig::access(std::string_view context) const {
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
    const EntryFields fields(*entry, "contexts", "context");
    const auto cluster = fields.text("cluster");
    const auto user = fields.text("user");
    const auto namespace_name = fields.text("namespace");
    for (const auto* text : {&cluster, &user, &namespace_name}) {
        if (!*text) {
            return propagate(*text);
        }
    }
    const auto* cluster_entry = find(document_->clusters, *cluster);
    if (cluster_entry == nullptr) {
        return fields.refuse("cluster", "there is no cluster \"{}\"; it has {}", *cluster,
                             names_of(document_->clusters));
    }
    const auto* user_entry = find(document_->users, *user);
    if (user_entry == nullptr) {
        return fields.refuse("user", "there is no user \"{}\"; it has {}", *user,
                             names_of(document_->users));
    }
    Access access;
    access.context = name;
    access.namespace_name = *namespace_name;
    if (const auto result = read_cluster(*cluster_entry, access); !result) {
        return propagate(result);
    }
    if (const auto result = read_user(*user_entry, access); !result) {
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
