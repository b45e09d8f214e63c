#include <charconv>

#include "reports/load.hpp"

namespace meshproof::reports {
namespace {

std::optional<double> number_if(const Place& place) {
    return place.exists() ? std::optional(place.number()) : std::nullopt;
}

std::optional<std::chrono::milliseconds> milliseconds_if(const Place& place) {
    return place.exists() ? std::optional(place.milliseconds()) : std::nullopt;
}

std::optional<std::chrono::microseconds> microseconds_if(const Place& place) {
    return place.exists() ? std::optional(place.microseconds()) : std::nullopt;
}

run::LoadOptions load_options_at(const Place& place) {
    run::LoadOptions options;
    options.profile = place["profile"].text();
    options.rate_per_second = number_if(place["rate_per_second"]);
    options.ramp_to_per_second = number_if(place["ramp_to_per_second"]);
    options.find_max = place["find_max"].flag();
    options.duration = milliseconds_if(place["duration_ms"]);
    options.warmup = place["warmup_ms"].milliseconds();
    if (const auto pods = place["pods"]; pods.exists()) {
        options.pods = pods.whole();
    }
    options.within = milliseconds_if(place["within_ms"]);
    if (const auto mix = place["mix"]; mix.exists()) {
        for (const auto& part : mix.items()) {
            options.mix.push_back({part["operation"].text(), part["weight"].number()});
        }
    }
    options.connections = place["connections"].whole();
    options.token = place["token"].text();
    options.storage = place["storage"].text();
    options.key_type = place["key_type"].text();
    options.ca_key_type = place["ca_key_type"].text();
    options.leaf_ttl = place["leaf_ttl_ms"].milliseconds();
    options.accounts = place["accounts"].whole();
    options.verify_share = place["verify_share"].number(1);
    options.timeout = place["timeout_ms"].milliseconds();
    options.abort_error_share = place["abort_error_share"].number(1);
    options.abort_lasting = place["abort_lasting_ms"].milliseconds();
    return options;
}

/// "p50", "p99.9"
bool names_percentile(std::string_view name) {
    double value = 0;
    const auto* end = name.data() + name.size();
    return name.starts_with('p') &&
           name.find_first_not_of("0123456789.", 1) == std::string_view::npos &&
           std::from_chars(name.data() + 1, end, value).ptr == end && value > 0 && value < 100;
}

run::LoadTimes load_times_at(const Place& place) {
    run::LoadTimes times;
    times.count = place["count"].whole();
    if (times.count > 0) {
        times.min = place["min_us"].microseconds();
        times.mean = place["mean_us"].microseconds();
        times.max = place["max_us"].microseconds();
    }
    for (const auto& [name, one] : place["percentiles"].members()) {
        if (!names_percentile(name)) {
            one.wrong("a name such as p99.9");
        }
        times.percentiles[name] = {one["us"].microseconds(), one["low_us"].microseconds(),
                                   one["high_us"].microseconds()};
    }
    return times;
}

run::LoadStage load_stage_at(const Place& place) {
    return {load_times_at(place["response"]), load_times_at(place["service"])};
}

run::LoadCounts load_counts_at(const Place& place) {
    return {.asked = place["asked"].whole(),
            .done = place["done"].whole(),
            .failed = place["failed"].whole(),
            .unfinished = place["unfinished"].whole(),
            .not_asked = place["not_asked"].whole(),
            .overflowed = place["overflowed"].whole(),
            .longest_queue = place["longest_queue"].whole()};
}

/// No data is said where there is none, and nowhere else: it never reads as a bound that was kept.
run::BoundAnswer answer_at(const Place& place, bool measured) {
    const auto answer = place.one_of(run::all_bound_answers);
    if ((answer == run::BoundAnswer::no_data) == measured) {
        place.wrong(measured ? "kept or missed, since it was measured"
                             : "no_data, since nothing was measured");
    }
    return answer;
}

run::LoadSlo load_slo_at(const Place& place) {
    run::LoadSlo slo;
    for (const auto& item : place["latencies"].items()) {
        run::LatencyBound bound;
        bound.percentile = item["percentile"].number(100);
        bound.limit = item["limit_us"].microseconds();
        bound.measured = microseconds_if(item["measured_us"]);
        bound.answer = answer_at(item["answer"], bound.measured.has_value());
        slo.latencies.push_back(bound);
    }
    const auto errors = place["errors"];
    slo.errors.limit_share = errors["limit_share"].number(1);
    slo.errors.measured_share = number_if(errors["measured_share"]);
    slo.errors.answer = answer_at(errors["answer"], slo.errors.measured_share.has_value());
    return slo;
}

std::vector<run::LoadTrouble> load_troubles_at(const Place& place) {
    std::vector<run::LoadTrouble> out;
    for (const auto& item : place.items()) {
        run::LoadTrouble trouble;
        trouble.step = item["step"].text();
        if (const auto status = item["status"]; status.exists()) {
            trouble.status = static_cast<int>(status.whole(100, 999));
        }
        trouble.text = item["text"].text();
        trouble.meaning = item["meaning"].text();
        trouble.count = item["count"].whole();
        trouble.first = item["first_ms"].milliseconds();
        trouble.last = item["last_ms"].milliseconds();
        out.push_back(std::move(trouble));
    }
    return out;
}

run::LoadVerification load_verification_at(const Place& place) {
    run::LoadVerification verification;
    verification.answers = place["answers"].whole();
    verification.verified = place["verified"].whole();
    verification.skipped = place["skipped"].whole();
    verification.not_verified = place["not_verified"].whole();
    for (const auto& [kind, count] : place["wrong"].members()) {
        verification.wrong[kind] = count.whole();
    }
    for (const auto& item : place["first"].items()) {
        verification.first.push_back(
            {item["transaction"].whole(), item["kind"].text(), item["detail"].text()});
    }
    verification.processor = place["processor_us"].microseconds();
    return verification;
}

std::optional<std::uint64_t> whole_if(const Place& place) {
    return place.exists() ? std::optional(place.whole()) : std::nullopt;
}

run::LoadServer load_server_at(const Place& place) {
    run::LoadServer server;
    server.process = place["process"].text();
    for (const auto& item : place["looks"].items()) {
        server.looks.push_back({.at = item["at_ms"].milliseconds(),
                                .processor = microseconds_if(item["processor_us"]),
                                .memory_bytes = whole_if(item["memory_bytes"]),
                                .allocated_bytes = whole_if(item["allocated_bytes"]),
                                .goroutines = whole_if(item["goroutines"])});
    }
    server.unseen = place["unseen"].texts();
    return server;
}

run::LoadFootprint load_footprint_at(const Place& place) {
    return {.made = place["made"].texts(),
            .transactions = place["transactions"].whole(),
            .certificates = place["certificates"].whole(),
            .stored_certificates = place["stored_certificates"].whole(),
            .leases = place["leases"].whole(),
            .stored_tokens = place["stored_tokens"].whole(),
            .clients = place["clients"].whole()};
}

run::LoadGenerator load_generator_at(const Place& place) {
    return {.slip = load_times_at(place["slip"]),
            .processor_share = number_if(place["processor_share"]),
            .processor = microseconds_if(place["processor_us"]),
            .pods = place["pods"].whole(),
            .account_tokens = place["account_tokens"].whole(),
            .preparation = place["preparation_ms"].milliseconds()};
}

run::LoadTimeline load_timeline_at(const Place& place) {
    run::LoadTimeline timeline;
    timeline.slot = place["slot_ms"].milliseconds();
    for (const auto& item : place["slots"].items()) {
        timeline.slots.push_back({.start = item["start_ms"].milliseconds(),
                                  .asked = item["asked"].whole(),
                                  .sent = item["sent"].whole(),
                                  .done = item["done"].whole(),
                                  .failed = item["failed"].whole(),
                                  .in_flight = item["in_flight"].whole(),
                                  .response_p50 = microseconds_if(item["response_p50_us"]),
                                  .response_p99 = microseconds_if(item["response_p99_us"]),
                                  .service_p50 = microseconds_if(item["service_p50_us"]),
                                  .service_p99 = microseconds_if(item["service_p99_us"])});
    }
    return timeline;
}

std::vector<run::LoadAddress> load_addresses_at(const Place& place) {
    std::vector<run::LoadAddress> out;
    for (const auto& item : place.items()) {
        out.push_back({item["address"].text(), item["asked"].whole(), item["done"].whole(),
                       item["failed"].whole(), item["unfinished"].whole(),
                       load_stage_at(item["whole"])});
    }
    return out;
}

std::vector<run::LoadStep> load_steps_at(const Place& place) {
    std::vector<run::LoadStep> out;
    for (const auto& item : place.items()) {
        run::LoadStep step;
        step.rate_per_second = item["rate_per_second"].number();
        step.done_per_second = item["done_per_second"].number();
        step.kept = item["kept"].flag();
        if (const auto why_not = item["why_not"]; why_not.exists()) {
            step.why_not = why_not.text();
        }
        step.whole = load_stage_at(item["whole"]);
        out.push_back(std::move(step));
    }
    return out;
}

}  // namespace

run::LoadOutcome load_at(const Place& place) {
    run::LoadOutcome load;
    load.options = load_options_at(place["options"]);
    load.ended = place["ended"].one_of(run::all_load_ends);
    if (const auto why_ended = place["why_ended"]; why_ended.exists()) {
        load.why_ended = why_ended.text();
    }
    load.counts = load_counts_at(place["counts"]);
    load.done_per_second = place["done_per_second"].number();
    load.last_done = place["last_done_ms"].milliseconds();
    load.slo = load_slo_at(place["slo"]);
    for (const auto& [name, stage] : place["stages"].members()) {
        load.stages[name] = load_stage_at(stage);
    }
    load.handshakes = place["handshakes"].whole();
    load.resumed = place["resumed"].whole();
    if (const auto addresses = place["addresses"]; addresses.exists()) {
        load.addresses = load_addresses_at(addresses);
    }
    load.troubles = load_troubles_at(place["troubles"]);
    load.verification = load_verification_at(place["verification"]);
    load.footprint = load_footprint_at(place["footprint"]);
    load.generator = load_generator_at(place["generator"]);
    load.server = load_server_at(place["server"]);
    load.timeline = load_timeline_at(place["timeline"]);
    if (const auto steps = place["steps"]; steps.exists()) {
        load.steps = load_steps_at(steps);
    }
    if (const auto mesh = place["mesh"]; mesh.exists()) {
        load.mesh = run::LoadMesh{mesh["pods"].whole(), mesh["renewals_per_second"].number()};
    }
    return load;
}

}  // namespace meshproof::reports
