#include "conformance/twin/description.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

/// The methods that a path item may have; its other members are no operations.
constexpr std::string_view methods_of_items[] = {"get", "post", "put", "patch", "delete"};
/// A reference that leads to references: no real description has more in a row.
constexpr std::size_t most_references = 8;

const Json& absent() {
    static const Json null;
    return null;
}

const Json& member(const Json& object, std::string_view name) {
    if (object.is_object()) {
        if (const auto found = object.find(name); found != object.end()) {
            return *found;
        }
    }
    return absent();
}

std::string text_member(const Json& object, std::string_view name) {
    const auto& value = member(object, name);
    return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag_member(const Json& object, std::string_view name) {
    const auto& value = member(object, name);
    return value.is_boolean() && value.get<bool>();
}

ValueType type_named(std::string_view name) {
    return name == "string"    ? ValueType::text
           : name == "integer" ? ValueType::integer
           : name == "number"  ? ValueType::number
           : name == "boolean" ? ValueType::flag
           : name == "array"   ? ValueType::list
           : name == "object"  ? ValueType::object
                               : ValueType::any;
}

class DocumentReader {
  public:
    DocumentReader(const Json& document, const ReadOptions& options)
        : document_(document), options_(options) {}

    Result<Description> read() const {
        const auto& paths = member(document_, "paths");
        if (!paths.is_object()) {
            return fail(FailureKind::malformed,
                        "description: paths: expected an object, got {}: is this OpenAPI 3?",
                        paths.type_name());
        }
        Description out;
        out.title = text_member(member(document_, "info"), "title");
        out.version = text_member(member(document_, "info"), "version");
        for (const auto& [path, item] : paths.items()) {
            if (!item.is_object()) {
                return fail(FailureKind::malformed, "description: {}: expected an object, got {}",
                            path, item.type_name());
            }
            read_item(placed(path), item, out.operations);
        }
        return out;
    }

  private:
    /// The path with the kinds of engines for where they are mounted.
    std::string placed(std::string_view path) const {
        std::string out(path.substr(path.starts_with('/') ? 1 : 0));
        for (const auto& [mount, kind] : options_.mounts) {
            if (out == mount || out.starts_with(mount + "/")) {
                return kind + out.substr(mount.size());
            }
        }
        return out;
    }

    /// What a `$ref` stands for, also where it is the only part of an `allOf`.
    const Json& behind(const Json& schema) const {
        const auto* at = &schema;
        for (std::size_t i = 0; i < most_references; ++i) {
            const auto& all_of = member(*at, "allOf");
            if (all_of.is_array() && all_of.size() == 1) {
                at = &all_of.front();
                continue;
            }
            const auto reference = text_member(*at, "$ref");
            if (!reference.starts_with("#/")) {
                break;
            }
            const Json::json_pointer place(reference.substr(1));
            if (!document_.contains(place)) {
                return absent();
            }
            at = &document_.at(place);
        }
        return *at;
    }

    Parameter parameter(std::string name, In in, const Json& outer) const {
        const auto& schema = behind(outer);
        Parameter out{std::move(name), in, type_named(text_member(schema, "type"))};
        out.format = text_member(schema, "format");
        out.fallback = member(outer, "default").is_null() ? member(schema, "default")
                                                          : member(outer, "default");
        if (const auto& words = member(schema, "enum"); words.is_array()) {
            out.words.assign(words.begin(), words.end());
        }
        return out;
    }

    void add_told(const Json& parameters, std::vector<Parameter>& out) const {
        for (const auto& told : parameters.is_array() ? parameters : Json::array()) {
            const auto& whole = behind(told);
            const auto place = text_member(whole, "in");
            if (place != "path" && place != "query") {
                continue;  // headers are asked about by checks
            }
            auto one = parameter(text_member(whole, "name"), place == "path" ? In::path : In::query,
                                 member(whole, "schema"));
            one.required = flag_member(whole, "required");
            out.push_back(std::move(one));
        }
    }

    void add_members(const Json& outer, const std::string& before, std::size_t depth,
                     std::vector<Parameter>& out) const {
        const auto& schema = behind(outer);
        const auto& required = member(schema, "required");
        for (const auto& [name, inner] : member(schema, "properties").items()) {
            auto one = parameter(before + name, In::body, inner);
            one.required =
                required.is_array() && std::ranges::find(required, Json(name)) != required.end();
            out.push_back(one);
            if (one.type == ValueType::object && depth < options_.deepest) {
                add_members(inner, one.name + ".", depth + 1, out);
            }
        }
    }

    void read_item(const std::string& path, const Json& item, std::vector<Operation>& out) const {
        for (const auto method : methods_of_items) {
            const auto& told = member(item, method);
            if (!told.is_object()) {
                continue;
            }
            Operation operation{.method = std::string(method), .path = path};
            std::ranges::transform(operation.method, operation.method.begin(),
                                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
            add_told(member(item, "parameters"), operation.parameters);
            add_told(member(told, "parameters"), operation.parameters);
            for (const auto& content : member(member(told, "requestBody"), "content")) {
                add_members(member(content, "schema"), "", 1, operation.parameters);
                break;  // the other media types hold the same
            }
            operation.open = flag_member(item, "x-vault-unauthenticated");
            const auto* list = operation.find("list", In::query);
            if (list != nullptr && list->required) {
                operation.method = "LIST";
            }
            out.push_back(std::move(operation));
        }
    }

    const Json& document_;
    const ReadOptions& options_;
};

}  // namespace

std::string_view to_string(ValueType type) {
    switch (type) {
        case ValueType::text:
            return "text";
        case ValueType::integer:
            return "integer";
        case ValueType::number:
            return "number";
        case ValueType::flag:
            return "flag";
        case ValueType::list:
            return "list";
        case ValueType::object:
            return "object";
        case ValueType::any:
            return "any";
    }
    return "any";
}

const Parameter* Operation::find(std::string_view name, In in) const {
    for (const auto& one : parameters) {
        if (one.name == name && one.in == in) {
            return &one;
        }
    }
    return nullptr;
}

Size size_of(const Description& description) {
    std::set<std::string> paths, of_paths;
    Size out;
    for (const auto& operation : description.operations) {
        paths.insert(operation.path);
        for (const auto& one : operation.parameters) {
            if (one.in == In::path) {
                of_paths.insert(operation.path + " " + one.name);
            } else {
                ++out.parameters;
            }
        }
    }
    out.paths = paths.size();
    out.operations = description.operations.size();
    out.parameters += of_paths.size();
    return out;
}

Result<Description> read_description(const Json& document, const ReadOptions& options) {
    return DocumentReader(document, options).read();
}

}  // namespace meshproof::twin
