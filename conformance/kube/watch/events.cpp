// Watches, read whole: the server ends each after timeoutSeconds.
#include "conformance/kube/steps.hpp"
#include "core/base/json_text.hpp"
#include "core/http/websocket.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

struct Place {
    std::string path;     ///< of the collection
    std::string version;  ///< before anything was made in it
};

Task<Place> place(Probe& probe) {
    Place place;
    place.path = core_path(co_await settled_namespace(probe), "configmaps");
    const auto list = co_await probe.set_up_kube("GET", place.path);
    place.version = text_at(list.json, "/metadata/resourceVersion");
    co_return place;
}

Json map(std::string_view name, Json labels = Json::object()) {
    return {{"metadata", {{"name", name}, {"labels", std::move(labels)}}}};
}

Task<void> relabel(Probe& probe, std::string path, Json labels) {
    Json change = {{"metadata", {{"labels", std::move(labels)}}}};
    const auto reply = co_await probe.kube("PATCH", path, std::move(change), As::admin(),
                                           {{"Content-Type", "application/merge-patch+json"}});
    if (reply.status != 200) {
        probe.give_up("the object could not be changed");
    }
}

Task<Reply> watch(Probe& probe, Place place, std::string more = {}, int seconds = 1) {
    co_return co_await probe.kube(
        "GET", fmt::format("{}?watch=1&timeoutSeconds={}&resourceVersion={}{}", place.path, seconds,
                           place.version, more));
}

// The types of a protobuf watch's events, WatchEvent{1 type, 2 object} behind four bytes of length.
std::vector<std::string> frames_of(Probe& probe, std::string_view body) {
    constexpr std::size_t length_size = 4;
    std::vector<std::string> types;
    while (!body.empty()) {
        std::size_t size = 0;
        for (const auto byte : body.substr(0, length_size)) {
            size = size << 8 | static_cast<unsigned char>(byte);
        }
        if (size < 2 || body.size() < length_size + size) {
            probe.give_up("the body ends inside a frame");
        }
        const auto event = body.substr(length_size, size);
        body.remove_prefix(length_size + size);
        types.emplace_back(event.substr(2, static_cast<unsigned char>(event[1])));
    }
    return types;
}

}  // namespace

std::vector<Check> kube_watch_events() {
    return {
        {.name = "replays-in-order",
         .requirement = "A watch from a version tells all that happened since, one JSON line an "
                        "event, in order.",
         .rows = {188},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             (void)co_await make(probe, here.path, map("b"));
             co_await relabel(probe, here.path + "/a", Json{{"x", "y"}});
             co_await remove(probe, here.path + "/b");
             const auto reply = co_await watch(probe, here);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.headers.find("Content-Type").value_or(""), "application/json",
                                "Content-Type");
             const auto events = events_of(probe, reply);
             probe.expect_equal(told(events), "ADDED a, ADDED b, MODIFIED a, DELETED b",
                                "the events");
             for (const auto& event : events) {
                 probe.expect_keys(event, {"type", "object"}, "an event");
                 probe.expect_equal(at(event, "/object/kind"), "ConfigMap", "kind of an object");
             }
         }},

        {.name = "protobuf-frames",
         .requirement = "A watch in protobuf is of type stream=watch, each event behind its length "
                        "in four bytes.",
         .rows = {213},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             co_await remove(probe, here.path + "/a");
             const auto reply = co_await probe.kube(
                 "GET",
                 fmt::format("{}?watch=1&timeoutSeconds=1&resourceVersion={}", here.path,
                             here.version),
                 {}, As::admin(), {{"Accept", "application/vnd.kubernetes.protobuf"}});
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.headers.find("Content-Type").value_or(""),
                                "application/vnd.kubernetes.protobuf;stream=watch", "Content-Type");
             const auto types = frames_of(probe, reply.body);
             probe.expect_equal(join(types, ", "), "ADDED, DELETED", "the events");
         }},

        {.name = "over-a-websocket",
         .requirement = "A watch that asks for a WebSocket gets one: 101, an event a text message, "
                        "and a normal close at its end.",
         .rows = {214},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             const auto path = fmt::format("{}?watch=1&timeoutSeconds=1&resourceVersion={}",
                                           here.path, here.version);
             http::Headers upgrade = {{"Connection", "Upgrade"},
                                      {"Upgrade", "websocket"},
                                      {"Origin", "https://meshproof.test"},
                                      {"Sec-WebSocket-Version", "13"},
                                      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
             const auto reply = co_await probe.kube("GET", path, {}, As::admin(), upgrade);
             probe.expect_status(reply, 101);
             // RFC 6455 1.3
             probe.expect_equal(reply.headers.find("Sec-WebSocket-Accept").value_or(""),
                                "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Accept");
             constexpr std::size_t longest = 1U << 20;
             http::WebSocketReader frames(longest);
             frames.take(reply.body);
             const auto event = frames.next();
             const auto end = frames.next();
             if (!event || !end) {
                 probe.give_up("the answer ended before its close frame");
             }
             probe.expect(event->opcode == http::Opcode::text, "the event is no text message");
             const auto told_event = json_or_null(event->payload);
             probe.expect_equal(text_at(told_event, "/type"), "ADDED", "type");
             probe.expect_equal(text_at(told_event, "/object/metadata/name"), "a", "name");
             probe.expect(end->opcode == http::Opcode::close, "the end is no close frame");
             probe.expect_equal(to_hex(as_bytes(end->payload)), "03e8", "its code");
             upgrade.remove("Origin");
             const auto refused = co_await probe.kube("GET", path, {}, As::admin(), upgrade);
             probe.expect_status(refused, 403);
         }},

        {.name = "deletions-have-their-own-version",
         .requirement = "A DELETED object carries the deletion's own version, from which a watch "
                        "goes on without it.",
         .rows = {188},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             co_await remove(probe, here.path + "/a");
             const auto events = events_of(probe, co_await watch(probe, here));
             if (events.size() != 2) {
                 probe.give_up("not two events");
             }
             const auto added =
                 std::stoull("0" + text_at(events.at(0), "/object/metadata/resourceVersion"));
             const auto gone =
                 std::stoull("0" + text_at(events.at(1), "/object/metadata/resourceVersion"));
             probe.expect(gone > added, "the deletion has version {}, the creation {}", gone,
                          added);
             // So a watch from there on does not tell of it again.
             const auto rest =
                 events_of(probe, co_await watch(probe, {here.path, std::to_string(gone)}));
             probe.expect_equal(told(rest), "", "the events after the deletion");
         }},

        {.name = "everything-at-first",
         .requirement = "A watch from version 0 begins with ADDED for all that is there.",
         .rows = {188},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             (void)co_await make(probe, here.path, map("b"));
             const auto reply = co_await watch(probe, {here.path, "0"});
             std::vector<std::string> names;
             for (const auto& event : events_of(probe, reply)) {
                 probe.expect_equal(at(event, "/type"), "ADDED", "type of an event");
                 names.push_back(text_at(event, "/object/metadata/name"));
             }
             std::ranges::sort(names);  // they come by name or by age
             probe.expect_equal(names, Json({"a", "b", "kube-root-ca.crt"}), "the names");
         }},

        {.name = "bookmarks-before-the-end",
         .requirement = "With allowWatchBookmarks a watch ends with a BOOKMARK that carries kind "
                        "and resourceVersion alone.",
         .rows = {188},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             const auto reply = co_await watch(probe, here, "&allowWatchBookmarks=true", 4);
             const auto events = events_of(probe, reply);
             probe.expect_equal(told(events), "ADDED a", "the events beside bookmarks");
             if (events.size() < 2) {
                 probe.give_up("there is no bookmark");
             }
             const auto& bookmark = events.back();
             probe.expect_equal(at(bookmark, "/type"), "BOOKMARK", "type of the last event");
             probe.expect_equal(at(bookmark, "/object/kind"), "ConfigMap", "kind");
             const auto version = text_at(bookmark, "/object/metadata/resourceVersion");
             probe.expect(!version.empty() &&
                              std::stoull("0" + version) >=
                                  std::stoull("0" + text_at(events.at(0),
                                                            "/object/metadata/resourceVersion")),
                          "the bookmark's version is \"{}\"", version);
             probe.expect(text_at(bookmark, "/object/metadata/name").empty() &&
                              at(bookmark, "/object/data").is_null(),
                          "the bookmark has more than a version");
         }},

        {.name = "no-bookmarks-unasked",
         .requirement = "Without allowWatchBookmarks a watch in which nothing happens is empty.",
         .rows = {188},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             const auto reply = co_await watch(probe, here, "", 3);
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.body, "", "the body of a watch in which nothing happens");
         }},

        {.name = "ends-in-time",
         .requirement = "A watch ends cleanly after timeoutSeconds.",
         .rows = {188},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             const auto before = probe.clock().elapsed();
             const auto reply = co_await watch(probe, here, "", 2);
             const auto took =
                 std::chrono::duration<double>(probe.clock().elapsed() - before).count();
             probe.expect_status(reply, 200);
             probe.expect(took > 1.5 && took < 20, "the watch took {:.1f} s, not 2", took);
         }},

        {.name = "silent-in-the-future",
         .requirement = "A watch from a version that is not reached yet says nothing.",
         .rows = {188},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             const auto reply = co_await watch(probe, {here.path, "99999999999"});
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.body, "", "the body");
         }},

        {.name = "junk-versions-are-500",
         .requirement = "A watch from a version that is no number is 500, with a timeout that is "
                        "none 400.",
         .rows = {188},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             const auto reply = co_await watch(probe, {here.path, "x"});
             expect_refusal(probe, reply, 500, "",
                            "strconv.ParseUint: parsing \"x\": invalid syntax");
             const auto seconds =
                 co_await probe.kube("GET", here.path + "?watch=1&timeoutSeconds=x");
             expect_refusal(probe, seconds, 400, "BadRequest", "strconv.ParseInt: parsing \"x\"");
         }},

        {.name = "initial-events-on-request",
         .requirement = "sendInitialEvents needs resourceVersionMatch=NotOlderThan; it gives a "
                        "bookmark after them, or one ERROR where the storage cannot.",
         .rows = {188},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             const auto wrong = co_await probe.kube(
                 "GET", here.path + "?watch=1&sendInitialEvents=true&timeoutSeconds=1");
             expect_refusal(
                 probe, wrong, 422, "Invalid",
                 "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
             const auto reply = co_await probe.kube(
                 "GET", here.path +
                            "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
                            "&resourceVersionMatch=NotOlderThan&timeoutSeconds=1");
             probe.expect_status(reply, 200);
             const auto events = events_of(probe, reply);
             if (events.empty()) {
                 probe.give_up("there is no event at all");
             }
             if (text_at(events.at(0), "/type") == "ERROR") {  // the storage is an etcd before 3.5
                 probe.expect_equal(events.size(), 1, "events beside the error");
                 probe.expect_equal(at(events.at(0), "/object/kind"), "Status", "kind");
                 probe.expect_equal(at(events.at(0), "/object/code"), 500, "code");
                 const auto message = text_at(events.at(0), "/object/message");
                 probe.expect(message.find("RequestWatchProgress is disabled") != std::string::npos,
                              "the message is \"{}\"", message);
                 co_return;
             }
             probe.expect(std::ranges::any_of(events,
                                              [](const Json& event) {
                                                  return text_at(event,
                                                                 "/object/metadata/annotations/"
                                                                 "k8s.io~1initial-events-end") ==
                                                         "true";
                                              }),
                          "no bookmark ends the initial events");
         }},

        {.name = "what-ceases-to-match-is-deleted",
         .requirement = "For a watch with a labelSelector, an object that ceases to match is "
                        "DELETED, and one that begins to is ADDED.",
         .rows = {188},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a", Json{{"mine", "yes"}}));
             (void)co_await make(probe, here.path, map("b"));
             co_await relabel(probe, here.path + "/a", Json{{"mine", nullptr}});
             co_await relabel(probe, here.path + "/b", Json{{"mine", "yes"}});
             co_await relabel(probe, here.path + "/b", Json{{"other", "label"}});
             const auto reply = co_await watch(probe, here, "&labelSelector=mine%3Dyes");
             probe.expect_equal(told(events_of(probe, reply)),
                                "ADDED a, DELETED a, ADDED b, MODIFIED b", "the events");
         }},

        {.name = "pods-are-marked-before-they-go",
         .requirement = "A pod that is deleted without grace is MODIFIED, with its "
                        "deletionTimestamp, before it is DELETED.",
         .rows = {233},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Place here;
             here.path = core_path(home.ns, "pods");
             const auto list = co_await probe.set_up_kube("GET", here.path);
             here.version = text_at(list.json, "/metadata/resourceVersion");
             (void)co_await pod(probe, home, "p");
             co_await remove(probe, here.path + "/p");
             const auto events = events_of(probe, co_await watch(probe, here));
             probe.expect_equal(told(events), "ADDED p, MODIFIED p, DELETED p", "the events");
             probe.expect(events.size() > 1 &&
                              !text_at(events[1], "/object/metadata/deletionTimestamp").empty(),
                          "the change has no deletionTimestamp");
         }},

        {.name = "of-one-name",
         .requirement = "fieldSelector metadata.name makes it a watch of one object.",
         .rows = {188},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a"));
             (void)co_await make(probe, here.path, map("b"));
             const auto reply = co_await watch(probe, here, "&fieldSelector=metadata.name%3Db");
             probe.expect_equal(told(events_of(probe, reply)), "ADDED b", "the events");
         }},

        {.name = "of-one-namespace",
         .requirement = "A watch in a namespace tells nothing of others.",
         .rows = {188},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             const auto other = co_await settled_namespace(probe, "other");
             (void)co_await make(probe, core_path(other, "configmaps"), map("elsewhere"));
             (void)co_await make(probe, here.path, map("a"));
             const auto reply = co_await watch(probe, here);
             probe.expect_equal(told(events_of(probe, reply)), "ADDED a", "the events");
         }},

        {.name = "nothing-for-nothing",
         .requirement = "A change that changes nothing makes no event.",
         .rows = {188},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto here = co_await place(probe);
             (void)co_await make(probe, here.path, map("a", Json{{"x", "y"}}));
             co_await relabel(probe, here.path + "/a", Json{{"x", "y"}});
             const auto reply = co_await watch(probe, here);
             probe.expect_equal(told(events_of(probe, reply)), "ADDED a", "the events");
         }},

        {.name = "deployments-restart-pods",
         .requirement = "A Deployment makes its pod, and a changed template, as kubectl rollout "
                        "restart makes one, replaces it.",
         .source = "kubectl rollout restart",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const std::string deployments = "/apis/apps/v1/namespaces/" + ns + "/deployments";
             const Json labels = {{"app", "web"}};
             const Json container = {{"name", "c"}, {"image", "registry.invalid/app:1"}};
             Json body = {{"metadata", {{"name", "web"}}},
                          {"spec",
                           {{"replicas", 1},
                            {"selector", {{"matchLabels", labels}}},
                            {"strategy", {{"type", "Recreate"}}},
                            {"template",
                             {{"metadata", {{"labels", labels}}},
                              {"spec", {{"containers", Json::array({container})}}}}}}}};
             (void)co_await make(probe, deployments, std::move(body));
             const auto pods = core_path(ns, "pods");
             std::string first;
             for (int round = 0; round < 50 && first.empty(); ++round) {
                 const auto list = co_await probe.kube("GET", pods);
                 first = text_at(list.json, "/items/0/metadata/name");
                 if (first.empty()) {
                     co_await probe.wait(std::chrono::milliseconds(200));
                 }
             }
             probe.expect(first.starts_with("web-"), "the pod's name is \"{}\"", first);
             const Json restart = {{"kubectl.kubernetes.io/restartedAt", "now"}};
             Json change = {{"spec", {{"template", {{"metadata", {{"annotations", restart}}}}}}}};
             const auto patched =
                 co_await probe.kube("PATCH", deployments + "/web", std::move(change), As::admin(),
                                     {{"Content-Type", "application/strategic-merge-patch+json"}});
             probe.expect_status(patched, 200);
             std::string second;
             for (int round = 0; round < 50; ++round) {
                 const auto list = co_await probe.kube("GET", pods);
                 second = text_at(list.json, "/items/0/metadata/name");
                 if (!second.empty() && second != first) {
                     break;
                 }
                 co_await probe.wait(std::chrono::milliseconds(200));
             }
             probe.expect(!second.empty() && second != first, "the pod {} was not replaced", first);
             co_await remove(probe, deployments + "/web");
         }},
    };
}

}  // namespace meshproof::conformance
