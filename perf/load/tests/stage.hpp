#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "core/run/environment.hpp"
#include "fakes/sim/sim_network.hpp"
#include "perf/load/generator.hpp"

namespace meshproof::load {

/// A server whose answer and slowness a test decides.
class ScriptedServer final : public http::Handler {
  public:
    /// When an answer is ready that was asked for now, and its status.
    struct Script {
        std::function<Duration(Duration now)> ready;
        int status = 200;
    };
    ScriptedServer(Clock& clock, Script script) : clock_(clock), script_(std::move(script)) {}

    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        const auto now = clock_.elapsed();
        co_await clock_.sleep_for(script_.ready(now) - now);
        http::Response response;
        response.status = script_.status;
        response.body = script_.status == 200 ? "{}" : R"({"errors":["Vault is sealed"]})";
        co_return response;
    }

  private:
    Clock& clock_;
    Script script_;
};

/// What a test wants beside a load's options.
struct Offered {
    Options options;
    run::StopSource* stop = nullptr;
    std::function<void(const Progress&)> on_second{};  ///< may be empty
    Live* live = nullptr;
    std::vector<http::Url> nodes{};  ///< further addresses, that are asked instead
};

/// A load of sys/health on whoever listens at `url`.
inline Task<Measured> offer_health(run::Environment& environment, http::Url url, Offered offered) {
    auto& options = offered.options;
    options.profile = Profile::health;
    Ground ground;
    ground.vault.endpoint.url = std::move(url);
    for (auto& node : offered.nodes) {
        ground.addresses.emplace_back().url = std::move(node);
    }
    const SigningPath path(environment.transport(), ground, options);
    const Pool pool({1, crypto::KeyType::p256, "cluster.local", options.leaf_ttl});
    Verifier verifier({}, pool, Verifier::When::after);
    const Arrivals arrivals(options, 1);
    const mesh::Asked asked;
    run::Stopping stopping(offered.stop, environment);
    co_return co_await generate({environment, options, arrivals, pool, path, asked, verifier, 1,
                                 &stopping, std::move(offered.on_second), offered.live});
}

/// Virtual time and a wire with one millisecond each way; no servers but the scripted one.
class Stage final : public run::Environment {
  public:
    /// `nodes`: under how many further addresses the server is reached, and alone there.
    explicit Stage(ScriptedServer::Script script, std::size_t nodes = 0)
        : nodes_(nodes), network_(clock_, Prng(1), plan()), server_(clock_, std::move(script)) {}

    [[nodiscard]] std::string_view setting() const override { return "sim"; }
    [[nodiscard]] Clock& clock() override { return clock_; }
    [[nodiscard]] http::Transport& transport() override { return network_; }
    [[nodiscard]] bool virtual_time() const override { return true; }
    [[nodiscard]] bool fake_vaults() const override { return true; }
    [[nodiscard]] bool fake_clusters() const override { return true; }
    [[nodiscard]] Task<Result<run::Target>> start() override { co_return run::Target{}; }
    void drive(Task<void> work) override { clock_.run(std::move(work)); }
    void post(std::function<void()> callback) override {
        boost::asio::post(context_, std::move(callback));
    }

    /// Offers the server's sys/health what the options say.
    [[nodiscard]] Measured offer(Options options, run::StopSource* stop = nullptr,
                                 std::function<void(const Progress&)> on_second = {},
                                 Live* live = nullptr) {
        Measured measured;
        drive(play({std::move(options), stop, std::move(on_second), live}, measured));
        return measured;
    }
    /// What a generator would have seen that asks again when it was answered.
    [[nodiscard]] stats::Histogram closed_loop(double rate, Duration duration) {
        stats::Histogram times;
        drive(ask_in_turn(rate, duration, times));
        return times;
    }

  private:
    static fakes::FaultPlan plan() {
        fakes::FaultPlan plan;
        plan.min_delay = plan.max_delay = std::chrono::milliseconds(1);
        return plan;
    }
    Task<std::unique_ptr<http::Listener>> serve(std::string name = "vault") {
        http::ListenSpec spec;
        spec.name = std::move(name);
        spec.tls = false;
        co_return require(co_await network_.listen(spec, server_));
    }
    Task<void> play(Offered offered, Measured& measured) {
        const auto listener = co_await serve();
        std::vector<std::unique_ptr<http::Listener>> nodes;
        for (std::size_t i = 0; i < nodes_; ++i) {
            nodes.push_back(co_await serve(fmt::format("node-{}", i + 1)));
            offered.nodes.push_back(nodes.back()->url());
        }
        measured = co_await offer_health(*this, listener->url(), std::move(offered));
    }
    Task<void> ask_in_turn(double rate, Duration duration, stats::Histogram& times) {
        const auto listener = co_await serve();
        Ground ground;
        ground.vault.endpoint.url = listener->url();
        const SigningPath path(network_, ground, {});
        const auto began = clock_.elapsed();
        const auto pause =
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / rate));
        while (clock_.elapsed() - began < duration) {
            const auto sent = clock_.elapsed();
            std::optional<http::ExchangeTimes> wire;
            (void)co_await path.health(0, wire);
            times.record(clock_.elapsed() - sent);
            co_await clock_.sleep_for(pause - (clock_.elapsed() - sent));
        }
    }

    std::size_t nodes_;
    boost::asio::io_context context_{1};
    SimClock clock_{context_, from_unix_seconds(1'767'225'600)};
    fakes::SimNetwork network_;
    ScriptedServer server_;
};

}  // namespace meshproof::load
