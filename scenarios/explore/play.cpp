#include "scenarios/explore/play.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/spiffe/svid.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// Long enough for months of leaves that live a day.
constexpr int lives_of_a_root = 1200;

constexpr std::array cluster_names = {"alpha", "beta"};

std::string kube_name(std::size_t index) {
    return fmt::format("kube-{}", index);
}

const Play::KnownLeaf& known_leaf(Play& play, const crypto::Certificate& leaf,
                                  const std::string& serial) {
    auto [known, is_new] = play.leaves.try_emplace(serial);
    if (is_new) {
        const auto id = spiffe::svid_id(leaf);
        known->second.id = id ? id->text() : id.error().message;
        known->second.key = to_hex(leaf.public_key().key_id());
        for (const auto& [name, anchor] : play.anchors) {
            const bool its = std::ranges::any_of(
                anchor.issuers, [&](const auto& issuer) { return leaf.signed_by(issuer); });
            known->second.ca = its ? name : known->second.ca;
        }
    }
    return known->second;
}

SeenPod seen(Play& play, const mesh::PodView& view) {
    SeenPod pod;
    pod.cluster = view.cluster;
    pod.workload = view.workload;
    pod.name = view.name;
    pod.uid = view.uid;
    pod.id = view.id.text();
    pod.ready = view.ready;
    pod.reason = view.reason;
    pod.logins_tried = view.login_attempts;
    pod.signatures_asked = view.sign_attempts;
    if (!view.leaf) {
        return pod;
    }
    pod.serial = view.leaf->serial();
    pod.from = view.leaf->not_before();
    pod.until = end_of(*view.leaf);
    const auto& leaf = known_leaf(play, *view.leaf, pod.serial);
    pod.leaf_id = leaf.id;
    pod.ca = leaf.ca;
    return pod;
}

void draw_lane(Play& play, const SeenPod& pod) {
    auto& lane = play.record.lanes[pod.uid];
    if (lane.name.empty()) {
        lane = {.cluster = pod.cluster,
                .workload = pod.workload,
                .name = pod.name,
                .first_seen = play.now(),
                .last_seen = play.now(),
                .leaves = {}};
    }
    lane.last_seen = play.now();
    const bool known = !lane.leaves.empty() && lane.leaves.back().serial == pod.serial;
    if (pod.serial.empty() || known) {
        return;
    }
    if (!lane.leaves.empty()) {
        play.reach("a leaf was renewed");
    }
    const auto since = [&](Time time) { return play.now() + (time - play.truth()); };
    lane.leaves.push_back(
        {pod.serial, pod.ca, std::max(since(*pod.from), lane.first_seen), since(*pod.until)});
}

}  // namespace

Play::Play(run::World& its_world, TroubledEnvironment& its_environment, const History& its_history,
           Record& its_record)
    : world(its_world),
      environment(its_environment),
      history(its_history),
      record(its_record),
      model(its_world.leaf_ttl()),
      began(its_environment.truth().elapsed()) {
    model.now = [&clock = its_environment.truth()] { return clock.now(); };
}

Duration Play::now() const {
    return environment.truth().elapsed() - began;
}

Time Play::truth() const {
    return environment.truth().now();
}

// In virtual time everything is judged to the nanosecond. Over sockets, an event is told after its
// moment, and certificates hold whole seconds.
Duration Play::near() const {
    return environment.virtual_time() ? Duration::zero() : as_written("2s");
}

std::vector<SeenPod> Play::pods_of(std::string_view cluster) {
    std::vector<SeenPod> all;
    const auto found = clusters.find(cluster);
    if (found != clusters.end()) {
        for (const auto& view : found->second.pods()) {
            all.push_back(seen(*this, view));
            draw_lane(*this, all.back());
        }
    }
    return all;
}

std::optional<SeenPod> Play::again(const SeenPod& pod) {
    const auto found = clusters.find(pod.cluster);
    const auto view = found == clusters.end() ? std::nullopt : found->second.pod(pod.name);
    if (!view || view->uid != pod.uid) {
        return std::nullopt;
    }
    auto now = seen(*this, *view);
    draw_lane(*this, now);
    return now;
}

std::vector<SeenPod> Play::pods() {
    std::vector<SeenPod> all;
    for (const auto& [name, cluster] : clusters) {
        auto some = pods_of(name);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

void Play::reach(std::string_view mark) {
    const auto known = std::ranges::find(marks, mark);
    MESHPROOF_ASSERT(known != marks.end(), "no mark is \"{}\"", mark);
    record.reached.insert(*known);
}

void Play::disturb() {
    works_since.clear();
    disturbed = true;
}

Duration Play::quiet() const {
    constexpr int share = 10;
    return std::chrono::seconds(std::max<std::int64_t>(1, whole_seconds(model.leaf() / share)));
}

void Play::fault_begins(std::string what) {
    fault_ends(what);
    record.faults.push_back({std::move(what), now(), std::nullopt});
}

void Play::fault_ends(std::string_view what) {
    for (auto& fault : record.faults) {
        if (!fault.until && fault.what == what) {
            fault.until = now();
        }
    }
}

namespace {

std::size_t kube_of(std::string_view cluster) {
    return static_cast<std::size_t>(std::ranges::find(cluster_names, cluster) -
                                    cluster_names.begin());
}

// What both kinds of CA have of their own: an auth mount.
Task<RealCa> prepare_ca(Play& play, std::string name, std::size_t kube, run::VaultSite& site,
                        run::Recipe recipe) {
    auto& world = play.world;
    recipe.token_type = play.history.world.token_type;
    RealCa real;
    real.second_account = world.name("second-issuer-" + name);
    real.tokens = recipe.token_type == "batch" ? "batch" : "usual";
    recipe.allowed_uri_sans =
        fmt::format("spiffe://cluster.local/ns/{}/*", world.target().workload_namespace);
    real.token_life = recipe.token_ttl;
    real.tokens_since = play.environment.truth().elapsed();
    recipe.further_accounts = {real.second_account};
    real.prepared = co_await world.prepare_vault(site, world.kube(kube), std::move(recipe));
    play.environment.wire().know(site.agent_url.origin(), site.name);
    ModelCa model;
    model.vault = site.name;
    model.kube = kube_name(kube);
    model.service_accounts = {real.prepared.service_account, real.second_account};
    play.model.cas[name] = model;
    co_return real;
}

// Those that this world's logins give, where they are of a kind of their own.
Task<void> give_usual_tokens(Play& play, std::string name) {
    const auto& tokens = play.history.world.tokens;
    if (!tokens.empty()) {
        const Ca ca{&play.cas.find(name)->second, &play.model.cas.find(name)->second, name};
        co_await give_tokens(play, ca, tokens);
        if (tokens == "long") {
            play.reach("a CA's tokens outlived several leaves");
        }
    }
}

// Where accounts name a namespace, what a CA is made of lies in it.
run::VaultSite& vault_site(Play& play, std::size_t index) {
    auto& site = play.world.vault(index);
    const auto found = play.in_namespace.find(site.name);
    return found == play.in_namespace.end() ? site : found->second;
}

// Only OpenBao has namespaces for everybody.
Task<void> make_namespaces(Play& play) {
    const auto vaults = static_cast<std::size_t>(play.history.world.vaults);
    for (std::size_t i = 0; play.history.world.vault_namespace && i < vaults; ++i) {
        auto& site = play.world.vault(i);
        if (site.product == vault::Product::openbao) {
            const auto name = co_await make_namespace(play.world, site, "team");
            const auto inside = play.in_namespace.emplace(site.name, site).first;
            inside->second.admin = site.admin.with_namespace(name);
            play.reach("leaves came from a namespace of Vault");
        }
    }
}

}  // namespace

Task<void> make_ca(Play& play, std::string name, std::string cluster, std::size_t vault) {
    if (play.cas.contains(name)) {
        co_return;
    }
    auto& site = vault_site(play, vault);
    run::Recipe recipe;
    recipe.root_ttl = play.world.leaf_ttl() * lives_of_a_root;
    recipe.intermediate_ttl = play.world.leaf_ttl() * lives_of_an_issuer;
    auto real = co_await prepare_ca(play, name, kube_of(cluster), site, recipe);
    play.anchors[name] = {real.prepared.ca_chain_pem, {real.prepared.issuer.value()}};
    real.policy = require(co_await site.admin.read_policy(real.prepared.policy), "read the policy");
    play.cas.insert_or_assign(name, std::move(real));
    co_await give_usual_tokens(play, name);
}

Task<void> make_shared_ca(Play& play, std::string name, std::string cluster, std::string other) {
    const auto owner = play.model.pki_of(other);
    const auto& its = play.cas.find(owner)->second.prepared;
    run::Recipe recipe;
    recipe.shared_pki = &its;
    auto real = co_await prepare_ca(play, name, kube_of(cluster), *its.site, recipe);
    play.model.cas[name].pki = owner;
    play.cas.insert_or_assign(name, std::move(real));
    co_await give_usual_tokens(play, name);
}

Result<void> add_account(Play& play, const std::string& name) {
    const auto& real = play.cas.find(name)->second;
    const auto anchor = play.model.anchor_of_leaves(name);
    auto spec = play.world.account_for(real.prepared, name);
    spec.ca_chain_pem = play.anchors.find(anchor)->second.bundle_pem;
    // The machines trust that root anyway, so the page needs no bundle.
    if (play.public_anchor == anchor && play.clusters.empty()) {
        spec.ca_chain_pem.clear();
        play.reach("an account had no bundle");
    }
    auto added = play.world.mesh().add_account(std::move(spec));
    if (added) {
        play.model.accounts[name] = {.ca = name,
                                     .service_account = real.prepared.service_account,
                                     .label = "Certificate Authority: " + name,
                                     .anchor = anchor};
    }
    return added;
}

Task<void> onboard(Play& play, std::string name, std::string account) {
    auto& world = play.world;
    const auto kube = kube_of(name);
    auto access = world.kube(kube).admin.access();
    access.endpoint.caller = mesh_caller(name);
    play.environment.wire().know(access.endpoint.url.origin(), kube_name(kube));
    auto cluster = require(
        co_await world.mesh().onboard({.name = name,
                                       .ca_label = label_of(account),
                                       .kube = kube::Client(world.transport(), access),
                                       .mesh_namespace = world.target().mesh_namespace,
                                       .workload_namespace = world.target().workload_namespace}),
        "onboard " + name);
    ModelCluster model;
    model.kube = kube_name(kube);
    model.account = account;
    model.ever = {Model::anchor_of(play.model.accounts[account])};
    const auto replicas = play.history.world.replicas;
    for (const auto& workload : play.history.world.workloads) {
        require(co_await cluster.deploy(
                    {.name = workload, .service_account = workload, .replicas = replicas}),
                "deploy " + workload);
        model.workloads[workload] = replicas;
    }
    play.named[name] = {play.model.accounts[account].service_account};
    play.model.clusters[name] = model;
    play.clusters.insert_or_assign(name, cluster);
}

namespace {

Task<void> note_elections(Play& play, run::VaultSite& site) {
    const auto leader = require(co_await site.admin.call("GET", "sys/leader"), "ask who leads");
    if (leader.json.is_object() && leader.json.value("ha_enabled", false)) {
        play.elects.insert(site.name);
    }
}

// As on machines whose own CA store knows the root.
void trust_publicly(Play& play, const std::string& ca) {
    const auto& bundle = play.anchors.find(ca)->second.bundle_pem;
    const auto chain =
        require(crypto::Certificate::all_from_pem(bundle), "read the bundle of " + ca);
    play.world.mesh().trust_public_root(chain.back());
    play.public_anchor = ca;
}

}  // namespace

Task<void> begin(Play& play) {
    auto& world = play.world;
    play.environment.wire().slow_by(world.leaf_ttl() / 4000);
    play.environment.wire().quiet_for(play.quiet());
    require(world.mesh().set_trust_domain("cluster.local"), "set the trust domain");
    for (std::size_t i = 0; i < static_cast<std::size_t>(play.history.world.vaults); ++i) {
        co_await note_elections(play, world.vault(i));
    }
    co_await make_namespaces(play);
    for (std::size_t i = 0; i < static_cast<std::size_t>(play.history.world.clusters); ++i) {
        const std::string name = cluster_names.at(i);
        co_await make_ca(play, name, name, i % static_cast<std::size_t>(play.history.world.vaults));
        if (i == 0 && play.history.world.public_root) {
            trust_publicly(play, name);
        }
        require(add_account(play, name), "add the account " + name);
        co_await onboard(play, name, name);
    }
    if (play.history.world.replicas > 1) {
        play.reach("workloads had several pods");
    }
    std::vector<std::string> members;
    for (const auto& [name, cluster] : play.clusters) {
        members.push_back(name);
    }
    require(co_await world.mesh().create_global_namespace(all_clusters, members),
            "create the global namespace of all clusters");
    play.model.namespaces[all_clusters] = members;
    play.counted_at = play.now();
    co_await check(play, "at the beginning");
}

}  // namespace meshproof::scenarios::explore
