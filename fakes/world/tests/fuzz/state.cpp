// What `meshproof serve --state` reads. An input that begins with "{" is a whole file. Any other
// one damages a state with something of everything in it: its first line is the product, and each
// further line "POINTER JSON" puts a value there, "POINTER" alone takes one away. A number in the
// place of a pointer counts the values of the state.
// What is not refused must serve, and be saved so that it is read again.
#include <boost/asio/io_context.hpp>

#include "core/base/assert.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/kube/types.hpp"
#include "fakes/sim/sim_network.hpp"
#include "fakes/world/state_file.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;
using vault::Product;

/// A Vault and an API server on a network and a clock of their own.
struct Fakes {
    boost::asio::io_context context;
    SimClock clock{context, from_unix_seconds(1'900'000'000)};
    SimNetwork network{clock, Prng(1)};
    Result<std::unique_ptr<FakeServers>> servers;

    Fakes(Product product, Json state) {
        FakeServersOptions options;
        options.product = product;
        options.vaults = options.clusters = 1;
        options.es256 = true;
        options.state = std::move(state);
        servers = clock.run(FakeServers::start(std::move(options), clock, network));
    }

    Json kube(std::string method, std::string target, const Json& body = nullptr) {
        return ask(
            (*servers)->kube(), std::move(method), std::move(target), body,
            {"Authorization", "Bearer " + (*servers)->kube().options().admin_token.reveal()});
    }
    Json vault(std::string method, const std::string& path, const Json& body = nullptr) {
        return ask((*servers)->vault(), std::move(method), "/v1/" + path, body,
                   {"X-Vault-Token", (*servers)->vault().root_token().reveal()});
    }

  private:
    template <class Server>
    Json ask(Server& server, std::string method, std::string target, const Json& body,
             std::pair<std::string, std::string> token) {
        http::Request request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.headers.set("Content-Type", "application/json");
        request.headers.set(token.first, token.second);
        request.body = body.is_null() ? "" : body.dump();
        const auto response = clock.run(server.handle(request, {"127.0.0.1", {}}));
        MESHPROOF_ASSERT(response.status >= 200 && response.status < 600, "{} {}: {}",
                         request.method, request.target, response.status);
        return json_or_null(response.body);
    }
};

void fill_cluster(Fakes& fakes) {
    const std::string space = "/api/v1/namespaces/default/";
    fakes.kube("POST", space + "serviceaccounts", {{"metadata", {{"name", "web"}}}});
    fakes.kube(
        "POST", space + "secrets",
        {{"metadata",
          {{"name", "web"}, {"annotations", {{"kubernetes.io/service-account.name", "web"}}}}},
         {"type", "kubernetes.io/service-account-token"}});
    const Json container{{"name", "a"}, {"image", "a.invalid/a:1"}};
    const Json labels{{"app", "web"}};
    Json pod{{"serviceAccountName", "web"}, {"containers", Json::array({container})}};
    fakes.kube("POST", space + "pods", {{"metadata", {{"name", "web"}}}, {"spec", pod}});
    fakes.kube("POST", "/apis/apps/v1/namespaces/default/deployments",
               {{"metadata", {{"name", "web"}}},
                {"spec",
                 {{"replicas", 1},
                  {"selector", {{"matchLabels", labels}}},
                  {"template", {{"metadata", {{"labels", labels}}}, {"spec", pod}}}}}});
    const Json subject{{"kind", "ServiceAccount"}, {"name", "web"}, {"namespace", "default"}};
    fakes.kube("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
               {{"metadata", {{"name", "web"}}},
                {"roleRef",
                 {{"apiGroup", "rbac.authorization.k8s.io"},
                  {"kind", "ClusterRole"},
                  {"name", "system:auth-delegator"}}},
                {"subjects", Json::array({subject})}});
}

std::string token_of_web(Fakes& fakes) {
    const auto made = fakes.kube("POST", "/api/v1/namespaces/default/serviceaccounts/web/token",
                                 {{"spec", Json::object()}});
    return made.value("/status/token"_json_pointer, std::string());
}

void fill_vault(Fakes& fakes) {
    fakes.vault("POST", "sys/policies/acl/web",
                {{"policy", R"(path "pki/sign/*" { capabilities = ["update"] })"}});
    fakes.vault("POST", "sys/mounts/pki", {{"type", "pki"}});
    fakes.vault("POST", "pki/root/generate/internal",
                {{"common_name", "root"}, {"key_type", "ec"}});
    fakes.vault("POST", "pki/roles/web",
                {{"allow_any_name", true}, {"key_type", "ec"}, {"generate_lease", true}});
    const auto leaf = fakes.vault("POST", "pki/issue/web", {{"common_name", "web"}});
    fakes.vault("POST", "pki/revoke",
                {{"serial_number", leaf.value("/data/serial_number"_json_pointer, "")}});
    fakes.vault("POST", "pki/issue/web", {{"common_name", "web"}});
    fakes.vault("POST", "pki/tidy", {{"tidy_cert_store", true}});
    fakes.vault("POST", "sys/auth/kubernetes", {{"type", "kubernetes"}});
    fakes.vault("POST", "auth/kubernetes/config",
                {{"kubernetes_host", (*fakes.servers)->kube_listener().url().text()},
                 {"kubernetes_ca_cert", (*fakes.servers)->ca().pem()}});
    fakes.vault("POST", "auth/kubernetes/role/web",
                {{"bound_service_account_names", "web"},
                 {"bound_service_account_namespaces", "default"},
                 {"token_policies", "web"}});
    fakes.vault("POST", "auth/token/roles/web", {{"allowed_policies", "web"}});
    fakes.vault("POST", "auth/token/create", {{"policies", {"web"}}, {"ttl", "1h"}});
    fakes.vault("POST", "cubbyhole/a", {{"b", "c"}});
    fakes.vault("POST", "sys/quotas/rate-limit/a", {{"rate", 1000}});
    fakes.vault("POST", "auth/kubernetes/login", {{"role", "web"}, {"jwt", token_of_web(fakes)}});
}

/// A state with something of everything in it.
const Json& state_of(Product product) {
    const auto make = [](Product of) {
        Fakes fakes(of, nullptr);
        fill_cluster(fakes);
        fill_vault(fakes);
        return (*fakes.servers)->save();
    };
    static const Json openbao = make(Product::openbao), vault = make(Product::vault);
    return product == Product::openbao ? openbao : vault;
}

void list_pointers(const Json& value, const Json::json_pointer& at,
                   std::vector<Json::json_pointer>& all) {
    all.push_back(at);
    if (value.is_structured()) {
        for (const auto& [key, part] : value.items()) {
            list_pointers(part, value.is_array() ? at / std::stoul(key) : at / key, all);
        }
    }
}

/// The place that a line names, nothing where it names none.
std::optional<Json::json_pointer> place(const Json& state, std::string_view named) {
    std::vector<Json::json_pointer> all;
    list_pointers(state, Json::json_pointer(), all);
    std::size_t number = 0;
    const bool counts = !named.empty() && named.size() < 10 &&
                        std::ranges::all_of(named, [](char c) { return c >= '0' && c <= '9'; });
    if (counts) {
        number = std::stoul(std::string(named));
        return all[number % all.size()];
    }
    const auto found = std::ranges::find_if(
        all, [&](const auto& pointer) { return pointer.to_string() == named; });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

Json damaged(Json state, const std::vector<std::string>& lines) {
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto blank = lines[i].find(' ');
        const auto at = place(state, std::string_view(lines[i]).substr(0, blank));
        if (!at) {
            continue;
        }
        if (blank != std::string::npos) {
            state[*at] = json_or_null(std::string_view(lines[i]).substr(blank + 1));
        } else if (!at->empty()) {
            auto& parent = state[at->parent_pointer()];
            if (parent.is_array()) {
                parent.erase(std::stoul(at->back()));
            } else {
                parent.erase(at->back());
            }
        }
    }
    return state;
}

void serve(Fakes& fakes) {
    for (const auto* path : {"sys/health",
                             "sys/seal-status",
                             "sys/mounts",
                             "sys/auth",
                             "sys/policies/acl/web",
                             "sys/policies/acl/default",
                             "auth/token/lookup-self",
                             "sys/quotas/rate-limit/a",
                             "sys/internal/ui/mounts",
                             "cubbyhole/a",
                             "pki/ca/pem",
                             "pki/ca_chain",
                             "pki/crl/pem",
                             "pki/crl/delta",
                             "pki/config/issuers",
                             "pki/config/urls",
                             "pki/config/crl",
                             "pki/issuer/default",
                             "pki/roles/web",
                             "pki/tidy-status",
                             "auth/kubernetes/config",
                             "auth/kubernetes/role/web",
                             "auth/token/roles/web"}) {
        fakes.vault("GET", path);
    }
    for (const auto* path :
         {"auth/token/accessors", "sys/leases/lookup/pki/issue/web", "identity/entity/id",
          "identity/entity-alias/id", "pki/issuers", "pki/keys", "pki/certs", "pki/roles",
          "auth/kubernetes/role", "sys/namespaces", "sys/quotas/rate-limit"}) {
        fakes.vault("LIST", path);
    }
    fakes.vault("PUT", "sys/unseal",
                {{"key", (*fakes.servers)->vault().unseal_keys().empty()
                             ? ""
                             : (*fakes.servers)->vault().unseal_keys()[0].reveal()}});
    fakes.vault("PUT", "pki/issue/web", {{"common_name", "web"}});
    fakes.vault("PUT", "pki/root/sign-self-issued", Json::object());
    fakes.vault("PUT", "pki/tidy", {{"tidy_cert_store", true}, {"tidy_revoked_certs", true}});
    for (const auto& type : kube::all_types()) {
        if (type.stored) {
            const auto group = type.group.empty()
                                   ? fmt::format("/api/{}", type.version)
                                   : fmt::format("/apis/{}/{}", type.group, type.version);
            fakes.kube("GET", fmt::format("{}/{}", group, type.plural));
        }
    }
    const auto token = token_of_web(fakes);
    fakes.kube("POST", "/apis/authentication.k8s.io/v1/tokenreviews",
               {{"spec", {{"token", token}}}});
    fakes.vault("PUT", "auth/kubernetes/login", {{"role", "web"}, {"jwt", token}});
    fakes.kube("DELETE", "/api/v1/namespaces/default");
    fakes.vault("DELETE", "sys/mounts/pki");
}

void check_refusal(const Failure& failure) {
    MESHPROOF_ASSERT(failure.kind == FailureKind::invalid, "{}", failure.message);
    MESHPROOF_ASSERT(!failure.message.empty() && failure.message.find('\n') == std::string::npos,
                     "{}", failure.message);
}

void read_and_serve(Product product, Json state, bool whole) {
    Fakes fakes(product, std::move(state));
    if (!fakes.servers) {
        MESHPROOF_ASSERT(!whole, "{}", fakes.servers.error().message);
        check_refusal(fakes.servers.error());
        return;
    }
    const Fakes again(product, (*fakes.servers)->save());
    MESHPROOF_ASSERT(again.servers.has_value(), "{}", again.servers.error().message);
    serve(fakes);
}

}  // namespace
}  // namespace meshproof::fakes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const std::string text(as_text({data, size}));
    if (text.starts_with('{')) {
        if (auto kept = fakes::StateFile::parse(text)) {
            fakes::read_and_serve(kept->product, std::move(kept->servers), false);
        } else {
            fakes::check_refusal(kept.error());
        }
        return 0;
    }
    const auto lines = split(text, '\n');
    const auto product = lines.front() == "vault" ? vault::Product::vault : vault::Product::openbao;
    const auto& state = fakes::state_of(product);
    auto changed = fakes::damaged(state, lines);
    const bool whole = changed == state;
    fakes::read_and_serve(product, std::move(changed), whole);
    return 0;
}
