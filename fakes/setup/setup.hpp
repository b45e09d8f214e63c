#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/task.hpp"
#include "fakes/setup/stand_ins.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {

/// An object of the API server, as `kubectl apply` takes it.
struct SetupObject {
    std::string where;  ///< "setup.yaml:7: kubernetes.objects[0]"
    nlohmann::json manifest;
    bool remove = false;  ///< as `kubectl delete` takes it away
    /// Whether they ask for the same, wherever that stands.
    [[nodiscard]] bool same_as(const SetupObject& other) const;
};

/// A CA of a PKI mount whose key nobody here has: another with the same subject, kind of key, dates
/// and constraints stands in for it.
struct SetupIssuer {
    /// The issuer, then those above it as far as they are known: they get stand-ins too.
    std::vector<crypto::Certificate> original;
    bool has_key = true;      ///< false = the mount holds the certificate alone
    bool is_default = false;  ///< the mount's
};

/// A write to the Vault, as `bao write PATH …` makes it.
struct SetupWrite {
    std::string where;  ///< "setup.yaml:12: vault.write[3]"
    std::string space;  ///< the namespace; "" = the root's
    std::string path;   ///< without /v1/; of an issuer, its mount's
    std::string as;     ///< the name by which later writes speak of the answer; "" = none does
    nlohmann::json data;
    std::string method = "POST";          ///< or PATCH, DELETE, as `bao patch`, `bao delete`
    std::optional<SetupIssuer> issuer{};  ///< it is imported; `data` is written to it then
    /// Whether they ask for the same, wherever that stands.
    [[nodiscard]] bool same_as(const SetupWrite& other) const;
};

/// What served fakes hold from the start, in the words of Vault and Kubernetes. docs/serve.md says
/// what such a file may hold.
struct Setup {
    std::vector<SetupObject> objects;  ///< these come first: a Vault's configuration asks for them
    std::vector<SetupWrite> writes;
    /// What the Vault has to be for it; nothing = either.
    std::optional<vault::Product> product{};

    /// Appends what the other asks for and this does not.
    void add(Setup other);
    /// Whose pods it has, and which service accounts: "NAMESPACE/NAME", each once.
    [[nodiscard]] std::vector<std::string> service_accounts() const;
};

/// Reads such a file; files that it names are read from its folder. `invalid` is one line, with the
/// file's own where there is one. `others` are members of the file that somebody else reads.
[[nodiscard]] Result<Setup> parse_setup(std::string_view text, const std::string& path,
                                        const std::vector<std::string>& others = {});

/// Asks the first Vault and the first API server for all of it, in order, as root and as
/// administrator: their own rules judge it. Past chaos and journal, which are of clients. Ends at
/// the first refusal, with its place in the file and the server's text. Gives what the Vault
/// ignored or replaced of the writes, a line each. With `stand_ins` of the caller's, several
/// set-ups have the same CAs; they outlive the call.
[[nodiscard]] Task<Result<std::vector<std::string>>> apply_setup(Setup setup, FakeServers& servers,
                                                                 StandIns* stand_ins = nullptr);

/// What stands for something in a write's data: a text that is "$(WORDS)" and nothing else. Empty
/// where the text is none.
[[nodiscard]] std::string_view reference_in(std::string_view text);

}  // namespace meshproof::fakes
