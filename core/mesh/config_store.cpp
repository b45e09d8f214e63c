#include "core/mesh/config_store.hpp"

namespace meshproof::mesh {
namespace {

constexpr const char* config_key = "config.json";
constexpr const char* root_key = "ca.pem";

Task<Result<void>> write_secret(std::shared_ptr<ClusterContext> context, std::string name,
                                StoredSecrets::Data data) {
    kube::SecretObject secret;
    secret.meta = context->meta(context->mesh_namespace, std::move(name));
    secret.data = std::move(data);
    auto created = co_await context->kube.create_secret(secret);
    if (!created && created.error().kind == FailureKind::conflict) {
        co_return co_await context->kube.replace_secret(secret);
    }
    co_return created;
}

}  // namespace

Task<Result<void>> push_trust(std::shared_ptr<ClusterContext> context, TrustStore trust) {
    auto data = trust.data();
    auto& pem = data[root_key];
    pem = context->mesh->options.seams.pushed_trust(std::move(pem), context->cluster);
    auto stored = co_await write_secret(context, context->root_secret(), std::move(data));
    if (!stored) {
        co_return propagate(stored, fmt::format("cluster {}: trust store", context->cluster));
    }
    co_return Result<void>();
}

Task<Result<void>> push_configuration(std::shared_ptr<ClusterContext> context, CaConfig config,
                                      TrustStore trust) {
    const auto& seams = context->mesh->options.seams;
    config = seams.pushed_config(std::move(config), context->cluster);
    // The trust store first: nobody may hold leaves of a CA that the others do not know yet.
    auto stored = co_await push_trust(context, std::move(trust));
    if (!stored) {
        co_return stored;
    }
    StoredSecrets::Data data{{config_key, config.json()}};
    stored = co_await write_secret(context, context->config_secret(), std::move(data));
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

// One list, so that both are of the same moment.
Task<Result<StoredSecrets>> read_secrets(std::shared_ptr<ClusterContext> context) {
    auto list =
        co_await context->kube.list_secrets_versioned(context->mesh_namespace, context->selector);
    if (!list) {
        co_return propagate(list, fmt::format("cluster {}: CA configuration", context->cluster));
    }
    StoredSecrets stored;
    stored.resource_version = std::move(list->resource_version);
    for (auto& secret : list->items) {
        if (secret.meta.name == context->config_secret()) {
            stored.config = std::move(secret.data);
        } else if (secret.meta.name == context->root_secret()) {
            stored.trust = std::move(secret.data);
        }
    }
    co_return stored;
}

Result<StoredConfiguration> parse_secrets(const StoredSecrets& secrets) {
    StoredConfiguration stored;
    if (secrets.trust) {
        auto trust = TrustStore::parse(*secrets.trust);
        if (!trust) {
            return propagate(trust, "trust store");
        }
        stored.trust = std::move(*trust);
    }
    if (secrets.config) {
        const auto text = secrets.config->find(config_key);
        if (text == secrets.config->end()) {
            return fail(FailureKind::malformed, "the CA configuration's Secret has no {}",
                        config_key);
        }
        auto config = CaConfig::parse(text->second);
        if (!config) {
            return propagate(config);
        }
        stored.config = std::move(*config);
    }
    return stored;
}

}  // namespace meshproof::mesh
