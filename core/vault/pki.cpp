#include "core/vault/client.hpp"
#include "core/vault/reading.hpp"

namespace meshproof::vault {
namespace {

using crypto::Certificate;

/// The first certificate of a field: PEM, or base64 of DER where format=der was asked for.
Certificate certificate_of(AnswerFields& fields, std::string_view path, const std::string& text) {
    if (fields.problem()) {
        return {};
    }
    Result<Certificate> certificate = fail(FailureKind::malformed, "neither PEM nor base64");
    if (text.find("-----BEGIN") != std::string::npos) {
        certificate = Certificate::from_pem(text);
    } else if (const auto der = from_base64(trim(text))) {
        certificate = Certificate::from_der(*der);
    }
    if (!certificate) {
        fields.refuse(path, certificate.error().message);
        return {};
    }
    return std::move(*certificate);
}

Certificate certificate_at(AnswerFields& fields, std::string_view path) {
    const auto text = fields.text(path);
    return certificate_of(fields, path, text);
}

Result<Issued> to_issued(const Result<Reply>& reply, std::string what) {
    if (!reply) {
        return propagate(reply);
    }
    AnswerFields fields(reply->json, std::move(what));
    Issued issued;
    issued.leaf = certificate_at(fields, "data.certificate");
    issued.issuing_ca = certificate_at(fields, "data.issuing_ca");
    for (const auto& text : fields.texts("data.ca_chain")) {
        issued.chain.push_back(certificate_of(fields, "data.ca_chain", text));
    }
    if (issued.chain.empty()) {
        issued.chain.push_back(issued.issuing_ca);  // the key may be absent (row 89)
    }
    issued.serial = fields.text("data.serial_number");
    issued.expiration = Time(fields.seconds("data.expiration"));
    issued.private_key_pem = fields.text_or_empty("data.private_key");
    issued.warnings = reply->warnings();
    return checked(std::move(issued), fields);
}

}  // namespace

Task<Result<GeneratedCa>> Client::generate_root(std::string mount, Json parameters) const {
    const std::string path = mount + "/root/generate/internal";
    const auto reply = co_await call("PUT", path, std::move(parameters));
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, reading::what("PUT", path));
    GeneratedCa generated;
    generated.certificate = certificate_at(fields, "data.certificate");
    generated.issuer_id = fields.text_or_empty("data.issuer_id");
    generated.key_id = fields.text_or_empty("data.key_id");
    generated.serial = fields.text("data.serial_number");
    generated.warnings = reply->warnings();
    co_return checked(std::move(generated), fields);
}

Task<Result<std::string>> Client::generate_intermediate_csr(std::string mount,
                                                            Json parameters) const {
    const std::string path = mount + "/intermediate/generate/internal";
    const auto reply = co_await call("PUT", path, std::move(parameters));
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, reading::what("PUT", path));
    co_return checked(fields.text("data.csr"), fields);
}

Task<Result<SignedIntermediate>> Client::sign_intermediate(std::string mount,
                                                           Json parameters) const {
    const std::string path = mount + "/root/sign-intermediate";
    const auto reply = co_await call("PUT", path, std::move(parameters));
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, reading::what("PUT", path));
    SignedIntermediate intermediate;
    intermediate.certificate_pem = fields.text("data.certificate");
    intermediate.warnings = reply->warnings();
    if (!fields.problem()) {
        auto certificates = Certificate::all_from_pem(intermediate.certificate_pem);
        if (certificates) {
            intermediate.certificates = std::move(*certificates);
        } else {
            fields.refuse("data.certificate", certificates.error().message);
        }
    }
    co_return checked(std::move(intermediate), fields);
}

Task<Result<ImportedIssuers>> Client::set_signed(std::string mount,
                                                 std::string certificate_pem) const {
    const std::string path = mount + "/intermediate/set-signed";
    Json body{{"certificate", certificate_pem}};
    const auto reply = co_await call("PUT", path, std::move(body));
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, reading::what("PUT", path));
    ImportedIssuers imported;
    imported.issuers = fields.texts("data.imported_issuers");
    imported.keys = fields.texts("data.imported_keys");
    imported.mapping = fields.text_map("data.mapping");
    co_return checked(std::move(imported), fields);
}

Task<Result<void>> Client::configure_urls(std::string mount, Json parameters) const {
    co_return done(co_await call("PUT", mount + "/config/urls", std::move(parameters)));
}

Task<Result<void>> Client::use_issuer_by_default(std::string mount, std::string reference) const {
    Json body{{"default", reference}};
    co_return done(co_await call("PUT", mount + "/config/issuers", std::move(body)));
}

Task<Result<void>> Client::delete_issuer(std::string mount, std::string reference) const {
    co_return done(co_await call("DELETE", fmt::format("{}/issuer/{}", mount, reference)));
}

Task<Result<Json>> Client::write_role(std::string mount, std::string role, Json parameters) const {
    const auto reply =
        co_await call("PUT", fmt::format("{}/roles/{}", mount, role), std::move(parameters));
    if (!reply) {
        co_return propagate(reply);
    }
    co_return Result<Json>(tl::in_place, reply->data());
}

Task<Result<Issued>> Client::sign(std::string mount, std::string role, SignRequest request) const {
    co_return co_await sign_at(fmt::format("{}/sign/{}", mount, role), std::move(request));
}

Task<Result<Issued>> Client::sign_at(std::string path, SignRequest request) const {
    Json body{{"csr", request.csr_pem}, {"format", request.format}};
    if (request.ttl) {
        body["ttl"] = reading::ttl(*request.ttl);
    }
    if (!request.common_name.empty()) {
        body["common_name"] = request.common_name;
    }
    if (request.exclude_cn_from_sans) {
        body["exclude_cn_from_sans"] = true;
    }
    const auto reply = co_await call("PUT", path, std::move(body));
    co_return to_issued(reply, reading::what("PUT", path));
}

Task<Result<Issued>> Client::issue(std::string mount, std::string role, Json parameters) const {
    const std::string path = fmt::format("{}/issue/{}", mount, role);
    const auto reply = co_await call("PUT", path, std::move(parameters));
    co_return to_issued(reply, reading::what("PUT", path));
}

Task<Result<std::vector<Certificate>>> Client::ca_chain(std::string mount) const {
    const std::string path = mount + "/ca_chain";
    const auto reply = co_await call("GET", path);
    if (!reply) {
        co_return propagate(reply);
    }
    if (reply->status == 204 || reply->body.empty()) {  // row 128
        co_return tl::unexpected<Failure>(Failure{
            FailureKind::not_found,
            fmt::format("GET {}: {} the mount has no issuer to answer with", path, reply->status),
            reply->status,
            {}});
    }
    auto chain = Certificate::all_from_pem(reply->body);
    if (!chain) {
        co_return fail(FailureKind::malformed, "GET {}: malformed answer: {}", path,
                       chain.error().message);
    }
    co_return chain;
}

}  // namespace meshproof::vault
