#include "core/run/target.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "core/base/answer.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace meshproof::run {
namespace {

using Names = std::vector<std::string>;

constexpr Duration shortest_leaf = std::chrono::seconds(5);
constexpr Duration longest_leaf = std::chrono::hours(24);

/// How many single-character edits lead from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

/// "did you mean x" where a known name is close, else all of them.
std::string suggestion(const std::string& name, const Names& known) {
    const auto nearest = std::ranges::min_element(known, [&](const auto& a, const auto& b) {
        return edit_distance(name, a) < edit_distance(name, b);
    });
    if (edit_distance(name, *nearest) <= std::max<std::size_t>(2, name.size() / 3)) {
        return fmt::format("did you mean {}?", *nearest);
    }
    return fmt::format("known are {}", join(known, ", "));
}

std::string kind_of(const YAML::Node& node) {
    switch (node.Type()) {
        case YAML::NodeType::Sequence:
            return "a list";
        case YAML::NodeType::Map:
            return "a map";
        case YAML::NodeType::Scalar:
            return "a word";
        default:
            return "nothing";
    }
}

/// The target file: places in it for messages, and the files that it names.
struct Where {
    std::string path;    ///< the target file
    std::string folder;  ///< its folder
    /// "path:line"; without a line where the environment stands in for the file.
    [[nodiscard]] std::string at(const YAML::Node& node) const {
        const YAML::Mark mark = node.Mark();
        return mark.is_null() ? path : fmt::format("{}:{}", path, mark.line + 1);
    }
    /// A file path as written, from the folder of the target file.
    [[nodiscard]] std::string resolve(const std::string& file) const {
        return (std::filesystem::path(folder) / file).lexically_normal().string();
    }
};

/// One map of the target file: knows its fields, and says where they are.
class Section {
  public:
    Section(const Where& where, const YAML::Node& map, std::string place)
        : where_(&where), map_(map), place_(std::move(place)) {}

    [[nodiscard]] const Where& where() const { return *where_; }
    [[nodiscard]] std::string field(std::string_view name) const {
        return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
    }
    /// The failure of one field: "file:line: field: what was expected". The line is the field's
    /// own, or the map's where it is absent.
    template <class... Args>
    [[nodiscard]] tl::unexpected<Failure> refuse(std::string_view name,
                                                 fmt::format_string<Args...> format,
                                                 Args&&... args) const {
        const YAML::Node node = find(name);
        return fail(FailureKind::invalid, "{}: {}: {}", where_->at(node.IsDefined() ? node : map_),
                    field(name), fmt::format(format, std::forward<Args>(args)...));
    }
    [[nodiscard]] YAML::Node find(std::string_view name) const { return map_[std::string(name)]; }
    /// Written, and not left empty.
    [[nodiscard]] bool has(std::string_view name) const {
        const YAML::Node node = find(name);
        return node.IsDefined() && !node.IsNull();
    }

    [[nodiscard]] Result<void> only(const Names& known) const {
        std::set<std::string> seen;
        for (const auto& pair : map_) {
            const auto at = where_->at(pair.first);
            if (!pair.first.IsScalar()) {
                return fail(FailureKind::invalid, "{}: {}: expected names as keys", at,
                            place_.empty() ? "target" : place_);
            }
            const auto& name = pair.first.Scalar();
            if (!seen.insert(name).second) {
                return fail(FailureKind::invalid, "{}: {}: given twice", at, field(name));
            }
            if (std::ranges::find(known, name) == known.end()) {
                return fail(FailureKind::invalid, "{}: {}: unknown field: {}", at, field(name),
                            suggestion(name, known));
            }
        }
        return {};
    }
    /// Nothing where absent; an empty string is refused.
    [[nodiscard]] Result<std::optional<std::string>> text(std::string_view name) const {
        if (!has(name)) {
            return std::optional<std::string>();
        }
        const YAML::Node node = find(name);
        if (!node.IsScalar() || trim(node.Scalar()).empty()) {
            return refuse(name, "expected a string, got {}",
                          node.IsScalar() ? "an empty one" : kind_of(node));
        }
        return std::optional<std::string>(node.Scalar());
    }
    [[nodiscard]] Result<std::optional<bool>> flag(std::string_view name) const {
        if (!has(name)) {
            return std::optional<bool>();
        }
        bool value = false;
        if (!YAML::convert<bool>::decode(find(name), value)) {
            return refuse(name, "expected true or false");
        }
        return std::optional<bool>(value);
    }
    /// The content of the file that a field names; nothing where the field is absent.
    [[nodiscard]] Result<std::optional<std::string>> file(std::string_view name) const {
        auto path = text(name);
        if (!path || !*path) {
            return path;
        }
        auto content = read_file(where_->resolve(**path));
        if (!content) {
            return refuse(name, "{}", content.error().message);
        }
        return std::optional<std::string>(std::move(*content));
    }

  private:
    const Where* where_;
    const YAML::Node map_;  // const: a lookup in it inserts nothing
    std::string place_;
};

std::optional<std::string> filled(const Variables& variables, const std::string& name) {
    auto value = variables(name);
    return value && !value->empty() ? std::move(value) : std::nullopt;
}

/// Go's strconv.ParseBool, which is what the Vault command line reads VAULT_SKIP_VERIFY with.
std::optional<bool> parse_bool(const std::string& text) {
    static const std::set<std::string> yes{"1", "t", "T", "true", "TRUE", "True"};
    static const std::set<std::string> no{"0", "f", "F", "false", "FALSE", "False"};
    if (yes.contains(text)) {
        return true;
    }
    return no.contains(text) ? std::optional(false) : std::nullopt;
}

Result<void> read_address(const Section& section, const Variables& variables,
                          http::Endpoint& endpoint) {
    const auto written = section.text("address");
    if (!written) {
        return propagate(written);
    }
    const auto address = *written ? *written : filled(variables, "VAULT_ADDR");
    if (!address) {
        return section.refuse("address",
                              "missing: expected the Vault's URL, here or in VAULT_ADDR");
    }
    auto url = http::Url::parse(*address);
    if (!url) {
        return section.refuse("address", "{}{}",
                              *written ? "" : "VAULT_ADDR: ", url.error().message);
    }
    if (url->path.ends_with("/v1")) {
        return section.refuse("address", "expected the URL without /v1");
    }
    if (url->scheme == "http" && !url->loopback()) {
        log::warning(
            fmt::format("{}: http: the token is sent unencrypted", section.field("address")));
    }
    endpoint.url = std::move(*url);
    return {};
}

Result<void> read_trust(const Section& section, const Variables& variables, crypto::TlsParty& tls) {
    auto pem = section.file("ca_file");
    if (!pem) {
        return propagate(pem);
    }
    // The file is named, whoever it was that named it.
    auto source = section.text("ca_file").value_or(std::nullopt).value_or("");
    source += source.empty() ? "" : ": ";
    if (const auto path = filled(variables, "VAULT_CACERT"); !*pem && path) {
        source = "VAULT_CACERT: ";
        auto content = read_file(*path);
        if (!content) {
            return section.refuse("ca_file", "{}{}", source, content.error().message);
        }
        *pem = std::move(*content);
    }
    if (*pem) {
        auto trust = crypto::Certificate::all_from_pem(**pem);
        if (!trust) {
            return section.refuse("ca_file", "{}{}", source, trust.error().message);
        }
        tls.trust = std::move(*trust);
    } else {
        tls.system_trust = true;
    }

    const auto server_name = section.text("tls_server_name");
    const auto written_skip = section.flag("skip_verify");
    if (!server_name) {
        return propagate(server_name);
    }
    if (!written_skip) {
        return propagate(written_skip);
    }
    tls.server_name = server_name->value_or("");
    bool skip = written_skip->value_or(false);
    if (const auto text = filled(variables, "VAULT_SKIP_VERIFY"); !*written_skip && text) {
        const auto value = parse_bool(*text);
        if (!value) {
            return section.refuse("skip_verify", "VAULT_SKIP_VERIFY: expected true or false");
        }
        skip = *value;
    }
    if (skip) {
        tls.verify_peer = false;
        log::warning(
            fmt::format("{}: anybody can pose as this Vault", section.field("skip_verify")));
    }
    return {};
}

Result<Secret> read_token(const Section& section, const Variables& variables) {
    if (section.has("token")) {
        return section.refuse(
            "token",
            "a token does not belong in a target file: put it in a file of its own and "
            "name that in token_file");
    }
    auto text = section.file("token_file");
    if (!text) {
        return propagate(text);
    }
    if (!*text) {
        *text = filled(variables, "VAULT_TOKEN");
    }
    if (const auto home = filled(variables, "HOME"); !*text && home) {
        // Where `vault login` leaves it; being absent is no fault.
        if (auto saved = read_file(*home + "/.vault-token")) {
            *text = std::move(*saved);
        }
    }
    if (!*text || trim(**text).empty()) {
        return section.refuse(
            "token_file", "{}",
            *text ? "the token is empty" : "missing: expected a file with a token, or VAULT_TOKEN");
    }
    return Secret(std::string(trim(**text)));
}

Result<std::vector<Secret>> read_unseal_keys(const Section& section) {
    const auto text = section.file("unseal_keys_file");
    if (!text) {
        return propagate(text);
    }
    std::vector<Secret> keys;
    for (const auto& line : split(text->value_or(""), '\n')) {
        if (!trim(line).empty()) {
            keys.emplace_back(std::string(trim(line)));
        }
    }
    if (*text && keys.empty()) {
        return section.refuse("unseal_keys_file", "expected one key a line, got none");
    }
    return keys;
}

/// The fields by which every Vault is reached; no others but the `known` ones may be there.
Result<VaultTarget> read_reach(const Section& section, const Variables& variables,
                               const Names& known) {
    if (const auto result = section.only(known); !result) {
        return propagate(result);
    }
    VaultTarget vault;
    auto& endpoint = vault.config.endpoint;
    if (const auto result = read_address(section, variables, endpoint); !result) {
        return propagate(result);
    }
    if (const auto result = read_trust(section, variables, endpoint.tls); !result) {
        return propagate(result);
    }
    return vault;
}

Result<VaultTarget> read_vault(const Section& section, const Variables& variables) {
    static const Names known{"address",         "allow_seal", "ca_file",
                             "namespace",       "product",    "skip_verify",
                             "tls_server_name", "token_file", "unseal_keys_file"};
    // Before the check for unknown fields: this one deserves its own words.
    auto token = read_token(section, variables);
    if (!token && section.has("token")) {
        return propagate(token);
    }
    auto vault = read_reach(section, variables, known);
    if (!vault) {
        return vault;
    }
    if (!token) {
        return propagate(token);
    }
    vault->config.token = std::move(*token);

    const auto namespace_name = section.text("namespace");
    const auto product = section.text("product");
    const auto allow_seal = section.flag("allow_seal");
    auto keys = read_unseal_keys(section);
    for (const auto* text : {&namespace_name, &product}) {
        if (!*text) {
            return propagate(*text);
        }
    }
    if (!allow_seal) {
        return propagate(allow_seal);
    }
    if (!keys) {
        return propagate(keys);
    }
    vault->config.namespace_name =
        *namespace_name ? **namespace_name : filled(variables, "VAULT_NAMESPACE").value_or("");
    if (*product) {
        if (**product != "openbao" && **product != "vault") {
            return section.refuse("product", "expected openbao or vault, got {}", **product);
        }
        vault->product = **product == "openbao" ? vault::Product::openbao : vault::Product::vault;
    }
    vault->allow_seal = allow_seal->value_or(false);
    vault->unseal_keys = std::move(*keys);
    if (vault->allow_seal && vault->unseal_keys.empty()) {
        return section.refuse(
            "allow_seal", "needs unseal_keys_file: a Vault that was sealed must be opened again");
    }
    return vault;
}

/// A server that nobody initialised has neither a token nor keys.
Result<VaultTarget> read_new_vault(const Section& section, const Variables& variables) {
    static const Names known{"address", "ca_file", "skip_verify", "tls_server_name"};
    return read_reach(section, variables, known);
}

Result<kube::Access> read_cluster(const Section& section, const Variables& variables) {
    static const Names known{"context", "kubeconfig"};
    if (const auto result = section.only(known); !result) {
        return propagate(result);
    }
    const auto written = section.text("kubeconfig");
    const auto context = section.text("context");
    for (const auto* text : {&written, &context}) {
        if (!*text) {
            return propagate(*text);
        }
    }
    const auto path = *written ? std::optional(section.where().resolve(**written))
                               : filled(variables, "KUBECONFIG");
    if (!path) {
        return section.refuse("kubeconfig", "missing: expected a file, here or in KUBECONFIG");
    }
    const auto config = kube::Kubeconfig::load(*path);
    if (!config) {
        return section.refuse("kubeconfig", "{}", config.error().message);
    }
    auto access = config->access(context->value_or(""));
    if (!access) {
        return section.refuse(*context ? "context" : "kubeconfig", "{}", access.error().message);
    }
    return access;
}

/// A list of servers, or the word fake. Where it is absent and `variable` is set, one server that
/// the environment names.
template <class T>
Result<std::vector<T>> read_servers(const Section& root, const char* name, const char* variable,
                                    const Variables& variables, bool& fake,
                                    Result<T> (*read)(const Section&, const Variables&)) {
    std::vector<T> servers;
    const YAML::Node node = root.find(name);
    if (!root.has(name)) {
        if (!filled(variables, variable)) {
            return root.refuse(
                name, "missing: expected a list or the word fake, or {} in the environment",
                variable);
        }
        auto server =
            read(Section(root.where(), YAML::Node(YAML::NodeType::Map), fmt::format("{}[0]", name)),
                 variables);
        if (!server) {
            return propagate(server);
        }
        servers.push_back(std::move(*server));
        return servers;
    }
    if (node.IsScalar() && node.Scalar() == "fake") {
        fake = true;
        return servers;
    }
    if (!node.IsSequence() || node.size() == 0) {
        return root.refuse(name, "expected a list with at least one entry, or the word fake");
    }
    for (std::size_t i = 0; i < node.size(); ++i) {
        const auto place = fmt::format("{}[{}]", name, i);
        const YAML::Node item = node[i];
        if (!item.IsMap()) {
            return fail(FailureKind::invalid, "{}: {}: expected a map, got {}",
                        root.where().at(item), place, kind_of(item));
        }
        auto server = read(Section(root.where(), item, place), variables);
        if (!server) {
            return propagate(server);
        }
        servers.push_back(std::move(*server));
    }
    return servers;
}

/// Servers of which checks may do what they like. Absent = none.
Result<std::vector<VaultTarget>> read_spare_vaults(const Section& root, const char* name,
                                                   const Variables& variables,
                                                   Result<VaultTarget> (*read)(const Section&,
                                                                               const Variables&)) {
    if (!root.has(name)) {
        return std::vector<VaultTarget>{};
    }
    bool fake = false;
    auto servers = read_servers<VaultTarget>(root, name, "VAULT_ADDR", variables, fake, read);
    if (servers && fake) {
        return root.refuse(name, "expected a list");
    }
    return servers;
}

Result<Duration> read_leaf_ttl(const Section& root, Duration fallback) {
    const auto text = root.text("leaf_ttl");
    if (!text) {
        return propagate(text);
    }
    if (!*text) {
        return fallback;
    }
    const auto ttl = parse_duration(**text);
    if (!ttl || *ttl < shortest_leaf || *ttl > longest_leaf) {
        return root.refuse("leaf_ttl", "expected a duration from 5s to 24h, got {}", **text);
    }
    return *ttl;
}

Result<std::map<std::string, std::string>> read_deviations(const Section& root) {
    std::map<std::string, std::string> deviations;
    if (!root.has("deviations")) {
        return deviations;
    }
    const YAML::Node node = root.find("deviations");
    if (!node.IsMap()) {
        return root.refuse("deviations", "expected a map of check to reason, got {}",
                           kind_of(node));
    }
    for (const auto& pair : node) {
        const auto place = root.where().at(pair.first) + ": deviations";
        if (!pair.first.IsScalar()) {
            return fail(FailureKind::invalid, "{}: expected the id of a check or scenario", place);
        }
        const auto& id = pair.first.Scalar();
        if (!pair.second.IsScalar() || trim(pair.second.Scalar()).empty()) {
            return fail(FailureKind::invalid, "{}.{}: expected the reason, got {}", place, id,
                        pair.second.IsScalar() ? "an empty one" : kind_of(pair.second));
        }
        if (!deviations.emplace(id, pair.second.Scalar()).second) {
            return fail(FailureKind::invalid, "{}.{}: given twice", place, id);
        }
    }
    return deviations;
}

Result<Target> read_target(std::string_view yaml, std::string_view path,
                           const Variables& variables) {
    static const Names known{"clusters", "deviations",    "leaf_ttl", "mesh_namespace",    "name",
                             "nodes",    "uninitialised", "vaults",   "workload_namespace"};
    const Where where{std::string(path), std::filesystem::path(path).parent_path().string()};
    YAML::Node document;
    try {
        document = YAML::Load(std::string(yaml));
    } catch (const YAML::Exception& error) {
        return fail(FailureKind::invalid, "{}:{}: not YAML: {}", path, error.mark.line + 1,
                    one_line(error.msg));
    }
    if (!document.IsMap()) {
        return fail(FailureKind::invalid,
                    "{}:1: expected a target: a map with name, vaults and clusters", path);
    }
    const Section root(where, document, "");
    if (const auto result = root.only(known); !result) {
        return propagate(result);
    }

    Target target;
    const auto name = root.text("name");
    const auto mesh_namespace = root.text("mesh_namespace");
    const auto workload_namespace = root.text("workload_namespace");
    for (const auto* text : {&name, &mesh_namespace, &workload_namespace}) {
        if (!*text) {
            return propagate(*text);
        }
    }
    if (!*name) {
        return root.refuse("name", "missing: expected a word for reports, like openbao-2.7.2");
    }
    target.name = **name;
    target.mesh_namespace = mesh_namespace->value_or(target.mesh_namespace);
    target.workload_namespace = workload_namespace->value_or(target.workload_namespace);
    const auto leaf_ttl = read_leaf_ttl(root, target.leaf_ttl);
    auto deviations = read_deviations(root);
    auto vaults = read_servers<VaultTarget>(root, "vaults", "VAULT_ADDR", variables,
                                            target.fake_vaults, read_vault);
    auto clusters = read_servers<kube::Access>(root, "clusters", "KUBECONFIG", variables,
                                               target.fake_clusters, read_cluster);
    auto nodes = read_spare_vaults(root, "nodes", variables, read_vault);
    auto uninitialised = read_spare_vaults(root, "uninitialised", variables, read_new_vault);
    for (const auto* spare : {&nodes, &uninitialised}) {
        if (!*spare) {
            return propagate(*spare);
        }
    }
    if (!leaf_ttl) {
        return propagate(leaf_ttl);
    }
    if (!deviations) {
        return propagate(deviations);
    }
    if (!vaults) {
        return propagate(vaults);
    }
    if (!clusters) {
        return propagate(clusters);
    }
    if (target.fake_vaults && target.fake_clusters) {
        return root.refuse("clusters",
                           "vaults and clusters are both fake: use --target loopback for that");
    }
    target.leaf_ttl = *leaf_ttl;
    target.deviations = std::move(*deviations);
    target.vaults = std::move(*vaults);
    target.nodes = std::move(*nodes);
    target.uninitialised = std::move(*uninitialised);
    target.clusters = std::move(*clusters);
    return target;
}

}  // namespace

std::optional<std::string> machine_variable(const std::string& name) {
    const char* value =
        std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Target> Target::load(const std::string& path, const Variables& variables) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    return parse(*text, path, variables);
}

Result<Target> Target::parse(std::string_view yaml, std::string_view path,
                             const Variables& variables) {
    auto target = read_target(yaml, path, variables);
    if (!target) {
        target.error().message = one_line(target.error().message);  // names may have line breaks
    }
    return target;
}

}  // namespace meshproof::run
