// The signing role: would it sign what the mesh's agents ask for, and nothing else?
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "conformance/preflight/versions.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// Whatever its case: so both products read usages and names.
bool holds_word(const std::vector<std::string>& texts, std::string_view wanted) {
    return std::ranges::any_of(
        texts, [&](const std::string& text) { return lower(text) == lower(wanted); });
}

std::string mesh_key(const Facts& facts) {
    const auto type = to_string(facts.account.mesh.key_type);
    return type.starts_with("rsa") ? "rsa" : type == "ed25519" ? "ed25519" : "ec";
}

int mesh_bits(const Facts& facts) {
    const std::string type(to_string(facts.account.mesh.key_type));
    const auto dash = type.find('-');
    return dash == std::string::npos ? 0 : std::stoi(type.substr(dash + 1));
}

std::string workload(const Facts& facts) {
    return fmt::format("spiffe://{}/ns/default/sa/web", facts.account.trust_domain);
}

/// The mesh's usual ids, or some of its trust domain: a role may be for a few namespaces.
bool allows_ids(const std::vector<std::string>& patterns, const Facts& facts) {
    const auto own = fmt::format("spiffe://{}/", facts.account.trust_domain);
    return any_stands_for(patterns, workload(facts)) ||
           std::ranges::any_of(patterns,
                               [&](const auto& pattern) { return pattern.starts_with(own); });
}

Judgement key_type(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto type = text_of(role, "key_type");
        return type == "any" || type == mesh_key(facts)
                   ? holds()
                   : found(fmt::format("key_type is {}, and the mesh's keys are {}", type,
                                       to_string(facts.account.mesh.key_type)));
    });
}

Judgement key_bits(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto type = text_of(role, "key_type");
        const auto bits = number_of(role, "key_bits");
        const auto ours = mesh_bits(facts);
        // An EC role takes its own curve or larger, an RSA role its own size or larger.
        return type != mesh_key(facts) || bits <= ours
                   ? holds()
                   : found(fmt::format("key_bits is {}, and the mesh's keys have {}", bits, ours));
    });
}

std::string mesh_ids(const Facts& facts) {
    return fmt::format("spiffe://{}/*", facts.account.trust_domain);
}

/// What the role allows already, and the mesh's ids.
Values with_mesh_ids(std::vector<std::string> allowed, const Facts& facts) {
    return {{"uris", with_one_more(std::move(allowed), mesh_ids(facts))}};
}

Judgement uri_sans_bare(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto allowed = texts_of(role, "allowed_uri_sans");
        return holds_word(allowed, facts.account.trust_domain) && !allows_ids(allowed, facts)
                   ? found("allowed_uri_sans is " + join(allowed, ","),
                           with_mesh_ids(allowed, facts))
                   : holds();
    });
}

Judgement uri_sans(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto allowed = texts_of(role, "allowed_uri_sans");
        if (flag_of(role, "allowed_uri_sans_template")) {
            return unknown("allowed_uri_sans is a template");
        }
        if (holds_word(allowed, facts.account.trust_domain) || allows_ids(allowed, facts)) {
            return holds();
        }
        return found(fmt::format("allowed_uri_sans is {}, and the mesh asks for {}",
                                 allowed.empty() ? "empty" : join(allowed, ","), workload(facts)),
                     with_mesh_ids(allowed, facts));
    });
}

Judgement uri_sans_wide(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        constexpr std::string_view foreign = "spiffe://some-other-domain/ns/default/sa/web";
        const auto allowed = texts_of(role, "allowed_uri_sans");
        auto narrow = allowed;
        std::erase_if(
            narrow, [&](const std::string& pattern) { return any_stands_for({pattern}, foreign); });
        if (narrow.size() == allowed.size()) {
            return holds();
        }
        return found("allowed_uri_sans is " + join(allowed, ","),
                     allows_ids(narrow, facts) ? Values{{"uris", join(narrow, ",")}}
                                               : with_mesh_ids(narrow, facts));
    });
}

Judgement uri_template(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        return flag_of(role, "allowed_uri_sans_template")
                   ? found("allowed_uri_sans_template is true")
                   : holds();
    });
}

Judgement require_cn(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        return flag_of(role, "require_cn") ? found("require_cn is true") : holds();
    });
}

Judgement use_csr_sans(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        return flag_of(role, "use_csr_sans", true) ? holds() : found("use_csr_sans is false");
    });
}

Judgement usage_without_signature(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        const auto usage = texts_of(role, "key_usage");
        return holds_word(usage, "DigitalSignature") ? holds()
                                                     : found("key_usage is " + join(usage, ","));
    });
}

Judgement usage_of_a_ca(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        const auto usage = texts_of(role, "key_usage");
        return holds_word(usage, "CertSign") || holds_word(usage, "CRLSign")
                   ? found("key_usage is " + join(usage, ","))
                   : holds();
    });
}

Judgement key_encipherment(const Facts& facts) {
    if (mesh_key(facts) != "ec") {
        return beside();
    }
    return with(facts.role, [](const Json& role) {
        const auto usage = texts_of(role, "key_usage");
        return holds_word(usage, "KeyEncipherment") ? found("key_usage is " + join(usage, ","))
                                                    : holds();
    });
}

Judgement server_flag(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        return flag_of(role, "server_flag", true) ||
                       holds_word(texts_of(role, "ext_key_usage"), "ServerAuth")
                   ? holds()
                   : found("server_flag is false");
    });
}

Judgement client_flag(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        return flag_of(role, "client_flag", true) ||
                       holds_word(texts_of(role, "ext_key_usage"), "ClientAuth")
                   ? holds()
                   : found("client_flag is false");
    });
}

Judgement max_ttl(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto most = duration_of(role, "max_ttl");
        return most == Duration::zero() || most >= facts.account.ttl
                   ? holds()
                   : found(fmt::format("max_ttl is {}, and the mesh asks for {}", go_duration(most),
                                       go_duration(facts.account.ttl)));
    });
}

Judgement not_before(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        constexpr auto least = std::chrono::seconds(5);
        const auto back = duration_of(role, "not_before_duration");
        return back >= least || !role.contains("not_before_duration")
                   ? holds()
                   : found("not_before_duration is " + go_duration(back));
    });
}

Judgement fixed_not_after(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        const auto date = text_of(role, "not_after");
        return date.empty() ? holds() : found("not_after is " + date);
    });
}

Judgement allow_any_name(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        return flag_of(role, "allow_any_name") ? found("allow_any_name is true") : holds();
    });
}

Judgement glob_domains(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        const auto domains = texts_of(role, "allowed_domains");
        return holds_word(domains, "*") && flag_of(role, "allow_glob_domains")
                   ? found("allowed_domains is " + join(domains, ","))
                   : holds();
    });
}

Judgement stored(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        return flag_of(role, "no_store") ? holds()
                                         : found("no_store is false" + facts.leaves_a_day());
    });
}

/// Row 170: since 2.5 OpenBao's standbys do what writes nothing.
Judgement standbys(const Facts& facts) {
    if (!facts.seal.is_known() || !facts.health.is_known()) {
        return unknown(facts.seal.is_known() ? facts.health.why() : facts.seal.why());
    }
    const bool could_sign = facts.openbao() && facts.seal->storage_type == "raft" &&
                            version_of(facts.health->version) >= Version{2, 5, 0};
    return !could_sign ? beside() : with(facts.role, [](const Json& role) {
        return flag_of(role, "no_store") ? holds()
                                         : found("no_store is false, and the storage is raft");
    });
}

Judgement leased(const Facts& facts) {
    return with(facts.role, [](const Json& role) {
        return flag_of(role, "generate_lease") ? found("generate_lease is true") : holds();
    });
}

Judgement issuer_missing(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto reference = text_of(role, "issuer_ref");
        if (reference.empty() || reference == "default") {
            return beside();
        }
        return with(facts.issuers, [&](const Issuers& issuers) {
            return issuers.find(reference) != nullptr ? holds()
                                                      : found("issuer_ref is " + reference);
        });
    });
}

Judgement fixed_issuer(const Facts& facts) {
    return with(facts.role, [&](const Json& role) {
        const auto reference = text_of(role, "issuer_ref");
        return reference.empty() || reference == "default" ? holds()
                                                           : found("issuer_ref is " + reference);
    });
}

}  // namespace

std::vector<Rule> role_rules() {
    return {
        {.id = "role/key-type",
         .severity = Severity::error,
         .title = "The signing role refuses the mesh's kind of keys.",
         .why =
             "Roles are for RSA where nothing else is said; every request of a pod with an EC key "
             "is 400 \"role requires keys of type rsa\".",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% key_type=%key_type% key_bits=0"},
         .judge = key_type},
        {.id = "role/key-bits",
         .severity = Severity::error,
         .title = "The signing role wants larger keys than the mesh makes.",
         .why = "Every request of a pod is refused.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% key_bits=0"},
         .judge = key_bits},
        {.id = "role/uri-sans-bare",
         .severity = Severity::error,
         .title = "The signing role allows the bare trust domain, which no SPIFFE id is.",
         .why =
             "The page says to set allowed_uri_sans to the trust domain; ids begin with spiffe://, "
             "so every request is refused.",
         .member = "trust_domain",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% allowed_uri_sans=%uris%"},
         .judge = uri_sans_bare},
        {.id = "role/uri-sans",
         .severity = Severity::error,
         .title = "The signing role does not allow the mesh's SPIFFE ids.",
         .why =
             "Every request of a pod is refused; this role is for another trust domain, or none.",
         .member = "trust_domain",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% allowed_uri_sans=%uris%"},
         .judge = uri_sans},
        {.id = "role/uri-sans-wide",
         .severity = Severity::warning,
         .title = "The signing role allows ids of every trust domain.",
         .why = "A pod of this mesh can get the identity of another mesh's pod.",
         .member = "trust_domain",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% allowed_uri_sans=%uris%"},
         .judge = uri_sans_wide},
        {.id = "role/uri-template",
         .severity = Severity::advice,
         .title = "The allowed ids come from an identity template.",
         .why = "Newer servers refuse values with * or + in them (Vault 1.19.17, OpenBao 2.6).",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {},
         .judge = uri_template},
        {.id = "role/require-cn",
         .severity = Severity::error,
         .title = "The signing role demands a common name, and mesh leaves have none.",
         .why = "Every request is refused: the common_name field is required.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% require_cn=false"},
         .judge = require_cn},
        {.id = "role/use-csr-sans",
         .severity = Severity::error,
         .title = "The signing role drops the names that the request holds.",
         .why = "Leaves come without a SPIFFE id, and every peer refuses them.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% use_csr_sans=true"},
         .judge = use_csr_sans},
        {.id = "role/usage-without-signature",
         .severity = Severity::error,
         .title = "Leaves may not sign, so they cannot be shown in TLS.",
         .why = "digitalSignature is what TLS 1.3 and X509-SVID ask of a leaf.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% key_usage=DigitalSignature"},
         .judge = usage_without_signature},
        {.id = "role/usage-of-a-ca",
         .severity = Severity::error,
         .title = "Leaves carry the usage of a CA.",
         .why = "X509-SVID forbids keyCertSign and cRLSign on leaves: strict peers refuse them.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% key_usage=DigitalSignature"},
         .judge = usage_of_a_ca},
        {.id = "role/key-encipherment",
         .severity = Severity::advice,
         .title = "EC leaves carry keyEncipherment, which RFC 8813 forbids.",
         .why = "It is the products' default, meshes accept it, and linters call it an error.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% key_usage=DigitalSignature"},
         .judge = key_encipherment},
        {.id = "role/server-flag",
         .severity = Severity::error,
         .title = "Leaves are not for servers.",
         .why = "A pod is a server in half of its connections, and is refused there.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% server_flag=true"},
         .judge = server_flag},
        {.id = "role/client-flag",
         .severity = Severity::error,
         .title = "Leaves are not for clients.",
         .why = "A pod is a client in half of its connections, and is refused there.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% client_flag=true"},
         .judge = client_flag},
        {.id = "role/max-ttl",
         .severity = Severity::warning,
         .title = "The signing role cuts the life that the mesh asks for.",
         .why = "Leaves come shorter than asked: pods that plan by what they asked for renew too "
                "late.",
         .member = "ttl",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% max_ttl=%ttl%"},
         .judge = max_ttl},
        {.id = "role/not-before",
         .severity = Severity::warning,
         .title = "Leaves begin at the moment of signing.",
         .why = "A peer whose clock is a little behind refuses a fresh leaf.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% not_before_duration=30s"},
         .judge = not_before},
        {.id = "role/fixed-not-after",
         .severity = Severity::error,
         .title = "All leaves of the role end on one day.",
         .why = "The whole mesh loses its leaves at one moment, and renewals do not help.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% not_after="},
         .judge = fixed_not_after},
        {.id = "role/any-name",
         .severity = Severity::warning,
         .title = "The signing role allows every DNS name.",
         .why = "Whoever may sign can pose as any host that trusts this CA.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% allow_any_name=false"},
         .judge = allow_any_name},
        {.id = "role/glob-domains",
         .severity = Severity::warning,
         .title = "The signing role allows all domains by a glob.",
         .why = "Whoever may sign can pose as any host that trusts this CA.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% allow_glob_domains=false"},
         .judge = glob_domains},
        {.id = "role/stored",
         .severity = Severity::advice,
         .title = "Every leaf is stored.",
         .why =
             "Short leaves are never revoked; storing them costs a write each, fills the storage, "
             "and keeps standbys from signing. no_store=true leaves that out.",
         .member = "mesh.pods",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% no_store=true"},
         .judge = stored},
        {.id = "role/standbys",
         .severity = Severity::advice,
         .title = "Standbys do not sign for this role.",
         .why =
             "OpenBao's standbys sign by themselves where nothing is stored. Here each passes the "
             "request on, and the active node alone carries the mesh.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% no_store=true"},
         .judge = standbys},
        {.id = "role/leased",
         .severity = Severity::warning,
         .title = "Every leaf makes a lease.",
         .why = "Leases are kept in memory and revoke each leaf when its login ends; inline logins "
                "are refused with 500.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% generate_lease=false"},
         .judge = leased},
        {.id = "role/issuer-missing",
         .severity = Severity::error,
         .title = "The signing role names an issuer that is not there.",
         .why = "Every signature is a 500.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% issuer_ref=default"},
         .judge = issuer_missing},
        {.id = "role/fixed-issuer",
         .severity = Severity::advice,
         .title = "The signing role is bound to one issuer.",
         .why = "A rotation of the default issuer does not reach it.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% patch %mount%/roles/%role% issuer_ref=default"},
         .judge = fixed_issuer},
    };
}

}  // namespace meshproof::preflight
