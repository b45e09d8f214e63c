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

std::string cannot_seal(const Play& play, const Step& step) {
    const auto why = no_vault(play, step);
    if (!why.empty()) {
        return why;
    }
    if (!site_of(play, step).may_seal) {
        return "this target's Vault may not be sealed";
    }
    return play.model.sealed.contains(vault_named(step)) ? "it is sealed" : "";
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

Task<void> write_signing_role(Play& play, Ca ca) {
    const auto max_ttl = play.world.leaf_ttl() / ca.model->shortened;
    const vault::Json role{
        {"allowed_domains", "svc"},
        {"allow_subdomains", true},
        {"max_ttl", fmt::format("{}s", whole_seconds(max_ttl))},
        {"require_cn", false},
        {"allowed_uri_sans", ca.model->may_sign ? "spiffe://cluster.local/*" : "spiffe://other/*"},
        {"key_type", "any"}};
    const auto& prepared = ca.real->prepared;
    require(co_await prepared.site->admin.write_role(prepared.intermediate_mount, prepared.pki_role,
                                                     role),
            "write the signing role");
}

Task<void> forbid_signing(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    ca.model->may_sign = false;
    play.fault_begins(ca.name + " may not sign for the pods");
    co_await write_signing_role(play, ca);
}

Task<void> allow_signing(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    ca.model->may_sign = true;
    play.fault_ends(ca.name + " may not sign for the pods");
    co_await write_signing_role(play, ca);
}

Task<void> shorten_leaves(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    // It never grows again: an agent goes by the shorter life until its next leaf.
    ca.model->shortened = std::max(ca.model->shortened, number_of(step, "divisor", 2));
    play.world.monitors().space_refusals(
        mesh::first_wait(mesh::Schedule(), play.world.leaf_ttl() / ca.model->shortened));
    co_await write_signing_role(play, ca);
}

Task<void> remove_policy(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.delete_policy(ca.real->prepared.policy),
            "delete the policy");
    ca.model->has_policy = false;
    play.fault_begins("the policy of " + ca.name + " is gone");
}

Task<void> restore_policy(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.write_policy(ca.real->prepared.policy,
                                                                ca.real->policy),
            "write the policy");
    ca.model->has_policy = true;
    play.fault_ends("the policy of " + ca.name + " is gone");
}

// Nobody reads a CRL: a revoked leaf serves to its end, as the page has it.
Task<void> revoke_leaf(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    for (const auto& pod : play.pods()) {
        if (pod.ca == play.model.anchor_of_leaves(ca.name)) {
            std::ignore = co_await play.vault_of(*ca.real).admin.call(
                "PUT", ca.real->prepared.intermediate_mount + "/revoke",
                vault::Json{{"serial_number", pod.serial}});
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

Task<void> limit_signing(Play& play, Step step) {
    // The least that Vault counts, and so short that nobody is told to wait for long.
    constexpr int spans_of_a_life = 100;
    const auto ca = pki_of(play, step);
    const auto name = quota_of(play, ca);
    const auto vault = play.vault_of(*ca.real).admin;
    const auto span = whole_seconds(play.world.leaf_ttl() / spans_of_a_life);
    play.world.at_end("quota " + name, [vault, name] { return remove_quota(vault, name); });
    require(co_await vault.call("PUT", "sys/quotas/rate-limit/" + name,
                                vault::Json{{"path", ca.real->prepared.pki_path()},
                                            {"rate", 1},
                                            {"interval", std::max<std::int64_t>(1, span)}}),
            "set a quota");
    ca.model->limited = true;
    play.reach("a quota limited the signatures");
    play.fault_begins("a quota limits " + ca.name);
}

Task<void> unlimit_signing(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    require(co_await remove_quota(play.vault_of(*ca.real).admin, quota_of(play, ca)),
            "remove the quota");
    ca.model->limited = false;
    play.fault_ends("a quota limits " + ca.name);
}

std::string cannot_step_down(const Play& play, const Step& step) {
    const auto why = cannot_seal(play, step);
    return why.empty() && !play.elects.contains(vault_named(step))
               ? "it has one node, and nobody to lead instead"
               : why;
}

// An outage that ends by itself: the history goes on when somebody leads again.
Task<void> step_down(Play& play, Step step) {
    auto& site = site_of(play, step);
    require(co_await site.admin.call("PUT", "sys/step-down"), "step down");
    play.reach("a Vault's leader stepped down");
    auto& clock = play.environment.truth();
    const auto limit = clock.elapsed() + play.model.leaf();
    while (clock.elapsed() < limit) {
        const auto health = co_await site.admin.health();
        if (health && (health->active() || health->standby)) {
            const auto leader = co_await site.admin.request("GET", "sys/leader");
            if (leader && leader->json.is_object() &&
                !leader->json.value("leader_address", std::string()).empty()) {
                co_return;
            }
        }
        co_await clock.sleep_for(play.model.leaf() / 100);
    }
    throw CannotGoOn({FailureKind::server, site.name + " has no leader again", 503, {}});
}

}  // namespace

Rows vault_rows() {
    return {
        {"seal", "vault", 2, {"vault"}, cannot_seal, seal},
        {"unseal", "vault", 3, {"vault"}, not_sealed, unseal},
        {"forbid-signing", "vault", 1, {"account"}, no_ca, forbid_signing},
        {"allow-signing", "vault", 2, {"account"}, no_ca, allow_signing},
        {"shorten-leaves", "vault", 1, {"account", "divisor"}, no_ca, shorten_leaves},
        {"remove-policy", "vault", 1, {"account"}, no_ca, remove_policy},
        {"restore-policy", "vault", 2, {"account"}, no_ca, restore_policy},
        {"limit-signing", "vault", 1, {"account"}, no_quota, limit_signing},
        {"unlimit-signing", "vault", 2, {"account"}, no_quota, unlimit_signing},
        {"step-down", "vault", 1, {"vault"}, cannot_step_down, step_down},
        {"revoke-leaf", "vault", 1, {"account"}, no_ca, revoke_leaf},
    };
}

}  // namespace meshproof::scenarios::explore
