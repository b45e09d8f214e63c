#include "fakes/vault/server/logical_request.hpp"

namespace meshproof::fakes::vault {

std::optional<std::string> LogicalRequest::under(std::string_view prefix) const {
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    auto rest = path.substr(prefix.size());
    if (operation == Operation::list && rest.ends_with('/')) {
        rest.pop_back();
    }
    return rest;
}

}  // namespace meshproof::fakes::vault
