#pragma once

#include "core/world/world.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::run {

inline std::unique_ptr<Environment> sim(std::uint64_t seed, std::size_t vaults,
                                        std::size_t clusters,
                                        vault::Product product = vault::Product::openbao) {
    fakes::SimOptions options;
    options.seed = seed;
    options.servers.product = product;
    options.servers.vaults = vaults;
    options.servers.clusters = clusters;
    return fakes::make_sim(std::move(options));
}

/// One world on fake servers in virtual time, and stories that are told on it.
class Stage {
  public:
    using Story = Task<void> (*)(World& world);

    explicit Stage(vault::Product product = vault::Product::openbao)
        : environment_(sim(1, 1, 1, product)) {}

    /// Tells the story on a started world. What it throws comes out here.
    void play(Story story) { environment_->drive(start_and_tell(story)); }
    [[nodiscard]] World& world() { return world_; }

  private:
    [[nodiscard]] Task<void> start_and_tell(Story story) {
        co_await world_.start();
        co_await story(world_);
    }

    std::unique_ptr<Environment> environment_;
    World world_{*environment_, 1, "r1r1r1"};
};

}  // namespace meshproof::run
