#pragma once

#include <string_view>

#include "core/run/account.hpp"

/// What the products' own `pki health-check` says of a mount, beside our rules. It knows no mesh:
/// its thresholds are fixed days, which call every short-lived CA critical. So it is shown, and
/// decides nothing.
namespace meshproof::preflight {

struct HealthCheck {
    struct Item {
        std::string id;      ///< the product's, after "health-check/": "health-check/tidy_last_run"
        std::string status;  ///< the product's: "critical", "warning", "informational", "ok", …
        std::string object;  ///< "/pki_int/roles/mesh"
        std::string message;   ///< one line
        std::size_t more = 0;  ///< others of the same id, status and object, which are left out
        /// Neither "ok" nor "not_applicable".
        [[nodiscard]] bool says_something() const;
        /// Neither "insufficient_permissions" nor "invalid_version".
        [[nodiscard]] bool was_judged() const;
    };
    std::string program;        ///< "bao" or "vault"; "" = neither is on PATH
    std::string not_run;        ///< why there are no results; "" = there are
    std::vector<Item> results;  ///< the worst first
};

struct HealthCheckOptions {
    bool openbao = true;  ///< of the two programs, the product's own is asked if it is there
    std::string mount;    ///< of the PKI engine
    Duration limit = std::chrono::seconds(10);  ///< zero or less = there is no time to run it
};

/// Runs `bao pki health-check MOUNT` (or vault's), which reads and lists, and writes nothing.
/// Token, address, CA and namespace are the account's, and reach it by its environment alone.
/// Blocks.
[[nodiscard]] HealthCheck ask_health_check(const run::Account& account,
                                           const HealthCheckOptions& options);

/// The results in what it prints with -format=json.
[[nodiscard]] Result<std::vector<HealthCheck::Item>> read_health_check(std::string_view json);

}  // namespace meshproof::preflight
