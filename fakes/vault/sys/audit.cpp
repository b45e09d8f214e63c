#include "fakes/vault/sys/audit.hpp"

#include "core/base/text.hpp"
#include "core/crypto/openssl.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/server.hpp"

/// Audit devices: row 204. OpenBao takes them from its configuration file only.
namespace meshproof::fakes::vault {

namespace {

using Options = std::map<std::string, std::string>;

LogicalReply at_both_levels(Json data) {
    LogicalReply reply(BackendResponse::with(std::move(data)));
    reply.repeat_data = true;
    return reply;
}

std::string device_path(const BuiltinCall& call) {
    auto path = call.captured("path");
    return path.ends_with('/') ? path : path + "/";
}

LogicalReply list_devices(Server& server, const BuiltinCall&) {
    auto all = Json::object();
    for (const auto& [path, device] : server.audit.devices) {
        all[path] = Json{{"description", device.description},
                         {"local", device.local},
                         {"options", device.options},
                         {"path", path},
                         {"type", device.type}};
    }
    return at_both_levels(std::move(all));
}

// What a file's options may be. Where the file lies is nobody's concern here.
std::optional<std::string> refuse_file(const Options& options) {
    if (!options.contains("file_path") && !options.contains("path")) {
        return "file_path is required";
    }
    if (const auto format = options.find("format");
        format != options.end() && format->second != "json" && format->second != "jsonx") {
        return "unknown format type " + go_quoted(format->second);
    }
    for (const auto* name : {"hmac_accessor", "log_raw", "elide_list_responses"}) {
        const auto given = options.find(name);
        if (given == options.end()) {
            continue;
        }
        static const Fields flag{{{"flag", FieldType::boolean}}};
        if (given->second.empty() ||
            !FieldData::read(flag, Json{{"flag", given->second}}, Product::vault)) {
            return fmt::format("strconv.ParseBool: parsing {}: invalid syntax",
                               go_quoted(given->second));
        }
    }
    if (const auto mode = options.find("mode"); mode != options.end()) {
        if (const auto read = go_integer(mode->second, 8); !read || *read < 0) {
            return fmt::format("strconv.ParseUint: parsing {}: {}", go_quoted(mode->second),
                               read ? "invalid syntax" : read.error());
        }
    }
    return std::nullopt;
}

// Nobody listens where a socket or a system's log would be.
std::optional<std::string> refuse_device(const AuditDevice& device) {
    if (device.type == "file") {
        return refuse_file(device.options);
    }
    if (device.type == "syslog") {
        return "Unix syslog delivery error";
    }
    if (device.type != "socket") {
        return "unknown backend type: " + go_quoted(device.type);
    }
    const auto address = device.options.find("address");
    if (address == device.options.end()) {
        return "address is required";
    }
    const auto refused =
        fmt::format("\t* dial tcp {}: connect: connection refused\n", address->second);
    return fmt::format("audit backend failed test message: 2 errors occurred:\n{0}{0}\n", refused);
}

LogicalReply enable_device(Server& server, const BuiltinCall& call) {
    if (server.openbao()) {
        return BackendResponse::error(
            "cannot enable audit device via API; use declarative, config-based audit device "
            "management instead");
    }
    const auto& data = call.fields;
    const auto path = device_path(call);
    for (const auto& [taken, other] : server.audit.devices) {
        if (taken.starts_with(path) || path.starts_with(taken)) {
            return BackendResponse::error("path already in use");
        }
    }
    AuditDevice device{data.text("type"), data.text("description"), data.boolean("local"), {}};
    if (data.has("options")) {
        device.options = data.pairs("options").value_or(Options());
    }
    if (auto refused = refuse_device(device)) {
        return BackendResponse::error(std::move(*refused));
    }
    server.audit.devices[path] = std::move(device);
    return BackendResponse::nothing();
}

LogicalReply disable_device(Server& server, const BuiltinCall& call) {
    server.audit.devices.erase(device_path(call));
    return BackendResponse::nothing();
}

// Of one Vault and one device, the same text has the same hash.
LogicalReply hash_input(Server& server, const BuiltinCall& call) {
    const auto input = call.fields.text("input");
    if (input.empty()) {
        return BackendResponse::error("the \"input\" parameter is empty");
    }
    const auto path = device_path(call);
    if (!server.audit.devices.contains(path)) {
        return BackendResponse::error("unknown audit backend " + go_quoted(path));
    }
    const auto salted = server.cluster_id + "/" + path + "/" + input;
    return at_both_levels(
        Json{{"hash", "hmac-sha256:" + to_hex(crypto::sha256(as_bytes(salted)))}});
}

LogicalReply list_headers(Server& server, const BuiltinCall&) {
    auto all = Json::object();
    for (const auto& [name, hashed] : server.audit.headers) {
        all[name] = Json{{"hmac", hashed}};
    }
    return at_both_levels(Json{{"headers", std::move(all)}});
}

LogicalReply read_header(Server& server, const BuiltinCall& call) {
    const auto name = call.captured("header");
    const auto found = server.audit.headers.find(lower(name));
    return found == server.audit.headers.end()
               ? LogicalReply(BackendResponse::error("Could not find header in config"))
               : at_both_levels(Json{{name, Json{{"hmac", found->second}}}});
}

LogicalReply write_header(Server& server, const BuiltinCall& call) {
    server.audit.headers[lower(call.captured("header"))] = call.fields.boolean("hmac");
    return BackendResponse::nothing();
}

LogicalReply delete_header(Server& server, const BuiltinCall& call) {
    server.audit.headers.erase(lower(call.captured("header")));
    return BackendResponse::nothing();
}

template <LogicalReply (*function)(Server& server, const BuiltinCall& call)>
LogicalReply at_root(Server& server, const BuiltinCall& call) {
    return call.request.ns->path.empty()
               ? function(server, call)
               : BackendResponse::error("operation only available in root namespace");
}

}  // namespace

std::vector<BuiltinRoute> audit_routes() {
    using enum Operation;
    const std::string header = "config/auditing/request-headers/:header";
    return {
        {"audit", {{read, at_root<list_devices>}}, {}, Needs::sudo},
        {"audit/:path+",
         {{update, at_root<enable_device>}, {remove, at_root<disable_device>}},
         {{{"type", FieldType::text},
           {"description", FieldType::text},
           {"options", FieldType::pairs},
           {"local", FieldType::boolean}}},
         Needs::sudo},
        {"audit-hash/:path+", {{update, at_root<hash_input>}}, {{{"input", FieldType::text}}}},
        {"config/auditing/request-headers", {{read, at_root<list_headers>}}, {}, Needs::sudo},
        {header, {{read, at_root<read_header>}, {remove, at_root<delete_header>}}, {}, Needs::sudo},
        {header, {{update, at_root<write_header>}}, {{{"hmac", FieldType::boolean}}}, Needs::sudo},
    };
}

}  // namespace meshproof::fakes::vault
