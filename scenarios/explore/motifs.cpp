// What chance seldom brings in its order, as sequences of commands.
#include "scenarios/explore/motifs.hpp"

#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

using Given = std::map<std::string, std::string>;

Step at_edge(std::string edge) {
    return {"wait-for-edge", 0, {{"edge", std::move(edge)}}};
}

Step then(std::string does, double after = 0, Given with = {}) {
    return {std::move(does), after, std::move(with)};
}

Step wait_lives(double lives) {
    return then("wait", lives);
}

Step give(std::string tokens) {
    return then("change-tokens", 0, {{"tokens", std::move(tokens)}});
}

// Each ends as it found the world, or nearly so: more follows.
std::vector<Motif> all_motifs() {
    return {
        // A server that says for how long it wants to be left alone, for longer than leaves live.
        {"waits-as-told",
         {then("vault-asks-for-quiet"), wait_lives(1), wait_lives(2), then("heal-vault")}},
        {"waits-until-it-is-back",
         {then("vault-says-when-back"), wait_lives(1), wait_lives(2), then("heal-vault")}},
        // A fault that outlives leaves, and who asks when it has ended.
        {"outage-outlives-leaves",
         {then("vault-refuses"), wait_lives(1.25), then("heal-vault"), then("ask-health"),
          then("restart-pod")}},
        {"seal-and-ask",
         {then("seal"), then("ask-health"), then("restart-pod"), wait_lives(0.5), then("unseal"),
          then("ask-health")}},
        {"leader-changes",
         {then("step-down"), then("restart-pod"), wait_lives(0.75), then("step-down"),
          then("ask-health")}},
        // Everything works, and the ends of leaves and tokens come near.
        {"ends-come-near",
         {then("heal-all"), then("mend-ca"), at_edge("last-fifth"), at_edge("leaf-end")}},
        {"one-login-serves-long", {give("long"), wait_lives(1), wait_lives(7), give("usual")}},
        {"tokens-are-used-up",
         {give("one-use"), then("restart-pod"), wait_lives(1), wait_lives(1), give("usual")}},
        {"tokens-are-revoked",
         {give("long"), then("restart-all"), then("revoke-tokens"), wait_lives(1), give("usual")}},
        // Leaves come that nobody can use, until an account with the new bundle is connected.
        {"root-is-replaced",
         {then("replace-root"), then("restart-pod"), wait_lives(0.5),
          then("add-shared-account", 0, {{"account", "spare"}}),
          then("connect-ca", 0, {{"account", "spare"}}), then("restart-pod")}},
        // Fresh leaves are not valid yet by a date that is behind.
        {"date-before-leaves",
         {then("restart-pod"), then("set-clock", 0, {{"ahead", "-0.25"}}),
          then("right-clock", 0.0625)}},
        // Strangers, just after the pods' trust has changed.
        {"strangers-after-a-rotation",
         {then("rotate-issuer"), then("restart-pod"),
          then("stranger-asks", 0, {{"who", "foreign"}}), then("lead-astray"),
          then("stranger-asks", 0, {{"who", "impostor"}})}},
        // Somebody else's pods live as long as any.
        {"pods-by-hand", {then("scale-up"), wait_lives(1), wait_lives(1), then("scale-down")}},
        {"many-sign-at-once", {then("sign-at-once"), then("restart-all"), then("sign-at-once")}},
    };
}

}  // namespace

const std::vector<Motif>& motifs() {
    static const auto all = all_motifs();
    return all;
}

std::vector<Step> steps_of(const Motif& motif, const Beginning& world, Prng& prng) {
    const auto cluster = draw_field("cluster", world, prng);
    // Clusters' Vaults go round, and each cluster began with an account of its own name.
    const auto vault = cluster == "beta" && world.vaults > 1 ? "1" : "0";
    Given own = {{"cluster", cluster},
                 {"account", cluster},
                 {"other", cluster},
                 {"vault", vault},
                 {"workload", world.workloads.at(prng.below(world.workloads.size()))}};
    auto steps = motif.steps;
    for (auto& one : steps) {
        for (const auto& name : command_named(one.does)->fields) {
            if (one.with.contains(name)) {
                continue;
            }
            if (!own.contains(name)) {
                own[name] = draw_field(name, world, prng);
            }
            one.with[name] = own.at(name);
        }
    }
    return steps;
}

}  // namespace meshproof::scenarios::explore
