#include "fakes/kube/tables.hpp"

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "core/base/text.hpp"
#include "fakes/kube/custom_resources.hpp"
#include "fakes/kube/status.hpp"

// The columns are those of Kubernetes 1.34, pkg/printers/internalversion/printers.go.

namespace meshproof::fakes::kube {
namespace {

struct Row {
    const Json& object;
    Time now;
};

struct Column {
    const char* name;
    Json (*cell)(const Row& row);
    int priority = 0;  ///< 1: only in -o wide
    const char* type = "string";
    const char* format = "";
};

constexpr const char* none = "<none>";
constexpr const char* unknown = "<unknown>";

Json or_else(std::string text, const char* otherwise) {
    return text.empty() ? Json(otherwise) : Json(std::move(text));
}

// apimachinery's duration.HumanDuration.
std::string human(Duration duration) {
    const auto seconds = whole_seconds(duration);
    const auto minutes = seconds / 60;
    const auto hours = minutes / 60;
    const auto days = hours / 24;
    const auto with = [](auto value, char unit, auto rest, char rest_unit) {
        return rest == 0 ? fmt::format("{}{}", value, unit)
                         : fmt::format("{}{}{}{}", value, unit, rest, rest_unit);
    };
    if (seconds < -1) {
        return "<invalid>";
    }
    if (seconds < 120) {
        return fmt::format("{}s", std::max<std::int64_t>(seconds, 0));
    }
    if (minutes < 10) {
        return with(minutes, 'm', seconds % 60, 's');
    }
    if (minutes < 180) {
        return fmt::format("{}m", minutes);
    }
    if (hours < 8) {
        return with(hours, 'h', minutes % 60, 'm');
    }
    if (hours < 48) {
        return fmt::format("{}h", hours);
    }
    if (days < 8) {
        return with(days, 'd', hours % 24, 'h');
    }
    constexpr std::int64_t year = 365;
    if (days < 2 * year) {
        return fmt::format("{}d", days);
    }
    return days < 8 * year ? with(days / year, 'y', days % year, 'd')
                           : fmt::format("{}y", days / year);
}

Json since(const std::string& date, Time now) {
    const auto time = parse_rfc3339(date);
    return time ? human(now - *time) : std::string(unknown);
}

const Json& list_at(const Json& object, const char* pointer) {
    static const Json empty = Json::array();
    const Json::json_pointer path(pointer);
    return object.contains(path) && object.at(path).is_array() ? object.at(path) : empty;
}

std::size_t entries(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? 0 : found->size();
}

Json name(const Row& row) {
    return meta(row.object, "name");
}
Json age(const Row& row) {
    return since(meta(row.object, "creationTimestamp"), row.now);
}
Json created_at(const Row& row) {
    return meta(row.object, "creationTimestamp");
}
Json phase(const Row& row) {
    return text_at(row.object, "/status/phase");
}
Json secret_count(const Row& row) {
    return entries(row.object, "secrets");
}
Json secret_type(const Row& row) {
    return text_at(row.object, "/type");
}
Json data_count(const Row& row) {
    return entries(row.object, "data") + entries(row.object, "binaryData");
}

Json pod_ready(const Row& row) {
    const auto& statuses = list_at(row.object, "/status/containerStatuses");
    const auto ready = std::ranges::count_if(statuses, [](const Json& status) {
        return status.value("ready", false) &&
               status.contains(Json::json_pointer("/state/running"));
    });
    return fmt::format("{}/{}", ready, list_at(row.object, "/spec/containers").size());
}

Json pod_status(const Row& row) {
    if (!meta(row.object, "deletionTimestamp").empty()) {
        return "Terminating";
    }
    for (const auto& status : list_at(row.object, "/status/containerStatuses")) {
        for (const auto* reason : {"/state/waiting/reason", "/state/terminated/reason"}) {
            if (auto text = text_at(status, reason); !text.empty()) {
                return text;
            }
        }
    }
    const auto reason = text_at(row.object, "/status/reason");
    return reason.empty() ? text_at(row.object, "/status/phase") : reason;
}

Json pod_restarts(const Row& row) {
    std::int64_t restarts = 0;
    for (const auto& status : list_at(row.object, "/status/containerStatuses")) {
        restarts += status.value("restartCount", 0);
    }
    return std::to_string(restarts);
}

Json pod_ip(const Row& row) {
    return or_else(text_at(row.object, "/status/podIP"), none);
}
Json pod_node(const Row& row) {
    return or_else(text_at(row.object, "/spec/nodeName"), none);
}
Json pod_nominated_node(const Row& row) {
    return or_else(text_at(row.object, "/status/nominatedNodeName"), none);
}
Json pod_readiness_gates(const Row&) {
    return none;  // nobody here sets any
}

Json node_status(const Row& row) {
    std::string status = "Unknown";
    for (const auto& condition : list_at(row.object, "/status/conditions")) {
        if (text_at(condition, "/type") == "Ready") {
            status = text_at(condition, "/status") == "True" ? "Ready" : "NotReady";
        }
    }
    const bool closed = row.object.value(Json::json_pointer("/spec/unschedulable"), false);
    return status + (closed ? ",SchedulingDisabled" : "");
}

Json node_roles(const Row& row) {
    constexpr std::string_view prefix = "node-role.kubernetes.io/";
    std::vector<std::string> roles;
    const auto labels = row.object.value(Json::json_pointer("/metadata/labels"), Json::object());
    for (const auto& [key, value] : labels.items()) {
        if (key.starts_with(prefix)) {
            roles.push_back(key.substr(prefix.size()));
        }
    }
    return or_else(join(roles, ","), none);
}

Json node_address(const Row& row, std::string_view type) {
    for (const auto& address : list_at(row.object, "/status/addresses")) {
        if (text_at(address, "/type") == type) {
            return text_at(address, "/address");
        }
    }
    return none;
}
Json node_internal_ip(const Row& row) {
    return node_address(row, "InternalIP");
}
Json node_external_ip(const Row& row) {
    return node_address(row, "ExternalIP");
}
Json node_version(const Row& row) {
    return text_at(row.object, "/status/nodeInfo/kubeletVersion");
}
Json node_image(const Row& row) {
    return or_else(text_at(row.object, "/status/nodeInfo/osImage"), unknown);
}
Json node_kernel(const Row& row) {
    return or_else(text_at(row.object, "/status/nodeInfo/kernelVersion"), unknown);
}
Json node_runtime(const Row& row) {
    return or_else(text_at(row.object, "/status/nodeInfo/containerRuntimeVersion"), unknown);
}

std::string event_last(const Json& event) {
    for (const auto* date : {"/series/lastObservedTime", "/lastTimestamp", "/eventTime"}) {
        if (auto text = text_at(event, date); !text.empty()) {
            return text;
        }
    }
    return {};
}
Json event_last_seen(const Row& row) {
    return since(event_last(row.object), row.now);
}
Json event_first_seen(const Row& row) {
    const auto first = text_at(row.object, "/firstTimestamp");
    return since(first.empty() ? text_at(row.object, "/eventTime") : first, row.now);
}
Json event_type(const Row& row) {
    return text_at(row.object, "/type");
}
Json event_reason(const Row& row) {
    return text_at(row.object, "/reason");
}
Json event_object(const Row& row) {
    const auto its_name = text_at(row.object, "/involvedObject/name");
    const auto kind = lower(text_at(row.object, "/involvedObject/kind"));
    return its_name.empty() ? kind : fmt::format("{}/{}", kind, its_name);
}
Json event_subobject(const Row& row) {
    return text_at(row.object, "/involvedObject/fieldPath");
}
Json event_source(const Row& row) {
    const bool old = row.object.contains(Json::json_pointer("/source/component"));
    const auto component = text_at(row.object, old ? "/source/component" : "/reportingComponent");
    const auto host = text_at(row.object, old ? "/source/host" : "/reportingInstance");
    return host.empty() ? component : fmt::format("{}, {}", component, host);
}
Json event_message(const Row& row) {
    return std::string(trim(text_at(row.object, "/message")));
}
Json event_count(const Row& row) {
    const auto one = row.object.value("count", 1);
    return row.object.value(Json::json_pointer("/series/count"), one);
}

Json binding_role(const Row& row) {
    return fmt::format("{}/{}", text_at(row.object, "/roleRef/kind"),
                       text_at(row.object, "/roleRef/name"));
}
Json binding_subjects(const Row& row, std::string_view kind) {
    std::vector<std::string> names;
    for (const auto& subject : list_at(row.object, "/subjects")) {
        if (text_at(subject, "/kind") == kind) {
            const auto named = text_at(subject, "/name");
            names.push_back(kind == "ServiceAccount"
                                ? fmt::format("{}/{}", text_at(subject, "/namespace"), named)
                                : named);
        }
    }
    return join(names, ", ");
}
Json binding_users(const Row& row) {
    return binding_subjects(row, "User");
}
Json binding_groups(const Row& row) {
    return binding_subjects(row, "Group");
}
Json binding_accounts(const Row& row) {
    return binding_subjects(row, "ServiceAccount");
}

Json integer_at(const Row& row, const char* pointer) {
    return row.object.value(Json::json_pointer(pointer), std::int64_t{0});
}
Json deployment_ready(const Row& row) {
    return fmt::format("{}/{}", integer_at(row, "/status/readyReplicas").get<std::int64_t>(),
                       integer_at(row, "/spec/replicas").get<std::int64_t>());
}
Json deployment_updated(const Row& row) {
    return integer_at(row, "/status/updatedReplicas");
}
Json available_replicas(const Row& row) {
    return integer_at(row, "/status/availableReplicas");
}
Json desired_replicas(const Row& row) {
    return integer_at(row, "/spec/replicas");
}
Json current_replicas(const Row& row) {
    return integer_at(row, "/status/replicas");
}
Json ready_replicas(const Row& row) {
    return integer_at(row, "/status/readyReplicas");
}
Json of_containers(const Row& row, const char* field) {
    std::vector<std::string> values;
    for (const auto& container : list_at(row.object, "/spec/template/spec/containers")) {
        values.push_back(text_at(container, field));
    }
    return join(values, ",");
}
Json container_names(const Row& row) {
    return of_containers(row, "/name");
}
Json container_images(const Row& row) {
    return of_containers(row, "/image");
}
Json selector(const Row& row) {
    std::vector<std::string> parts;
    const auto labels =
        row.object.value(Json::json_pointer("/spec/selector/matchLabels"), Json::object());
    for (const auto& [key, value] : labels.items()) {
        parts.push_back(fmt::format("{}={}", key, value.get<std::string>()));
    }
    return join(parts, ",");
}

Json lease_holder(const Row& row) {
    return text_at(row.object, "/spec/holderIdentity");
}
Json service_type(const Row& row) {
    return text_at(row.object, "/spec/type");
}
Json service_address(const Row& row) {
    return or_else(text_at(row.object, "/spec/clusterIP"), none);
}
Json service_external(const Row& row) {
    const auto kind = text_at(row.object, "/spec/type");
    if (kind == "ExternalName") {
        return text_at(row.object, "/spec/externalName");
    }
    std::vector<std::string> addresses;
    for (const auto& ingress : list_at(row.object, "/status/loadBalancer/ingress")) {
        const auto address = text_at(ingress, "/ip");
        addresses.push_back(address.empty() ? text_at(ingress, "/hostname") : address);
    }
    for (const auto& address : list_at(row.object, "/spec/externalIPs")) {
        addresses.push_back(address.get<std::string>());
    }
    return or_else(join(addresses, ","), kind == "LoadBalancer" ? "<pending>" : none);
}
Json service_ports(const Row& row) {
    std::vector<std::string> ports;
    for (const auto& port : list_at(row.object, "/spec/ports")) {
        const auto number = port.value("port", 0);
        const auto node_port = port.value("nodePort", 0);
        ports.push_back(node_port > 0
                            ? fmt::format("{}:{}/{}", number, node_port, text_at(port, "/protocol"))
                            : fmt::format("{}/{}", number, text_at(port, "/protocol")));
    }
    return or_else(join(ports, ","), none);
}
Json service_selector(const Row& row) {
    std::vector<std::string> parts;
    const auto labels = row.object.value(Json::json_pointer("/spec/selector"), Json::object());
    for (const auto& [key, value] : labels.items()) {
        parts.push_back(fmt::format("{}={}", key, value.get<std::string>()));
    }
    return or_else(join(parts, ","), none);
}

constexpr Column name_column{"Name", name, 0, "string", "name"};
constexpr Column age_column{"Age", age};

constexpr std::array namespace_columns{name_column, Column{"Status", phase}, age_column};
constexpr std::array account_columns{name_column, Column{"Secrets", secret_count}, age_column};
constexpr std::array secret_columns{name_column, Column{"Type", secret_type},
                                    Column{"Data", data_count}, age_column};
constexpr std::array config_map_columns{name_column, Column{"Data", data_count}, age_column};
constexpr std::array pod_columns{name_column,
                                 Column{"Ready", pod_ready},
                                 Column{"Status", pod_status},
                                 Column{"Restarts", pod_restarts},
                                 age_column,
                                 Column{"IP", pod_ip, 1},
                                 Column{"Node", pod_node, 1},
                                 Column{"Nominated Node", pod_nominated_node, 1},
                                 Column{"Readiness Gates", pod_readiness_gates, 1}};
constexpr std::array node_columns{name_column,
                                  Column{"Status", node_status},
                                  Column{"Roles", node_roles},
                                  age_column,
                                  Column{"Version", node_version},
                                  Column{"Internal-IP", node_internal_ip, 1},
                                  Column{"External-IP", node_external_ip, 1},
                                  Column{"OS-Image", node_image, 1},
                                  Column{"Kernel-Version", node_kernel, 1},
                                  Column{"Container-Runtime", node_runtime, 1}};
constexpr std::array event_columns{
    Column{"Last Seen", event_last_seen},    Column{"Type", event_type},
    Column{"Reason", event_reason},          Column{"Object", event_object},
    Column{"Subobject", event_subobject, 1}, Column{"Source", event_source, 1},
    Column{"Message", event_message},        Column{"First Seen", event_first_seen, 1},
    Column{"Count", event_count, 1},         Column{"Name", name, 1, "string", "name"}};
constexpr std::array role_columns{name_column, Column{"Created At", created_at, 0, "date"}};
constexpr std::array binding_columns{name_column,
                                     Column{"Role", binding_role},
                                     age_column,
                                     Column{"Users", binding_users, 1},
                                     Column{"Groups", binding_groups, 1},
                                     Column{"ServiceAccounts", binding_accounts, 1}};

constexpr std::array deployment_columns{name_column,
                                        Column{"Ready", deployment_ready},
                                        Column{"Up-to-date", deployment_updated},
                                        Column{"Available", available_replicas},
                                        age_column,
                                        Column{"Containers", container_names, 1},
                                        Column{"Images", container_images, 1},
                                        Column{"Selector", selector, 1}};
constexpr std::array set_columns{name_column,
                                 Column{"Desired", desired_replicas, 0, "integer"},
                                 Column{"Current", current_replicas, 0, "integer"},
                                 Column{"Ready", ready_replicas, 0, "integer"},
                                 age_column,
                                 Column{"Containers", container_names, 1},
                                 Column{"Images", container_images, 1},
                                 Column{"Selector", selector, 1}};

constexpr std::array stateful_set_columns{name_column, Column{"Ready", deployment_ready},
                                          age_column, Column{"Containers", container_names, 1},
                                          Column{"Images", container_images, 1}};
constexpr std::array lease_columns{name_column, Column{"Holder", lease_holder}, age_column};
constexpr std::array service_columns{name_column,
                                     Column{"Type", service_type},
                                     Column{"Cluster-IP", service_address},
                                     Column{"External-IP", service_external},
                                     Column{"Port(s)", service_ports},
                                     age_column,
                                     Column{"Selector", service_selector, 1}};
constexpr std::array custom_name_column{name_column};

std::span<const Column> columns_of(const ResourceType& type) {
    if (type.custom != nullptr) {
        return custom_name_column;
    }
    if (&type == &type::services) {
        return service_columns;
    }
    if (&type == &type::leases) {
        return lease_columns;
    }
    if (&type == &type::stateful_sets) {
        return stateful_set_columns;
    }
    if (&type == &type::definitions) {
        return role_columns;
    }
    if (&type == &type::namespaces) {
        return namespace_columns;
    }
    if (&type == &type::service_accounts) {
        return account_columns;
    }
    if (&type == &type::secrets) {
        return secret_columns;
    }
    if (&type == &type::config_maps) {
        return config_map_columns;
    }
    if (&type == &type::pods) {
        return pod_columns;
    }
    if (&type == &type::deployments) {
        return deployment_columns;
    }
    if (&type == &type::replica_sets) {
        return set_columns;
    }
    if (&type == &type::nodes) {
        return node_columns;
    }
    if (&type == &type::roles || &type == &type::cluster_roles) {
        return role_columns;
    }
    if (&type == &type::role_bindings || &type == &type::cluster_role_bindings) {
        return binding_columns;
    }
    return event_columns;
}

Json shown(const TableSpec& spec, const Json& object) {
    if (spec.include_object == "None") {
        return nullptr;
    }
    if (spec.include_object == "Object") {
        return object;
    }
    return metadata_only(object);
}

}  // namespace

Json age_text(const std::string& date, Time now) {
    return since(date, now);
}

http::Response wrong_shape(const ResourceType& type, Shape asked) {
    const auto package = type.group.empty() ? "core" : type.group.substr(0, type.group.find('.'));
    return refusal(406, "NotAcceptable",
                   asked == Shape::metadata
                       ? fmt::format("you requested PartialObjectMetadata, but the requested "
                                     "object is a list (*{}.{}List)",
                                     package, type.kind)
                       : fmt::format("you requested PartialObjectMetadataList, but the requested "
                                     "object is not a list (*{}.{})",
                                     package, type.kind));
}

Json metadata_only(const Json& object) {
    return {{"kind", "PartialObjectMetadata"},
            {"apiVersion", "meta.k8s.io/v1"},
            {"metadata", object.at("metadata")}};
}

TableSpec table_asked(const ResourceType& type, const RequestInfo& info) {
    return {&type, info.param("includeObject"), true};
}

Json table_of(const TableSpec& spec, std::span<const Object> objects, Json metadata, Time now) {
    const auto columns = columns_of(*spec.type);
    Json definitions = Json::array();
    for (const auto& column : columns) {
        definitions.push_back({{"name", column.name},
                               {"type", column.type},
                               {"format", column.format},
                               {"description", ""},
                               {"priority", column.priority}});
    }
    const bool custom = spec.type->custom != nullptr;
    if (custom) {
        for (auto& definition : custom_column_definitions(*spec.type)) {
            definitions.push_back(std::move(definition));
        }
    }
    Json rows = Json::array();
    for (const auto& object : objects) {
        Json cells = Json::array();
        const auto core =
            spec.type == &type::new_events
                ? std::make_shared<const Json>(converted(*object, *spec.type, type::events))
                : object;
        for (const auto& column : columns) {
            cells.push_back(column.cell({*core, now}));
        }
        if (custom) {
            for (auto& cell : custom_cells(*spec.type, *object, now)) {
                cells.push_back(std::move(cell));
            }
        }
        rows.push_back({{"cells", std::move(cells)}, {"object", shown(spec, *object)}});
    }
    return {{"kind", "Table"},
            {"apiVersion", "meta.k8s.io/v1"},
            {"metadata", std::move(metadata)},
            {"columnDefinitions", spec.headers ? std::move(definitions) : Json()},
            {"rows", std::move(rows)}};
}

}  // namespace meshproof::fakes::kube
