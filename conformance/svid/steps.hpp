#pragma once

#include "conformance/check.hpp"
#include "core/crypto/certificate.hpp"
#include "core/spiffe/svid.hpp"

/// What the checks of SVIDs have in common: a small PKI on the target, and our validator's findings
/// as expectations.
namespace meshproof::conformance::svid {

inline constexpr std::string_view domain = "example.org";
inline constexpr std::string_view domain_id = "spiffe://example.org";
inline constexpr std::string_view web = "spiffe://example.org/ns/default/sa/web";
inline const std::string id(web);
inline const std::vector<std::string> none;  ///< of the rules
/// sign-verbatim has no role to say so.
inline const Json an_hour{{"ttl", "1h"}};
/// A body, or a role, with one parameter.
[[nodiscard]] Json asking(const char* member, Json value);

/// A PKI mount and its signing certificate.
struct Authority {
    std::string mount;
    crypto::Certificate certificate;
};

/// A mount with an EC root, whose SPIFFE ID is its trust domain's. `changes` to what is asked.
[[nodiscard]] Task<Authority> make_root(Probe& probe, std::string base = "root",
                                        Json changes = Json::object());
/// A second mount whose issuer `root` signed, with the trust domain's SPIFFE ID.
[[nodiscard]] Task<Authority> make_intermediate(Probe& probe, Authority root,
                                                std::string base = "int",
                                                Json changes = Json::object());
/// What `root/sign-intermediate` makes of a fresh CSR; the answer's certificate, not imported
/// anywhere.
[[nodiscard]] Task<crypto::Certificate> sign_intermediate(Probe& probe, std::string mount,
                                                          crypto::Csr::Spec asked,
                                                          Json changes = Json::object());

/// A role as a mesh uses it: any name, no common name needed, URIs of example.org, leaves of an
/// hour. Gives the role's name.
[[nodiscard]] Task<std::string> make_role(Probe& probe, std::string mount,
                                          Json changes = Json::object(), std::string name = "mesh");

/// A leaf, and what came with it.
struct SignedLeaf {
    Reply reply;
    crypto::Certificate leaf;
    std::vector<crypto::Certificate> chain;  ///< `ca_chain`
};

[[nodiscard]] crypto::Csr::Spec asking_for(std::vector<std::string> uris);
/// Asks `path` ("MOUNT/sign/ROLE", "MOUNT/sign-verbatim") to sign a CSR with a fresh EC key.
[[nodiscard]] Task<Reply> ask_to_sign(Probe& probe, std::string path, crypto::Csr::Spec asked,
                                      Json more = Json::object());
/// The same; anything but 200 fails the check and ends it.
[[nodiscard]] Task<SignedLeaf> sign(Probe& probe, std::string path, crypto::Csr::Spec asked,
                                    Json more = Json::object());
/// A mount of one's own with a root and a role, and one leaf from it.
[[nodiscard]] Task<SignedLeaf> sign_once(Probe& probe, crypto::Csr::Spec asked,
                                         Json role = Json::object());
/// Reads a 200 answer of sign, issue or sign-verbatim.
[[nodiscard]] SignedLeaf read_leaf(Probe& probe, Reply reply);

/// Our validator's verdict in the middle of the leaf's life.
[[nodiscard]] spiffe::SvidVerdict validate(const SignedLeaf& made, spiffe::TrustBundles bundles);
[[nodiscard]] spiffe::TrustBundles bundle_of(const Authority& root);

/// Exactly these rules of level must are broken.
void expect_broken(Probe& probe, const spiffe::SvidFindings& findings,
                   const std::vector<std::string>& rules, std::string_view what);
void expect_state(Probe& probe, const spiffe::SvidFindings& findings, std::string_view rule,
                  spiffe::RuleState state);
void expect_uris(Probe& probe, const crypto::Certificate& certificate,
                 const std::vector<std::string>& uris);

}  // namespace meshproof::conformance::svid
