// The link of BeastTransport: a TCP proxy that can stop passing things on.
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include "core/base/log.hpp"
#include "core/http/beast_transport.hpp"
#include "core/http/wire.hpp"
#include "core/time/signal.hpp"

namespace meshproof::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// A socket bound to 127.0.0.1:port.
Result<tcp::acceptor> bind_to(const asio::any_io_executor& executor, std::uint16_t port) {
    tcp::acceptor acceptor(executor);
    const tcp::endpoint wanted(asio::ip::address_v4::loopback(), port);
    error_code error;
    acceptor.open(wanted.protocol(), error);
    // Not SO_REUSEADDR: with that, others that set it too could take a port whose holder does not
    // listen.
    if (!error) {
        acceptor.set_option(ReusePort(true), error);
    }
    if (!error) {
        acceptor.bind(wanted, error);
    }
    if (error) {
        return fail(FailureKind::unreachable, "cannot bind 127.0.0.1:{}: {}", port,
                    error.message());
    }
    return acceptor;
}

/// One connection through the link: the client's side and ours to the upstream.
struct Passage {
    Passage(tcp::socket from, const asio::any_io_executor& executor,
            const std::shared_ptr<OpenSet>& set)
        : client(std::move(from), set), upstream(tcp::socket(executor), set) {}
    Wire client, upstream;

    /// A reset of one side becomes a reset of the other.
    void reset() {
        client.reset();
        upstream.reset();
    }
    [[nodiscard]] bool is_open() const { return client.is_open(); }
};

/// The state of a link. Its coroutines share it and end when it is closed.
///
/// The port is held by a socket that is bound and never listens. So `refuse` can close the
/// listening socket, and clients get the kernel's own ECONNREFUSED, while nobody else can take the
/// port before `pass` listens again.
class Wireway final : public Closable, public std::enable_shared_from_this<Wireway> {
  public:
    Wireway(asio::any_io_executor executor, tcp::acceptor holder, Url upstream, std::string name,
            std::shared_ptr<OpenSet> set)
        : Closable(std::move(set)),
          executor_(std::move(executor)),
          holder_(std::move(holder)),
          port_(holder_.local_endpoint().port()),
          upstream_(std::move(upstream)),
          name_(std::move(name)) {}

    void close() override {
        error_code ignored;
        holder_.close(ignored);
        stop_listening();
        passages_->close_for_good();
        changed_.notify_all();
    }

    [[nodiscard]] Result<void> start_listening() {
        auto acceptor = bind_to(executor_, port_);
        if (!acceptor) {
            return propagate(acceptor);
        }
        error_code error;
        acceptor->listen(asio::socket_base::max_listen_connections, error);
        if (error) {
            return fail(FailureKind::unreachable, "cannot listen on 127.0.0.1:{}: {}", port_,
                        error.message());
        }
        acceptor_ = std::make_shared<tcp::acceptor>(std::move(*acceptor));
        asio::co_spawn(executor_, accept_all(shared_from_this(), acceptor_), asio::detached);
        return {};
    }

    void set(LinkMode mode) {
        if (passages_->closed() || mode == mode_) {
            return;
        }
        const auto before = std::exchange(mode_, mode);
        if (mode == LinkMode::refuse) {
            stop_listening();
            cut();
        } else if (before == LinkMode::refuse) {
            // The port is ours, so only a lack of descriptors can stop this.
            require(start_listening(), fmt::format("link {}", name_));
        }
        changed_.notify_all();
    }

    void cut() {
        for (const auto& weak : open_passages_) {
            if (const auto passage = weak.second.lock()) {
                passage->reset();
            }
        }
        changed_.notify_all();
    }

    [[nodiscard]] LinkMode mode() const { return mode_; }
    [[nodiscard]] Url url() const {
        // A name that the upstream's certificate holds is kept where it leads to us as well.
        return {upstream_.scheme, upstream_.host == "localhost" ? "localhost" : "127.0.0.1", port_,
                upstream_.path};
    }

  private:
    void stop_listening() {
        if (acceptor_) {
            error_code ignored;
            acceptor_->close(ignored);
            acceptor_ = nullptr;
        }
    }

    static Task<void> accept_all(std::shared_ptr<Wireway> link,
                                 std::shared_ptr<tcp::acceptor> acceptor) {
        while (acceptor->is_open()) {
            error_code error;
            tcp::socket socket(link->executor_);
            co_await acceptor->async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, error));
            if (!error && acceptor->is_open()) {
                const auto passage =
                    std::make_shared<Passage>(std::move(socket), link->executor_, link->passages_);
                asio::co_spawn(link->executor_, carry(link, passage), asio::detached);
            } else if (error && acceptor->is_open()) {
                log::warning(fmt::format("link {}: cannot accept a connection: {}", link->name_,
                                         error.message()));
                link->stop_listening();
            }
        }
    }

    static Task<void> carry(std::shared_ptr<Wireway> link, std::shared_ptr<Passage> passage) {
        using namespace boost::asio::experimental::awaitable_operators;
        const auto id = link->next_passage_++;
        link->open_passages_.emplace(id, passage);
        co_await until_moving(link, passage);
        if (passage->is_open()) {
            const auto dialled = co_await passage->upstream.dial(link->upstream_);
            if (dialled && passage->is_open()) {
                co_await (pump(link, passage, &passage->client, &passage->upstream) &&
                          pump(link, passage, &passage->upstream, &passage->client));
            } else {
                passage->reset();
            }
        }
        link->open_passages_.erase(id);
    }

    /// One direction. `from` and `to` are the two ends of `passage`.
    static Task<void> pump(std::shared_ptr<Wireway> link, std::shared_ptr<Passage> passage,
                           Wire* from, Wire* to) {
        std::vector<char> buffer(64U << 10);
        for (;;) {
            error_code error;
            co_await from->socket().async_wait(tcp::socket::wait_read,
                                               asio::redirect_error(asio::use_awaitable, error));
            co_await until_moving(link, passage);
            const auto moved = co_await from->read_some(buffer);
            if (moved.error == asio::error::eof) {
                to->socket().shutdown(tcp::socket::shutdown_send, error);
                co_return;
            }
            if (moved.error || co_await to->write({buffer.data(), moved.bytes})) {
                passage->reset();
                co_return;
            }
        }
    }

    /// While the link stalls and the passage is open.
    static Task<void> until_moving(std::shared_ptr<Wireway> link,
                                   std::shared_ptr<Passage> passage) {
        while (link->mode_ == LinkMode::stall && passage->is_open()) {
            co_await link->changed_.wait();
        }
    }

    asio::any_io_executor executor_;
    tcp::acceptor holder_;
    std::uint16_t port_;
    Url upstream_;
    std::string name_;
    LinkMode mode_ = LinkMode::pass;
    std::shared_ptr<tcp::acceptor> acceptor_;  // null while it refuses
    std::shared_ptr<OpenSet> passages_ = std::make_shared<OpenSet>();
    std::map<std::uint64_t, std::weak_ptr<Passage>> open_passages_;
    std::uint64_t next_passage_ = 0;
    Signal changed_;
};

class BeastLink final : public Link {
  public:
    explicit BeastLink(std::shared_ptr<Wireway> way) : way_(std::move(way)) {}
    ~BeastLink() override { way_->close(); }
    [[nodiscard]] Url url() const override { return way_->url(); }
    void set(LinkMode mode) override { way_->set(mode); }
    void cut() override { way_->cut(); }
    [[nodiscard]] LinkMode mode() const override { return way_->mode(); }

  private:
    std::shared_ptr<Wireway> way_;
};

Task<Result<std::unique_ptr<Link>>> open_link_to(std::shared_ptr<OpenSet> open, Url upstream,
                                                 std::string name) {
    if (open->closed()) {
        co_return fail(FailureKind::cancelled, "the transport has ended");
    }
    const auto executor = co_await asio::this_coro::executor;
    auto holder = bind_to(executor, 0);
    if (!holder) {
        co_return propagate(holder, fmt::format("link {}", name));
    }
    const auto way = std::make_shared<Wireway>(executor, std::move(*holder), std::move(upstream),
                                               name, std::move(open));
    if (const auto listening = way->start_listening(); !listening) {
        co_return propagate(listening, fmt::format("link {}", name));
    }
    co_return std::make_unique<BeastLink>(way);
}

}  // namespace

Task<Result<std::unique_ptr<Link>>> BeastTransport::open_link(Url upstream, std::string name) {
    return open_link_to(open_, std::move(upstream), std::move(name));
}

}  // namespace meshproof::http
