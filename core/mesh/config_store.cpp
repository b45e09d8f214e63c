#include "core/mesh/config_store.hpp"

namespace meshproof::mesh {
namespace {

constexpr const char* config_key = "config.json";
constexpr const char* root_key = "ca.pem";

Task<Result<void>> write_secret(std::shared_ptr<ClusterContext> context, std::string name,
                                std::string key, std::string text) {
    kube::SecretObject secret;
    secret.meta = context->meta(context->mesh_namespace, std::move(name));
    secret.data.emplace(std::move(key), std::move(text));
    auto created = co_await context->kube.create_secret(secret);
    if (!created && created.error().kind == FailureKind::conflict) {
        co_return co_await context->kube.replace_secret(secret);
    }
    co_return created;
}

// The value, nothing where the Secret or the key is absent.
Task<Result<std::optional<std::string>>> read_secret(std::shared_ptr<ClusterContext> context,
                                                     std::string name, std::string key) {
    const auto secret = co_await context->kube.secret(context->mesh_namespace, std::move(name));
    if (!secret) {
        if (secret.error().kind == FailureKind::not_found) {
            co_return std::optional<std::string>();
        }
        co_return propagate(secret);
    }
    const auto found = secret->data.find(key);
    co_return found == secret->data.end() ? std::optional<std::string>()
                                          : std::optional<std::string>(found->second);
}

}  // namespace

Task<Result<void>> push_configuration(std::shared_ptr<ClusterContext> context, CaConfig config,
                                      std::string ca_pem) {
    const auto& seams = context->mesh->options.seams;
    ca_pem = seams.pushed_trust(std::move(ca_pem), context->cluster);
    config = seams.pushed_config(std::move(config), context->cluster);
    // The trust store first: nobody may hold leaves of a CA that the others do not know yet.
    auto stored =
        co_await write_secret(context, context->root_secret(), root_key, std::move(ca_pem));
    if (!stored) {
        co_return propagate(stored, fmt::format("cluster {}: trust store", context->cluster));
    }
    stored = co_await write_secret(context, context->config_secret(), config_key, config.json());
    if (!stored) {
        co_return propagate(stored, fmt::format("cluster {}: CA configuration", context->cluster));
    }
    co_return Result<void>();
}

Task<Result<void>> remove_configuration(std::shared_ptr<ClusterContext> context) {
    auto removed =
        co_await context->kube.delete_secret(context->mesh_namespace, context->config_secret());
    if (!removed && removed.error().kind != FailureKind::not_found) {
        co_return propagate(removed, fmt::format("cluster {}: CA configuration", context->cluster));
    }
    co_return Result<void>();
}

Task<Result<StoredConfiguration>> read_configuration(std::shared_ptr<ClusterContext> context) {
    StoredConfiguration stored;
    const auto pem = co_await read_secret(context, context->root_secret(), root_key);
    if (!pem) {
        co_return propagate(pem, fmt::format("cluster {}: trust store", context->cluster));
    }
    if (*pem && !(*pem)->empty()) {
        auto trust = crypto::Certificate::all_from_pem(**pem);
        if (!trust) {
            co_return propagate(trust, fmt::format("cluster {}: trust store", context->cluster));
        }
        stored.trust = std::move(*trust);
    }
    const auto text = co_await read_secret(context, context->config_secret(), config_key);
    if (!text) {
        co_return propagate(text, fmt::format("cluster {}: CA configuration", context->cluster));
    }
    if (*text) {
        auto config = CaConfig::parse(**text);
        if (!config) {
            co_return propagate(config, fmt::format("cluster {}", context->cluster));
        }
        stored.config = std::move(*config);
    }
    co_return stored;
}

}  // namespace meshproof::mesh
