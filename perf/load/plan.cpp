#include "perf/load/plan.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "perf/load/arrivals.hpp"
#include "perf/load/seconds.hpp"
#include "perf/load/text.hpp"

namespace meshproof::load {
namespace {

/// Less than this is within what two measurements of one mode differ.
constexpr double worth_it = 1.05;

bool same_server(const Curve& one, const Curve& other) {
    return one.target == other.target && one.product == other.product;
}

/// What it takes to come from one mode to another, in the servers' own words; "" where nothing.
std::string change_between(const Curve& from, const Curve& to) {
    std::vector<std::string> parts;
    if (from.token != to.token) {
        parts.emplace_back(to.token == TokenMode::service ? "token_type=service"
                           : to.token == TokenMode::batch ? "token_type=batch"
                                                          : token_words(to.token));
    }
    if (from.storage != to.storage) {
        parts.emplace_back(to.storage == Storage::no_store ? "no_store=true"
                           : to.storage == Storage::stored ? "certificates stored, no lease"
                                                           : "generate_lease=true");
    }
    if (from.key_type != to.key_type) {
        parts.push_back(fmt::format("{} keys", crypto::to_string(to.key_type)));
    }
    if (from.ca_key_type != to.ca_key_type) {
        parts.push_back(fmt::format("{} CA", to.ca_key_type));
    }
    return join(parts, ", ");
}

std::string command_for(const Curve& mode, Slo slo, std::string_view file) {
    if (slo.latencies.empty()) {  // which find-max does not take
        slo.latencies = {{99, std::chrono::milliseconds(50)}};
    }
    return fmt::format(
        "meshproof load login-sign --find-max --slo {} --token {} --storage {} --key-type {} "
        "--ca-key-type {} "
        "--connections {} --target {} --curve {}",
        slo_text(slo), to_string(mode.token), to_string(mode.storage),
        crypto::to_string(mode.key_type), mode.ca_key_type, mode.connections, mode.target, file);
}

bool wanted(const Curve& curve, const Wish& wish) {
    return curve.gives_leaves() && curve.token == wish.token.value_or(curve.token) &&
           curve.storage == wish.storage.value_or(curve.storage) &&
           curve.key_type == wish.key_type.value_or(curve.key_type);
}

/// No curve is as wished: what there is instead, and how to get it.
tl::unexpected<Failure> nothing_measured(const std::vector<Curve>& curves, const Wish& wish,
                                         std::string_view file) {
    std::vector<std::string> modes;
    for (const auto& curve : curves) {
        modes.push_back(mode_text(curve));
    }
    Curve mode;
    if (!curves.empty()) {
        mode = curves.front();
    } else {
        mode.target = "fakes";
        mode.connections = Options().connections;
    }
    mode.token = wish.token.value_or(mode.token);
    mode.storage = wish.storage.value_or(mode.storage);
    mode.key_type = wish.key_type.value_or(mode.key_type);
    return fail(FailureKind::invalid,
                "{}: expected a curve of login-sign in the mode that is asked about, got {}; "
                "this measures it: {}",
                file, modes.empty() ? "none" : join(modes, "; "),
                command_for(mode, wish.slo.value_or(mode.slo), file));
}

void compare(const std::vector<Curve>& curves, Plan& plan) {
    for (const auto& other : curves) {
        auto change = change_between(plan.curve, other);
        const auto best = best_rate(other, plan.slo);
        if (!other.gives_leaves() || !same_server(other, plan.curve) || change.empty() || !best) {
            continue;
        }
        const auto times = plan.best ? std::optional(best->rate / plan.best->rate) : std::nullopt;
        plan.alternatives.push_back({std::move(change), other, best->rate, times});
    }
    std::ranges::sort(plan.alternatives, std::greater(), &Alternative::rate);
}

/// The modes that are one step away and not in the file.
void name_unmeasured(const std::vector<Curve>& curves, std::string_view file, Plan& plan) {
    std::vector<Curve> near;
    const auto with = [&](TokenMode token, Storage storage) {
        auto mode = plan.curve;
        mode.token = token;
        mode.storage = storage;
        near.push_back(std::move(mode));
    };
    with(TokenMode::service, plan.curve.storage);
    with(TokenMode::batch, plan.curve.storage);
    // Only OpenBao has inline logins, and it gives no lease to what they sign.
    if (plan.curve.product.ends_with("openbao") && plan.curve.storage != Storage::leased) {
        with(TokenMode::in_header, plan.curve.storage);
    }
    with(plan.curve.token, Storage::no_store);
    for (const auto& mode : near) {
        auto change = change_between(plan.curve, mode);
        const bool measured = std::ranges::any_of(curves, [&](const Curve& curve) {
            return curve.gives_leaves() && same_server(curve, mode) &&
                   change_between(curve, mode).empty();
        });
        if (!change.empty() && !measured) {
            plan.unmeasured.push_back({std::move(change), command_for(mode, plan.slo, file)});
        }
    }
}

std::string verdict_line(const Plan& plan) {
    const auto& wish = plan.wish;
    const auto mesh =
        fmt::format("{} with leaves of {}", grouped(wish.pods, "pod"), human_duration(wish.life));
    if (!plan.best) {
        return fmt::format("{}: not carried: no measured rate keeps {}", mesh, slo_text(plan.slo));
    }
    if (wish.pods > plan.most_pods) {
        return fmt::format("{}: not carried: their renewals are {} what keeps {}", mesh,
                           times_text(1 / plan.headroom), slo_text(plan.slo));
    }
    if (!plan.carries()) {
        return fmt::format("{}: not carried: after a restart the last is not ready within {}", mesh,
                           human_duration(*wish.ready));
    }
    return fmt::format("{}: carried, with {} the rate that they need", mesh,
                       times_text(plan.headroom));
}

std::string storm_line(const Plan& plan) {
    auto line = fmt::format("if all restart within {}, the last is ready after {}{}",
                            human_duration(plan.wish.within), plan.storm->at_most ? "at most " : "",
                            human_duration(plan.storm->last_ready));
    if (plan.wish.ready) {
        line += fmt::format(" ({} are allowed)", human_duration(*plan.wish.ready));
    }
    return line;
}

std::string alternative_text(const Alternative& other, Duration life) {
    const auto times = other.times ? times_text(*other.times, 2) + ", " : std::string();
    return fmt::format("{}: {}{:.4g}/s, {}", other.change, times, other.rate,
                       grouped(largest_mesh(other.rate, life), "pod"));
}

void add_help(const Plan& plan, std::vector<std::string>& lines) {
    bool first = true;
    for (const auto& other : plan.alternatives) {
        const bool helps = other.times.value_or(worth_it) >= worth_it;
        lines.push_back(fmt::format("{} {}",
                                    first && helps ? "what would help most:"
                                    : helps        ? "would help:"
                                                   : "would not help:",
                                    alternative_text(other, plan.wish.life)));
        first = false;
    }
    for (const auto& one : plan.unmeasured) {
        lines.push_back(fmt::format("not measured: {}: {}", one.change, one.command));
    }
}

}  // namespace

bool Plan::carries() const {
    return wish.pods <= most_pods && (!wish.ready || (storm && storm->last_ready <= *wish.ready));
}

Result<Plan> make_plan(const std::vector<Curve>& curves, const Wish& wish, std::string_view file) {
    const auto found =
        std::ranges::find_if(curves, [&](const Curve& curve) { return wanted(curve, wish); });
    if (found == curves.end()) {
        return nothing_measured(curves, wish, file);
    }
    Plan plan;
    plan.wish = wish;
    plan.curve = *found;
    plan.slo = wish.slo.value_or(found->slo);
    plan.best = best_rate(plan.curve, plan.slo);
    plan.full = saturation(plan.curve);
    plan.renewals = renewals_a_second(wish.pods, wish.life);
    if (plan.best) {
        plan.headroom = plan.best->rate / plan.renewals;
        plan.most_pods = largest_mesh(plan.best->rate, wish.life);
        plan.least_life = shortest_life(plan.best->rate, wish.pods);
    }
    plan.storm = predict_storm(plan.curve, {wish.pods, wish.within, 0});
    compare(curves, plan);
    name_unmeasured(curves, file, plan);
    return plan;
}

std::vector<std::string> plan_text(const Plan& plan) {
    const auto& curve = plan.curve;
    std::vector<std::string> lines{
        verdict_line(plan),
        fmt::format("by the curve of {} {} ({}), {}: {}", curve.product, curve.server_version,
                    curve.target, rfc3339(curve.measured), mode_text(curve))};
    if (plan.best) {
        lines.push_back(fmt::format("they renew {} a second; {:.4g}/s keeps {}{}",
                                    times_text(plan.renewals), plan.best->rate, slo_text(plan.slo),
                                    plan.best->held ? "" : " (seen in one step, not in a hold)"));
        lines.push_back(fmt::format("the largest mesh at {}: {}; the shortest life for {}: {}",
                                    human_duration(plan.wish.life), grouped(plan.most_pods, "pod"),
                                    grouped(plan.wish.pods, "pod"),
                                    human_duration(*plan.least_life)));
    }
    if (plan.storm) {
        lines.push_back(storm_line(plan));
    }
    add_help(plan, lines);
    return lines;
}

std::string plan_json(const Plan& plan) {
    using Json = nlohmann::ordered_json;
    const auto mode = [](const Curve& curve) {
        return Json({{"token", to_string(curve.token)},
                     {"storage", to_string(curve.storage)},
                     {"key_type", crypto::to_string(curve.key_type)}});
    };
    Json alternatives = Json::array(), unmeasured = Json::array();
    for (const auto& other : plan.alternatives) {
        alternatives.push_back({{"change", other.change},
                                {"mode", mode(other.curve)},
                                {"rate_per_s", other.rate},
                                {"times", other.times ? Json(*other.times) : Json()}});
    }
    for (const auto& one : plan.unmeasured) {
        unmeasured.push_back({{"change", one.change}, {"command", one.command}});
    }
    const auto& wish = plan.wish;
    Json document = {{"schema", plan_schema}, {"version", MESHPROOF_VERSION}};
    document["carries"] = plan.carries();
    document["pods"] = wish.pods;
    document["leaf_ttl_s"] = in_seconds(wish.life);
    document["within_s"] = in_seconds(wish.within);
    document["ready_s"] = wish.ready ? Json(in_seconds(*wish.ready)) : Json();
    document["slo"] = slo_text(plan.slo);
    document["server"] = {{"target", plan.curve.target},
                          {"product", plan.curve.product},
                          {"version", plan.curve.server_version}};
    document["mode"] = mode(plan.curve);
    document["measured"] = rfc3339(plan.curve.measured);
    document["rate_per_s"] = plan.best ? Json(plan.best->rate) : Json();
    document["held"] = plan.best && plan.best->held;
    document["saturation"] = {{"rate_per_s", plan.full.rate}, {"reached", plan.full.reached}};
    document["renewals_per_s"] = plan.renewals;
    document["headroom"] = plan.headroom;
    document["largest_mesh"] = plan.most_pods;
    document["shortest_life_s"] = plan.least_life ? Json(in_seconds(*plan.least_life)) : Json();
    document["last_ready_s"] = plan.storm ? Json(in_seconds(plan.storm->last_ready)) : Json();
    document["last_ready_at_most"] = plan.storm && plan.storm->at_most;
    document["alternatives"] = std::move(alternatives);
    document["unmeasured"] = std::move(unmeasured);
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace meshproof::load
