#include "fakes/vault/kubernetes_auth/role.hpp"

#include <yaml-cpp/yaml.h>
#include <algorithm>

#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/tokens.hpp"

namespace meshproof::fakes::vault {

namespace {

// The old names: used alone they set both, used beside the new ones they only say that they were
// used.
std::optional<std::string> read_legacy_fields(KubernetesRole& role, const FieldData& data) {
    const auto note = [&](const char* old_name, const std::string& new_name, const auto& read,
                          Json value) {
        if (data.has(new_name)) {
            role.legacy[old_name] = data.has(old_name) ? std::move(value) : Json();
        } else if (data.has(old_name)) {
            role.legacy[old_name] = read();
        }
    };
    note(
        "policies", "token_policies",
        [&] {
            role.policies = tidy_policies(data.list("policies"), false);
            return Json(role.policies);
        },
        role.policies);
    const auto note_duration = [&](const char* name, Duration& place) {
        note(
            name, std::string("token_") + name,
            [&] {
                place = data.duration(name);
                return Json(whole_seconds(place));
            },
            whole_seconds(place));
    };
    note_duration("ttl", role.ttl);
    note_duration("max_ttl", role.max_ttl);
    note_duration("period", role.period);
    note(
        "num_uses", "token_num_uses",
        [&] {
            role.num_uses = data.integer("num_uses");
            return Json(role.num_uses);
        },
        role.num_uses);
    std::optional<std::string> refused;
    note(
        "bound_cidrs", "token_bound_cidrs",
        [&] {
            auto blocks = read_addresses(data.list("bound_cidrs"));
            if (!blocks) {
                refused = blocks.error();
                return Json();
            }
            role.bound_cidrs = std::move(*blocks);
            return Json(role.bound_cidrs);
        },
        role.bound_cidrs);
    if (!data.has("bound_cidrs") && !data.has("token_bound_cidrs") &&
        role.legacy.contains("bound_cidrs") && role.legacy["bound_cidrs"].is_array()) {
        auto kept = role.legacy["bound_cidrs"].get<std::vector<std::string>>();
        requote_sockets(kept);
        role.legacy["bound_cidrs"] = kept;
    }
    return refused;
}

// Whether all maps' keys are plain values: others are no JSON, into which the server turns them.
bool keys_are_plain(const YAML::Node& tree) {
    for (const auto& part : tree) {
        const bool plain = tree.IsMap() ? part.first.IsScalar() && keys_are_plain(part.second)
                                        : keys_are_plain(part);
        if (!plain) {
            return false;
        }
    }
    return true;
}

bool mixes_star(const std::vector<std::string>& values) {
    return values.size() > 1 && std::ranges::find(values, "*") != values.end();
}

}  // namespace

std::optional<bool> selector_matches(std::string_view selector, const Json& labels) {
    // The text is YAML, and so may be JSON; matchExpressions are refused in whatever form.
    YAML::Node tree;
    try {
        tree = YAML::Load(std::string(selector));
    } catch (const YAML::Exception&) {
        return std::nullopt;
    }
    if (tree.IsNull()) {
        return true;
    }
    if (!tree.IsMap() || !keys_are_plain(tree) ||
        (tree["matchExpressions"] && !tree["matchExpressions"].IsNull())) {
        return std::nullopt;
    }
    const auto wanted = tree["matchLabels"];
    if (!wanted || wanted.IsNull()) {
        return true;
    }
    if (!wanted.IsMap()) {
        return std::nullopt;
    }
    for (const auto& pair : wanted) {
        if (!pair.second.IsScalar()) {
            return std::nullopt;
        }
        const auto held = labels.is_object() ? labels.value(pair.first.Scalar(), Json()) : Json();
        if (held != Json(pair.second.Scalar())) {
            return false;
        }
    }
    return true;
}

const Fields& kubernetes_role_fields(Product product) {
    static const Fields common{{{"bound_service_account_names", FieldType::list},
                                {"bound_service_account_namespaces", FieldType::list},
                                {"audience", FieldType::text},
                                {"alias_name_source", FieldType::text},
                                {"policies", FieldType::list},
                                {"ttl", FieldType::duration},
                                {"max_ttl", FieldType::duration},
                                {"period", FieldType::duration},
                                {"num_uses", FieldType::integer},
                                {"bound_cidrs", FieldType::list}}};
    static const auto declared = [](Product wanted) {
        auto fields = common;
        declare_token_fields(fields, wanted);
        return fields;
    };
    static const Fields vault = declared(Product::vault);
    static const Fields openbao = [] {
        auto fields = declared(Product::openbao);
        fields.types["bound_service_account_namespace_selector"] = FieldType::text;
        return fields;
    }();
    return product == Product::openbao ? openbao : vault;
}

BackendResponse write_kubernetes_role(KubernetesRole& role, const FieldData& data,
                                      const MountView& mount, Product product) {
    if (auto refused = read_token_fields(role, data)) {
        return BackendResponse::error(*refused);
    }
    if (auto refused = read_legacy_fields(role, data)) {
        return BackendResponse::error(*refused);
    }
    if (role.period > mount.max_lease_ttl) {
        return BackendResponse::error(
            fmt::format("token period of '\"{}\"' is greater than the backend's maximum lease TTL "
                        "of '\"{}\"'",
                        go_duration(role.period), go_duration(mount.max_lease_ttl)));
    }
    if (role.max_ttl > Duration{} && role.ttl > role.max_ttl) {
        return BackendResponse::error("token ttl should not be greater than token max ttl");
    }
    BackendResponse response;
    if (role.max_ttl > mount.max_lease_ttl) {
        response.warnings.emplace_back(
            "max_ttl is greater than the system or backend mount's maximum TTL value; "
            "issued tokens' max TTL value will be truncated");
    }
    if (data.has("bound_service_account_names")) {
        role.names = data.list("bound_service_account_names");
    }
    if (role.names.empty()) {
        return BackendResponse::error("\"bound_service_account_names\" can not be empty");
    }
    if (data.has("bound_service_account_namespaces")) {
        role.namespaces = data.list("bound_service_account_namespaces");
        role.names_namespaces = true;
    }
    // A write that does not name it takes it away.
    role.namespace_selector = data.text("bound_service_account_namespace_selector");
    if (role.namespaces.empty() && role.namespace_selector.empty()) {
        return BackendResponse::error(
            product == Product::openbao
                ? "\"bound_service_account_namespaces\" can not be empty if "
                  "\"bound_service_account_namespace_selector\" is not set"
                : "\"bound_service_account_namespaces\" can not be empty");
    }
    if (!role.namespace_selector.empty() &&
        !selector_matches(role.namespace_selector, Json::object())) {
        return BackendResponse::error(
            "invalid \"bound_service_account_namespace_selector\" configured");
    }
    if (mixes_star(role.names) || mixes_star(role.namespaces)) {
        return BackendResponse::error("can not mix \"*\" with values");
    }
    role.audience = data.text("audience", role.audience);
    // Nothing given for a new role, be it "" or null, is the default; for one that exists it is
    // wrong.
    const auto source = data.text("alias_name_source", role.alias_name_source);
    const bool unset = role.alias_name_source.empty() && source.empty();
    role.alias_name_source = unset ? "serviceaccount_uid" : source;
    if (role.alias_name_source != "serviceaccount_uid" &&
        role.alias_name_source != "serviceaccount_name") {
        return BackendResponse::error(
            "invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name");
    }
    data.warn_unrecognized(response);
    return response;
}

Json describe_kubernetes_role(const KubernetesRole& role, Product product) {
    auto data = Json{{"alias_name_source", role.alias_name_source},
                     {"bound_service_account_names", role.names},
                     {"bound_service_account_namespaces",
                      role.names_namespaces ? Json(role.namespaces) : Json()}};
    describe_token_fields(role, product, data);
    for (const auto& [name, value] : role.legacy.items()) {
        if (value.is_number() ? value > 0 : !value.empty()) {
            data[name] = value;
        }
    }
    if (!role.audience.empty()) {
        data["audience"] = role.audience;
    }
    if (product == Product::openbao) {
        data["bound_service_account_namespace_selector"] = role.namespace_selector;
    }
    return data;
}

}  // namespace meshproof::fakes::vault
