#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fakes/vault/server/token_fields.hpp"

/// What a mount of the AppRole auth method holds, and a request on its way in it.
namespace meshproof::fakes::vault::approle {

/// What a client proves itself by, beside the role's id. It is known to nobody but who made it: all
/// others name it by its accessor.
struct SecretId {
    std::string accessor;
    std::int64_t num_uses = 0;  ///< left; 0 = no limit
    Duration ttl{};             ///< 0 = none
    Time created, changed;
    std::optional<Time> expires;
    std::map<std::string, std::string> metadata;
    std::vector<std::string> cidr_list;  ///< whence it may be used
    std::vector<std::string> token_bound_cidrs;
};

struct Role : TokenFields {
    std::string role_id;
    bool bind_secret_id = true;
    bool local_secret_ids = false;
    std::optional<std::vector<std::string>> secret_id_bound_cidrs;  ///< nothing = never given
    std::int64_t secret_id_num_uses = 0;
    Duration secret_id_ttl{};
    Duration old_period{};                  ///< as `period` gave it
    std::vector<std::string> old_policies;  ///< as `policies` gave them
    std::map<std::string, SecretId, std::less<>> secret_ids;

    [[nodiscard]] std::vector<std::string> secret_id_blocks() const {
        return secret_id_bound_cidrs.value_or(std::vector<std::string>());
    }
};

/// Logins with a wrong secret id in a row, of one role id.
struct Failures {
    std::int64_t count = 0;
    Time last;
};

struct Mount {
    Product product = Product::openbao;
    Prng prng;
    Time tidied;                                     ///< when the last look for what had ended was
    std::map<std::string, Role, std::less<>> roles;  ///< by name, in lower case
    std::map<std::string, Failures, std::less<>> failures;  ///< by role id

    [[nodiscard]] bool openbao() const { return product == Product::openbao; }
    /// Null where there is none of this name, in whatever case.
    [[nodiscard]] Role* role(std::string_view name);
};

struct Call {
    const BackendRequest& request;
    const FieldData& fields;
    Captures path;

    [[nodiscard]] const std::string& role_name() const { return path.at("role_name"); }
};

using Function = std::function<BackendResponse(Mount& mount, const Call& call)>;

/// Keeps the role, or says why it cannot be.
[[nodiscard]] BackendResponse keep(Mount& mount, std::string_view name, Role role,
                                   std::vector<std::string> warnings = {});

}  // namespace meshproof::fakes::vault::approle
