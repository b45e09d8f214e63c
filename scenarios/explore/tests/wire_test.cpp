#include "scenarios/explore/wire.hpp"

#include <gtest/gtest.h>

#include "core/time/sim_clock.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// A stream on which there is always another piece.
class Pieces final : public http::Stream {
  public:
    const http::Response& head() const override { return head_; }
    Task<Result<std::optional<std::string>>> next() override {
        co_return std::optional<std::string>("piece");
    }

  private:
    http::Response head_;
};

/// A server that answers everything, and counts what came to it.
class Counting final : public http::Transport {
  public:
    int came = 0;

    Task<Result<http::Response>> send(http::Endpoint /*endpoint*/,
                                      http::Request /*request*/) override {
        ++came;
        co_return http::Response{};
    }
    Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint /*endpoint*/,
                                                     http::Request /*request*/) override {
        ++came;
        co_return std::make_unique<Pieces>();
    }
    Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec /*spec*/,
                                                         http::Handler& /*handler*/) override {
        co_return fail(FailureKind::unsupported, "no listeners");
    }
    Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url /*upstream*/,
                                                        std::string /*name*/) override {
        co_return fail(FailureKind::unsupported, "no links");
    }
    void drop_idle() override {}
};

class Wire : public testing::Test {
  protected:
    Wire() {
        wire_.know("https://vault:8200", "vault-0");
        wire_.know("https://kube:6443", "kube-0");
        wire_.slow_by(std::chrono::seconds(5));
    }

    Result<http::Response> ask(const std::string& caller, const std::string& url) {
        http::Endpoint endpoint;
        endpoint.url = require(http::Url::parse(url));
        endpoint.caller = caller;
        endpoint.timeout = std::chrono::seconds(30);
        return clock_.run(wire_.send(endpoint, {}));
    }

    boost::asio::io_context context_;
    SimClock clock_{context_, from_unix_seconds(1'800'000'000)};
    Counting server_;
    TroubledWire wire_{server_, clock_};
};

TEST_F(Wire, IsBadOnItsStretchOnly) {
    wire_.set({"agents", "vault-0"}, Trouble::refuses);
    EXPECT_EQ(ask("web-1", "https://vault:8200").error().kind, FailureKind::unreachable);
    EXPECT_EQ(ask("health-check.alpha", "https://vault:8200").error().kind,
              FailureKind::unreachable);
    EXPECT_TRUE(ask("admin", "https://vault:8200")) << "who plays the history gets through";
    EXPECT_TRUE(ask(mesh_caller("alpha"), "https://kube:6443"));
    EXPECT_TRUE(ask("web-1", "https://10.0.0.1:15000"));
    EXPECT_EQ(server_.came, 3);
    EXPECT_EQ(wire_.met(), 2U);
    wire_.heal({"agents", "vault-0"});
    EXPECT_TRUE(ask("web-1", "https://vault:8200"));
}

TEST_F(Wire, KnowsClustersAndPodsApart) {
    wire_.set({"alpha", "kube-0"}, Trouble::resets);
    wire_.set({"pods", "pods"}, Trouble::refuses);
    EXPECT_EQ(ask(mesh_caller("alpha"), "https://kube:6443").error().kind, FailureKind::closed);
    EXPECT_TRUE(ask(mesh_caller("beta"), "https://kube:6443"));
    EXPECT_FALSE(ask("web-1", "https://10.0.0.1:15000"));
    EXPECT_EQ(server_.came, 1);
    wire_.heal_all();
    EXPECT_TRUE(ask("web-1", "https://10.0.0.1:15000"));
}

TEST_F(Wire, LosesTheAnswerOfWhatWasDone) {
    wire_.set({"agents", "vault-0"}, Trouble::loses);
    EXPECT_EQ(ask("web-1", "https://vault:8200").error().kind, FailureKind::closed);
    EXPECT_EQ(server_.came, 1);
}

TEST_F(Wire, StallsUntilTheDeadlineAndIsLate) {
    wire_.set({"agents", "vault-0"}, Trouble::stalls);
    EXPECT_EQ(ask("web-1", "https://vault:8200").error().kind, FailureKind::timed_out);
    EXPECT_EQ(clock_.elapsed(), std::chrono::seconds(30));
    wire_.set({"agents", "vault-0"}, Trouble::is_slow);
    EXPECT_TRUE(ask("web-1", "https://vault:8200"));
    EXPECT_EQ(clock_.elapsed(), std::chrono::seconds(35));
}

Task<void> heal_after(TroubledWire& wire, Clock& clock, Duration duration) {
    co_await clock.sleep_for(duration);
    wire.heal_all();
}

Task<TroubledWire::Piece> next_of_healing(TroubledWire& wire, Clock& clock, http::Stream& stream) {
    TaskGroup healing;
    co_await healing.spawn(heal_after(wire, clock, std::chrono::seconds(5)));
    auto piece = co_await stream.next();
    co_await healing.join();
    co_return piece;
}

TEST_F(Wire, HoldsWhatIsOpenBackOrBreaksIt) {
    http::Endpoint endpoint;
    endpoint.url = require(http::Url::parse("https://kube:6443"));
    endpoint.caller = mesh_caller("alpha");
    const auto stream = require(clock_.run(wire_.open(endpoint, {})));
    EXPECT_EQ(*require(clock_.run(stream->next())), "piece");
    wire_.set({"beta", "kube-0"}, Trouble::resets);
    wire_.set({"alpha", "kube-0"}, Trouble::throttles);
    EXPECT_TRUE(clock_.run(stream->next())) << "it is open already";
    wire_.set({"alpha", "kube-0"}, Trouble::stalls);
    EXPECT_TRUE(clock_.run(next_of_healing(wire_, clock_, *stream)));
    EXPECT_EQ(clock_.elapsed(), std::chrono::seconds(5)) << "it was not held back";
    wire_.set({"alpha", "kube-0"}, Trouble::resets);
    EXPECT_EQ(clock_.run(stream->next()).error().kind, FailureKind::closed);
}

TEST_F(Wire, AnswersForAServerThatIsBusyOrAway) {
    wire_.set({"agents", "vault-0"}, Trouble::throttles);
    EXPECT_EQ(ask("web-1", "https://vault:8200")->status, 429);
    wire_.set({"agents", "vault-0"}, Trouble::is_away);
    EXPECT_EQ(ask("web-1", "https://vault:8200")->status, 503);
    wire_.quiet_for(std::chrono::minutes(2));
    wire_.set({"agents", "vault-0"}, Trouble::asks_for_quiet);
    const auto quiet = ask("web-1", "https://vault:8200");
    EXPECT_EQ(quiet->status, 429);
    EXPECT_EQ(quiet->headers.find("Retry-After"), "120");
    wire_.set({"agents", "vault-0"}, Trouble::says_when_back);
    const auto away = ask("web-1", "https://vault:8200");
    EXPECT_EQ(away->status, 503);
    EXPECT_EQ(away->headers.find("Retry-After"), "120");
    EXPECT_EQ(server_.came, 0);
}

TEST(WrongClock, MovesTheDateAndNoWait) {
    boost::asio::io_context context;
    SimClock right(context, from_unix_seconds(1'800'000'000));
    WrongClock wrong(right);
    wrong.skew(std::chrono::hours(-3));
    EXPECT_EQ(wrong.now(), right.now() - std::chrono::hours(3));
    EXPECT_EQ(wrong.elapsed(), right.elapsed());
}

}  // namespace
}  // namespace meshproof::scenarios::explore
