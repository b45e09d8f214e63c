#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "perf/load/load.hpp"

namespace meshproof::load {

/// The percentiles that a curve keeps of each distribution; 0 is the shortest, 100 the longest.
inline constexpr std::array kept_percentiles = {0.0,  5.0,  10.0, 25.0, 50.0, 75.0,
                                                90.0, 95.0, 99.0, 99.9, 100.0};

/// Times in short: what is left of a histogram in a curve.
struct Quantiles {
    std::uint64_t count = 0;
    Duration mean{};
    std::array<Duration, kept_percentiles.size()> at{};  ///< by kept_percentiles; never falls

    /// The first kept percentile from `percentile` on: at least as slow as that one.
    [[nodiscard]] Duration from(double percentile) const;
    [[nodiscard]] bool operator==(const Quantiles&) const = default;
};
[[nodiscard]] Quantiles quantiles_of(const stats::Histogram& histogram);

/// What one rate gave. Times are of whole transactions; see StageTimes for what is in them.
struct CurveStep {
    double asked = 0, got = 0;  ///< transactions a second; got: Measured::settled_rate()
    Duration lasted{};
    std::uint64_t transactions = 0;  ///< asked in all
    double error_share = 0;
    bool hold = false;  ///< asked for long, to confirm what a shorter step had shown
    Quantiles response, service;
    std::map<std::string, Quantiles> stages;  ///< service times of "login" and "sign"

    [[nodiscard]] bool operator==(const CurveStep&) const = default;
};

/// What find-max measured of one server in one mode: rates, and what each gave.
struct Curve {
    std::string version;  ///< of the meshproof that measured it
    Time measured;        ///< when it began, in whole seconds
    std::string target;   ///< as it was named: sim, fakes, or the file
    std::string product, server_version;
    Profile profile = Profile::login_sign;
    TokenMode token = TokenMode::service;
    Storage storage = Storage::stored;
    crypto::KeyType key_type = crypto::KeyType::p256;
    std::string ca_key_type = "ec";  ///< as Vault names it
    std::size_t connections = 0;
    Slo slo;                       ///< that was looked for
    std::vector<CurveStep> steps;  ///< in the order in which they were asked; at least one

    /// Whether a transaction is what a pod does to get a leaf: a login and a signature.
    [[nodiscard]] bool gives_leaves() const;
};

/// The curve of a load with find-max; without steps that were stopped in their middle.
[[nodiscard]] Curve curve_of(const Outcome& outcome, std::string_view target);

/// Adds a curve; one of the same server in the same mode gives way to it.
void add_curve(std::vector<Curve>& curves, Curve curve);

/// "login-sign, service tokens, p-256 keys, ec CA, certificates stored, 64 connections"
[[nodiscard]] std::string mode_text(const Curve& curve);
/// As --slo takes it: "p99=50ms,errors=0.1%".
[[nodiscard]] std::string slo_text(const Slo& slo);

inline constexpr std::string_view curve_schema = "meshproof.curve/v1";
/// Several curves as one document (docs/curve.schema.json). Besides what was measured, it has what
/// follows from it at the curve's own SLO; that is not read again.
[[nodiscard]] std::string curves_json(const std::vector<Curve>& curves);
/// `invalid` says where in the document what was expected.
[[nodiscard]] Result<std::vector<Curve>> parse_curves(std::string_view text);
[[nodiscard]] Result<std::vector<Curve>> read_curves(const std::string& path);

}  // namespace meshproof::load
