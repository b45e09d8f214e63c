// How a history is drawn, and what the properties are.
#include "core/base/text.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/explore/explore.hpp"
#include "scenarios/explore/motifs.hpp"

namespace meshproof::scenarios::explore {
namespace {

/// How often each command is drawn in one run.
struct Weights {
    std::map<std::string, int> groups;  ///< 0 = none of it
    std::map<std::string, int> commands;
    std::vector<const Motif*> motifs;  ///< those that it has
};

bool among(std::string_view name, const std::vector<std::string_view>& names) {
    return std::ranges::find(names, name) != names.end();
}

// Swarm testing: a run that does little of most and much of some reaches what an even mix never
// does (a queue that is drained as often as it is filled never fills).
Weights draw_weights(Prng prng, const Property& property) {
    constexpr std::array group_weights = {0, 1, 1, 2, 4};
    constexpr double left_out = 0.25;
    constexpr int focus = 3;
    Weights weights;
    for (const auto& group : groups()) {
        auto weight = group_weights.at(prng.below(group_weights.size()));
        if (among(group, property.groups)) {
            weight = std::max(weight, 1) * focus;
        }
        weights.groups[group] = group == "time" ? std::max(weight, 2) : weight;
    }
    for (const auto& command : commands()) {
        const bool wanted = among(command.name, property.commands);
        const bool out = prng.chance(left_out) && !wanted && command.group != "time";
        const int its = out ? 0 : command.weight * weights.groups[command.group];
        weights.commands[command.name] = wanted ? std::max(its, 1) * focus : its;
    }
    constexpr double has_motif = 0.5;
    auto chance = prng.fork("motifs");
    for (const auto& motif : motifs()) {
        if (chance.chance(has_motif)) {
            weights.motifs.push_back(&motif);
        }
    }
    return weights;
}

const Command& draw_command(const Weights& weights, Prng& prng) {
    std::uint64_t sum = 0;
    for (const auto& [name, weight] : weights.commands) {
        sum += static_cast<std::uint64_t>(weight);
    }
    auto drawn = prng.below(sum);
    for (const auto& [name, weight] : weights.commands) {
        const auto its = static_cast<std::uint64_t>(weight);
        if (drawn < its) {
            return *command_named(name);
        }
        drawn -= its;
    }
    return *command_named("wait");
}

// What a Vault of so few processors signs is so slow that a few clients keep it busy.
void draw_capacity(Beginning& world, Prng& prng) {
    static const std::vector<int> times_ms = {50, 100, 200};
    world.signers = 1 + static_cast<int>(prng.below(3));
    world.signing_ms = times_ms.at(prng.below(times_ms.size()));
}

// What is special of a world hides what is not: at most one such thing, and mostly none.
void draw_speciality(Beginning& world, Prng& prng) {
    constexpr double special = 0.5;
    if (!prng.chance(special)) {
        return;
    }
    // A public root, which few clusters have, least often.
    enum class Kind { replicas, vault_namespace, public_root, nodes, busy };
    static const std::vector<Kind> kinds = {
        Kind::replicas,    Kind::replicas, Kind::vault_namespace, Kind::vault_namespace,
        Kind::public_root, Kind::nodes,    Kind::nodes,           Kind::busy};
    switch (kinds.at(prng.below(kinds.size()))) {
        case Kind::replicas:
            world.replicas = 2 + static_cast<int>(prng.below(2));
            break;
        case Kind::vault_namespace:
            world.vault_namespace = true;
            world.product = vault::Product::openbao;  // for everybody only there
            break;
        case Kind::public_root:
            world.public_root = true;
            break;
        case Kind::nodes:
            world.nodes = 3;
            break;
        case Kind::busy:
            draw_capacity(world, prng);
            break;
    }
}

// Nothing special is left, but for what the property is about.
void make_plain(Beginning& world, const Property& property) {
    Beginning plain;
    plain.vaults = world.vaults;
    plain.clusters = world.clusters;
    plain.product = world.product;
    plain.workloads = std::move(world.workloads);
    if (property.busy) {
        plain.signers = world.signers;
        plain.signing_ms = world.signing_ms;
    }
    world = std::move(plain);
}

Beginning draw_world(Prng prng, const Property& property) {
    Beginning world;
    world.clusters = prng.chance(0.3) ? 2 : 1;
    world.vaults = prng.chance(0.3) ? 2 : 1;
    world.product = prng.chance(0.5) ? vault::Product::vault : vault::Product::openbao;
    world.token_type = prng.chance(0.2) ? "batch" : "";
    world.workloads.resize(2 + prng.below(2));
    constexpr double other_tokens = 0.24;
    if (prng.chance(other_tokens)) {
        static const std::vector<std::string> kinds = {"long", "long", "long", "one-use",
                                                       "two-uses"};
        world.tokens = kinds.at(prng.below(kinds.size()));
    }
    draw_speciality(world, prng);
    if (property.busy && world.signers == 0) {
        draw_capacity(world, prng);
    }
    return world;
}

// In lives of a leaf: mostly shorter than until a renewal, sometimes a week of leaves that live a
// day.
double draw_wait(const Command& command, Prng& prng) {
    static const std::vector<double> short_waits = {0, 0, 0, 0.001, 0.0625, 0.125, 0.25};
    static const std::vector<double> long_waits = {0.125, 0.125, 0.25, 0.25, 0.5, 0.5, 0.5, 0.5,
                                                   1,     1,     1,    1,    2,   2,   2,   7};
    const auto& pool = command.name == "wait" ? long_waits : short_waits;
    return pool.at(prng.below(pool.size()));
}

Step draw_step(const Weights& weights, const Beginning& world, Prng& prng) {
    const auto& command = draw_command(weights, prng);
    Step step;
    step.does = command.name;
    step.after = draw_wait(command, prng);
    for (const auto& field : command.fields) {
        step.with[field] = draw_field(field, world, prng);
    }
    return step;
}

// A step of its own, or a motif: often at the very beginning, where nothing stands in its way yet.
std::vector<Step> draw_some(const Weights& weights, const Beginning& world, bool first,
                            Prng& prng) {
    constexpr double motif_first = 0.4, motif_later = 0.12;
    if (!weights.motifs.empty() && prng.chance(first ? motif_first : motif_later)) {
        return steps_of(*weights.motifs.at(prng.below(weights.motifs.size())), world, prng);
    }
    return {draw_step(weights, world, prng)};
}

}  // namespace

const std::vector<Property>& properties() {
    static const std::vector<Property> all = {
        {"expiry",
         "a leaf is accepted exactly within its validity, and renewed in time",
         {"time", "wire"},
         {"wait-for-edge", "shorten-leaves", "short-leaves", "rotate-to-short-issuer", "heal-all",
          "seal", "restart-pod"}},
        {"ca-deletion",
         "after its CA is deleted a pod talks until its leaf ends, and never gets another",
         {"time"},
         {"delete-issuer", "delete-account-understood", "restart-pod", "wait-for-edge"}},
        {"pod-restart",
         "a restart costs no traffic while the CA works, and gives nothing after it",
         {"pods"},
         {"delete-issuer", "delete-account-understood", "unseal", "connect-anew"}},
        {"replacement",
         "another CA ends no mTLS between good leaves, and gives the next ones",
         {"accounts", "pods"},
         {"connect-ca", "add-account", "restart-all", "connect-in-outage", "connect-anew"}},
        {"trust",
         "no handshake across CAs, and none lost in a correct rotation",
         {"vault", "secrets", "strangers"},
         {"rotate-issuer", "cross-sign-root", "add-shared-account", "connect-ca", "add-account",
          "hold-trust"}},
        {"identity",
         "no pod ever holds a leaf for another id, and no client takes another's",
         {"pods", "strangers"},
         {"deploy", "rename-service-account"}},
        {"accounts",
         "accounts keep the page's rules, also at once and half done",
         {"accounts", "wire"},
         {"kube-refuses", "heal-kube", "connect-two-at-once", "edit-and-delete",
          "connect-and-delete", "delete-account", "rename-service-account", "connect-in-outage"}},
        {"cost",
         "no history makes a storm: refused requests count",
         {"wire", "vault"},
         {"forbid-signing", "deny-logins", "revoke-tokens", "vault-asks-for-quiet",
          "vault-throttles", "limit-signing", "change-tokens", "restart-pod", "mend-ca", "wait"}},
        {"health",
         "health says what a pod would find",
         {"health", "vault"},
         {"ask-health", "kube-refuses", "mend-ca"}},
        {"dates",
         "a wrong date of the mesh ends when it is right again",
         {"clock", "time"},
         {"set-clock", "right-clock", "jump-clock"}},
        {"throughput",
         "every signing request is answered once, for its own key, as fast as the Vault signs",
         {"load"},
         {"sign-at-once", "restart-all", "seal", "unseal", "step-down", "vault-says-when-back",
          "heal-vault"},
         /*busy=*/true},
    };
    return all;
}

const Property* property_named(std::string_view name) {
    const auto found = std::ranges::find(properties(), name, &Property::name);
    return found == properties().end() ? nullptr : &*found;
}

std::uint64_t seed_of_run(std::uint64_t seed, std::size_t run) {
    // Files hold whole numbers that are not negative.
    return Prng(seed).fork(fmt::format("run {}", run)).seed() >> 1U;
}

History draw_run(std::uint64_t seed, std::size_t run, const Property& property, std::size_t steps) {
    return draw_history(seed_of_run(seed, run), property, steps, opening_of(seed, run));
}

History draw_history(std::uint64_t seed, const Property& property, std::size_t steps,
                     const Motif* opening) {
    const Prng chance(seed);
    History history;
    history.name = fmt::format("{}-{}", property.name, seed);
    history.property = std::string(property.name);
    history.seed = seed;
    history.world = draw_world(chance.fork("world"), property);
    if (opening != nullptr && opening->world != nullptr) {
        make_plain(history.world, property);
        opening->world(history.world);
    }
    const auto weights = draw_weights(chance.fork("weights"), property);
    if (opening != nullptr) {
        auto prng = chance.fork("opening");
        history.steps = steps_of(*opening, history.world, prng);
    }
    for (std::size_t i = 0; history.steps.size() < steps; ++i) {
        // Each draw has chance of its own, so that one more in it moves no other.
        auto prng = chance.fork(fmt::format("step {}", i));
        const bool first = i == 0 && opening == nullptr;
        for (auto& step : draw_some(weights, history.world, first, prng)) {
            history.steps.push_back(std::move(step));
        }
    }
    history.steps.resize(steps);
    return history;
}

std::string weights_of(std::uint64_t seed, const Property& property) {
    const auto weights = draw_weights(Prng(seed).fork("weights"), property);
    std::vector<std::string> told;
    for (const auto& [group, weight] : weights.groups) {
        if (weight == 0) {
            told.push_back("no " + group);
            continue;
        }
        std::vector<std::string> out;
        for (const auto& command : commands()) {
            if (command.group == group && weights.commands.at(command.name) == 0) {
                out.push_back(command.name);
            }
        }
        told.push_back(fmt::format("{} {}{}", group, weight,
                                   out.empty() ? "" : " (without " + join(out, ", ") + ")"));
    }
    std::vector<std::string> motifs;
    for (const auto* motif : weights.motifs) {
        motifs.emplace_back(motif->name);
    }
    told.push_back("motifs " + (motifs.empty() ? "none" : join(motifs, ", ")));
    return join(told, ", ");
}

}  // namespace meshproof::scenarios::explore
