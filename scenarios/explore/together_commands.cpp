// What two people do at once, and what two clusters share.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/run/ending.hpp"
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

// Both calls were begun before either ended: the later one holds, and neither undoes it. Both have
// ended when this has, though a stop cuts it short: they hold what is played.
Task<void> side_by_side(Task<void> first, Task<void> second) {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto [one, other] =
        co_await (run::settle(std::move(first)) && run::settle(std::move(second)));
    for (const auto* ending : {&one, &other}) {
        if (ending->kind != run::Ending::Kind::done) {
            throw CannotGoOn(Failure{FailureKind::closed, ending->text, 0, {}});
        }
    }
}

std::string no_two_accounts(const Play& play, const Step& step) {
    const auto why = no_connection(play, step);
    return why.empty() && !play.model.accounts.contains(field(step, "other"))
               ? fmt::format("there is no account {}", field(step, "other"))
               : why;
}

Task<void> connect_two(Play& play, Step step) {
    const auto cluster = field(step, "cluster"), other = field(step, "other");
    connected(play, cluster, field(step, "account"));
    connected(play, cluster, other);
    co_await side_by_side(connect_one(play, cluster, field(step, "account")),
                          connect_one(play, cluster, other));
    const auto label = play.clusters.find(cluster)->second.ca_label();
    play.expect(label == label_of(other), "accounts",
                "of two calls at once the earlier one holds: the label of {} is \"{}\"", cluster,
                label);
}

void expect_gone(Play& play, const std::string& account, const std::vector<std::string>& users) {
    play.reach("an account was deleted beside another call");
    for (const auto& one : play.world.mesh().accounts()) {
        play.expect(one.name() != account, "accounts",
                    "{} was deleted beside another call, and is still there", account);
    }
    for (const auto& user : users) {
        const auto label = play.clusters.find(user)->second.ca_label();
        play.expect(label != label_of(account), "accounts",
                    "{} was deleted beside another call, and {} is connected to it", account, user);
    }
}

Task<void> edit_and_delete(Play& play, Step step) {
    const auto name = field(step, "account");
    const auto wanted = service_account_of(play, step);
    const auto users = play.model.users(name);
    renamed(play, name, wanted);
    forget(play, name);
    co_await side_by_side(rename_one(play, name, wanted), delete_one(play, name));
    expect_gone(play, name, users);
}

std::string no_sure_connection(const Play& play, const Step& step) {
    const auto why = no_connection(play, step);
    return why.empty() ? no_sure_account(play, step) : why;
}

Task<void> connect_and_delete(Play& play, Step step) {
    const auto cluster = field(step, "cluster"), name = field(step, "account");
    connected(play, cluster, name);
    const auto users = play.model.users(name);
    forget(play, name);
    co_await side_by_side(connect_one(play, cluster, name), delete_one(play, name));
    expect_gone(play, name, users);
}

std::string cannot_share(const Play& play, const Step& step) {
    const auto name = field(step, "account"), other = field(step, "other");
    if (play.model.accounts.contains(name) || play.cas.contains(name)) {
        return fmt::format("there is an account {}, or was one", name);
    }
    if (auto why = no_such_cluster(play, step); !why.empty()) {
        return why;
    }
    const auto found = play.model.accounts.find(other);
    if (found == play.model.accounts.end()) {
        return fmt::format("there is no account {}", other);
    }
    const auto& vault = play.model.cas.find(found->second.ca)->second.vault;
    return play.model.sealed.contains(vault) ? vault + " is sealed" : "";
}

// One PKI for two: whose pods trust each other, since one root is above them.
Task<void> add_shared(Play& play, Step step) {
    const auto name = field(step, "account");
    co_await make_shared_ca(play, name, field(step, "cluster"),
                            play.model.accounts[field(step, "other")].ca);
    const auto added = add_account(play, name);
    play.expect(added.has_value(), "accounts", "adding the account {} on a shared PKI: {}", name,
                added ? "" : added.error().message);
    play.reach("two accounts shared a PKI");
}

}  // namespace

Rows together_rows() {
    return {
        {"connect-two-at-once",
         "accounts",
         1,
         {"cluster", "account", "other"},
         no_two_accounts,
         connect_two},
        {"edit-and-delete", "accounts", 1, {"account", "to"}, no_sure_account, edit_and_delete},
        {"connect-and-delete",
         "accounts",
         1,
         {"cluster", "account"},
         no_sure_connection,
         connect_and_delete},
        {"add-shared-account",
         "accounts",
         2,
         {"account", "other", "cluster"},
         cannot_share,
         add_shared},
    };
}

}  // namespace meshproof::scenarios::explore
