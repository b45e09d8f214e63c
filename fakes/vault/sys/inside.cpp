#include "fakes/vault/sys/inside.hpp"

#include <charconv>

#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/server.hpp"

/// What operators ask of a server's inside: versions, counters, the rules of a token, its host.
namespace meshproof::fakes::vault {

namespace {

std::string whole_seconds(Time time) {
    return rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

LogicalReply version_history(const Server& server) {
    auto entry = Json{{"previous_version", Json()},
                      {"timestamp_installed", whole_seconds(server.installed)}};
    if (server.openbao()) {
        entry["commit_date"] = openbao_commit_date;
    } else {
        entry["build_date"] = "";
    }
    auto keys = Json::array({server.version()});
    auto details = Json::object();
    details[server.version()] = std::move(entry);
    return BackendResponse::with(Json{{"keys", keys}, {"key_info", details}});
}

LogicalReply counted(std::string_view what, std::size_t total) {
    auto count = Json::object();
    count[std::string(what)] = Json{{"total", total}};
    auto data = Json::object();
    data["counters"] = std::move(count);
    return BackendResponse::with(std::move(data));
}

LogicalReply counters(const Server& server, const LogicalRequest& request,
                      const std::string& what) {
    if (what == "requests") {
        return request.reads()
                   ? BackendResponse::error("The functionality has been removed on this path", 404)
                   : BackendResponse::unsupported_operation();
    }
    if (what != "tokens" && what != "entities") {
        return BackendResponse::unsupported_path();
    }
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    if (what == "entities") {
        return counted(what, server.entities.size());
    }
    std::size_t total = 0;
    for (const auto& [id, token] : server.tokens.all()) {
        total += token->is_batch() ? 0 : 1;
    }
    return counted("service_tokens", total);
}

LogicalReply resultant_acl(Server& server, const LogicalRequest& request) {
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    const auto acl = server.acl_of(*request.token);
    if (acl->is_root()) {
        return BackendResponse::with(Json{{"root", true}});
    }
    const auto told = [](const std::map<std::string, Rule, std::less<>>& rules) {
        auto paths = Json::object();
        for (const auto& [path, rule] : rules) {
            paths[path] = Json{{"capabilities", rule.capabilities}};
        }
        return paths;
    };
    auto globs = told(acl->prefix_rules());
    globs.update(told(acl->segment_rules()));
    return BackendResponse::with(
        Json{{"exact_paths", told(acl->exact_rules())}, {"glob_paths", globs}, {"root", false}});
}

// The key sets are gopsutil's; the values are those of no machine.
LogicalReply host_info(const LogicalRequest& request) {
    if (!request.reads()) {
        return BackendResponse::unsupported_operation();
    }
    const auto cpu = Json{{"cpu", 0}, {"cores", 1}, {"modelName", "fake"}, {"mhz", 1000}};
    const auto host = Json{{"hostname", "fake"},
                           {"uptime", 0},
                           {"bootTime", 0},
                           {"procs", 1},
                           {"os", "linux"},
                           {"platform", "fake"},
                           {"platformFamily", ""},
                           {"platformVersion", ""},
                           {"kernelVersion", ""},
                           {"kernelArch", ""},
                           {"virtualizationSystem", ""},
                           {"virtualizationRole", ""},
                           {"hostid", ""}};
    const auto memory = Json{{"total", 1}, {"available", 1}, {"used", 0}, {"free", 1}};
    return BackendResponse::with(Json{{"cpu", Json::array({cpu})},
                                      {"cpu_times", Json::array()},
                                      {"disk", Json::array()},
                                      {"host", host},
                                      {"memory", memory},
                                      {"timestamp", rfc3339_nano(request.now)}});
}

LogicalReply tool_random(const LogicalRequest& request, Server& server, const std::string& rest) {
    if (!request.writes()) {
        return BackendResponse::unsupported_operation();
    }
    static const Fields fields{{{"bytes", FieldType::integer},
                                {"format", FieldType::text},
                                {"source", FieldType::text},
                                {"urlbytes", FieldType::text}}};
    MESHPROOF_FIELDS(read, fields, request, server);
    auto count = read.integer("bytes", 32);
    const auto last = rest.substr(rest.rfind('/') + 1);
    std::from_chars(last.data(), last.data() + last.size(), count);
    if (count < 1) {
        return BackendResponse::error("\"bytes\" cannot be less than 1");
    }
    const auto drawn = server.ids.bytes(static_cast<std::size_t>(count));
    const auto format = read.text("format", "base64");
    if (format != "hex" && format != "base64") {
        return BackendResponse::error(fmt::format(
            "unsupported encoding format \"{}\"; must be \"hex\" or \"base64\"", format));
    }
    return BackendResponse::with(Json{
        {"random_bytes",
         format == "hex" ? to_hex(drawn) : to_base64(std::string(drawn.begin(), drawn.end()))}});
}

// What nobody has set here.
std::optional<LogicalReply> server_settings(const Server& server, const LogicalRequest& request) {
    const auto told = [&](Json data, bool repeated) {
        if (!request.reads()) {
            return LogicalReply(BackendResponse::unsupported_operation());
        }
        LogicalReply reply(BackendResponse::with(std::move(data)));
        reply.repeat_data = repeated;
        return reply;
    };
    if (request.path == "sys/config/cors") {
        return told(Json{{"enabled", false}}, true);
    }
    if (request.path == "sys/config/auditing/request-headers") {
        return told(Json{{"headers", Json::object()}}, true);
    }
    if (request.path == "sys/rotate/config") {
        return told(Json{{"enabled", true}, {"interval", 0}, {"max_operations", 3865470566}},
                    false);
    }
    if (request.path == "sys/config/ui/headers/") {
        return LogicalReply(list_answer({}));
    }
    if (request.path == "sys/config/ui/headers") {
        return LogicalReply(BackendResponse::unsupported_operation());
    }
    if (request.path == "sys/rekey/backup" && request.reads()) {
        return LogicalReply(BackendResponse::error("no backed-up keys found"));
    }
    if (request.path == "sys/license/status" && !server.openbao()) {
        return LogicalReply(BackendResponse::error("enterprise-only feature", 404));
    }
    if (request.path == "sys/internal/ui/feature-flags" && !server.openbao()) {
        BackendResponse response;
        response.kind = BackendResponse::Kind::raw;
        response.raw = bare_answer(200, Json{{"feature_flags", Json()}});
        return LogicalReply(std::move(response));
    }
    return std::nullopt;
}

}  // namespace

LogicalReply serve_inside(Server& server, const LogicalRequest& request) {
    if (auto settings = server_settings(server, request)) {
        return std::move(*settings);
    }
    if (const auto rest = request.under("sys/tools/")) {
        return *rest == "random" || rest->starts_with("random/")
                   ? tool_random(request, server, *rest)
                   : LogicalReply(BackendResponse::unsupported_path());
    }
    if (request.path == "sys/version-history/") {
        return version_history(server);
    }
    if (request.path == "sys/version-history") {
        return BackendResponse::unsupported_operation();
    }
    if (const auto what = request.under("sys/internal/counters/")) {
        return counters(server, request, *what);
    }
    if (request.path == "sys/internal/ui/resultant-acl") {
        return resultant_acl(server, request);
    }
    if (request.path == "sys/internal/ui/namespaces" && request.reads()) {
        return server.openbao() ? BackendResponse::with(Json::object())
                                : BackendResponse::with(Json{{"keys", Json::array({""})}});
    }
    if (request.path == "sys/replication/status" && !server.openbao()) {
        return BackendResponse::with(Json{{"mode", "disabled"}});
    }
    if (request.path == "sys/host-info") {
        return host_info(request);
    }
    return BackendResponse::unsupported_path();
}

}  // namespace meshproof::fakes::vault
