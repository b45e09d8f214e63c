#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

using Handler = BackendResponse (*)(Mount& mount, const Call& call);

/// One path pattern of the engine. Segments are literal, `:name` (a name), `:serial` (hex, ':' and
/// '-'), and a last `?`: the path may end in '/'.
struct Endpoint {
    std::string pattern;
    std::vector<std::pair<Operation, Handler>> operations;
    Fields fields;  ///< besides the pattern's own names
};

/// Every endpoint that this product has and the fake plays.
[[nodiscard]] std::vector<Endpoint> endpoints(Product product);

/// The first endpoint whose pattern matches, with what its names stand for.
struct Route {
    const Endpoint* endpoint = nullptr;
    std::map<std::string, std::string, std::less<>> path;
};
[[nodiscard]] std::optional<Route> find_route(const std::vector<Endpoint>& endpoints,
                                              std::string_view path);

/// Row 126. `path` of a LIST ends in '/'.
[[nodiscard]] bool needs_no_token(std::string_view path, Product product);

}  // namespace meshproof::fakes::vault::pki
