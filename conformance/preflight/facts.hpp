#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/run/account.hpp"
#include "core/vault/client.hpp"

/// What preflight found out about a mesh's account, before anything is judged.
namespace meshproof::preflight {

using Json = nlohmann::json;

/// Something that was asked of a server: what it said, that the thing is not there, or why nobody
/// knows (the missing right, by name).
template <class T>
class Fact {
  public:
    /// Nobody asked.
    Fact() = default;
    [[nodiscard]] static Fact known(T value) {
        Fact fact;
        fact.value_ = std::move(value);
        fact.why_.clear();
        return fact;
    }
    [[nodiscard]] static Fact missing() {
        Fact fact;
        fact.missing_ = true;
        fact.why_ = "it is not there";
        return fact;
    }
    [[nodiscard]] static Fact unknown(std::string why) {
        Fact fact;
        fact.why_ = std::move(why);
        return fact;
    }
    /// The same, where it might be known: no answer came in time.
    [[nodiscard]] static Fact late(std::string why) {
        auto fact = unknown(std::move(why));
        fact.late_ = true;
        return fact;
    }
    [[nodiscard]] bool is_known() const { return value_.has_value(); }
    [[nodiscard]] bool is_missing() const { return missing_; }
    [[nodiscard]] bool is_late() const { return late_; }
    [[nodiscard]] const std::string& why() const { return why_; }
    [[nodiscard]] const T& operator*() const { return *value_; }
    [[nodiscard]] const T* operator->() const { return &*value_; }

  private:
    std::optional<T> value_;
    bool missing_ = false, late_ = false;
    std::string why_ = "it was not asked";
};

/// One issuer of the PKI mount.
struct Issuer {
    std::string id, name, key_id;  ///< key_id "" = the mount has no key for it
    crypto::Certificate certificate;
    std::string leaf_not_after;  ///< "err", "truncate" or "permit"
    std::string usage;           ///< "crl-signing,issuing-certificates,read-only"
};

/// Issuers and which of them signs.
struct Issuers {
    std::vector<Issuer> all;
    std::string default_id;  ///< "" = none
    /// By id, or by name; "default" is the default one. Null where there is none.
    [[nodiscard]] const Issuer* find(const std::string& reference) const;
};

/// What a login with the account gave.
struct CanaryLogin {
    std::vector<std::string> policies;
    std::string type;  ///< "service" or "batch"
    Duration lease{};
};

/// A URL of the CA's, and what it answered.
struct Fetched {
    std::string url;
    bool asked = false;   ///< not where it leads away from the Vault
    std::string problem;  ///< "" = it answered 2xx, or as an OCSP responder does
};

struct Facts {
    run::Account account;
    Time now{};              ///< here, when the look began
    bool read_only = false;  ///< neither login nor signature was tried
    std::string upgrade_to;  ///< a version that is asked about; "" = none
    std::string cut;         ///< why the look ended before all was asked; "" = all was
    Duration time_left{};    ///< of the look's limit
    std::string pki_mount, endpoint,
        pki_role;  ///< of account.sign_path; endpoint "sign", "cel/sign"

    // The Vault.
    Fact<vault::Health> health;
    Fact<vault::SealStatus> seal;
    Fact<std::string> seal_type;   ///< "shamir", "awskms"; asked only for an upgrade
    std::string unreachable;       ///< why the Vault did not answer at all; "" = it did
    Fact<Json> reader;             ///< lookup-self of the reader's token
    Fact<Json> mounts, auths;      ///< tables by path with a final slash
    Fact<Json> tune;               ///< of the PKI mount
    Fact<bool> bundle_serves_tls;  ///< the CA bundle verifies the Vault's own HTTPS

    // The PKI mount.
    Fact<Json> role;
    Fact<std::vector<std::string>> role_names;
    Fact<Issuers> issuers;
    Fact<std::vector<crypto::Certificate>> ca_chain;
    Fact<Json> urls, crl, tidy;
    Fact<std::vector<Fetched>> fetched;
    std::string root_mount;  ///< the PKI engine whose CA signed ours; "" = none that is seen

    // The auth method.
    Fact<Json> auth_config, auth_role;
    Fact<std::vector<std::string>> auth_role_names;
    std::map<std::string, Fact<std::string>> policies;  ///< those of the auth role, by name

    // The cluster.
    Fact<std::string> kube_version;
    Fact<bool> kube_namespace, service_account;
    Fact<bool> may_create_tokens;  ///< we, of the service account
    Fact<bool> may_review;         ///< the service account itself
    Fact<Json> token_claims;       ///< of the token that the login shows
    Fact<bool> token_is_good;      ///< says the API server
    Fact<bool> auth_ca_fits;       ///< kubernetes_ca_cert verifies the server at kubernetes_host
    /// The cluster's own CA verifies that server. Asked only where the auth method's does not.
    Fact<bool> auth_host_is_ours;

    // The canary.
    Fact<CanaryLogin> login;
    std::string login_refusal;  ///< the server's words, "" where it was not refused
    /// What the login's token may do, by path.
    Fact<std::map<std::string, std::vector<std::string>>> rights;
    Fact<vault::Issued> leaf;
    std::string sign_refusal;
    Time signed_at{}, signed_by{};  ///< here, when the signature was asked for, and when it came
    std::string canary_uri;         ///< the identity that was asked for: not the account's own
    std::string not_revoked;        ///< why the canary's leaf is still good; "" = it was revoked
    Fact<Duration> cluster_ahead;   ///< of the clock here

    [[nodiscard]] bool openbao() const {
        return seal.is_known() && seal->product == vault::Product::openbao;
    }
    /// The issuer that signs for the role, or null.
    [[nodiscard]] const Issuer* signer() const;
    /// How far the Vault's clock is surely ahead of ours, by the leaf's date and what the role says
    /// of it: it signed at some time between the request and the answer.
    [[nodiscard]] std::optional<Duration> vault_ahead() const;
    /// What the pods of the mesh leave, for evidence: ": 40 pods leave 1440 certificates a day"; ""
    /// where the account file does not say how many there are.
    [[nodiscard]] std::string leaves_a_day() const;
    /// The namespace and the name of the account that logs in; "" where only a token is at hand
    /// that does not say.
    [[nodiscard]] std::pair<std::string, std::string> logs_in_as() const;
    /// The part that stands before paths of the PKI mount and of the auth method.
    [[nodiscard]] std::string pki_path(std::string_view rest) const;
    [[nodiscard]] std::string auth_path(std::string_view rest) const;
};

// Members of what Vault answers, whatever their type: the value, or what stands for none.
[[nodiscard]] std::string text_of(const Json& object, std::string_view member);
[[nodiscard]] bool flag_of(const Json& object, std::string_view member, bool otherwise = false);
[[nodiscard]] std::int64_t number_of(const Json& object, std::string_view member);
/// A list of texts; a text with commas is one too.
[[nodiscard]] std::vector<std::string> texts_of(const Json& object, std::string_view member);
/// Seconds, or a text such as "30s".
[[nodiscard]] Duration duration_of(const Json& object, std::string_view member);

}  // namespace meshproof::preflight
