#include "conformance/mutation/change.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::conformance::mutation {
namespace {

Change status_change(std::size_t exchange, int from, int to) {
    Change change{.exchange = exchange, .part = Change::Part::status};
    change.edit.what = fmt::format("status {} instead of {}", to, from);
    change.edit.value = std::to_string(from);
    change.edit.apply = [to](const std::string&, const Keys&) {
        return std::optional(std::to_string(to));
    };
    return change;
}

/// Of another class, and a neighbour.
void status_changes(std::vector<Change>& changes, std::size_t exchange, int status) {
    changes.push_back(status_change(exchange, status, status < 400 ? 500 : 200));
    const int neighbour = status == 200 ? 204 : status == 400 ? 404 : status == 403 ? 400 : 0;
    changes.push_back(status_change(exchange, status, neighbour != 0 ? neighbour : status + 1));
    // What a check waits for never comes.
    auto lasting = status_change(exchange, status, status < 400 ? 500 : 200);
    lasting.from_here = true;
    lasting.edit.what += " from here on";
    changes.push_back(std::move(lasting));
}

void add_header(std::vector<Change>& changes, std::size_t exchange, const std::string& name) {
    Change added{.exchange = exchange, .part = Change::Part::header, .header = name};
    added.edit.kind = Edit::Kind::added;
    added.edit.what = "added";
    added.edit.apply = [](const std::string&, const Keys&) {
        return std::optional<std::string>("other");
    };
    changes.push_back(std::move(added));
}

void header_changes(std::vector<Change>& changes, std::size_t exchange,
                    const http::Headers& headers, const Hints& hints) {
    for (const auto& [name, value] : headers.fields()) {
        Change dropped{.exchange = exchange, .part = Change::Part::header, .header = name};
        dropped.edit.kind = Edit::Kind::removed;
        dropped.edit.what = "dropped";
        dropped.edit.value = value;
        changes.push_back(std::move(dropped));
        if (lower(name) == "date") {
            continue;  // every word of it would be too much
        }
        for (auto& edit : text_edits(value)) {
            changes.push_back({.exchange = exchange,
                               .part = Change::Part::header,
                               .header = name,
                               .edit = std::move(edit)});
        }
    }
    std::vector<std::string> more = {"Location", "Retry-After"};
    more.insert(more.end(), hints.headers.begin(), hints.headers.end());
    for (const auto& name : more) {
        if (!headers.find(name)) {
            add_header(changes, exchange, name);
        }
    }
}

Edit body_edit(Edit::Kind kind, std::string what, std::string body) {
    Edit edit{.kind = kind, .what = std::move(what)};
    edit.apply = [body = std::move(body)](const std::string&, const Keys&) {
        return std::optional(body);
    };
    return edit;
}

void body_changes(std::vector<Change>& changes, std::size_t exchange, std::size_t piece,
                  const std::string& body, const Hints& hints) {
    const auto add = [&](Edit edit) {
        changes.push_back({.exchange = exchange,
                           .piece = piece,
                           .part = Change::Part::body,
                           .edit = std::move(edit)});
    };
    if (body.empty()) {
        add(body_edit(
            Edit::Kind::added, "a body added",
            R"({"request_id":"other","data":{"meshproof":"other"},"warnings":["other"]})"));
    } else {
        add(body_edit(Edit::Kind::emptied, "body emptied", ""));
        add(body_edit(Edit::Kind::emptied, "body emptied from here on", ""));
        changes.back().from_here = true;
    }
    for (auto& edit : body_edits(body, hints)) {
        if (edit.name() != "emptied") {
            add(std::move(edit));
        }
    }
}

/// A request to a stand-in where none was ever seen: what a Vault asks an API server most.
http::Request usual_call() {
    http::Request request;
    request.method = "POST";
    request.target = "/apis/authentication.k8s.io/v1/tokenreviews";
    request.headers.set("Content-Type", "application/json");
    request.body = R"({"spec":{"token":"other"}})";
    return request;
}

}  // namespace

/// What one transport, its streams and its stand-ins have in common.
struct MutatingTransport::State {
    const Change* change = nullptr;
    Keys keys;
    std::vector<Seen> seen;
    std::vector<Call> calls;
    std::size_t answered = 0;
    bool applied = false, stood_in = false;
    std::vector<http::Handler*> stand_ins;

    /// Whether the change is of this answer.
    [[nodiscard]] bool concerns(std::size_t exchange) const {
        if (change == nullptr || change->part == Change::Part::call) {
            return false;
        }
        return change->exchange == exchange ||
               (change->from_here && change->exchange < exchange &&
                seen[exchange].same_request(seen[change->exchange]));
    }
};

namespace {

/// The stream as it is, but for the change; what came is noted.
class MutatingStream final : public http::Stream {
  public:
    MutatingStream(std::unique_ptr<http::Stream> stream,
                   std::shared_ptr<MutatingTransport::State> state, std::size_t exchange)
        : stream_(std::move(stream)),
          head_(stream_->head()),
          state_(std::move(state)),
          exchange_(exchange) {
        if (state_->concerns(exchange_) && state_->change->part != Change::Part::body) {
            state_->applied = state_->change->apply(head_, state_->keys);
        }
    }

    [[nodiscard]] const http::Response& head() const override { return head_; }
    [[nodiscard]] Task<Result<std::optional<std::string>>> next() override {
        auto piece = co_await stream_->next();
        if (!piece || !*piece) {
            co_return piece;
        }
        auto& pieces = state_->seen[exchange_].pieces;
        pieces.push_back(**piece);
        const auto* change = state_->change;
        if (state_->concerns(exchange_) && change->part == Change::Part::body &&
            change->piece + 1 == pieces.size()) {
            if (auto made = change->edit.apply(**piece, state_->keys)) {
                state_->applied = true;
                co_return std::optional(std::move(*made));
            }
        }
        co_return piece;
    }

  private:
    std::unique_ptr<http::Stream> stream_;
    http::Response head_;
    std::shared_ptr<MutatingTransport::State> state_;
    std::size_t exchange_;
};

/// A stand-in of the probe's, to which calls come changed.
class MutatingHandler final : public http::Handler {
  public:
    MutatingHandler(http::Handler& handler, std::shared_ptr<MutatingTransport::State> state)
        : handler_(handler), state_(std::move(state)) {
        state_->stand_ins.push_back(&handler_);
        state_->stood_in = true;
    }
    ~MutatingHandler() override { std::erase(state_->stand_ins, &handler_); }

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        const auto number = state_->calls.size();
        state_->calls.push_back({state_->seen.empty() ? 0 : state_->seen.size() - 1, request});
        const auto* change = state_->change;
        if (change == nullptr || change->part != Change::Part::call || change->piece != number ||
            !change->edit.apply) {
            co_return co_await handler_.handle(std::move(request), std::move(peer));
        }
        state_->applied = true;
        if (change->edit.what == call_missing) {
            http::Response unheard;
            unheard.status = 500;
            co_return unheard;
        }
        if (change->edit.what == call_twice) {
            (void)co_await handler_.handle(request, peer);
        } else if (change->edit.what == call_elsewhere) {
            request.target = "/other" + request.target;
        } else if (change->edit.what == call_method) {
            request.method = request.method == "POST" ? "PUT" : "POST";
        } else if (!change->header.empty()) {
            change_header(request, *change);
        } else {
            request.body = change->edit.apply(request.body, state_->keys).value_or("");
        }
        co_return co_await handler_.handle(std::move(request), std::move(peer));
    }

    static constexpr std::string_view call_missing = "call missing", call_twice = "call twice",
                                      call_elsewhere = "call to another path",
                                      call_method = "call of another method",
                                      call_more = "a call more";

  private:
    void change_header(http::Request& request, const Change& change) {
        const auto made =
            change.edit.apply(request.headers.find(change.header).value_or(""), state_->keys);
        if (made && change.edit.kind != Edit::Kind::removed) {
            request.headers.set(change.header, *made);
        } else {
            request.headers.remove(change.header);
        }
    }

    http::Handler& handler_;
    std::shared_ptr<MutatingTransport::State> state_;
};

/// Keeps the handler for as long as the port is served.
class MutatingListener final : public http::Listener {
  public:
    MutatingListener(std::unique_ptr<MutatingHandler> handler,
                     std::unique_ptr<http::Listener> listener)
        : handler_(std::move(handler)), listener_(std::move(listener)) {}
    [[nodiscard]] http::Url url() const override { return listener_->url(); }
    void drop_connections() override { listener_->drop_connections(); }

  private:
    std::unique_ptr<MutatingHandler> handler_;
    std::unique_ptr<http::Listener> listener_;  // ends first
};

Change call_change(const Call& call, std::size_t number, std::string_view what) {
    Change change{.exchange = call.exchange, .piece = number, .part = Change::Part::call};
    change.edit.what = what;
    change.edit.apply = [](const std::string& text, const Keys&) { return std::optional(text); };
    return change;
}

}  // namespace

std::string Change::name() const {
    return piece == 0 ? fmt::format("{} {}", exchange, what())
                      : fmt::format("{}+{} {}", exchange, piece, what());
}

std::string Change::what() const {
    return part == Part::header ? fmt::format("{} {}", header, edit.name()) : edit.name();
}

bool Change::apply(http::Response& answer, const Keys& keys) const {
    if (part == Part::header) {
        if (!edit.apply) {
            const bool there = answer.headers.find(header).has_value();
            answer.headers.remove(header);
            return there;
        }
        const auto value = answer.headers.find(header);
        auto made = edit.apply(value.value_or(""), keys);
        if (made) {
            answer.headers.set(header, std::move(*made));
        }
        return made.has_value();
    }
    if (part == Part::status) {
        answer.status = std::stoi(*edit.apply({}, keys));
        return true;
    }
    auto made = edit.apply(answer.body, keys);
    if (made) {
        answer.body = std::move(*made);
    }
    return made.has_value();
}

std::vector<Change> changes_of(const Seen& seen, std::size_t exchange, const Hints& hints) {
    std::vector<Change> changes;
    status_changes(changes, exchange, seen.answer.status);
    header_changes(changes, exchange, seen.answer.headers, hints);
    if (seen.pieces.empty()) {
        body_changes(changes, exchange, 0, seen.answer.body, hints);
    }
    for (std::size_t i = 0; i < seen.pieces.size(); ++i) {
        body_changes(changes, exchange, i, seen.pieces[i], hints);
    }
    Change late{.exchange = exchange, .part = Change::Part::time};
    late.edit.what = "a minute late";
    changes.push_back(std::move(late));
    return changes;
}

namespace {

constexpr std::size_t most_echoes = 3;

/// What was sent before, a secret perhaps, told in this answer.
void add_echoes(std::vector<Change>& changes, const std::vector<Seen>& seen, std::size_t exchange) {
    for (auto i = exchange; i-- > 0 && changes.size() < most_echoes;) {
        if (seen[i].sent.empty()) {
            continue;
        }
        Change echo{.exchange = exchange, .part = Change::Part::body};
        echo.edit.kind = Edit::Kind::added;
        echo.edit.what = fmt::format("what {} sent is told", i);
        // Of this play, not of the first: no token is signed alike twice.
        echo.edit.apply = [i](const std::string& text, const Keys& keys) {
            if (i >= keys.sent.size()) {
                return std::optional<std::string>();
            }
            auto document = OrderedJson::parse(text, nullptr, false);
            if (!document.is_object()) {
                return std::optional(text + keys.sent[i]);
            }
            document["told"] = keys.sent[i];
            return std::optional(document.dump());
        };
        changes.push_back(std::move(echo));
    }
    for (auto i = exchange; i-- > 0 && seen[exchange].answer.body.empty();) {
        if (!seen[i].answer.body.empty() && seen[i].method == seen[exchange].method) {
            Change echo{.exchange = exchange, .part = Change::Part::body};
            echo.edit =
                body_edit(Edit::Kind::added, fmt::format("the body of {}", i), seen[i].answer.body);
            changes.push_back(std::move(echo));
            break;
        }
    }
}

}  // namespace

std::vector<Change> repeats_of(const std::vector<Seen>& seen, std::size_t exchange) {
    // Of the same request the first and the last; of others those that were answered alike.
    constexpr std::size_t most = 4;
    std::vector<Change> changes;
    const auto add = [&](std::size_t instead, bool from_here) {
        Change change{.exchange = exchange, .part = Change::Part::whole};
        change.instead = instead;
        change.from_here = from_here;
        change.edit.what =
            fmt::format("the answer of {}{}", instead, from_here ? " from here on" : "");
        changes.push_back(std::move(change));
    };
    add_echoes(changes, seen, exchange);
    for (auto i = exchange; i-- > 0 && changes.size() < most + most_echoes;) {
        if (seen[i].answer.body == seen[exchange].answer.body) {
            continue;
        }
        if (seen[i].same_request(seen[exchange])) {
            add(i, false);
            add(i, true);
        } else if (seen[i].method == seen[exchange].method && !seen[i].answer.body.empty() &&
                   seen[i].answer.status == seen[exchange].answer.status) {
            add(i, false);
        }
    }
    return changes;
}

namespace {

void add_members(std::vector<std::string>& names, const nlohmann::json& value) {
    if (!value.is_structured()) {
        return;  // items() of a number would be the number
    }
    for (const auto& [name, member] : value.items()) {
        if (value.is_object() && std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
        add_members(names, member);
    }
}

/// The members that any of these has: what another may have too much.
Hints members_of(const std::vector<Call>& calls) {
    Hints hints;
    for (const auto& call : calls) {
        add_members(hints.members, nlohmann::json::parse(call.request.body, nullptr, false));
    }
    return hints;
}

/// The serial number in an answer of sign or issue.
Bytes serial_in(const http::Response& answer) {
    const auto document = nlohmann::json::parse(answer.body, nullptr, false);
    if (!document.is_object() || !document.contains("data") || !document["data"].is_object()) {
        return {};
    }
    const auto serial = document["data"].find("serial_number");
    return serial != document["data"].end() && serial->is_string()
               ? crypto::parse_serial(serial->get<std::string>()).value_or(Bytes())
               : Bytes();
}

}  // namespace

std::vector<Change> call_changes(const std::vector<Call>& calls, std::size_t exchanges) {
    std::vector<Change> changes;
    const auto hints = members_of(calls);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        changes.push_back(call_change(calls[i], i, MutatingHandler::call_missing));
        changes.push_back(call_change(calls[i], i, MutatingHandler::call_twice));
        changes.push_back(call_change(calls[i], i, MutatingHandler::call_elsewhere));
        changes.push_back(call_change(calls[i], i, MutatingHandler::call_method));
        for (const auto& [name, value] : calls[i].request.headers.fields()) {
            auto dropped = call_change(calls[i], i, fmt::format("call's {} dropped", name));
            dropped.header = name;
            dropped.edit.kind = Edit::Kind::removed;
            changes.push_back(std::move(dropped));
            auto changed = call_change(calls[i], i, fmt::format("call's {} changed", name));
            changed.header = name;
            changed.edit.apply = [](const std::string&, const Keys&) {
                return std::optional<std::string>("other");
            };
            changes.push_back(std::move(changed));
        }
        for (auto& edit : body_edits(calls[i].request.body, hints)) {
            Change change{.exchange = calls[i].exchange, .piece = i, .part = Change::Part::call};
            change.edit = std::move(edit);
            change.edit.path = "call's body" + change.edit.path;
            changes.push_back(std::move(change));
        }
    }
    for (std::size_t exchange = 0; exchange < exchanges; ++exchange) {
        Change more{.exchange = exchange, .part = Change::Part::call};
        more.edit.what = MutatingHandler::call_more;
        changes.push_back(std::move(more));
    }
    return changes;
}

MutatingTransport::MutatingTransport(http::Transport& wire, Clock& clock, const Change* change,
                                     Keys keys)
    : wire_(wire), clock_(clock), state_(std::make_shared<State>()) {
    state_->change = change;
    state_->keys = std::move(keys);
}

std::vector<Seen>& MutatingTransport::seen() {
    return state_->seen;
}
const std::vector<Call>& MutatingTransport::calls() const {
    return state_->calls;
}
std::size_t MutatingTransport::answered() const {
    return state_->answered;
}
bool MutatingTransport::applied() const {
    return state_->applied;
}

bool MutatingTransport::stood_in() const {
    return state_->stood_in;
}

Task<void> MutatingTransport::change(http::Response& answer, std::size_t exchange) {
    const auto* change = state_->change;
    if (change != nullptr && change->part == Change::Part::call && !change->edit.apply &&
        change->exchange == exchange && !state_->stand_ins.empty()) {
        state_->applied = true;
        (void)co_await state_->stand_ins.back()->handle(
            state_->calls.empty() ? usual_call() : state_->calls.back().request, {});
    }
    if (!state_->concerns(exchange)) {
        co_return;
    }
    if (change->part == Change::Part::time) {
        state_->applied = true;
        co_await clock_.sleep_for(std::chrono::minutes(1));
    } else if (change->part != Change::Part::whole) {
        state_->applied = change->apply(answer, state_->keys) || state_->applied;
    } else if (*change->instead < state_->seen.size()) {
        state_->applied = true;
        answer = state_->seen[*change->instead].answer;
    }
}

Task<Result<http::Response>> MutatingTransport::send(http::Endpoint endpoint,
                                                     http::Request request) {
    const auto exchange = state_->seen.size();
    state_->seen.push_back(
        {.method = request.method, .target = request.target, .sent = request.body});
    state_->keys.sent.resize(exchange);
    state_->keys.sent.push_back(request.body);
    auto answer = co_await wire_.send(std::move(endpoint), std::move(request));
    if (!answer) {
        co_return propagate(answer);
    }
    state_->seen[exchange].answer = *answer;
    if (auto serial = serial_in(*answer); !serial.empty()) {
        state_->keys.last_serial = std::move(serial);
    }
    state_->answered = std::max(state_->answered, exchange + 1);
    co_await change(*answer, exchange);
    co_return std::move(*answer);
}

Task<Result<std::unique_ptr<http::Stream>>> MutatingTransport::open(http::Endpoint endpoint,
                                                                    http::Request request) {
    const auto exchange = state_->seen.size();
    state_->seen.push_back({.method = request.method, .target = request.target});
    auto stream = co_await wire_.open(std::move(endpoint), std::move(request));
    if (!stream) {
        co_return propagate(stream);
    }
    state_->seen[exchange].answer = (*stream)->head();
    state_->answered = std::max(state_->answered, exchange + 1);
    co_return std::make_unique<MutatingStream>(std::move(*stream), state_, exchange);
}

Task<Result<std::unique_ptr<http::Listener>>> MutatingTransport::listen(http::ListenSpec spec,
                                                                        http::Handler& handler) {
    auto wrapped = std::make_unique<MutatingHandler>(handler, state_);
    auto listener = co_await wire_.listen(std::move(spec), *wrapped);
    if (!listener) {
        co_return propagate(listener);
    }
    co_return std::make_unique<MutatingListener>(std::move(wrapped), std::move(*listener));
}

}  // namespace meshproof::conformance::mutation
