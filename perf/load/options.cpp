#include "perf/load/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"
#include "perf/load/arrivals.hpp"

namespace meshproof::load {
namespace {

/// Of all clusters together: each is a request or two before the load begins.
constexpr std::size_t most_accounts = 1'000;

/// The word's value, or a refusal that lists the words and the nearest of them.
template <class T, std::size_t N>
Result<T> one_of(std::string_view option, std::string_view typed, const std::array<T, N>& all) {
    std::vector<std::string> words;
    for (const auto one : all) {
        if (to_string(one) == typed) {
            return one;
        }
        words.emplace_back(to_string(one));
    }
    const auto near = nearest_word(typed, words);
    return fail(FailureKind::invalid, "{} {}: expected one of {}{}", option, typed,
                join(words, ", "), near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

Result<double> rate_of(std::string_view option, std::string_view text) {
    const auto rate = number(text);
    if (!rate || *rate <= 0 || *rate > highest_rate) {
        return fail(FailureKind::invalid,
                    "{} {}: expected transactions a second, above 0 and up to {}", option, text,
                    highest_rate);
    }
    return *rate;
}

/// "0.1%" or "0.001".
Result<double> share_of(std::string_view option, std::string_view text) {
    const bool percent = text.ends_with('%');
    const auto value = number(percent ? text.substr(0, text.size() - 1) : text);
    const auto share = value.value_or(-1) / (percent ? 100 : 1);
    if (!value || share < 0 || share > 1) {
        return fail(FailureKind::invalid, "{} {}: expected a share such as 0.1% or 0.001", option,
                    text);
    }
    return share;
}

Result<Duration> time_of(std::string_view option, std::string_view text, Duration least,
                         Duration most) {
    const auto time = parse_duration_with_unit(text);
    if (!time || *time < least || *time > most) {
        return fail(FailureKind::invalid, "{} {}: expected a time from {} to {}, such as 30s",
                    option, text, human_duration(least), human_duration(most));
    }
    return *time;
}

/// "errors=50%".
Result<std::pair<std::string, std::string>> pair_of(std::string_view option, std::string_view text,
                                                    std::string_view example) {
    const auto parts = split(text, '=');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
        return fail(FailureKind::invalid, "{} {}: expected NAME=VALUE, such as {}", option, text,
                    example);
    }
    return std::pair(parts[0], parts[1]);
}

Result<Slo> slo_of(std::string_view text) {
    Slo slo;
    for (const auto& part : split(text, ',')) {
        const auto pair = pair_of("--slo", part, "p99=50ms,errors=0.1%");
        if (!pair) {
            return propagate(pair);
        }
        const auto& [name, value] = *pair;
        if (name == "errors") {
            const auto share = share_of("--slo errors", value);
            if (!share) {
                return propagate(share);
            }
            slo.errors = *share;
            continue;
        }
        const auto percentile = name.starts_with('p') ? number(name.substr(1)) : std::nullopt;
        if (!percentile || *percentile < lowest_percentile || *percentile > highest_percentile) {
            return fail(FailureKind::invalid,
                        "--slo {}: expected errors, or a percentile from p{} to p{}, such as p99",
                        name, lowest_percentile, highest_percentile);
        }
        const auto limit =
            time_of("--slo " + name, value, std::chrono::microseconds(1), std::chrono::hours(1));
        if (!limit) {
            return propagate(limit);
        }
        slo.latencies.push_back({*percentile, *limit});
    }
    return slo;
}

Result<std::vector<Weight>> mix_of(std::string_view text) {
    std::vector<Weight> mix;
    for (const auto& part : split(text, ',')) {
        const auto pair = pair_of("--mix", part, "login-sign=1,sign=4");
        if (!pair) {
            return propagate(pair);
        }
        const auto operation = one_of("--mix", pair->first, all_operations);
        if (!operation) {
            return propagate(operation);
        }
        const auto weight = number(pair->second);
        if (!weight || *weight <= 0) {
            return fail(FailureKind::invalid, "--mix {}: expected a weight above 0", part);
        }
        mix.push_back({*operation, *weight});
    }
    return mix;
}

Result<double> verified_share(std::string_view text) {
    if (text == "all" || text == "none") {
        return text == "all" ? 1.0 : 0.0;
    }
    constexpr std::string_view sample = "sample:";
    if (!text.starts_with(sample)) {
        return fail(FailureKind::invalid,
                    "--verify {}: expected all, none, or sample:F such as "
                    "sample:0.1",
                    text);
    }
    return share_of("--verify", text.substr(sample.size()));
}

Result<std::string> ca_key_of(const std::string& text) {
    if (text != "ec" && text != "rsa") {
        return fail(FailureKind::invalid, "--ca-key-type {}: expected ec or rsa", text);
    }
    return text;
}

Result<AbortRule> abort_of(std::string_view text) {
    const auto pair = pair_of("--abort-on", text, "errors=50%");
    if (!pair) {
        return propagate(pair);
    }
    if (pair->first != "errors") {
        return fail(FailureKind::invalid, "--abort-on {}: expected errors=SHARE", text);
    }
    const auto share = share_of("--abort-on errors", pair->second);
    if (!share) {
        return propagate(share);
    }
    return AbortRule{*share, AbortRule{}.lasting};
}

/// Puts what a text says into `into`; nothing where the text is empty. The first refusal stays.
template <class T, class Parse>
void take(Result<void>& state, const std::string& text, T& into, Parse parse) {
    if (!state || text.empty()) {
        return;
    }
    auto value = parse(text);
    if (value) {
        into = std::move(*value);
    } else {
        state = propagate(value);
    }
}

/// A count within bounds, where one was given.
void take_count(Result<void>& state, std::string_view option, std::optional<std::size_t> given,
                std::size_t most, std::size_t& into) {
    if (!state || !given) {
        return;
    }
    if (*given == 0 || *given > most) {
        state = fail(FailureKind::invalid, "{} {}: expected 1 to {}", option, *given, most);
        return;
    }
    into = *given;
}

Result<void> take_ramp(const std::string& text, Options& options) {
    const auto parts = split(text, ':');
    if (parts.size() != 2) {
        return fail(FailureKind::invalid, "--ramp {}: expected FROM:TO, such as 50:500", text);
    }
    const auto from = rate_of("--ramp", parts[0]);
    const auto to = rate_of("--ramp", parts[1]);
    if (!from || !to) {
        return propagate(from ? to : from);
    }
    options.rate = *from;
    options.ramp_to = *to;
    return {};
}

Result<void> take_addresses(const std::vector<std::string>& texts, Options& options) {
    for (const auto& text : texts) {
        auto url = http::Url::parse(text);
        if (!url) {
            return propagate(url, "--address");
        }
        options.addresses.push_back(std::move(*url));
    }
    return {};
}

double asked_in_all(const Options& options) {
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    if (options.by_pods()) {
        return static_cast<double>(options.pods);
    }
    if (options.profile == Profile::renewal) {
        return renewals_a_second(options.pods, options.leaf_ttl) *
               seconds(options.warmup + options.duration);
    }
    const auto mean = options.ramp_to ? (options.rate + *options.ramp_to) / 2 : options.rate;
    return options.rate * seconds(options.warmup) + mean * seconds(options.duration);
}

/// What a mesh's own account and several addresses leave to choose.
Result<void> fits_place(const OptionTexts& texts, const Options& options) {
    if (options.all_nodes && !options.addresses.empty()) {
        return fail(FailureKind::invalid, "--address and --all-nodes: expected one of them");
    }
    if (options.clusters * options.accounts > most_accounts) {
        return fail(FailureKind::invalid,
                    "--clusters {} with --accounts {} each: expected at most {} accounts in all",
                    options.clusters, options.accounts, most_accounts);
    }
    if (!options.existing) {
        return {};
    }
    if (options.all_nodes || texts.accounts || texts.clusters || !texts.storage.empty()) {
        return fail(FailureKind::invalid,
                    "--existing: the account has its own Vault, service account and signing role: "
                    "leave out --all-nodes, --accounts, --clusters and --storage");
    }
    if (!texts.token.empty() && options.token != TokenMode::in_header &&
        options.token != TokenMode::one) {
        return fail(FailureKind::invalid,
                    "--existing: the account's auth role decides what a login gives: leave out "
                    "--token {}",
                    to_string(options.token));
    }
    return {};
}

Result<void> fits_together(const OptionTexts& texts, const Options& options) {
    const auto named = to_string(options.profile);
    const bool counted = options.by_pods() || options.profile == Profile::renewal;
    if (!texts.rate.empty() && !texts.ramp.empty()) {
        return fail(FailureKind::invalid, "--rate and --ramp: expected one of them");
    }
    if (counted && (!texts.rate.empty() || !texts.ramp.empty() || options.find_max)) {
        return fail(FailureKind::invalid,
                    "{} is asked by --pods: leave out --rate, --ramp and "
                    "--find-max",
                    named);
    }
    if (!counted && texts.pods && !options.for_a_mesh()) {
        return fail(FailureKind::invalid,
                    "--pods is for cold-start, restart-storm and renewal, and for --find-max of "
                    "login-sign; {} is asked by --rate",
                    named);
    }
    if (options.by_pods() && (!texts.duration.empty() || !texts.warmup.empty())) {
        return fail(FailureKind::invalid,
                    "{} lasts until its last pod: leave out --duration and "
                    "--warmup",
                    named);
    }
    if (!texts.within.empty() && options.profile != Profile::restart_storm) {
        return fail(FailureKind::invalid, "--within is for restart-storm");
    }
    if (!texts.mix.empty() && options.profile != Profile::mixed) {
        return fail(FailureKind::invalid, "--mix is for mixed");
    }
    if (options.find_max && options.ramp_to) {
        return fail(FailureKind::invalid, "--find-max looks for a rate itself: leave out --ramp");
    }
    if (options.find_max && options.slo.latencies.empty()) {
        return fail(FailureKind::invalid,
                    "--find-max: expected --slo with a latency, such as "
                    "p99=50ms,errors=0.1%");
    }
    if (options.token == TokenMode::one && options.profile == Profile::login) {
        return fail(FailureKind::invalid,
                    "--token one: nobody logs in with it, and login does "
                    "nothing else");
    }
    if (options.token == TokenMode::in_header && options.operation() == Operation::login) {
        return fail(FailureKind::invalid,
                    "--token inline logs in inside the sign request, and "
                    "login signs nothing");
    }
    if (options.token == TokenMode::in_header && options.storage == Storage::leased) {
        return fail(FailureKind::invalid,
                    "--token inline: OpenBao gives no lease to a request that "
                    "logs in by itself, so leave out --storage leased");
    }
    return {};
}

/// Who asks by pods says no rate, and may still mean one that is a flood.
Result<void> fits_bounds(const Options& options) {
    if (const auto renewals = renewals_a_second(options.pods, options.leaf_ttl);
        options.profile == Profile::renewal && renewals > highest_rate) {
        return fail(FailureKind::invalid,
                    "--pods {} with --leaf-ttl {} renew {:.0f} times a second: expected at most {}",
                    options.pods, human_duration(options.leaf_ttl), renewals, highest_rate);
    }
    if (asked_in_all(options) > static_cast<double>(most_transactions)) {
        return fail(FailureKind::invalid,
                    "{:.0f} transactions are asked in all: expected at most {}",
                    asked_in_all(options), most_transactions);
    }
    return {};
}

}  // namespace

std::string_view to_string(Profile profile) {
    switch (profile) {
        case Profile::sign:
            return "sign";
        case Profile::login:
            return "login";
        case Profile::login_sign:
            return "login-sign";
        case Profile::cold_start:
            return "cold-start";
        case Profile::restart_storm:
            return "restart-storm";
        case Profile::renewal:
            return "renewal";
        case Profile::mixed:
            return "mixed";
        case Profile::soak:
            return "soak";
        case Profile::health:
            return "health";
    }
    return "";
}

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::sign:
            return "sign";
        case Operation::login:
            return "login";
        case Operation::login_sign:
            return "login-sign";
        case Operation::health:
            return "health";
    }
    return "";
}

std::string_view to_string(TokenMode mode) {
    switch (mode) {
        case TokenMode::service:
            return "service";
        case TokenMode::batch:
            return "batch";
        case TokenMode::in_header:
            return "inline";
        case TokenMode::one:
            return "one";
    }
    return "";
}

std::string_view to_string(Storage storage) {
    switch (storage) {
        case Storage::stored:
            return "stored";
        case Storage::no_store:
            return "no_store";
        case Storage::leased:
            return "leased";
    }
    return "";
}

Operation Options::operation() const {
    switch (profile) {
        case Profile::sign:
            return Operation::sign;
        case Profile::login:
            return Operation::login;
        case Profile::health:
            return Operation::health;
        case Profile::mixed:
            return mix.front().operation;
        default:
            return Operation::login_sign;
    }
}

bool Options::signs() const {
    return profile == Profile::mixed
               ? std::ranges::any_of(mix,
                                     [](const Weight& one) {
                                         return one.operation == Operation::sign ||
                                                one.operation == Operation::login_sign;
                                     })
               : profile != Profile::login && profile != Profile::health;
}

bool Options::logs_in() const {
    if (token == TokenMode::one) {
        return false;
    }
    return profile == Profile::mixed
               ? std::ranges::any_of(mix,
                                     [](const Weight& one) {
                                         return one.operation == Operation::login ||
                                                one.operation == Operation::login_sign;
                                     })
               : profile != Profile::sign && profile != Profile::health;
}

Result<Options> parse_options(const OptionTexts& texts) {
    using namespace std::chrono_literals;
    Options options;
    Result<void> state;
    take(state, texts.profile, options.profile,
         [](const auto& text) { return one_of("PROFILE", text, all_profiles); });
    if (options.profile == Profile::soak) {
        options.duration = 10min;
    }
    take(state, texts.rate, options.rate, [](const auto& text) { return rate_of("--rate", text); });
    if (state && !texts.ramp.empty()) {
        state = take_ramp(texts.ramp, options);
    }
    take(state, texts.slo, options.slo, slo_of);
    take(state, texts.duration, options.duration,
         [](const auto& text) { return time_of("--duration", text, 1s, longest_run); });
    take(state, texts.warmup, options.warmup,
         [](const auto& text) { return time_of("--warmup", text, 0s, 1h); });
    take(state, texts.token, options.token,
         [](const auto& text) { return one_of("--token", text, all_tokens); });
    take(state, texts.storage, options.storage,
         [](const auto& text) { return one_of("--storage", text, all_storages); });
    take(state, texts.key_type, options.key_type,
         [](const auto& text) { return one_of("--key-type", text, leaf_keys); });
    take(state, texts.ca_key_type, options.ca_key_type, ca_key_of);
    take(state, texts.verify, options.verify, verified_share);
    take(state, texts.abort_on, options.abort, abort_of);
    take(state, texts.within, options.within,
         [](const auto& text) { return time_of("--within", text, 1s, 1h); });
    take(state, texts.leaf_ttl, options.leaf_ttl,
         [](const auto& text) { return time_of("--leaf-ttl", text, 5s, 24h * 30); });
    take(state, texts.mix, options.mix, mix_of);
    take(state, texts.timeout, options.timeout,
         [](const auto& text) { return time_of("--timeout", text, 10ms, 10min); });
    take_count(state, "--connections", texts.connections, 10'000, options.connections);
    take_count(state, "--pods", texts.pods, 1'000'000, options.pods);
    take_count(state, "--accounts", texts.accounts, most_accounts, options.accounts);
    take_count(state, "--clusters", texts.clusters, 100, options.clusters);
    take_count(state, "--billed-certificates", texts.billed_certificates, most_transactions,
               options.billed_certificates);
    take_count(state, "--billed-clients", texts.billed_clients, 1'000, options.billed_clients);
    options.find_max = texts.find_max;
    options.all_nodes = texts.all_nodes;
    options.keep_alive = !texts.reconnect;
    options.existing = texts.existing;
    if (state) {
        state = take_addresses(texts.addresses, options);
    }
    if (state) {
        state = fits_together(texts, options);
    }
    if (state) {
        state = fits_place(texts, options);
    }
    if (state) {
        state = fits_bounds(options);
    }
    if (!state) {
        return propagate(state);
    }
    return options;
}

}  // namespace meshproof::load
