#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/crypto/certificate.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/vault/logical/product.hpp"
#include "fakes/vault/pki/backend.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

inline constexpr auto both_products = {Product::openbao, Product::vault};

/// One PKI mount whose requests are made without any HTTP, at a time that the test moves.
class Pki {
  public:
    explicit Pki(Product product = Product::openbao,
                 std::set<std::string, std::less<>> saboteurs = {}, Duration max_lease_ttl = 768h)
        : product(product),
          saboteurs_(std::move(saboteurs)),
          max_lease_ttl_(max_lease_ttl),
          backend_(make_pki_backend({product, Prng(11), &saboteurs_})) {}

    BackendResponse call(Operation operation, const std::string& path, Json data = Json::object()) {
        BackendRequest request;
        request.operation = operation;
        request.path = path;
        request.data = std::move(data);
        request.body = body_;
        request.identity = identity;
        request.mount = {"pki/", 768h, max_lease_ttl_};
        request.now = now;
        boost::asio::io_context context;
        SimClock clock(context, now);
        return clock.run(backend_->handle(std::move(request)));
    }
    BackendResponse write(const std::string& path, Json data = Json::object()) {
        return call(Operation::update, path, std::move(data));
    }
    /// An OCSP request: a body that is no JSON.
    BackendResponse post(const std::string& path, std::string body) {
        body_ = std::move(body);
        auto answer = write(path);
        body_.clear();
        return answer;
    }
    BackendResponse read(const std::string& path) { return call(Operation::read, path); }

    /// The data of an answer that must be a success.
    Json ok(const BackendResponse& answer) const {
        EXPECT_EQ(answer.kind, BackendResponse::Kind::data) << answer.text;
        return answer.data;
    }
    /// `500 text` of an answer that must be a refusal.
    static std::string refusal(const BackendResponse& answer) {
        using Kind = BackendResponse::Kind;
        EXPECT_TRUE(answer.kind == Kind::error || answer.kind == Kind::go_error)
            << answer.data.dump();
        const auto usual = answer.kind == Kind::go_error ? 500 : 400;
        return fmt::format("{} {}", answer.status == 0 ? usual : answer.status, answer.text);
    }
    static crypto::Certificate certificate(const Json& data) {
        return require(crypto::Certificate::from_pem(data.at("certificate").get<std::string>()));
    }

    /// A P-256 root of 700 h called "root".
    Json make_root(Json more = Json::object()) {
        Json data = {{"common_name", "svc"}, {"ttl", "700h"}, {"key_type", "ec"}};
        data.update(more);
        return ok(write("root/generate/internal", data));
    }
    /// A role "r" that takes any key and any name, for one hour, but for `more`.
    void make_role(Json more = Json::object()) {
        Json data = {{"allow_any_name", true}, {"enforce_hostnames", false}, {"require_cn", false},
                     {"key_type", "any"},      {"allowed_uri_sans", "*"},    {"ttl", "1h"}};
        data.update(more);
        (void)ok(write("roles/r", data));
    }
    BackendResponse sign(const std::string& csr, Json more = Json::object()) {
        Json data = {{"csr", csr}};
        data.update(more);
        return write("sign/r", data);
    }
    Backend& backend() { return *backend_; }

    const Product product;
    Time now = from_unix_seconds(1'750'000'000) + 250ms;
    TemplateValues identity;  ///< of whoever asks; null at first

  private:
    Saboteurs saboteurs_;
    Duration max_lease_ttl_;
    std::string body_;
    std::unique_ptr<Backend> backend_;
};

inline bool has_warning(const BackendResponse& answer, std::string_view part) {
    return std::ranges::any_of(answer.warnings, [&](const auto& warning) {
        return warning.find(part) != std::string::npos;
    });
}

inline std::string csr_pem(crypto::Csr::Spec spec, crypto::KeyType type = crypto::KeyType::p256) {
    return crypto::Csr::make(spec, crypto::Key::generate(type)).pem();
}
inline std::string csr_for(std::string common_name, crypto::AltNames names = {}) {
    crypto::Csr::Spec spec;
    spec.subject.common_name = std::move(common_name);
    spec.alt_names = std::move(names);
    return csr_pem(std::move(spec));
}

}  // namespace meshproof::fakes::vault
