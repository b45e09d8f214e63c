#include "fakes/vault/server/quotas.hpp"

#include <algorithm>
#include <cmath>

namespace meshproof::fakes::vault {

const RateLimit* Quotas::covering(std::string_view path, std::string_view mount) const {
    const RateLimit* best = nullptr;
    for (const auto& [name, limit] : limits) {
        const std::string_view wanted = limit.path;
        const bool whole_mount = !wanted.empty() && wanted == mount;
        const bool exact = wanted == path;
        const bool glob =
            wanted.ends_with('*') && path.starts_with(wanted.substr(0, wanted.size() - 1));
        if ((wanted.empty() || whole_mount || exact || glob) &&
            (best == nullptr || wanted.size() > best->path.size())) {
            best = &limit;
        }
    }
    return best;
}

QuotaVerdict Quotas::take(std::string_view path, std::string_view mount, const std::string& caller,
                          Time now) {
    const auto* limit = exempt_paths.contains(std::string(path)) ? nullptr : covering(path, mount);
    if (limit == nullptr) {
        return {};
    }
    const auto burst = std::max<std::int64_t>(1, std::llround(limit->rate));
    const auto fresh = Bucket{now, 0, burst, std::nullopt};
    auto& bucket = buckets_.try_emplace({limit->name, caller}, fresh).first->second;
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
