#include "fakes/chaos/spoil.hpp"

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

crypto::KeyType type_of(const crypto::PublicKey& key) {
    const auto bits = key.bits();
    if (key.algorithm() == "rsa") {
        return bits <= 2048   ? crypto::KeyType::rsa_2048
               : bits <= 3072 ? crypto::KeyType::rsa_3072
                              : crypto::KeyType::rsa_4096;
    }
    if (key.algorithm() == "ed25519") {
        return crypto::KeyType::ed25519;
    }
    return bits <= 224   ? crypto::KeyType::p224
           : bits <= 256 ? crypto::KeyType::p256
           : bits <= 384 ? crypto::KeyType::p384
                         : crypto::KeyType::p521;
}

/// The same wishes for a key that nobody has.
std::optional<std::string> for_other_key(const std::string& pem) {
    const auto csr = crypto::Csr::from_pem(pem);
    if (!csr || csr->public_key().empty()) {
        return std::nullopt;  // the server itself will say what is wrong with it
    }
    crypto::Csr::Spec spec;
    spec.subject = csr->subject();
    spec.alt_names = csr->alt_names();
    return crypto::Csr::make(spec, crypto::Key::generate(type_of(csr->public_key()))).pem();
}

/// A CA of the same name, by another key. One a run is enough: it signs nothing.
crypto::Certificate impostor(const crypto::Certificate& original) {
    static const auto key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::CertificateSpec spec;
    spec.subject_der = original.subject_der();
    spec.not_before = original.not_before();
    spec.not_after = original.not_after();
    spec.is_ca = true;
    spec.key_usage = crypto::KeyUsage::cert_sign | crypto::KeyUsage::crl_sign;
    return crypto::sign_certificate(spec, key.public_key(), key, nullptr);
}

/// Every certificate of the text but the first `kept` becomes an impostor. PEM, or one in base64.
std::string with_impostors(const std::string& text, std::size_t kept) {
    if (const auto all = crypto::Certificate::all_from_pem(text)) {
        std::vector<crypto::Certificate> out;
        for (const auto& certificate : *all) {
            out.push_back(out.size() < kept ? certificate : impostor(certificate));
        }
        auto pem = crypto::to_pem(out);
        if (!text.ends_with('\n')) {
            pem.pop_back();
        }
        // A bundle may begin with a private key.
        const auto begin = text.find("-----BEGIN CERTIFICATE-----");
        return text.substr(0, begin) + pem;
    }
    const auto der = from_base64(text);
    const auto certificate =
        der && kept == 0 ? crypto::Certificate::from_der(*der) : fail(FailureKind::invalid, "");
    return certificate ? to_base64(impostor(*certificate).der()) : text;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 429:
            return "TooManyRequests";
        case 500:
            return "InternalError";
        case 503:
            return "ServiceUnavailable";
        case 504:
            return "Timeout";
        default:
            return "";
    }
}

/// Lets a text out in pieces.
class DripSource final : public http::BodySource {
  public:
    DripSource(std::string text, Drip drip) : text_(std::move(text)), drip_(drip) {}
    [[nodiscard]] Task<std::optional<std::string>> next(Clock& clock) override {
        if (sent_ >= text_.size()) {
            co_return std::nullopt;
        }
        co_await clock.sleep_for(drip_.every);
        auto piece = text_.substr(sent_, drip_.bytes);
        sent_ += piece.size();
        co_return piece;
    }

  private:
    std::string text_;
    Drip drip_;
    std::size_t sent_ = 0;
};

}  // namespace

bool asks_for_certificate(const http::Request& request) {
    if (request.method != "POST" && request.method != "PUT") {
        return false;
    }
    const auto path = request.target.substr(0, request.target.find('?'));
    return std::ranges::any_of(split(path, '/'), [](const auto& segment) {
        return segment == "sign" || segment == "issue" || segment == "sign-verbatim" ||
               segment == "sign-intermediate";
    });
}

http::Response refusal(int status, std::optional<Duration> retry_after, bool kube,
                       std::string_view path) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    const auto seconds =
        retry_after ? std::chrono::ceil<std::chrono::seconds>(*retry_after).count() : 0;
    if (retry_after) {
        response.headers.set("Retry-After", std::to_string(seconds));
    }
    if (kube) {
        Json body = {{"kind", "Status"},
                     {"apiVersion", "v1"},
                     {"metadata", Json::object()},
                     {"status", "Failure"},
                     {"message", fmt::format("chaos: {}", status)},
                     {"reason", reason_of(status)},
                     {"code", status}};
        if (retry_after) {
            body["details"] = {{"retryAfterSeconds", seconds}};
        }
        response.body = body.dump();
    } else {
        // As Vault words a quota's refusal (wire contract row 45).
        const auto text = status == 429
                              ? fmt::format("request path \"{}\": rate limit quota exceeded",
                                            path.substr(path.starts_with("/v1/") ? 4 : 0))
                          : status == 500 ? std::string("internal error")
                                          : fmt::format("chaos: {}", status);
        response.body = Json({{"errors", {text}}}).dump() + "\n";
    }
    return response;
}

void spoil_body(http::Response& response, BodyFault fault) {
    response.source = nullptr;
    auto& body = response.body;
    switch (fault) {
        case BodyFault::empty:
            body.clear();
            response.chunked = false;
            break;
        case BodyFault::truncated:
            body.resize(body.size() / 2);
            break;
        case BodyFault::malformed: {
            const auto colon = body.find(':');
            body = colon == std::string::npos ? "{" + body : body.replace(colon, 1, "=");
            break;
        }
    }
}

void drip(http::Response& response, Drip drip) {
    if (!response.source) {
        response.source = std::make_shared<DripSource>(std::exchange(response.body, {}), drip);
    }
}

void spoil_request(http::Request& request, CertificateFault fault) {
    auto body = json_or_null(request.body);
    if (!body.is_object()) {
        return;
    }
    if (fault == CertificateFault::other_key) {
        if (const auto csr = body.find("csr"); csr != body.end() && csr->is_string()) {
            if (auto other = for_other_key(csr->get<std::string>())) {
                *csr = std::move(*other);
            }
        }
    } else if (fault == CertificateFault::expired) {
        body["ttl"] = "1s";
        body.erase("not_after");
    }
    request.body = body.dump();
    request.headers.remove("Transfer-Encoding");
    if (request.headers.find("Content-Length")) {
        request.headers.set("Content-Length", std::to_string(request.body.size()));
    }
}

void spoil_answer(http::Response& response, CertificateFault fault) {
    auto body = json_or_null(response.body);
    if (response.status != 200 || !body.is_object() || !body.contains("data") ||
        !body["data"].is_object()) {
        return;
    }
    auto& data = body["data"];
    if (fault == CertificateFault::other_key && data.contains("private_key") &&
        data["private_key"].is_string()) {
        // The server made the key (issue): the leaf is right, and the key beside it is not.
        if (const auto key = crypto::Key::from_pem(data["private_key"].get<std::string>())) {
            data["private_key"] = std::string(
                trim(crypto::Key::generate(type_of(key->public_key())).traditional_pem()));
        }
    } else if (fault == CertificateFault::wrong_chain) {
        for (const auto& [name, kept] : {std::pair("certificate", 1), std::pair("issuing_ca", 0)}) {
            if (data.contains(name) && data[name].is_string()) {
                data[name] =
                    with_impostors(data[name].get<std::string>(), static_cast<std::size_t>(kept));
            }
        }
        if (data.contains("ca_chain") && data["ca_chain"].is_array()) {
            for (auto& link : data["ca_chain"]) {
                if (link.is_string()) {
                    link = with_impostors(link.get<std::string>(), 0);
                }
            }
        }
    } else {
        return;
    }
    response.body = body.dump() + (response.body.ends_with('\n') ? "\n" : "");
}

}  // namespace meshproof::fakes
