#include <array>
#include <charconv>
#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/cluster.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

Json list_of(const ResourceType& type, Json metadata, Json items) {
    return {{"kind", fmt::format("{}List", type.kind)},
            {"apiVersion", type.api_version()},
            {"metadata", std::move(metadata)},
            {"items", std::move(items)}};
}

Json as_item(const Json& object) {
    Json item = object;  // items of a list carry no kind of their own (wire contract 189)
    item.erase("kind");
    item.erase("apiVersion");
    return item;
}

// The fields beyond name and namespace that a type can be chosen by.
std::set<std::string_view> selectable_fields(const ResourceType& type) {
    if (&type == &type::pods) {
        return {"spec.nodeName",
                "spec.restartPolicy",
                "spec.schedulerName",
                "spec.serviceAccountName",
                "spec.hostNetwork",
                "status.phase",
                "status.podIP",
                "status.podIPs",
                "status.nominatedNodeName"};
    }
    if (&type == &type::secrets) {
        return {"type"};
    }
    if (&type == &type::nodes) {
        return {"spec.unschedulable"};
    }
    if (&type == &type::namespaces) {
        return {"status.phase"};
    }
    if (&type == &type::replica_sets) {
        return {"status.replicas"};
    }
    if (type.plural == "events") {
        return {"involvedObject.kind",
                "involvedObject.namespace",
                "involvedObject.name",
                "involvedObject.uid",
                "involvedObject.apiVersion",
                "involvedObject.resourceVersion",
                "involvedObject.fieldPath",
                "reason",
                "reportingComponent",
                "source",
                "type"};
    }
    return {};
}

struct Continuation {
    std::uint64_t version = 0;
    std::string after;  ///< the key that came last, "namespace/name"
};

// As the API server's own tokens: base64url of {"v":…,"rv":…,"start":…}.
std::string continue_token(const Continuation& from) {
    return to_base64url(Json{
        {"v", "meta.k8s.io/v1"}, {"rv", from.version}, {"start", from.after + std::string(1, '\0')}}
                            .dump());
}

Continuation read_token(const std::string& token) {  // throws Refused
    const auto refuse = [](std::string_view why) {
        throw Refused{bad_request(fmt::format("invalid continue token: {}", why))};
    };
    const auto text = from_base64url(token);
    if (!text) {
        refuse("continue key is not valid: illegal base64 data at input byte 0");
    }
    const auto content = Json::parse(*text, nullptr, false);
    if (!content.is_object()) {
        refuse("continue key is not valid: " + json_fault(*text));
    }
    if (text_at(content, "/v") != "meta.k8s.io/v1") {
        refuse(
            fmt::format("continue key is not valid: server does not recognize this encoded "
                        "version \"{}\"",
                        text_at(content, "/v")));
    }
    auto start = text_at(content, "/start");
    if (start.empty()) {
        refuse("continue key is not valid: encoded start key empty (start of list)");
    }
    start.pop_back();
    return {content.value("rv", std::uint64_t{0}), start};
}

std::optional<std::uint64_t> number(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

http::Response too_large(std::uint64_t asked, std::uint64_t current) {
    auto response =
        refusal(504, "Timeout",
                fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current),
                {{"causes", Json::array({{{"reason", "ResourceVersionTooLarge"},
                                          {"message", "Too large resource version"}}})},
                 {"retryAfterSeconds", 1}});
    response.headers.set("Retry-After", "1");
    return response;
}

struct Version {
    std::uint64_t number = 0;  ///< 0 = now
    bool exact = false;
};

// What resourceVersion and resourceVersionMatch ask for; throws Refused.
Version version_asked(const Cluster& cluster, const Call& call) {
    const auto text = call.info.param("resourceVersion");
    const auto match = call.info.param("resourceVersionMatch");
    const auto refuse = [](std::string_view why) {
        throw Refused{invalid(
            "meta.k8s.io", "ListOptions", "",
            {{"resourceVersionMatch", "FieldValueForbidden", fmt::format("Forbidden: {}", why)}})};
    };
    if (!match.empty() && text.empty()) {
        refuse("resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (match == "Exact" && text == "0") {
        refuse("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
    }
    if (text.empty()) {
        return {};
    }
    const auto version = number(text);
    if (!version) {
        throw Refused{bad_request(
            fmt::format("invalid resource version: resourceVersion: Invalid value: \"{}\": "
                        "strconv.ParseUint: parsing \"{}\": invalid syntax",
                        text, text))};
    }
    if (*version > cluster.store->version()) {
        throw Refused{too_large(*version, cluster.store->version())};
    }
    return {*version, match == "Exact"};
}

void expire(std::uint64_t version) {
    throw Refused{
        refusal(410, "Expired",
                fmt::format("The resourceVersion for the provided list is too old: {}", version))};
}

}  // namespace

std::pair<Selector, Selector> selectors_of(const Call& call) {
    auto labels = Selector::labels(call.info.param("labelSelector"));
    if (!labels) {
        throw Refused{bad_request(labels.error().message)};
    }
    auto fields = Selector::fields(call.info.param("fieldSelector"));
    if (!fields) {
        throw Refused{bad_request(fields.error().message)};
    }
    const auto known = selectable_fields(*call.type);
    for (const auto& key : fields->keys()) {
        if (key == "metadata.name" || key == "metadata.namespace" || known.contains(key)) {
            continue;
        }
        throw Refused{bad_request(known.empty()
                                      ? fmt::format("\"{}\" is not a known field selector: only "
                                                    "\"metadata.name\", \"metadata.namespace\"",
                                                    key)
                                      : fmt::format("field label not supported: {}", key))};
    }
    return {std::move(*labels), std::move(*fields)};
}

http::Response answer_list(Cluster& cluster, const Call& call) {
    const auto& type = *call.type;
    const auto [labels, fields] = selectors_of(call);
    auto version = version_asked(cluster, call);
    std::size_t limit = 0;
    if (const auto given = call.info.param("limit"); !given.empty()) {
        const auto value = number(given);
        if (!value) {
            return bad_request(
                fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", given));
        }
        limit = *value;
    }
    std::string start;
    if (const auto given = call.info.param("continue"); !given.empty()) {
        auto from = read_token(given);
        version = {from.version, true};
        start = std::move(from.after);
    }
    // A page shows what was there when the first one was read.
    const auto at = version.exact ? version.number : cluster.store->version();
    if (at < cluster.store->oldest_version()) {
        expire(at);
    }
    std::vector<Object> page;
    std::size_t left = 0;
    std::string last;
    for (const auto& object : cluster.store->list_at(type, call.info.namespace_name, at)) {
        if (!labels.matches(*object) || !fields.matches(*object)) {
            continue;
        }
        auto key = (type.namespaced ? meta(*object, "namespace") + "/" : std::string()) +
                   meta(*object, "name");
        if (!start.empty() && key <= start) {
            continue;
        }
        if (limit > 0 && page.size() == limit) {
            ++left;
            continue;
        }
        page.push_back(object);
        last = std::move(key);
    }
    Json metadata = {{"resourceVersion", std::to_string(at)}};
    if (left > 0) {
        metadata["continue"] = continue_token({at, last});
        // With a selector the server would have to look at all that is left to count it.
        if (labels.empty() && fields.empty()) {
            metadata["remainingItemCount"] = left;
        }
    }
    if (wants_table(call.request)) {
        return json_response(200, table_of(table_asked(type, call.info), page, std::move(metadata),
                                           cluster.clock.now()));
    }
    Json items = Json::array();
    const auto shape = shape_asked(call.request).value_or(Shape::object);
    if (shape == Shape::metadata) {
        return wrong_shape(type, shape);
    }
    const bool only_metadata = shape != Shape::object;
    for (const auto& object : page) {
        items.push_back(only_metadata ? metadata_only(*object) : as_item(*object));
    }
    auto list = list_of(type, std::move(metadata), std::move(items));
    if (only_metadata) {
        list["kind"] = "PartialObjectMetadataList";
        list["apiVersion"] = "meta.k8s.io/v1";
    }
    return json_response(200, list);
}

http::Response remove_collection(Cluster& cluster, const Call& call) {
    const auto options = delete_options(call);
    const auto [labels, fields] = selectors_of(call);
    const bool dry = call.dry_run() || options.contains("dryRun");
    Json items = Json::array();
    for (const auto& object : cluster.store->list(*call.type, call.info.namespace_name)) {
        if (!labels.matches(*object) || !fields.matches(*object)) {
            continue;
        }
        items.push_back(as_item(*object));
        // A controller may have been quicker.
        const auto present =
            cluster.store->find(*call.type, meta(*object, "namespace"), meta(*object, "name"));
        if (!dry && present) {
            (void)delete_object(cluster, *call.type, present, options);
        }
    }
    Json metadata = {{"resourceVersion", std::to_string(cluster.store->version())}};
    return json_response(200, list_of(*call.type, std::move(metadata), std::move(items)));
}

}  // namespace meshproof::fakes::kube
