#include "fakes/vault/sys/mount_config.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

using MountRefusal = std::optional<BackendResponse>;

// Settings that are lists of texts; the last one is Vault's alone.
constexpr std::array list_settings{"passthrough_request_headers", "allowed_response_headers",
                                   "audit_non_hmac_request_keys", "audit_non_hmac_response_keys",
                                   "allowed_managed_keys"};

bool known_list(std::string_view name, Product product) {
    return product == Product::vault || name != "allowed_managed_keys";
}

// What a mount's config holds, whatever the case of its name; null where it does not.
Json setting_in(const Json& config, std::string_view name) {
    if (config.is_object()) {
        for (const auto& [key, value] : config.items()) {
            if (lower(key) == name) {
                return value;
            }
        }
    }
    return {};
}

// A number is a text there, as Go decodes it.
bool is_setting_text(const Json& value) {
    return value.is_string() || value.is_number();
}

std::string setting_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

// What can be told from a list's JSON: one text is several behind commas.
std::vector<std::string> setting_list(const Json& value) {
    std::vector<std::string> texts;
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
        for (const auto& text : split(value.get<std::string>(), ',')) {
            texts.emplace_back(trim(text));
        }
    }
    if (value.is_array()) {
        for (const auto& text : value) {
            texts.push_back(setting_text(text));
        }
    }
    return texts;
}

bool all_of_their_kind(const Json& config) {
    const auto fits = [&config](std::string_view name, auto... kinds) {
        const auto value = setting_in(config, name);
        return value.is_null() || (kinds(value) || ...);
    };
    const auto is_list = [](const Json& value) {
        return (value.is_string() &&
                excess_of_items(value.get_ref<const std::string&>()).empty()) ||
               (value.is_array() && std::ranges::all_of(value, [](const Json& one) {
                    return is_setting_text(one) || one.is_null();
                }));
    };
    // By other names than those that tune it, and of numbers alone.
    const auto is_lockout = [](const Json& value) {
        const auto threshold = setting_in(value, "lockout_threshold");
        const auto off = setting_in(value, "disable_lockout");
        return value.is_object() && (threshold.is_null() || threshold.is_number_unsigned()) &&
               (off.is_null() || off.is_boolean()) &&
               std::ranges::all_of(std::array{"lockout_duration", "lockout_counter_reset"},
                                   [&value](auto* name) {
                                       const auto time = setting_in(value, name);
                                       return time.is_null() || time.is_number_integer();
                                   });
    };
    return std::ranges::all_of(std::array{"default_lease_ttl", "max_lease_ttl",
                                          "listing_visibility", "token_type", "plugin_version"},
                               [&](auto* name) { return fits(name, is_setting_text); }) &&
           std::ranges::all_of(list_settings, [&](auto* name) { return fits(name, is_list); }) &&
           fits("force_no_cache", [](const Json& value) { return value.is_boolean(); }) &&
           fits("user_lockout_config", is_lockout);
}

// Duration texts as mounts take them: "" and "system" are the system's own.
tl::expected<Duration, std::string> lease_setting(const std::string& text, Product product) {
    if (text.empty() || text == "system") {
        return Duration{};
    }
    return read_duration(text, product);
}

MountRefusal read_lease_times(MountEntry& entry, const Json& config, Product product) {
    for (const auto& [name, word, place] :
         {std::tuple("default_lease_ttl", "default", &entry.default_ttl),
          std::tuple("max_lease_ttl", "max", &entry.max_ttl)}) {
        const auto given = setting_text(setting_in(config, name));
        const auto read = lease_setting(given, product);
        if (!read) {
            return BackendResponse::error(
                fmt::format("unable to parse {} TTL of {}: {}", word, given, read.error()));
        }
        *place = *read;
    }
    if (entry.max_ttl != Duration{} && entry.default_ttl > entry.max_ttl) {
        return BackendResponse::error("given default lease TTL greater than given max lease TTL");
    }
    if (entry.max_ttl == Duration{} && entry.default_ttl > system_lease_ttl) {
        return BackendResponse::error(
            fmt::format("given default lease TTL greater than system max lease TTL of {}",
                        whole_seconds(system_lease_ttl)));
    }
    return std::nullopt;
}

MountRefusal set_visibility(MountEntry& entry, const std::string& text) {
    if (!text.empty() && text != "hidden" && text != "unauth") {
        return BackendResponse::error("invalid listing_visibility " + text);
    }
    entry.visibility = text;
    return std::nullopt;
}

// As hashicorp's go-version reads one and writes it again; "" where it is none.
std::string canonical_version(std::string_view text) {
    if (text.starts_with('v')) {
        text.remove_prefix(1);
    }
    const auto rest = std::min(text.find_first_of("-+"), text.size());
    std::vector<std::string> numbers;
    for (const auto& number : split(text.substr(0, rest), '.')) {
        const auto read = go_integer(number, 10);
        if (!read || *read < 0 ||
            !std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; })) {
            return {};
        }
        numbers.push_back(std::to_string(*read));
    }
    numbers.resize(std::max<std::size_t>(numbers.size(), 3), "0");
    return fmt::format("v{}{}", join(numbers, "."), text.substr(rest));
}

BackendResponse malformed_version(const std::string& text, Product product) {
    return BackendResponse::error(
        fmt::format("version {} is not a valid semantic version: {}alformed version: {}",
                    go_quoted(text), product == Product::openbao ? 'm' : 'M', text));
}

}  // namespace

std::string plugin_version_of(const Json& config) {
    const auto text = setting_text(setting_in(config, "plugin_version"));
    return text.empty() ? text : canonical_version(text);
}

std::optional<BackendResponse> read_mount_config(MountEntry& entry, const Json& config, bool auth,
                                                 Product product) {
    if (!all_of_their_kind(config)) {
        return BackendResponse::error(
            fmt::format("unable to convert given {} config information", auth ? "auth" : "mount"));
    }
    if (auto refused = read_lease_times(entry, config, product)) {
        return refused;
    }
    const auto uncached = setting_in(config, "force_no_cache");
    entry.force_no_cache = !auth && uncached.is_boolean() && uncached.get<bool>();
    for (const auto* name : list_settings) {
        if (known_list(name, product)) {
            entry.lists[name] = setting_list(setting_in(config, name));
        }
    }
    return std::nullopt;
}

std::optional<BackendResponse> check_mount_config(MountEntry& entry, const Json& config, bool auth,
                                                  Product product) {
    const auto version = setting_text(setting_in(config, "plugin_version"));
    if (!version.empty() && canonical_version(version).empty()) {
        return malformed_version(version, product);
    }
    if (auth) {
        if (auto refused = set_token_type(entry, setting_text(setting_in(config, "token_type")))) {
            return refused;
        }
    }
    return set_visibility(entry, setting_text(setting_in(config, "listing_visibility")));
}

std::optional<BackendResponse> set_token_type(MountEntry& entry, const std::string& type) {
    if (type != "service" && type != "batch" && type != "default-service" &&
        type != "default-batch" && !type.empty()) {
        return BackendResponse::error("invalid value for 'token_type'");
    }
    entry.token_type = type.empty() ? "default-service" : type;
    return std::nullopt;
}

Json lockout_settings(const MountEntry& entry) {
    if (!entry.lockout) {
        return Json::object();
    }
    return {{"user_lockout_threshold", entry.lockout->threshold},
            {"user_lockout_duration", whole_seconds(entry.lockout->duration)},
            {"user_lockout_counter_reset_duration", whole_seconds(entry.lockout->counter_reset)},
            {"user_lockout_disable", entry.lockout->disabled}};
}

void add_settings(Json& data, const MountEntry& entry) {
    data["force_no_cache"] = entry.force_no_cache;
    if (entry.is_auth()) {
        data["token_type"] = entry.token_type;
    }
    if (!entry.visibility.empty()) {
        data["listing_visibility"] = entry.visibility;
    }
    for (const auto& [name, texts] : entry.lists) {
        if (!texts.empty()) {
            data[name] = texts;
        }
    }
}

namespace {

/// Who is tuned, by what, and what is to be said of it.
struct Tuning {
    const FieldData& fields;
    Product product;
    MountEntry entry;
    std::vector<std::string> warnings;
};

// One after the other, as the servers do it.
using TuningStep = MountRefusal (*)(Tuning& tuning);

MountRefusal tune_lease_times(Tuning& tuning) {
    auto& entry = tuning.entry;
    auto next = std::pair(entry.default_ttl, entry.max_ttl);
    for (const auto& [name, place] :
         {std::pair("default_lease_ttl", &next.first), std::pair("max_lease_ttl", &next.second)}) {
        if (const auto text = tuning.fields.text(name); !text.empty()) {
            const auto read = lease_setting(text, tuning.product);
            if (!read) {
                return BackendResponse::error(read.error());
            }
            *place = *read;
        }
    }
    // Where only one of the two is set, the system's other one may contradict it, and cuts at use.
    if (next.first != Duration{} && next.second != Duration{} && next.first > next.second) {
        return BackendResponse::error(
            fmt::format("backend max lease TTL of {} would be less than backend "
                        "default lease TTL of {}",
                        whole_seconds(next.second), whole_seconds(next.first)));
    }
    std::tie(entry.default_ttl, entry.max_ttl) = next;
    return std::nullopt;
}

bool lockout_of_its_kind(const Json& given) {
    const auto off = setting_in(given, "lockout_disable");
    return (off.is_null() || off.is_boolean()) &&
           std::ranges::all_of(std::array{"lockout_threshold", "lockout_duration",
                                          "lockout_counter_reset_duration"},
                               [&given](const char* name) {
                                   const auto value = setting_in(given, name);
                                   return value.is_null() || is_setting_text(value);
                               });
}

MountRefusal tune_lockout_threshold(Lockout& lockout, const std::string& text, Product product) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto read = go_integer(text, 10);
    const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || !read) {
        auto why =
            fmt::format("unable to parse user lockout threshold: strconv.ParseUint: parsing {}: {}",
                        go_quoted(text), digits ? read.error() : "invalid syntax");
        return product == Product::openbao ? BackendResponse::error(std::move(why))
                                           : BackendResponse::go_error(std::move(why));
    }
    lockout.threshold = static_cast<std::uint64_t>(*read);
    return std::nullopt;
}

// Only logins with a name and a secret have a lockout.
MountRefusal tune_lockout(Tuning& tuning) {
    const auto& given = tuning.fields.json("user_lockout_config");
    auto& entry = tuning.entry;
    if (given.empty()) {
        return std::nullopt;
    }
    if (!lockout_of_its_kind(given)) {
        return BackendResponse::error("unable to convert given user lockout config information");
    }
    if (const auto type = lower(entry.type);
        type != "approle" && type != "ldap" && type != "userpass") {
        return BackendResponse::error(fmt::format(
            "tuning of user lockout configuration for auth type \"{}\" not allowed", entry.type));
    }
    if (!entry.lockout) {
        entry.lockout = Lockout{0, {}, {}, false};
    }
    auto& lockout = *entry.lockout;
    if (auto refused = tune_lockout_threshold(
            lockout, setting_text(setting_in(given, "lockout_threshold")), tuning.product)) {
        return refused;
    }
    for (const auto& [name, place] :
         {std::pair("lockout_duration", &lockout.duration),
          std::pair("lockout_counter_reset_duration", &lockout.counter_reset)}) {
        if (const auto text = setting_text(setting_in(given, name)); !text.empty()) {
            const auto read = lease_setting(text, tuning.product);
            if (!read) {
                return BackendResponse::error(read.error());
            }
            *place = *read;
        }
    }
    if (const auto off = setting_in(given, "lockout_disable"); off.is_boolean()) {
        lockout.disabled = off.get<bool>();
    }
    return std::nullopt;
}

MountRefusal tune_description(Tuning& tuning) {
    if (tuning.fields.has("description")) {
        tuning.entry.description = tuning.fields.text("description");
    }
    return std::nullopt;
}

// There is one version of each plugin, and it has no name.
MountRefusal tune_plugin_version(Tuning& tuning) {
    if (!tuning.fields.has("plugin_version")) {
        return std::nullopt;
    }
    const auto text = tuning.fields.text("plugin_version");
    const auto version = canonical_version(text);
    return version.empty() ? malformed_version(text, tuning.product)
                           : BackendResponse::error(
                                 fmt::format("plugin not found in the catalog: {}, version={}",
                                             tuning.entry.type, version));
}

template <std::size_t Index>
MountRefusal tune_list(Tuning& tuning) {
    const auto* name = list_settings[Index];
    if (known_list(name, tuning.product) && tuning.fields.has(name)) {
        tuning.entry.lists[name] = tuning.fields.list(name);
    }
    return std::nullopt;
}

MountRefusal tune_visibility(Tuning& tuning) {
    const auto* name = "listing_visibility";
    return tuning.fields.has(name) ? set_visibility(tuning.entry, tuning.fields.text(name))
                                   : std::nullopt;
}

MountRefusal tune_token_type(Tuning& tuning) {
    auto& entry = tuning.entry;
    if (!tuning.fields.has("token_type")) {
        return std::nullopt;
    }
    if (!entry.is_auth()) {
        return BackendResponse::error("'token_type' can only be modified on auth mounts");
    }
    if (entry.type == "token" || entry.type == "ns_token") {
        return BackendResponse::error(
            "'token_type' cannot be set for 'token' or 'ns_token' auth mounts");
    }
    return set_token_type(entry, tuning.fields.text("token_type"));
}

// Only engines of secrets have versions, and still every mount may be told one.
MountRefusal tune_version(Tuning& tuning, const std::string& text, const std::string& old) {
    const auto asked = go_integer(text.empty() ? "0" : text, 10);
    if (!asked) {
        return BackendResponse::error(
            fmt::format("unable to parse options: strconv.ParseInt: parsing {}: invalid syntax",
                        go_quoted(text)));
    }
    if (*asked != 1 && *asked != 2) {
        return BackendResponse::error(fmt::format("invalid version provided: {}", *asked));
    }
    const auto before = go_integer(old.empty() ? "0" : old, 10).value_or(0);
    if (before > *asked) {
        return BackendResponse::error(
            fmt::format("cannot downgrade mount from version {}", before));
    }
    if (before < *asked) {
        // OpenBao, which knows no upgrade of these types, says 0 twice.
        tuning.warnings.push_back(
            fmt::format("Upgrading mount from version {} to version {}. This mount will be "
                        "unavailable for a brief period and will resume service shortly.",
                        before, tuning.product == Product::openbao ? before : *asked));
    }
    return std::nullopt;
}

// Options are added to those that are there; an empty one is taken away.
MountRefusal tune_options(Tuning& tuning) {
    const auto& given = tuning.fields.json("options");
    if (!given.is_object() || given.empty()) {
        return std::nullopt;
    }
    auto next = tuning.entry.options.is_object() ? tuning.entry.options : Json::object();
    if (const auto version = given.find("version"); version != given.end()) {
        if (auto refused =
                tune_version(tuning, version->get<std::string>(), next.value("version", ""))) {
            return refused;
        }
    }
    for (const auto& [name, value] : given.items()) {
        if (value.get<std::string>().empty()) {
            next.erase(name);
        } else {
            next[name] = value;
        }
    }
    tuning.entry.options = std::move(next);
    return std::nullopt;
}

constexpr std::array<TuningStep, 12> tuning_steps{
    tune_lease_times, tune_lockout, tune_description, tune_plugin_version,
    tune_list<2>,     tune_list<3>, tune_visibility,  tune_token_type,
    tune_list<0>,     tune_list<1>, tune_list<4>,     tune_options};

// The servers' own mounts: Vault tunes none of them, OpenBao only what concerns their audit.
MountRefusal refuse_own_mount(const MountEntry& entry, const FieldData& fields, Product product) {
    if (entry.backend != nullptr || entry.is_auth()) {
        return std::nullopt;
    }
    if (product == Product::vault) {
        return BackendResponse::error("cannot tune " + go_quoted(entry.path));
    }
    for (const auto* name :
         {"allowed_response_headers", "default_lease_ttl", "description", "listing_visibility",
          "max_lease_ttl", "options", "passthrough_request_headers", "plugin_version", "token_type",
          "user_lockout_config"}) {
        if (fields.has(name)) {
            return BackendResponse::error(
                fmt::format("cannot tune parameter {} of {}", name, entry.path));
        }
    }
    return std::nullopt;
}

}  // namespace

LogicalReply tune(const std::shared_ptr<MountEntry>& entry, const BuiltinCall& call,
                  Product product) {
    if (auto refused = refuse_own_mount(*entry, call.fields, product)) {
        return std::move(*refused);
    }
    Tuning tuning{call.fields, product, *entry, {}};
    for (const auto step : tuning_steps) {
        if (auto refused = step(tuning)) {
            if (product == Product::vault) {
                *entry = std::move(tuning.entry);
            }
            return std::move(*refused);
        }
    }
    *entry = std::move(tuning.entry);
    auto done = BackendResponse::nothing();
    done.warnings = std::move(tuning.warnings);
    return done;
}

}  // namespace meshproof::fakes::vault
