// Many clients ask one Vault for signatures at once.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/run/ending.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// Of what so many signers can do, so much is done, whatever else is asked of them.
constexpr int wanted_percent = 90;

/// A request for a signature, and what came of it.
struct RushedRequest {
    std::string uri;
    crypto::PublicKey key;
    std::optional<Result<vault::Issued>> answer = std::nullopt;
};

/// What the clients of one rush share.
struct Rush {
    vault::Client client;
    std::string path;  ///< of the signing role
    std::string ids;   ///< what the URIs begin with
    std::string wave;  ///< no two rushes of a history ask for one URI
    std::vector<std::unique_ptr<RushedRequest>> requests = {};
};

// Each asks again when its answer is there.
Task<void> ask_in_a_row(std::shared_ptr<Rush> rush, int client, int each) {
    for (int i = 0; i < each; ++i) {
        const auto key = crypto::Key::generate(crypto::KeyType::p256);
        auto& request = *rush->requests.emplace_back(std::make_unique<RushedRequest>(RushedRequest{
            fmt::format("{}{}-{}-{}", rush->ids, rush->wave, client, i), key.public_key()}));
        crypto::Csr::Spec spec;
        spec.alt_names.uris = {request.uri};
        vault::SignRequest signing;
        signing.csr_pem = crypto::Csr::make(spec, key).pem();
        request.answer = co_await rush->client.sign_at(rush->path, signing);
    }
}

// This client and all after it, side by side. All have ended when this has, though a stop cuts it
// short: they hold what is played.
Task<run::Ending> ask_beside(std::shared_ptr<Rush> rush, int client, int clients, int each) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto mine = run::settle(ask_in_a_row(rush, client, each));
    if (client + 1 >= clients) {
        co_return co_await std::move(mine);
    }
    const auto [one, others] =
        co_await (std::move(mine) && ask_beside(rush, client + 1, clients, each));
    co_return one.kind == run::Ending::Kind::done ? others : one;
}

// Answers belong to their requests, and every one has one.
void judge_answers(Play& play, const Rush& rush, const crypto::Certificate& issuer) {
    std::set<std::string> serials;
    for (const auto& request : rush.requests) {
        if (!request->answer || !*request->answer) {
            play.expect(false, "throughput", "a signature for {} was {}", request->uri,
                        request->answer ? "refused: " + request->answer->error().message
                                        : std::string("neither given nor refused"));
            continue;
        }
        const auto& leaf = (*request->answer)->leaf;
        play.expect(leaf.public_key() == request->key, "throughput",
                    "the answer for {} certifies another key than its request's", request->uri);
        play.expect(leaf.alt_names().uris == std::vector{request->uri}, "throughput",
                    "the answer for {} is for another URI", request->uri);
        play.expect(leaf.signed_by(issuer), "throughput",
                    "the answer for {} is not signed by the issuer", request->uri);
        play.expect(serials.insert(leaf.serial()).second, "throughput",
                    "serial number {} was given twice", leaf.serial());
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
    play.expect(lasted >= least, "throughput", "{} signatures came in {}: {} at once take {}",
                count, human_duration(lasted), world.signers, human_duration(least));
    // Several nodes may each begin what one of them ends.
    if (clients < 2 * world.signers || world.nodes > 1) {
        return;
    }
    // A login and a signature of each pod; the last ones are alone; and the wire takes its time.
    const auto beside = each * (2 * static_cast<int>(pods) / world.signers + 1) +
                        as_written("100ms") * (count / clients);
    const auto most = least * 100 / wanted_percent + beside;
    play.expect(lasted <= most, "throughput",
                "{} signatures took {}: a Vault that makes {} at once in {} each needs {} at most",
                count, human_duration(lasted), world.signers, human_duration(each),
                human_duration(most));
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
    const auto rush =
        std::make_shared<Rush>(Rush{.client = site.admin.at(site.agent_url),
                                    .path = pki.real->prepared.pki_path(),
                                    .ids = fmt::format("spiffe://cluster.local/ns/{}/sa/",
                                                       play.world.target().workload_namespace),
                                    .wave = fmt::format("many{}", play.record.steps.size())});
    const auto pods = play.pods().size();
    const auto began = play.now();
    const auto ending = co_await ask_beside(rush, 0, clients, each);
    if (ending.kind != run::Ending::Kind::done) {
        throw CannotGoOn(Failure{FailureKind::closed, ending.text, 0, {}});
    }
    const auto lasted = play.now() - began;
    play.reach("many asked one Vault for signatures at once");
    play.expect(rush->requests.size() == static_cast<std::size_t>(clients * each), "throughput",
                "{} requests were made of {}", rush->requests.size(), clients * each);
    const auto& anchor = play.anchors.find(play.model.anchor_of_leaves(pki.name))->second;
    judge_answers(play, *rush, anchor.issuers.back());
    judge_speed(play, *rush, clients, lasted, pods);
}

}  // namespace

bool may_judge_restart(const Play& play, const std::string& cluster) {
    const auto& world = play.history.world;
    const bool broken =
        std::ranges::any_of(play.record.faults, [](const auto& fault) { return !fault.until; });
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
    play.reach("all pods came anew at a busy Vault");
    play.expect(lasted <= most, "throughput",
                "all {} pods of {} were ready only {} after a restart of all: a Vault that makes "
                "{} logins and signatures at once in {} each needs {} at most",
                pods, cluster, human_duration(lasted), world.signers, human_duration(each),
                human_duration(most));
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
