// What a pod's spec says where it was sent without saying it: of its probes, its ports and its
// volumes. A template's has the same, but for the ports of its nodes.
#include <algorithm>

#include "fakes/kube/api_state.hpp"

namespace meshproof::fakes::kube {
namespace {

void say_unless_said(Json& object, const char* key, Json value) {
    if (!object.contains(key)) {
        object[key] = std::move(value);
    }
}

/// What `object` has under `key`; null = nothing, or nothing with members.
Json* member_of(Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_structured() ? &*found : nullptr;
}

void default_handler(Json& handler) {
    if (auto* http = member_of(handler, "httpGet")) {
        say_unless_said(*http, "path", "/");
        say_unless_said(*http, "scheme", "HTTP");
    }
}

void default_probe(Json& probe) {
    default_handler(probe);
    if (auto* grpc = member_of(probe, "grpc")) {
        say_unless_said(*grpc, "service", "");
    }
    say_unless_said(probe, "timeoutSeconds", 1);
    say_unless_said(probe, "periodSeconds", 10);
    say_unless_said(probe, "successThreshold", 1);
    say_unless_said(probe, "failureThreshold", 3);
}

// A reference to a field of the pod, or to a container's resources.
void default_reference(Json& from) {
    if (auto* field = member_of(from, "fieldRef")) {
        say_unless_said(*field, "apiVersion", "v1");
    }
    if (auto* resource = member_of(from, "resourceFieldRef")) {
        say_unless_said(*resource, "divisor", "0");
    }
}

void default_items(Json& source) {
    if (auto* items = member_of(source, "items")) {
        std::ranges::for_each(*items, default_reference);
    }
}

void default_container(Json& container) {
    for (const auto* name : {"livenessProbe", "readinessProbe", "startupProbe"}) {
        if (auto* probe = member_of(container, name)) {
            default_probe(*probe);
        }
    }
    if (auto* lifecycle = member_of(container, "lifecycle")) {
        for (const auto* moment : {"postStart", "preStop"}) {
            if (auto* handler = member_of(*lifecycle, moment)) {
                default_handler(*handler);
            }
        }
    }
    if (auto* ports = member_of(container, "ports")) {
        for (auto& port : *ports) {
            say_unless_said(port, "protocol", "TCP");
        }
    }
    if (auto* variables = member_of(container, "env")) {
        for (auto& variable : *variables) {
            if (auto* from = member_of(variable, "valueFrom")) {
                default_reference(*from);
            }
        }
    }
}

// On its node's network a container's ports are the node's.
void default_node_ports(Json& container) {
    if (auto* ports = member_of(container, "ports")) {
        for (auto& port : *ports) {
            if (const auto number = port.value("containerPort", std::int64_t{0}); number != 0) {
                say_unless_said(port, "hostPort", number);
            }
        }
    }
}

void default_projection(Json& source) {
    if (auto* token = member_of(source, "serviceAccountToken")) {
        constexpr int hour = 3600;
        say_unless_said(*token, "expirationSeconds", hour);
    }
    if (auto* fields = member_of(source, "downwardAPI")) {
        default_items(*fields);
    }
}

void default_volume(Json& volume) {
    constexpr int readable = 0644;
    if (volume.size() == (volume.contains("name") ? 1U : 0U)) {
        volume["emptyDir"] = Json::object();
    }
    for (const auto* kind : {"secret", "configMap", "downwardAPI", "projected"}) {
        if (auto* source = member_of(volume, kind)) {
            say_unless_said(*source, "defaultMode", readable);
            if (kind == std::string_view("downwardAPI")) {
                default_items(*source);
            }
            if (auto* sources = member_of(*source, "sources")) {
                std::ranges::for_each(*sources, default_projection);
            }
        }
    }
    if (auto* path = member_of(volume, "hostPath")) {
        say_unless_said(*path, "type", "");
    }
}

}  // namespace

void default_pod_parts(Json& spec) {
    for (const auto* list : {"containers", "initContainers"}) {
        if (auto* containers = member_of(spec, list)) {
            std::ranges::for_each(*containers, default_container);
        }
    }
    if (auto* volumes = member_of(spec, "volumes")) {
        std::ranges::for_each(*volumes, default_volume);
    }
}

void default_host_ports(Json& spec) {
    if (!spec.value("hostNetwork", false)) {
        return;
    }
    for (const auto* list : {"containers", "initContainers"}) {
        if (auto* containers = member_of(spec, list)) {
            std::ranges::for_each(*containers, default_node_ports);
        }
    }
}

}  // namespace meshproof::fakes::kube
