#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/check/probe.hpp"

namespace meshproof::run {

/// One behaviour of a server: plain data and one function.
struct Check {
    std::string_view name;                  ///< its own in its topic: "capped-by-the-role"
    std::string_view requirement;           ///< one sentence, true of a right server
    std::vector<int> rows{};                ///< of docs/wire-contract.md that it covers
    std::vector<std::string_view> rules{};  ///< of docs/svid-rules.md: "L1"
    std::string_view source{};  ///< an RFC or another document's section, where there is one
    Level level;  ///< on purpose without a default: a check that gives none is refused
    std::set<Feature> features{};  ///< without them it is skipped, and the report says so
    bool exclusive = false;  ///< disturbs everybody on the same server: runs alone on a shared one
    Task<void> (*run)(Probe&) = nullptr;
    /// The topic's path, then the name: "vault/pki/sign/ttl/capped-by-the-role". The index sets it.
    std::string id{};

    /// Which server it is about: "kube" for ids under kube/, else "vault".
    [[nodiscard]] std::string_view server() const {
        return id.starts_with("kube/") ? "kube" : "vault";
    }
    /// "wire contract 93, SVID L1, RFC 5280 4.2.1.9"
    [[nodiscard]] std::string sources() const;
};

}  // namespace meshproof::run
