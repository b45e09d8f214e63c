#include "fakes/vault/approle/secret_ids.hpp"

#include <algorithm>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/approle/parts.hpp"
#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"

/// AppRole's secret ids: rows 199 and 200.
namespace meshproof::fakes::vault::approle {

namespace {

using SecretRefusal = std::optional<BackendResponse>;
using SecretIds = std::map<std::string, SecretId, std::less<>>;
using Metadata = std::map<std::string, std::string>;

BackendResponse no_role(const Call& call, int status) {
    const auto text = fmt::format("role {} does not exist", go_quoted(call.role_name()));
    return status == 500 ? BackendResponse::go_error(text) : BackendResponse::error(text, status);
}

BackendResponse missing(std::string_view field) {
    return BackendResponse::error(fmt::format("missing {}", field));
}

std::optional<Metadata> pairs_of_json(const std::string& text) {
    if (too_deep(text)) {
        return std::nullopt;
    }
    const auto read = Json::parse(valid_utf8(text), nullptr, false);
    if (!read.is_object()) {
        return std::nullopt;
    }
    Metadata pairs;
    for (const auto& [key, value] : read.items()) {
        if (!value.is_string()) {
            return std::nullopt;
        }
        pairs[key] = value.get<std::string>();
    }
    return pairs;
}

// JSON, base64 of it, or key=value with commas between.
std::optional<Metadata> read_metadata(const std::string& text) {
    constexpr std::size_t longest = 1U << 20;  // what is in it nobody else counts
    if (text.empty()) {
        return Metadata();
    }
    if (text.size() > longest) {
        return std::nullopt;
    }
    if (auto pairs = pairs_of_json(text)) {
        return pairs;
    }
    if (const auto decoded = from_base64(text)) {
        if (auto pairs = pairs_of_json(*decoded)) {
            return pairs;
        }
    }
    Metadata pairs;
    for (const auto& part : split(text, ',')) {
        const auto sign = part.find('=');
        if (sign == std::string::npos) {
            return std::nullopt;
        }
        pairs[std::string(trim(part.substr(0, sign)))] = trim(part.substr(sign + 1));
    }
    return pairs;
}

// Whence it, and the token that comes of it, may be used.
SecretRefusal read_blocks(const Role& role, const FieldData& data, SecretId& secret) {
    secret.cidr_list = data.list("cidr_list");
    if (const auto wrong = wrong_block(secret.cidr_list)) {
        return BackendResponse::go_error("failed to validate CIDR blocks: " + *wrong);
    }
    if (const auto leaves = leaves_role(role.secret_id_blocks(), secret.cidr_list)) {
        return BackendResponse::go_error(*leaves);
    }
    secret.token_bound_cidrs = data.list("token_bound_cidrs");
    if (const auto wrong = wrong_block(secret.token_bound_cidrs)) {
        return BackendResponse::go_error("failed to validate token CIDR blocks: " + *wrong);
    }
    if (const auto leaves = leaves_role(role.bound_cidrs, secret.token_bound_cidrs)) {
        return BackendResponse::go_error(*leaves);
    }
    return std::nullopt;
}

// How often and how long it may be used: never more than the role allows.
SecretRefusal read_bounds(const Role& role, const FieldData& data, SecretId& secret) {
    secret.num_uses = data.integer("num_uses", role.secret_id_num_uses);
    if (secret.num_uses < 0) {
        return BackendResponse::error("num_uses cannot be negative");
    }
    if (role.secret_id_num_uses > 0 &&
        (secret.num_uses == 0 || secret.num_uses > role.secret_id_num_uses)) {
        return BackendResponse::error(
            "num_uses cannot be higher than the role's secret_id_num_uses");
    }
    secret.ttl = data.duration("ttl", role.secret_id_ttl);
    if (role.secret_id_ttl > Duration{} &&
        (secret.ttl == Duration{} || secret.ttl > role.secret_id_ttl)) {
        return BackendResponse::error("ttl cannot be longer than the role's secret_id_ttl");
    }
    return std::nullopt;
}

BackendResponse make_secret_id(Mount& mount, const Call& call, const std::string& id) {
    if (id.empty()) {
        return missing("secret_id");
    }
    auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return no_role(call, 404);
    }
    if (!role->bind_secret_id) {
        return BackendResponse::error("bind_secret_id is not set on the role");
    }
    SecretId secret;
    if (auto refused = read_blocks(*role, call.fields, secret)) {
        return *refused;
    }
    if (auto refused = read_bounds(*role, call.fields, secret)) {
        return *refused;
    }
    auto metadata = read_metadata(call.fields.text("metadata"));
    if (!metadata) {
        return BackendResponse::error(
            "failed to parse metadata: failed to parse the input: invalid <key,value> format");
    }
    if (role->secret_ids.contains(id)) {
        return BackendResponse::go_error(
            "failed to store secret_id: SecretID is already registered");
    }
    const auto now = call.request.now;
    const auto ttl = std::min(secret.ttl, call.request.mount.max_lease_ttl);
    secret.accessor = make_uuid(mount.prng);
    secret.metadata = std::move(*metadata);
    secret.created = secret.changed = now;
    if (ttl > Duration{}) {
        secret.expires = now + ttl;
    }
    auto answer = BackendResponse::with(Json{{"secret_id", id},
                                             {"secret_id_accessor", secret.accessor},
                                             {"secret_id_num_uses", secret.num_uses},
                                             {"secret_id_ttl", whole_seconds(ttl)}});
    role->secret_ids[id] = std::move(secret);
    return answer;
}

BackendResponse draw_secret_id(Mount& mount, const Call& call) {
    return make_secret_id(mount, call, make_uuid(mount.prng));
}

BackendResponse write_own_secret_id(Mount& mount, const Call& call) {
    return make_secret_id(mount, call, call.fields.text("secret_id"));
}

BackendResponse list_secret_ids(Mount& mount, const Call& call) {
    const auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return no_role(call, 400);
    }
    std::vector<std::string> accessors;
    for (const auto& [id, secret] : role->secret_ids) {
        accessors.push_back(secret.accessor);
    }
    return list_answer(accessors);
}

BackendResponse describe_secret_id(const SecretId& secret) {
    return BackendResponse::with(
        Json{{"cidr_list", secret.cidr_list},
             {"creation_time", rfc3339_nano(secret.created)},
             {"expiration_time",
              secret.expires ? rfc3339_nano(*secret.expires) : "0001-01-01T00:00:00Z"},
             {"last_updated_time", rfc3339_nano(secret.changed)},
             {"metadata", secret.metadata},
             {"secret_id_accessor", secret.accessor},
             {"secret_id_num_uses", secret.num_uses},
             {"secret_id_ttl", whole_seconds(secret.ttl)},
             {"token_bound_cidrs", secret.token_bound_cidrs}});
}

BackendResponse look_up_secret_id(Mount& mount, const Call& call) {
    const auto id = call.fields.text("secret_id");
    if (id.empty()) {
        return missing("secret_id");
    }
    const auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return no_role(call, 500);
    }
    const auto found = role->secret_ids.find(id);
    if (found == role->secret_ids.end() || has_ended(mount, found->second, call.request.now)) {
        return BackendResponse::nothing();
    }
    return describe_secret_id(found->second);
}

BackendResponse destroy_secret_id(Mount& mount, const Call& call) {
    const auto id = call.fields.text("secret_id");
    if (id.empty()) {
        return missing("secret_id");
    }
    auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return no_role(call, 500);
    }
    if (const auto found = role->secret_ids.find(id); found != role->secret_ids.end()) {
        role->secret_ids.erase(found);
    }
    return BackendResponse::nothing();
}

SecretIds::iterator by_accessor(Role& role, const std::string& accessor) {
    return std::ranges::find_if(
        role.secret_ids, [&](const auto& entry) { return entry.second.accessor == accessor; });
}

// Accessors are the mount's: another role's is known, and shows nothing.
bool is_of_another(Mount& mount, const Role& role, const std::string& accessor) {
    return std::ranges::any_of(mount.roles, [&](auto& entry) {
        auto& other = entry.second;
        return &other != &role && other.local_secret_ids == role.local_secret_ids &&
               by_accessor(other, accessor) != other.secret_ids.end();
    });
}

std::string no_accessor(const std::string& accessor) {
    return "failed to find accessor entry for secret_id_accessor: " + go_quoted(accessor);
}

BackendResponse look_up_accessor(Mount& mount, const Call& call) {
    const auto accessor = call.fields.text("secret_id_accessor");
    if (accessor.empty()) {
        return missing("secret_id_accessor");
    }
    auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return no_role(call, 500);
    }
    const auto found = by_accessor(*role, accessor);
    if (found != role->secret_ids.end()) {
        return has_ended(mount, found->second, call.request.now)
                   ? BackendResponse::nothing()
                   : describe_secret_id(found->second);
    }
    if (is_of_another(mount, *role, accessor)) {
        return BackendResponse::nothing();
    }
    // Its error is data, in a whole envelope.
    auto answer = BackendResponse::with(Json{{"error", no_accessor(accessor)}});
    answer.status = 404;
    return answer;
}

BackendResponse destroy_accessor(Mount& mount, const Call& call) {
    const auto accessor = call.fields.text("secret_id_accessor");
    if (accessor.empty()) {
        return missing("secret_id_accessor");
    }
    auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return no_role(call, 500);
    }
    const auto found = by_accessor(*role, accessor);
    if (found != role->secret_ids.end()) {
        role->secret_ids.erase(found);
        return BackendResponse::nothing();
    }
    return is_of_another(mount, *role, accessor)
               ? BackendResponse::error("invalid secret id accessor", 403)
               : BackendResponse::go_error(no_accessor(accessor));
}

void remove_ended(Mount& mount, Time now) {
    for (auto& [name, role] : mount.roles) {
        std::erase_if(role.secret_ids, [now](const auto& entry) {
            return entry.second.expires && *entry.second.expires < now;
        });
    }
}

BackendResponse tidy_secret_ids(Mount& mount, const Call& call) {
    remove_ended(mount, call.request.now);
    auto answer = BackendResponse::with(
        Json(), {fmt::format("Tidy operation successfully started. Any information from the "
                             "operation will be printed to {}'s server logs.",
                             mount.openbao() ? "OpenBao" : "Vault")});
    answer.status = 202;
    return answer;
}

}  // namespace

bool has_ended(const Mount& mount, const SecretId& secret, Time now) {
    return mount.openbao() && secret.expires && *secret.expires < now;
}

void tidy_in_background(Mount& mount, Time now) {
    constexpr auto period = std::chrono::minutes(1);
    if (const auto looks = (now - mount.tidied) / period; looks > 0) {
        mount.tidied += looks * period;
        remove_ended(mount, mount.tidied);
    }
}

std::optional<std::string> leaves_role(std::vector<std::string> of_role,
                                       const std::vector<std::string>& of_secret) {
    if (of_role.empty() || of_secret.empty() || blocks_within(of_secret, of_role)) {
        return std::nullopt;
    }
    const auto quoted = [](std::vector<std::string> blocks) {
        for (auto& block : blocks) {
            block = go_quoted(block);
        }
        return "[" + join(blocks, " ") + "]";
    };
    for (auto& block : of_role) {
        if (block.find('/') == std::string::npos) {
            block += "/32";
        }
    }
    return fmt::format(
        "failed to verify subset relationship between CIDR blocks on the role {} and CIDR blocks "
        "on the secret ID {}: %!w(<nil>)",
        quoted(of_role), quoted(of_secret));
}

std::vector<Route<Function>> secret_id_routes() {
    using enum Operation;
    const Fields made{{{"metadata", FieldType::text},
                       {"cidr_list", FieldType::list},
                       {"token_bound_cidrs", FieldType::list},
                       {"num_uses", FieldType::integer},
                       {"ttl", FieldType::duration}}};
    auto own = made;
    own.types.emplace("secret_id", FieldType::text);
    const Fields secret{{{"secret_id", FieldType::text}}};
    const Fields accessor{{{"secret_id_accessor", FieldType::text}}};
    const std::string role = "role/:role_name/";
    return {
        {role + "secret-id/?", {{update, draw_secret_id}, {list, list_secret_ids}}, made},
        {role + "custom-secret-id", {{update, write_own_secret_id}}, own},
        {role + "secret-id/lookup/?", {{update, look_up_secret_id}}, secret},
        {role + "secret-id/destroy/?",
         {{update, destroy_secret_id}, {remove, destroy_secret_id}},
         secret},
        {role + "secret-id-accessor/lookup/?", {{update, look_up_accessor}}, accessor},
        {role + "secret-id-accessor/destroy/?",
         {{update, destroy_accessor}, {remove, destroy_accessor}},
         accessor},
        {"tidy/secret-id", {{update, tidy_secret_ids}}},
    };
}

}  // namespace meshproof::fakes::vault::approle
