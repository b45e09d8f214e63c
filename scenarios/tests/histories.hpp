#pragma once

#include <rapidcheck.h>

#include <functional>
#include <string>
#include <vector>

#include "core/world/world.hpp"
#include "fakes/world/environments.hpp"

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

/// The clock of servers and wire, which a skewed mesh does not see.
using Story = std::function<Task<void>(run::World& world, Clock& truth)>;
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

/// What may happen to a mesh.
struct Command {
    enum class Kind {
        advance,      ///< `amount` sixteenths of a leaf's life pass
        to_the_edge,  ///< until just before the next leaf ends, then just after
        cut,          ///< the way to Vault
        restore,
        restart,         ///< the pod of workload `amount`
        deploy,          ///< one more workload
        delete_account,  ///< the CA goes: the integration in the mesh
        delete_issuer,   ///< the CA goes: its issuer in Vault
    };
    Kind kind = Kind::advance;
    int amount = 0;
};
void showValue(const Command& command, std::ostream& out);

/// Up to `most` commands of these kinds, each as likely as the others.
[[nodiscard]] rc::Gen<std::vector<Command>> commands(std::vector<Command::Kind> kinds, int most);

/// A cluster with workloads w0, w1, … of one pod each, and the model of what must be so.
class MeshStory {
  public:
    MeshStory(run::World& world, Clock& truth) : world_(&world), truth_(&truth) {}

    /// Connects the cluster and deploys three workloads, all ready.
    [[nodiscard]] Task<void> begin();
    [[nodiscard]] Task<void> apply(Command command);
    /// Leaves are accepted exactly within their validity, readiness says so too; with a working CA
    /// every pod has a valid leaf; after its deletion nobody has another leaf than before.
    [[nodiscard]] Task<void> check(std::string when);

    [[nodiscard]] bool ca_works() const { return !cut_ && !removed_; }

  private:
    [[nodiscard]] mesh::Cluster& cluster() { return *cluster_; }
    [[nodiscard]] mesh::PodView pod(std::size_t workload);
    [[nodiscard]] bool valid(const mesh::PodView& pod) const;
    [[nodiscard]] Task<void> to_the_edge();
    [[nodiscard]] Task<void> restart(std::size_t workload);
    [[nodiscard]] Task<void> deploy();
    [[nodiscard]] Task<void> removed();
    [[nodiscard]] Task<void> expect_requests(std::string when);
    void expect_nothing_new(const std::string& when);

    run::World* world_;
    Clock* truth_;
    run::PreparedVault prepared_;
    std::optional<mesh::Cluster> cluster_;
    std::size_t workloads_ = 0;
    bool cut_ = false, removed_ = false, account_deleted_ = false;
    std::map<std::string, std::string> leaves_at_removal_;  // pod uid -> serial, "" = none
};

/// Begins, applies each command and checks after each.
[[nodiscard]] std::vector<std::string> tell(Setting setting, const std::vector<Command>& history);

}  // namespace meshproof::scenarios::histories
