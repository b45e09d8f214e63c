// What a CSR has to be, and which keys a role takes.
#include "conformance/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

using crypto::KeyType;

std::string block(std::string_view label, std::string_view der) {
    const auto base64 = to_base64(der);
    auto text = fmt::format("-----BEGIN {}-----\n", label);
    for (std::size_t at = 0; at < base64.size(); at += 64) {
        text += base64.substr(at, 64) + "\n";
    }
    return text + fmt::format("-----END {}-----\n", label);
}

std::string der_of(std::string_view pem) {
    return crypto::Csr::from_pem(pem).value().der();
}

}  // namespace

std::vector<Check> vault_pki_sign_csr() {
    return {
        {.name = "missing",
         .requirement = "sign without a csr, or with an empty one, is refused.",
         .rows = {101},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             for (const auto& body : {Json::object(), Json{{"csr", ""}}}) {
                 const auto reply = co_await probe.vault("PUT", mount + "/sign/app", body);
                 probe.expect_plain_error(reply, 400, R"("csr" is empty)");
             }
         }},

        {.name = "no-pem",
         .requirement =
             "A csr without a PEM block is refused: bare base64 and PEM in one line too.",
         .rows = {101},
         .source = "RFC 7468 2",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto pem = steps::workload_csr();
             auto one_line = pem;
             std::erase(one_line, '\n');
             for (const auto& text : {std::string("nothing"), to_base64(der_of(pem)), one_line}) {
                 const auto reply = co_await steps::sign(probe, mount, text);
                 probe.expect_plain_error(reply, 400, "csr contains no data");
             }
         }},

        {.name = "no-request",
         .requirement = "A PEM block that holds no certificate request is refused.",
         .rows = {101},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto root = co_await probe.set_up("GET", mount + "/ca/pem");
             const auto certificate = steps::certificate_of(probe, root.body).der();
             for (const auto& der : {std::string("no ASN.1 at all"), certificate}) {
                 const auto reply =
                     co_await steps::sign(probe, mount, block("CERTIFICATE REQUEST", der));
                 probe.expect_plain_error(reply, 400, "certificate request could not be parsed: ");
             }
         }},

        {.name = "signature-wrong",
         .requirement = "A CSR whose signature is not its key's is refused.",
         .rows = {101},
         .source = "RFC 2986 4.2",
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             // The name is part of what is signed.
             auto der = der_of(steps::named_csr("web.test"));
             der.replace(der.find("web.test"), 8, "wen.test");
             const auto reply =
                 co_await steps::sign(probe, mount, block("CERTIFICATE REQUEST", der));
             probe.expect_plain_error(reply, 400, "request signature invalid");
         }},

        {.name = "wrapping-of-pem",
         .requirement = "The PEM block's label, text before it, a second block and CRLF do not "
                        "matter: the first block counts.",
         .rows = {101},
         .source = "RFC 7468 2",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto first = steps::named_csr("first.test");
             const auto der = der_of(first);
             auto crlf = first;
             for (std::size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) {
                 crlf.replace(at, 1, "\r\n");
             }
             for (const auto& text :
                  {block("NEW CERTIFICATE REQUEST", der), block("ANYTHING", der),
                   "a note before it\n" + first, first + steps::named_csr("second.test"), crlf}) {
                 const auto reply = co_await steps::sign(probe, mount, text);
                 probe.expect_status(reply, 200);
                 const auto name = steps::leaf_of(probe, reply).subject().common_name;
                 probe.expect(name == "first.test", "the leaf is for {}", name);
             }
         }},

        {.name = "other-key-type",
         .requirement = "A role takes keys of its key_type only, RSA unless it says otherwise.",
         .rows = {102},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto rsa = co_await steps::sign(probe, mount, steps::csr({}, KeyType::rsa_2048));
             probe.expect_plain_error(rsa, 400, "role requires keys of type ec");
             const auto ed25519 =
                 co_await steps::sign(probe, mount, steps::csr({}, KeyType::ed25519));
             probe.expect_plain_error(ed25519, 400, "role requires keys of type ec");
             (void)co_await steps::role(probe, mount, Json{{"key_type", nullptr}}, "default");
             const auto ec = co_await steps::sign(probe, mount, steps::csr(), {}, "default");
             probe.expect_plain_error(ec, 400, "role requires keys of type rsa");
             (void)co_await steps::role(probe, mount, Json{{"key_type", "ed25519"}}, "ed");
             const auto same =
                 co_await steps::sign(probe, mount, steps::csr({}, KeyType::ed25519), {}, "ed");
             probe.expect_status(same, 200);
         }},

        {.name = "short-rsa",
         .requirement = "A role of RSA takes keys of at least its key_bits, 2048 unless it says "
                        "otherwise.",
         .rows = {102},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_type", "rsa"}});
             const auto weak =
                 co_await steps::sign(probe, mount, steps::csr({}, KeyType::rsa_1024));
             probe.expect_plain_error(
                 weak, 400,
                 "role requires a minimum of a 2048-bit key, but CSR's key is 1024 bits");
             const auto good =
                 co_await steps::sign(probe, mount, steps::csr({}, KeyType::rsa_2048));
             probe.expect_status(good, 200);
             const auto longer =
                 co_await steps::sign(probe, mount, steps::csr({}, KeyType::rsa_3072));
             probe.expect_status(longer, 200);
         }},

        {.name = "short-ec",
         .requirement = "A role of EC takes curves of at least its key_bits.",
         .rows = {102},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_bits", 384}});
             const auto weak = co_await steps::sign(probe, mount, steps::csr({}, KeyType::p256));
             probe.expect_plain_error(
                 weak, 400, "role requires a minimum of a 384-bit key, but CSR's key is 256 bits");
             const auto longer = co_await steps::sign(probe, mount, steps::csr({}, KeyType::p521));
             probe.expect_status(longer, 200);
         }},

        {.name = "any-key",
         .requirement = "A role of any key type takes RSA from 2048 bits, P-224 and longer, and "
                        "Ed25519, and the leaf is of the CSR's key.",
         .rows = {102},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_type", "any"}});
             for (const auto type :
                  {KeyType::rsa_2048, KeyType::p224, KeyType::p256, KeyType::ed25519}) {
                 const auto key = crypto::Key::generate(type);
                 crypto::Csr::Spec spec;
                 spec.subject.common_name = "web.test";
                 const auto reply =
                     co_await steps::sign(probe, mount, crypto::Csr::make(spec, key).pem());
                 if (!probe.expect_status(reply, 200)) {
                     continue;
                 }
                 probe.expect(steps::leaf_of(probe, reply).public_key() == key.public_key(),
                              "the leaf is not of the CSR's {} key", to_string(type));
             }
         }},

        {.name = "any-but-weak-rsa",
         .requirement = "RSA below 2048 bits is refused by a role of any key type and by "
                        "sign-verbatim.",
         .rows = {102},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe, Json{{"key_type", "any"}});
             const auto weak = steps::csr({}, KeyType::rsa_1024);
             for (const auto* path : {"sign/app", "sign-verbatim", "sign-verbatim/app"}) {
                 Json body{{"csr", weak}};
                 const auto reply = co_await probe.vault("PUT", fmt::format("{}/{}", mount, path),
                                                         std::move(body));
                 probe.expect_plain_error(reply, 400,
                                          "RSA keys < 2048 bits are unsafe and not supported");
             }
         }},
    };
}

}  // namespace meshproof::conformance
