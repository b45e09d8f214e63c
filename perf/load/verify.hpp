#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "perf/load/pool.hpp"
#include "perf/load/quick_answer.hpp"

namespace meshproof::load {

/// What a leaf has to be.
struct Expected {
    std::vector<crypto::Certificate> trust;  ///< the issuer and its root
    Duration ttl{};
    /// How long before its signing a leaf's life begins: both products' own not_before_duration.
    Duration backdated = std::chrono::seconds(30);
    bool chain_in_answer = false;  ///< `trust` may be the root alone: issuers come in the answer
};

/// A signed answer, as it came.
struct SignedAnswer {
    std::size_t transaction = 0;
    std::string body;
    Time at;             ///< when it came
    Duration signing{};  ///< from asking for it until then
};

/// The quick way where that knows the answer's text, else the general one. Fails with `malformed`.
[[nodiscard]] Result<LeafTexts> leaf_texts(std::string_view answer);

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
    /// Came while the queue was full: nothing is known of these.
    std::uint64_t not_verified = 0;
    std::map<Wrong, std::uint64_t> wrong;  ///< how many of each
    std::vector<WrongLeaf> first;          ///< a few, for the report
    Duration processor{};                  ///< CPU time that it took

    [[nodiscard]] std::uint64_t wrong_leaves() const;
};

/// How many answers wait to be verified, at most: the memory that a load takes is bounded, however
/// long it lasts.
struct QueueBounds {
    std::size_t answers = 50'000;
    std::size_t bytes = 64U << 20;  ///< of their bodies; one of a P-256 leaf has 2 to 5 KB
};

/// Checks every answer (or a share of them) once it is there, without keeping anybody waiting: on a
/// thread of its own that gives way to all others and takes them by the dozen, or, in virtual time,
/// when all is over. What that thread does not get to waits until after the load. Where as much
/// waits as the bounds allow, an answer is counted as not verified, since to keep on collecting
/// would take all memory and to wait would disturb the schedule; in virtual time, where checking
/// takes none, the oldest is checked then.
class Verifier {
  public:
    enum class When { beside, after };

    /// `pool` outlives it.
    Verifier(Expected expected, const Pool& pool, When when, QueueBounds bounds = {});
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
