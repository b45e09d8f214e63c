#include "conformance/svid/steps.hpp"

#include "conformance/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance::svid {

using crypto::Certificate;

Json asking(const char* member, Json value) {
    Json body = Json::object();
    body[member] = std::move(value);
    return body;
}

Task<Authority> make_root(Probe& probe, std::string base, Json changes) {
    const auto mount = co_await probe.mount(base);
    Json body{{"common_name", base},
              {"exclude_cn_from_sans", true},
              {"uri_sans", domain_id},
              {"key_type", "ec"},
              {"ttl", "700h"}};
    body.update(changes);
    const auto reply =
        co_await probe.set_up("PUT", mount + "/root/generate/internal", std::move(body));
    co_return Authority{mount, steps::leaf_of(probe, reply)};
}

Task<Authority> make_intermediate(Probe& probe, Authority root, std::string base, Json changes) {
    const auto mount = co_await probe.mount(base);
    Json asked{{"common_name", base}, {"key_type", "ec"}};
    const auto request =
        co_await probe.set_up("PUT", mount + "/intermediate/generate/internal", std::move(asked));
    Json body{{"csr", request.data()["csr"]}, {"common_name", base}, {"exclude_cn_from_sans", true},
              {"uri_sans", domain_id},        {"ttl", "600h"},       {"format", "pem"}};
    body.update(changes);
    const auto reply =
        co_await probe.set_up("PUT", root.mount + "/root/sign-intermediate", std::move(body));
    const auto certificate = steps::leaf_of(probe, reply);
    Json both{{"certificate", certificate.pem() + root.certificate.pem()}};
    co_await probe.set_up("PUT", mount + "/intermediate/set-signed", std::move(both));
    co_return Authority{mount, certificate};
}

Task<Certificate> sign_intermediate(Probe& probe, std::string mount, crypto::Csr::Spec asked,
                                    Json changes) {
    Json body{{"csr", steps::csr(asked)},
              {"common_name", "intermediate"},
              {"exclude_cn_from_sans", true},
              {"ttl", "600h"}};
    body.update(changes);
    const auto reply =
        co_await probe.vault("PUT", mount + "/root/sign-intermediate", std::move(body));
    if (!probe.expect_status(reply, 200)) {
        probe.give_up("no intermediate was signed");
    }
    co_return steps::leaf_of(probe, reply);
}

Task<std::string> make_role(Probe& probe, std::string mount, Json changes, std::string name) {
    Json parameters{{"enforce_hostnames", false},
                    {"key_type", "any"},
                    {"allowed_uri_sans", fmt::format("{}/*", domain_id)}};
    parameters.update(changes);
    (void)co_await steps::role(probe, std::move(mount), std::move(parameters), name);
    co_return name;
}

crypto::Csr::Spec asking_for(std::vector<std::string> uris) {
    crypto::Csr::Spec asked;
    asked.alt_names.uris = std::move(uris);
    return asked;
}

Task<Reply> ask_to_sign(Probe& probe, std::string path, crypto::Csr::Spec asked, Json more) {
    Json body{{"csr", steps::csr(asked)}};
    body.update(more);
    co_return co_await probe.vault("PUT", std::move(path), std::move(body));
}

SignedLeaf read_leaf(Probe& probe, Reply reply) {
    if (!probe.expect_status(reply, 200)) {
        probe.give_up("no leaf came");
    }
    SignedLeaf made;
    made.leaf = steps::leaf_of(probe, reply);
    for (const auto& pem : reply.data().value("ca_chain", Json::array())) {
        if (auto certificate = Certificate::from_pem(pem.get<std::string>())) {
            made.chain.push_back(std::move(*certificate));
        }
    }
    made.reply = std::move(reply);
    return made;
}

Task<SignedLeaf> sign(Probe& probe, std::string path, crypto::Csr::Spec asked, Json more) {
    auto reply = co_await ask_to_sign(probe, std::move(path), std::move(asked), std::move(more));
    co_return read_leaf(probe, std::move(reply));
}

Task<SignedLeaf> sign_once(Probe& probe, crypto::Csr::Spec asked, Json role) {
    const auto root = co_await make_root(probe);
    const auto name = co_await make_role(probe, root.mount, std::move(role));
    co_return co_await sign(probe, fmt::format("{}/sign/{}", root.mount, name), std::move(asked));
}

spiffe::SvidVerdict validate(const SignedLeaf& made, spiffe::TrustBundles bundles) {
    const auto begins = made.leaf.not_before();
    return spiffe::validate({.leaf = made.leaf,
                             .chain = made.chain,
                             .bundles = std::move(bundles),
                             .at = begins + (made.leaf.not_after() - begins) / 2});
}

spiffe::TrustBundles bundle_of(const Authority& root) {
    return {{std::string(domain), {root.certificate}}};
}

void expect_broken(Probe& probe, const spiffe::SvidFindings& findings,
                   const std::vector<std::string>& rules, std::string_view what) {
    const auto broken = findings.broken();
    std::string details;
    for (const auto& rule : broken) {
        details += fmt::format("; {}: {}", rule, findings.find(rule)->detail);
    }
    probe.expect(broken == rules, "{} breaks the rules [{}], expected [{}]{}", what,
                 join(broken, ", "), join(rules, ", "), details);
}

void expect_state(Probe& probe, const spiffe::SvidFindings& findings, std::string_view rule,
                  spiffe::RuleState state) {
    const auto* finding = findings.find(rule);
    const auto found = finding != nullptr ? to_string(finding->state) : "not asked";
    probe.expect(found == to_string(state), "rule {} is {}, expected {}: {}", rule, found,
                 to_string(state), finding != nullptr ? finding->detail : "");
}

void expect_uris(Probe& probe, const Certificate& certificate,
                 const std::vector<std::string>& uris) {
    const auto found = certificate.alt_names().uris;
    probe.expect(found == uris, "the URI SANs are [{}], expected [{}]", join(found, ", "),
                 join(uris, ", "));
}

}  // namespace meshproof::conformance::svid
