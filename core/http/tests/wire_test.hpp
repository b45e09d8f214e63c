#pragma once

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include "core/http/beast_transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/signal.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::http {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Answers with what it was asked, and remembers it.
class Echo : public Handler {
  public:
    Task<Response> handle(Request request, Peer peer) override {
        requests.push_back(request);
        peers.push_back(std::move(peer));
        auto response = answer;
        if (response.body.empty() && !response.source) {
            response.body = request.method + " " + request.target + " " + request.body;
        }
        co_return response;
    }
    Response answer;
    std::vector<Request> requests;
    std::vector<Peer> peers;
};

/// Waits for a signal that a test may give.
class Stuck : public Handler {
  public:
    Task<Response> handle(Request /*request*/, Peer /*peer*/) override {
        ++calls;
        called.notify_all();
        co_await released.wait();
        ++answered;
        co_return Response{};
    }
    int calls = 0, answered = 0;
    Signal called, released;
};

class WireTest : public ::testing::Test {
  protected:
    template <class T>
    T run(Task<T> work) {
        return run_real(context_, std::move(work));
    }
    /// Runs what is ready, without waiting.
    void settle() {
        context_.restart();
        context_.poll();
    }

    std::unique_ptr<Listener> serve_plain(Handler& handler, ListenSpec spec = {}) {
        spec.tls = false;
        return require(run(transport_->listen(std::move(spec), handler)));
    }
    Result<Response> send(Endpoint endpoint, Request request = {}) {
        return run(transport_->send(std::move(endpoint), std::move(request)));
    }
    static Endpoint to(const Url& url) {
        Endpoint endpoint;
        endpoint.url = url;
        return endpoint;
    }

    asio::io_context context_;
    RealClock clock_;
    std::unique_ptr<BeastTransport> transport_ = std::make_unique<BeastTransport>(clock_);
};

/// Sends bytes as they are and reads all that comes until the peer closes.
inline Task<std::string> raw_exchange(std::uint16_t port, std::string bytes) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    boost::system::error_code error;
    co_await asio::async_write(socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    std::string answer;
    while (!error) {
        std::array<char, 4096> piece;
        const auto count = co_await socket.async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
        answer.append(piece.data(), count);
    }
    co_return answer;
}

/// A server of fixed bytes: takes a connection, reads something, answers, closes; over and over.
class RawServer {
  public:
    RawServer(asio::io_context& context, std::string answer)
        : state_(std::make_shared<State>(context, std::move(answer))) {
        asio::co_spawn(context, serve(state_), asio::detached);
    }
    ~RawServer() { state_->acceptor.close(); }
    [[nodiscard]] Url url() const {
        return {"http", "127.0.0.1", state_->acceptor.local_endpoint().port(), ""};
    }
    [[nodiscard]] int accepted() const { return state_->accepted; }

  private:
    struct State {
        State(asio::io_context& context, std::string text)
            : acceptor(context, {asio::ip::address_v4::loopback(), 0}), answer(std::move(text)) {}
        tcp::acceptor acceptor;
        std::string answer;
        int accepted = 0;
    };
    static Task<void> serve(std::shared_ptr<State> state) {
        for (;;) {
            boost::system::error_code error;
            tcp::socket socket(state->acceptor.get_executor());
            co_await state->acceptor.async_accept(socket,
                                                  asio::redirect_error(asio::use_awaitable, error));
            if (error) {
                co_return;
            }
            ++state->accepted;
            std::array<char, 4096> dropped;
            co_await socket.async_read_some(asio::buffer(dropped),
                                            asio::redirect_error(asio::use_awaitable, error));
            co_await asio::async_write(socket, asio::buffer(state->answer),
                                       asio::redirect_error(asio::use_awaitable, error));
        }
    }
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::http
