// The contents of the fakes, asked of their own interfaces: what a client with every right would
// see.
#include "core/base/text.hpp"
#include "fakes/control/control_calls.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

constexpr std::string_view hidden = "[secret]";

Task<Json> read(vault::FakeVault& vault, std::string method, std::string path, Json body = Json()) {
    const auto answer =
        co_await ask_as_root(vault, std::move(method), std::move(path), std::move(body));
    auto json = Json::parse(answer.body, nullptr, false);
    if (answer.status != 200 || !json.is_object()) {
        co_return Json();
    }
    co_return json.contains("data") && !json["data"].is_null() ? json["data"] : json;
}

/// The names that a LIST gives, as empty where there are none.
Task<std::vector<std::string>> names_at(vault::FakeVault& vault, std::string path) {
    const auto data = co_await read(vault, "LIST", std::move(path));
    std::vector<std::string> names;
    if (data.is_object() && data.contains("keys")) {
        for (const auto& key : data["keys"]) {
            names.push_back(key.get<std::string>());
        }
    }
    co_return names;
}

Task<Json> dump_vault(vault::FakeVault& vault) {
    Json out = {{"seal", co_await read(vault, "GET", "sys/seal-status")}};
    if (vault.sealed()) {
        co_return out;
    }
    out["mounts"] = co_await read(vault, "GET", "sys/mounts");
    out["auth"] = co_await read(vault, "GET", "sys/auth");
    auto& policies = out["policies"] = Json::object();
    for (const auto& name : co_await names_at(vault, "sys/policies/acl")) {
        policies[name] = (co_await read(vault, "GET", "sys/policies/acl/" + name))["policy"];
    }
    // By accessor: a lookup by accessor does not tell the token.
    auto& tokens = out["tokens"] = Json::object();
    for (const auto& accessor : co_await names_at(vault, "auth/token/accessors")) {
        auto token =
            co_await read(vault, "POST", "auth/token/lookup-accessor", {{"accessor", accessor}});
        if (token.is_object()) {
            token.erase("id");
            tokens[accessor] = std::move(token);
        }
    }
    out["namespaces"] = co_await names_at(vault, "sys/namespaces");
    auto& pki = out["pki"] = Json::object();
    for (const auto& [path, mount] : out["mounts"].items()) {
        if (mount.is_object() && mount.value("type", "") == "pki") {
            auto& engine = pki[path] = Json::object();
            for (const std::string what : {"issuers", "roles", "certs", "certs/revoked"}) {
                engine[what] = co_await names_at(vault, path + what);
            }
        }
    }
    co_return out;
}

/// A secret's values, wherever they stand.
void hide_values(Json& object) {
    for (const auto* field : {"data", "stringData"}) {
        if (object.contains(field) && object[field].is_object()) {
            for (auto& value : object[field]) {
                value = hidden;
            }
        }
    }
    if (object.contains("metadata") && object["metadata"].contains("annotations")) {
        object["metadata"]["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
    }
}

Task<Json> dump_kube(FakeKube& kube) {
    Json out = Json::object();
    for (const std::string path :
         {"/api/v1/namespaces", "/api/v1/serviceaccounts", "/api/v1/secrets", "/api/v1/configmaps",
          "/api/v1/pods", "/api/v1/services", "/api/v1/nodes", "/apis/apps/v1/deployments",
          "/apis/apps/v1/replicasets", "/apis/apps/v1/statefulsets",
          "/apis/coordination.k8s.io/v1/leases",
          "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
          "/apis/rbac.authorization.k8s.io/v1/clusterroles",
          "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
          "/apis/rbac.authorization.k8s.io/v1/roles",
          "/apis/rbac.authorization.k8s.io/v1/rolebindings"}) {
        http::Request request;
        request.target = path;
        request.headers = {{"Authorization", "Bearer " + kube.options().admin_token.reveal()},
                           {"Accept", "application/json"}};
        const auto answer = co_await kube.handle(std::move(request), {"127.0.0.1", std::nullopt});
        auto list = Json::parse(answer.body, nullptr, false);
        if (answer.status != 200 || !list.is_object() || !list.contains("items")) {
            continue;
        }
        const auto name = path.substr(path.rfind('/') + 1);
        if (name == "secrets") {
            std::ranges::for_each(list["items"], hide_values);
        }
        out[name] = std::move(list["items"]);
    }
    co_return out;
}

}  // namespace

Task<http::Response> ask_as_root(vault::FakeVault& vault, std::string method, std::string path,
                                 Json body) {
    http::Request request;
    request.method = std::move(method);
    request.target = "/v1/" + path;
    request.headers = {{"X-Vault-Token", vault.root_token().reveal()}};
    request.body = body.is_null() ? std::string() : body.dump();
    co_return co_await vault.handle(std::move(request), {"127.0.0.1", std::nullopt});
}

Task<Json> dump_state(FakeServers& servers) {
    Json out = Json::object();
    for (std::size_t i = 0; i < servers.vaults(); ++i) {
        out[servers.vault(i).options().name] = co_await dump_vault(servers.vault(i));
    }
    for (std::size_t i = 0; i < servers.clusters(); ++i) {
        out[servers.kube(i).options().name] = co_await dump_kube(servers.kube(i));
    }
    co_return out;
}

}  // namespace meshproof::fakes
