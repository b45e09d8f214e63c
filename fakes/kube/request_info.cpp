#include "fakes/kube/request_info.hpp"

#include <charconv>
#include <vector>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {

std::string verb_of(const RequestInfo& info, const std::string& method) {
    const bool named = !info.name.empty();
    if (method == "POST") {
        return "create";
    }
    if (method == "PUT") {
        return "update";
    }
    if (method == "PATCH") {
        return "patch";
    }
    if (method == "DELETE") {
        return named ? "delete" : "deletecollection";
    }
    if (method != "GET") {
        return lower(method);
    }
    if (named) {
        return "get";
    }
    return info.flag("watch") ? "watch" : "list";
}

}  // namespace

RequestInfo RequestInfo::of(const http::Request& request) {
    RequestInfo info;
    const auto mark = request.target.find('?');
    info.path = request.target.substr(0, mark);
    if (mark != std::string::npos) {
        for (const auto& [name, value] : http::parse_query(request.target.substr(mark + 1))) {
            info.query.emplace(valid_utf8(name), valid_utf8(value));
            if (name == "dryRun") {
                info.dry_runs.push_back(valid_utf8(value));
            }
        }
    }
    std::vector<std::string> parts;
    for (const auto& part : split(info.path, '/')) {
        if (!part.empty()) {
            parts.push_back(valid_utf8(http::percent_decode(part).value_or(part)));
        }
    }
    std::size_t at = 0;
    if (parts.size() > 2 && parts[0] == "api") {
        info.version = parts[1];
        at = 2;
    } else if (parts.size() > 3 && parts[0] == "apis") {
        info.group = parts[1];
        info.version = parts[2];
        at = 3;
    } else {
        info.verb = lower(request.method == "HEAD" ? "GET" : request.method);
        return info;
    }
    info.for_resource = true;
    const bool old_watch = parts[at] == "watch" && parts.size() > at + 1;  // /api/v1/watch/pods
    at += old_watch ? 1 : 0;
    if (parts[at] == "namespaces" && parts.size() > at + 1) {
        info.namespace_name = parts[at + 1];
        const bool of_namespace =
            parts.size() == at + 2 || parts[at + 2] == "status" || parts[at + 2] == "finalize";
        if (!of_namespace) {
            at += 2;
        }
    }
    info.resource = parts[at];
    info.name = parts.size() > at + 1 ? parts[at + 1] : "";
    info.subresource = parts.size() > at + 2 ? parts[at + 2] : "";
    for (std::size_t rest = at + 3; rest < parts.size(); ++rest) {
        info.below += "/" + parts[rest];
    }
    info.verb = verb_of(info, request.method);
    if (old_watch && request.method == "GET") {
        info.verb = "watch";
        if (!info.name.empty()) {
            info.query["fieldSelector"] = "metadata.name=" + info.name;
        }
    }
    return info;
}

std::string RequestInfo::param(const std::string& name_of) const {
    const auto found = query.find(name_of);
    return found == query.end() ? std::string() : found->second;
}

bool RequestInfo::flag(const std::string& name_of) const {
    const auto found = query.find(name_of);  // as Go's conversion: only two texts mean no
    return found != query.end() && found->second != "0" && lower(found->second) != "false";
}

std::optional<std::uint64_t> number(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

tl::expected<std::int64_t, std::string> whole_number(const std::string& text) {
    std::int64_t value = 0;
    const auto* first = text.data() + (text.starts_with('+') ? 1 : 0);
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, value);
    constexpr auto replaced = nlohmann::json::error_handler_t::replace;
    const auto complaint = [&text](std::string_view why) {
        return tl::unexpected(
            fmt::format("strconv.ParseInt: parsing {}: {}", nlohmann::json(text).dump(-1, ' ', false, replaced), why));
    };
    if (end != last || error == std::errc::invalid_argument) {
        return complaint("invalid syntax");
    }
    if (error == std::errc::result_out_of_range) {
        return complaint("value out of range");
    }
    return value;
}

}  // namespace meshproof::fakes::kube
