#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "fakes/kube/api_state.hpp"

/// JSON bodies, with what strict decoding tells of them.
namespace meshproof::fakes::kube {

/// A body, and what strict decoding may object to, in the order of the text.
struct Document {
    Json value;
    /// Of every key: "spec.containers[0].name"; only of the first ones where all of them would be
    /// more than some megabytes.
    std::vector<std::string> paths;
    std::vector<std::string> repeated;  ///< whole objections
};

/// Why a text is no JSON.
struct JsonFault {
    std::size_t byte = 0;    ///< the last one that was read, from 1 on
    bool too_large = false;  ///< it has a number that no float64 holds
};

/// The text must not be nested too deep (core/base/json_text.hpp). Takes time and memory in
/// proportion to the text alone.
[[nodiscard]] tl::expected<Document, JsonFault> read_document(std::string_view text);

}  // namespace meshproof::fakes::kube
