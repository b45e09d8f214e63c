#include "fakes/vault/sys/health.hpp"

#include <charconv>

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

http::Response serve_health(const Server& server, const BareCall& call) {
    const auto& node = call.node;
    const auto& target = call.request.target;
    const auto mark = target.find('?');
    const auto query = mark == std::string::npos ? std::string() : target.substr(mark + 1);
    const bool sealed = node.seal.sealed();
    const bool known = node.joined && server.barrier.initialised();
    const bool active = server.nodes.active() == &node;
    std::map<std::string, int> codes{
        {"activecode", 200}, {"standbycode", 429}, {"sealedcode", 503}, {"uninitcode", 501}};
    if (!server.openbao()) {
        codes["drsecondarycode"] = 472;
        codes["performancestandbycode"] = 473;
    }
    bool standby_is_fine = false;
    for (const auto& [name, value] : http::parse_query(query)) {
        if (name == "standbyok" || (name == "perfstandbyok" && !server.openbao())) {
            const auto fine = value.empty() ? std::optional(true) : go_bool(value);
            if (!fine) {
                return error_answer(400);
            }
            standby_is_fine = standby_is_fine || (name == "standbyok" && *fine);
        }
        const auto code = codes.find(name);
        if (code == codes.end()) {
            continue;
        }
        const auto* end = value.data() + value.size();
        const auto read = std::from_chars(value.data(), end, code->second);
        if (read.ec != std::errc() || read.ptr != end) {
            return error_answer(400);
        }
    }
    std::string state = active ? "activecode" : "standbycode";
    if (sealed) {
        state = "sealedcode";
    }
    if (!known) {
        state = "uninitcode";
    }
    if (state == "standbycode" && standby_is_fine) {
        state = "activecode";
    }
    // Nothing is known of replication before the first leader was.
    const bool led = !sealed && node.leader != nullptr;
    const auto performance = server.openbao() && server.nodes.raft() ? "primary" : "disabled";
    auto body = Json{{"initialized", known},
                     {"sealed", sealed},
                     {"standby", !active},
                     {"replication_performance_mode", led ? performance : "unknown"},
                     {"replication_dr_mode", led ? "disabled" : "unknown"},
                     {"server_time_utc", unix_seconds(call.now)},
                     {"version", server.version()}};
    if (!server.openbao()) {
        body["performance_standby"] = false;
    }
    if (!sealed) {
        body["cluster_name"] = server.cluster_name;
        body["cluster_id"] = server.cluster_id;
    }
    return bare_answer(codes[state], body);
}

}  // namespace meshproof::fakes::vault
