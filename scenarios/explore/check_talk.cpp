// Requests between pods against the model, over fresh connections and over those that are kept.
#include "scenarios/explore/check.hpp"

namespace meshproof::scenarios::explore {

std::string clock_time(Time time) {
    return rfc3339_nano(std::chrono::floor<std::chrono::milliseconds>(time));
}

std::string leaf_told(const SeenPod& pod) {
    return pod.until ? fmt::format("the leaf of {} lives from {} until {}", pod.workload,
                                   rfc3339(*pod.from), rfc3339(*pod.until))
                     : fmt::format("{} has no leaf", pod.workload);
}

namespace {

// Which property a wrong answer breaks: trust where both leaves are in their time.
std::string_view tag_of_talk(const Play& play, const SeenPod& from, const SeenPod& to) {
    const auto lives = [&](const SeenPod& pod) {
        return play.model.valid(pod, play.truth(), play.near()).value_or(false);
    };
    return lives(from) && lives(to) ? "trust" : "expiry";
}

void reach_by(Play& play, const SeenPod& from, const SeenPod& to, bool accepted) {
    if (accepted) {
        play.reach("a request was accepted");
        if (from.cluster != to.cluster) {
            play.reach("two clusters talked");
        } else if (from.ca != to.ca) {
            play.reach("leaves of two CAs talked in one cluster");
        }
    } else if (tag_of_talk(play, from, to) == "trust") {
        if (from.ca != to.ca) {
            play.reach("a request was refused for a foreign CA");
        }
    } else if (from.until && to.until) {
        play.reach("a request was refused for a leaf that had ended");
    }
}

// What came of a request, with the two facts that contradict each other where it is wrong.
void judge(Play& play, const SeenPod& from, const SeenPod& to, const mesh::TrafficAttempt& attempt,
           Must must, const std::string& when) {
    const bool wrong = must != Must::say_nothing && attempt.ok != (must == Must::be);
    play.record.requests.push_back({play.now(), from.name, to.name, attempt.ok, wrong});
    if (must == Must::say_nothing) {
        return;
    }
    ++play.record.requests_judged;
    if (!wrong) {
        reach_by(play, from, to, attempt.ok);
        return;
    }
    play.expect(false, tag_of_talk(play, from, to), "{}: {}/{} -> {}/{} was {} at {}; {}; {}{}",
                when, from.cluster, from.workload, to.cluster, to.workload,
                attempt.ok ? "accepted" : "refused", clock_time(play.truth() + play.model.skew),
                leaf_told(from), leaf_told(to),
                attempt.failure ? ": " + attempt.failure->message : "");
}

// `all`: the pods as they were seen before.
Task<void> request_among(Play& play, SeenPod from, SeenPod to, const std::vector<SeenPod>& all,
                         std::string when, mesh::Travel travel = {}) {
    const auto must = play.model.talk(from, to, all, play.truth(), play.near());
    const auto attempt = co_await play.world.mesh().request(from.name, to.name, travel);
    if (must != Must::say_nothing && attempt.ok == (must == Must::be)) {
        judge(play, from, to, attempt, must, when);
        co_return;
    }
    // Renewals go on beside us, pods are replaced, and a leaf may have ended meanwhile.
    const auto from_now = play.again(from), to_now = play.again(to);
    if (!from_now || !to_now || from_now->serial != from.serial || to_now->serial != to.serial ||
        play.model.talk(*from_now, *to_now, play.pods(), play.truth(), play.near()) != must) {
        co_return;
    }
    judge(play, from, to, attempt, must, when);
}

// So many of a round: a mesh may have a thousand pods.
constexpr std::size_t kept_connections = 8;

// What is right over a fresh connection is right over one that is kept.
Task<void> request_over_what_is_kept(Play& play, SeenPod from, SeenPod to,
                                     const std::vector<SeenPod>& all, std::string when) {
    const auto from_now = play.again(from), to_now = play.again(to);
    if (!from_now || !to_now) {
        co_return;
    }
    const auto must = play.model.talk(*from_now, *to_now, all, play.truth(), play.near());
    if (must == Must::say_nothing) {
        co_return;
    }
    const Play::Kept leaves{from_now->serial, to_now->serial};
    if (must == Must::be && !play.kept.insert(leaves).second) {
        play.reach("a kept connection carried a request");
    } else if (must == Must::not_be && play.kept.contains(leaves)) {
        play.reach("a kept connection outlived the right to it");
    }
    co_await request_among(play, *from_now, *to_now, all, when + ", over a kept connection",
                           {.keep = true, .arrives_at = {}});
}

enum class Ask { not_again, one, both };

// Where nothing that decides a request has changed since, the answer is that of the last round: so
// it is asked for in each third one only, in case that something else decides it, over a connection
// of its own and over the kept one turn about. A handshake is most of what a history costs.
Ask worth_asking(Play& play, const SeenPod& from, const SeenPod& to,
                 const std::vector<SeenPod>& all) {
    constexpr std::size_t most_rounds = 3;
    const auto trust_of = [&](const std::string& cluster) {
        return play.clusters.find(cluster)->second.trust_store();
    };
    Play::Asked now{{from.serial, to.serial},
                    play.model.talk(from, to, all, play.truth(), play.near()),
                    trust_of(from.cluster),
                    trust_of(to.cluster)};
    auto& last = play.asked[{from.uid, to.uid}];
    if (last.what == now) {
        return ++last.rounds % most_rounds == 0 ? Ask::one : Ask::not_again;
    }
    last = {std::move(now), 0};
    return Ask::both;
}

}  // namespace

Task<void> request(Play& play, SeenPod from, SeenPod to, std::string when) {
    const auto before = play.pods();
    co_await request_among(play, std::move(from), std::move(to), before, std::move(when));
}

Task<void> requests(Play& play, std::string when, bool thorough) {
    // Seen once for all requests of the round: a mesh may have a thousand pods.
    const auto all = play.pods();
    const auto round = play.record.steps.size();
    for (std::size_t i = 0; i < all.size() && all.size() > 1; ++i) {
        const auto from = play.again(all[i]), to = play.again(all[(i + 1) % all.size()]);
        const auto ask = !from || !to ? Ask::not_again
                         : thorough   ? Ask::both
                                      : worth_asking(play, *from, *to, all);
        const bool kept_turn = i < kept_connections && (round + i) % 2 != 0;
        if (ask == Ask::both || (ask == Ask::one && !kept_turn)) {
            co_await request_among(play, *from, *to, all, when);
        }
        if ((ask == Ask::both && i < kept_connections) || (ask == Ask::one && kept_turn)) {
            co_await request_over_what_is_kept(play, *from, *to, all, when);
        }
    }
}

}  // namespace meshproof::scenarios::explore
