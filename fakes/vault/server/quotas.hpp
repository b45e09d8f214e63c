#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/http/message.hpp"
#include "core/time/time.hpp"

/// Rate limit quotas: wire contract rows 44 and 45.
namespace meshproof::fakes::vault {

struct RateLimit {
    std::string name;
    std::string path;  ///< "" = everywhere; else namespace and mount, and a path within it
    double rate = 0;   ///< requests an interval, which is the burst too
    Duration interval = std::chrono::seconds(1);
    Duration block_interval{};
};

/// How a request fared with the quota that covers it.
struct QuotaVerdict {
    bool allowed = true;
    http::Headers headers;  ///< where the response headers are switched on
};

class Quotas {
  public:
    std::map<std::string, RateLimit, std::less<>> limits;
    bool response_headers = false;
    bool audit_logging = false;
    std::set<std::string> exempt_paths{"sys/generate-recovery-token/attempt",
                                       "sys/generate-recovery-token/update",
                                       "sys/generate-root/attempt",
                                       "sys/generate-root/update",
                                       "sys/health",
                                       "sys/seal-status",
                                       "sys/unseal"};

    /// Takes a token from the caller's bucket of the most specific limit. `path` as the request
    /// names it.
    [[nodiscard]] QuotaVerdict take(std::string_view path, std::string_view mount,
                                    const std::string& caller, Time now);
    /// Forgets the buckets of a limit that was changed.
    void reset(const std::string& name);

  private:
    struct Bucket {
        Time start;
        std::int64_t tick = 0;
        std::int64_t available = 0;
        std::optional<Time> blocked_until;
    };
    [[nodiscard]] const RateLimit* covering(std::string_view path, std::string_view mount) const;

    std::map<std::pair<std::string, std::string>, Bucket> buckets_;  ///< by limit and caller
};

}  // namespace meshproof::fakes::vault
