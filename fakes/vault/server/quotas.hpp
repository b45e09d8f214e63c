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
    std::string path;  ///< namespace and mount, and a path within it; "" = the root namespace
    std::string role;  ///< only logins of this role of the mount; "" = whatever is asked
    bool of_namespace = false;  ///< the path names no mount
    bool inheritable = false;   ///< of a namespace: those within it too
    double rate = 0;            ///< requests an interval, which is the burst too
    Duration interval = std::chrono::seconds(1);
    Duration block_interval{};
};

/// What is asked, as limits see it: the paths begin with the namespace.
struct QuotaRequest {
    std::string_view path, mount, namespace_path;
    std::string_view role;  ///< of a login, where the method has it
    std::string caller;
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

    /// Takes a token from the caller's bucket of the most specific limit.
    [[nodiscard]] QuotaVerdict take(const QuotaRequest& request, Time now);
    /// Forgets the buckets of a limit that was changed.
    void reset(const std::string& name);
    /// Another limit for the same; null where there is none.
    [[nodiscard]] const RateLimit* like(const RateLimit& limit) const;
    /// What stands below a path goes with the mount or namespace that is there.
    void remove_below(std::string_view path);
    void move(std::string_view from, std::string_view to);

  private:
    struct Bucket {
        Time start;
        std::int64_t tick = 0;
        std::int64_t available = 0;
        std::optional<Time> blocked_until;
    };
    [[nodiscard]] const RateLimit* covering(const QuotaRequest& request) const;

    std::map<std::pair<std::string, std::string>, Bucket> buckets_;  ///< by limit and caller
};

}  // namespace meshproof::fakes::vault
