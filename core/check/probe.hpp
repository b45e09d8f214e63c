#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/check/evidence.hpp"
#include "core/check/witness.hpp"
#include "core/kube/client.hpp"
#include "core/run/environment.hpp"
#include "core/run/ledger.hpp"
#include "core/run/survey.hpp"
#include "core/time/prng.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

using Json = nlohmann::json;

/// An answer, and what was asked: a Vault's envelope, or a Kubernetes object in `json`.
struct Reply : vault::Reply {
    std::string asked;         ///< "PUT pki/sign/r"
    std::size_t exchange = 0;  ///< its number among those of the check
};

/// The format of a sentence, and the place in the source where it is said.
template <class... Args>
struct Sentence {
    template <class Text>
        requires std::convertible_to<const Text&, std::string_view>
    consteval Sentence(const Text& text, Place where = Place::current())  // NOLINT: as fmt's own
        : format(text), place(where) {}
    fmt::format_string<Args...> format;
    Place place;
};

/// Who asks.
struct As {
    enum class Kind { admin, nobody, token } kind = Kind::admin;
    Secret token;

    [[nodiscard]] static As admin() { return {}; }
    [[nodiscard]] static As nobody() { return {Kind::nobody, {}}; }
    [[nodiscard]] static As bearer(Secret token) { return {Kind::token, std::move(token)}; }
};

/// Serves on a port of ours for as long as it lives: a stand-in API server, say.
struct StandIn {
    std::unique_ptr<http::Listener> listener;
    std::string url;     ///< "https://127.0.0.1:40123"
    std::string ca_pem;  ///< "" for plain HTTP
};

/// A check's hands: asks the servers, keeps the evidence, counts what did not hold, and removes
/// what was made. Everything it makes carries the run's id.
///
/// No answer at all, or a set-up step that is refused, throws CannotGoOn: the check is `blocked`.
class Probe final {
  public:
    /// `witness` outlives it; null where nobody is to be told.
    Probe(Environment& environment, const Survey& survey, std::string run_id, Prng prng,
          Witness* witness = nullptr);
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    [[nodiscard]] const Survey& site() const { return survey_; }
    [[nodiscard]] Product product() const { return survey_.product(); }
    [[nodiscard]] bool openbao() const { return product() == Product::openbao; }
    /// What is right on each product.
    template <class T>
    [[nodiscard]] T on(T on_openbao, T on_vault, Place place = Place::current()) const {
        if (witness_ != nullptr) {
            witness_->took(place, product());
        }
        return openbao() ? std::move(on_openbao) : std::move(on_vault);
    }
    [[nodiscard]] bool has(Feature feature) const { return survey_.has(feature); }
    [[nodiscard]] Clock& clock() { return environment_.clock(); }
    [[nodiscard]] Prng& prng() { return prng_; }
    [[nodiscard]] http::Transport& transport() { return transport_; }  ///< recorded

    // --- asking. Any status is a value; only silence throws.
    /// `path` without /v1 ("pki/ca"), or the whole target where it begins with a slash ("/v1//x").
    [[nodiscard]] Task<Reply> vault(std::string method, std::string path,
                                    std::optional<Json> body = std::nullopt, As as = {},
                                    http::Headers headers = {});
    /// With the body's bytes as they are.
    [[nodiscard]] Task<Reply> vault_raw(std::string method, std::string path, std::string body,
                                        As as = {}, http::Headers headers = {});
    /// As vault(), of one node of the target's cluster (Feature::nodes), or of the server that
    /// nobody initialised yet (Feature::uninitialised). Admin is the target's token there.
    [[nodiscard]] Task<Reply> node(std::size_t index, std::string method, std::string path,
                                   std::optional<Json> body = std::nullopt, As as = {},
                                   http::Headers headers = {});
    [[nodiscard]] Task<Reply> uninitialised(std::string method, std::string path,
                                            std::optional<Json> body = std::nullopt, As as = {},
                                            http::Headers headers = {});
    /// `path` as on the wire ("/api/v1/namespaces/x/pods").
    [[nodiscard]] Task<Reply> kube(std::string method, std::string path,
                                   std::optional<Json> body = std::nullopt, As as = {},
                                   http::Headers headers = {});
    [[nodiscard]] Task<Reply> kube_raw(std::string method, std::string path, std::string body,
                                       As as = {}, http::Headers headers = {});
    /// The typed clients on the same recorded wire.
    [[nodiscard]] vault::Client vault_client(As as = {});
    [[nodiscard]] kube::Client kube_client(As as = {});

    // --- set-up steps: refused = blocked; made = removed at the end
    /// As vault(), but anything but 2xx is `blocked`.
    [[nodiscard]] Task<Reply> set_up(std::string method, std::string path,
                                     std::optional<Json> body = std::nullopt, As as = {});
    [[nodiscard]] Task<Reply> set_up_kube(std::string method, std::string path,
                                          std::optional<Json> body = std::nullopt, As as = {});
    /// What everything that is created on a server carries.
    [[nodiscard]] const RunMark& mark() const { return ledger_.mark(); }
    /// mark().name(base)
    [[nodiscard]] std::string name(std::string_view base) const;
    /// The run's label, by which what it left behind in a cluster is found.
    [[nodiscard]] Json labels() const;
    /// A secrets engine of one's own; gives its path. A second one needs another `base`.
    [[nodiscard]] Task<std::string> mount(std::string base = "pki", std::string type = "pki",
                                          Json config = Json::object());
    [[nodiscard]] Task<std::string> auth_mount(std::string base = "auth",
                                               std::string type = "kubernetes");
    [[nodiscard]] Task<std::string> policy(std::string base, std::string hcl);
    /// A token made by auth/token/create with these parameters (ttl is 10m unless given).
    [[nodiscard]] Task<Secret> token(Json parameters);
    /// A token with one policy of these rules.
    [[nodiscard]] Task<Secret> token_for(std::string hcl);
    /// A Kubernetes namespace of one's own.
    [[nodiscard]] Task<std::string> kube_namespace(std::string base = "ns");
    [[nodiscard]] Task<void> service_account(std::string ns, std::string account);
    /// A token of a service account by TokenRequest.
    [[nodiscard]] Task<Secret> service_account_token(std::string ns, std::string account,
                                                     kube::TokenRequest request = {});
    /// Serves `handler`, which must live as long as the result. Needs Feature::call_back.
    [[nodiscard]] Task<StandIn> stand_in(http::Handler& handler, bool tls = true);
    /// To be undone at the end, the last first: one request to the Vault, or to the API server.
    void at_end(std::string method, std::string path, std::optional<Json> body = std::nullopt);
    void at_end_kube(std::string method, std::string path);
    [[nodiscard]] Task<void> wait(Duration duration) { return clock().sleep_for(duration); }

    // --- expectations: false is a failure of the check, and it goes on
    template <class... Args>
    bool expect(bool holds, Sentence<std::type_identity_t<Args>...> sentence, Args&&... args) {
        if (holds && witness_ == nullptr) {
            return true;
        }
        return noted_sentence(holds, sentence.place, fmt::string_view(sentence.format),
                              fmt::format(sentence.format, std::forward<Args>(args)...));
    }
    bool expect_status(const Reply& reply, int status, Place place = Place::current());
    /// `{"errors":["…text…"]}` with this status, wrapped or not.
    bool expect_error(const Reply& reply, int status, std::string_view text,
                      Place place = Place::current());
    /// The plain text: not within "1 error occurred:\n\t* x\n\n" (row 5).
    bool expect_plain_error(const Reply& reply, int status, std::string_view text,
                            Place place = Place::current());
    bool expect_wrapped_error(const Reply& reply, int status, std::string_view text,
                              Place place = Place::current());
    /// `{"errors":[]}`
    bool expect_no_text(const Reply& reply, int status, Place place = Place::current());
    bool expect_warning(const Reply& reply, std::string_view text, Place place = Place::current());
    bool expect_no_warning(const Reply& reply, Place place = Place::current());
    /// `actual == expected`, told with `what` it is.
    bool expect_equal(const Json& actual, const Json& expected, std::string_view what,
                      Place place = Place::current());
    /// An object with exactly these keys.
    bool expect_keys(const Json& object, std::set<std::string> keys, std::string_view what,
                     Place place = Place::current());
    /// Ends the check as failed: the next step would make no sense.
    [[noreturn]] void give_up(std::string text, Place place = Place::current());

    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
    /// Removes what was made; what could not be removed.
    [[nodiscard]] Task<std::vector<std::string>> finish();
    [[nodiscard]] std::vector<Exchange> evidence(std::size_t longest = evidence_bytes) const {
        return transport_.evidence(longest);
    }
    [[nodiscard]] std::string redacted(std::string text) const;

  private:
    bool fail(std::string text);
    /// Tells the witness, if there is one, and gives back whether it held.
    bool note(bool held, const Place& place, Expected what, std::string_view text,
              const Reply* reply, const Json* actual = nullptr) const;
    bool noted_sentence(bool held, const Place& place, fmt::string_view format, std::string told);
    [[nodiscard]] Task<Reply> ask_vault(vault::Config config, std::string method, std::string path,
                                        std::string body, As as, http::Headers headers);
    [[nodiscard]] Task<Reply> send(http::Endpoint endpoint, http::Request request,
                                   std::string path);
    [[nodiscard]] Task<Reply> ask(bool kubernetes, std::string method, std::string path,
                                  std::string body, As as, http::Headers headers);

    Environment& environment_;
    const Survey& survey_;
    Ledger ledger_;
    Prng prng_;
    Witness* witness_;
    RecordingTransport transport_;
    std::vector<std::string> failures_;
    std::size_t stand_ins_ = 0;
};

}  // namespace meshproof::run
