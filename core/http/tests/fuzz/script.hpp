#pragma once

#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "core/http/message.hpp"

namespace meshproof::http {

/// Requests for a Handler, written like HTTP with bare line ends: "METHOD TARGET", headers, an
/// empty line, the body. "\n===\n" stands between two requests. Anything else is read as well as
/// may be.
inline std::vector<Request> requests_of(std::string_view script) {
    constexpr std::string_view between = "\n===\n";
    constexpr std::size_t most = 8;
    std::vector<Request> requests;
    while (!script.empty() && requests.size() < most) {
        const auto end = script.find(between);
        auto text = script.substr(0, end);
        script.remove_prefix(end == std::string_view::npos ? script.size() : end + between.size());
        const auto line = [&text] {
            const auto at = text.find('\n');
            const auto first = text.substr(0, at);
            text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
            return first;
        };
        Request request;
        const auto start = line();
        const auto blank = start.find(' ');
        request.method = start.substr(0, blank);
        request.target = blank == std::string_view::npos ? "/" : start.substr(blank + 1);
        for (auto field = line(); !field.empty(); field = line()) {
            const auto colon = field.find(':');
            request.headers.add(
                field.substr(0, colon),
                colon == std::string_view::npos ? "" : std::string(trim(field.substr(colon + 1))));
        }
        request.body = text;
        requests.push_back(std::move(request));
    }
    return requests;
}

}  // namespace meshproof::http
