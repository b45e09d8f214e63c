#include "fakes/vault/sys/paths.hpp"

#include <tuple>
#include <utility>

#include "fakes/vault/sys/audit.hpp"
#include "fakes/vault/sys/inside.hpp"
#include "fakes/vault/sys/leases.hpp"
#include "fakes/vault/sys/mounts.hpp"
#include "fakes/vault/sys/namespaces.hpp"
#include "fakes/vault/sys/openapi.hpp"
#include "fakes/vault/sys/plugins.hpp"
#include "fakes/vault/sys/policies.hpp"
#include "fakes/vault/sys/quotas.hpp"
#include "fakes/vault/sys/raft.hpp"
#include "fakes/vault/sys/wrapping.hpp"

namespace meshproof::fakes::vault {

namespace {

using enum Operation;
using Routes = std::vector<BuiltinRoute>;

// A LIST there names no path of theirs, rather than an operation that they lack.
LogicalReply no_path(Server&, const BuiltinCall&) {
    return BackendResponse::unsupported_path();
}

void add(Routes& table, Routes more) {
    table.insert(table.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

Routes mounts(bool openbao) {
    const Fields mount{{{"type", FieldType::text},
                        {"description", FieldType::text},
                        {"config", FieldType::object},
                        {"options", FieldType::pairs},
                        {"local", FieldType::boolean},
                        {"seal_wrap", FieldType::boolean},
                        {"external_entropy_access", FieldType::boolean},
                        {"plugin_name", FieldType::text},
                        {"plugin_version", FieldType::text}}};
    const Fields of_auth{{{"default_lease_ttl", FieldType::text},
                          {"max_lease_ttl", FieldType::text},
                          {"description", FieldType::text},
                          {"token_type", FieldType::text},
                          {"options", FieldType::pairs},
                          {"user_lockout_config", FieldType::object},
                          {"plugin_version", FieldType::text},
                          {"listing_visibility", FieldType::text},
                          {"allowed_response_headers", FieldType::list},
                          {"audit_non_hmac_request_keys", FieldType::list},
                          {"audit_non_hmac_response_keys", FieldType::list},
                          {"passthrough_request_headers", FieldType::list}}};
    auto of_engines = of_auth;
    if (!openbao) {
        of_engines.types["allowed_managed_keys"] = FieldType::list;
    }
    Routes table = {
        {"mounts", {{read, list_mounts}}},
        {"auth", {{read, list_mounts}}},
        {"remount",
         {{update, move_mount}},
         {{{"from", FieldType::text}, {"to", FieldType::text}}},
         Needs::sudo},
        {"remount/status/:migration_id+", {{read, read_move}}},
        {"internal/ui/mounts", {{read, list_mounts_for_ui}}, {}, Needs::nothing},
        {"internal/ui/mounts/", {{read, no_path}, {list, no_path}}, {}, Needs::nothing},
        {"internal/ui/mounts/:path+", {{read, read_mount_for_ui}}, {}, Needs::nothing},
    };
    for (const auto& [root, needs, tuning] :
         {std::tuple("mounts/", Needs::token, &std::as_const(of_engines)),
          std::tuple("auth/", Needs::sudo, &std::as_const(of_auth))}) {
        const std::string place = root;
        add(table, {{place, {{read, no_path}, {list, no_path}}, {}, needs},
                    {place + ":path+/tune", {{read, read_tuning}}, {}, needs},
                    {place + ":path+/tune", {{update, tune_mount}}, *tuning, needs},
                    {place + ":path+", {{read, read_mount}, {remove, disable_mount}}, {}, needs},
                    {place + ":path+", {{update, enable_mount}}, mount, needs}});
    }
    return table;
}

Routes policies(bool openbao) {
    Fields policy{{{"policy", FieldType::text}}};
    if (openbao) {
        policy.types["cas"] = FieldType::integer;
        policy.types["ttl"] = FieldType::duration;
        policy.types["expiration"] = FieldType::time;
        for (const auto* name : {"cas_required", "allow_slashes_in_identity_templates",
                                 "allow_wildcards_in_identity_templates"}) {
            policy.types[name] = FieldType::boolean;
        }
    }
    auto older_policy = policy;
    older_policy.types["rules"] = FieldType::text;
    const Fields own{
        {{"path", FieldType::list}, {"paths", FieldType::list}, {"token", FieldType::text}}};
    const Fields by_accessor{
        {{"path", FieldType::list}, {"paths", FieldType::list}, {"accessor", FieldType::text}}};
    Routes table = {
        {"policies/acl/?", {{list, list_policies}}},
        {"policy/?", {{read, list_policies}, {list, list_policies}}},
        {"capabilities", {{update, tell_capabilities}}, own},
        {"capabilities-self", {{update, tell_capabilities}}, own},
        {"capabilities-accessor", {{update, tell_capabilities}}, by_accessor},
    };
    for (const auto& [place, fields] :
         {std::pair("policies/acl/:name+", &policy), std::pair("policy/:name+", &older_policy)}) {
        add(table, {{place, {{read, read_policy}, {remove, delete_policy}}},
                    {place, {{update, write_policy}}, *fields}});
        if (openbao) {
            add(table, {{place, {{list, list_policies}}}});
        }
    }
    if (openbao) {
        add(table, {{"policies/acl/:name+", {{patch, patch_policy}}, policy}});
    }
    return table;
}

// Vault has the older paths besides.
Routes leases(bool openbao) {
    const Fields lease{{{"lease_id", FieldType::text},
                        {"increment", FieldType::duration},
                        {"sync", FieldType::boolean}}};
    const Fields type{{{"type", FieldType::text}}};
    Routes table = {
        {"leases", {{read, read_irrevocable_leases}}, type, Needs::sudo},
        {"leases/count", {{read, count_irrevocable_leases}}, type},
        {"leases/tidy", {{update, tidy_leases}}},
        {"leases/lookup/:lease*", {{list, list_leases}}, {}, Needs::sudo},
        {"leases/lookup", {{update, look_up_lease}}, lease},
    };
    for (const std::string place : {"leases/", ""}) {
        if (place.empty() && openbao) {
            break;
        }
        add(table, {{place + "renew", {{update, renew_lease}}, lease},
                    {place + "renew/:lease*", {{update, renew_lease}}, lease},
                    {place + "revoke", {{update, revoke_lease}}, lease},
                    {place + "revoke/:lease*", {{update, revoke_lease}}, lease}});
    }
    const std::pair<const char*, LogicalReply (*)(Server&, const BuiltinCall&)> of_many[] = {
        {"revoke-prefix/:lease*", revoke_leases}, {"revoke-force/:lease*", force_leases}};
    for (const auto& [place, function] : of_many) {
        add(table, {{std::string("leases/") + place, {{update, function}}, lease, Needs::sudo}});
        if (openbao) {
            add(table, {{place, {}, {}, Needs::sudo}});
        } else {
            add(table, {{place, {{update, function}}, lease, Needs::sudo}});
        }
    }
    return table;
}

Routes quotas(bool openbao) {
    Fields limit{{{"rate", FieldType::number},
                  {"path", FieldType::text},
                  {"role", FieldType::text},
                  {"interval", FieldType::duration},
                  {"block_interval", FieldType::duration},
                  {"type", FieldType::text}}};
    if (openbao) {
        limit.types["inheritable"] = FieldType::boolean;
    }
    return {
        {"quotas/config", {{read, read_quota_config}}},
        {"quotas/config",
         {{update, write_quota_config}},
         {{{"enable_rate_limit_audit_logging", FieldType::boolean},
           {"enable_rate_limit_response_headers", FieldType::boolean},
           {"rate_limit_exempt_paths", FieldType::list}}}},
        {"quotas/rate-limit/?", {{list, list_rate_limits}}},
        {"quotas/rate-limit/:name+", {{read, read_rate_limit}, {remove, delete_rate_limit}}},
        {"quotas/rate-limit/:name+", {{update, write_rate_limit}}, limit},
    };
}

// Real on OpenBao, an enterprise feature of Vault (row 42).
Routes namespaces(bool real) {
    if (!real) {
        return {{"namespaces/?", {{list, enterprise_only}}},
                {"namespaces/:path+", every_operation<BuiltinFunction>(enterprise_only)}};
    }
    return {{"namespaces/?", {{list, list_namespaces}}},
            {"namespaces/:path+", {{read, read_namespace}, {remove, delete_namespace}}},
            {"namespaces/:path+",
             {{update, write_namespace}, {patch, write_namespace}},
             {{{"custom_metadata", FieldType::json}}}}};
}

Routes wrapping() {
    const Fields token{{{"token", FieldType::text}}};
    return {{"wrapping/wrap", {{update, wrap}}, Fields{.types = {}, .any = true}},
            {"wrapping/unwrap", {{update, unwrap}}, token},
            {"wrapping/rewrap", {{update, rewrap}}, token},
            {"wrapping/lookup",
             {{read, look_up_wrapped}, {update, look_up_wrapped}},
             token,
             Needs::nothing}};
}

Routes inside(bool openbao, bool raft) {
    const Fields random{
        {{"bytes", FieldType::integer}, {"format", FieldType::text}, {"source", FieldType::text}}};
    Routes table = {
        {"ha-status", {{read, read_ha_status}}},
        {"key-status", {{read, read_key_status}}},
        {"rotate", {{update, rotate}}, {}, Needs::sudo},
        {"rotate/config", {{read, read_rotation}}},
        {"rekey/backup", {{read, read_rekey_backup}}},
        {"config/cors", {{read, read_cors}}, {}, Needs::sudo},
        {"config/ui/headers", {{list, list_nothing}}},
        {"config/ui/headers/", {{list, list_nothing}}, {}, Needs::sudo},
        {"tools/random", {{update, draw_random}}, random},
        {"tools/random/:urlbytes*", {{update, draw_random}}, random},
        {"version-history/?", {{list, list_versions}}},
        {"host-info", {{read, read_host_info}}},
        {"internal/counters/requests", {{read, count_requests}}},
        {"internal/counters/tokens", {{read, count_tokens}}},
        {"internal/counters/entities", {{read, count_entities}}},
        {"internal/specs/openapi",
         {{read, describe_api}, {update, describe_api}},
         {{{"context", FieldType::text}, {"generic_mount_paths", FieldType::boolean}}},
         Needs::nothing},
        {"internal/ui/resultant-acl", {{read, read_resultant_acl}}},
        {"internal/ui/namespaces", {{read, read_ui_namespaces}}},
    };
    if (raft) {
        add(table,
            {{"storage/raft/configuration", {{read, read_raft_configuration}}},
             {"storage/raft/autopilot/state", {{read, read_autopilot_state}}},
             {"storage/raft/autopilot/configuration", {{read, read_autopilot_configuration}}}});
    }
    if (openbao) {
        add(table, {{"replication/status", {}, {}, Needs::nothing},
                    {"internal/ui/feature-flags", {}, {}, Needs::nothing}});
    } else {
        add(table, {{"replication/status", {{read, read_replication}}, {}, Needs::nothing},
                    {"internal/ui/feature-flags", {{read, read_feature_flags}}, {}, Needs::nothing},
                    {"license/status", {{read, enterprise_only}}}});
    }
    // Not played, and still for those with sudo only.
    for (const auto* path :
         {"audit/:path*", "raw/?", "raw/:path*", "config/ui/headers/:header*",
          "config/auditing/:path*", "plugins/catalog/:path*", "internal/inspect/:path*"}) {
        add(table, {{path, {}, {}, Needs::sudo}});
    }
    return table;
}

}  // namespace

std::vector<BuiltinRoute> sys_routes(const FakeVaultOptions& options) {
    const bool openbao = options.product == Product::openbao;
    auto table = mounts(openbao);
    add(table, policies(openbao));
    add(table, leases(openbao));
    add(table, quotas(openbao));
    add(table, namespaces(openbao));
    add(table, wrapping());
    add(table, audit_routes());
    add(table, plugin_routes());
    add(table, inside(openbao, options.storage == "raft"));
    return table;
}

}  // namespace meshproof::fakes::vault
