#pragma once

#include <optional>
#include <string>
#include <vector>

#include "perf/load/capacity.hpp"

namespace meshproof::load {

/// A mesh that a Vault shall carry.
struct Wish {
    std::size_t pods = 1000;
    Duration life = std::chrono::hours(1);       ///< of leaves
    Duration within = std::chrono::seconds(10);  ///< all pods restart in this time
    std::optional<Duration> ready;               ///< the last of them has to be ready by then
    /// The mode that is asked about; nothing = whatever the file's first curve has.
    std::optional<TokenMode> token;
    std::optional<Storage> storage;
    std::optional<crypto::KeyType> key_type;
    std::optional<Slo> slo;  ///< nothing = the curve's own
};

/// What another measured mode of the same server would give.
struct Alternative {
    std::string change;  ///< what has to become different: "token_type=batch, no_store=true"
    Curve curve;
    double rate = 0;              ///< that keeps the same SLO
    std::optional<double> times;  ///< of the rate of now; nothing where that is none
};

/// A mode that the file does not have.
struct Unmeasured {
    std::string change, command;  ///< what would be different, and how that is measured
};

/// Whether a Vault carries a mesh, by its curve.
struct Plan {
    Wish wish;
    Curve curve;
    Slo slo;
    std::optional<BestRate> best;
    Saturation full;
    double renewals = 0;  ///< a second
    double headroom = 0;  ///< how many times that the best rate is; 0 where there is none
    std::size_t most_pods = 0;
    std::optional<Duration> least_life;  ///< nothing where no rate keeps the SLO
    std::optional<StormPrediction> storm;
    std::vector<Alternative> alternatives;  ///< the one that helps most first
    std::vector<Unmeasured> unmeasured;

    /// The renewals fit, and where it was asked, the restart is over in time.
    [[nodiscard]] bool carries() const;
};

/// By the first curve of login-sign in the mode that the wish names. `invalid` where there is none:
/// it says what the file has, and how the mode is measured. `file` is the curves', for that
/// command.
[[nodiscard]] Result<Plan> make_plan(const std::vector<Curve>& curves, const Wish& wish,
                                     std::string_view file);

/// The verdict first, then why, then what would help.
[[nodiscard]] std::vector<std::string> plan_text(const Plan& plan);

inline constexpr std::string_view plan_schema = "meshproof.plan/v1";
/// The same as a document (docs/plan.schema.json).
[[nodiscard]] std::string plan_json(const Plan& plan);

}  // namespace meshproof::load
