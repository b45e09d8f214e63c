#pragma once

#include <rapidcheck.h>

#include <functional>
#include <string>
#include <vector>

#include "core/world/world.hpp"
#include "fakes/world/environments.hpp"
#include "scenarios/explore/player.hpp"

/// Properties over random histories: what RapidCheck draws is played in a sim world, and everything
/// that is wrong comes back as text.
namespace meshproof::scenarios::histories {

/// The sim world of one history.
struct Setting {
    std::uint64_t seed = 1;
    fakes::SimOptions sim;
    Duration skew{};  ///< how far the mesh's own clock is ahead of the servers': a deliberate fault
    mesh::Seams seams;  ///< with a saboteur of the mesh, or none
};
/// One Vault and one cluster with these saboteurs.
[[nodiscard]] Setting setting(std::uint64_t seed,
                              std::set<std::string, std::less<>> saboteurs = {});

/// What happens in a world of its own, where that is no history.
using Story = std::function<Task<void>(run::World& world)>;
/// Plays the story: its failed expectations, the monitors' violations, and whatever ended it early.
[[nodiscard]] std::vector<std::string> play(Setting setting, Story story);

/// How much chance a property is given.
struct Effort {
    int cases = 5;                      ///< RC_PARAMS="max_success=500" overrides it
    std::optional<std::uint64_t> seed;  ///< nothing = a new one each time (RC_PARAMS="seed=…")
};
inline constexpr Effort everyday{};
/// For what must fail: always the same cases, up to one that does.
inline constexpr Effort until_it_fails{.cases = 60, .seed = 1};

/// Checks a property: `history` draws what happens (shown where it fails), `wrong` plays it under a
/// world's seed.
template <class History>
rc::detail::TestResult check(
    const std::string& name, Effort effort, const rc::Gen<History>& history,
    const std::function<std::vector<std::string>(std::uint64_t seed, const History&)>& wrong) {
    auto params = rc::detail::configuration().testParams;
    if (params.maxSuccess == rc::detail::TestParams().maxSuccess) {
        params.maxSuccess = effort.cases;
    }
    params.seed = effort.seed.value_or(params.seed);
    rc::detail::TestMetadata metadata;
    metadata.id = metadata.description = name;
    const auto property = rc::detail::toProperty([&] {
        // The few cases there are should not be small ones.
        const auto told = *rc::gen::resize(rc::kNominalSize, history).as("history");
        // Not shrunk, so that a shorter history is tried under the same chance.
        const auto seed = *rc::gen::noShrink(rc::gen::resize(rc::kNominalSize,
                                                             rc::gen::arbitrary<std::uint32_t>()))
                               .as("seed");
        const auto failures = wrong(seed, told);
        if (!failures.empty()) {
            RC_FAIL(fmt::format("{}", fmt::join(failures, "\n")));
        }
    });
    return rc::detail::checkProperty(property, metadata, params);
}

/// Up to `most` items, which shrinks by leaving some out.
template <class Item>
rc::Gen<std::vector<Item>> list_of(const rc::Gen<Item>& item, int most) {
    return rc::gen::resize(
        most, rc::gen::container<std::vector<Item>>(rc::gen::resize(rc::kNominalSize, item)));
}

/// True where it held; otherwise `told` has the shrunk history, the seed and what was wrong.
[[nodiscard]] bool held(const rc::detail::TestResult& result, std::string& told);

/// Up to `most` steps by these commands, each as likely as the others, in a world with one cluster
/// and one Vault.
[[nodiscard]] rc::Gen<std::vector<explore::Step>> steps_by(std::vector<std::string> commands,
                                                           int most);

/// Plays the steps against the model (scenarios/explore), each with its check; at the end all
/// heals.
[[nodiscard]] std::vector<std::string> tell(Setting setting,
                                            const std::vector<explore::Step>& steps);

}  // namespace meshproof::scenarios::histories

namespace meshproof::scenarios::explore {

/// For RapidCheck's messages.
void showValue(const Step& step, std::ostream& out);

}  // namespace meshproof::scenarios::explore
