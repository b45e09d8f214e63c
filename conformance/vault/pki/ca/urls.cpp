// config/urls: where a certificate's readers find its issuer and its CRL.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

}  // namespace

std::vector<Check> vault_pki_ca_urls() {
    return {
        {.name = "answers-every-list",
         .requirement = "A write of URLs, comma separated or listed, answers 200 with every list; "
                        "OpenBao's have delta_crl_distribution_points too.",
         .rows = {74},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"issuing_certificates", "http://a.test/ca,http://b.test/ca"},
                       {"ocsp_servers", Json::array({"http://a.test/ocsp"})}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/config/urls", std::move(body));
             probe.expect_status(reply, 200);
             std::set<std::string> keys = {"issuing_certificates", "crl_distribution_points",
                                           "ocsp_servers", "enable_templating"};
             if (probe.openbao()) {
                 keys.insert("delta_crl_distribution_points");
             }
             probe.expect_keys(reply.data(), keys, "data");
             probe.expect_equal(reply.data().value("issuing_certificates", Json()),
                                Json::array({"http://a.test/ca", "http://b.test/ca"}),
                                "issuing_certificates");
             probe.expect_equal(reply.data().value("ocsp_servers", Json()),
                                Json::array({"http://a.test/ocsp"}), "ocsp_servers");
         }},

        {.name = "keeps-what-is-not-named",
         .requirement = "A write of one list of URLs keeps the others.",
         .rows = {74},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json first{{"issuing_certificates", "http://a.test/ca"}};
             (void)co_await probe.set_up("POST", mount + "/config/urls", std::move(first));
             Json second{{"crl_distribution_points", "http://a.test/crl"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/config/urls", std::move(second));
             probe.expect_equal(reply.data().value("issuing_certificates", Json()),
                                Json::array({"http://a.test/ca"}), "issuing_certificates");
         }},

        {.name = "refuses-what-is-no-url",
         .requirement = "What is no URL is refused with 400, and the parameter is named.",
         .rows = {74},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             Json body{{"issuing_certificates", "x"}};
             const auto reply =
                 co_await probe.vault("POST", mount + "/config/urls", std::move(body));
             probe.expect_plain_error(
                 reply, 400,
                 "invalid URL found in Authority Information Access (AIA) parameter "
                 "issuing_certificates: x");
         }},

        {.name = "go-into-later-certificates",
         .requirement = "URLs are in the certificates that are issued after they were set.",
         .rows = {74},
         .source = "RFC 5280 4.2.1.13, 4.2.2.1",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto before = co_await leaf(probe, mount);
             Json body{{"issuing_certificates", "http://a.test/ca"},
                       {"crl_distribution_points", "http://a.test/crl"}};
             (void)co_await probe.set_up("POST", mount + "/config/urls", std::move(body));
             const auto after = co_await leaf(probe, mount);
             probe.expect(before.certificate.crl_urls().empty(), "an earlier leaf has URLs");
             probe.expect_equal(after.certificate.issuing_certificate_urls(), {"http://a.test/ca"},
                                "the issuer's URLs");
             probe.expect_equal(after.certificate.crl_urls(), {"http://a.test/crl"},
                                "the CRL's URLs");
             const auto stored = co_await read_open(probe, mount + "/cert/" + before.serial);
             probe.expect(steps::leaf_of(probe, stored) == before.certificate,
                          "a certificate changed after it was issued");
         }},
    };
}

}  // namespace meshproof::conformance
