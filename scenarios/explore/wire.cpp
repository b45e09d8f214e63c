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

/// A stream that was opened over a stretch.
class TroubledStream final : public http::Stream {
  public:
    TroubledStream(std::unique_ptr<http::Stream> inner, TroubledWire& wire, Stretch stretch)
        : inner_(std::move(inner)), wire_(wire), stretch_(std::move(stretch)) {}

    [[nodiscard]] const http::Response& head() const override { return inner_->head(); }
    [[nodiscard]] Task<TroubledWire::Piece> next() override {
        auto piece = co_await inner_->next();
        co_return co_await wire_.carry(stretch_, std::move(piece));
    }

  private:
    std::unique_ptr<http::Stream> inner_;
    TroubledWire& wire_;
    Stretch stretch_;
};

}  // namespace

std::string mesh_caller(std::string_view cluster) {
    return fmt::format("{}{}", mesh_prefix, cluster);
}

void TroubledWire::know(std::string origin, std::string party) {
    parties_.insert_or_assign(std::move(origin), std::move(party));
}

void TroubledWire::set(const Stretch& stretch, Trouble trouble) {
    troubles_[stretch] = trouble;
    changed_.notify_all();
}

void TroubledWire::heal(const Stretch& stretch) {
    troubles_.erase(stretch);
    changed_.notify_all();
}

void TroubledWire::heal_all() {
    troubles_.clear();
    changed_.notify_all();
}

Stretch TroubledWire::stretch_of(const http::Endpoint& endpoint) const {
    const auto known = parties_.find(endpoint.url.origin());
    const auto to = known == parties_.end() ? std::string("pods") : known->second;
    return {party_of(endpoint.caller, to), to};
}

std::optional<Trouble> TroubledWire::trouble_of(const http::Endpoint& endpoint) const {
    if (troubles_.empty()) {
        return std::nullopt;
    }
    const auto found = troubles_.find(stretch_of(endpoint));
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
    const auto stretch = stretch_of(endpoint);
    auto opened = co_await inner_.open(std::move(endpoint), std::move(request));
    if (!opened) {
        co_return opened;
    }
    co_return std::make_unique<TroubledStream>(std::move(*opened), *this, stretch);
}

Task<TroubledWire::Piece> TroubledWire::carry(Stretch stretch, Piece piece) {
    while (true) {
        const auto found = troubles_.find(stretch);
        const auto trouble = found == troubles_.end() ? std::nullopt : std::optional(found->second);
        if (trouble == Trouble::refuses || trouble == Trouble::resets) {
            ++met_;
            co_return fail(FailureKind::closed, "the connection of an open answer broke");
        }
        if (trouble != Trouble::stalls) {
            co_return piece;
        }
        co_await changed_.wait();
    }
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
