#include "fakes/vault/sys/policies.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/policies/acl, the legacy sys/policy, and sys/capabilities*: rows 47 to 54.
namespace meshproof::fakes::vault {

namespace {

std::vector<std::string> names(const Namespace& ns, bool lacks_root) {
    std::vector<std::string> all;
    for (const auto& [name, policy] : ns.policies) {
        all.push_back(name);
    }
    if (ns.path.empty() && !lacks_root) {
        all.emplace_back("root");
    }
    std::ranges::sort(all);
    return all;
}

LogicalReply read_policy(const Server& server, const LogicalRequest& request,
                         const std::string& name, bool legacy) {
    const auto found = request.ns->policies.find(name);
    const bool root = name == "root" && request.ns->path.empty();
    if (found == request.ns->policies.end() && !root) {
        return server.options.defects.on("policy/absent-read-is-empty")
                   ? BackendResponse::with(Json::object())
                   : BackendResponse::nothing();
    }
    const Policy none;
    const auto& policy = root ? none : found->second;
    auto data = Json{{"name", name}, {legacy ? "rules" : "policy", policy.text}};
    if (server.openbao()) {
        data["version"] = root ? 0 : policy.version;
        data["cas_required"] = false;
        if (!root) {
            data["modified"] = rfc3339_nano(policy.modified);
        }
        data["allow_slashes_in_identity_templates"] = false;
        data["allow_wildcards_in_identity_templates"] = false;
    }
    if (server.options.defects.on("policy/read-lacks-name")) {
        data.erase("name");
    }
    LogicalReply reply(BackendResponse::with(std::move(data)));
    reply.repeat_data = legacy && !server.options.defects.on("policy/legacy-read-only-in-data");
    return reply;
}

LogicalReply write_policy(Server& server, const LogicalRequest& request, const std::string& written,
                          bool legacy) {
    static const Fields fields{{{"policy", FieldType::text},
                                {"rules", FieldType::text},
                                {"cas", FieldType::integer},
                                {"cas_required", FieldType::boolean},
                                {"ttl", FieldType::duration},
                                {"expiration", FieldType::text}}};
    MESHPROOF_FIELDS(data, fields, request, server);
    const auto& defects = server.options.defects;
    const auto name = defects.on("policy/names-keep-their-case") ? written : lower(written);
    std::vector<std::string> warnings;
    if (name != written && !server.openbao()) {
        warnings.push_back("policy name was converted to " + name);
    }
    auto text = data.text("policy");
    if (text.empty() && legacy) {
        text = data.text("rules");
        if (!text.empty() && !defects.on("policy/legacy-rules-unwarned")) {
            warnings.emplace_back("'rules' is deprecated, please use 'policy' instead");
        }
    }
    if (text.empty() && !defects.on("policy/empty-accepted")) {
        return BackendResponse::error("'policy' parameter not supplied or empty");
    }
    auto policy = parse_policy(text, server.options.product, defects);
    if (!policy) {
        return BackendResponse::error("failed to parse policy: " + policy.error().message);
    }
    if (name == "root" && !defects.on("policy/root-may-be-written")) {
        return BackendResponse::error("cannot update \"root\" policy");
    }
    const auto held = request.ns->policies.find(name);
    const auto version = held == request.ns->policies.end() ? 0 : held->second.version;
    if (server.openbao() != defects.on("policy/cas-the-other-way") && data.has("cas") &&
        data.integer("cas") != version) {
        return BackendResponse::error(
            fmt::format("check-and-set parameter {} did not match the current version {}",
                        data.integer("cas"), version));
    }
    policy->version = version + 1;
    policy->modified = request.now;
    request.ns->policies[name] = std::move(*policy);
    if (!defects.on("policy/kept-by-tokens")) {
        server.forget_acls();
    }
    BackendResponse response;
    response.warnings = std::move(warnings);
    return response;
}

LogicalReply delete_policy(Server& server, const LogicalRequest& request, const std::string& name) {
    if (name == "root") {
        return BackendResponse::error("cannot delete \"root\" policy");
    }
    if (name == "default" && !server.options.defects.on("policy/default-may-be-deleted")) {
        return BackendResponse::error("cannot delete default policy");
    }
    if (request.ns->policies.erase(name) == 0 &&
        server.options.defects.on("policy/absent-delete-is-404")) {
        return BackendResponse::error("no such policy", 404);
    }
    server.forget_acls();
    return BackendResponse::nothing();
}

}  // namespace

LogicalReply serve_policies(Server& server, const LogicalRequest& request) {
    const bool legacy = request.path.starts_with("sys/policy");
    const std::string root = legacy ? "sys/policy" : "sys/policies/acl";
    if (request.path == root || request.path == root + "/") {
        if (request.operation == Operation::list || (legacy && request.reads())) {
            auto data = Json{
                {"keys", names(*request.ns, server.options.defects.on("policy/list-lacks-root"))}};
            if (legacy) {
                // As the older form has it, root comes last.
                auto all = names(*request.ns, true);
                if (request.ns->path.empty()) {
                    all.emplace_back("root");
                }
                data["policies"] = std::move(all);
            }
            LogicalReply reply(BackendResponse::with(std::move(data)));
            reply.repeat_data = legacy;
            return reply;
        }
        return BackendResponse::unsupported_operation();
    }
    const auto name = *request.under(root + "/");
    if (request.reads()) {
        return read_policy(server, request, lower(name), legacy);
    }
    if (request.writes()) {
        return write_policy(server, request, name, legacy);
    }
    if (request.operation == Operation::remove) {
        return delete_policy(server, request, lower(name));
    }
    return BackendResponse::unsupported_operation();
}

LogicalReply serve_capabilities(Server& server, const LogicalRequest& request) {
    if (!request.writes()) {
        return BackendResponse::unsupported_operation();
    }
    static const Fields fields{{{"path", FieldType::list},
                                {"paths", FieldType::list},
                                {"token", FieldType::text},
                                {"accessor", FieldType::text}}};
    MESHPROOF_FIELDS(data, fields, request, server);
    auto token = request.token;
    if (request.path == "sys/capabilities") {
        token = server.tokens.find(data.text("token"));
    } else if (request.path == "sys/capabilities-accessor") {
        token = server.tokens.find_accessor(data.text("accessor"));
    }
    if (request.path == "sys/capabilities-accessor") {
        if (data.text("accessor").empty()) {
            return BackendResponse::error("missing accessor");
        }
        if (!token) {
            return BackendResponse::go_error("invalid accessor", 400);
        }
    }
    const auto paths = data.has("paths") ? data.list("paths") : data.list("path");
    if (paths.empty()) {
        return BackendResponse::error("paths must be supplied");
    }
    if (request.path == "sys/capabilities" && data.text("token").empty() &&
        !server.options.defects.on("policy/capabilities-of-no-token-is-400")) {
        return BackendResponse::go_error("no token found");
    }
    if (!token) {
        return BackendResponse::go_error("invalid token", 400);
    }
    const auto acl = server.acl_of(*token);
    auto answer = Json::object();
    for (const auto& path : paths) {
        if (path.empty()) {
            return BackendResponse::go_error("missing path", 400);
        }
        const auto full = Server::path_for(*token, *request.ns, path);
        answer[path] = full ? acl->capabilities(*full) : std::vector<std::string>{"deny"};
    }
    if (paths.size() == 1) {
        answer["capabilities"] = answer[paths.front()];
    }
    LogicalReply reply(BackendResponse::with(std::move(answer)));
    reply.repeat_data = true;
    return reply;
}

}  // namespace meshproof::fakes::vault
