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
        : mount_(std::move(context)), endpoints_(pki::endpoints(mount_.product)) {
        for (auto& endpoint : endpoints_) {
            for (const auto& segment : split(endpoint.pattern, '/')) {
                if (segment.starts_with(':')) {
                    endpoint.fields.types.emplace(segment.substr(1), FieldType::text);
                }
            }
        }
    }

    std::string type() const override { return "pki"; }

    bool unauthenticated(Operation operation, std::string_view path) const override {
        const bool lists = operation == Operation::list && !path.ends_with('/');
        if (mount_.defect("pki/everything-is-open") ||
            (mount_.defect("pki/unified-is-served") && path.starts_with("unified-"))) {
            return true;
        }
        if ((mount_.defect("pki/crl-needs-a-token") && path == "crl") ||
            (mount_.defect("pki/issuers-need-a-token") && path.starts_with("issuers"))) {
            return false;
        }
        return pki::needs_no_token(std::string(path) + (lists ? "/" : ""), mount_.product);
    }

    bool needs_sudo(Operation, std::string_view path) const override {
        return (path == "root" && !mount_.defect("pki/delete-root-without-sudo")) ||
               path == "root/sign-self-issued";
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
        std::string path = request.path;
        if (request.operation == Operation::list && !path.ends_with('/')) {
            path += '/';
        }
        if (path.ends_with('/') && request.operation == Operation::list &&
            mount_.defect("pki/every-path-is-a-folder")) {
            path.pop_back();
        }
        if (path == "ocsp" && request.operation == Operation::read &&
            mount_.defect("pki/ocsp-may-be-read")) {
            path = "ocsp/";
        }
        auto route = pki::find_route(endpoints_, path);
        if (path.starts_with("unified-") && mount_.defect("pki/unified-is-served")) {
            return BackendResponse::with(Json::object());
        }
        if (route && request.operation == Operation::patch &&
            mount_.defect("pki/everything-is-patched")) {
            return BackendResponse::with(Json::object());
        }
        if (!route && path == "sign" && mount_.defect("pki/sign-without-role")) {
            return BackendResponse::error("missing role");
        }
        if (!route) {
            return BackendResponse::unsupported_path();
        }
        // References to the default may be written in any case, OpenBao's of keys too.
        for (const auto* name : {"issuer_ref", "key_ref"}) {
            const auto given = route->path.find(name);
            if (given != route->path.end() && lower(given->second) == "default" &&
                (mount_.openbao() || given->first == "issuer_ref") &&
                !mount_.defect("pki/default-in-lower-case")) {
                given->second = "default";
            }
        }
        const auto operation =
            request.operation == Operation::create ? Operation::update : request.operation;
        for (const auto& [offered, handler] : route->endpoint->operations) {
            if (offered == operation) {
                // What the path says counts, and nobody looks at the body's.
                auto data = request.data;
                std::vector<std::string> replaced;
                for (const auto& [name, value] : route->path) {
                    if (data.is_object() && data.erase(name) > 0 &&
                        !mount_.defect("pki/replaced-in-silence")) {
                        replaced.push_back(name);
                    }
                }
                const auto fields = FieldData::read(route->endpoint->fields, data, mount_.product);
                if (!fields && mount_.defect("pki/role-before-types")) {
                    return BackendResponse::error("unknown role");
                }
                if (!fields) {
                    return BackendResponse::error(fields.error().message);
                }
                const pki::Call call{request, *fields, std::move(route->path)};
                if (auto unchanged = pki::not_modified(mount_, call)) {
                    return std::move(*unchanged);
                }
                auto answer = handler(mount_, call);
                // The answer of a tidy is written before anybody could add to it.
                if (answer.status == 202) {
                    return answer;
                }
                if (answer.kind == BackendResponse::Kind::data && !replaced.empty()) {
                    answer.warnings.push_back(fmt::format(
                        "Endpoint replaced the value of these parameters with the values captured "
                        "from the endpoint's path: [{}]",
                        join(replaced, " ")));
                }
                fields->warn_unrecognized(answer);
                return answer;
            }
        }
        return BackendResponse::unsupported_operation();
    }

    pki::Mount mount_;
    std::vector<pki::Endpoint> endpoints_;
};

}  // namespace

std::unique_ptr<Backend> make_pki_backend(BackendContext context) {
    MESHPROOF_ASSERT(context.defects != nullptr);
    return std::make_unique<PkiBackend>(std::move(context));
}

}  // namespace meshproof::fakes::vault
