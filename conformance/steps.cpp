#include "conformance/steps.hpp"

#include "core/crypto/life.hpp"

namespace meshproof::conformance::steps {

namespace {

constexpr std::string_view ten_years = "87600h";

const Json& field_of(Probe& probe, const Reply& reply, std::string_view field) {
    const auto& data = reply.data();
    if (!data.is_object() || !data.contains(field)) {
        const auto errors = reply.errors();
        probe.give_up(fmt::format("{}: {} without data.{}{}{}", reply.asked, reply.status, field,
                                  errors.empty() ? "" : ": ", fmt::join(errors, "; ")));
    }
    return data.at(field);
}

}  // namespace

Task<std::string> empty_pki(Probe& probe, std::string base) {
    Json config{{"max_lease_ttl", ten_years}};
    return probe.mount(std::move(base), "pki", std::move(config));
}

Task<std::string> mounted_root(Probe& probe, Json root, std::string base) {
    auto mount = co_await empty_pki(probe, std::move(base));
    Json parameters{{"common_name", "meshproof root"}, {"key_type", "ec"}, {"ttl", ten_years}};
    parameters.merge_patch(root);
    (void)co_await probe.set_up("POST", mount + "/root/generate/internal", std::move(parameters));
    co_return mount;
}

Task<Reply> role(Probe& probe, std::string mount, Json parameters, std::string name) {
    Json whole{{"key_type", "ec"},
               {"allow_any_name", true},
               {"allowed_uri_sans", "spiffe://*"},
               {"require_cn", false},
               {"ttl", "1h"},
               {"max_ttl", "24h"}};
    whole.merge_patch(parameters);
    return probe.set_up("POST", fmt::format("{}/roles/{}", mount, name), std::move(whole));
}

Task<std::string> issuing_mount(Probe& probe, Json role_parameters) {
    auto mount = co_await mounted_root(probe);
    (void)co_await role(probe, mount, std::move(role_parameters));
    co_return mount;
}

std::string csr(const crypto::Csr::Spec& spec, crypto::KeyType type) {
    return crypto::Csr::make(spec, crypto::Key::generate(type)).pem();
}

std::string workload_csr(std::string uri) {
    crypto::Csr::Spec spec;
    spec.alt_names.uris = {std::move(uri)};
    return csr(spec);
}

std::string named_csr(std::string common_name) {
    crypto::Csr::Spec spec;
    spec.subject.common_name = std::move(common_name);
    return csr(spec);
}

Task<Reply> sign(Probe& probe, std::string mount, std::string csr, Json more, std::string role) {
    more["csr"] = std::move(csr);
    return probe.vault("PUT", fmt::format("{}/sign/{}", mount, role), std::move(more));
}

Task<Reply> issue(Probe& probe, std::string mount, Json parameters, std::string role) {
    return probe.vault("PUT", fmt::format("{}/issue/{}", mount, role), std::move(parameters));
}

std::string text_of(Probe& probe, const Reply& reply, std::string_view field) {
    const auto& value = field_of(probe, reply, field);
    if (!value.is_string()) {
        probe.give_up(
            fmt::format("{}: data.{} is no string but {}", reply.asked, field, value.type_name()));
    }
    return value.get<std::string>();
}

std::int64_t number_of(Probe& probe, const Reply& reply, std::string_view field) {
    const auto& value = field_of(probe, reply, field);
    if (!value.is_number_integer()) {
        probe.give_up(fmt::format("{}: data.{} is no whole number but {}", reply.asked, field,
                                  value.type_name()));
    }
    return value.get<std::int64_t>();
}

crypto::Certificate certificate_of(Probe& probe, std::string_view pem) {
    auto certificate = crypto::Certificate::from_pem(pem);
    if (!certificate) {
        probe.give_up("no certificate can be read: " + certificate.error().message);
    }
    return std::move(*certificate);
}

crypto::Certificate leaf_of(Probe& probe, const Reply& reply) {
    return certificate_of(probe, text_of(probe, reply, "certificate"));
}

void expect_life(Probe& probe, const crypto::Certificate& certificate, std::chrono::seconds whole,
                 Duration took) {
    probe.expect(crypto::lives_for(certificate, whole, took),
                 "a certificate is valid for {}, not for {}",
                 human_duration(certificate.not_after() - certificate.not_before()),
                 human_duration(whole));
}

}  // namespace meshproof::conformance::steps
