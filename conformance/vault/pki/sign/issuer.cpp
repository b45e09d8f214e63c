// Which role and which issuer sign, and what is said where there is none.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

constexpr auto unavailable = "could not fetch the CA certificate (was one set?): ";

/// A second root in the mount, which is not the default; gives its certificate.
Task<crypto::Certificate> second_root(Probe& probe, std::string mount) {
    Json parameters{{"common_name", "second root"},
                    {"issuer_name", "second"},
                    {"key_type", "ec"},
                    {"ttl", "87600h"}};
    const auto made =
        co_await probe.set_up("POST", mount + "/root/generate/internal", std::move(parameters));
    co_return steps::leaf_of(probe, made);
}

}  // namespace

std::vector<Check> vault_pki_sign_issuer() {
    return {
        {.name = "unknown-role",
         .requirement = "sign and issue with a role that does not exist are 400 and name it.",
         .rows = {98},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto signing =
                 co_await steps::sign(probe, mount, steps::workload_csr(), {}, "none");
             probe.expect_plain_error(signing, 400, "unknown role: none");
             const auto issuing = co_await steps::issue(probe, mount, Json::object(), "none");
             probe.expect_plain_error(issuing, 400, "unknown role: none");
         }},

        {.name = "without-role",
         .requirement = "sign without a role in the path is 404, unsupported path.",
         .rows = {98},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply = co_await probe.vault("PUT", mount + "/sign", Json::object());
             probe.expect_wrapped_error(reply, 404, "unsupported path");
         }},

        {.name = "no-issuer",
         .requirement = "Without any issuer sign and issue are 500 and tell the reason.",
         .rows = {99},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await steps::role(probe, mount);
             const auto text = fmt::format("{}no default issuer currently configured", unavailable);
             const auto signing = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(signing, 500, text);
             const auto issuing =
                 co_await steps::issue(probe, mount, Json{{"common_name", "web.test"}});
             probe.expect_wrapped_error(issuing, 500, text);
         }},

        {.name = "issuer-deleted",
         .requirement = "After the deletion of the issuer nothing is signed any more.",
         .rows = {99},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto before = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_status(before, 200);
             (void)co_await probe.set_up("DELETE", mount + "/issuer/default");
             const auto after = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(
                 after, 500, fmt::format("{}no default issuer currently configured", unavailable));
         }},

        {.name = "issuer-unknown",
         .requirement = "A role whose issuer_ref is unknown signs nothing: 500 with the reference.",
         .rows = {99},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"issuer_ref", "nobody"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(
                 reply, 500,
                 fmt::format("{}unable to find PKI issuer for reference: nobody", unavailable));
         }},

        {.name = "issuer-without-key",
         .requirement = "An issuer without a key in the mount signs nothing: 500 with its id.",
         .rows = {99},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto other = co_await steps::mounted_root(probe, Json::object(), "other");
             const auto pem = co_await probe.set_up("GET", other + "/ca/pem");
             const auto mount = co_await steps::empty_pki(probe);
             Json bundle{{"pem_bundle", pem.body}};
             const auto imported =
                 co_await probe.set_up("POST", mount + "/issuers/import/cert", std::move(bundle));
             const auto ids = imported.data().value("imported_issuers", Json::array());
             if (!ids.is_array() || ids.empty()) {
                 probe.give_up("no issuer was imported");
             }
             const auto id = ids.at(0).get<std::string>();
             (void)co_await steps::role(probe, mount, Json{{"issuer_ref", id}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(
                 reply, 500,
                 fmt::format(
                     "{}unable to fetch corresponding key for issuer {}; unable to use this issuer "
                     "for signing",
                     unavailable, id));
         }},

        {.name = "without-issuing-usage",
         .requirement = "An issuer without the usage issuing-certificates signs nothing: 500 with "
                        "the usage that it has.",
         .rows = {100},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json usage{{"usage", "read-only,crl-signing"}};
             (void)co_await probe.set_up("POST", mount + "/issuer/default", std::move(usage));
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(
                 reply, 500,
                 "error fetching CA certificate: error while attempting to use issuer ");
             probe.expect_error(reply, 500, "requested usage issuing-certificates for issuer [");
             probe.expect_error(reply, 500, "but only had usage ");
         }},

        {.name = "revoked",
         .requirement = "A revoked issuer signs nothing.",
         .rows = {100},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             (void)co_await probe.set_up("POST", mount + "/issuer/default/revoke");
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect_wrapped_error(reply, 500,
                                        "requested usage issuing-certificates for issuer [");
         }},

        {.name = "of-the-role",
         .requirement = "A role's issuer_ref chooses the issuer of its leaves.",
         .rows = {121},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto second = co_await second_root(probe, mount);
             (void)co_await steps::role(probe, mount, Json{{"issuer_ref", "second"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             probe.expect(steps::leaf_of(probe, reply).signed_by(second),
                          "the leaf is not of the role's issuer");
         }},

        {.name = "of-the-path",
         .requirement = "An issuer in the path goes before the role's, for sign, sign-verbatim and "
                        "issue.",
         .rows = {124},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"issuer_ref", "default"}});
             const auto second = co_await second_root(probe, mount);
             for (const auto* verb : {"sign", "sign-verbatim", "issue"}) {
                 Json parameters{{"common_name", "web.test"}};
                 if (std::string_view(verb) != "issue") {
                     parameters["csr"] = steps::named_csr("web.test");
                 }
                 const auto reply = co_await probe.vault(
                     "PUT", fmt::format("{}/issuer/second/{}/app", mount, verb),
                     std::move(parameters));
                 probe.expect(steps::leaf_of(probe, reply).signed_by(second),
                              "{}: the leaf is not of the path's issuer", verb);
             }
         }},

        {.name = "of-the-path-unknown",
         .requirement = "An unknown issuer in the path is 500 with its reference.",
         .rows = {99, 124},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             Json parameters{{"csr", steps::workload_csr()}};
             const auto reply = co_await probe.vault("PUT", mount + "/issuer/nobody/sign/app",
                                                     std::move(parameters));
             probe.expect_wrapped_error(
                 reply, 500,
                 fmt::format("{}unable to find PKI issuer for reference: nobody", unavailable));
         }},
    };
}

}  // namespace meshproof::conformance
