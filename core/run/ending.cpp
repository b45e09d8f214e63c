#include "core/run/ending.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace meshproof::run {

std::string_view told_of(StopReason reason) {
    return reason == StopReason::signal ? "interrupted" : "ended by the time limit";
}

void StopSource::request(StopReason reason) {
    const std::lock_guard lock(mutex_);
    if (!requested_) {
        reason_ = reason;  // before it can be asked for
    }
    requested_ = true;
    for (const auto& [number, callback] : callbacks_) {
        callback();
    }
}

std::size_t StopSource::on_request(std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    if (requested_) {
        callback();
    }
    callbacks_.emplace(next_, std::move(callback));
    return next_++;
}

void StopSource::forget(std::size_t number) {
    const std::lock_guard lock(mutex_);
    callbacks_.erase(number);
}

namespace {

/// Somebody took a member for what it was not. The library's words, without its numbers for them:
/// "[json.exception.type_error.302] type must be string, but is null".
std::string told_of_form(const nlohmann::json::exception& error) {
    const std::string_view said = error.what();
    const auto code = said.find("] ");
    return fmt::format("an answer has another form than expected: {}",
                       code == std::string_view::npos ? said : said.substr(code + 2));
}

}  // namespace

Task<Ending> settle(Task<void> work) {
    Ending ending;
    try {
        co_await std::move(work);
    } catch (const ScenarioEnded& ended) {
        ending = {Ending::Kind::failed, ended.what()};
    } catch (const CannotGoOn& cannot) {
        ending = {Ending::Kind::blocked,
                  cannot.hint().empty() ? std::string(cannot.what())
                                        : fmt::format("{} ({})", cannot.what(), cannot.hint())};
    } catch (const boost::system::system_error& error) {
        ending = {Ending::Kind::blocked, error.code() == boost::asio::error::operation_aborted
                                             ? "cancelled"
                                             : error.what()};
    } catch (const nlohmann::json::exception& error) {
        ending = {Ending::Kind::blocked, told_of_form(error)};
    } catch (const std::exception& error) {
        ending = {Ending::Kind::blocked, error.what()};
    }
    co_return ending;
}

Stopping::Stopping(StopSource* source, Environment& environment) : source_(source) {
    if (source_ != nullptr) {
        number_ = source_->on_request([weak = std::weak_ptr(requested_), &environment] {
            environment.post([weak] {
                if (const auto requested = weak.lock()) {
                    requested->notify_all();
                }
            });
        });
    }
}

Stopping::~Stopping() {
    if (source_ != nullptr) {
        source_->forget(number_);
    }
}

Task<void> Stopping::wait() {
    // A signal has no memory: a request that came before this began must end it too.
    if (!requested()) {
        co_await requested_->wait();
    }
}

namespace {

/// The wait, and then what is to be done where it was not cut off itself.
Task<void> wait_then(Task<void> wait, std::function<void()> what) {
    co_await std::move(wait);
    if (what) {
        what();
    }
}

}  // namespace

Task<Ending> limited(Clock& clock, Task<void> work, Duration limit, Stopping& stop,
                     std::function<void()> at_cut) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto first = co_await (settle(std::move(work)) || wait_then(clock.sleep_for(limit), at_cut) ||
                           wait_then(stop.wait(), at_cut));
    if (first.index() == 0) {
        co_return std::get<0>(std::move(first));
    }
    co_return Ending{Ending::Kind::blocked,
                     first.index() == 1
                         ? fmt::format("did not end within {}", human_duration(limit))
                         : std::string(told_of(stop.reason())),
                     true};
}

void judge(Outcome& outcome, const Ending& ending, std::vector<std::string> failures,
           std::vector<std::string> of_clean_up) {
    if (ending.kind == Ending::Kind::failed) {
        failures.insert(failures.begin(), ending.text);
    }
    const bool blocked = ending.kind == Ending::Kind::blocked;
    if (blocked && failures.empty()) {
        outcome.verdict = Verdict::blocked;
        outcome.reason = ending.text;
        if (!of_clean_up.empty()) {
            outcome.failures = std::move(of_clean_up);
            outcome.failures.insert(outcome.failures.begin(), ending.text);
        }
        return;
    }
    const auto all = failures.size() + of_clean_up.size();
    if (blocked) {
        failures.push_back("then: " + ending.text);
    }
    failures.insert(failures.end(), of_clean_up.begin(), of_clean_up.end());
    outcome.failures = std::move(failures);
    outcome.verdict = outcome.failures.empty() ? Verdict::pass : Verdict::fail;
    if (!outcome.failures.empty()) {
        outcome.reason = outcome.failures.front();
        if (all > 1) {
            outcome.reason += fmt::format(" (and {} more)", all - 1);
        }
    }
}

void allow_deviation(Outcome& outcome, const std::map<std::string, std::string>& deviations) {
    if (outcome.verdict != Verdict::fail) {
        return;
    }
    if (const auto known = deviations.find(outcome.id); known != deviations.end()) {
        outcome.verdict = Verdict::deviates;
        outcome.reason = fmt::format("{} [known: {}]", outcome.reason, known->second);
    }
}

}  // namespace meshproof::run
