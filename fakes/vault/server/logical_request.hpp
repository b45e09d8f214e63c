#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.hpp"
#include "fakes/vault/server/namespace.hpp"
#include "fakes/vault/server/tokens.hpp"

/// A logical request on its way through the server, and its answer.
namespace meshproof::fakes::vault {

struct VaultNode;
struct EarlyPolicy;  // policy.hpp

struct LogicalRequest {
    Operation operation = Operation::read;
    std::string path;  ///< within the namespace: "sys/mounts/pki", "pki_int/sign/r"; a list ends
                       ///< with a slash
    Json data = Json::object();
    std::string body;  ///< as in BackendRequest
    http::Headers headers;
    std::string remote_address;
    std::shared_ptr<Namespace> ns;
    std::string token_id;          ///< as presented; "" = none
    std::shared_ptr<Token> token;  ///< set once it was accepted
    /// Of the login inside this request, which nobody else can name (server/inline_login.cpp).
    std::shared_ptr<Token> inline_token;
    bool is_inline_login = false;  ///< it is the login inside another request
    std::shared_ptr<MountEntry> mount;
    std::optional<Duration> wrap_ttl;
    bool no_operation = false;  ///< HEAD and OPTIONS: no route has them
    bool scan = false;          ///< OpenBao's verb SCAN: a list that no route here has
    bool unauthenticated = false;
    std::shared_ptr<EarlyPolicy> early_policy;  ///< of the text in `data`, if it was parsed
    const VaultNode* node = nullptr;            ///< who answers it
    bool at_standby = false;                    ///< that node may not write (server/standby.cpp)
    std::string target;  ///< as it came, for a redirect; only where the active node was not asked
    Time now;

    /// The path below `prefix`, without a list's trailing slash; nothing where the path is
    /// elsewhere.
    [[nodiscard]] std::optional<std::string> under(std::string_view prefix) const;
    [[nodiscard]] bool reads() const { return operation == Operation::read; }
    [[nodiscard]] bool writes() const {
        return operation == Operation::update || operation == Operation::create;
    }
};

/// An answer on its way out, before it has its envelope.
struct LogicalReply {
    LogicalReply(BackendResponse response)
        : base(std::move(response)) {}  // NOLINT(google-explicit-constructor)
    BackendResponse base;
    std::shared_ptr<Token> issued;  ///< shown in the auth block
    bool repeat_data = false;       ///< the data's keys are repeated at the top level (row 37)
};

}  // namespace meshproof::fakes::vault
