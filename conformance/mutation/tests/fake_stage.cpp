#include "conformance/mutation/tests/fake_stage.hpp"

#include "core/check/check_runner.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::conformance::mutation {
namespace {

using run::Feature;
using vault::Product;

/// Every private key in a saved state.
void keys_in(const nlohmann::json& state, std::vector<crypto::Key>& keys) {
    if (state.is_structured()) {
        for (const auto& part : state) {
            keys_in(part, keys);
        }
    } else if (state.is_string()) {
        const auto& text = state.get_ref<const std::string&>();
        if (text.find("PRIVATE KEY-----") != std::string::npos) {
            if (auto key = crypto::Key::from_pem(text)) {
                keys.push_back(std::move(*key));
            }
        }
    }
}

class FakeStage final : public Stage {
  public:
    run::Outcome play(const run::Check& check, Product product, run::Witness& witness) override {
        run::CheckRunnerOptions options;
        options.share_servers = false;
        options.run_id = "mutate";
        options.evidence = false;
        options.witness = &witness;
        options.environment = [&](std::uint64_t seed) {
            fakes::SimOptions sim;
            sim.seed = seed;
            sim.servers.product = product;
            sim.servers.vaults = sim.servers.clusters = 1;
            sim.servers.spare_vaults = check.features.contains(Feature::nodes) ||
                                       check.features.contains(Feature::uninitialised);
            sim.on_started = [this](fakes::FakeServers& servers) { servers_ = &servers; };
            return fakes::make_sim(std::move(sim));
        };
        auto outcome = run::run_checks({&check}, options).outcomes.at(0);
        servers_ = nullptr;
        return outcome;
    }

    std::vector<crypto::Key> keys() override {
        std::vector<crypto::Key> keys;
        if (servers_ != nullptr) {
            keys_in(servers_->vault().save(), keys);
            keys_in(servers_->kube().save(), keys);
        }
        return keys;
    }

  private:
    fakes::FakeServers* servers_ = nullptr;
};

}  // namespace

std::unique_ptr<Stage> fake_stage() {
    return std::make_unique<FakeStage>();
}

}  // namespace meshproof::conformance::mutation
