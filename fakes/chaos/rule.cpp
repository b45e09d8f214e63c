#include "fakes/chaos/rule.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

const Words<BodyFault> body_words{{"empty", BodyFault::empty},
                                  {"truncated", BodyFault::truncated},
                                  {"malformed", BodyFault::malformed}};
const Words<ResetPoint> reset_words{{"request", ResetPoint::request},
                                    {"before", ResetPoint::before},
                                    {"during", ResetPoint::during},
                                    {"after", ResetPoint::after}};
const Words<CertificateFault> certificate_words{{"other_key", CertificateFault::other_key},
                                                {"wrong_chain", CertificateFault::wrong_chain},
                                                {"expired", CertificateFault::expired}};
const Words<bool> stale_words{{"true", true}, {"false", false}};
// RFC 8446 section 6: those that a server may answer a hello with.
const Words<unsigned char> alert_words{{"handshake_failure", 40}, {"access_denied", 49},
                                       {"protocol_version", 70},  {"insufficient_security", 71},
                                       {"internal_error", 80},    {"unrecognized_name", 112}};

template <class T>
std::string name_of(const Words<T>& words, T value) {
    const auto found = std::ranges::find(words, value, &std::pair<std::string, T>::second);
    return found->first;
}

void read_uniform(YamlSection& shapes, Latency& latency) {
    constexpr std::string_view expected = "two times such as [10ms, 50ms]";
    latency.shape = Latency::Shape::uniform;
    const auto bounds = shapes.durations("uniform", {.expected = expected});
    if (bounds.size() != 2) {
        shapes.refuse("uniform", "expected {}", expected);
        return;
    }
    latency.low = bounds[0];
    latency.high = bounds[1];
    if (latency.high < latency.low) {
        shapes.refuse("uniform", "the shortest time is longer than the longest");
    }
}

void read_lognormal(YamlSection& shapes, Latency& latency) {
    latency.shape = Latency::Shape::lognormal;
    auto normal = shapes.inner("lognormal");
    if (!normal) {
        return;
    }
    normal->only({"median", "sigma"});
    const auto median = normal->duration("median");
    const auto sigma = normal->number("sigma", 0, 4);
    if (!median || !sigma) {
        normal->refuse("", "expected median and sigma");
        return;
    }
    latency.low = *median;
    latency.sigma = *sigma;
}

std::optional<Latency> read_latency(YamlSection& rule) {
    if (!rule.has("latency")) {
        return std::nullopt;
    }
    Latency latency;
    if (rule.is_text("latency")) {
        latency.low = rule.duration("latency").value_or(Duration::zero());
        return latency;
    }
    auto shapes = rule.inner("latency", "a time, or one of uniform and lognormal");
    if (!shapes) {
        return std::nullopt;
    }
    shapes->only({"uniform", "lognormal"});
    if (shapes->has("uniform") == shapes->has("lognormal")) {
        rule.refuse("latency", "expected a time, or one of uniform and lognormal");
    } else if (shapes->has("uniform")) {
        read_uniform(*shapes, latency);
    } else {
        read_lognormal(*shapes, latency);
    }
    return latency;
}

void read_caller(YamlSection& rule, ChaosRule::Caller& caller) {
    auto section = rule.inner("caller");
    if (!section) {
        return;
    }
    section->only({"address", "user_agent", "accessor", "subject"});
    caller.address = section->text("address").value_or("");
    caller.user_agent = section->text("user_agent").value_or("");
    caller.accessor = section->text("accessor").value_or("");
    caller.subject = section->text("subject").value_or("");
    if (caller.anyone()) {
        section->refuse("", "expected one of address, user_agent, accessor and subject");
    }
}

void read_methods(YamlSection& rule, std::vector<std::string>& methods) {
    constexpr std::string_view expected = "a method or a list of them";
    methods = rule.texts("method", expected);
    for (auto& method : methods) {
        std::ranges::transform(method, method.begin(), [](unsigned char c) {
            return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        });
    }
    const auto strange = [](const std::string& method) {
        return std::ranges::any_of(method, [](char c) { return c < 'A' || c > 'Z'; });
    };
    if (rule.has("method") && (methods.empty() || std::ranges::any_of(methods, strange))) {
        rule.refuse("method", "expected {}", expected);
    }
}

std::optional<Drip> read_drip(YamlSection& rule) {
    auto drip = rule.inner("drip");
    if (!drip) {
        return std::nullopt;
    }
    drip->only({"bytes", "every"});
    const auto bytes = drip->integer("bytes", 1, 1U << 20);
    const auto every = drip->duration("every");
    if (!bytes || !every) {
        drip->refuse("", "expected bytes and every");
        return std::nullopt;
    }
    return Drip{static_cast<std::size_t>(*bytes), *every};
}

bool is_server(std::string_view name) {
    for (const std::string_view kind : {"vault", "kube"}) {
        if (name == kind) {
            return true;
        }
        if (name.starts_with(kind) && name.size() > kind.size() + 1 && name[kind.size()] == '-') {
            const auto number = name.substr(kind.size() + 1);
            return std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
        }
    }
    return false;
}

const Names request_faults{"latency", "status", "body",  "content_type",
                           "drip",    "reset",  "stale", "certificate"};
const Names connection_faults{"tls_alert", "tls_certificate"};

/// What does not go together.
void judge(YamlSection& section, const ChaosRule& rule) {
    const bool on_requests =
        std::ranges::any_of(request_faults, [&](const auto& name) { return section.has(name); });
    const bool on_connections = rule.meets_connections();
    if (on_requests + on_connections + rule.clock_skew.has_value() > 1) {
        section.refuse("",
                       "a rule is about requests ({}), about connections ({}), or clock_skew: "
                       "make it several rules",
                       join(request_faults, ", "), join(connection_faults, ", "));
    }
    if (!on_requests && !on_connections && !rule.clock_skew) {
        section.refuse("", "no fault: expected one of {}, {}, clock_skew",
                       join(request_faults, ", "), join(connection_faults, ", "));
    }
    Names senseless;
    if (on_connections || rule.clock_skew) {
        senseless = {"method", "path", "retry_after"};
    }
    if (rule.clock_skew) {
        senseless.insert(senseless.end(), {"caller", "probability", "first"});
    }
    for (const auto& name : senseless) {
        if (section.has(name)) {
            section.refuse(name, "means nothing for {}",
                           rule.clock_skew ? "clock_skew, which is a server's"
                                           : "a connection, which has no request yet");
        }
    }
    const auto& caller = rule.caller;
    if (on_connections &&
        !(caller.user_agent.empty() && caller.accessor.empty() && caller.subject.empty())) {
        section.refuse("caller", "of a connection only the address is known");
    }
    if (rule.retry_after && !rule.status) {
        section.refuse("retry_after", "expected status beside it");
    }
    if (rule.certificate && rule.status) {
        section.refuse("certificate", "means nothing where status answers instead of the server");
    }
    if (rule.until && *rule.until <= rule.from) {
        section.refuse("until", "expected a time after from");
    }
}

ChaosRule read_rule(YamlSection& section, std::size_t index) {
    ChaosRule rule;
    section.only(
        {"name", "server", "method",  "path",      "caller",          "probability", "first",
         "from", "until",  "latency", "status",    "retry_after",     "body",        "content_type",
         "drip", "reset",  "stale",   "tls_alert", "tls_certificate", "certificate", "clock_skew"});
    rule.name = section.text("name").value_or(fmt::format("rule-{}", index + 1));
    rule.server = section.text("server").value_or("");
    if (!rule.server.empty() && !is_server(rule.server)) {
        section.refuse("server", "expected vault, kube, or one of several like vault-1");
    }
    read_methods(section, rule.methods);
    rule.path = section.text("path").value_or("");
    if (!rule.path.empty() && rule.path.front() != '/' && rule.path.front() != '*') {
        section.refuse("path", "expected a path from / on, as /v1/pki/sign/*");
    }
    read_caller(section, rule.caller);
    rule.probability = section.number("probability", 0, 1).value_or(1);
    rule.first = section.integer("first", 1, std::numeric_limits<std::uint32_t>::max());
    rule.from = section.duration("from").value_or(Duration::zero());
    rule.until = section.duration("until");
    rule.latency = read_latency(section);
    rule.status = section.integer("status", 200, 599);
    rule.retry_after = section.duration("retry_after");
    rule.body = section.word("body", body_words);
    rule.content_type = section.text("content_type").value_or("");
    if (rule.content_type.find_first_of("\r\n") != std::string::npos) {
        section.refuse("content_type", "expected one line");
    }
    rule.drip = read_drip(section);
    rule.reset = section.word("reset", reset_words);
    rule.stale = section.word("stale", stale_words).value_or(false);
    rule.certificate = section.word("certificate", certificate_words);
    rule.tls_alert = section.word("tls_alert", alert_words);
    rule.tls_certificate = section.word("tls_certificate", certificate_words);
    rule.clock_skew = section.duration("clock_skew", {.shortest = -DurationLimits().longest});
    judge(section, rule);
    return rule;
}

Json latency_json(const Latency& latency) {
    switch (latency.shape) {
        case Latency::Shape::fixed:
            return go_duration(latency.low);
        case Latency::Shape::uniform:
            return {{"uniform", {go_duration(latency.low), go_duration(latency.high)}}};
        case Latency::Shape::lognormal:
            return {
                {"lognormal", {{"median", go_duration(latency.low)}, {"sigma", latency.sigma}}}};
    }
    return {};
}

void put(Json& out, const char* name, const std::string& text) {
    if (!text.empty()) {
        out[name] = text;
    }
}

void put_match(Json& out, const ChaosRule& rule) {
    put(out, "server", rule.server);
    if (!rule.methods.empty()) {
        out["method"] = rule.methods;
    }
    put(out, "path", rule.path);
    if (!rule.caller.anyone()) {
        auto& caller = out["caller"] = Json::object();
        put(caller, "address", rule.caller.address);
        put(caller, "user_agent", rule.caller.user_agent);
        put(caller, "accessor", rule.caller.accessor);
        put(caller, "subject", rule.caller.subject);
    }
    if (rule.probability != 1) {
        out["probability"] = rule.probability;
    }
    if (rule.first) {
        out["first"] = *rule.first;
    }
    if (rule.from != Duration::zero()) {
        out["from"] = go_duration(rule.from);
    }
    if (rule.until) {
        out["until"] = go_duration(*rule.until);
    }
}

void put_faults(Json& out, const ChaosRule& rule) {
    if (rule.latency) {
        out["latency"] = latency_json(*rule.latency);
    }
    if (rule.status) {
        out["status"] = *rule.status;
    }
    if (rule.retry_after) {
        out["retry_after"] = go_duration(*rule.retry_after);
    }
    if (rule.body) {
        out["body"] = name_of(body_words, *rule.body);
    }
    put(out, "content_type", rule.content_type);
    if (rule.drip) {
        out["drip"] = {{"bytes", rule.drip->bytes}, {"every", go_duration(rule.drip->every)}};
    }
    if (rule.reset) {
        out["reset"] = name_of(reset_words, *rule.reset);
    }
    if (rule.stale) {
        out["stale"] = true;
    }
    if (rule.certificate) {
        out["certificate"] = name_of(certificate_words, *rule.certificate);
    }
    if (rule.tls_alert) {
        out["tls_alert"] = name_of(alert_words, *rule.tls_alert);
    }
    if (rule.tls_certificate) {
        out["tls_certificate"] = name_of(certificate_words, *rule.tls_certificate);
    }
    if (rule.clock_skew) {
        out["clock_skew"] = go_duration(*rule.clock_skew);
    }
}

}  // namespace

Result<std::vector<ChaosRule>> parse_chaos(std::string_view text, std::string_view path) {
    if (valid_utf8(std::string(text)) != text) {
        return fail(FailureKind::invalid, "{}:1: not UTF-8", path);  // JSON could not hold it
    }
    auto root = YamlSection::parse(text, {.path = std::string(path), .may_be_empty = true});
    if (!root) {
        return propagate(root);
    }
    root->only({"rules"});
    std::vector<ChaosRule> rules;
    std::set<std::string> names;
    for (auto& section : root->sections("rules")) {
        rules.push_back(read_rule(section, rules.size()));
        if (!names.insert(rules.back().name).second) {
            section.refuse("name", "another rule is called {} too", rules.back().name);
        }
    }
    return checked(std::move(rules), *root);
}

Json rule_json(const ChaosRule& rule) {
    Json out = {{"name", rule.name}};
    put_match(out, rule);
    put_faults(out, rule);
    return out;
}

Json chaos_json(const std::vector<ChaosRule>& rules) {
    Json list = Json::array();
    for (const auto& rule : rules) {
        list.push_back(rule_json(rule));
    }
    return {{"rules", std::move(list)}};
}

bool fits_path(std::string_view wanted, std::string_view path) {
    if (wanted.empty() || wanted == path) {
        return true;
    }
    if (wanted.find('*') != std::string_view::npos) {
        return fits_pattern(wanted, path);
    }
    return path.starts_with(wanted) && (wanted.back() == '/' || path[wanted.size()] == '/');
}

bool means_server(std::string_view wanted, std::string_view server) {
    return wanted.empty() || wanted == server || wanted == server.substr(0, server.find('-'));
}

}  // namespace meshproof::fakes
