#include "fakes/chaos/chaos.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/text.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::fakes {
namespace {

bool one_of(const std::string& pattern, std::string_view text) {
    return pattern.empty() || fits_pattern(pattern, text);
}

bool meets(const ChaosRule& rule, const Asked& asked) {
    return rule.meets_requests() && means_server(rule.server, asked.server) &&
           (rule.methods.empty() ||
            std::ranges::find(rule.methods, asked.method) != rule.methods.end()) &&
           fits_path(rule.path, asked.path) && one_of(rule.caller.address, asked.address) &&
           one_of(rule.caller.user_agent, asked.user_agent) &&
           one_of(rule.caller.accessor, asked.accessor) &&
           one_of(rule.caller.subject, asked.subject) &&
           (!rule.stale || asked.on_kept_connection) && (!rule.certificate || asked.signs);
}

/// Always two draws, so that another shape shifts nothing.
Duration draw(const Latency& latency, Prng& chance) {
    const auto a = chance.unit(), b = chance.unit();
    const auto scaled = [](Duration duration, double factor) {
        // Whole microseconds: the last digits of a logarithm are the machine's.
        constexpr double longest = 3.6e9;
        const auto micros = std::chrono::duration<double, std::micro>(duration).count() * factor;
        return Duration(std::chrono::microseconds(std::llround(std::min(micros, longest))));
    };
    switch (latency.shape) {
        case Latency::Shape::fixed:
            return latency.low;
        case Latency::Shape::uniform:
            return latency.low + scaled(latency.high - latency.low, a);
        case Latency::Shape::lognormal: {
            // Box and Muller; 1 - a is never zero.
            const auto normal =
                std::sqrt(-2 * std::log(1 - a)) * std::cos(2 * std::numbers::pi * b);
            return scaled(latency.low, std::exp(latency.sigma * normal));
        }
    }
    return {};
}

template <class T>
void keep_first(std::optional<T>& kept, const std::optional<T>& next) {
    if (!kept) {
        kept = next;
    }
}

}  // namespace

void Chaos::set(std::vector<ChaosRule> rules) {
    active_.clear();
    since_ = clock_.now();
    asks_for_tokens_ = false;
    const auto chance = Prng(seed_).fork("chaos");
    for (auto& rule : rules) {
        asks_for_tokens_ =
            asks_for_tokens_ || !rule.caller.accessor.empty() || !rule.caller.subject.empty();
        const auto own = chance.fork(rule.name);
        active_.push_back({std::move(rule), own.fork("chance"), own.fork("delays")});
    }
}

std::vector<ChaosRule> Chaos::rules() const {
    std::vector<ChaosRule> out;
    for (const auto& active : active_) {
        out.push_back(active.rule);
    }
    return out;
}

bool Chaos::in_window(const ChaosRule& rule) const {
    const auto at = clock_.now() - since_;
    return at >= rule.from && (!rule.until || at < *rule.until);
}

bool Chaos::strikes(Active& active) {
    const auto& rule = active.rule;
    const auto index = active.met++;
    const bool drawn = active.chance.chance(rule.probability);
    const bool struck = drawn && (!rule.first || index < *rule.first);
    active.struck += struck ? 1 : 0;
    return struck;
}

RequestFaults Chaos::strike(const Asked& asked) {
    RequestFaults faults;
    for (auto& active : active_) {
        const auto& rule = active.rule;
        if (!meets(rule, asked) || !in_window(rule)) {
            continue;
        }
        const auto latency = rule.latency ? draw(*rule.latency, active.delays) : Duration::zero();
        if (!strikes(active)) {
            continue;
        }
        faults.latency += latency;
        if (!faults.status && rule.status) {
            faults.status = rule.status;
            faults.retry_after = rule.retry_after;
        }
        keep_first(faults.body, rule.body);
        keep_first(faults.drip, rule.drip);
        keep_first(faults.reset, rule.reset);
        keep_first(faults.certificate, rule.certificate);
        if (faults.content_type.empty()) {
            faults.content_type = rule.content_type;
        }
        faults.stale = faults.stale || rule.stale;
        faults.rules.push_back(rule.name);
    }
    return faults;
}

ConnectionFaults Chaos::strike_connection(std::string_view server, std::string_view address) {
    ConnectionFaults faults;
    for (auto& active : active_) {
        const auto& rule = active.rule;
        if (!rule.meets_connections() || !means_server(rule.server, server) ||
            !one_of(rule.caller.address, address) || !in_window(rule) || !strikes(active)) {
            continue;
        }
        keep_first(faults.tls_alert, rule.tls_alert);
        keep_first(faults.tls_certificate, rule.tls_certificate);
        faults.rules.push_back(rule.name);
    }
    return faults;
}

Duration Chaos::skew(std::string_view server) const {
    // In seconds, of which thousands of rules have not too many; and a century at most, as each
    // rule: what is added to a date must stay one.
    std::chrono::seconds whole{};
    Duration rest{};
    for (const auto& active : active_) {
        if (active.rule.clock_skew && means_server(active.rule.server, server) &&
            in_window(active.rule)) {
            const auto seconds =
                std::chrono::duration_cast<std::chrono::seconds>(*active.rule.clock_skew);
            whole += seconds;
            rest += *active.rule.clock_skew - seconds;
        }
    }
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(DurationLimits().longest);
    return Duration(std::clamp(whole, -most, most)) + rest;
}

std::vector<Chaos::Count> Chaos::counts() const {
    std::vector<Count> out;
    for (const auto& active : active_) {
        out.push_back({active.rule.name, active.met, active.struck});
    }
    return out;
}

}  // namespace meshproof::fakes
