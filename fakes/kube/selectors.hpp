#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace meshproof::fakes::kube {

/// A label or field selector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a>1`, `a<1`,
/// `a`,
/// `!a`, joined by commas. What is none of these is a fault in the API server's words.
class Selector {
  public:
    struct Term {
        std::string key;
        std::set<std::string> values{};  ///< empty: the key has to be there
        bool negated = false;
        char compared = 0;  ///< '<' or '>': the one value is a number
    };

    [[nodiscard]] static Result<Selector> labels(std::string_view text);
    /// metadata.name, metadata.namespace, spec.nodeName, status.phase, type and the like: any
    /// dotted path with = or !=.
    [[nodiscard]] static Result<Selector> fields(std::string_view text);
    [[nodiscard]] bool empty() const { return terms_.empty(); }
    [[nodiscard]] std::size_t size() const { return terms_.size(); }
    [[nodiscard]] std::vector<std::string> keys() const;
    /// The one value that a field must have, "" where the selector does not say.
    [[nodiscard]] std::string required(std::string_view key) const;
    [[nodiscard]] bool matches(const nlohmann::json& object) const;

  private:
    std::vector<Term> terms_;
    bool of_fields_ = false;
};

}  // namespace meshproof::fakes::kube
