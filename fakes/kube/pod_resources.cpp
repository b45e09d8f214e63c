// The resources that a pod and its containers name: which there are, how much of them, and what a
// request has to do with a limit.
#include <algorithm>
#include <cmath>

#include "fakes/kube/api_state.hpp"
#include "fakes/kube/name_rules.hpp"
#include "fakes/kube/pod_faults.hpp"
#include "fakes/kube/quantity.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view huge_pages = "hugepages-", quota_prefix = "requests.";

bool one_of_names(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

bool of_huge_pages(std::string_view name) {
    return name.starts_with(huge_pages);
}

bool cpu_or_memory(std::string_view name) {
    return one_of_names(name, {"cpu", "memory"});
}

bool container_resource(std::string_view name) {
    return cpu_or_memory(name) || name == "ephemeral-storage" || of_huge_pages(name);
}

// What objects there may be so many of.
bool of_objects(std::string_view name) {
    return one_of_names(name, {"pods", "resourcequotas", "services", "replicationcontrollers",
                               "secrets", "configmaps", "persistentvolumeclaims",
                               "services.nodeports", "services.loadbalancers"});
}

// helper.IsStandardResourceName: what a quota may name, too.
bool standard_resource(std::string_view name) {
    return container_resource(name) || of_objects(name) ||
           one_of_names(name, {"requests.cpu", "requests.memory", "requests.ephemeral-storage",
                               "limits.cpu", "limits.memory", "limits.ephemeral-storage", "storage",
                               "requests.storage"}) ||
           name.starts_with("requests.hugepages-");
}

// Of Kubernetes itself, not of somebody's device.
bool native_resource(std::string_view name) {
    return name.find('/') == std::string_view::npos ||
           name.find("kubernetes.io/") != std::string_view::npos;
}

bool extended_resource(const std::string& name) {
    return !native_resource(name) && !name.starts_with(quota_prefix) &&
           key_faults(std::string(quota_prefix) + name).empty();
}

std::string amount_text(const Json& quantity) {
    return quantity.is_string() ? quantity.get<std::string>() : quantity.dump();
}

bool multiple_of(long double amount, long double of) {
    return std::fmod(amount, of) == 0;
}

/// Whose resources: a container's, or a pod's as a whole, which has fewer.
enum class Whose { container, pod };

void check_resource_name(const std::string& name, const std::string& field, Whose whose,
                         std::vector<Cause>& faults) {
    const auto before = faults.size();
    const bool plain = name.find('/') == std::string::npos;
    for (const auto& why : key_faults(name)) {
        faults.push_back(text_fault(field, name, why));
    }
    if (faults.size() == before && plain && !standard_resource(name)) {
        faults.push_back(
            text_fault(field, name, "must be a standard resource type or fully qualified"));
    }
    if (whose == Whose::pod) {
        if (faults.size() == before && !cpu_or_memory(name) && !of_huge_pages(name)) {
            faults.push_back(word_fault(field, name, {"cpu", huge_pages, "memory"}));
        }
    } else if (plain && !container_resource(name)) {
        faults.push_back(text_fault(field, name, "must be a standard resource for containers"));
    } else if (!plain && !native_resource(name) && !extended_resource(name)) {
        faults.push_back(text_fault(field, name, "doesn't follow extended resource name standard"));
    }
}

void check_amount(const std::string& name, const std::string& text, const std::string& field,
                  std::vector<Cause>& faults) {
    const auto amount = amount_of(text);
    if (amount < 0) {
        faults.push_back(text_fault(field, text, "must be greater than or equal to 0"));
    }
    if ((of_objects(name) || extended_resource(name)) && !multiple_of(amount, 1)) {
        faults.push_back(text_fault(field, text, "must be an integer"));
    }
}

// A multiple of the pages' own size, which is in the name.
void check_huge_pages(const std::string& name, const std::string& text, const std::string& field,
                      std::vector<Cause>& faults) {
    const auto size = name.substr(huge_pages.size());
    const auto page = quantity_fault(size).empty() ? amount_of(size) : 0;
    if (page <= 0 || !multiple_of(page, 1) || !multiple_of(amount_of(text), page)) {
        faults.push_back(text_fault(
            field, text, fmt::format("{} is not positive integer multiple of {}", text, name)));
    }
}

/// The requests or the limits of one `resources`.
struct Amounts {
    const Json& of;
    std::string path;
};

void check_request(const std::string& name, const std::string& text, const Amounts& requests,
                   const Amounts& limits, std::vector<Cause>& faults) {
    const bool may_overcommit = native_resource(name) && !of_huge_pages(name);
    const auto limit = limits.of.find(name);
    if (limit == limits.of.end()) {
        if (!may_overcommit) {
            faults.push_back(
                missing_fault(limits.path, "Limit must be set for non overcommitable resources"));
        }
        return;
    }
    const auto most = amount_text(*limit);
    if (!may_overcommit && amount_of(text) != amount_of(most)) {
        faults.push_back(text_fault(requests.path, text,
                                    fmt::format("must be equal to {} limit of {}", name, most)));
    } else if (amount_of(text) > amount_of(most)) {
        faults.push_back(
            text_fault(requests.path, text,
                       fmt::format("must be less than or equal to {} limit of {}", name, most)));
    }
}

void check_resources(const Json& resources, const std::string& path, Whose whose,
                     std::vector<Cause>& faults) {
    static const Json none = Json::object();
    const auto part = [&](const char* key) {
        const auto found = resources.find(key);
        return Amounts{found != resources.end() && found->is_object() ? *found : none,
                       fmt::format("{}.{}", path, key)};
    };
    const auto limits = part("limits"), requests = part("requests");
    bool huge = false, usual = false;
    for (const auto* amounts : {&limits, &requests}) {
        for (const auto& [name, amount] : amounts->of.items()) {
            const auto field = fmt::format("{}[{}]", amounts->path, name);
            const auto text = amount_text(amount);
            check_resource_name(name, field, whose, faults);
            check_amount(name, text, field, faults);
            if (amounts == &requests) {
                check_request(name, text, requests, limits, faults);
            }
            if (of_huge_pages(name)) {
                check_huge_pages(name, text, field, faults);
            }
            huge = huge || of_huge_pages(name);
            usual = usual || cpu_or_memory(name);
        }
    }
    if (huge && !usual) {
        faults.push_back(forbidden_fault(path, "HugePages require cpu or memory"));
    }
}

}  // namespace

void check_container_resources(const Json& container, const std::string& path,
                               std::vector<Cause>& faults) {
    if (const auto resources = container.find("resources"); resources != container.end()) {
        check_resources(*resources, path + ".resources", Whose::container, faults);
    }
}

void check_pod_resources(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    const auto resources = spec.find("resources");
    if (resources == spec.end()) {
        return;
    }
    if (resources->contains("claims")) {
        faults.push_back(forbidden_fault(path + ".resources.claims",
                                         "claims may not be set for Resources at pod-level"));
    }
    check_resources(*resources, path + ".resources", Whose::pod, faults);
}

void check_overhead(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    if (const auto overhead = spec.find("overhead"); overhead != spec.end()) {
        check_resources({{"limits", *overhead}}, path + ".overhead", Whose::container, faults);
    }
}

void request_limits(Json& spec) {
    const auto limits_of = [](const Json& asker) {
        return asker.is_object()
                   ? asker.value(Json::json_pointer("/resources/limits"), Json::object())
                   : Json::object();
    };
    for (const auto* list : {"containers", "initContainers"}) {
        if (const auto containers = spec.find(list); containers != spec.end()) {
            for (auto& container : *containers) {
                const auto limits = limits_of(container);
                for (const auto& [name, amount] : limits.items()) {
                    container["resources"]["requests"].emplace(name, amount);
                }
            }
        }
    }
    const auto limits = limits_of(spec);
    for (const auto& [name, amount] : limits.items()) {
        if (cpu_or_memory(name) || of_huge_pages(name)) {
            spec["resources"]["requests"].emplace(name, amount);
        }
    }
}

}  // namespace meshproof::fakes::kube
