#include "perf/load/generator.hpp"

#include <deque>

#include "core/time/prng.hpp"
#include "core/time/task_group.hpp"
#include "perf/load/processor.hpp"
#include "perf/load/troubles.hpp"

namespace meshproof::load {
namespace {

constexpr Duration tick = std::chrono::microseconds(500);
/// How often the generator looks up where little is due: stops and seconds are noticed then.
constexpr Duration glance = std::chrono::milliseconds(50);
constexpr Duration grace = std::chrono::seconds(2);

/// One transaction under way.
struct Trip {
    std::size_t index = 0;
    Duration intended{}, sent{};
    bool measured = true;  ///< not of the warming up
};

void record_once(StageTimes& stage, Duration time) {
    stage.response.record(time);
    stage.service.record(time);
}

/// When the first transaction is due after a quarter of the plan: what is under way and what
/// answers cost have grown to what they stay by then. A moment of the schedule, so that as many
/// are due in the rest as its rate says.
Duration settling_end(const Arrivals& arrivals) {
    const auto planned = arrivals.end() - arrivals.measured_from();
    const auto quarter = arrivals.measured_from() + part_of(planned, 0.25);
    std::size_t first = 0;
    for (auto behind = arrivals.count(); behind > 0;) {
        const auto half = behind / 2;
        if (arrivals.at(first + half) < quarter) {
            first += half + 1;
            behind -= half + 1;
        } else {
            behind = half;
        }
    }
    return first < arrivals.count() ? arrivals.at(first) : quarter;
}

/// One load on one event loop.
class Generator {
  public:
    explicit Generator(Supplies supplies)
        : s_(std::move(supplies)),
          clock_(s_.environment.clock()),
          began_(clock_.elapsed()),
          chance_(Prng(s_.seed).fork("verify")),
          troubles_(s_.asked),
          abort_(s_.options.abort) {
        measured_.timeline = stats::Timeline(s_.arrivals.end());
        asked_until_ = s_.arrivals.end();
        settled_from_ = settling_end(s_.arrivals);
        if (s_.live != nullptr) {
            s_.live->attach([this] { return figures(); });
        }
        if (s_.path.addresses().size() > 1) {
            for (const auto& one : s_.path.addresses()) {
                measured_.addresses.emplace_back().address = one.url.origin();
            }
        }
    }

    ~Generator() { stop_telling(); }
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;

    Task<Measured> run();

  private:
    [[nodiscard]] Duration now() const { return clock_.elapsed() - began_; }
    [[nodiscard]] bool stopped() const {
        return s_.stopping != nullptr && s_.stopping->requested();
    }
    /// Nobody was sent away early, and some have waited since the end of asking.
    [[nodiscard]] bool queue_drains() const {
        return measured_.ended == Ended::planned && !queue_.empty();
    }
    [[nodiscard]] Duration settled_until() const {
        return queue_.empty() ? std::max(asked_until_, none_waits_since_) : now();
    }
    [[nodiscard]] bool wants_to_end();
    void end_early(Ended how, std::string why);

    Task<void> send_what_is_due();
    Task<void> drain();
    Task<void> dispatch(std::size_t index);
    Task<void> connection(std::size_t index, bool waited);
    Task<void> transaction(std::size_t index, bool waited);
    Task<std::optional<Refused>> play(const Trip& trip);
    Task<std::optional<Refused>> login_and_sign(const Trip& trip);
    void note_wire(const Trip& trip, const std::optional<http::ExchangeTimes>& times);
    void note_stage(const Trip& trip, const char* stage, Duration since, Duration response_since);
    void note_end(const Trip& trip, const std::optional<Refused>& refused);
    /// `since`: when the signature was asked for.
    void take_answer(std::size_t index, std::string body, Duration since);
    /// The figures of the transaction's address, or null where there is but one.
    [[nodiscard]] AddressFigures* figures_of(std::size_t index) {
        return measured_.addresses.empty() ? nullptr
                                           : &measured_.addresses[s_.path.address_of(index)];
    }
    void count_unfinished();
    void count_unfinished(std::size_t index, Duration response, std::optional<Duration> service);
    void each_second();
    void tell();
    [[nodiscard]] LiveFigures figures() const;
    void stop_telling() {
        if (s_.live != nullptr) {
            s_.live->detach();
        }
    }

    Supplies s_;
    Clock& clock_;
    Duration began_;
    Prng chance_;
    Troubles troubles_;
    AbortWatch abort_;
    Measured measured_;
    TaskGroup connections_;
    std::size_t next_ = 0;
    std::deque<std::size_t> queue_;
    std::map<std::size_t, Trip> under_way_;
    stats::Tally so_far_;  ///< of all, those of warming up too
    stats::Tally second_;  ///< of the second that runs
    std::uint64_t asked_last_second_ = 0;
    std::array<stats::Histogram, 3> recent_;  ///< response times, of the last seconds
    Duration next_second_ = std::chrono::seconds(1);
    Duration asked_until_{};
    Duration settled_from_{};
    Duration none_waits_since_{};          ///< when the last that had waited was sent
    std::optional<Duration> ended_early_;  ///< nothing is settled from then on
    bool over_ = false;
};

Task<Measured> Generator::run() {
    const auto processor = processor_time();
    measured_.began = clock_.now();
    co_await send_what_is_due();
    co_await drain();
    const auto settled = ended_early_.value_or(settled_until()) - settled_from_;
    measured_.settled = std::max(settled, Duration::zero());
    count_unfinished();
    connections_.cancel();
    co_await connections_.join();
    const auto lasted = now();
    if (!s_.environment.virtual_time() && lasted > Duration::zero()) {
        measured_.processor = processor_time() - processor;
        measured_.processor_share = std::chrono::duration<double>(*measured_.processor) /
                                    std::chrono::duration<double>(lasted);
    }
    measured_.not_asked = s_.arrivals.count() - next_;
    measured_.planned = std::max(asked_until_ - s_.arrivals.measured_from(), Duration::zero());
    measured_.troubles = troubles_.list();
    stop_telling();  // with the last figures
    co_return std::move(measured_);
}

bool Generator::wants_to_end() {
    if (measured_.ended == Ended::planned && stopped()) {
        end_early(Ended::stopped, "stopped before its end");
    }
    return measured_.ended != Ended::planned;
}

void Generator::end_early(Ended how, std::string why) {
    measured_.ended = how;
    measured_.why_ended = std::move(why);
    asked_until_ = std::min(asked_until_, now());
    ended_early_ = settled_until();
}

Task<void> Generator::send_what_is_due() {
    while (next_ < s_.arrivals.count()) {
        while (next_ < s_.arrivals.count() && s_.arrivals.at(next_) <= now()) {
            co_await dispatch(next_++);
        }
        each_second();
        if (wants_to_end()) {
            co_return;
        }
        if (next_ < s_.arrivals.count()) {
            const auto shortest = s_.environment.virtual_time() ? Duration::zero() : tick;
            co_await clock_.sleep_for(std::clamp(s_.arrivals.at(next_) - now(), shortest, glance));
        }
    }
}

Task<void> Generator::drain() {
    const auto limit = s_.arrivals.end() + s_.options.timeout;
    auto give_up = wants_to_end() ? std::min(limit, now() + grace) : limit;
    while (!under_way_.empty() && now() < give_up) {
        co_await clock_.sleep_for(std::min(tick * 10, give_up - now()));
        each_second();
        if (measured_.ended == Ended::planned && wants_to_end()) {
            give_up = std::min(give_up, now() + grace);
        }
    }
}

Task<void> Generator::dispatch(std::size_t index) {
    const auto due = s_.arrivals.at(index);
    if (due >= s_.arrivals.measured_from()) {
        ++measured_.asked;
        if (auto* const figures = figures_of(index)) {
            ++figures->asked;
        }
    }
    ++measured_.timeline.at(due).asked;
    ++second_.asked;
    ++so_far_.asked;
    if (under_way_.size() < s_.options.connections) {
        // Taken before it runs, so that no more are begun than there are connections.
        under_way_.emplace(index, Trip{index, due, now(), true});
        co_await connections_.spawn(connection(index, false));
        co_return;
    }
    queue_.push_back(index);
    ++measured_.overflowed;
    measured_.longest_queue = std::max<std::uint64_t>(measured_.longest_queue, queue_.size());
}

// One connection: its first transaction, then what waits.
Task<void> Generator::connection(std::size_t index, bool waited) {
    while (true) {
        co_await transaction(index, waited);
        if (queue_.empty() || measured_.ended != Ended::planned) {
            co_return;
        }
        index = queue_.front();
        queue_.pop_front();
        none_waits_since_ = queue_.empty() ? now() : none_waits_since_;
        waited = true;
    }
}

Task<void> Generator::transaction(std::size_t index, bool waited) {
    Trip trip{index, s_.arrivals.at(index), now(), true};
    trip.measured = trip.intended >= s_.arrivals.measured_from();
    under_way_.insert_or_assign(index, trip);
    auto& tally = measured_.timeline.at(trip.sent);
    ++tally.sent;
    ++so_far_.sent;
    tally.in_flight = std::max<std::uint64_t>(tally.in_flight, under_way_.size());
    if (trip.measured && !waited) {
        measured_.slip.record(trip.sent - trip.intended);
    }
    const auto refused = co_await play(trip);
    under_way_.erase(index);
    note_end(trip, refused);
}

Task<std::optional<Refused>> Generator::play(const Trip& trip) {
    const auto index = trip.index;
    std::optional<http::ExchangeTimes> times;
    const bool logs_in =
        s_.options.token == TokenMode::service || s_.options.token == TokenMode::batch;
    switch (s_.arrivals.operation(index)) {
        case Operation::health: {
            const auto answer = co_await s_.path.health(index, times);
            note_wire(trip, times);
            co_return answer ? std::nullopt : std::optional(answer.error());
        }
        case Operation::login: {
            const auto token = co_await s_.path.login(index, SigningPath::Part::only, times);
            note_wire(trip, times);
            co_return token ? std::nullopt : std::optional(token.error());
        }
        case Operation::login_sign:
            if (logs_in) {
                co_return co_await login_and_sign(trip);
            }
            break;
        case Operation::sign:
            break;
    }
    const bool by_itself = s_.options.token == TokenMode::in_header &&
                           s_.arrivals.operation(index) == Operation::login_sign;
    const auto asked = now();
    auto body =
        co_await s_.path.sign(index, s_.pool.of(index), by_itself ? Secret() : s_.path.token(),
                              SigningPath::Part::only, times);
    note_wire(trip, times);
    if (!body) {
        co_return body.error();
    }
    take_answer(index, std::move(*body), asked);
    co_return std::nullopt;
}

Task<std::optional<Refused>> Generator::login_and_sign(const Trip& trip) {
    std::optional<http::ExchangeTimes> to_login;
    auto token = co_await s_.path.login(trip.index, SigningPath::Part::first, to_login);
    note_wire(trip, to_login);
    if (!token) {
        co_return token.error();
    }
    const auto logged_in = now();
    note_stage(trip, "login", trip.sent, trip.intended);
    std::optional<http::ExchangeTimes> to_sign;
    auto body = co_await s_.path.sign(trip.index, s_.pool.of(trip.index), std::move(*token),
                                      SigningPath::Part::last, to_sign);
    note_wire(trip, to_sign);
    if (!body) {
        co_return body.error();
    }
    note_stage(trip, "sign", logged_in, logged_in);
    take_answer(trip.index, std::move(*body), logged_in);
    co_return std::nullopt;
}

void Generator::note_wire(const Trip& trip, const std::optional<http::ExchangeTimes>& times) {
    if (!trip.measured || !times || over_) {
        return;
    }
    record_once(measured_.stages["first-byte"], times->first_byte);
    if (!times->opened) {
        return;
    }
    record_once(measured_.stages["connect"], times->connect);
    if (s_.path.addresses()[s_.path.address_of(trip.index)].url.scheme == "https") {
        record_once(measured_.stages["tls"], times->tls);
        ++measured_.handshakes;
        measured_.resumed += times->resumed ? 1 : 0;
    }
}

void Generator::note_stage(const Trip& trip, const char* stage, Duration since,
                           Duration response_since) {
    if (trip.measured) {
        auto& times = measured_.stages[stage];
        times.response.record(now() - response_since);
        times.service.record(now() - since);
    }
}

void Generator::note_end(const Trip& trip, const std::optional<Refused>& refused) {
    if (over_) {
        return;  // given up by us, and counted as unfinished
    }
    const auto at = now();
    const bool lasted = !refused || refused->failure.kind == FailureKind::timed_out;
    if (lasted) {
        measured_.timeline.record(at, {at - trip.intended, at - trip.sent});
        recent_.front().record(at - trip.intended);
    }
    auto& tally = measured_.timeline.at(at);
    ++(refused ? tally.failed : tally.done);
    ++(refused ? second_.failed : second_.done);
    ++(refused ? so_far_.failed : so_far_.done);
    if (refused) {
        troubles_.add(*refused, at);
    }
    // What was asked while warming up and ended later kept the server busy as all others did.
    const bool settled = at > settled_from_ && (at <= asked_until_ || queue_drains());
    measured_.done_settled += settled && !refused ? 1 : 0;
    if (!trip.measured) {
        return;
    }
    if (lasted) {
        measured_.whole.response.record(at - trip.intended);
        measured_.whole.service.record(at - trip.sent);
    }
    if (auto* const figures = figures_of(trip.index)) {
        if (lasted) {
            figures->whole.response.record(at - trip.intended);
            figures->whole.service.record(at - trip.sent);
        }
        ++(refused ? figures->failed : figures->done);
    }
    if (refused) {
        ++measured_.failed;
        return;
    }
    ++measured_.done;
    measured_.last_done = at;
    measured_.done_in_plan += at <= asked_until_ ? 1 : 0;
}

void Generator::take_answer(std::size_t index, std::string body, Duration since) {
    if (s_.options.verify >= 1 || chance_.chance(s_.options.verify)) {
        s_.verifier.take({index, std::move(body), clock_.now(), now() - since});
    } else {
        s_.verifier.skip();
    }
}

void Generator::count_unfinished() {
    const auto at = now();
    for (const auto& [index, trip] : under_way_) {
        if (trip.measured) {
            count_unfinished(index, at - trip.intended, at - trip.sent);
        }
    }
    for (const auto index : queue_) {
        const auto due = s_.arrivals.at(index);
        if (due >= s_.arrivals.measured_from()) {
            count_unfinished(index, at - due, std::nullopt);
        }
    }
    queue_.clear();
    over_ = true;
}

void Generator::count_unfinished(std::size_t index, Duration response,
                                 std::optional<Duration> service) {
    const auto add = [&](std::uint64_t& count, StageTimes& times) {
        ++count;
        times.response.record(response);
        if (service) {
            times.service.record(*service);
        }
    };
    add(measured_.unfinished, measured_.whole);
    if (auto* const figures = figures_of(index)) {
        add(figures->unfinished, figures->whole);
    }
}

void Generator::each_second() {
    for (; now() >= next_second_; next_second_ += std::chrono::seconds(1)) {
        if (abort_.second(second_.done + second_.failed, second_.failed) &&
            measured_.ended == Ended::planned) {
            end_early(Ended::aborted,
                      fmt::format("ended by itself at {}: more than {:.3g} % failed for {}",
                                  human_duration(now()), s_.options.abort.errors * 100,
                                  human_duration(s_.options.abort.lasting)));
        }
        asked_last_second_ = second_.asked;
        if (s_.on_second) {
            tell();
        }
        second_ = {};
        std::ranges::rotate(recent_, std::prev(recent_.end()));
        recent_.front().clear();
    }
}

void Generator::tell() {
    stats::Histogram last;
    for (const auto& second : recent_) {
        last.add(second);
    }
    s_.on_second({.elapsed = next_second_,
                  .end = s_.arrivals.end(),
                  .asked = second_.asked,
                  .done = second_.done,
                  .p50 = last.at(50),
                  .p99 = last.at(99),
                  .slowest = last.max(),
                  .recent = last.count(),
                  .failed = so_far_.failed,
                  .in_flight = under_way_.size(),
                  .waiting = queue_.size()});
}

LiveFigures Generator::figures() const {
    LiveFigures now;
    now.rate_asked = static_cast<double>(asked_last_second_);
    now.so_far = so_far_;
    for (const auto& trouble : troubles_.list()) {
        now.failed[{std::string(name_of(trouble.step)), trouble.status}] += trouble.count;
    }
    now.in_flight = under_way_.size();
    now.waiting = queue_.size();
    now.response = latencies(measured_.whole.response);
    now.service = latencies(measured_.whole.service);
    now.slip = slips(measured_.slip);
    return now;
}

}  // namespace

Task<Measured> generate(Supplies supplies) {
    Generator generator(std::move(supplies));
    co_return co_await generator.run();
}

}  // namespace meshproof::load
