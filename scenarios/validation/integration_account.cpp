#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

using mesh::AccountSpec;

/// One thing that a person may enter wrongly, and what the dialog must say about it.
struct Mistake {
    std::string_view says;
    std::function<void(AccountSpec&)> make;
};

/// A root, and below it a chain of intermediates.
class Authorities {
  public:
    explicit Authorities(Time now) : now_(now) {}

    [[nodiscard]] std::string root() {
        root_ = certificate("root", true, nullptr, nullptr);
        issuer_ = *root_;
        issuer_key_ = key_;
        return root_->pem();
    }
    [[nodiscard]] std::string intermediate() { return below(true); }
    [[nodiscard]] std::string leaf() { return below(false); }

  private:
    std::string below(bool is_ca) {
        const auto made = certificate("below", is_ca, &issuer_, &issuer_key_);
        issuer_ = made;
        issuer_key_ = key_;
        return made.pem();
    }

    crypto::Certificate certificate(std::string name, bool is_ca, const crypto::Certificate* issuer,
                                    const crypto::Key* issuer_key) {
        key_ = crypto::Key::generate(crypto::KeyType::p256);
        crypto::CertificateSpec spec;
        spec.subject.common_name = fmt::format("{} {}", name, ++made_);
        spec.not_before = now_;
        spec.not_after = now_ + std::chrono::years(1);
        spec.is_ca = is_ca;
        spec.key_usage = is_ca ? crypto::cert_sign | crypto::crl_sign : crypto::digital_signature;
        return crypto::sign_certificate(spec, key_.public_key(),
                                        issuer_key != nullptr ? *issuer_key : key_, issuer);
    }

    Time now_;
    int made_ = 0;
    crypto::Key key_, issuer_key_;
    crypto::Certificate issuer_;
    std::optional<crypto::Certificate> root_;
};

std::vector<Mistake> field_mistakes() {
    return {
        {"name: is required", [](AccountSpec& spec) { spec.name.clear(); }},
        {"name: ", [](AccountSpec& spec) { spec.name = "a/b"; }},
        {"name: ", [](AccountSpec& spec) { spec.name = std::string(300, 'a'); }},
        {"label: ", [](AccountSpec& spec) { spec.label = "two\nlines"; }},
        {"url: is required", [](AccountSpec& spec) { spec.url.clear(); }},
        {"url", [](AccountSpec& spec) { spec.url = "vault.example.com:8200"; }},
        {"url", [](AccountSpec& spec) { spec.url = "https://vault.example.com:8200/v1"; }},
        {"service account name: is required",
         [](AccountSpec& spec) { spec.service_account.clear(); }},
        {"service account name: ",
         [](AccountSpec& spec) { spec.service_account = "Vault_Issuer"; }},
        {"role: is required", [](AccountSpec& spec) { spec.role.clear(); }},
        {"role: ", [](AccountSpec& spec) { spec.role = "pki/int"; }},
        {"pki path: is required", [](AccountSpec& spec) { spec.pki_path.clear(); }},
        {"must use the sign endpoint",
         [](AccountSpec& spec) { spec.pki_path = "pki_int/issue/example-dot-com"; }},
        {"pki path: ", [](AccountSpec& spec) { spec.pki_path = "pki_int"; }},
        {"pki path: ",
         [](AccountSpec& spec) { spec.pki_path = "/v1/pki_int/sign/example-dot-com"; }},
        {"mount path: ", [](AccountSpec& spec) { spec.mount_path = "auth/my_cluster_name"; }},
        {"mount path: ", [](AccountSpec& spec) { spec.mount_path = "/v1/auth/"; }},
        {"namespace: ", [](AccountSpec& spec) { spec.vault_namespace = "team/"; }},
    };
}

// "A maximum of three certificates, including only one root certificate and a maximum of two
// intermediate certificates."
std::vector<Mistake> bundle_mistakes(Time now) {
    Authorities one(now), other(now);
    const auto root = one.root(), first = one.intermediate(), second = one.intermediate(),
               third = one.intermediate();
    const auto foreign_root = other.root(), foreign = other.intermediate();
    const auto leaf = one.leaf();
    const auto with = [](std::string bundle) {
        return [bundle = std::move(bundle)](AccountSpec& spec) { spec.ca_chain_pem = bundle; };
    };
    return {
        {"not PEM", with("a chain")},
        {"cannot be read", with("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
        {"private key", with(root + crypto::Key::generate(crypto::KeyType::p256).pkcs8_pem())},
        {"at most 3", with(root + first + second + third)},
        {"0 root certificates", with(first + second)},
        {"2 root certificates", with(root + foreign_root)},
        {"does not chain", with(root + foreign)},
        {"does not chain", with(root + second)},
        {"not a CA", with(root + leaf)},
        {"twice", with(root + first + first)},
    };
}

Task<void> integration_account(World& world) {
    auto& mesh = world.mesh();
    Authorities authorities(world.clock().now());
    const auto root = authorities.root(), first = authorities.intermediate(),
               second = authorities.intermediate();
    const AccountSpec right{.name = "vault-one",
                            .description = {},
                            .label = {},
                            .url = "https://vault.example.com:8200",
                            .service_account = "vault-issuer",
                            .role = "pki_int",
                            .pki_path = "pki_int/sign/example-dot-com",
                            .mount_path = {},
                            .vault_namespace = {},
                            .ca_chain_pem = second + root + first};
    auto mistakes = field_mistakes();
    std::ranges::move(bundle_mistakes(world.clock().now()), std::back_inserter(mistakes));
    for (const auto& mistake : mistakes) {
        auto wrong = right;
        mistake.make(wrong);
        const auto refused = mesh.add_account(wrong);
        world.expect_refused(refused, mistake.says, "an account that is wrong in one field");
        world.expect(refused || refused.error().message.find("PRIVATE KEY") == std::string::npos,
                     "a refusal repeats key material");
    }
    world.expect(mesh.accounts().empty(), "a refused account was kept");

    world.expect_ok(mesh.add_account(right), "an account with every rule kept");
    const auto kept = mesh.accounts().front();
    world.expect(kept.label() == "Certificate Authority: vault-one",
                 "the generated label is \"{}\"", kept.label());
    world.expect(kept.mount_path() == "/v1/auth/kubernetes", "the default mount path is {}",
                 kept.mount_path());
    world.expect(kept.ca_chain() && kept.ca_chain()->intermediates().size() == 2,
                 "the bundle of three was not kept whole");

    auto again = right;
    world.expect_refused(mesh.add_account(again), "exists already",
                         "a second account of the same name");
    again.name = "vault-two";
    again.label = kept.label();
    world.expect_refused(mesh.add_account(again), "label", "a second account with the same label");
    world.expect_refused(co_await mesh.edit_account(
                             "vault-one", {.description = {}, .service_account = "Not A Name"}),
                         "service account name", "editing the service account name to nonsense");
    world.expect_refused(
        co_await mesh.edit_account("vault-two", {.description = "?", .service_account = {}}),
        "vault-two", "editing an account that does not exist");
    world.expect_refused(co_await mesh.delete_account("vault-two"), "vault-two",
                         "deleting an account that does not exist");
    world.expect_refused(mesh.set_trust_domain("Upper.Case"), "trust domain",
                         "a trust domain in upper case");
    world.expect_refused(mesh.set_trust_domain(""), "trust domain", "an empty trust domain");
    world.expect_ok(co_await mesh.delete_account("vault-one"), "deleting the account");
    world.expect(mesh.accounts().empty(), "the deleted account is still there");
}

}  // namespace

extern const run::Scenario validation_integration_account{
    .id = "validation/integration-account",
    .sentence =
        "The account dialog refuses whatever the page does not allow, names the field, and keeps "
        "nothing of it.",
    .source = "integration page §25 §29-30 §34 §38 §46 §48 (steps 5 to 7 and What to do next)",
    .without_mtls = true,
    .run = integration_account,
};

}  // namespace meshproof::scenarios
