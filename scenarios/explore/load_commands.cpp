// Many clients ask one Vault for signatures at once.
#include "core/base/text.hpp"
#include "core/mesh/schedule.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/rush.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// Of what so many signers can do, so much is done, whatever else is asked of them.
constexpr int wanted_percent = 90;

// Answers belong to their requests, and every one has one.
void judge_answers(Play& play, const Rush& rush, const crypto::Certificate& issuer) {
    for (const auto& request : rush.requests) {
        play.expect(request->answer && *request->answer, "throughput", "a signature for {} was {}",
                    request->uri,
                    request->answer && !*request->answer
                        ? "refused: " + request->answer->error().message
                        : std::string("neither given nor refused"));
    }
    for (const auto& wrong : wrong_answers(rush, issuer)) {
        play.expect(false, "throughput", "{}", wrong);
    }
}

// By a Vault of so many signers nothing comes faster than they work; and where more ask than it
// has, not much slower, whatever the mesh asks of it meanwhile.
void judge_speed(Play& play, const Rush& rush, int clients, Duration lasted, std::size_t pods) {
    const auto& world = play.history.world;
    if (world.signers == 0 || !play.environment.virtual_time()) {
        return;
    }
    const auto count = static_cast<int>(rush.requests.size());
    const Duration each = std::chrono::milliseconds(world.signing_ms);
    const auto least = each * count / world.signers;
    play.expect(lasted >= least, "throughput", "{} came in {}: {} at once take {}",
                counted(count, "signature"), human_duration(lasted), world.signers,
                human_duration(least));
    // Several nodes may each begin what one of them ends.
    if (clients < 2 * world.signers || world.nodes > 1) {
        return;
    }
    // A login and a signature of each pod; the last ones are alone; and the wire takes its time.
    const auto beside = each * (2 * static_cast<int>(pods) / world.signers + 1) +
                        as_written("100ms") * (count / clients);
    const auto most = least * 100 / wanted_percent + beside;
    play.expect(lasted <= most, "throughput",
                "{} took {}: a Vault that makes {} at once in {} each needs {} at most",
                counted(count, "signature"), human_duration(lasted), world.signers,
                human_duration(each), human_duration(most));
}

// Half of the work are logins: where they take longer than anybody waits for an answer, those who
// gave up ask again after a first wait, each after one of his own.
Duration patience_of(Duration leaf, Duration work) {
    const auto limit = mesh::call_limit(leaf);
    return work / 2 <= limit ? Duration::zero()
                             : limit + 2 * mesh::first_wait(mesh::Schedule(), leaf);
}

std::string cannot_sign_for_many(const Play& play, const Step& step) {
    const auto why = no_issuer(play, step);
    if (!why.empty()) {
        return why;
    }
    const auto owner =
        play.model.pki_of(play.model.accounts.find(field(step, "account"))->second.ca);
    const auto& pki = play.model.cas.find(owner)->second;
    if (pki.issuer_until) {
        return "its issuer ends soon";
    }
    if (pki.limited) {
        return "a quota limits it";
    }
    return pki.may_sign ? "" : "it may not sign for the pods' ids";
}

Task<void> sign_at_once(Play& play, Step step) {
    const auto pki = pki_of(play, step);
    const auto clients = number_of(step, "clients", 4), each = number_of(step, "each", 2);
    const auto& site = play.vault_of(*pki.real);
    const auto rush = std::make_shared<Rush>(
        Rush{.client = site.admin.at(site.agent_url),
             .path = pki.real->prepared.pki_path(),
             // No two rushes of a history ask for one URI.
             .ids = fmt::format("spiffe://cluster.local/ns/{}/sa/many{}",
                                play.world.target().workload_namespace, play.record.steps.size())});
    const auto pods = play.pods().size();
    const auto began = play.now();
    const auto ending = co_await ask_at_once(rush, clients, each);
    if (ending.kind != run::Ending::Kind::done) {
        throw CannotGoOn(Failure{FailureKind::closed, ending.text, 0, {}});
    }
    const auto lasted = play.now() - began;
    play.reach("many asked one Vault for signatures at once");
    play.expect(rush->requests.size() == static_cast<std::size_t>(clients * each), "throughput",
                "{} made of {}", counted(rush->requests.size(), "request was", "requests were"),
                clients * each);
    const auto& anchor = play.anchors.find(play.model.anchor_of_leaves(pki.name))->second;
    judge_answers(play, *rush, anchor.issuers.back());
    judge_speed(play, *rush, clients, lasted, pods);
}

}  // namespace

bool may_judge_restart(const Play& play, const std::string& cluster) {
    const auto& world = play.history.world;
    // Who was away is noticed to be back only after a while: the watch of pods that come anew too.
    const auto lately = play.now() - play.model.recovery();
    const bool broken = std::ranges::any_of(play.record.faults, [lately](const auto& fault) {
        return !fault.until || *fault.until > lately;
    });
    return world.signers > 0 && world.nodes == 1 && play.environment.virtual_time() && !broken &&
           play.model.works(cluster);
}

void judge_restart(Play& play, const std::string& cluster, Duration lasted, std::size_t others) {
    const auto& world = play.history.world;
    int pods = 0;
    for (const auto& [workload, replicas] : play.model.clusters.find(cluster)->second.workloads) {
        pods += replicas;
    }
    // Each logs in and has a leaf signed. The last login and the last signature are alone, the
    // others' pods may renew meanwhile, and the wire takes its time.
    const Duration each = std::chrono::milliseconds(world.signing_ms);
    const auto least = each * (2 * pods) / world.signers;
    const auto beside =
        each * (2 * static_cast<int>(others) / world.signers + 2) + as_written("100ms");
    const auto most = least * 100 / wanted_percent + beside;
    const auto patience = patience_of(play.model.leaf(), most);
    play.reach("all pods came anew at a busy Vault");
    play.expect(lasted <= most + patience, "throughput",
                "all {} pods of {} were ready only {} after a restart of all: a Vault that makes "
                "{} logins and signatures at once in {} each needs {} at most",
                pods, cluster, human_duration(lasted), world.signers, human_duration(each),
                human_duration(most + patience));
}

Rows load_rows() {
    return {
        {"sign-at-once",
         "load",
         1,
         {"account", "clients", "each"},
         cannot_sign_for_many,
         sign_at_once},
    };
}

}  // namespace meshproof::scenarios::explore
