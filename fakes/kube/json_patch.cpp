#include "fakes/kube/json_patch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "core/base/json_text.hpp"

namespace meshproof::fakes::kube {
namespace {

/// Arrays and objects within each other; 0 for a plain value.
std::size_t depth_of(const Json& value) {
    if (!value.is_structured()) {
        return 0;
    }
    std::size_t deepest = 0;
    for (const auto& inner : value) {
        deepest = std::max(deepest, depth_of(inner));
    }
    return deepest + 1;
}

/// Where an operation points to, and how many levels down that is.
struct PatchPlace {
    explicit PatchPlace(const std::string& text)
        : pointer(text), level(static_cast<std::size_t>(std::ranges::count(text, '/'))) {}

    Json::json_pointer pointer;
    std::size_t level;
};

/// An element's index, as RFC 6901 section 4 writes it.
std::optional<std::size_t> index_in(const std::string& text) {
    std::size_t index = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, index);
    const bool padded = text.size() > 1 && text.front() == '0';
    return error == std::errc() && stop == end && !padded ? std::optional(index) : std::nullopt;
}

class Patching {
  public:
    explicit Patching(Json& document) : document_(document), deepest_(depth_of(document)) {}

    bool apply(const Json& operation) {
        const auto kind = operation.at("op").get<std::string>();
        const PatchPlace place(operation.at("path").get<std::string>());
        if (kind == "remove") {
            return take(place).has_value();
        }
        if (kind == "move" || kind == "copy") {
            return carry(PatchPlace(operation.at("from").get<std::string>()), place,
                         kind == "copy");
        }
        const auto& value = operation.at("value");
        if (kind == "test") {
            return document_.at(place.pointer) == value;
        }
        if (!has_room(place.level, depth_of(value))) {
            return false;
        }
        if (kind == "replace") {
            document_.at(place.pointer) = value;
            return true;
        }
        return kind == "add" && put(place, value);
    }

  private:
    /// Whether a value so deep may go there; the document is that deep then.
    bool has_room(std::size_t level, std::size_t depth) {
        if (level + depth > deepest_json) {
            return false;
        }
        deepest_ = std::max(deepest_, level + depth);
        return true;
    }

    bool put(const PatchPlace& place, Json value) {
        if (place.pointer.empty()) {
            document_ = std::move(value);
            return true;
        }
        const auto last = place.pointer.back();
        auto& parent = document_.at(place.pointer.parent_pointer());
        if (parent.is_object()) {
            parent[last] = std::move(value);
            return true;
        }
        if (!parent.is_array()) {
            return false;
        }
        const auto index = last == "-" ? std::optional(parent.size()) : index_in(last);
        if (!index || *index > parent.size()) {
            return false;
        }
        parent.insert(parent.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
        return true;
    }

    /// The value there, which goes.
    std::optional<Json> take(const PatchPlace& place) {
        if (place.pointer.empty()) {
            return std::nullopt;
        }
        auto value = std::move(document_.at(place.pointer));
        const auto last = place.pointer.back();
        auto& parent = document_.at(place.pointer.parent_pointer());
        if (parent.is_array()) {
            parent.erase(index_in(last).value());  // at() has read it as an index
        } else {
            parent.erase(last);
        }
        return value;
    }

    bool carry(const PatchPlace& from, const PatchPlace& to, bool copies) {
        const auto& value = document_.at(from.pointer);
        // Measured only where the bound on the whole document does not do: ten thousand moves of a
        // large value would otherwise look through it as often.
        if (to.level + deepest_ - std::min(deepest_, from.level) > deepest_json) {
            deepest_ = depth_of(document_);
        }
        auto depth = deepest_ - std::min(deepest_, from.level);
        if (to.level + depth > deepest_json) {
            depth = depth_of(value);
        }
        if (!has_room(to.level, depth)) {
            return false;
        }
        if (copies) {
            copied_ += value.dump(-1, ' ', false, Json::error_handler_t::replace).size();
            return copied_ <= most_copied_bytes && put(to, value);
        }
        auto taken = take(from);
        return taken && put(to, std::move(*taken));
    }

    Json& document_;
    std::size_t deepest_;  ///< at most so deep is the document
    std::size_t copied_ = 0;
};

}  // namespace

bool apply_json_patch(Json& document, const Json& operations) {
    try {
        Patching patching(document);
        return std::ranges::all_of(
            operations, [&patching](const Json& operation) { return patching.apply(operation); });
    } catch (const Json::exception&) {  // nothing there, or no operation
        return false;
    }
}

}  // namespace meshproof::fakes::kube
