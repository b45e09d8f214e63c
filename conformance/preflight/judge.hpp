#pragma once

#include "conformance/preflight/health_check.hpp"
#include "conformance/preflight/rule.hpp"

namespace meshproof::preflight {

/// One thing that is wrong, with what mends it.
struct Finding {
    const Rule* rule = nullptr;
    std::string object;                   ///< "pki_int/roles/mesh"
    std::string evidence;                 ///< what was seen, one line
    int line = 0;                         ///< of the account file; 0 = it does not say
    std::vector<std::string> bao, vault;  ///< commands, in both spellings
    std::string accepted;                 ///< the reason, where somebody lives with it
    /// The same finding on the same object, whatever else changed: for tools that compare runs.
    [[nodiscard]] std::string fingerprint() const;
};

/// What could not be judged, and why.
struct Unjudged {
    const Rule* rule = nullptr;
    std::string why;
};

/// What preflight says of an account. Every format is made from this one value.
struct Report {
    std::string account, file;   ///< its name, and where it is written
    std::string vault, cluster;  ///< "openbao 2.7.2 at https://…"; "" = unknown
    bool read_only = false, unreachable = false;
    std::string cut;       ///< why the look ended before all was asked; "" = all was
    Duration time_left{};  ///< of the look's limit
    std::vector<Finding> found, accepted;
    std::vector<Unjudged> unknown;
    std::vector<const Rule*> held;
    bool openbao = false;                     ///< the product, where the Vault answered
    std::string pki_mount;                    ///< of the account's sign path
    std::optional<HealthCheck> health_check;  ///< where it was asked; it decides nothing

    [[nodiscard]] std::size_t count(Severity severity) const;
};

/// Judges every rule on the facts.
[[nodiscard]] Report judge(const Facts& facts);

/// 0 nothing at error level, 1 something is, 3 the Vault did not answer, 5 the look was cut and
/// nothing at error level was seen before: whatever the format.
[[nodiscard]] int exit_code(const Report& report);

}  // namespace meshproof::preflight
