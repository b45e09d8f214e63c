#include "fakes/vault/sys/openapi.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/sys/bare.hpp"
#include "fakes/vault/sys/mounts.hpp"

namespace meshproof::fakes::vault {

namespace {

Json schema_of_field(FieldType type) {
    switch (type) {
        case FieldType::text:
            return {{"type", "string"}};
        case FieldType::integer:
            return {{"type", "integer"}};
        case FieldType::number:
            return {{"type", "number"}, {"format", "float"}};
        case FieldType::boolean:
            return {{"type", "boolean"}};
        case FieldType::duration:
            return {{"type", "integer"}, {"format", "seconds"}};
        case FieldType::time:
            return {{"type", "string"}, {"format", "date-time"}};
        case FieldType::list:
        case FieldType::strings:
            return {{"type", "array"}, {"items", {{"type", "string"}}}};
        case FieldType::pairs:
            return {{"type", "object"}, {"format", "kvpairs"}};
        case FieldType::object:
            return {{"type", "object"}, {"format", "map"}};
        case FieldType::json:
            break;
    }
    return {{"type", "object"}};
}

Json parameter_of(std::string_view name, std::string_view place, Json schema) {
    return {{"name", name},
            {"description", ""},
            {"in", place},
            {"required", true},
            {"schema", std::move(schema)}};
}

/// Of the fields of a write, whatever of them the path gives already.
Json body_of_write(const Fields& fields, std::string_view media_type) {
    auto properties = Json::object();
    for (const auto& [name, type] : fields.types) {
        properties[name] = schema_of_field(type);
    }
    Json content;
    content[std::string(media_type)]["schema"] = {{"type", "object"},
                                                  {"properties", std::move(properties)}};
    return {{"content", std::move(content)}};
}

void describe_operation(Operation operation, const RouteShape& shape, const std::string& tag,
                        Json& item) {
    const bool writes = operation == Operation::update || operation == Operation::patch;
    const char* method = operation == Operation::remove  ? "delete"
                         : operation == Operation::patch ? "patch"
                         : writes                        ? "post"
                                                         : "get";
    if (operation == Operation::list && item.contains(method)) {
        return;  // the path is read as well, and one item has one GET
    }
    auto& told = item[method];
    told["tags"] = Json::array({tag});
    if (operation == Operation::list) {
        told["parameters"] = Json::array(
            {parameter_of("list", "query", {{"type", "string"}, {"enum", Json::array({"true"})}})});
    } else {
        told.erase("parameters");  // a list that was told before
    }
    if (writes && !shape.fields.types.empty()) {
        told["requestBody"] = body_of_write(shape.fields, operation == Operation::patch
                                                              ? "application/merge-patch+json"
                                                              : "application/json");
    }
    const bool empty = operation == Operation::remove;
    told["responses"][empty ? "204" : "200"] = {{"description", empty ? "empty body" : "OK"}};
}

/// One of a mount's paths, which stand below `prefix`.
void describe_route(const RouteShape& shape, const std::string& prefix, const std::string& tag,
                    Json& paths) {
    const bool reads =
        std::ranges::find(shape.operations, Operation::read) != shape.operations.end();
    for (const auto& [path, names] : shape.paths) {
        if (path.ends_with('/') && reads) {
            continue;  // refused by name
        }
        auto& item = paths[prefix + path.substr(0, path.find_last_not_of('/') + 1)];
        item["description"] = "";
        for (const auto operation : shape.operations) {
            describe_operation(operation, shape, tag, item);
        }
        if (!names.empty()) {
            item["parameters"] = Json::array();
            for (const auto& name : names) {
                item["parameters"].push_back(parameter_of(name, "path", {{"type", "string"}}));
            }
        }
        if (shape.needs == Needs::nothing) {
            item["x-vault-unauthenticated"] = true;
        } else if (shape.needs == Needs::sudo) {
            item["x-vault-sudo"] = true;
        }
    }
}

std::vector<RouteShape> shapes_of(const Server& server, const MountEntry& entry) {
    if (entry.backend) {
        return entry.backend->shapes();
    }
    const auto* builtin = server.catalog.builtin(entry.path);
    auto shapes = builtin == nullptr ? std::vector<RouteShape>() : builtin->router.shapes();
    if (entry.path == "sys/") {
        std::ranges::move(bare_shapes(), std::back_inserter(shapes));
    }
    return shapes;
}

}  // namespace

LogicalReply describe_api(Server& server, const BuiltinCall& call) {
    const auto shown = list_mounts_for_ui(server, call);
    if (shown.base.kind != BackendResponse::Kind::data) {
        return shown;
    }
    auto paths = Json::object();
    for (const auto* group : {"auth", "secret"}) {
        const bool auth = group == std::string_view("auth");
        for (const auto& [mount, unused] : shown.base.data.at(group).items()) {
            const auto place = (auth ? "auth/" : "") + mount;
            const auto& entry = *call.request.ns->mounts.at(place);
            const std::string tag = auth                       ? "auth"
                                    : entry.type == "system"   ? "system"
                                    : entry.type == "identity" ? "identity"
                                                               : "secrets";
            for (const auto& shape : shapes_of(server, entry)) {
                describe_route(shape, "/" + place, tag, paths);
            }
        }
    }
    const auto name = server.openbao() ? std::string("OpenBao") : std::string("HashiCorp Vault");
    const Json info{
        {"title", name + " API"},
        {"description", fmt::format("HTTP API that gives you full access to {}. All API routes are "
                                    "prefixed with `/v1/`.",
                                    server.product_name())},
        {"version", server.version()},
        {"license",
         {{"name", "Mozilla Public License 2.0"},
          {"url", "https://www.mozilla.org/en-US/MPL/2.0"}}}};
    BackendResponse response;
    response.kind = BackendResponse::Kind::raw;
    response.raw = bare_answer(200, Json{{"openapi", "3.0.2"},
                                         {"info", info},
                                         {"paths", std::move(paths)},
                                         {"components", {{"schemas", Json::object()}}}});
    return response;
}

}  // namespace meshproof::fakes::vault
