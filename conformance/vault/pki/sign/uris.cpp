// Which URIs a role allows.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto outside = "URI Subject Alternative Names were provided via CSR which are not valid";

}  // namespace

std::vector<Check> vault_pki_sign_uris() {
    return {
        {.name = "no-uri-allowed",
         .requirement = "A role without allowed_uri_sans refuses URIs, and says where they came "
                        "from.",
         .rows = {111},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_uri_sans", nullptr}});
             const auto text =
                 "URI Subject Alternative Names are not allowed in this role, but were provided";
             const auto signing = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_plain_error(signing, 400, fmt::format("{} via CSR", text));
             const Json parameters{{"common_name", "web.test"},
                                   {"uri_sans", "spiffe://mesh.test/web"}};
             const auto issuing = co_await steps::issue(probe, mount, parameters);
             probe.expect_plain_error(issuing, 400, fmt::format("{} via the API", text));
         }},

        {.name = "every-uri-has-to-fit",
         .requirement = "Every URI has to match one of allowed_uri_sans.",
         .rows = {111},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(
                 probe, Json{{"allowed_uri_sans", "spiffe://mesh.test/a/*,spiffe://mesh.test/b"}});
             crypto::Csr::Spec spec;
             spec.alt_names.uris = {"spiffe://mesh.test/a/1", "spiffe://mesh.test/b"};
             const auto both = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_status(both, 200);
             probe.expect_equal(Json(steps::leaf_of(probe, both).alt_names().uris),
                                Json(spec.alt_names.uris), "URIs");
             spec.alt_names.uris.emplace_back("spiffe://mesh.test/c");
             const auto third = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_plain_error(third, 400, outside);
         }},

        {.name = "uri-patterns",
         .requirement = "A * in allowed_uri_sans stands for any characters, / and none too; the "
                        "rest has to be the same in case as well, but for the scheme.",
         .rows = {112},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(
                 probe, Json{{"allowed_uri_sans", "spiffe://mesh.test/ns/*/sa/web"}});
             for (const auto* uri :
                  {"spiffe://mesh.test/ns/shop/sa/web", "spiffe://mesh.test/ns/a/b/sa/web",
                   "spiffe://mesh.test/ns//sa/web", "SPIFFE://mesh.test/ns/shop/sa/web"}) {
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(uri));
                 probe.expect(reply.status == 200, "{} is not allowed: {}", uri,
                              fmt::join(reply.errors(), "; "));
             }
             for (const auto* uri :
                  {"spiffe://mesh.test/ns/shop/sa/web/x", "spiffe://mesh.test/ns/shop/sa/WEB",
                   "spiffe://MESH.test/ns/shop/sa/web", "spiffe://mesh.test/ns/shop/sa/we"}) {
                 const auto reply = co_await steps::sign(probe, mount, steps::workload_csr(uri));
                 probe.expect_plain_error(reply, 400, outside);
             }
         }},

        {.name = "exact-uri",
         .requirement = "A pattern without * allows that URI only.",
         .rows = {112},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(
                 probe, Json{{"allowed_uri_sans", "spiffe://mesh.test/web"}});
             const auto same =
                 co_await steps::sign(probe, mount, steps::workload_csr("spiffe://mesh.test/web"));
             probe.expect_status(same, 200);
             for (const auto* uri : {"spiffe://mesh.test/web/", "spiffe://mesh.test/we",
                                     "spiffe://mesh.test/web2", "xspiffe://mesh.test/web"}) {
                 const auto other = co_await steps::sign(probe, mount, steps::workload_csr(uri));
                 probe.expect_plain_error(other, 400, outside);
             }
         }},

        {.name = "scheme-in-lower-case",
         .requirement = "The scheme of a CSR's URI is written in lower case in the leaf.",
         .rows = {112},
         .source = "RFC 3986 3.1",
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto reply =
                 co_await steps::sign(probe, mount, steps::workload_csr("SPIFFE://mesh.test/web"));
             probe.expect_equal(Json(steps::leaf_of(probe, reply).alt_names().uris),
                                Json::array({"spiffe://mesh.test/web"}), "URIs");
         }},
    };
}

}  // namespace meshproof::conformance
