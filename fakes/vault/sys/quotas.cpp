#include "fakes/vault/sys/quotas.hpp"

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/quotas: row 44. What they do to requests is in server/quotas.cpp.
namespace meshproof::fakes::vault {

namespace {

LogicalReply config(Server& server, const LogicalRequest& request) {
    if (request.reads()) {
        return BackendResponse::with(
            Json{{"enable_rate_limit_audit_logging", server.quotas.audit_logging},
                 {"enable_rate_limit_response_headers", server.quotas.response_headers},
                 {"rate_limit_exempt_paths", server.quotas.exempt_paths}});
    }
    if (!request.writes()) {
        return BackendResponse::unsupported_operation();
    }
    static const Fields fields{{{"enable_rate_limit_audit_logging", FieldType::boolean},
                                {"enable_rate_limit_response_headers", FieldType::boolean},
                                {"rate_limit_exempt_paths", FieldType::list}}};
    MESHPROOF_FIELDS(data, fields, request, server);
    server.quotas.audit_logging =
        data.boolean("enable_rate_limit_audit_logging", server.quotas.audit_logging);
    server.quotas.response_headers =
        data.boolean("enable_rate_limit_response_headers", server.quotas.response_headers);
    if (data.has("rate_limit_exempt_paths")) {
        const auto paths = data.list("rate_limit_exempt_paths");
        server.quotas.exempt_paths = {paths.begin(), paths.end()};
    }
    return BackendResponse::nothing();
}

LogicalReply read_limit(const Server& server, const std::string& name) {
    const auto found = server.quotas.limits.find(name);
    if (found == server.quotas.limits.end()) {
        return BackendResponse::nothing();
    }
    const auto& limit = found->second;
    const auto seconds = [](Duration duration) {
        return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    };
    auto data = Json{{"type", "rate-limit"},
                     {"name", limit.name},
                     {"path", limit.path},
                     {"role", ""},
                     {"rate", limit.rate},
                     {"interval", seconds(limit.interval)},
                     {"block_interval", seconds(limit.block_interval)}};
    if (limit.rate == static_cast<double>(static_cast<std::int64_t>(limit.rate))) {
        data["rate"] = static_cast<std::int64_t>(limit.rate);
    }
    if (server.openbao() == !server.options.defects.on("sys/quota-keys-of-the-other-product")) {
        data["inheritable"] = false;
    }
    return BackendResponse::with(std::move(data));
}

LogicalReply write_limit(Server& server, const LogicalRequest& request, const std::string& name) {
    static const Fields fields{{{"rate", FieldType::json},
                                {"path", FieldType::text},
                                {"role", FieldType::text},
                                {"interval", FieldType::duration},
                                {"block_interval", FieldType::duration},
                                {"inheritable", FieldType::boolean},
                                {"type", FieldType::text}}};
    MESHPROOF_FIELDS(data, fields, request, server);
    RateLimit limit;
    limit.name = name;
    limit.path = data.text("path");
    const auto& rate = data.json("rate");
    const auto text =
        rate.is_string() ? Json::parse(rate.get<std::string>(), nullptr, false) : rate;
    limit.rate = text.is_number() ? text.get<double>() : 0;
    if (limit.rate <= 0 && !server.options.defects.on("sys/quota-of-nothing")) {
        return BackendResponse::error("'rate' is invalid");
    }
    limit.interval = data.duration("interval", std::chrono::seconds(1));
    if (limit.interval == Duration{}) {
        limit.interval = std::chrono::seconds(1);
    }
    limit.block_interval = data.duration("block_interval");
    if (!limit.path.empty() && !server.options.defects.on("sys/quota-anywhere") &&
        !server.find_mount(*request.ns, limit.path)) {
        return BackendResponse::error(fmt::format("invalid mount path \"{}\"", limit.path));
    }
    server.quotas.limits[name] = std::move(limit);
    server.quotas.reset(name);
    return BackendResponse::nothing();
}

}  // namespace

LogicalReply serve_quotas(Server& server, const LogicalRequest& request) {
    if (!request.ns->path.empty()) {
        return BackendResponse::error("operation only available in root namespace");
    }
    if (request.path == "sys/quotas/config") {
        return config(server, request);
    }
    if (request.path == "sys/quotas/rate-limit" || request.path == "sys/quotas/rate-limit/") {
        if (request.operation != Operation::list) {
            return BackendResponse::unsupported_operation();
        }
        std::vector<std::string> keys;
        for (const auto& [name, limit] : server.quotas.limits) {
            keys.push_back(name);
        }
        return list_answer(keys);
    }
    const auto name = request.under("sys/quotas/rate-limit/");
    if (!name) {
        return BackendResponse::unsupported_path();
    }
    if (request.reads()) {
        return read_limit(server, *name);
    }
    if (request.writes()) {
        return write_limit(server, request, *name);
    }
    if (request.operation == Operation::remove) {
        server.quotas.limits.erase(*name);
        server.quotas.reset(*name);
        return BackendResponse::nothing();
    }
    return BackendResponse::unsupported_operation();
}

}  // namespace meshproof::fakes::vault
