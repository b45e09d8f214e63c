#include "fakes/vault/approle/login.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/approle/secret_ids.hpp"
#include "fakes/vault/logical/addresses.hpp"

namespace meshproof::fakes::vault::approle {

namespace {

BackendResponse refuse_login(std::string text) {
    return BackendResponse::error(std::move(text));
}

BackendResponse unknown(const Mount& mount, const char* vaults_word) {
    return refuse_login(mount.openbao() ? "invalid role or secret ID" : vaults_word);
}

// Wrong secret ids in a row lock a role id.
bool is_locked(const Mount& mount, const std::string& role_id, const BackendRequest& request) {
    const auto& lockout = request.mount.lockout;
    const auto found = mount.failures.find(role_id);
    return !lockout.disabled && found != mount.failures.end() &&
           static_cast<std::uint64_t>(found->second.count) >= lockout.threshold &&
           request.now - found->second.last < lockout.duration;
}

void count_failure(Mount& mount, const std::string& role_id, const BackendRequest& request) {
    const auto& lockout = request.mount.lockout;
    if (lockout.disabled) {
        return;
    }
    auto& failures = mount.failures[role_id];
    const bool forgotten = request.now - failures.last > lockout.counter_reset;
    failures = {forgotten ? 1 : failures.count + 1, request.now};
}

std::map<std::string, Role, std::less<>>::iterator by_role_id(Mount& mount,
                                                              const std::string& role_id) {
    return std::ranges::find_if(mount.roles,
                                [&](const auto& entry) { return entry.second.role_id == role_id; });
}

// Where the secret id may be used. Its text tells whether it was a limited one.
std::optional<BackendResponse> refuse_address(const Role& role, const SecretId& secret,
                                              const std::string& address) {
    if (const auto leaves = leaves_role(role.secret_id_blocks(), secret.cidr_list)) {
        return BackendResponse::go_error(*leaves);
    }
    if (address_allowed(secret.cidr_list, address)) {
        return std::nullopt;
    }
    return refuse_login(
        secret.num_uses == 0
            ? fmt::format("source address \"{}\" unauthorized through CIDR restrictions on the "
                          "secret ID",
                          address)
            : fmt::format("source address \"{}\" unauthorized by CIDR restrictions on the secret "
                          "ID: %!w(<nil>)",
                          address));
}

void use_up(Role& role, const std::string& id, Time now) {
    auto& secret = role.secret_ids.at(id);
    if (secret.num_uses == 1) {
        role.secret_ids.erase(id);
    } else if (secret.num_uses > 1) {
        --secret.num_uses;
        secret.changed = now;
    }
}

// The secret id that the login shows, used; or why it does not count.
tl::expected<SecretId, BackendResponse> take_secret_id(Mount& mount, Role& role, const Call& call) {
    const auto now = call.request.now;
    const auto id = std::string(trim(call.fields.text("secret_id")));
    if (id.empty()) {
        return tl::unexpected(refuse_login("missing secret_id"));
    }
    const auto found = role.secret_ids.find(id);
    if (found == role.secret_ids.end() || has_ended(mount, found->second, now)) {
        count_failure(mount, role.role_id, call.request);
        return tl::unexpected(unknown(mount, "invalid secret id"));
    }
    const auto secret = found->second;
    auto refused = refuse_address(role, secret, call.request.remote_address);
    // Vault counts a use before it looks whence it comes.
    if (!refused || !mount.openbao()) {
        use_up(role, id, now);
    }
    if (refused) {
        return tl::unexpected(std::move(*refused));
    }
    return secret;
}

BackendResponse granted(const Role& role, const std::string& name, const SecretId& secret) {
    AuthGrant grant;
    grant_token_fields(role, grant);
    if (!secret.token_bound_cidrs.empty()) {
        grant.bound_cidrs = read_addresses(secret.token_bound_cidrs).value_or(role.bound_cidrs);
    }
    grant.metadata = secret.metadata;
    grant.metadata["role_name"] = name;
    grant.alias_name = role.role_id;
    grant.role = name;
    BackendResponse response;
    response.kind = BackendResponse::Kind::auth;
    response.auth = std::move(grant);
    return response;
}

}  // namespace

BackendResponse log_in(Mount& mount, const Call& call) {
    const auto role_id = std::string(trim(call.fields.text("role_id")));
    if (role_id.empty()) {
        return BackendResponse::go_error(mount.openbao()
                                             ? "missing role_id"
                                             : "failed to determine alias name from login request");
    }
    if (is_locked(mount, role_id, call.request)) {
        return BackendResponse::error("permission denied", 403);
    }
    const auto found = by_role_id(mount, role_id);
    if (found == mount.roles.end()) {
        return unknown(mount, "invalid role ID");
    }
    auto& [name, role] = *found;
    SecretId secret;
    if (role.bind_secret_id) {
        auto taken = take_secret_id(mount, role, call);
        if (!taken) {
            return taken.error();
        }
        secret = std::move(*taken);
    }
    if (!address_allowed(role.secret_id_blocks(), call.request.remote_address)) {
        return refuse_login(
            fmt::format("source address \"{}\" unauthorized by CIDR restrictions on the role: "
                        "%!w(<nil>)",
                        call.request.remote_address));
    }
    mount.failures.erase(role_id);
    return granted(role, name, secret);
}

}  // namespace meshproof::fakes::vault::approle
