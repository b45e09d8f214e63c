#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/twin/description.hpp"

namespace meshproof::twin {

/// Whether the text is as the pattern says: `*` stands for any run of characters.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

/// Where stories of a topic happen. Names within a pattern are whole keys: "POST {pki}/roles/*".
struct Topic {
    std::string_view name;                  ///< as on the command line: "kubernetes-auth"
    std::string_view what;                  ///< one line for people
    std::string_view server;                ///< "vault" or "kubernetes"
    std::vector<std::string_view> keys;     ///< of its operations; none = its stories are written
    std::vector<std::string_view> never{};  ///< of those: what would touch what is not the run's
};
[[nodiscard]] const std::vector<Topic>& topics();
[[nodiscard]] const Topic* topic_named(std::string_view name);

/// The topic's operations, by the description.
[[nodiscard]] std::vector<const Operation*> operations_of(const Topic& topic,
                                                          const Description& description);
/// Those of its keys that are never asked.
[[nodiscard]] std::vector<const Operation*> never_asked(const Topic& topic,
                                                        const Description& description);

/// Whether the path's objects are everybody's on the server, so that their names carry the run's
/// mark, and lists of them are read for these alone.
[[nodiscard]] bool shared_path(std::string_view path);

}  // namespace meshproof::twin
