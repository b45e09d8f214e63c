#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/crypto/tls.hpp"

namespace meshproof::fakes {

/// The TLS side of the simulated wire: does real handshakes in memory and remembers the open
/// connections. A failed handshake is never remembered; a remembered one ends when the client,
/// judging its peer again, refuses it, and where the client has no judge of its own, when either
/// leaf is out of its time. Two who judge each other themselves (pods) shake hands once for each pair
/// of what they show and trust: on the next new connection both are asked again, and only where
/// they decide as before nothing else is done, for nothing else could turn out otherwise.
class Connections {
  public:
    /// Between whom: `via` is the address that was dialled (a host's or a link's), `host` the
    /// listener behind it.
    struct Ends {
        std::string caller, via, host;
        bool reuse = true;
        bool any_settings = false;  ///< an open one serves whatever the client's settings are now
    };

    /// What the client showed to a server that asked for a leaf.
    struct Shown {
        std::optional<crypto::Certificate> certificate;  ///< verified
        bool worthless = false;                          ///< one that the server does not believe
        std::vector<crypto::Certificate> chain = {};     ///< sent after it
    };

    /// Both parties carry their date (`at`). Failure: `expired` where either side found the other's
    /// chain expired, else `tls`; it says which side refused and why.
    [[nodiscard]] Result<Shown> connect(const Ends& ends, const crypto::TlsParty& client,
                                        const crypto::TlsParty& server);
    void end(const Ends& ends);             ///< the caller's own, where it has one
    void forget();                          ///< all of them
    void forget(std::string_view address);  ///< those through a link or to a host
    [[nodiscard]] std::uint64_t handshakes() const { return handshakes_; }  ///< done so far

  private:
    struct Key {
        std::string via, host, caller;
        auto operator<=>(const Key&) const = default;
    };
    struct Connection {
        crypto::TlsParty client, server;
    };
    struct Meeting : Connection {
        crypto::HandshakeResult result;
    };

    [[nodiscard]] std::optional<crypto::HandshakeResult> meet_again(const crypto::TlsParty& client,
                                                                    const crypto::TlsParty& server);
    [[nodiscard]] crypto::HandshakeResult meet(const crypto::TlsParty& client,
                                               const crypto::TlsParty& server);

    std::map<Key, std::vector<Connection>> open_;
    std::vector<Meeting> met_;  ///< of those who judge each other, without judges; latest last
    std::uint64_t handshakes_ = 0;
};

}  // namespace meshproof::fakes
