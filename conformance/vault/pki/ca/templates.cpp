// URLs with fields that the mount fills in: config/urls with enable_templating, config/cluster.
#include "conformance/vault/pki/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

constexpr auto no_path =
    "unable to template AIA URLs as we lack local cluster address information (path)";

Task<Reply> templated(Probe& probe, std::string mount, std::string url) {
    Json body{{"issuing_certificates", url}, {"enable_templating", true}};
    co_return co_await probe.vault("POST", mount + "/config/urls", std::move(body));
}

}  // namespace

std::vector<Check> vault_pki_ca_templates() {
    return {
        {.name = "fields-need-templating",
         .requirement = "A URL with a field such as {{issuer_id}} is refused with 400 unless "
                        "enable_templating is on.",
         .rows = {74},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             for (const auto* url :
                  {"http://a.test/{{issuer_id}}", "http://a.test/{{cluster_path}}"}) {
                 Json body{{"issuing_certificates", url}};
                 const auto reply =
                     co_await probe.vault("POST", mount + "/config/urls", std::move(body));
                 probe.expect_plain_error(
                     reply, 400,
                     fmt::format(
                         "invalid URL found in Authority Information Access (AIA) parameter "
                         "issuing_certificates: {}",
                         url));
             }
             const auto reply = co_await templated(probe, mount, "http://a.test/{{issuer_id}}");
             probe.expect_status(reply, 200);
             probe.expect_no_warning(reply);
         }},

        {.name = "warns-of-what-it-cannot-fill-in",
         .requirement = "A template that lacks the cluster's path, or makes no URL, is stored with "
                        "a warning that issuance may fail, where there is an issuer.",
         .rows = {74},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply = co_await templated(probe, mount, "{{cluster_path}}/ca");
             probe.expect_status(reply, 200);
             probe.expect_warning(reply, fmt::format("issuance may fail: {}", no_path));
             const auto no_url = co_await templated(probe, mount, "x");
             probe.expect_warning(
                 no_url,
                 "issuance may fail: error validating templated issuing_certificates; "
                 "invalid URI: x");
         }},

        {.name = "nothing-signed-with-them",
         .requirement =
             "Nothing is signed, and no root made, while a template cannot be filled in: "
             "500.",
         .rows = {74},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             (void)co_await templated(probe, mount, "{{cluster_path}}/ca");
             const auto signing = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(
                 signing, 500,
                 fmt::format(
                     "error fetching CA certificate: unable to fetch AIA URL information: {}",
                     no_path));
             Json body{{"common_name", "again"}, {"key_type", "ec"}};
             const auto root =
                 co_await probe.vault("POST", mount + "/root/generate/internal", std::move(body));
             probe.expect_wrapped_error(
                 root, 500, fmt::format("unable to parse AIA URL information: {}", no_path));
         }},

        {.name = "filled-in",
         .requirement = "Leaves have the URLs with the cluster's path and their issuer's id filled "
                        "in; a new root has no URLs where they would name its issuer.",
         .rows = {74},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json cluster{{"path", "https://v.test/v1/pki"}};
             (void)co_await probe.set_up("POST", mount + "/config/cluster", std::move(cluster));
             (void)co_await templated(probe, mount, "{{cluster_path}}/issuer/{{issuer_id}}/der");
             const auto made = co_await leaf(probe, mount);
             const auto url = fmt::format("https://v.test/v1/pki/issuer/{}/der",
                                          co_await default_issuer(probe, mount));
             probe.expect_equal(Json(made.certificate.issuing_certificate_urls()),
                                Json::array({url}), "the issuer's URLs");
             // A new root has no issuer to name yet, so it gets none of them.
             const auto again = co_await root(probe, mount);
             probe.expect(steps::leaf_of(probe, again).issuing_certificate_urls().empty(),
                          "a new root names an issuer");
         }},
    };
}

}  // namespace meshproof::conformance
