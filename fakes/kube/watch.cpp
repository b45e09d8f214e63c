#include <deque>
#include <tuple>

#include "core/http/websocket.hpp"
#include "core/time/within.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/protobuf.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {

/// The last large event that was written. Hundreds may watch: to write it anew for each of them
/// would take seconds.
struct ToldEvent {
    Object object;
    std::string_view kind;
    Form form = Form::json;
    bool socket = false;
    std::shared_ptr<const std::string> text;
};

namespace {

/// How events are written: JSON lines, frames of protobuf that begin with their length (four bytes,
/// the highest first), or a message of a WebSocket each.
struct Carrier {
    Form form = Form::json;
    bool socket = false;
};

std::string carried(const Carrier& carrier, std::string_view kind, const Json& object) {
    const bool binary = carrier.form == Form::protobuf;
    auto event = binary ? protobuf_event(kind, object)
                        : Json{{"type", kind}, {"object", object}}.dump(
                              -1, ' ', false, Json::error_handler_t::replace) +
                              "\n";
    if (carrier.socket) {
        return http::websocket_frame(binary ? http::Opcode::binary : http::Opcode::text, event);
    }
    if (binary) {
        std::string length;
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            length += static_cast<char>(event.size() >> shift);
        }
        event.insert(0, length);
    }
    return event;
}

Carrier carrier_asked(const ApiCall& call) {
    const bool binary = has_protobuf(call.type->kind, call.type->api_version());
    return {representation_asked(call.request, binary).value_or(Representation()).form,
            http::asks_for_websocket(call.request)};
}

// The store has changed, or the client has said something.
Task<Result<bool>> news(std::shared_ptr<Store> store, std::shared_ptr<Signal> heard) {
    using namespace boost::asio::experimental::awaitable_operators;
    (void)co_await (store->changed().wait() || heard->wait());
    co_return true;
}

Task<Result<bool>> store_changed(std::shared_ptr<Store> store) {
    co_await store->changed().wait();
    co_return true;
}

/// What a watch was asked for.
struct WatchQuestion {
    const ResourceType* type = nullptr;
    std::string namespace_name;
    Selector labels, fields;
    std::uint64_t after = 0;
    Duration timeout{};
    bool bookmarks = false;
    std::optional<TableSpec> table;  ///< where events carry Tables
    bool metadata = false;           ///< events carry PartialObjectMetadata
    Carrier carrier;
};

/// The events of one watch (wire contract 188).
class WatchSource final : public http::BodySource {
  public:
    WatchSource(std::shared_ptr<Store> store, WatchQuestion question, std::vector<Object> beginning,
                std::shared_ptr<ToldEvent> last, const Clock& clock)
        : store_(std::move(store)),
          question_(std::move(question)),
          clock_(clock),
          last_(std::move(last)),
          beginning_(std::make_move_iterator(beginning.begin()),
                     std::make_move_iterator(beginning.end())) {}
    /// A watch that can only say why it is none.
    WatchSource(std::shared_ptr<Store> store, Carrier carrier, const Json& refusal,
                const Clock& clock)
        : store_(std::move(store)), clock_(clock), ended_(true) {
        question_.carrier = carrier;
        pending_.push_back({carried(carrier, "ERROR", refusal), {}, nullptr});
    }

    void hear(std::string_view bytes) override {
        manners_.hear(bytes);
        heard_->notify_all();
    }

    [[nodiscard]] Task<std::optional<std::string>> next(Clock& clock) override {
        if (!ends_at_) {
            ends_at_ = clock.elapsed() + question_.timeout;
        }
        // Seen shortly before the end: what lets a client go on from where it was.
        const auto bookmark_at =
            *ends_at_ - std::min<Duration>(question_.timeout / 2, std::chrono::seconds(2));
        while (pending_.empty() && !ended_) {
            answer_client();
            const bool all = look_at_beginning() && collect();
            if (!pending_.empty() || ended_) {
                break;
            }
            if (!all) {
                (void)co_await clock.rest(Duration::zero());  // others first
                continue;
            }
            const auto now = clock.elapsed();
            const bool bookmark_due = question_.bookmarks && !bookmarked_;
            if (now >= *ends_at_) {
                ended_ = true;
            } else if (bookmark_due && now >= bookmark_at) {
                bookmarked_ = true;
                pending_.push_back({bookmark(), {}, nullptr});
            } else {
                const auto until = bookmark_due ? bookmark_at : *ends_at_;
                auto waiting =
                    question_.carrier.socket ? news(store_, heard_) : store_changed(store_);
                (void)co_await within(clock, until - now, std::move(waiting));
            }
        }
        if (pending_.empty() && question_.carrier.socket && !std::exchange(ended_well_, true)) {
            constexpr std::uint16_t normal = 1000;
            co_return http::websocket_close(normal);
        }
        if (pending_.empty()) {
            co_return std::nullopt;
        }
        auto next = std::move(pending_.front());
        pending_.pop_front();
        co_return next.object ? event(next.kind, next.object) : std::move(next.text);
    }

  private:
    /// What is told next. Events are written when it is their turn: thousands at once would hold up
    /// others.
    struct Pending {
        std::string text;
        std::string_view kind;
        Object object;  ///< of an event; null: the text is all
    };

    // What a WebSocket's client said wants an answer; its goodbye is the end.
    void answer_client() {
        if (auto answer = manners_.take_answer(); !answer.empty()) {
            pending_.push_back({std::move(answer), {}, nullptr});
        }
        if (manners_.over()) {
            ended_ = true;
            ended_well_ = true;
        }
    }
    [[nodiscard]] bool wanted(const Object& object) const {
        return object &&
               (question_.namespace_name.empty() || !question_.type->namespaced ||
                meta(*object, "namespace") == question_.namespace_name) &&
               question_.labels.matches(*object) && question_.fields.matches(*object);
    }
    /// How many objects are looked at before others have their turn.
    [[nodiscard]] std::size_t looks() const {
        constexpr std::size_t terms = 10'000;
        return 1 + terms / (1 + question_.labels.size() + question_.fields.size());
    }
    // Those that were there before; false where there are more.
    bool look_at_beginning() {
        for (auto left = looks(); left > 0 && !beginning_.empty(); --left) {
            if (auto& object = beginning_.front(); wanted(object)) {
                pending_.push_back({{}, "ADDED", std::move(object)});
            }
            beginning_.pop_front();
        }
        return beginning_.empty();
    }
    // An object that begins or ceases to match is added or deleted for this watcher. False where
    // there is more to look at.
    bool collect() {
        if (question_.after < store_->oldest_version()) {
            ended_ = true;  // its reader was too slow: what it missed is no longer known
            return true;
        }
        auto left = looks();
        const auto& events = store_->events();
        auto at = std::ranges::partition_point(
            events, [&](const Store::Event& event) { return event.version <= question_.after; });
        for (; at != events.end(); ++at) {
            if (at->type == &kept_type(*question_.type) && left-- == 0) {
                return false;
            }
            question_.after = at->version;
            if (at->type != &kept_type(*question_.type)) {
                continue;
            }
            const auto object = shown_as(*question_.type, at->object);
            const bool before = wanted(shown_as(*question_.type, at->before));
            const bool after = at->change != Store::Change::deleted && wanted(object);
            if (after) {
                pending_.push_back({{}, before ? "MODIFIED" : "ADDED", object});
            } else if (before) {
                pending_.push_back({{}, "DELETED", object});
            }
        }
        return true;
    }
    [[nodiscard]] std::string event(std::string_view kind, const Object& object) {
        if (question_.metadata && !question_.table) {
            return told(kind, metadata_only(*object));
        }
        if (!question_.table) {
            return whole_event(kind, object);
        }
        const Json metadata = {{"resourceVersion", meta(*object, "resourceVersion")}};
        auto text =
            told(kind, table_of(*question_.table, std::span(&object, 1), metadata, clock_.now()));
        question_.table->headers = false;
        return text;
    }
    [[nodiscard]] std::string whole_event(std::string_view kind, const Object& object) {
        constexpr std::size_t large = 64U << 10;
        const auto [form, socket] = question_.carrier;
        if (last_->object == object && last_->kind == kind && last_->form == form &&
            last_->socket == socket) {
            return *last_->text;
        }
        auto text = told(kind, *object);
        if (text.size() >= large) {
            *last_ = {object, kind, form, socket, std::make_shared<const std::string>(text)};
        }
        return text;
    }
    [[nodiscard]] std::string bookmark() const {
        const auto version = std::to_string(std::max(question_.after, store_->version()));
        const Json object = {{"kind", question_.type->kind},
                             {"apiVersion", question_.type->api_version()},
                             {"metadata", {{"resourceVersion", version}}}};
        return told("BOOKMARK", question_.metadata ? metadata_only(object) : object);
    }
    [[nodiscard]] std::string told(std::string_view kind, const Json& object) const {
        return carried(question_.carrier, kind, object);
    }

    std::shared_ptr<Store> store_;
    WatchQuestion question_;
    const Clock& clock_;
    std::shared_ptr<ToldEvent> last_;  ///< null where it can only say why it is none
    std::deque<Object> beginning_;     ///< what is not looked at yet
    std::deque<Pending> pending_;
    bool ended_ = false;
    bool bookmarked_ = false;
    std::optional<Duration> ends_at_;
    http::WebSocketManners manners_;
    std::shared_ptr<Signal> heard_ = std::make_shared<Signal>();
    bool ended_well_ = false;  ///< a WebSocket's goodbye was said
};

// What resourceVersionMatch may be for a watch (apimachinery's validateWatchOptions).
Checked<> check_match(const ApiCall& call) {
    constexpr auto field = "resourceVersionMatch";
    const auto match = call.info.param(field);
    const bool initial = call.info.query.contains("sendInitialEvents");
    std::vector<Cause> causes;
    const auto forbid = [&](std::string_view why) {
        causes.push_back({field, "FieldValueForbidden", fmt::format("Forbidden: {}", why)});
    };
    if (initial && match != "NotOlderThan") {
        forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (!initial && !match.empty()) {
        forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (!match.empty() && match != "NotOlderThan") {
        causes.push_back({field, "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: "
                                      "\"NotOlderThan\"",
                                      go_quoted(match))});
    }
    if (!call.info.param("continue").empty()) {
        forbid("resourceVersionMatch is forbidden when continue is provided");
    }
    if (!causes.empty()) {
        return refuse(invalid("meta.k8s.io", "ListOptions", "", causes));
    }
    return {};
}

// What the query asks for; `after` is the version that it names, 0 for none.
Checked<WatchQuestion> question_of(const ApiState& api, const ApiCall& call) {
    WatchQuestion question;
    question.type = call.type;
    question.namespace_name = call.info.namespace_name;
    auto selectors = selectors_of(call, check_match);
    if (!selectors) {
        return tl::unexpected(selectors.error());
    }
    std::tie(question.labels, question.fields) = std::move(*selectors);
    question.bookmarks = call.info.flag("allowWatchBookmarks");
    // The default is drawn between one and two times --min-request-timeout (1800 s).
    const auto seconds = whole_number(call.info.param("timeoutSeconds")).value_or(0);
    question.timeout = std::chrono::seconds(
        seconds > 0 ? seconds : static_cast<std::int64_t>(1800 + api.store->prng().below(1800)));
    const auto given = call.info.param("resourceVersion");
    const auto version = given.empty() ? std::optional<std::uint64_t>(0) : number(given);
    if (!version) {
        return refuse(refusal(500, "",
                              fmt::format("resourceVersion: Invalid value: {}: strconv.ParseUint: "
                                          "parsing {}: invalid syntax",
                                          go_quoted(given), go_quoted(given))));
    }
    question.after = *version;
    question.carrier = carrier_asked(call);
    if (question.carrier.form == Form::yaml) {
        return refuse(no_such_stream());
    }
    if (wants_table(call.request)) {
        question.table = table_asked(*call.type, call.info);
    }
    question.metadata =
        representation_asked(call.request).value_or(Representation()).shape == Shape::metadata;
    return question;
}

// What is wrong with a WebSocket's opening handshake; golang.org/x/net/websocket's answers.
// Browsers name their Origin, and without one there is no WebSocket.
std::optional<http::Response> handshake_fault(const http::Request& request) {
    const auto field = [&](std::string_view name) {
        return request.headers.find(name).value_or("");
    };
    http::Response refused;
    refused.status = 400;
    refused.headers.set("Connection", "close");
    if (field("Sec-WebSocket-Key").empty()) {
        refused.body = "mismatch challenge/response";
    } else if (field("Sec-WebSocket-Version") != "13") {
        refused.headers.set("Sec-WebSocket-Version", "13");
        refused.body = "missing or bad WebSocket Version";
    } else if (field("Origin").empty()) {
        refused.status = 403;
    } else if (field("Sec-WebSocket-Protocol").find(',') == std::string::npos) {
        return std::nullopt;
    }
    return refused;
}

http::Response answer_with(const ApiCall& call, const Carrier& carrier,
                           std::shared_ptr<WatchSource> source) {
    http::Response response;
    if (carrier.socket) {
        if (auto refused = handshake_fault(call.request)) {
            return std::move(*refused);
        }
        response.status = 101;
        response.headers.set("Upgrade", "websocket");
        response.headers.set(
            "Sec-WebSocket-Accept",
            http::websocket_accept(call.request.headers.find("Sec-WebSocket-Key").value_or("")));
        if (const auto protocol = call.request.headers.find("Sec-WebSocket-Protocol")) {
            response.headers.set("Sec-WebSocket-Protocol", *protocol);
        }
    } else {
        response.headers.set("Content-Type",
                             carrier.form == Form::protobuf
                                 ? std::string(protobuf_media_type) + ";stream=watch"
                                 : std::string("application/json"));
        response.chunked = true;
    }
    response.source = std::move(source);
    return response;
}

}  // namespace

http::Response answer_watch(ApiState& api, const ApiCall& call) {
    const auto& store = *api.store;
    auto question = question_of(api, call);
    if (!question) {
        return question.error();
    }
    const auto carrier = question->carrier;
    const auto only = [&](const Json& refused) {
        return answer_with(call, carrier,
                           std::make_shared<WatchSource>(api.store, carrier, refused, api.clock));
    };
    // As with an etcd before 3.5, which cannot report its progress.
    const bool from_now = call.info.param("resourceVersion").empty();
    if (call.info.flag("sendInitialEvents") || (from_now && question->bookmarks)) {
        return only(
            status_object(500, "InternalError",
                          "a watch stream was requested by the client but the required storage "
                          "feature RequestWatchProgress is disabled"));
    }
    if (question->after != 0 && question->after < store.oldest_version()) {
        return only(status_object(410, "Expired",
                                  fmt::format("too old resource version: {} ({})", question->after,
                                              store.oldest_version())));
    }
    if (!api.told) {
        api.told = std::make_shared<ToldEvent>();
    }
    std::vector<Object> beginning;
    if (question->after == 0) {
        beginning = store.list(*call.type, question->namespace_name);
        question->after = store.version();
    }
    return answer_with(call, carrier,
                       std::make_shared<WatchSource>(api.store, std::move(*question),
                                                     std::move(beginning), api.told, api.clock));
}

}  // namespace meshproof::fakes::kube
