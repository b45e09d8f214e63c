#include "core/vault/client.hpp"
#include "core/vault/reading.hpp"

namespace meshproof::vault {
namespace {

std::string without_slash(std::string_view path) {
    return std::string(path.ends_with('/') ? path.substr(0, path.size() - 1) : path);
}

Result<std::vector<Mount>> mounts(const Result<Reply>& reply, const std::string& what) {
    if (!reply) {
        return propagate(reply);
    }
    AnswerFields fields(reply->json, what);
    const auto* table = fields.find("data");
    if (table == nullptr || !table->is_object()) {
        fields.refuse("data", "expected an object of mounts");
        return tl::unexpected<Failure>(*fields.problem());
    }
    std::vector<Mount> found;
    for (const auto& [path, entry] : table->items()) {
        AnswerFields mount(entry, what + ": " + path);
        found.push_back({without_slash(path), mount.text_or_empty("type"),
                         mount.text_or_empty("accessor"), mount.text_or_empty("description")});
        if (mount.problem()) {
            return tl::unexpected<Failure>(*mount.problem());
        }
    }
    return found;
}

Result<std::vector<std::string>> paths(const Result<std::vector<Mount>>& found) {
    if (!found) {
        return propagate(found);
    }
    std::vector<std::string> names;
    for (const auto& mount : *found) {
        names.push_back(mount.path);
    }
    return names;
}

Json mount_body(std::string type, std::string description) {
    Json body{{"type", std::move(type)}};
    if (!description.empty()) {
        body["description"] = std::move(description);
    }
    return body;
}

Result<SealStatus> to_seal_status(const Result<Reply>& reply, std::string what) {
    if (!reply) {
        return propagate(reply);
    }
    AnswerFields fields(reply->json, std::move(what));
    SealStatus status;
    status.initialized = fields.flag("initialized");
    status.sealed = fields.flag("sealed");
    status.threshold = static_cast<int>(fields.integer("t"));
    status.shares = static_cast<int>(fields.integer("n"));
    status.progress = static_cast<int>(fields.integer_or_zero("progress"));
    status.version = fields.text_or_empty("version");
    status.storage_type = fields.text_or_empty("storage_type");
    status.product = fields.find("commit_date") != nullptr ? Product::openbao : Product::vault;
    return checked(std::move(status), fields);
}

std::string policy_path(const std::string& name) {
    return "sys/policies/acl/" + http::percent_encode(name);
}

}  // namespace

// Health, seal and unseal are refused inside a namespace (row 42), so they are sent without one.

Task<Result<Health>> Client::health() const {
    const auto reply =
        co_await with_token(Secret()).with_namespace("").request("GET", "sys/health");
    if (!reply) {
        co_return propagate(reply);
    }
    // 429, 501 and 503 are answers here (row 22); what has no health body is a failure like
    // anywhere else.
    const bool answered = reply->json.is_object() && reply->json.contains("initialized");
    if (!answered && (reply->status < 200 || reply->status >= 300)) {
        co_return tl::unexpected<Failure>(failure_of("GET", "sys/health", *reply));
    }
    AnswerFields fields(reply->json, "GET sys/health");
    Health health;
    health.status = reply->status;
    health.initialized = fields.flag("initialized");
    health.sealed = fields.flag("sealed");
    health.standby = fields.flag("standby");
    health.version = fields.text_or_empty("version");
    co_return checked(std::move(health), fields);
}

Task<Result<SealStatus>> Client::seal_status() const {
    const auto reply =
        co_await with_token(Secret()).with_namespace("").call("GET", "sys/seal-status");
    co_return to_seal_status(reply, "GET sys/seal-status");
}

Task<Result<void>> Client::seal() const {
    co_return done(co_await with_namespace("").call("PUT", "sys/seal"));
}

Task<Result<SealStatus>> Client::unseal(Secret key) const {
    Json body{{"key", key.reveal()}};
    const auto reply =
        co_await with_token(Secret()).with_namespace("").call("PUT", "sys/unseal", std::move(body));
    co_return to_seal_status(reply, "PUT sys/unseal");
}

Task<Result<void>> Client::enable_secrets(std::string mount, std::string type,
                                          std::string description) const {
    auto body = mount_body(std::move(type), std::move(description));
    co_return done(co_await call("PUT", "sys/mounts/" + mount, std::move(body)));
}

Task<Result<void>> Client::disable_secrets(std::string mount) const {
    co_return done(co_await call("DELETE", "sys/mounts/" + mount));
}

Task<Result<std::vector<Mount>>> Client::secrets_engines() const {
    const auto reply = co_await call("GET", "sys/mounts");
    co_return mounts(reply, "GET sys/mounts");
}

Task<Result<std::vector<std::string>>> Client::list_secrets() const {
    const auto engines = co_await secrets_engines();
    co_return paths(engines);
}

Task<Result<void>> Client::tune_secrets(std::string mount, Duration max_lease_ttl) const {
    Json body{{"max_lease_ttl", reading::ttl(max_lease_ttl)}};
    co_return done(co_await call("PUT", fmt::format("sys/mounts/{}/tune", mount), std::move(body)));
}

Task<Result<void>> Client::enable_auth(std::string mount, std::string type,
                                       std::string description) const {
    auto body = mount_body(std::move(type), std::move(description));
    co_return done(co_await call("PUT", "sys/auth/" + mount, std::move(body)));
}

Task<Result<std::vector<Mount>>> Client::auth_methods() const {
    const auto reply = co_await call("GET", "sys/auth");
    co_return mounts(reply, "GET sys/auth");
}

Task<Result<std::vector<Mount>>> Client::audit_devices() const {
    const auto reply = co_await call("GET", "sys/audit");
    co_return mounts(reply, "GET sys/audit");
}

Task<Result<void>> Client::write_policy(std::string name, std::string hcl) const {
    Json body{{"policy", hcl}};
    co_return done(co_await call("PUT", policy_path(name), std::move(body)));
}

Task<Result<std::string>> Client::read_policy(std::string name) const {
    const auto path = policy_path(name);
    const auto reply = co_await call("GET", path);
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, "GET " + path);
    co_return checked(fields.text("data.policy"), fields);
}

Task<Result<void>> Client::delete_policy(std::string name) const {
    co_return done(co_await call("DELETE", policy_path(name)));
}

Task<Result<std::vector<std::string>>> Client::list(std::string path) const {
    const auto reply = co_await call("LIST", path);
    co_return reading::keys(reply, "LIST " + path);
}

Task<Result<std::vector<std::string>>> Client::list_policies() const {
    co_return co_await list("sys/policies/acl");
}

namespace {
/// The keys of a LIST, each with what `key_info` says of it: null where it says nothing.
Result<std::vector<std::pair<std::string, Json>>> key_info(const Result<Reply>& reply,
                                                           const std::string& what) {
    const auto keys = reading::keys(reply, what);
    if (!keys) {
        return propagate(keys);
    }
    std::vector<std::pair<std::string, Json>> found;
    if (!reply) {
        return found;  // an empty list
    }
    AnswerFields fields(reply->json, what);
    const auto* details = fields.find("data.key_info");
    for (const auto& key : *keys) {
        const bool told = details != nullptr && details->is_object() && details->contains(key);
        found.emplace_back(key, told ? (*details)[key] : Json());
    }
    return found;
}
}  // namespace

Task<Result<std::map<std::string, std::map<std::string, std::string>>>> Client::namespaces() const {
    const std::string what = "LIST sys/namespaces";
    const auto listed = key_info(co_await call("LIST", "sys/namespaces"), what);
    if (!listed) {
        co_return propagate(listed);
    }
    std::map<std::string, std::map<std::string, std::string>> found;
    for (const auto& [name, info] : *listed) {
        AnswerFields one(info, what + ": " + name);
        found[without_slash(name)] = one.text_map("custom_metadata");
    }
    co_return found;
}

Task<Result<std::vector<EntityAlias>>> Client::list_entity_aliases() const {
    const std::string what = "LIST identity/entity-alias/id";
    const auto listed = key_info(co_await call("LIST", "identity/entity-alias/id"), what);
    if (!listed) {
        co_return propagate(listed);
    }
    std::vector<EntityAlias> found;
    for (const auto& [id, info] : *listed) {
        if (info.is_null()) {
            continue;
        }
        AnswerFields alias(info, what + ": " + id);
        found.push_back({id, alias.text_or_empty("canonical_id"),
                         alias.text_or_empty("mount_accessor"), alias.text_or_empty("name")});
        if (alias.problem()) {
            co_return tl::unexpected<Failure>(*alias.problem());
        }
    }
    co_return found;
}

Task<Result<std::vector<std::string>>> Client::alias_accessors_of(std::string entity_id) const {
    const auto path = "identity/entity/id/" + http::percent_encode(entity_id);
    const auto reply = co_await call("GET", path);
    if (!reply) {
        co_return propagate(reply);
    }
    std::vector<std::string> accessors;
    AnswerFields fields(reply->json, "GET " + path);
    for (const auto* item : fields.items("data.aliases")) {
        AnswerFields alias(*item, "GET " + path);
        accessors.push_back(alias.text("mount_accessor"));
    }
    co_return checked(std::move(accessors), fields);
}

Task<Result<std::vector<std::string>>> Client::capabilities_self(std::string path) const {
    Json body;
    body["paths"] = std::vector<std::string>{path};
    const auto reply = co_await call("PUT", "sys/capabilities-self", std::move(body));
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, "PUT sys/capabilities-self");
    auto capabilities = fields.texts("data.capabilities");
    if (capabilities.empty()) {
        fields.refuse("data.capabilities", "expected a list with at least one capability");
    }
    co_return checked(std::move(capabilities), fields);
}

}  // namespace meshproof::vault
