#include "perf/load/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/base/markdown.hpp"
#include "core/base/text.hpp"
#include "core/stats/hlog.hpp"
#include "core/stats/percentile.hpp"
#include "perf/load/arrivals.hpp"
#include "perf/load/capacity.hpp"
#include "perf/load/find_max.hpp"
#include "perf/load/troubles.hpp"

namespace meshproof::load {
namespace {

constexpr std::array shown = {50.0, 95.0, 99.0, 99.9, 99.99};

/// Of the table on a terminal: the last has a column only where there are enough samples for it,
/// since few loads have, and the table is wide.
std::span<const double> columns_for(const Outcome& outcome) {
    const auto samples = outcome.measured.whole.response.count();
    return std::span(shown).first(shown.size() -
                                  (samples < stats::samples_needed(shown.back()) ? 1 : 0));
}

/// Above this the Vault's storage is filled for long: a person should know.
constexpr std::size_t many_stored = 50'000;

std::string at_rate(const Options& options) {
    switch (options.profile) {
        case Profile::cold_start:
            return fmt::format("{} at one moment", grouped(options.pods, "pod"));
        case Profile::restart_storm:
            return fmt::format("{} within {}", grouped(options.pods, "pod"),
                               human_duration(options.within));
        case Profile::renewal:
            return fmt::format("{} with leaves of {}: {:.4g}/s for {}",
                               grouped(options.pods, "pod"), human_duration(options.leaf_ttl),
                               renewals_a_second(options.pods, options.leaf_ttl),
                               human_duration(options.duration));
        default:
            break;
    }
    if (options.find_max) {
        return fmt::format("the largest rate that keeps the SLO, from {:g}/s up", options.rate);
    }
    return fmt::format("{:g}/s{} for {}", options.rate,
                       options.ramp_to ? fmt::format(" to {:g}/s", *options.ramp_to) : "",
                       human_duration(options.duration));
}

std::string connections_text(const Options& options) {
    return fmt::format(
        "{}{}{}", counted(options.connections, "connection"),
        options.keep_alive ? "" : ", each for one transaction",
        options.clusters > 1 ? ", " + counted(options.clusters, "cluster").text() : "");
}

std::string_view kept_text(const Options& options) {
    if (options.existing) {
        return "as their role has it";
    }
    return options.storage == Storage::stored     ? "stored"
           : options.storage == Storage::no_store ? "not stored"
                                                  : "stored with a lease";
}

std::string with_what(const Options& options) {
    if (options.profile == Profile::health) {
        return connections_text(options);
    }
    return fmt::format("{} tokens, {} keys, certificates {}, {}", to_string(options.token),
                       to_string(options.key_type), kept_text(options), connections_text(options));
}

/// A row of the table: name, count, and both times' percentiles and maximum.
struct Row {
    std::string name;
    const StageTimes* times;
};

std::vector<Row> rows_of(const Outcome& outcome) {
    const auto& measured = outcome.measured;
    std::vector<Row> rows{{outcome.options.profile == Profile::mixed
                               ? "all"
                               : std::string(to_string(outcome.options.operation())),
                           &measured.whole}};
    for (const auto* name : {"connect", "tls", "first-byte", "login", "sign"}) {
        if (const auto found = measured.stages.find(name); found != measured.stages.end()) {
            rows.push_back({fmt::format("  {}", name), &found->second});
        }
    }
    return rows;
}

std::string cell(const stats::Histogram& times, double percentile) {
    return times.count() < stats::samples_needed(percentile)
               ? "-"
               : stats::latency_text(times.at(percentile));
}

std::string row_text(const Row& row, std::span<const double> columns) {
    auto line = fmt::format("{:<12}{:>10}", row.name, grouped(row.times->response.count()));
    for (const auto* times : {&row.times->response, &row.times->service}) {
        line += "  |";
        for (const auto percentile : columns) {
            line += fmt::format("{:>9}", cell(*times, percentile));
        }
        line += fmt::format("{:>9}", times->count() == 0 ? "-" : stats::latency_text(times->max()));
    }
    return line;
}

/// What the dashes of the table mean.
std::string missing_samples(const stats::Histogram& times, std::span<const double> columns) {
    std::vector<std::string> lacking;
    for (const auto percentile : columns) {
        if (const auto needed = stats::samples_needed(percentile); times.count() < needed) {
            lacking.push_back(fmt::format("p{:g} needs {}", percentile, grouped(needed)));
        }
    }
    return lacking.empty() ? std::string()
                           : fmt::format("-: too few samples: {}; there are {}",
                                         join(lacking, ", "), grouped(times.count()));
}

void add_table(const Outcome& outcome, std::vector<std::string>& lines) {
    const auto columns = columns_for(outcome);
    const auto block = 9 * (columns.size() + 1);
    lines.push_back(fmt::format("{:22}  |{:^{}}  |{:^{}}", "", "response, from the intended moment",
                                block, "service, from the real send", block));
    auto head = fmt::format("{:<12}{:>10}", "", "n");
    for (int both = 0; both < 2; ++both) {
        head += "  |";
        for (const auto percentile : columns) {
            head += fmt::format("{:>9}", fmt::format("p{:g}", percentile));
        }
        head += fmt::format("{:>9}", "max");
    }
    lines.push_back(std::move(head));
    for (const auto& row : rows_of(outcome)) {
        lines.push_back(row_text(row, columns));
    }
    if (auto missing = missing_samples(outcome.measured.whole.response, columns);
        !missing.empty()) {
        lines.push_back(std::move(missing));
    }
}

std::string headline(const Outcome& outcome) {
    const auto& measured = outcome.measured;
    if (outcome.options.find_max) {
        const auto* best = best_step(outcome.steps);
        return best == nullptr
                   ? fmt::format("{}: no rate keeps the SLO", to_string(outcome.verdict))
                   : fmt::format("{}: {:.4g}/s is the largest rate found that keeps the SLO{}",
                                 to_string(outcome.verdict), best->rate,
                                 best->hold ? "" : ", seen in one step and not in a hold");
    }
    auto line = fmt::format("{}: {} of {} done", to_string(outcome.verdict), grouped(measured.done),
                            grouped(measured.asked, "transaction"));
    if (outcome.options.by_pods()) {
        return line + fmt::format(", the last after {}", stats::latency_text(measured.last_done));
    }
    const auto seconds = std::chrono::duration<double>(measured.planned).count();
    return line + fmt::format("; {:.1f}/s asked, {:.1f}/s done",
                              seconds <= 0 ? 0.0 : static_cast<double>(measured.asked) / seconds,
                              measured.rate());
}

std::string trouble_line(const Trouble& trouble) {
    return fmt::format(
        "{:>9} x {} {}: {} ({} to {}): {}", grouped(trouble.count), name_of(trouble.step),
        trouble.status == 0 ? std::string("without an answer") : std::to_string(trouble.status),
        trouble.text, stats::latency_text(trouble.first), stats::latency_text(trouble.last),
        trouble.meaning);
}

std::string verified_line(const Outcome& outcome) {
    const auto& verification = outcome.verification;
    return fmt::format("verified: {} of {}, {} wrong", grouped(verification.verified),
                       grouped(verification.answers, "leaf", "leaves"),
                       grouped(verification.wrong_leaves()));
}

/// Leaves of which nothing is known though they should have been verified; "" where there are none.
std::string not_verified_line(const Outcome& outcome) {
    const auto& verification = outcome.verification;
    return verification.not_verified == 0
               ? std::string()
               : fmt::format(
                     "not verified: {} of {}, since the verifier's queue was full; "
                     "--verify sample:F asks for a share that it can keep up with",
                     grouped(verification.not_verified),
                     grouped(verification.answers, "leaf", "leaves"));
}

/// What each of several addresses did; nothing where there is one.
std::vector<std::string> address_lines(const Measured& measured) {
    std::vector<std::string> lines;
    for (const auto& one : measured.addresses) {
        const auto& times = one.whole.response;
        lines.push_back(fmt::format("at {}: {} asked, {} done, {} failed, response p50 {} p99 {}",
                                    one.address, grouped(one.asked), grouped(one.done),
                                    grouped(one.failed + one.unfinished), cell(times, 50),
                                    cell(times, 99)));
    }
    return lines;
}

std::string addresses_in_markdown(const Measured& measured) {
    std::string text =
        "| address | asked | done | failed | unfinished | response p50 | response p99 | "
        "service p50 | service p99 |\n|---|---|---|---|---|---|---|---|---|\n";
    for (const auto& one : measured.addresses) {
        text += fmt::format("| {} | {} | {} | {} | {} |", markdown_text(one.address),
                            grouped(one.asked), grouped(one.done), grouped(one.failed),
                            grouped(one.unfinished));
        for (const auto* times : {&one.whole.response, &one.whole.service}) {
            text += fmt::format(" {} | {} |", stats::percentile_text(*times, 50),
                                stats::percentile_text(*times, 99));
        }
        text += "\n";
    }
    return text;
}

/// How connections were opened; "" without TLS, or where all were open before measuring began.
std::string handshakes_line(const Measured& measured) {
    return measured.handshakes == 0
               ? std::string()
               : fmt::format(
                     "TLS: {}, {} of them ({:.0f} %) with a session of an "
                     "earlier one",
                     grouped(measured.handshakes, "handshake"), grouped(measured.resumed),
                     100.0 * static_cast<double>(measured.resumed) /
                         static_cast<double>(measured.handshakes));
}

/// Where the difference between the two times comes from, and whether to trust the generator.
std::string waiting_line(const Measured& measured) {
    const auto before = measured.whole.response.mean() - measured.whole.service.mean();
    return fmt::format(
        "before the send: {} on average; {} waited since all connections were busy (the longest "
        "queue: {})",
        stats::latency_text(std::max(before, Duration::zero())), grouped(measured.overflowed),
        grouped(measured.longest_queue));
}

std::string generator_line(const Outcome& outcome) {
    const auto& measured = outcome.measured;
    const auto& slip = measured.slip;
    const bool few = slip.count() < stats::samples_needed(99);
    auto line =
        fmt::format("the generator: late by {} at p50, {} at {}", cell(slip, 50),
                    stats::latency_text(few ? slip.max() : slip.at(99)), few ? "most" : "p99");
    if (measured.processor_share) {
        line += fmt::format(", {:.0f} % of a processor", *measured.processor_share * 100);
    }
    line += fmt::format("; {} keys and requests", grouped(outcome.pods, "pod's", "pods'"));
    if (outcome.account_tokens > 0) {
        line += fmt::format(" and {}", grouped(outcome.account_tokens, "service account token"));
    }
    return line + " made ahead, not measured";
}

std::string cut_short_line() {
    return fmt::format("not searched further: all steps together may ask {} transactions",
                       grouped(most_transactions));
}

void add_steps(const Outcome& outcome, std::vector<std::string>& lines) {
    for (const auto& step : outcome.steps) {
        const auto& times = step.measured.whole.response;
        lines.push_back(fmt::format("{:>10.4g}/s  p50 {:>8}  p99 {:>8}  {}{}", step.rate,
                                    cell(times, 50), cell(times, 99), step.hold ? "hold: " : "",
                                    step.kept ? "kept" : step.why_not));
    }
    if (outcome.cut_short) {
        lines.push_back(cut_short_line());
    }
}

/// What find-max says of meshes; nothing of other loads.
std::vector<std::string> capacity_of(const Outcome& outcome) {
    return capacity_lines(curve_of(outcome, {}), outcome.options.leaf_ttl, outcome.options.pods);
}

std::string capacity_in_markdown(const Outcome& outcome) {
    std::string text;
    for (const auto& line : capacity_of(outcome)) {
        text += fmt::format("{}- {}\n", text.empty() ? "\n## Capacity\n\n" : "", line);
    }
    return outcome.cut_short ? fmt::format("{}- {}\n", text, cut_short_line()) : text;
}

std::string times_in_markdown(const Outcome& outcome) {
    std::string text = "| stage | time | n |";
    std::string rule = "|---|---|---|";
    for (const auto percentile : shown) {
        text += fmt::format(" p{:g} |", percentile);
        rule += "---|";
    }
    text += " max |\n" + rule + "---|\n";
    for (const auto& row : rows_of(outcome)) {
        for (const auto& [name, times] : {std::pair("response", &row.times->response),
                                          std::pair("service", &row.times->service)}) {
            text += fmt::format("| {} | {} | {} |", trim(row.name), name, grouped(times->count()));
            for (const auto percentile : shown) {
                text += fmt::format(" {} |", stats::percentile_text(*times, percentile));
            }
            text += fmt::format(" {} |\n", stats::latency_text(times->max()));
        }
    }
    return text;
}

std::string timeline_in_markdown(const stats::Timeline& timeline) {
    std::string text =
        "| from | asked | sent | done | failed | most in flight | response p50 | response max | "
        "service p50 | service max |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for (std::size_t i = 0; i < timeline.size(); ++i) {
        const auto slot = timeline.slot(i);
        const auto& tally = slot.tally;
        text += fmt::format("| {} s | {} | {} | {} | {} | {} |", whole_seconds(slot.start),
                            tally.asked, tally.sent, tally.done, tally.failed, tally.in_flight);
        for (const auto* times : {&slot.response, &slot.service}) {
            text += times->count() == 0
                        ? " - | - |"
                        : fmt::format(" {} | {} |", stats::latency_text(times->at(50)),
                                      stats::latency_text(times->max()));
        }
        text += "\n";
    }
    return text;
}

}  // namespace

std::string to_hlog(const Outcome& outcome) {
    const auto& measured = outcome.measured;
    stats::HlogWriter log(measured.began);
    for (std::size_t i = 0; i < measured.timeline.size(); ++i) {
        const auto slot = measured.timeline.slot(i);
        const auto from = measured.began + slot.start;
        log.add({"response", from, measured.timeline.slot_width()}, slot.response);
        log.add({"service", from, measured.timeline.slot_width()}, slot.service);
    }
    const auto whole = outcome.options.warmup + measured.planned;
    const auto add = [&](const std::string& name, const StageTimes& times) {
        log.add({name + "-response", measured.began, whole}, times.response);
        log.add({name + "-service", measured.began, whole}, times.service);
    };
    // The seconds have warming up in them, and not what did not end.
    add("whole", measured.whole);
    for (const auto& [name, times] : measured.stages) {
        add(name, times);
    }
    return log.text();
}

std::string grouped(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto at = std::ssize(text) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return text;
}

std::string grouped(std::uint64_t number, std::string_view one, std::string_view several) {
    return number == 1       ? fmt::format("1 {}", one)
           : several.empty() ? fmt::format("{} {}s", grouped(number), one)
                             : fmt::format("{} {}", grouped(number), several);
}

std::string times_text(double times, int digits) {
    constexpr double most_whole = 1e15;
    auto number = fmt::format("{:.{}g}", times, digits);
    if (number.find("e+") != std::string::npos && times < most_whole) {  // 1.86e+03
        number = grouped(static_cast<std::uint64_t>(std::llround(times)));
    }
    return number + (number == "1" ? " time" : " times");
}

std::vector<std::string> plan_lines(const Options& options, const Footprint& print,
                                    const run::Survey& found) {
    std::vector<std::string> lines{
        fmt::format("load {}: {}; {}", to_string(options.profile), at_rate(options),
                    with_what(options)),
        fmt::format("asks {}{} in all", options.find_max ? "at most " : "",
                    grouped(print.transactions, "transaction"))};
    if (!print.made.empty()) {
        lines.push_back("makes, and removes at the end: " + join(print.made, ", "));
        lines.push_back(fmt::format(
            "up to {} signed, {} of them stored, {}, {} stored",
            grouped(print.certificates, "certificate"), grouped(print.stored_certificates),
            grouped(print.leases, "lease"), grouped(print.stored_tokens, "token")));
    }
    lines.insert(lines.end(), print.notes.begin(), print.notes.end());
    if (options.existing && print.certificates > many_stored) {
        lines.push_back(fmt::format(
            "warning: up to {} certificates are stored for good, unless the role has no_store",
            grouped(print.certificates)));
    }
    if (print.stored_certificates > many_stored) {
        lines.push_back(
            fmt::format("warning: up to {} certificates will be stored until their mount is "
                        "removed at the end; "
                        "--storage no_store keeps none",
                        grouped(print.stored_certificates)));
    }
    if (billed(found)) {
        lines.push_back(fmt::format(
            "warning: Vault Enterprise bills this month for up to {} and {}",
            grouped(print.certificates, "certificate"), grouped(print.clients, "client")));
    }
    return lines;
}

std::string progress_line(const Progress& progress) {
    const auto left = progress.end - progress.elapsed;
    const auto text = [&progress](double percentile, Duration time) {
        return progress.recent < stats::samples_needed(percentile) ? std::string("-")
                                                                   : stats::latency_text(time);
    };
    const auto p99 = text(99, progress.p99);
    return fmt::format(
        "{:>4} s: asked {}/s, done {}/s, response p50 {} {}, {} failed, {} in flight, {} waiting, "
        "{}",
        whole_seconds(progress.elapsed), progress.asked, progress.done, text(50, progress.p50),
        p99 == "-" && progress.recent > 0 ? "max " + stats::latency_text(progress.slowest)
                                          : "p99 " + p99,
        grouped(progress.failed), progress.in_flight, progress.waiting, human_left(left));
}

std::vector<std::string> outcome_lines(const Outcome& outcome) {
    const auto& measured = outcome.measured;
    std::vector<std::string> lines{headline(outcome)};
    for (const auto& failure : outcome.failures) {
        lines.push_back("  " + failure);
    }
    if (auto unknown = not_verified_line(outcome); !unknown.empty()) {
        lines.push_back("  " + std::move(unknown));
    }
    add_steps(outcome, lines);
    for (auto& line : capacity_of(outcome)) {
        lines.push_back(std::move(line));
    }
    lines.emplace_back();
    add_table(outcome, lines);
    lines.emplace_back();
    if (measured.bad() > 0) {
        lines.push_back(fmt::format("failed: {}; unfinished: {}", grouped(measured.failed),
                                    grouped(measured.unfinished)));
    }
    if (measured.not_asked > 0) {
        lines.push_back(
            fmt::format("not asked, since it ended early: {}", grouped(measured.not_asked)));
    }
    for (const auto& trouble : measured.troubles) {
        lines.push_back(trouble_line(trouble));
    }
    if (outcome.options.signs()) {
        lines.push_back(verified_line(outcome));
    }
    for (const auto& wrong : outcome.verification.first) {
        lines.push_back(fmt::format("  transaction {}: the leaf {}: {}", wrong.transaction,
                                    to_string(wrong.wrong), wrong.detail));
    }
    for (auto& line : address_lines(measured)) {
        lines.push_back(std::move(line));
    }
    if (auto line = handshakes_line(measured); !line.empty()) {
        lines.push_back(std::move(line));
    }
    lines.push_back(waiting_line(measured));
    lines.push_back(generator_line(outcome));
    if (auto server = server_line(outcome.server, outcome.verification.answers); !server.empty()) {
        lines.push_back(std::move(server));
    }
    return lines;
}

std::string to_markdown(const Outcome& outcome, std::string_view target, std::uint64_t seed) {
    std::string text =
        fmt::format("# Load: {}\n\n{}\n\n", to_string(outcome.options.profile), headline(outcome));
    text += fmt::format("- meshproof {}, target {}, seed {}\n", MESHPROOF_VERSION,
                        markdown_text(target), seed);
    for (const auto& server : outcome.servers) {
        text += fmt::format("- {} {} at {}\n", markdown_text(server.product),
                            markdown_text(server.version), markdown_text(server.address));
    }
    text += fmt::format("- {}; {}\n", at_rate(outcome.options), with_what(outcome.options));
    for (const auto& failure : outcome.failures) {
        text += fmt::format("- {}\n", markdown_text(failure));
    }
    if (const auto unknown = not_verified_line(outcome); !unknown.empty()) {
        text += fmt::format("- {}\n", unknown);
    }
    text +=
        "\nResponse time counts from the intended moment, service time from the real send. In "
        "brackets: where the percentile lies with 95 % confidence.\n\n" +
        times_in_markdown(outcome);
    text += fmt::format("\n- {}\n- {}\n", waiting_line(outcome.measured), generator_line(outcome));
    if (outcome.options.signs()) {
        text += fmt::format("- {}\n", verified_line(outcome));
    }
    if (const auto line = handshakes_line(outcome.measured); !line.empty()) {
        text += fmt::format("- {}\n", line);
    }
    if (!outcome.measured.addresses.empty()) {
        text += "\n## By address\n\n" + addresses_in_markdown(outcome.measured);
    }
    if (!outcome.measured.troubles.empty()) {
        text +=
            "\n## What failed\n\n| count | where | status | text | what it means |\n"
            "|---|---|---|---|---|\n";
        for (const auto& trouble : outcome.measured.troubles) {
            text += fmt::format("| {} | {} | {} | {} | {} |\n", trouble.count,
                                name_of(trouble.step), trouble.status, markdown_text(trouble.text),
                                markdown_text(trouble.meaning));
        }
    }
    text += capacity_in_markdown(outcome);
    if (const auto server = server_markdown(outcome.server); !server.empty()) {
        const auto line = server_line(outcome.server, outcome.verification.answers);
        text += fmt::format("\n## The server's side\n\n{}{}{}", line, line.empty() ? "" : "\n\n",
                            server);
    }
    return text + "\n## By time\n\n" + timeline_in_markdown(outcome.measured.timeline);
}

}  // namespace meshproof::load
