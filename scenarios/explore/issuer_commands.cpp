// What becomes of the certificates above leaves: issuers and roots that are rotated, replaced,
// revoked and deleted.
#include "scenarios/explore/commands.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {

std::string no_issuer(const Play& play, const Step& step) {
    const auto why = no_ca(play, step);
    if (!why.empty()) {
        return why;
    }
    const auto pki = play.model.pki_of(play.model.accounts.find(field(step, "account"))->second.ca);
    return play.model.cas.find(pki)->second.has_issuer ? "" : "its issuer is deleted or revoked";
}

namespace {

Task<void> delete_issuer(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.delete_issuer(
                ca.real->prepared.intermediate_mount, "default"),
            "delete the issuer");
    ca.model->has_issuer = false;
    if (leaves_live(play, play.model.anchor_of_leaves(ca.name))) {
        play.reach("a CA was deleted while pods held its leaves");
    }
    play.fault_begins("the issuer of " + ca.name + " is deleted");
}

// It signs no more. Nobody reads a CRL, so what it signed serves to its end.
Task<void> revoke_issuer(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    require(co_await play.vault_of(*ca.real).admin.call(
                "PUT", ca.real->prepared.intermediate_mount + "/issuer/default/revoke"),
            "revoke the issuer");
    ca.model->has_issuer = false;
    play.reach("an issuer was revoked");
    play.fault_begins("the issuer of " + ca.name + " is revoked");
}

// So many lives of a leaf, but below the first root's own end, however late it is.
std::int64_t seconds_below_the_root(Play& play, const Ca& ca, double lives) {
    const auto& first = play.anchors.find(ca.name)->second.issuers.front();
    return std::min(whole_seconds(part_of(play.world.leaf_ttl(), lives)),
                    whole_seconds(first.not_after() - play.truth()));
}

// No two authorities of a history have one name.
std::size_t next_number(const Play& play) {
    std::size_t number = 1;
    for (const auto& [name, anchor] : play.anchors) {
        number += anchor.issuers.size();
    }
    return number;
}

Task<std::string> ask_for_an_issuer(Play& play, Ca ca) {
    const vault::Json request{
        {"common_name", fmt::format("svc Intermediate Authority {}", next_number(play))},
        {"key_type", "ec"}};
    co_return require(co_await play.vault_of(*ca.real).admin.generate_intermediate_csr(
                          ca.real->prepared.intermediate_mount, request),
                      "generate another intermediate's request");
}

// From now on it signs, and its leaves chain to that anchor.
Task<void> install_issuer(Play& play, Ca ca, std::string pem, crypto::Certificate issuer,
                          std::string anchor) {
    const auto& vault = play.vault_of(*ca.real).admin;
    const auto& mount = ca.real->prepared.intermediate_mount;
    const auto imported =
        require(co_await vault.set_signed(mount, std::move(pem)), "install another intermediate");
    for (const auto& [id, key] : imported.mapping) {
        const bool is_new = std::ranges::find(imported.issuers, id) != imported.issuers.end();
        if (!key.empty() && is_new) {
            require(co_await vault.use_issuer_by_default(mount, id), "use the new issuer");
        }
    }
    play.anchors[anchor].issuers.push_back(issuer);
    play.world.monitors().limit_leaves(issuer, ca.real->prepared.role_max_ttl);
    ca.model->anchor = std::move(anchor);
    ca.model->has_issuer = true;
    ca.model->issuer_until.reset();
    play.fault_ends("the issuer of " + ca.name + " is deleted");
    play.fault_ends("the issuer of " + ca.name + " is revoked");
    play.fault_ends("the root of " + ca.name + " is replaced");
}

// A new intermediate below the first root, which its trust stores hold.
Task<crypto::Certificate> rotate_within(Play& play, Ca ca, double lives) {
    const auto csr = co_await ask_for_an_issuer(play, ca);
    const vault::Json signing{{"csr", csr},
                              {"format", "pem_bundle"},
                              {"ttl", fmt::format("{}s", seconds_below_the_root(play, ca, lives))}};
    const auto answer = require(co_await play.vault_of(*ca.real).admin.sign_intermediate(
                                    ca.real->prepared.root_mount, signing),
                                "sign another intermediate");
    const auto issuer = answer.certificates.front();
    co_await install_issuer(play, ca, answer.certificate_pem, issuer, ca.name);
    co_return issuer;
}

Task<void> rotate_issuer(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    const bool under_leaves = leaves_live(play, play.model.anchor_of_leaves(ca.name));
    std::ignore = co_await rotate_within(play, ca, lives_of_an_issuer);
    if (under_leaves) {
        play.reach("an issuer was rotated under living leaves");
    }
}

// One that ends soon, and signs nothing that would outlive it.
Task<void> rotate_to_short_issuer(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    const auto issuer = co_await rotate_within(play, ca, number_of(step, "lives", 2.0));
    ca.model->issuer_until = end_of(issuer);
}

/// A root that is kept outside of Vault.
struct OutsideRoot {
    crypto::Key key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Certificate certificate;  ///< self-signed, or signed by the root before
};

crypto::CertificateSpec authority(Play& play, const Ca& ca) {
    crypto::CertificateSpec spec;
    spec.not_before = play.truth() - as_written("30s");  // as far back as Vault dates its own
    spec.not_after = play.anchors.find(ca.name)->second.issuers.front().not_after();
    spec.is_ca = true;
    spec.key_usage = crypto::cert_sign | crypto::crl_sign;
    return spec;
}

std::string next_anchor(const Play& play, const Ca& ca) {
    return fmt::format("{}+{}", ca.name, play.anchors.size());
}

crypto::Subject subject_of_next_root(const Play& play) {
    crypto::Subject subject;
    subject.common_name = fmt::format("svc Root {}", next_number(play));
    return subject;
}

// The intermediate's request, signed by a root outside.
Task<crypto::Certificate> sign_outside(Play& play, Ca ca, OutsideRoot root) {
    const auto text = co_await ask_for_an_issuer(play, ca);
    const auto csr = require(crypto::Csr::from_pem(text), "read the intermediate's request");
    auto spec = authority(play, ca);
    spec.subject = csr.subject();
    co_return crypto::sign_certificate(spec, csr.public_key(), root.key, &root.certificate);
}

// Rotation as it should be: the old root has signed the new one, so what is below the new one is
// below both.
Task<void> cross_sign_root(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    OutsideRoot root;
    crypto::Csr::Spec request;
    request.subject = subject_of_next_root(play);
    const vault::Json signing{
        {"csr", crypto::Csr::make(request, root.key).pem()},
        {"use_csr_values", true},
        {"format", "pem"},
        {"ttl", fmt::format("{}s", seconds_below_the_root(play, ca, lives_of_an_issuer))}};
    const auto answer = require(co_await play.vault_of(*ca.real).admin.sign_intermediate(
                                    ca.real->prepared.root_mount, signing),
                                "cross-sign another root");
    root.certificate = answer.certificates.front();
    const auto issuer = co_await sign_outside(play, ca, root);
    co_await install_issuer(play, ca, issuer.pem() + root.certificate.pem(), issuer, ca.name);
    play.reach("a root was rotated with cross-signing");
}

// Without overlap: nobody who is connected takes its leaves. An account that is added from now on
// has the new bundle.
Task<void> replace_root(Play& play, Step step) {
    const auto ca = pki_of(play, step);
    OutsideRoot root;
    auto spec = authority(play, ca);
    spec.subject = subject_of_next_root(play);
    root.certificate = crypto::sign_certificate(spec, root.key.public_key(), root.key, nullptr);
    const auto issuer = co_await sign_outside(play, ca, root);
    const auto bundle = issuer.pem() + root.certificate.pem();
    const auto anchor = next_anchor(play, ca);
    play.anchors[anchor].bundle_pem = bundle;
    co_await install_issuer(play, ca, bundle, issuer, anchor);
    play.reach("a root was replaced without overlap");
    play.fault_begins("the root of " + ca.name + " is replaced");
}

// Somebody looks after all of it, and makes it as it was meant. What a replaced root made of the
// account's bundle stays: an account cannot be given another one.
Task<void> mend_ca(Play& play, Step step) {
    const auto pki = pki_of(play, step);
    co_await mend_logins(play, ca_of(play, step));
    co_await mend_signing(play, pki);
    if (!pki.model->has_issuer) {
        std::ignore = co_await rotate_within(play, pki, lives_of_an_issuer);
    }
    play.reach("somebody mended a CA");
}

}  // namespace

bool leaves_live(Play& play, const std::string& anchor) {
    return std::ranges::any_of(play.pods(), [&](const SeenPod& pod) {
        return pod.ca == anchor && play.model.valid(pod, play.truth(), {}).value_or(false);
    });
}

Rows issuer_rows() {
    return {
        {"delete-issuer", "vault", 1, {"account"}, no_issuer, delete_issuer},
        {"revoke-issuer", "vault", 1, {"account"}, no_issuer, revoke_issuer},
        {"rotate-issuer", "vault", 2, {"account"}, no_ca, rotate_issuer},
        {"rotate-to-short-issuer", "vault", 1, {"account", "lives"}, no_ca, rotate_to_short_issuer},
        {"cross-sign-root", "vault", 1, {"account"}, no_ca, cross_sign_root},
        {"mend-ca", "vault", 3, {"account"}, no_ca, mend_ca},
        {"replace-root", "vault", 1, {"account"}, no_ca, replace_root},
    };
}

}  // namespace meshproof::scenarios::explore
