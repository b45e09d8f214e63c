#pragma once

#include <span>

#include "core/time/prng.hpp"
#include "scenarios/explore/play.hpp"

namespace meshproof::scenarios::explore {

/// Something that may happen: one row of the table.
struct Command {
    std::string name;  ///< as files have it
    std::string
        group;       ///< "time", "pods", "accounts", "vault", "wire", "clock", "secrets", "health"
    int weight = 1;  ///< how often, beside the others of its group
    std::vector<std::string> fields;  ///< its data; each is drawn from the field's own pool
    /// Why it does not apply now; "" = it does.
    std::string (*why_not)(const Play& play, const Step& step) = nullptr;
    /// Changes the world and the model.
    Task<void> (*apply)(Play& play, Step step) = nullptr;
};

/// All of them, by group and name.
[[nodiscard]] const std::vector<Command>& commands();
[[nodiscard]] const Command* command_named(std::string_view name);
[[nodiscard]] std::vector<std::string> groups();
/// What files may name.
[[nodiscard]] const Vocabulary& vocabulary();

/// A value of this field, for a world that begins so.
[[nodiscard]] std::string draw_field(const std::string& field, const Beginning& world, Prng& prng);

/// Plays one step: its wait, then what it does, where that applies; then the check. What it did,
/// or why not, stands in the record.
[[nodiscard]] Task<void> take(Play& play, Step step);

// For the files that hold the rows.
using Rows = std::vector<Command>;
[[nodiscard]] Rows pod_rows();
[[nodiscard]] Rows account_rows();
[[nodiscard]] Rows vault_rows();
[[nodiscard]] Rows wire_rows();

/// A step's field, "" where it is left out.
[[nodiscard]] std::string field(const Step& step, std::string_view name);
/// Why a step cannot be about this cluster or account: there is none, or its API server is away.
[[nodiscard]] std::string no_cluster(const Play& play, const Step& step);
[[nodiscard]] std::string no_account(const Play& play, const Step& step);
[[nodiscard]] mesh::Cluster cluster_of(Play& play, const Step& step);

}  // namespace meshproof::scenarios::explore
