// The keys of a mount, DELETE root, and PATCH of an issuer.
#include "conformance/vault/pki/steps.hpp"
#include "core/crypto/key_id.hpp"

namespace meshproof::conformance {
namespace {

using namespace pki;

Task<Reply> patch(Probe& probe, std::string path, Json body) {
    http::Headers headers;
    headers.set("Content-Type", "application/merge-patch+json");
    return probe.vault("PATCH", std::move(path), std::move(body), As::admin(), std::move(headers));
}

}  // namespace

std::vector<Check> vault_pki_ca_keys() {
    return {
        {.name = "in-use-stays",
         .requirement = "A key that an issuer uses is not deleted; without the issuer it is.",
         .rows = {86},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto made = co_await root(probe, mount);
             const auto key = steps::text_of(probe, made, "key_id");
             const auto issuer = steps::text_of(probe, made, "issuer_id");
             const auto refused = co_await probe.vault("DELETE", mount + "/key/" + key);
             probe.expect_plain_error(refused, 400,
                                      "Failed to Delete Key.  Key in Use by Issuer: " + issuer);
             const auto unknown = co_await probe.vault("DELETE", mount + "/key/unknown");
             probe.expect_status(unknown, 204);
             (void)co_await probe.set_up("DELETE", mount + "/issuer/" + issuer);
             const auto gone = co_await probe.vault("DELETE", mount + "/key/" + key);
             probe.expect(gone.status == 204 || gone.status == 200, "the key stays: {}",
                          gone.status);
             const auto left = co_await probe.vault("LIST", mount + "/keys");
             probe.expect_no_text(left, 404);
         }},

        {.name = "is-read",
         .requirement = "A key is read with its type and subject key id, and one that is not there "
                        "is 500.",
         .rows = {86},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto made = co_await root(probe, mount);
             const auto key = steps::text_of(probe, made, "key_id");
             const auto reply = co_await probe.vault("GET", mount + "/key/" + key);
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.data(), {"key_id", "key_name", "key_type", "subject_key_id"},
                               "data");
             probe.expect_equal(reply.data().value("key_type", Json()), "ec", "key_type");
             probe.expect_equal(reply.data().value("subject_key_id", Json()),
                                crypto::key_id_text(steps::leaf_of(probe, made).subject_key_id()),
                                "subject_key_id");
             const auto unknown = co_await probe.vault("GET", mount + "/key/unknown");
             probe.expect_wrapped_error(unknown, 500,
                                        "unable to find PKI key for reference: unknown");
         }},

        {.name = "delete-root-leaves-the-rest",
         .requirement = "DELETE root removes every issuer and key with a warning, and leaves roles "
                        "and certificates.",
         .rows = {87},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto made = co_await leaf(probe, mount);
             const auto reply = co_await probe.vault("DELETE", mount + "/root");
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.json.value("data", Json(0)), nullptr, "data");
             probe.expect_warning(reply, "DELETE /root deletes all keys and issuers");
             probe.expect_no_text(co_await probe.vault("LIST", mount + "/issuers"), 404);
             probe.expect_no_text(co_await probe.vault("LIST", mount + "/keys"), 404);
             probe.expect_status(co_await probe.vault("GET", mount + "/roles/app"), 200);
             probe.expect_status(co_await read_open(probe, mount + "/cert/" + made.serial), 200);
         }},

        {.name = "delete-root-needs-sudo",
         .requirement = "DELETE root needs the sudo capability.",
         .rows = {87},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto rules = R"(path "{}/root" {{ capabilities = [{}] }})";
             auto plain = co_await probe.token_for(
                 fmt::format(fmt::runtime(rules), mount, R"("delete", "update", "read")"));
             const auto refused = co_await probe.vault("DELETE", mount + "/root", std::nullopt,
                                                       As::bearer(std::move(plain)));
             probe.expect_wrapped_error(refused, 403, "permission denied");
             auto sudo = co_await probe.token_for(
                 fmt::format(fmt::runtime(rules), mount, R"("delete", "sudo")"));
             const auto allowed = co_await probe.vault("DELETE", mount + "/root", std::nullopt,
                                                       As::bearer(std::move(sudo)));
             probe.expect_status(allowed, 200);
         }},

        {.name = "patch-keeps-the-rest",
         .requirement =
             "PATCH of an issuer changes what it names and keeps the rest; an empty name "
             "takes the name away.",
         .rows = {175},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await root(probe, mount, Json{{"issuer_name", "first"}});
             const auto set =
                 co_await patch(probe, mount + "/issuer/first",
                                Json{{"leaf_not_after_behavior", "truncate"}, {"foo", 1}});
             probe.expect_status(set, 200);
             probe.expect_equal(set.data().value("issuer_name", Json()), "first",
                                "issuer_name kept");
             probe.expect_warning(set, "Endpoint ignored these unrecognized parameters: [foo]");
             const auto nothing = co_await patch(probe, mount + "/issuer/first", Json::object());
             probe.expect_equal(nothing.data().value("leaf_not_after_behavior", Json()), "truncate",
                                "leaf_not_after_behavior kept");
             const auto unnamed =
                 co_await patch(probe, mount + "/issuer/first", Json{{"issuer_name", ""}});
             probe.expect_equal(unnamed.data().value("issuer_name", Json()), "",
                                "issuer_name cleared");
             probe.expect_equal(unnamed.data().value("leaf_not_after_behavior", Json()), "truncate",
                                "leaf_not_after_behavior still kept");
         }},

        {.name = "patch-refuses",
         .requirement = "PATCH refuses a usage, a behavior or a name that is none with 400, and an "
                        "issuer that is not there with 500.",
         .rows = {175},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             (void)co_await root(probe, mount);
             const auto path = mount + "/issuer/default";
             const auto usage = co_await patch(probe, path, Json{{"usage", "flying"}});
             probe.expect_status(usage, 400);
             const auto behavior =
                 co_await patch(probe, path, Json{{"leaf_not_after_behavior", "fly"}});
             probe.expect_status(behavior, 400);
             const auto name = co_await patch(probe, path, Json{{"issuer_name", "a b"}});
             probe.expect_plain_error(name, 400, "issuer name contained invalid characters");
             const auto unknown = co_await patch(probe, mount + "/issuer/unknown", Json::object());
             probe.expect_wrapped_error(unknown, 500, "unable to find PKI issuer");
             const auto member =
                 co_await patch(probe, path, Json{{"manual_chain", Json::array({"nobody"})}});
             probe.expect_wrapped_error(member, 500, "unable to find PKI issuer");
         }},

        {.name = "no-other-patch",
         .requirement = "Keys and config/auto-tidy know no PATCH: 405.",
         .rows = {175},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto key = co_await patch(probe, mount + "/key/default", Json::object());
             probe.expect_wrapped_error(key, 405, "unsupported operation");
             const auto tidy = co_await patch(probe, mount + "/config/auto-tidy", Json::object());
             probe.expect_wrapped_error(tidy, 405, "unsupported operation");
         }},

        {.name = "name-is-taken-away",
         .requirement = "A key's name is taken away with \"\", also beside another without a name, "
                        "and found no more.",
         .rows = {86, 223},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto generate = mount + "/keys/generate/internal";
             (void)co_await probe.set_up("POST", generate, Json{{"key_type", "ec"}});
             (void)co_await probe.set_up("POST", generate,
                                         Json{{"key_type", "ec"}, {"key_name", "first"}});
             const auto taken =
                 co_await probe.vault("POST", mount + "/key/first", Json{{"key_name", ""}});
             probe.expect_status(taken, 200);
             probe.expect_equal(taken.data().value("key_name", Json()), "", "key_name");
             const auto gone = co_await probe.vault("GET", mount + "/key/first");
             probe.expect_wrapped_error(gone, 500, "unable to find PKI key for reference: first");
             const auto chosen =
                 co_await probe.vault("POST", mount + "/config/keys", Json{{"default", "first"}});
             probe.expect_plain_error(chosen, 400, "unable to find PKI key for reference: first");
         }},

        {.name = "names-are-trimmed",
         .requirement = "Blanks around key_name, issuer_name and key_ref do not count.",
         .rows = {223},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const auto made =
                 co_await root(probe, mount, Json{{"issuer_name", " r "}, {"key_name", " k "}});
             probe.expect_equal(made.data().value("issuer_name", Json()), "r", "issuer_name");
             probe.expect_equal(made.data().value("key_name", Json()), "k", "key_name");
             Json order{{"common_name", "again"}, {"key_ref", " k "}};
             const auto csr =
                 co_await probe.vault("POST", mount + "/intermediate/cross-sign", std::move(order));
             probe.expect_status(csr, 200);
         }},

        {.name = "external-key-only-for-kms",
         .requirement =
             "On OpenBao external_key_ref is refused where the key is not of a KMS; Vault "
             "ignores it.",
         .rows = {223},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::empty_pki(probe);
             const Json body{
                 {"common_name", "root"}, {"key_type", "ec"}, {"external_key_ref", "a:b"}};
             for (const auto* path : {"/root/generate/internal", "/keys/generate/internal"}) {
                 const auto reply = co_await probe.vault("POST", mount + path, body);
                 if (probe.openbao()) {
                     probe.expect_plain_error(reply, 400, "cannot specify \"external_key_ref\" on");
                 } else {
                     probe.expect_status(reply, 200);
                 }
             }
         }},
    };
}

}  // namespace meshproof::conformance
