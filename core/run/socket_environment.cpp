#include "core/run/socket_environment.hpp"

#include <boost/asio/post.hpp>

#include "core/http/beast_transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::run {

struct SocketEnvironment::State {
    boost::asio::io_context context{1};
    RealClock clock;
    http::BeastTransport transport{clock};
};

SocketEnvironment::SocketEnvironment(std::string setting, Target target, Starter starter)
    : setting_(std::move(setting)),
      target_(std::move(target)),
      starter_(std::move(starter)),
      state_(std::make_unique<State>()) {}

SocketEnvironment::~SocketEnvironment() {
    // What the starter's closure owns (fakes and their listeners) uses the transport.
    starter_ = nullptr;
}

Clock& SocketEnvironment::clock() {
    return state_->clock;
}
http::Transport& SocketEnvironment::transport() {
    return state_->transport;
}

Task<Result<Target>> SocketEnvironment::start() {
    if (!starter_) {
        co_return target_;
    }
    co_return co_await starter_(*this, target_);
}

void SocketEnvironment::drive(Task<void> work) {
    run_real(state_->context, std::move(work));
}

void SocketEnvironment::post(std::function<void()> callback) {
    boost::asio::post(state_->context, std::move(callback));
}

}  // namespace meshproof::run
