#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/vault/logical/fields.hpp"

/// What the servers tell of a path by `?help=1`: the route and its parameters. Their descriptions
/// are not played.
namespace meshproof::fakes::vault {

struct RouteHelp {
    std::string expression;  ///< "^roles/(?P<name>\w(([\w-.]+)?\w)?)$"
    Fields fields;           ///< those of the path too
};

[[nodiscard]] std::string help_of(const RouteHelp& route, std::string_view path);
/// Of a mount as a whole, by the expressions of its routes.
[[nodiscard]] std::string help_of(const std::vector<std::string>& expressions);

}  // namespace meshproof::fakes::vault
