#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshproof::scenarios {

/// A statement of the integration page, in the page's order. A scenario that proves some of it says
/// so in its `source`, by the number: "integration page §12-14 §31 (what a person looks for)".
struct Sentence {
    int number = 0;
    std::string_view place;  ///< "introduction", "step 1 b"
    std::string_view says;
    std::string_view
        also{};  ///< tests beside scenarios: "Suite.Name" or a file, separated by blanks
    std::string_view hole{};  ///< what of it nothing proves, and why; "" = nothing is left
};
[[nodiscard]] const std::vector<Sentence>& page_sentences();

/// The numbers behind "§" in a scenario's source.
[[nodiscard]] std::vector<int> sentences_of(std::string_view source);

/// docs/page.md: sentence by sentence, what proves it, and what nothing does.
[[nodiscard]] std::string page_coverage();

}  // namespace meshproof::scenarios
