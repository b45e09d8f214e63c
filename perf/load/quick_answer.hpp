#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshproof::load {

/// What the verifier wants of a signed answer.
struct LeafTexts {
    std::string certificate;    ///< data.certificate: PEM
    std::string serial_number;  ///< data.serial_number
    friend bool operator==(const LeafTexts&, const LeafTexts&) = default;
};

/// The quick way of reading a signed answer: one pass over its text, no tree. It assumes what both
/// products write: JSON in ASCII without \u escapes, numbers that are whole, few levels, each of
/// the names `data`, `certificate` and `serial_number` once where it counts, and both values
/// strings. Nothing for any other text, good or bad: the general way (core/base/answer.hpp) reads
/// it, or says what is wrong with it.
[[nodiscard]] std::optional<LeafTexts> quick_leaf_texts(std::string_view answer);

}  // namespace meshproof::load
