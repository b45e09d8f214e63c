#include "conformance/twin/state.hpp"

#include <set>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

constexpr std::string_view engines_at = "sys/mounts/", methods_at = "sys/auth/";

/// What the description calls the path, as far as what is known of differences asks for it.
std::string described_path(const std::string& path) {
    for (const auto parent : {engines_at, methods_at}) {
        if (path.starts_with(parent)) {
            return std::string(parent) + "{path}" + (path.ends_with("/tune") ? "/tune" : "");
        }
    }
    if (path.starts_with("sys/policies/acl/")) {
        return "sys/policies/acl/{name}";
    }
    const auto parts = split(path, '/');
    const bool method = parts.front() == "auth";
    const std::string ground = method ? "auth/{kubernetes}" : "{pki}";
    const auto last = parts.size() - 1;
    for (const std::string_view kind : {"roles", "role", "issuer"}) {
        if (last > 0 && parts[last - 1] == kind) {
            return fmt::format("{}/{}/{}", ground, kind,
                               kind == "issuer" ? "{issuer_ref}" : "{name}");
        }
    }
    if (last > 0 && parts[last - 1] == "config") {
        return fmt::format("{}/config/{}", ground, parts[last]);
    }
    return fmt::format("{}/{}", ground, parts[last]);
}

Story reading(const std::string& path, const std::vector<std::string>& unlike) {
    Story story;
    story.topic = "state";
    story.what = "both hold the same at " + path;
    story.name = "get-";
    for (const char c : path) {
        story.name += letter_or_digit(c) ? c : '-';
    }
    story.steps.push_back({.number = 1,
                           .key = "GET " + described_path(path),
                           .method = "GET",
                           .path = path,
                           .unlike = unlike});
    return story;
}

/// Where it can be read.
std::vector<std::string> reads_of(const Held& held) {
    if (held.issuer) {
        return {held.path + "/issuer/default", held.path + "/ca_chain"};
    }
    // Of a mount, what a configuration decides is its tuning.
    for (const auto parent : {engines_at, methods_at}) {
        if (held.path.starts_with(parent)) {
            const bool tuned = held.path.ends_with("/tune");
            return {tuned ? held.path : held.path + "/tune"};
        }
    }
    for (const std::string_view part : {"/roles/", "/role/", "/config", "sys/policies/acl/"}) {
        if (held.path.find(part) != std::string::npos) {
            return {held.path};
        }
    }
    return {};
}

}  // namespace

std::vector<Story> stories_of_state(const std::vector<Held>& held) {
    std::set<std::string> seen;
    std::vector<Story> out;
    for (const auto& one : held) {
        for (const auto& path : reads_of(one)) {
            if (seen.insert(path).second) {
                out.push_back(reading(path, one.unlike));
            }
        }
    }
    return out;
}

}  // namespace meshproof::twin
