#pragma once

#include <map>
#include <string>
#include <vector>

#include "conformance/preflight/judge.hpp"
#include "core/http/transport.hpp"
#include "core/run/target.hpp"
#include "core/time/clock.hpp"

/// What a change would do to an account's agents: the same steps on two servers, one as it is and
/// one as it would be. Who makes such servers is the caller's matter (fakes, in virtual time).
namespace meshproof::preflight {

/// An agent's way to a leaf, and where it ended.
struct Attempt {
    enum class Step {
        none,   ///< it has a leaf
        token,  ///< the API server gave no token
        login,
        sign,
        check,  ///< what came is no SVID of it that the mesh would take
    };
    Step refused_at = Step::none;
    std::string words;  ///< the server's own; of a check, what is wrong with the leaf
    Duration life{};    ///< of the leaf
    [[nodiscard]] bool has_leaf() const { return refused_at == Step::none; }
};
[[nodiscard]] std::string_view to_string(Attempt::Step step);

/// What the agents of an account get at its servers. Identities are told by the path of their
/// SPIFFE ID: "/ns/shop/sa/cart".
struct Side {
    Report report;
    std::string trust_domain;
    double renew_at = 0;                           ///< the account's own
    std::map<std::string, Attempt> first;          ///< of a pod that starts
    std::map<std::string, Attempt> renewed;        ///< when a leaf of before has to be renewed
    [[nodiscard]] Duration shortest_life() const;  ///< zero where nobody has a leaf
};

struct SideOptions {
    std::vector<std::string> identities{};  ///< none = one that no workload has
    Duration renew_after{};                 ///< zero = as the leaves that they got ask for
};

/// The account at other servers: the first Vault and cluster of the target, with that trust. An
/// account with a token at hand gets tokens of the same service account there; `invalid` where the
/// token does not say whose it is.
[[nodiscard]] Result<run::Account> moved_to(run::Account account, const run::Target& target,
                                            std::vector<crypto::Certificate> trust);

/// Looks (look.hpp), then has every identity log in and get a leaf, and again after a while. Waits
/// by the clock for as long as a leaf lives, so it is for virtual time.
[[nodiscard]] Task<Side> play_side(Clock& clock, http::Transport& transport, run::Account account,
                                   SideOptions options);

/// A change, by what was before it and what would be after it.
struct Plan {
    Side before, after;
    std::size_t not_played = 0;  ///< identities that there was no room for

    /// An identity that has leaves before, and would not be given one after.
    struct Stop {
        std::string id;  ///< the SPIFFE ID
        Attempt attempt;
        bool at_once = true;       ///< false = only when the leaves of before are renewed
        Duration from{}, until{};  ///< after the change: the first and the last pod without a leaf
    };
    [[nodiscard]] std::vector<Stop> stops() const;
    /// Ids that get leaves after; those that begin had none before.
    [[nodiscard]] std::vector<std::string> keeps() const;
    [[nodiscard]] std::vector<std::string> begins() const;
    /// Ids without leaves on both sides, with what was said after.
    [[nodiscard]] std::map<std::string, Attempt> neither() const;
    /// Findings that are there on one side only.
    [[nodiscard]] std::vector<Finding> appears() const;
    [[nodiscard]] std::vector<Finding> vanishes() const;
};

/// 0 the change may go out; 1 somebody would stop getting leaves, a finding at error level appears,
/// or nobody has a leaf after it, so that nothing was shown.
[[nodiscard]] int exit_code(const Plan& plan);
[[nodiscard]] std::vector<std::string> to_text(const Plan& plan);
/// The report of after as docs/preflight.schema.json has it, with `plan`.
[[nodiscard]] std::string to_json(const Plan& plan);
/// The verdict in the first line, then who stops and what appears, with what mends it; for a
/// pipeline's summary. At most so many bytes.
[[nodiscard]] std::string to_markdown(const Plan& plan, std::size_t most_bytes = 1'000'000);

}  // namespace meshproof::preflight
