// The world against the model, after every step.
#include "scenarios/explore/check.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

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
        if (!model.unsure) {
            model.still_runs.clear();
        }
    }
}

// What an account names is there, and what it named before is not.
Task<void> check_service_accounts(Play& play, std::string name, std::string when) {
    const auto& model = play.model.clusters.find(name)->second;
    if (!play.to_look_at.contains(name) || !play.model.kube_answers(name) || model.unsure) {
        co_return;
    }
    play.to_look_at.erase(name);
    const auto account = play.model.accounts.find(model.account);
    const auto wanted =
        account == play.model.accounts.end() ? std::string() : account->second.service_account;
    const auto& admin = play.world.kube(model.kube == "kube-1" ? 1 : 0).admin;
    const auto named = play.named[name];
    for (const auto& one : named) {
        const auto found = co_await admin.service_account(play.world.target().mesh_namespace, one);
        if (!found && found.error().kind != FailureKind::not_found) {
            require(found, "look for service account " + one);
        }
        play.expect(found.has_value() == (one == wanted), "accounts",
                    "{}: service account {} is {} in {}; its account names {}", when, one,
                    found ? "there" : "not there", name,
                    wanted.empty() ? "none, for there is none" : wanted);
    }
}

// A workload has as many pods as were asked for, beside those that somebody made by hand.
Task<void> check_replicas(Play& play, std::string name, std::string when) {
    if (!play.model.kube_answers(name)) {
        co_return;  // those that are lost are replaced when the mesh sees it
    }
    const auto cluster = play.clusters.find(name)->second;
    const auto workloads = play.model.clusters.find(name)->second.workloads;
    const auto missing = [&] {
        std::map<std::string, int> there;
        for (const auto& pod : cluster.pods()) {
            there[pod.workload] += play.by_hand.contains(pod.name) ? 0 : 1;
        }
        for (const auto& [workload, replicas] : workloads) {
            if (there[workload] < replicas) {
                return fmt::format("{} of {} pods of {}", there[workload], replicas, workload);
            }
        }
        return std::string();
    };
    const bool whole =
        co_await await(play.world, [&] { return missing().empty(); }, play.model.recovery());
    play.expect(whole, "pod-restart", "{}: {} has {} after {}", when, name, missing(),
                human_duration(play.model.recovery()));
}

// A pod that somebody made by hand is one of the mesh's for as long as it is there.
Task<void> check_by_hand(Play& play, std::string name, std::string when) {
    if (!play.model.kube_answers(name)) {
        co_return;
    }
    const auto cluster = play.clusters.find(name)->second;
    const auto& admin = play.world.kube(name == "beta" ? 1 : 0).admin;
    for (auto& [pod, home] : play.by_hand) {
        if (home != name || cluster.pod(pod)) {
            continue;
        }
        const auto there = co_await admin.pod(play.world.target().workload_namespace, pod);
        if (!there && there.error().kind != FailureKind::not_found) {
            require(there, "look for pod " + pod);
        }
        if (!there || there->meta.deleting) {
            home.clear();
            continue;
        }
        const bool known = co_await await(
            play.world, [&] { return cluster.pod(pod).has_value(); }, play.model.recovery());
        play.expect(known, "pod-restart", "{}: {} is there, and the mesh of {} knows no such pod",
                    when, pod, name);
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

// By a wrong date the mesh let go of the anchor above a leaf that is good by the right one: its pod
// has to wait for the next leaf.
bool lost_its_anchor(const Play& play, const SeenPod& pod) {
    const auto& cluster = play.model.clusters.find(pod.cluster)->second;
    const auto account = play.model.accounts.find(cluster.account);
    return play.model.skewed_once && account != play.model.accounts.end() &&
           pod.ca != Model::anchor_of(account->second) &&
           play.model.valid(pod, play.truth(), play.near()).value_or(true);
}

Task<void> wait_for_the_ready(Play& play, std::string name, std::string when) {
    auto& since = play.works_since[name];
    if (!play.model.works(name)) {
        since.reset();
        co_return;
    }
    since = since.value_or(play.now());
    auto cluster = play.clusters.find(name)->second;
    const auto until = play.now() + play.model.recovery();
    bool ready = co_await cluster.wait_ready(play.model.recovery());
    // That counts the pods that each workload asks for: those that were made by hand have the same
    // right to a leaf.
    const auto every_one = [&cluster] {
        return std::ranges::all_of(cluster.pods(), [](const auto& pod) { return pod.ready; });
    };
    ready = ready && co_await await(play.world, every_one, until - play.now());
    if (ready) {
        co_return;
    }
    std::string reasons;
    bool somebody = false;
    for (const auto& pod : play.pods_of(name)) {
        somebody = somebody || !pod.ready;
        if (!pod.ready && !lost_its_anchor(play, pod)) {
            reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", pod.workload,
                                   pod.reason.empty() ? "no reason given" : pod.reason);
        }
    }
    if (somebody && reasons.empty()) {
        co_return;
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

// Renewal begins at two thirds of what was left of a leaf when it came, and a twentieth: with a CA
// that works for long enough nobody has less than the rest of it, but for what an answer takes.
void check_renewal(Play& play, const SeenPod& pod, const std::string& when) {
    const auto since = play.works_since[pod.cluster];
    if (!pod.until || !since || !play.environment.virtual_time() ||
        play.now() - *since < play.model.recovery()) {
        return;
    }
    const auto life = std::min(*pod.until - *pod.from, play.model.leaf());
    // A server's date that is behind gives leaves that come half used.
    const auto came = play.world.monitors().left_on_arrival(pod.serial).value_or(life);
    const auto answer = life / 12;
    const auto least = std::min(came, life) * 17 / 60 - answer;
    const auto left = *pod.until - play.truth();
    play.expect(left > least, "expiry",
                "{}: the CA of {} works for {}, and {} has {} of {}: nobody renewed it", when,
                pod.cluster, human_duration(play.now() - *since), pod.workload, human_left(left),
                human_duration(std::min(came, life)));
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

// Every leaf is of a key of its own.
void check_key(Play& play, const SeenPod& pod, const std::string& when) {
    if (pod.serial.empty()) {
        return;
    }
    const auto [leaf, is_new] =
        play.key_of.emplace(play.leaves.find(pod.serial)->second.key, pod.serial);
    play.expect(is_new || leaf->second == pod.serial, "identity",
                "{}: two leaves of {} have one key", when, pod.workload);
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

}  // namespace

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
        co_await check_service_accounts(play, name, when);
        co_await check_replicas(play, name, when);
        co_await check_by_hand(play, name, when);
        co_await freeze(play, name);
        co_await wait_for_the_ready(play, name, when);
    }
    const auto pods = play.pods();
    for (const auto& pod : pods) {
        check_readiness(play, pod, when);
        check_renewal(play, pod, when);
        check_identity(play, pod, when);
        check_key(play, pod, when);
        check_nothing_new(play, pod, when);
    }
    for (const auto& name : names) {
        check_anchors(play, name, pods, when);
    }
    check_spread(play, pods, when);
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
    play.model.quiet.clear();
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
