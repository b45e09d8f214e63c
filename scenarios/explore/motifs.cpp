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

// Another account of this cluster, on a PKI of its own.
Step add_next() {
    return then("add-account", 0, {{"account", "next"}});
}
Step to_next(std::string does, double after = 0) {
    return then(std::move(does), after, {{"account", "next"}});
}

void with_many_pods(Beginning& world) {
    world.replicas = 3;
}
void with_two_clusters(Beginning& world) {
    world.clusters = 2;
}
void in_a_namespace(Beginning& world) {
    world.vault_namespace = true;
    world.product = vault::Product::openbao;  // for everybody only there
}
void below_a_public_root(Beginning& world) {
    world.public_root = true;
}
void with_three_nodes(Beginning& world) {
    world.nodes = 3;
}
void with_few_signers(Beginning& world) {
    world.signers = 1;
    world.signing_ms = 100;
}

// Servers that are asked in vain. Each motif ends as it found the world, or nearly so: more
// follows.
std::vector<Motif> of_servers() {
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
        {"leaves-end", {then("vault-refuses"), at_edge("leaf-end"), then("heal-vault")}},
        {"leader-changes",
         {then("step-down"), then("restart-pod"), wait_lives(0.75), then("step-down"),
          then("ask-health")},
         with_three_nodes},
        {"reviews-stop", {then("review-refuses"), then("ask-health"), then("heal-review")}},
        {"role-is-mended",
         {then("forbid-signing"), then("ask-health"), then("restart-pod"), then("mend-ca", 0.1)}},
        {"issuer-goes-and-comes",
         {wait_lives(0.125), then("delete-issuer"), then("ask-health"), wait_lives(0.75),
          then("rotate-issuer")}},
        {"many-sign-at-once",
         {then("sign-at-once", 0, {{"clients", "4"}}), then("restart-all"), then("sign-at-once")},
         with_few_signers},
        {"vaults-date-jumps",
         {then("jump-vault-clock", 0, {{"ahead", "0.5"}}), wait_lives(0.5),
          then("jump-vault-clock", 0, {{"ahead", "-0.5"}})}},
    };
}

// Everything works, and the ends of leaves and tokens come near; or dates do that do not agree.
std::vector<Motif> of_time() {
    return {
        {"ends-come-near",
         {then("heal-all"), then("mend-ca"), at_edge("last-fifth"), at_edge("leaf-end")}},
        {"renewals-are-spread", {wait_lives(0.3), wait_lives(0.6)}, with_many_pods},
        {"leaves-get-short", {then("short-leaves"), wait_lives(0.5)}},
        {"one-login-serves-long", {give("long"), wait_lives(1), wait_lives(7), give("usual")}},
        {"tokens-are-used-up",
         {give("one-use"), then("restart-pod"), wait_lives(1), wait_lives(1), give("usual")}},
        {"tokens-are-revoked",
         {give("long"), then("restart-all"), then("revoke-tokens"), wait_lives(1), give("usual")}},
        // Fresh leaves are not valid yet by a date that is behind.
        {"date-before-leaves",
         {then("restart-pod"), then("set-clock", 0, {{"ahead", "-0.25"}}),
          then("right-clock", 0.0625)}},
        {"date-jumps-ahead", {then("jump-clock", 0, {{"ahead", "2"}}), wait_lives(1)}},
    };
}

// CAs that change, and what people do with accounts.
std::vector<Motif> of_accounts() {
    return {
        // Leaves come that nobody can use, until an account with the new bundle is connected.
        {"root-is-replaced",
         {then("replace-root"), then("restart-pod"), wait_lives(0.5),
          then("add-shared-account", 0, {{"account", "spare"}}),
          then("connect-ca", 0, {{"account", "spare"}}), then("restart-pod")}},
        // Until the last leaf of before has ended, and then until its anchor must be gone.
        {"another-ca",
         {add_next(), to_next("connect-ca"), then("restart-pod"), wait_lives(1.5),
          wait_lives(0.25)}},
        {"another-ca-in-an-outage", {add_next(), to_next("connect-in-outage")}},
        // Longer than leaves live nobody can be told, and then pods come before they are.
        {"anchors-in-an-outage",
         {then("kube-throttles"), wait_lives(2), add_next(), to_next("connect-ca"),
          then("heal-all", 0.4)},
         with_many_pods},
        {"connected-anew", {add_next(), to_next("connect-anew"), wait_lives(0.125)}},
        {"out-of-sync",
         {then("kube-refuses"), then("rename-service-account", 0, {{"to", "second"}}),
          then("ask-health"), then("heal-kube"), wait_lives(0.25)}},
        {"account-in-use",
         {then("add-account-again"), then("delete-account"), then("change-trust-domain"),
          then("delete-account-understood"), at_edge("leaf-end")}},
        {"secrets-by-hand",
         {then("delete-secret", 0, {{"which", "config"}}),
          then("edit-secret", 0.125, {{"which", "trust"}}), then("hold-trust", 0.125)}},
        {"two-clusters", {wait_lives(0.125), then("ask-health")}, with_two_clusters},
        {"below-a-public-root", {wait_lives(0.125), then("restart-pod")}, below_a_public_root},
        {"in-a-namespace", {wait_lives(0.125), then("restart-pod")}, in_a_namespace},
    };
}

std::vector<Motif> of_pods() {
    return {
        // Strangers, just after the pods' trust has changed.
        {"strangers-after-a-rotation",
         {then("rotate-issuer"), then("restart-pod"),
          then("stranger-asks", 0, {{"who", "foreign"}}), then("lead-astray"),
          then("stranger-asks", 0, {{"who", "impostor"}}), then("stranger-logs-in")}},
        // Somebody else's pods live as long as any.
        {"pods-by-hand", {then("scale-up"), wait_lives(1), wait_lives(1), then("scale-down")}},
        {"service-account-is-deleted", {then("delete-service-account"), wait_lives(0.25)}},
        {"defined-anew",
         {then("redefine-workload", 0, {{"replicas", "2"}}), wait_lives(0.125),
          then("redefine-workload", 0, {{"replicas", "1"}})}},
        {"node-agent-begins-anew",
         {wait_lives(0.125), then("restart-node-agent"), then("seal"), then("restart-node-agent"),
          wait_lives(0.125), then("unseal")}},
    };
}

std::vector<Motif> all_motifs() {
    std::vector<Motif> all;
    for (auto some : {of_servers(), of_time(), of_accounts(), of_pods()}) {
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace

const std::vector<Motif>& motifs() {
    static const auto all = all_motifs();
    return all;
}

const Motif* opening_of(std::uint64_t seed, std::size_t run) {
    constexpr std::size_t without_one = 4;  // of as many runs: they begin as chance has it
    std::vector<const Motif*> order;
    for (const auto& motif : motifs()) {
        order.push_back(&motif);
    }
    order.insert(order.end(), order.size() / without_one, nullptr);
    auto chance = Prng(seed).fork(fmt::format("openings {}", run / order.size()));
    for (auto left = order.size(); left > 1; --left) {
        std::swap(order[left - 1], order[chance.below(left)]);
    }
    return order[run % order.size()];
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
