#pragma once

#include "core/http/transport.hpp"

namespace meshproof::http {

class ConnectionPool;
class Deadlines;
class OpenSet;

/// The wire made of real sockets: HTTP/1.1 over TCP, with or without TLS. One event loop, no locks.
///
/// The clock must be a real one (it bounds real waiting) and, like the io_context, outlives the
/// transport. Destroying the transport closes everything that it opened; calls in flight end with
/// `cancelled` or `closed`.
///
/// Stopping a service: from the moment at which a Listener (or the transport) is destroyed, no
/// statement of its Handler runs any more. A call in flight is never resumed; its coroutine is
/// destroyed, in the next turns of the loop or with the io_context. So the locals of a handler's
/// coroutine must not touch the Handler in their destructors, and then the Handler may be destroyed
/// right after the Listener.
class BeastTransport final : public Transport {
  public:
    explicit BeastTransport(Clock& clock);
    ~BeastTransport() override;

    [[nodiscard]] Task<Result<Response>> send(Endpoint endpoint, Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> open(Endpoint endpoint,
                                                             Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<Listener>>> listen(ListenSpec spec,
                                                                 Handler& handler) override;
    [[nodiscard]] Task<Result<std::unique_ptr<Link>>> open_link(Url upstream,
                                                                std::string name) override;
    void drop_idle() override;

  private:
    Clock& clock_;
    std::shared_ptr<OpenSet> open_;  // all that must end with the transport
    std::shared_ptr<ConnectionPool> pool_;
    std::shared_ptr<Deadlines> deadlines_;  // of requests under way
};

}  // namespace meshproof::http
