#pragma once

#include "core/mesh/control_plane.hpp"
#include "core/mesh/saboteurs.hpp"
#include "core/mesh/tests/little_vault.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/kube/fake_kube.hpp"
#include "fakes/sim/sim_network.hpp"

namespace meshproof::mesh::testing {

using namespace std::chrono_literals;

/// Keeps all that the mesh tells.
class Recorder final : public Observer {
  public:
    std::vector<LeafIssued> leaves;
    std::vector<HandshakeSeen> handshakes;
    std::vector<Event> events;

    void on_leaf(const LeafIssued& seen) override { leaves.push_back(seen); }
    void on_handshake(const HandshakeSeen& seen) override { handshakes.push_back(seen); }
    void on_event(const Event& event) override { events.push_back(event); }

    [[nodiscard]] std::size_t count(std::string_view what) const {
        return static_cast<std::size_t>(std::ranges::count(events, what, &Event::what));
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& event : events) {
            all += event.what;
            for (const auto& [key, value] : event.fields) {
                all += fmt::format(" {}={}", key, value);
            }
            all += '\n';
        }
        return all;
    }
};

/// An API server before which an answer can get stuck, and a request be refused.
class SlowFront final : public http::Handler {
  public:
    SlowFront(http::Handler& inner, Clock& clock) : inner_(inner), clock_(clock) {}

    /// The next list of Secrets is answered as it is now, and so much later.
    std::optional<Duration> next_list;
    /// The next pod is made now, and it is so much later that this is said.
    std::optional<Duration> next_pod;

    /// What creates something there, by a body that holds this, is refused.
    struct Refusal {
        std::string kind;  ///< "pods"
        std::string body;
        int status = 403;
        std::string retry_after = {};  ///< the header, sent where not empty
    };
    std::optional<Refusal> refusal;
    std::size_t refused = 0;
    std::size_t asked_for_tokens = 0;  ///< of service accounts

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        if (refusal && request.method == "POST" && request.target.ends_with("/" + refusal->kind) &&
            request.body.find(refusal->body) != std::string::npos) {
            ++refused;
            co_return refused_by(*refusal);
        }
        asked_for_tokens +=
            request.method == "POST" && request.target.ends_with("/token") ? 1U : 0U;
        const bool list = request.method == "GET" &&
                          request.target.find("/secrets?") != std::string::npos &&
                          request.target.find("watch=") == std::string::npos;
        const bool pod = request.method == "POST" && request.target.ends_with("/pods");
        const auto late = list  ? std::exchange(next_list, std::nullopt)
                          : pod ? std::exchange(next_pod, std::nullopt)
                                : std::nullopt;
        auto response = co_await inner_.handle(std::move(request), std::move(peer));
        if (late) {
            co_await clock_.sleep_for(*late);
        }
        co_return response;
    }

  private:
    static http::Response refused_by(const Refusal& refusal) {
        http::Response response;
        response.status = refusal.status;
        response.headers.set("Content-Type", "application/json");
        if (!refusal.retry_after.empty()) {
            response.headers.set("Retry-After", refusal.retry_after);
        }
        response.body = nlohmann::json{{"kind", "Status"}, {"message", "not now"}}.dump();
        return response;
    }

    http::Handler& inner_;
    Clock& clock_;
};

/// The mesh's own civil clock, which somebody may put wrong.
class SteppedClock final : public Clock {
  public:
    explicit SteppedClock(SimClock& truth) : truth_(truth) {}
    void step(Duration by) { ahead_ += by; }

    [[nodiscard]] Time now() const override { return truth_.now() + ahead_; }
    [[nodiscard]] Duration elapsed() const override { return truth_.elapsed(); }
    [[nodiscard]] Task<bool> rest(Duration duration) override { return truth_.rest(duration); }

  private:
    SimClock& truth_;
    Duration ahead_{};
};

/// One API server, one Vault, the links before them, and a mesh, all in virtual time.
struct Stage {
    explicit Stage(ControlPlaneOptions options = usual(), std::uint64_t seed = 1)
        : mesh(civil, network, Prng(seed).fork("mesh"), recorder, std::move(options)) {}

    static ControlPlaneOptions usual() {
        ControlPlaneOptions options;
        options.labels = {{"meshproof.io/run", "r1"}};
        options.requested_ttl = 24h;
        return options;
    }
    static ControlPlaneOptions with(std::string_view saboteur) {
        auto options = usual();
        options.seams = sabotaged(saboteur);
        return options;
    }

    static fakes::FakeKubeOptions quick() {
        fakes::FakeKubeOptions options;
        options.es256 = true;  // RSA keys take their time
        return options;
    }

    boost::asio::io_context context;
    SimClock clock{context, crypto::fixtures::now};
    SteppedClock civil{clock};
    fakes::SimNetwork network{clock, Prng(5)};
    fakes::FakeKube kube_rules{quick(), clock};
    SlowFront kube_front{kube_rules, clock};
    LittleVault vault{clock};
    Recorder recorder;
    ControlPlane mesh;
    std::unique_ptr<http::Listener> kube_port, vault_port;
    std::unique_ptr<http::Link> kube_link, vault_link;
    std::optional<kube::Client> admin;  ///< past the link

    static constexpr const char* label = "Certificate Authority: corporate";

    [[nodiscard]] kube::Client client(http::Url url) {
        kube::Access access;
        access.endpoint.url = std::move(url);
        access.token = Secret("admin");
        return {network, access};
    }
    [[nodiscard]] AccountSpec account(std::string name = "corporate") const {
        AccountSpec spec;
        spec.name = std::move(name);
        spec.url = "http://vault-link:80";
        spec.service_account = "vault-issuer";
        spec.role = "mesh";
        spec.pki_path = "pki_int/sign/web";
        spec.ca_chain_pem = vault.bundle();
        return spec;
    }
    [[nodiscard]] ClusterSpec cluster(std::string name = "c1") {
        return {.name = std::move(name), .ca_label = label, .kube = client(kube_link->url())};
    }
};

inline Task<void> open_ports(Stage& stage) {
    http::ListenSpec spec;
    spec.tls = false;
    spec.name = "kube";
    stage.kube_port = require(co_await stage.network.listen(spec, stage.kube_front));
    spec.name = "vault";
    stage.vault_port = require(co_await stage.network.listen(spec, stage.vault));
    stage.kube_link =
        require(co_await stage.network.open_link(stage.kube_port->url(), "kube-link"));
    stage.vault_link =
        require(co_await stage.network.open_link(stage.vault_port->url(), "vault-link"));
    stage.admin.emplace(stage.client(stage.kube_port->url()));
}

/// Account, trust domain, cluster c1.
inline Task<Cluster> onboarded(Stage& stage) {
    co_await open_ports(stage);
    require(stage.mesh.set_trust_domain("cluster.local"));
    require(stage.mesh.add_account(stage.account()));
    co_return require(co_await stage.mesh.onboard(stage.cluster()));
}

/// The same with a pod each of web and api, ready.
inline Task<Cluster> two_pods(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    require(co_await cluster.deploy({.name = "api", .service_account = {}}));
    if (!co_await cluster.wait_ready(1h)) {
        throw CannotGoOn({FailureKind::timed_out,
                          "the pods did not become ready: " + cluster.pods().front().reason,
                          0,
                          {}});
    }
    co_return cluster;
}

inline PodView only(const Cluster& cluster, std::string_view workload) {
    auto pods = cluster.pods_of(workload);
    if (pods.size() != 1) {
        throw CannotGoOn(
            {FailureKind::invalid, fmt::format("{} pods of {}", pods.size(), workload), 0, {}});
    }
    return std::move(pods.front());
}

/// Runs one story to its end and takes the mesh down after it.
using Story = Task<void> (*)(Stage&);
inline Task<void> play(Stage& stage, Story story) {
    std::exception_ptr failed;
    try {
        co_await story(stage);
    } catch (...) {
        failed = std::current_exception();
    }
    co_await stage.mesh.shut_down();
    if (failed) {
        std::rethrow_exception(failed);
    }
}
inline void run(Story story, ControlPlaneOptions options = Stage::usual()) {
    Stage stage(std::move(options));
    stage.clock.run(play(stage, story));
}

}  // namespace meshproof::mesh::testing
