#include "fakes/chaos/rule.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <set>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/nearest.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;
template <class T>
using Words = std::vector<std::pair<std::string, T>>;

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
// RFC 8446 section 6: those that a server may answer a hello with.
const Words<unsigned char> alert_words{{"handshake_failure", 40}, {"access_denied", 49},
                                       {"protocol_version", 70},  {"insufficient_security", 71},
                                       {"internal_error", 80},    {"unrecognized_name", 112}};

template <class T>
Names names_of(const Words<T>& words) {
    Names names;
    for (const auto& [name, value] : words) {
        names.push_back(name);
    }
    return names;
}

template <class T>
std::string name_of(const Words<T>& words, T value) {
    const auto found = std::ranges::find(words, value, &std::pair<std::string, T>::second);
    return found->first;
}

/// "did you mean x" where a known word is close, else all of them.
std::string suggestion(const std::string& word, const Names& known) {
    const auto near = nearest_word(word, known);
    return near.empty() ? fmt::format("known are {}", join(known, ", "))
                        : fmt::format("did you mean {}?", near);
}

/// Reads one map of the file, and keeps the first thing that is wrong with it.
class Section {
  public:
    Section(std::string path, const YAML::Node& map, std::string place)
        : path_(std::move(path)), map_(map), place_(std::move(place)) {}

    [[nodiscard]] bool has(const std::string& name) const {
        return map_.IsMap() && map_[name].IsDefined();
    }
    [[nodiscard]] YAML::Node find(const std::string& name) const { return map_[name]; }
    [[nodiscard]] const std::optional<Failure>& problem() const { return problem_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    template <class... Args>
    void refuse(const YAML::Node& node, const std::string& name, fmt::format_string<Args...> format,
                Args&&... args) {
        if (!problem_) {
            const auto place =
                name.empty() || place_.empty() ? place_ + name : fmt::format("{}.{}", place_, name);
            problem_ = Failure{FailureKind::invalid,
                               fmt::format("{}:{}: {}{}{}", path_, node.Mark().line + 1, place,
                                           place.empty() ? "" : ": ",
                                           fmt::format(format, std::forward<Args>(args)...)),
                               0,
                               {}};
        }
    }
    template <class... Args>
    void refuse(const std::string& name, fmt::format_string<Args...> format, Args&&... args) {
        refuse(has(name) ? find(name) : map_, name, format, std::forward<Args>(args)...);
    }
    /// Takes over what is wrong with an inner map.
    void take(const Section& inner) {
        if (!problem_) {
            problem_ = inner.problem_;
        }
    }
    [[nodiscard]] Section inner(const std::string& name) const {
        return {path_, find(name), place_.empty() ? name : fmt::format("{}.{}", place_, name)};
    }

    void only(const Names& known) {
        if (!map_.IsMap()) {
            refuse(map_, "", "expected a map");
            return;
        }
        std::set<std::string> seen;
        for (const auto& pair : map_) {
            if (!pair.first.IsScalar()) {
                refuse(pair.first, "", "expected names as keys");
                return;
            }
            const auto& name = pair.first.Scalar();
            if (!seen.insert(name).second) {
                refuse(pair.first, name, "given twice");
            } else if (std::ranges::find(known, name) == known.end()) {
                refuse(pair.first, name, "unknown field: {}", suggestion(name, known));
            }
        }
    }
    void text(const std::string& name, std::string& into) {
        if (!has(name)) {
            return;
        }
        if (!find(name).IsScalar() || find(name).Scalar().empty()) {
            refuse(name, "expected a text that is not empty");
        } else if (find(name).Scalar() != valid_utf8(find(name).Scalar())) {
            // The escapes \_ and \N come out of yaml-cpp as single bytes.
            refuse(name, "expected UTF-8");
        } else {
            into = find(name).Scalar();
        }
    }
    void number(const std::string& name, double low, double high, double& into) {
        if (!has(name)) {
            return;
        }
        double value = 0;
        if (!find(name).IsScalar() || !read(find(name).Scalar(), value) || !(value >= low) ||
            !(value <= high)) {
            refuse(name, "expected a number from {} to {}", low, high);
        } else {
            into = value;
        }
    }
    [[nodiscard]] std::optional<std::uint64_t> count(const std::string& name, std::uint64_t low,
                                                     std::uint64_t high) {
        if (!has(name)) {
            return std::nullopt;
        }
        std::uint64_t value = 0;
        if (!find(name).IsScalar() || !read(find(name).Scalar(), value) || value < low ||
            value > high) {
            refuse(name, "expected a whole number from {} to {}", low, high);
            return std::nullopt;
        }
        return value;
    }
    [[nodiscard]] std::optional<Duration> duration(const std::string& name,
                                                   bool may_be_negative = false) {
        return has(name) ? duration_of(find(name), name, may_be_negative) : std::nullopt;
    }
    [[nodiscard]] std::optional<Duration> duration_of(const YAML::Node& node,
                                                      const std::string& name,
                                                      bool may_be_negative = false) {
        // A hundred years: what is added to a date must stay one.
        constexpr Duration longest = std::chrono::hours(24 * 36525);
        const auto value = node.IsScalar() ? parse_duration(node.Scalar()) : std::nullopt;
        if (!value || *value > longest || *value < -longest ||
            (*value < Duration::zero() && !may_be_negative)) {
            refuse(node, name, "expected a time like 200ms, 5s or 1h30m");
            return std::nullopt;
        }
        return value;
    }
    template <class T>
    [[nodiscard]] std::optional<T> word(const std::string& name, const Words<T>& words) {
        if (!has(name)) {
            return std::nullopt;
        }
        const auto typed = find(name).IsScalar() ? find(name).Scalar() : std::string();
        const auto found = std::ranges::find(words, typed, &std::pair<std::string, T>::first);
        if (found == words.end()) {
            refuse(name, "unknown: {}", suggestion(typed, names_of(words)));
            return std::nullopt;
        }
        return found->second;
    }

  private:
    template <class T>
    static bool read(const std::string& text, T& into) {
        const auto* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, into);
        return error == std::errc() && stop == end;
    }

    std::string path_;
    const YAML::Node map_;  // const: a lookup in it inserts nothing
    std::string place_;
    std::optional<Failure> problem_;
};

std::optional<Latency> read_latency(Section& rule) {
    if (!rule.has("latency")) {
        return std::nullopt;
    }
    Latency latency;
    const auto node = rule.find("latency");
    if (node.IsScalar()) {
        latency.low = rule.duration("latency").value_or(Duration::zero());
        return latency;
    }
    auto shapes = rule.inner("latency");
    shapes.only({"uniform", "lognormal"});
    if (shapes.problem()) {
        rule.take(shapes);
    } else if (shapes.has("uniform") == shapes.has("lognormal")) {
        rule.refuse("latency", "expected a time, or one of uniform and lognormal");
    } else if (shapes.has("uniform")) {
        latency.shape = Latency::Shape::uniform;
        const auto bounds = shapes.find("uniform");
        if (!bounds.IsSequence() || bounds.size() != 2) {
            shapes.refuse("uniform", "expected two times, [shortest, longest]");
        } else {
            latency.low = shapes.duration_of(bounds[0], "uniform").value_or(Duration::zero());
            latency.high = shapes.duration_of(bounds[1], "uniform").value_or(latency.low);
            if (latency.high < latency.low) {
                shapes.refuse("uniform", "the shortest time is longer than the longest");
            }
        }
        rule.take(shapes);
    } else {
        latency.shape = Latency::Shape::lognormal;
        auto normal = shapes.inner("lognormal");
        normal.only({"median", "sigma"});
        if (!normal.problem() && !(normal.has("median") && normal.has("sigma"))) {
            normal.refuse("", "expected median and sigma");
        }
        latency.low = normal.duration("median").value_or(Duration::zero());
        normal.number("sigma", 0, 4, latency.sigma);
        rule.take(normal);
    }
    return latency;
}

void read_caller(Section& rule, ChaosRule::Caller& caller) {
    if (!rule.has("caller")) {
        return;
    }
    auto section = rule.inner("caller");
    section.only({"address", "user_agent", "accessor", "subject"});
    section.text("address", caller.address);
    section.text("user_agent", caller.user_agent);
    section.text("accessor", caller.accessor);
    section.text("subject", caller.subject);
    if (!section.problem() && caller.anyone()) {
        section.refuse("", "expected one of address, user_agent, accessor and subject");
    }
    rule.take(section);
}

void read_methods(Section& rule, std::vector<std::string>& methods) {
    if (!rule.has("method")) {
        return;
    }
    const auto node = rule.find("method");
    if (node.IsScalar()) {
        methods.push_back(node.Scalar());
    } else {
        for (const auto& item : node) {
            methods.push_back(item.IsScalar() ? item.Scalar() : std::string());
        }
    }
    for (auto& method : methods) {
        std::ranges::transform(method, method.begin(), [](unsigned char c) {
            return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        });
    }
    const auto strange = [](const std::string& method) {
        return method.empty() ||
               std::ranges::any_of(method, [](char c) { return c < 'A' || c > 'Z'; });
    };
    if (methods.empty() || std::ranges::any_of(methods, strange)) {
        rule.refuse("method", "expected a method or a list of them");
    }
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
void judge(Section& section, const ChaosRule& rule) {
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

ChaosRule read_rule(Section& section, std::size_t index) {
    ChaosRule rule;
    rule.name = fmt::format("rule-{}", index + 1);
    section.only(
        {"name", "server", "method",  "path",      "caller",          "probability", "first",
         "from", "until",  "latency", "status",    "retry_after",     "body",        "content_type",
         "drip", "reset",  "stale",   "tls_alert", "tls_certificate", "certificate", "clock_skew"});
    if (section.problem()) {
        return rule;
    }
    section.text("name", rule.name);
    section.text("server", rule.server);
    if (!rule.server.empty() && !is_server(rule.server)) {
        section.refuse("server", "expected vault, kube, or one of several like vault-1");
    }
    read_methods(section, rule.methods);
    section.text("path", rule.path);
    if (!rule.path.empty() && rule.path.front() != '/' && rule.path.front() != '*') {
        section.refuse("path", "expected a path from / on, as /v1/pki/sign/*");
    }
    read_caller(section, rule.caller);
    section.number("probability", 0, 1, rule.probability);
    rule.first = section.count("first", 1, std::numeric_limits<std::uint32_t>::max());
    rule.from = section.duration("from").value_or(Duration::zero());
    rule.until = section.duration("until");
    rule.latency = read_latency(section);
    if (const auto status = section.count("status", 200, 599)) {
        rule.status = static_cast<int>(*status);
    }
    rule.retry_after = section.duration("retry_after");
    rule.body = section.word("body", body_words);
    section.text("content_type", rule.content_type);
    if (rule.content_type.find_first_of("\r\n") != std::string::npos) {
        section.refuse("content_type", "expected one line");
    }
    if (section.has("drip")) {
        auto drip = section.inner("drip");
        drip.only({"bytes", "every"});
        const auto bytes = drip.count("bytes", 1, 1U << 20);
        const auto every = drip.duration("every");
        if (!drip.problem() && !(bytes && every)) {
            drip.refuse("", "expected bytes and every");
        }
        rule.drip =
            Drip{static_cast<std::size_t>(bytes.value_or(1)), every.value_or(Duration::zero())};
        section.take(drip);
    }
    rule.reset = section.word("reset", reset_words);
    rule.stale = section.word<bool>("stale", {{"true", true}, {"false", false}}).value_or(false);
    rule.certificate = section.word("certificate", certificate_words);
    rule.tls_alert = section.word("tls_alert", alert_words);
    rule.tls_certificate = section.word("tls_certificate", certificate_words);
    rule.clock_skew = section.duration("clock_skew", /*may_be_negative=*/true);
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
    YAML::Node document;
    try {
        document = YAML::Load(std::string(text));
    } catch (const YAML::Exception& error) {
        return fail(FailureKind::invalid, "{}:{}: not YAML: {}", path, error.mark.line + 1,
                    one_line(error.msg));
    }
    std::vector<ChaosRule> rules;
    if (document.IsNull()) {
        return rules;
    }
    Section root(std::string(path), document, "");
    root.only({"rules"});
    if (!root.problem() && root.has("rules") && !root.find("rules").IsSequence() &&
        !root.find("rules").IsNull()) {
        root.refuse("rules", "expected a list");
    }
    if (!root.problem() && root.has("rules")) {
        std::set<std::string> names;
        const auto list = root.find("rules");
        for (std::size_t i = 0; i < list.size() && !root.problem(); ++i) {
            Section section(root.path(), list[i], fmt::format("rules[{}]", i));
            rules.push_back(read_rule(section, i));
            if (!names.insert(rules.back().name).second) {
                section.refuse("name", "another rule is called {} too", rules.back().name);
            }
            root.take(section);
        }
    }
    if (root.problem()) {
        auto problem = *root.problem();
        problem.message = one_line(problem.message);  // names may have line breaks
        return tl::unexpected(std::move(problem));
    }
    return rules;
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

bool fits(std::string_view pattern, std::string_view text) {
    // The last * is the only one to come back to: what an earlier one took need not change.
    std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

}  // namespace meshproof::fakes
