#include "perf/load/verify.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/crypto/chain.hpp"

namespace meshproof::load {
namespace {

/// Both products begin a leaf's life this long before they sign it (not_before_duration).
constexpr Duration before_signing = std::chrono::seconds(30);

Result<crypto::Certificate> leaf_of(const SignedAnswer& answer, std::string& told_serial) {
    const auto json = json_or_null(answer.body);
    AnswerFields fields(json, "sign");
    const auto pem = fields.text("data.certificate");
    told_serial = fields.text("data.serial_number");
    if (fields.problem()) {
        return tl::unexpected<Failure>(*fields.problem());
    }
    return crypto::Certificate::from_pem(pem);
}

std::optional<std::string> other_name(const Pod& pod, const crypto::Certificate& leaf) {
    const auto names = leaf.alt_names();
    crypto::AltNames wanted;
    wanted.uris.push_back(pod.id);
    if (names == wanted) {
        return std::nullopt;
    }
    return fmt::format(
        "expected {} alone, and its URIs are [{}] beside {} other names", pod.id,
        join(names.uris, ", "),
        names.dns.size() + names.emails.size() + names.ips.size() + names.others.size());
}

std::optional<std::string> other_issuer(const Expected& expected, const crypto::Certificate& leaf,
                                        Time at) {
    crypto::ChainQuestion question;
    question.leaf = leaf;
    question.trust = expected.trust;
    question.at = at;
    const auto verdict = crypto::verify_chain(question);
    if (verdict.accepted()) {
        return std::nullopt;
    }
    return fmt::format("{} ({})", to_string(verdict.fault), verdict.detail);
}

std::optional<std::string> other_life(const Expected& expected, const crypto::Certificate& leaf,
                                      Duration signing) {
    // Both dates are cut to whole seconds, and a real server reads the clock for each: the later
    // for the first.
    constexpr Duration slack = std::chrono::seconds(1);
    const auto life = leaf.not_after() - leaf.not_before() - before_signing;
    if (life >= expected.ttl - slack - signing && life <= expected.ttl + slack) {
        return std::nullopt;
    }
    return fmt::format("asked to live {}, it lives {}", human_duration(expected.ttl),
                       human_duration(life));
}

}  // namespace

std::string_view to_string(Wrong wrong) {
    switch (wrong) {
        case Wrong::unreadable:
            return "no certificate in the answer";
        case Wrong::other_key:
            return "certifies another key than the CSR's";
        case Wrong::other_name:
            return "names somebody else";
        case Wrong::other_issuer:
            return "does not chain to the CA";
        case Wrong::other_life:
            return "lives longer or shorter than asked";
        case Wrong::repeated_serial:
            return "has the serial number of another";
    }
    return "";
}

std::uint64_t Verification::wrong_leaves() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : wrong) {
        sum += count;
    }
    return sum;
}

std::optional<WrongLeaf> wrong_leaf(const Expected& expected, const Pod& pod,
                                    const SignedAnswer& answer, std::string& serial) {
    const auto is = [&answer](Wrong wrong, std::string detail) {
        return WrongLeaf{wrong, answer.transaction, std::move(detail)};
    };
    std::string told_serial;
    const auto leaf = leaf_of(answer, told_serial);
    if (!leaf) {
        return is(Wrong::unreadable, leaf.error().message);
    }
    serial = leaf->serial();
    if (serial != told_serial) {
        return is(Wrong::unreadable,
                  fmt::format("the answer says serial {}, and the leaf {}", told_serial, serial));
    }
    if (leaf->public_key().spki_der() != pod.spki) {
        return is(Wrong::other_key, "serial " + serial);
    }
    if (auto detail = other_name(pod, *leaf)) {
        return is(Wrong::other_name, std::move(*detail));
    }
    if (auto detail = other_issuer(expected, *leaf, answer.at)) {
        return is(Wrong::other_issuer, std::move(*detail));
    }
    if (auto detail = other_life(expected, *leaf, answer.signing)) {
        return is(Wrong::other_life, std::move(*detail));
    }
    return std::nullopt;
}

struct Verifier::State {
    State(Expected all_expected, const Pool& of) : expected(std::move(all_expected)), pool(of) {}

    void check(const SignedAnswer& answer);
    void work();

    Expected expected;
    const Pool& pool;
    Verification found;
    std::unordered_set<std::string> serials;

    std::mutex mutex;
    std::condition_variable more;
    std::deque<SignedAnswer> waiting;
    bool last = false, given_up = false;
    std::jthread thread;
};

void Verifier::State::check(const SignedAnswer& answer) {
    constexpr std::size_t told = 10;
    std::string serial;
    auto wrong = wrong_leaf(expected, pool.of(answer.transaction), answer, serial);
    if (!serial.empty() && !serials.insert(serial).second && !wrong) {
        wrong = WrongLeaf{Wrong::repeated_serial, answer.transaction, "serial " + serial};
    }
    ++found.verified;
    if (wrong) {
        ++found.wrong[wrong->wrong];
        if (found.first.size() < told) {
            found.first.push_back(std::move(*wrong));
        }
    }
}

void Verifier::State::work() {
    // On Linux the number of a thread is taken for it alone: the lowest priority, so that it never
    // takes the processor from what is measured.
    constexpr int lowest = 19;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest);
    std::unique_lock lock(mutex);
    while (true) {
        more.wait(lock, [this] { return last || given_up || !waiting.empty(); });
        if (given_up || waiting.empty()) {
            return;
        }
        const auto answer = std::move(waiting.front());
        waiting.pop_front();
        lock.unlock();
        check(answer);
        lock.lock();
    }
}

Verifier::Verifier(Expected expected, const Pool& pool, When when)
    : state_(std::make_unique<State>(std::move(expected), pool)) {
    if (when == When::beside) {
        state_->thread = std::jthread([state = state_.get()] { state->work(); });
    }
}

Verifier::~Verifier() {
    const std::lock_guard lock(state_->mutex);
    state_->given_up = true;
    state_->more.notify_all();
}

void Verifier::take(SignedAnswer answer) {
    const std::lock_guard lock(state_->mutex);
    ++state_->found.answers;
    state_->waiting.push_back(std::move(answer));
    state_->more.notify_one();
}

void Verifier::skip() {
    const std::lock_guard lock(state_->mutex);
    ++state_->found.answers;
}

Verification Verifier::finish() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->last = true;
        state_->more.notify_all();
    }
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
    for (const auto& answer : std::exchange(state_->waiting, {})) {
        state_->check(answer);
    }
    return state_->found;
}

}  // namespace meshproof::load
