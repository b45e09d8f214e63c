#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/crypto/chain.hpp"
#include "core/crypto/tls.hpp"

namespace meshproof::mesh {

/// What the pods of a cluster take for anchors in handshakes: those of the CA that is connected,
/// and those of CAs before it, for as long as a leaf below them lives. Without that, another CA
/// would end mTLS between pods whose leaves are good.
struct TrustStore {
    std::vector<crypto::Certificate> current;  ///< the account's bundle
    std::vector<crypto::Certificate> retired;  ///< of bundles before it
    bool publicly = false;          ///< the account has no bundle: the machines' own store counts
    bool retired_publicly = false;  ///< an account before it had none

    /// In handshakes.
    [[nodiscard]] std::vector<crypto::Certificate> all() const;
    [[nodiscard]] bool system() const { return publicly || retired_publicly; }
    [[nodiscard]] bool has_retired() const { return retired_publicly || !retired.empty(); }

    /// Another CA is connected: what was current is retired, but for what the new bundle holds too.
    void connect(std::vector<crypto::Certificate> bundle);
    /// Drops what is retired and above none of these leaves. `own` are the roots of the machines'
    /// store that we know.
    void keep_only_above(std::span<const crypto::TlsIdentity> leaves, Time now,
                         const std::vector<crypto::Certificate>& own);

    /// As a Secret holds it: by key.
    [[nodiscard]] std::map<std::string, std::string> data() const;
    [[nodiscard]] static Result<TrustStore> parse(const std::map<std::string, std::string>& data);

    friend bool operator==(const TrustStore&, const TrustStore&) = default;
};

}  // namespace meshproof::mesh
