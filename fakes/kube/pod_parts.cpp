// The parts of a pod's spec that are looked at by themselves: its DNS, its gates, how it is spread,
// its host's namespaces and names.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <set>

#include "fakes/kube/api_state.hpp"
#include "fakes/kube/name_rules.hpp"
#include "fakes/kube/pod_faults.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view address_rule =
    "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
constexpr std::size_t longest_name = 253;
constexpr std::string_view too_long_rule = "must be no more than 253 characters";

const Json& items_of(const Json& object, const char* key) {
    static const Json nothing = Json::array();
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : nothing;
}

// As of old: 010.0.0.1 is one.
bool is_legacy_address(const std::string& text) {
    if (text.find(':') != std::string::npos) {
        std::array<unsigned char, sizeof(in6_addr)> bytes{};
        return inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
    }
    constexpr std::uint64_t largest = 255;
    constexpr std::size_t count = 4;
    const auto parts = split(text, '.');
    return parts.size() == count && std::ranges::all_of(parts, [](const std::string& part) {
               const auto value = number(part);
               return value && *value <= largest;
           });
}

// A DNS subdomain whose labels may have underscores, but not at their ends.
bool is_search_path(std::string_view text) {
    std::string plain;
    bool begins = true;
    for (const char c : text) {
        if (begins && c == '_') {
            begins = false;  // at the beginning one may be
            continue;
        }
        begins = c == '.';
        // What is between may be a hyphen as well as an underscore.
        plain += c == '_' ? '-' : c;
    }
    return !text.ends_with('_') && text.find("_.") == std::string_view::npos &&
           is_dns_subdomain(plain);
}

void check_nameservers(const Json& config, const std::string& path, std::vector<Cause>& faults) {
    constexpr std::size_t most = 3;
    const auto& servers = items_of(config, "nameservers");
    const auto field = path + ".nameservers";
    if (servers.size() > most) {
        faults.push_back({field, "FieldValueInvalid",
                          fmt::format("Invalid value: {}: must not have more than {} nameservers",
                                      go_json(servers), most)});
    }
    std::size_t index = 0;
    for (const auto& server : servers) {
        const auto text = server.is_string() ? server.get<std::string>() : std::string();
        const auto place = fmt::format("{}[{}]", field, index++);
        if (!is_legacy_address(text)) {
            faults.push_back(text_fault(place, text, address_rule));
        }
    }
}

void check_searches(const Json& config, const std::string& path, std::vector<Cause>& faults) {
    constexpr std::size_t most = 32, longest = 2048;
    constexpr std::string_view rule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', "
        "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "
        "regex used for validation is "
        "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
    const auto& searches = items_of(config, "searches");
    const auto field = path + ".searches";
    const auto fault = [&](std::string_view why) {
        faults.push_back({field, "FieldValueInvalid",
                          fmt::format("Invalid value: {}: {}", go_json(searches), why)});
    };
    if (searches.size() > most) {
        fault(fmt::format("must not have more than {} search paths", most));
    }
    std::size_t size = searches.empty() ? 0 : searches.size() - 1, index = 0;
    for (const auto& search : searches) {
        size += search.is_string() ? search.get_ref<const std::string&>().size() : 0;
    }
    if (size > longest) {
        fault(
            fmt::format("must not have more than {} characters (including spaces) in the search "
                        "list",
                        longest));
    }
    for (const auto& search : searches) {
        auto name = search.is_string() ? search.get<std::string>() : std::string();
        const auto place = fmt::format("{}[{}]", field, index++);
        if (name == ".") {
            continue;
        }
        if (name.ends_with('.')) {
            name.pop_back();
        }
        if (name.size() > longest_name) {
            faults.push_back(text_fault(place, name, too_long_rule));
        }
        if (!is_search_path(name)) {
            faults.push_back(text_fault(place, name, rule));
        }
    }
}

// apimachinery's ValidateLabelSelector.
void check_label_selector(const Json& selector, const std::string& path,
                          std::vector<Cause>& faults) {
    const Json labels = selector.value("matchLabels", Json::object());
    for (const auto& [key, value] : labels.items()) {
        const auto field = path + ".matchLabels";
        for (const auto& why : key_faults(key)) {
            faults.push_back(text_fault(field, key, why));
        }
        const auto text = value.is_string() ? value.get<std::string>() : std::string();
        if (const auto why = label_value_fault(text); !why.empty()) {
            faults.push_back(text_fault(field, text, why));
        }
    }
    std::size_t index = 0;
    for (const auto& expression : items_of(selector, "matchExpressions")) {
        const auto field = fmt::format("{}.matchExpressions[{}]", path, index++);
        const auto given = text_at(expression, "/operator");
        const auto& values = items_of(expression, "values");
        if ((given == "In" || given == "NotIn") && values.empty()) {
            faults.push_back(missing_fault(field + ".values",
                                           "must be specified when `operator` is 'In' or 'NotIn'"));
        } else if ((given == "Exists" || given == "DoesNotExist") && !values.empty()) {
            faults.push_back(forbidden_fault(field + ".values",
                                             "may not be specified when `operator` is 'Exists' or "
                                             "'DoesNotExist'"));
        } else if (given != "In" && given != "NotIn" && given != "Exists" &&
                   given != "DoesNotExist") {
            faults.push_back(
                text_fault(field + ".operator", given, "not a valid selector operator"));
        }
        const auto key = text_at(expression, "/key");
        for (const auto& why : key_faults(key)) {
            faults.push_back(text_fault(field + ".key", key, why));
        }
        std::size_t at = 0;
        for (const auto& value : values) {
            const auto text = value.is_string() ? value.get<std::string>() : std::string();
            const auto place = fmt::format("{}.values[{}]", field, at++);
            if (const auto why = label_value_fault(text); !why.empty()) {
                faults.push_back(text_fault(place, text, why));
            }
        }
    }
}

// Keys of labels whose values choose the pods besides the selector.
void check_label_keys(const Json& constraint, const std::string& path, std::vector<Cause>& faults) {
    const auto& keys = items_of(constraint, "matchLabelKeys");
    if (keys.empty()) {
        return;
    }
    const auto selector = constraint.find("labelSelector");
    if (selector == constraint.end()) {
        faults.push_back(forbidden_fault(path + ".matchLabelKeys",
                                         "must not be specified when labelSelector is not set"));
        return;
    }
    // Once it may be chosen by: the server adds such an expression itself.
    std::multiset<std::string> chosen;
    for (const auto& expression : items_of(*selector, "matchExpressions")) {
        chosen.insert(text_at(expression, "/key"));
    }
    const Json labels = selector->value("matchLabels", Json::object());
    for (const auto& [key, value] : labels.items()) {
        chosen.insert(key);
    }
    std::size_t index = 0;
    for (const auto& item : keys) {
        const auto key = item.is_string() ? item.get<std::string>() : std::string();
        const auto place = fmt::format("{}.matchLabelKeys[{}]", path, index);
        for (const auto& why : key_faults(key)) {
            faults.push_back(text_fault(place, key, why));
        }
        if (chosen.count(key) > 1) {  // the server forgets the field's name there
            faults.push_back(text_fault(fmt::format("{}[{}]", path, index), key,
                                        "exists in both matchLabelKeys and labelSelector"));
        }
        ++index;
    }
}

void check_spread_number(const Json& constraint, const char* key, const std::string& path,
                         std::vector<Cause>& faults) {
    const auto value = count_at(constraint, fmt::format("/{}", key).c_str());
    if (value <= 0) {
        faults.push_back({fmt::format("{}.{}", path, key), "FieldValueInvalid",
                          fmt::format("Invalid value: {}: must be greater than zero", value)});
    }
}

void check_constraint(const Json& constraint, const std::string& path, std::vector<Cause>& faults) {
    const auto unmet = text_at(constraint, "/whenUnsatisfiable");
    check_spread_number(constraint, "maxSkew", path, faults);
    if (text_at(constraint, "/topologyKey").empty()) {
        faults.push_back(missing_fault(path + ".topologyKey", "can not be empty"));
    }
    if (unmet != "DoNotSchedule" && unmet != "ScheduleAnyway") {
        faults.push_back(
            word_fault(path + ".whenUnsatisfiable", unmet, {"DoNotSchedule", "ScheduleAnyway"}));
    }
    if (constraint.contains("minDomains")) {
        check_spread_number(constraint, "minDomains", path, faults);
        if (unmet != "DoNotSchedule") {
            faults.push_back({path + ".minDomains", "FieldValueInvalid",
                              fmt::format("Invalid value: {}: can only use minDomains if "
                                          "whenUnsatisfiable=DoNotSchedule, not {}",
                                          constraint["minDomains"].dump(), unmet)});
        }
    }
    for (const auto* policy : {"nodeAffinityPolicy", "nodeTaintsPolicy"}) {
        const auto given = constraint.contains(policy) ? constraint[policy].get<std::string>()
                                                       : std::string("Honor");
        if (given != "Honor" && given != "Ignore") {
            faults.push_back(
                word_fault(fmt::format("{}.{}", path, policy), given, {"Honor", "Ignore"}));
        }
    }
    check_label_keys(constraint, path, faults);
    if (const auto selector = constraint.find("labelSelector"); selector != constraint.end()) {
        check_label_selector(*selector, path + ".labelSelector", faults);
    }
}

void check_gates(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    std::size_t index = 0;
    for (const auto& gate : items_of(spec, "readinessGates")) {
        const auto condition = text_at(gate, "/conditionType");
        const auto field = fmt::format("{}.readinessGates[{}].conditionType", path, index++);
        for (const auto& why : key_faults(condition)) {
            faults.push_back(text_fault(field, condition, why));
        }
    }
    index = 0;
    std::set<std::string> names;
    for (const auto& gate : items_of(spec, "schedulingGates")) {
        const auto name = text_at(gate, "/name");
        const auto field = fmt::format("{}.schedulingGates[{}]", path, index++);
        for (const auto& why : key_faults(name)) {
            faults.push_back(text_fault(field, name, why));
        }
        if (!names.insert(name).second) {
            faults.push_back({field, "FieldValueDuplicate",
                              fmt::format("Duplicate value: {}", go_quoted(name))});
        }
    }
}

void check_spread(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    std::size_t index = 0;
    std::set<std::string> known;
    for (const auto& constraint : items_of(spec, "topologySpreadConstraints")) {
        const auto field = fmt::format("{}.topologySpreadConstraints[{}]", path, index++);
        check_constraint(constraint, field, faults);
        const auto pair = fmt::format("{{{}, {}}}", text_at(constraint, "/topologyKey"),
                                      text_at(constraint, "/whenUnsatisfiable"));
        if (!known.insert(pair).second) {
            faults.push_back({field + ".{topologyKey, whenUnsatisfiable}", "FieldValueDuplicate",
                              fmt::format("Duplicate value: {}", go_quoted(pair))});
        }
    }
}

// Who has users of its own has its host's nothing.
void check_users(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    if (spec.value("hostUsers", true)) {
        return;
    }
    for (const auto& [key, shown] :
         {std::pair("hostNetwork", "hostNetwork"), std::pair("hostPID", "HostPID"),
          std::pair("hostIPC", "HostIPC")}) {
        if (spec.value(key, false)) {
            faults.push_back(
                forbidden_fault(fmt::format("{}.{}", path, shown), "when `hostUsers` is false"));
        }
    }
}

}  // namespace

void check_shared_processes(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    if (spec.value("hostPID", false) && spec.value("shareProcessNamespace", false)) {
        faults.push_back({path + ".securityContext.shareProcessNamespace", "FieldValueInvalid",
                          "Invalid value: true: ShareProcessNamespace and HostPID cannot both be "
                          "enabled"});
    }
}

void check_dns(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    const auto field = path + ".dnsConfig";
    const auto config = spec.find("dnsConfig");
    const bool alone = text_at(spec, "/dnsPolicy") == "None";
    if (config == spec.end()) {
        if (alone) {
            faults.push_back(
                missing_fault(field, "must provide `dnsConfig` when `dnsPolicy` is None"));
        }
        return;
    }
    if (alone && items_of(*config, "nameservers").empty()) {
        faults.push_back(
            missing_fault(field + ".nameservers",
                          "must provide at least one DNS nameserver when `dnsPolicy` is None"));
        return;
    }
    check_nameservers(*config, field, faults);
    check_searches(*config, field, faults);
    std::size_t index = 0;
    for (const auto& option : items_of(*config, "options")) {
        const auto place = fmt::format("{}.options[{}]", field, index++);
        if (text_at(option, "/name").empty()) {
            faults.push_back(missing_fault(place, "must not be empty"));
        }
    }
}

void check_placement(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    check_gates(spec, path, faults);
    check_spread(spec, path, faults);
    check_users(spec, path, faults);
}

void check_host_aliases(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    std::size_t index = 0;
    for (const auto& alias : items_of(spec, "hostAliases")) {
        const auto field = fmt::format("{}.hostAliases[{}]", path, index++);
        if (const auto ip = text_at(alias, "/ip"); !is_legacy_address(ip)) {
            faults.push_back(text_fault(field + ".ip", ip, address_rule));
        }
        std::size_t at = 0;
        for (const auto& item : items_of(alias, "hostnames")) {
            const auto name = item.is_string() ? item.get<std::string>() : std::string();
            const auto place = fmt::format("{}.hostnames[{}]", field, at++);
            if (name.size() > longest_name) {
                faults.push_back(text_fault(place, name, too_long_rule));
            }
            if (!is_dns_subdomain(name)) {
                faults.push_back(text_fault(place, name, subdomain_rule));
            }
        }
    }
}

std::vector<Cause> new_gates(const Json& before, const Json& after) {
    std::set<std::string> known;
    for (const auto& gate : items_of(before, "schedulingGates")) {
        known.insert(text_at(gate, "/name"));
    }
    std::vector<Cause> faults;
    std::size_t index = 0;
    for (const auto& gate : items_of(after, "schedulingGates")) {
        const auto name = text_at(gate, "/name");
        const auto field = fmt::format("spec.schedulingGates[{}].name", index++);
        if (!known.contains(name)) {
            faults.push_back(forbidden_fault(
                field,
                fmt::format("only deletion is allowed, but found new scheduling gate '{}'", name)));
        }
    }
    return faults;
}

}  // namespace meshproof::fakes::kube
