#include "fakes/control/control_port.hpp"

#include <httplib.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/base/log.hpp"
#include "core/http/gated_executor.hpp"
#include "fakes/control/control_calls.hpp"

namespace meshproof::fakes {
namespace asio = boost::asio;

namespace {

constexpr auto read_limit = std::chrono::seconds(5);
constexpr std::size_t body_limit = 1U << 20;
// A connection has a thread while its request comes. Of eight, the library's own number, 64 callers
// that said half of a head kept others waiting for 45 s.
constexpr std::size_t connections_at_once = 128;
constexpr std::string_view description_path = "/openapi.yaml";

/// Whether two texts are the same, in a time that does not tell how far they are.
bool same_secret(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    }
    return difference == 0;
}

/// A thread for each connection at a time, begun where none is idle: a pool of so many from the
/// start does not begin where memory is short, and most control ports have one caller.
class Threads final : public httplib::TaskQueue {
  public:
    void enqueue(std::function<void()> connection) override {
        std::unique_lock lock(mutex_);
        waiting_.push_back(std::move(connection));
        if (idle_ >= waiting_.size() || threads_.size() == connections_at_once || begin_thread() ||
            !threads_.empty()) {
            bell_.notify_one();
            return;
        }
        const auto served_here = std::move(waiting_.back());
        waiting_.pop_back();
        lock.unlock();
        served_here();
    }

    void shutdown() override {
        {
            const std::scoped_lock lock(mutex_);
            ended_ = true;
        }
        bell_.notify_all();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

  private:
    bool begin_thread() {
        try {
            threads_.emplace_back([this] { serve(); });
            return true;
        } catch (const std::system_error&) {  // there is no room for another
            return false;
        }
    }

    void serve() {
        std::unique_lock lock(mutex_);
        while (true) {
            ++idle_;
            bell_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
            --idle_;
            if (waiting_.empty()) {
                return;
            }
            const auto connection = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            connection();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable bell_;
    std::deque<std::function<void()>> waiting_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool ended_ = false;
};

/// One answer on its way from the event loop to the thread that waits for it.
struct Pending {
    std::optional<ControlReply> reply;
};

}  // namespace

struct ControlPort::State {
    State(asio::any_io_executor loop, ControlSubject all, Duration limit, Secret shown)
        : executor(std::move(loop)),
          subject(std::move(all)),
          patience(limit),
          token(std::move(shown)) {}

    asio::any_io_executor executor;  ///< ends nothing of ours once `gate` is closed
    ControlSubject subject;
    Duration patience;
    const Secret token;  ///< empty = none is asked for
    std::shared_ptr<http::Gate> gate = std::make_shared<http::Gate>(http::Gate::open);
    http::Url url;
    httplib::Server server;
    std::thread thread;

    std::mutex mutex;  ///< guards the two below and every Pending
    std::condition_variable changed;
    bool stopping = false;

    static Task<void> run(std::shared_ptr<State> state, std::shared_ptr<Pending> pending,
                          const ControlCall& call, ControlAsk ask) {
        ControlReply reply;
        try {
            reply = co_await call.run(state->subject, std::move(ask));
        } catch (const std::exception& error) {
            reply = refused(500, error.what());
        }
        const std::scoped_lock lock(state->mutex);
        pending->reply = std::move(reply);
        state->changed.notify_all();
    }

    /// Runs a call on the event loop, and waits for it. Any thread but the loop's.
    static ControlReply on_loop(const std::shared_ptr<State>& state, const ControlCall& call,
                                ControlAsk ask) {
        const auto pending = std::make_shared<Pending>();
        asio::post(state->executor, [state, pending, &call, ask = std::move(ask)]() mutable {
            asio::co_spawn(state->executor, run(state, pending, call, std::move(ask)),
                           asio::detached);
        });
        std::unique_lock lock(state->mutex);
        state->changed.wait_for(lock, state->patience,
                                [&] { return pending->reply.has_value() || state->stopping; });
        if (pending->reply) {
            return std::move(*pending->reply);
        }
        return state->stopping
                   ? refused(503, "the servers are stopping")
                   : refused(504, fmt::format("the servers' event loop was busy for {}; the "
                                              "request may still be carried out",
                                              human_duration(state->patience)));
    }

    static void answer(httplib::Response& response, const ControlReply& reply) {
        response.status = reply.status;
        response.set_content(
            reply.body.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
            "application/json");
    }

    /// A page in somebody's browser must not govern a server on his machine.
    static bool comes_from_here(const httplib::Request& request) {
        const auto host = request.get_header_value("Host");
        const auto name = host.substr(0, host.rfind(':'));
        return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
    }

    /// What refuses a request whatever it asks for. A token replaces the rule on hosts: pages do
    /// not have it, and the port may have any name.
    [[nodiscard]] std::optional<ControlReply> refusal(const httplib::Request& request) const {
        if (request.has_header("Origin") || (token.empty() && !comes_from_here(request))) {
            return refused(403, "only programs on this machine may ask");
        }
        const bool open = request.path == "/health" || request.path == description_path;
        if (!token.empty() && !open &&
            !same_secret(request.get_header_value("Authorization"), "Bearer " + token.reveal())) {
            return refused(401,
                           "expected the header Authorization: Bearer TOKEN with the token "
                           "of this control port");
        }
        return std::nullopt;
    }

    static void set_limits(httplib::Server& server) {
        // The library's own choice, SO_REUSEPORT, lets two programs share a port and its callers.
        server.set_socket_options([](int socket) {
            const int yes = 1;
            (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        });
        server.set_keep_alive_max_count(std::numeric_limits<std::uint32_t>::max());
        server.new_task_queue = [] { return new Threads; };
        server.set_keep_alive_timeout(1);  // what waits holds one of the threads
        server.set_read_timeout(read_limit);
        server.set_payload_max_length(body_limit);
    }

    /// What is answered before the library reads the body.
    static bool answered_early(const std::shared_ptr<State>& state, const httplib::Request& request,
                               httplib::Response& response) {
        if (!state) {
            answer(response, refused(503, "the servers are stopping"));
            return true;
        }
        if (const auto refusal = state->refusal(request)) {
            answer(response, *refusal);
            if (refusal->status == 401) {
                response.set_header("WWW-Authenticate", "Bearer");
            }
            return true;
        }
        // The library would wait for the body of a POST whose length is not told, as of
        // `curl -X POST`: it has none (RFC 9112 6.3).
        if (request.method == "POST" && !request.has_header("Content-Length") &&
            !request.has_header("Transfer-Encoding")) {
            const auto call = std::ranges::find_if(control_calls(), [&](const auto& one) {
                return one.method == request.method && one.path == request.path;
            });
            if (call != control_calls().end()) {
                answer(response, on_loop(state, *call, {}));
                return true;
            }
        }
        return false;
    }

    static void explain(const httplib::Request& request, httplib::Response& response) {
        if (!response.body.empty()) {
            return;
        }
        const bool known = request.path == description_path ||
                           std::ranges::any_of(control_calls(), [&](const auto& call) {
                               return call.path == request.path;
                           });
        const auto status = response.status == 404 && known ? 405 : response.status;
        answer(response, refused(status, status == 404 ? "no such path: /openapi.yaml tells of all"
                                         : status == 405 ? "no such method here"
                                                         : "the request is wrong"));
    }

    static void carry_out(const std::shared_ptr<State>& state, const ControlCall& call,
                          const httplib::Request& request, httplib::Response& response) {
        if (!state) {
            return;
        }
        ControlAsk ask;
        for (const auto& [name, value] : request.params) {
            ask.query.emplace(name, value);
        }
        ask.body = request.body;
        answer(response, on_loop(state, call, std::move(ask)));
    }

    /// The server lives in the state: it must not keep it alive.
    static void set_handlers(httplib::Server& server, std::weak_ptr<State> weak) {
        server.set_pre_routing_handler(
            [weak](const httplib::Request& request, httplib::Response& response) {
                using Outcome = httplib::Server::HandlerResponse;
                return answered_early(weak.lock(), request, response) ? Outcome::Handled
                                                                      : Outcome::Unhandled;
            });
        server.set_error_handler(explain);
        server.Get(std::string(description_path),
                   [](const httplib::Request& /*request*/, httplib::Response& response) {
                       response.set_content(control_api_yaml.data(), control_api_yaml.size(),
                                            "application/yaml");
                   });
        for (const auto& call : control_calls()) {
            const auto handle = [weak, &call](const httplib::Request& request,
                                              httplib::Response& response) {
                carry_out(weak.lock(), call, request, response);
            };
            if (call.method == "GET") {
                server.Get(call.path, handle);
            } else if (call.method == "PUT") {
                server.Put(call.path, handle);
            } else if (call.method == "POST") {
                server.Post(call.path, handle);
            } else {
                server.Delete(call.path, handle);
            }
        }
    }
};

ControlPort::ControlPort(std::shared_ptr<State> state) : state_(std::move(state)) {}

Task<Result<std::unique_ptr<ControlPort>>> ControlPort::start(ListenAddress where,
                                                              FakeServers& servers,
                                                              Journal& journal,
                                                              ControlPortOptions options) {
    http::Url url{"http", where.address, where.port, ""};
    if (!url.loopback() && options.token.empty()) {
        co_return fail(FailureKind::invalid,
                       "without a token the control port takes a loopback address only, not {}",
                       where.address);
    }
    auto state =
        std::make_shared<State>(co_await asio::this_coro::executor,
                                ControlSubject{servers, journal, std::move(options.set_up)},
                                options.patience, std::move(options.token));
    state->executor = http::GatedExecutor(state->executor, state->gate);
    auto& server = state->server;
    State::set_limits(server);
    State::set_handlers(server, state);
    const auto port = where.port != 0
                          ? (server.bind_to_port(where.address, where.port) ? where.port : -1)
                          : server.bind_to_any_port(where.address);
    if (port <= 0) {
        co_return fail(FailureKind::conflict, "cannot listen on {}", url.origin());
    }
    url.port = static_cast<std::uint16_t>(port);
    // Where every address is listened on, this machine's own is the one to tell.
    if (where.address == "0.0.0.0" || where.address == "::") {
        url.host = where.address == "::" ? "::1" : "127.0.0.1";
    }
    state->url = std::move(url);
    state->thread = std::thread([server = &state->server] { server->listen_after_bind(); });
    while (!state->server.is_running()) {
        std::this_thread::yield();  // until it may be stopped
    }
    co_return std::unique_ptr<ControlPort>(new ControlPort(std::move(state)));
}

ControlPort::~ControlPort() {
    {
        const std::scoped_lock lock(state_->mutex);
        state_->stopping = true;
        state_->changed.notify_all();
    }
    state_->server.stop();
    state_->thread.join();
    *state_->gate = http::Gate::closed;
}

http::Url ControlPort::url() const {
    return state_->url;
}

std::vector<ControlRoute> ControlPort::routes() {
    std::vector<ControlRoute> routes{{"GET", std::string(description_path)}};
    for (const auto& call : control_calls()) {
        routes.push_back({call.method, call.path});
    }
    return routes;
}

}  // namespace meshproof::fakes
