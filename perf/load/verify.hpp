#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "perf/load/pool.hpp"

namespace meshproof::load {

/// What a leaf has to be.
struct Expected {
    std::vector<crypto::Certificate> trust;  ///< the issuer and its root
    Duration ttl{};
};

/// A signed answer, as it came.
struct SignedAnswer {
    std::size_t transaction = 0;
    std::string body;
    Time at;             ///< when it came
    Duration signing{};  ///< from asking for it until then
};

/// How a leaf is not what was asked for.
enum class Wrong { unreadable, other_key, other_name, other_issuer, other_life, repeated_serial };
[[nodiscard]] std::string_view to_string(Wrong wrong);

struct WrongLeaf {
    Wrong wrong = Wrong::unreadable;
    std::size_t transaction = 0;
    std::string detail;  ///< one line
};

/// What came of verifying.
struct Verification {
    std::uint64_t answers = 0, verified = 0;
    std::map<Wrong, std::uint64_t> wrong;  ///< how many of each
    std::vector<WrongLeaf> first;          ///< a few, for the report

    [[nodiscard]] std::uint64_t wrong_leaves() const;
};

/// Checks every answer (or a share of them) once it is there, without keeping anybody waiting: on a
/// thread of its own that gives way to all others, or, in virtual time, when all is over.
class Verifier {
  public:
    enum class When { beside, after };

    /// `pool` outlives it.
    Verifier(Expected expected, const Pool& pool, When when);
    /// Stops without looking at the rest, where finish() was not called.
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    void take(SignedAnswer answer);
    /// One that is not to be verified.
    void skip();
    /// Checks what is left, and tells it all.
    [[nodiscard]] Verification finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Everything that one answer shows by itself: that its leaf chains, is for the pod's key and name
/// only, and lives as long as asked. `serial` takes the leaf's.
[[nodiscard]] std::optional<WrongLeaf> wrong_leaf(const Expected& expected, const Pod& pod,
                                                  const SignedAnswer& answer, std::string& serial);

}  // namespace meshproof::load
