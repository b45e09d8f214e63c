#pragma once

#include <rapidcheck.h>

#include "core/run/result.hpp"

/// Any RunResult, for properties of what is written and read of one.
namespace meshproof::reports {

/// Texts of any bytes, UTF-8 or not.
[[nodiscard]] inline rc::Gen<std::string> any_bytes() {
    return rc::gen::container<std::string>(rc::gen::arbitrary<char>());
}

/// Texts in UTF-8: what a format may trip over, and characters of every length.
[[nodiscard]] inline rc::Gen<std::string> any_text() {
    const auto piece = rc::gen::element<std::string>(
        "a", "Z", "0", " ", "  ", "\n", "\r", "\t", "\"", "\\", "'", "&", "<", "]]>", "|", "`", "#",
        ": ", std::string(1, '\0'), "\x1b[31m", "\x7f", "\u0085", "\u00e9", "\u2028", "\u20ac",
        "\ufeff", "\ufffe", "\uffff", "\U0001f600");
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                        [](const std::vector<std::string>& pieces) {
                            std::string text;
                            for (const auto& one : pieces) {
                                text += one;
                            }
                            return text;
                        });
}

/// Draws results whose texts come from one generator. `exact`: only such as are the same when
/// they were written and read again, with whole milliseconds.
class RandomResult {
  public:
    RandomResult(rc::Gen<std::string> texts, bool exact)
        : texts_(std::move(texts)), exact_(exact) {}

    [[nodiscard]] run::RunResult draw() const {
        run::RunResult result;
        result.version = text();
        result.command = one_of(run::all_commands);
        result.target = text();
        result.setting = one_of(run::all_settings);
        result.servers = list<run::ServerVersion>(
            3, [this] { return run::ServerVersion{text(), text(), text(), text()}; });
        result.features = some_texts();
        result.seed = *rc::gen::arbitrary<std::uint64_t>();
        result.started = Time(length(4'000'000'000'000));  // until 2096
        result.duration = length(10'000'000);
        result.interrupted = *rc::gen::arbitrary<bool>();
        if (*rc::gen::arbitrary<bool>()) {
            result.ended_early = one_of(run::all_early_ends);
        }
        result.problem = text();
        result.outcomes = list<run::Outcome>(4, [this] { return outcome(); });
        return result;
    }

  private:
    [[nodiscard]] std::string text() const { return *texts_; }
    [[nodiscard]] std::vector<std::string> some_texts() const {
        return list<std::string>(3, [this] { return text(); });
    }
    template <class T, class Draw>
    [[nodiscard]] std::vector<T> list(int most, Draw draw) const {
        std::vector<T> out;
        for (int i = *rc::gen::inRange(0, most + 1); i > 0; --i) {
            out.push_back(draw());
        }
        return out;
    }
    template <class T, std::size_t count>
    [[nodiscard]] T one_of(const std::array<T, count>& all) const {
        return all.at(*rc::gen::inRange<std::size_t>(0, count));
    }
    [[nodiscard]] Duration length(std::int64_t most_ms) const {
        const auto rest = exact_ ? 0 : *rc::gen::inRange<std::int64_t>(0, 1'000'000);
        return std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, most_ms)) +
               Duration(rest);
    }
    [[nodiscard]] run::Outcome outcome() const {
        run::Outcome out;
        out.id = text();
        out.verdict = one_of(run::all_verdicts);
        out.reason = text();
        out.failures = some_texts();
        out.duration = length(10'000'000);
        out.virtual_duration = length(100'000'000'000);
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                out.detail = check();
                break;
            case 1:
                out.detail = scenario();
                break;
            default:
                out.detail = load();
                break;
        }
        return out;
    }
    [[nodiscard]] run::ScenarioOutcome scenario() const {
        const auto digest = *rc::gen::container<std::string>(
            64, rc::gen::elementOf(std::string("0123456789abcdef")));
        return {*rc::gen::element(std::string(), digest),
                list<run::TraceEvent>(
                    3,
                    [this] {
                        run::TraceEvent::Fields fields;
                        for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
                            fields.emplace_back(fmt::format("{} {}", text(), i), text());
                        }
                        return run::TraceEvent{std::chrono::milliseconds(
                                                   *rc::gen::inRange<std::int64_t>(0, 1'000'000)),
                                               text(), text(), std::move(fields)};
                    }),
                {number(), number(), number(), number(), number(), number(), number(), number()},
                text(),
                text()};
    }
    [[nodiscard]] static std::size_t number() { return *rc::gen::inRange<std::size_t>(0, 1000); }
    [[nodiscard]] run::CheckOutcome check() const {
        return {text(), text(), one_of(run::all_levels), some_texts(),
                list<run::Exchange>(3, [this] { return exchange(); })};
    }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const {
        // Names are tokens of HTTP: the transport lets no others through.
        return list<std::pair<std::string, std::string>>(3, [this] {
            return std::pair(*rc::gen::element<std::string>("Accept", "X-Vault-Token", "ETag"),
                             text());
        });
    }
    [[nodiscard]] run::Exchange exchange() const {
        run::Exchange out;
        out.server = text();
        out.method = text();
        out.target = text();
        out.headers = headers();
        out.body = text();
        if (*rc::gen::arbitrary<bool>()) {
            out.status = *rc::gen::inRange(100, 600);
            out.answer_headers = headers();
            out.answer = text();
        } else {
            out.failure = text();
        }
        return out;
    }

    [[nodiscard]] static std::uint64_t some() {
        return *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
    }
    [[nodiscard]] static std::chrono::microseconds us() {
        return std::chrono::microseconds(*rc::gen::inRange<std::int64_t>(0, 100'000'000));
    }
    [[nodiscard]] static std::chrono::milliseconds ms() {
        return std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, 100'000'000));
    }
    /// Whole ones, and such as have no end in decimals or in binary.
    [[nodiscard]] static double number(double most) {
        const auto part = *rc::gen::element(0.0, 0.001, 0.1, 1.0 / 3, 0.5, 2.0 / 3, 1.0);
        return part * most;
    }
    template <class Draw>
    [[nodiscard]] static auto perhaps(Draw draw) -> std::optional<decltype(draw())> {
        return *rc::gen::arbitrary<bool>() ? std::optional(draw()) : std::nullopt;
    }
    [[nodiscard]] static run::LoadTimes times() {
        run::LoadTimes out;
        out.count = *rc::gen::element<std::uint64_t>(0, 1, 70, 100'000);
        if (out.count > 0) {
            out.min = us();
            out.mean = us();
            out.max = us();
        }
        for (const auto* name : {"p50", "p90", "p95", "p99", "p99.9"}) {
            if (*rc::gen::arbitrary<bool>()) {
                out.percentiles[name] = {us(), us(), us()};
            }
        }
        return out;
    }
    [[nodiscard]] static run::LoadStage stage() { return {times(), times()}; }
    [[nodiscard]] run::LoadOptions load_options() const {
        run::LoadOptions out;
        out.profile = text();
        out.rate_per_second = perhaps([] { return number(100'000); });
        out.ramp_to_per_second = perhaps([] { return number(100'000); });
        out.find_max = *rc::gen::arbitrary<bool>();
        out.duration = perhaps([] { return ms(); });
        out.warmup = ms();
        out.pods = perhaps([] { return some(); });
        out.within = perhaps([] { return ms(); });
        out.mix = list<run::LoadWeight>(2, [this] { return run::LoadWeight{text(), number(10)}; });
        out.connections = some();
        out.token = text();
        out.storage = text();
        out.key_type = text();
        out.ca_key_type = text();
        out.leaf_ttl = ms();
        out.accounts = some();
        out.verify_share = number(1);
        out.timeout = ms();
        out.abort_error_share = number(1);
        out.abort_lasting = ms();
        return out;
    }
    [[nodiscard]] static run::BoundAnswer answer(bool measured) {
        return !measured                     ? run::BoundAnswer::no_data
               : *rc::gen::arbitrary<bool>() ? run::BoundAnswer::kept
                                             : run::BoundAnswer::missed;
    }
    [[nodiscard]] run::LoadSlo slo() const {
        run::LoadSlo out;
        out.latencies = list<run::LatencyBound>(2, [] {
            const auto measured = perhaps([] { return us(); });
            return run::LatencyBound{number(100), us(), measured, answer(measured.has_value())};
        });
        out.errors.limit_share = number(1);
        out.errors.measured_share = perhaps([] { return number(1); });
        out.errors.answer = answer(out.errors.measured_share.has_value());
        return out;
    }
    [[nodiscard]] run::LoadVerification verification() const {
        run::LoadVerification out{some(), some(), some(), some(), {}, {}, us()};
        for (const auto* kind : {"names somebody else", "does not chain to the CA"}) {
            if (*rc::gen::arbitrary<bool>()) {
                out.wrong[kind] = some();
            }
        }
        out.first = list<run::LoadWrongLeaf>(
            2, [this] { return run::LoadWrongLeaf{some(), text(), text()}; });
        return out;
    }
    [[nodiscard]] static run::LoadLook look() {
        const auto count = [] { return some(); };
        return {ms(), perhaps([] { return us(); }), perhaps(count), perhaps(count), perhaps(count)};
    }
    [[nodiscard]] static run::LoadSlot slot() {
        const auto time = [] { return us(); };
        return {ms(),   some(),        some(),        some(),        some(),
                some(), perhaps(time), perhaps(time), perhaps(time), perhaps(time)};
    }
    [[nodiscard]] run::LoadTrouble trouble() const {
        return {text(), *rc::gen::element(0, 403, 503), text(), text(), some(), ms(), ms()};
    }
    [[nodiscard]] run::LoadOutcome load() const {
        run::LoadOutcome out;
        out.options = load_options();
        out.ended = one_of(run::all_load_ends);
        out.why_ended = text();
        out.counts = {some(), some(), some(), some(), some(), some(), some()};
        out.done_per_second = number(100'000);
        out.last_done = ms();
        out.slo = slo();
        // Names are our own words: a report keeps them in order, and no two are the same.
        for (const auto* name : {"first byte", "login", "whole"}) {
            if (*rc::gen::arbitrary<bool>()) {
                out.stages[name] = stage();
            }
        }
        out.handshakes = some();
        out.resumed = some();
        out.addresses = list<run::LoadAddress>(2, [this] {
            return run::LoadAddress{text(), some(), some(), some(), some(), stage()};
        });
        out.troubles = list<run::LoadTrouble>(2, [this] { return trouble(); });
        out.verification = verification();
        out.footprint = {some_texts(), some(), some(), some(), some(), some(), some()};
        out.generator = {times(),
                         perhaps([] { return number(2); }),
                         perhaps([] { return us(); }),
                         some(),
                         some(),
                         ms()};
        out.server = {text(), list<run::LoadLook>(2, [] { return look(); }), some_texts()};
        out.timeline = {ms(), list<run::LoadSlot>(3, [] { return slot(); })};
        out.steps = list<run::LoadStep>(2, [this] {
            return run::LoadStep{number(100'000), number(100'000), *rc::gen::arbitrary<bool>(),
                                 text(), stage()};
        });
        out.mesh = perhaps([] { return run::LoadMesh{some(), number(100'000)}; });
        return out;
    }

    rc::Gen<std::string> texts_;
    bool exact_;
};

}  // namespace meshproof::reports
