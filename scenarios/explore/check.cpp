// The world against the model, after every step.
#include "scenarios/explore/play.hpp"

namespace meshproof::scenarios::explore {
namespace {

std::string clock_time(Time time) {
    return rfc3339_nano(std::chrono::floor<std::chrono::milliseconds>(time));
}

std::string leaf_told(const SeenPod& pod) {
    return pod.until ? fmt::format("the leaf of {} lives from {} until {}", pod.workload,
                                   rfc3339(*pod.from), rfc3339(*pod.until))
                     : fmt::format("{} has no leaf", pod.workload);
}

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

// Somebody's repair has its time; where the API server is away nothing can be repaired.
Task<void> settle_clusters(Play& play, std::string when) {
    for (auto& [name, model] : play.model.clusters) {
        auto cluster = play.clusters.find(name)->second;
        if (cluster.status() != "in sync") {
            play.reach("a cluster was out of sync");
        }
        if (!play.model.kube_answers(name)) {
            continue;
        }
        const bool synced = co_await cluster.wait_in_sync(play.model.recovery());
        play.expect(synced, "sync", "{}: {} is \"{}\" though its API server answers", when, name,
                    cluster.status());
        model.unsure = model.unsure && !synced;
    }
}

// From when a cluster's CA cannot sign any more, each pod keeps what it has.
Task<void> freeze(Play& play, std::string name) {
    const bool cannot = play.model.cannot(name);
    const bool frozen = play.frozen.contains(name);
    if (!cannot) {
        play.frozen.erase(name);
    }
    if (!cannot || frozen) {
        co_return;
    }
    auto& kept = play.frozen[name];
    for (const auto& pod : play.pods_of(name)) {
        kept[pod.uid] = pod.serial;
    }
    // A leaf that must not come has its time to come.
    auto cluster = play.clusters.find(name)->second;
    std::ignore = co_await cluster.wait_ready(play.model.recovery());
}

Task<void> wait_for_the_ready(Play& play, std::string name, std::string when) {
    auto& since = play.works_since[name];
    if (!play.model.works(name)) {
        since.reset();
        co_return;
    }
    since = since.value_or(play.now());
    auto cluster = play.clusters.find(name)->second;
    if (co_await cluster.wait_ready(play.model.recovery())) {
        co_return;
    }
    std::string reasons;
    for (const auto& pod : play.pods_of(name)) {
        if (!pod.ready) {
            reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", pod.workload,
                                   pod.reason.empty() ? "no reason given" : pod.reason);
        }
    }
    play.expect(false, "liveness",
                "{}: the CA of {} works, and after {} not every pod is ready: {}", when, name,
                human_duration(play.model.recovery()), reasons);
}

void check_readiness(Play& play, const SeenPod& pod, const std::string& when) {
    const auto must = play.model.ready(pod, play.truth(), play.near());
    // A leaf in its time is refused for its CA.
    const bool in_time = play.model.valid(pod, play.truth(), play.near()).value_or(false);
    play.expect(must == Must::say_nothing || pod.ready == (must == Must::be),
                in_time && must == Must::not_be ? "trust" : "expiry",
                "{}: the pod of {} is {} at {}; {}{}", when, pod.workload,
                pod.ready ? "ready" : "not ready", clock_time(play.truth() + play.model.skew),
                leaf_told(pod), pod.reason.empty() ? "" : ": " + pod.reason);
    if (!pod.ready) {
        play.unready.insert(pod.uid);
        if (pod.until) {
            play.reach("a leaf ended while its pod lived");
        }
    } else if (play.unready.erase(pod.uid) > 0) {
        play.reach("a pod was not ready and became so");
    }
}

// Renewal begins at two thirds of a leaf's life and a twentieth: with a CA that works for long
// enough nobody has less than a fifth of it left.
void check_renewal(Play& play, const SeenPod& pod, const std::string& when) {
    const auto since = play.works_since[pod.cluster];
    if (!pod.until || !since || !play.environment.virtual_time() ||
        play.now() - *since < play.model.recovery()) {
        return;
    }
    const auto life = std::min(*pod.until - *pod.from, play.model.leaf());
    const auto left = *pod.until - play.truth();
    play.expect(left > life / 5, "expiry",
                "{}: the CA of {} works for {}, and {} has {} left of {}: nobody renewed it", when,
                pod.cluster, human_duration(play.now() - *since), pod.workload,
                human_duration(left), human_duration(life));
}

void check_identity(Play& play, const SeenPod& pod, const std::string& when) {
    const auto expected =
        play.world.workload_id(play.world.mesh().trust_domain(), pod.workload).text();
    play.expect(pod.id == expected, "identity", "{}: the pod of {} has the id {}, expected {}",
                when, pod.workload, pod.id, expected);
    play.expect(pod.serial.empty() || pod.leaf_id == expected, "identity",
                "{}: the pod of {} holds a leaf for {}, expected {}", when, pod.workload,
                pod.leaf_id, expected);
    play.expect(pod.serial.empty() || !pod.ca.empty(), "identity",
                "{}: the pod of {} holds a leaf that no CA of this history signed", when,
                pod.workload);
}

void check_nothing_new(Play& play, const SeenPod& pod, const std::string& when) {
    const auto frozen = play.frozen.find(pod.cluster);
    if (frozen == play.frozen.end()) {
        return;
    }
    const auto had = frozen->second.find(pod.uid);
    const auto before = had == frozen->second.end() ? std::string() : had->second;
    play.expect(pod.serial == before, "ca-deletion",
                "{}: the pod of {} got a leaf though no CA of {} can sign", when, pod.workload,
                pod.cluster);
}

bool holds_anchor(const std::vector<crypto::Certificate>& store, const Anchor& anchor) {
    const auto bundle = crypto::Certificate::all_from_pem(anchor.bundle_pem);
    return bundle && std::ranges::any_of(*bundle, [&](const auto& certificate) {
               return std::ranges::find(store, certificate) != store.end();
           });
}

// A CA before the present one is trusted while a leaf below it lives, and no longer than it takes
// to notice that none does.
void check_anchors(Play& play, const std::string& name, const std::vector<SeenPod>& pods,
                   const std::string& when) {
    const auto& model = play.model.clusters.find(name)->second;
    const auto account = play.model.accounts.find(model.account);
    const bool sure = play.model.kube_answers(name) && !model.unsure;
    const auto store = play.clusters.find(name)->second.trust_store();
    for (const auto& ca : model.ever) {
        const bool holds = holds_anchor(store, play.anchors.find(ca)->second);
        const std::pair key(name, ca);
        const bool present =
            account != play.model.accounts.end() && Model::anchor_of(account->second) == ca;
        const bool lives = std::ranges::any_of(pods, [&](const SeenPod& pod) {
            return pod.cluster == name && pod.ca == ca &&
                   play.model.valid(pod, play.truth(), {}).value_or(false);
        });
        play.expect(!present || !sure || holds, "trust",
                    "{}: {} is connected to the CA of {}, and its trust store lacks it", when, name,
                    ca);
        // Without a CA the last one's bundle stays, as the page has it.
        if (present || lives || !sure || model.account.empty()) {
            play.spent.erase(key);
            continue;
        }
        const auto since = play.spent.emplace(key, play.now()).first->second;
        play.expect(
            !holds || play.now() - since <= play.model.recovery(), "trust",
            "{}: the trust store of {} still holds the CA of {}, and no leaf below it lives "
            "for {}",
            when, name, ca, human_duration(play.now() - since));
    }
}

void check_cost(Play& play, const std::vector<SeenPod>& pods, const std::string& when) {
    const auto time = play.now() - play.counted_at;
    const auto wrong_before = std::exchange(play.skew_counted, play.model.skew) != Duration::zero();
    const auto most = play.model.most_attempts(time, 1, wrong_before || !play.model.dates_agree());
    auto before = std::exchange(play.counted, {});
    for (const auto& pod : pods) {
        const auto logins = pod.logins_tried - before[pod.uid].logins;
        const auto signatures = pod.signatures_asked - before[pod.uid].signatures;
        play.expect(logins <= most && signatures <= most, "cost",
                    "{}: the pod of {} tried {} logins and {} signatures in {}; {} of each are "
                    "enough",
                    when, pod.workload, logins, signatures, human_duration(time), most);
        play.counted[pod.uid] = {pod.logins_tried, pod.signatures_asked};
    }
    play.counted_at = play.now();
}

// `all`: the pods as they were seen before.
Task<void> request_among(Play& play, SeenPod from, SeenPod to, const std::vector<SeenPod>& all,
                         std::string when) {
    const auto must = play.model.talk(from, to, all, play.truth(), play.near());
    const auto attempt = co_await play.world.mesh().request(from.name, to.name);
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

}  // namespace

Task<void> request(Play& play, SeenPod from, SeenPod to, std::string when) {
    const auto before = play.pods();
    co_await request_among(play, std::move(from), std::move(to), before, std::move(when));
}

Task<void> requests(Play& play, std::string when) {
    // Seen once for all requests of the round: a mesh may have a thousand pods.
    const auto all = play.pods();
    for (std::size_t i = 0; i < all.size() && all.size() > 1; ++i) {
        const auto from = play.again(all[i]), to = play.again(all[(i + 1) % all.size()]);
        if (from && to) {
            co_await request_among(play, *from, *to, all, when);
        }
    }
}

Task<void> check(Play& play, std::string when) {
    // What is on the wire arrives.
    co_await play.environment.truth().sleep_for(
        std::max<Duration>(play.world.leaf_ttl() / 1000, play.near() / 10));
    co_await settle_clusters(play, when);
    std::vector<std::string> names;
    for (const auto& [name, cluster] : play.clusters) {
        names.push_back(name);
    }
    for (const auto& name : names) {
        co_await freeze(play, name);
        co_await wait_for_the_ready(play, name, when);
    }
    const auto pods = play.pods();
    for (const auto& pod : pods) {
        check_readiness(play, pod, when);
        check_renewal(play, pod, when);
        check_identity(play, pod, when);
        check_nothing_new(play, pod, when);
    }
    for (const auto& name : names) {
        check_anchors(play, name, pods, when);
    }
    check_cost(play, pods, when);
    co_await requests(play, when);
    if (play.environment.wire().met() > 0) {
        play.reach("a request met a troubled wire");
    }
}

Task<void> heal(Play& play) {
    play.environment.wire().heal_all();
    play.environment.mesh_clock().skew({});
    play.model.skew = {};
    play.model.troubles.clear();
    const auto sealed = std::exchange(play.model.sealed, {});
    for (std::size_t i = 0; i < static_cast<std::size_t>(play.history.world.vaults); ++i) {
        auto& site = play.world.vault(i);
        site.link->set(http::LinkMode::pass);
        if (sealed.contains(site.name)) {
            co_await play.world.unseal(site);
        }
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(play.history.world.clusters); ++i) {
        if (auto* link = play.world.kube(i).link) {
            link->set(http::LinkMode::pass);
        }
    }
    // What was changed in Vault is no fault that heals by itself.
    for (auto& fault : play.record.faults) {
        const bool heals = fault.what.find('>') != std::string::npos ||
                           fault.what.ends_with(" is sealed") || fault.what == wrong_date;
        fault.until = heals ? fault.until.value_or(play.now()) : fault.until;
    }
}

}  // namespace meshproof::scenarios::explore
