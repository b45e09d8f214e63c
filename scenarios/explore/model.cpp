#include "scenarios/explore/model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/mesh/schedule.hpp"

namespace meshproof::scenarios::explore {

std::string trouble_name(std::string_view from, std::string_view to) {
    return fmt::format("{}>{}", from, to);
}

// A few of an agent's longest waits (a twentieth of a life each), the configuration's before them,
// and calls that hung when all was well again.
Duration Model::recovery() const {
    return leaf_ / 5 + 2 * mesh::call_limit(leaf_);
}

const ModelCa* Model::ca_of(const ModelCluster& cluster) const {
    const auto account = accounts.find(cluster.account);
    if (cluster.account.empty() || account == accounts.end()) {
        return nullptr;
    }
    const auto ca = cas.find(account->second.ca);
    return ca == cas.end() ? nullptr : &ca->second;
}

bool Model::kube_answers(std::string_view name) const {
    const auto found = clusters.find(name);
    return found != clusters.end() &&
           !troubles.contains(trouble_name(found->first, found->second.kube));
}

bool Model::works(std::string_view name) const {
    const auto found = clusters.find(name);
    if (found == clusters.end()) {
        return false;
    }
    const auto* ca = ca_of(found->second);
    if (ca == nullptr || cannot(name) || !dates_agree() || found->second.unsure) {
        return false;
    }
    const auto& account = accounts.find(found->second.account)->second;
    return ca->may_log_in && ca->service_accounts.contains(account.service_account) &&
           ca->kube == found->second.kube && kube_answers(name) &&
           !troubles.contains(trouble_name("vault", ca->kube));
}

bool Model::cannot(std::string_view name) const {
    const auto found = clusters.find(name);
    if (found == clusters.end() || found->second.unsure) {
        return false;
    }
    const auto* ca = ca_of(found->second);
    return ca == nullptr || !ca->has_issuer || !ca->may_sign || !ca->has_policy ||
           sealed.contains(ca->vault) || troubles.contains(trouble_name("agents", ca->vault));
}

Must Model::connected(std::string_view name) const {
    const auto found = clusters.find(name);
    if (found == clusters.end() || found->second.unsure || !dates_agree()) {
        return Must::say_nothing;
    }
    return works(name) ? Must::be : Must::not_be;
}

Must Model::healthy(std::string_view global_namespace) const {
    const auto found = namespaces.find(global_namespace);
    if (found == namespaces.end()) {
        return Must::say_nothing;
    }
    for (const auto& member : found->second) {
        const auto cluster = clusters.find(member);
        if (cluster == clusters.end() || cluster->second.unsure) {
            return Must::say_nothing;
        }
        if (!kube_answers(member)) {
            return Must::not_be;  // nobody can say that it is applied
        }
    }
    return Must::be;
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

// The page: ready with a leaf that is valid now. Its own cluster trusts what is in use there.
Must Model::ready(const SeenPod& pod, Time truth, Duration near) const {
    const auto is_valid = valid(pod, truth, near);
    if (!is_valid) {
        return Must::say_nothing;
    }
    if (!*is_valid) {
        return Must::not_be;
    }
    return trusts(pod.cluster, pod.ca, {pod}, truth) == Must::be ? Must::be : Must::say_nothing;
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
    const bool current = account != accounts.end() && account->second.ca == ca;
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

std::size_t Model::most_attempts(Duration time, std::size_t steps) const {
    // A refusal's wait grows to a twentieth of a leaf's life, each from its half on: forty a life.
    // While it grows, which it does anew after each leaf and each configuration, it is six more.
    constexpr double a_life = 40;
    constexpr std::size_t growing = 8;
    int shortest = 1;
    for (const auto& [name, ca] : cas) {
        shortest = std::max(shortest, ca.shortened);
    }
    const auto lives = static_cast<double>(time.count()) / static_cast<double>(leaf_.count());
    const auto renewals = static_cast<std::size_t>(lives * 2 * shortest) + 1;
    return static_cast<std::size_t>(a_life * lives * shortest) + growing * (steps + 1) + renewals;
}

}  // namespace meshproof::scenarios::explore
