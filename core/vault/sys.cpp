#include "core/vault/client.hpp"
#include "core/vault/reading.hpp"

namespace meshproof::vault {
namespace {

/// The names of a mount table, without trailing slashes.
Result<std::vector<std::string>> mounts(const Result<Reply>& reply, std::string what) {
    if (!reply) {
        return propagate(reply);
    }
    AnswerFields fields(reply->json, std::move(what));
    const auto* table = fields.find("data");
    if (table == nullptr || !table->is_object()) {
        fields.refuse("data", "expected an object of mounts");
        return tl::unexpected<Failure>(*fields.problem());
    }
    std::vector<std::string> names;
    for (const auto& [path, mount] : table->items()) {
        names.emplace_back(path.ends_with('/') ? path.substr(0, path.size() - 1) : path);
    }
    return names;
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

Task<Result<void>> Client::enable_secrets(std::string mount, std::string type) const {
    Json body{{"type", type}};
    co_return done(co_await call("PUT", "sys/mounts/" + mount, std::move(body)));
}

Task<Result<void>> Client::disable_secrets(std::string mount) const {
    co_return done(co_await call("DELETE", "sys/mounts/" + mount));
}

Task<Result<std::vector<std::string>>> Client::list_secrets() const {
    const auto reply = co_await call("GET", "sys/mounts");
    co_return mounts(reply, "GET sys/mounts");
}

Task<Result<void>> Client::tune_secrets(std::string mount, Duration max_lease_ttl) const {
    Json body{{"max_lease_ttl", reading::ttl(max_lease_ttl)}};
    co_return done(co_await call("PUT", fmt::format("sys/mounts/{}/tune", mount), std::move(body)));
}

Task<Result<void>> Client::enable_auth(std::string mount, std::string type) const {
    Json body{{"type", type}};
    co_return done(co_await call("PUT", "sys/auth/" + mount, std::move(body)));
}

Task<Result<void>> Client::disable_auth(std::string mount) const {
    co_return done(co_await call("DELETE", "sys/auth/" + mount));
}

Task<Result<std::vector<std::string>>> Client::list_auth() const {
    const auto reply = co_await call("GET", "sys/auth");
    co_return mounts(reply, "GET sys/auth");
}

Task<Result<void>> Client::write_policy(std::string name, std::string hcl) const {
    Json body{{"policy", hcl}};
    co_return done(co_await call("PUT", "sys/policies/acl/" + name, std::move(body)));
}

Task<Result<void>> Client::delete_policy(std::string name) const {
    co_return done(co_await call("DELETE", "sys/policies/acl/" + name));
}

Task<Result<std::vector<std::string>>> Client::list_policies() const {
    const auto reply = co_await call("LIST", "sys/policies/acl");
    co_return reading::keys(reply, "LIST sys/policies/acl");
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
