#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fakes/vault/logical/product.hpp"
#include "fakes/vault/server/logical_request.hpp"

/// From an HTTP request to a logical one: wire contract rows 9 to 17.
namespace meshproof::fakes::vault {

/// What Go's strconv.ParseBool takes.
[[nodiscard]] std::optional<bool> go_bool(std::string_view text);

/// The decoded path and the raw query.
[[nodiscard]] std::pair<std::string, std::string> split_target(std::string_view target);

/// Of a path with unprintable characters, and in OpenBao of one whose `.` or `..` was escaped.
[[nodiscard]] std::optional<http::Response> refuse_path(const http::Request& request,
                                                        const std::string& path, Product product);
/// Whether the query, or the verb, asks for the help of a path, whatever else it asks; an empty
/// value asks for nothing.
[[nodiscard]] bool asks_for_help(std::string_view method, std::string_view query);
/// Of a query that says neither yes nor no to whether a list is asked for.
[[nodiscard]] std::optional<http::Response> refuse_query(std::string_view method,
                                                         std::string_view query);
/// The answer to a path that is not in its clean form, and to "/".
[[nodiscard]] std::optional<http::Response> redirect(const std::string& path,
                                                     const std::string& query,
                                                     std::string_view method, Product product);

/// X-Vault-Token, else a bearer token; "" where there is neither.
[[nodiscard]] std::string presented_token(const http::Headers& headers);

/// What can be read of a JSON body before anything else is known of its request. It looks at
/// nothing but the text, so any thread may do it.
struct EarlyBody {
    Result<Json> json;  ///< as read_json_body() gives it
    std::shared_ptr<EarlyPolicy>
        policy;  ///< of the text that it brings; null = none was looked for
};
/// Whether the request has a JSON body that takes long to read.
[[nodiscard]] bool has_large_json(const http::Request& request);
[[nodiscard]] EarlyBody read_early(const std::string& body, bool with_policy, Product product);

/// Operation, path and fields; or the refusal. `early` is taken from; null = the body is read now.
[[nodiscard]] tl::expected<LogicalRequest, http::Response> parse_logical(
    const http::Request& request, const std::string& path, const std::string& query,
    Product product, EarlyBody* early = nullptr);

/// Any JSON; "" and null are empty objects. A failure's message is the whole 400 text.
[[nodiscard]] Result<Json> read_json_body(const std::string& body, Product product);

/// A JSON object body; "" and null are empty objects. A failure's message is the whole 400 text.
[[nodiscard]] Result<Json> parse_body(const std::string& body, std::string_view go_type,
                                      Product product);

/// The body of a path that has no envelope: an empty one is an error for Vault, and the texts of
/// broken ones name the Go type. `early` is taken from; null = the body is read now.
[[nodiscard]] tl::expected<Json, http::Response> strict_body(Product product,
                                                             const http::Request& request,
                                                             std::string_view go_type,
                                                             EarlyBody* early);

}  // namespace meshproof::fakes::vault
