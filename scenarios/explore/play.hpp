#pragma once

#include "core/world/world.hpp"
#include "scenarios/explore/history.hpp"
#include "scenarios/explore/model.hpp"
#include "scenarios/explore/record.hpp"
#include "scenarios/explore/wire.hpp"

/// One history while it plays: the world and the model side by side. Commands change both; `check`
/// holds one against the other.
namespace meshproof::scenarios::explore {

/// What `record.faults` calls a clock of the mesh that is set wrong.
inline constexpr std::string_view wrong_date = "the mesh's date is wrong";

/// So many lives of a leaf does an issuer live: months, where leaves live a day.
inline constexpr int lives_of_an_issuer = 1000;

/// The global namespace of all clusters, which is there from the beginning.
inline constexpr const char* all_clusters = "all";

/// A CA as it really is, beside ModelCa.
struct RealCa {
    run::PreparedVault prepared;
    std::string policy;            ///< its text
    std::string second_account;    ///< may log in as well as the first
    std::string tokens = "usual";  ///< of what kind a login's are (auth_commands.cpp)
    Duration token_life{};         ///< of those
    Duration tokens_since{};       ///< since when, by Clock::elapsed
};

/// A root with what it signed: what a bundle holds, and whose leaves chain to it.
struct Anchor {
    std::string bundle_pem;
    std::vector<crypto::Certificate> issuers;  ///< one after the other, the present one last
};

struct Play {
    Play(run::World& its_world, TroubledEnvironment& its_environment, const History& its_history,
         Record& its_record);

    run::World& world;
    TroubledEnvironment& environment;
    const History& history;
    Record& record;
    Model model;
    Duration began{};
    std::map<std::string, RealCa, std::less<>> cas;      // by the name of the first account
    std::map<std::string, Anchor, std::less<>> anchors;  // a CA's first has its name
    std::map<std::string, run::VaultSite> in_namespace;  ///< Vaults, where accounts name one
    std::string public_anchor;  ///< the one whose root all machines trust; "" = none
    /// Pods beside those that their workload asks for: name -> cluster; "" = it is gone.
    std::map<std::string, std::string> by_hand;
    std::set<std::string> with_stranger;  ///< API servers that have a service account of nobody's
    std::set<std::string> elects;         ///< Vaults whose nodes elect a leader
    std::map<std::string, mesh::Cluster, std::less<>> clusters;
    std::vector<std::string> wrong;  ///< since this step began

    // What `check` remembers from one step to the next.
    struct Counts {
        std::size_t logins = 0, signatures = 0;
    };
    std::map<std::string, Counts> counted;    // by pod uid
    std::map<std::string, std::string> held;  ///< by pod uid, the serial of its leaf
    Duration counted_at{};
    Duration skew_counted{};              ///< of the mesh's date then
    std::set<std::string> quiet_counted;  ///< clusters whose Vault asked to be left alone then
    /// Since then somebody was made to ask out of turn, or something was broken and mended.
    bool disturbed = false;
    std::map<std::string, std::map<std::string, std::string>>
        frozen;  ///< cluster -> uid -> serial, from when no leaf could come any more
    std::map<std::string, std::optional<Duration>> works_since;  // by cluster
    struct KnownLeaf {
        std::string ca, id, key;
    };
    std::map<std::string, KnownLeaf> leaves;  ///< by serial: each is looked into once
    std::map<std::pair<std::string, std::string>, Duration>
        spent;  ///< cluster, CA before the present one -> since when no leaf below it lives
    std::set<std::string> unready;              // uids
    std::map<std::string, std::string> key_of;  ///< hash of a public key -> serial of its leaf
    std::map<std::string, std::set<std::string>>
        named;  ///< cluster -> service accounts that an account has named there so far
    std::set<std::string> to_look_at;  ///< clusters whose service accounts have changed
    struct Kept {
        std::string from, to;
        auto operator<=>(const Kept&) const = default;
    };
    std::set<Kept> kept;  ///< serials of two leaves between which a connection was kept
    /// What decided a request between two pods when it was asked for last.
    struct Asked {
        Kept leaves;
        Must must = Must::say_nothing;
        std::vector<crypto::Certificate> from_trust, to_trust;
        bool operator==(const Asked&) const = default;
    };
    struct LastAsked {
        Asked what;
        std::size_t rounds = 0;  ///< that went by since, with nothing new
    };
    std::map<std::pair<std::string, std::string>, LastAsked> asked;  ///< by the pods' uids

    [[nodiscard]] Duration now() const;  ///< since the history began
    [[nodiscard]] Time truth() const;
    [[nodiscard]] Duration near() const;  ///< nobody is judged nearer to an edge than that
    /// How long a server that asks for it wants to be left alone: longer than anybody waits
    /// unasked, and short enough for what must come within Model::recovery().
    [[nodiscard]] Duration quiet() const;
    [[nodiscard]] std::vector<SeenPod> pods();
    [[nodiscard]] std::vector<SeenPod> pods_of(std::string_view cluster);
    /// The same pod as it is now; nothing where it is gone.
    [[nodiscard]] std::optional<SeenPod> again(const SeenPod& pod);
    [[nodiscard]] run::VaultSite& vault_of(const RealCa& ca) const { return *ca.prepared.site; }
    void reach(std::string_view mark);
    /// Nobody is held to what he did since the last check, nor to what he had no time for since.
    void disturb();
    void fault_begins(std::string what);
    void fault_ends(std::string_view what);

    /// Notes what does not hold, under the property's tag.
    template <class... Args>
    void expect(bool holds, std::string_view tag, fmt::format_string<Args...> format,
                Args&&... args) {
        if (!holds) {
            wrong.push_back(
                fmt::format("{}: {}", tag, fmt::format(format, std::forward<Args>(args)...)));
        }
    }
};

/// Vaults, clusters, accounts and workloads as the history has them, all ready.
[[nodiscard]] Task<void> begin(Play& play);
/// The account's PKI and auth mount, made for this cluster; the one that was made before under
/// the same name where there is one.
[[nodiscard]] Task<void> make_ca(Play& play, std::string name, std::string cluster,
                                 std::size_t vault);
/// The same on the PKI of another, which is there: an auth mount of its own, for this cluster.
[[nodiscard]] Task<void> make_shared_ca(Play& play, std::string name, std::string cluster,
                                        std::string other);
[[nodiscard]] Result<void> add_account(Play& play, const std::string& name);
/// Onboards one of the history's clusters by an account that is there, with its workloads.
[[nodiscard]] Task<void> onboard(Play& play, std::string name, std::string account);
/// One pod to another, judged by the model.
[[nodiscard]] Task<void> request(Play& play, SeenPod from, SeenPod to, std::string when);
/// A round of requests: each pod asks the next, through all clusters.
/// `thorough`: of every pair, over both kinds of connection, whatever was asked before.
[[nodiscard]] Task<void> requests(Play& play, std::string when, bool thorough = false);
/// The world agrees with the model.
[[nodiscard]] Task<void> check(Play& play, std::string when);
/// What the mesh says of a global namespace, and with it of the health of all its clusters, agrees
/// with the model.
[[nodiscard]] Task<void> check_namespace(Play& play, std::string name, std::string when);
/// The same of what it has just said of one cluster, where the model expected `must`.
void judge_health(Play& play, const std::string& cluster, Must must, const mesh::CaHealth& health,
                  const std::string& when);
/// All faults of wire, clock and servers end, and everybody who may be ready is so within a bound.
[[nodiscard]] Task<void> heal(Play& play);

}  // namespace meshproof::scenarios::explore
