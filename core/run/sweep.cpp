#include "core/run/sweep.hpp"

namespace meshproof::run {
namespace {

bool ours(std::string_view name, std::string_view run_id) {
    return name.starts_with(fmt::format("{}{}{}", name_prefix, run_id, run_id.empty() ? "" : "-"));
}

bool ours(const kube::ObjectMeta& meta, std::string_view run_id) {
    const auto label = meta.labels.find(std::string(run_label));
    return label != meta.labels.end() && (run_id.empty() || label->second == run_id ||
                                          label->second.starts_with(fmt::format("{}-", run_id)));
}

/// Notes what was found, and what became of it.
void settle(Swept& swept, std::string what, bool only_look, const Result<void>& removed) {
    swept.found.push_back(what);
    if (only_look) {
        return;
    }
    // Somebody else (a controller, the run itself) may have been quicker.
    if (removed || removed.error().kind == FailureKind::not_found) {
        swept.removed.push_back(std::move(what));
    } else {
        swept.problems.push_back(fmt::format("{}: {}", what, removed.error().message));
    }
}

template <class T>
bool listed(Swept& swept, const Result<T>& list, std::string_view what) {
    if (!list) {
        swept.problems.push_back(fmt::format("cannot list {}: {}", what, list.error().message));
    }
    return list.has_value();
}

/// What a LIST of names holds; nothing where this product has none of the kind.
Task<std::vector<std::string>> names_at(vault::Client admin, std::string path) {
    std::vector<std::string> names;
    const auto reply = co_await admin.request("LIST", path);
    if (reply && reply->status == 200 && reply->data().is_object()) {
        for (const auto& key : reply->data().value("keys", nlohmann::json::array())) {
            auto name = key.is_string() ? key.get<std::string>() : std::string();
            while (name.ends_with('/')) {
                name.pop_back();
            }
            names.push_back(std::move(name));
        }
    }
    co_return names;
}

struct NamedThings {
    std::string_view what, path;
};
/// Made by checks only.
constexpr NamedThings named_things[] = {{"namespace", "sys/namespaces"},
                                        {"rate-limit quota", "sys/quotas/rate-limit"},
                                        {"token role", "auth/token/roles"}};

}  // namespace

Task<Swept> sweep_vault(vault::Client admin, std::string run_id, bool only_look) {
    Swept swept;
    // Auth methods first: what could still log in goes before what it could reach.
    const auto auth = co_await admin.list_auth();
    if (listed(swept, auth, "auth methods")) {
        for (const auto& mount : *auth) {
            if (ours(mount, run_id)) {
                Result<void> removed;
                if (!only_look) {
                    removed = co_await admin.disable_auth(mount);
                }
                settle(swept, "auth method " + mount, only_look, removed);
            }
        }
    }
    const auto secrets = co_await admin.list_secrets();
    if (listed(swept, secrets, "secrets engines")) {
        for (const auto& mount : *secrets) {
            if (ours(mount, run_id)) {
                Result<void> removed;
                if (!only_look) {
                    removed = co_await admin.disable_secrets(mount);
                }
                settle(swept, "secrets engine " + mount, only_look, removed);
            }
        }
    }
    const auto policies = co_await admin.list_policies();
    if (listed(swept, policies, "policies")) {
        for (const auto& policy : *policies) {
            if (ours(policy, run_id)) {
                Result<void> removed;
                if (!only_look) {
                    removed = co_await admin.delete_policy(policy);
                }
                settle(swept, "policy " + policy, only_look, removed);
            }
        }
    }
    for (const auto& things : named_things) {
        for (const auto& name : co_await names_at(admin, std::string(things.path))) {
            if (!ours(name, run_id)) {
                continue;
            }
            Result<void> removed;
            if (!only_look) {
                const auto answer =
                    co_await admin.call("DELETE", fmt::format("{}/{}", things.path, name));
                if (!answer) {
                    removed = propagate(answer);
                }
            }
            settle(swept, fmt::format("{} {}", things.what, name), only_look, removed);
        }
    }
    co_return swept;
}

Task<Swept> sweep_cluster(kube::Client admin, std::vector<std::string> namespaces,
                          std::string run_id, bool only_look) {
    Swept swept;
    const std::string selector(run_label);
    for (const auto& ns : namespaces) {
        const auto pods = co_await admin.list_pods(ns, selector);
        if (listed(swept, pods, "pods in " + ns)) {
            for (const auto& pod : pods->items) {
                if (!ours(pod.meta, run_id)) {
                    continue;
                }
                Result<void> removed;
                if (!only_look) {
                    removed = co_await admin.delete_pod(ns, pod.meta.name);
                }
                settle(swept, fmt::format("pod {}/{}", ns, pod.meta.name), only_look, removed);
            }
        }
        const auto secrets = co_await admin.list_secrets(ns, selector);
        if (listed(swept, secrets, "secrets in " + ns)) {
            for (const auto& secret : *secrets) {
                if (!ours(secret.meta, run_id)) {
                    continue;
                }
                Result<void> removed;
                if (!only_look) {
                    removed = co_await admin.delete_secret(ns, secret.meta.name);
                }
                settle(swept, fmt::format("secret {}/{}", ns, secret.meta.name), only_look,
                       removed);
            }
        }
        const auto accounts = co_await admin.list_service_accounts(ns, selector);
        if (listed(swept, accounts, "service accounts in " + ns)) {
            for (const auto& account : *accounts) {
                if (!ours(account.meta, run_id)) {
                    continue;
                }
                Result<void> removed;
                if (!only_look) {
                    removed = co_await admin.delete_service_account(ns, account.meta.name);
                }
                settle(swept, fmt::format("service account {}/{}", ns, account.meta.name),
                       only_look, removed);
            }
        }
    }
    // Whole namespaces are made by checks only.
    const auto spaces = co_await admin.call(
        "GET", "/api/v1/namespaces?labelSelector=" + http::percent_encode(std::string(run_label)));
    if (listed(swept, spaces, "namespaces")) {
        for (const auto& item : spaces->value("items", nlohmann::json::array())) {
            const auto metadata = item.value("metadata", nlohmann::json::object());
            const auto name = metadata.value("name", std::string());
            kube::ObjectMeta meta;
            meta.labels = metadata.value("labels", kube::Labels());
            // One that is being removed already needs nobody.
            if (!ours(meta, run_id) || metadata.contains("deletionTimestamp")) {
                continue;
            }
            Result<void> removed;
            if (!only_look) {
                removed = co_await admin.delete_namespace(name);
            }
            settle(swept, "namespace " + name, only_look, removed);
        }
    }
    const auto bindings = co_await admin.list_cluster_role_bindings(selector);
    if (listed(swept, bindings, "cluster role bindings")) {
        for (const auto& binding : *bindings) {
            if (!ours(binding, run_id)) {
                continue;
            }
            Result<void> removed;
            if (!only_look) {
                removed = co_await admin.delete_cluster_role_binding(binding.name);
            }
            settle(swept, "cluster role binding " + binding.name, only_look, removed);
        }
    }
    co_return swept;
}

}  // namespace meshproof::run
