// Which host names a role allows.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

using Names = std::vector<std::string>;

/// A role that allows no name yet.
Json narrow(Json more = Json::object()) {
    Json parameters{{"allow_any_name", false}, {"allow_localhost", false}};
    parameters.update(more);
    return parameters;
}

std::string csr_of(std::string dns_name) {
    crypto::Csr::Spec spec;
    spec.alt_names.dns = {std::move(dns_name)};
    return steps::csr(spec);
}

Task<void> expect_allowed(Probe& probe, std::string mount, Names names, std::string role = "app") {
    for (const auto& name : names) {
        const auto reply = co_await steps::sign(probe, mount, csr_of(name), {}, role);
        probe.expect(reply.status == 200, "{} is not allowed: {}", name,
                     fmt::join(reply.errors(), "; "));
    }
}

Task<void> expect_refused(Probe& probe, std::string mount, Names names, std::string role = "app") {
    for (const auto& name : names) {
        const auto reply = co_await steps::sign(probe, mount, csr_of(name), {}, role);
        probe.expect_plain_error(
            reply, 400, fmt::format("subject alternate name {} not allowed by this role", name));
    }
}

}  // namespace

std::vector<Check> vault_pki_sign_domains() {
    return {
        {.name = "subdomains",
         .requirement = "allow_subdomains allows what is below an allowed domain, in its case, "
                        "wildcards too, and not the domain itself.",
         .rows = {107},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"allowed_domains", "svc"}, {"allow_subdomains", true}};
             const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
             co_await expect_allowed(probe, mount, {"a.svc", "b.a.svc", "*.svc", "*.a.svc"});
             co_await expect_refused(probe, mount, {"svc", "asvc", "a.svc.other", "a.SVC"});
         }},

        {.name = "bare-domains",
         .requirement = "allow_bare_domains allows the domain itself in any case, which is refused "
                        "otherwise.",
         .rows = {107},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"allowed_domains", "web.svc"}, {"allow_bare_domains", true}};
             const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
             co_await expect_allowed(probe, mount, {"web.svc", "WEB.svc"});
             co_await expect_refused(probe, mount, {"a.web.svc", "*.web.svc"});
             (void)co_await steps::role(probe, mount, narrow(Json{{"allowed_domains", "web.svc"}}),
                                        "bare");
             co_await expect_refused(probe, mount, {"web.svc"}, "bare");
         }},

        {.name = "no-wildcards",
         .requirement = "allow_wildcard_certificates=false refuses wildcards, where any name is "
                        "allowed too.",
         .rows = {107},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"allowed_domains", "svc"},
                                   {"allow_subdomains", true},
                                   {"allow_wildcard_certificates", false}};
             const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
             co_await expect_allowed(probe, mount, {"a.svc"});
             co_await expect_refused(probe, mount, {"*.svc"});
             (void)co_await steps::role(probe, mount, Json{{"allow_wildcard_certificates", false}},
                                        "any");
             co_await expect_refused(probe, mount, {"*.svc"}, "any");
         }},

        {.name = "globs",
         .requirement = "With allow_glob_domains a * in an allowed domain stands for any "
                        "characters, dots too; without it for itself.",
         .rows = {108},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"allowed_domains", "web-*.svc"}, {"allow_glob_domains", true}};
             const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
             co_await expect_allowed(probe, mount, {"web-1.svc", "web-a.b.c.svc"});
             co_await expect_refused(probe, mount, {"web.svc", "api-1.svc", "web-1.svc.other"});
             (void)co_await steps::role(probe, mount,
                                        narrow(Json{{"allowed_domains", "web-*.svc"}}), "literal");
             co_await expect_refused(probe, mount, {"web-1.svc"}, "literal");
         }},

        {.name = "wildcard-of-localhost",
         .requirement = "A wildcard of localhost is allowed with it, without allow_subdomains.",
         .rows = {108},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allow_any_name", false}});
             co_await expect_allowed(probe, mount, {"*.localhost", "*.localdomain"});
             co_await expect_refused(probe, mount, {"*.a.localhost"});
         }},

        {.name = "localhost",
         .requirement = "localhost and localdomain are allowed unless allow_localhost is false.",
         .rows = {108},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allow_any_name", false}});
             co_await expect_allowed(probe, mount, {"localhost", "localdomain"});
             co_await expect_refused(probe, mount, {"a.localhost"});
             (void)co_await steps::role(probe, mount, narrow(), "none");
             co_await expect_refused(probe, mount, {"localhost", "localdomain"}, "none");
         }},

        {.name = "host-names-enforced",
         .requirement = "Names that are no host names are refused, where any name is allowed too, "
                        "unless enforce_hostnames is false.",
         .rows = {109},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto* name : {"hello world", "a_b.svc"}) {
                 const auto refused = co_await steps::sign(probe, mount, steps::named_csr(name));
                 probe.expect_plain_error(
                     refused, 400, fmt::format("common name {} not allowed by this role", name));
             }
             (void)co_await steps::role(probe, mount, Json{{"enforce_hostnames", false}}, "loose");
             const auto loose =
                 co_await steps::sign(probe, mount, steps::named_csr("a_b.svc"), {}, "loose");
             probe.expect_status(loose, 200);
             probe.expect(steps::leaf_of(probe, loose).alt_names().dns.empty(),
                          "what is no host name is among the DNS names");
         }},

        {.name = "common-name-not-validated",
         .requirement = "cn_validations=disabled lets every common name pass, outside the allowed "
                        "domains too.",
         .rows = {109},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"allowed_domains", "svc"}, {"cn_validations", "disabled"}};
             const auto mount = co_await steps::issuing_mount(probe, narrow(parameters));
             const auto reply =
                 co_await steps::sign(probe, mount, steps::named_csr("any thing at all"));
             probe.expect_status(reply, 200);
             probe.expect_equal(steps::leaf_of(probe, reply).subject().common_name,
                                "any thing at all", "common name");
         }},

        {.name = "validations-unknown",
         .requirement = "A role with any other cn_validations is 500.",
         .rows = {109},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json parameters{{"cn_validations", "x"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/roles/app", std::move(parameters));
             probe.expect_wrapped_error(reply, 500,
                                        "cn_validations value incorrect: unknown type: `x`");
         }},
    };
}

}  // namespace meshproof::conformance
