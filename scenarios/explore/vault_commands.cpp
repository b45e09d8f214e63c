// What somebody does in the Vault: seals it, changes signing roles, policies and quotas.
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {

Ca ca_of(Play& play, const Step& step) {
    const auto name = play.model.accounts[field(step, "account")].ca;
    return {&play.cas.find(name)->second, &play.model.cas.find(name)->second, name};
}

Ca pki_of(Play& play, const Step& step) {
    const auto name = play.model.pki_of(play.model.accounts[field(step, "account")].ca);
    return {&play.cas.find(name)->second, &play.model.cas.find(name)->second, name};
}

std::string no_ca(const Play& play, const Step& step) {
    const auto account = play.model.accounts.find(field(step, "account"));
    if (account == play.model.accounts.end()) {
        return fmt::format("there is no account {}", field(step, "account"));
    }
    const auto& vault = play.model.cas.find(account->second.ca)->second.vault;
    return play.model.sealed.contains(vault) ? vault + " is sealed" : "";
}

namespace {

std::string vault_named(const Step& step) {
    return "vault-" + field(step, "vault");
}

run::VaultSite& site_of(const Play& play, const Step& step) {
    return play.world.vault(field(step, "vault") == "1" ? 1 : 0);
}

std::string no_open_vault(const Play& play, const Step& step) {
    const auto why = no_vault(play, step);
    if (!why.empty()) {
        return why;
    }
    if (!site_of(play, step).may_seal) {
        return "this target's Vault may not be sealed";
    }
    return play.model.sealed.contains(vault_named(step)) ? "it is sealed" : "";
}

// Whoever seals one of several nodes has not sealed the Vault, and unsealed it comes back as a
// standby.
std::string cannot_seal(const Play& play, const Step& step) {
    const auto why = no_open_vault(play, step);
    return why.empty() && play.history.world.nodes > 1
               ? "it has several nodes, which go on without the sealed one"
               : why;
}

std::string not_sealed(const Play& play, const Step& step) {
    return play.model.sealed.contains(vault_named(step)) ? "" : "it is not sealed";
}

Task<void> seal(Play& play, Step step) {
    co_await play.world.seal(site_of(play, step));
    play.model.sealed.insert(vault_named(step));
    play.fault_begins(vault_named(step) + " is sealed");
}

Task<void> unseal(Play& play, Step step) {
    co_await play.world.unseal(site_of(play, step));
    play.model.sealed.erase(vault_named(step));
    play.fault_ends(vault_named(step) + " is sealed");
}

// The pods' ids and no others; or else those of the mesh's own namespace, which no pod has.
std::string allowed_ids(const Play& play, bool of_pods) {
    const auto& target = play.world.target();
    if (!of_pods && target.mesh_namespace == target.workload_namespace) {
        return "spiffe://other/*";
    }
    return fmt::format("spiffe://cluster.local/ns/{}/*",
                       of_pods ? target.workload_namespace : target.mesh_namespace);
}

Task<void> shorten_leaves(Play& play, Step step) {
    const auto pki = pki_of(play, step);
    // It never grows again: an agent goes by the shorter life until its next leaf.
    co_await shorten(play, pki, std::max(pki.model->shortened, number_of(step, "divisor", 2)));
}

Task<void> write_policy(Play& play, Ca ca) {
    const auto& admin = play.vault_of(*ca.real).admin;
    const auto& name = ca.real->prepared.policy;
    if (ca.model->has_policy) {
        require(co_await admin.write_policy(name, ca.real->policy), "write the policy");
    } else {
        require(co_await admin.delete_policy(name), "delete the policy");
    }
}

// Nobody reads a CRL: a revoked leaf serves to its end, as the page has it.
Task<void> revoke_leaf(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    const auto anchor = play.model.anchor_of_leaves(ca.name);
    for (const auto& pod : play.pods()) {
        if (pod.ca == anchor && play.model.valid(pod, play.truth(), {}).value_or(false)) {
            require(co_await play.vault_of(*ca.real).admin.call(
                        "PUT", ca.real->prepared.intermediate_mount + "/revoke",
                        vault::Json{{"serial_number", pod.serial}}),
                    "revoke the leaf of " + pod.workload);
            play.reach("a leaf was revoked");
            break;
        }
    }
}

// Nobody knows whom it lets through, and for the others it is a busy Vault: no storm comes of it,
// and when it is gone all is well again.
std::string quota_of(const Play& play, const Ca& ca) {
    return play.world.name("quota-" + ca.name);
}

Task<Result<void>> remove_quota(vault::Client vault, std::string name) {
    const auto done = co_await vault.call("DELETE", "sys/quotas/rate-limit/" + name);
    co_return done ? Result<void>() : propagate(done);
}

std::string no_quota(const Play& play, const Step& step) {
    const auto why = no_ca(play, step);
    if (!why.empty()) {
        return why;
    }
    const auto& ca = play.model.accounts.find(field(step, "account"))->second.ca;
    const auto& admin = play.vault_of(play.cas.find(ca)->second).admin;
    return admin.config().namespace_name.empty() ? "" : "quotas are of the root namespace";
}

Task<void> write_quota(Play& play, Ca ca) {
    // The least that Vault counts, and so short that nobody is told to wait for long.
    constexpr int spans_of_a_life = 100;
    const auto name = quota_of(play, ca);
    const auto vault = play.vault_of(*ca.real).admin;
    if (!ca.model->limited) {
        require(co_await remove_quota(vault, name), "remove the quota");
        co_return;
    }
    const auto span = whole_seconds(play.world.leaf_ttl() / spans_of_a_life);
    play.world.at_end("quota " + name, [vault, name] { return remove_quota(vault, name); });
    require(co_await vault.call("PUT", "sys/quotas/rate-limit/" + name,
                                vault::Json{{"path", ca.real->prepared.pki_path()},
                                            {"rate", 1},
                                            {"interval", std::max<std::int64_t>(1, span)}}),
            "set a quota");
}

constexpr Switch signing_switch{.flag = &ModelCa::may_sign,
                                .good = true,
                                .trouble = "may not sign for the pods",
                                .mark = {},
                                .whose = pki_of,
                                .write = write_signing_role};
constexpr Switch policy_switch{.flag = &ModelCa::has_policy,
                               .good = true,
                               .trouble = "has lost its policy",
                               .mark = {},
                               .whose = pki_of,
                               .write = write_policy};
constexpr Switch quota_switch{.flag = &ModelCa::limited,
                              .good = false,
                              .trouble = "is limited by a quota",
                              .mark = "a quota limited the signatures",
                              .whose = pki_of,
                              .write = write_quota};

std::string cannot_step_down(const Play& play, const Step& step) {
    const auto why = no_open_vault(play, step);
    return why.empty() && !play.elects.contains(vault_named(step))
               ? "it has one node, and nobody to lead instead"
               : why;
}

// Where the one who leads is, as far as this node knows; "" where nobody leads.
Task<std::string> leader_of(vault::Client vault) {
    const auto health = co_await vault.health();
    if (!health || !(health->active() || health->standby)) {
        co_return std::string();
    }
    const auto leader = co_await vault.request("GET", "sys/leader");
    co_return leader && leader->json.is_object()
        ? leader->json.value("leader_address", std::string())
        : std::string();
}

// An outage that ends by itself: the history goes on when somebody leads again. Who asks meanwhile
// is told that nobody does, or is sent to who did.
Task<void> step_down(Play& play, Step step) {
    auto& site = site_of(play, step);
    require(co_await site.admin.call("PUT", "sys/step-down"), "step down");
    play.reach("a Vault's leader stepped down");
    renew_where_it_works(play);
    auto& clock = play.environment.truth();
    const auto limit = clock.elapsed() + play.model.leaf();
    while (clock.elapsed() < limit) {
        co_await clock.sleep_for(play.model.leaf() / 100);
        if (const auto leader = co_await leader_of(site.admin); !leader.empty()) {
            const auto url = require(http::Url::parse(leader), "read the leader's address");
            play.environment.wire().know(url.origin(), site.name);
            co_return;
        }
    }
    throw CannotGoOn({FailureKind::server, site.name + " has no leader again", 503, {}});
}

}  // namespace

Task<void> write_signing_role(Play& play, Ca ca) {
    const auto max_ttl = play.world.leaf_ttl() / ca.model->shortened;
    const vault::Json role{{"allowed_domains", "svc"},
                           {"allow_subdomains", true},
                           {"max_ttl", fmt::format("{}s", whole_seconds(max_ttl))},
                           {"require_cn", false},
                           {"allowed_uri_sans", allowed_ids(play, ca.model->may_sign)},
                           {"key_type", "any"}};
    const auto& prepared = ca.real->prepared;
    require(co_await prepared.site->admin.write_role(prepared.intermediate_mount, prepared.pki_role,
                                                     role),
            "write the signing role");
}

Task<void> shorten(Play& play, Ca pki, int divisor) {
    pki.model->shortened = divisor;
    pki.model->fastest = std::max(pki.model->fastest, divisor);
    play.world.monitors().space_refusals(
        mesh::first_wait(mesh::Schedule(), play.model.shortest_life()));
    co_await write_signing_role(play, pki);
}

Task<void> turn(Play& play, Ca ca, const Switch& what, bool good) {
    const auto told = fmt::format("{} {}", ca.name, what.trouble);
    ca.model->*what.flag = good == what.good;
    if (good) {
        play.fault_ends(told);
    } else {
        play.fault_begins(told);
    }
    if (!good && !what.mark.empty()) {
        play.reach(what.mark);
    }
    co_await what.write(play, ca);
}

Task<void> turn_good(Play& play, Ca ca, std::vector<const Switch*> all) {
    for (const auto* what : all) {
        if (ca.model->*what->flag != what->good) {
            co_await turn(play, ca, *what, true);
        }
    }
}

Task<void> mend_signing(Play& play, Ca pki) {
    co_await turn_good(play, pki, {&signing_switch, &policy_switch, &quota_switch});
}

Rows vault_rows() {
    return {
        {"seal", "vault", 2, {"vault"}, cannot_seal, seal},
        {"unseal", "vault", 3, {"vault"}, not_sealed, unseal},
        {"forbid-signing", "vault", 1, {"account"}, no_ca, turned<signing_switch, false>},
        {"allow-signing", "vault", 2, {"account"}, no_ca, turned<signing_switch, true>},
        {"shorten-leaves", "vault", 1, {"account", "divisor"}, no_ca, shorten_leaves},
        {"remove-policy", "vault", 1, {"account"}, no_ca, turned<policy_switch, false>},
        {"restore-policy", "vault", 2, {"account"}, no_ca, turned<policy_switch, true>},
        {"limit-signing", "vault", 1, {"account"}, no_quota, turned<quota_switch, false>},
        {"unlimit-signing", "vault", 2, {"account"}, no_quota, turned<quota_switch, true>},
        {"step-down", "vault", 1, {"vault"}, cannot_step_down, step_down},
        {"revoke-leaf", "vault", 1, {"account"}, no_issuer, revoke_leaf},
    };
}

}  // namespace meshproof::scenarios::explore
