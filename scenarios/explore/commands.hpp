#pragma once

#include <charconv>
#include <span>

#include "core/time/prng.hpp"
#include "scenarios/explore/play.hpp"

namespace meshproof::scenarios::explore {

/// Something that may happen: one row of the table.
struct Command {
    std::string name;  ///< as files have it
    std::string
        group;       ///< "time", "pods", "accounts", "vault", "wire", "clock", "secrets", "load", …
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
[[nodiscard]] Rows cluster_rows();
[[nodiscard]] Rows vault_rows();
[[nodiscard]] Rows wire_rows();
[[nodiscard]] Rows issuer_rows();
[[nodiscard]] Rows auth_rows();
[[nodiscard]] Rows scale_rows();
[[nodiscard]] Rows together_rows();
[[nodiscard]] Rows stranger_rows();
[[nodiscard]] Rows accident_rows();
[[nodiscard]] Rows load_rows();

/// A step's field, "" where it is left out.
[[nodiscard]] std::string field(const Step& step, std::string_view name);
/// A step's field as a number; `otherwise` where it is left out, or no number.
template <class Number>
[[nodiscard]] Number number_of(const Step& step, std::string_view name, Number otherwise) {
    const auto text = field(step, name);
    std::from_chars(text.data(), text.data() + text.size(), otherwise);
    return otherwise;
}
/// Of what applies always.
[[nodiscard]] std::string always(const Play& play, const Step& step);
/// Why a step cannot be about this cluster, account or Vault: there is none.
[[nodiscard]] std::string no_such_cluster(const Play& play, const Step& step);
[[nodiscard]] std::string no_account(const Play& play, const Step& step);
[[nodiscard]] std::string no_vault(const Play& play, const Step& step);
/// Why a step cannot go by a cluster's API server: there is no such cluster, or it is away.
[[nodiscard]] std::string no_cluster(const Play& play, const Step& step);
[[nodiscard]] mesh::Cluster cluster_of(Play& play, const Step& step);
/// The selector of what the mesh made in a cluster.
[[nodiscard]] std::string labels_of_cluster(const Play& play, const std::string& cluster);
/// Why a step cannot be about the pods of a workload: it does not run there, or as above.
[[nodiscard]] std::string no_workload(const Play& play, const Step& step);
/// Why a step cannot delete an account: there is none, or it is open who uses it.
[[nodiscard]] std::string no_sure_account(const Play& play, const Step& step);

/// The CA of a step's account, real and in the model.
struct Ca {
    RealCa* real;
    ModelCa* model;
    std::string name;
};
[[nodiscard]] Ca ca_of(Play& play, const Step& step);
/// The one whose PKI it uses: often itself.
[[nodiscard]] Ca pki_of(Play& play, const Step& step);
/// Why a step cannot be about the CA of an account: there is none, or its Vault is sealed.
[[nodiscard]] std::string no_ca(const Play& play, const Step& step);
/// Whether a pod has a leaf below this anchor that is in its time.
[[nodiscard]] bool leaves_live(Play& play, const std::string& anchor);
/// Why a step cannot be about what the CA of an account signs: as above, or it has no issuer.
[[nodiscard]] std::string no_issuer(const Play& play, const Step& step);
/// Why nobody can touch what the mesh keeps in alpha: it keeps nothing there, or cannot say so now.
[[nodiscard]] std::string no_secret(const Play& play, const Step& step);
/// Writes the auth role as the model has it, with the kind of tokens that `real.tokens` names.
[[nodiscard]] Task<void> write_auth_role(Play& play, Ca ca);
/// From now on its logins give tokens of this kind (auth_commands.cpp).
[[nodiscard]] Task<void> give_tokens(Play& play, Ca ca, std::string kind);
/// Writes the signing role as the model has it: for the pods' ids and no others, or for none of
/// them.
[[nodiscard]] Task<void> write_signing_role(Play& play, Ca pki);

/// Something of a CA that may be as it should be, or not.
struct Switch {
    bool ModelCa::* flag;
    bool good;                 ///< the flag's value where it is as it should be
    std::string_view trouble;  ///< what is said of the CA where it is not: "takes no login"
    std::string_view mark;     ///< of the situation that it is not; "" = none
    Ca (*whose)(Play& play, const Step& step);
    Task<void> (*write)(Play& play, Ca ca);  ///< tells the servers, as the model has it
};
/// Makes it so in the model, among the faults, and on the servers. `what` outlives the call.
[[nodiscard]] Task<void> turn(Play& play, Ca ca, const Switch& what, bool good);
/// The same as a command's `apply`.
template <const Switch& what, bool good>
[[nodiscard]] Task<void> turned(Play& play, Step step) {
    co_await turn(play, what.whose(play, step), what, good);
}
/// Those that are not as they should be become so.
[[nodiscard]] Task<void> turn_good(Play& play, Ca ca, std::vector<const Switch*> all);
/// All of a CA's auth role, or all that its signatures need beside an issuer, becomes so.
[[nodiscard]] Task<void> mend_logins(Play& play, Ca ca);
[[nodiscard]] Task<void> mend_signing(Play& play, Ca pki);

// What accounts are called with, for calls that go side by side.
[[nodiscard]] std::string label_of(std::string_view account);
/// The cluster shall be connected to the account, or nobody shall use it any more: the model's
/// side.
void connected(Play& play, const std::string& cluster, const std::string& account);
void forget(Play& play, const std::string& account);
void renamed(Play& play, const std::string& account, const std::string& service_account);
/// And the mesh's.
[[nodiscard]] Task<void> connect_one(Play& play, std::string cluster, std::string account);
[[nodiscard]] Task<void> delete_one(Play& play, std::string account);
[[nodiscard]] Task<void> rename_one(Play& play, std::string account, std::string service_account);
/// Whether it can be said how long a restart of all pods may take: signers of the Vault are told,
/// the cluster's CA works, and nothing is broken or slow.
[[nodiscard]] bool may_judge_restart(const Play& play, const std::string& cluster);
/// All of them were ready again after that, with so many pods of other clusters beside them.
void judge_restart(Play& play, const std::string& cluster, Duration lasted, std::size_t others);
/// Every pod whose CA works asks for its next leaf now.
void renew_where_it_works(Play& play);
/// The leaves of a CA live so long a fraction of what is asked for from now on.
[[nodiscard]] Task<void> shorten(Play& play, Ca pki, int divisor);
/// The mesh gets no answer from a cluster's API server any more; it does again.
void begin_outage(Play& play, const std::string& cluster);
void end_outage(Play& play, const std::string& cluster);
/// Why a cluster cannot be connected to an account: one of them is not there.
[[nodiscard]] std::string no_connection(const Play& play, const Step& step);
/// The service account that the step's field `to` means.
[[nodiscard]] std::string service_account_of(Play& play, const Step& step);

}  // namespace meshproof::scenarios::explore
