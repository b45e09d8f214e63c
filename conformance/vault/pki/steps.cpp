#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance::pki {

Task<Leaf> leaf(Probe& probe, std::string mount, Json more) {
    more["csr"] = steps::workload_csr();
    const auto reply = co_await probe.set_up("PUT", mount + "/sign/app", std::move(more));
    Leaf made;
    made.pem = steps::text_of(probe, reply, "certificate");
    made.serial = steps::text_of(probe, reply, "serial_number");
    made.certificate = steps::certificate_of(probe, made.pem);
    co_return made;
}

Task<void> revoked(Probe& probe, std::string mount, std::string serial) {
    Json body{{"serial_number", serial}};
    (void)co_await probe.set_up("PUT", mount + "/revoke", std::move(body));
}

Task<Reply> read_open(Probe& probe, std::string path) {
    return probe.vault("GET", std::move(path), std::nullopt, As::nobody());
}

Task<crypto::Crl> list_at(Probe& probe, std::string path) {
    const auto reply = co_await read_open(probe, path);
    auto list = crypto::Crl::from_der(reply.body);
    if (reply.status != 200 || !list) {
        probe.give_up(fmt::format("{}: {} without a CRL", reply.asked, reply.status));
    }
    co_return std::move(*list);
}

Task<Reply> root(Probe& probe, std::string mount, Json more) {
    Json parameters{{"common_name", "meshproof root"}, {"key_type", "ec"}, {"ttl", "87600h"}};
    parameters.merge_patch(more);
    return probe.set_up("POST", mount + "/root/generate/internal", std::move(parameters));
}

Task<Reply> intermediate_csr(Probe& probe, std::string mount, Json more) {
    Json parameters{{"common_name", "meshproof intermediate"}, {"key_type", "ec"}};
    parameters.merge_patch(more);
    return probe.set_up("POST", mount + "/intermediate/generate/internal", std::move(parameters));
}

Task<Reply> signed_intermediate(Probe& probe, std::string root_mount, std::string csr, Json more) {
    Json parameters{{"csr", csr}, {"ttl", "8760h"}};
    parameters.merge_patch(more);
    return probe.set_up("POST", root_mount + "/root/sign-intermediate", std::move(parameters));
}

Task<std::string> default_issuer(Probe& probe, std::string mount) {
    const auto config = co_await probe.set_up("GET", mount + "/config/issuers");
    co_return steps::text_of(probe, config, "default");
}

Task<Reply> ask_ocsp(Probe& probe, std::string mount, std::string der) {
    http::Headers headers;
    headers.set("Content-Type", "application/ocsp-request");
    return probe.vault_raw("POST", mount + "/ocsp", std::move(der), As::nobody(),
                           std::move(headers));
}

Task<crypto::OcspStatement> ocsp_of(Probe& probe, std::string mount, crypto::Certificate issuer,
                                    std::string serial) {
    const auto id = crypto::OcspCertId::of(issuer, *crypto::parse_serial(serial));
    const auto reply = co_await ask_ocsp(probe, std::move(mount), crypto::ocsp_request_der(id));
    const auto response = crypto::OcspResponse::from_der(reply.body);
    if (!response || !response->statement) {
        probe.give_up(
            fmt::format("{}: {} without a certificate's status", reply.asked, reply.status));
    }
    co_return *response->statement;
}

std::string content_type(const Reply& reply) {
    return reply.headers.find("Content-Type").value_or("");
}

std::size_t count_pem(std::string_view text) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    std::size_t count = 0;
    for (auto at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace meshproof::conformance::pki
