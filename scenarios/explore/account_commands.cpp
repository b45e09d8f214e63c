// What people do with integration accounts, and which of it is refused.
#include "core/base/text.hpp"
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {

std::string label_of(std::string_view account) {
    return fmt::format("Certificate Authority: {}", account);
}

namespace {

std::string taken(const Play& play, const Step& step) {
    const auto name = field(step, "account");
    if (play.model.accounts.contains(name)) {
        return fmt::format("there is an account {} already", name);
    }
    auto missing = no_vault(play, step);
    if (missing.empty()) {
        missing = no_such_cluster(play, step);
    }
    if (!missing.empty()) {
        return missing;
    }
    const auto ca = play.model.cas.find(name);
    const auto vault =
        ca == play.model.cas.end() ? "vault-" + field(step, "vault") : ca->second.vault;
    return play.model.sealed.contains(vault) ? vault + " is sealed" : "";
}

Task<void> add(Play& play, Step step) {
    const auto name = field(step, "account");
    co_await make_ca(play, name, field(step, "cluster"), field(step, "vault") == "1" ? 1 : 0);
    const auto added = add_account(play, name);
    play.expect(added.has_value(), "accounts", "adding the account {}: {}", name,
                added ? "" : added.error().message);
}

// A name and a label are one account's.
Task<void> add_again(Play& play, Step step) {
    const auto name = field(step, "account");
    const auto& real = play.cas.find(play.model.accounts[name].ca)->second;
    auto spec = play.world.account_for(real.prepared, name);
    const auto twice = play.world.mesh().add_account(spec);
    play.expect(!twice, "accounts", "a second account {} was added", name);
    spec.name = name + "-twin";
    spec.label = label_of(name);
    const auto label = play.world.mesh().add_account(spec);
    play.expect(!label, "accounts", "a second account has the label \"{}\"", spec.label);
    co_return;
}

Task<void> describe(Play& play, Step step) {
    const auto done = co_await play.world.mesh().edit_account(
        field(step, "account"),
        {.description = fmt::format("described at {}", rfc3339(play.truth())),
         .service_account = {}});
    play.expect(done.has_value(), "accounts", "editing a description: {}",
                done ? "" : done.error().message);
}

// What the account names, the cluster has from now on, and what it named before it has no longer.
void note_names(Play& play, const std::vector<std::string>& clusters) {
    for (const auto& name : clusters) {
        const auto account = play.model.accounts.find(play.model.clusters[name].account);
        if (account != play.model.accounts.end()) {
            play.named[name].insert(account->second.service_account);
        }
        play.to_look_at.insert(name);
    }
}

bool doubted(const Play& play) {
    return std::ranges::any_of(play.model.clusters,
                               [](const auto& entry) { return entry.second.unsure; });
}

}  // namespace

std::string service_account_of(Play& play, const Step& step) {
    const auto& account = play.model.accounts[field(step, "account")];
    const auto& real = play.cas.find(account.ca)->second;
    const auto to = field(step, "to");
    return to == "first"    ? real.prepared.service_account
           : to == "second" ? real.second_account
                            : play.world.name("stranger-" + account.ca);
}

void renamed(Play& play, const std::string& account, const std::string& service_account) {
    const auto users = play.model.users(account);
    if (!users.empty()) {
        play.reach("a service account was renamed");
    }
    for (const auto& user : users) {
        play.model.doubt(user);
    }
    play.model.accounts[account].service_account = service_account;
    note_names(play, users);
}

Task<void> rename_one(Play& play, std::string account, std::string service_account) {
    const auto done = co_await play.world.mesh().edit_account(
        account, {.description = {}, .service_account = service_account});
    play.expect(done.has_value(), "accounts", "renaming the service account of {}: {}", account,
                done ? "" : done.error().message);
}

std::string no_sure_account(const Play& play, const Step& step) {
    const auto why = no_account(play, step);
    return why.empty() && doubted(play) ? "a cluster may still run what it shall not" : why;
}

void forget(Play& play, const std::string& name) {
    const auto users = play.model.users(name);
    if (!users.empty() && leaves_live(play, Model::anchor_of(play.model.accounts[name]))) {
        play.reach("a CA was deleted while pods held its leaves");
    }
    for (const auto& user : users) {
        play.model.want(user, "");
    }
    note_names(play, users);
    play.model.accounts.erase(name);
}

Task<void> delete_one(Play& play, std::string account) {
    const auto done = co_await play.world.mesh().delete_account(account, true);
    play.expect(done.has_value(), "accounts", "deleting {} with the acknowledgement: {}", account,
                done ? "" : done.error().message);
}

namespace {

Task<void> rename_service_account(Play& play, Step step) {
    const auto wanted = service_account_of(play, step);
    renamed(play, field(step, "account"), wanted);
    co_await rename_one(play, field(step, "account"), wanted);
}

// Without the acknowledgement it is refused while a cluster uses it, or still runs it because it
// cannot be told otherwise; and the refusal names them.
Task<void> delete_plainly(Play& play, Step step) {
    const auto name = field(step, "account");
    const auto users = play.model.users_and_runners(name);
    if (!users.empty() && play.model.users(name).empty()) {
        play.reach("an account whose CA a cluster still runs was refused its deletion");
    }
    const auto done = co_await play.world.mesh().delete_account(name);
    if (users.empty()) {
        play.expect(done.has_value(), "accounts", "deleting {}, which nobody uses: {}", name,
                    done ? "" : done.error().message);
    } else {
        play.reach("an account was refused its deletion");
        play.expect(!done, "accounts", "{} was deleted without a word, and {} uses it", name,
                    users.front());
        for (const auto& user : users) {
            play.expect(done || done.error().message.find(user) != std::string::npos, "accounts",
                        "refusing to delete {} does not name its user {}", name, user);
        }
    }
    if (done) {
        forget(play, name);
    }
}

Task<void> delete_understood(Play& play, Step step) {
    forget(play, field(step, "account"));
    co_await delete_one(play, field(step, "account"));
}

}  // namespace

std::string no_connection(const Play& play, const Step& step) {
    const auto why = no_such_cluster(play, step);
    return why.empty() ? no_account(play, step) : why;
}

void connected(Play& play, const std::string& cluster, const std::string& account) {
    play.model.want(cluster, account);
    auto& model = play.model.clusters[cluster];
    if (model.ever.insert(Model::anchor_of(play.model.accounts[account])).second) {
        play.reach("a cluster was connected to another CA");
    }
    note_names(play, {cluster});
}

Task<void> connect_one(Play& play, std::string cluster, std::string account) {
    const auto done = co_await play.world.mesh().connect_ca(cluster, label_of(account));
    play.expect(done.has_value(), "accounts", "connecting {} to {}: {}", cluster, account,
                done ? "" : done.error().message);
}

namespace {

Task<void> connect(Play& play, Step step) {
    connected(play, field(step, "cluster"), field(step, "account"));
    co_await connect_one(play, field(step, "cluster"), field(step, "account"));
}

Task<void> onboard_again(Play& play, Step step) {
    const auto name = field(step, "cluster");
    auto& world = play.world;
    const auto done =
        co_await world.mesh().onboard({.name = name,
                                       .ca_label = label_of(field(step, "account")),
                                       .kube = world.kube().admin,
                                       .mesh_namespace = world.target().mesh_namespace,
                                       .workload_namespace = world.target().workload_namespace});
    play.expect(!done, "accounts", "{} was onboarded a second time", name);
}

// Clusters are onboarded with it: no leaf may change its domain under them.
Task<void> change_trust_domain(Play& play, Step) {
    const auto done = play.world.mesh().set_trust_domain("other.example");
    play.expect(!done, "trust", "the trust domain was changed under {}",
                counted(play.clusters.size(), "cluster"));
    co_return;
}

std::string no_cluster_at_all(const Play& play, const Step&) {
    return play.clusters.empty() ? "no cluster is onboarded" : "";
}

}  // namespace

Rows account_rows() {
    return {
        {"add-account", "accounts", 3, {"account", "vault", "cluster"}, taken, add},
        {"add-account-again", "accounts", 1, {"account"}, no_account, add_again},
        {"edit-description", "accounts", 1, {"account"}, no_account, describe},
        {"rename-service-account",
         "accounts",
         2,
         {"account", "to"},
         no_account,
         rename_service_account},
        {"delete-account", "accounts", 2, {"account"}, no_account, delete_plainly},
        {"delete-account-understood", "accounts", 2, {"account"}, no_account, delete_understood},
        {"connect-ca", "accounts", 3, {"cluster", "account"}, no_connection, connect},
        {"onboard-again", "accounts", 1, {"cluster", "account"}, no_connection, onboard_again},
        {"change-trust-domain", "accounts", 1, {}, no_cluster_at_all, change_trust_domain},
    };
}

}  // namespace meshproof::scenarios::explore
