#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <string_view>
#include <vector>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/logical/json.hpp"

/// The bodies that Vault answers: wire contract rows 1 to 5.
namespace meshproof::fakes::vault {

/// JSON as Go's encoder writes it: <, > and & escaped, one trailing newline.
[[nodiscard]] std::string go_json(const Json& value);

/// `1 error occurred:\n\t* x\n\n`: how a Go error of an authenticated path is told.
[[nodiscard]] std::string wrapped(std::string_view text);

/// `{"errors":[text]}`, or `{"errors":[]}` where there is none.
[[nodiscard]] http::Response error_answer(int status,
                                          const std::optional<std::string>& text = std::nullopt);
/// A JSON body without envelope.
[[nodiscard]] http::Response bare_answer(int status, const Json& body);
/// 204, still with a JSON content type.
[[nodiscard]] http::Response empty_answer();

/// The eight keys of every logical answer; none is ever left out.
struct Envelope {
    std::string request_id;
    std::string lease_id;
    bool renewable = false;
    std::int64_t lease_duration = 0;
    Json data;
    Json wrap_info;
    std::vector<std::string> warnings;
    Json auth;
    Json top_level;  ///< an object whose keys are repeated beside the eight (row 37)
};
[[nodiscard]] Json envelope_json(const Envelope& envelope);

/// `Tue, 24 Nov 2026 06:45:35 GMT`
[[nodiscard]] std::string http_date(Time time);
/// As http_date() writes it, by a clock of whatever name that is taken for UTC; otherwise Go's
/// complaint.
[[nodiscard]] tl::expected<Time, std::string> parse_http_date(std::string_view text);

}  // namespace meshproof::fakes::vault
