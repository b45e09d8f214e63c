#include "fakes/vault/pki/sign/ttl.hpp"

#include <algorithm>

namespace meshproof::fakes::vault::pki {

namespace {

// Why Go's time.Parse takes the text for no RFC 3339 time, in its words.
std::string time_fault(const std::string& text) {
    constexpr std::string_view layout = "2006-01-02T15:04:05Z07:00";
    const auto cannot = [&](std::string_view rest, std::string_view element) {
        return fmt::format("parsing time \"{}\" as \"{}\": cannot parse \"{}\" as \"{}\"", text,
                           layout, rest, element);
    };
    std::string_view rest = text;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    for (const std::string_view element :
         {"2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"}) {
        const bool number = digit(element.front());
        const bool fits =
            rest.size() >= element.size() &&
            (number ? std::all_of(rest.begin(),
                                  rest.begin() + static_cast<std::ptrdiff_t>(element.size()), digit)
                    : rest.starts_with(element));
        if (!fits) {
            return cannot(rest, element);
        }
        rest.remove_prefix(element.size());
    }
    if (rest.starts_with('.')) {
        rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
    }
    const bool offset = rest.size() >= 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':';
    if (!rest.starts_with('Z') && !offset) {
        return cannot(rest, "Z07:00");
    }
    rest.remove_prefix(offset ? 6 : 1);
    return rest.empty() ? fmt::format("parsing time \"{}\": day out of range", text)
                        : fmt::format("parsing time \"{}\": extra text: \"{}\"", text, rest);
}

Checked<Time> parse_time(const std::string& text) {
    const bool capitals = text.find_first_of("tz") == std::string::npos;
    if (const auto time = parse_rfc3339(text); time && capitals) {
        return *time;
    }
    return refuse(time_fault(text));
}

// OpenBao's role.not_after_bound (row 94).
Checked<> within_bound(const Mount& mount, const Role& role, Time not_after, Time by_ttl,
                       Duration ttl) {
    if (role.not_after_bound == "permit") {
        return {};
    }
    if (role.not_after_bound == "forbid" && !mount.defect("pki/not-after-is-never-forbidden")) {
        return refuse("not_after_bound is set to forbid. not_after cannot be provided.");
    }
    if (role.not_after_bound == "ttl-limited") {
        if (not_after <= by_ttl || mount.defect("pki/no-ttl-limit-of-not-after")) {
            return {};
        }
        return refuse(
            fmt::format("not_after_bound is set to ttl-limited. Cannot satisfy request as that "
                        "would result in notAfter of {} that is beyond the TTL of {}",
                        rfc3339_nano(not_after), go_duration(ttl)));
    }
    if (const auto limit = parse_rfc3339(role.not_after_bound);
        limit && not_after > *limit && !mount.defect("pki/no-time-limit-of-not-after")) {
        return refuse(
            fmt::format("not_after_bound is set to {}. Cannot statisfy request as that would "
                        "result in notAfter of {} that is beyond the maximum timestamp of {}",
                        role.not_after_bound, rfc3339_nano(not_after), rfc3339_nano(*limit)));
    }
    return {};
}

// OpenBao's role.not_before_bound, for `sign` too although it does not apply the parameter.
Checked<> within_not_before_bound(const Mount& mount, const Role& role, Time not_before,
                                  Time earliest) {
    if (role.not_before_bound == "forbid" && !mount.defect("pki/not-before-is-never-forbidden")) {
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

Checked<Time> start(const Mount& mount, const Role& role, const Call& call, NotBefore use) {
    auto backdate = role.not_before_duration;
    if ((backdate == Duration{} && !mount.defect("pki/zero-not-before-duration-counts")) ||
        mount.defect("pki/ignore-not-before-duration")) {
        backdate = std::chrono::seconds(30);
    }
    auto not_before = call.now() - backdate;
    const auto asked = role.not_before.empty() || mount.defect("pki/ignore-not-before-of-the-role")
                           ? call.fields.text("not_before")
                           : role.not_before;
    if (mount.openbao() && !asked.empty() &&
        (use == NotBefore::read || use == NotBefore::honoured)) {
        const auto time = parse_time(asked);
        if (!time && mount.defect("pki/ignore-unreadable-not-before")) {
            return not_before;
        }
        if (!time) {
            return tl::unexpected(time.error());
        }
        if (role.not_before.empty()) {
            if (auto bound = within_not_before_bound(mount, role, *time, not_before); !bound) {
                return tl::unexpected(bound.error());
            }
        }
        if ((use == NotBefore::honoured && !mount.defect("pki/issue-ignores-not-before")) ||
            mount.defect("pki/sign-honours-not-before")) {
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
                           const std::optional<IssuerLimit>& issuer, NotBefore use) {
    Validity result;
    const auto not_before = start(mount, role, call, use);
    if (!not_before) {
        return tl::unexpected(not_before.error());
    }
    result.not_before = *not_before;

    auto ttl = mount.defect("pki/ignore-requested-ttl") ? Duration{} : call.fields.duration("ttl");
    const auto asked_end = role.not_after.empty() ? call.fields.text("not_after") : role.not_after;
    if (auto end = asked_end.empty() ? Checked<Time>() : parse_time(asked_end);
        !end && mount.openbao() && !mount.defect("pki/ignore-unreadable-not-after")) {
        return tl::unexpected(end.error());
    }
    if (ttl > Duration{} && !asked_end.empty() && !mount.defect("pki/ttl-goes-before-not-after")) {
        return refuse(
            "Either ttl or not_after should be provided. Both should not be provided in the same "
            "request.");
    }
    if (ttl == Duration{} && !mount.defect("pki/ignore-role-ttl")) {
        ttl = role.ttl;
    }
    if (ttl == Duration{}) {
        ttl = call.request.mount.default_lease_ttl;
    }
    // The role's limit replaces the mount's, also where it is the greater one (row 93).
    auto limit = role.max_ttl > Duration{} ? role.max_ttl : call.request.mount.max_lease_ttl;
    if (mount.defect("pki/mount-max-caps-the-role")) {
        limit = std::min(limit, call.request.mount.max_lease_ttl);
    }
    const bool unlimited = mount.defect(role.max_ttl > Duration{} ? "pki/ignore-role-max-ttl"
                                                                  : "pki/no-mount-max-ttl");
    if (ttl > limit && !unlimited) {
        if (!mount.defect("pki/cap-without-a-warning")) {
            result.warnings.push_back(fmt::format(
                "TTL \"{}\" is longer than permitted maxTTL \"{}\", so maxTTL is being used",
                go_duration(ttl), go_duration(limit)));
        }
        ttl = limit;
    }
    result.not_after = call.now() + ttl;
    if (mount.defect("pki/not-after-is-rounded-up")) {
        result.not_after += std::chrono::seconds(1);
    }
    if (!asked_end.empty()) {
        auto time = parse_time(asked_end);
        if (!time && mount.defect("pki/ignore-unreadable-not-after")) {
            time = result.not_after;
        }
        if (!time) {
            return tl::unexpected(time.error());
        }
        if (mount.defect("pki/no-past-not-after") && *time < call.now()) {
            return refuse("not_after is in the past");
        }
        if (mount.defect("pki/not-after-is-capped")) {
            time = std::min(*time, call.now() + limit);
        }
        if (mount.openbao() && role.not_after.empty()) {
            if (auto bound = within_bound(mount, role, *time, result.not_after, ttl); !bound) {
                return tl::unexpected(bound.error());
            }
        }
        result.not_after = *time;
    }
    // A time bounds the end by `ttl` too.
    if (mount.openbao() && asked_end.empty() && parse_rfc3339(role.not_after_bound) &&
        !mount.defect("pki/time-bounds-no-ttl")) {
        if (auto bound = within_bound(mount, role, result.not_after, result.not_after, ttl);
            !bound) {
            return tl::unexpected(bound.error());
        }
    }
    if (issuer && result.not_after > issuer->not_after &&
        !mount.defect("pki/ignore-issuer-expiry")) {
        if (mount.defect("pki/expired-issuer-signs") && issuer->not_after < call.now()) {
            return result;
        }
        if ((issuer->behavior == "truncate" && !mount.defect("pki/truncate-refuses")) ||
            (issuer->behavior == "permit" && mount.defect("pki/permit-truncates"))) {
            result.not_after = issuer->not_after;
        } else if (issuer->behavior != "permit") {
            return refuse(fmt::format(
                "cannot satisfy request, as TTL would result in notAfter of {} that is beyond the "
                "expiration of the CA certificate at {}",
                rfc3339_nano(result.not_after), rfc3339_nano(issuer->not_after)));
        }
    }
    if (mount.openbao() && (use == NotBefore::unread || use == NotBefore::honoured) &&
        result.not_before > result.not_after && !mount.defect("pki/begins-after-its-end")) {
        return refuse(fmt::format(
            "The certificate's Not Before ({}) is later than the certificate's Not After ({})",
            rfc3339_nano(result.not_before), rfc3339_nano(result.not_after)));
    }
    return result;
}

}  // namespace meshproof::fakes::vault::pki
