#pragma once

#include <span>

#include "conformance/preflight/facts.hpp"

namespace meshproof::preflight {

enum class Severity {
    error,    ///< pods do not get leaves, or lose them, or others get theirs
    warning,  ///< it works, and will not for long, or not for all
    advice,   ///< what it costs, and what standards say
};
[[nodiscard]] std::string_view to_string(Severity severity);

/// What a mend's words stand for: "mount" -> "pki_int".
using Values = std::map<std::string, std::string>;

/// What a rule says of the facts.
struct Judgement {
    enum class State { holds, found, unknown, beside };
    State state = State::holds;
    std::string evidence;  ///< found: what was seen; unknown: what is missing; one line
    Values values;         ///< found: what the mend needs beside the common values
    /// Found: the commands, where what was seen asks for others than the rule's own.
    std::vector<std::string_view> mend{};
};
[[nodiscard]] Judgement holds();
/// The rule speaks of something that this account does not have.
[[nodiscard]] Judgement beside();
[[nodiscard]] Judgement unknown(std::string why);
[[nodiscard]] Judgement found(std::string evidence, Values values = {},
                              std::vector<std::string_view> mend = {});
/// What a fact that is not known means for a rule: nothing where the thing is not there (another
/// rule says so), else unknown.
template <class T>
[[nodiscard]] Judgement without(const Fact<T>& fact) {
    return fact.is_missing() ? beside() : unknown(fact.why());
}

/// What `on` says of the fact, where it is known.
template <class T, class On>
[[nodiscard]] Judgement with(const Fact<T>& fact, On on) {
    return fact.is_known() ? on(*fact) : without(fact);
}

/// One thing that may be wrong with an account. Adding a finding is adding a row to a table in
/// rules/, a row in tests/findings_test.cpp that provokes it, and docs/preflight.md written anew.
struct Rule {
    std::string_view id;  ///< stable: "role/key-type"
    Severity severity;
    std::string_view title;   ///< one sentence, true where it was found
    std::string_view why;     ///< why it matters to the mesh
    std::string_view member;  ///< of the account file, for the line: "pki.sign_path"
    std::string_view object;  ///< what it is about, as a mend is written: "%mount%/roles/%role%"
    /// Commands; %name% is a value as a word of a shell. %tool% is bao or vault.
    std::vector<std::string_view> mend;
    Judgement (*judge)(const Facts& facts);
};

/// Every rule, in the order in which findings are told: what the others stand on comes first.
[[nodiscard]] std::span<const Rule> all_rules();
/// Null where there is none.
[[nodiscard]] const Rule* find_rule(std::string_view id);

/// The values that every mend may use: names of the account's own things.
[[nodiscard]] Values common_values(const Facts& facts);
/// The text with its %names% filled in. A name without a value stays as NAME in capitals, for the
/// reader to fill in.
[[nodiscard]] std::string fill_in(std::string_view text, const Values& values, bool for_shell);
/// Whether the very text is in the list.
[[nodiscard]] bool has(const std::vector<std::string>& texts, std::string_view wanted);
/// Whether one of the patterns stands for the text, as both products match
/// a URI against a role (row 111).
[[nodiscard]] bool any_stands_for(const std::vector<std::string>& patterns, std::string_view text);
/// A list as a mend writes it, with one more: others may use what stands there already.
[[nodiscard]] std::string with_one_more(std::vector<std::string> texts, std::string_view more);
/// The command that writes the cluster's CA to cluster-ca.pem. It needs no right in the cluster.
[[nodiscard]] std::string cluster_ca_command(const run::Account& account);
/// The text as one word of a POSIX shell, quoted only where it has to be.
[[nodiscard]] std::string shell_word(std::string_view text);

/// Writes the CA's chain where the account has its bundle. An answer that fails leaves the file as
/// it was.
inline constexpr std::string_view write_bundle =
    "%tool% read -field=certificate %mount%/cert/ca_chain > %bundle%.new && "
    "mv %bundle%.new %bundle%";

// The steps that give a mount another intermediate, which signs from then on.
inline constexpr std::string_view follow_the_latest =
    "%tool% write %mount%/config/issuers default=%issuer% default_follows_latest_issuer=true";
inline constexpr std::string_view request_intermediate =
    "%tool% write -field=csr %mount%/intermediate/generate/internal "
    "common_name='mesh intermediate' key_type=ec > intermediate.csr";
inline constexpr std::string_view sign_intermediate =
    "%tool% write -field=certificate %root%/root/sign-intermediate csr=@intermediate.csr "
    "format=pem_bundle ttl=%ca_ttl% > intermediate.pem";
inline constexpr std::string_view install_intermediate =
    "%tool% write %mount%/intermediate/set-signed certificate=@intermediate.pem";

// The tables, one a file in rules/.
[[nodiscard]] std::vector<Rule> accept_rules();
[[nodiscard]] std::vector<Rule> file_rules();
[[nodiscard]] std::vector<Rule> server_rules();
[[nodiscard]] std::vector<Rule> upgrade_rules();
[[nodiscard]] std::vector<Rule> mount_rules();
[[nodiscard]] std::vector<Rule> role_rules();
[[nodiscard]] std::vector<Rule> ca_rules();
[[nodiscard]] std::vector<Rule> auth_rules();
[[nodiscard]] std::vector<Rule> policy_rules();
[[nodiscard]] std::vector<Rule> cluster_rules();
[[nodiscard]] std::vector<Rule> canary_rules();

}  // namespace meshproof::preflight
