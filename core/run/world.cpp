#include "core/run/world.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/run/inspecting_transport.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::run {

struct World::State {
    State(Environment& where, std::uint64_t seed, std::string id)
        : environment(where),
          mark(std::move(id)),
          prng(seed),
          trace(where.clock(), where.virtual_time()),
          // An event is told a round trip after the moment that it speaks of.
          monitors(trace,
                   where.virtual_time() ? Duration::zero() : Duration(std::chrono::seconds(2))),
          transport(where.transport(), monitors, trace) {}

    Environment& environment;
    RunMark mark;
    Prng prng;
    Trace trace;
    Monitors monitors;
    InspectingTransport transport;
    Target target;
    std::vector<std::unique_ptr<http::Link>> links;
    std::vector<VaultSite> vaults;
    std::vector<KubeSite> kubes;
    std::unique_ptr<mesh::ControlPlane> mesh;
    std::vector<std::string> failures;
    std::vector<std::pair<std::string, std::function<Task<Result<void>>()>>> undo;
    int prepared = 0;
    std::vector<ServerVersion> servers;
};

World::World(Environment& environment, std::uint64_t seed, std::string run_id)
    : state_(std::make_unique<State>(environment, seed, std::move(run_id))) {}
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
mesh::ControlPlane& World::mesh() {
    return *state_->mesh;
}
Duration World::leaf_ttl() const {
    return state_->target.leaf_ttl;
}
const Target& World::target() const {
    return state_->target;
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
    return state_->mark;
}
std::string World::name(std::string_view base) const {
    return state_->mark.name(base);
}

mesh::SpiffeId World::workload_id(const mesh::TrustDomain& domain,
                                  std::string_view workload) const {
    return mesh::SpiffeId::workload(domain, state_->target.workload_namespace,
                                    fmt::format("{}-{}", workload, state_->mark.run_id()));
}

kube::Labels World::labels() const {
    return state_->mark.labels();
}
int& World::counter() {
    return state_->prepared;
}

std::set<Capability> World::capabilities() const {
    std::set<Capability> can;
    if (state_->environment.virtual_time()) {
        can.insert(Capability::virtual_time);
    }
    if (!state_->vaults.empty() && state_->vaults[0].may_seal &&
        !state_->vaults[0].unseal_keys.empty()) {
        can.insert(Capability::seal_vault);
    }
    if (state_->vaults.size() > 1) {
        can.insert(Capability::two_vaults);
    }
    if (state_->kubes.size() > 1) {
        can.insert(Capability::two_clusters);
    }
    if (!state_->kubes.empty() && state_->kubes[0].link != nullptr) {
        can.insert(Capability::cut_vault_to_kube);
    }
    return can;
}

bool World::can(Capability capability) const {
    return capabilities().contains(capability);
}

void World::fail(std::string text) {
    state_->trace.add(expectation_event(text));
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

void World::at_end(std::string what, std::function<Task<Result<void>>()> undo) {
    state_->undo.emplace_back(std::move(what), std::move(undo));
}

const std::vector<std::string>& World::failures() const {
    return state_->failures;
}
std::vector<ServerVersion> World::servers() const {
    return state_->servers;
}

Task<void> World::start() {
    auto& s = *state_;
    s.target = require(co_await s.environment.start());
    bool one_machine = s.environment.virtual_time();
    if (!one_machine) {
        const auto near = [](const auto& item) { return item.loopback(); };
        one_machine = std::ranges::all_of(
                          s.target.vaults,
                          [near](const VaultTarget& v) { return near(v.config.endpoint.url); }) &&
                      std::ranges::all_of(s.target.clusters, [near](const kube::Access& c) {
                          return near(c.endpoint.url);
                      });
    }
    for (std::size_t i = 0; i < s.target.vaults.size(); ++i) {
        auto& target = s.target.vaults[i];
        s.trace.learn(target.config.token);
        for (const auto& key : target.unseal_keys) {
            s.trace.learn(key);
        }
        target.config.endpoint.caller = "admin";
        VaultSite site(fmt::format("vault-{}", i), vault::Client(s.transport, target.config));
        const auto where = target.config.endpoint.url.origin();
        const auto status = require(co_await site.admin.seal_status(), "Vault " + where);
        if (!status.initialized || status.sealed) {
            throw CannotGoOn({FailureKind::sealed,
                              fmt::format("Vault {} is {}", where,
                                          status.initialized ? "sealed" : "not initialised"),
                              503,
                              {}},
                             status.initialized ? "unseal it: vault operator unseal"
                                                : "initialise it: vault operator init");
        }
        require(co_await site.admin.lookup_self(), fmt::format("the token for Vault {}", where));
        site.product = status.product;
        site.version = status.version;
        if (target.product && *target.product != site.product) {
            throw CannotGoOn(
                {FailureKind::invalid,
                 fmt::format("Vault {} is {} {}, and the target file says {}", where,
                             to_string(site.product), site.version, to_string(*target.product)),
                 0,
                 {}},
                "correct `product` in the target file");
        }
        site.tls = target.config.endpoint.tls;
        if (site.tls.server_name.empty()) {
            site.tls.server_name = target.config.endpoint.url.host;
        }
        auto link = require(
            co_await s.transport.open_link(target.config.endpoint.url, site.name + "-link"), where);
        site.agent_url = link->url();
        site.link = link.get();
        s.links.push_back(std::move(link));
        site.unseal_keys = target.unseal_keys;
        site.may_seal = target.allow_seal;
        s.servers.push_back({"vault",
                             fmt::format("{}{}", s.environment.fake_vaults() ? "fake " : "",
                                         to_string(site.product)),
                             site.version, where});
        s.vaults.push_back(std::move(site));
    }
    for (std::size_t i = 0; i < s.target.clusters.size(); ++i) {
        auto& access = s.target.clusters[i];
        s.trace.learn(access.token);
        access.endpoint.caller = "admin";
        KubeSite site(fmt::format("kube-{}", i), kube::Client(s.transport, access));
        const auto where = access.endpoint.url.origin();
        site.version = require(co_await site.admin.version(), "API server " + where);
        for (const auto& ns : {s.target.mesh_namespace, s.target.workload_namespace}) {
            if (!require(co_await site.admin.namespace_exists(ns), "API server " + where)) {
                throw CannotGoOn({FailureKind::not_found,
                                  fmt::format("API server {} has no namespace {}", where, ns),
                                  404,
                                  {}},
                                 "kubectl create namespace " + ns);
            }
        }
        site.ca_pem = access.ca_pem;
        site.review_url = access.endpoint.url.text();
        if (one_machine) {
            auto link = require(
                co_await s.transport.open_link(access.endpoint.url, site.name + "-link"), where);
            site.review_url = link->url().text();
            site.link = link.get();
            s.links.push_back(std::move(link));
        }
        s.servers.push_back(
            {"kubernetes", s.environment.fake_clusters() ? "fake kube-apiserver" : "kube-apiserver",
             site.version, where});
        s.kubes.push_back(std::move(site));
    }
    mesh::ControlPlaneOptions options;
    options.labels = labels();
    options.name_suffix = "-" + s.mark.run_id();
    options.requested_ttl = s.target.leaf_ttl;
    s.mesh = std::make_unique<mesh::ControlPlane>(s.environment.clock(), s.transport,
                                                  s.prng.fork("mesh"), s.monitors, options);
    for (const auto& site : s.vaults) {
        s.mesh->trust_server(site.agent_url, site.tls);
    }
}

namespace {
/// An undo that cannot go on must not keep the others from being tried.
Task<Result<void>> tried(std::function<Task<Result<void>>()> undo) {
    try {
        co_return co_await undo();
    } catch (const CannotGoOn& cannot) {
        co_return tl::unexpected<Failure>(cannot.failure());
    } catch (const std::exception& error) {
        co_return meshproof::fail(FailureKind::invalid, "{}", error.what());
    }
}
}  // namespace

void World::note_left(const Swept& swept, const std::string& where, bool cut_short) {
    for (const auto& left : swept.found) {
        if (!cut_short) {
            fail(fmt::format("clean-up had forgotten {} {}", left, where));
        }
    }
    for (const auto& left : swept.left_alone) {
        fail(fmt::format("clean-up had forgotten {} {}, which carries no mark and stays", left,
                         where));
    }
    for (const auto& problem : swept.problems) {
        fail(fmt::format("clean-up {}: {}", where, problem));
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
    while (!s.undo.empty()) {
        auto [what, undo] = std::move(s.undo.back());
        s.undo.pop_back();
        const auto undone = co_await tried(std::move(undo));
        if (!undone && undone.error().kind != FailureKind::not_found) {
            fail(fmt::format("clean-up of {}: {}", what, undone.error().message));
        }
    }
    // Nothing of the run may be left: look, and remove what the scenario forgot.
    const SweepOptions own{s.mark.run_id(), false};
    for (const auto& site : s.vaults) {
        note_left(co_await sweep_vault(site.admin, own), "on " + site.name, cut_short);
    }
    std::vector<std::string> namespaces = {s.target.mesh_namespace};
    if (s.target.workload_namespace != s.target.mesh_namespace) {
        namespaces.push_back(s.target.workload_namespace);
    }
    for (const auto& site : s.kubes) {
        note_left(co_await sweep_cluster(site.admin, namespaces, own), "in " + site.name, cut_short);
    }
    if (of_mesh) {
        std::rethrow_exception(of_mesh);
    }
}

Task<mesh::Exchange> World::request(mesh::Cluster from, std::string client, mesh::Cluster to,
                                    std::string server) {
    const auto clients = from.pods_of(client), servers = to.pods_of(server);
    if (clients.empty() || servers.empty()) {
        co_return mesh::Exchange{
            .ok = false,
            .from = client,
            .to = server,
            .failure = Failure{FailureKind::not_found, "the workload has no pod", 0, {}},
            .at = clock().now()};
    }
    co_return co_await mesh().request(clients.front().name, servers.front().name);
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
