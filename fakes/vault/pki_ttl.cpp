#include "fakes/vault/pki_ttl.hpp"

namespace meshproof::fakes::pki {

namespace {

Checked<Time> parse_time(const std::string& text) {
    if (const auto time = parse_rfc3339(text)) {
        return *time;
    }
    return refuse(fmt::format(
        "parsing time \"{0}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{0}\" as \"2006\"",
        text));
}

// As Go's Time.String prints UTC.
std::string go_time(Time time) {
    auto text = rfc3339_nano(time);
    text[10] = ' ';
    text.pop_back();
    return text + " +0000 UTC";
}

// OpenBao's role.not_after_bound (row 94).
Checked<> within_bound(const Role& role, Time not_after, Time by_ttl, Duration ttl) {
    if (role.not_after_bound == "permit") {
        return {};
    }
    if (role.not_after_bound == "forbid") {
        return refuse("not_after_bound is set to forbid. not_after cannot be provided.");
    }
    if (role.not_after_bound == "ttl-limited") {
        if (not_after <= by_ttl) {
            return {};
        }
        return refuse(
            fmt::format("not_after_bound is set to ttl-limited. Cannot satisfy request as that "
                        "would result in notAfter of {} that is beyond the TTL of {}",
                        rfc3339_nano(not_after), go_duration(ttl)));
    }
    if (const auto limit = parse_rfc3339(role.not_after_bound); limit && not_after > *limit) {
        return refuse(
            fmt::format("not_after_bound is set to {}. Cannot statisfy request as that would "
                        "result in notAfter of {} that is beyond the maximum timestamp of {}",
                        role.not_after_bound, rfc3339_nano(not_after), rfc3339_nano(*limit)));
    }
    return {};
}

// OpenBao's role.not_before_bound, for `sign` too although it does not apply the parameter.
Checked<> within_not_before_bound(const Role& role, Time not_before, Time earliest) {
    if (role.not_before_bound == "forbid") {
        return refuse("not_before_bound is set to forbid. not_before cannot be provided.");
    }
    if (role.not_before_bound == "duration" && not_before < earliest) {
        return refuse(
            fmt::format("not_before_bound is set to duration. Cannot satisfy request as it would "
                        "result in notBefore of {} that is older than the allowed "
                        "not_before_duration of {}",
                        rfc3339_nano(not_before), go_duration(role.not_before_duration)));
    }
    return {};
}

Checked<Time> start(const Mount& mount, const Role& role, const Call& call, bool honours) {
    const auto backdate = role.not_before_duration > Duration{}
                              ? role.not_before_duration
                              : Duration(std::chrono::seconds(30));
    auto not_before = call.now() - backdate;
    const auto asked = role.not_before.empty() ? call.fields.text("not_before") : role.not_before;
    if (mount.openbao() && !asked.empty()) {
        const auto time = parse_time(asked);
        if (!time) {
            return tl::unexpected(time.error());
        }
        if (role.not_before.empty()) {
            if (auto bound = within_not_before_bound(role, *time, not_before); !bound) {
                return tl::unexpected(bound.error());
            }
        }
        if (honours) {
            not_before = *time;
        }
    }
    if (mount.defect("pki/not-yet-valid")) {
        not_before = call.now() + std::chrono::hours(1);
    }
    return not_before;
}

}  // namespace

Checked<Validity> validity(const Mount& mount, const Role& role, const Call& call,
                           const std::optional<IssuerLimit>& issuer, bool honours_not_before) {
    Validity result;
    const auto not_before = start(mount, role, call, honours_not_before);
    if (!not_before) {
        return tl::unexpected(not_before.error());
    }
    result.not_before = *not_before;

    auto ttl = call.fields.duration("ttl");
    const auto asked_end = role.not_after.empty() ? call.fields.text("not_after") : role.not_after;
    if (ttl > Duration{} && !asked_end.empty()) {
        return refuse(
            "Either ttl or not_after should be provided. Both should not be provided in the same "
            "request.");
    }
    if (ttl == Duration{}) {
        ttl = role.ttl;
    }
    if (ttl == Duration{}) {
        ttl = call.request.mount.default_lease_ttl;
    }
    // The role's limit replaces the mount's, also where it is the greater one (row 93).
    const auto limit = role.max_ttl > Duration{} ? role.max_ttl : call.request.mount.max_lease_ttl;
    if (ttl > limit && !mount.defect("pki/ignore-role-max-ttl")) {
        result.warnings.push_back(fmt::format(
            "TTL \"{}\" is longer than permitted maxTTL \"{}\", so maxTTL is being used",
            go_duration(ttl), go_duration(limit)));
        ttl = limit;
    }
    result.not_after = call.now() + ttl;
    if (!asked_end.empty()) {
        const auto time = parse_time(asked_end);
        if (!time) {
            return tl::unexpected(time.error());
        }
        if (mount.openbao() && role.not_after.empty()) {
            if (auto bound = within_bound(role, *time, result.not_after, ttl); !bound) {
                return tl::unexpected(bound.error());
            }
        }
        result.not_after = *time;
    }
    if (issuer && result.not_after > issuer->not_after &&
        !mount.defect("pki/ignore-issuer-expiry")) {
        if (issuer->behavior == "truncate") {
            result.not_after = issuer->not_after;
        } else if (issuer->behavior != "permit") {
            return refuse(fmt::format(
                "cannot satisfy request, as TTL would result in notAfter of {} that is beyond the "
                "expiration of the CA certificate at {}",
                rfc3339_nano(result.not_after), rfc3339_nano(issuer->not_after)));
        }
    }
    if (mount.openbao() && honours_not_before && result.not_before > result.not_after) {
        return refuse(fmt::format(
            "The certificate's Not Before ({}) is later than the certificate's Not After ({})",
            go_time(result.not_before), go_time(result.not_after)));
    }
    return result;
}

}  // namespace meshproof::fakes::pki
