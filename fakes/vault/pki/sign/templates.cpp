#include "fakes/vault/pki/sign/templates.hpp"

#include <algorithm>

#include "fakes/vault/logical/templates.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// A value that brings a wildcard with it would allow more than the role's author wrote; OpenBao
// takes it only where the role says so, Vault always.
bool brings_wildcards(const std::string& pattern, const std::string& filled) {
    return std::ranges::count(filled, '*') > std::ranges::count(pattern, '*');
}

void fill_patterns(std::vector<std::string>& patterns, const TemplateValues& identity,
                   bool wildcards) {
    for (auto& pattern : patterns) {
        if (!is_template(pattern)) {
            continue;
        }
        auto filled = filled_in(pattern, identity);
        const bool usable = filled && (wildcards || !brings_wildcards(pattern, *filled));
        pattern = usable ? std::move(*filled) : std::string();  // "" allows nothing
    }
}

}  // namespace

Role filled_in_for(const Mount& mount, Role role, const PkiCall& call) {
    const auto& identity = call.request.identity;
    if (!identity) {
        return role;
    }
    const bool wildcards = !mount.openbao() || role.allow_globs_in_identity_templates;
    if (role.allowed_domains_template) {
        fill_patterns(role.allowed_domains, identity, wildcards);
    }
    if (role.allowed_uri_sans_template) {
        fill_patterns(role.allowed_uri_sans, identity, wildcards);
    }
    return role;
}

}  // namespace meshproof::fakes::vault::pki
