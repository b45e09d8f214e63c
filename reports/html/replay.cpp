#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::reports::pages {
std::string shell_word(std::string_view text) {
    const bool plain =
        !text.empty() && text.front() != '-' && std::ranges::all_of(text, [](char c) {
            return letter_or_digit(c) ||
                   std::string_view("/_.,:=@%+-").find(c) != std::string::npos;
        });
    if (plain) {
        return std::string(text);
    }
    std::string word = "'";
    for (const char c : text) {
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return word + "'";
}

namespace {

std::string target_flags(const run::RunResult& result, std::string_view target_file) {
    std::string flags = " --target ";
    switch (result.setting) {
        case run::Setting::sim:
            flags += "sim";
            break;
        case run::Setting::loopback:
            flags += result.command == run::Command::run ? "loopback" : "fakes";
            break;
        case run::Setting::live:
            return flags + shell_word(target_file);
    }
    const auto vault = std::ranges::find(result.servers, "vault", &run::ServerVersion::role);
    const bool other = vault != result.servers.end() && vault->product == "fake vault";
    return flags + (other ? " --product vault" : "");
}

std::string length(std::chrono::milliseconds time) {
    return fmt::format("{}ms", time.count());
}

/// Of what most loads leave as it is.
std::string unusual_load_flags(const run::LoadOptions& options) {
    constexpr double all = 1, half = 0.5;
    constexpr std::chrono::milliseconds usual_timeout(30'000);
    std::string flags;
    if (options.accounts > 1) {
        flags += fmt::format(" --accounts {}", options.accounts);
    }
    if (options.verify_share < all) {
        flags += options.verify_share <= 0
                     ? std::string(" --verify none")
                     : fmt::format(" --verify sample:{:g}", options.verify_share);
    }
    if (options.timeout.count() > 0 && options.timeout != usual_timeout) {
        flags += " --timeout " + length(options.timeout);
    }
    if (options.abort_error_share != half) {
        flags += fmt::format(" --abort-on errors={:g}%", options.abort_error_share * 100);
    }
    return flags;
}

/// What a load was asked for, as flags.
std::string load_flags(const run::LoadOutcome& load) {
    const auto& options = load.options;
    std::string flags;
    const auto add = [&flags](std::string_view flag, const std::string& value) {
        flags += fmt::format(" --{} {}", flag, shell_word(value));
    };
    if (options.find_max) {
        flags += " --find-max";
    }
    if (options.rate_per_second && options.ramp_to_per_second) {
        add("ramp",
            fmt::format("{:g}:{:g}", *options.rate_per_second, *options.ramp_to_per_second));
    } else if (options.rate_per_second && !options.find_max) {
        add("rate", fmt::format("{:g}", *options.rate_per_second));
    }
    if (options.duration) {
        add("duration", length(*options.duration));
    }
    if (options.warmup.count() > 0) {
        add("warmup", length(options.warmup));
    }
    if (options.pods) {
        add("pods", std::to_string(*options.pods));
    } else if (load.mesh) {
        add("pods", std::to_string(load.mesh->pods));
    }
    if (options.within) {
        add("within", length(*options.within));
    }
    constexpr std::chrono::hours usual_life(1);
    if (options.leaf_ttl.count() > 0 && options.leaf_ttl != usual_life) {
        add("leaf-ttl", length(options.leaf_ttl));
    }
    std::string mix;
    for (const auto& part : options.mix) {
        mix += fmt::format("{}{}={:g}", mix.empty() ? "" : ",", part.operation, part.weight);
    }
    if (!mix.empty()) {
        add("mix", mix);
    }
    std::string slo;
    for (const auto& bound : load.slo.latencies) {
        slo += fmt::format("p{:g}={}us,", bound.percentile, bound.limit.count());
    }
    add("slo", fmt::format("{}errors={:g}%", slo, load.slo.errors.limit_share * 100));
    add("connections", std::to_string(options.connections));
    for (const auto& [flag, value] :
         {std::pair("token", options.token), std::pair("storage", options.storage),
          std::pair("key-type", options.key_type), std::pair("ca-key-type", options.ca_key_type)}) {
        if (!value.empty()) {
            add(flag, value);
        }
    }
    return flags + unusual_load_flags(options);
}

}  // namespace

std::string replay_command(const run::RunResult& result, const run::Outcome& outcome,
                           std::string_view target_file) {
    const std::string_view id = outcome.id;
    const auto target = target_flags(result, target_file);
    const auto seed = fmt::format(" --seed {}", result.seed);
    if (const auto* load = std::get_if<run::LoadOutcome>(&outcome.detail)) {
        return "meshproof load " + shell_word(load->options.profile) + load_flags(*load) + target +
               seed;
    }
    if (std::holds_alternative<run::CheckOutcome>(outcome.detail)) {
        return "meshproof conform " + shell_word(id) + target + seed + " --evidence";
    }
    constexpr std::string_view history = "history/";
    if (id.starts_with(history)) {
        const auto file = std::string(id.substr(history.size())) + ".yaml";
        return "meshproof replay " + shell_word(file);
    }
    if (id.starts_with("explore/") || id.starts_with("sometimes/")) {
        return "meshproof explore" + seed;
    }
    return "meshproof run " + shell_word(id) + target + seed;
}

}  // namespace meshproof::reports::pages
