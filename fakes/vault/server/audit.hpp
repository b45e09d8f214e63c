#pragma once

#include <map>
#include <string>

/// Audit devices as they are configured. Nothing is written to them here.
namespace meshproof::fakes::vault {

struct AuditDevice {
    std::string type, description;
    bool local = false;
    std::map<std::string, std::string> options;
};

struct Audit {
    std::map<std::string, AuditDevice, std::less<>> devices;  ///< by path, "file/"
    /// By their names in lower case: whether their values are told as hashes.
    std::map<std::string, bool, std::less<>> headers;
};

}  // namespace meshproof::fakes::vault
