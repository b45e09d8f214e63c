#include "scenarios/explore/wire.hpp"

#include <fmt/format.h>

namespace meshproof::scenarios::explore {
namespace {

constexpr std::string_view mesh_prefix = "mesh.";

// Who asks, for whom is asked: a cluster its API server, agents a Vault, pods each other.
std::string party_of(const std::string& caller, const std::string& to) {
    if (caller.empty() || caller == "admin" || caller == "stranger") {
        return {};
    }
    if (caller.starts_with(mesh_prefix)) {
        return caller.substr(mesh_prefix.size());
    }
    return to == "pods" ? "pods" : "agents";
}

Failure broken(FailureKind kind, const http::Endpoint& endpoint, std::string_view what) {
    return Failure{kind, fmt::format("{}: {}", endpoint.url.origin(), what), 0, {}};
}

// What something between the two says, as both kinds of server word their errors.
http::Response answer_of(int status, std::string_view what) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body =
        fmt::format(R"({{"errors":["{}"],"message":"{}","code":{}}})", what, what, status);
    return response;
}

http::Response left_alone(http::Response answer, Duration quiet) {
    answer.headers.set("Retry-After", fmt::format("{}", whole_seconds(quiet)));
    return answer;
}

}  // namespace

std::string mesh_caller(std::string_view cluster) {
    return fmt::format("{}{}", mesh_prefix, cluster);
}

void TroubledWire::know(std::string origin, std::string party) {
    parties_.insert_or_assign(std::move(origin), std::move(party));
}

std::optional<Trouble> TroubledWire::trouble_of(const http::Endpoint& endpoint) const {
    if (troubles_.empty()) {
        return std::nullopt;
    }
    const auto known = parties_.find(endpoint.url.origin());
    const auto to = known == parties_.end() ? std::string("pods") : known->second;
    const auto found = troubles_.find(Stretch{party_of(endpoint.caller, to), to});
    return found == troubles_.end() ? std::nullopt : std::optional(found->second);
}

Task<Result<http::Response>> TroubledWire::send(http::Endpoint endpoint, http::Request request) {
    const auto trouble = trouble_of(endpoint);
    if (!trouble) {
        co_return co_await inner_.send(std::move(endpoint), std::move(request));
    }
    ++met_;
    switch (*trouble) {
        case Trouble::refuses:
            co_return tl::unexpected(
                broken(FailureKind::unreachable, endpoint, "connection refused"));
        case Trouble::resets:
            co_return tl::unexpected(broken(FailureKind::closed, endpoint, "connection reset"));
        case Trouble::stalls:
            co_await truth_.sleep_for(endpoint.timeout);
            co_return tl::unexpected(broken(FailureKind::timed_out, endpoint, "no answer"));
        case Trouble::throttles:
            co_return answer_of(429, "too many requests");
        case Trouble::is_away:
            co_return answer_of(503, "upstream unavailable");
        case Trouble::asks_for_quiet:
            co_return left_alone(answer_of(429, "too many requests"), quiet_);
        case Trouble::says_when_back:
            co_return left_alone(answer_of(503, "upstream unavailable"), quiet_);
        case Trouble::is_slow:
            co_await truth_.sleep_for(late_);
            co_return co_await inner_.send(std::move(endpoint), std::move(request));
        case Trouble::loses:
            break;
    }
    const auto lost = broken(FailureKind::closed, endpoint, "the answer was lost");
    std::ignore = co_await inner_.send(std::move(endpoint), std::move(request));
    co_return tl::unexpected(lost);
}

Task<Result<std::unique_ptr<http::Stream>>> TroubledWire::open(http::Endpoint endpoint,
                                                               http::Request request) {
    const auto trouble = trouble_of(endpoint);
    if (trouble && *trouble != Trouble::is_slow) {
        ++met_;
        if (*trouble == Trouble::stalls) {
            co_await truth_.sleep_for(endpoint.timeout);
        }
        co_return tl::unexpected(broken(FailureKind::closed, endpoint, "the watch was not opened"));
    }
    co_return co_await inner_.open(std::move(endpoint), std::move(request));
}

Task<Result<std::unique_ptr<http::Listener>>> TroubledWire::listen(http::ListenSpec spec,
                                                                   http::Handler& handler) {
    co_return co_await inner_.listen(std::move(spec), handler);
}

Task<Result<std::unique_ptr<http::Link>>> TroubledWire::open_link(http::Url upstream,
                                                                  std::string name) {
    co_return co_await inner_.open_link(std::move(upstream), std::move(name));
}

}  // namespace meshproof::scenarios::explore
