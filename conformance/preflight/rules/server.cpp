// The Vault itself: reachable, open, verified, of a version that is looked after.
#include <algorithm>
#include <array>

#include "conformance/preflight/rule.hpp"
#include "conformance/preflight/versions.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

Judgement unreachable(const Facts& facts) {
    return facts.unreachable.empty() ? holds() : found(facts.unreachable);
}

/// How a handshake ends in which one side speaks nothing that the other does: by the server's
/// alert, or by our own refusal of its version.
Judgement no_common_tls(const Facts& facts) {
    constexpr std::array<std::string_view, 4> ends = {
        "alert handshake failure", "alert protocol version", "alert insufficient security",
        "unsupported protocol"};
    const bool so = std::ranges::any_of(ends, [&](std::string_view end) {
        return facts.unreachable.find(end) != std::string::npos;
    });
    return so ? found(facts.unreachable) : facts.unreachable.empty() ? holds() : beside();
}

Judgement uninitialised(const Facts& facts) {
    return with(facts.health, [](const vault::Health& health) {
        return health.initialized ? holds() : found("sys/health says initialized: false");
    });
}

Judgement sealed(const Facts& facts) {
    return with(facts.health, [](const vault::Health& health) {
        return health.sealed && health.initialized ? found("sys/health says sealed: true")
                                                   : holds();
    });
}

Judgement plain_http(const Facts& facts) {
    const auto& url = facts.account.vault.endpoint.url;
    return url.scheme == "https" ? holds() : found(url.text());
}

Judgement unverified(const Facts& facts) {
    const auto& endpoint = facts.account.vault.endpoint;
    return endpoint.url.scheme != "https" || endpoint.tls.verify_peer
               ? holds()
               : found("vault.skip_verify is true");
}

Judgement other_https_ca(const Facts& facts) {
    return with(facts.bundle_serves_tls, [](bool serves) {
        return serves ? holds() : found("its HTTPS does not verify by the bundle alone");
    });
}

/// OpenBao 2.6 and later: whatever is asked in it is a 503 with these words, while sys/health of
/// the root says that all is well.
bool in_sealed_namespace(const Facts& facts) {
    return facts.mounts.why().find("namespace is sealed") != std::string::npos;
}

Judgement no_reader(const Facts& facts) {
    if (facts.account.reader.empty()) {
        return found("neither vault.token_file nor VAULT_TOKEN");
    }
    if (!facts.unreachable.empty() || in_sealed_namespace(facts)) {
        return unknown(facts.reader.why());
    }
    // One without the default policy may not look at itself, and reads the rest.
    return facts.reader.is_known() || facts.mounts.is_known() ? holds()
           : facts.reader.is_late()                           ? unknown(facts.reader.why())
                                                              : found(facts.reader.why());
}

/// Row 42: Vault without an enterprise licence takes the header and does nothing by it.
Judgement namespace_ignored(const Facts& facts) {
    if (facts.account.vault.namespace_name.empty()) {
        return beside();
    }
    return with(facts.health, [&](const vault::Health& health) {
        const bool enterprise = health.version.find("+ent") != std::string::npos;
        return facts.openbao() || enterprise
                   ? holds()
                   : found(fmt::format("Vault {} has no namespaces", health.version));
    });
}

Judgement namespace_sealed(const Facts& facts) {
    if (facts.account.vault.namespace_name.empty() || !facts.openbao()) {
        return beside();
    }
    return in_sealed_namespace(facts)                             ? found(facts.mounts.why())
           : facts.mounts.is_known() || facts.mounts.is_missing() ? holds()
                                                                  : unknown(facts.mounts.why());
}

Judgement namespace_missing(const Facts& facts) {
    if (facts.account.vault.namespace_name.empty() || !facts.openbao()) {
        return beside();
    }
    if (in_sealed_namespace(facts)) {
        return beside();
    }
    // The whole namespace is not there exactly if its mount table is not (row 42).
    return facts.mounts.is_missing()
               ? found(fmt::format("namespace {} is not found", facts.account.vault.namespace_name))
           : facts.mounts.is_known() ? holds()
                                     : unknown(facts.mounts.why());
}

Judgement old_version(const Facts& facts) {
    return with(facts.health, [&](const vault::Health& health) {
        if (!facts.seal.is_known()) {
            return without(facts.seal);
        }
        const auto version = version_of(health.version);
        const auto wanted = mended_in(edition_of(facts.openbao(), health.version), version);
        return version >= wanted
                   ? holds()
                   : found(fmt::format("{} is before {}", health.version, version_text(wanted)));
    });
}

Judgement end_of_life(const Facts& facts) {
    return with(facts.health, [&](const vault::Health& health) {
        if (!facts.seal.is_known()) {
            return without(facts.seal);
        }
        const auto version = version_of(health.version);
        return gets_fixes(edition_of(facts.openbao(), health.version), version)
                   ? holds()
                   : found(fmt::format("{} is of the line {}.{}", health.version, version[0],
                                       version[1]));
    });
}

Judgement memory_storage(const Facts& facts) {
    return with(facts.seal, [](const vault::SealStatus& seal) {
        return seal.storage_type == "inmem" ? found("its storage is inmem") : holds();
    });
}

constexpr auto steady_clock_limit = std::chrono::seconds(5);

Judgement vault_clock(const Facts& facts) {
    const auto ahead = facts.vault_ahead();
    if (!ahead) {
        return unknown(
            "the clock is read from a signature's date and its role, and one is not known");
    }
    return std::chrono::abs(*ahead) <= steady_clock_limit
               ? holds()
               : found(fmt::format("the Vault is {} {} the clock here",
                                   human_duration(std::chrono::abs(*ahead)),
                                   *ahead > Duration::zero() ? "before" : "behind"));
}

Judgement cluster_clock(const Facts& facts) {
    return with(facts.cluster_ahead, [](const Duration& ahead) {
        return std::chrono::abs(ahead) <= steady_clock_limit
                   ? holds()
                   : found(fmt::format("the API server is {} {} the clock here",
                                       human_duration(std::chrono::abs(ahead)),
                                       ahead > Duration::zero() ? "before" : "behind"));
    });
}

}  // namespace

std::vector<Rule> server_rules() {
    return {
        {.id = "vault/unreachable",
         .severity = Severity::error,
         .title = "The Vault does not answer.",
         .why = "No pod gets a leaf; those that have one keep it until it ends.",
         .member = "vault.address",
         .object = "sys/health",
         .mend = {"%tool% status"},
         .judge = unreachable},
        {.id = "vault/no-common-tls",
         .severity = Severity::error,
         .title = "The Vault ends the TLS handshake: it speaks nothing that is spoken here.",
         .why =
             "Here it is TLS 1.2 and 1.3, with X25519 or P-256 for the key exchange. A listener, "
             "or a proxy before it, that is limited to older versions, other curves or hybrid "
             "keys alone shuts out every agent that has not got these.",
         .member = "vault.address",
         .object = "vault.address",
         .mend = {},
         .judge = no_common_tls},
        {.id = "vault/uninitialised",
         .severity = Severity::error,
         .title = "The Vault was never initialised.",
         .why = "It holds no CA and answers nothing.",
         .member = "vault.address",
         .object = "sys/init",
         .mend = {"%tool% operator init"},
         .judge = uninitialised},
        {.id = "vault/sealed",
         .severity = Severity::error,
         .title = "The Vault is sealed.",
         .why = "No pod gets a leaf until somebody unseals it; leaves go on ending meanwhile.",
         .member = "vault.address",
         .object = "sys/seal-status",
         .mend = {"%tool% operator unseal"},
         .judge = sealed},
        {.id = "vault/plain-http",
         .severity = Severity::error,
         .title = "The Vault is asked without TLS.",
         .why = "Whoever sees the wire takes the token that signs any pod's identity.",
         .member = "vault.address",
         .object = "vault.address",
         .mend = {"sed -i 's#address: http://#address: https://#' %file%"},
         .judge = plain_http},
        {.id = "vault/unverified",
         .severity = Severity::error,
         .title = "The Vault's certificate is not verified.",
         .why = "Anybody on the way can pose as this Vault, and hand out leaves and take tokens.",
         .member = "vault.skip_verify",
         .object = "vault.skip_verify",
         .mend = {"sed -i '/^ *skip_verify:/d' %file%", "unset VAULT_SKIP_VERIFY"},
         .judge = unverified},
        {.id = "vault/https-by-other-ca",
         .severity = Severity::advice,
         .title = "The mesh's CA bundle does not verify the Vault's own HTTPS.",
         .why = "Agents that trust the bundle alone cannot reach the Vault; they need its CA too.",
         .member = "pki.ca_bundle_file",
         .object = "vault.address",
         .mend = {},
         .judge = other_https_ca},
        {.id = "vault/no-reader",
         .severity = Severity::advice,
         .title = "Nobody may read the configuration.",
         .why = "Most of it stays unknown here; a token that reads it is harmless.",
         .member = "vault.token_file",
         .object = "auth/token/lookup-self",
         .mend = {"%tool% policy write mesh-preflight - <<'%end_text%'\n"
                  "path \"sys/mounts*\" { capabilities = [\"read\"] }\n"
                  "path \"sys/auth\" { capabilities = [\"read\"] }\n"
                  "path \"sys/policies/acl/*\" { capabilities = [\"read\"] }\n"
                  "path \"%mount_text%/*\" { capabilities = [\"read\", \"list\"] }\n"
                  "path \"auth/%auth_text%/*\" { capabilities = [\"read\", \"list\"] }\n"
                  "path \"%mount_text%/revoke\" { capabilities = [\"update\"] }\n"
                  "%end_text%",
                  "install -m 600 /dev/null vault-token",
                  "%tool% token create -policy=mesh-preflight -ttl=1h -field=token > vault-token",
                  "VAULT_TOKEN=$(cat vault-token) meshproof preflight --account %file%"},
         .judge = no_reader},
        {.id = "vault/namespace-ignored",
         .severity = Severity::error,
         .title = "The account names a namespace, and this Vault has none.",
         .why = "It takes the header and works in the root: on other mounts than were meant.",
         .member = "vault.namespace",
         .object = "vault.namespace",
         .mend = {"sed -i '/^vault:/,/^[^ #]/{/^ *namespace:/d;}' %file%", "unset VAULT_NAMESPACE"},
         .judge = namespace_ignored},
        {.id = "vault/namespace-missing",
         .severity = Severity::error,
         .title = "The account's namespace does not exist.",
         .why = "Every login and every signature is a 404.",
         .member = "vault.namespace",
         .object = "sys/namespaces",
         .mend = {"%tool% namespace create %vault_namespace%"},
         .judge = namespace_missing},
        {.id = "vault/namespace-sealed",
         .severity = Severity::error,
         .title = "The account's namespace is sealed.",
         .why = "Every login and every signature is a 503 until somebody unseals it, though the "
                "Vault itself is open.",
         .member = "vault.namespace",
         .object = "sys/namespaces",
         .mend = {"%tool% namespace unseal %vault_namespace%"},
         .judge = namespace_sealed},
        {.id = "vault/old-version",
         .severity = Severity::warning,
         .title = "The Vault is older than the last fixes on a mesh's path.",
         .why = "Mended since then: tokens that are renewed after their service account is gone "
                "(CVE-2026-115356, OpenBao 2.6.4 and 2.7.1), inline logins that make tokens "
                "(GHSA-rh46-vc3j-w2w3, OpenBao 2.6.2) or stand in the audit log (CVE-2026-46358, "
                "OpenBao 2.5.4), wildcards in identity templates (CVE-2026-71543, OpenBao 2.6.0), "
                "policies that are not always evaluated alike (CVE-2026-89322, Vault 2.1.2, "
                "Enterprise 1.19.23, 1.20.17 and 1.21.12 too).",
         .member = "vault.address",
         .object = "sys/health",
         .mend = {},
         .judge = old_version},
        {.id = "vault/end-of-life",
         .severity = Severity::warning,
         .title = "The line of the Vault's version gets no fixes any more.",
         .why = "What is found in it from now on stays in it. As of 2026-11 fixes come for OpenBao "
                "2.6 and 2.7, for Vault 2.2, and for Vault Enterprise 1.19, 1.21 and 2.2.",
         .member = "vault.address",
         .object = "sys/health",
         .mend = {},
         .judge = end_of_life},
        {.id = "vault/storage-in-memory",
         .severity = Severity::advice,
         .title = "The Vault keeps everything in memory.",
         .why = "Its next start is without the CA: every leaf becomes one of an unknown issuer.",
         .member = "vault.address",
         .object = "sys/seal-status",
         .mend = {},
         .judge = memory_storage},
        {.id = "clock/vault",
         .severity = Severity::error,
         .title = "The Vault's clock and the clock here differ by more than 5 s.",
         .why = "Leaves begin in the future, or end before pods think they do.",
         .member = "vault.address",
         .object = "vault.address",
         .mend = {},
         .judge = vault_clock},
        {.id = "clock/cluster",
         .severity = Severity::warning,
         .title = "The API server's clock and the clock here differ by more than 5 s.",
         .why = "Tokens that are not good yet, or no longer, are refused at the login.",
         .member = "cluster",
         .object = "cluster",
         .mend = {},
         .judge = cluster_clock},
    };
}

}  // namespace meshproof::preflight
