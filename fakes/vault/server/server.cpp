#include "fakes/vault/server/server.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/names.hpp"

namespace meshproof::fakes::vault {

namespace {

MountEntry builtin(Prng& ids, std::string path, std::string type, std::string description) {
    MountEntry entry;
    entry.path = std::move(path);
    entry.accessor =
        fmt::format("{}{}_{}", entry.is_auth() ? "auth_" : "",
                    type.starts_with("ns_") ? type.substr(3) : type, to_hex(ids.bytes(4)));
    entry.type = std::move(type);
    entry.description = std::move(description);
    entry.uuid = make_uuid(ids);
    entry.options = Json();
    return entry;
}

}  // namespace

Server::Server(FakeVaultOptions given, Catalog given_catalog, Clock& given_clock,
               http::Transport& given_outgoing)
    : options(std::move(given)),
      catalog(std::move(given_catalog)),
      clock(given_clock),
      outgoing(given_outgoing),
      ids(Prng(options.seed).fork("vault/ids")),
      tokens(options.product, Prng(options.seed).fork("vault/tokens")),
      barrier(Prng(options.seed).fork("vault/seal")),
      nodes(options.storage == "raft"),
      capacity(options) {
    cluster_name = "vault-cluster-" + to_hex(ids.bytes(4));
    cluster_id = make_uuid(ids);
    installed = clock.now();
    add_namespace("");
    tokens.on_end([this](const Token& token) {
        cubbyholes.erase(token.id);
        wrapped_answers.erase(token.id);
        std::vector<std::string> owned;
        for (const auto& [id, lease] : leases) {
            if (lease.token == token.id) {
                owned.push_back(id);
            }
        }
        for (const auto& id : owned) {
            revoke_lease(id, clock.now());
        }
    });
}

void Server::initialise(int shares, int threshold, Token root_token) {
    barrier.initialise(shares, threshold);
    root_token.policies = {"root"};
    root_token.orphan = true;
    root_token.issued = clock.now();
    tokens.add(std::move(root_token), "");
}

std::shared_ptr<Namespace> Server::add_namespace(const std::string& path) {
    const bool child = !path.empty();
    auto ns = std::make_shared<Namespace>();
    ns->path = path;
    if (child) {
        ns->id = tokens.base62(6);
        ns->uuid = make_uuid(ids);
    }
    const std::string prefix = child ? "ns_" : "";
    auto sys = builtin(ids, "sys/", prefix + "system",
                       "system endpoints used for control, policy and debugging");
    sys.lists["passthrough_request_headers"] = {"Accept"};
    sys.seal_wrap = true;
    auto cubbyhole =
        builtin(ids, "cubbyhole/", prefix + "cubbyhole", "per-token private secret storage");
    cubbyhole.local = true;
    auto identity = builtin(ids, "identity/", prefix + "identity", "identity store");
    identity.lists["passthrough_request_headers"] = {"Authorization"};
    auto token = builtin(ids, "auth/token/", prefix + "token", "token based credentials");
    token.token_type = child ? "default" : "default-service";
    for (auto* entry : {&sys, &cubbyhole, &identity, &token}) {
        const auto place = entry->path;
        ns->mounts[place] = std::make_shared<MountEntry>(std::move(*entry));
    }
    auto standard = parse_policy(default_policy_text(options.product), options.product);
    MESHPROOF_ASSERT(standard.has_value(), "the default policy does not parse");
    standard->modified = clock.now();
    ns->policies["default"] = std::move(*standard);
    namespaces[path] = ns;
    return ns;
}

std::shared_ptr<Namespace> Server::resolve_namespace(std::string_view name,
                                                     std::string& path) const {
    auto named = std::string(trim(name));
    while (named.starts_with('/')) {
        named.erase(0, 1);
    }
    if (named == "root" || named == "root/") {
        named.clear();
    }
    if (!named.empty() && !named.ends_with('/')) {
        named += '/';
    }
    const auto found = namespaces.find(named);
    if (found == namespaces.end()) {
        return nullptr;
    }
    auto ns = found->second;
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/')) {
        const auto inner = namespaces.find(ns->path + path.substr(0, slash + 1));
        if (inner == namespaces.end()) {
            break;
        }
        ns = inner->second;
        path.erase(0, slash + 1);
    }
    return ns;
}

std::shared_ptr<MountEntry> Server::find_mount(const Namespace& ns, std::string_view path) const {
    // Mounts do not nest, so at most one of the path's own prefixes is one.
    for (auto slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        const auto found = ns.mounts.find(path.substr(0, slash + 1));
        if (found != ns.mounts.end()) {
            return found->second;
        }
    }
    const auto whole = ns.mounts.find(std::string(path) + "/");
    return whole == ns.mounts.end() ? nullptr : whole->second;
}

void Server::remove_mount(Namespace& ns, const std::string& path, Time now) {
    tokens.revoke_prefix(ns.path, path);
    std::vector<std::string> ended;
    for (const auto& [id, lease] : leases) {
        if (lease.namespace_path == ns.path && id.starts_with(path)) {
            ended.push_back(id);
        }
    }
    for (const auto& id : ended) {
        revoke_lease(id, now);
    }
    quotas.remove_below(ns.path + path);
    ns.mounts.erase(path);
}

std::shared_ptr<Backend> Server::make_backend(const Namespace& ns, const MountEntry& entry) {
    const auto place = "vault/mount/" + ns.path + entry.path + std::to_string(ids.next());
    return catalog.make_backend(
        entry, {options.product, Prng(options.seed).fork(place), &options.saboteurs, clock.now()},
        outgoing);
}

std::shared_ptr<const Acl> Server::acl_of(const Token& token) {
    const auto known = entities.find(token.entity_id);
    const auto* entity = known == entities.end() ? nullptr : &known->second;
    auto names = token.policies;
    for (const auto& name : identity_policies(*this, token)) {
        names.push_back(lower(name));
    }
    const auto key = token.namespace_path + "\n" + token.entity_id + "\n" + join(names, "\n");
    auto& kept = acls_[key];
    if (!kept) {
        auto acl = std::make_shared<Acl>(options.product);
        const auto ns = namespaces.find(token.namespace_path);
        if (token.is_root() && token.namespace_path.empty()) {
            *acl = Acl::root();
        } else if (ns != namespaces.end()) {
            for (const auto& name : names) {
                const auto policy = ns->second->policies.find(name);
                if (policy == ns->second->policies.end()) {
                    continue;
                }
                const auto filled = with_identity(*this, policy->second, entity);
                if (!filled) {
                    acl->spoil(fmt::format("error parsing templated policy \"{}\": {}", name,
                                           filled.error()));
                    break;
                }
                acl->add(*filled);
            }
            if (token.policies == std::vector<std::string>{"response-wrapping"}) {
                Policy wrapping;
                wrapping.paths = {{"cubbyhole/response", Rule{{"create", "read"}, {}, {}, {}}},
                                  {"sys/wrapping/unwrap", Rule{{"update"}, {}, {}, {}}}};
                acl->add(wrapping);
            }
        }
        kept = acl;
    }
    return kept;
}

std::optional<std::string> Server::path_for(const Token& token, const Namespace& ns,
                                            std::string_view path) {
    if (!ns.path.starts_with(token.namespace_path)) {
        return std::nullopt;
    }
    return ns.path.substr(token.namespace_path.size()) + std::string(path);
}

void Server::revoke_lease(const std::string& id, Time now) {
    const auto found = leases.find(id);
    if (found == leases.end()) {
        return;
    }
    const auto lease = std::move(found->second);
    leases.erase(found);
    lease_ends.erase({lease.expires, id});
    if (const auto backend = lease.backend.lock()) {
        backend->revoke_lease(lease.internal, now);
    }
}

void Server::keep_policy(Namespace& ns, const std::string& name, Policy policy) {
    if (policy.expiration) {
        policy_ends_.emplace(*policy.expiration, std::pair(ns.path, name));
    }
    ns.policies[name] = std::move(policy);
    forget_acls();
}

void Server::expire_policies(Time now) {
    while (!policy_ends_.empty() && policy_ends_.begin()->first <= now) {
        const auto [path, name] = policy_ends_.begin()->second;
        policy_ends_.erase(policy_ends_.begin());
        const auto ns = namespaces.find(path);
        if (ns == namespaces.end()) {
            continue;
        }
        auto& policies = ns->second->policies;
        const auto policy = policies.find(name);
        if (policy != policies.end() && policy->second.expiration &&
            *policy->second.expiration <= now) {
            policies.erase(policy);
            forget_acls();
        }
    }
}

void Server::expire(Time now) {
    tokens.expire(now);
    expire_policies(now);
    while (!lease_ends.empty() && lease_ends.begin()->first <= now) {
        const auto id = lease_ends.begin()->second;
        revoke_lease(id, now);
    }
}

}  // namespace meshproof::fakes::vault
