#pragma once

#include "conformance/preflight/bounded_transport.hpp"
#include "conformance/preflight/look.hpp"
#include "core/kube/client.hpp"

/// The parts of a look, each with its own server or step. Not for users of look().
namespace meshproof::preflight {

/// What all parts share. Lives as long as the look.
struct Look {
    Clock& clock;
    BoundedTransport& transport;
    vault::Client vault;               ///< with the reader's token, if there is one
    std::optional<kube::Client> kube;  ///< with the rights that the account file's user has
    Secret jwt{};                      ///< what the login shows; empty where there is none
    Facts facts{};
};

[[nodiscard]] Task<void> look_at_vault(Look& look);
[[nodiscard]] Task<void> look_at_pki(Look& look);
[[nodiscard]] Task<void> look_at_auth(Look& look);
[[nodiscard]] Task<void> look_at_cluster(Look& look);
/// Asks the API server that the auth method names, with the CA that it holds. It may be out of
/// reach from here and not from the Vault: then nobody knows.
[[nodiscard]] Task<void> try_auth_ca(Look& look);
/// Last: it needs what the others found.
[[nodiscard]] Task<void> send_canary(Look& look);

/// The limits of a look that takes so long at most.
[[nodiscard]] Bounds bounds_of(Duration limit);

/// The words of a failure. Where the look's time was over, that alone is told, whatever was asked,
/// so that a report tells it once.
[[nodiscard]] std::string why_of(const Failure& failure);
/// What a failure leaves unknown.
template <class T>
[[nodiscard]] Fact<T> unknown_by(const Failure& failure) {
    const bool late =
        failure.kind == FailureKind::cancelled || failure.kind == FailureKind::timed_out;
    return late ? Fact<T>::late(why_of(failure)) : Fact<T>::unknown(why_of(failure));
}

/// `data` of an answer; `right` is what the token lacks where it was refused: "read on sys/mounts".
[[nodiscard]] Fact<Json> fact_of(const Result<vault::Reply>& reply, std::string_view right);
/// `data` of a path that is read.
[[nodiscard]] Task<Fact<Json>> read(Look& look, std::string path);
/// The names below a path.
[[nodiscard]] Task<Fact<std::vector<std::string>>> list(Look& look, std::string path);

}  // namespace meshproof::preflight
