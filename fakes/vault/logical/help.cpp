#include "fakes/vault/logical/help.hpp"

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {

namespace {

std::string_view help_type(FieldType type) {
    switch (type) {
        case FieldType::text:
            return "string";
        case FieldType::integer:
            return "int";
        case FieldType::number:
            return "float";
        case FieldType::boolean:
            return "bool";
        case FieldType::duration:
            return "duration (sec)";
        case FieldType::time:
            return "time";
        case FieldType::list:
        case FieldType::strings:
            return "slice";
        case FieldType::pairs:
            return "keypair";
        case FieldType::object:
            return "map";
        case FieldType::json:
            return "any";
    }
    return "any";
}

}  // namespace

std::string help_of(const RouteHelp& route, std::string_view path) {
    auto text = fmt::format("Request:        {}\nMatching Route: {}\n\n<no synopsis>\n\n", path,
                            route.expression);
    if (!route.fields.types.empty()) {
        text += "## PARAMETERS\n";
    }
    for (const auto& [name, type] : route.fields.types) {
        text += fmt::format("\n    {} ({})\n\n        <no description>\n", name, help_type(type));
    }
    return text;
}

std::string help_of(const std::vector<std::string>& expressions) {
    std::string text =
        "## DESCRIPTION\n\n\n\n## PATHS\n\nThe following paths are supported by this backend. To "
        "view help for\nany of the paths below, use the help command with any route matching\nthe "
        "path pattern. Note that depending on the policy of your auth token,\nyou may or may not "
        "be able to access certain paths.\n";
    for (const auto& expression : expressions) {
        text += fmt::format("\n    {}\n        \n", expression);
    }
    return text;
}

}  // namespace meshproof::fakes::vault
