#include "fakes/vault/server/state.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes::vault {

MESHPROOF_SAVED(AuthGrant, display_name, policies, metadata, ttl, max_ttl, period, explicit_max_ttl,
                num_uses, renewable, orphan, no_default_policy, token_type, alias_name, internal,
                role, bound_cidrs)
MESHPROOF_SAVED(Token, id, accessor, lease, namespace_path, path, display_name, entity_id, parent,
                token_role, type, policies, metadata, issued, expires, last_renewal, creation_ttl,
                lease_ttl, period, explicit_max_ttl, num_uses, renewable, orphan, grant,
                bound_cidrs, uses_granted)
MESHPROOF_SAVED(TokenRole, allowed, disallowed, allowed_globs, disallowed_globs, period,
                explicit_max_ttl, orphan, renewable, no_default_policy, path_suffix, type, num_uses,
                bound_cidrs, entity_aliases, old_names)
MESHPROOF_SAVED(Entity, id, name, namespace_path, metadata, policies, disabled, created, changed)
MESHPROOF_SAVED(EntityAlias, id, name, entity, namespace_path, mount_accessor, metadata,
                custom_metadata, local, created, changed)
MESHPROOF_SAVED(GroupAlias, id, name, mount_accessor, created, changed)
MESHPROOF_SAVED(Group, id, name, namespace_path, type, metadata, policies, entities, groups, alias,
                created, changed, modify_index)
MESHPROOF_SAVED(AuditDevice, type, description, local, options)
MESHPROOF_SAVED(Audit, devices, headers)
MESHPROOF_SAVED(RateLimit, name, path, role, of_namespace, inheritable, rate, interval,
                block_interval)
// The backend is saved beside these.
MESHPROOF_SAVED(Lockout, threshold, duration, counter_reset, disabled)
MESHPROOF_SAVED(MountEntry, path, type, description, accessor, uuid, default_ttl, max_ttl,
                token_type, options, visibility, lists, local, force_no_cache, seal_wrap,
                external_entropy_access, lockout)
MESHPROOF_SAVED(Lease, id, namespace_path, token, issued, expires, renewable, internal)

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
        policies[name] = {{"text", policy.text},
                          {"version", policy.version},
                          {"modified", policy.modified},
                          {"allow_slashes", policy.allow_slashes},
                          {"allow_wildcards", policy.allow_wildcards},
                          {"cas_required", policy.cas_required},
                          {"expiration", policy.expiration}};
    }
    return {{"path", ns.path},
            {"id", ns.id},
            {"uuid", ns.uuid},
            {"custom_metadata", ns.custom_metadata},
            {"mounts", std::move(mounts)},
            {"policies", std::move(policies)},
            {"token_roles", ns.token_roles}};
}

std::shared_ptr<Namespace> load_namespace(Server& server, const Json& state) {
    auto ns = std::make_shared<Namespace>();
    read_member(state, "path", ns->path);
    read_member(state, "id", ns->id);
    read_member(state, "uuid", ns->uuid);
    ns->custom_metadata = state.at("custom_metadata");
    read_member(state, "token_roles", ns->token_roles);
    read_each(state, "mounts", [&](const Json& saved, const std::string&) {
        auto entry = std::make_shared<MountEntry>();
        read_value(saved, *entry);
        if (std::map<std::string, std::string> values; !entry->options.is_null()) {
            read_member(saved, "options", values);
        }
        const auto& backend = saved.at("backend");
        entry->backend = server.make_backend(*ns, *entry);
        if (entry->backend == nullptr && !backend.is_null()) {
            refuse_state("the mount {} is of type {}, which is unknown", entry->path, entry->type);
        }
        if (entry->backend) {
            in_part("backend", [&] { entry->backend->load(backend); });
        }
        ns->mounts[entry->path] = std::move(entry);
    });
    read_each(state, "policies", [&](const Json& saved, const std::string& name) {
        std::string text;
        read_member(saved, "text", text);
        auto policy = require(parse_policy(text, server.options.product));
        policy.text = std::move(text);
        read_member(saved, "version", policy.version);
        read_member(saved, "modified", policy.modified);
        read_member(saved, "allow_slashes", policy.allow_slashes);
        read_member(saved, "allow_wildcards", policy.allow_wildcards);
        read_member(saved, "cas_required", policy.cas_required);
        read_member(saved, "expiration", policy.expiration);
        server.keep_policy(*ns, name, std::move(policy));
    });
    return ns;
}

Json save_leases(const Server& server) {
    // Mounts may have moved since, so their ids tell whose lease it is.
    std::map<const Backend*, std::string> owners;
    for (const auto& [path, ns] : server.namespaces) {
        for (const auto& [mount, entry] : ns->mounts) {
            owners[entry->backend.get()] = entry->uuid;
        }
    }
    auto leases = Json::array();
    for (const auto& [id, lease] : server.leases) {
        Json saved = lease;
        const auto backend = lease.backend.lock();
        const auto owner = owners.find(backend.get());
        saved["mount"] = backend && owner != owners.end() ? owner->second : "";
        leases.push_back(std::move(saved));
    }
    return leases;
}

void load_leases(Server& server, const Json& state) {
    std::map<std::string, std::shared_ptr<Backend>> owners;
    for (const auto& [path, ns] : server.namespaces) {
        for (const auto& [mount, entry] : ns->mounts) {
            owners[entry->uuid] = entry->backend;
        }
    }
    read_each(state, "leases", [&](const Json& saved, const std::string&) {
        Lease lease;
        read_value(saved, lease);
        std::string mount;
        read_member(saved, "mount", mount);
        if (const auto owner = owners.find(mount); owner != owners.end()) {
            lease.backend = owner->second;
            std::string serial;
            in_part("internal", [&] { read_member(lease.internal, "serial_number", serial); });
        }
        server.lease_ends.emplace(lease.expires, lease.id);
        server.leases[lease.id] = std::move(lease);
    });
}

Json save_wrapped(const Server& server) {
    auto all = Json::object();
    for (const auto& [token, wrapped] : server.wrapped_answers) {
        all[token] = {
            {"status", wrapped.answer.status}, {"headers", wrapped.answer.headers.fields()},
            {"body", wrapped.answer.body},     {"creation_path", wrapped.creation_path},
            {"created", wrapped.created},      {"ttl", wrapped.ttl}};
    }
    return all;
}

void load_wrapped(Server& server, const Json& state) {
    read_each(state, "wrapped_answers", [&](const Json& saved, const std::string& token) {
        WrappedAnswer wrapped;
        read_member(saved, "status", wrapped.answer.status);
        read_each(saved, "headers", [&](const Json& field, const std::string&) {
            wrapped.answer.headers.add(field.at(0).get<std::string>(),
                                       field.at(1).get<std::string>());
        });
        read_member(saved, "body", wrapped.answer.body);
        read_member(saved, "creation_path", wrapped.creation_path);
        read_member(saved, "created", wrapped.created);
        read_member(saved, "ttl", wrapped.ttl);
        server.wrapped_answers[token] = std::move(wrapped);
    });
}

void load_groups(Server& server, const Json& state) {
    read_member(state, "groups", server.groups);
    for (const auto& [id, group] : server.groups) {
        const bool members = std::ranges::all_of(
            group.groups, [&](const auto& member) { return server.groups.contains(member); });
        if (!members || !server.namespaces.contains(group.namespace_path)) {
            refuse_state("the group {} has members or is in a namespace that are not there", id);
        }
    }
}

Json save_quotas(const Quotas& quotas) {
    return {{"limits", quotas.limits},
            {"response_headers", quotas.response_headers},
            {"audit_logging", quotas.audit_logging},
            {"exempt_paths", quotas.exempt_paths}};
}

void load_quotas(Quotas& quotas, const Json& state) {
    read_member(state, "limits", quotas.limits);
    read_member(state, "response_headers", quotas.response_headers);
    read_member(state, "audit_logging", quotas.audit_logging);
    read_member(state, "exempt_paths", quotas.exempt_paths);
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
    read_member(state, "shares", kept.shares);
    read_member(state, "threshold", kept.threshold);
    read_member(state, "keys", kept.keys);
    const bool nobodys = kept.shares == 0 && kept.threshold == 0 && kept.keys.empty();
    if (!nobodys && (kept.threshold < 1 || kept.shares < kept.threshold || kept.shares > 255 ||
                     (kept.threshold == 1 && kept.shares > 1))) {
        refuse_state("{} shares of which {} open it", kept.shares, kept.threshold);
    }
    const auto key = from_base64(state.at("key").get<std::string>());
    if (!key) {
        refuse_state("its key is not base64");
    }
    const auto bytes = as_bytes(*key);
    kept.key.assign(bytes.begin(), bytes.end());
    barrier.restore(std::move(kept));
}

}  // namespace

Json save_vault(const Server& server, const VaultNode& node) {
    MESHPROOF_ASSERT(server.nodes.all().size() == 1, "only a Vault of one node is saved");
    auto tokens = Json::array();
    for (const auto& [id, token] : server.tokens.all()) {
        if (!token->used_up) {  // its last use is running
            tokens.push_back(*token);
        }
    }
    auto namespaces = Json::array();
    for (const auto& [path, ns] : server.namespaces) {
        namespaces.push_back(save_namespace(*ns));
    }
    return {{"product", server.product_name()},
            {"starts", server.starts},
            {"root_token", server.options.root_token},
            {"cluster_name", server.cluster_name},
            {"cluster_id", server.cluster_id},
            {"installed", server.installed},
            {"raft_index", server.raft_index},
            {"seal", save_seal(server.barrier, node.seal)},
            {"namespaces", std::move(namespaces)},
            {"tokens", std::move(tokens)},
            {"cubbyholes", server.cubbyholes},
            {"wrapped_answers", save_wrapped(server)},
            {"leases", save_leases(server)},
            {"entities", server.entities},
            {"aliases", server.aliases},
            {"groups", server.groups},
            {"moves", server.moves},
            {"audit", server.audit},
            {"quotas", save_quotas(server.quotas)}};
}

void load_vault(Server& server, VaultNode& node, const Json& state) {
    if (const auto product = state.at("product").get<std::string>();
        product != server.product_name()) {
        refuse_state("it is of {}, expected one of {}", product, server.product_name());
    }
    read_member(state, "cluster_name", server.cluster_name);
    read_member(state, "cluster_id", server.cluster_id);
    read_member(state, "installed", server.installed);
    read_member(state, "raft_index", server.raft_index);
    server.namespaces.clear();
    read_each(state, "namespaces", [&](const Json& saved, const std::string&) {
        auto ns = load_namespace(server, saved);
        server.namespaces[ns->path] = std::move(ns);
    });
    if (!server.namespaces.contains("")) {
        refuse_state("the root namespace is missing");
    }
    read_each(state, "tokens", [&](const Json& saved, const std::string&) {
        Token token;
        read_value(saved, token);
        server.tokens.keep(std::move(token));
    });
    read_member(state, "cubbyholes", server.cubbyholes);
    load_wrapped(server, state);
    load_leases(server, state);
    read_member(state, "entities", server.entities);
    read_member(state, "aliases", server.aliases);
    for (const auto& [id, entity] : server.entities) {
        if (!server.namespaces.contains(entity.namespace_path)) {
            refuse_state("the entity {} is in a namespace that is not there", id);
        }
    }
    for (const auto& [id, alias] : server.aliases) {
        if (!server.namespaces.contains(alias.namespace_path) ||
            !server.entities.contains(alias.entity)) {
            refuse_state("the alias {} is of an entity or in a namespace that is not there", id);
        }
    }
    load_groups(server, state);
    read_member(state, "moves", server.moves);
    read_member(state, "audit", server.audit);
    in_part("quotas", [&] { load_quotas(server.quotas, state.at("quotas")); });
    bool sealed = false;
    in_part("seal", [&] {
        load_seal(server.barrier, state.at("seal"));
        read_member(state.at("seal"), "sealed", sealed);
    });
    if (!sealed) {
        node.seal.open();
        server.nodes.start_with(node, server.clock.now());
    }
}

}  // namespace meshproof::fakes::vault
