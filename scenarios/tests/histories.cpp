#include "scenarios/tests/histories.hpp"

#include <boost/system/system_error.hpp>

#include "scenarios/steps.hpp"

namespace meshproof::scenarios::histories {
namespace {

/// A machine whose date is wrong by a constant.
class SkewedClock final : public Clock {
  public:
    SkewedClock(Clock& right, Duration skew) : right_(right), skew_(skew) {}
    [[nodiscard]] Time now() const override { return right_.now() + skew_; }
    [[nodiscard]] Duration elapsed() const override { return right_.elapsed(); }
    [[nodiscard]] Task<void> sleep_for(Duration duration) override {
        return right_.sleep_for(duration);
    }

  private:
    Clock& right_;
    Duration skew_;
};

/// A sim whose servers keep the right time and whose mesh does not.
class SkewedEnvironment final : public run::Environment {
  public:
    SkewedEnvironment(std::unique_ptr<run::Environment> inner, Duration skew)
        : inner_(std::move(inner)), clock_(inner_->clock(), skew) {}

    [[nodiscard]] Clock& truth() { return inner_->clock(); }
    [[nodiscard]] std::string_view setting() const override { return inner_->setting(); }
    [[nodiscard]] Clock& clock() override { return clock_; }
    [[nodiscard]] http::Transport& transport() override { return inner_->transport(); }
    [[nodiscard]] bool virtual_time() const override { return true; }
    [[nodiscard]] bool fake_vaults() const override { return true; }
    [[nodiscard]] bool fake_clusters() const override { return true; }
    [[nodiscard]] Task<Result<run::Target>> start() override { return inner_->start(); }
    void drive(Task<void> work) override { inner_->drive(std::move(work)); }
    void post(std::function<void()> callback) override { inner_->post(std::move(callback)); }

  private:
    std::unique_ptr<run::Environment> inner_;
    SkewedClock clock_;
};

Task<void> settle(Task<void> work, std::vector<std::string>& wrong) {
    try {
        co_await std::move(work);
    } catch (const boost::system::system_error&) {
        throw;  // a cancelled wait: nobody cancels here, so it is a bug of ours
    } catch (const std::exception& ended) {
        wrong.emplace_back(ended.what());
    }
}

Task<void> play_in(run::World& world, Clock& truth, Story story, std::vector<std::string>& wrong) {
    co_await settle(world.start(), wrong);
    if (wrong.empty()) {
        co_await settle(story(world, truth), wrong);
    }
    co_await settle(world.finish(), wrong);
}

std::string workload_name(std::size_t index) {
    return fmt::format("w{}", index);
}

/// A request lasts for some turns of the wire: nobody is judged nearer to an edge than that.
constexpr Duration wire = std::chrono::milliseconds(100);

/// The longest time in which agents get a leaf from a CA that works: a few of their longest waits.
Duration recovery(const run::World& world) {
    return world.leaf_ttl() / 5;
}

}  // namespace

Setting setting(std::uint64_t seed, std::set<std::string, std::less<>> saboteurs) {
    Setting made;
    made.seed = seed;
    made.sim.seed = seed;
    made.sim.servers.vaults = 1;
    made.sim.servers.clusters = 1;
    made.sim.servers.product = seed % 2 == 0 ? vault::Product::openbao : vault::Product::vault;
    made.sim.servers.saboteurs = fakes::Saboteurs(std::move(saboteurs));
    return made;
}

std::vector<std::string> play(Setting setting, Story story) {
    std::vector<std::string> wrong;
    SkewedEnvironment environment(fakes::make_sim(setting.sim), setting.skew);
    run::World world(environment, setting.seed, "storys", std::move(setting.seams));
    environment.drive(play_in(world, environment.truth(), std::move(story), wrong));
    for (const auto* found : {&world.failures(), &world.monitors().violations()}) {
        wrong.insert(wrong.end(), found->begin(), found->end());
    }
    return wrong;
}

bool held(const rc::detail::TestResult& result, std::string& told) {
    std::ostringstream out;
    rc::detail::printResultMessage(result, out);
    told = out.str();
    return result.is<rc::detail::SuccessResult>();
}

void showValue(const Command& command, std::ostream& out) {
    using Kind = Command::Kind;
    switch (command.kind) {
        case Kind::advance:
            out << fmt::format("let {}/16 of a leaf's life pass", command.amount);
            break;
        case Kind::to_the_edge:
            out << "wait for the next leaf to end";
            break;
        case Kind::cut:
            out << "cut the way to Vault";
            break;
        case Kind::restore:
            out << "restore the way to Vault";
            break;
        case Kind::restart:
            out << fmt::format("delete the pod of workload {}", command.amount);
            break;
        case Kind::deploy:
            out << "deploy one more workload";
            break;
        case Kind::delete_account:
            out << "delete the integration account";
            break;
        case Kind::delete_issuer:
            out << "delete the issuer in Vault";
            break;
    }
}

rc::Gen<std::vector<Command>> commands(std::vector<Command::Kind> kinds, int most) {
    const auto command = rc::gen::apply(
        [](Command::Kind kind, int amount) {
            return Command{kind, kind == Command::Kind::restart ? amount % 3 : amount};
        },
        rc::gen::elementOf(std::move(kinds)), rc::gen::inRange(1, 12));
    return list_of(command, most);
}

Task<void> MeshStory::begin() {
    prepared_ = co_await world_->prepare_vault(world_->vault(), world_->kube());
    cluster_ = co_await world_->connected_cluster_with("alpha", prepared_);
    for (int i = 0; i < 3; ++i) {
        co_await deploy();
    }
    co_await check("at the beginning");
}

Task<void> MeshStory::deploy() {
    const auto name = workload_name(workloads_);
    require(co_await cluster().deploy({.name = name, .service_account = name}), "deploy " + name);
    ++workloads_;
}

Task<void> MeshStory::apply(Command command) {
    using Kind = Command::Kind;
    switch (command.kind) {
        case Kind::advance:
            co_await truth_->sleep_for(world_->leaf_ttl() * command.amount / 16);
            break;
        case Kind::to_the_edge:
            co_await to_the_edge();
            break;
        case Kind::cut:
            world_->vault().link->set(http::LinkMode::refuse);
            cut_ = true;
            break;
        case Kind::restore:
            world_->vault().link->set(http::LinkMode::pass);
            cut_ = false;
            break;
        case Kind::restart:
            co_await restart(static_cast<std::size_t>(command.amount));
            break;
        case Kind::deploy:
            co_await deploy();
            break;
        case Kind::delete_account:
            if (!account_deleted_) {
                require(co_await world_->mesh().delete_account("alpha", true),
                        "delete the account");
                account_deleted_ = true;
                co_await removed();
            }
            break;
        case Kind::delete_issuer:
            require(co_await world_->vault().admin.delete_issuer(prepared_.intermediate_mount,
                                                                 "default"),
                    "delete the issuer");
            co_await removed();
            break;
    }
}

Task<void> MeshStory::removed() {
    if (removed_) {
        co_return;
    }
    removed_ = true;
    // What was signed before and is still on the wire may arrive.
    co_await truth_->sleep_for(world_->leaf_ttl() / 1000);
    for (const auto& pod : cluster().pods()) {
        leaves_at_removal_[pod.uid] = pod.leaf ? pod.leaf->serial() : "";
    }
}

Task<void> MeshStory::to_the_edge() {
    std::optional<Time> edge;
    for (const auto& pod : cluster().pods()) {
        if (pod.leaf && valid(pod)) {
            edge = std::min(edge.value_or(end_of(*pod.leaf)), end_of(*pod.leaf));
        }
    }
    if (edge) {
        co_await truth_->sleep_until(*edge - wire);
        co_await expect_requests("just before the next leaf ends");
        co_await truth_->sleep_until(*edge);
        co_await expect_requests("just after a leaf ended");
    }
}

mesh::PodView MeshStory::pod(std::size_t workload) {
    return pod_of(cluster(), workload_name(workload));
}

// The certificate's own dates against the right clock, and nothing that the mesh says of itself.
bool MeshStory::valid(const mesh::PodView& pod) const {
    return pod.leaf && pod.leaf->not_before() <= truth_->now() && truth_->now() < end_of(*pod.leaf);
}

Task<void> MeshStory::restart(std::size_t workload) {
    const auto old_pod = pod(workload);
    require(co_await cluster().delete_pod(old_pod.name), "delete " + old_pod.name);
    // The others, at once: a restart must cost them nothing.
    const auto one = pod((workload + 1) % 3), other = pod((workload + 2) % 3);
    if (valid(one) && valid(other)) {
        const auto seen = co_await world_->mesh().request(one.name, other.name);
        world_->expect(seen.ok || !valid(one) || !valid(other),
                       "restarting {} cost {} its request to {}: {}", old_pod.workload,
                       one.workload, other.workload, seen.failure ? seen.failure->message : "");
    }
    const auto name = co_await cluster().wait_replaced(old_pod.name, recovery(*world_));
    if (!world_->expect_ok(name, "the replacement of a deleted pod")) {
        co_return;
    }
    if (ca_works()) {
        std::ignore = co_await cluster().wait_ready(recovery(*world_), old_pod.workload);
    }
    const auto now = pod(workload);
    world_->expect(now.uid != old_pod.uid && now.id == old_pod.id,
                   "the replacement of {} is the same pod or has another identity",
                   old_pod.workload);
    if (now.leaf && old_pod.leaf) {
        world_->expect(!(now.leaf->public_key() == old_pod.leaf->public_key()),
                       "the replacement of {} uses the deleted pod's key", old_pod.workload);
    }
    world_->expect(!ca_works() || valid(now),
                   "the CA works and the replacement of {} has no valid leaf: {}", old_pod.workload,
                   now.reason);
}

Task<void> MeshStory::expect_requests(std::string when) {
    for (std::size_t i = 0; i < workloads_; ++i) {
        const auto from = pod(i), to = pod((i + 1) % workloads_);
        const bool accepted = valid(from) && valid(to);
        const auto seen = co_await world_->mesh().request(from.name, to.name);
        // Renewals go on beside us, and a leaf may have ended meanwhile.
        const auto from_now = pod(i), to_now = pod((i + 1) % workloads_);
        if ((valid(from_now) && valid(to_now)) != accepted) {
            continue;
        }
        world_->expect(seen.ok == accepted, "{}: a request {} -> {} was {} with {} leaves{}", when,
                       from.workload, to.workload, seen.ok ? "accepted" : "refused",
                       accepted ? "valid" : "invalid or no",
                       seen.failure ? ": " + seen.failure->message : "");
    }
}

void MeshStory::expect_nothing_new(const std::string& when) {
    for (const auto& pod : cluster().pods()) {
        const auto before = leaves_at_removal_.find(pod.uid);
        const auto had = before == leaves_at_removal_.end() ? std::string() : before->second;
        const auto has = pod.leaf ? pod.leaf->serial() : std::string();
        world_->expect(has == had, "{}: the pod of {} got a leaf though the CA was removed", when,
                       pod.workload);
    }
}

Task<void> MeshStory::check(std::string when) {
    if (!cut_) {
        // Without a CA as well: a leaf that must not come has its time to come.
        const bool ready = co_await cluster().wait_ready(recovery(*world_));
        world_->expect(ready || removed_, "{}: the CA works and a pod is not ready", when);
    }
    if (removed_) {
        expect_nothing_new(when);
    }
    for (const auto& pod : cluster().pods()) {
        world_->expect(pod.ready == valid(pod), "{}: the pod of {} is {} with {} leaf", when,
                       pod.workload, pod.ready ? "ready" : "not ready",
                       valid(pod) ? "a valid" : "no valid");
    }
    co_await expect_requests(when);
}

namespace {

std::string shown(const Command& command) {
    std::ostringstream out;
    showValue(command, out);
    return out.str();
}

Task<void> tell_in(run::World& world, Clock& truth, std::vector<Command> history) {
    MeshStory story(world, truth);
    co_await story.begin();
    for (const auto& command : history) {
        co_await story.apply(command);
        co_await story.check("after \"" + shown(command) + "\"");
        if (!world.failures().empty()) {
            co_return;  // what follows from the first failure tells nothing new
        }
    }
}

}  // namespace

std::vector<std::string> tell(Setting setting, const std::vector<Command>& history) {
    return play(std::move(setting), [history](run::World& world, Clock& truth) {
        return tell_in(world, truth, history);
    });
}

}  // namespace meshproof::scenarios::histories
