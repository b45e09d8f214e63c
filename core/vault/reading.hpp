#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/answer.hpp"
#include "core/vault/client.hpp"

/// What the parts of the client share: how typed answers are read. Not for users of the client.
namespace meshproof::vault::reading {

/// Whole seconds, rounded up (0 would mean "default"), as every Vault takes them: "90s".
[[nodiscard]] std::string ttl(Duration duration);

/// "PUT pki/sign/r", for messages.
[[nodiscard]] std::string what(std::string_view method, std::string_view path);

/// `data.keys` of a LIST. An empty list is a 404 without a text (wire contract row 14).
[[nodiscard]] Result<std::vector<std::string>> keys(const Result<Reply>& reply, std::string what);

/// The `auth` block of a login or renewal.
[[nodiscard]] Result<Login> login(const Reply& reply, std::string what);

}  // namespace meshproof::vault::reading
