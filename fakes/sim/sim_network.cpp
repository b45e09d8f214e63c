#include "fakes/sim/sim_network.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <map>
#include <utility>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/http/gated_executor.hpp"
#include "core/time/signal.hpp"
#include "core/time/within.hpp"
#include "fakes/sim/connections.hpp"

namespace meshproof::fakes {
namespace asio = boost::asio;
namespace {

std::string address_of(const http::Url& url) {
    return fmt::format("{}:{}", lower(url.host), url.port);
}

/// A listening name, its handler and the coroutines that serve there.
struct Host {
    Host(http::ListenSpec its_spec, http::Handler& its_handler, http::Url its_url)
        : spec(std::move(its_spec)), handler(its_handler), url(std::move(its_url)) {}

    /// Starts a coroutine of the host, which ends itself, by cancel() or by stop().
    static std::uint64_t start(const std::shared_ptr<Host>& host, asio::any_io_executor executor,
                               Task<void> work) {
        const auto id = host->next++;
        auto signal = std::make_unique<asio::cancellation_signal>();
        auto slot = signal->slot();
        host->running.emplace(id, std::move(signal));
        asio::co_spawn(asio::any_io_executor(http::GatedExecutor(std::move(executor), host->gate)),
                       std::move(work),
                       asio::bind_cancellation_slot(slot, [host, id](std::exception_ptr error) {
                           MESHPROOF_ASSERT(!error, "a served coroutine lets nothing escape");
                           // The signal outlives this handler, which may run from inside it.
                           auto ended = host->running.extract(id);
                       }));
        return id;
    }
    void cancel(std::uint64_t id) {
        const auto found = running.find(id);
        if (found != running.end() && *gate != http::Gate::closed) {  // else destroyed already
            found->second->emit(asio::cancellation_type::terminal);
        }
    }
    /// As a stopped socket listener does: no statement of the handler runs any more, what waits is
    /// destroyed.
    void stop() {
        if (*gate == http::Gate::closed) {
            return;
        }
        *gate = http::Gate::closing;
        std::vector<std::uint64_t> ids;
        for (const auto& [id, signal] : running) {
            ids.push_back(id);
        }
        std::ranges::for_each(ids, [this](std::uint64_t id) { cancel(id); });
        *gate = http::Gate::closed;
    }

    http::ListenSpec spec;
    http::Handler& handler;
    http::Url url;
    std::shared_ptr<http::Gate> gate = std::make_shared<http::Gate>(http::Gate::open);
    std::map<std::uint64_t, std::unique_ptr<asio::cancellation_signal>> running;
    std::uint64_t next = 0;
};

struct Wire {
    http::Url url, upstream;
    http::LinkMode mode = http::LinkMode::pass;
    bool gone = false;
};

/// What the seed says about one round trip.
struct Fate {
    Duration outward{}, homeward{};
    bool refused = false, reset_before = false, reset_after = false, stalled = false;
    std::uint64_t stream_seed = 0;
};

/// One request on its way: shared by the caller's side and the server's side, which may outlive
/// each other.
struct RoundTrip {
    struct Piece {
        Time arrives;
        std::optional<std::string> text;  ///< nothing = the clean end
    };
    std::vector<std::shared_ptr<Wire>> wires;
    std::shared_ptr<Host> host;  ///< set once the request is there
    bool streaming = false;
    bool closed = false;  ///< the connection broke
    bool waiting = true;  ///< the caller is still there
    std::optional<http::Response> response;
    std::exception_ptr error;  ///< what the handler threw (CannotGoOn); `closed` as well
    std::deque<Piece> pieces;
    std::optional<std::uint64_t> pump;  ///< the host's coroutine that delivers a stream's pieces
    Signal changed;

    void close() {
        closed = true;
        if (pump) {
            host->cancel(*pump);
        }
        changed.notify_all();
    }
    [[nodiscard]] bool stalled() const {
        return std::ranges::any_of(
            wires, [](const auto& wire) { return wire->mode == http::LinkMode::stall; });
    }
};

bool is_cancellation(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

struct Net {
    Net(SimClock& its_clock, Prng its_prng, FaultPlan its_plan)
        : clock(its_clock), prng(std::move(its_prng)), plan(its_plan) {}

    SimClock& clock;
    Prng prng;
    FaultPlan plan;
    Connections connections;
    std::map<std::string, std::shared_ptr<Host>> hosts;          ///< by name:port
    std::map<std::string, std::shared_ptr<Wire>> wires;          ///< by name:port
    std::map<std::pair<std::string, std::string>, Prng> chance;  ///< by caller and address
    struct Kept {
        std::size_t served = 0;
        std::string host_address;
    };
    std::map<std::pair<std::string, std::string>, Kept>
        kept;  ///< connections, one for each caller and address
    std::map<std::uint64_t, std::weak_ptr<RoundTrip>> trips;  ///< in order of their start
    std::uint64_t next_trip = 0;

    // Always the same number of draws, so that a changed plan shifts nobody's stream.
    Fate draw(const std::string& caller, const std::string& address) {
        auto found = chance.find({caller, address});
        if (found == chance.end()) {
            found = chance
                        .emplace(std::pair(caller, address),
                                 prng.fork(fmt::format("{} > {}", caller, address)))
                        .first;
        }
        auto& stream = found->second;
        Fate fate;
        fate.outward = stream.between(plan.min_delay, plan.max_delay);
        fate.homeward = stream.between(plan.min_delay, plan.max_delay);
        fate.refused = stream.chance(plan.refuse);
        fate.reset_before = stream.chance(plan.reset_before);
        fate.reset_after = stream.chance(plan.reset_after);
        fate.stalled = stream.chance(plan.stall);
        fate.stream_seed = stream.next();
        return fate;
    }

    // The links that stand between the caller and the host, in order; `address` becomes the host's.
    std::vector<std::shared_ptr<Wire>> wires_before(std::string& address) const {
        std::vector<std::shared_ptr<Wire>> out;
        for (auto found = wires.find(address); found != wires.end(); found = wires.find(address)) {
            out.push_back(found->second);
            address = address_of(found->second->upstream);
        }
        return out;
    }

    template <class Predicate>
    void close_trips(Predicate predicate) {
        std::vector<std::shared_ptr<RoundTrip>> chosen;
        for (const auto& [id, weak] : trips) {
            if (auto trip = weak.lock(); trip && predicate(*trip)) {
                chosen.push_back(std::move(trip));
            }
        }
        for (const auto& trip : chosen) {
            trip->close();
        }
    }
    void cut(const std::shared_ptr<Wire>& wire) {
        forget_kept(address_of(wire->url));
        connections.forget(address_of(wire->url));
        close_trips([&](const RoundTrip& trip) {
            return std::ranges::find(trip.wires, wire) != trip.wires.end();
        });
    }
    void drop(const std::shared_ptr<Host>& host) {
        forget_kept(address_of(host->url));
        connections.forget(address_of(host->url));
        close_trips([&](const RoundTrip& trip) { return trip.host == host; });
    }
    void forget_kept(const std::string& address) {
        std::erase_if(kept, [&](const auto& entry) {
            return entry.first.second == address || entry.second.host_address == address;
        });
    }
    void wake_all() const {
        for (const auto& [id, weak] : trips) {
            if (const auto trip = weak.lock()) {
                trip->changed.notify_all();
            }
        }
    }
};

/// Keeps a round trip known to the network for as long as its caller cares.
class InFlight {
  public:
    InFlight(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip)
        : state_(std::move(state)), trip_(std::move(trip)), id_(state_->next_trip++) {
        state_->trips.emplace(id_, trip_);
    }
    ~InFlight() {
        trip_->waiting = false;
        state_->trips.erase(id_);
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

  private:
    std::shared_ptr<Net> state_;
    std::shared_ptr<RoundTrip> trip_;
    std::uint64_t id_;
};

// The server's side of a round trip: goes on when the caller has given up.
Task<void> serve(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip, http::Request request,
                 http::Peer peer) {
    const bool head = request.method == "HEAD";
    std::exception_ptr error;
    try {
        auto response = co_await trip->host->handler.handle(std::move(request), std::move(peer));
        if (response.source && !trip->streaming) {
            const auto source = std::exchange(response.source, nullptr);
            while (auto piece = co_await source->next(state->clock)) {
                response.body += *piece;
            }
        }
        if (head) {
            response.body.clear();
        }
        trip->response = std::move(response);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        trip->closed = true;
        if (!is_cancellation(error)) {
            trip->error = error;  // the caller's side throws it
            MESHPROOF_ASSERT(trip->waiting, "a handler threw and its caller was gone");
        }
    }
    trip->changed.notify_all();
}

// Moves the pieces of an endless body. Each is delayed, and none overtakes another.
Task<void> pump_pieces(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip,
                       std::shared_ptr<http::BodySource> source, Prng chance) {
    Time last = state->clock.now();
    bool more = true;
    std::exception_ptr error;
    while (more) {
        std::optional<std::string> piece;
        try {
            piece = co_await source->next(state->clock);
        } catch (...) {
            error = std::current_exception();
        }
        if (error) {
            if (!is_cancellation(error)) {
                trip->error = error;
            }
            trip->closed = true;
            more = false;
        } else {
            last = std::max(last, state->clock.now() +
                                      chance.between(state->plan.min_delay, state->plan.max_delay));
            more = piece.has_value();
            trip->pieces.push_back({last, std::move(piece)});
        }
        trip->changed.notify_all();
    }
}

// Waits while a link on the way holds everything back; fails when the connection breaks.
Task<Result<void>> pass_links(std::shared_ptr<RoundTrip> trip, std::string address) {
    while (!trip->closed && trip->stalled()) {
        co_await trip->changed.wait();
    }
    if (trip->closed) {
        co_return fail(FailureKind::closed, "connection to {} closed", address);
    }
    co_return Result<void>();
}

tl::unexpected<Failure> closed_by(const std::string& address) {
    return fail(FailureKind::closed, "connection to {} closed", address);
}

Connections::Ends ends_of(const http::Endpoint& endpoint, const std::string& host_address) {
    return {endpoint.connections.empty() ? endpoint.caller : endpoint.connections,
            address_of(endpoint.url), host_address, endpoint.reuse, !endpoint.connections.empty()};
}

// Finds the host and shakes hands. On success the trip has its host.
Result<http::Peer> arrive(Net& state, RoundTrip& trip, const http::Endpoint& endpoint,
                          const std::string& host_address) {
    const auto address = address_of(endpoint.url);
    for (const auto& wire : trip.wires) {
        if (wire->gone || wire->mode == http::LinkMode::refuse) {
            return fail(FailureKind::unreachable, "connection to {} refused", address);
        }
    }
    const auto found = state.hosts.find(host_address);
    if (found == state.hosts.end()) {
        return fail(FailureKind::unreachable, "connection to {} refused", address);
    }
    const auto& spec = found->second->spec;
    const bool https = endpoint.url.scheme == "https";
    if (https && !spec.tls) {
        return fail(FailureKind::tls, "{} does not speak TLS", address);
    }
    if (!https && spec.tls) {
        return closed_by(address);
    }
    http::Peer peer{endpoint.caller, std::nullopt};
    if (endpoint.reuse && !endpoint.fresh) {
        const auto kept = state.kept.find({endpoint.caller, address});
        peer.served = kept == state.kept.end() ? 0 : kept->second.served;
    }
    if (https) {
        auto client = endpoint.tls;
        auto server = spec.party();
        if (spec.reception && peer.served == 0) {
            auto reception = spec.reception(peer);
            if (reception.alert) {
                return fail(FailureKind::tls, "{} refused the handshake with alert {}", address,
                            static_cast<unsigned>(*reception.alert));
            }
            if (reception.identity) {
                server.identity = std::move(reception.identity);
            }
        }
        if (client.server_name.empty() && !client.decides_who() && client.verify_peer) {
            client.server_name = endpoint.url.host;
        }
        client.at = client.at.value_or(state.clock.now());
        server.at = server.at.value_or(state.clock.now());
        auto shown = state.connections.connect(ends_of(endpoint, host_address), client, server);
        if (!shown) {
            return propagate(shown);
        }
        peer.certificate = std::move(shown->certificate);
        peer.chain = std::move(shown->chain);
        peer.bad_certificate = shown->worthless;
    }
    trip.host = found->second;
    return peer;
}

// The way to the host, its handshake, and what fate has before the host sees the request.
Task<Result<http::Peer>> reach(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip,
                               const http::Endpoint& endpoint, std::string host_address,
                               Fate fate) {
    const auto address = address_of(endpoint.url);
    co_await state->clock.sleep_for(fate.outward);
    const auto passed = co_await pass_links(trip, address);
    if (!passed) {
        co_return propagate(passed);
    }
    if (fate.refused) {
        co_return fail(FailureKind::unreachable, "connection to {} refused", address);
    }
    auto peer = arrive(*state, *trip, endpoint, host_address);
    if (!peer) {
        co_return propagate(peer);
    }
    if (fate.reset_before) {
        co_return closed_by(address);
    }
    while (fate.stalled && !trip->closed) {
        co_await trip->changed.wait();
    }
    if (trip->closed) {
        co_return closed_by(address);
    }
    co_return peer;
}

// The host's work on the request. A kept connection that the server closes at the next request is
// made anew, and a request that changes nothing is tried again, as a socket client does.
Task<Result<void>> have_served(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip,
                               const http::Endpoint& endpoint, std::string host_address,
                               http::Request request, http::Peer peer) {
    const std::pair who(endpoint.caller, address_of(endpoint.url));
    for (bool again = true; again;) {
        const bool was_kept = peer.served > 0;
        // NOLINTBEGIN(bugprone-use-after-move): once moved, there is no other round
        Host::start(trip->host, co_await asio::this_coro::executor,
                    serve(state, trip, was_kept ? request : std::move(request), peer));
        // NOLINTEND(bugprone-use-after-move)
        while (!trip->response && !trip->closed) {
            co_await trip->changed.wait();
        }
        if (trip->closed) {
            state->kept.erase(who);
            co_return closed_by(who.second);
        }
        again = was_kept && http::repeatable(request.method) &&
                (trip->response->broken == http::Break::unanswered ||
                 trip->response->broken == http::Break::before);
        if (trip->response->broken != http::Break::none) {
            state->kept.erase(who);
            state->connections.end(ends_of(endpoint, host_address));
        }
        if (again) {
            trip->response.reset();
            auto anew = arrive(*state, *trip, endpoint, host_address);
            if (!anew) {
                co_return propagate(anew);
            }
            peer = std::move(*anew);
        }
    }
    co_return Result<void>();
}

// The way home. Whether the connection is kept, and whether the answer arrives at all.
Task<Result<http::Response>> bring_home(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip,
                                        const http::Endpoint& endpoint, std::string host_address,
                                        Fate fate) {
    const auto address = address_of(endpoint.url);
    co_await state->clock.sleep_for(fate.homeward);
    const auto passed = co_await pass_links(trip, address);
    if (!passed) {
        co_return propagate(passed);
    }
    const std::pair who(endpoint.caller, address);
    const auto broken = trip->response->broken;
    // What goes over a connection of its own says nothing of the one that is kept.
    if (endpoint.reuse && broken == http::Break::none && !endpoint.last && !fate.reset_after) {
        auto& kept = state->kept[who];
        kept.served += 1;
        kept.host_address = host_address;
    } else if (endpoint.reuse) {
        state->kept.erase(who);
        state->connections.end(ends_of(endpoint, host_address));
    }
    const bool arrives = broken == http::Break::none || broken == http::Break::after ||
                         (broken == http::Break::during && trip->streaming);
    if (fate.reset_after || !arrives) {
        co_return closed_by(address);
    }
    co_return std::move(*trip->response);
}

// The caller's side, up to the answer's head. Runs under the caller's deadline.
Task<Result<http::Response>> carry(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip,
                                   http::Endpoint endpoint, http::Request request, Fate fate) {
    auto host_address = address_of(endpoint.url);
    const auto began = state->clock.elapsed();
    trip->wires = state->wires_before(host_address);
    auto peer = co_await reach(state, trip, endpoint, host_address, fate);
    if (!peer) {
        co_return propagate(peer);
    }
    if (request.body.size() > trip->host->spec.body_limit) {
        http::Response too_large;
        too_large.status = 413;
        co_return too_large;
    }
    if (!request.headers.find("Host")) {
        request.headers.set("Host", fmt::format("{}:{}", endpoint.url.host, endpoint.url.port));
    }
    const bool opened = peer->served == 0;
    const auto served = co_await have_served(state, trip, endpoint, host_address,
                                             std::move(request), std::move(*peer));
    if (!served) {
        co_return propagate(served);
    }
    auto answer = co_await bring_home(state, trip, endpoint, host_address, fate);
    if (answer) {
        // To connect and to shake hands takes no time on this wire.
        answer->times = {};
        answer->times.opened = opened;
        answer->times.first_byte = state->clock.elapsed() - began;
    }
    co_return answer;
}

class SimStream final : public http::Stream {
  public:
    SimStream(std::shared_ptr<Net> state, std::shared_ptr<RoundTrip> trip,
              std::unique_ptr<InFlight> in_flight, std::string address, http::Response head)
        : state_(std::move(state)),
          trip_(std::move(trip)),
          in_flight_(std::move(in_flight)),
          address_(std::move(address)),
          head_(std::move(head)) {}
    ~SimStream() override { trip_->close(); }

    [[nodiscard]] const http::Response& head() const override { return head_; }

    [[nodiscard]] Task<Result<std::optional<std::string>>> next() override {
        while (trip_->pieces.empty() && !trip_->closed) {
            co_await trip_->changed.wait();
        }
        if (trip_->error) {
            std::rethrow_exception(trip_->error);
        }
        if (!trip_->closed && trip_->pieces.front().arrives > state_->clock.now()) {
            co_await state_->clock.sleep_until(trip_->pieces.front().arrives);
        }
        const auto passed = co_await pass_links(trip_, address_);
        if (!passed) {
            co_return propagate(passed);
        }
        auto text = std::move(trip_->pieces.front().text);
        if (text) {  // the end stays, for whoever asks again
            trip_->pieces.pop_front();
        }
        co_return text;
    }

  private:
    std::shared_ptr<Net> state_;
    std::shared_ptr<RoundTrip> trip_;
    std::unique_ptr<InFlight> in_flight_;
    std::string address_;
    http::Response head_;
};

class SimListener final : public http::Listener {
  public:
    SimListener(std::weak_ptr<Net> state, std::shared_ptr<Host> host)
        : state_(std::move(state)), host_(std::move(host)) {}
    ~SimListener() override {
        if (const auto state = state_.lock()) {
            state->hosts.erase(address_of(host_->url));
            state->drop(host_);
        }
        host_->stop();
    }
    [[nodiscard]] http::Url url() const override { return host_->url; }
    void drop_connections() override {
        if (const auto state = state_.lock()) {
            state->drop(host_);
        }
    }

  private:
    std::weak_ptr<Net> state_;
    std::shared_ptr<Host> host_;
};

class SimLink final : public http::Link {
  public:
    SimLink(std::weak_ptr<Net> state, std::shared_ptr<Wire> wire)
        : state_(std::move(state)), wire_(std::move(wire)) {}
    ~SimLink() override {
        wire_->gone = true;
        if (const auto state = state_.lock()) {
            state->wires.erase(address_of(wire_->url));
            state->cut(wire_);
        }
    }
    [[nodiscard]] http::Url url() const override { return wire_->url; }
    void set(http::LinkMode mode) override {
        wire_->mode = mode;
        const auto state = state_.lock();
        if (!state) {
            return;
        }
        if (mode == http::LinkMode::refuse) {
            state->cut(wire_);
        } else {
            state->wake_all();
        }
    }
    void cut() override {
        if (const auto state = state_.lock()) {
            state->cut(wire_);
        }
    }
    [[nodiscard]] http::LinkMode mode() const override { return wire_->mode; }

  private:
    std::weak_ptr<Net> state_;
    std::shared_ptr<Wire> wire_;
};

}  // namespace

struct SimNetwork::State final : Net {
    using Net::Net;
};

SimNetwork::SimNetwork(SimClock& clock, Prng prng, FaultPlan plan)
    : state_(std::make_shared<State>(clock, std::move(prng), plan)) {}

SimNetwork::~SimNetwork() {
    for (const auto& [address, host] : state_->hosts) {
        host->stop();
    }
    state_->close_trips([](const RoundTrip&) { return true; });
}

Task<Result<http::Response>> SimNetwork::send(http::Endpoint endpoint, http::Request request) {
    const auto state = state_;
    const auto trip = std::make_shared<RoundTrip>();
    const InFlight in_flight(state, trip);
    const auto limit = endpoint.timeout;
    const auto fate = state->draw(endpoint.caller, address_of(endpoint.url));
    const auto origin = endpoint.url.origin();
    auto work = carry(state, trip, std::move(endpoint), std::move(request), fate);
    auto answer = co_await within(state->clock, limit, std::move(work));
    if (trip->error) {
        std::rethrow_exception(trip->error);
    }
    if (!answer && answer.error().kind == FailureKind::timed_out) {
        co_return propagate(answer, origin);
    }
    co_return answer;
}

Task<Result<std::unique_ptr<http::Stream>>> SimNetwork::open(http::Endpoint endpoint,
                                                             http::Request request) {
    const auto state = state_;
    const auto trip = std::make_shared<RoundTrip>();
    trip->streaming = true;
    auto in_flight = std::make_unique<InFlight>(state, trip);
    const auto limit = endpoint.timeout;
    const auto address = address_of(endpoint.url);
    const auto origin = endpoint.url.origin();
    const auto fate = state->draw(endpoint.caller, address);
    auto work = carry(state, trip, std::move(endpoint), std::move(request), fate);
    auto answer = co_await within(state->clock, limit, std::move(work));
    if (trip->error) {
        std::rethrow_exception(trip->error);
    }
    if (!answer) {
        if (answer.error().kind == FailureKind::timed_out) {
            co_return propagate(answer, origin);
        }
        co_return propagate(answer);
    }
    auto source = std::exchange(answer->source, nullptr);
    auto body = std::exchange(answer->body, {});
    if (!body.empty()) {
        trip->pieces.push_back({state->clock.now(), std::move(body)});
    }
    if (source) {
        auto pump = pump_pieces(state, trip, std::move(source), Prng(fate.stream_seed));
        trip->pump = Host::start(trip->host, co_await asio::this_coro::executor, std::move(pump));
    } else {
        trip->pieces.push_back({state->clock.now(), std::nullopt});
    }
    if (answer->broken == http::Break::during) {
        trip->close();
    }
    std::unique_ptr<http::Stream> stream =
        std::make_unique<SimStream>(state, trip, std::move(in_flight), address, std::move(*answer));
    co_return stream;
}

Task<Result<std::unique_ptr<http::Listener>>> SimNetwork::listen(http::ListenSpec spec,
                                                                 http::Handler& handler) {
    MESHPROOF_ASSERT(!spec.name.empty(), "a simulated host needs a name");
    MESHPROOF_ASSERT(!spec.tls || spec.party, "{} listens with TLS and has no party", spec.name);
    http::Url url;
    url.scheme = spec.tls ? "https" : "http";
    url.host = spec.name;
    const std::uint16_t usual = spec.tls ? 443 : 80;
    url.port = spec.port != 0 ? spec.port : usual;
    const auto address = address_of(url);
    MESHPROOF_ASSERT(!state_->hosts.contains(address) && !state_->wires.contains(address),
                     "{} listens already", address);
    auto host = std::make_shared<Host>(std::move(spec), handler, std::move(url));
    state_->hosts.emplace(address, host);
    std::unique_ptr<http::Listener> listener =
        std::make_unique<SimListener>(state_, std::move(host));
    co_return listener;
}

Task<Result<std::unique_ptr<http::Link>>> SimNetwork::open_link(http::Url upstream,
                                                                std::string name) {
    auto wire = std::make_shared<Wire>();
    wire->upstream = upstream;
    wire->url = std::move(upstream);
    wire->url.host = std::move(name);
    const auto address = address_of(wire->url);
    MESHPROOF_ASSERT(!state_->hosts.contains(address) && !state_->wires.contains(address),
                     "{} stands already", address);
    state_->wires.emplace(address, wire);
    std::unique_ptr<http::Link> link = std::make_unique<SimLink>(state_, std::move(wire));
    co_return link;
}

void SimNetwork::drop_idle() {
    state_->kept.clear();
    state_->connections.forget();
}
void SimNetwork::set_plan(FaultPlan plan) {
    state_->plan = plan;
}
std::uint64_t SimNetwork::handshakes() const {
    return state_->connections.handshakes();
}

}  // namespace meshproof::fakes
