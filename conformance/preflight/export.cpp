#include "conformance/preflight/export.hpp"

#include <algorithm>
#include <set>

#include "conformance/preflight/look_parts.hpp"
#include "conformance/preflight/rule.hpp"
#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "core/yaml/text.hpp"

namespace meshproof::preflight {
namespace {

/// What becomes the file, as it grows.
struct Draw {
    Look& look;
    Json kubernetes = Json::object(), vault = Json::object();
    std::map<std::string, std::string> issuer_words{};  ///< ids and names -> what later writes say
    std::vector<std::string> left_out{};

    [[nodiscard]] const Facts& facts() const { return look.facts; }
    void leave_out(const std::string& what, const std::string& why) {
        left_out.push_back(one_line(fmt::format("{}: {}", what, why)));
    }
    /// The namespace, where the product has them: the fake Vault is the one without.
    [[nodiscard]] std::string space() const {
        return facts().openbao() ? facts().account.vault.namespace_name : std::string();
    }
    void add(std::string_view list, Json entry) {
        if (!space().empty()) {
            entry["namespace"] = space();
        }
        vault[std::string(list)].push_back(std::move(entry));
    }
    void write(const std::string& path, Json data) {
        add("write", {{"path", path}, {"data", std::move(data)}});
    }
    template <class T>
    bool has(const Fact<T>& fact, const std::string& what) {
        if (!fact.is_known() && !fact.is_missing()) {
            leave_out(what, fact.why());
        }
        return fact.is_known();
    }
};

Json only(const Json& object, std::initializer_list<const char*> members) {
    Json some = Json::object();
    for (const auto* member : members) {
        if (object.contains(member) && !object[member].is_null()) {
            some[member] = object[member];
        }
    }
    return some;
}

Json without_nulls(const Json& object) {
    Json rest = Json::object();
    for (const auto& [name, value] : object.items()) {
        if (!value.is_null()) {
            rest[name] = value;
        }
    }
    return rest;
}

void draw_namespaces(Draw& draw) {
    std::string path;
    for (const auto& part : split(draw.space(), '/')) {
        if (!part.empty()) {
            path += (path.empty() ? "" : "/") + part;
            draw.vault["namespaces"].push_back(path);
        }
    }
}

/// A mount by its row in the table; of type `usual` where the table may not be read. False where it
/// is not there, or cannot be played.
bool draw_mount(Draw& draw, const Fact<Json>& table, const std::string& path, std::string_view list,
                const std::string& usual) {
    Json entry{{"path", path}, {"type", usual}};
    if (table.is_known()) {
        const auto row = table->find(path + "/");
        if (row == table->end()) {
            return false;
        }
        if (text_of(*row, "type") != usual) {
            draw.leave_out(path, "it is of type " + text_of(*row, "type"));
            return false;
        }
        Json config = Json::object();
        for (const auto* member : {"default_lease_ttl", "max_lease_ttl"}) {
            const auto limit = row->contains("config") ? number_of((*row)["config"], member) : 0;
            if (limit > 0) {  // zero = the server's own
                config[member] = fmt::format("{}s", limit);
            }
        }
        if (!config.empty()) {
            entry["config"] = std::move(config);
        }
    } else {
        draw.leave_out("tuning of " + path, table.why());
    }
    draw.add(list, std::move(entry));
    return true;
}

/// Those above a certificate, the nearest first, as far as they are among the known.
std::vector<crypto::Certificate> above(const crypto::Certificate& one,
                                       const std::vector<crypto::Certificate>& known) {
    std::vector<crypto::Certificate> chain;
    auto last = one;
    constexpr std::size_t longest = 10;
    while (!last.self_signed() && chain.size() < longest) {
        const auto next = std::ranges::find_if(
            known, [&](const crypto::Certificate& other) { return last.signed_by(other); });
        if (next == known.end()) {
            break;
        }
        last = *next;
        chain.push_back(last);
    }
    return chain;
}

void draw_issuers(Draw& draw) {
    const auto& facts = draw.facts();
    if (!draw.has(facts.issuers, facts.pki_path("issuers"))) {
        return;
    }
    auto known = facts.account.trust;
    for (const auto& issuer : facts.issuers->all) {
        known.push_back(issuer.certificate);
    }
    if (facts.ca_chain.is_known()) {
        known.insert(known.end(), facts.ca_chain->begin(), facts.ca_chain->end());
    }
    std::string mount;  // as a word that nothing else in a reference is
    for (const char c : facts.pki_mount) {
        mount += letter_or_digit(c) ? c : '_';
    }
    for (const auto& issuer : facts.issuers->all) {
        const auto as = fmt::format("{}_issuer_{}", mount, draw.vault["issuers"].size() + 1);
        Json data = Json::object();
        for (const auto& [member, value] :
             {std::pair("issuer_name", issuer.name),
              std::pair("leaf_not_after_behavior", issuer.leaf_not_after),
              std::pair("usage", issuer.usage)}) {
            if (!value.empty()) {
                data[member] = value;
            }
        }
        Json entry{{"mount", facts.pki_mount},
                   {"certificate", issuer.certificate.pem()},
                   {"key", !issuer.key_id.empty()},
                   {"as", as},
                   {"data", std::move(data)}};
        if (issuer.id == facts.issuers->default_id) {
            entry["default"] = true;
        }
        if (const auto chain = above(issuer.certificate, known); !chain.empty()) {
            entry["above"] = crypto::to_pem(chain);
        }
        draw.add("issuers", std::move(entry));
        draw.issuer_words[issuer.id] = fmt::format("$({}.issuer_id)", as);
    }
}

void draw_pki(Draw& draw) {
    const auto& facts = draw.facts();
    if (!draw_mount(draw, facts.mounts, facts.pki_mount, "mounts", "pki")) {
        return;
    }
    draw_issuers(draw);
    if (draw.has(facts.urls, facts.pki_path("config/urls"))) {
        draw.write(facts.pki_path("config/urls"), without_nulls(*facts.urls));
    }
    if (draw.has(facts.crl, facts.pki_path("config/crl"))) {
        draw.write(facts.pki_path("config/crl"),
                   only(*facts.crl,
                        {"expiry", "disable", "ocsp_disable", "ocsp_expiry", "auto_rebuild",
                         "auto_rebuild_grace_period", "enable_delta", "delta_rebuild_interval"}));
    }
    if (facts.tidy.is_known() && flag_of(*facts.tidy, "enabled")) {
        draw.write(facts.pki_path("config/auto-tidy"),
                   only(*facts.tidy, {"enabled", "interval_duration", "tidy_cert_store",
                                      "tidy_revoked_certs", "safety_buffer"}));
    }
    const auto path = facts.pki_path("roles/" + facts.pki_role);
    if (draw.has(facts.role, path)) {
        auto role = without_nulls(*facts.role);
        role.erase("allow_token_displayname");  // is told, and cannot be written
        // Ids are others on the fake.
        const auto word = draw.issuer_words.find(text_of(role, "issuer_ref"));
        if (word != draw.issuer_words.end()) {
            role["issuer_ref"] = word->second;
        }
        draw.write(path, std::move(role));
    }
}

/// Whether the Vault shows a reviewer's token of its own: it says so itself (OpenBao), or nobody
/// could log in otherwise.
bool has_own_reviewer(const Facts& facts) {
    if (facts.auth_config->contains("token_reviewer_jwt_set")) {
        return flag_of(*facts.auth_config, "token_reviewer_jwt_set");
    }
    return facts.may_review.is_known() && !*facts.may_review;
}

/// Its right is what the real one has, or else nobody could log in.
void draw_reviewer(Draw& draw, Json& config) {
    config["token_reviewer_jwt"] = "$(TOKEN meshproof-stand-in/reviewer)";
    draw.kubernetes["namespaces"].push_back("meshproof-stand-in");
    draw.kubernetes["service_accounts"].push_back("meshproof-stand-in/reviewer");
    draw.kubernetes["objects"].push_back({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                          {"kind", "ClusterRoleBinding"},
                                          {"metadata", {{"name", "meshproof-stand-in-reviewer"}}},
                                          {"roleRef",
                                           {{"apiGroup", "rbac.authorization.k8s.io"},
                                            {"kind", "ClusterRole"},
                                            {"name", "system:auth-delegator"}}},
                                          {"subjects",
                                           {{{"kind", "ServiceAccount"},
                                             {"name", "reviewer"},
                                             {"namespace", "meshproof-stand-in"}}}}});
}

void draw_auth_config(Draw& draw) {
    const auto& facts = draw.facts();
    if (!draw.has(facts.auth_config, facts.auth_path("config"))) {
        return;
    }
    auto config = only(*facts.auth_config, {"disable_local_ca_jwt", "kubernetes_ca_cert"});
    config["kubernetes_host"] = "$(KUBE_ADDRESS)";
    if (!facts.auth_ca_fits.is_known() || *facts.auth_ca_fits) {
        config["kubernetes_ca_cert"] = "$(KUBE_CA)";  // else the wrong one stays
    }
    config["disable_iss_validation"] = true;
    if (!texts_of(*facts.auth_config, "pem_keys").empty() ||
        !flag_of(*facts.auth_config, "disable_iss_validation", true)) {
        draw.leave_out(facts.auth_path("config"),
                       "pem_keys and issuer, since the fake API server has others");
    }
    if (has_own_reviewer(facts)) {
        draw_reviewer(draw, config);
    }
    draw.write(facts.auth_path("config"), std::move(config));
}

void draw_policies(Draw& draw) {
    for (const auto& [name, rules] : draw.facts().policies) {
        if (!draw.has(rules, "sys/policies/acl/" + name)) {
            continue;
        }
        if (draw.space().empty()) {
            draw.vault["policies"][name] = *rules;
        } else {
            draw.write("sys/policies/acl/" + name, {{"policy", *rules}});
        }
    }
}

void draw_auth(Draw& draw) {
    const auto& facts = draw.facts();
    if (!draw_mount(draw, facts.auths, facts.account.auth_mount, "auth", "kubernetes")) {
        return;
    }
    draw_auth_config(draw);
    draw_policies(draw);
    const auto path = facts.auth_path("role/" + facts.account.auth_role);
    if (draw.has(facts.auth_role, path)) {
        auto role = without_nulls(*facts.auth_role);
        // The names before Vault 1.2 say the same again.
        for (const auto* old :
             {"policies", "ttl", "max_ttl", "period", "num_uses", "bound_cidrs"}) {
            if (role.contains(fmt::format("token_{}", old))) {
                role.erase(old);
            }
        }
        draw.write(path, std::move(role));
    }
}

/// The items of a list of the API server's.
std::vector<Json> objects_in(const Json& list) {
    std::vector<Json> all;
    if (list.contains("items") && list["items"].is_array()) {
        std::ranges::copy_if(list["items"], std::back_inserter(all),
                             [](const Json& item) { return item.is_object(); });
    }
    return all;
}

/// What a binding says of the account, whole or as one of all.
Json subjects_of(const Json& binding, const std::string& ns, const std::string& name) {
    Json mine = Json::array();
    const std::vector<std::string> groups{"system:serviceaccounts", "system:serviceaccounts:" + ns,
                                          "system:authenticated"};
    for (const auto& subject : binding.value("subjects", Json::array())) {
        const auto kind = text_of(subject, "kind");
        const bool is_it = kind == "ServiceAccount" && text_of(subject, "name") == name &&
                           text_of(subject, "namespace") == ns;
        if (is_it || (kind == "Group" && has(groups, text_of(subject, "name")))) {
            mine.push_back(subject);
        }
    }
    return mine;
}

/// The role that a binding gives, unless every cluster has it.
Task<void> draw_role(Draw& draw, Json reference, std::string ns) {
    const auto kind = text_of(reference, "kind");
    const auto name = text_of(reference, "name");
    const std::vector<std::string> everywhere{"cluster-admin", "admin", "edit", "view"};
    if (name.starts_with("system:") || has(everywhere, name)) {
        co_return;
    }
    const auto path = fmt::format(
        "/apis/rbac.authorization.k8s.io/v1/{}/{}",
        kind == "Role" ? fmt::format("namespaces/{}/roles", ns) : std::string("clusterroles"),
        name);
    const auto role = co_await draw.look.kube->call("GET", path);
    if (!role) {
        draw.leave_out(kind + " " + name, role.error().message);
        co_return;
    }
    Json object{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                {"kind", kind},
                {"metadata", {{"name", name}}},
                {"rules", role->value("rules", Json::array())}};
    if (kind == "Role") {
        object["metadata"]["namespace"] = ns;
    }
    draw.kubernetes["objects"].push_back(std::move(object));
}

/// False where they may not be listed.
Task<bool> draw_bindings(Draw& draw, std::string kind, std::string resource, std::string ns,
                         std::string name) {
    const auto list =
        co_await draw.look.kube->call("GET", "/apis/rbac.authorization.k8s.io/v1/" + resource);
    if (!list) {
        draw.leave_out(resource, list.error().message);
        co_return false;
    }
    for (const auto& binding : objects_in(*list)) {
        auto mine = subjects_of(binding, ns, name);
        const auto metadata = binding.value("metadata", Json::object());
        if (mine.empty() || text_of(metadata, "name").starts_with("system:")) {
            continue;
        }
        const auto reference = binding.value("roleRef", Json::object());
        co_await draw_role(draw, reference, ns);
        Json object{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                    {"kind", kind},
                    {"metadata", {{"name", text_of(metadata, "name")}}},
                    {"roleRef", reference},
                    {"subjects", std::move(mine)}};
        if (kind == "RoleBinding") {
            object["metadata"]["namespace"] = ns;
        }
        draw.kubernetes["objects"].push_back(std::move(object));
    }
    co_return true;
}

/// What nobody may list is known from a review, as far as logins need it.
void draw_delegator(Draw& draw, const std::string& ns, const std::string& name) {
    if (!draw.facts().may_review.is_known() || !*draw.facts().may_review) {
        return;
    }
    draw.kubernetes["objects"].push_back(
        {{"apiVersion", "rbac.authorization.k8s.io/v1"},
         {"kind", "ClusterRoleBinding"},
         {"metadata", {{"name", "meshproof-stand-in-delegator"}}},
         {"roleRef",
          {{"apiGroup", "rbac.authorization.k8s.io"},
           {"kind", "ClusterRole"},
           {"name", "system:auth-delegator"}}},
         {"subjects", {{{"kind", "ServiceAccount"}, {"name", name}, {"namespace", ns}}}}});
}

/// The service accounts of the cluster's pods: their ids are what leaves are for.
Task<void> draw_workloads(Draw& draw, std::set<std::string>& accounts) {
    std::string next;
    constexpr int most_pages = 40;
    for (int page = 0; page < most_pages; ++page) {
        const auto list = co_await draw.look.kube->call(
            "GET", "/api/v1/pods?limit=500" + (next.empty() ? "" : "&continue=" + next));
        if (!list) {
            draw.leave_out("the pods' service accounts", list.error().message);
            co_return;
        }
        for (const auto& pod : objects_in(*list)) {
            const auto ns = text_of(pod.value("metadata", Json::object()), "namespace");
            const auto name = text_of(pod.value("spec", Json::object()), "serviceAccountName");
            if (!ns.starts_with("kube-") && !ns.empty()) {  // the cluster's own
                accounts.insert(ns + "/" + (name.empty() ? "default" : name));
            }
        }
        next = http::percent_encode(text_of(list->value("metadata", Json::object()), "continue"));
        if (next.empty()) {
            co_return;
        }
    }
    draw.leave_out("the pods' service accounts", "only those of the first 20000 pods are in it");
}

Task<void> draw_cluster(Draw& draw) {
    const auto& facts = draw.facts();
    const auto [ns, name] = facts.logs_in_as();
    if (name.empty()) {
        draw.leave_out("the service account", "the token at hand does not say whose it is");
        co_return;
    }
    std::set<std::string> accounts;
    if (!facts.service_account.is_known() || *facts.service_account) {
        accounts.insert(ns + "/" + name);
    }
    if (draw.look.kube && facts.kube_version.is_known()) {
        if (!co_await draw_bindings(draw, "ClusterRoleBinding", "clusterrolebindings", ns, name)) {
            draw_delegator(draw, ns, name);
        }
        (void)co_await draw_bindings(draw, "RoleBinding",
                                     fmt::format("namespaces/{}/rolebindings", ns), ns, name);
        co_await draw_workloads(draw, accounts);
    } else {
        draw.leave_out("the cluster", facts.kube_version.why());
    }
    std::set<std::string> namespaces;
    for (const auto& one : accounts) {
        draw.kubernetes["service_accounts"].push_back(one);
        namespaces.insert(one.substr(0, one.find('/')));
    }
    if (!facts.kube_namespace.is_known() || *facts.kube_namespace) {
        namespaces.insert(ns);
    }
    for (const auto& one : namespaces) {
        draw.kubernetes["namespaces"].push_back(one);
    }
}

std::string head(const Draw& draw) {
    const auto& facts = draw.facts();
    std::string text = fmt::format(
        "# What the account {} touches at {}, read at {}.\n"
        "# meshproof serve --setup THIS plays it; CAs whose keys stay where they are get stand-ins "
        "(docs/serve.md).\n",
        one_line(facts.account.name), facts.account.vault.endpoint.url.origin(),
        rfc3339(facts.now));
    for (const auto& line : draw.left_out) {
        text += "# left out: " + line + "\n";
    }
    return text;
}

}  // namespace

Task<Export> export_configuration(Clock& clock, http::Transport& transport, run::Account account) {
    auto facts = co_await look(clock, transport, account, {.read_only = true});
    BoundedTransport wire(clock, transport, bounds_of(usual_look));
    Look all{clock, wire, vault::Client(wire, account.vault), std::nullopt};
    if (account.cluster) {
        all.kube.emplace(wire, account.cluster->access);
    }
    all.facts = std::move(facts);
    Export result;
    // Half a configuration would be played as if the other half were not there.
    result.unreachable = all.facts.unreachable;
    if (!all.facts.cut.empty() && result.unreachable.empty()) {
        result.unreachable = "not all could be read, since " + all.facts.cut;
    }
    Draw draw{all};
    co_await draw_cluster(draw);
    if (all.facts.seal.is_known()) {
        draw.vault["product"] = to_string(all.facts.seal->product);
    }
    draw_namespaces(draw);
    draw_pki(draw);
    draw_auth(draw);
    result.yaml = head(draw) + yaml_text({{"kubernetes", draw.kubernetes}, {"vault", draw.vault}});
    result.left_out = std::move(draw.left_out);
    co_return result;
}

}  // namespace meshproof::preflight
