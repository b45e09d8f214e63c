#include "fakes/vault/server/quotas.hpp"

#include <algorithm>
#include <cmath>

namespace meshproof::fakes::vault {

namespace {

bool limit_covers(const RateLimit& limit, const QuotaRequest& request) {
    const std::string_view wanted = limit.path;
    if (limit.of_namespace) {
        return request.namespace_path == wanted ||
               (limit.inheritable && request.namespace_path.starts_with(wanted));
    }
    if (!limit.role.empty()) {
        return wanted == request.mount && limit.role == request.role;
    }
    const bool glob =
        wanted.ends_with('*') && request.path.starts_with(wanted.substr(0, wanted.size() - 1));
    return wanted == request.mount || wanted == request.path || glob;
}

}  // namespace

const RateLimit* Quotas::covering(const QuotaRequest& request) const {
    // A role's goes before all others, of which the longest decides.
    const auto rank = [](const RateLimit& limit) {
        return std::pair(!limit.role.empty(), limit.path.size());
    };
    const RateLimit* best = nullptr;
    for (const auto& [name, limit] : limits) {
        if (limit_covers(limit, request) && (best == nullptr || rank(limit) > rank(*best))) {
            best = &limit;
        }
    }
    return best;
}

const RateLimit* Quotas::like(const RateLimit& limit) const {
    for (const auto& [name, other] : limits) {
        if (name != limit.name && other.path == limit.path && other.role == limit.role) {
            return &other;
        }
    }
    return nullptr;
}

void Quotas::remove_below(std::string_view path) {
    std::erase_if(limits,
                  [path](const auto& entry) { return entry.second.path.starts_with(path); });
}

void Quotas::move(std::string_view from, std::string_view to) {
    for (auto& [name, limit] : limits) {
        if (limit.path.starts_with(from)) {
            limit.path.replace(0, from.size(), to);
        }
    }
}

QuotaVerdict Quotas::take(const QuotaRequest& request, Time now) {
    const auto* limit =
        exempt_paths.contains(std::string(request.path)) ? nullptr : covering(request);
    if (limit == nullptr) {
        return {};
    }
    const auto burst = std::max<std::int64_t>(1, std::llround(limit->rate));
    const auto fresh = Bucket{now, 0, burst, std::nullopt};
    auto& bucket = buckets_.try_emplace({limit->name, request.caller}, fresh).first->second;
    const auto seconds = [](Duration duration) { return std::to_string(whole_seconds(duration)); };
    QuotaVerdict verdict;
    if (bucket.blocked_until && now < *bucket.blocked_until) {
        verdict.allowed = false;
        if (response_headers) {
            verdict.headers.set("Retry-After", seconds(*bucket.blocked_until - now));
        }
        return verdict;
    }
    bucket.blocked_until.reset();
    const auto tick = (now - bucket.start) / limit->interval;
    if (tick > bucket.tick) {
        bucket.tick = tick;
        bucket.available = burst;
    }
    const auto next = bucket.start + limit->interval * (bucket.tick + 1);
    verdict.allowed = bucket.available > 0;
    if (verdict.allowed) {
        --bucket.available;
    } else if (limit->block_interval > Duration{}) {
        bucket.blocked_until = now + limit->block_interval;
    }
    if (response_headers) {
        verdict.headers.set("X-Ratelimit-Limit", std::to_string(burst));
        verdict.headers.set("X-Ratelimit-Remaining", std::to_string(bucket.available));
        verdict.headers.set("X-Ratelimit-Reset", seconds(next - now));
        if (!verdict.allowed) {
            verdict.headers.set(
                "Retry-After",
                seconds(bucket.blocked_until ? *bucket.blocked_until - now : next - now));
        }
    }
    return verdict;
}

void Quotas::reset(const std::string& name) {
    std::erase_if(buckets_, [&](const auto& entry) { return entry.first.first == name; });
}

}  // namespace meshproof::fakes::vault
