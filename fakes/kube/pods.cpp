#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/name_rules.hpp"
#include "fakes/kube/pod_faults.hpp"

namespace meshproof::fakes::kube {
namespace {

void fill(Json& object, const char* key, Json value) {
    if (!object.contains(key) || object[key] == Json("")) {
        object[key] = std::move(value);
    }
}

// What is pulled each time: no tag, or the latest.
bool always_pulled(const std::string& image) {
    const auto slash = image.rfind('/');
    const auto name = slash == std::string::npos ? image : image.substr(slash + 1);
    return name.find(':') == std::string::npos || name.ends_with(":latest");
}

// A text that has to be one of a few.
void check_word(const Json& object, const char* key, const std::string& path,
                std::initializer_list<const char*> words, std::vector<Cause>& faults) {
    const auto given = object.value(key, "");
    if (std::ranges::find(words, given) != words.end()) {
        return;
    }
    std::vector<std::string> supported;
    for (const auto* word : words) {
        supported.push_back(go_quoted(word));
    }
    faults.push_back({fmt::format("{}.{}", path, key), "FieldValueNotSupported",
                      fmt::format("Unsupported value: {}: supported values: {}", go_quoted(given),
                                  join(supported, ", "))});
}

void complete_container(Json& container, const std::string& path, std::vector<Cause>& faults) {
    const auto name = text_at(container, "/name");
    if (name.empty()) {
        faults.push_back({path + ".name", "FieldValueRequired", "Required value"});
    } else if (!is_dns_label(name)) {
        faults.push_back({path + ".name", "FieldValueInvalid",
                          fmt::format("Invalid value: \"{}\": {}", name, label_rule)});
    }
    const auto image = text_at(container, "/image");
    if (image.empty()) {
        faults.push_back({path + ".image", "FieldValueRequired", "Required value"});
    }
    fill(container, "resources", Json::object());
    fill(container, "terminationMessagePath", "/dev/termination-log");
    fill(container, "terminationMessagePolicy", "File");
    fill(container, "imagePullPolicy", always_pulled(image) ? "Always" : "IfNotPresent");
    check_word(container, "terminationMessagePolicy", path, {"File", "FallbackToLogsOnError"},
               faults);
}

http::Response success(int code) {
    return json_response(code, {{"kind", "Status"},
                                {"apiVersion", "v1"},
                                {"metadata", Json::object()},
                                {"status", "Success"},
                                {"code", code}});
}

http::Response bind_pod(ApiState& api, const ApiCall& call) {
    const auto body = body_of(call, "Binding", "v1");
    if (!body) {
        return body.error();
    }
    const auto& name = call.info.name;
    if (meta(*body, "name") != name) {
        return bad_request("name in URL does not match name in Binding object");
    }
    const auto kind = text_at(*body, "/target/kind");
    if (!kind.empty() && kind != "Node") {
        return refusal(500, "",
                       fmt::format("target.kind: Unsupported value: \"{}\": supported values: "
                                   "\"Node\", \"<empty>\"",
                                   kind));
    }
    const auto node = text_at(*body, "/target/name");
    if (node.empty()) {
        return refusal(500, "", "target.name: Required value");
    }
    const auto pod = current_of(api, call);
    if (!pod) {
        return pod.error();
    }
    if (const auto bound = text_at(**pod, "/spec/nodeName"); !bound.empty()) {
        return conflict("pods/binding", name,
                        fmt::format("pod {} is already assigned to node \"{}\"", name, bound));
    }
    Json assigned = **pod;
    assigned["spec"]["nodeName"] = node;
    auto& conditions = assigned["status"]["conditions"];
    if (!conditions.is_array()) {
        conditions = Json::array();
    }
    conditions.push_back({{"type", "PodScheduled"},
                          {"status", "True"},
                          {"lastTransitionTime", rfc3339(api.clock.now())}});
    if (!call.dry_run()) {
        api.store->replace(type::pods, std::move(assigned));
    }
    return success(201);
}

http::Response evict(ApiState& api, const ApiCall& call) {
    const auto body = body_of(call, "Eviction", "policy/v1");
    if (!body) {
        return body.error();
    }
    if (const auto named = meta(*body, "name"); !named.empty() && named != call.info.name) {
        return bad_request("name in URL does not match name in Eviction object");
    }
    const auto pod = current_of(api, call);
    if (!pod) {
        return pod.error();
    }
    const Json options = body->value("deleteOptions", Json::object());
    if (const auto met = check_preconditions(type::pods, **pod, options); !met) {
        return met.error();
    }
    if (!call.dry_run()) {
        (void)delete_object(api, type::pods, *pod, options);
    }
    return success(201);
}

// That it is clear which container is meant.
Checked<> check_container(const Json& pod, const ApiCall& call) {
    const auto asked = call.info.param("container");
    std::vector<std::string> names;
    for (const auto& container : pod["spec"]["containers"]) {
        names.push_back(text_at(container, "/name"));
    }
    if (asked.empty() && names.size() > 1) {
        return refuse(bad_request(
            fmt::format("a container name must be specified for pod {}, choose one of: [{}]",
                        call.info.name, join(names, " "))));
    }
    if (!asked.empty() && std::ranges::find(names, asked) == names.end()) {
        return refuse(bad_request(
            fmt::format("container {} is not valid for pod {}", asked, call.info.name)));
    }
    return {};
}

// What an API server says that cannot reach the kubelet: nobody here runs one.
http::Response ask_kubelet(ApiState& api, const Json& pod) {
    const auto node_name = text_at(pod, "/spec/nodeName");
    const auto node = api.store->find(type::nodes, "", node_name);
    if (!node) {
        return not_found(type::pods, node_name);  // so it says
    }
    const Json addresses = node->value(Json::json_pointer("/status/addresses"), Json::array());
    if (addresses.empty()) {
        return refusal(500, "", "no preferred addresses found; known addresses: []");
    }
    const auto host = text_at(addresses[0], "/address");
    return refusal(500, "",
                   fmt::format("Get \"https://{}:10250/\": dial tcp {}:10250: connect: connection "
                               "refused",
                               host, host));
}

// The names of the pod's volumes.
std::set<std::string> check_volumes(const Json& spec, const std::string& path,
                                    std::vector<Cause>& faults) {
    std::set<std::string> names;
    std::size_t index = 0;
    const Json volumes = spec.value("volumes", Json::array());
    for (const auto& volume : volumes) {
        if (enough(faults)) {
            break;
        }
        const auto field = fmt::format("{}.volumes[{}].name", path, index++);
        const auto name = text_at(volume, "/name");
        if (name.empty()) {
            faults.push_back({field, "FieldValueRequired", "Required value"});
        } else if (!names.insert(name).second) {
            faults.push_back(
                {field, "FieldValueDuplicate", fmt::format("Duplicate value: \"{}\"", name)});
        }
    }
    return names;
}

// What may be a port's name (IANA's service names).
std::vector<std::string_view> port_name_faults(std::string_view name) {
    constexpr std::size_t longest = 15;
    std::vector<std::string_view> faults;
    if (name.size() > longest) {
        faults.emplace_back("must be no more than 15 characters");
    }
    if (!std::ranges::all_of(name, [](char c) { return small_letter_or_digit(c) || c == '-'; })) {
        faults.emplace_back(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if (std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; })) {
        faults.emplace_back("must contain at least one letter (a-z)");
    }
    if (name.find("--") != std::string_view::npos) {
        faults.emplace_back("must not contain consecutive hyphens");
    }
    if (name.starts_with('-') || name.ends_with('-')) {
        faults.emplace_back("must not begin or end with a hyphen");
    }
    return faults;
}

void check_port_number(const Json& port, const char* key, const std::string& path,
                       std::vector<Cause>& faults) {
    constexpr std::int64_t largest = 65535;
    const auto value = port.value(key, std::int64_t{0});
    if (value < 0 || value > largest) {
        faults.push_back({fmt::format("{}.{}", path, key), "FieldValueInvalid",
                          fmt::format("Invalid value: {}: must be between 1 and {}, inclusive",
                                      value, largest)});
    }
}

void check_container_ports(const Json& container, const std::string& place,
                           std::vector<Cause>& faults) {
    std::size_t index = 0;
    std::set<std::string> names;
    const Json ports = container.value("ports", Json::array());
    for (const auto& port : ports) {
        if (enough(faults)) {
            return;
        }
        const auto field = fmt::format("{}.ports[{}]", place, index++);
        const auto name = text_at(port, "/name");
        const auto wrong = name.empty() ? std::vector<std::string_view>() : port_name_faults(name);
        for (const auto why : wrong) {
            faults.push_back(text_fault(field + ".name", name, why));
        }
        if (!name.empty() && wrong.empty() && !names.insert(name).second) {
            faults.push_back({field + ".name", "FieldValueDuplicate",
                              fmt::format("Duplicate value: {}", go_quoted(name))});
        }
        if (port.value("containerPort", std::int64_t{0}) == 0) {
            faults.push_back(missing_fault(field + ".containerPort"));
        }
        check_port_number(port, "containerPort", field, faults);
        check_port_number(port, "hostPort", field, faults);
        check_word(port, "protocol", field, {"SCTP", "TCP", "UDP"}, faults);
    }
}

// Environment variables.
void check_variables(const Json& container, const std::string& place, std::vector<Cause>& faults) {
    std::size_t index = 0;
    const Json variables = container.value("env", Json::array());
    for (const auto& variable : variables) {
        if (enough(faults)) {
            return;
        }
        const auto field = fmt::format("{}.env[{}]", place, index++);
        const auto name = text_at(variable, "/name");
        if (name.empty()) {
            faults.push_back(missing_fault(field + ".name"));
        } else if (!std::ranges::all_of(name,
                                        [](char c) { return c >= ' ' && c <= '~' && c != '='; })) {
            faults.push_back(text_fault(field + ".name", name,
                                        "a valid environment variable name must consist only of "
                                        "printable ASCII characters other than '='"));
        }
        const auto from = variable.find("valueFrom");
        if (from == variable.end()) {
            continue;
        }
        if (from->empty()) {
            faults.push_back(text_fault(field + ".valueFrom", "",
                                        "must specify one of: `fieldRef`, `resourceFieldRef`, "
                                        "`configMapKeyRef` or `secretKeyRef`"));
        } else if (!text_at(variable, "/value").empty()) {
            faults.push_back(text_fault(field + ".valueFrom", "",
                                        "may not be specified when `value` is not empty"));
        }
    }
}

// On its node's network a container listens on the node's ports.
void check_node_ports(const Json& spec, const std::string& path, std::vector<Cause>& faults) {
    if (!spec.value("hostNetwork", false)) {
        return;
    }
    std::size_t index = 0;
    const Json containers = spec.value("containers", Json::array());
    for (const auto& container : containers) {
        const auto place = fmt::format("{}.containers[{}]", path, index++);
        std::size_t at = 0;
        const Json ports = container.value("ports", Json::array());
        for (const auto& port : ports) {
            const auto field = fmt::format("{}.ports[{}].hostPort", place, at++);
            const auto host = port.value("hostPort", std::int64_t{0});
            if (host != 0 && host != port.value("containerPort", std::int64_t{0})) {
                faults.push_back({field, "FieldValueInvalid",
                                  fmt::format("Invalid value: {}: must match `containerPort` when "
                                              "`hostNetwork` is true",
                                              host)});
            }
        }
    }
}

void check_mounts(const Json& container, const std::string& place,
                  const std::set<std::string>& volumes, std::vector<Cause>& faults) {
    std::size_t index = 0;
    const Json mounts = container.value("volumeMounts", Json::array());
    for (const auto& mount : mounts) {
        if (enough(faults)) {
            return;
        }
        const auto field = fmt::format("{}.volumeMounts[{}]", place, index++);
        const auto name = text_at(mount, "/name");
        if (name.empty()) {
            faults.push_back({field + ".name", "FieldValueRequired", "Required value"});
        } else if (!volumes.contains(name)) {
            faults.push_back(
                {field + ".name", "FieldValueNotFound", fmt::format("Not found: \"{}\"", name)});
        }
        if (text_at(mount, "/mountPath").empty()) {
            faults.push_back({field + ".mountPath", "FieldValueRequired", "Required value"});
        }
    }
}

// `names` has those of the containers before.
void complete_containers(Json& spec, const char* list, const std::string& path,
                         std::set<std::string>& names, const std::set<std::string>& volumes,
                         std::vector<Cause>& faults) {
    const auto containers = spec.find(list);
    if (containers == spec.end()) {
        return;
    }
    std::size_t index = 0;
    for (auto& container : *containers) {
        if (enough(faults)) {
            return;  // without the others' defaults: it is refused
        }
        const auto place = fmt::format("{}[{}]", path, index++);
        complete_container(container, place, faults);
        check_container_ports(container, place, faults);
        check_variables(container, place, faults);
        check_mounts(container, place, volumes, faults);
        check_word(container, "imagePullPolicy", place, {"Always", "IfNotPresent", "Never"},
                   faults);
        check_container_resources(container, place, faults);
        if (const auto name = text_at(container, "/name");
            !name.empty() && !names.insert(name).second) {
            faults.push_back({place + ".name", "FieldValueDuplicate",
                              fmt::format("Duplicate value: \"{}\"", name)});
        }
    }
}

}  // namespace

void complete_pod_spec(Json& spec, const std::string& path, std::vector<Cause>& faults) {
    if (!spec.is_object()) {
        spec = Json::object();
    }
    drop_disabled_fields(spec);
    default_pod_parts(spec);
    const auto volumes = check_volumes(spec, path, faults);
    if (!spec.contains("containers") || spec["containers"].empty()) {
        faults.push_back({path + ".containers", "FieldValueRequired", "Required value"});
    }
    std::set<std::string> names;
    for (const auto* list : {"containers", "initContainers"}) {
        complete_containers(spec, list, fmt::format("{}.{}", path, list), names, volumes, faults);
    }
    check_pod_resources(spec, path, faults);
    check_node_ports(spec, path, faults);
    if (const auto account = text_at(spec, "/serviceAccountName"); !account.empty()) {
        spec["serviceAccount"] = account;
    }
    if (spec.value("nodeName", Json()) == "") {
        spec.erase("nodeName");
    }
    fill(spec, "restartPolicy", "Always");
    fill(spec, "dnsPolicy", "ClusterFirst");
    if (path == "spec") {  // what a template may say, its workload knows
        check_word(spec, "restartPolicy", path, {"Always", "OnFailure", "Never"}, faults);
    }
    check_word(spec, "dnsPolicy", path,
               {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"}, faults);
    check_node_selector(spec, path, faults);
    check_shared_processes(spec, path, faults);
    check_dns(spec, path, faults);
    check_placement(spec, path, faults);
    check_schedule(spec, path, faults);
    fill(spec, "schedulerName", "default-scheduler");
    fill(spec, "securityContext", Json::object());
    if (!spec.contains("terminationGracePeriodSeconds")) {
        spec["terminationGracePeriodSeconds"] = 30;
    }
}

void complete_pod(Json& pod, std::vector<Cause>& faults) {
    auto& spec = pod["spec"];
    if (spec.is_object()) {
        const auto alias = text_at(spec, "/serviceAccount");
        fill(spec, "serviceAccountName", alias.empty() ? "default" : alias);
        if (count_at(spec, "/terminationGracePeriodSeconds") < 0) {
            spec["terminationGracePeriodSeconds"] = 1;
        }
        request_limits(spec);
        default_host_ports(spec);
    }
    complete_pod_spec(spec, "spec", faults);
    fill(spec, "enableServiceLinks", true);
    admit_spec(spec);
    const auto told = text_at(pod, "/status/qosClass");
    const auto status = pod.find("status");
    if (status == pod.end() || status->size() == (told.empty() ? 0U : 1U)) {
        pod["status"] = {{"phase", "Pending"}, {"qosClass", told.empty() ? qos_class(spec) : told}};
    }
}

http::Response answer_pod(ApiState& api, const ApiCall& call) {
    const auto& sub = call.info.subresource;
    const auto& verb = call.info.verb;
    if (sub == "binding" || sub == "eviction") {
        if (verb != "create") {
            return method_not_allowed();
        }
        if (const auto options = check_options(call); !options) {
            return options.error();
        }
        return sub == "binding" ? bind_pod(api, call) : evict(api, call);
    }
    if (sub == "log" && verb != "get") {
        return method_not_allowed();
    }
    const auto pod = current_of(api, call);
    if (!pod) {
        return pod.error();
    }
    if (sub == "proxy") {
        return bad_request("address not allowed");
    }
    if (const auto chosen = check_container(**pod, call); !chosen) {
        return chosen.error();
    }
    if (text_at(**pod, "/spec/nodeName").empty()) {
        if (sub == "log") {
            http::Response nothing;
            nothing.status = 204;
            return nothing;
        }
        return bad_request(fmt::format("pod {} does not have a host assigned", call.info.name));
    }
    return ask_kubelet(api, **pod);
}

bool pod_goes_at_once(const Json& pod, std::optional<std::int64_t> grace_seconds) {
    const auto phase = text_at(pod, "/status/phase");
    return grace_seconds == 0 || text_at(pod, "/spec/nodeName").empty() || phase == "Succeeded" ||
           phase == "Failed";
}

}  // namespace meshproof::fakes::kube
