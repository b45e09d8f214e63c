#include "fakes/vault/sys/inside.hpp"

#include <charconv>

#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/server.hpp"

/// What operators ask of a server's inside: versions, counters, the rules of a token, its host.
namespace meshproof::fakes::vault {

namespace {

std::string rfc3339_to_the_second(Time time) {
    return rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

LogicalReply counted(std::string_view what, std::size_t total) {
    auto count = Json::object();
    count[std::string(what)] = Json{{"total", total}};
    auto data = Json::object();
    data["counters"] = std::move(count);
    return BackendResponse::with(std::move(data));
}

LogicalReply told_at_both_levels(Json data) {
    LogicalReply reply(BackendResponse::with(std::move(data)));
    reply.repeat_data = true;
    return reply;
}

}  // namespace

LogicalReply list_versions(Server& server, const BuiltinCall&) {
    auto entry = Json{{"previous_version", Json()},
                      {"timestamp_installed", rfc3339_to_the_second(server.installed)}};
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

LogicalReply count_requests(Server&, const BuiltinCall&) {
    return BackendResponse::error("The functionality has been removed on this path", 404);
}

LogicalReply count_entities(Server& server, const BuiltinCall&) {
    return counted("entities", server.entities.size());
}

LogicalReply count_tokens(Server& server, const BuiltinCall&) {
    std::size_t total = 0;
    for (const auto& [id, token] : server.tokens.all()) {
        total += token->is_batch() ? 0 : 1;
    }
    return counted("service_tokens", total);
}

// Only what a rule has is told of it.
Json rule_json(const Rule& rule) {
    Json told{{"capabilities", rule.capabilities}};
    for (const auto& [name, parameters] :
         {std::pair("allowed_parameters", &rule.allowed_parameters),
          std::pair("denied_parameters", &rule.denied_parameters)}) {
        if (!parameters->empty()) {
            told[name] = *parameters;
        }
    }
    if (!rule.required_parameters.empty()) {
        told["required_parameters"] = rule.required_parameters;
    }
    for (const auto& [name, ttl] : {std::pair("min_wrapping_ttl", rule.min_wrapping_ttl),
                                    std::pair("max_wrapping_ttl", rule.max_wrapping_ttl)}) {
        if (ttl != Duration{}) {
            told[name] = whole_seconds(ttl);
        }
    }
    return told;
}

LogicalReply read_resultant_acl(Server& server, const BuiltinCall& call) {
    const auto token = server.tokens.find(call.request.token_id);
    if (!token) {
        return BackendResponse::go_error("permission denied", 403);
    }
    const auto acl = server.acl_of(*token);
    if (acl->is_root()) {
        return BackendResponse::with(Json{{"root", true}});
    }
    // Paths are those of the root namespace, and patterns with + are not told.
    const auto told = [&token](const Acl::Rules& rules) {
        auto paths = Json::object();
        for (const auto& [path, rule] : rules) {
            paths[token->namespace_path + path] = rule_json(rule);
        }
        return paths;
    };
    return BackendResponse::with(Json{{"exact_paths", told(acl->exact_rules())},
                                      {"glob_paths", told(acl->prefix_rules())},
                                      {"root", false}});
}

// The key sets are gopsutil's; the values are those of no machine.
LogicalReply read_host_info(Server&, const BuiltinCall& call) {
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
                                      {"timestamp", rfc3339_nano(call.request.now)}});
}

LogicalReply draw_random(Server& server, const BuiltinCall& call) {
    auto count = call.fields.integer("bytes", 32);
    const auto rest = call.captured("urlbytes");
    const auto last = rest.substr(rest.rfind('/') + 1);
    std::from_chars(last.data(), last.data() + last.size(), count);
    if (count < 1) {
        return BackendResponse::error("\"bytes\" cannot be less than 1");
    }
    const auto drawn = server.ids.bytes(static_cast<std::size_t>(count));
    const auto format = call.fields.text("format", "base64");
    if (format != "hex" && format != "base64") {
        return BackendResponse::error(fmt::format(
            "unsupported encoding format {}; must be \"hex\" or \"base64\"", go_quoted(format)));
    }
    return BackendResponse::with(Json{
        {"random_bytes",
         format == "hex" ? to_hex(drawn) : to_base64(std::string(drawn.begin(), drawn.end()))}});
}

// What nobody has set here.
LogicalReply read_cors(Server&, const BuiltinCall&) {
    return told_at_both_levels(Json{{"enabled", false}});
}

LogicalReply read_rotation(Server&, const BuiltinCall&) {
    return BackendResponse::with(
        Json{{"enabled", true}, {"interval", 0}, {"max_operations", 3865470566}});
}

LogicalReply list_nothing(Server&, const BuiltinCall&) {
    return list_answer({});
}

LogicalReply read_rekey_backup(Server&, const BuiltinCall&) {
    return BackendResponse::error("no backed-up keys found");
}

LogicalReply read_feature_flags(Server&, const BuiltinCall&) {
    BackendResponse response;
    response.kind = BackendResponse::Kind::raw;
    response.raw = bare_answer(200, Json{{"feature_flags", Json()}});
    return response;
}

LogicalReply read_ui_namespaces(Server& server, const BuiltinCall&) {
    return server.openbao() ? BackendResponse::with(Json::object())
                            : BackendResponse::with(Json{{"keys", Json::array({""})}});
}

LogicalReply read_replication(Server&, const BuiltinCall&) {
    return BackendResponse::with(Json{{"mode", "disabled"}});
}

LogicalReply read_key_status(Server&, const BuiltinCall& call) {
    return told_at_both_levels(
        Json{{"term", 1}, {"encryptions", 0}, {"install_time", rfc3339_nano(call.request.now)}});
}

LogicalReply rotate(Server&, const BuiltinCall&) {
    return BackendResponse::nothing();
}

}  // namespace meshproof::fakes::vault
