#include "fakes/vault/pki/sign/ttl.hpp"

#include "fakes/vault/logical/go_time.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

Checked<Time> parse_time(const std::string& text) {
    auto time = parse_go_time(text);
    if (!time) {
        return refuse(std::move(time.error()));
    }
    return *time;
}

// OpenBao's role.not_after_bound (row 94); "forbid" is looked at before.
Checked<> within_bound(const Role& role, Time not_after, Time by_ttl, Duration ttl) {
    if (role.not_after_bound == "permit") {
        return {};
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
    if (const auto limit = parse_go_time(role.not_after_bound); limit && not_after > *limit) {
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

Checked<Time> start(const Mount& mount, const Role& role, const PkiCall& call, NotBefore use) {
    auto backdate = role.not_before_duration;
    if (backdate == Duration{}) {
        backdate = std::chrono::seconds(30);
    }
    const auto not_before = call.now() - backdate;
    const auto asked = role.not_before.empty() ? call.fields.text("not_before") : role.not_before;
    if (!mount.openbao() || asked.empty() ||
        (use != NotBefore::read && use != NotBefore::honoured)) {
        return not_before;
    }
    const auto time = parse_time(asked);
    if (!time) {
        return time;
    }
    if (role.not_before.empty()) {
        if (auto bound = within_not_before_bound(role, *time, not_before); !bound) {
            return tl::unexpected(bound.error());
        }
    }
    return use == NotBefore::honoured ? *time : not_before;
}

// `ttl`, else the role's, else the mount's, but no longer than is permitted.
Duration permitted_ttl(const Role& role, const PkiCall& call, std::vector<std::string>& warnings) {
    auto ttl = call.fields.duration("ttl");
    if (ttl == Duration{}) {
        ttl = role.ttl;
    }
    if (ttl == Duration{}) {
        ttl = call.request.mount.default_lease_ttl;
    }
    // The role's limit replaces the mount's, also where it is the greater one (row 93).
    const auto limit = role.max_ttl > Duration{} ? role.max_ttl : call.request.mount.max_lease_ttl;
    if (ttl > limit) {
        warnings.push_back(fmt::format(
            "TTL \"{}\" is longer than permitted maxTTL \"{}\", so maxTTL is being used",
            go_duration(ttl), go_duration(limit)));
        ttl = limit;
    }
    return ttl;
}

// The end that the role or the request names, "" where only the TTL counts. Of the request's,
// OpenBao minds whether it is given at all: "" is no time either.
Checked<std::string> named_end(const Mount& mount, const Role& role, const PkiCall& call) {
    if (!role.not_after.empty()) {
        return role.not_after;
    }
    auto asked = call.fields.text("not_after");
    if (!mount.openbao() || !call.fields.has("not_after")) {
        return asked;
    }
    if (role.not_after_bound == "forbid") {
        return refuse("not_after_bound is set to forbid. not_after cannot be provided.");
    }
    if (const auto time = parse_time(asked); !time) {
        return tl::unexpected(time.error());
    }
    return asked;
}

Checked<Time> expiry(const Mount& mount, const Role& role, const PkiCall& call,
                     std::vector<std::string>& warnings) {
    const auto asked = named_end(mount, role, call);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    if (call.fields.duration("ttl") > Duration{} && !asked->empty()) {
        return refuse(
            "Either ttl or not_after should be provided. Both should not be provided in the same "
            "request.");
    }
    const auto ttl = permitted_ttl(role, call, warnings);
    const auto by_ttl = call.now() + ttl;
    // Vault reads the time only after it has looked at the TTL.
    const auto not_after = asked->empty() ? Checked<Time>(by_ttl) : parse_time(*asked);
    if (!not_after) {
        return not_after;
    }
    // A time bounds the end by `ttl` too.
    const bool bounded =
        asked->empty() ? parse_go_time(role.not_after_bound).has_value() : role.not_after.empty();
    if (mount.openbao() && bounded) {
        if (auto bound = within_bound(role, *not_after, by_ttl, ttl); !bound) {
            return tl::unexpected(bound.error());
        }
    }
    return not_after;
}

Checked<Time> within_issuer(Time not_after, const IssuerLimit& issuer) {
    if (not_after <= issuer.not_after || issuer.behavior == "permit") {
        return not_after;
    }
    if (issuer.behavior == "truncate") {
        return issuer.not_after;
    }
    return refuse(
        fmt::format("cannot satisfy request, as TTL would result in notAfter of {} that is beyond "
                    "the expiration of the CA certificate at {}",
                    rfc3339_nano(not_after), rfc3339_nano(issuer.not_after)));
}

}  // namespace

Checked<Validity> validity(const Mount& mount, const Role& role, const PkiCall& call,
                           const std::optional<IssuerLimit>& issuer, NotBefore use) {
    const auto not_before = start(mount, role, call, use);
    if (!not_before) {
        return tl::unexpected(not_before.error());
    }
    std::vector<std::string> warnings;
    auto not_after = expiry(mount, role, call, warnings);
    if (not_after && issuer) {
        not_after = within_issuer(*not_after, *issuer);
    }
    if (!not_after) {
        return tl::unexpected(not_after.error());
    }
    return Validity{*not_before, *not_after, std::move(warnings)};
}

Checked<> check_span(const Validity& times) {
    if (times.not_before <= times.not_after) {
        return {};
    }
    return refuse(fmt::format(
        "The certificate's Not Before ({}) is later than the certificate's Not After ({})",
        rfc3339_nano(times.not_before), rfc3339_nano(times.not_after)));
}

}  // namespace meshproof::fakes::vault::pki
