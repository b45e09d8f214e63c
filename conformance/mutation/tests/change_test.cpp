#include "conformance/mutation/change.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/time/sim_clock.hpp"

namespace meshproof::conformance::mutation {
namespace {

const std::string said = R"({"data":{"ttl":60}})";

/// Answers everything in the same way; a stream has two pieces.
class Scripted final : public http::Transport {
  public:
    Task<Result<http::Response>> send(http::Endpoint, http::Request) override { co_return head(); }
    Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint, http::Request) override {
        class Pieces final : public http::Stream {
          public:
            const http::Response& head() const override { return head_; }
            Task<Result<std::optional<std::string>>> next() override {
                ++given_;
                co_return given_ > 2 ? std::nullopt : std::optional(said);
            }
            http::Response head_ = Scripted::head();
            int given_ = 0;
        };
        co_return std::make_unique<Pieces>();
    }
    Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec,
                                                         http::Handler& handler) override {
        class Nowhere final : public http::Listener {
          public:
            http::Url url() const override { return {}; }
            void drop_connections() override {}
        };
        served = &handler;
        co_return std::make_unique<Nowhere>();
    }
    Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url, std::string) override {
        co_return std::unique_ptr<http::Link>();
    }
    void drop_idle() override {}

    http::Handler* served = nullptr;  ///< what was served last

    static http::Response head() {
        http::Response response;
        response.headers = {{"Content-Type", "application/json"}, {"Date", "today"}};
        response.body = said;
        return response;
    }
};

/// A world of its own for one play.
class Wire : public testing::Test {
  protected:
    template <class T>
    T run(Task<T> work) {
        return clock_.run(std::move(work));
    }

    static Task<std::vector<http::Response>> ask_twice(http::Transport& wire) {
        std::vector<http::Response> answers;
        for (int i = 0; i < 2; ++i) {
            http::Request request;
            request.target = "/x";
            answers.push_back((co_await wire.send({}, std::move(request))).value());
        }
        co_return answers;
    }

    static Task<std::vector<std::string>> read_pieces(http::Transport& wire) {
        const auto stream = (co_await wire.open({}, {})).value();
        std::vector<std::string> pieces{std::to_string(stream->head().status)};
        while (auto piece = (co_await stream->next()).value()) {
            pieces.push_back(std::move(*piece));
        }
        co_return pieces;
    }

    static Change named(const std::vector<Change>& changes, const std::string& name) {
        for (const auto& change : changes) {
            if (change.name() == name) {
                return change;
            }
        }
        ADD_FAILURE() << "no change " << name;
        return {};
    }

    std::vector<Seen> seen() {
        MutatingTransport notes(wire_, clock_, nullptr, {});
        (void)run(ask_twice(notes));
        EXPECT_EQ(notes.answered(), 2U);
        EXPECT_FALSE(notes.applied());
        return notes.seen();
    }

    boost::asio::io_context context_;
    SimClock clock_{context_, Time{}};
    Scripted wire_;
};

TEST_F(Wire, ChangesOneAnswer) {
    const auto changes = changes_of(seen().at(1), 1);
    const auto asked = [&](const std::string& name) {
        const auto change = named(changes, name);
        MutatingTransport mutating(wire_, clock_, &change, {});
        auto answers = run(ask_twice(mutating));
        EXPECT_TRUE(mutating.applied()) << name;
        EXPECT_EQ(answers[0].body, said) << "the other answer is as it was";
        EXPECT_EQ(answers[0].status, 200);
        return answers[1];
    };
    EXPECT_EQ(asked("1 status 500 instead of 200").status, 500);
    EXPECT_EQ(asked("1 status 204 instead of 200").status, 204);
    EXPECT_EQ(asked("1 body emptied").body, "");
    EXPECT_EQ(asked("1 /data/ttl one more").body, R"({"data":{"ttl":61}})");
    EXPECT_FALSE(asked("1 Content-Type dropped").headers.find("Content-Type"));
    EXPECT_EQ(asked("1 Content-Type word 1 exchanged").headers.find("Content-Type"),
              "application/other");
    EXPECT_EQ(asked("1 Location added").headers.find("Location"), "other");
    const auto before = clock_.elapsed();
    EXPECT_EQ(asked("1 a minute late").body, said);
    EXPECT_EQ(clock_.elapsed() - before, std::chrono::minutes(1));
}

TEST_F(Wire, NamesWhatTheSourceHintsAt) {
    const Hints hints{.headers = {"X-Vault-Index"}, .members = {"key"}, .texts = {"abc"}};
    auto answered = seen().at(0);
    answered.answer.body = R"({"data":{"name":"x"}})";
    const auto changes = changes_of(answered, 0, hints);
    auto answer = answered.answer;
    EXPECT_TRUE(named(changes, "0 X-Vault-Index added").apply(answer, {}));
    EXPECT_TRUE(answer.headers.find("X-Vault-Index"));
    EXPECT_TRUE(named(changes, "0 /data key added").apply(answer, {}));
    EXPECT_TRUE(named(changes, "0 /data/name made \"abc\"").apply(answer, {}));
    EXPECT_EQ(answer.body, R"({"data":{"name":"abc","key":"other"}})");
}

TEST_F(Wire, GivesAnEarlierAnswerInstead) {
    auto both = seen();
    EXPECT_TRUE(repeats_of(both, 1).empty()) << "the answers are the same";
    both[0].answer.body = "earlier";
    const auto changes = repeats_of(both, 1);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].name(), "1 the answer of 0");
    EXPECT_EQ(changes[1].name(), "1 the answer of 0 from here on");
    MutatingTransport mutating(wire_, clock_, changes.data(), {});
    EXPECT_EQ(run(ask_twice(mutating)).at(1).body, said);
    EXPECT_TRUE(mutating.applied());
}

TEST_F(Wire, SaysWhereAChangeFoundNoPlace) {
    auto change = named(changes_of(seen().at(0), 0), "0 /data/ttl one more");
    change.exchange = 5;
    MutatingTransport mutating(wire_, clock_, &change, {});
    EXPECT_EQ(run(ask_twice(mutating)).at(1).body, said);
    EXPECT_FALSE(mutating.applied());
}

TEST_F(Wire, ChangesAPieceOfAStream) {
    MutatingTransport notes(wire_, clock_, nullptr, {});
    (void)run(read_pieces(notes));
    ASSERT_EQ(notes.seen().at(0).pieces.size(), 2U);
    const auto changes = changes_of(notes.seen()[0], 0);
    const auto read = [&](const std::string& name) {
        const auto change = named(changes, name);
        MutatingTransport mutating(wire_, clock_, &change, {});
        auto pieces = run(read_pieces(mutating));
        EXPECT_TRUE(mutating.applied()) << name;
        return pieces;
    };
    EXPECT_EQ(read("0+1 /data/ttl one more"),
              (std::vector<std::string>{"200", said, R"({"data":{"ttl":61}})"}));
    EXPECT_EQ(read("0 /data/ttl one more"),
              (std::vector<std::string>{"200", R"({"data":{"ttl":61}})", said}));
    EXPECT_EQ(read("0 status 500 instead of 200"), (std::vector<std::string>{"500", said, said}));
}

/// Keeps the bodies of what came.
class Counting final : public http::Handler {
  public:
    Task<http::Response> handle(http::Request request, http::Peer) override {
        bodies.push_back(request.body);
        co_return http::Response{};
    }
    std::vector<std::string> bodies;
};

TEST_F(Wire, ChangesTheCallsToAStandIn) {
    const auto played = [&](const Change* change) {
        Counting api;
        MutatingTransport mutating(wire_, clock_, change, {});
        const auto listener = run(mutating.listen({}, api)).value();
        (void)run(ask_twice(mutating));  // during the second of which the one call comes
        http::Request call;
        call.body = R"({"spec":{"token":"a"}})";
        (void)run(wire_.served->handle(call, {}));
        return std::pair(api.bodies, mutating.calls());
    };
    const auto calls = played(nullptr).second;
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].exchange, 1U);
    const auto changes = call_changes(calls, 2);
    const auto bodies = [&](const std::string& what) {
        for (const auto& change : changes) {
            if (change.what() == what) {
                return played(&change).first;
            }
        }
        ADD_FAILURE() << "no change " << what;
        return std::vector<std::string>();
    };
    EXPECT_EQ(bodies("call missing").size(), 0U);
    EXPECT_EQ(bodies("call twice").size(), 2U);
    EXPECT_EQ(bodies("a call more").size(), 2U);
    EXPECT_EQ(bodies("call's body/spec/token emptied"),
              std::vector<std::string>{R"({"spec":{"token":""}})"});
}

}  // namespace
}  // namespace meshproof::conformance::mutation
