#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {

/// The words of a text, in lower case, of three letters or more: of "keyUsage is {}" key and usage.
[[nodiscard]] std::vector<std::string> telling_words(std::string_view text);

/// How likely changes make one expectation fail: only the order in which they are tried hangs on
/// it.
class Likelihood {
  public:
    /// `source`: the code around the expectation, "" where it is not at hand.
    Likelihood(const Expectation& expectation, std::string_view source);

    /// `name_words`: of the change's name. Nothing for an answer that came after the expectation.
    [[nodiscard]] std::optional<int> of(const Change& change, const Seen& seen,
                                        const std::vector<std::string>& name_words) const;

  private:
    const Expectation& expectation_;
    std::vector<std::string> told_, values_, source_;
};

}  // namespace meshproof::conformance::mutation
