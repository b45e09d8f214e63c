// What CustomResourceDefinitions say about tables and about the OpenAPI document.
#include <charconv>
#include <optional>

#include "core/base/text.hpp"
#include "fakes/kube/custom_resources.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

using Values = std::vector<const Json*>;

Values members(const Values& values, const std::string& key) {
    Values out;
    for (const auto* value : values) {
        if (value->is_object() && value->contains(key)) {
            out.push_back(&(*value)[key]);
        }
    }
    return out;
}

std::string unquoted(std::string_view text) {
    text = trim(text);
    const bool quoted = text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
                        text.back() == text.front();
    return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

// ?(@.type=="Ready")
Values chosen(const Values& values, std::string_view filter) {
    const auto sign = filter.find("==");
    if (sign == std::string_view::npos || filter.size() < 5) {
        return {};
    }
    const auto key = std::string(trim(filter.substr(4, sign - 4)));  // behind "?(@."
    const auto wanted = unquoted(filter.substr(sign + 2, filter.size() - sign - 3));
    Values out;
    for (const auto* value : values) {
        if (!value->is_array()) {
            continue;
        }
        for (const auto& item : *value) {
            if (item.is_object() && item.contains(key) &&
                (item[key].is_string() ? item[key].get<std::string>() : item[key].dump()) ==
                    wanted) {
                out.push_back(&item);
            }
        }
    }
    return out;
}

Values items(const Values& values, std::string_view index) {
    Values out;
    std::size_t number = 0;
    (void)std::from_chars(index.data(), index.data() + index.size(), number);
    for (const auto* value : values) {
        if (!value->is_array()) {
            continue;
        }
        for (std::size_t at = 0; at < value->size(); ++at) {
            if (index == "*" || at == number) {
                out.push_back(&(*value)[at]);
            }
        }
    }
    return out;
}

// The part of JSONPath that printer columns use: .a.b, ['a'], [0], [*], [?(@.a=="b")].
Values at_json_path(const Json& object, std::string_view path) {
    Values values{&object};
    while (!path.empty() && !values.empty()) {
        if (path.front() == '.') {
            path.remove_prefix(1);
        } else if (path.front() == '[') {
            const auto filter = path.substr(0, 2) == "[?";
            const auto end = path.find(filter ? ")]" : "]");
            if (end == std::string_view::npos) {
                return {};
            }
            const auto inner = path.substr(1, end - (filter ? 0 : 1));
            values = filter                            ? chosen(values, inner)
                     : inner.find_first_of("'\"") == 0 ? members(values, unquoted(inner))
                                                       : items(values, inner);
            path.remove_prefix(end + (filter ? 2 : 1));
        } else {
            std::size_t end = 0;
            std::string key;
            while (end < path.size() && path[end] != '.' && path[end] != '[') {
                end += path[end] == '\\' && end + 1 < path.size() ? 1 : 0;  // a dot of the name
                key += path[end++];
            }
            values = members(values, key);
            path.remove_prefix(end);
        }
    }
    return values;
}

Json cell(const Json& column, const Json& object, Time now) {
    const auto values = at_json_path(object, column.value("jsonPath", ""));
    if (values.empty()) {
        return nullptr;
    }
    const auto& value = *values.front();
    const auto kind = column.value("type", "");
    if (kind == "integer") {
        return value.is_number_integer() ? value : Json();
    }
    if (kind == "number") {
        return value.is_number() ? value : Json();
    }
    if (kind == "boolean") {
        return value.is_boolean() ? value : Json();
    }
    if (kind == "date") {
        return value.is_string() ? age_text(value.get<std::string>(), now) : Json();
    }
    std::vector<std::string> texts;
    for (const auto* one : values) {
        texts.push_back(one->is_string() ? one->get<std::string>() : one->dump());
    }
    return join(texts, ",");
}

const Json& columns_or_age(const ResourceType& type) {
    static const Json age = Json::array(
        {{{"name", "Age"}, {"type", "date"}, {"jsonPath", ".metadata.creationTimestamp"}}});
    return type.custom->columns.empty() ? age : type.custom->columns;
}

// "example.com" and "v1" make "com.example.v1.Widget".
std::string custom_schema_name(const ResourceType& type) {
    auto parts = split(std::string(type.group), '.');
    std::ranges::reverse(parts);
    return fmt::format("{}.{}.{}", join(parts, "."), type.version, type.kind);
}

Json custom_schema(const ResourceType& type) {
    Json schema = type.custom->schema;
    auto& properties = schema["properties"];
    properties["apiVersion"] = properties["kind"] = {{"type", "string"}};
    properties["metadata"] = {
        {"$ref", "#/components/schemas/" + openapi_name(object_type("ObjectMeta"))}};
    schema["x-kubernetes-group-version-kind"] =
        Json::array({{{"group", type.group}, {"kind", type.kind}, {"version", type.version}}});
    return schema;
}

}  // namespace

Json custom_column_definitions(const ResourceType& type) {
    Json definitions = Json::array();
    for (const auto& column : columns_or_age(type)) {
        definitions.push_back(
            {{"name", column.value("name", "")},
             {"type", column.value("type", "")},
             {"format", column.value("format", "")},
             {"description",
              column.value("description", fmt::format("Custom resource definition column (in "
                                                      "JSONPath format): {}",
                                                      column.value("jsonPath", "")))},
             {"priority", column.value("priority", 0)}});
    }
    return definitions;
}

Json custom_cells(const ResourceType& type, const Json& object, Time now) {
    Json cells = Json::array();
    for (const auto& column : columns_or_age(type)) {
        cells.push_back(cell(column, object, now));
    }
    return cells;
}

Json custom_schemas(const Store& store, std::string_view group, std::string_view version) {
    Json schemas = Json::object();
    for (const auto* type : store.custom().served()) {
        if (type->group == group && type->version == version) {
            schemas[custom_schema_name(*type)] = custom_schema(*type);
        }
    }
    return schemas;
}

}  // namespace meshproof::fakes::kube
