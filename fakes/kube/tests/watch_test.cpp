#include "core/http/websocket.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

Task<std::string> rest_of(std::shared_ptr<http::BodySource> source, Clock& clock) {
    std::string out;
    while (const auto piece = co_await source->next(clock)) {
        const auto event = Json::parse(*piece);
        const auto name = event["object"]["metadata"].value("name", std::string());
        out +=
            fmt::format("{}{}{} ", event["type"].get<std::string>(), name.empty() ? "" : ":", name);
    }
    co_return out;
}

class Watch : public Kube {
  protected:
    std::shared_ptr<http::BodySource> watch(const std::string& query) {
        const auto answer = call("GET", pods + "?watch=1&timeoutSeconds=60&" + query);
        EXPECT_EQ(answer.status, 200) << answer.raw.body;
        return answer.raw.source;
    }
    std::string events(const std::shared_ptr<http::BodySource>& source) {
        return clock.run(rest_of(source, clock));
    }
    std::string version() {
        return call("GET", pods).body["metadata"]["resourceVersion"].get<std::string>();
    }
    void label(const std::string& name, const std::string& value) {
        EXPECT_EQ(
            call("PATCH", pods + "/" + name, Json{{"metadata", {{"labels", {{"app", value}}}}}},
                 "admin", "application/merge-patch+json")
                .status,
            200);
    }
};

TEST_F(Watch, TellsPresentAndLaterEvents) {  // wire contract 188
    create_pod("a", "default");
    const auto source = watch("");
    create_pod("b", "default");
    label("a", "x");
    EXPECT_EQ(call("DELETE", pods + "/b").status, 200);
    EXPECT_EQ(call("POST", accounts, Json{{"metadata", {{"name", "no-pod"}}}}).status, 201);
    const auto began = clock.elapsed();
    EXPECT_EQ(events(source), "ADDED:a ADDED:b MODIFIED:a MODIFIED:b DELETED:b ");
    EXPECT_EQ(clock.elapsed() - began, 60s) << "it ends cleanly at its timeout";
}

TEST_F(Watch, GoesOnFromAVersion) {
    create_pod("a", "default");
    const auto read = version();
    create_pod("b", "default");
    EXPECT_EQ(events(watch("resourceVersion=" + read)), "ADDED:b ");
    EXPECT_EQ(events(watch("resourceVersion=999999")), "");
    EXPECT_EQ(call("GET", pods + "?watch=1&resourceVersion=x").status, 500);
}

TEST_F(Watch, SendsABookmarkBeforeItsEnd) {
    create_pod("a", "default");
    EXPECT_EQ(events(watch("allowWatchBookmarks=true&resourceVersion=0")), "ADDED:a BOOKMARK ");
}

TEST_F(Watch, SelectorsTurnChangesIntoArrivalsAndDepartures) {
    const auto source = watch("labelSelector=app%3Dweb");
    create_pod("a", "default");
    label("a", "web");
    label("a", "other");
    EXPECT_EQ(events(source), "ADDED:a DELETED:a ");
    EXPECT_EQ(events(watch("fieldSelector=metadata.name%3Dnone")), "");
}

Task<void> create_later(Clock& clock, http::Handler& kube, std::string target) {
    co_await clock.sleep_for(30s);
    http::Request request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers.set("Authorization", "Bearer admin");
    request.body =
        R"({"metadata":{"name":"late"},"spec":{"containers":[{"name":"app","image":"app"}]}})";
    const auto made = co_await kube.handle(std::move(request), {});
    EXPECT_EQ(made.status, 201);
}

Task<Duration> first_event(Clock& clock, http::Handler& kube, std::string target,
                           std::shared_ptr<http::BodySource> source) {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(executor, create_later(clock, kube, std::move(target)),
                          [](std::exception_ptr error) { EXPECT_EQ(error, nullptr); });
    const auto piece = co_await source->next(clock);
    EXPECT_TRUE(piece.has_value());
    co_return clock.elapsed();
}

TEST_F(Watch, WakesWhenSomethingHappens) {
    const auto source = watch("resourceVersion=" + version());
    EXPECT_EQ(clock.run(first_event(clock, *kube, pods, source)), 30s);
}

TEST_F(Watch, RefusesStreamingLists) {
    const auto first =
        clock.run(watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan")->next(clock));
    ASSERT_TRUE(first);
    const auto event = Json::parse(*first);
    EXPECT_EQ(event["type"], "ERROR");
    EXPECT_EQ(event["object"]["code"], 500);
}

class WebSocketWatch : public Watch {
  protected:
    http::Headers upgrade{{"Connection", "Upgrade"},
                          {"Upgrade", "websocket"},
                          {"Origin", "https://any.example"},
                          {"Sec-WebSocket-Version", "13"},
                          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    Answer open() {
        return call("GET", pods + "?watch=1&timeoutSeconds=60", {}, "admin", "", upgrade);
    }
    std::string next(const Answer& answer) {
        return clock.run(answer.raw.source->next(clock)).value_or("");
    }
};

TEST_F(WebSocketWatch, TellsEventsAsMessagesAndEndsWithAClose) {
    create_pod("a", "default");
    const auto answer = open();
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.raw.headers.find("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(answer.raw.headers.fields().size(), 2U) << "and Upgrade";
    http::WebSocketReader reader(1U << 20);
    reader.take(next(answer));
    const auto event = reader.next().value();
    EXPECT_EQ(event.opcode, http::Opcode::text);
    EXPECT_EQ(Json::parse(event.payload)["object"]["metadata"]["name"], "a");
    const auto began = clock.elapsed();
    EXPECT_EQ(next(answer), http::websocket_close(1000));
    EXPECT_EQ(clock.elapsed() - began, 60s);
    EXPECT_EQ(next(answer), "");
}

TEST_F(WebSocketWatch, AnswersPingsAndGoodbyes) {
    const auto answer = open();
    const auto began = clock.elapsed();
    answer.raw.source->hear(std::string_view("\x89\x80\x01\x02\x03\x04", 6));
    EXPECT_EQ(next(answer), http::websocket_frame(http::Opcode::pong, ""));
    answer.raw.source->hear(std::string_view("\x88\x80\x01\x02\x03\x04", 6));
    EXPECT_EQ(next(answer), http::websocket_close(1000));
    EXPECT_EQ(next(answer), "");
    EXPECT_EQ(clock.elapsed() - began, 0s);
}

TEST_F(WebSocketWatch, RefusesHandshakesInTheServersWords) {
    const auto refused = [&](const char* field, std::optional<std::string> value) {
        const auto before = upgrade;
        upgrade.remove(field);
        if (value) {
            upgrade.set(field, *value);
        }
        const auto answer = open();
        upgrade = before;
        return fmt::format("{} {}", answer.status, answer.raw.body);
    };
    EXPECT_EQ(refused("Origin", {}), "403 ");
    EXPECT_EQ(refused("Sec-WebSocket-Key", {}), "400 mismatch challenge/response");
    EXPECT_EQ(refused("Sec-WebSocket-Version", "12"), "400 missing or bad WebSocket Version");
    EXPECT_EQ(refused("Sec-WebSocket-Protocol", "a, b"), "400 ");
    EXPECT_EQ(refused("Sec-WebSocket-Protocol", "a"), "101 ");
    EXPECT_EQ(call("GET", pods, {}, "admin", "", upgrade).status, 200) << "a list is none";
}

TEST_F(Watch, OutlivesTheServer) {
    const auto source = watch("");
    kube.reset();
    EXPECT_EQ(events(source), "");
}

// What it missed is no longer known: it may not go on as if nothing had been.
TEST_F(Watch, EndsWhereItsReaderWasTooSlow) {
    FakeKubeOptions options;
    options.es256 = true;
    options.history = 20'000;
    kube = std::make_unique<FakeKube>(options, clock);
    const auto slow = watch("");
    for (int i = 0; i < 30; ++i) {
        create_pod(fmt::format("p{}", i), "default");
    }
    const auto began = clock.elapsed();
    EXPECT_EQ(events(slow), "");
    EXPECT_EQ(clock.elapsed(), began);
    EXPECT_EQ(events(watch("resourceVersion=" + version())), "") << "others still wait";
}

// More terms than are looked at in one go.
TEST_F(Watch, LongSelectorsTellTheSame) {
    std::string others = "fieldSelector=metadata.name!%3Dp2";
    for (int i = 0; i < 3'000; ++i) {
        others += fmt::format(",metadata.name!%3Dx{}", i);
    }
    for (int i = 0; i < 8; ++i) {
        create_pod(fmt::format("p{}", i), "default");
    }
    const auto read = version();
    const auto source = watch(others);
    for (int i = 0; i < 8; ++i) {
        label(fmt::format("p{}", i), "x");
    }
    const std::string added = "ADDED:p0 ADDED:p1 ADDED:p3 ADDED:p4 ADDED:p5 ADDED:p6 ADDED:p7 ";
    const std::string changed =
        "MODIFIED:p0 MODIFIED:p1 MODIFIED:p3 MODIFIED:p4 MODIFIED:p5 MODIFIED:p6 MODIFIED:p7 ";
    EXPECT_EQ(events(source), added + changed);
    EXPECT_EQ(events(watch(others + "&resourceVersion=" + read)), changed);
}

// Written once for all: what two watchers are told is the same, and of its time.
TEST_F(Watch, LargeEventsAreTheSameForAll) {
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    const auto make = [&](const std::string& letter) {
        std::string text(100'000, letter[0]);
        return Json{{"metadata", {{"name", "large"}}}, {"data", {{"k", std::move(text)}}}};
    };
    const auto begin = [&] {
        return call("GET", maps + "?watch=1&timeoutSeconds=60&fieldSelector=metadata.name%3Dlarge")
            .raw.source;
    };
    const auto one = begin(), other = begin();
    ASSERT_EQ(call("POST", maps, make("a")).status, 201);
    ASSERT_EQ(call("PUT", maps + "/large", make("b")).status, 200);
    ASSERT_EQ(call("DELETE", maps + "/large").status, 200);
    for (const auto& [kind, letter] :
         {std::pair("ADDED", 'a'), std::pair("MODIFIED", 'b'), std::pair("DELETED", 'b')}) {
        const auto first = clock.run(one->next(clock)), second = clock.run(other->next(clock));
        ASSERT_TRUE(first && second);
        EXPECT_TRUE(*first == *second);
        const auto event = Json::parse(*first);
        EXPECT_EQ(event["type"], kind);
        EXPECT_EQ(event["object"]["data"]["k"].get<std::string>()[0], letter);
    }
}

}  // namespace
}  // namespace meshproof::fakes
