#include "fakes/vault/kubernetes_auth/backend.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/kubernetes_auth/jws_fault.hpp"
#include "fakes/vault/kubernetes_auth/pem_keys.hpp"
#include "fakes/vault/kubernetes_auth/review.hpp"
#include "fakes/vault/kubernetes_auth/trusted_ca.hpp"
#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/globs.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/logical/router.hpp"

namespace meshproof::fakes::vault {

namespace {

using Config = KubernetesConfig;

class KubernetesBackend final : public Backend {
  public:
    KubernetesBackend(BackendContext context, http::Transport& transport)
        : product_(context.product),
          transport_(transport),
          connections_(context.prng.fork("connections").token(16)),
          router_(routes(product_)),
          trusted_(context.made),
          saboteurs_(context.saboteurs) {}

    [[nodiscard]] std::string type() const override { return "kubernetes"; }
    [[nodiscard]] bool needs(Needs what, Operation operation,
                             std::string_view path) const override {
        return router_.needs(what, routed_path(operation, path));
    }
    [[nodiscard]] std::optional<bool> exists(std::string_view path) const override {
        constexpr std::string_view front = "role/";
        if (!path.starts_with(front) || !router_.checks_existence(path)) {
            return std::nullopt;
        }
        return roles_.contains(lower(path.substr(front.size())));
    }
    [[nodiscard]] std::string canonical(std::string_view path) const override {
        return with_lower_segment(path, "role/");
    }
    [[nodiscard]] std::optional<BackendResponse> misread(std::string_view path,
                                                         const Json& data) const override {
        return router_.misread(routed_path(Operation::update, path), data, product_);
    }

    [[nodiscard]] std::optional<std::string> help(std::string_view path) const override {
        return router_.help(path);
    }

    [[nodiscard]] std::vector<RouteShape> shapes() const override { return router_.shapes(); }

    [[nodiscard]] bool standby_serves(std::string_view path) const override {
        return path == "login";
    }

    [[nodiscard]] Task<BackendResponse> handle(BackendRequest request) override {
        auto routed = router_.route(request.operation, routed_path(request.operation, request.path),
                                    request.data, product_);
        if (!routed) {
            co_return routed.error();
        }
        KubernetesCall call{std::move(request), std::move(routed->fields), std::move(routed->path)};
        if (const auto* at_once = std::get_if<0>(&routed->function)) {
            co_return (this->**at_once)(call);
        }
        co_return co_await (this->*std::get<1>(routed->function))(std::move(call));
    }

    [[nodiscard]] Task<BackendResponse> renew(BackendRequest request, AuthGrant grant) override {
        const auto found = roles_.find(grant.role);
        if (found == roles_.end()) {
            co_return BackendResponse::go_error(
                fmt::format("role {} does not exist during renewal", grant.metadata["role"]));
        }
        auto role = found->second;
        if (product_ == Product::openbao) {
            // The login is run again on the JWT that was kept (row 156).
            if (!config_) {
                co_return BackendResponse::go_error("could not load backend configuration");
            }
            const auto jwt = grant.internal.value("jwt", "");
            const auto config = config_at(request.standby, request.now);
            const auto checked = co_await check(config, role, jwt, request.now);
            if (!checked) {
                co_return BackendResponse::go_error(checked.error().text, checked.error().status);
            }
            if (!co_await reviewed(config, role, *checked, jwt)) {
                co_return BackendResponse::go_error(
                    fmt::format("failed to validate token and secret still exist for \"{}\" during "
                                "renewal: "
                                "permission denied",
                                checked->name),
                    403);
            }
        }
        grant.ttl = role.ttl;
        grant.max_ttl = role.max_ttl;
        grant.period = role.period;
        BackendResponse response;
        response.kind = BackendResponse::Kind::auth;
        response.auth = std::move(grant);
        co_return response;
    }

    [[nodiscard]] Json save() const override { return save_kubernetes({config_, roles_}); }
    void load(const Json& state) override {
        auto kept = load_kubernetes(state);
        config_ = std::move(kept.config);
        roles_ = std::move(kept.roles);
        if (config_) {
            config_->connections = connections_;
            trusted_.configure(config_->ca_pem, Time{});
        }
    }

  private:
    struct KubernetesCall {
        BackendRequest request;
        FieldData fields;
        Captures path;
    };
    using RouteFunction =
        std::variant<BackendResponse (KubernetesBackend::*)(const KubernetesCall& call),
                     Task<BackendResponse> (KubernetesBackend::*)(KubernetesCall call)>;

    static std::vector<Route<RouteFunction>> routes(Product product) {
        using enum Operation;
        using Self = KubernetesBackend;
        const Fields credentials{{{"role", FieldType::text}, {"jwt", FieldType::text}}};
        const Fields config{{{"kubernetes_host", FieldType::text},
                             {"kubernetes_ca_cert", FieldType::text},
                             {"token_reviewer_jwt", FieldType::text},
                             {"pem_keys", FieldType::list},
                             {"issuer", FieldType::text},
                             {"disable_iss_validation", FieldType::boolean},
                             {"disable_local_ca_jwt", FieldType::boolean}}};
        return {
            {"login", {{update, &Self::login}}, credentials, Needs::nothing},
            {"config", {{read, &Self::read_config}}},
            {"config", {{update, &Self::write_config}}, config},
            {"role/?", {{list, &Self::list_roles}}},
            {"role/:name", {{read, &Self::read_role}, {remove, &Self::delete_role}}},
            {"role/:name",
             {{update, &Self::write_role}},
             kubernetes_role_fields(product),
             Needs::token,
             true},
        };
    }

    // As the node that serves the request has it. A standby reads all but the CA anew each time.
    Config config_at(const std::optional<StandbyView>& standby, Time now) const {
        auto config = *config_;
        if (standby) {
            config.ca_pem = trusted_.at_standby(standby->since, now);
            config.connections = fmt::format("{}/{}", connections_, standby->node);
        }
        return config;
    }

    // Everything up to the API server's own word.
    Task<tl::expected<Workload, Refusal>> check(Config config, KubernetesRole role, std::string jwt,
                                                Time now) {
        JwtRules rules{product_, config.keys, config.disable_iss_validation ? "" : config.issuer,
                       role.audience};
        auto workload = read_workload(rules, jwt, now);
        if (!workload) {
            co_return workload;
        }
        const bool openbao = product_ == Product::openbao;
        const bool named = listed_by_glob(role.names, workload->name) ||
                           saboteurs_->on("auth/takes-any-service-account");
        bool placed = listed_by_glob(role.namespaces, workload->namespace_name);
        // Where both are wrong, each product tells its own first (row 146).
        if (!named && (openbao || placed)) {
            co_return tl::unexpected(Refusal{403, "service account name not authorized"});
        }
        if (!placed && !role.namespace_selector.empty()) {
            const auto refused =
                co_await select_namespace(config, role, workload->namespace_name, transport_);
            if (refused) {
                co_return tl::unexpected(Refusal{403, *refused});
            }
            placed = true;
        }
        if (!placed) {
            co_return tl::unexpected(Refusal{403, "namespace not authorized"});
        }
        if (workload->uid.empty() && role.alias_name_source == "serviceaccount_uid") {
            co_return tl::unexpected(openbao ? Refusal{}
                                             : Refusal{500, "could not parse UID from claims"});
        }
        co_return workload;
    }

    Task<bool> reviewed(Config config, KubernetesRole role, Workload workload, std::string jwt) {
        const bool remembers = saboteurs_->on("auth/remembers-reviews");
        const auto who = workload.namespace_name + "/" + workload.name;
        if (remembers && vouched_for_.contains(who)) {
            co_return true;
        }
        const bool vouched = co_await review(std::move(config), role.audience, std::move(workload),
                                             std::move(jwt), product_, transport_);
        if (remembers && vouched) {
            vouched_for_.insert(who);
        }
        co_return vouched;
    }

    Task<BackendResponse> login(KubernetesCall call) {
        const auto& request = call.request;
        const auto role_name = call.fields.text("role");
        const auto jwt = call.fields.text("jwt");
        if (role_name.empty()) {
            co_return BackendResponse::error("missing role");
        }
        if (jwt.empty()) {
            co_return BackendResponse::error("missing jwt");
        }
        const auto found = roles_.find(lower(role_name));
        if (found == roles_.end()) {
            co_return BackendResponse::error("invalid role name " + go_quoted(role_name));
        }
        const auto role = found->second;
        if (!address_allowed(role.bound_cidrs, request.remote_address)) {
            co_return BackendResponse::go_error("permission denied", 403);
        }
        if (!config_) {
            co_return BackendResponse::go_error("could not load backend configuration");
        }
        const auto config = config_at(request.standby, request.now);
        const auto workload = co_await check(config, role, jwt, request.now);
        if (!workload) {
            co_return BackendResponse::go_error(workload.error().text, workload.error().status);
        }
        if (!co_await reviewed(config, role, *workload, jwt)) {
            co_return BackendResponse::go_error("permission denied", 403);
        }
        AuthGrant grant;
        grant.display_name = workload->namespace_name + "-" + workload->name;
        grant_token_fields(role, grant);
        grant.metadata = {{"role", role_name},
                          {"service_account_name", workload->name},
                          {"service_account_namespace", workload->namespace_name},
                          {"service_account_secret_name", workload->secret_name},
                          {"service_account_uid", workload->uid}};
        grant.alias_name = role.alias_name_source == "serviceaccount_name"
                               ? workload->namespace_name + "/" + workload->name
                               : workload->uid;
        grant.role = lower(role_name);
        grant.internal = Json{{"jwt", jwt}};  // only OpenBao looks at it again
        BackendResponse response;
        response.kind = BackendResponse::Kind::auth;
        response.auth = std::move(grant);
        call.fields.warn_unrecognized(response);
        co_return response;
    }

    // A read tells of parameters, for it has no use for any.
    BackendResponse told(const KubernetesCall& call, BackendResponse response) const {
        call.fields.warn_unrecognized(response);
        return response;
    }

    BackendResponse read_config(const KubernetesCall& call) {
        return told(
            call, config_ ? BackendResponse::with(describe(*config_)) : BackendResponse::nothing());
    }

    BackendResponse write_config(const KubernetesCall& call) {
        const auto& data = call.fields;
        Config config;
        config.host = data.text("kubernetes_host");
        config.ca_pem = data.text("kubernetes_ca_cert");
        config.issuer = data.text("issuer");
        config.reviewer_jwt = data.text("token_reviewer_jwt");
        config.disable_iss_validation = data.boolean("disable_iss_validation", true);
        config.disable_local_ca_jwt = data.boolean("disable_local_ca_jwt");
        if (config.host.empty()) {
            return BackendResponse::error("no host provided");
        }
        const bool no_ca = config.ca_pem.empty();
        if (product_ == Product::vault && !config.reviewer_jwt.empty()) {
            if (auto fault = jws_fault(config.reviewer_jwt)) {
                return BackendResponse::go_error(std::move(*fault));
            }
        }
        if (no_ca && config.disable_local_ca_jwt) {
            return BackendResponse::error(
                "kubernetes_ca_cert must be given when disable_local_ca_jwt is true");
        }
        for (const auto& pem : data.list("pem_keys")) {
            auto key = read_verifying_key(pem, product_);
            if (!key) {
                return BackendResponse::error(key.error());
            }
            config.pem_keys.push_back(pem);
            config.keys.push_back(std::move(*key));
        }
        if (no_ca) {
            return BackendResponse::error(
                "open /var/run/secrets/kubernetes.io/serviceaccount/ca.crt: no such file or "
                "directory");
        }
        config.connections = connections_;
        trusted_.configure(config.ca_pem, call.request.now);
        config_ = std::move(config);
        return BackendResponse::nothing();
    }

    Json describe(const Config& config) const {
        auto data = Json{{"kubernetes_host", config.host},
                         {"kubernetes_ca_cert", config.ca_pem},
                         {"pem_keys", config.pem_keys},
                         {"issuer", config.issuer},
                         {"disable_iss_validation", config.disable_iss_validation},
                         {"disable_local_ca_jwt", config.disable_local_ca_jwt}};
        if (product_ == Product::openbao) {
            data["token_reviewer_jwt_set"] = !config.reviewer_jwt.empty();
        }
        return data;
    }

    BackendResponse list_roles(const KubernetesCall&) {
        std::vector<std::string> names;
        for (const auto& [name, role] : roles_) {
            names.push_back(name);
        }
        return list_answer(names);
    }

    BackendResponse read_role(const KubernetesCall& call) {
        const auto found = roles_.find(lower(call.path.at("name")));
        return told(call, found == roles_.end() ? BackendResponse::nothing()
                                                : BackendResponse::with(describe_kubernetes_role(
                                                      found->second, product_)));
    }

    BackendResponse write_role(const KubernetesCall& call) {
        const auto name = lower(call.path.at("name"));
        const auto found = roles_.find(name);
        auto role = found == roles_.end() ? KubernetesRole{} : found->second;
        auto response = write_kubernetes_role(role, call.fields, call.request.mount, product_);
        if (response.kind == BackendResponse::Kind::none) {
            roles_[name] = std::move(role);
        }
        return response;
    }

    BackendResponse delete_role(const KubernetesCall& call) {
        roles_.erase(lower(call.path.at("name")));
        return BackendResponse::nothing();
    }

    Product product_;
    http::Transport& transport_;
    std::string connections_;
    Router<RouteFunction> router_;
    std::optional<Config> config_;
    TrustedCa trusted_;
    std::map<std::string, KubernetesRole, std::less<>> roles_;
    const Saboteurs* saboteurs_;
    std::set<std::string> vouched_for_;  ///< a saboteur's memory
};

}  // namespace

std::unique_ptr<Backend> make_kubernetes_backend(BackendContext context,
                                                 http::Transport& transport) {
    return std::make_unique<KubernetesBackend>(std::move(context), transport);
}

}  // namespace meshproof::fakes::vault
