#include <charconv>

#include "core/base/text.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/server.hpp"

/// The paths of sys that answer without envelope and while sealed: rows 22 to 30.
namespace meshproof::fakes::vault {

namespace {

Json seal_status(const VaultCore& core, const Node& node) {
    const bool known = node.joined && core.barrier.initialised();
    auto body = Json{{"type", "shamir"},
                     {"initialized", known},
                     {"sealed", node.seal.sealed()},
                     {"t", known ? core.barrier.threshold() : 0},
                     {"n", known ? core.barrier.shares() : 0},
                     {"progress", node.seal.progress()},
                     {"nonce", node.seal.nonce()},
                     {"version", core.version()},
                     {"migration", false},
                     {"recovery_seal", false},
                     {"storage_type", core.options.storage}};
    if (core.options.defects.on("sys/status-lacks-nonce")) {
        body.erase("nonce");
    }
    if (core.openbao()) {
        body["commit_date"] = openbao_commit_date;
    } else {
        body["build_date"] = "";
    }
    if (!node.seal.sealed()) {
        body["cluster_name"] = core.cluster_name;
        body["cluster_id"] = core.cluster_id;
    }
    return body;
}

http::Response health(const VaultCore& core, const Node& node, const std::string& query, Time now) {
    const auto& defects = core.options.defects;
    const bool sealed = node.seal.sealed();
    const bool known = node.joined && core.barrier.initialised();
    const bool active = core.cluster.active() == &node;
    std::map<std::string, int> codes{
        {"activecode", 200}, {"standbycode", 429}, {"sealedcode", 503}, {"uninitcode", 501}};
    if (defects.on("sys/health-active-is-204")) {
        codes["activecode"] = 204;
    }
    if (core.openbao() == defects.on("sys/health-enterprise-codes-of-the-other-product")) {
        codes["drsecondarycode"] = 472;
        codes["performancestandbycode"] = 473;
    }
    bool standby_is_fine = false;
    for (const auto& [name, value] : http::parse_query(query)) {
        if (name == "standbyok" || (name == "perfstandbyok" && !core.openbao())) {
            const auto fine = value.empty() ? std::optional(true) : go_bool(value);
            if (!fine) {
                return error_answer(400);
            }
            standby_is_fine = standby_is_fine || (name == "standbyok" && *fine);
        }
        const auto code = codes.find(name);
        if (code == codes.end() || defects.on("sys/health-ignores-activecode")) {
            continue;
        }
        const auto* end = value.data() + value.size();
        const auto read = std::from_chars(value.data(), end, code->second);
        if (read.ec != std::errc() || read.ptr != end) {
            return error_answer(400);
        }
    }
    std::string state = active ? "activecode" : "standbycode";
    if (sealed && !defects.on("sys/health-sealed-is-standby")) {
        state = "sealedcode";
    }
    if (!known) {
        state = defects.on("sys/health-uninitialised-is-sealed") ? "sealedcode" : "uninitcode";
    }
    if (defects.on("sys/quota-makes-a-standby") && !core.quotas.limits.empty()) {
        state = "standbycode";
    }
    if (state == "standbycode" && standby_is_fine && !defects.on("cluster/standbyok-ignored")) {
        state = "activecode";
    }
    // Nothing is known of replication before the first leader was.
    const bool led = !sealed && node.leader != nullptr;
    const auto performance = core.openbao() && core.cluster.raft() ? "primary" : "disabled";
    auto body = Json{{"initialized", known},
                     {"sealed", sealed},
                     {"standby", !active},
                     {"replication_performance_mode", led ? performance : "unknown"},
                     {"replication_dr_mode", led ? "disabled" : "unknown"},
                     {"server_time_utc", unix_seconds(now)},
                     {"version", core.version()}};
    if (!core.openbao() || defects.on("sys/performance-standby-everywhere")) {
        body["performance_standby"] = false;
    }
    if (!sealed) {
        body["cluster_name"] = core.cluster_name;
        body["cluster_id"] = core.cluster_id;
    }
    return bare_answer(codes[state], body);
}

http::Response leader(const VaultCore& core, const Node& node) {
    if (core.cluster.raft() && node.seal.sealed()) {
        return error_answer(503, "Vault is sealed");
    }
    auto body = Json{{"ha_enabled", core.cluster.raft()}};
    if (core.options.defects.on("sys/leader-with-ha")) {
        body["ha_enabled"] = true;
    }
    const bool self = core.cluster.raft() && core.cluster.active() == &node;
    const auto* known = core.cluster.raft() ? node.leader : nullptr;
    if (!core.openbao() || core.cluster.raft()) {
        body["is_self"] = self && !core.options.defects.on("cluster/nobody-is-leader");
        body["leader_address"] = known != nullptr ? known->api_address : "";
        body["leader_cluster_address"] = known != nullptr ? known->cluster_address() : "";
    }
    if (!core.openbao()) {
        body["active_time"] = self ? rfc3339_nano(node.active_since) : "0001-01-01T00:00:00Z";
        body["performance_standby"] = false;
        body["performance_standby_last_remote_wal"] = 0;
    } else if (self) {
        body["active_time"] = rfc3339_nano(node.active_since);
    }
    if (core.cluster.raft()) {
        body["raft_committed_index"] = core.raft_index;
        body["raft_applied_index"] = core.raft_index;
    }
    return bare_answer(200, body);
}

// An empty body is an error for Vault; the texts of broken ones name the Go type.
tl::expected<Json, http::Response> strict_body(const VaultCore& core, const http::Request& request,
                                               std::string_view go_type) {
    if (!core.openbao() && trim(request.body).empty()) {
        return tl::unexpected(error_answer(400, "EOF"));
    }
    auto body = parse_body(request.body, go_type, core.options.product);
    if (!body) {
        auto text = body.error().message;
        if (!core.openbao()) {
            text.replace(0, std::string_view("failed to decode").size(), "failed to parse");
        }
        return tl::unexpected(error_answer(400, text));
    }
    return *body;
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

// A number of a strict body; a number of another type is a failure with Go's own text.
tl::expected<std::int64_t, http::Response> number(const VaultCore& core, const Json& body,
                                                  const char* name) {
    const auto found = body.find(name);
    if (found == body.end() || found->is_null()) {
        return 0;
    }
    if (!found->is_number_integer()) {
        return tl::unexpected(error_answer(
            400, fmt::format("failed to {} JSON input: json: cannot unmarshal {} into Go struct "
                             "field InitRequest.{} of type int",
                             core.openbao() ? "decode" : "parse",
                             found->is_string() ? "string" : found->type_name(), name)));
    }
    return found->get<std::int64_t>();
}

std::optional<std::string> wrong_shares(std::int64_t shares, std::int64_t threshold) {
    if (shares < 1) {
        return "shares must be at least one";
    }
    if (threshold < 1) {
        return "threshold must be at least one";
    }
    if (shares > 1 && threshold == 1) {
        return "threshold must be greater than one for multiple shares";
    }
    if (shares > 255) {
        return "shares must be less than 256";
    }
    if (threshold > 255) {
        return "threshold must be less than 256";
    }
    if (threshold > shares) {
        return "threshold cannot be larger than shares";
    }
    return std::nullopt;
}

http::Response initialise(VaultCore& core, Node& node, const http::Request& request) {
    const bool known = node.joined && core.barrier.initialised();
    if (request.method == "GET") {
        auto told = Json{{"initialized", known}};
        if (core.options.defects.on("sys/init-tells-more")) {
            told["version"] = core.version();
        }
        return bare_answer(200, told);
    }
    const auto body = strict_body(core, request, "http.InitRequest");
    if (!body) {
        return body.error();
    }
    const auto shares = number(core, *body, "secret_shares");
    const auto threshold = number(core, *body, "secret_threshold");
    for (const auto* read : {&shares, &threshold}) {
        if (!*read) {
            return read->error();
        }
    }
    for (const auto* name : {"recovery_shares", "recovery_threshold", "stored_shares"}) {
        const auto other = number(core, *body, name);
        if (other && *other != 0 && std::string_view(name) != "stored_shares") {
            return error_answer(
                400, fmt::format("parameters {} not applicable to seal type shamir", name));
        }
    }
    if (const auto wrong = core.options.defects.on("sys/init-shares-unchecked") && known
                               ? std::nullopt
                               : wrong_shares(*shares, *threshold)) {
        return error_answer(400, "invalid seal configuration: " + *wrong);
    }
    if (known && !core.options.defects.on("sys/init-twice")) {
        return error_answer(400, "Vault is already initialized");
    }
    Token root;
    root.path = "auth/token/root";
    root.display_name = "root";
    root.id = (core.openbao() ? "s." : "hvs.") + core.tokens.base62(24);
    const auto root_id = root.id;
    core.initialise(static_cast<int>(*shares), static_cast<int>(*threshold), std::move(root));
    node.joined = true;
    auto hex = Json::array();
    auto base64 = Json::array();
    for (const auto& key : core.barrier.keys()) {
        hex.push_back(key.reveal());
        const auto bytes = share_bytes(key.reveal());
        base64.push_back(to_base64(std::string(bytes->begin(), bytes->end())));
    }
    return bare_answer(200, Json{{"keys", hex}, {"keys_base64", base64}, {"root_token", root_id}});
}

http::Response unseal(VaultCore& core, Node& node, const http::Request& request, Time now) {
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
        if (!node.seal.sealed() && !core.options.defects.on("sys/reset-of-an-open-server")) {
            return error_answer(400, "vault is unsealed");
        }
        node.seal.forget_progress();
        return bare_answer(200, seal_status(core, node));
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
            core.options.defects.on("sys/unseal-without-key-is-500") ? 500 : 400,
            "'key' must be specified in request body as JSON, or 'reset' set to true");
    }
    if (!node.joined || !core.barrier.initialised()) {
        return share_bytes(key) ? error_answer(400, "Vault is not initialized")
                                : error_answer(400, "'key' must be a valid hex or base64 string");
    }
    if (flag("migrate") && !core.options.defects.on("sys/migration-ignored")) {
        return error_answer(500, "can't perform a seal migration, no migration seal found");
    }
    const auto share = share_bytes(key);
    if (!share) {
        return error_answer(400, "'key' must be a valid hex or base64 string");
    }
    if (!node.seal.sealed()) {
        if (!core.openbao() && share->size() < 16) {
            return error_answer(400, "invalid key: key is shorter than minimum 16 bytes");
        }
        return bare_answer(200, seal_status(core, node));
    }
    if (core.options.defects.on("sys/share-counts-twice") && node.seal.progress() > 0) {
        return error_answer(400, "invalid key");
    }
    if (const auto taken = node.seal.offer(*share); !taken) {
        return error_answer(core.options.defects.on("sys/wrong-share-is-500") ? 500 : 400,
                            taken.error().message);
    }
    if (!node.seal.sealed()) {
        if (core.options.defects.on("sys/unseal-forgets-tokens")) {
            core.tokens.revoke_prefix("", "auth/");
        }
        core.expire(now);  // what ended while it was sealed (row 31)
        core.cluster.opened(node, now);
    }
    return bare_answer(200, seal_status(core, node));
}

// New key shares and a new root token: Vault serves them without a token, OpenBao no longer does
// (row 29).
http::Response rekeying(const VaultCore& core, const Node& node, const http::Request& request,
                        const std::string& path) {
    if (node.seal.sealed()) {
        const bool told = !core.openbao() && !core.cluster.raft() && path == "sys/rekey/init";
        return error_answer(503, told ? "node is not active" : "Vault is sealed");
    }
    if (core.openbao() == !core.options.defects.on("sys/rekey-of-the-other-product")) {
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
                                     {"required", core.barrier.threshold()},
                                     {"pgp_fingerprints", Json()},
                                     {"backup", false},
                                     {"verification_required", false}});
    }
    return bare_answer(200, Json{{"nonce", ""},
                                 {"started", false},
                                 {"progress", 0},
                                 {"required", core.barrier.threshold()},
                                 {"complete", false},
                                 {"encoded_token", ""},
                                 {"encoded_root_token", ""},
                                 {"pgp_fingerprint", ""},
                                 {"otp", ""},
                                 {"otp_length", 28}});
}

// Seal and step-down: a token with update (and sudo, for the seal) on the path.
http::Response privileged(VaultCore& core, Node& node, const http::Request& request,
                          const std::string& path, Time now) {
    const bool seals = path == "sys/seal";
    if (node.seal.sealed()) {
        return !seals && core.cluster.raft() ? error_answer(503, "Vault is sealed")
                                             : empty_answer();
    }
    if (!seals && !core.cluster.raft()) {
        return empty_answer();  // nobody leads, so nobody is asked for a token
    }
    auto* acting = &node;
    if (core.cluster.active() != &node) {
        if (seals &&
            core.openbao() == core.options.defects.on("cluster/seals-as-the-other-product")) {
            return error_answer(500,
                                "vault cannot seal when in standby mode; please restart instead");
        }
        if (!seals) {
            if (auto refused = cannot_forward(core, node, request)) {
                return std::move(*refused);
            }
            acting = core.cluster.active();
        }
    }
    core.expire(now);
    const auto token = core.tokens.find(presented_token(request.headers));
    if (!token && core.options.defects.on("sys/anybody-seals")) {
        return empty_answer();
    }
    if (!token) {
        return error_answer(403, "permission denied");
    }
    const auto acl = core.acl_of(*token);
    if (!acl->allows(Operation::update, false, path, Json::object()) ||
        (seals && !acl->sudo(Operation::update, path))) {
        return error_answer(403, wrapped("permission denied"));
    }
    if (seals && !core.options.defects.on("sys/seal-does-nothing")) {
        acting->seal.close();
        core.cluster.sealed(*acting, now);
    } else if (!seals && core.cluster.raft() &&
               !core.options.defects.on("cluster/step-down-does-nothing")) {
        core.cluster.stepped_down(*acting, now);
    }
    return empty_answer();
}

// A new server becomes a node of a cluster, still sealed.
http::Response join(VaultCore& core, Node& node, const http::Request& request) {
    const auto body = strict_body(core, request, "http.JoinRequest");
    if (!body) {
        return body.error();
    }
    if (!core.cluster.raft()) {
        return error_answer(500, "raft storage is not in use");
    }
    const auto address = body->value("leader_api_addr", Json(""));
    const auto* leader =
        address.is_string() ? core.cluster.find(address.get<std::string>()) : nullptr;
    if (!node.joined && (leader == nullptr || !leader->joined || leader->crashed)) {
        return error_answer(500,
                            "failed to join raft cluster: failed to join any raft leader node");
    }
    node.joined = true;
    return bare_answer(200, Json{{"joined", true}});
}

}  // namespace

std::optional<http::Response> serve_bare(VaultCore& core, Node& node, const http::Request& request,
                                         const std::string& path, Time now) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    const bool put = request.method == "PUT" || request.method == "POST";
    const auto mark = request.target.find('?');
    const auto query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    if (path == "sys/health") {
        return get ? health(core, node, query, now) : error_answer(405);
    }
    if (path == "sys/seal-status") {
        return request.method == "GET" ? bare_answer(200, seal_status(core, node))
                                       : error_answer(405);
    }
    if (path == "sys/leader") {
        return request.method == "GET" || core.options.defects.on("sys/leader-written")
                   ? leader(core, node)
                   : error_answer(405);
    }
    if (path == "sys/init") {
        return request.method == "GET" || put ? initialise(core, node, request) : error_answer(405);
    }
    if (path == "sys/unseal") {
        return put ? unseal(core, node, request, now) : error_answer(405);
    }
    if (path == "sys/seal" || path == "sys/step-down") {
        return put ? privileged(core, node, request, path, now) : error_answer(405);
    }
    if (path == "sys/storage/raft/join") {
        return put ? join(core, node, request) : error_answer(405);
    }
    if (path == "sys/rekey/init" || path == "sys/generate-root/attempt") {
        return rekeying(core, node, request, path);
    }
    return std::nullopt;
}

}  // namespace meshproof::fakes::vault
