#include "fakes/setup/setup.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/yaml/json.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

/// A member that is a text, or what Kubernetes takes for a namespace and a service account that
/// are not named.
std::string text_at(const Json& manifest, const char* place) {
    const Json::json_pointer pointer(place);
    return manifest.contains(pointer) && manifest[pointer].is_string()
               ? manifest[pointer].get<std::string>()
               : "default";
}

/// What is not cannot become JSON.
bool is_utf8(std::string_view text) {
    return valid_utf8(std::string(text)) == text;
}

/// Where a member stands, as messages about it begin.
std::string where_is(const YamlSection& section, std::string_view name, const std::string& path) {
    return fmt::format("{}:{}: {}", path, section.line_of(name), section.place_of(name));
}

Json account_manifest(const std::string& space, const std::string& name) {
    return {{"apiVersion", "v1"},
            {"kind", "ServiceAccount"},
            {"metadata", {{"name", name}, {"namespace", space}}}};
}

Json pod_manifest(const std::string& space, const std::string& name, const std::string& account,
                  const Json& labels) {
    Json spec = {{"containers", {{{"name", "app"}, {"image", "app"}}}}};
    if (!account.empty()) {
        spec["serviceAccountName"] = account;
    }
    Json metadata = {{"name", name}, {"namespace", space}};
    if (!labels.is_null()) {
        metadata["labels"] = labels;
    }
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", std::move(metadata)},
            {"spec", std::move(spec)}};
}

/// Reads the part of the file that is the API server's.
class ObjectsReader {
  public:
    ObjectsReader(const std::string& path, Setup& into) : path_(path), into_(into) {}

    void read(YamlSection& section) {
        section.only({"namespaces", "service_accounts", "files", "objects", "pods", "delete"});
        for (const auto& name : section.texts("namespaces", "a list of names")) {
            add(section, "namespaces",
                {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
        }
        read_accounts(section);
        for (const auto& file : section.texts("files", "a list of files")) {
            read_file_of_objects(section, file);
        }
        for (auto& object : section.sections("objects", "a list of objects")) {
            read_object(object);
        }
        for (auto& pod : section.sections("pods", "a list of pods")) {
            read_pod(pod);
        }
        for (auto& object : section.sections("delete", "a list of objects")) {
            read_object(object, /*remove=*/true);
        }
    }

  private:
    void add(const YamlSection& section, std::string_view name, Json manifest,
             bool remove = false) {
        into_.objects.push_back({where_is(section, name, path_), std::move(manifest), remove});
    }

    void read_accounts(YamlSection& section) {
        constexpr std::string_view expected = "a list of NAMESPACE/NAME";
        for (const auto& account : section.texts("service_accounts", expected)) {
            const auto slash = account.find('/');
            if (slash == std::string::npos || slash == 0 || slash + 1 == account.size()) {
                section.refuse("service_accounts", "expected NAMESPACE/NAME, got {}", account);
                return;
            }
            add(section, "service_accounts",
                account_manifest(account.substr(0, slash), account.substr(slash + 1)));
        }
    }

    void read_file_of_objects(YamlSection& section, const std::string& file) {
        const auto full = (std::filesystem::path(path_).parent_path() / file).string();
        const auto text = meshproof::read_file(full);
        if (!text) {
            section.refuse("files", "{}", text.error().message);
            return;
        }
        if (!is_utf8(*text)) {
            section.refuse("files", "{}: expected UTF-8", full);
            return;
        }
        auto documents = json_documents(*text, full);
        if (!documents) {
            section.refuse("files", "{}", documents.error().message);
            return;
        }
        for (auto& document : *documents) {
            if (!is_object(document.value)) {
                section.refuse("files", "{}:{}: {}", full, document.line, no_object);
                return;
            }
            into_.objects.push_back(
                {fmt::format("{}:{}", full, document.line), std::move(document.value), false});
        }
    }

    void read_object(YamlSection& object, bool remove = false) {
        Json manifest = Json::object();
        for (const auto& name : object.names()) {
            manifest[name] = object.json(name).value_or(Json());
        }
        if (!is_object(manifest)) {
            object.refuse("", "{}", no_object);
            return;
        }
        add(object, "kind", std::move(manifest), remove);
    }

    void read_pod(YamlSection& pod) {
        pod.only({"namespace", "name", "service_account", "labels"});
        pod.needs("name", "the pod's name");
        const auto labels = pod.json("labels").value_or(Json());
        add(pod, "name",
            pod_manifest(pod.text("namespace").value_or("default"), pod.text("name").value_or(""),
                         pod.text("service_account").value_or(""), labels));
    }

    static constexpr std::string_view no_object =
        "expected an object with apiVersion, kind and metadata.name";
    static bool is_object(const Json& value) {
        const auto is_text = [&](const char* at) {
            const Json::json_pointer pointer(at);
            return value.contains(pointer) && value[pointer].is_string();
        };
        return value.is_object() && is_text("/apiVersion") && is_text("/kind") &&
               is_text("/metadata/name");
    }

    const std::string& path_;
    Setup& into_;
};

/// Reads the part of the file that is the Vault's.
class WritesReader {
  public:
    WritesReader(const std::string& path, Setup& into) : path_(path), into_(into) {}

    void read(YamlSection& section) {
        section.only({"product", "namespaces", "mounts", "auth", "policies", "issuers", "write",
                      "patch", "delete"});
        const Words<vault::Product> products{{"openbao", vault::Product::openbao},
                                             {"vault", vault::Product::vault}};
        into_.product = section.word("product", products);
        for (const auto& name : section.texts("namespaces", "a list of names")) {
            const auto slash = name.rfind('/');  // one within another, that is named before
            const auto above = slash == std::string::npos ? std::string() : name.substr(0, slash);
            add(section, "namespaces",
                {"", above, "sys/namespaces/" + name.substr(slash + 1), "", Json::object()});
        }
        for (auto& mount : section.sections("mounts", "a list of mounts")) {
            read_mount(mount, "sys/mounts/");
        }
        for (auto& mount : section.sections("auth", "a list of auth mounts")) {
            read_mount(mount, "sys/auth/");
        }
        if (auto policies = section.inner("policies", "a map of names and rules")) {
            read_policies(*policies);
        }
        for (auto& issuer : section.sections("issuers", "a list of issuers")) {
            read_issuer(issuer);
        }
        for (auto& write : section.sections("write", "a list of writes")) {
            read_write(write, "POST");
        }
        for (auto& write : section.sections("patch", "a list of writes")) {
            read_write(write, "PATCH");
        }
        for (auto& removed : section.sections("delete", "a list of paths")) {
            removed.only({"path", "namespace"});
            removed.needs("path", "a path like pki/roles/web");
            add(removed, "path",
                {"", removed.text("namespace").value_or(""), removed.text("path").value_or(""), "",
                 Json(), "DELETE"});
        }
    }

  private:
    void add(const YamlSection& section, std::string_view name, SetupWrite write) {
        write.where = where_is(section, name, path_);
        into_.writes.push_back(std::move(write));
    }

    void read_mount(YamlSection& mount, const std::string& base) {
        mount.only({"path", "type", "namespace", "description", "config", "options", "local",
                    "seal_wrap", "external_entropy_access", "plugin_version"});
        mount.needs("path", "where it is mounted");
        mount.needs("type", "pki, kubernetes, or another type");
        Json data = Json::object();
        for (const auto& name : mount.names()) {
            if (name != "path" && name != "namespace") {
                data[name] = mount.json(name).value_or(Json());
            }
        }
        add(mount, "path",
            {"", mount.text("namespace").value_or(""), base + mount.text("path").value_or(""), "",
             std::move(data)});
    }

    void read_policies(YamlSection& policies) {
        for (const auto& name : policies.names()) {
            const auto rules = policies.text(name, "the policy's rules");
            add(policies, name,
                {"", "", "sys/policies/acl/" + name, "", {{"policy", rules.value_or("")}}});
        }
    }

    /// The certificates of a member.
    std::vector<crypto::Certificate> certificates(YamlSection& section, std::string_view name) {
        const auto pem = section.text(name, "certificates in PEM");
        if (!pem) {
            return {};
        }
        auto all = crypto::Certificate::all_from_pem(*pem);
        if (!all) {
            section.refuse(name, "{}", all.error().message);
            return {};
        }
        return std::move(*all);
    }

    void read_issuer(YamlSection& section) {
        section.only(
            {"mount", "namespace", "certificate", "above", "key", "default", "data", "as"});
        section.needs("mount", "the path of a PKI mount");
        section.needs("certificate", "the issuer's certificate in PEM");
        SetupIssuer issuer{.original = certificates(section, "certificate")};
        if (issuer.original.size() > 1) {
            section.refuse("certificate", "expected one; those above it go to above");
        }
        for (auto& one : certificates(section, "above")) {
            issuer.original.push_back(std::move(one));
        }
        issuer.has_key = section.flag("key").value_or(true);
        issuer.is_default = section.flag("default").value_or(false);
        const auto as = section.text("as").value_or("");
        if (!as.empty()) {
            answers_.push_back(as);
        }
        auto data = section.json("data").value_or(Json::object());
        if (!data.is_object()) {
            section.refuse("data", "expected a map");
        }
        add(section, "mount",
            {"", section.text("namespace").value_or(""), section.text("mount").value_or(""), as,
             std::move(data), "POST", std::move(issuer)});
    }

    void read_write(YamlSection& write, const std::string& method) {
        write.only({"path", "namespace", "data", "as"});
        write.needs("path", "a path like pki/roles/web");
        const auto data = write.json("data").value_or(Json::object());
        if (!data.is_object()) {
            write.refuse("data", "expected a map");
            return;
        }
        check_references(write, data);
        const auto as = write.text("as").value_or("");
        if (!as.empty()) {
            answers_.push_back(as);
        }
        add(write, "path",
            {"", write.text("namespace").value_or(""), write.text("path").value_or(""), as, data,
             method});
    }

    /// That what is referred to will be there.
    void check_references(YamlSection& write, const Json& data) {
        if (data.is_structured()) {
            for (const auto& item : data) {
                check_references(write, item);
            }
        }
        if (!data.is_string()) {
            return;
        }
        const auto words = reference_in(data.get_ref<const std::string&>());
        if (words.empty() || words == "KUBE_ADDRESS" || words == "KUBE_CA") {
            return;
        }
        if (words.starts_with("TOKEN ")) {
            const auto account = words.substr(6);
            if (account.find('/') == std::string_view::npos) {
                write.refuse("data", "$({}): expected $(TOKEN NAMESPACE/NAME)", words);
            }
            return;
        }
        const auto named = std::string(words.substr(0, words.find('.')));
        if (words.find('.') == std::string_view::npos ||
            std::ranges::find(answers_, named) == answers_.end()) {
            std::vector<std::string> known = {"KUBE_ADDRESS", "KUBE_CA", "TOKEN NAMESPACE/NAME"};
            for (const auto& name : answers_) {
                known.push_back(name + ".FIELD");
            }
            write.refuse("data", "$({}): unknown: {}", words,
                         suggestion(std::string(words), known));
        }
    }

    const std::string& path_;
    Setup& into_;
    std::vector<std::string> answers_;  ///< names that were given so far
};

}  // namespace

std::string_view reference_in(std::string_view text) {
    return text.starts_with("$(") && text.ends_with(")") ? text.substr(2, text.size() - 3)
                                                         : std::string_view();
}

bool SetupObject::same_as(const SetupObject& other) const {
    return manifest == other.manifest && remove == other.remove;
}

bool SetupWrite::same_as(const SetupWrite& other) const {
    const auto key = [](const SetupWrite& one) {
        return std::tie(one.space, one.path, one.as, one.data, one.method);
    };
    const auto originals = [](const SetupWrite& one) {
        return one.issuer ? crypto::to_pem(one.issuer->original) : std::string();
    };
    return key(*this) == key(other) && originals(*this) == originals(other);
}

void Setup::add(Setup other) {
    // Against what was there, not against what comes: that may do the same thing twice.
    const auto append = [](auto& mine, auto& more) {
        const auto count = static_cast<std::ptrdiff_t>(mine.size());
        for (auto& one : more) {
            const auto end = mine.begin() + count;
            if (std::find_if(mine.begin(), end,
                             [&](const auto& known) { return known.same_as(one); }) == end) {
                mine.push_back(std::move(one));
            }
        }
    };
    append(objects, other.objects);
    append(writes, other.writes);
    product = other.product ? other.product : product;
}

std::vector<std::string> Setup::service_accounts() const {
    std::vector<std::string> all;
    for (const auto& object : objects) {
        const auto& manifest = object.manifest;
        const auto kind = manifest.value("kind", "");
        const bool is_pod = kind == "Pod";
        if (object.remove || (!is_pod && kind != "ServiceAccount")) {
            continue;
        }
        const auto name = text_at(manifest, is_pod ? "/spec/serviceAccountName" : "/metadata/name");
        auto one = text_at(manifest, "/metadata/namespace") + "/" + name;
        if (std::ranges::find(all, one) == all.end()) {
            all.push_back(std::move(one));
        }
    }
    return all;
}

Result<Setup> parse_setup(std::string_view text, const std::string& path,
                          const std::vector<std::string>& others) {
    if (!is_utf8(text)) {
        return fail(FailureKind::invalid, "{}: expected UTF-8", path);
    }
    auto root = YamlSection::parse(text, {.path = path,
                                          .what = "set-up",
                                          .no_map = "expected a map of vault and kubernetes",
                                          .may_be_empty = true});
    if (!root) {
        return propagate(root);
    }
    Setup setup;
    std::vector<std::string> known{"vault", "kubernetes"};
    known.insert(known.end(), others.begin(), others.end());
    root->only(known);
    if (auto section = root->inner("kubernetes")) {
        ObjectsReader(path, setup).read(*section);
    }
    if (auto section = root->inner("vault")) {
        WritesReader(path, setup).read(*section);
    }
    return checked_whole(std::move(setup), *root);
}

}  // namespace meshproof::fakes
