#pragma once

#include <string>

#include "conformance/preflight/export.hpp"
#include "core/run/account.hpp"

/// `preflight --plan`, and what `export` shares with it: a mesh's account, and its configuration as
/// its servers have it.
namespace meshproof::cli {

/// UsageError where the file cannot be used.
[[nodiscard]] run::Account load_account(const std::string& path);

/// Reads it from the account's own servers; what is left out is noted. CannotGoOn where the Vault
/// does not answer.
[[nodiscard]] preflight::Export export_of(const run::Account& account);

struct PlanQuestion {
    std::string account;        ///< the account file
    std::string change;         ///< a set-up file with what changes; "" = `after` says it whole
    std::string before, after;  ///< exports, or folders of set-up files; before "" = read it now
    std::string format;         ///< "text", "json" or "markdown"
    std::string report;         ///< a folder that is there, for plan.json and plan.md; "" = none
    std::string summary;        ///< a file that gets the Markdown; "" = none
};

/// Plays the change on fakes in virtual time, and says what comes of it.
[[nodiscard]] int plan_change(const PlanQuestion& question);

}  // namespace meshproof::cli
