// What somebody does with a CA's auth role, and with the tokens that its logins give.
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// What a login gives.
struct Tokens {
    Duration life{};
    int uses = 0;  ///< 0 = any number
    std::string type = "default";
};

// The usual ones end long before a leaf does. Long ones serve for several renewals, and short ones
// for none.
Tokens tokens_named(const Play& play, std::string_view name) {
    constexpr int long_lives = 3;
    constexpr int short_share = 20;
    Tokens tokens;
    tokens.life = run::Recipe().token_ttl;
    if (name == "batch") {
        tokens.type = "batch";
    } else if (name == "long") {
        tokens.life = play.world.leaf_ttl() * long_lives;
    } else if (name == "short") {
        tokens.life = play.world.leaf_ttl() / short_share;
    } else if (name == "one-use" || name == "two-uses") {
        tokens.life = play.world.leaf_ttl() * long_lives;
        tokens.uses = name == "one-use" ? 1 : 2;
    }
    return tokens;
}

constexpr Switch login_switch{.flag = &ModelCa::may_log_in,
                              .good = true,
                              .trouble = "takes no login",
                              .mark = {},
                              .whose = ca_of,
                              .write = write_auth_role};
// Agents ask for tokens of the API server's own audience, and for none besides.
constexpr Switch audience_switch{.flag = &ModelCa::other_audience,
                                 .good = false,
                                 .trouble = "takes tokens for another audience",
                                 .mark = "an auth role asked for another audience",
                                 .whose = ca_of,
                                 .write = write_auth_role};

// It is of the next logins: tokens in hand stay what they are.
Task<void> change_tokens(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    play.reach("logins began to give other tokens");
    co_await give_tokens(play, ca, field(step, "tokens"));
}

std::string no_service_tokens(const Play& play, const Step& step) {
    const auto why = no_ca(play, step);
    if (!why.empty()) {
        return why;
    }
    const auto& ca = play.model.accounts.find(field(step, "account"))->second.ca;
    return play.cas.find(ca)->second.tokens == "batch" ? "batch tokens have no lease" : "";
}

Task<void> revoke_tokens(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.call(
                "PUT", fmt::format("sys/leases/revoke-prefix/auth/{}/login",
                                   ca.real->prepared.auth_mount)),
            "revoke the agents' tokens");
}

}  // namespace

Task<void> give_tokens(Play& play, Ca ca, std::string kind) {
    const auto tokens = tokens_named(play, kind);
    ca.real->tokens = std::move(kind);
    ca.real->token_life = tokens.life;
    ca.real->tokens_since = play.environment.truth().elapsed();
    ca.model->few_uses = tokens.uses > 0;
    co_await write_auth_role(play, ca);
}

Task<void> mend_logins(Play& play, Ca ca) {
    co_await turn_good(play, ca, {&login_switch, &audience_switch});
}

Task<void> write_auth_role(Play& play, Ca ca) {
    const auto& prepared = ca.real->prepared;
    const auto tokens = tokens_named(play, ca.real->tokens);
    const auto life = std::max<std::int64_t>(1, whole_seconds(tokens.life));
    std::vector<std::string> accounts{"nobody"};
    if (ca.model->may_log_in) {
        accounts = {prepared.service_account, ca.real->second_account};
    }
    // Every field, for what is left out stays as it was.
    const vault::Json role{{"bound_service_account_names", accounts},
                           {"bound_service_account_namespaces",
                            vault::Json::array({play.world.target().mesh_namespace})},
                           {"policies", vault::Json::array({prepared.policy})},
                           {"ttl", fmt::format("{}s", life)},
                           {"token_num_uses", tokens.uses},
                           {"token_type", tokens.type},
                           {"audience", ca.model->other_audience ? "somebody-else" : ""}};
    require(
        co_await prepared.site->admin.call(
            "PUT", fmt::format("auth/{}/role/{}", prepared.auth_mount, prepared.auth_role), role),
        "write the auth role");
}

Rows auth_rows() {
    return {
        {"deny-logins", "vault", 1, {"account"}, no_ca, turned<login_switch, false>},
        {"allow-logins", "vault", 2, {"account"}, no_ca, turned<login_switch, true>},
        {"want-other-audience", "vault", 1, {"account"}, no_ca, turned<audience_switch, false>},
        {"want-any-audience", "vault", 2, {"account"}, no_ca, turned<audience_switch, true>},
        {"change-tokens", "vault", 2, {"account", "tokens"}, no_ca, change_tokens},
        {"revoke-tokens", "vault", 1, {"account"}, no_service_tokens, revoke_tokens},
    };
}

}  // namespace meshproof::scenarios::explore
