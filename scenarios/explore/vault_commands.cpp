// What somebody does in the Vault: seals it, rotates and deletes, changes roles and policies.
#include <charconv>

#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

constexpr int lives_of_an_issuer = 1000;

std::string vault_named(const Step& step) {
    return "vault-" + field(step, "vault");
}

run::VaultSite& site_of(Play& play, const Step& step) {
    return play.world.vault(field(step, "vault") == "1" ? 1 : 0);
}

std::string cannot_seal(const Play& play, const Step& step) {
    const bool second = field(step, "vault") == "1";
    if (second && play.history.world.vaults < 2) {
        return "there is no vault-1";
    }
    if (!play.world.vault(second ? 1 : 0).may_seal) {
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

/// The CA of a step's account, real and in the model.
struct Ca {
    RealCa* real;
    ModelCa* model;
    std::string name;
};

Ca ca_of(Play& play, const Step& step) {
    const auto name = play.model.accounts[field(step, "account")].ca;
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

std::string no_issuer(const Play& play, const Step& step) {
    const auto why = no_ca(play, step);
    if (!why.empty()) {
        return why;
    }
    const auto& ca = play.model.accounts.find(field(step, "account"))->second.ca;
    return play.model.cas.find(ca)->second.has_issuer ? "" : "its issuer is deleted";
}

Task<void> delete_issuer(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.delete_issuer(
                ca.real->prepared.intermediate_mount, "default"),
            "delete the issuer");
    ca.model->has_issuer = false;
    play.reach("a CA was deleted while pods held its leaves");
    play.fault_begins("the issuer of " + ca.name + " is deleted");
}

// A new intermediate below the same root, which every trust store holds.
Task<void> rotate_issuer(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    const auto& vault = play.vault_of(*ca.real).admin;
    const auto& mount = ca.real->prepared.intermediate_mount;
    const auto number = ca.real->issuers.size() + 1;
    const vault::Json request{{"common_name", fmt::format("svc Intermediate Authority {}", number)},
                              {"key_type", "ec"}};
    const auto csr = require(co_await vault.generate_intermediate_csr(mount, request),
                             "generate another intermediate's request");
    const auto life = whole_seconds(play.world.leaf_ttl() * lives_of_an_issuer);
    // Below the root's own end, however late it is.
    const auto left = whole_seconds(ca.real->issuers.front().not_after() - play.truth());
    const vault::Json signing{
        {"csr", csr}, {"format", "pem_bundle"}, {"ttl", fmt::format("{}s", std::min(life, left))}};
    const auto answer =
        require(co_await vault.sign_intermediate(ca.real->prepared.root_mount, signing),
                "sign another intermediate");
    const auto imported = require(co_await vault.set_signed(mount, answer.certificate_pem),
                                  "install another intermediate");
    for (const auto& [issuer, key] : imported.mapping) {
        const bool is_new = std::ranges::find(imported.issuers, issuer) != imported.issuers.end();
        if (!key.empty() && is_new) {
            require(co_await vault.use_issuer_by_default(mount, issuer), "use the new issuer");
        }
    }
    ca.real->issuers.push_back(answer.certificates.front());
    play.world.monitors().limit_leaves(answer.certificates.front(), ca.real->prepared.role_max_ttl);
    ca.model->has_issuer = true;
    play.fault_ends("the issuer of " + ca.name + " is deleted");
    play.reach("an issuer was rotated under living leaves");
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
    const auto ca = ca_of(play, step);
    ca.model->may_sign = false;
    play.fault_begins(ca.name + " may not sign for the pods");
    co_await write_signing_role(play, ca);
}

Task<void> allow_signing(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    ca.model->may_sign = true;
    play.fault_ends(ca.name + " may not sign for the pods");
    co_await write_signing_role(play, ca);
}

Task<void> shorten_leaves(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    int divisor = 2;
    const auto text = field(step, "divisor");
    std::from_chars(text.data(), text.data() + text.size(), divisor);
    // It never grows again: an agent goes by the shorter life until its next leaf.
    ca.model->shortened = std::max(ca.model->shortened, divisor);
    play.world.monitors().space_refusals(
        mesh::first_wait(mesh::Schedule(), play.world.leaf_ttl() / ca.model->shortened));
    co_await write_signing_role(play, ca);
}

Task<void> write_auth_role(Play& play, Ca ca) {
    const auto& prepared = ca.real->prepared;
    vault::Client::KubernetesRole role;
    role.service_accounts = {ca.model->may_log_in ? prepared.service_account : "nobody"};
    if (ca.model->may_log_in) {
        role.service_accounts.push_back(ca.real->second_account);
    }
    role.namespaces = {play.world.target().mesh_namespace};
    role.policies = {prepared.policy};
    role.ttl = run::Recipe().token_ttl;
    role.token_type = play.history.world.token_type;
    require(co_await prepared.site->admin.write_kubernetes_role(prepared.auth_mount,
                                                                prepared.auth_role, role),
            "write the auth role");
}

Task<void> deny_logins(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    ca.model->may_log_in = false;
    play.fault_begins(ca.name + " takes no login");
    co_await write_auth_role(play, ca);
}

Task<void> allow_logins(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    ca.model->may_log_in = true;
    play.fault_ends(ca.name + " takes no login");
    co_await write_auth_role(play, ca);
}

Task<void> remove_policy(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.delete_policy(ca.real->prepared.policy),
            "delete the policy");
    ca.model->has_policy = false;
    play.fault_begins("the policy of " + ca.name + " is gone");
}

Task<void> restore_policy(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.write_policy(ca.real->prepared.policy,
                                                                ca.real->policy),
            "write the policy");
    ca.model->has_policy = true;
    play.fault_ends("the policy of " + ca.name + " is gone");
}

std::string no_service_tokens(const Play& play, const Step& step) {
    return play.history.world.token_type == "batch" ? "batch tokens have no lease"
                                                    : no_ca(play, step);
}

Task<void> revoke_tokens(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.call(
                "PUT", fmt::format("sys/leases/revoke-prefix/auth/{}/login",
                                   ca.real->prepared.auth_mount)),
            "revoke the agents' tokens");
}

// Nobody reads a CRL: a revoked leaf serves to its end, as the page has it.
Task<void> revoke_leaf(Play& play, Step step) {
    const auto ca = ca_of(play, step);
    for (const auto& pod : play.pods()) {
        if (pod.ca == ca.name) {
            std::ignore = co_await play.vault_of(*ca.real).admin.call(
                "PUT", ca.real->prepared.intermediate_mount + "/revoke",
                vault::Json{{"serial_number", pod.serial}});
            break;
        }
    }
}

}  // namespace

Rows vault_rows() {
    return {
        {"seal", "vault", 2, {"vault"}, cannot_seal, seal},
        {"unseal", "vault", 3, {"vault"}, not_sealed, unseal},
        {"delete-issuer", "vault", 1, {"account"}, no_issuer, delete_issuer},
        {"rotate-issuer", "vault", 2, {"account"}, no_ca, rotate_issuer},
        {"forbid-signing", "vault", 1, {"account"}, no_ca, forbid_signing},
        {"allow-signing", "vault", 2, {"account"}, no_ca, allow_signing},
        {"shorten-leaves", "vault", 1, {"account", "divisor"}, no_ca, shorten_leaves},
        {"deny-logins", "vault", 1, {"account"}, no_ca, deny_logins},
        {"allow-logins", "vault", 2, {"account"}, no_ca, allow_logins},
        {"remove-policy", "vault", 1, {"account"}, no_ca, remove_policy},
        {"restore-policy", "vault", 2, {"account"}, no_ca, restore_policy},
        {"revoke-tokens", "vault", 1, {"account"}, no_service_tokens, revoke_tokens},
        {"revoke-leaf", "vault", 1, {"account"}, no_ca, revoke_leaf},
    };
}

}  // namespace meshproof::scenarios::explore
