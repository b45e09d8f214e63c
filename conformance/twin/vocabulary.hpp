#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/twin/values.hpp"

namespace meshproof::twin {

/// Where an earlier answer holds what a parameter may name: an issuer's id, a token.
struct Yield {
    std::string_view parameter;  ///< its name, in path or body; `*` as in matches()
    std::string_view key;        ///< of the operation that was asked
    std::string_view pointer;    ///< of the value in its answer
    /// Whether it is there mostly although nobody is trying the parameter.
    bool company = true;
};

/// Everything that the types of a description do not tell: what parameters mean, and how the
/// objects that stories make refer to each other. Made once a run, since it holds keys and
/// requests; both servers get the same.
struct Vocabulary {
    std::vector<Word> words;  ///< the first that matches holds
    std::vector<Yield> yields;

    [[nodiscard]] const Word* find(std::string_view key, std::string_view parameter) const;
};

/// Where logins are reviewed, for the Kubernetes auth method. Without it logins are refused on both
/// sides.
struct Reviewer {
    std::string url, ca_pem;
    std::string reviewer_jwt, jwt;  ///< sent to both servers; never printed
    std::string namespace_name = "istio-system", account = "vault-issuer";
};
[[nodiscard]] Vocabulary vocabulary(const Reviewer& reviewer);

}  // namespace meshproof::twin
