#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "core/http/message.hpp"

namespace meshproof::fakes::kube {

/// What a request asks for, in the words of the API server's own authorisation.
struct RequestInfo {
    std::string verb;  ///< get, list, watch, create, update, patch, delete, deletecollection; else
                       ///< the method in lower case
    std::string path;  ///< without the query
    bool for_resource = false;  ///< below /api/VERSION/ or /apis/GROUP/VERSION/
    std::string group, version, resource, subresource, namespace_name, name;
    std::string below;                         ///< of the path, below the subresource: "/x"
    std::map<std::string, std::string> query;  ///< the first of several values
    std::vector<std::string> dry_runs;         ///< all of them, of the one that is a list

    [[nodiscard]] static RequestInfo of(const http::Request& request);
    [[nodiscard]] std::string param(const std::string& name) const;
    [[nodiscard]] bool flag(const std::string& name) const;  ///< given, and neither "0" nor "false"
};

/// A parameter's value as a whole number; nothing where it is none.
[[nodiscard]] std::optional<std::uint64_t> number(const std::string& text);
/// The same with a sign, as Go's conversion of query parameters reads it, or its complaint.
[[nodiscard]] tl::expected<std::int64_t, std::string> whole_number(const std::string& text);

}  // namespace meshproof::fakes::kube
