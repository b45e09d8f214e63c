#include "fakes/vault/pki/backend.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/pki/endpoints.hpp"
#include "fakes/vault/pki/revoke/fetch.hpp"
#include "fakes/vault/pki/revoke/revoke.hpp"
#include "fakes/vault/pki/state.hpp"
#include "fakes/vault/pki/timers.hpp"

namespace meshproof::fakes::vault {

namespace {

class PkiBackend final : public Backend {
  public:
    explicit PkiBackend(BackendContext context)
        : mount_(std::move(context)), router_(pki::endpoints(mount_.product)) {}

    std::string type() const override { return "pki"; }

    bool unauthenticated(Operation operation, std::string_view path) const override {
        if (mount_.defect("pki/everything-is-open") ||
            (mount_.defect("pki/unified-is-served") && path.starts_with("unified-"))) {
            return true;
        }
        if ((mount_.defect("pki/crl-needs-a-token") && path == "crl") ||
            (mount_.defect("pki/issuers-need-a-token") && path.starts_with("issuers"))) {
            return false;
        }
        return router_.needs(Needs::nothing, routed_path(operation, path));
    }

    bool needs_sudo(Operation operation, std::string_view path) const override {
        return router_.needs(Needs::sudo, routed_path(operation, path)) &&
               !(path == "root" && mount_.defect("pki/delete-root-without-sudo"));
    }

    std::optional<bool> exists(std::string_view) const override { return std::nullopt; }

    Task<BackendResponse> handle(BackendRequest request) override { co_return answer(request); }

    void revoke_lease(const Json& internal, Time now) override {
        pki::run_timers(mount_, now);
        const auto found =
            mount_.certificates.find(internal.at("serial_number").get<std::string>());
        if (found != mount_.certificates.end() &&
            !mount_.defect("pki/lease-ends-without-revocation")) {
            const auto certificate = found->second;
            (void)pki::revoke_certificate(mount_, certificate, now);
        }
    }

    Json save() const override { return pki::save_mount(mount_); }
    void load(const Json& state) override { pki::load_mount(mount_, state); }

  private:
    BackendResponse answer(const BackendRequest& request) {
        pki::run_timers(mount_, request.now);
        auto path = routed_path(request.operation, request.path);
        if (path.ends_with('/') && request.operation == Operation::list &&
            mount_.defect("pki/every-path-is-a-folder")) {
            path.pop_back();
        }
        if (path == "ocsp" && request.operation == Operation::read &&
            mount_.defect("pki/ocsp-may-be-read")) {
            path = "ocsp/";
        }
        if (path.starts_with("unified-") && mount_.defect("pki/unified-is-served")) {
            return BackendResponse::with(Json::object());
        }
        if (request.operation == Operation::patch && mount_.defect("pki/everything-is-patched") &&
            router_.serves(path)) {
            return BackendResponse::with(Json::object());
        }
        if (path == "sign" && mount_.defect("pki/sign-without-role")) {
            return BackendResponse::error("missing role");
        }
        auto routed =
            router_.route(request.operation, path, request.data, mount_.product, *mount_.defects);
        if (!routed) {
            const bool types = routed.error().text.starts_with("Field validation failed");
            return types && mount_.defect("pki/role-before-types")
                       ? BackendResponse::error("unknown role")
                       : routed.error();
        }
        // References to the default may be written in any case, OpenBao's of keys too.
        for (const auto* name : {"issuer_ref", "key_ref"}) {
            const auto given = routed->path.find(name);
            if (given != routed->path.end() && lower(given->second) == "default" &&
                (mount_.openbao() || given->first == "issuer_ref") &&
                !mount_.defect("pki/default-in-lower-case")) {
                given->second = "default";
            }
        }
        const pki::Call call{request, routed->fields, std::move(routed->path)};
        if (auto unchanged = pki::not_modified(mount_, call)) {
            return std::move(*unchanged);
        }
        auto answer = routed->function(mount_, call);
        // The answer of a tidy is written before anybody could add to it.
        if (answer.status == 202) {
            return answer;
        }
        call.fields.warn_unrecognized(answer);
        if (mount_.defect("pki/replaced-in-silence")) {
            std::erase_if(answer.warnings,
                          [](const auto& text) { return text.starts_with("Endpoint replaced"); });
        }
        return answer;
    }

    pki::Mount mount_;
    Router<pki::Function> router_;
};

}  // namespace

std::unique_ptr<Backend> make_pki_backend(BackendContext context) {
    MESHPROOF_ASSERT(context.defects != nullptr);
    return std::make_unique<PkiBackend>(std::move(context));
}

}  // namespace meshproof::fakes::vault
