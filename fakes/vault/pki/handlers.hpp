#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// The functions behind the endpoint table (pki/endpoints.cpp), each defined in the file of its
/// concern.
namespace meshproof::fakes::vault::pki {

// pki/ca/issuers.cpp
[[nodiscard]] BackendResponse list_issuers(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_issuer(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_issuer(Mount& mount, const Call& call);  ///< PATCH too
[[nodiscard]] BackendResponse delete_issuer(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_issuer_json(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_issuer_pem(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_issuer_der(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_issuers_config(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_issuers_config(Mount& mount, const Call& call);

// pki/ca/keys.cpp
[[nodiscard]] BackendResponse list_keys(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse delete_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse generate_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse import_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_keys_config(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_keys_config(Mount& mount, const Call& call);

// pki/roles.cpp
[[nodiscard]] BackendResponse list_roles(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_role(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_role(Mount& mount, const Call& call);  ///< PATCH too
[[nodiscard]] BackendResponse delete_role(Mount& mount, const Call& call);

// pki/sign/issue.cpp
[[nodiscard]] BackendResponse sign(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse issue(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse sign_verbatim(Mount& mount, const Call& call);

// pki/ca/generate.cpp
[[nodiscard]] BackendResponse generate_root(Mount& mount, const Call& call);  ///< root/rotate too
[[nodiscard]] BackendResponse delete_root(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse generate_intermediate(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse cross_sign(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse sign_intermediate(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse sign_self_issued(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse import_certificates(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse import_bundle(Mount& mount, const Call& call);

// pki/config.cpp
[[nodiscard]] BackendResponse read_urls(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_urls(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_acme(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_acme(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse acme_is_off(Mount& mount, const Call& call);  ///< the protocol
[[nodiscard]] BackendResponse read_cluster(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_cluster(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_crl_config(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_crl_config(Mount& mount, const Call& call);

// pki/revoke/fetch.cpp
/// 304 where the client has it already and the mount passes If-Modified-Since through (row 134).
[[nodiscard]] std::optional<BackendResponse> not_modified(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_ca(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_ca_pem(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_ca_chain(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_crl(
    Mount& mount, const Call& call);  ///< every crl path of the default issuer
[[nodiscard]] BackendResponse fetch_issuer_crl(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_cert_ca(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_cert_ca_chain(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_cert_crl(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_certificate(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_certificate_raw(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse fetch_certificate_pem(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse list_certificates(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse list_revoked(Mount& mount, const Call& call);

// pki/revoke/revoke.cpp
[[nodiscard]] BackendResponse revoke(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse revoke_issuer(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse rotate_crl(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse rotate_delta_crl(Mount& mount, const Call& call);

[[nodiscard]] BackendResponse revoke_with_key(Mount& mount, const Call& call);

// pki/revoke/ocsp.cpp
[[nodiscard]] BackendResponse ocsp(Mount& mount, const Call& call);  ///< GET and POST

// pki/revoke/tidy.cpp
[[nodiscard]] BackendResponse tidy(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse tidy_cancel(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_tidy_status(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_auto_tidy(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_auto_tidy(Mount& mount, const Call& call);

}  // namespace meshproof::fakes::vault::pki
