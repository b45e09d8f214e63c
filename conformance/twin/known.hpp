#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/twin/compare.hpp"
#include "core/vault/product.hpp"

namespace meshproof::twin {

/// Operations that the fake does not play, on purpose.
struct NotPlayed {
    std::vector<std::string> operations;   ///< keys, with `*`
    std::vector<vault::Product> products;  ///< empty = both
    std::string reason;
};

/// Words of a parameter that the fake does not know, on purpose: they are not sent.
struct NotSent {
    std::vector<std::string> operations;  ///< keys, with `*`
    std::string parameter;
    std::vector<std::string> words;
    std::vector<vault::Product> products;  ///< empty = both
    std::string reason;
};

/// A difference that is known, and stays.
struct Deviation {
    std::string operation;                 ///< a key, with `*`
    std::string aspect, member;            ///< with `*`; "" = any
    std::string real{}, fake{};            ///< what each says, with `*`; "" = any
    std::vector<vault::Product> products;  ///< empty = both
    std::string reason;
};

/// What is known of the fakes beforehand: every entry with its reason.
struct Known {
    std::vector<NotPlayed> not_played;
    std::vector<NotSent> not_sent;
    std::vector<Deviation> deviations;

    /// The file's form is in docs/twin.md. Failures are one line: file, line, what was expected.
    [[nodiscard]] static Result<Known> parse(std::string_view yaml, std::string path);

    /// Why it is not played; "" where it is.
    [[nodiscard]] std::string why_not_played(const std::string& key, vault::Product product) const;
    /// Takes words that are not sent out of the description.
    void take_out(Description& description, vault::Product product) const;
    /// Why the difference is known; "" where it is not.
    [[nodiscard]] std::string why_known(const Difference& difference, vault::Product product) const;
    /// docs/played.md
    [[nodiscard]] std::string markdown() const;
};

/// The program's own file, conformance/twin/known.yaml.
extern const std::string_view known_yaml;

}  // namespace meshproof::twin
