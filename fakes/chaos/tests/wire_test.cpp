// What a client gets under every fault: in sim and over sockets, exactly as often as the seed says.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/http/beast_transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/chaos/chaos_handler.hpp"
#include "fakes/sim/sim_network.hpp"

namespace meshproof::fakes {
namespace {

using namespace std::chrono_literals;

const std::string whole_body = R"({"data":{"a":"0123456789","b":"0123456789"},"warnings":null})";

/// An answer in two pieces.
class Halves final : public http::BodySource {
  public:
    Task<std::optional<std::string>> next(Clock& /*clock*/) override {
        const auto half = whole_body.size() / 2;
        ++given_;
        co_return given_ == 1 ? std::optional(whole_body.substr(0, half))
        : given_ == 2         ? std::optional(whole_body.substr(half))
                              : std::nullopt;
    }

  private:
    int given_ = 0;
};

/// A server whose rules are one answer.
class Plain final : public http::Handler {
  public:
    Task<http::Response> handle(http::Request /*request*/, http::Peer peer) override {
        ++handled;
        served.push_back(peer.served);
        http::Response response;
        response.headers = {{"Content-Type", "application/json"}};
        if (streams) {
            response.source = std::make_shared<Halves>();
        } else {
            response.body = whole_body;
        }
        co_return response;
    }
    bool streams = false;
    int handled = 0;
    std::vector<std::size_t> served;
};

enum class Wire { sim, plain, tls };

/// A server under chaos, and a client of it.
class ChaosWire : public ::testing::TestWithParam<Wire> {
  protected:
    void start(const std::string& yaml) {
        chaos_.set(parse_chaos(yaml, "test").value());
        ChaosHandlerOptions options;
        options.server = "vault-0";
        options.identity = [this](CertificateFault fault) {
            return fault == CertificateFault::expired       ? expired()
                   : fault == CertificateFault::wrong_chain ? other_.identity
                                                            : stolen();
        };
        options.on_served = [this](Served served) { journal_.push_back(std::move(served)); };
        handler_ = std::make_unique<ChaosHandler>(std::move(options), chaos_, clock(), own_);
        handler_->serve(rules_);
        http::ListenSpec spec;
        spec.name = "vault-0";
        spec.tls = GetParam() != Wire::plain;
        spec.party = [this] {
            crypto::TlsParty party;
            party.identity = credentials_.identity;
            party.verify_peer = false;
            return party;
        };
        spec.reception = [this](const http::Peer& peer) { return handler_->receive(peer); };
        listener_ = require(std::move(*run(transport().listen(std::move(spec), *handler_))));
    }
    [[nodiscard]] http::Endpoint endpoint(bool reuse) const {
        http::Endpoint endpoint;
        endpoint.url = listener_->url();
        endpoint.tls.trust = {credentials_.ca};
        endpoint.reuse = reuse;
        endpoint.caller = "client";
        return endpoint;
    }
    Result<http::Response> send(bool reuse = true, std::string method = "POST") {
        return *run(transport().send(
            endpoint(reuse),
            {std::move(method), "/v1/pki/sign/web?x=y", {{"User-Agent", "test/1"}}, "{}"}));
    }
    /// As send(), piece by piece: what came, and how it ended.
    Result<http::Response> watch() { return *run(watched(transport(), endpoint(/*reuse=*/false))); }
    static Task<Result<http::Response>> watched(http::Transport& transport,
                                                http::Endpoint endpoint) {
        auto stream = co_await transport.open(std::move(endpoint), {"GET", "/v1/watch", {}, ""});
        if (!stream) {
            co_return propagate(stream);
        }
        auto whole = (*stream)->head();
        for (;;) {
            auto piece = co_await (*stream)->next();
            if (!piece) {
                co_return propagate(piece);
            }
            if (!*piece) {
                co_return whole;
            }
            whole.body += **piece;
        }
    }
    /// What the seed says of a rule's first `count` requests.
    static std::vector<bool> expected(const std::string& rule, double probability,
                                      std::size_t count) {
        auto chance = Prng(seed).fork("chaos").fork(rule).fork("chance");
        std::vector<bool> out;
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back(chance.chance(probability));
        }
        return out;
    }

    [[nodiscard]] bool sim() const { return GetParam() == Wire::sim; }
    Clock& clock() { return sim() ? static_cast<Clock&>(sim_clock_) : real_clock_; }
    http::Transport& transport() {
        return sim() ? static_cast<http::Transport&>(network_) : beast_;
    }
    template <class T>
    std::unique_ptr<T> run(Task<T> work) {
        return std::make_unique<T>(sim() ? sim_clock_.run(std::move(work))
                                         : run_real(context_, std::move(work)));
    }
    crypto::TlsIdentity expired() {
        crypto::CertificateSpec spec;
        spec.alt_names = credentials_.identity.leaf.alt_names();
        spec.not_before = credentials_.identity.leaf.not_before() - 2h;
        spec.not_after = credentials_.identity.leaf.not_before();
        return {crypto::sign_certificate(spec, credentials_.identity.key.public_key(),
                                         credentials_.ca_key, &credentials_.ca),
                {},
                credentials_.identity.key};
    }

    /// A right leaf, whose key is somebody else's.
    crypto::TlsIdentity stolen() {
        const auto owner = crypto::Key::generate(crypto::KeyType::p256).public_key();
        crypto::CertificateSpec spec;
        spec.alt_names = credentials_.identity.leaf.alt_names();
        spec.not_before = credentials_.identity.leaf.not_before();
        spec.not_after = credentials_.identity.leaf.not_after();
        return {crypto::sign_certificate(spec, owner, credentials_.ca_key, &credentials_.ca),
                {},
                credentials_.identity.key.claiming(owner)};
    }

    static constexpr std::uint64_t seed = 7;
    boost::asio::io_context context_;
    RealClock real_clock_;
    SimClock sim_clock_{context_, real_clock_.now()};
    http::BeastTransport beast_{real_clock_};
    SimNetwork network_{sim_clock_, Prng(seed)};
    Chaos chaos_{seed, clock()};
    ServerClock own_{clock(), chaos_, "vault-0"};
    crypto::ServerCredentials credentials_ =
        crypto::make_server_credentials("right", real_clock_.now(), 24h, {"vault-0"});
    crypto::ServerCredentials other_ =
        crypto::make_server_credentials("wrong", real_clock_.now(), 24h, {"vault-0"});
    std::shared_ptr<Plain> rules_ = std::make_shared<Plain>();
    std::vector<Served> journal_;
    std::unique_ptr<ChaosHandler> handler_;
    std::unique_ptr<http::Listener> listener_;
};

void is_clean(const Result<http::Response>& answer) {
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, whole_body);
    EXPECT_EQ(answer->headers.find("Content-Type"), "application/json");
    EXPECT_EQ(answer->headers.find("Retry-After"), std::nullopt);
}

void is_closed(const Result<http::Response>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::closed) << answer.error().message;
}

struct Fault {
    const char* fields;
    bool acted;        ///< does the server act on a request that is struck?
    int shown_status;  ///< in the journal
    void (*judge)(const Result<http::Response>& answer);
};

const std::vector<Fault> faults{
    {"latency: 1ms", true, 200, is_clean},
    {"latency: {uniform: [100us, 2ms]}", true, 200, is_clean},
    {"latency: {lognormal: {median: 500us, sigma: 0.5}}", true, 200, is_clean},
    {"status: 429, retry_after: 7s", false, 429,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->status, 429);
         EXPECT_EQ(answer->headers.find("Retry-After"), "7");
         EXPECT_EQ(nlohmann::json::parse(answer->body)["errors"][0],
                   "request path \"pki/sign/web\": rate limit quota exceeded");
     }},
    {"status: 503, retry_after: 1500ms", false, 503,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->status, 503);
         EXPECT_EQ(answer->headers.find("Retry-After"), "2");
     }},
    {"status: 500", false, 500,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->status, 500);
         EXPECT_EQ(answer->headers.find("Retry-After"), std::nullopt);
     }},
    {"body: empty", true, 200,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->status, 200);
         EXPECT_EQ(answer->body, "");
     }},
    {"body: truncated", true, 200,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->body, whole_body.substr(0, whole_body.size() / 2));
     }},
    {"body: malformed", true, 200,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->body.size(), whole_body.size());
         EXPECT_FALSE(nlohmann::json::accept(answer->body));
     }},
    {"content_type: text/html", true, 200,
     [](const auto& answer) {
         ASSERT_TRUE(answer);
         EXPECT_EQ(answer->headers.find("Content-Type"), "text/html");
         EXPECT_EQ(answer->body, whole_body);
     }},
    {"drip: {bytes: 16, every: 100us}", true, 200, is_clean},
    {"reset: request", false, 0, is_closed},
    {"reset: before", true, 0, is_closed},
    {"reset: during", true, 200, is_closed},
    {"reset: after", true, 200, is_clean},
    {"drip: {bytes: 16, every: 100us}, reset: after", true, 200, is_clean},
};

TEST_P(ChaosWire, GivesEveryFaultOfARequestAsOftenAsTheSeedSays) {
    constexpr std::size_t count = 60;
    for (const auto& fault : faults) {
        SCOPED_TRACE(fault.fields);
        start(fmt::format("rules: [{{name: it, path: /v1/pki, probability: 0.4, {}}}]",
                          fault.fields));
        journal_.clear();
        rules_->handled = 0;
        const auto struck = expected("it", 0.4, count);
        // A fresh connection each time: a client that keeps one tries again by itself.
        for (std::size_t i = 0; i < count; ++i) {
            const auto answer = send(/*reuse=*/false);
            (struck[i] ? fault.judge : is_clean)(answer);
        }
        const auto hits = std::ranges::count(struck, true);
        ASSERT_GT(hits, 10);
        EXPECT_EQ(rules_->handled, fault.acted ? count : count - static_cast<std::size_t>(hits));
        EXPECT_EQ(chaos_.counts().front().met, count);
        EXPECT_EQ(chaos_.counts().front().struck, static_cast<std::uint64_t>(hits));
        ASSERT_EQ(journal_.size(), count);
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_EQ(journal_[i].faults,
                      struck[i] ? std::vector<std::string>{"it"} : std::vector<std::string>());
            EXPECT_EQ(journal_[i].status, struck[i] ? fault.shown_status : 200);
            EXPECT_EQ(journal_[i].path, "/v1/pki/sign/web");
            EXPECT_EQ(journal_[i].user_agent, "test/1");
        }
        listener_.reset();
    }
}

TEST_P(ChaosWire, AStreamBreaks) {
    rules_->streams = true;
    start("");
    is_clean(watch());
    for (const auto& [fields, acted, judge] :
         {std::tuple{"reset: request", 0, &is_closed}, std::tuple{"reset: before", 1, &is_closed},
          std::tuple{"reset: during", 1, &is_closed}, std::tuple{"reset: after", 1, &is_clean}}) {
        SCOPED_TRACE(fields);
        chaos_.set(parse_chaos(fmt::format("rules: [{{first: 1, {}}}]", fields), "").value());
        rules_->handled = 0;
        judge(watch());
        EXPECT_EQ(rules_->handled, acted);
        is_clean(watch());
    }
}

TEST_P(ChaosWire, ALatencyIsWaitedFor) {
    start("rules: [{latency: 20ms}]");
    const auto before = clock().elapsed();
    is_clean(send());
    EXPECT_GE(clock().elapsed() - before, 20ms);
    EXPECT_GE(journal_.back().took, 20ms);
}

TEST_P(ChaosWire, ADripTakesItsTime) {
    start("rules: [{drip: {bytes: 10, every: 2ms}}]");
    const auto before = clock().elapsed();
    is_clean(send());
    EXPECT_GE(clock().elapsed() - before, 2ms * ((whole_body.size() + 9) / 10));
}

TEST_P(ChaosWire, AKeptConnectionGoesStale) {
    constexpr std::size_t count = 50;
    start("rules: [{name: it, probability: 0.4, stale: true}]");
    auto chance = Prng(seed).fork("chaos").fork("it").fork("chance");
    std::size_t stale = 0;
    for (std::size_t i = 0; i < count; ++i) {
        // A first request has nothing to go stale; the client's second try is one.
        const bool struck = i > 0 && chance.chance(0.4);
        stale += struck ? 1 : 0;
        is_clean(send(/*reuse=*/true, "GET"));  // what changes something is not tried again
        EXPECT_EQ(rules_->served.back() == 0, i == 0 || struck) << i;
    }
    ASSERT_GT(stale, 10U);
    EXPECT_EQ(rules_->handled, count);
    EXPECT_EQ(journal_.size(), count + stale);
    EXPECT_EQ(std::ranges::count(journal_, 0, &Served::status), static_cast<long>(stale));
}

TEST_P(ChaosWire, AResetAfterTheAnswerEndsTheConnection) {
    start("rules: [{first: 1, reset: after}]");
    // What changes something is not sent again where a kept connection breaks.
    is_clean(send(/*reuse=*/true, "GET"));
    is_clean(send(/*reuse=*/true, "GET"));
    is_clean(send(/*reuse=*/true, "GET"));
    EXPECT_EQ(rules_->served, (std::vector<std::size_t>{0, 0, 1}));
}

TEST_P(ChaosWire, FailsTheFirstFewAndThenWorks) {
    start("rules: [{first: 3, status: 503}]");
    std::vector<int> seen;
    for (int i = 0; i < 5; ++i) {
        seen.push_back(send()->status);
    }
    EXPECT_EQ(seen, (std::vector<int>{503, 503, 503, 200, 200}));
}

/// What only a handshake can show.
class ChaosTls : public ChaosWire {};

TEST_P(ChaosTls, AnAlertEndsHandshakes) {
    start("rules: [{name: it, probability: 0.5, tls_alert: unrecognized_name}]");
    for (const bool struck : expected("it", 0.5, 30)) {
        const auto answer = send(/*reuse=*/false);
        ASSERT_EQ(answer.has_value(), !struck);
        if (struck) {
            EXPECT_EQ(answer.error().kind, FailureKind::tls) << answer.error().message;
            EXPECT_NE(answer.error().message.find(sim() ? "alert 112" : "unrecognized name"),
                      std::string::npos)
                << answer.error().message;
            EXPECT_EQ(journal_.back().faults.empty(), false);
        }
    }
}

TEST_P(ChaosTls, ShowsAWrongCertificate) {
    start("rules: [{name: it, first: 2, tls_certificate: wrong_chain}]");
    for (int i = 0; i < 2; ++i) {
        const auto answer = send(/*reuse=*/false);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, FailureKind::tls) << answer.error().message;
    }
    is_clean(send(/*reuse=*/false));
    chaos_.set(parse_chaos("rules: [{first: 2, tls_certificate: expired}]", "").value());
    for (int i = 0; i < 2; ++i) {
        const auto answer = send(/*reuse=*/false);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, FailureKind::expired) << answer.error().message;
    }
    is_clean(send(/*reuse=*/false));
    chaos_.set(parse_chaos("rules: [{first: 2, tls_certificate: other_key}]", "").value());
    for (int i = 0; i < 2; ++i) {
        const auto answer = send(/*reuse=*/false);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, FailureKind::tls) << answer.error().message;
        EXPECT_NE(answer.error().message.find("bad signature"), std::string::npos)
            << answer.error().message;
    }
    is_clean(send(/*reuse=*/false));
}

TEST_P(ChaosWire, WithoutRulesNothingHappens) {
    start("");
    for (int i = 0; i < 20; ++i) {
        is_clean(send());
    }
    EXPECT_EQ(rules_->served.back(), 19U);
    EXPECT_TRUE(journal_.back().faults.empty());
}

TEST_P(ChaosWire, RulesMayBeReplacedInBetween) {
    start("");
    is_clean(send());
    const auto next = std::make_shared<Plain>();
    handler_->serve(next);
    is_clean(send());
    EXPECT_EQ(rules_->handled, 1);
    EXPECT_EQ(next->handled, 1);
}

TEST(WithoutSecrets, TokensInPathsAreGone) {
    EXPECT_EQ(without_secrets("/v1/auth/token/renew/hvs.CAESIabcdefgh"),
              "/v1/auth/token/renew/[secret]");
    EXPECT_EQ(without_secrets("/v1/auth/token/lookup/s.0123456789"),
              "/v1/auth/token/lookup/[secret]");
    EXPECT_EQ(without_secrets("/v1/auth/token/lookup/hvs%2ECAESIabcdefgh"),
              "/v1/auth/token/lookup/[secret]");
    EXPECT_EQ(without_secrets("/v1/auth/token/renew/my-own-id"), "/v1/auth/token/renew/[secret]");
    EXPECT_EQ(without_secrets("/v1/auth/token/revoke-orphan/my-own-id"),
              "/v1/auth/token/revoke-orphan/[secret]");
    EXPECT_EQ(without_secrets("/v1/x/of:hvs.CAESIabcdefgh"), "/v1/x/[secret]");
    EXPECT_EQ(without_secrets("agent/1.2 (s.0123456789abcdefghijklmn)"), "agent/[secret]");
    for (const auto* plain :
         {"/v1/s.short/sign/web.svc", "/v1/auth/token/lookup-self", "/v1/auth/token/lookup",
          "/api/v1/namespaces/a/secrets/kubernetes.default.svc.cluster.local",
          "vault/1.14.1 (linux/amd64) go1.21", "/v1/100%/x"}) {
        EXPECT_EQ(without_secrets(plain), plain);
    }
}

std::string name_of(const ::testing::TestParamInfo<Wire>& info) {
    return info.param == Wire::sim ? "Sim" : info.param == Wire::plain ? "Plain" : "Tls";
}

INSTANTIATE_TEST_SUITE_P(All, ChaosWire, ::testing::Values(Wire::sim, Wire::plain, Wire::tls),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, ChaosTls, ::testing::Values(Wire::sim, Wire::tls), name_of);

}  // namespace
}  // namespace meshproof::fakes
