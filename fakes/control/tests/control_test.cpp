// The control port, asked over its socket by a client that we did not write while the servers' loop
// runs beside it.
#include <gtest/gtest.h>
#include <httplib.h>
#include <yaml-cpp/yaml.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "core/time/signal.hpp"
#include "fakes/control/control_port.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

/// The fakes, and where a test on another thread finds them.
struct Site {
    int control = 0;
    run::Target target;
};

/// Serves until the thread that runs `test` has ended.
Task<void> serve(run::Environment& environment, std::function<void(const Site&)> test,
                 ControlPortOptions with) {
    Journal journal(50);
    FakeServersOptions options;
    options.vaults = options.clusters = 1;
    options.es256 = true;
    options.on_served = [&journal](Served served) { journal.add(std::move(served)); };
    const auto servers = require(co_await FakeServers::start(
        std::move(options), environment.clock(), environment.transport()));
    const auto control =
        require(co_await ControlPort::start({}, *servers, journal, std::move(with)));
    Site site;
    site.control = control->url().port;
    servers->complete(site.target);
    Signal done;
    std::thread client([&] {
        test(site);
        environment.post([&done] { done.notify_all(); });
    });
    co_await done.wait();
    client.join();
}

void with_fakes(std::function<void(const Site&)> test, ControlPortOptions with = {}) {
    run::SocketEnvironment environment("test", run::Target{});
    environment.drive(serve(environment, std::move(test), std::move(with)));
}

/// A caller of the control port and of the fakes behind it.
class Caller {
  public:
    explicit Caller(const Site& site)
        : site_(site),
          control_("127.0.0.1", site.control),
          vault_("127.0.0.1", site.target.vaults.front().config.endpoint.url.port),
          kube_("127.0.0.1", site.target.clusters.front().endpoint.url.port) {
        // Whom one believes is not the subject here.
        vault_.enable_server_certificate_verification(false);
        kube_.enable_server_certificate_verification(false);
        vault_.set_keep_alive(true);
    }
    std::pair<int, Json> control(const std::string& method, const std::string& path,
                                 const std::string& body = "", httplib::Headers headers = {}) {
        httplib::Request request;
        request.method = method;
        request.path = path;
        request.body = body;
        request.headers = std::move(headers);
        const auto answer = control_.send(request);
        if (!answer) {
            ADD_FAILURE() << method << " " << path << ": " << httplib::to_string(answer.error());
            return {0, Json()};
        }
        return {answer->status, Json::parse(answer->body, nullptr, false)};
    }
    Json ok(const std::string& method, const std::string& path, const std::string& body = "") {
        auto [status, json] = control(method, path, body);
        EXPECT_EQ(status, 200) << method << " " << path << ": " << json.dump();
        return json;
    }
    httplib::Result vault(const std::string& method, const std::string& path,
                          const std::string& body = "",
                          const std::string& user_agent = "caller/1") {
        httplib::Request request;
        request.method = method;
        request.path = "/v1/" + path;
        request.body = body;
        request.headers = {{"X-Vault-Token", site_.target.vaults.front().config.token.reveal()},
                           {"User-Agent", user_agent}};
        return vault_.send(request);
    }
    int health() {
        const auto answer = vault("GET", "sys/health");
        return answer ? answer->status : 0;
    }
    const Site& site() const { return site_; }

  private:
    const Site& site_;
    httplib::Client control_;
    httplib::SSLClient vault_, kube_;
};

TEST(ControlPort, IsDocumentedPathByPath) {
    const auto document = YAML::LoadFile("docs/control-api.yaml");
    EXPECT_TRUE(document["openapi"].as<std::string>().starts_with("3."));
    std::set<std::string> written, real;
    for (const auto& path : document["paths"]) {
        for (const auto& operation : path.second) {
            auto method = operation.first.as<std::string>();
            std::ranges::transform(method, method.begin(),
                                   [](char c) { return static_cast<char>(std::toupper(c)); });
            written.insert(method + " " + path.first.as<std::string>());
            EXPECT_TRUE(operation.second["summary"].IsDefined()) << *written.rbegin();
            EXPECT_TRUE(operation.second["responses"]["200"].IsDefined()) << *written.rbegin();
        }
    }
    for (const auto& route : ControlPort::routes()) {
        real.insert(route.method + " " + route.path);
    }
    EXPECT_EQ(written, real);
}

/// Where the document has a member without a value, "" for nowhere.
std::string empty_member(const YAML::Node& node, const std::string& place) {
    std::string found;
    if (node.IsMap()) {
        for (const auto& member : node) {
            const auto name = place + "/" + member.first.as<std::string>();
            found = found.empty() ? empty_member(member.second, name) : found;
        }
    } else if (node.IsSequence()) {
        for (const auto& item : node) {
            found = found.empty() ? empty_member(item, place + "/-") : found;
        }
    } else if (node.IsNull()) {
        found = place;
    }
    return found;
}

TEST(ControlPort, DocumentHoldsNothingByAccident) {
    // Within braces a comma begins the next member: a description with one must be quoted. No
    // generator of clients takes a document with members that OpenAPI does not know.
    EXPECT_EQ(empty_member(YAML::LoadFile("docs/control-api.yaml"), ""), "");
    EXPECT_EQ(empty_member(YAML::Load("{a: {description: b, or c}}"), ""), "/a/or c");
}

TEST(ControlPort, RulesInTheDocumentAreThoseThatAreRead) {
    const auto properties =
        YAML::LoadFile("docs/control-api.yaml")["components"]["schemas"]["Rule"]["properties"];
    for (const auto& property : properties) {
        const auto name = property.first.as<std::string>();
        const auto read = parse_chaos("rules: [{" + name + ": []}]", "f");
        ASSERT_FALSE(read) << name;
        EXPECT_EQ(read.error().message.find("unknown field"), std::string::npos) << name;
    }
    // And no others: an unknown one names them, or the nearest.
    ChaosRule full;
    const auto all = parse_chaos(
        "rules: [{name: a, server: vault, method: GET, path: /a, caller: {address: a}, "
        "probability: 0.5, first: 1, from: 1s, until: 2s, latency: 1s, status: 500, retry_after: "
        "1s, body: empty, content_type: a, drip: {bytes: 1, every: 1s}, reset: after, stale: "
        "true}, {tls_alert: internal_error, tls_certificate: expired}, {certificate: expired}, "
        "{clock_skew: 1s}]",
        "f");
    ASSERT_TRUE(all) << all.error().message;
    for (const auto& rule : *all) {
        const auto written = rule_json(rule);
        for (const auto& [name, value] : written.items()) {
            EXPECT_TRUE(properties[name].IsDefined()) << name;
        }
    }
}

TEST(ControlPort, GovernsChaos) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        EXPECT_EQ(caller.ok("GET", "/chaos"), Json::parse(R"({"rules":[]})"));
        const auto put = caller.ok("PUT", "/chaos", R"({"rules":[{"name":"busy","first":2,
            "path":"/v1/sys/health","status":429,"retry_after":"3s"}]})");
        EXPECT_EQ(put["rules"][0]["retry_after"], "3s");
        EXPECT_EQ(caller.ok("GET", "/chaos"), put);
        const auto struck = caller.vault("GET", "sys/health");
        ASSERT_TRUE(struck);
        EXPECT_EQ(struck->status, 429);
        EXPECT_EQ(struck->get_header_value("Retry-After"), "3");
        EXPECT_EQ(caller.health(), 429);
        EXPECT_EQ(caller.health(), 200);
        EXPECT_EQ(caller.ok("GET", "/chaos/counts"),
                  Json::parse(R"({"counts":[{"name":"busy","met":3,"struck":2}]})"));
        const auto [status, wrong] =
            caller.control("PUT", "/chaos", R"({"rules":[{"statsu":429}]})");
        EXPECT_EQ(status, 400);
        EXPECT_EQ(wrong["error"], "body:1: rules[0].statsu: unknown field: did you mean status?");
        EXPECT_EQ(caller.ok("GET", "/chaos"), put) << "what is refused changes nothing";
        (void)caller.ok("PUT", "/chaos", R"({"rules":[{"status":500,
            "caller":{"user_agent":"somebody/*"}}]})");
        EXPECT_EQ(caller.health(), 200);
        EXPECT_EQ(caller.ok("DELETE", "/chaos"), Json::parse(R"({"rules":[]})"));
    });
}

TEST(ControlPort, MovesTheDate) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        const auto date_of_vault = [&] {
            return Json::parse(caller.vault("GET", "sys/health")->body)["server_time_utc"]
                .get<std::int64_t>();
        };
        const auto date = [](const Json& clock) {
            return unix_seconds(parse_rfc3339(clock["now"].get<std::string>()).value());
        };
        const auto frozen = caller.ok("POST", "/clock/freeze");
        EXPECT_EQ(frozen["frozen"], true);
        EXPECT_EQ(caller.ok("GET", "/clock")["now"], frozen["now"]);
        EXPECT_EQ(date_of_vault(), date(frozen));
        const auto advanced = caller.ok("POST", "/clock/advance", R"({"by":"1h30m"})");
        EXPECT_EQ(date(advanced), date(frozen) + 5400);
        EXPECT_EQ(date_of_vault(), date(advanced));
        // A token of an hour does not live to see it.
        const auto made = caller.vault("PUT", "auth/token/create", R"({"ttl":"1h"})");
        const auto accessor = Json::parse(made->body)["auth"]["accessor"].get<std::string>();
        const auto lookup = [&] {
            return caller
                .vault("PUT", "auth/token/lookup-accessor", Json({{"accessor", accessor}}).dump())
                ->status;
        };
        EXPECT_EQ(lookup(), 200);
        (void)caller.ok("POST", "/clock/advance", R"({"by":"61m"})");
        EXPECT_NE(lookup(), 200);
        const auto resumed = caller.ok("POST", "/clock/resume");
        EXPECT_EQ(resumed["frozen"], false);
        EXPECT_GE(date(resumed), date(advanced) + 3660);
        (void)caller.ok("POST", "/clock/freeze");
        const auto skewed = caller.ok("POST", "/clock/skew", R"({"by":"-5m"})");
        EXPECT_LT(date(skewed), date(frozen));
        for (const auto* wrong : {"", "{}", R"({"by":5})", R"({"by":"soon"})", R"({"buy":"1h"})"}) {
            EXPECT_EQ(caller.control("POST", "/clock/advance", wrong).first, 400) << wrong;
        }
        // Two such steps would lead to where no date can be held.
        constexpr auto* far = R"({"by":"876000h"})";
        (void)caller.ok("POST", "/clock/advance", far);
        EXPECT_EQ(caller.control("POST", "/clock/advance", far).first, 400);
    });
}

TEST(ControlPort, KeepsTheDateWhereItCanBeTold) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        const auto now = [&caller] { return caller.ok("GET", "/clock")["now"]; };
        (void)caller.ok("POST", "/clock/freeze");
        (void)caller.ok("POST", "/clock/advance", R"({"by":"876600h"})");
        const auto then = now();
        // Two more of a hundred years were a date of 1742.
        const auto refused = caller.control("POST", "/clock/advance", R"({"by":"876600h"})");
        EXPECT_EQ(refused.first, 400);
        EXPECT_NE(refused.second["error"].get<std::string>().find("century"), std::string::npos);
        EXPECT_EQ(now(), then);
    });
}

TEST(ControlPort, SurvivesDeepBodies) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        const std::string deep =
            R"({"by":)" + std::string(400'000, '[') + std::string(400'000, ']') + "}";
        for (const auto* path : {"/clock/advance", "/clock/skew", "/connections/kill", "/seal"}) {
            EXPECT_EQ(caller.control("POST", path, deep).first, 400) << path;
        }
        EXPECT_EQ(caller.control("PUT", "/chaos", deep).first, 400);
        EXPECT_EQ(caller.health(), 200);
    });
}

TEST(ControlPort, SealsAndUnseals) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        EXPECT_EQ(caller.ok("POST", "/seal"), Json::parse(R"({"sealed":{"vault-0":true}})"));
        EXPECT_EQ(caller.health(), 503);
        EXPECT_EQ(caller.ok("GET", "/state")["vault-0"]["seal"]["sealed"], true);
        EXPECT_EQ(caller.ok("POST", "/unseal", R"({"server":"vault"})"),
                  Json::parse(R"({"sealed":{"vault-0":false}})"));
        EXPECT_EQ(caller.health(), 200);
        EXPECT_EQ(caller.control("POST", "/seal", R"({"server":"kube"})").first, 400);
    });
}

TEST(ControlPort, KillsConnections) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        EXPECT_EQ(caller.health(), 200);
        EXPECT_EQ(caller.ok("POST", "/connections/kill", R"({"server":"vault"})"),
                  Json::parse(R"({"servers":["vault-0"]})"));
        EXPECT_EQ(caller.health(), 200) << "on a new connection";
        EXPECT_EQ(caller.ok("POST", "/connections/kill")["servers"].size(), 2U);
    });
}

TEST(ControlPort, KeepsAJournalWithoutSecrets) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        const auto token = site.target.vaults.front().config.token.reveal();
        EXPECT_EQ(caller.health(), 200);
        (void)caller.vault("GET", "auth/token/lookup/" + token + "?x=" + token);
        (void)caller.ok("PUT", "/chaos", R"({"rules":[{"name":"gone","reset":"before"}]})");
        EXPECT_EQ(caller.health(), 0);
        (void)caller.ok("DELETE", "/chaos");
        const auto journal = caller.ok("GET", "/journal");
        EXPECT_EQ(journal.dump().find(token), std::string::npos);
        const auto& entries = journal["entries"];
        ASSERT_GE(entries.size(), 3U);
        EXPECT_EQ(entries[0]["number"], 0);
        EXPECT_EQ(entries[0]["server"], "vault-0");
        EXPECT_EQ(entries[0]["method"], "GET");
        EXPECT_EQ(entries[0]["path"], "/v1/sys/health");
        EXPECT_EQ(entries[0]["status"], 200);
        EXPECT_EQ(entries[0]["caller"]["address"], "127.0.0.1");
        EXPECT_EQ(entries[0]["caller"]["user_agent"], "caller/1");
        EXPECT_FALSE(entries[0]["caller"]["accessor"].get<std::string>().empty());
        EXPECT_TRUE(entries[0]["faults"].empty());
        EXPECT_EQ(entries[1]["path"], "/v1/auth/token/lookup/[secret]");
        EXPECT_EQ(entries[2]["faults"], Json::parse(R"(["gone"])"));
        EXPECT_EQ(entries[2]["status"], 0);
        const auto some = caller.ok("GET", "/journal?since=1&limit=1");
        ASSERT_EQ(some["entries"].size(), 1U);
        EXPECT_EQ(some["entries"][0], entries[1]);
        EXPECT_EQ(some["next"], 2);
        auto encoded = token;
        encoded.replace(encoded.find('.'), 1, "%2E");
        (void)caller.vault("GET", "auth/token/renew/" + encoded, "", "agent/1 (" + token + ")");
        const auto told = caller.ok("GET", "/journal").dump();
        EXPECT_EQ(told.find(token), std::string::npos);
        EXPECT_EQ(told.find(encoded), std::string::npos);
        EXPECT_NE(told.find("agent/[secret]"), std::string::npos);
        for (int i = 0; i < 60; ++i) {
            (void)caller.health();
        }
        const auto full = caller.ok("GET", "/journal");
        EXPECT_EQ(full["entries"].size(), 50U) << "as many as it holds";
        EXPECT_EQ(full["lost"], full["entries"][0]["number"]);
        EXPECT_EQ(caller.ok("GET", "/journal?last=2")["entries"],
                  Json({full["entries"][48], full["entries"][49]}));
        EXPECT_EQ(caller.control("GET", "/journal?since=x").first, 400);
        EXPECT_EQ(caller.control("GET", "/journal?kind=requests").first, 400);
        EXPECT_EQ(caller.control("GET", "/journal?stauts=200").second["error"],
                  "stauts: unknown: did you mean status?");
        EXPECT_EQ(caller.control("GET", "/journal?until=3").first, 400);
        EXPECT_TRUE(caller.ok("DELETE", "/journal")["entries"].empty());
        EXPECT_EQ(caller.ok("GET", "/journal")["next"], full["next"]);
    });
}

TEST(ControlPort, GivesOfTheJournalWhatIsAskedFor) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        EXPECT_EQ(caller.health(), 200);
        (void)caller.vault("GET", "pki/cert/ca");
        EXPECT_EQ(caller.health(), 200);
        const auto numbers = [&](const std::string& query) {
            Json list = Json::array();
            const auto told = caller.ok("GET", "/journal?kind=request&" + query);
            for (const auto& entry : told.at("entries")) {
                list.push_back(entry["path"]);
            }
            return list.dump();
        };
        const std::string health = R"("/v1/sys/health")", cert = R"("/v1/pki/cert/ca")";
        EXPECT_EQ(numbers("path=/v1/sys"), "[" + health + "," + health + "]");
        EXPECT_EQ(numbers("path=/v1/*/cert/*"), "[" + cert + "]");
        EXPECT_EQ(numbers("path=/v1/sy"), "[]") << "a prefix is of whole segments";
        EXPECT_EQ(numbers("status=200&limit=1"), "[" + health + "]");
        EXPECT_EQ(numbers("last=2"), "[" + cert + "," + health + "]");
        EXPECT_EQ(numbers("server=kube"), "[]");
        EXPECT_EQ(numbers("method=PUT"), "[]");
        EXPECT_EQ(numbers("user_agent=caller/*&path=/v1/pki"), "[" + cert + "]");
        EXPECT_EQ(numbers("subject=*:nobody"), "[]");
        const auto first = caller.ok("GET", "/journal?path=/v1/sys&limit=1");
        EXPECT_EQ(caller.ok("GET", "/journal?path=/v1/sys&since=" + first["next"].dump())["entries"]
                      .size(),
                  1U)
            << "next is after the last one that was looked at";
    });
}

TEST(ControlPort, TellsWhoIsServed) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        const auto health = caller.ok("GET", "/health");
        EXPECT_EQ(health["ready"], true);
        ASSERT_EQ(health["servers"].size(), 2U);
        const auto& vault = health["servers"][0];
        EXPECT_EQ(vault["product"], "openbao");
        EXPECT_EQ(vault["version"],
                  Json::parse(caller.vault("GET", "sys/health")->body)["version"]);
        EXPECT_EQ(vault["address"], site.target.vaults.front().config.endpoint.url.text());
        EXPECT_EQ(vault["sealed"], false);
        EXPECT_EQ(health["servers"][1]["product"], "kube-apiserver");
    });
}

TEST(ControlPort, ShowsTheStateWithoutSecrets) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        EXPECT_EQ(caller.vault("PUT", "sys/mounts/pki", R"({"type":"pki"})")->status, 204);
        EXPECT_EQ(caller.vault("PUT", "pki/roles/web", R"({"allow_any_name":true})")->status, 200);
        EXPECT_EQ(caller
                      .vault("PUT", "sys/policies/acl/p",
                             R"({"policy":"path \"a\" { capabilities = [\"read\"] }"})")
                      ->status,
                  204);
        const auto made = Json::parse(caller.vault("PUT", "auth/token/create", "{}")->body)["auth"];
        const auto state = caller.ok("GET", "/state");
        const auto& vault = state["vault-0"];
        EXPECT_EQ(vault["seal"]["sealed"], false);
        EXPECT_EQ(vault["mounts"]["pki/"]["type"], "pki");
        EXPECT_EQ(vault["pki"]["pki/"]["roles"], Json::parse(R"(["web"])"));
        EXPECT_TRUE(vault["policies"]["p"].get<std::string>().starts_with("path \"a\""));
        EXPECT_TRUE(vault["tokens"].contains(made["accessor"].get<std::string>()));
        EXPECT_FALSE(state["kube-0"]["namespaces"].empty());
        const auto text = state.dump();
        const auto& target = site.target;
        for (const auto& secret :
             {made["client_token"].get<std::string>(), target.vaults.front().config.token.reveal(),
              target.vaults.front().unseal_keys.front().reveal(),
              target.clusters.front().token.reveal()}) {
            EXPECT_EQ(text.find(secret), std::string::npos);
        }
    });
}

Task<Result<void>> counted(int& calls) {
    ++calls;
    if (calls > 1) {
        co_return fail(FailureKind::invalid, "setup.yaml:3: it is refused");
    }
    co_return Result<void>();
}

TEST(ControlPort, SetsUpAgainAfterAReset) {
    int calls = 0;
    with_fakes(
        [](const Site& site) {
            Caller caller(site);
            EXPECT_EQ(caller.ok("POST", "/reset"), Json::object());
            const auto [status, wrong] = caller.control("POST", "/reset");
            EXPECT_EQ(status, 500);
            EXPECT_EQ(wrong["error"], "setup.yaml:3: it is refused");
        },
        {.set_up = [&calls](FakeServers&) { return counted(calls); }});
    EXPECT_EQ(calls, 2);
}

TEST(ControlPort, ResetsEverything) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        const auto before = caller.ok("GET", "/state");
        EXPECT_EQ(caller.vault("PUT", "sys/mounts/pki", R"({"type":"pki"})")->status, 204);
        (void)caller.ok("PUT", "/chaos", R"({"rules":[{"status":500,"path":"/v1/sys/health"}]})");
        (void)caller.ok("POST", "/clock/advance", R"({"by":"1h"})");
        (void)caller.ok("POST", "/seal");
        EXPECT_EQ(caller.ok("POST", "/reset"), Json::object());
        EXPECT_EQ(caller.health(), 200);
        EXPECT_EQ(caller.vault("GET", "auth/token/lookup-self")->status, 200)
            << "the root token is the one of before";
        const auto after = caller.ok("GET", "/state");
        EXPECT_EQ(after["vault-0"]["mounts"].size(), before["vault-0"]["mounts"].size());
        EXPECT_EQ(after["vault-0"]["seal"]["sealed"], false);
        EXPECT_EQ(caller.ok("GET", "/chaos"), Json::parse(R"({"rules":[]})"));
        EXPECT_EQ(caller.ok("GET", "/clock")["offset"], "0s");
        EXPECT_EQ(caller.ok("GET", "/journal")["entries"].size(), 2U) << "since the reset";
    });
}

TEST(ControlPort, AnswersOnlyProgramsOfThisMachine) {
    with_fakes([](const Site& site) {
        Caller caller(site);
        EXPECT_EQ(caller.control("POST", "/reset", "", {{"Origin", "http://evil.example"}}).first,
                  403);
        EXPECT_EQ(caller.control("GET", "/clock", "", {{"Host", "evil.example:80"}}).first, 403);
        EXPECT_EQ(caller.control("GET", "/clock", "", {{"Host", "localhost:80"}}).first, 200);
        const auto [status, body] = caller.control("GET", "/nope");
        EXPECT_EQ(status, 404);
        EXPECT_NE(body.dump().find("/openapi.yaml"), std::string::npos) << body;
        EXPECT_EQ(caller.control("DELETE", "/clock").first, 405);
    });
}

TEST(ControlPort, AsksForItsToken) {
    const auto shows = [](const std::string& text) {
        return httplib::Headers{{"Authorization", text}};
    };
    with_fakes(
        [&shows](const Site& site) {
            Caller caller(site);
            EXPECT_EQ(caller.control("GET", "/health").first, 200);
            EXPECT_EQ(caller.control("GET", "/clock").first, 401);
            EXPECT_EQ(caller.control("POST", "/clock/freeze").first, 401);
            for (const auto* wrong :
                 {"Bearer ", "Bearer open sesam", "Bearer open sesames", "open sesame", "bearer"}) {
                EXPECT_EQ(caller.control("GET", "/clock", "", shows(wrong)).first, 401) << wrong;
            }
            auto right = shows("Bearer open sesame");
            EXPECT_EQ(caller.control("GET", "/clock", "", right).second["frozen"], false);
            right.emplace("Host", "fakes.example:8400");  // whoever has the token may be anywhere
            EXPECT_EQ(caller.control("GET", "/clock", "", right).first, 200);
            right.emplace("Origin", "http://fakes.example:8400");
            EXPECT_EQ(caller.control("GET", "/clock", "", right).first, 403);
        },
        {.token = Secret("open sesame")});
}

TEST(ControlPort, ServesItsDescription) {
    with_fakes([](const Site& site) {
        httplib::Client client("127.0.0.1", site.control);
        const auto answer = client.Get("/openapi.yaml");
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->body, require(read_file("docs/control-api.yaml")));
        EXPECT_EQ(Caller(site).control("DELETE", "/openapi.yaml").first, 405);
    });
}

Task<Result<std::unique_ptr<ControlPort>>> start_at(run::Environment& environment,
                                                    std::string address, Secret token = {}) {
    FakeServersOptions options;
    options.vaults = options.clusters = 0;
    const auto servers = require(co_await FakeServers::start(
        std::move(options), environment.clock(), environment.transport()));
    Journal journal;
    co_return co_await ControlPort::start({std::move(address), 0}, *servers, journal,
                                          {.token = std::move(token)});
}

Task<void> takes(run::Environment& environment, std::string address, Secret token) {
    const auto started = co_await start_at(environment, std::move(address), std::move(token));
    EXPECT_TRUE(started) << started.error().message;
}

Task<void> refuses(run::Environment& environment, std::string address) {
    const auto started = co_await start_at(environment, std::move(address));
    EXPECT_FALSE(started);
}

/// A POST without any length, as bytes; all that came back.
std::string bare_post(int port, const std::string& path) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)});
    boost::asio::write(socket, boost::asio::buffer("POST " + path +
                                                   " HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
                                                   "Connection: close\r\n\r\n"));
    std::string text;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(text), error);
    return text;
}

TEST(ControlPort, APostNeedsNoBody) {
    with_fakes([](const Site& site) {
        // As `curl -X POST` sends it: no body, and no length of one.
        const auto answer = bare_post(site.control, "/clock/freeze");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK")) << answer;
        EXPECT_NE(answer.find("\"frozen\": true"), std::string::npos) << answer;
    });
}

TEST(ControlPort, AnswersBesideCallersThatStopHalfway) {
    with_fakes([](const Site& site) {
        boost::asio::io_context context;
        std::vector<boost::asio::ip::tcp::socket> silent;
        for (int i = 0; i < 64; ++i) {
            auto& socket = silent.emplace_back(context);
            socket.connect({boost::asio::ip::address_v4::loopback(),
                            static_cast<std::uint16_t>(site.control)});
            boost::asio::write(socket,
                               boost::asio::buffer(std::string_view("GET /clock HTTP/1.1\r\nHo")));
        }
        EXPECT_EQ(Caller(site).ok("GET", "/clock")["frozen"], false);  // within the client's 5 s
    });
}

/// Fakes and a control port that nobody drives any more.
struct Left {
    Journal journal;
    std::unique_ptr<FakeServers> servers;
    std::unique_ptr<ControlPort> control;
};

Task<void> leave(run::Environment& environment, Left& left) {
    FakeServersOptions options;
    options.vaults = options.clusters = 0;
    left.servers = require(co_await FakeServers::start(std::move(options), environment.clock(),
                                                       environment.transport()));
    left.control = require(co_await ControlPort::start(
        {}, *left.servers, left.journal, {.patience = std::chrono::milliseconds(20)}));
}

TEST(ControlPort, SaysSoWhenTheLoopDoesNothing) {
    run::SocketEnvironment environment("test", run::Target{});
    Left left;
    environment.drive(leave(environment, left));
    // The loop is not run from here on.
    httplib::Client client("127.0.0.1", left.control->url().port);
    const auto answer = client.Get("/clock");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 504);
    EXPECT_EQ(Json::parse(answer->body)["error"],
              "the servers' event loop was busy for 20 ms; the request may still be carried out");
}

TEST(ControlPort, WithoutATokenTakesALoopbackAddressOnly) {
    run::SocketEnvironment environment("test", run::Target{});
    for (const auto* address : {"0.0.0.0", "192.0.2.1", "::"}) {
        environment.drive(refuses(environment, address));
    }
    environment.drive(takes(environment, "0.0.0.0", Secret("open sesame")));
}

TEST(Journal, KeepsTheLastOnesAndTheirNumbers) {
    Journal journal(3);
    EXPECT_EQ(journal.read({.since = 0, .limit = 10}),
              Json::parse(R"({"entries":[],"next":0,"lost":0})"));
    for (int i = 0; i < 5; ++i) {
        Served served;
        served.status = i;
        journal.add(std::move(served));
    }
    const auto all = journal.read({.since = 0, .limit = 10});
    ASSERT_EQ(all["entries"].size(), 3U);
    EXPECT_EQ(all["entries"][0]["number"], 2);
    EXPECT_EQ(all["entries"][0]["status"], 2);
    EXPECT_EQ(all["lost"], 2);
    EXPECT_EQ(all["next"], 5);
    EXPECT_EQ(journal.read({.since = 5, .limit = 10}),
              Json::parse(R"({"entries":[],"next":5,"lost":0})"));
    EXPECT_EQ(journal.read({.since = 9, .limit = 10}),
              Json::parse(R"({"entries":[],"next":9,"lost":0})"));
    journal.clear();
    EXPECT_EQ(journal.read({.since = 0, .limit = 10})["lost"], 5);
}

}  // namespace
}  // namespace meshproof::fakes
