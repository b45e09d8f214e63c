#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/vault/product.hpp"

/// What may happen to a mesh, as a value: drawn once, then played as often as one likes.
namespace meshproof::scenarios::explore {

/// One thing that somebody does. Names are logical ("web", "alpha", "spare"), and never a
/// server's own.
struct Step {
    std::string does;                              ///< the name of a command (commands.hpp)
    double after = 0;                              ///< lives of a leaf that pass before it
    std::map<std::string, std::string> with = {};  ///< its own data, by the command's fields

    bool operator==(const Step&) const = default;
};

/// What a history begins with: each cluster is connected by an account of its own, which has the
/// cluster's name, and runs one pod of each workload. The clusters' Vaults go round.
struct Beginning {
    int vaults = 1;  ///< 1 or 2
    int clusters = 1;
    vault::Product product = vault::Product::openbao;  ///< of the first Vault, where it is a fake
    std::vector<std::string> workloads = {"web", "api", "job"};
    std::string token_type;  ///< of logins; "" = the Vault's default
    std::string tokens;      ///< the kind of those (auth_commands.cpp); "" = the usual one
    int replicas = 1;        ///< pods of each workload
    bool vault_namespace =
        false;                 ///< accounts name a namespace of their Vault, where it is OpenBao
    bool public_root = false;  ///< the machines trust the first account's root: it has no bundle
    int nodes = 1;       ///< of each fake Vault; of several, one leads and the others forward to it
    int signers = 0;     ///< so many logins and signatures at once does a fake Vault make; 0 = any
    int signing_ms = 0;  ///< and each takes it so long

    bool operator==(const Beginning&) const = default;
};

/// Nothing is drawn while it plays: everything that chance decided when it was made stands in it,
/// and `seed` alone decides what the simulated wire and the mesh's own jitter do.
struct History {
    std::string name;      ///< "web-outlives-its-leaf": lower case, digits and dashes
    std::string property;  ///< what it is about, for people; it is judged by all of the model
    std::string story;     ///< one line for people: what it shows; may be empty
    std::uint64_t seed = 1;
    Beginning world;
    std::vector<Step> steps;

    bool operator==(const History&) const = default;
};

/// The commands that a file may name, and the fields of each.
using Vocabulary = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Reads such a file. What is wrong with it is `invalid`, one line: "PATH:LINE: steps[3].do:
/// unknown: did you mean …?". Fields that a command does not need may be left out: what it lacks
/// then is said when it plays.
[[nodiscard]] Result<History> parse_history(std::string_view yaml, std::string_view path,
                                            const Vocabulary& known);
/// The same value as a file: parse_history gives it back.
[[nodiscard]] std::string to_yaml(const History& history);

/// A step as one line: "seal vault=0".
[[nodiscard]] std::string text_of(const Step& step);

}  // namespace meshproof::scenarios::explore
