#pragma once

#include "conformance/preflight/judge.hpp"
#include "conformance/preflight/look.hpp"
#include "conformance/preflight/tests/shell.hpp"
#include "core/world/world.hpp"

namespace meshproof::preflight {

/// A mesh that our own recipe set up, on fakes in virtual time: its account, an administrator's
/// shell, and looks at it.
struct Site {
    explicit Site(vault::Product product = vault::Product::openbao);

    /// Runs the loop until it has ended; what it throws comes out here.
    void drive(Task<void> work) { environment->drive(std::move(work)); }
    /// Follows the recipe, creates the service account, and fills in the account.
    [[nodiscard]] Task<void> set_up();
    /// A command with %mount%, %role%, … of this account filled in.
    [[nodiscard]] Task<void> type(std::string command);
    [[nodiscard]] Task<Report> look(LookOptions options = {});

    std::unique_ptr<run::Environment> environment;
    run::World world;
    run::Account account;
    std::optional<Shell> shell;
    Values values;  ///< of the last look, and of the recipe
};

/// The ids of what was found, errors first.
[[nodiscard]] std::vector<std::string> ids(const Report& report);
/// Null where it was not found.
[[nodiscard]] const Finding* find(const Report& report, std::string_view id);

}  // namespace meshproof::preflight
