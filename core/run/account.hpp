#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/reach.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

/// A mesh's own integration account at a Vault, as docs/account.md describes the file: with which
/// auth role its agents log in, where they have their leaves signed, and whose token they show.
/// Somebody else made all of it, and nothing of it is made or removed by us.
struct Account {
    /// Where the tokens come from that agents log in with.
    struct ServiceAccount {
        kube::Access access;  ///< with the right to create tokens of the account
        std::string namespace_name, name;
    };

    /// What the mesh means to do with its leaves.
    struct Mesh {
        crypto::KeyType key_type = crypto::KeyType::p256;
        std::int64_t pods = 0;        ///< 0 = nobody said
        double renew_at = 2.0 / 3.0;  ///< the share of a leaf's life after which it is renewed
    };
    /// A finding that somebody knows of, and lives with for a while.
    struct Acceptance {
        std::string id, object;  ///< object "" = every one; * stands for any text
        std::string reason;
        std::optional<Time> until;  ///< the first moment of the day after the last
        int line = 0;
    };

    std::string name;     ///< a word for reports
    vault::Config vault;  ///< without a token
    Secret reader;        ///< a token that may read the configuration; empty = none
    std::string auth_mount, auth_role;
    std::string sign_path;  ///< MOUNT/sign/ROLE
    std::vector<crypto::Certificate> trust;
    std::string trust_domain = "cluster.local";
    std::string audience;                  ///< of the service account's tokens; "" = the cluster's
    Duration ttl = std::chrono::hours(1);  ///< asked for each leaf
    std::optional<ServiceAccount> cluster{};  ///< nothing where a token is at hand
    Secret jwt;                               ///< the token at hand, empty where there is none
    std::optional<Time> jwt_expires{};        ///< what it says of itself
    Mesh mesh{};
    std::vector<Acceptance> accept{};
    /// Of the file, and of what it names; "" where it does not. For commands that are printed.
    std::string path{}, bundle_path{}, jwt_path{}, kubeconfig_path{}, context{}, cluster_ca_path{};
    std::map<std::string, int> lines{};  ///< of the file's members: "auth.role" -> 9

    /// Reads and checks the file and all that it refers to. Failures are one line: file, line,
    /// field, what was expected.
    [[nodiscard]] static Result<Account> load(const std::string& path,
                                              const Variables& variables = machine_variable);
    /// `path` is for messages, and its folder for the files that the text names.
    [[nodiscard]] static Result<Account> parse(std::string_view yaml, std::string_view path,
                                               const Variables& variables = machine_variable);
};

}  // namespace meshproof::run
