// Requests for signatures at a rate of their own, at a Vault that makes a few at once: each is
// accounted for once, and what clients and server saw obeys Little's law.
#include <gtest/gtest.h>

#include <cmath>

#include "core/time/task_group.hpp"
#include "scenarios/steps.hpp"
#include "scenarios/tests/histories.hpp"

namespace meshproof::scenarios::histories {

/// What is asked of a Vault, by a schedule that nothing holds up.
struct Offer {
    int signers = 1;
    int service_ms = 50;
    int percent = 50;  ///< of what so many signers can do
    bool even = true;  ///< at equal distances, or by chance
};

void showValue(const Offer& offer, std::ostream& out) {
    out << fmt::format("{} at once, {} ms each, asked {} for {} % of what that makes",
                       offer.signers, offer.service_ms, offer.even ? "evenly" : "by chance",
                       offer.percent);
}

namespace {

constexpr int requests_offered = 60;

/// The server's side of it, as the server itself counts.
struct SignedThere {
    int signatures = 0;
    Duration took{};  ///< all of them together: waiting for a signer, and being signed
};

/// The clients' side of it.
struct Queue {
    run::World* world = nullptr;
    vault::Client client;
    std::string path;
    int under_way = 0, answered = 0;
    Duration changed{};  ///< when `under_way` did
    Duration area{};     ///< how many were under way, summed over time

    void change(int by) {
        const auto now = world->clock().elapsed();
        area += (now - changed) * under_way;
        changed = now;
        under_way += by;
    }
};

Task<void> ask_once(std::shared_ptr<Queue> queue, int number) {
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Csr::Spec spec;
    spec.alt_names.uris = {fmt::format("spiffe://cluster.local/ns/default/sa/q{}", number)};
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, key).pem();
    queue->change(1);
    const auto answer = co_await queue->client.sign_at(queue->path, request);
    queue->change(-1);
    queue->world->expect(answer.has_value(), "request {} was refused: {}", number,
                         answer ? "" : answer.error().message);
    if (answer) {
        ++queue->answered;
        queue->world->expect(answer->leaf.public_key() == key.public_key(),
                             "the answer to request {} certifies another key", number);
    }
}

/// How an offer went, and what each of its requests takes at least and at most.
struct Took {
    Duration offered{};  ///< from the first request until the next one after the last
    Duration lasted{};   ///< from the first request to the last answer
    Duration service{}, wire{};
};

void expect_little(run::World& world, const Queue& queue, const SignedThere& there,
                   const Took& took) {
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    // L = X * R over the time that it lasted: L by the clients' count of what is under way, X by
    // the answers, R by the server, and by what the wire may take beside it.
    world.expect(
        there.took <= queue.area && queue.area <= there.took + took.wire * requests_offered,
        "{:.3f} requests were under way on the average; {} in {} that took the server {:.3f} s "
        "each and the wire {} at most make another number",
        seconds(queue.area) / seconds(took.lasted), there.signatures, human_duration(took.lasted),
        seconds(there.took) / requests_offered, human_duration(took.wire));
}

void expect_rate(run::World& world, const Offer& offer, const Took& took) {
    const auto work = took.service * requests_offered;
    // The law of utilisation: nobody works for longer than the time that passes.
    world.expect(work <= took.lasted * offer.signers,
                 "{} signatures came in {}: {} at once take longer", requests_offered,
                 human_duration(took.lasted), offer.signers);
    if (!offer.even) {
        return;  // chance may offer more at once, or less
    }
    const auto beside = took.service * 2 + took.wire * 5;
    if (offer.percent < 100) {
        world.expect(took.lasted <= took.offered + beside,
                     "below capacity the offered rate is not achieved: {} for what was offered "
                     "in {}",
                     human_duration(took.lasted), human_duration(took.offered));
    } else {
        constexpr int wanted_percent = 90;
        const auto most = work / offer.signers * 100 / wanted_percent + beside;
        world.expect(took.lasted <= most,
                     "above capacity less is done than below it: {} for work of {}",
                     human_duration(took.lasted), human_duration(work / offer.signers));
    }
}

Task<void> offer_all(run::World& world, Offer offer, std::shared_ptr<SignedThere> there) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    *there = {};
    const auto queue =
        std::make_shared<Queue>(Queue{.world = &world,
                                      .client = world.vault().admin.at(world.vault().agent_url),
                                      .path = prepared.pki_path()});
    Took took;
    took.service = std::chrono::milliseconds(offer.service_ms);
    took.wire = fakes::FaultPlan().max_delay * 2;
    const auto apart = took.service * 100 / (offer.signers * offer.percent);
    auto chance = world.prng().fork("arrivals");
    auto& clock = world.clock();
    const auto began = queue->changed = clock.elapsed();
    TaskGroup asking;
    for (int i = 0; i < requests_offered; ++i) {
        co_await asking.spawn(ask_once(queue, i));
        co_await clock.sleep_for(offer.even ? apart : part_of(apart, -std::log(1 - chance.unit())));
    }
    took.offered = clock.elapsed() - began;
    co_await asking.join();
    took.lasted = queue->changed - began;
    world.expect(queue->answered == requests_offered && there->signatures == requests_offered,
                 "of {} requests {} were answered, and the Vault signed {} times", requests_offered,
                 queue->answered, there->signatures);
    expect_little(world, *queue, *there, took);
    expect_rate(world, offer, took);
}

rc::Gen<Offer> offers() {
    return rc::gen::construct<Offer>(
        rc::gen::inRange(1, 5), rc::gen::inRange(20, 200),
        rc::gen::oneOf(rc::gen::inRange(30, 96), rc::gen::inRange(110, 201)),
        rc::gen::arbitrary<bool>());
}

bool littles_law_holds(Effort effort, std::set<std::string, std::less<>> saboteurs,
                       std::string& told) {
    const auto result = check<Offer>(
        "Little's law holds for signatures", effort, offers(),
        [&](std::uint64_t seed, const Offer& offer) {
            auto made = setting(seed, saboteurs);
            const auto there = std::make_shared<SignedThere>();
            made.sim.servers.sign_concurrency = offer.signers;
            made.sim.servers.sign_service_time = std::chrono::milliseconds(offer.service_ms);
            made.sim.servers.on_served = [there](const fakes::Served& served) {
                if (served.path.find("/sign/") != std::string::npos && served.status == 200) {
                    ++there->signatures;
                    there->took += served.took;
                }
            };
            return play(
                made, [offer, there](run::World& world) { return offer_all(world, offer, there); });
        });
    return held(result, told);
}

TEST(LittlesLaw, HoldsBetweenWhatClientsAndServerSaw) {
    std::string told;
    EXPECT_TRUE(littles_law_holds(everyday, {}, told)) << told;
}

TEST(LittlesLaw, FailsWhereAVaultSignsMoreAtOnceThanItCan) {
    std::string told;
    EXPECT_FALSE(littles_law_holds(until_it_fails, {"capacity/ignored"}, told));
    EXPECT_NE(told.find("at once take longer"), std::string::npos) << told;
}

}  // namespace
}  // namespace meshproof::scenarios::histories
