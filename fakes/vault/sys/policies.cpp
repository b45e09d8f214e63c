#include "fakes/vault/sys/policies.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/policies/acl, the legacy sys/policy, and sys/capabilities*: rows 47 to 54.
namespace meshproof::fakes::vault {

namespace {

// In order, but for root, which comes last; or those that begin with `front`.
std::vector<std::string> policy_names(const Namespace& ns, const std::string& front) {
    std::vector<std::string> all;
    for (const auto& [name, policy] : ns.policies) {
        if (name.starts_with(front)) {
            all.push_back(name);
        }
    }
    if (ns.path.empty() && front.empty()) {
        all.emplace_back("root");
    }
    return all;
}

// Slashes at its end are none of the name's.
std::string without_slashes(std::string name) {
    while (name.ends_with('/')) {
        name.pop_back();
    }
    return name;
}

// sys/policy, the older form.
bool is_legacy(const LogicalRequest& request) {
    return request.path.starts_with("sys/policy");
}

}  // namespace

LogicalReply read_policy(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto name = without_slashes(lower(call.captured("name")));
    const bool legacy = is_legacy(request);
    const auto found = request.ns->policies.find(name);
    const bool root = name == "root" && request.ns->path.empty();
    if (found == request.ns->policies.end() && !root) {
        return BackendResponse::nothing();
    }
    const Policy none;
    const auto& policy = root ? none : found->second;
    auto data = Json{{"name", name}, {legacy ? "rules" : "policy", policy.text}};
    if (server.openbao()) {
        data["version"] = root ? 0 : policy.version;
        data["cas_required"] = policy.cas_required;
        if (!root) {
            data["modified"] = rfc3339_nano(policy.modified);
        }
        if (policy.expiration) {
            data["expiration"] = rfc3339_nano(*policy.expiration);
        }
        data["allow_slashes_in_identity_templates"] = policy.allow_slashes;
        data["allow_wildcards_in_identity_templates"] = policy.allow_wildcards;
    }
    LogicalReply reply(BackendResponse::with(std::move(data)));
    reply.repeat_data = legacy;
    return reply;
}

namespace {

// OpenBao's check-and-set: the version that the writer knows, -1 for none.
std::optional<BackendResponse> refuse_stale(const Policy* held, const FieldData& data) {
    const auto version = held != nullptr ? held->version : 0;
    if (!data.has("cas")) {
        const bool required =
            data.boolean("cas_required") || (held != nullptr && held->cas_required);
        return required ? std::optional(BackendResponse::error(
                              "check-and-set parameter required for this call"))
                        : std::nullopt;
    }
    const auto known = data.integer("cas");
    if (known == -1 && held != nullptr) {
        return BackendResponse::error("check-and-set parameter set to -1 on existing entry");
    }
    if (known != -1 && known != version) {
        return BackendResponse::error(fmt::format(
            "check-and-set parameter {} did not match the current version {}", known, version));
    }
    return std::nullopt;
}

// When OpenBao's policy ends, by either of two fields; nothing = never.
tl::expected<std::optional<Time>, BackendResponse> expiration_in(const BuiltinCall& call) {
    const auto& data = call.fields;
    const auto given = [&](const char* name) {
        const auto sent = call.request.data.find(name);
        return data.has(name) && sent != call.request.data.end() && !sent->is_null();
    };
    std::optional<Time> ends;
    if (given("expiration") && given("ttl")) {
        return tl::unexpected(
            BackendResponse::error("cannot supply both 'expiration' and 'ttl' for policies"));
    }
    if (given("expiration")) {
        ends = parse_rfc3339(data.text("expiration"));
    } else if (given("ttl")) {
        const auto now = call.request.now;
        ends = now + std::min(data.duration("ttl"), Time::max() - now);
    }
    if (ends && *ends <= call.request.now) {
        return tl::unexpected(BackendResponse::error(
            "refusing to update policy as expiration time has already elapsed"));
    }
    return ends;
}

// What was given as HCL or JSON; "" where there is none.
std::string given_policy(const BuiltinCall& call, std::vector<std::string>& warnings) {
    auto text = call.fields.text("policy");
    if (text.empty() && is_legacy(call.request)) {
        text = call.fields.text("rules");
        if (!text.empty()) {
            warnings.emplace_back("'rules' is deprecated, please use 'policy' instead");
        }
    }
    return text;
}

Result<Policy> parsed(const LogicalRequest& request, const std::string& text, Product product) {
    auto* early = request.early_policy.get();
    if (early == nullptr || early->text != text) {
        return parse_policy(text, product);
    }
    early->text.clear();  // no policy is empty: it is taken once
    return std::move(early->policy);
}

// The policy of that text, with the end that the call gives it.
tl::expected<Policy, BackendResponse> new_policy(const Server& server, const BuiltinCall& call,
                                                 const std::string& name, const std::string& text) {
    const auto expiration = expiration_in(call);
    if (!expiration) {
        return tl::unexpected(expiration.error());
    }
    auto policy = parsed(call.request, text, server.options.product);
    if (!policy) {
        return tl::unexpected(
            BackendResponse::error("failed to parse policy: " + policy.error().message));
    }
    if (name == "root") {
        return tl::unexpected(BackendResponse::error("cannot update \"root\" policy"));
    }
    policy->expiration = *expiration;
    return std::move(*policy);
}

}  // namespace

LogicalReply write_policy(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    const auto written = call.captured("name");
    const auto name = lower(written);
    std::vector<std::string> warnings;
    if (name != written && !server.openbao()) {
        warnings.push_back("policy name was converted to " + name);
    }
    const auto text = given_policy(call, warnings);
    if (text.empty()) {
        return BackendResponse::error("'policy' parameter not supplied or empty");
    }
    auto policy = new_policy(server, call, name, text);
    if (!policy) {
        return policy.error();
    }
    const auto held = request.ns->policies.find(name);
    const auto version = held == request.ns->policies.end() ? 0 : held->second.version;
    if (server.openbao()) {
        const auto* old = held == request.ns->policies.end() ? nullptr : &held->second;
        if (auto refused = refuse_stale(old, data)) {
            return std::move(*refused);
        }
        policy->cas_required = data.boolean("cas_required");
    }
    policy->version = version + 1;
    policy->modified = request.now;
    policy->allow_slashes = data.boolean("allow_slashes_in_identity_templates");
    policy->allow_wildcards = data.boolean("allow_wildcards_in_identity_templates");
    server.keep_policy(*request.ns, name, std::move(*policy));
    BackendResponse response;
    response.warnings = std::move(warnings);
    return response;
}

LogicalReply patch_policy(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    const auto name = lower(call.captured("name"));
    const auto found = request.ns->policies.find(name);
    if (found == request.ns->policies.end() && name != "root") {
        return BackendResponse::error("policy not found");
    }
    const auto held = name == "root" ? Policy{} : found->second;
    const auto text = data.text("policy", held.text);
    if (text.empty()) {
        return BackendResponse::error("'policy' parameter not supplied or empty");
    }
    auto policy = new_policy(server, call, name, text);
    if (!policy) {
        return policy.error();
    }
    // It replaces what it has read, so nobody has to name the version.
    if (data.has("cas")) {
        if (auto refused = refuse_stale(&held, data)) {
            return std::move(*refused);
        }
    }
    policy->cas_required = data.boolean("cas_required", held.cas_required);
    policy->version = held.version + 1;
    policy->modified = request.now;
    policy->allow_slashes = data.boolean("allow_slashes_in_identity_templates", held.allow_slashes);
    policy->allow_wildcards =
        data.boolean("allow_wildcards_in_identity_templates", held.allow_wildcards);
    if (!policy->expiration) {
        policy->expiration = held.expiration;
    }
    server.keep_policy(*request.ns, name, std::move(*policy));
    return BackendResponse::with(Json());
}

LogicalReply delete_policy(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    auto name = lower(call.captured("name"));
    if (server.openbao()) {
        name = without_slashes(name);
    }
    if (name == "root") {
        return BackendResponse::error("cannot delete \"root\" policy");
    }
    if (name == "default") {
        return BackendResponse::error("cannot delete default policy");
    }
    request.ns->policies.erase(without_slashes(name));
    server.forget_acls();
    return BackendResponse::nothing();
}

LogicalReply list_policies(Server&, const BuiltinCall& call) {
    const bool legacy = is_legacy(call.request);
    const auto place = call.captured("name");
    const auto all =
        policy_names(*call.request.ns, place.empty() || place.ends_with('/') ? place : place + "/");
    LogicalReply reply(list_answer(all));
    if (legacy) {
        reply.base.data["policies"] = all.empty() ? Json() : Json(all);
    }
    reply.repeat_data = legacy;
    return reply;
}

namespace {

using CapabilityRefusal = std::optional<BackendResponse>;

// Whose capabilities are asked for is looked at before the paths.
CapabilityRefusal refuse_whose(const Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    if (request.path == "sys/capabilities") {
        const auto named = request.data.find("token");
        const bool text = named != request.data.end() && named->is_string();
        return text && *named != ""
                   ? std::nullopt
                   : CapabilityRefusal(BackendResponse::go_error("no token found"));
    }
    if (request.path != "sys/capabilities-accessor") {
        return std::nullopt;
    }
    const auto accessor = call.fields.text("accessor");
    if (accessor.empty()) {
        return BackendResponse::error("missing accessor");
    }
    if (of_no_namespace(server.options.product, accessor)) {
        return BackendResponse::go_error("no namespace");
    }
    const auto token = server.tokens.find_accessor(accessor);
    if (!token) {
        return BackendResponse::go_error("invalid accessor", 400);
    }
    return token->namespace_path == request.ns->path
               ? std::nullopt
               : CapabilityRefusal(
                     BackendResponse::go_error("cannot lookup token in different namespace"));
}

// The token is looked up with the first path.
CapabilityRefusal refuse_before_lookup(const Server& server, const BuiltinCall& call,
                                       const std::vector<std::string>& paths) {
    if (paths.empty()) {
        return BackendResponse::error("paths must be supplied");
    }
    if (paths.front().empty()) {
        return BackendResponse::go_error("missing path", 400);
    }
    if (call.request.path == "sys/capabilities" &&
        of_no_namespace(server.options.product, call.fields.text("token"))) {
        return BackendResponse::go_error(
            "failed to look up namespace from the token: no namespace");
    }
    return std::nullopt;
}

}  // namespace

LogicalReply tell_capabilities(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    if (auto refused = refuse_whose(server, call)) {
        return std::move(*refused);
    }
    auto paths = data.list("paths");
    if (paths.empty()) {
        paths = data.list("path");
    }
    if (auto refused = refuse_before_lookup(server, call, paths)) {
        return std::move(*refused);
    }
    const auto token = request.path == "sys/capabilities" ? server.tokens.find(data.text("token"))
                       : request.path == "sys/capabilities-accessor"
                           ? server.tokens.find_accessor(data.text("accessor"))
                           : server.tokens.find(request.token_id);
    if (!token) {
        return BackendResponse::go_error("invalid token", 400);
    }
    const auto acl = server.acl_of(*token);
    if (!acl->fault().empty()) {
        return BackendResponse::go_error(acl->fault(), 403);
    }
    // The real servers have no bound on it, and are not held up by one request.
    constexpr std::size_t most_looks = 500'000;
    if (const auto most = most_looks / (1 + acl->patterns()); paths.size() > most) {
        return BackendResponse::error(
            fmt::format("expected at most {} paths for these policies, "
                        "got {}",
                        most, paths.size()));
    }
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
