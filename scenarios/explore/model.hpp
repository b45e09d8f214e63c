#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/time/time.hpp"

/// What the integration page says must be so, without a certificate and without a wire: names,
/// dates and what was done. The world is held against it after every step.
namespace meshproof::scenarios::explore {

/// A PKI in a Vault with an auth mount, as an account names them. A CA may use the PKI of another:
/// then what is said of issuers, signing role and policy stands with the other.
struct ModelCa {
    std::string vault;                       ///< "vault-0"
    std::string kube;                        ///< whose tokens it reviews
    std::string pki;                         ///< the CA whose PKI it uses; "" = its own
    std::string anchor;                      ///< of what it signs now; "" = the first, of its name
    bool has_issuer = true;                  ///< a default issuer that can sign
    std::optional<Time> issuer_until;        ///< when it ends; nothing = after the history
    bool may_sign = true;                    ///< the signing role allows the pods' ids
    bool limited = false;                    ///< a quota lets some requests through
    bool may_log_in = true;                  ///< the auth role takes its service accounts
    bool other_audience = false;             ///< it takes tokens for somebody else only
    bool few_uses = false;                   ///< a login's token serves a few signatures only
    bool has_policy = true;                  ///< a login may use the role
    int shortened = 1;                       ///< leaves live this fraction of what is asked for
    int fastest = 1;                         ///< and did so once: agents go by it until the next
    std::set<std::string> service_accounts;  ///< that the auth role takes
};

struct ModelAccount {
    std::string ca;
    std::string service_account;
    std::string label;
    std::string anchor{};  ///< that its bundle holds; "" = its CA's first
};

struct ModelCluster {
    std::string kube;                      ///< its API server
    std::string account;                   ///< that it is connected to; "" = none
    std::set<std::string> ever;            ///< anchors of the CAs that it was connected to so far
    std::map<std::string, int> workloads;  ///< with how many pods each was asked for
    bool unsure = false;  ///< what is wanted may not be applied: its API server was away
    /// The account whose configuration it runs for as long as its API server gives no answer to a
    /// wish; "" where there is no such wish, or none was connected.
    std::string still_runs{};
};

/// A pod as somebody saw it: facts, no opinion.
struct SeenPod {
    std::string cluster, workload, name, uid, id, leaf_id, serial;
    std::string ca;  ///< the anchor above its leaf, a CA's name; "" = none that is known
    bool ready = false;
    std::string reason;
    std::optional<Time> from, until;  ///< of its leaf; `until` is the first moment after it
    std::size_t logins_tried = 0, signatures_asked = 0;
};

/// What must come of something: yes, no, or the page leaves it open.
enum class Must { be, not_be, say_nothing };

class Model {
  public:
    Model() = default;
    /// `leaf`: a leaf's life as it is asked for.
    explicit Model(Duration leaf) : leaf_(leaf) {}

    std::map<std::string, ModelCa, std::less<>> cas;
    std::map<std::string, ModelAccount, std::less<>> accounts;
    std::map<std::string, ModelCluster, std::less<>> clusters;
    std::map<std::string, std::vector<std::string>, std::less<>> namespaces;  ///< global ones
    std::set<std::string> sealed;                                             ///< Vaults
    /// "agents>vault-0", "vault>kube-0", "alpha>kube-0", "pods>pods": no answer comes.
    std::set<std::string> troubles;
    std::set<std::string> quiet;  ///< those of them where a server asked to be left alone
    /// The servers' date; without it no issuer ends.
    std::function<Time()> now;
    Duration skew{};  ///< how far the mesh's date is ahead
    /// It was wrong once: what it took for ended then, an anchor's last leaf too, it has let go.
    bool skewed_once = false;
    std::set<std::string, std::less<>> wrong_dates;  ///< servers whose date is wrong

    [[nodiscard]] Duration leaf() const { return leaf_; }
    /// The longest time in which a pod gets a leaf from a CA that works.
    [[nodiscard]] Duration recovery() const;
    /// Whether everybody's date is right enough for what the others date.
    [[nodiscard]] bool dates_agree() const {
        return skew == Duration::zero() && wrong_dates.empty();
    }

    /// The shortest life that a signing role gives a leaf, or ever gave one.
    [[nodiscard]] Duration shortest_life() const;

    [[nodiscard]] bool kube_answers(std::string_view cluster) const;
    /// Every call of the signing path goes through now.
    [[nodiscard]] bool works(std::string_view cluster) const;
    /// No new leaf can come any more: a signature cannot be had, by whatever token.
    [[nodiscard]] bool cannot(std::string_view cluster) const;
    /// CA: Connected.
    [[nodiscard]] Must connected(std::string_view cluster) const;
    /// A global namespace is Healthy: its configuration is synced and applied.
    [[nodiscard]] Must healthy(std::string_view global_namespace) const;
    /// The name of the CA whose PKI a CA uses: often its own.
    [[nodiscard]] std::string pki_of(const std::string& ca) const;
    /// The anchor of what a CA signs now, and that of an account's bundle.
    [[nodiscard]] std::string anchor_of_leaves(const std::string& ca) const;
    [[nodiscard]] static std::string anchor_of(const ModelAccount& account);
    /// The clusters that use the account, by name.
    [[nodiscard]] std::vector<std::string> users(std::string_view account) const;
    /// The same, and those that still run it while they cannot be told otherwise.
    [[nodiscard]] std::vector<std::string> users_and_runners(std::string_view account) const;
    /// A cluster shall use this account from now on, or none ("").
    void want(const std::string& cluster, const std::string& account);
    /// Something of what is wanted of a cluster has changed.
    void doubt(const std::string& cluster);

    /// Its leaf is valid by the mesh's date; nothing within `near` of one of its ends.
    [[nodiscard]] std::optional<bool> valid(const SeenPod& pod, Time truth, Duration near) const;
    [[nodiscard]] Must ready(const SeenPod& pod, Time truth, Duration near) const;
    /// A request from one to the other over mutual TLS succeeds. `all`: every pod there is, since a
    /// CA before is trusted while a leaf below it lives.
    [[nodiscard]] Must talk(const SeenPod& from, const SeenPod& to, const std::vector<SeenPod>& all,
                            Time truth, Duration near) const;
    /// At most so many logins, and as many signatures, does a pod try in that time.
    /// `dated_wrong`: the mesh's date was wrong for some of it.
    [[nodiscard]] std::size_t most_attempts(Duration time, std::size_t steps,
                                            bool dated_wrong = false) const;
    /// At most so many signatures does a pod ask for in that time while its CA works: renewals,
    /// and a few for what was begun before.
    [[nodiscard]] std::size_t most_renewals(Duration time) const;
    /// And so many logins, where a login's token lives for so long.
    [[nodiscard]] std::size_t most_logins(Duration time, Duration token_life) const;
    /// At most so many of both together where every answer asks to be left alone for so long.
    [[nodiscard]] std::size_t most_in_quiet(Duration time, Duration each) const;

  private:
    [[nodiscard]] bool few_uses() const;
    /// Likewise of the mesh and the servers that this cluster's pods ask.
    [[nodiscard]] bool dates_agree_for(const ModelCluster& cluster) const;
    [[nodiscard]] const ModelAccount* account_of(const ModelCluster& cluster) const;
    /// Whoever asks with a good token gets a leaf that its cluster takes.
    [[nodiscard]] Must signs(const ModelCluster& cluster) const;
    [[nodiscard]] Must issuer_signs(const ModelCa& pki) const;
    /// Whoever asks for a token gets one.
    [[nodiscard]] bool logs_in(std::string_view name, const ModelCluster& cluster) const;
    /// Whether a cluster trusts a CA, as it is connected and by the leaves that live in it.
    [[nodiscard]] Must trusts(const std::string& cluster, const std::string& ca,
                              const std::vector<SeenPod>& all, Time truth) const;

    Duration leaf_{};
};

/// "agents>vault-0"
[[nodiscard]] std::string trouble_name(std::string_view from, std::string_view to);

}  // namespace meshproof::scenarios::explore
