#include "conformance/preflight/facts.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

const Json& member_of(const Json& object, std::string_view member) {
    static const Json none;
    if (!object.is_object()) {
        return none;
    }
    const auto found = object.find(std::string(member));
    return found == object.end() ? none : *found;
}

}  // namespace

const Issuer* Issuers::find(const std::string& reference) const {
    const auto& wanted = reference.empty() || reference == "default" ? default_id : reference;
    for (const auto& issuer : all) {
        if (!wanted.empty() && (issuer.id == wanted || issuer.name == wanted)) {
            return &issuer;
        }
    }
    return nullptr;
}

const Issuer* Facts::signer() const {
    if (!issuers.is_known()) {
        return nullptr;
    }
    return issuers->find(role.is_known() ? text_of(*role, "issuer_ref") : std::string());
}

std::optional<Duration> Facts::vault_ahead() const {
    if (!leaf.is_known() || !role.is_known()) {
        return std::nullopt;  // who may not read the role cannot tell by how much it dates back
    }
    // Both servers date a leaf back by 30 s where the role says nothing else (row 71).
    const auto back = role->contains("not_before_duration")
                          ? duration_of(*role, "not_before_duration")
                          : Duration(std::chrono::seconds(30));
    const auto dated = leaf->leaf.not_before() + back;
    return dated - std::clamp<Time>(dated, signed_at, std::max(signed_at, signed_by));
}

std::string Facts::leaves_a_day() const {
    const auto& mesh = account.mesh;
    if (mesh.pods == 0) {
        return {};
    }
    const auto day = std::chrono::duration<double>(std::chrono::days(1));
    const double renewals = day / (std::chrono::duration<double>(account.ttl) * mesh.renew_at);
    return fmt::format(": {} {:.0f} certificates a day",
                       counted(mesh.pods, "pod leaves", "pods leave"),
                       static_cast<double>(mesh.pods) * renewals);
}

std::pair<std::string, std::string> Facts::logs_in_as() const {
    if (account.cluster) {
        return {account.cluster->namespace_name, account.cluster->name};
    }
    // system:serviceaccount:NAMESPACE:NAME
    const auto parts =
        split(token_claims.is_known() ? text_of(*token_claims, "sub") : std::string(), ':');
    constexpr std::size_t whole = 4;
    return parts.size() == whole ? std::pair(parts[2], parts[3])
                                 : std::pair<std::string, std::string>();
}

std::string Facts::pki_path(std::string_view rest) const {
    return fmt::format("{}/{}", pki_mount, rest);
}

std::string Facts::auth_path(std::string_view rest) const {
    return fmt::format("auth/{}/{}", account.auth_mount, rest);
}

std::string text_of(const Json& object, std::string_view member) {
    const auto& value = member_of(object, member);
    return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag_of(const Json& object, std::string_view member, bool otherwise) {
    const auto& value = member_of(object, member);
    return value.is_boolean() ? value.get<bool>() : otherwise;
}

std::int64_t number_of(const Json& object, std::string_view member) {
    const auto& value = member_of(object, member);
    return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::vector<std::string> texts_of(const Json& object, std::string_view member) {
    const auto& value = member_of(object, member);
    std::vector<std::string> texts;
    if (value.is_string() && !value.get<std::string>().empty()) {
        for (const auto& part : split(value.get<std::string>(), ',')) {
            texts.emplace_back(trim(part));
        }
    }
    if (value.is_array()) {
        for (const auto& item : value) {
            if (item.is_string()) {
                texts.push_back(item.get<std::string>());
            }
        }
    }
    return texts;
}

Duration duration_of(const Json& object, std::string_view member) {
    const auto& value = member_of(object, member);
    if (value.is_string()) {
        return parse_duration(value.get<std::string>()).value_or(Duration::zero());
    }
    // Half of what 64 bits of nanoseconds hold, so that it may be added to a date.
    constexpr std::int64_t most = 4'500'000'000;
    const auto seconds = number_of(object, member);
    return seconds > most || seconds < -most ? Duration::zero() : std::chrono::seconds(seconds);
}

}  // namespace meshproof::preflight
