#include "conformance/preflight/bounded_transport.hpp"

#include <algorithm>

namespace meshproof::preflight {

BoundedTransport::BoundedTransport(Clock& clock, http::Transport& wire, Bounds bounds)
    : clock_(clock), wire_(wire), bounds_(std::move(bounds)), begun_(clock.elapsed()) {}

Duration BoundedTransport::left() const {
    return (undoing_ ? bounds_.all : bounds_.asking) - (clock_.elapsed() - begun_);
}

bool BoundedTransport::shorten(http::Endpoint& endpoint) const {
    const auto rest = left();
    endpoint.timeout = std::min({endpoint.timeout, bounds_.each, undoing_ ? rest / 2 : rest});
    return endpoint.timeout == rest;
}

tl::unexpected<Failure> BoundedTransport::given_up() {
    cut_ = true;
    return fail(FailureKind::cancelled, "{}", bounds_.words);
}

Task<Result<http::Response>> BoundedTransport::send(http::Endpoint endpoint,
                                                    http::Request request) {
    if (left() <= Duration::zero()) {
        co_return given_up();
    }
    const bool to_the_end = shorten(endpoint);
    auto answer = co_await wire_.send(std::move(endpoint), std::move(request));
    if (!answer && answer.error().kind == FailureKind::timed_out && to_the_end) {
        co_return given_up();
    }
    co_return answer;
}

Task<Result<std::unique_ptr<http::Stream>>> BoundedTransport::open(http::Endpoint endpoint,
                                                                   http::Request request) {
    if (left() <= Duration::zero()) {
        co_return given_up();
    }
    const bool to_the_end = shorten(endpoint);
    auto stream = co_await wire_.open(std::move(endpoint), std::move(request));
    if (!stream && stream.error().kind == FailureKind::timed_out && to_the_end) {
        co_return given_up();
    }
    co_return stream;
}

Task<Result<std::unique_ptr<http::Listener>>> BoundedTransport::listen(http::ListenSpec spec,
                                                                       http::Handler& handler) {
    return wire_.listen(std::move(spec), handler);
}

Task<Result<std::unique_ptr<http::Link>>> BoundedTransport::open_link(http::Url upstream,
                                                                      std::string name) {
    return wire_.open_link(std::move(upstream), std::move(name));
}

}  // namespace meshproof::preflight
