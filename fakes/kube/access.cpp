#include "fakes/kube/access.hpp"

#include "core/base/text.hpp"
#include "fakes/kube/selectors.hpp"

namespace meshproof::fakes::kube {
namespace {

bool holds(const Json& rule, const char* key, std::string_view wanted) {
    const auto found = rule.find(key);
    if (found == rule.end() || !found->is_array()) {
        return false;
    }
    return std::ranges::any_of(*found, [&](const Json& value) {
        return value.is_string() && (value.get_ref<const std::string&>() == "*" ||
                                     value.get_ref<const std::string&>() == wanted);
    });
}

bool path_matches(const Json& rule, const std::string& path) {
    const auto found = rule.find("nonResourceURLs");
    if (found == rule.end() || !found->is_array()) {
        return false;
    }
    return std::ranges::any_of(*found, [&](const Json& value) {
        const auto pattern = value.is_string() ? value.get<std::string>() : std::string();
        return pattern == path ||
               (pattern.ends_with('*') && path.starts_with(pattern.substr(0, pattern.size() - 1)));
    });
}

bool rule_allows(const Json& rule, const Attributes& asked) {
    if (!holds(rule, "verbs", asked.verb)) {
        return false;
    }
    if (!asked.for_resource) {
        return path_matches(rule, asked.path);
    }
    const auto resource =
        asked.subresource.empty() ? asked.resource : asked.resource + "/" + asked.subresource;
    const bool any_of_subresource =
        !asked.subresource.empty() && holds(rule, "resources", "*/" + asked.subresource);
    if (!holds(rule, "apiGroups", asked.group) ||
        (!holds(rule, "resources", resource) && !any_of_subresource)) {
        return false;
    }
    const auto names = rule.find("resourceNames");
    return names == rule.end() || names->empty() ||
           (!asked.name.empty() && holds(rule, "resourceNames", asked.name));
}

// "User "x"", "Group "y"" or "ServiceAccount "ns/z"" as the reason names it; "" where the subject
// is somebody else.
std::string subject_match(const Json& subject, const User& user, const std::string& binding_space) {
    const auto kind = text_at(subject, "/kind");
    const auto name = text_at(subject, "/name");
    if (kind == "User" && name == user.name) {
        return fmt::format("User \"{}\"", name);
    }
    if (kind == "Group" && std::ranges::find(user.groups, name) != user.groups.end()) {
        return fmt::format("Group \"{}\"", name);
    }
    if (kind == "ServiceAccount") {
        auto space = text_at(subject, "/namespace");
        space = space.empty() ? binding_space : space;
        if (user.name == fmt::format("system:serviceaccount:{}:{}", space, name)) {
            return fmt::format("ServiceAccount \"{}/{}\"", name, space);
        }
    }
    return {};
}

Object role_of(const Json& binding, const Store& store) {
    const auto name = text_at(binding, "/roleRef/name");
    if (text_at(binding, "/roleRef/kind") == "ClusterRole") {
        return store.find(type::cluster_roles, "", name);
    }
    return store.find(type::roles, meta(binding, "namespace"), name);
}

Permission by_binding(const Json& binding, const User& user, const Attributes& asked,
                      const Store& store) {
    const auto subjects = binding.find("subjects");
    if (subjects == binding.end() || !subjects->is_array()) {
        return {};
    }
    for (const auto& subject : *subjects) {
        const auto whom = subject_match(subject, user, meta(binding, "namespace"));
        if (whom.empty()) {
            continue;
        }
        const auto role = role_of(binding, store);
        if (!role || !role->contains("rules") || !role->at("rules").is_array()) {
            continue;
        }
        if (std::ranges::any_of(role->at("rules"),
                                [&](const Json& rule) { return rule_allows(rule, asked); })) {
            const auto space = meta(binding, "namespace");
            return {
                true,
                fmt::format(
                    "RBAC: allowed by {} \"{}\" of {} \"{}\" to {}", text_at(binding, "/kind"),
                    space.empty() ? meta(binding, "name") : meta(binding, "name") + "/" + space,
                    text_at(binding, "/roleRef/kind"), text_at(binding, "/roleRef/name"), whom)};
        }
    }
    return {};
}

User impersonated(const User& caller, const http::Request& request, const Store& store) {
    const auto name = request.headers.find("Impersonate-User");
    if (!name) {
        return caller;
    }
    const Attributes asked{"impersonate", true, "", "users", "", "", *name, ""};
    if (!authorize(caller, asked, store).allowed) {
        throw Refused{forbidden(caller, asked)};
    }
    User user;
    user.name = *name;
    for (const auto& [key, value] : request.headers.fields()) {
        if (lower(key) == "impersonate-group") {
            user.groups.push_back(value);
        }
    }
    const auto parts = split(*name, ':');
    if (parts.size() == 4 && name->starts_with("system:serviceaccount:") && user.groups.empty()) {
        user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + parts[2]};
    }
    user.groups.emplace_back("system:authenticated");
    return user;
}

}  // namespace

Attributes Attributes::of(const RequestInfo& info) {
    auto name = info.name;
    // Who may only see one object by its name may list and watch it by its name.
    if (name.empty() && (info.verb == "list" || info.verb == "watch")) {
        if (const auto fields = Selector::fields(info.param("fieldSelector"))) {
            name = fields->required("metadata.name");
        }
    }
    return {info.verb,        info.for_resource,   info.group,      info.resource,
            info.subresource, info.namespace_name, std::move(name), info.path};
}

User authenticate(const http::Request& request, const http::Peer& peer, Tokens& tokens,
                  const Store& store) {
    if (peer.certificate) {
        const auto subject = peer.certificate->subject();
        User user{subject.common_name, "", subject.organization, Json::object()};
        user.extra["authentication.kubernetes.io/credential-id"] =
            Json::array({"X509SHA256=" + peer.certificate->fingerprint()});
        user.groups.emplace_back("system:authenticated");
        return impersonated(user, request, store);
    }
    const auto header = request.headers.find("Authorization");
    if (peer.bad_certificate && (!header || header->empty())) {
        throw Refused{refusal(401, "Unauthorized", "Unauthorized")};
    }
    if (!header || header->empty()) {
        return {"system:anonymous", "", {"system:unauthenticated"}, Json::object()};
    }
    const auto parts = split(*header, ' ');
    if (lower(parts[0]) != "bearer" || parts.size() < 2) {  // nothing that we know: nobody
        return {"system:anonymous", "", {"system:unauthenticated"}, Json::object()};
    }
    if (!parts[1].empty()) {
        auto verdict = tokens.authenticate(parts[1], tokens.api_audiences());
        if (verdict.user) {
            return impersonated(*verdict.user, request, store);
        }
    }
    throw Refused{refusal(401, "Unauthorized", "Unauthorized")};
}

Permission authorize(const User& user, const Attributes& asked, const Store& store) {
    if (std::ranges::find(user.groups, "system:masters") != user.groups.end()) {
        return {true, ""};
    }
    for (const auto& binding : store.list(type::cluster_role_bindings)) {
        if (auto permission = by_binding(*binding, user, asked, store); permission.allowed) {
            return permission;
        }
    }
    if (asked.for_resource && !asked.namespace_name.empty()) {
        for (const auto& binding : store.list(type::role_bindings, asked.namespace_name)) {
            if (auto permission = by_binding(*binding, user, asked, store); permission.allowed) {
                return permission;
            }
        }
    }
    return {};
}

Json rules_of(const User& user, const std::string& namespace_name, const Store& store) {
    Json status = {{"resourceRules", Json::array()},
                   {"nonResourceRules", Json::array()},
                   {"incomplete", false}};
    const auto add = [&](const Json& binding) {
        const auto space = meta(binding, "namespace");
        const Json subjects = binding.value("subjects", Json::array());
        const auto role = role_of(binding, store);
        if (!role || std::ranges::none_of(subjects, [&](const Json& subject) {
                return !subject_match(subject, user, space).empty();
            })) {
            return;
        }
        for (const auto& rule : role->value("rules", Json::array())) {
            if (rule.contains("resources")) {
                status["resourceRules"].push_back(rule);
            } else if (space.empty()) {  // a path belongs to no namespace
                status["nonResourceRules"].push_back(rule);
            }
        }
    };
    for (const auto& binding : store.list(type::cluster_role_bindings)) {
        add(*binding);
    }
    for (const auto& binding : store.list(type::role_bindings, namespace_name)) {
        add(*binding);
    }
    return status;
}

http::Response forbidden(const User& user, const Attributes& asked) {
    const auto refuse = [](const std::string& message, Json details) {
        auto response = refusal(403, "Forbidden", message, std::move(details));
        response.headers.set("X-Content-Type-Options", "nosniff");
        return response;
    };
    if (!asked.for_resource) {
        return refuse(fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"", user.name,
                                  asked.verb, asked.path),
                      Json::object());
    }
    const auto qualified =
        asked.group.empty() ? asked.resource : fmt::format("{}.{}", asked.resource, asked.group);
    const auto resource =
        asked.subresource.empty() ? asked.resource : asked.resource + "/" + asked.subresource;
    const auto whole = fmt::format(
        "{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}",
        qualified, asked.name.empty() ? "" : fmt::format(" \"{}\"", asked.name), user.name,
        asked.verb, resource, asked.group,
        asked.namespace_name.empty()
            ? "at the cluster scope"
            : fmt::format("in the namespace \"{}\"", asked.namespace_name));
    Json details = {{"kind", asked.resource}};
    if (!asked.name.empty()) {
        details["name"] = asked.name;
    }
    if (!asked.group.empty()) {
        details["group"] = asked.group;
    }
    return refuse(whole, std::move(details));
}

namespace {
struct BuiltinRole {
    const char* name;
    Json rules;
    std::vector<const char*> groups;  ///< bound to them under a binding of the same name
};

Json rule(Json groups, Json resources, Json verbs) {
    return {{"apiGroups", std::move(groups)},
            {"resources", std::move(resources)},
            {"verbs", std::move(verbs)}};
}

Json urls(Json paths) {
    return {{"nonResourceURLs", std::move(paths)}, {"verbs", {"get"}}};
}

std::vector<BuiltinRole> builtin_roles() {
    const Json read = {"get", "list", "watch"};
    const Json write = {"create", "delete", "deletecollection", "patch", "update"};
    const Json reviews = rule({"authorization.k8s.io"}, {"subjectaccessreviews"}, {"create"});
    const Json token_reviews = rule({"authentication.k8s.io"}, {"tokenreviews"}, {"create"});
    const Json readable = {"configmaps", "pods", "serviceaccounts", "events", "namespaces"};
    const Json writable = {"configmaps", "pods", "secrets", "serviceaccounts"};
    const Json tokens = rule({""}, {"serviceaccounts/token"}, {"create"});
    const Json apps = {"deployments", "deployments/scale", "deployments/status",
                       "replicasets", "replicasets/scale", "replicasets/status"};
    const Json edit = {rule({""}, readable, read),  rule({""}, {"secrets"}, read),
                       rule({""}, writable, write), tokens,
                       rule({"apps"}, apps, read),  rule({"apps"}, apps, write)};
    Json admin = edit;
    admin.push_back(rule({"rbac.authorization.k8s.io"}, {"roles", "rolebindings"}, {"*"}));
    admin.push_back(rule({"authorization.k8s.io"}, {"localsubjectaccessreviews"}, {"create"}));
    const Json discovery = urls({"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez",
                                 "/openapi", "/openapi/*", "/readyz", "/version", "/version/"});
    return {
        {"cluster-admin",
         {rule({"*"}, {"*"}, {"*"}), Json{{"nonResourceURLs", {"*"}}, {"verbs", {"*"}}}},
         {"system:masters"}},
        {"admin", admin, {}},
        {"edit", edit, {}},
        {"view", {rule({""}, readable, read), rule({"apps"}, apps, read)}, {}},
        {"system:auth-delegator", {token_reviews, reviews}, {}},
        {"system:basic-user",
         {rule({"authorization.k8s.io"}, {"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
               {"create"}),
          rule({"authentication.k8s.io"}, {"selfsubjectreviews"}, {"create"})},
         {"system:authenticated"}},
        {"system:discovery", Json::array({discovery}), {"system:authenticated"}},
        {"system:public-info-viewer",
         Json::array({urls({"/healthz", "/livez", "/readyz", "/version", "/version/"})}),
         {"system:authenticated", "system:unauthenticated"}},
        {"system:service-account-issuer-discovery",
         Json::array(
             {urls({"/.well-known/openid-configuration", "/.well-known/openid-configuration/",
                    "/openid/v1/jwks", "/openid/v1/jwks/"})}),
         {"system:serviceaccounts"}},
    };
}
}  // namespace

void add_builtin_roles(Store& store) {
    const Json labels = {{"kubernetes.io/bootstrapping", "rbac-defaults"}};
    for (auto& role : builtin_roles()) {
        const Json metadata = {
            {"name", role.name},
            {"labels", labels},
            {"annotations", {{"rbac.authorization.kubernetes.io/autoupdate", "true"}}}};
        store.add(type::cluster_roles, {{"metadata", metadata}, {"rules", std::move(role.rules)}});
        Json subjects = Json::array();
        for (const auto* group : role.groups) {
            subjects.push_back(
                {{"kind", "Group"}, {"apiGroup", "rbac.authorization.k8s.io"}, {"name", group}});
        }
        if (!subjects.empty()) {
            store.add(type::cluster_role_bindings, {{"metadata", metadata},
                                                    {"roleRef",
                                                     {{"apiGroup", "rbac.authorization.k8s.io"},
                                                      {"kind", "ClusterRole"},
                                                      {"name", role.name}}},
                                                    {"subjects", std::move(subjects)}});
        }
    }
}

}  // namespace meshproof::fakes::kube
