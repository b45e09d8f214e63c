#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

/// Which fields the API's types have: what decoding, field validation, strategic merge and the
/// OpenAPI document follow.
namespace meshproof::fakes::kube {

using Json = nlohmann::json;

struct ObjectType;

/// What one field, list item or map value may be.
struct FieldType {
    enum class Kind {
        text,
        time,
        bytes,  ///< base64
        quantity,
        int_or_string,
        int32,
        int64,
        number,
        boolean,
        any,
        list,
        map,
        object
    };
    Kind kind = Kind::any;
    std::shared_ptr<FieldType> of;       ///< of a list or a map
    const ObjectType* object = nullptr;  ///< of an object
    bool micro = false;                  ///< of a time: with six digits behind the second
    bool milli = false;                  ///< of a quantity: in thousandths, as of a resource
    bool atomic = false;                 ///< a map that apply takes as one value
    bool set = false;                    ///< a list without duplicates, item by item
    bool merges = false;                 ///< a strategic merge adds to the list
    std::vector<std::string> keys;       ///< what tells the items of a list apart
    std::string merge_key;               ///< the same for a strategic merge patch
    std::string named;                   ///< a text's own type in Go: "v1.PullPolicy"; "" = none

    [[nodiscard]] std::string go_name() const;  ///< as Go's decoder names it: "[]v1.Container"
};

struct ObjectType {
    std::string name;     ///< "PodSpec"
    bool atomic = false;  ///< apply takes it as one value
    bool open = false;    ///< of a custom resource: to have it at all is a field of its own
    std::vector<std::pair<std::string, FieldType>> fields;

    [[nodiscard]] const FieldType* find(std::string_view field) const;
};

/// The type of that name; asserts that there is one.
[[nodiscard]] const ObjectType& object_type(std::string_view name);
[[nodiscard]] const std::vector<std::unique_ptr<ObjectType>>& object_types();

/// A value that a field cannot take, in the words of Go's decoder.
struct Mismatch {
    std::string text;
    bool of_value = false;  ///< the field has the right type, and its text is no such value
    /// The same by the converter that strategic merge patches pass; "" = in the same words.
    std::string converted{};
};

/// Takes nulls and unknown fields out of `object`; gives the paths of the unknown ones
/// ("spec.containers[0].x"). Of several faults it tells the one that Go's decoder does: `order` has
/// the paths of the fields as the text has them, nothing where they came in order of their names.
[[nodiscard]] tl::expected<std::vector<std::string>, Mismatch> conform(
    Json& object, const ObjectType& type, const std::vector<std::string>& order = {});

/// The same for some other value than a resource, such as a custom resource's metadata.
[[nodiscard]] tl::expected<std::vector<std::string>, Mismatch> conform_at(
    Json& value, const ObjectType& type, std::string path,
    const std::vector<std::string>& order = {});

/// The type's own entry of the OpenAPI document, and its name there.
[[nodiscard]] std::string openapi_name(const ObjectType& type);
[[nodiscard]] Json openapi_schema(const ObjectType& type);

}  // namespace meshproof::fakes::kube
