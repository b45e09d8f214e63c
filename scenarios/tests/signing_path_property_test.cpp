// The signing path under concurrency, delays and faults: every request is accounted for once.
#include <gtest/gtest.h>

#include "core/time/task_group.hpp"
#include "scenarios/steps.hpp"
#include "scenarios/tests/histories.hpp"

namespace meshproof::scenarios::histories {

/// Clients that all begin at once; each asks again when its answer is there.
struct Wave {
    int clients = 1, requests = 1;
    bool fault = false;  ///< open connections are reset in the middle of it
};

/// A server of some capacity, a wire of some delay, and what is asked of them.
struct Load {
    int concurrency = 1;
    int service_ms = 50;
    int most_delay_ms = 2;
    std::vector<Wave> waves;
};

void showValue(const Load& load, std::ostream& out) {
    out << fmt::format("{} at once, {} ms each, up to {} ms on the wire", load.concurrency,
                       load.service_ms, load.most_delay_ms);
    for (const auto& wave : load.waves) {
        out << fmt::format("; {} clients send {} requests each{}", wave.clients, wave.requests,
                           wave.fault ? ", the connections are reset meanwhile" : "");
    }
}

namespace {

/// What was sent and what came of it.
struct Attempt {
    std::string uri;
    crypto::PublicKey key;
    std::optional<Result<vault::Issued>> answer;
};

struct Signing {
    run::World* world = nullptr;
    vault::Client client;
    run::PreparedVault prepared;
    std::vector<std::unique_ptr<Attempt>> attempts;
};

Task<void> send_requests(std::shared_ptr<Signing> signing, int client, int count) {
    for (int i = 0; i < count; ++i) {
        const auto key = crypto::Key::generate(crypto::KeyType::p256);
        auto& attempt = *signing->attempts.emplace_back(std::make_unique<Attempt>());
        attempt.uri = fmt::format("spiffe://cluster.local/ns/default/sa/c{}-{}", client,
                                  signing->attempts.size());
        attempt.key = key.public_key();
        crypto::Csr::Spec spec;
        spec.alt_names.uris = {attempt.uri};
        vault::SignRequest request;
        request.csr_pem = crypto::Csr::make(spec, key).pem();
        attempt.answer = co_await signing->client.sign_at(signing->prepared.pki_path(), request);
    }
}

Task<std::set<std::string>> stored(std::shared_ptr<Signing> signing) {
    const auto listed = co_await signing->world->vault().admin.request(
        "LIST", signing->prepared.intermediate_mount + "/certs");
    std::set<std::string> serials;
    const auto data = require(listed, "list the certificates").data();
    // An empty list is a 404 without data (row 14).
    if (data.is_object()) {
        serials = data.value("keys", std::set<std::string>());
    }
    co_return serials;
}

Duration milliseconds(int count) {
    return std::chrono::milliseconds(count);
}

void expect_capacity(run::World& world, const Load& load, const Wave& wave, std::size_t answered,
                     Duration lasted) {
    const auto service = milliseconds(load.service_ms);
    const auto most = static_cast<double>(load.concurrency) * static_cast<double>(lasted.count()) /
                      static_cast<double>(service.count());
    world.expect(static_cast<double>(answered) <= most, "{} answers in {}: the capacity allows {}",
                 answered, human_duration(lasted), most);
    if (!wave.fault && wave.clients >= 2 * load.concurrency) {
        const auto limit = service * (wave.clients * wave.requests / load.concurrency + 2) +
                           milliseconds(load.most_delay_ms) * 10 * wave.requests;
        world.expect(lasted <= limit, "{} requests took {}: at full capacity {}",
                     wave.clients * wave.requests, human_duration(lasted), human_duration(limit));
    }
}

Task<void> send_wave(std::shared_ptr<Signing> signing, Load load, Wave wave) {
    auto& world = *signing->world;
    const auto before = signing->attempts.size();
    const auto begin = world.clock().elapsed();
    TaskGroup clients;
    for (int i = 0; i < wave.clients; ++i) {
        co_await clients.spawn(send_requests(signing, i, wave.requests));
    }
    if (wave.fault) {
        co_await world.clock().sleep_for(milliseconds(load.service_ms) * 3 / 2);
        world.vault().link->cut();
    }
    co_await clients.join();
    const auto lasted = world.clock().elapsed() - begin;
    if (wave.fault) {
        // Requests whose callers gave up are handled to their end, and hold the next ones up.
        co_await world.clock().sleep_for(milliseconds(load.service_ms) * (wave.clients + 1));
    }
    std::size_t answered = 0;
    for (auto i = before; i < signing->attempts.size(); ++i) {
        const auto& answer = signing->attempts[i]->answer;
        world.expect(answer.has_value(), "a request was neither answered nor refused");
        answered += answer && *answer ? 1 : 0;
        if (answer && !*answer) {
            world.expect(wave.fault, "a request failed without a fault: {}",
                         answer->error().message);
        }
    }
    world.expect(signing->attempts.size() - before == static_cast<std::size_t>(wave.clients) *
                                                          static_cast<std::size_t>(wave.requests),
                 "{} requests were made of {}", signing->attempts.size() - before,
                 wave.clients * wave.requests);
    expect_capacity(world, load, wave, answered, lasted);
}

Task<void> sign_all(run::World& world, Load load) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    const auto signing = std::make_shared<Signing>(
        Signing{&world, world.vault().admin.at(world.vault().agent_url), prepared, {}});
    const auto known = co_await stored(signing);
    const auto issuer = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem)).front();
    for (const auto& wave : load.waves) {
        co_await send_wave(signing, load, wave);
    }
    const auto made = co_await stored(signing);
    std::set<std::string> serials;
    for (const auto& attempt : signing->attempts) {
        if (!attempt->answer || !*attempt->answer) {
            continue;
        }
        const auto& leaf = (*attempt->answer)->leaf;
        world.expect(leaf.public_key() == attempt->key,
                     "an answer certifies another key than its request's");
        world.expect(leaf.alt_names().uris == std::vector{attempt->uri},
                     "an answer is for another URI than its request's");
        world.expect(leaf.signed_by(issuer), "an answer is not signed by the issuer");
        world.expect(serials.insert(leaf.serial()).second, "serial number {} was given twice",
                     leaf.serial());
        world.expect(made.contains(leaf.serial()), "Vault does not know the leaf that it gave");
    }
    const auto handled = made.size() - known.size();
    world.expect(handled >= serials.size() && handled <= signing->attempts.size(),
                 "Vault signed {} times for {} requests with {} answers", handled,
                 signing->attempts.size(), serials.size());
}

rc::Gen<Load> loads() {
    const auto wave = rc::gen::construct<Wave>(rc::gen::inRange(1, 9), rc::gen::inRange(1, 4),
                                               rc::gen::arbitrary<bool>());
    return rc::gen::construct<Load>(rc::gen::inRange(1, 4), rc::gen::inRange(50, 200),
                                    rc::gen::inRange(1, 5), list_of(wave, 4));
}

bool every_request_is_accounted_for(Effort effort, std::set<std::string, std::less<>> saboteurs,
                                    std::string& told) {
    const auto result = check<Load>(
        "every signing request is accounted for once", effort, loads(),
        [&](std::uint64_t seed, const Load& load) {
            auto made = setting(seed, saboteurs);
            made.sim.servers.sign_concurrency = load.concurrency;
            made.sim.servers.sign_service_time = milliseconds(load.service_ms);
            made.sim.faults.max_delay = milliseconds(load.most_delay_ms);
            return play(made, [load](run::World& world) { return sign_all(world, load); });
        });
    return held(result, told);
}

TEST(SigningPath, EveryRequestIsAccountedForOnce) {
    std::string told;
    EXPECT_TRUE(every_request_is_accounted_for(everyday, {}, told)) << told;
}

/// A saboteur of the fake, and what the property says of it.
struct Sabotage {
    const char* saboteur;
    const char* says;
};
void PrintTo(const Sabotage& sabotage, std::ostream* out) {
    *out << sabotage.saboteur;
}

class BrokenSigningPath : public testing::TestWithParam<Sabotage> {};

TEST_P(BrokenSigningPath, Fails) {
    std::string told;
    EXPECT_FALSE(every_request_is_accounted_for(until_it_fails, {GetParam().saboteur}, told));
    EXPECT_NE(told.find(GetParam().says), std::string::npos) << told;
}

INSTANTIATE_TEST_SUITE_P(Saboteurs, BrokenSigningPath,
                         testing::Values(Sabotage{"pki/repeat-serial", "was given twice"},
                                         Sabotage{"pki/wrong-csr-key", "another key"},
                                         Sabotage{"capacity/ignored", "the capacity allows"}));

}  // namespace
}  // namespace meshproof::scenarios::histories
