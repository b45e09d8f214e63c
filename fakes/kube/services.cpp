// Services: defaults, and the addresses and ports that the API server gives them.
#include <map>
#include <optional>
#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/kinds.hpp"

namespace meshproof::fakes::kube {
namespace {

// --service-cluster-ip-range and --service-node-port-range of the played server.
constexpr std::string_view service_network = "10.0.0.";
constexpr std::int64_t first_node_port = 30000, last_node_port = 32767;

void default_to(Json& object, const char* key, Json value) {
    if (!object.contains(key) || object[key] == Json("") || object[key] == Json(0)) {
        object[key] = std::move(value);
    }
}

bool has_addresses(const Json& spec) {
    return spec.value("type", "") != "ExternalName";
}

bool has_node_ports(const Json& spec) {
    const auto kind = spec.value("type", "");
    return kind == "NodePort" ||
           (kind == "LoadBalancer" && spec.value("allocateLoadBalancerNodePorts", true));
}

void default_ports(Json& spec) {
    if (const auto ports = spec.find("ports"); ports != spec.end()) {
        for (auto& port : *ports) {
            default_to(port, "protocol", "TCP");
            default_to(port, "targetPort", port.value("port", 0));
        }
        if (ports->empty()) {
            spec.erase(ports);
        }
    }
}

Cause out_of_range(std::string field, const Json& port) {
    return {std::move(field), "FieldValueInvalid",
            fmt::format("Invalid value: {}: must be between 1 and 65535, inclusive", port.dump())};
}

bool is_port(const Json& value) {
    constexpr std::int64_t largest = 65535;
    return value.is_number_integer() && value >= 1 && value <= largest;
}

void check_port(const Json& port, const std::string& field, const std::string& service_type,
                std::vector<Cause>& faults) {
    if (const auto number = port.value("port", Json(0)); !is_port(number)) {
        faults.push_back(out_of_range(field + ".port", number));
    }
    if (const auto protocol = port.value("protocol", "");
        protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
        faults.push_back({field + ".protocol", "FieldValueNotSupported",
                          fmt::format("Unsupported value: \"{}\": supported values: \"SCTP\", "
                                      "\"TCP\", \"UDP\"",
                                      protocol)});
    }
    if (const auto& target = port["targetPort"]; target.is_number() && !is_port(target)) {
        faults.push_back(out_of_range(field + ".targetPort", target));
    }
    if (service_type == "ClusterIP" && port.value("nodePort", 0) != 0) {
        faults.push_back({field + ".nodePort", "FieldValueForbidden",
                          "Forbidden: may not be used when `type` is 'ClusterIP'"});
    }
}

void check_ports(const Json& spec, std::vector<Cause>& faults) {
    const auto kind = spec.value("type", "");
    const Json ports = spec.value("ports", Json::array());
    if (ports.empty() && has_addresses(spec) && spec.value("clusterIP", "") != "None") {
        faults.push_back({"spec.ports", "FieldValueRequired", "Required value"});
    }
    std::set<std::string> names;
    std::set<std::pair<Json, Json>> numbers;
    std::size_t index = 0;
    for (const auto& port : ports) {
        if (enough(faults)) {
            return;
        }
        const auto field = fmt::format("spec.ports[{}]", index++);
        const auto name = port.value("name", "");
        if (name.empty() && ports.size() > 1) {
            faults.push_back({field + ".name", "FieldValueRequired", "Required value"});
        } else if (!name.empty() && !names.insert(name).second) {
            faults.push_back({field + ".name", "FieldValueDuplicate",
                              fmt::format("Duplicate value: \"{}\"", name)});
        }
        check_port(port, field, kind, faults);
        if (!numbers.emplace(port.value("protocol", Json()), port.value("port", Json())).second) {
            faults.push_back({field, "FieldValueDuplicate",
                              fmt::format("Duplicate value: {{\"Name\":\"\",\"Protocol\":{},"
                                          "\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,"
                                          "\"NodePort\":0}}",
                                          port.value("protocol", Json("")).dump(),
                                          port.value("port", Json(0)).dump())});
        }
    }
}

tl::unexpected<http::Response> not_for_service(const Json& service, std::string field,
                                               std::string why) {
    return refuse(invalid("", "Service", meta(service, "name"),
                          {{std::move(field), "FieldValueInvalid", std::move(why)}}));
}

// The last number of an address of the network, or nothing.
std::optional<std::uint64_t> host_number(const std::string& address) {
    return address.starts_with(service_network) ? number(address.substr(service_network.size()))
                                                : std::nullopt;
}

bool is_address(const std::string& text) {
    const auto parts = split(text, '.');
    constexpr std::uint64_t largest = 255;
    return parts.size() == 4 && std::ranges::all_of(parts, [](const std::string& part) {
               const auto value = number(part);
               return value && *value <= largest && (part.size() == 1 || part[0] != '0');
           });
}

/// What other Services have.
struct Taken {
    std::set<std::string> addresses;
    std::set<std::int64_t> node_ports;
};

Taken taken_by_others(const ApiState& api, const Json& service) {
    Taken taken;
    for (const auto& other : api.store->list(type::services)) {
        if (meta(*other, "name") == meta(service, "name") &&
            meta(*other, "namespace") == meta(service, "namespace")) {
            continue;
        }
        taken.addresses.insert(text_at(*other, "/spec/clusterIP"));
        const Json ports = other->at("spec").value("ports", Json::array());
        for (const auto& port : ports) {
            taken.node_ports.insert(port.value("nodePort", std::int64_t{0}));
        }
    }
    return taken;
}

Checked<> give_address(ApiState& api, Json& service, const Taken& taken) {
    auto& spec = service["spec"];
    const auto wanted = spec.value("clusterIP", "");
    if (wanted == "None") {
        spec["clusterIPs"] = Json::array({"None"});
        const bool chosen = spec.contains("selector") && !spec["selector"].empty();
        default_to(spec, "ipFamilies",
                   chosen ? Json::array({"IPv4"}) : Json::array({"IPv4", "IPv6"}));
        default_to(spec, "ipFamilyPolicy", chosen ? "SingleStack" : "RequireDualStack");
        return {};
    }
    if (!wanted.empty()) {
        if (!is_address(wanted)) {
            return not_for_service(service, "spec.clusterIPs[0]",
                                   fmt::format("Invalid value: \"{}\": must be a valid IP address, "
                                               "(e.g. 10.9.8.7 or 2001:db8::ffff)",
                                               wanted));
        }
        const bool free = !taken.addresses.contains(wanted);
        if (!host_number(wanted) || !free) {
            return not_for_service(
                service, "spec.clusterIPs",
                fmt::format("Invalid value: [\"{0}\"]: failed to allocate IP {0}: {1}", wanted,
                            free ? "the provided network does not match the current range"
                                 : "provided IP is already allocated"));
        }
    } else {
        constexpr std::uint64_t hosts = 254;
        const auto start = api.store->prng().below(hosts);
        std::string address;
        for (std::uint64_t step = 0; step < hosts && address.empty(); ++step) {
            auto next = fmt::format("{}{}", service_network, 1 + (start + step) % hosts);
            if (!taken.addresses.contains(next)) {
                address = std::move(next);
            }
        }
        if (address.empty()) {
            return refuse(refusal(500, "InternalError",
                                  "Internal error occurred: failed to allocate a serviceIP: range "
                                  "is full"));
        }
        spec["clusterIP"] = address;
    }
    spec["clusterIPs"] = Json::array({spec["clusterIP"]});
    default_to(spec, "ipFamilies", Json::array({"IPv4"}));
    default_to(spec, "ipFamilyPolicy", "SingleStack");
    return {};
}

// 0 where all are taken.
std::int64_t free_node_port(Prng& prng, const Taken& taken) {
    constexpr auto count = last_node_port - first_node_port + 1;
    const auto start = static_cast<std::int64_t>(prng.below(count));
    for (std::int64_t step = 0; step < count; ++step) {
        const auto port = first_node_port + (start + step) % count;
        if (!taken.node_ports.contains(port)) {
            return port;
        }
    }
    return 0;
}

Checked<> give_node_ports(ApiState& api, Json& service, Taken& taken) {
    auto& spec = service["spec"];
    if (!has_node_ports(spec) || !spec.contains("ports")) {
        return {};
    }
    std::size_t index = 0;
    for (auto& port : spec["ports"]) {
        const auto field = fmt::format("spec.ports[{}].nodePort", index++);
        auto wanted = port.value("nodePort", std::int64_t{0});
        if (wanted != 0 && (wanted < first_node_port || wanted > last_node_port)) {
            return not_for_service(service, field,
                                   fmt::format("Invalid value: {}: provided port is not in the "
                                               "valid range. The range of valid ports is {}-{}",
                                               wanted, first_node_port, last_node_port));
        }
        if (wanted != 0 && taken.node_ports.contains(wanted)) {
            return not_for_service(
                service, field,
                fmt::format("Invalid value: {}: provided port is already allocated", wanted));
        }
        if (wanted == 0) {
            wanted = free_node_port(api.store->prng(), taken);
        }
        if (wanted == 0) {
            return refuse(refusal(500, "InternalError",
                                  "Internal error occurred: failed to allocate a nodePort: range "
                                  "is full"));
        }
        taken.node_ports.insert(wanted);
        port["nodePort"] = wanted;
    }
    return {};
}

Checked<> settle_service(ApiState& api, Json& service) {
    if (!service.contains("status") || service["status"].empty()) {
        service["status"] = {{"loadBalancer", Json::object()}};
    }
    if (!has_addresses(service["spec"])) {
        return {};
    }
    auto taken = taken_by_others(api, service);
    if (const auto given = give_address(api, service, taken); !given) {
        return given;
    }
    return give_node_ports(api, service, taken);
}

void settle_node(Json& node) {
    auto& status = node["status"];
    if (!status.contains("daemonEndpoints")) {
        status["daemonEndpoints"] = {{"kubeletEndpoint", {{"Port", 0}}}};
    }
    auto& info = status["nodeInfo"];
    for (const auto* key : {"machineID", "systemUUID", "bootID", "kernelVersion", "osImage",
                            "containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion",
                            "operatingSystem", "architecture"}) {
        if (!info.contains(key)) {
            info[key] = "";
        }
    }
}

void settle_event(const ResourceType& type, Json& event) {
    // By the other form and back, so that what either leaves out is as it should be.
    if (&type == &type::events) {
        event = converted(std::move(event), type, type::new_events);
    }
    event = converted(std::move(event), type::new_events, type::events);
    for (const auto* object : {"involvedObject", "source"}) {
        if (!event.contains(object)) {
            event[object] = Json::object();
        }
    }
    for (const auto* time : {"firstTimestamp", "lastTimestamp", "eventTime"}) {
        if (!event.contains(time)) {
            event[time] = nullptr;
        }
    }
    event = converted(std::move(event), type::events, type);
}

}  // namespace

void complete_service(Json& service, std::vector<Cause>& faults) {
    auto& spec = service["spec"];
    if (!spec.is_object()) {
        spec = Json::object();
    }
    default_to(spec, "type", "ClusterIP");
    default_to(spec, "sessionAffinity", "None");
    if (spec["sessionAffinity"] == "ClientIP" &&
        !spec.contains(Json::json_pointer("/sessionAffinityConfig/clientIP/timeoutSeconds"))) {
        constexpr int three_hours = 10800;
        spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"] = three_hours;
    }
    default_ports(spec);
    const auto kind = spec.value("type", "");
    if (kind == "NodePort" || kind == "LoadBalancer") {
        default_to(spec, "externalTrafficPolicy", "Cluster");
    }
    if (kind == "LoadBalancer") {
        default_to(spec, "allocateLoadBalancerNodePorts", true);
    }
    if (has_addresses(spec)) {
        default_to(spec, "internalTrafficPolicy", "Cluster");
    }
    check_ports(spec, faults);
    if (kind == "ExternalName" && spec.value("externalName", "").empty()) {
        faults.push_back({"spec.externalName", "FieldValueRequired", "Required value"});
    }
    if (kind != "ClusterIP" && kind != "NodePort" && kind != "LoadBalancer" &&
        kind != "ExternalName") {
        faults.push_back({"spec.type", "FieldValueNotSupported",
                          fmt::format("Unsupported value: \"{}\": supported values: \"ClusterIP\", "
                                      "\"ExternalName\", \"LoadBalancer\", \"NodePort\"",
                                      kind)});
    }
    if (const auto affinity = spec.value("sessionAffinity", "");
        affinity != "None" && affinity != "ClientIP") {
        faults.push_back({"spec.sessionAffinity", "FieldValueNotSupported",
                          fmt::format("Unsupported value: \"{}\": supported values: \"ClientIP\", "
                                      "\"None\"",
                                      affinity)});
    }
}

void keep_allocated(const ResourceType& type, const Json& before, Json& after) {
    if (&type != &type::services || !after.contains("spec") || !after["spec"].is_object()) {
        return;
    }
    const auto& old = before.at("spec");
    auto& spec = after["spec"];
    if (!has_addresses(spec)) {
        for (const auto* field : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy",
                                  "internalTrafficPolicy", "externalTrafficPolicy"}) {
            spec.erase(field);
        }
        return;
    }
    if (!has_addresses(old)) {
        return;
    }
    for (const auto* field : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
        if (old.contains(field) && !spec.contains(field)) {
            spec[field] = old[field];
        }
    }
    if (!has_node_ports(spec) || !has_node_ports(old) || !spec.contains("ports")) {
        return;
    }
    std::map<Json, Json> had;
    for (const auto& port : old.value("ports", Json::array())) {
        had[port.value("port", Json())] = port.value("nodePort", Json(0));
    }
    for (auto& port : spec["ports"]) {
        const auto was = had.find(port.value("port", Json()));
        if (was != had.end() && was->second != 0 && port.value("nodePort", 0) == 0) {
            port["nodePort"] = was->second;
        }
    }
}

std::vector<Cause> service_changes(const Json& before, const Json& after) {
    const auto was = text_at(before, "/spec/clusterIP");
    const auto is = text_at(after, "/spec/clusterIP");
    if (was.empty() || is.empty() || was == is) {
        return {};
    }
    return {{"spec.clusterIPs[0]", "FieldValueInvalid",
             fmt::format("Invalid value: [\"{}\"]: may not change once set", is)}};
}

Checked<> settle_fields(ApiState& api, const ResourceType& type, Json& object) {
    if (&type == &type::services) {
        return settle_service(api, object);
    }
    if (&type == &type::nodes) {
        settle_node(object);
    } else if (&type == &type::events || &type == &type::new_events) {
        settle_event(type, object);
    } else if (&type == &type::stateful_sets && !object.contains("status")) {
        object["status"] = {{"replicas", 0}, {"availableReplicas", 0}};
    } else if (&type == &type::definitions && !object.contains("status")) {
        Json stored = Json::array();
        for (const auto& version : object["spec"]["versions"]) {
            if (version.value("storage", false)) {
                stored.push_back(version["name"]);
            }
        }
        object["status"] = {{"conditions", nullptr},
                            {"acceptedNames", {{"plural", ""}, {"kind", ""}}},
                            {"storedVersions", std::move(stored)}};
    }
    return {};
}

void add_own_service(ApiState& api) {
    auto chance = Prng(api.options.seed).fork("kube/own-service");
    const Json port = {{"name", "https"}, {"protocol", "TCP"}, {"port", 443}, {"targetPort", 6443}};
    const auto address = fmt::format("{}1", service_network);
    api.store->restore(type::services,
                       {{"kind", "Service"},
                        {"apiVersion", "v1"},
                        {"metadata",
                         {{"name", "kubernetes"},
                          {"namespace", "default"},
                          {"uid", fresh_uuid(chance)},
                          {"resourceVersion", "1"},
                          {"creationTimestamp", rfc3339(api.clock.now())},
                          {"labels", {{"component", "apiserver"}, {"provider", "kubernetes"}}}}},
                        {"spec",
                         {{"ports", Json::array({port})},
                          {"clusterIP", address},
                          {"clusterIPs", Json::array({address})},
                          {"type", "ClusterIP"},
                          {"sessionAffinity", "None"},
                          {"ipFamilies", Json::array({"IPv4"})},
                          {"ipFamilyPolicy", "SingleStack"},
                          {"internalTrafficPolicy", "Cluster"}}},
                        {"status", {{"loadBalancer", Json::object()}}}});
}

}  // namespace meshproof::fakes::kube
