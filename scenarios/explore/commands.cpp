#include "scenarios/explore/commands.hpp"

#include "scenarios/steps.hpp"

namespace meshproof::scenarios::explore {
namespace {

using Pool = std::vector<std::string>;

Pool first(Pool names, int count) {
    names.resize(std::min(names.size(), static_cast<std::size_t>(count)));
    return names;
}

// What a field is drawn from. Names that do not exist yet are among them: a history makes them.
Pool pool_of(const std::string& name, const Beginning& world) {
    auto clusters = first({"alpha", "beta"}, world.clusters);
    if (name == "cluster") {
        return clusters;
    }
    if (name == "account" || name == "other") {
        clusters.insert(clusters.end(), {"spare", "next"});
        return clusters;
    }
    if (name == "vault") {
        return first({"0", "1"}, world.vaults);
    }
    if (name == "workload") {
        auto workloads = world.workloads;
        workloads.insert(workloads.end(), {"late", "later"});
        return workloads;
    }
    static const std::map<std::string, Pool, std::less<>> fixed = {
        {"replicas", {"1", "1", "2", "3"}},
        {"divisor", {"2", "3", "4"}},
        {"edge", {"leaf-end", "leaf-end", "renewal", "last-fifth", "token-end", "issuer-end"}},
        {"lives", {"2", "3"}},
        {"tokens", {"usual", "long", "long", "short", "batch", "one-use", "one-use", "two-uses"}},
        {"to", {"second", "first", "stranger"}},
        {"which", {"config", "trust"}},
        {"ahead", {"0.25", "-0.25", "0.5", "-0.5", "2", "-2"}},
        {"namespace", {"shop", "bank"}},
        {"who", {"nobody", "impostor", "foreign", "foreign"}},
        {"clients", {"2", "4", "8"}},
        {"each", {"1", "2", "3"}},
    };
    return fixed.at(name);
}

Task<void> nothing(Play&, Step) {
    co_return;
}

/// Nobody waits longer for the end of a token or an issuer: those that history has go on for
/// months.
constexpr int lives_to_wait = 4;

// The next of some moments by the right clock, if it is soon.
std::optional<Time> next_of(const Play& play, const std::vector<Time>& ends) {
    std::optional<Time> next;
    for (const auto& end : ends) {
        if (end > play.truth() && end - play.truth() <= play.model.leaf() * lives_to_wait) {
            next = std::min(next.value_or(end), end);
        }
    }
    return next;
}

std::optional<Time> end_of_an_issuer(const Play& play) {
    std::vector<Time> ends;
    for (const auto& [name, ca] : play.model.cas) {
        if (ca.issuer_until) {
            ends.push_back(*ca.issuer_until);
        }
    }
    return next_of(play, ends);
}

// What the agent of a pod that is there got with a login ends so long after it.
std::optional<Time> end_of_a_token(const Play& play) {
    std::map<std::string, const RealCa*> cas;  // by pod
    for (const auto& [name, cluster] : play.clusters) {
        const auto account =
            play.model.accounts.find(play.model.clusters.find(name)->second.account);
        if (account != play.model.accounts.end()) {
            for (const auto& pod : cluster.pods()) {
                cas[fmt::format("{}/{}", name, pod.name)] =
                    &play.cas.find(account->second.ca)->second;
            }
        }
    }
    std::vector<Time> ends;
    const auto elapsed = play.environment.truth().elapsed();
    for (const auto& event : play.world.trace().events()) {
        const auto ca = cas.lower_bound(event.actor);  // the trace leaves out the run's id
        if (event.kind == "login ok" && ca != cas.end() && ca->first.starts_with(event.actor) &&
            event.at >= ca->second->tokens_since) {
            ends.push_back(play.truth() + (event.at + ca->second->token_life - elapsed));
        }
    }
    return next_of(play, ends);
}

// What is left of a leaf at such a moment. Who may renew has always more than a fifth.
Duration left_at(std::string_view edge, Duration life) {
    if (edge == "renewal") {
        return life / 3;
    }
    return edge == "last-fifth" ? life / 5 : Duration::zero();
}

// The first moment at which the next leaf is no longer valid, or from which it is renewed; or the
// like of what it came from.
std::optional<Time> edge_of(Play& play, const Step& step) {
    if (field(step, "edge") == "issuer-end") {
        return end_of_an_issuer(play);
    }
    if (field(step, "edge") == "token-end") {
        return end_of_a_token(play);
    }
    std::optional<Time> edge;
    for (const auto& pod : play.pods()) {
        if (!pod.until || !play.model.valid(pod, play.truth(), {}).value_or(false)) {
            continue;
        }
        const auto life = std::min(*pod.until - *pod.from, play.model.leaf());
        const auto by_truth = *pod.until - left_at(field(step, "edge"), life) - play.model.skew;
        if (by_truth > play.truth()) {
            edge = std::min(edge.value_or(by_truth), by_truth);
        }
    }
    return edge;
}

}  // namespace

void renew_where_it_works(Play& play) {
    play.disturbed = true;
    for (auto& [name, cluster] : play.clusters) {
        const auto account = play.model.accounts.find(play.model.clusters[name].account);
        if (play.model.works(name) && !play.model.cas.find(account->second.ca)->second.few_uses) {
            cluster.renew_now();
        }
    }
}

namespace {

Task<void> wait_for_edge(Play& play, Step step) {
    const auto edge = edge_of(play, step);
    if (!edge) {
        co_return;
    }
    const auto kind = field(step, "edge");
    // A token's end shows by what is asked with it.
    auto& clock = play.environment.truth();
    co_await clock.sleep_until(*edge - std::max(play.near(), as_written("100ms")));
    if (kind == "token-end") {
        renew_where_it_works(play);
    }
    co_await requests(play, "just before the edge", true);
    co_await clock.sleep_until(*edge + play.near());
    if (kind == "token-end") {
        renew_where_it_works(play);
        play.reach("a token ended while its pod lived");
    } else if (kind == "issuer-end") {
        play.reach("an issuer ended");
    }
    co_await requests(play, "just after the edge", true);
}

std::string no_edge(const Play& play, const Step& step) {
    if (play.clusters.empty()) {
        return "there is no cluster";
    }
    if (field(step, "edge") == "issuer-end") {
        return end_of_an_issuer(play) ? "" : "no issuer ends soon";
    }
    return field(step, "edge") == "token-end" && !end_of_a_token(play) ? "no token ends soon" : "";
}

Task<void> set_clock(Play& play, Step step) {
    play.model.skew = std::chrono::floor<std::chrono::seconds>(
        part_of(play.model.leaf(), number_of(step, "ahead", 0.0)));
    play.environment.mesh_clock().skew(play.model.skew);
    play.fault_ends(wrong_date);
    if (play.model.skew != Duration::zero()) {
        play.model.skewed_once = true;
        play.fault_begins(std::string(wrong_date));
        play.reach("the mesh's date was wrong");
    }
    co_return;
}

Task<void> right_clock(Play& play, Step) {
    play.model.skew = {};
    play.environment.mesh_clock().skew({});
    play.fault_ends(wrong_date);
    co_return;
}

Task<void> heal_all(Play& play, Step) {
    co_await heal(play);
}

}  // namespace

std::string no_secret(const Play& play, const Step&) {
    const auto found = play.model.clusters.find("alpha");
    if (found == play.model.clusters.end() || found->second.account.empty()) {
        return "the mesh keeps no configuration in alpha";
    }
    return !play.model.kube_answers("alpha") || found->second.unsure
               ? "the API server of alpha is away"
               : "";
}

namespace {

const char* key_of(const Step& step) {
    return field(step, "which") == "trust" ? trust_key : config_key;
}

Task<void> delete_secret(Play& play, Step step) {
    play.reach("somebody changed a Secret of the mesh");
    co_await delete_mesh_secret(play.world, key_of(step));
}

Task<void> edit_secret(Play& play, Step step) {
    play.reach("somebody changed a Secret of the mesh");
    std::map<std::string, std::string> data;
    data[key_of(step)] = "";
    co_await patch_mesh_secret(play.world, key_of(step), data, false);
}

Rows other_rows() {
    return {
        {"wait", "time", 4, {}, always, nothing},
        {"wait-for-edge", "time", 3, {"edge"}, no_edge, wait_for_edge},
        {"set-clock", "clock", 1, {"ahead"}, always, set_clock},
        {"right-clock", "clock", 1, {}, always, right_clock},
        {"heal-all", "wire", 3, {}, always, heal_all},
        {"delete-secret", "secrets", 1, {"which"}, no_secret, delete_secret},
        {"edit-secret", "secrets", 1, {"which"}, no_secret, edit_secret},
    };
}

std::vector<Command> all_rows() {
    std::vector<Command> all;
    for (auto rows : {other_rows(), pod_rows(), scale_rows(), account_rows(), cluster_rows(),
                      together_rows(), vault_rows(), auth_rows(), issuer_rows(), wire_rows(),
                      stranger_rows(), accident_rows(), load_rows()}) {
        all.insert(all.end(), rows.begin(), rows.end());
    }
    std::ranges::sort(all, {}, [](const Command& row) { return std::pair(row.group, row.name); });
    return all;
}

}  // namespace

const std::vector<Command>& commands() {
    static const auto all = all_rows();
    return all;
}

const Command* command_named(std::string_view name) {
    const auto found = std::ranges::find(commands(), name, &Command::name);
    return found == commands().end() ? nullptr : &*found;
}

std::vector<std::string> groups() {
    std::vector<std::string> names;
    for (const auto& command : commands()) {
        if (names.empty() || names.back() != command.group) {
            names.push_back(command.group);
        }
    }
    return names;
}

const Vocabulary& vocabulary() {
    static const auto known = [] {
        Vocabulary words;
        for (const auto& command : commands()) {
            words[command.name] = command.fields;
        }
        return words;
    }();
    return known;
}

std::string draw_field(const std::string& name, const Beginning& world, Prng& prng) {
    const auto pool = pool_of(name, world);
    return pool.at(prng.below(pool.size()));
}

std::string field(const Step& step, std::string_view name) {
    const auto found = step.with.find(std::string(name));
    return found == step.with.end() ? std::string() : found->second;
}

std::string always(const Play&, const Step&) {
    return {};
}

std::string no_such_cluster(const Play& play, const Step& step) {
    const auto name = field(step, "cluster");
    return play.model.clusters.contains(name) ? std::string()
                                              : fmt::format("there is no cluster {}", name);
}

std::string no_cluster(const Play& play, const Step& step) {
    const auto why = no_such_cluster(play, step);
    const auto name = field(step, "cluster");
    return why.empty() && !play.model.kube_answers(name)
               ? fmt::format("the API server of {} is away", name)
               : why;
}

std::string no_vault(const Play& play, const Step& step) {
    const auto name = field(step, "vault");
    const bool there = name == "0" || (name == "1" && play.history.world.vaults > 1);
    return there ? std::string() : fmt::format("there is no vault-{}", name);
}

std::string no_account(const Play& play, const Step& step) {
    const auto name = field(step, "account");
    return play.model.accounts.contains(name) ? std::string()
                                              : fmt::format("there is no account {}", name);
}

mesh::Cluster cluster_of(Play& play, const Step& step) {
    return play.clusters.find(field(step, "cluster"))->second;
}

namespace {

// It costs a login and a signature for each identity, so not after each step.
constexpr std::size_t steps_between_health_checks = 5;

}  // namespace

Task<void> take(Play& play, Step step) {
    if (step.after > 0) {
        co_await play.environment.truth().sleep_for(part_of(play.model.leaf(), step.after));
    }
    const auto* command = command_named(step.does);
    Told told{.at = play.now(),
              .date = play.truth(),
              .text = text_of(step),
              .skipped = command == nullptr ? fmt::format("no command is named {}", step.does)
                                            : command->why_not(play, step),
              .wrong = {}};
    const auto index = play.record.steps.size();
    play.record.steps.push_back(told);
    play.wrong.clear();
    play.world.note("step {}: {}{}", index + 1, told.text,
                    told.skipped.empty() ? "" : " (skipped: " + told.skipped + ")");
    if (told.skipped.empty()) {
        co_await command->apply(play, step);
    }
    if (told.skipped.empty() || step.after > 0) {
        const auto when = fmt::format("after step {}, {}", index + 1, told.text);
        co_await check(play, when);
        if (index % steps_between_health_checks == 0) {
            co_await check_namespace(play, all_clusters, when);
        }
    }
    play.record.steps[index].wrong = play.wrong;
}

}  // namespace meshproof::scenarios::explore
