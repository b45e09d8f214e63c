#include "fakes/world/environments.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>

#include "core/run/socket_environment.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::fakes {
namespace {

/// The date on which simulations begin; the seed adds up to a day, so that no run sits on whole
/// seconds.
Time sim_start(std::uint64_t seed) {
    constexpr std::int64_t new_year_2026 = 1'767'225'600;
    return from_unix_seconds(new_year_2026) +
           Prng(seed).fork("start").between(Duration::zero(), std::chrono::hours(24));
}

/// Measured service times have the wire in them: it takes no time of its own then.
FaultPlan wire_of(const SimOptions& options) {
    auto plan = options.faults;
    if (options.servers.service_times.workers > 0) {
        plan.min_delay = plan.max_delay = Duration::zero();
    }
    return plan;
}

class SimEnvironment final : public run::Environment {
  public:
    explicit SimEnvironment(SimOptions options)
        : options_(std::move(options)),
          clock_(context_, options_.start.value_or(sim_start(options_.seed))),
          network_(clock_, Prng(options_.seed).fork("network"), wire_of(options_)) {
        options_.servers.seed = options_.seed;
        options_.servers.es256 = true;
    }

    [[nodiscard]] std::string_view setting() const override { return "sim"; }
    [[nodiscard]] Clock& clock() override { return clock_; }
    [[nodiscard]] http::Transport& transport() override { return network_; }
    [[nodiscard]] bool virtual_time() const override { return true; }
    [[nodiscard]] bool fake_vaults() const override { return true; }
    [[nodiscard]] bool fake_clusters() const override { return true; }

    [[nodiscard]] Task<Result<run::Target>> start() override {
        auto servers = co_await FakeServers::start(options_.servers, clock_, network_);
        if (!servers) {
            co_return propagate(servers);
        }
        servers_ = std::move(*servers);
        if (options_.on_started) {
            options_.on_started(*servers_);
        }
        run::Target target;
        target.name = "sim";
        target.leaf_ttl = options_.servers.leaf_ttl;
        servers_->complete(target);
        co_return target;
    }

    [[nodiscard]] bool skew_server(std::string_view server, Duration ahead) override {
        if (servers_ == nullptr) {
            return false;
        }
        skews_.insert_or_assign(std::string(server), ahead);
        auto rules = options_.servers.chaos;
        for (const auto& [name, skew] : skews_) {
            if (skew != Duration::zero()) {
                ChaosRule rule;
                rule.name = "date of " + name;
                rule.server = name;
                rule.clock_skew = skew;
                rules.push_back(std::move(rule));
            }
        }
        servers_->chaos().set(std::move(rules));
        return true;
    }

    void drive(Task<void> work) override { clock_.run(std::move(work)); }
    void post(std::function<void()> callback) override {
        boost::asio::post(context_, std::move(callback));
    }

  private:
    SimOptions options_;
    std::map<std::string, Duration> skews_;  ///< by server
    boost::asio::io_context context_{1};
    SimClock clock_;
    SimNetwork network_;
    std::unique_ptr<FakeServers> servers_;
};

/// Starts the sides of a target that are fake, and keeps them for as long as the environment keeps
/// the starter.
struct Starting {
    FakeServersOptions options;
    std::shared_ptr<std::unique_ptr<FakeServers>> servers =
        std::make_shared<std::unique_ptr<FakeServers>>();
};

Task<Result<run::Target>> start_fakes(Starting starting, run::Environment& environment,
                                      run::Target target) {
    starting.options.vaults = target.fake_vaults ? starting.options.vaults : 0;
    starting.options.spare_vaults = starting.options.spare_vaults && target.fake_vaults;
    starting.options.clusters = target.fake_clusters ? starting.options.clusters : 0;
    auto servers =
        co_await FakeServers::start(starting.options, environment.clock(), environment.transport());
    if (!servers) {
        co_return propagate(servers);
    }
    (*servers)->complete(target);
    *starting.servers = std::move(*servers);
    co_return target;
}

}  // namespace

std::unique_ptr<run::Environment> make_sim(SimOptions options) {
    return std::make_unique<SimEnvironment>(std::move(options));
}

std::unique_ptr<run::Environment> make_loopback(FakeServersOptions options) {
    run::Target target;
    target.name = "loopback";
    target.fake_vaults = target.fake_clusters = true;
    target.leaf_ttl = options.leaf_ttl;
    const Starting starting{std::move(options)};
    return std::make_unique<run::SocketEnvironment>(
        "loopback", std::move(target), [starting](run::Environment& environment, run::Target t) {
            return start_fakes(starting, environment, std::move(t));
        });
}

std::unique_ptr<run::Environment> make_live(run::Target target, FakeServersOptions fakes) {
    if (!target.fake_vaults && !target.fake_clusters) {
        return std::make_unique<run::SocketEnvironment>("live", std::move(target));
    }
    const Starting starting{std::move(fakes)};
    return std::make_unique<run::SocketEnvironment>(
        "live", std::move(target), [starting](run::Environment& environment, run::Target t) {
            return start_fakes(starting, environment, std::move(t));
        });
}

}  // namespace meshproof::fakes
