#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace meshproof::fakes::kube {

/// Whom a request or a reviewed token speaks for.
struct User {
    std::string name, uid;
    std::vector<std::string> groups;
    nlohmann::json extra = nlohmann::json::object();
};

}  // namespace meshproof::fakes::kube
