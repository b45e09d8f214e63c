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
        if (*rc::gen::arbitrary<bool>()) {
            out.detail = check();
        } else {
            out.detail = scenario();
        }
        return out;
    }
    [[nodiscard]] run::ScenarioOutcome scenario() const {
        const auto digest = *rc::gen::container<std::string>(
            64, rc::gen::elementOf(std::string("0123456789abcdef")));
        return {*rc::gen::element(std::string(), digest), list<run::TraceEvent>(3, [this] {
                    run::TraceEvent::Fields fields;
                    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
                        fields.emplace_back(fmt::format("{} {}", text(), i), text());
                    }
                    return run::TraceEvent{
                        std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, 1'000'000)),
                        text(), text(), std::move(fields)};
                })};
    }
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

    rc::Gen<std::string> texts_;
    bool exact_;
};

}  // namespace meshproof::reports
