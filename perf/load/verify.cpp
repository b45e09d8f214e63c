#include "perf/load/verify.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/chain.hpp"
#include "perf/load/processor.hpp"
#include "perf/load/seen_serials.hpp"

namespace meshproof::load {
namespace {

Result<crypto::Certificate> leaf_of(const SignedAnswer& answer, std::string& told_serial) {
    auto texts = leaf_texts(answer.body);
    if (!texts) {
        return propagate(texts);
    }
    told_serial = std::move(texts->serial_number);
    return crypto::Certificate::from_pem(texts->certificate);
}

std::optional<std::string> other_name(const Pod& pod, const crypto::Certificate& leaf) {
    const auto names = leaf.alt_names();
    crypto::AltNames wanted;
    wanted.uris.push_back(pod.id);
    if (names == wanted) {
        return std::nullopt;
    }
    return fmt::format(
        "expected {} alone, and its URIs are [{}] beside {}", pod.id, join(names.uris, ", "),
        counted(names.dns.size() + names.emails.size() + names.ips.size() + names.others.size(),
                "other name"));
}

/// The certificates that the answer has beside its leaf, as far as they can be read.
std::vector<crypto::Certificate> issuers_in(const SignedAnswer& answer) {
    const auto json = json_or_null(answer.body);
    AnswerFields fields(json, "sign");
    auto pems = fields.texts("data.ca_chain");
    pems.push_back(fields.text_or_empty("data.issuing_ca"));
    std::vector<crypto::Certificate> issuers;
    for (const auto& pem : pems) {
        if (auto read = crypto::Certificate::all_from_pem(pem)) {
            issuers.insert(issuers.end(), read->begin(), read->end());
        }
    }
    return issuers;
}

std::optional<std::string> other_issuer(const Expected& expected, const crypto::Certificate& leaf,
                                        const SignedAnswer& answer) {
    crypto::ChainQuestion question;
    question.leaf = leaf;
    question.trust = expected.trust;
    question.at = answer.at;
    if (expected.chain_in_answer) {
        question.intermediates = issuers_in(answer);
    }
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
    const auto life = leaf.not_after() - leaf.not_before() - expected.backdated;
    if (life >= expected.ttl - slack - signing && life <= expected.ttl + slack) {
        return std::nullopt;
    }
    return fmt::format("asked to live {}, it lives {}", human_duration(expected.ttl),
                       human_duration(life));
}

}  // namespace

Result<LeafTexts> leaf_texts(std::string_view answer) {
    if (auto quick = quick_leaf_texts(answer)) {
        return std::move(*quick);
    }
    const auto json = json_or_null(answer);
    AnswerFields fields(json, "sign");
    LeafTexts texts{fields.text("data.certificate"), fields.text("data.serial_number")};
    return checked(std::move(texts), fields);
}

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
    if (auto detail = other_issuer(expected, *leaf, answer)) {
        return is(Wrong::other_issuer, std::move(*detail));
    }
    if (auto detail = other_life(expected, *leaf, answer.signing)) {
        return is(Wrong::other_life, std::move(*detail));
    }
    return std::nullopt;
}

struct Verifier::State {
    State(Expected all_expected, const Pool& of, QueueBounds most)
        : expected(std::move(all_expected)), pool(of), bounds(most) {}

    void check(const SignedAnswer& answer);
    void work();
    [[nodiscard]] bool full(const SignedAnswer& next) const {
        return waiting.size() >= bounds.answers || bytes + next.body.size() > bounds.bytes;
    }
    /// Whether it is worth to wake the thread. For each answer alone it would cost both threads a
    /// change of context, and meet cold caches.
    [[nodiscard]] bool worthwhile() const {
        constexpr std::size_t batch = 64;
        return !waiting.empty() &&
               (waiting.size() >= std::min(batch, bounds.answers / 2) || bytes >= bounds.bytes / 2);
    }
    /// The oldest. `mutex` is held, and something waits.
    [[nodiscard]] SignedAnswer first() {
        auto answer = std::move(waiting.front());
        waiting.pop_front();
        bytes -= answer.body.size();
        return answer;
    }

    Expected expected;
    const Pool& pool;
    QueueBounds bounds;
    // Of who checks: the thread, and once that has ended (or where there is none) the caller.
    std::uint64_t verified = 0;
    std::map<Wrong, std::uint64_t> wrong;
    std::vector<WrongLeaf> told;
    SeenSerials serials;
    Duration processor{};

    std::mutex mutex;
    std::condition_variable more;
    std::uint64_t answers = 0, not_verified = 0;
    std::deque<SignedAnswer> waiting;
    std::size_t bytes = 0;  ///< of the bodies that wait
    bool last = false, given_up = false;
    std::jthread thread;
};

void Verifier::State::check(const SignedAnswer& answer) {
    constexpr std::size_t most_told = 10;
    std::string serial;
    auto found = wrong_leaf(expected, pool.of(answer.transaction), answer, serial);
    if (!serial.empty() && !serials.insert(serial) && !found) {
        found = WrongLeaf{Wrong::repeated_serial, answer.transaction, "serial " + serial};
    }
    ++verified;
    if (found) {
        ++wrong[found->wrong];
        if (told.size() < most_told) {
            told.push_back(std::move(*found));
        }
    }
}

void Verifier::State::work() {
    // On Linux the number of a thread is taken for it alone: the lowest priority, so that it never
    // takes the processor from what is measured.
    constexpr int lowest = 19;
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest);
    std::unique_lock lock(mutex);
    while (!given_up && !(last && waiting.empty())) {
        more.wait(lock, [this] { return last || given_up || worthwhile(); });
        while (!given_up && !waiting.empty()) {
            const auto answer = first();
            lock.unlock();
            check(answer);
            lock.lock();
        }
    }
    processor = processor_time();
}

Verifier::Verifier(Expected expected, const Pool& pool, When when, QueueBounds bounds)
    : state_(std::make_unique<State>(std::move(expected), pool, bounds)) {
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
    ++state_->answers;
    const bool alone = !state_->thread.joinable();
    while (alone && !state_->waiting.empty() && state_->full(answer)) {
        state_->check(state_->first());
    }
    if (state_->full(answer)) {
        ++state_->not_verified;
        return;
    }
    state_->bytes += answer.body.size();
    state_->waiting.push_back(std::move(answer));
    if (state_->worthwhile()) {
        state_->more.notify_one();
    }
}

void Verifier::skip() {
    const std::lock_guard lock(state_->mutex);
    ++state_->answers;
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
    const auto before = processor_time();
    while (!state_->waiting.empty()) {
        state_->check(state_->first());
    }
    state_->processor += processor_time() - before;
    return {.answers = state_->answers,
            .verified = state_->verified,
            .not_verified = state_->not_verified,
            .wrong = state_->wrong,
            .first = state_->told,
            .processor = state_->processor};
}

}  // namespace meshproof::load
