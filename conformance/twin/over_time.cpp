#include "conformance/twin/over_time.hpp"

#include <algorithm>

namespace meshproof::twin {
namespace {

/// How long what ends lives; a server that is busy for a second or two changes nothing.
constexpr std::string_view story_life = "6s";
constexpr Duration half_a_life = std::chrono::seconds(3);
constexpr Duration past_its_life = std::chrono::seconds(8);
/// kube-apiserver keeps what it found of a token for ten seconds.
constexpr Duration past_the_cache = std::chrono::seconds(12);
/// The longest that Vault gives a token or a lease, unless it is told otherwise: 32 days.
constexpr Duration longest_life = std::chrono::hours(768);
constexpr Duration a_month = std::chrono::hours(720);
constexpr Duration an_hour = std::chrono::hours(1);

/// Puts a story together, request by request.
class Writing {
  public:
    Writing(std::string_view server, std::string_view topic, std::string name, std::string what) {
        story_.server = server;
        story_.topic = topic;
        story_.name = std::move(name);
        story_.what = std::move(what);
    }

    /// `of` is what the description calls the path, where it is another.
    Writing& ask(std::string method, std::string path, Json body = nullptr, std::string of = {}) {
        Step step{.number = story_.steps.size() + 1,
                  .key = method + " " + (of.empty() ? path : of),
                  .method = std::move(method),
                  .path = std::move(path)};
        if (!body.is_null()) {
            step.body = std::move(body);
        }
        story_.steps.push_back(std::move(step));
        return *this;
    }
    /// Of the last request: it comes so long after the one before.
    Writing& after(Duration wait) {
        story_.steps.back().wait = wait;
        return *this;
    }
    Writing& as(std::string token) {
        story_.steps.back().as = std::move(token);
        return *this;
    }
    Writing& with(std::string header, std::string value) {
        story_.steps.back().headers.emplace_back(std::move(header), std::move(value));
        return *this;
    }
    /// Of the last request: what each server has of its own there, in a form that no other has.
    Writing& unlike(std::string member) {
        story_.steps.back().unlike.push_back(std::move(member));
        return *this;
    }
    /// Of the last request: what is answered where the real server was not waited for.
    Writing& says(int status, std::map<std::string, Json> members = {}) {
        story_.steps.back().says = Says{.status = status, .members = std::move(members)};
        return *this;
    }
    [[nodiscard]] Story story() const { return story_; }

  private:
    Story story_;
};

Writing of_vault(std::string name, std::string what) {
    return {"vault", "over-time", std::move(name), std::move(what)};
}

constexpr std::string_view made_token = "@{1:/auth/client_token}";
constexpr std::string_view made_accessor = "@{1:/auth/accessor}";
constexpr std::string_view create_path = "auth/token/create";
constexpr std::string_view look_path = "auth/token/lookup-self";
constexpr std::string_view renew_path = "auth/token/renew-self";

std::string as_text(std::string_view of) {
    return std::string(of);
}

Story token_ends() {
    return of_vault("token-ends", "a token whose time is over is gone, and its accessor with it")
        .ask("POST", as_text(create_path), {{"ttl", story_life}, {"policies", {"default"}}})
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(past_its_life)
        .ask("POST", "auth/token/lookup-accessor", {{"accessor", made_accessor}})
        .ask("POST", "auth/token/renew", {{"token", made_token}})
        .story();
}

/// Who has a token that ended is told the same by every path that wants one.
Story ended_token_asks() {
    auto writing = of_vault("ended-token-asks", "a token whose time is over may nothing anywhere");
    writing.ask("POST", as_text(create_path), {{"ttl", story_life}, {"policies", {"default"}}})
        .ask("POST", "sys/capabilities-self", {{"paths", {"sys/mounts"}}})
        .as(as_text(made_token))
        .after(past_its_life);
    writing.ask("GET", "sys/mounts").as(as_text(made_token));
    writing.ask("POST", as_text(create_path), {{"ttl", "10m"}}).as(as_text(made_token));
    writing.ask("GET", "sys/internal/ui/mounts").as(as_text(made_token));
    writing.ask("POST", "sys/wrapping/wrap", {{"a", "b"}})
        .as(as_text(made_token))
        .with("X-Vault-Wrap-TTL", "1m");
    return writing.story();
}

Story token_is_renewed() {
    return of_vault("token-is-renewed", "a renewal begins a token's time anew")
        .ask("POST", as_text(create_path), {{"ttl", story_life}, {"policies", {"default"}}})
        .ask("POST", as_text(renew_path), Json::object())
        .as(as_text(made_token))
        .after(half_a_life)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(half_a_life + half_a_life / 2)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(past_its_life)
        .story();
}

Story periodic_token_is_renewed() {
    return of_vault("periodic-token", "a periodic token lives as long as it is renewed")
        .ask("POST", as_text(create_path), {{"period", story_life}, {"policies", {"default"}}})
        .ask("POST", as_text(renew_path), {{"increment", "1h"}})
        .as(as_text(made_token))
        .after(half_a_life)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(half_a_life + half_a_life / 2)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(past_its_life)
        .story();
}

Story renewals_end() {
    return of_vault("renewals-end", "no renewal carries a token past its last day")
        .ask("POST", as_text(create_path),
             {{"ttl", story_life}, {"explicit_max_ttl", "9s"}, {"policies", {"default"}}})
        .ask("POST", as_text(renew_path), {{"increment", "1h"}})
        .as(as_text(made_token))
        .after(half_a_life)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(past_its_life)
        .story();
}

Story batch_token_ends() {
    return of_vault("batch-token-ends", "a batch token ends by what is written in it")
        .ask("POST", as_text(create_path),
             {{"type", "batch"}, {"ttl", story_life}, {"policies", {"default"}}})
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(past_its_life)
        .story();
}

Story child_ends_with_its_parent() {
    return of_vault("child-ends", "a child token ends with its parent, whatever its own time")
        .ask("POST", as_text(create_path), {{"ttl", story_life}, {"policies", {"root"}}})
        .ask("POST", as_text(create_path), {{"ttl", "1h"}, {"policies", {"default"}}})
        .as(as_text(made_token))
        .ask("GET", as_text(look_path))
        .as("@{2:/auth/client_token}")
        .after(past_its_life)
        .story();
}

Story wrapping_ends() {
    return of_vault("wrapping-ends", "what was wrapped cannot be had when its time is over")
        .ask("POST", "sys/wrapping/wrap", {{"a", "b"}})
        .with("X-Vault-Wrap-TTL", as_text(story_life))
        .ask("POST", "sys/wrapping/lookup", {{"token", "@{1:/wrap_info/token}"}})
        .ask("POST", "sys/wrapping/unwrap", {{"token", "@{1:/wrap_info/token}"}})
        .after(past_its_life)
        .ask("POST", "sys/wrapping/lookup", {{"token", "@{1:/wrap_info/token}"}})
        .story();
}

Writing with_engine(std::string name, std::string what) {
    auto out = of_vault(std::move(name), std::move(what));
    out.ask("POST", "sys/mounts/{pki}", {{"type", "pki"}, {"description", "@{mark}"}})
        .ask("POST", "{pki}/root/generate/internal",
             {{"common_name", "a root"}, {"key_type", "ec"}, {"ttl", "1h"}},
             "{pki}/root/generate/{exported}");
    return out;
}

Story lease_ends() {
    return with_engine("lease-ends", "the lease of a leaf ends with it")
        .ask("POST", "{pki}/roles/a",
             {{"allow_any_name", true},
              {"key_type", "ec"},
              {"generate_lease", true},
              {"ttl", story_life}},
             "{pki}/roles/{name}")
        .ask("POST", "{pki}/issue/a", {{"common_name", "a.example.com"}}, "{pki}/issue/{role}")
        .ask("POST", "sys/leases/lookup", {{"lease_id", "@{4:/lease_id}"}})
        .ask("POST", "sys/leases/lookup", {{"lease_id", "@{4:/lease_id}"}})
        .after(past_its_life)
        .ask("GET", "{pki}/cert/@{4:/data/serial_number}", nullptr, "{pki}/cert/{serial}")
        .story();
}

Story crl_lapses() {
    return with_engine("crl-lapses",
                       "a CRL that nobody makes anew lapses, and is served all the same")
        .ask("POST", "{pki}/config/crl", {{"expiry", story_life}})
        .ask("GET", "{pki}/crl/rotate")
        .ask("GET", "{pki}/cert/crl")
        .ask("GET", "{pki}/cert/crl")
        .after(past_its_life)
        .story();
}

Story leaf_ends() {
    return with_engine("leaf-ends", "a leaf that has ended can be revoked by nobody")
        .ask("POST", "{pki}/roles/a",
             {{"allow_any_name", true}, {"key_type", "ec"}, {"ttl", story_life}},
             "{pki}/roles/{name}")
        .ask("POST", "{pki}/issue/a", {{"common_name", "a.example.com"}}, "{pki}/issue/{role}")
        .ask("POST", "{pki}/revoke", {{"serial_number", "@{4:/data/serial_number}"}})
        .after(past_its_life)
        .ask("GET", "{pki}/cert/@{4:/data/serial_number}", nullptr, "{pki}/cert/{serial}")
        .story();
}

constexpr int is_found = 200, is_made = 201, is_wrong = 400, is_forbidden = 403;

/// Without a parent: the story's own token has ended by then.
Json token_of_life(std::string_view life) {
    return {{"no_parent", true}, {"ttl", life}, {"policies", {"default"}}};
}

Story token_lives_a_month() {
    return of_vault("token-lives-a-month", "a token of thirty days lives them, and no hour more")
        .ask("POST", as_text(create_path), token_of_life("720h"))
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(a_month - an_hour)
        .says(is_found)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(2 * an_hour)
        .says(is_forbidden)
        .story();
}

Story renewals_end_by_the_mount() {
    return of_vault("renewals-end-by-the-mount",
                    "no renewal carries a token past the longest life that the server gives")
        .ask("POST", as_text(create_path), token_of_life("768h"))
        .ask("POST", as_text(renew_path), {{"increment", "768h"}})
        .as(as_text(made_token))
        .after(longest_life - an_hour)
        .says(is_found)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(2 * an_hour)
        .says(is_forbidden)
        .story();
}

Story periodic_token_lives_on() {
    return of_vault("periodic-token-lives-on",
                    "a periodic token that is renewed outlives what the server gives to others")
        .ask("POST", as_text(create_path),
             {{"no_parent", true}, {"period", "720h"}, {"policies", {"default"}}})
        .ask("POST", as_text(renew_path), Json::object())
        .as(as_text(made_token))
        .after(a_month - an_hour)
        .says(is_found)
        .ask("POST", as_text(renew_path), Json::object())
        .as(as_text(made_token))
        .after(a_month - an_hour)
        .says(is_found)
        .ask("GET", as_text(look_path))
        .as(as_text(made_token))
        .after(a_month + an_hour)
        .says(is_forbidden)
        .story();
}

Story issuer_ends() {
    return with_engine("issuer-ends", "a CA that has ended signs nothing, and can be read")
        .ask("POST", "{pki}/roles/a",
             {{"allow_any_name", true}, {"key_type", "ec"}, {"ttl", "30m"}}, "{pki}/roles/{name}")
        .ask("POST", "{pki}/issue/a", {{"common_name", "a.example.com"}}, "{pki}/issue/{role}")
        .ask("POST", "{pki}/issue/a", {{"common_name", "a.example.com"}}, "{pki}/issue/{role}")
        .after(2 * an_hour)
        .says(is_wrong)
        .ask("GET", "{pki}/cert/ca")
        .says(is_found)
        .ask("GET", "{pki}/cert/@{4:/data/serial_number}", nullptr, "{pki}/cert/{serial}")
        .says(is_found)
        .story();
}

/// The rate of a quota counts requests of its path alone, which is the story's own engine.
Story quota_of_an_engine() {
    constexpr std::string_view path = "sys/quotas/rate-limit/@{own:q}";
    constexpr std::string_view of = "sys/quotas/rate-limit/{name}";
    return Writing("vault", "quota", "quota-of-an-engine",
                   "a rate limit names its mount, and roles are of auth methods")
        .ask("POST", "sys/mounts/{pki}", {{"type", "pki"}, {"description", "@{mark}"}})
        .ask("POST", as_text(path), {{"rate", 900}, {"path", "@{own:pki}"}}, as_text(of))
        .ask("GET", as_text(path), nullptr, as_text(of))
        .ask("POST", as_text(path), {{"rate", 900}, {"path", "@{own:pki}"}, {"role", "a"}},
             as_text(of))
        .ask("DELETE", as_text(path), nullptr, as_text(of))
        .ask("GET", as_text(path), nullptr, as_text(of))
        .story();
}

/// Vault has namespaces in another edition only, and ignores the header: its token is a usual one.
Story token_of_a_namespace() {
    constexpr std::string_view of_child = "@{2:/auth/client_token}";
    return Writing("vault", "namespace", "token-of-a-namespace",
                   "a token of a child namespace may nothing but look at itself outside of it")
        .ask("POST", "sys/namespaces/@{own:n}", Json::object(), "sys/namespaces/{path}")
        .unlike("data.id")
        .ask("POST", as_text(create_path), {{"ttl", "10m"}, {"policies", {"default"}}})
        .with("X-Vault-Namespace", "@{own:n}")
        .ask("GET", as_text(look_path))
        .as(as_text(of_child))
        .unlike("data.id")
        .ask("POST", "sys/capabilities-self", {{"paths", {"a"}}})
        .as(as_text(of_child))
        .ask("POST", "sys/capabilities-self", {{"paths", {"a"}}})
        .as(as_text(of_child))
        .with("X-Vault-Namespace", "@{own:n}")
        .story();
}

constexpr std::string_view accounts_of_kube = "api/v1/namespaces/{namespace}/serviceaccounts";
constexpr std::string_view token_reviews = "apis/authentication.k8s.io/v1/tokenreviews";

std::string own_accounts() {
    return "api/v1/namespaces/@{home}/serviceaccounts";
}

/// Begins with an account, and a token of it that is as `spec` asks.
Writing of_account_token(std::string name, std::string what, Json spec) {
    Writing story("kubernetes", "token-cache", std::move(name), std::move(what));
    story
        .ask("POST", own_accounts(),
             {{"apiVersion", "v1"},
              {"kind", "ServiceAccount"},
              {"metadata", {{"name", "@{own:a}"}}}},
             as_text(accounts_of_kube))
        .ask("POST", own_accounts() + "/@{own:a}/token",
             {{"apiVersion", "authentication.k8s.io/v1"},
              {"kind", "TokenRequest"},
              {"spec", std::move(spec)}},
             as_text(accounts_of_kube) + "/{name}/token");
    return story;
}

/// Of the token that the second request gave.
Json account_review() {
    return {{"apiVersion", "authentication.k8s.io/v1"},
            {"kind", "TokenReview"},
            {"spec", {{"token", "@{2:/status/token}"}}}};
}

/// Somebody's token after the account went: first as it was found, then as it is.
Story review_is_kept() {
    return of_account_token("review-is-kept",
                            "what was found of a token holds for some seconds after its account is "
                            "deleted",
                            Json::object())
        .ask("POST", as_text(token_reviews), account_review())
        .ask("DELETE", own_accounts() + "/@{own:a}", nullptr, as_text(accounts_of_kube) + "/{name}")
        .ask("POST", as_text(token_reviews), account_review())
        .ask("POST", as_text(token_reviews), account_review())
        .after(past_the_cache)
        .story();
}

Story account_token_ends() {
    return of_account_token("account-token-ends",
                            "a service account's token is nobody's when its time is over",
                            {{"expirationSeconds", whole_seconds(an_hour)}})
        .ask("POST", as_text(token_reviews), account_review())
        .ask("POST", as_text(token_reviews), account_review())
        .after(2 * an_hour)
        .says(is_made, {{"/status/authenticated", nullptr}})
        .story();
}

}  // namespace

bool waits_long(const Story& story, Duration longest) {
    return std::ranges::any_of(story.steps,
                               [longest](const Step& step) { return step.wait > longest; });
}

std::vector<Story> stories_over_time(std::string_view topic) {
    if (topic == "over-time") {
        return {token_ends(),
                ended_token_asks(),
                token_is_renewed(),
                periodic_token_is_renewed(),
                renewals_end(),
                batch_token_ends(),
                child_ends_with_its_parent(),
                wrapping_ends(),
                lease_ends(),
                leaf_ends(),
                crl_lapses(),
                token_lives_a_month(),
                renewals_end_by_the_mount(),
                periodic_token_lives_on(),
                issuer_ends()};
    }
    if (topic == "quota") {
        return {quota_of_an_engine()};
    }
    if (topic == "namespace") {
        return {token_of_a_namespace()};
    }
    if (topic == "token-cache") {
        return {review_is_kept(), account_token_ends()};
    }
    return {};
}

}  // namespace meshproof::twin
