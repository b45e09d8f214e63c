#include <charconv>

#include "core/base/text.hpp"
#include "fakes/vault/core.hpp"
#include "fakes/vault/request_parts.hpp"

/// The paths of sys that answer without envelope and while sealed: rows 22 to 30.
namespace meshproof::fakes {

namespace {

Json seal_status(const VaultCore& core) {
    const bool sealed = core.seal.sealed();
    auto body = Json{{"type", "shamir"},           {"initialized", true},
                     {"sealed", sealed},           {"t", core.seal.threshold()},
                     {"n", core.seal.shares()},    {"progress", core.seal.progress()},
                     {"nonce", core.seal.nonce()}, {"version", core.version()},
                     {"migration", false},         {"recovery_seal", false},
                     {"storage_type", "inmem"}};
    if (core.openbao()) {
        body["commit_date"] = "2026-10-26T20:32:27Z";
    } else {
        body["build_date"] = "";
    }
    if (!sealed) {
        body["cluster_name"] = core.cluster_name;
        body["cluster_id"] = core.cluster_id;
    }
    return body;
}

http::Response health(const VaultCore& core, const std::string& query, Time now) {
    const bool sealed = core.seal.sealed();
    std::map<std::string, int> codes{
        {"activecode", 200}, {"standbycode", 429}, {"sealedcode", 503}, {"uninitcode", 501}};
    if (core.options.defects.on("sys/health-active-is-204")) {
        codes["activecode"] = 204;
    }
    if (!core.openbao()) {
        codes["drsecondarycode"] = 472;
        codes["performancestandbycode"] = 473;
    }
    for (const auto& [name, value] : http::parse_query(query)) {
        const auto code = codes.find(name);
        if (code == codes.end() || core.options.defects.on("sys/health-ignores-activecode")) {
            continue;
        }
        const auto* end = value.data() + value.size();
        const auto read = std::from_chars(value.data(), end, code->second);
        if (read.ec != std::errc() || read.ptr != end) {
            return error_answer(400);
        }
    }
    const auto replication = sealed ? "unknown" : "disabled";
    auto body = Json{{"initialized", true},
                     {"sealed", sealed},
                     {"standby", sealed},
                     {"replication_performance_mode", replication},
                     {"replication_dr_mode", replication},
                     {"server_time_utc", unix_seconds(now)},
                     {"version", core.version()}};
    if (!core.openbao()) {
        body["performance_standby"] = false;
    }
    if (!sealed) {
        body["cluster_name"] = core.cluster_name;
        body["cluster_id"] = core.cluster_id;
    }
    return bare_answer(codes[sealed ? "sealedcode" : "activecode"], body);
}

http::Response leader(const VaultCore& core) {
    if (core.openbao()) {
        return bare_answer(200, Json{{"ha_enabled", false}});
    }
    return bare_answer(200, Json{{"ha_enabled", false},
                                 {"is_self", false},
                                 {"active_time", "0001-01-01T00:00:00Z"},
                                 {"leader_address", ""},
                                 {"leader_cluster_address", ""},
                                 {"performance_standby", false},
                                 {"performance_standby_last_remote_wal", 0}});
}

// An empty body is an error for Vault; the texts of broken ones name the Go type.
tl::expected<Json, http::Response> strict_body(const VaultCore& core, const http::Request& request,
                                               std::string_view go_type) {
    if (!core.openbao() && trim(request.body).empty()) {
        return tl::unexpected(error_answer(400, "EOF"));
    }
    auto body = parse_body(request.body, go_type);
    if (!body) {
        auto text = body.error().message;
        if (!core.openbao()) {
            text.replace(0, std::string_view("failed to decode").size(), "failed to parse");
        }
        return tl::unexpected(error_answer(400, text));
    }
    return *body;
}

std::int64_t number(const Json& body, const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

http::Response initialise(const VaultCore& core, const http::Request& request) {
    if (request.method == "GET") {
        return bare_answer(200, Json{{"initialized", true}});
    }
    const auto body = strict_body(core, request, "http.InitRequest");
    if (!body) {
        return body.error();
    }
    if (number(*body, "secret_shares") < 1) {
        return error_answer(400, "invalid seal configuration: shares must be at least one");
    }
    if (number(*body, "secret_threshold") < 1) {
        return error_answer(400, "invalid seal configuration: threshold must be at least one");
    }
    if (number(*body, "secret_threshold") > number(*body, "secret_shares")) {
        return error_answer(400,
                            "invalid seal configuration: threshold cannot be larger than shares");
    }
    return error_answer(400, "Vault is already initialized");
}

std::optional<Bytes> share_bytes(const std::string& key) {
    if (key.size() % 2 == 0) {
        Bytes bytes;
        for (std::size_t i = 0; i < key.size(); i += 2) {
            std::uint8_t byte = 0;
            const auto* end = key.data() + i + 2;
            if (std::from_chars(key.data() + i, end, byte, 16).ptr != end) {
                bytes.clear();
                break;
            }
            bytes.push_back(byte);
        }
        if (!bytes.empty()) {
            return bytes;
        }
    }
    const auto text = from_base64(key);
    if (!text) {
        return std::nullopt;
    }
    return Bytes(text->begin(), text->end());
}

http::Response unseal(VaultCore& core, const http::Request& request, Time now) {
    const auto body = strict_body(core, request, "http.UnsealRequest");
    if (!body) {
        return body.error();
    }
    const auto text = [&](const char* name) {
        const auto found = body->find(name);
        return found != body->end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
    };
    const auto flag = [&](const char* name) {
        const auto found = body->find(name);
        return found != body->end() && found->is_boolean() && found->get<bool>();
    };
    if (flag("reset")) {
        if (!core.seal.sealed()) {
            return error_answer(400, "vault is unsealed");
        }
        core.seal.forget_progress();
        return bare_answer(200, seal_status(core));
    }
    if (const auto given = body->find("key"); given != body->end() && given->is_number()) {
        return error_answer(
            400, core.openbao()
                     ? "failed to decode JSON input: json: cannot unmarshal number into Go "
                       "struct field UnsealRequest.key of type string"
                     : "failed to parse JSON input: json: cannot unmarshal number into Go "
                       "struct field UnsealRequest.Key of type string");
    }
    const auto key = text("key");
    if (key.empty()) {
        return error_answer(
            400, "'key' must be specified in request body as JSON, or 'reset' set to true");
    }
    if (flag("migrate")) {
        return error_answer(500, "can't perform a seal migration, no migration seal found");
    }
    const auto share = share_bytes(key);
    if (!share) {
        return error_answer(400, "'key' must be a valid hex or base64 string");
    }
    if (!core.seal.sealed()) {
        if (!core.openbao() && share->size() < 16) {
            return error_answer(400, "invalid key: key is shorter than minimum 16 bytes");
        }
        return bare_answer(200, seal_status(core));
    }
    if (const auto taken = core.seal.offer(*share); !taken) {
        return error_answer(400, taken.error().message);
    }
    if (!core.seal.sealed()) {
        core.expire(now);  // what ended while it was sealed (row 31)
    }
    return bare_answer(200, seal_status(core));
}

// New key shares and a new root token: Vault serves them without a token, OpenBao no longer does
// (row 29).
http::Response rekeying(const VaultCore& core, const http::Request& request,
                        const std::string& path) {
    if (core.seal.sealed()) {
        const bool told = !core.openbao() && path == "sys/rekey/init";
        return error_answer(503, told ? "node is not active" : "Vault is sealed");
    }
    if (core.openbao()) {
        return error_answer(405, "unsupported operation");
    }
    if (request.method != "GET") {
        return error_answer(405);
    }
    if (path == "sys/rekey/init") {
        return bare_answer(200, Json{{"nonce", ""},
                                     {"started", false},
                                     {"t", 0},
                                     {"n", 0},
                                     {"progress", 0},
                                     {"required", core.seal.threshold()},
                                     {"pgp_fingerprints", Json()},
                                     {"backup", false},
                                     {"verification_required", false}});
    }
    return bare_answer(200, Json{{"nonce", ""},
                                 {"started", false},
                                 {"progress", 0},
                                 {"required", core.seal.threshold()},
                                 {"complete", false},
                                 {"encoded_token", ""},
                                 {"encoded_root_token", ""},
                                 {"pgp_fingerprint", ""},
                                 {"otp", ""},
                                 {"otp_length", 28}});
}

// Seal and step-down: a token with update (and sudo, for the seal) on the path.
http::Response privileged(VaultCore& core, const http::Request& request, const std::string& path,
                          Time now) {
    if (core.seal.sealed()) {
        return empty_answer();
    }
    core.expire(now);
    const auto token = core.tokens.find(presented_token(request.headers));
    if (!token) {
        return error_answer(403, "permission denied");
    }
    const auto acl = core.acl_of(*token);
    if (!acl->allows(Operation::update, false, path, Json::object()) ||
        (path == "sys/seal" && !acl->sudo(Operation::update, path))) {
        return error_answer(403, wrapped("permission denied"));
    }
    if (path == "sys/seal" && !core.options.defects.on("sys/seal-does-nothing")) {
        core.seal.close();
    }
    return empty_answer();
}

}  // namespace

std::optional<http::Response> serve_bare(VaultCore& core, const http::Request& request,
                                         const std::string& path, Time now) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    const bool put = request.method == "PUT" || request.method == "POST";
    const auto mark = request.target.find('?');
    const auto query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    if (path == "sys/health") {
        return get ? health(core, query, now) : error_answer(405);
    }
    if (path == "sys/seal-status") {
        return request.method == "GET" ? bare_answer(200, seal_status(core)) : error_answer(405);
    }
    if (path == "sys/leader") {
        return request.method == "GET" ? leader(core) : error_answer(405);
    }
    if (path == "sys/init") {
        return request.method == "GET" || put ? initialise(core, request) : error_answer(405);
    }
    if (path == "sys/unseal") {
        return put ? unseal(core, request, now) : error_answer(405);
    }
    if (path == "sys/seal" || path == "sys/step-down") {
        return put ? privileged(core, request, path, now) : error_answer(405);
    }
    if (path == "sys/rekey/init" || path == "sys/generate-root/attempt") {
        return rekeying(core, request, path);
    }
    return std::nullopt;
}

}  // namespace meshproof::fakes
