#pragma once

#include "conformance/check.hpp"
#include "core/crypto/certificate.hpp"

/// Set-up that checks of several topics share. What is refused here makes a check `blocked`.
namespace meshproof::conformance::steps {

/// A PKI mount with a P-256 root of its own that outlives every leaf; gives its path. The mount's
/// max_lease_ttl is ten years, its default the server's (768 h). `root` is laid over the
/// parameters of root/generate/internal, null taking one away.
[[nodiscard]] Task<std::string> mounted_root(Probe& probe, Json root = Json::object(),
                                             std::string base = "pki");
/// A mount without anything in it, with the same limits.
[[nodiscard]] Task<std::string> empty_pki(Probe& probe, std::string base = "pki");

/// A role for workloads: P-256 keys, any name, `spiffe://*`, no CN needed, ttl 1h, max_ttl 24h.
/// `parameters` are laid over that, null taking one away. Gives the answer of the write.
[[nodiscard]] Task<Reply> role(Probe& probe, std::string mount, Json parameters = Json::object(),
                               std::string name = "app");

/// mounted_root() and role() in one step; gives the mount's path.
[[nodiscard]] Task<std::string> issuing_mount(Probe& probe, Json role_parameters = Json::object());

/// A CSR in PEM with a key of its own.
[[nodiscard]] std::string csr(const crypto::Csr::Spec& spec = {},
                              crypto::KeyType type = crypto::KeyType::p256);
/// Of a workload: no subject, and this one URI.
[[nodiscard]] std::string workload_csr(std::string uri = "spiffe://mesh.test/ns/shop/sa/web");
/// With this common name, and no more.
[[nodiscard]] std::string named_csr(std::string common_name);

/// MOUNT/sign/app of this CSR with `more` parameters, whatever comes of it.
[[nodiscard]] Task<Reply> sign(Probe& probe, std::string mount, std::string csr,
                               Json more = Json::object(), std::string role = "app");
/// MOUNT/issue/app with these parameters, whatever comes of it.
[[nodiscard]] Task<Reply> issue(Probe& probe, std::string mount, Json parameters = Json::object(),
                                std::string role = "app");

/// `data.FIELD` of an answer; the check fails and ends where it is not there as a string.
[[nodiscard]] std::string text_of(Probe& probe, const Reply& reply, std::string_view field);
/// The same for a whole number.
[[nodiscard]] std::int64_t number_of(Probe& probe, const Reply& reply, std::string_view field);
/// `data.certificate` of an answer; the check fails and ends where there is none.
[[nodiscard]] crypto::Certificate leaf_of(Probe& probe, const Reply& reply);
/// The certificate in `pem`; the check fails and ends where there is none.
[[nodiscard]] crypto::Certificate certificate_of(Probe& probe, std::string_view pem);

/// From its first moment to its last a certificate is valid for this long. A server cuts the two
/// from two readings of its clock, the end first: with whatever lies between them, as a key that is
/// made (`took`: the request's time by Clock::elapsed), the life is a second or more shorter.
void expect_life(Probe& probe, const crypto::Certificate& certificate, std::chrono::seconds whole,
                 Duration took = {});

}  // namespace meshproof::conformance::steps
