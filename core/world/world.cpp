#include "core/world/world.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/run/rights.hpp"
#include "core/run/sweep.hpp"
#include "core/world/inspecting_transport.hpp"

namespace meshproof::run {

struct World::State {
    State(Environment& where, std::uint64_t seed, std::string id, mesh::Seams its_seams)
        : environment(where),
          ledger(RunMark(std::move(id))),
          prng(seed),
          trace(where.clock(), where.virtual_time()),
          // An event is told a round trip after the moment that it speaks of.
          monitors(trace,
                   where.virtual_time() ? Duration::zero() : Duration(std::chrono::seconds(2))),
          transport(where.transport(), monitors, trace),
          seams(std::move(its_seams)) {}

    Environment& environment;
    Ledger ledger;
    Prng prng;
    Trace trace;
    Monitors monitors;
    InspectingTransport transport;
    Survey found;
    std::vector<std::unique_ptr<http::Link>> links;
    std::vector<VaultSite> vaults;
    std::vector<KubeSite> kubes;
    mesh::Seams seams;
    std::unique_ptr<mesh::ControlPlane> mesh;
    std::vector<std::string> failures;
    int prepared = 0;
    bool cut_off = false;
};

World::World(Environment& environment, std::uint64_t seed, std::string run_id, mesh::Seams seams)
    : state_(std::make_unique<State>(environment, seed, std::move(run_id), std::move(seams))) {}
World::~World() = default;

Clock& World::clock() {
    return state_->environment.clock();
}
http::Transport& World::transport() {
    return state_->transport;
}
Prng& World::prng() {
    return state_->prng;
}
Trace& World::trace() {
    return state_->trace;
}
Monitors& World::monitors() {
    return state_->monitors;
}
AgentCounts World::agents() const {
    return state_->transport.agents();
}
mesh::ControlPlane& World::mesh() {
    return *state_->mesh;
}
Duration World::leaf_ttl() const {
    return target().leaf_ttl;
}
const Target& World::target() const {
    return state_->found.target;
}

VaultSite& World::vault(std::size_t index) {
    MESHPROOF_ASSERT(index < state_->vaults.size(), "vault {} of {}", index, state_->vaults.size());
    return state_->vaults[index];
}

KubeSite& World::kube(std::size_t index) {
    MESHPROOF_ASSERT(index < state_->kubes.size(), "cluster {} of {}", index, state_->kubes.size());
    return state_->kubes[index];
}

const RunMark& World::mark() const {
    return state_->ledger.mark();
}
std::string World::name(std::string_view base) const {
    return mark().name(base);
}

spiffe::SpiffeId World::workload_id(const spiffe::TrustDomain& domain,
                                    std::string_view workload) const {
    return spiffe::SpiffeId::workload(domain, target().workload_namespace,
                                      fmt::format("{}-{}", workload, mark().run_id()));
}

kube::Labels World::labels() const {
    return mark().labels();
}
Ledger& World::ledger() {
    return state_->ledger;
}
int& World::counter() {
    return state_->prepared;
}

const std::set<Feature>& World::features() const {
    return state_->found.features;
}

bool World::has(Feature feature) const {
    return state_->found.has(feature);
}

void World::expect_nothing(bool from_here_on) {
    state_->cut_off = from_here_on;
}

void World::fail(std::string text) {
    state_->trace.add(expectation_event(text));
    if (state_->cut_off) {
        return;
    }
    state_->failures.push_back(state_->trace.redacted(std::move(text)));
}

void World::expect_text(const Failure& failure, std::string_view text, std::string_view what) {
    const bool said = failure.message.find(text) != std::string::npos ||
                      std::ranges::any_of(failure.errors, [text](const std::string& error) {
                          return error.find(text) != std::string::npos;
                      });
    expect(said, "{}: expected a refusal with \"{}\", it was \"{}\"", what, text, failure.message);
}

void World::add_note(std::string text) {
    if (!state_->trace.add(note_event(std::move(text)))) {
        state_->monitors.violate("a secret reached the trace in a note");
    }
}

void World::at_end(std::string what, Ledger::Undo undo) {
    state_->ledger.at_end(std::move(what), std::move(undo));
}

const std::vector<std::string>& World::failures() const {
    return state_->failures;
}
std::vector<ServerVersion> World::servers() const {
    return state_->found.servers;
}

Task<void> World::open_vault(const SurveyedVault& found) {
    auto& s = *state_;
    s.trace.learn(found.target.config.token);
    for (const auto& key : found.target.unseal_keys) {
        s.trace.learn(key);
    }
    const auto& config = found.target.config;
    VaultSite site(fmt::format("vault-{}", s.vaults.size()), vault::Client(s.transport, config));
    site.product = found.product;
    site.version = found.version;
    site.tls = config.endpoint.tls;
    if (site.tls.server_name.empty()) {
        site.tls.server_name = config.endpoint.url.host;
    }
    auto link = require(co_await s.transport.open_link(config.endpoint.url, site.name + "-link"),
                        found.where);
    site.agent_url = link->url();
    site.link = link.get();
    s.links.push_back(std::move(link));
    site.unseal_keys = found.target.unseal_keys;
    site.may_seal = found.may_seal;
    s.vaults.push_back(std::move(site));
}

Task<void> World::open_cluster(const SurveyedCluster& found) {
    auto& s = *state_;
    s.trace.learn(found.access.token);
    KubeSite site(fmt::format("kube-{}", s.kubes.size()), kube::Client(s.transport, found.access));
    site.version = found.version;
    if (!s.environment.fake_clusters()) {
        co_await expect_cluster_rights(
            site.admin, found.where,
            rights_of_runs(target().mesh_namespace, target().workload_namespace));
    }
    for (const auto& ns : {target().mesh_namespace, target().workload_namespace}) {
        if (!require(co_await site.admin.namespace_exists(ns), "API server " + found.where)) {
            throw CannotGoOn({FailureKind::not_found,
                              fmt::format("API server {} has no namespace {}", found.where, ns),
                              404,
                              {}},
                             "kubectl create namespace " + ns);
        }
    }
    site.ca_pem = found.access.ca_pem;
    site.review_url = found.access.endpoint.url.text();
    if (has(Feature::cut_vault_to_kube)) {
        auto link =
            require(co_await s.transport.open_link(found.access.endpoint.url, site.name + "-link"),
                    found.where);
        site.review_url = link->url().text();
        site.link = link.get();
        s.links.push_back(std::move(link));
    }
    s.kubes.push_back(std::move(site));
}

Task<void> World::start() {
    auto& s = *state_;
    s.found = co_await survey(s.environment, s.transport, "admin");
    for (const auto& one : s.found.vaults) {
        co_await open_vault(one);
    }
    for (const auto& one : s.found.clusters) {
        co_await open_cluster(one);
    }
    mesh::ControlPlaneOptions options;
    options.labels = labels();
    options.name_suffix = "-" + mark().run_id();
    options.requested_ttl = leaf_ttl();
    options.seams = s.seams;
    s.monitors.space_refusals(mesh::first_wait(options.schedule, leaf_ttl()));
    s.mesh = std::make_unique<mesh::ControlPlane>(s.environment.clock(), s.transport,
                                                  s.prng.fork("mesh"), s.monitors, options);
    for (const auto& site : s.vaults) {
        s.mesh->trust_server(site.agent_url, site.tls);
    }
}

void World::note_left(const Swept& swept, const std::string& where, bool cut_short) {
    for (const auto& left : swept.found) {
        if (!cut_short) {
            fail(fmt::format("clean-up had forgotten {} {}", left.text(), where));
        }
    }
    for (const auto& left : swept.left_alone) {
        fail(fmt::format("clean-up had forgotten {} {}, which carries no mark and stays",
                         left.text(), where));
    }
    for (const auto& problem : swept.problems) {
        fail(fmt::format("clean-up {}: {}", where, problem.text()));
    }
}

Task<void> World::finish(bool cut_short) {
    auto& s = *state_;
    // Wires first: clean-up must get through whatever a scenario left cut.
    for (const auto& link : s.links) {
        link->set(http::LinkMode::pass);
    }
    std::exception_ptr of_mesh;
    if (s.mesh) {
        try {
            co_await s.mesh->shut_down();
        } catch (...) {
            of_mesh = std::current_exception();  // told once the rest is cleaned up
        }
    }
    for (const auto& problem : co_await s.ledger.undo_all()) {
        fail("clean-up of " + problem);
    }
    // Nothing of the run may be left: look, and remove what the scenario forgot.
    const SweepOptions own{mark().run_id(), false};
    for (const auto& site : s.vaults) {
        note_left(co_await sweep_vault(site.admin, own), "on " + site.name, cut_short);
    }
    std::vector<std::string> namespaces = {target().mesh_namespace};
    if (target().workload_namespace != target().mesh_namespace) {
        namespaces.push_back(target().workload_namespace);
    }
    for (const auto& site : s.kubes) {
        note_left(co_await sweep_cluster(site.admin, namespaces, own), "in " + site.name,
                  cut_short);
    }
    if (of_mesh) {
        std::rethrow_exception(of_mesh);
    }
}

Task<mesh::TrafficAttempt> World::request(mesh::Cluster from, std::string client, mesh::Cluster to,
                                          std::string server, mesh::Travel travel) {
    const auto clients = from.pods_of(client), servers = to.pods_of(server);
    if (clients.empty() || servers.empty()) {
        co_return mesh::TrafficAttempt{
            .ok = false,
            .judged = false,
            .from = client,
            .to = server,
            .failure = Failure{FailureKind::not_found, "the workload has no pod", 0, {}},
            .at = clock().now()};
    }
    co_return co_await mesh().request(clients.front().name, servers.front().name,
                                      std::move(travel));
}

Task<Traffic> World::drive(mesh::Cluster cluster, std::string client, std::string server,
                           Duration duration) {
    Traffic traffic;
    const auto until = clock().elapsed() + duration;
    while (clock().elapsed() < until) {
        auto exchange = co_await request(cluster, client, cluster, server);
        ++traffic.attempted;
        if (!exchange.ok) {
            traffic.failures.push_back(std::move(exchange));
        }
        co_await clock().sleep_for(std::min(leaf_ttl() / 40, until - clock().elapsed()));
    }
    co_return traffic;
}

Task<void> World::unseal(VaultSite& site) {
    auto keys = site.unseal_keys;
    for (auto& key : keys) {
        const auto status = require(co_await site.admin.unseal(key), "unseal " + site.name);
        if (!status.sealed) {
            break;
        }
    }
    // The node answers once it has taken up its state again (rows 22, 169).
    const auto limit = clock().elapsed() + std::max(leaf_ttl(), Duration(std::chrono::seconds(10)));
    while (clock().elapsed() < limit) {
        const auto health = co_await site.admin.health();
        if (health && health->active()) {
            co_return;
        }
        co_await clock().sleep_for(leaf_ttl() / 100);
    }
    throw CannotGoOn(
        {FailureKind::sealed, site.name + " did not become active after it was unsealed", 503, {}});
}

namespace {
Task<Result<void>> unseal_again(World& world, VaultSite& site) {
    const auto status = co_await site.admin.seal_status();
    if (!status) {
        co_return propagate(status);
    }
    if (status->sealed) {
        co_await world.unseal(site);
    }
    co_return Result<void>{};
}
}  // namespace

Task<void> World::seal(VaultSite& site) {
    MESHPROOF_ASSERT(site.may_seal, "{} may not be sealed", site.name);
    at_end("the seal of " + site.name, [this, &site] { return unseal_again(*this, site); });
    require(co_await site.admin.seal(), "seal " + site.name);
}

}  // namespace meshproof::run
