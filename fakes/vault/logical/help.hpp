#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/vault/logical/fields.hpp"

/// What the servers tell of a path by `?help=1`: the route and its parameters. Their descriptions
/// are not played.
namespace meshproof::fakes::vault {

struct RouteHelp {
    std::string expression;  ///< "^roles/(?P<name>\w(([\w-.]+)?\w)?)$"
    Fields fields;           ///< those of the path too
};

/// A route as a description of the API tells it.
struct RouteShape {
    /// "roles/{name}" with the names in it; of a last name that may be absent both paths.
    std::vector<std::pair<std::string, std::vector<std::string>>> paths;
    std::vector<Operation> operations;
    Fields fields;  ///< besides the names
    Needs needs = Needs::token;
};

[[nodiscard]] std::string help_of(const RouteHelp& route, std::string_view path);
/// Of a mount as a whole, by the expressions of its routes.
[[nodiscard]] std::string help_of(const std::vector<std::string>& expressions);

}  // namespace meshproof::fakes::vault
