#include <deque>
#include <tuple>

#include "core/time/within.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

std::string line(std::string_view kind, const Json& object) {
    return Json{{"type", kind}, {"object", object}}.dump(-1, ' ', false,
                                                         Json::error_handler_t::replace) +
           "\n";
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
};

/// The events of one watch, one JSON line each (wire contract 188).
class WatchSource final : public http::BodySource {
  public:
    WatchSource(std::shared_ptr<Store> store, WatchQuestion question,
                const std::vector<Object>& beginning, const Clock& clock)
        : store_(std::move(store)), question_(std::move(question)), clock_(clock) {
        for (const auto& object : beginning) {
            pending_.push_back(event("ADDED", object));
        }
    }
    /// A watch that can only say why it is none.
    WatchSource(std::shared_ptr<Store> store, const Json& refusal, const Clock& clock)
        : store_(std::move(store)), clock_(clock), pending_{line("ERROR", refusal)}, ended_(true) {}

    [[nodiscard]] Task<std::optional<std::string>> next(Clock& clock) override {
        if (!ends_at_) {
            ends_at_ = clock.elapsed() + question_.timeout;
        }
        // Seen shortly before the end: what lets a client go on from where it was.
        const auto bookmark_at =
            *ends_at_ - std::min<Duration>(question_.timeout / 2, std::chrono::seconds(2));
        while (pending_.empty() && !ended_) {
            collect();
            if (!pending_.empty()) {
                break;
            }
            const auto now = clock.elapsed();
            const bool bookmark_due = question_.bookmarks && !bookmarked_;
            if (now >= *ends_at_) {
                ended_ = true;
            } else if (bookmark_due && now >= bookmark_at) {
                bookmarked_ = true;
                pending_.push_back(bookmark());
            } else {
                const auto until = bookmark_due ? bookmark_at : *ends_at_;
                auto waiting = store_changed(store_);
                (void)co_await within(clock, until - now, std::move(waiting));
            }
        }
        if (pending_.empty()) {
            co_return std::nullopt;
        }
        std::string text = std::move(pending_.front());
        pending_.pop_front();
        co_return text;
    }

  private:
    [[nodiscard]] bool wanted(const Object& object) const {
        return object &&
               (question_.namespace_name.empty() || !question_.type->namespaced ||
                meta(*object, "namespace") == question_.namespace_name) &&
               question_.labels.matches(*object) && question_.fields.matches(*object);
    }
    // An object that begins or ceases to match is added or deleted for this watcher.
    void collect() {
        const auto& events = store_->events();
        auto at = std::ranges::partition_point(
            events, [&](const Store::Event& event) { return event.version <= question_.after; });
        for (; at != events.end(); ++at) {
            question_.after = at->version;
            if (at->type != question_.type) {
                continue;
            }
            const bool before = wanted(at->before);
            const bool after = at->change != Store::Change::deleted && wanted(at->object);
            if (after) {
                pending_.push_back(event(before ? "MODIFIED" : "ADDED", at->object));
            } else if (before) {
                pending_.push_back(event("DELETED", at->object));
            }
        }
    }
    [[nodiscard]] std::string event(std::string_view kind, const Object& object) {
        if (!question_.table) {
            return line(kind, question_.metadata ? metadata_only(*object) : *object);
        }
        const Json metadata = {{"resourceVersion", meta(*object, "resourceVersion")}};
        auto text =
            line(kind, table_of(*question_.table, std::span(&object, 1), metadata, clock_.now()));
        question_.table->headers = false;
        return text;
    }
    [[nodiscard]] std::string bookmark() const {
        const auto version = std::to_string(std::max(question_.after, store_->version()));
        return line("BOOKMARK", {{"kind", question_.type->kind},
                                 {"apiVersion", question_.type->api_version()},
                                 {"metadata", {{"resourceVersion", version}}}});
    }

    std::shared_ptr<Store> store_;
    WatchQuestion question_;
    const Clock& clock_;
    std::deque<std::string> pending_;
    bool ended_ = false;
    bool bookmarked_ = false;
    std::optional<Duration> ends_at_;
};

// What resourceVersionMatch may be for a watch.
Checked<> check_match(const ApiCall& call, bool initial) {
    const auto match = call.info.param("resourceVersionMatch");
    const auto* why =
        initial && match != "NotOlderThan"
            ? "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        : !initial && !match.empty()
            ? "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
              "provided"
            : nullptr;
    if (why != nullptr) {
        return refuse(invalid("meta.k8s.io", "ListOptions", "",
                              {{"resourceVersionMatch", "FieldValueForbidden", why}}));
    }
    return {};
}

// What the query asks for; `after` is the version that it names, 0 for none.
Checked<WatchQuestion> question_of(const ApiState& api, const ApiCall& call) {
    WatchQuestion question;
    question.type = call.type;
    question.namespace_name = call.info.namespace_name;
    auto selectors = selectors_of(call);
    if (!selectors) {
        return tl::unexpected(selectors.error());
    }
    std::tie(question.labels, question.fields) = std::move(*selectors);
    question.bookmarks = call.info.flag("allowWatchBookmarks");
    // The default is drawn between one and two times --min-request-timeout (1800 s).
    const auto limit = call.info.param("timeoutSeconds");
    const auto seconds = number(limit);
    if (!limit.empty() && !seconds) {
        return refuse(
            bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", limit)));
    }
    question.timeout = std::chrono::seconds(
        seconds && *seconds > 0 ? *seconds : 1800 + api.store->prng().below(1800));
    if (const auto match = check_match(call, call.info.flag("sendInitialEvents")); !match) {
        return tl::unexpected(match.error());
    }
    const auto given = call.info.param("resourceVersion");
    const auto version = given.empty() ? std::optional<std::uint64_t>(0) : number(given);
    if (!version) {
        return refuse(
            refusal(500, "",
                    fmt::format("resourceVersion: Invalid value: \"{}\": strconv.ParseUint: "
                                "parsing \"{}\": invalid syntax",
                                given, given)));
    }
    question.after = *version;
    if (wants_table(call.request)) {
        question.table = table_asked(*call.type, call.info);
    }
    question.metadata = shape_asked(call.request) == Shape::metadata;
    return question;
}

}  // namespace

http::Response answer_watch(ApiState& api, const ApiCall& call) {
    const auto& store = *api.store;
    auto question = question_of(api, call);
    if (!question) {
        return question.error();
    }
    http::Response response;
    response.headers.set("Content-Type", "application/json");
    response.chunked = true;
    const auto only = [&](const Json& refused) {
        response.source = std::make_shared<WatchSource>(api.store, refused, api.clock);
        return response;
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
    std::vector<Object> beginning;
    if (question->after == 0) {
        for (auto& object : store.list(*call.type, question->namespace_name)) {
            if (question->labels.matches(*object) && question->fields.matches(*object)) {
                beginning.push_back(std::move(object));
            }
        }
        question->after = store.version();
    }
    response.source =
        std::make_shared<WatchSource>(api.store, std::move(*question), beginning, api.clock);
    return response;
}

}  // namespace meshproof::fakes::kube
