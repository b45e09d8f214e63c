#include "core/run/sweep.hpp"

#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "core/http/message.hpp"

namespace meshproof::run {
namespace {

/// Whether a path ends at the thing that has this name. With a part that is empty or of dots alone
/// it would end above: at something else, or at all of a kind.
bool names_one_thing(std::string_view name) {
    const auto parts = split(name, '/');
    return !name.empty() && std::ranges::none_of(parts, [](std::string_view part) {
        return part.empty() || part == "." || part == "..";
    });
}

/// One sweep of one server: the places where things are listed say what they are and how they go.
class Sweep {
  public:
    explicit Sweep(SweepOptions options) : options_(std::move(options)) {}

    /// The run whose mark the text holds, "" where it is none that is swept.
    [[nodiscard]] std::string run_in(std::string_view text) const {
        return if_swept(RunMark::run_in(text));
    }
    /// The same by label.
    [[nodiscard]] std::string run_of(const kube::ObjectMeta& meta) const {
        const auto label = meta.labels.find(std::string(run_label));
        return label == meta.labels.end() ? std::string() : if_swept(label->second);
    }
    [[nodiscard]] bool named(std::string_view name) const {
        return RunMark::named_like(name, options_.run_id);
    }
    /// The name holds the id of the one run that is swept.
    [[nodiscard]] bool named_after_the_run(std::string_view name) const {
        return is_run_id(options_.run_id) && named(name);
    }

    [[nodiscard]] const std::string& run_id() const { return options_.run_id; }

    /// Removes it, unless the sweep only looks, and notes what became of it.
    Task<void> take(SweptObject object, Task<Result<void>> removal) {
        swept_.found.push_back(object);
        if (options_.only_look) {
            co_return;
        }
        if (!names_one_thing(object.path)) {
            note(std::move(object), "no path leads to this name alone", FailureKind::malformed);
            co_return;
        }
        const auto removed = co_await std::move(removal);
        if (removed) {
            swept_.removed.push_back(std::move(object));
        } else if (removed.error().kind != FailureKind::not_found) {
            // Not found: somebody else (a controller, the run itself) was quicker.
            note(std::move(object), removed.error().message, removed.error().kind);
        }
    }
    void leave(SweptObject object) { swept_.left_alone.push_back(std::move(object)); }
    void also_removed(const std::vector<SweptObject>& objects) {
        swept_.found.insert(swept_.found.end(), objects.begin(), objects.end());
        swept_.removed.insert(swept_.removed.end(), objects.begin(), objects.end());
    }
    template <class T>
    bool listed(const Result<T>& list, std::string_view what) {
        if (!list) {
            note({}, fmt::format("cannot list {}: {}", what, list.error().message),
                 list.error().kind);
        }
        return list.has_value();
    }
    [[nodiscard]] bool only_looks() const { return options_.only_look; }
    [[nodiscard]] Swept result() { return std::move(swept_); }

  private:
    void note(std::optional<SweptObject> object, std::string message, FailureKind kind) {
        swept_.problems.push_back(
            {std::move(object), std::move(message), kind == FailureKind::denied});
    }
    [[nodiscard]] std::string if_swept(std::string run) const {
        return RunMark::belongs(run, options_.run_id) ? std::move(run) : std::string();
    }

    SweepOptions options_;
    Swept swept_;
};

/// Names come from the server, and may hold anything; a mount's may have several parts.
std::string path_of(std::string_view parent, std::string_view name) {
    std::string path(parent);
    for (const auto& part : split(name, '/')) {
        path += "/" + http::percent_encode(part);
    }
    return path;
}

Task<Result<void>> delete_at(vault::Client admin, std::string path) {
    co_return done(co_await admin.call("DELETE", std::move(path)));
}

/// The aliases that logins at the auth method made.
Task<Result<std::vector<vault::EntityAlias>>> aliases_at(vault::Client admin,
                                                         std::string accessor) {
    auto aliases = co_await admin.list_entity_aliases();
    if (!aliases) {
        co_return propagate(aliases);
    }
    std::erase_if(*aliases, [&accessor](const vault::EntityAlias& alias) {
        return alias.mount_accessor != accessor;
    });
    co_return aliases;
}

/// The entity where all of its aliases are of the auth method, otherwise the alias alone.
Task<Result<SweptObject>> remove_entity_of(vault::Client admin, vault::EntityAlias alias,
                                           std::string accessor) {
    if (!names_one_thing(alias.entity_id) || !names_one_thing(alias.id)) {
        co_return fail(FailureKind::malformed, "entity \"{}\": no path leads to this name alone",
                       alias.entity_id);
    }
    const auto others = co_await admin.alias_accessors_of(alias.entity_id);
    if (!others) {
        co_return propagate(others);
    }
    const bool only_here = std::ranges::all_of(
        *others, [&accessor](const std::string& other) { return other == accessor; });
    const auto path = only_here ? path_of("identity/entity/id", alias.entity_id)
                                : path_of("identity/entity-alias/id", alias.id);
    const auto removed = co_await delete_at(admin, path);
    if (!removed) {
        co_return propagate(removed);
    }
    co_return only_here ? SweptObject{.kind = "entity", .path = alias.entity_id}
                        : SweptObject{.kind = "entity alias", .path = alias.id};
}

Task<Result<void>> remove_entities_of(vault::Client admin, std::string accessor,
                                      std::vector<SweptObject>* what_else) {
    const auto aliases = co_await aliases_at(admin, accessor);
    if (!aliases) {
        co_return propagate(aliases);
    }
    for (const auto& alias : *aliases) {
        auto removed = co_await remove_entity_of(admin, alias, accessor);
        if (removed && what_else != nullptr) {
            what_else->push_back(std::move(*removed));
        } else if (!removed && removed.error().kind != FailureKind::not_found) {
            co_return propagate(removed);
        }
    }
    co_return Result<void>{};
}

Task<void> sweep_auth_methods(Sweep& sweep, vault::Client admin) {
    const auto mounts = co_await admin.auth_methods();
    if (!sweep.listed(mounts, "auth methods")) {
        co_return;
    }
    for (const auto& mount : *mounts) {
        const SweptObject object{
            .kind = "auth method", .path = mount.path, .run_id = sweep.run_in(mount.description)};
        if (object.run_id.empty()) {
            if (sweep.named(mount.path)) {
                sweep.leave(object);
            }
            continue;
        }
        if (sweep.only_looks()) {
            const auto aliases = co_await aliases_at(admin, mount.accessor);
            if (sweep.listed(aliases, "entity aliases")) {
                for (const auto& alias : *aliases) {
                    const SweptObject entity{
                        .kind = "entity", .path = alias.entity_id, .run_id = object.run_id};
                    co_await sweep.take(entity, {});
                }
            }
        }
        std::vector<SweptObject> entities;
        co_await sweep.take(object, remove_auth_method(admin, mount.path, &entities));
        for (auto& entity : entities) {
            entity.run_id = object.run_id;
        }
        sweep.also_removed(entities);
    }
}

Task<void> sweep_secrets_engines(Sweep& sweep, vault::Client admin) {
    const auto mounts = co_await admin.secrets_engines();
    if (!sweep.listed(mounts, "secrets engines")) {
        co_return;
    }
    for (const auto& mount : *mounts) {
        const SweptObject object{.kind = "secrets engine",
                                 .path = mount.path,
                                 .run_id = sweep.run_in(mount.description)};
        if (!object.run_id.empty()) {
            co_await sweep.take(object, delete_at(admin, path_of("sys/mounts", mount.path)));
        } else if (sweep.named(mount.path)) {
            sweep.leave(object);
        }
    }
}

Task<void> sweep_policies(Sweep& sweep, vault::Client admin) {
    const auto policies = co_await admin.list_policies();
    if (!sweep.listed(policies, "policies")) {
        co_return;
    }
    for (const auto& policy : *policies) {
        if (!sweep.named(policy)) {
            continue;
        }
        const auto text = co_await admin.read_policy(policy);
        if (!text && text.error().kind != FailureKind::not_found) {
            sweep.listed(text, "the rules of policy " + policy);
        }
        if (!text) {
            continue;
        }
        SweptObject object{.kind = "policy", .path = policy, .run_id = sweep.run_in(*text)};
        if (object.run_id.empty() && sweep.named_after_the_run(policy)) {
            object.run_id = sweep.run_id();
        }
        if (!object.run_id.empty()) {
            co_await sweep.take(object, admin.delete_policy(policy));
        } else {
            sweep.leave(object);
        }
    }
}

/// What only checks make. Where a product has none of a kind, its list is a 404.
Task<void> sweep_namespaces(Sweep& sweep, vault::Client admin) {
    const auto namespaces = co_await admin.namespaces();
    if (!namespaces && namespaces.error().status == 404) {
        co_return;
    }
    if (!sweep.listed(namespaces, "namespaces")) {
        co_return;
    }
    for (const auto& [name, metadata] : *namespaces) {
        const auto mark = metadata.find("meshproof-run");
        SweptObject object{.kind = "namespace", .path = name};
        if (mark != metadata.end()) {
            object.run_id = sweep.run_in(fmt::format("{}={}", run_label, mark->second));
        }
        if (!object.run_id.empty()) {
            co_await sweep.take(object, delete_at(admin, path_of("sys/namespaces", name)));
        } else if (sweep.named(name)) {
            sweep.leave(object);
        }
    }
}

/// Checks alone make them, too. A token that may not list them, and a namespace that has none, made
/// none.
Task<void> sweep_audit_devices(Sweep& sweep, vault::Client admin) {
    const auto devices = co_await admin.audit_devices();
    const bool none = !devices && devices.error().status >= 400 && devices.error().status < 500;
    if (none || !sweep.listed(devices, "audit devices")) {
        co_return;
    }
    for (const auto& device : *devices) {
        const SweptObject object{.kind = "audit device",
                                 .path = device.path,
                                 .run_id = sweep.run_in(device.description)};
        if (!object.run_id.empty()) {
            co_await sweep.take(object, delete_at(admin, path_of("sys/audit", device.path)));
        } else if (sweep.named(device.path)) {
            sweep.leave(object);
        }
    }
}

/// What holds no mark, so it goes only by the id of one run.
struct NamedKind {
    std::string_view one, many, path;
};
constexpr NamedKind named_kinds[] = {
    {"rate-limit quota", "rate-limit quotas", "sys/quotas/rate-limit"},
    {"token role", "token roles", "auth/token/roles"},
    {"identity group", "identity groups", "identity/group/name"},
    // Those that have a name of ours. Logins' have one of the server's.
    {"identity entity", "identity entities", "identity/entity/name"},
};

Task<void> sweep_by_name(Sweep& sweep, vault::Client admin, NamedKind kind) {
    const auto names = co_await admin.list(std::string(kind.path));
    // A namespace has no quotas: "operation only available in root namespace".
    const bool none = !names && names.error().kind == FailureKind::rejected;
    if (none || !sweep.listed(names, kind.many)) {
        co_return;
    }
    for (const auto& name : *names) {
        SweptObject object{.kind = std::string(kind.one), .path = name};
        if (sweep.named_after_the_run(name)) {
            object.run_id = sweep.run_id();
            co_await sweep.take(object, delete_at(admin, path_of(kind.path, name)));
        } else if (sweep.named(name)) {
            sweep.leave(object);
        }
    }
}

/// The listed objects that carry the run's label.
template <class Item, class Remove>
Task<void> take_labelled(Sweep& sweep, const Result<std::vector<Item>>& items,
                         std::string_view kind, Remove remove) {
    for (const auto& item : *items) {
        const kube::ObjectMeta* meta = nullptr;
        if constexpr (std::is_same_v<Item, kube::ObjectMeta>) {
            meta = &item;
        } else {
            meta = &item.meta;
        }
        const SweptObject object{.kind = std::string(kind),
                                 .path = meta->name,
                                 .namespace_name = meta->namespace_name,
                                 .run_id = sweep.run_of(*meta)};
        if (!object.run_id.empty()) {
            co_await sweep.take(object, remove(meta->name));
        }
    }
}

}  // namespace

Task<Result<void>> remove_auth_method(vault::Client admin, std::string mount,
                                      std::vector<SweptObject>* what_else) {
    const auto mounts = co_await admin.auth_methods();
    if (!mounts) {
        co_return propagate(mounts);
    }
    const auto found = std::ranges::find(*mounts, mount, &vault::Mount::path);
    if (found == mounts->end()) {
        co_return Result<void>{};
    }
    auto forgotten = co_await remove_entities_of(admin, found->accessor, what_else);
    const auto disabled = co_await delete_at(admin, path_of("sys/auth", mount));
    co_return forgotten ? disabled : forgotten;
}

Task<Swept> sweep_vault(vault::Client admin, SweepOptions options) {
    Sweep sweep(std::move(options));
    // Auth methods first: what could still log in goes before what it could reach.
    co_await sweep_auth_methods(sweep, admin);
    co_await sweep_secrets_engines(sweep, admin);
    co_await sweep_policies(sweep, admin);
    co_await sweep_namespaces(sweep, admin);
    co_await sweep_audit_devices(sweep, admin);
    for (const auto& kind : named_kinds) {
        co_await sweep_by_name(sweep, admin, kind);
    }
    co_return sweep.result();
}

Task<Swept> sweep_cluster(kube::Client admin, std::vector<std::string> namespaces,
                          SweepOptions options) {
    Sweep sweep(std::move(options));
    const std::string selector(run_label);
    for (const auto& ns : namespaces) {
        const auto pods = co_await admin.list_pods(ns, selector);
        if (sweep.listed(pods, "pods in " + ns)) {
            const Result<std::vector<kube::Pod>> items = pods->items;
            co_await take_labelled(sweep, items, "pod", [&](const std::string& name) {
                return admin.delete_pod(ns, name);
            });
        }
        const auto secrets = co_await admin.list_secrets(ns, selector);
        if (sweep.listed(secrets, "secrets in " + ns)) {
            co_await take_labelled(sweep, secrets, "secret", [&](const std::string& name) {
                return admin.delete_secret(ns, name);
            });
        }
        const auto accounts = co_await admin.list_service_accounts(ns, selector);
        if (sweep.listed(accounts, "service accounts in " + ns)) {
            co_await take_labelled(
                sweep, accounts, "service account",
                [&](const std::string& name) { return admin.delete_service_account(ns, name); });
        }
    }
    // Whole namespaces are made by checks only, and take all that is in them along: the name must
    // be a run's too.
    auto spaces = co_await admin.list_namespaces(selector);
    if (sweep.listed(spaces, "namespaces")) {
        std::erase_if(*spaces, [&sweep](const kube::ObjectMeta& meta) {
            return meta.deleting || !sweep.named(meta.name);
        });
        co_await take_labelled(sweep, spaces, "namespace", [&](const std::string& name) {
            return admin.delete_namespace(name);
        });
    }
    const auto bindings = co_await admin.list_cluster_role_bindings(selector);
    if (sweep.listed(bindings, "cluster role bindings")) {
        co_await take_labelled(
            sweep, bindings, "cluster role binding",
            [&](const std::string& name) { return admin.delete_cluster_role_binding(name); });
    }
    // As whole namespaces: a definition takes all objects of its kind along. Whoever may not list
    // them has made none.
    auto definitions = co_await admin.list_custom_resource_definitions(selector);
    const bool allowed = definitions || definitions.error().status != 403;
    if (allowed && sweep.listed(definitions, "custom resource definitions")) {
        std::erase_if(*definitions, [&sweep](const kube::ObjectMeta& meta) {
            const auto group = meta.name.find('.');
            return meta.deleting || group == std::string::npos ||
                   !sweep.named(std::string_view(meta.name).substr(group + 1));
        });
        co_await take_labelled(
            sweep, definitions, "custom resource definition",
            [&](const std::string& name) { return admin.delete_custom_resource_definition(name); });
    }
    co_return sweep.result();
}

}  // namespace meshproof::run
