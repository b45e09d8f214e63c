#include "fakes/kube/openapi_v2.hpp"

#include "fakes/kube/store.hpp"
#include "fakes/kube/wire_writer.hpp"

// The numbers are those of github.com/google/gnostic-models v0.7.0, OpenAPIv2.proto.

namespace meshproof::fakes::kube {
namespace {

void put_text(std::string& out, std::uint64_t number, const Json& object, const char* key) {
    if (const auto found = object.find(key); found != object.end() && found->is_string()) {
        put_bytes(out, number, found->get_ref<const std::string&>());
    }
}

std::string schema_message(const Json& schema);

// A message around one field 1.
std::string message_around(std::string_view content) {
    std::string out;
    put_bytes(out, 1, content);
    return out;
}

// Definitions and Properties are alike: of NamedSchema{1 name, 2 value}.
std::string named_schemas(const Json& schemas) {
    std::string out;
    for (const auto& [name, schema] : schemas.items()) {
        std::string named;
        put_bytes(named, 1, name);
        put_bytes(named, 2, schema_message(schema));
        put_bytes(out, 1, named);
    }
    return out;
}

// NamedAny{1 name, 2 Any{2 yaml}}; JSON is YAML.
std::string extension_message(const std::string& name, const Json& value) {
    std::string any, out;
    put_bytes(any, 2, value.dump());
    put_bytes(out, 1, name);
    put_bytes(out, 2, any);
    return out;
}

std::string schema_message(const Json& schema) {
    std::string out;
    put_text(out, 1, schema, "$ref");
    put_text(out, 2, schema, "format");
    put_text(out, 4, schema, "description");
    if (const auto found = schema.find("additionalProperties"); found != schema.end()) {
        put_bytes(out, 21, message_around(schema_message(*found)));
    }
    if (schema.contains("oneOf")) {  // which version 2 has not: quantities are texts there
        put_bytes(out, 22, message_around("string"));
    } else if (const auto type = text_at(schema, "/type"); !type.empty()) {
        put_bytes(out, 22, message_around(type));
    }
    if (const auto found = schema.find("items"); found != schema.end()) {
        put_bytes(out, 23, message_around(schema_message(*found)));
    }
    if (const auto found = schema.find("properties"); found != schema.end()) {
        put_bytes(out, 25, named_schemas(*found));
    }
    for (const auto& [key, value] : schema.items()) {
        if (key.starts_with("x-")) {
            put_bytes(out, 31, extension_message(key, value));
        }
    }
    return out;
}

}  // namespace

std::string protobuf_of_openapi(const Json& document) {
    std::string info, out;
    put_text(info, 1, document.at("info"), "title");
    put_text(info, 2, document.at("info"), "version");
    put_text(out, 1, document, "swagger");
    put_bytes(out, 2, info);
    put_bytes(out, 9, named_schemas(document.at("definitions")));
    return out;
}

}  // namespace meshproof::fakes::kube
