#include "fakes/vault/pki/revoke/fetch.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/ground/urls.hpp"
#include "fakes/vault/pki/revoke/revoke.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

constexpr auto der_type = "application/pkix-cert";
constexpr auto pem_type = "application/pem-certificate-chain";
constexpr auto crl_der_type = "application/pkix-crl";
constexpr auto crl_pem_type = "application/x-pem-file";

// The default issuer if it can serve the plain ca paths: it needs its key in the mount (row 128),
// and URLs that can be told.
Checked<Issuer*> serving_issuer(Mount& mount) {
    const auto found = find_issuer(mount, "default");
    if (!found) {
        return refuse(found.error());
    }
    if (mount.key((*found)->key_id) == nullptr) {
        return refuse(
            fmt::format("unable to fetch corresponding key for issuer {}; unable to use this "
                        "issuer for signing",
                        (*found)->id));
    }
    if (const auto urls = aia_urls(mount, *found); !urls) {
        return tl::unexpected(
            BackendResponse::error("unable to fetch AIA URL information: " + urls.error(), 500));
    }
    return *found;
}

std::string chain_pem(Mount& mount, const Issuer& issuer) {
    return join(certificate_texts(chain_of(mount, issuer), "pem"), "\n");
}

BackendResponse certificate_json(std::string pem) {
    return BackendResponse::with(
        {{"certificate", std::move(pem)}, {"revocation_time", 0}, {"revocation_time_rfc3339", ""}});
}

bool asks_for(const PkiCall& call, std::string_view word) {
    const auto parts = split(call.request.path, '/');
    return std::ranges::find(parts, word) != parts.end();
}

const crypto::Crl& asked_list(const CrlPair& lists, const PkiCall& call) {
    return asks_for(call, "delta") ? lists.delta : lists.complete;
}

BackendResponse serials(const auto& by_serial) {
    std::vector<std::string> keys;
    for (const auto& [serial, value] : by_serial) {
        keys.push_back(serial);
    }
    return list_answer(keys);
}

}  // namespace

namespace {

// What is asked about whether it changed: certificates of issuers and lists, but no chain, no leaf,
// and nothing of OCSP or ACME.
bool conditional(const PkiCall& call) {
    const auto serial = call.captured("serial");
    return call.request.unauthenticated && call.request.operation == Operation::read &&
           (serial.empty() || serial == "ca") && !asks_for(call, "ca_chain") &&
           !asks_for(call, "ocsp") && !asks_for(call, "acme");
}

}  // namespace

std::optional<BackendResponse> not_modified(Mount& mount, const PkiCall& call) {
    const auto since = call.request.headers.find("If-Modified-Since");
    if (!since || !conditional(call)) {
        return std::nullopt;
    }
    const bool of_lists = asks_for(call, "crl") || asks_for(call, "delta-crl");
    const auto issuer = find_issuer(mount, call.captured("issuer_ref", "default"));
    // An issuer that the path names is looked for before the date is read, the default after.
    if (!of_lists && !issuer && !call.captured("issuer_ref").empty()) {
        return BackendResponse::go_error(issuer.error());
    }
    const auto had_at = parse_http_date(*since);
    if (!had_at) {
        return BackendResponse::go_error(
            "failed to parse given value for 'If-Modified-Since' header: " + had_at.error());
    }
    if (!of_lists && !issuer) {
        return BackendResponse::go_error(issuer.error());
    }
    // Lists change all at once: they tell for an issuer that is not there, too.
    const auto changed_at = of_lists ? mount.lists_signed_at : (*issuer)->changed_at;
    if (!changed_at) {
        return std::nullopt;
    }
    if (std::chrono::floor<std::chrono::seconds>(*changed_at) > *had_at) {
        return std::nullopt;
    }
    BackendResponse answer;
    answer.kind = BackendResponse::Kind::raw;
    answer.raw.status = 304;
    answer.raw.headers.set("Last-Modified", http_date(*changed_at));
    return answer;
}

BackendResponse fetch_ca(Mount& mount, const PkiCall&) {
    const auto issuer = serving_issuer(mount);
    return raw_answer(der_type, issuer ? (*issuer)->certificate.der() : "");
}

BackendResponse fetch_ca_pem(Mount& mount, const PkiCall&) {
    const auto issuer = serving_issuer(mount);
    return raw_answer(pem_type, issuer ? pem_text((*issuer)->certificate) : "");
}

BackendResponse fetch_ca_chain(Mount& mount, const PkiCall&) {
    const auto issuer = serving_issuer(mount);
    return raw_answer(der_type, issuer ? chain_pem(mount, **issuer) : "");
}

BackendResponse fetch_crl(Mount& mount, const PkiCall& call) {
    const bool pem = asks_for(call, "pem");
    const auto* type = pem ? crl_pem_type : crl_der_type;
    const auto issuer = find_issuer(mount, "default");
    const auto* lists = issuer ? crls_of(mount, **issuer) : nullptr;
    if (lists == nullptr) {
        return raw_answer(type, "");
    }
    const auto& list = asked_list(*lists, call);
    return raw_answer(type, pem ? std::string(trim(list.pem())) : list.der());
}

BackendResponse fetch_issuer_crl(Mount& mount, const PkiCall& call) {
    const auto issuer = find_issuer(mount, call.captured("issuer_ref"));
    if (!issuer) {
        return BackendResponse::go_error(issuer.error());
    }
    const auto* lists = crls_of(mount, **issuer);
    if (lists == nullptr) {
        return BackendResponse::go_error(fmt::format("unable to find CRL for issuer: id:{}/ref:{}",
                                                     (*issuer)->id, call.captured("issuer_ref")));
    }
    const auto& list = asked_list(*lists, call);
    if (asks_for(call, "der")) {
        return raw_answer(crl_der_type, list.der());
    }
    if (asks_for(call, "pem")) {
        return raw_answer(crl_pem_type, list.pem());
    }
    return BackendResponse::with({{"crl", list.pem()}});
}

BackendResponse fetch_cert_ca(Mount& mount, const PkiCall&) {
    const auto issuer = serving_issuer(mount);
    return issuer ? certificate_json(pem_text((*issuer)->certificate)) : issuer.error();
}

BackendResponse fetch_cert_ca_chain(Mount& mount, const PkiCall&) {
    const auto issuer = serving_issuer(mount);
    if (!issuer) {
        return issuer.error();
    }
    auto answer = certificate_json(chain_pem(mount, **issuer));
    answer.data["ca_chain"] = answer.data["certificate"];
    return answer;
}

BackendResponse fetch_cert_crl(Mount& mount, const PkiCall& call) {
    const auto issuer = find_issuer(mount, "default");
    if (!issuer) {
        return BackendResponse::go_error(issuer.error());
    }
    const auto* lists = crls_of(mount, **issuer);
    const bool delta = call.request.path == "cert/delta-crl";
    return lists != nullptr
               ? certificate_json(std::string(trim((delta ? lists->delta : lists->complete).pem())))
               : BackendResponse::go_error(
                     fmt::format("unable to find CRL for issuer: {}", (*issuer)->id));
}

BackendResponse fetch_certificate(Mount& mount, const PkiCall& call) {
    const auto serial = normal_serial(call.captured("serial"));
    const auto found = mount.certificates.find(serial);
    if (found == mount.certificates.end()) {
        return not_found();
    }
    auto answer = certificate_json(pem_text(found->second));
    if (const auto revoked = mount.revocations.find(serial); revoked != mount.revocations.end()) {
        answer.data["revocation_time"] = unix_seconds(revoked->second.at);
        answer.data["revocation_time_rfc3339"] = rfc3339_nano(revoked->second.at);
        if (!revoked->second.by_issuer && !revoked->second.issuer_id.empty()) {
            answer.data["issuer_id"] = revoked->second.issuer_id;
        }
    }
    return answer;
}

BackendResponse fetch_certificate_raw(Mount& mount, const PkiCall& call) {
    if (call.captured("serial") == "ca") {
        return fetch_ca(mount, call);
    }
    const auto found = mount.certificates.find(normal_serial(call.captured("serial")));
    return raw_answer(der_type, found == mount.certificates.end() ? "" : found->second.der());
}

BackendResponse fetch_certificate_pem(Mount& mount, const PkiCall& call) {
    if (call.captured("serial") == "ca") {
        return fetch_ca_pem(mount, call);
    }
    const auto found = mount.certificates.find(normal_serial(call.captured("serial")));
    return raw_answer(pem_type, found == mount.certificates.end() ? "" : pem_text(found->second));
}

BackendResponse list_certificates(Mount& mount, const PkiCall&) {
    return serials(mount.certificates);
}

BackendResponse list_revoked(Mount& mount, const PkiCall&) {
    return serials(mount.revocations);
}

}  // namespace meshproof::fakes::vault::pki
