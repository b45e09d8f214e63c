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
    EXPECT_EQ(events(source), "ADDED:a ADDED:b MODIFIED:a DELETED:b ");
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

TEST_F(Watch, OutlivesTheServer) {
    const auto source = watch("");
    kube.reset();
    EXPECT_EQ(events(source), "");
}

}  // namespace
}  // namespace meshproof::fakes
