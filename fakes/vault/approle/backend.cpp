#include "fakes/vault/approle/backend.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/approle/login.hpp"
#include "fakes/vault/approle/role.hpp"
#include "fakes/vault/approle/secret_ids.hpp"
#include "fakes/vault/approle/state.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/logical/router.hpp"

namespace meshproof::fakes::vault {

namespace {

std::vector<Route<approle::Function>> approle_routes(Product product) {
    auto table = approle::role_routes(product);
    for (auto& route : approle::secret_id_routes()) {
        table.push_back(std::move(route));
    }
    table.push_back({"login",
                     {{Operation::update, approle::log_in}},
                     {{{"role_id", FieldType::text}, {"secret_id", FieldType::text}}},
                     Needs::nothing});
    return table;
}

class AppRoleBackend final : public Backend {
  public:
    explicit AppRoleBackend(BackendContext context)
        : mount_{context.product, std::move(context.prng), context.made, {}, {}},
          router_(approle_routes(mount_.product)) {}

    [[nodiscard]] std::string type() const override { return "approle"; }
    [[nodiscard]] bool needs(Needs what, Operation operation,
                             std::string_view path) const override {
        return router_.needs(what, routed_path(operation, path));
    }
    [[nodiscard]] std::optional<bool> exists(std::string_view path) const override {
        constexpr std::string_view front = "role/";
        if (!path.starts_with(front) || !router_.checks_existence(path)) {
            return std::nullopt;
        }
        return mount_.roles.contains(lower(path.substr(front.size())));
    }
    [[nodiscard]] std::string canonical(std::string_view path) const override {
        return with_lower_segment(path, "role/");
    }
    [[nodiscard]] std::optional<BackendResponse> misread(std::string_view path,
                                                         const Json& data) const override {
        return router_.misread(routed_path(Operation::update, path), data, mount_.product);
    }

    [[nodiscard]] std::optional<std::string> help(std::string_view path) const override {
        return router_.help(path);
    }

    [[nodiscard]] std::vector<RouteShape> shapes() const override { return router_.shapes(); }

    [[nodiscard]] Task<BackendResponse> handle(BackendRequest request) override {
        co_return answer(request);
    }

    [[nodiscard]] Task<BackendResponse> renew(BackendRequest, AuthGrant grant) override {
        const auto* role = mount_.role(grant.role);
        if (role == nullptr) {
            co_return BackendResponse::go_error(
                fmt::format("role {} does not exist during renewal", go_quoted(grant.role)));
        }
        grant.ttl = role->ttl;
        grant.max_ttl = role->max_ttl;
        grant.period = role->period;
        BackendResponse response;
        response.kind = BackendResponse::Kind::auth;
        response.auth = std::move(grant);
        co_return response;
    }

    [[nodiscard]] Json save() const override { return approle::save_mount(mount_); }
    void load(const Json& state) override { approle::load_mount(mount_, state); }

  private:
    BackendResponse answer(const BackendRequest& request) {
        approle::tidy_in_background(mount_, request.now);
        auto routed = router_.route(request.operation, routed_path(request.operation, request.path),
                                    request.data, mount_.product);
        if (!routed) {
            return routed.error();
        }
        const approle::Call call{request, routed->fields, std::move(routed->path)};
        auto response = routed->function(mount_, call);
        if (response.status != 202) {  // what starts a tidy is written before
            call.fields.warn_unrecognized(response);
        }
        return response;
    }

    approle::Mount mount_;
    Router<approle::Function> router_;
};

}  // namespace

std::unique_ptr<Backend> make_approle_backend(BackendContext context) {
    return std::make_unique<AppRoleBackend>(std::move(context));
}

}  // namespace meshproof::fakes::vault
