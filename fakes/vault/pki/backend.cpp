#include "fakes/vault/pki/backend.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/pki/revoke/fetch.hpp"
#include "fakes/vault/pki/revoke/ocsp.hpp"
#include "fakes/vault/pki/revoke/revoke.hpp"
#include "fakes/vault/pki/routes.hpp"
#include "fakes/vault/pki/sign/issue.hpp"
#include "fakes/vault/pki/state.hpp"
#include "fakes/vault/pki/timers.hpp"

namespace meshproof::fakes::vault {

namespace {

class PkiBackend final : public Backend {
  public:
    explicit PkiBackend(BackendContext context)
        : mount_(std::move(context)), router_(pki::routes(mount_.product)) {}

    std::string type() const override { return "pki"; }

    bool needs(Needs what, Operation operation, std::string_view path) const override {
        return router_.needs(what, routed_path(operation, path));
    }

    std::optional<bool> exists(std::string_view) const override { return std::nullopt; }

    std::optional<std::string> help(std::string_view path) const override {
        return router_.help(path);
    }

    std::vector<RouteShape> shapes() const override { return router_.shapes(); }

    bool standby_serves(std::string_view path) const override {
        const auto routed = router_.route(Operation::update, routed_path(Operation::update, path),
                                          Json::object(), mount_.product);
        if (!routed) {
            return true;  // the refusal
        }
        const auto function = routed->function;
        if (function == pki::ocsp) {
            return true;
        }
        const auto named = routed->path.find("role");
        const bool issues =
            function == pki::sign || function == pki::issue || function == pki::sign_verbatim;
        if (!issues || named == routed->path.end() || named->second.empty()) {
            return false;
        }
        const auto role = mount_.roles.find(named->second);
        return role == mount_.roles.end() || role->second.no_store;
    }

    Task<BackendResponse> handle(BackendRequest request) override { co_return answer(request); }

    void revoke_lease(const Json& internal, Time now) override {
        pki::run_timers(mount_, now);
        const auto found =
            mount_.certificates.find(internal.at("serial_number").get<std::string>());
        if (found != mount_.certificates.end()) {
            const auto certificate = found->second;
            (void)pki::revoke_certificate(mount_, certificate, now);
        }
    }

    Json save() const override { return pki::save_mount(mount_); }
    void load(const Json& state) override { pki::load_mount(mount_, state); }

  private:
    BackendResponse answer(const BackendRequest& request) {
        pki::run_timers(mount_, request.now);
        auto routed = router_.route(request.operation, routed_path(request.operation, request.path),
                                    request.data, mount_.product);
        if (!routed) {
            return routed.error();
        }
        // References to the default may be written in any case, OpenBao's of keys too.
        for (const auto* name : {"issuer_ref", "key_ref"}) {
            const auto given = routed->path.find(name);
            if (given != routed->path.end() && lower(given->second) == "default" &&
                (mount_.openbao() || given->first == "issuer_ref")) {
                given->second = "default";
            }
        }
        const pki::PkiCall call{request, routed->fields, std::move(routed->path)};
        if (auto unchanged = pki::not_modified(mount_, call)) {
            return std::move(*unchanged);
        }
        auto answer = routed->function(mount_, call);
        // The answer of a tidy is written before anybody could add to it.
        if (answer.status == 202) {
            return answer;
        }
        call.fields.warn_unrecognized(answer);
        return answer;
    }

    pki::Mount mount_;
    Router<pki::RouteFunction> router_;
};

}  // namespace

std::unique_ptr<Backend> make_pki_backend(BackendContext context) {
    MESHPROOF_ASSERT(context.saboteurs != nullptr);
    return std::make_unique<PkiBackend>(std::move(context));
}

}  // namespace meshproof::fakes::vault
