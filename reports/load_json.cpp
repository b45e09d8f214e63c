#include "reports/load.hpp"

namespace meshproof::reports {
namespace {

using Json = nlohmann::ordered_json;

/// Only what is there.
template <class T>
void put(Json& item, const char* name, const std::optional<T>& value) {
    if (!value) {
        return;
    }
    if constexpr (std::is_arithmetic_v<T>) {
        item[name] = *value;
    } else {
        item[name] = value->count();
    }
}

Json options_json(const run::LoadOptions& options) {
    Json item = {{"profile", options.profile}};
    put(item, "rate_per_second", options.rate_per_second);
    put(item, "ramp_to_per_second", options.ramp_to_per_second);
    item["find_max"] = options.find_max;
    put(item, "duration_ms", options.duration);
    item["warmup_ms"] = options.warmup.count();
    put(item, "pods", options.pods);
    put(item, "within_ms", options.within);
    if (!options.mix.empty()) {
        Json mix = Json::array();
        for (const auto& part : options.mix) {
            mix.push_back({{"operation", part.operation}, {"weight", part.weight}});
        }
        item["mix"] = std::move(mix);
    }
    item["connections"] = options.connections;
    item["token"] = options.token;
    item["storage"] = options.storage;
    item["key_type"] = options.key_type;
    item["ca_key_type"] = options.ca_key_type;
    item["leaf_ttl_ms"] = options.leaf_ttl.count();
    item["accounts"] = options.accounts;
    item["verify_share"] = options.verify_share;
    item["timeout_ms"] = options.timeout.count();
    item["abort_error_share"] = options.abort_error_share;
    item["abort_lasting_ms"] = options.abort_lasting.count();
    return item;
}

Json times_json(const run::LoadTimes& times) {
    Json item = {{"count", times.count}};
    if (times.count > 0) {
        item["min_us"] = times.min.count();
        item["mean_us"] = times.mean.count();
        item["max_us"] = times.max.count();
    }
    Json percentiles = Json::object();
    for (const auto& [name, one] : times.percentiles) {
        percentiles[name] = {
            {"us", one.at.count()}, {"low_us", one.low.count()}, {"high_us", one.high.count()}};
    }
    item["percentiles"] = std::move(percentiles);
    return item;
}

Json stage_json(const run::LoadStage& stage) {
    return {{"response", times_json(stage.response)}, {"service", times_json(stage.service)}};
}

Json slo_json(const run::LoadSlo& slo) {
    Json latencies = Json::array();
    for (const auto& bound : slo.latencies) {
        Json item = {{"percentile", bound.percentile}, {"limit_us", bound.limit.count()}};
        put(item, "measured_us", bound.measured);
        item["answer"] = to_string(bound.answer);
        latencies.push_back(std::move(item));
    }
    Json errors = {{"limit_share", slo.errors.limit_share}};
    put(errors, "measured_share", slo.errors.measured_share);
    errors["answer"] = to_string(slo.errors.answer);
    return {{"latencies", std::move(latencies)}, {"errors", std::move(errors)}};
}

Json troubles_json(const std::vector<run::LoadTrouble>& troubles) {
    Json out = Json::array();
    for (const auto& trouble : troubles) {
        Json item = {{"step", trouble.step}};
        if (trouble.status != 0) {
            item["status"] = trouble.status;
        }
        item["text"] = trouble.text;
        item["meaning"] = trouble.meaning;
        item["count"] = trouble.count;
        item["first_ms"] = trouble.first.count();
        item["last_ms"] = trouble.last.count();
        out.push_back(std::move(item));
    }
    return out;
}

Json verification_json(const run::LoadVerification& verification) {
    Json first = Json::array();
    for (const auto& leaf : verification.first) {
        first.push_back(
            {{"transaction", leaf.transaction}, {"kind", leaf.kind}, {"detail", leaf.detail}});
    }
    return {{"answers", verification.answers},
            {"verified", verification.verified},
            {"skipped", verification.skipped},
            {"not_verified", verification.not_verified},
            {"wrong", Json(verification.wrong)},
            {"first", std::move(first)},
            {"processor_us", verification.processor.count()}};
}

Json timeline_json(const run::LoadTimeline& timeline) {
    Json slots = Json::array();
    for (const auto& slot : timeline.slots) {
        Json item = {{"start_ms", slot.start.count()},
                     {"asked", slot.asked},
                     {"sent", slot.sent},
                     {"done", slot.done},
                     {"failed", slot.failed},
                     {"in_flight", slot.in_flight}};
        put(item, "response_p50_us", slot.response_p50);
        put(item, "response_p99_us", slot.response_p99);
        put(item, "service_p50_us", slot.service_p50);
        put(item, "service_p99_us", slot.service_p99);
        slots.push_back(std::move(item));
    }
    return {{"slot_ms", timeline.slot.count()}, {"slots", std::move(slots)}};
}

Json footprint_json(const run::LoadFootprint& footprint) {
    return {{"made", footprint.made},
            {"transactions", footprint.transactions},
            {"certificates", footprint.certificates},
            {"stored_certificates", footprint.stored_certificates},
            {"leases", footprint.leases},
            {"stored_tokens", footprint.stored_tokens},
            {"clients", footprint.clients}};
}

Json generator_json(const run::LoadGenerator& generator) {
    Json item = {{"slip", times_json(generator.slip)}};
    put(item, "processor_share", generator.processor_share);
    put(item, "processor_us", generator.processor);
    item["pods"] = generator.pods;
    item["account_tokens"] = generator.account_tokens;
    item["preparation_ms"] = generator.preparation.count();
    return item;
}

Json server_json(const run::LoadServer& server) {
    Json looks = Json::array();
    for (const auto& look : server.looks) {
        Json item = {{"at_ms", look.at.count()}};
        put(item, "processor_us", look.processor);
        put(item, "memory_bytes", look.memory_bytes);
        put(item, "allocated_bytes", look.allocated_bytes);
        put(item, "goroutines", look.goroutines);
        looks.push_back(std::move(item));
    }
    return {{"process", server.process}, {"looks", std::move(looks)}, {"unseen", server.unseen}};
}

Json addresses_json(const std::vector<run::LoadAddress>& addresses) {
    Json out = Json::array();
    for (const auto& one : addresses) {
        out.push_back({{"address", one.address},
                       {"asked", one.asked},
                       {"done", one.done},
                       {"failed", one.failed},
                       {"unfinished", one.unfinished},
                       {"whole", stage_json(one.whole)}});
    }
    return out;
}

Json steps_json(const std::vector<run::LoadStep>& steps) {
    Json out = Json::array();
    for (const auto& step : steps) {
        Json item = {{"rate_per_second", step.rate_per_second},
                     {"done_per_second", step.done_per_second},
                     {"kept", step.kept}};
        if (!step.why_not.empty()) {
            item["why_not"] = step.why_not;
        }
        item["whole"] = stage_json(step.whole);
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace

void add_load(Json& item, const run::LoadOutcome& load) {
    item["options"] = options_json(load.options);
    item["ended"] = to_string(load.ended);
    if (!load.why_ended.empty()) {
        item["why_ended"] = load.why_ended;
    }
    const auto& counts = load.counts;
    item["counts"] = {{"asked", counts.asked},
                      {"done", counts.done},
                      {"failed", counts.failed},
                      {"unfinished", counts.unfinished},
                      {"not_asked", counts.not_asked},
                      {"overflowed", counts.overflowed},
                      {"longest_queue", counts.longest_queue}};
    item["done_per_second"] = load.done_per_second;
    item["last_done_ms"] = load.last_done.count();
    item["slo"] = slo_json(load.slo);
    Json stages = Json::object();
    for (const auto& [name, stage] : load.stages) {
        stages[name] = stage_json(stage);
    }
    item["stages"] = std::move(stages);
    item["handshakes"] = load.handshakes;
    item["resumed"] = load.resumed;
    if (!load.addresses.empty()) {
        item["addresses"] = addresses_json(load.addresses);
    }
    item["troubles"] = troubles_json(load.troubles);
    item["verification"] = verification_json(load.verification);
    item["footprint"] = footprint_json(load.footprint);
    item["generator"] = generator_json(load.generator);
    item["server"] = server_json(load.server);
    item["timeline"] = timeline_json(load.timeline);
    if (!load.steps.empty()) {
        item["steps"] = steps_json(load.steps);
    }
    if (load.mesh) {
        item["mesh"] = {{"pods", load.mesh->pods},
                        {"renewals_per_second", load.mesh->renewals_per_second}};
    }
}

}  // namespace meshproof::reports
