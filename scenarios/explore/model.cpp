#include "scenarios/explore/model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/mesh/schedule.hpp"

namespace meshproof::scenarios::explore {

std::string trouble_name(std::string_view from, std::string_view to) {
    return fmt::format("{}>{}", from, to);
}

namespace {

double times(Duration time, Duration one) {
    return static_cast<double>(time.count()) / static_cast<double>(one.count());
}

}  // namespace

// A few of an agent's longest waits (a twentieth of a life each), the configuration's before them,
// and calls that hung when all was well again.
Duration Model::recovery() const {
    return leaf_ / 5 + 2 * mesh::call_limit(leaf_);
}

const ModelAccount* Model::account_of(const ModelCluster& cluster) const {
    const auto account = accounts.find(cluster.account);
    const bool there = !cluster.account.empty() && account != accounts.end();
    return there && cas.contains(account->second.ca) ? &account->second : nullptr;
}

std::string Model::pki_of(const std::string& ca) const {
    const auto found = cas.find(ca);
    return found == cas.end() || found->second.pki.empty() ? ca : found->second.pki;
}

std::string Model::anchor_of_leaves(const std::string& ca) const {
    const auto owner = pki_of(ca);
    const auto found = cas.find(owner);
    return found == cas.end() || found->second.anchor.empty() ? owner : found->second.anchor;
}

std::string Model::anchor_of(const ModelAccount& account) {
    return account.anchor.empty() ? account.ca : account.anchor;
}

bool Model::kube_answers(std::string_view name) const {
    const auto found = clusters.find(name);
    return found != clusters.end() &&
           !troubles.contains(trouble_name(found->first, found->second.kube));
}

// No leaf may outlive its issuer, and none that would is signed. Before that there is time in which
// somebody who waits may come too late.
Must Model::issuer_signs(const ModelCa& pki) const {
    if (!pki.has_issuer) {
        return Must::not_be;
    }
    if (!pki.issuer_until || !now) {
        return Must::be;
    }
    if (wrong_dates.contains(pki.vault)) {
        return Must::say_nothing;  // by its own date it lives longer, or has ended
    }
    const auto left = *pki.issuer_until - now();
    const auto life = leaf_ / pki.shortened;
    if (left < life) {
        return Must::not_be;
    }
    return left > life + 2 * recovery() ? Must::be : Must::say_nothing;
}

Must Model::signs(const ModelCluster& cluster) const {
    const auto* account = account_of(cluster);
    if (account == nullptr) {
        return Must::not_be;
    }
    const auto owner = cas.find(pki_of(account->ca));
    if (owner == cas.end()) {
        return Must::not_be;
    }
    const auto& pki = owner->second;
    const auto issuer = issuer_signs(pki);
    if (issuer == Must::not_be || !pki.may_sign || !pki.has_policy || sealed.contains(pki.vault) ||
        troubles.contains(trouble_name("agents", pki.vault)) ||
        anchor_of(*account) != anchor_of_leaves(account->ca)) {
        return Must::not_be;
    }
    return pki.limited ? Must::say_nothing : issuer;
}

bool Model::logs_in(std::string_view name, const ModelCluster& cluster) const {
    const auto* account = account_of(cluster);
    if (account == nullptr) {
        return false;
    }
    const auto& ca = cas.find(account->ca)->second;
    return ca.may_log_in && !ca.other_audience &&
           ca.service_accounts.contains(account->service_account) && ca.kube == cluster.kube &&
           kube_answers(name) && !troubles.contains(trouble_name("vault", ca.kube));
}

bool Model::dates_agree_for(const ModelCluster& cluster) const {
    const auto* account = account_of(cluster);
    return skew == Duration::zero() && !wrong_dates.contains(cluster.kube) &&
           (account == nullptr || !wrong_dates.contains(cas.find(account->ca)->second.vault));
}

bool Model::works(std::string_view name) const {
    const auto found = clusters.find(name);
    return found != clusters.end() && dates_agree_for(found->second) && !found->second.unsure &&
           signs(found->second) == Must::be && logs_in(name, found->second);
}

bool Model::cannot(std::string_view name) const {
    const auto found = clusters.find(name);
    return found != clusters.end() && !found->second.unsure && signs(found->second) == Must::not_be;
}

Must Model::connected(std::string_view name) const {
    const auto found = clusters.find(name);
    if (found != clusters.end() && !kube_answers(name)) {
        return Must::not_be;  // nobody gets a service account's token, whatever is wanted
    }
    if (found == clusters.end() || found->second.unsure || !dates_agree_for(found->second)) {
        return Must::say_nothing;
    }
    const auto must = signs(found->second);
    if (must == Must::not_be || !logs_in(name, found->second)) {
        return Must::not_be;
    }
    // Health asks for a signature for each identity, all with one token.
    const auto* account = account_of(found->second);
    return cas.find(account->ca)->second.few_uses ? Must::say_nothing : must;
}

Must Model::healthy(std::string_view global_namespace) const {
    const auto found = namespaces.find(global_namespace);
    if (found == namespaces.end()) {
        return Must::say_nothing;
    }
    bool sure = true;
    for (const auto& member : found->second) {
        if (!kube_answers(member)) {
            return Must::not_be;  // nobody can say that it is applied; or it is offboarded
        }
        sure = sure && !clusters.find(member)->second.unsure;
    }
    return sure ? Must::be : Must::say_nothing;
}

std::vector<std::string> Model::users(std::string_view account) const {
    std::vector<std::string> users;
    for (const auto& [name, cluster] : clusters) {
        if (cluster.account == account) {
            users.push_back(name);
        }
    }
    return users;
}

std::vector<std::string> Model::users_and_runners(std::string_view account) const {
    std::vector<std::string> users;
    for (const auto& [name, cluster] : clusters) {
        if (cluster.account == account || cluster.still_runs == account) {
            users.push_back(name);
        }
    }
    return users;
}

// What is wanted while the API server is away is applied later, and nobody knows when.
void Model::doubt(const std::string& name) {
    auto& cluster = clusters[name];
    if (!cluster.unsure && !kube_answers(name)) {
        cluster.unsure = true;
        cluster.still_runs = cluster.account;
    }
}

void Model::want(const std::string& name, const std::string& account) {
    doubt(name);
    clusters[name].account = account;
}

std::optional<bool> Model::valid(const SeenPod& pod, Time truth, Duration near) const {
    if (!pod.from || !pod.until) {
        return false;
    }
    const auto date = truth + skew;
    const auto close = [&](Time edge) { return std::chrono::abs(date - edge) < near; };
    if (close(*pod.from) || close(*pod.until)) {
        return std::nullopt;
    }
    return *pod.from <= date && date < *pod.until;
}

// The page: ready with a leaf that is valid now, and that its own cluster trusts.
Must Model::ready(const SeenPod& pod, Time truth, Duration near) const {
    const auto is_valid = valid(pod, truth, near);
    if (!is_valid) {
        return Must::say_nothing;
    }
    if (!*is_valid) {
        return Must::not_be;
    }
    return trusts(pod.cluster, pod.ca, {pod}, truth);
}

Must Model::trusts(const std::string& name, const std::string& ca, const std::vector<SeenPod>& all,
                   Time truth) const {
    const auto found = clusters.find(name);
    if (ca.empty() || found == clusters.end()) {
        return Must::say_nothing;
    }
    const auto& cluster = found->second;
    if (!cluster.ever.contains(ca)) {
        return Must::not_be;
    }
    const auto account = accounts.find(cluster.account);
    const bool current = account != accounts.end() && anchor_of(account->second) == ca;
    const bool lives = !skewed_once && std::ranges::any_of(all, [&](const SeenPod& pod) {
        return pod.cluster == name && pod.ca == ca && valid(pod, truth, {}).value_or(false);
    });
    return (current && !cluster.unsure) || lives ? Must::be : Must::say_nothing;
}

Must Model::talk(const SeenPod& from, const SeenPod& to, const std::vector<SeenPod>& all,
                 Time truth, Duration near) const {
    const auto one = valid(from, truth, near), other = valid(to, truth, near);
    if (!one || !other) {
        return Must::say_nothing;
    }
    const auto there = trusts(to.cluster, from.ca, all, truth);
    const auto here = trusts(from.cluster, to.ca, all, truth);
    if (!*one || !*other || there == Must::not_be || here == Must::not_be) {
        return Must::not_be;
    }
    const bool sure = there == Must::be && here == Must::be;
    return sure && !troubles.contains(trouble_name("pods", "pods")) ? Must::be : Must::say_nothing;
}

std::size_t Model::most_attempts(Duration time, std::size_t steps, bool dated_wrong) const {
    // A refusal's wait grows to a twentieth of a leaf's life, each from its half on: forty a life.
    // While it grows, which it does anew after each leaf and each configuration, it is six more.
    // By a wrong date a leaf may come at its very end: each is then asked for after the first wait.
    const double a_life = dated_wrong ? 1 / mesh::Schedule().first_wait : 40;
    constexpr std::size_t growing = 8;
    const auto lives = times(time, shortest_life());
    const auto renewals = static_cast<std::size_t>(lives * 2) + 1;
    return static_cast<std::size_t>(a_life * lives) + growing * (steps + 1) + renewals;
}

Duration Model::shortest_life() const {
    int shortest = 1;
    for (const auto& [name, ca] : cas) {
        shortest = std::max({shortest, ca.shortened, ca.fastest});
    }
    return leaf_ / shortest;
}

bool Model::few_uses() const {
    return std::ranges::any_of(cas, [](const auto& entry) { return entry.second.few_uses; });
}

// Nobody renews before six tenths of a leaf's life. Beside that there is what was refused before
// all worked, and a token that was revoked: asked with in vain, and then again with another.
std::size_t Model::most_renewals(Duration time) const {
    constexpr double earliest = 0.6;
    constexpr std::size_t beside = 3;
    const auto renewals = static_cast<std::size_t>(times(time, shortest_life()) / earliest);
    return renewals * (few_uses() ? 2 : 1) + beside;
}

std::size_t Model::most_logins(Duration time, Duration token_life) const {
    constexpr std::size_t beside = 2;
    const auto renewals = most_renewals(time);
    if (few_uses()) {
        return renewals;
    }
    const auto tokens = times(time, token_life) / mesh::Schedule().vault_token;
    return std::min(renewals, static_cast<std::size_t>(tokens) + beside);
}

std::size_t Model::most_in_quiet(Duration time, Duration each) const {
    // What was due already, and what another configuration or a wrong date makes due.
    constexpr std::size_t beside = 4;
    // No server puts a pod off for longer than a life.
    return static_cast<std::size_t>(times(time, std::min(each, shortest_life()))) + beside;
}

}  // namespace meshproof::scenarios::explore
