#include "core/base/text.hpp"
#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view token_type = "kubernetes.io/service-account-token";
constexpr auto account_of = "/metadata/annotations/kubernetes.io~1service-account.name";

// serviceaccount-token-controller: fills the Secret, or removes it where there is no such account.
void fill_legacy_token(Cluster& cluster, const Object& secret) {
    const auto space = meta(*secret, "namespace");
    const auto account =
        cluster.store->find(type::service_accounts, space, text_at(*secret, account_of));
    if (!account) {
        cluster.store->remove(type::secrets, space, meta(*secret, "name"));
        return;
    }
    Json filled = *secret;
    filled["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = meta(*account, "uid");
    filled["data"]["token"] = to_base64(cluster.tokens.mint_legacy(*secret, *account).reveal());
    filled["data"]["ca.crt"] = to_base64(cluster.options.ca_pem);
    filled["data"]["namespace"] = to_base64(space);
    cluster.store->replace(type::secrets, std::move(filled));
}

// garbage-collector: what the object owned goes with it, or forgets its owner.
void collect_dependents(Cluster& cluster, const Json& owner, bool orphan) {
    const auto uid = meta(owner, "uid");
    for (const auto& stored : all_types()) {
        if (!stored.namespaced || !stored.stored) {
            continue;
        }
        for (const auto& object : cluster.store->list(stored, meta(owner, "namespace"))) {
            const auto owners = object->at("metadata").value("ownerReferences", Json::array());
            const auto its = std::ranges::find_if(
                owners, [&](const Json& one) { return text_at(one, "/uid") == uid; });
            if (its == owners.end()) {
                continue;
            }
            if (orphan) {
                Json free = *object;
                auto& references = free["metadata"]["ownerReferences"];
                references.erase(static_cast<std::size_t>(its - owners.begin()));
                if (references.empty()) {
                    free["metadata"].erase("ownerReferences");
                }
                cluster.store->replace(stored, std::move(free));
            } else if (owners.size() == 1) {
                (void)delete_object(cluster, stored, object, Json::object());
            }
        }
    }
}

}  // namespace

void add_namespace(Cluster& cluster, Json object) {
    const auto name = meta(object, "name");
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    object["spec"]["finalizers"] = Json::array({"kubernetes"});
    object["status"] = {{"phase", "Active"}};
    cluster.store->add(type::namespaces, std::move(object));
    cluster.store->add(type::service_accounts,
                       {{"metadata", {{"name", "default"}, {"namespace", name}}}});
    cluster.store->add(type::config_maps,
                       {{"metadata",
                         {{"name", "kube-root-ca.crt"},
                          {"namespace", name},
                          {"annotations",
                           {{"kubernetes.io/description",
                             "Contains a CA bundle that can be used to verify the kube-apiserver "
                             "when using internal endpoints such as the internal service IP or "
                             "kubernetes.default.svc. No other usage is guaranteed across "
                             "distributions of Kubernetes clusters."}}}}},
                        {"data", {{"ca.crt", cluster.options.ca_pem}}}});
}

void after_creation(Cluster& cluster, const ResourceType& type, const Object& object) {
    if (&type == &type::secrets && text_at(*object, "/type") == token_type) {
        fill_legacy_token(cluster, object);
    }
    reconcile(cluster, type, *object);
}

void after_deletion(Cluster& cluster, const ResourceType& type, const Object& object, bool orphan) {
    const auto name = meta(*object, "name");
    if (&type == &type::namespaces) {
        for (const auto& stored : all_types()) {
            if (stored.namespaced && stored.stored) {
                for (const auto& inside : cluster.store->list(stored, name)) {
                    cluster.store->remove(stored, name, meta(*inside, "name"));
                }
            }
        }
    } else if (&type == &type::service_accounts) {
        const auto space = meta(*object, "namespace");
        for (const auto& secret : cluster.store->list(type::secrets, space)) {
            if (text_at(*secret, "/type") == token_type && text_at(*secret, account_of) == name) {
                cluster.store->remove(type::secrets, space, meta(*secret, "name"));
            }
        }
        if (name == "default" && cluster.store->find(type::namespaces, "", space)) {
            cluster.store->add(type::service_accounts,
                               {{"metadata", {{"name", name}, {"namespace", space}}}});
        }
    }
    if (type.namespaced) {
        collect_dependents(cluster, *object, orphan);
    }
    reconcile(cluster, type, *object);
}

}  // namespace meshproof::fakes::kube
