#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/crypto/tls.hpp"
#include "core/run/target.hpp"

namespace meshproof::run {

using Values = std::map<std::string, std::string>;

/// An environment of the test's own.
inline Variables variables(Values values = {}) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

inline const std::string& ca_pem() {
    static const std::string pem =
        crypto::make_server_credentials("ca", from_unix_seconds(1'700'000'000),
                                        std::chrono::hours(24))
            .ca.pem();
    return pem;
}

}  // namespace meshproof::run
