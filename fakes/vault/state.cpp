#include "fakes/vault/state.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AuthGrant, display_name, policies, metadata, ttl, max_ttl,
                                   period, explicit_max_ttl, num_uses, renewable, orphan,
                                   no_default_policy, token_type, alias_name, internal, role)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Token, id, accessor, lease, namespace_path, path, display_name,
                                   entity_id, parent, token_role, type, policies, metadata, issued,
                                   expires, last_renewal, creation_ttl, lease_ttl, period,
                                   explicit_max_ttl, num_uses, renewable, orphan, grant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TokenRole, allowed, disallowed, allowed_globs, disallowed_globs,
                                   period, explicit_max_ttl, orphan, renewable, no_default_policy,
                                   path_suffix, type, num_uses)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Entity, id, name, namespace_path, metadata, policies, disabled,
                                   created, changed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EntityAlias, id, name, entity, namespace_path, mount_accessor,
                                   mount_path, mount_type, metadata, local, created, changed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RateLimit, name, path, rate, interval, block_interval)
// The backend is saved beside these.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MountEntry, path, type, description, accessor, uuid, default_ttl,
                                   max_ttl, token_type, options, headers, local)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Lease, id, namespace_path, token, issued, expires, renewable,
                                   internal)

namespace {

Json save_namespace(const Namespace& ns) {
    auto mounts = Json::array();
    for (const auto& [path, entry] : ns.mounts) {
        Json mount = *entry;
        mount["backend"] = entry->backend ? entry->backend->save() : Json();
        mounts.push_back(std::move(mount));
    }
    auto policies = Json::object();
    for (const auto& [name, policy] : ns.policies) {
        policies[name] = {
            {"text", policy.text}, {"version", policy.version}, {"modified", policy.modified}};
    }
    return {{"path", ns.path},
            {"id", ns.id},
            {"uuid", ns.uuid},
            {"custom_metadata", ns.custom_metadata},
            {"mounts", std::move(mounts)},
            {"policies", std::move(policies)},
            {"token_roles", ns.token_roles}};
}

std::shared_ptr<Namespace> load_namespace(VaultCore& core, const Json& state) {
    auto ns = std::make_shared<Namespace>();
    state.at("path").get_to(ns->path);
    state.at("id").get_to(ns->id);
    state.at("uuid").get_to(ns->uuid);
    ns->custom_metadata = state.at("custom_metadata");
    state.at("token_roles").get_to(ns->token_roles);
    for (const auto& saved : state.at("mounts")) {
        auto entry = std::make_shared<MountEntry>(saved.get<MountEntry>());
        if (const auto& backend = saved.at("backend"); !backend.is_null()) {
            entry->backend = make_backend(core, *ns, *entry);
            if (!entry->backend) {
                refuse_state("the mount {} is of type {}, which is unknown", entry->path,
                             entry->type);
            }
            entry->backend->load(backend);
        }
        ns->mounts[entry->path] = entry;
    }
    for (const auto& [name, saved] : state.at("policies").items()) {
        auto policy = require(parse_policy(saved.at("text").get<std::string>(),
                                           core.options.product, core.options.defects),
                              "policy " + name);
        saved.at("text").get_to(policy.text);
        saved.at("version").get_to(policy.version);
        saved.at("modified").get_to(policy.modified);
        ns->policies[name] = std::move(policy);
    }
    return ns;
}

Json save_leases(const VaultCore& core) {
    // Mounts may have moved since, so their ids tell whose lease it is.
    std::map<const Backend*, std::string> owners;
    for (const auto& [path, ns] : core.namespaces) {
        for (const auto& [mount, entry] : ns->mounts) {
            owners[entry->backend.get()] = entry->uuid;
        }
    }
    auto leases = Json::array();
    for (const auto& [id, lease] : core.leases) {
        Json saved = lease;
        const auto backend = lease.backend.lock();
        const auto owner = owners.find(backend.get());
        saved["mount"] = backend && owner != owners.end() ? owner->second : "";
        leases.push_back(std::move(saved));
    }
    return leases;
}

void load_leases(VaultCore& core, const Json& state) {
    std::map<std::string, std::shared_ptr<Backend>> owners;
    for (const auto& [path, ns] : core.namespaces) {
        for (const auto& [mount, entry] : ns->mounts) {
            owners[entry->uuid] = entry->backend;
        }
    }
    for (const auto& saved : state) {
        auto lease = saved.get<Lease>();
        if (const auto owner = owners.find(saved.at("mount").get<std::string>());
            owner != owners.end()) {
            lease.backend = owner->second;
        }
        core.lease_ends.emplace(lease.expires, lease.id);
        core.leases[lease.id] = std::move(lease);
    }
}

Json save_wrapped(const VaultCore& core) {
    auto all = Json::object();
    for (const auto& [token, wrapped] : core.wrapped_answers) {
        all[token] = {
            {"status", wrapped.answer.status}, {"headers", wrapped.answer.headers.fields()},
            {"body", wrapped.answer.body},     {"creation_path", wrapped.creation_path},
            {"created", wrapped.created},      {"ttl", wrapped.ttl}};
    }
    return all;
}

void load_wrapped(VaultCore& core, const Json& state) {
    for (const auto& [token, saved] : state.items()) {
        WrappedAnswer wrapped;
        saved.at("status").get_to(wrapped.answer.status);
        for (const auto& field : saved.at("headers")) {
            wrapped.answer.headers.add(field.at(0).get<std::string>(),
                                       field.at(1).get<std::string>());
        }
        saved.at("body").get_to(wrapped.answer.body);
        saved.at("creation_path").get_to(wrapped.creation_path);
        saved.at("created").get_to(wrapped.created);
        saved.at("ttl").get_to(wrapped.ttl);
        core.wrapped_answers[token] = std::move(wrapped);
    }
}

Json save_quotas(const Quotas& quotas) {
    return {{"limits", quotas.limits},
            {"response_headers", quotas.response_headers},
            {"audit_logging", quotas.audit_logging},
            {"exempt_paths", quotas.exempt_paths}};
}

void load_quotas(Quotas& quotas, const Json& state) {
    state.at("limits").get_to(quotas.limits);
    state.at("response_headers").get_to(quotas.response_headers);
    state.at("audit_logging").get_to(quotas.audit_logging);
    state.at("exempt_paths").get_to(quotas.exempt_paths);
}

Json save_seal(const BarrierKey& barrier, const Seal& seal) {
    return {{"sealed", seal.sealed()},
            {"shares", barrier.shares()},
            {"threshold", barrier.threshold()},
            {"key", to_base64(as_text(barrier.key()))},
            {"keys", barrier.keys()}};
}

void load_seal(BarrierKey& barrier, const Json& state) {
    BarrierKey::Shares kept;
    state.at("shares").get_to(kept.shares);
    state.at("threshold").get_to(kept.threshold);
    state.at("keys").get_to(kept.keys);
    const auto key = from_base64(state.at("key").get<std::string>());
    if (!key) {
        refuse_state("the seal's key is not base64");
    }
    const auto bytes = as_bytes(*key);
    kept.key.assign(bytes.begin(), bytes.end());
    barrier.restore(std::move(kept));
}

}  // namespace

Json save_vault(const VaultCore& core, const Node& node) {
    MESHPROOF_ASSERT(core.cluster.nodes().size() == 1, "only a Vault of one node is saved");
    auto tokens = Json::array();
    for (const auto& [id, token] : core.tokens.all()) {
        if (!token->used_up) {  // its last use is running
            tokens.push_back(*token);
        }
    }
    auto namespaces = Json::array();
    for (const auto& [path, ns] : core.namespaces) {
        namespaces.push_back(save_namespace(*ns));
    }
    return {{"product", core.product_name()},
            {"starts", core.starts},
            {"root_token", core.options.root_token},
            {"cluster_name", core.cluster_name},
            {"cluster_id", core.cluster_id},
            {"installed", core.installed},
            {"raft_index", core.raft_index},
            {"seal", save_seal(core.barrier, node.seal)},
            {"namespaces", std::move(namespaces)},
            {"tokens", std::move(tokens)},
            {"cubbyholes", core.cubbyholes},
            {"wrapped_answers", save_wrapped(core)},
            {"leases", save_leases(core)},
            {"entities", core.entities},
            {"aliases", core.aliases},
            {"moves", core.moves},
            {"quotas", save_quotas(core.quotas)}};
}

void load_vault(VaultCore& core, Node& node, const Json& state) {
    if (const auto product = state.at("product").get<std::string>();
        product != core.product_name()) {
        refuse_state("it is of {}, expected one of {}", product, core.product_name());
    }
    state.at("cluster_name").get_to(core.cluster_name);
    state.at("cluster_id").get_to(core.cluster_id);
    state.at("installed").get_to(core.installed);
    state.at("raft_index").get_to(core.raft_index);
    core.namespaces.clear();
    for (const auto& saved : state.at("namespaces")) {
        auto ns = load_namespace(core, saved);
        core.namespaces[ns->path] = std::move(ns);
    }
    if (!core.namespaces.contains("")) {
        refuse_state("the root namespace is missing");
    }
    for (const auto& saved : state.at("tokens")) {
        core.tokens.keep(saved.get<Token>());
    }
    state.at("cubbyholes").get_to(core.cubbyholes);
    load_wrapped(core, state.at("wrapped_answers"));
    load_leases(core, state.at("leases"));
    state.at("entities").get_to(core.entities);
    state.at("aliases").get_to(core.aliases);
    state.at("moves").get_to(core.moves);
    load_quotas(core.quotas, state.at("quotas"));
    load_seal(core.barrier, state.at("seal"));
    if (!state.at("seal").at("sealed").get<bool>()) {
        node.seal.open();
        core.cluster.start_with(node, core.clock.now());
    }
}

}  // namespace meshproof::fakes
