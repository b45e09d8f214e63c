#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "fakes/vault/logical/backend.hpp"

/// Policies: their text forms (HCL and JSON), and which rule decides about a path (wire contract
/// section D).
namespace meshproof::fakes::vault {

/// Permissions of one path string. Parameters are lower case; an empty list of values allows or
/// denies every value.
struct Rule {
    std::set<std::string> capabilities;  ///< only {"deny"} where denied
    std::map<std::string, std::vector<Json>> allowed_parameters;
    std::map<std::string, std::vector<Json>> denied_parameters;
    std::vector<std::string> required_parameters;
    /// How long the answer has to be wrapped at least and at most; zero = no bound. With either,
    /// nothing is allowed unwrapped.
    Duration min_wrapping_ttl{}, max_wrapping_ttl{};

    [[nodiscard]] bool has(std::string_view capability) const {
        return capabilities.contains(std::string(capability));
    }
    /// Adds another rule for the same path string: capabilities are united, a deny on either side
    /// wins (row 53).
    void unite(const Rule& other);
};

struct PathRule {
    std::string path;  ///< as written, without a leading slash
    Rule rule;
};

struct Policy {
    std::string text;
    std::vector<PathRule> paths;
    std::int64_t version = 1;
    Time modified;
    /// Of values that are filled in (OpenBao): they may hold '/', and '*' and '+'.
    bool allow_slashes = false, allow_wildcards = false;
    bool cas_required = false;       ///< a write has to name the version that it replaces (OpenBao)
    std::optional<Time> expiration;  ///< it is gone then (OpenBao); nothing = never
};

/// Parses HCL, JSON or base64 of either. A failure's message is what follows "failed to parse
/// policy: ".
[[nodiscard]] Result<Policy> parse_policy(std::string_view text, Product product);

/// A policy that was parsed before its turn, so that this held up nobody.
struct EarlyPolicy {
    std::string text;
    Result<Policy> policy;
};

/// The value of an HCL or JSON document (blocks become nested objects). Used by parse_policy.
[[nodiscard]] Result<Json> parse_hcl(std::string_view text, Product product);

/// The united rules of a token's policies, asked per request.
class Acl {
  public:
    explicit Acl(Product product = Product::openbao) : product_(product) {}
    /// Everything is allowed.
    [[nodiscard]] static Acl root();
    void add(const Policy& policy);
    /// Its token may do nothing at all, not even what needs no rule (row 210).
    void spoil(std::string reason) { fault_ = std::move(reason); }
    [[nodiscard]] const std::string& fault() const { return fault_; }  ///< "" = it is whole

    [[nodiscard]] bool is_root() const { return root_; }
    /// Whether the operation is allowed on the path; `data` is checked against the parameters
    /// rules, and how long the answer is wrapped against theirs.
    [[nodiscard]] bool allows(Operation operation, bool creating, std::string_view path,
                              const Json& data,
                              std::optional<Duration> wrap_ttl = std::nullopt) const;
    [[nodiscard]] bool sudo(Operation operation, std::string_view path) const;
    /// How many rules each path is held against.
    [[nodiscard]] std::size_t patterns() const { return segments_.size(); }
    /// Sorted; {"root"} and {"deny"} where there is nothing finer to say.
    [[nodiscard]] std::vector<std::string> capabilities(std::string_view path) const;
    /// Whether anything at all is allowed under a mount (the preflight of sys/internal/ui/mounts).
    [[nodiscard]] bool touches(std::string_view mount) const;
    // The united rules by path, for sys/internal/ui/resultant-acl.
    using Rules = std::map<std::string, Rule, std::less<>>;
    [[nodiscard]] const Rules& exact_rules() const { return exact_; }
    [[nodiscard]] const Rules& prefix_rules() const { return prefix_; }

  private:
    [[nodiscard]] const Rule* find(Operation operation, std::string_view path) const;
    [[nodiscard]] const Rule* find_pattern(std::string_view path) const;

    Product product_;
    bool root_ = false;
    std::string fault_;
    std::map<std::string, Rule, std::less<>> exact_;
    std::map<std::string, Rule, std::less<>> prefix_;  ///< keys without the final *
    std::map<std::string, Rule, std::less<>>
        segments_;  ///< keys with +, and with the final * where there is one
};

/// The text of the built-in `default` policy.
[[nodiscard]] std::string_view default_policy_text(Product product);

}  // namespace meshproof::fakes::vault
