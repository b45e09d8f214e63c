#include "fakes/control/control_calls.hpp"

#include <charconv>

#include "core/base/json_text.hpp"
#include "core/base/nearest.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

/// The body as an object that holds none but the known names. Nothing is an empty object.
Result<Json> read_body(const std::string& text, const std::vector<std::string>& known) {
    const auto body = trim(text).empty() ? Json::object() : json_or_null(text);
    if (!body.is_object()) {
        return fail(FailureKind::invalid, "expected a JSON object");
    }
    for (const auto& [name, value] : body.items()) {
        if (std::ranges::find(known, name) == known.end()) {
            const auto near = nearest_word(name, known);
            return fail(FailureKind::invalid, "unknown field {}{}", name,
                        near.empty() ? "" : fmt::format(": did you mean {}?", near));
        }
    }
    return body;
}

/// A hundred years: what is added to a date must stay one.
constexpr Duration furthest_move = std::chrono::hours(24 * 36525);

Result<Duration> read_by(const ControlAsk& ask) {
    const auto body = read_body(ask.body, {"by"});
    if (!body) {
        return propagate(body);
    }
    const auto text = body->value("by", Json());
    const auto by =
        text.is_string() ? parse_duration_with_unit(text.get<std::string>()) : std::nullopt;
    if (!by || *by > furthest_move || *by < -furthest_move) {
        return fail(FailureKind::invalid, "by: expected a time like 90s or -1h");
    }
    return *by;
}

struct Port {
    std::string name;
    http::Listener* listener;
};
std::vector<Port> ports_of(FakeServers& servers) {
    std::vector<Port> ports;
    for (std::size_t i = 0; i < servers.vaults(); ++i) {
        ports.push_back({servers.vault(i).options().name, &servers.vault_listener(i)});
    }
    for (std::size_t i = 0; i < servers.clusters(); ++i) {
        ports.push_back({servers.kube(i).options().name, &servers.kube_listener(i)});
    }
    return ports;
}

/// The servers of one kind that `server` of the body means; none is a failure.
Result<std::vector<std::string>> meant(const ControlAsk& ask, FakeServers& servers,
                                       std::string_view kind) {
    const auto body = read_body(ask.body, {"server"});
    if (!body) {
        return propagate(body);
    }
    const auto wanted = body->value("server", Json(""));
    if (!wanted.is_string()) {
        return fail(FailureKind::invalid, "server: expected a name");
    }
    std::vector<std::string> found, known;
    for (const auto& port : ports_of(servers)) {
        if (port.name.starts_with(kind)) {
            known.push_back(port.name);
            if (means_server(wanted.get<std::string>(), port.name)) {
                found.push_back(port.name);
            }
        }
    }
    if (found.empty()) {
        return fail(FailureKind::invalid, "server: known are {}", join(known, ", "));
    }
    return found;
}

vault::FakeVault& vault_called(FakeServers& servers, const std::string& name) {
    std::size_t i = 0;
    while (servers.vault(i).options().name != name) {
        ++i;
    }
    return servers.vault(i);
}

ControlReply clock_reply(const FakeServers& /*servers*/, const MovedClock& clock) {
    return {200,
            {{"now", rfc3339_nano(clock.now())},
             {"offset", go_duration(clock.offset())},
             {"frozen", clock.frozen()}}};
}

Task<ControlReply> show_chaos(ControlSubject subject, ControlAsk /*ask*/) {
    co_return ControlReply{200, chaos_json(subject.servers.chaos().rules())};
}

Task<ControlReply> show_chaos_counts(ControlSubject subject, ControlAsk /*ask*/) {
    Json list = Json::array();
    for (const auto& count : subject.servers.chaos().counts()) {
        list.push_back({{"name", count.name}, {"met", count.met}, {"struck", count.struck}});
    }
    co_return ControlReply{200, {{"counts", std::move(list)}}};
}

Task<ControlReply> put_chaos(ControlSubject subject, ControlAsk ask) {
    auto rules = parse_chaos(ask.body, "body");
    if (!rules) {
        co_return refused(400, rules.error().message);
    }
    subject.servers.chaos().set(std::move(*rules));
    co_return ControlReply{200, chaos_json(subject.servers.chaos().rules())};
}

Task<ControlReply> delete_chaos(ControlSubject subject, ControlAsk /*ask*/) {
    subject.servers.chaos().set({});
    co_return ControlReply{200, chaos_json({})};
}

Task<ControlReply> show_clock(ControlSubject subject, ControlAsk /*ask*/) {
    co_return clock_reply(subject.servers, subject.servers.clock());
}

Task<ControlReply> freeze_clock(ControlSubject subject, ControlAsk /*ask*/) {
    subject.servers.clock().freeze();
    co_return clock_reply(subject.servers, subject.servers.clock());
}

Task<ControlReply> resume_clock(ControlSubject subject, ControlAsk /*ask*/) {
    subject.servers.clock().resume();
    co_return clock_reply(subject.servers, subject.servers.clock());
}

Task<ControlReply> advance_clock(ControlSubject subject, ControlAsk ask) {
    const auto by = read_by(ask);
    if (!by) {
        co_return refused(400, by.error().message);
    }
    // Step by step, too.
    if (std::chrono::abs(subject.servers.clock().offset() + *by) > furthest_move) {
        co_return refused(400, "by: the date would be more than a century from the machine's");
    }
    subject.servers.clock().advance(*by);
    co_return clock_reply(subject.servers, subject.servers.clock());
}

Task<ControlReply> skew_clock(ControlSubject subject, ControlAsk ask) {
    const auto by = read_by(ask);
    if (!by) {
        co_return refused(400, by.error().message);
    }
    subject.servers.clock().skew(*by);
    co_return clock_reply(subject.servers, subject.servers.clock());
}

Json seal_state(FakeServers& servers) {
    Json list = Json::object();
    for (std::size_t i = 0; i < servers.vaults(); ++i) {
        list[servers.vault(i).options().name] = servers.vault(i).sealed();
    }
    return {{"sealed", std::move(list)}};
}

Task<ControlReply> seal(ControlSubject subject, ControlAsk ask) {
    const auto names = meant(ask, subject.servers, "vault");
    if (!names) {
        co_return refused(400, names.error().message);
    }
    for (const auto& name : *names) {
        auto& vault = vault_called(subject.servers, name);
        const auto answer = co_await ask_as_root(vault, "PUT", "sys/seal", {});
        if (!vault.sealed()) {
            co_return refused(409, fmt::format("{} refuses: {}", name, trim(answer.body)));
        }
    }
    co_return ControlReply{200, seal_state(subject.servers)};
}

Task<ControlReply> unseal(ControlSubject subject, ControlAsk ask) {
    const auto names = meant(ask, subject.servers, "vault");
    if (!names) {
        co_return refused(400, names.error().message);
    }
    for (const auto& name : *names) {
        auto& vault = vault_called(subject.servers, name);
        const auto keys = vault.unseal_keys();
        for (const auto& key : keys) {
            if (vault.sealed()) {
                (void)co_await ask_as_root(vault, "PUT", "sys/unseal", {{"key", key.reveal()}});
            }
        }
        if (vault.sealed()) {
            co_return refused(409, fmt::format("{} does not take its own unseal keys", name));
        }
    }
    co_return ControlReply{200, seal_state(subject.servers)};
}

Task<ControlReply> kill_connections(ControlSubject subject, ControlAsk ask) {
    const auto names = meant(ask, subject.servers, "");
    if (!names) {
        co_return refused(400, names.error().message);
    }
    for (const auto& port : ports_of(subject.servers)) {
        if (std::ranges::find(*names, port.name) != names->end()) {
            port.listener->drop_connections();
        }
    }
    co_return ControlReply{200, {{"servers", *names}}};
}

Task<ControlReply> show_state(ControlSubject subject, ControlAsk /*ask*/) {
    co_return ControlReply{200, co_await dump_state(subject.servers)};
}

/// A whole number of a query, or what is wrong with it.
template <class T>
Result<void> read_number(const std::string& name, const std::string& text, T& into) {
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, into);
    if (error != std::errc() || stop != end) {
        return fail(FailureKind::invalid, "{}: expected a number", name);
    }
    return {};
}

Result<JournalQuery> read_journal_query(const std::map<std::string, std::string>& asked) {
    JournalQuery query;
    const std::map<std::string, std::string*> texts = {
        {"server", &query.server},         {"kind", &query.kind},
        {"method", &query.method},         {"path", &query.path},
        {"user_agent", &query.user_agent}, {"subject", &query.subject}};
    Result<void> read;
    for (const auto& [name, text] : asked) {
        if (const auto found = texts.find(name); found != texts.end()) {
            *found->second = text;
        } else if (name == "since") {
            read = read_number(name, text, query.since);
        } else if (name == "limit") {
            read = read_number(name, text, query.limit);
        } else if (name == "last") {
            read = read_number(name, text, query.last.emplace());
        } else if (name == "status") {
            read = read_number(name, text, query.status.emplace());
        } else {
            std::vector<std::string> known = {"since", "limit", "last", "status"};
            std::ranges::transform(texts, std::back_inserter(known),
                                   [](const auto& one) { return one.first; });
            read = fail(FailureKind::invalid, "{}: unknown: {}", name, suggestion(name, known));
        }
        if (!read) {
            return propagate(read);
        }
    }
    // A misspelt kind would fit nothing, and a test that counts would pass.
    if (!query.kind.empty() && query.kind != "request" && query.kind != "connection") {
        return fail(FailureKind::invalid, "kind: expected request or connection");
    }
    return query;
}

Task<ControlReply> show_journal(ControlSubject subject, ControlAsk ask) {
    const auto query = read_journal_query(ask.query);
    if (!query) {
        co_return refused(400, query.error().message);
    }
    co_return ControlReply{200, subject.journal.read(*query)};
}

Task<ControlReply> delete_journal(ControlSubject subject, ControlAsk /*ask*/) {
    subject.journal.clear();
    co_return ControlReply{200, subject.journal.read({.limit = 0})};
}

Task<ControlReply> reset(ControlSubject subject, ControlAsk /*ask*/) {
    subject.servers.reset();
    subject.journal.clear();
    if (subject.set_up) {
        if (const auto again = co_await subject.set_up(subject.servers); !again) {
            co_return refused(500, again.error().message);
        }
    }
    co_return ControlReply{200, Json::object()};
}

/// Answered on the event loop: whoever gets it knows that the servers answer too.
Task<ControlReply> show_health(ControlSubject subject, ControlAsk /*ask*/) {
    Json list = Json::array();
    for (std::size_t i = 0; i < subject.servers.vaults(); ++i) {
        const auto& rules = subject.servers.vault(i);
        const auto product = rules.options().product;
        list.push_back({{"name", rules.options().name},
                        {"product", product == vault::Product::openbao ? "openbao" : "vault"},
                        {"version", vault::played_version(product)},
                        {"address", subject.servers.vault_url(i).text()},
                        {"sealed", rules.sealed()}});
    }
    for (std::size_t i = 0; i < subject.servers.clusters(); ++i) {
        list.push_back({{"name", subject.servers.kube(i).options().name},
                        {"product", "kube-apiserver"},
                        {"version", played_kube_version},
                        {"address", subject.servers.kube_url(i).text()}});
    }
    co_return ControlReply{200, {{"ready", true}, {"servers", std::move(list)}}};
}

}  // namespace

ControlReply refused(int status, std::string why) {
    return {status, {{"error", std::move(why)}}};
}

const std::vector<ControlCall>& control_calls() {
    static const std::vector<ControlCall> calls{
        {"GET", "/health", show_health},
        {"GET", "/chaos", show_chaos},
        {"PUT", "/chaos", put_chaos},
        {"DELETE", "/chaos", delete_chaos},
        {"GET", "/chaos/counts", show_chaos_counts},
        {"GET", "/clock", show_clock},
        {"POST", "/clock/freeze", freeze_clock},
        {"POST", "/clock/resume", resume_clock},
        {"POST", "/clock/advance", advance_clock},
        {"POST", "/clock/skew", skew_clock},
        {"POST", "/seal", seal},
        {"POST", "/unseal", unseal},
        {"POST", "/connections/kill", kill_connections},
        {"GET", "/state", show_state},
        {"GET", "/journal", show_journal},
        {"DELETE", "/journal", delete_journal},
        {"POST", "/reset", reset},
    };
    return calls;
}

}  // namespace meshproof::fakes
