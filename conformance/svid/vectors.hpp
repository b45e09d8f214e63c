#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/spiffe/svid.hpp"

/// X509-SVID test vectors as files (docs/svid-vectors.md).
namespace meshproof::conformance::svid {

/// What a vector's file says. Certificates stay PEM: some are broken on purpose.
struct Vector {
    struct Bundle {
        std::string pem;   ///< authorities one after the other; may be empty
        std::string jwks;  ///< JSON text, instead of `pem`
    };
    std::string id;  ///< path of its file without ".json"
    std::string description;
    std::vector<std::string> rules;   ///< that it is about
    std::vector<std::string> broken;  ///< all rules of level must that something in it breaks
    bool accepted = false;            ///< the outcome expected of a strict validator
    spiffe::RuleLevel level =
        spiffe::RuleLevel::must;  ///< how binding the outcome is for a validator
    std::string notes;
    Time validation_time;
    std::optional<std::string> trust_domain;  ///< whose bundle a caller should use
    std::optional<std::string> spiffe_id;     ///< expected, where accepted
    std::map<std::string, Bundle> bundles;
    std::string leaf;
    std::vector<std::string> chain;
    std::string leaf_key;  ///< PKCS#8 PEM; published, so good for tests only
};

/// Every vector below `folder`, by id. Invalid, naming the file, where one cannot be read.
[[nodiscard]] Result<std::vector<Vector>> read_vectors(const std::string& folder);
[[nodiscard]] Result<void> write_vector(const Vector& vector, const std::string& folder);

/// What a vector asks of a validator. A bundle that cannot be read counts as empty; any certificate
/// that cannot be is invalid.
struct Asked {
    spiffe::SvidQuestion question;
    spiffe::SvidFindings bundles;  ///< B1-B4 on the JWKS among its bundles
};
[[nodiscard]] Result<Asked> question_of(const Vector& vector);

/// Our own validator's answer to a vector.
struct Judgement {
    spiffe::SvidVerdict verdict;
    spiffe::SvidFindings
        bundles;  ///< B1-B4 on the JWKS among its bundles: no reason to refuse a leaf
    /// What its `broken` should list.
    [[nodiscard]] std::vector<std::string> broken() const;
};

/// Fails as question_of does.
[[nodiscard]] Result<Judgement> judge(const Vector& vector);

}  // namespace meshproof::conformance::svid
