#include "fakes/kube/rbac.hpp"

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

/// Who asks. A review may name more groups than one would look through for each subject.
class Asker {
  public:
    explicit Asker(const User& user)
        : name_(user.name), groups_(user.groups.begin(), user.groups.end()) {
        std::ranges::sort(groups_);
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool in(std::string_view group) const {
        return std::ranges::binary_search(groups_, group);
    }
    [[nodiscard]] bool is_account(std::string_view space, std::string_view name) const {
        constexpr std::string_view before = "system:serviceaccount:";
        const std::string_view own = name_;
        return own.size() == before.size() + space.size() + 1 + name.size() &&
               own.starts_with(before) && own.substr(before.size()).starts_with(space) &&
               own[before.size() + space.size()] == ':' && own.ends_with(name);
    }

  private:
    const std::string& name_;
    std::vector<std::string_view> groups_;
};

std::string_view said(const Json& subject, const char* key) {
    const auto found = subject.find(key);
    return found == subject.end() || !found->is_string() ? std::string_view()
                                                         : found->get_ref<const std::string&>();
}

// "User "x"", "Group "y"" or "ServiceAccount "ns/z"" as the reason names it; "" where the subject
// is somebody else. Every request asks it of every subject that is there: no text is made before
// one fits.
std::string subject_match(const Json& subject, const Asker& user, const Json& binding) {
    const auto kind = said(subject, "kind");
    const auto name = said(subject, "name");
    if (kind == "User" && name == user.name()) {
        return fmt::format("User \"{}\"", name);
    }
    if (kind == "Group" && user.in(name)) {
        return fmt::format("Group \"{}\"", name);
    }
    if (kind == "ServiceAccount") {
        std::string of_binding;
        auto space = said(subject, "namespace");
        if (space.empty()) {
            of_binding = meta(binding, "namespace");
            space = of_binding;
        }
        if (user.is_account(space, name)) {
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

Permission by_binding(const Json& binding, const Asker& user, const Attributes& asked,
                      const Store& store) {
    const auto subjects = binding.find("subjects");
    if (subjects == binding.end() || !subjects->is_array()) {
        return {};
    }
    for (const auto& subject : *subjects) {
        const auto whom = subject_match(subject, user, binding);
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

Permission authorize(const User& user, const Attributes& asked, const Store& store) {
    if (std::ranges::find(user.groups, "system:masters") != user.groups.end()) {
        return {true, ""};
    }
    const Asker asker(user);
    for (const auto& binding : store.list(type::cluster_role_bindings)) {
        if (auto permission = by_binding(*binding, asker, asked, store); permission.allowed) {
            return permission;
        }
    }
    if (asked.for_resource && !asked.namespace_name.empty()) {
        for (const auto& binding : store.list(type::role_bindings, asked.namespace_name)) {
            if (auto permission = by_binding(*binding, asker, asked, store); permission.allowed) {
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
    const Asker asker(user);
    const auto add = [&](const Json& binding) {
        const auto space = meta(binding, "namespace");
        static const Json nobody = Json::array();
        const auto said = binding.find("subjects");
        const auto& subjects = said != binding.end() && said->is_array() ? *said : nobody;
        const auto role = role_of(binding, store);
        if (!role || std::ranges::none_of(subjects, [&](const Json& subject) {
                return !subject_match(subject, asker, binding).empty();
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
    const auto answer = [](const std::string& message, Json details) {
        auto response = refusal(403, "Forbidden", message, std::move(details));
        response.headers.set("X-Content-Type-Options", "nosniff");
        return response;
    };
    if (!asked.for_resource) {
        return answer(fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"", user.name,
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
    return answer(whole, std::move(details));
}

}  // namespace meshproof::fakes::kube
