// Which names a role allows: common name, DNS names, mail addresses.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

using run::Check;
using run::Json;
using run::Level;
using run::Probe;
using run::Reply;
using Names = std::vector<std::string>;

/// A role that allows no name yet.
Json narrow(Json more = Json::object()) {
    Json parameters{{"allow_any_name", false}, {"allow_localhost", false}};
    parameters.update(more);
    return parameters;
}

std::string csr_for(Names dns_names, std::string common_name = "") {
    crypto::Csr::Spec spec;
    spec.subject.common_name = std::move(common_name);
    spec.alt_names.dns = std::move(dns_names);
    return steps::csr(spec);
}

Task<void> expect_allowed(Probe& probe, std::string mount, Names names, std::string role = "app") {
    for (const auto& name : names) {
        const auto reply = co_await steps::sign(probe, mount, csr_for({name}), {}, role);
        probe.expect(reply.status == 200, "{} is not allowed: {}", name,
                     fmt::join(reply.errors(), "; "));
    }
}

Task<void> expect_refused(Probe& probe, std::string mount, Names names, std::string role = "app") {
    for (const auto& name : names) {
        const auto reply = co_await steps::sign(probe, mount, csr_for({name}), {}, role);
        probe.expect_plain_error(
            reply, 400, fmt::format("subject alternate name {} not allowed by this role", name));
    }
}

Task<void> common_name_required(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe, Json{{"require_cn", true}});
    const auto text =
        "the common_name field is required, or must be provided in a CSR with "
        "\"use_csr_common_name\" set to true, unless \"require_cn\" is set to false";
    const auto nameless = co_await steps::sign(probe, mount, steps::workload_csr());
    probe.expect_plain_error(nameless, 400, text);
    const auto issued = co_await steps::issue(probe, mount);
    probe.expect_plain_error(issued, 400, text);
    const auto named = co_await steps::sign(probe, mount, steps::named_csr("web.test"));
    probe.expect_status(named, 200);
}

Task<void> nothing_at_all(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe);
    const auto reply = co_await steps::sign(probe, mount, steps::csr());
    probe.expect_status(reply, 200);
    const auto leaf = steps::leaf_of(probe, reply);
    probe.expect(leaf.subject_is_empty(), "the subject is {}", leaf.subject_line());
    probe.expect(leaf.alt_names().empty(), "the leaf has alternative names");
}

Task<void> critical_names(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe);
    const auto without = co_await steps::sign(probe, mount, steps::workload_csr());
    probe.expect(steps::leaf_of(probe, without).alt_names_critical(),
                 "no subject, and the alternative names are not critical");
    const auto with = co_await steps::sign(probe, mount, csr_for({"a.test"}, "web.test"));
    probe.expect(!steps::leaf_of(probe, with).alt_names_critical(),
                 "there is a subject, and the alternative names are critical");
}

Task<void> refused_names(Probe& probe) {
    const auto mount =
        co_await steps::issuing_mount(probe, narrow(Json{{"allowed_domains", "mesh.test"}}));
    const auto common = co_await steps::sign(probe, mount, csr_for({"dns.other"}, "cn.other"));
    probe.expect_plain_error(common, 400, "common name cn.other not allowed by this role");
    co_await expect_refused(probe, mount, {"dns.other"});
    crypto::Csr::Spec spec;
    spec.alt_names.emails = {"joe@mail.other"};
    const auto mail = co_await steps::sign(probe, mount, steps::csr(spec));
    probe.expect_plain_error(mail, 400, "email address joe@mail.other not allowed by this role");
}

Task<void> common_name_becomes_a_san(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe);
    const auto host = co_await steps::sign(probe, mount, steps::named_csr("web.test"));
    const auto host_names = steps::leaf_of(probe, host).alt_names();
    probe.expect_equal(Json(host_names.dns), Json::array({"web.test"}), "DNS names");
    const auto mail = co_await steps::sign(probe, mount, steps::named_csr("joe@mail.test"));
    const auto mail_names = steps::leaf_of(probe, mail).alt_names();
    probe.expect_equal(Json(mail_names.emails), Json::array({"joe@mail.test"}), "mail addresses");
    probe.expect(mail_names.dns.empty(), "a mail address is among the DNS names");
}

Task<void> excluded_from_sans(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe);
    const Json exclude{{"exclude_cn_from_sans", true}};
    const auto reply = co_await steps::sign(probe, mount, csr_for({"a.test"}, "web.test"), exclude);
    const auto leaf = steps::leaf_of(probe, reply);
    probe.expect_equal(leaf.subject().common_name, "web.test", "common name");
    probe.expect_equal(Json(leaf.alt_names().dns), Json::array({"a.test"}), "DNS names");
}

Task<void> their_order(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe);
    crypto::Csr::Spec spec;
    spec.subject.common_name = "c.test";
    spec.alt_names.dns = {"z.test", "a.test", "z.test"};
    spec.alt_names.ips = {"10.0.0.9", "10.0.0.1"};
    spec.alt_names.uris = {"spiffe://mesh.test/z", "spiffe://mesh.test/a"};
    const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
    const auto names = steps::leaf_of(probe, reply).alt_names();
    probe.expect_equal(Json(names.dns),
                       probe.on(Json::array({"z.test", "a.test", "c.test"}),
                                Json::array({"a.test", "c.test", "z.test"})),
                       "DNS names");
    probe.expect_equal(Json(names.ips), Json(spec.alt_names.ips), "IP addresses");
    probe.expect_equal(Json(names.uris), Json(spec.alt_names.uris), "URIs");
}

Task<void> subdomains(Probe& probe) {
    const Json parameters{{"allowed_domains", "svc"}, {"allow_subdomains", true}};
    const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
    co_await expect_allowed(probe, mount, {"a.svc", "b.a.svc", "*.svc", "*.a.svc"});
    co_await expect_refused(probe, mount, {"svc", "asvc", "a.svc.other", "a.SVC"});
}

Task<void> bare_domains(Probe& probe) {
    const Json parameters{{"allowed_domains", "web.svc"}, {"allow_bare_domains", true}};
    const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
    co_await expect_allowed(probe, mount, {"web.svc", "WEB.svc"});
    co_await expect_refused(probe, mount, {"a.web.svc", "*.web.svc"});
    (void)co_await steps::role(probe, mount, narrow(Json{{"allowed_domains", "web.svc"}}), "bare");
    co_await expect_refused(probe, mount, {"web.svc"}, "bare");
}

Task<void> no_wildcards(Probe& probe) {
    const Json parameters{{"allowed_domains", "svc"},
                          {"allow_subdomains", true},
                          {"allow_wildcard_certificates", false}};
    const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
    co_await expect_allowed(probe, mount, {"a.svc"});
    co_await expect_refused(probe, mount, {"*.svc"});
    (void)co_await steps::role(probe, mount, Json{{"allow_wildcard_certificates", false}}, "any");
    co_await expect_refused(probe, mount, {"*.svc"}, "any");
}

Task<void> globs(Probe& probe) {
    const Json parameters{{"allowed_domains", "web-*.svc"}, {"allow_glob_domains", true}};
    const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
    co_await expect_allowed(probe, mount, {"web-1.svc", "web-a.b.c.svc"});
    co_await expect_refused(probe, mount, {"web.svc", "api-1.svc", "web-1.svc.other"});
    (void)co_await steps::role(probe, mount, narrow(Json{{"allowed_domains", "web-*.svc"}}),
                               "literal");
    co_await expect_refused(probe, mount, {"web-1.svc"}, "literal");
}

Task<void> localhost(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe, Json{{"allow_any_name", false}});
    co_await expect_allowed(probe, mount, {"localhost", "localdomain"});
    co_await expect_refused(probe, mount, {"a.localhost"});
    (void)co_await steps::role(probe, mount, narrow(), "none");
    co_await expect_refused(probe, mount, {"localhost", "localdomain"}, "none");
}

Task<void> host_names_enforced(Probe& probe) {
    const auto mount = co_await steps::issuing_mount(probe);
    for (const auto* name : {"hello world", "a_b.svc"}) {
        const auto refused = co_await steps::sign(probe, mount, steps::named_csr(name));
        probe.expect_plain_error(refused, 400,
                                 fmt::format("common name {} not allowed by this role", name));
    }
    (void)co_await steps::role(probe, mount, Json{{"enforce_hostnames", false}}, "loose");
    const auto loose = co_await steps::sign(probe, mount, steps::named_csr("a_b.svc"), {}, "loose");
    probe.expect_status(loose, 200);
    probe.expect(steps::leaf_of(probe, loose).alt_names().dns.empty(),
                 "what is no host name is among the DNS names");
}

Task<void> common_name_not_validated(Probe& probe) {
    const Json parameters{{"allowed_domains", "svc"}, {"cn_validations", "disabled"}};
    const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
    const auto reply = co_await steps::sign(probe, mount, steps::named_csr("any thing at all"));
    probe.expect_status(reply, 200);
    probe.expect_equal(steps::leaf_of(probe, reply).subject().common_name, "any thing at all",
                       "common name");
}

Task<void> validations_unknown(Probe& probe) {
    const auto mount = co_await steps::empty_pki(probe);
    Json parameters{{"cn_validations", "x"}};
    const auto reply = co_await probe.vault("POST", mount + "/roles/app", std::move(parameters));
    probe.expect_wrapped_error(reply, 500, "cn_validations value incorrect: unknown type: `x`");
}

}  // namespace

std::vector<Check> vault_pki_sign_names() {
    return {
        {.id = "vault/pki/sign/names/common-name-required",
         .requirement = "A role with require_cn signs and issues nothing without a common name.",
         .rows = {104},
         .level = Level::must,
         .saboteur = "pki/ignore-require-cn",
         .run = common_name_required},
        {.id = "vault/pki/sign/names/nothing-at-all",
         .requirement = "Without require_cn an empty CSR is signed: no subject, no names.",
         .rows = {104},
         .level = Level::may,
         .saboteur = "pki/invent-a-common-name",
         .run = nothing_at_all},
        {.id = "vault/pki/sign/names/critical-names",
         .requirement = "The alternative names are critical exactly where the subject is empty.",
         .rows = {104},
         .source = "RFC 5280 4.2.1.6",
         .level = Level::must,
         .saboteur = "pki/subject-never-empty",
         .run = critical_names},
        {.id = "vault/pki/sign/names/refused-names",
         .requirement = "Names outside the role are refused, the common name first, each with its "
                        "own text.",
         .rows = {105},
         .level = Level::must,
         .saboteur = "pki/allow-any-name",
         .run = refused_names},
        {.id = "vault/pki/sign/names/common-name-becomes-a-san",
         .requirement =
             "A common name that is a host name joins the DNS names, one with @ the mail "
             "addresses.",
         .rows = {106},
         .level = Level::must,
         .saboteur = "pki/common-name-is-no-san",
         .run = common_name_becomes_a_san},
        {.id = "vault/pki/sign/names/excluded-from-sans",
         .requirement = "exclude_cn_from_sans keeps the common name out of the alternative names.",
         .rows = {106},
         .level = Level::should,
         .saboteur = "pki/ignore-exclude-cn-from-sans",
         .run = excluded_from_sans},
        {.id = "vault/pki/sign/names/their-order",
         .requirement = "DNS names come once each, on OpenBao in the CSR's order with the common "
                        "name last and on Vault sorted; IP addresses and URIs in the CSR's order.",
         .rows = {106},
         .level = Level::may,
         .saboteur = "pki/dns-names-backwards",
         .run = their_order},
        {.id = "vault/pki/sign/names/subdomains",
         .requirement = "allow_subdomains allows what is below an allowed domain, in its case, "
                        "wildcards too, and not the domain itself.",
         .rows = {107},
         .level = Level::must,
         .saboteur = "pki/subdomains-in-any-case",
         .run = subdomains},
        {.id = "vault/pki/sign/names/bare-domains",
         .requirement = "allow_bare_domains allows the domain itself in any case, which is refused "
                        "otherwise.",
         .rows = {107},
         .level = Level::must,
         .saboteur = "pki/bare-domains-always",
         .run = bare_domains},
        {.id = "vault/pki/sign/names/no-wildcards",
         .requirement = "allow_wildcard_certificates=false refuses wildcards, where any name is "
                        "allowed too.",
         .rows = {107},
         .level = Level::must,
         .saboteur = "pki/wildcards-always",
         .run = no_wildcards},
        {.id = "vault/pki/sign/names/globs",
         .requirement = "With allow_glob_domains a * in an allowed domain stands for any "
                        "characters, dots too; without it for itself.",
         .rows = {108},
         .level = Level::must,
         .saboteur = "pki/globs-always",
         .run = globs},
        {.id = "vault/pki/sign/names/localhost",
         .requirement = "localhost and localdomain are allowed unless allow_localhost is false.",
         .rows = {108},
         .level = Level::should,
         .saboteur = "pki/no-localhost",
         .run = localhost},
        {.id = "vault/pki/sign/names/host-names-enforced",
         .requirement = "Names that are no host names are refused, where any name is allowed too, "
                        "unless enforce_hostnames is false.",
         .rows = {109},
         .level = Level::must,
         .saboteur = "pki/never-enforce-hostnames",
         .run = host_names_enforced},
        {.id = "vault/pki/sign/names/common-name-not-validated",
         .requirement = "cn_validations=disabled lets every common name pass, outside the allowed "
                        "domains too.",
         .rows = {109},
         .level = Level::should,
         .saboteur = "pki/always-validate-common-names",
         .run = common_name_not_validated},
        {.id = "vault/pki/sign/names/validations-unknown",
         .requirement = "A role with any other cn_validations is 500.",
         .rows = {109},
         .level = Level::may,
         .saboteur = "pki/any-cn-validations",
         .run = validations_unknown},
    };
}

}  // namespace meshproof::conformance
