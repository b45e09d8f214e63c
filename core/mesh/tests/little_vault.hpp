#pragma once

#include <nlohmann/json.hpp>
#include <set>

#include "core/crypto/tests/fixtures.hpp"
#include "core/http/transport.hpp"

namespace meshproof::mesh::testing {

/// As much of a Vault as the signing path meets, and able to answer wrongly on purpose.
class LittleVault final : public http::Handler {
  public:
    explicit LittleVault(Clock& clock) : clock_(clock) {}

    struct Answer {
        int status = 0;
        std::string error;
        std::string retry_after = {};  ///< the header, sent where not empty
    };
    std::optional<Answer> login_refusal, sign_refusal;
    std::function<void(crypto::CertificateSpec&)> distort;  ///< changes the next leaves
    bool foreign_key = false;                               ///< certify another key than the CSR's
    bool foreign_ca = false;                                ///< sign with a CA that nobody trusts
    bool foreign_chain = false;                             ///< say that such a one signed
    /// So many signatures in each such span; whoever asks for more is refused.
    struct Quota {
        std::size_t most = 0;
        Duration span{};
    };
    std::optional<Quota> quota;
    Duration each{};           ///< a login or signature takes, one after the other, given up or not
    bool closes_kept = false;  ///< act on a kept connection's request, and close it unanswered
    Duration leaf_ttl = std::chrono::hours(24);
    Duration token_ttl = std::chrono::hours(1);
    std::size_t logins = 0, signs = 0, revoked = 0;
    std::vector<Duration> login_times;
    std::string last_namespace;
    std::string only_for;  ///< the role signs for URIs that hold this
    std::string version;   ///< of a HashiCorp Vault: it answers sys/seal-status

    [[nodiscard]] const crypto::fixtures::Pki& ca() const { return ca_; }
    void forget_tokens() { tokens_.clear(); }
    [[nodiscard]] const crypto::Certificate& root() const { return ca_.root.certificate; }
    [[nodiscard]] std::string foreign_bundle() const {
        return stranger_.intermediate.certificate.pem() + stranger_.root.certificate.pem();
    }
    /// For HTTPS by the CA that signs the leaves.
    [[nodiscard]] crypto::TlsIdentity server_identity(std::string_view host) const {
        return ca_.leaf(host);
    }
    [[nodiscard]] std::string bundle() const {
        return ca_.intermediate.certificate.pem() + ca_.root.certificate.pem();
    }

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        if (each > Duration::zero()) {
            free_ = std::max(free_, clock_.elapsed()) + each;
            co_await clock_.sleep_for(free_ - clock_.elapsed());
        }
        auto response = answer(request);
        if (closes_kept && peer.served > 0) {
            response.broken = http::Break::unanswered;
        }
        co_return response;
    }

  private:
    http::Response answer(const http::Request& request) {
        using Json = nlohmann::json;
        const auto body = Json::parse(request.body.empty() ? "{}" : request.body);
        last_namespace = request.headers.find("X-Vault-Namespace").value_or("");
        if (request.target == "/v1/auth/kubernetes/login") {
            ++logins;
            login_times.push_back(clock_.elapsed());
            return login_refusal ? error(*login_refusal) : log_in(body);
        }
        const auto token = request.headers.find("X-Vault-Token").value_or("");
        if (request.target == "/v1/auth/token/revoke-self") {
            revoked += tokens_.erase(token);
            return http::Response{204, {}, {}, false, nullptr, {}, {}};
        }
        if (request.target == "/v1/sys/seal-status" && !version.empty()) {
            return json(200, {{"initialized", true},
                              {"sealed", false},
                              {"t", 1},
                              {"n", 1},
                              {"version", version}});
        }
        ++signs;
        if (sign_refusal) {
            return error(*sign_refusal);
        }
        if (quota && !spare(*quota)) {
            return error({429, "rate limit quota exceeded"});
        }
        const auto found = tokens_.find(token);
        if (found == tokens_.end() || found->second < clock_.now()) {
            return error({403, "permission denied"});
        }
        return sign(body);
    }

    static http::Response json(int status, const nlohmann::json& body) {
        return {status, {{"Content-Type", "application/json"}}, body.dump(), false, nullptr, {},
                {}};
    }
    static http::Response error(const Answer& answer) {
        auto response = json(answer.status, {{"errors", {answer.error}}});
        if (!answer.retry_after.empty()) {
            response.headers.set("Retry-After", answer.retry_after);
        }
        return response;
    }

    bool spare(const Quota& of) {
        const auto span = clock_.elapsed() / of.span;
        if (std::exchange(span_, span) != span) {
            in_span_ = 0;
        }
        if (in_span_ == of.most) {
            return false;
        }
        ++in_span_;
        return true;
    }

    http::Response log_in(const nlohmann::json& body) {
        if (body.value("role", "") != "mesh" || body.value("jwt", "").empty()) {
            return error({400, "invalid role name"});
        }
        const auto token = fmt::format("token-{}", ++made_);
        tokens_[token] = clock_.now() + token_ttl;
        return json(200, {{"auth",
                           {{"client_token", token},
                            {"accessor", "a"},
                            {"policies", {"default"}},
                            {"lease_duration", token_ttl / std::chrono::seconds(1)},
                            {"renewable", true},
                            {"token_type", "service"}}}});
    }

    http::Response sign(const nlohmann::json& body) {
        const auto csr = require(crypto::Csr::from_pem(body.at("csr").get<std::string>()));
        for (const auto& uri : csr.alt_names().uris) {
            if (uri.find(only_for) == std::string::npos) {
                return error({400,
                              "URI Subject Alternative Names were provided via CSR which are not "
                              "valid for this role"});
            }
        }
        crypto::CertificateSpec spec;
        spec.serial = {1, static_cast<std::uint8_t>(++made_ >> 8),
                       static_cast<std::uint8_t>(made_ & 0xff)};
        spec.not_before = clock_.now() - std::chrono::seconds(30);
        spec.not_after = clock_.now() + leaf_ttl;
        spec.alt_names = csr.alt_names();
        spec.key_usage = crypto::KeyUsage::digital_signature | crypto::KeyUsage::key_agreement;
        spec.extended_key_usage = {std::string(crypto::eku_server_auth),
                                   std::string(crypto::eku_client_auth)};
        if (distort) {
            distort(spec);
        }
        const auto& ca = foreign_ca ? stranger_ : ca_;
        const auto key = foreign_key ? crypto::Key::generate(crypto::KeyType::p256).public_key()
                                     : csr.public_key();
        const auto leaf =
            crypto::sign_certificate(spec, key, ca.intermediate.key, &ca.intermediate.certificate);
        const auto& shown = foreign_chain ? stranger_ : ca;
        return json(
            200,
            {{"data",
              {{"certificate", leaf.pem()},
               {"issuing_ca", shown.intermediate.certificate.pem()},
               {"ca_chain", {shown.intermediate.certificate.pem(), shown.root.certificate.pem()}},
               {"serial_number", leaf.serial()},
               {"expiration", unix_seconds(leaf.not_after())}}}});
    }

    Clock& clock_;
    crypto::fixtures::Pki ca_, stranger_;
    std::map<std::string, Time> tokens_;
    std::size_t made_ = 0;
    Duration::rep span_ = 0;   ///< of the quota's, the one that goes on
    std::size_t in_span_ = 0;  ///< signatures in it
    Duration free_{};          ///< when `each` of what was asked for is done
};

}  // namespace meshproof::mesh::testing
