#include <set>
#include <tuple>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/selectors.hpp"
#include "fakes/kube/tables.hpp"

namespace meshproof::fakes::kube {
namespace {

Json list_of(const ResourceType& type, Json metadata, Json items) {
    return {{"kind",
             type.custom != nullptr ? type.custom->list_kind : fmt::format("{}List", type.kind)},
            {"apiVersion", type.api_version()},
            {"metadata", std::move(metadata)},
            {"items", std::move(items)}};
}

Json as_item(const ResourceType& type, const Json& object) {
    Json item = object;  // items of a list carry no kind of their own (wire contract 189)
    if (type.custom != nullptr) {
        return item;  // but for custom ones
    }
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
    if (&type == &type::services) {
        return {"spec.clusterIP", "spec.type"};
    }
    if (&type == &type::new_events) {
        return {"regarding.kind",       "regarding.namespace",
                "regarding.name",       "regarding.uid",
                "regarding.apiVersion", "regarding.resourceVersion",
                "regarding.fieldPath",  "reason",
                "reportingController",  "type"};
    }
    if (&type == &type::events) {
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

Checked<Continuation> read_token(std::string token) {
    const auto not_valid = [](std::string_view why) {
        return refuse(
            bad_request(fmt::format("invalid continue token: continue key is not valid: {}", why)));
    };
    std::erase_if(token, [](char c) { return c == '\n' || c == '\r'; });  // as Go's decoder does
    const auto text = from_base64url(token);
    if (!text) {
        const auto odd = std::ranges::find_if(
            token, [](char c) { return !letter_or_digit(c) && c != '-' && c != '_'; });
        // A rest that is no whole byte is told at the start of its four characters.
        const auto at = odd != token.end() ? static_cast<std::size_t>(odd - token.begin())
                                           : token.size() / 4 * 4;
        return not_valid(fmt::format("illegal base64 data at input byte {}", at));
    }
    auto content =
        too_deep(*text) ? Json(Json::value_t::discarded) : Json::parse(*text, nullptr, false);
    if (content.is_discarded()) {
        return not_valid(json_fault(*text));
    }
    if (content.is_null()) {
        content = Json::object();
    }
    if (!content.is_object()) {
        return not_valid(
            fmt::format("json: cannot unmarshal {} into Go value of type "
                        "storage.continueToken",
                        json_kind(content)));
    }
    for (const auto& [key, type] :
         {std::pair("v", "string"), std::pair("rv", "int64"), std::pair("start", "string")}) {
        const auto given = content.value(key, Json());
        const bool fits =
            key == std::string_view("rv") ? given.is_number_integer() : given.is_string();
        if (!given.is_null() && !fits) {
            return not_valid(
                fmt::format("json: cannot unmarshal {} into Go struct field "
                            "continueToken.{} of type {}",
                            json_kind(given), key, type));
        }
    }
    if (text_at(content, "/v") != "meta.k8s.io/v1") {
        return not_valid(fmt::format("server does not recognize this encoded version {}",
                                     text_at(content, "/v")));
    }
    if (count_at(content, "/rv") <= 0) {
        return not_valid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
    }
    auto start = text_at(content, "/start");
    if (start.empty()) {
        return not_valid("encoded start key empty (start of list)");
    }
    start.pop_back();
    return Continuation{content.value("rv", std::uint64_t{0}), start};
}

http::Response too_large_version(std::uint64_t asked, std::uint64_t current) {
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

// A page without a match is of exactly its version, and a deletion of a collection goes by pages.
bool exact_asked(const ApiCall& call) {
    const auto match = call.info.param("resourceVersionMatch");
    const bool paged = call.info.verb == "deletecollection" ||
                       whole_number(call.info.param("limit")).value_or(0) > 0;
    return match == "Exact" || (match.empty() && paged);
}

// Which of the options go together (apimachinery's ValidateListOptions).
Checked<> check_together(const ApiCall& call) {
    std::vector<Cause> causes;
    const auto forbid = [&causes](const char* field, std::string_view why) {
        causes.push_back({field, "FieldValueForbidden", fmt::format("Forbidden: {}", why)});
    };
    constexpr auto field = "resourceVersionMatch";
    const auto match = call.info.param(field);
    const auto version = call.info.param("resourceVersion");
    if (!match.empty() && version.empty()) {
        forbid(field, "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (!match.empty() && !call.info.param("continue").empty()) {
        forbid(field, "resourceVersionMatch is forbidden when continue is provided");
    }
    if (!match.empty() && match != "Exact" && match != "NotOlderThan") {
        causes.push_back({field, "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: \"Exact\", "
                                      "\"NotOlderThan\", \"\"",
                                      go_quoted(match))});
    }
    if (match == "Exact" && version == "0") {
        forbid(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    if (call.info.query.contains("sendInitialEvents")) {
        forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if (!causes.empty()) {
        return refuse(invalid("meta.k8s.io", "ListOptions", "", causes));
    }
    return {};
}

// What resourceVersion and resourceVersionMatch ask for.
Checked<Version> version_asked(const ApiState& api, const ApiCall& call) {
    const auto text = call.info.param("resourceVersion");
    if (text.empty()) {
        return Version();
    }
    const auto version = number(text);
    if (!version) {
        return refuse(
            bad_request(fmt::format("invalid resource version: resourceVersion: Invalid value: {}: "
                                    "strconv.ParseUint: parsing {}: invalid syntax",
                                    go_quoted(text), go_quoted(text))));
    }
    if (*version > api.store->version()) {
        return refuse(too_large_version(*version, api.store->version()));
    }
    return Version{*version, *version > 0 && exact_asked(call)};
}

// They are read first, and have to be numbers where they are there at all.
Checked<> check_list_numbers(const ApiCall& call) {
    for (const auto* key : {"timeoutSeconds", "limit"}) {
        const auto given = call.info.query.find(key);
        if (given == call.info.query.end()) {
            continue;
        }
        if (const auto value = whole_number(given->second); !value) {
            return refuse(bad_request(value.error()));
        }
    }
    return {};
}

Checked<std::pair<Selector, Selector>> parsed_selectors(const ApiCall& call) {
    auto labels = Selector::labels(call.info.param("labelSelector"));
    if (!labels) {
        return refuse(bad_request(labels.error().message));
    }
    auto fields = Selector::fields(call.info.param("fieldSelector"));
    if (!fields) {
        return refuse(bad_request(fields.error().message));
    }
    return std::pair(std::move(*labels), std::move(*fields));
}

// That objects of the type can be chosen by these fields.
Checked<> check_fields(const ApiCall& call, const Selector& fields) {
    const auto known = selectable_fields(*call.type);
    for (const auto& key : fields.keys()) {
        if (key == "metadata.name" || key == "metadata.namespace" || known.contains(key)) {
            continue;
        }
        return refuse(bad_request(
            known.empty() && call.type->custom == nullptr
                ? fmt::format("{} is not a known field selector: only \"metadata.name\", "
                              "\"metadata.namespace\"",
                              Json(key).dump(-1, ' ', false, Json::error_handler_t::replace))
                : fmt::format("field label not supported: {}", key)));
    }
    return {};
}

// What a list is asked for; a deletion of a collection is asked the same.
struct ListQuestion {
    Selector labels, fields;
    std::uint64_t at = 0;   ///< the version that it shows
    std::size_t limit = 0;  ///< 0 = none
    std::string start;      ///< the key after which it begins, "" = the first
};

// As far as the options can be read by themselves.
Checked<ListQuestion> options_of_list(const ApiCall& call) {
    ListQuestion question;
    auto selectors = selectors_of(call, check_together);
    if (!selectors) {
        return tl::unexpected(selectors.error());
    }
    std::tie(question.labels, question.fields) = std::move(*selectors);
    const auto limit = whole_number(call.info.param("limit")).value_or(0);
    question.limit = static_cast<std::size_t>(std::max<std::int64_t>(limit, 0));
    return question;
}

// Where the list begins: what only the storage knows.
Checked<> find_start(const ApiState& api, const ApiCall& call, ListQuestion& question) {
    const auto stated = call.info.param("resourceVersion");
    // The watch cache, which answers that version, knows no pages.
    if (stated == "0") {
        question.limit = 0;
    }
    Checked<Version> version;
    if (const auto given = call.info.param("continue"); !given.empty()) {
        auto from = read_token(given);
        if (!from) {
            return tl::unexpected(from.error());
        }
        if (!stated.empty() && stated != "0") {
            return refuse(
                bad_request("specifying resource version is not allowed when using continue"));
        }
        version = Version{from->version, true};
        question.start = std::move(from->after);
    } else {
        version = version_asked(api, call);
    }
    if (!version) {
        return tl::unexpected(version.error());
    }
    // A page shows what was there when the first one was read.
    question.at = version->exact ? version->number : api.store->version();
    if (question.at < api.store->oldest_version()) {
        return refuse(
            refusal(410, "Expired", "The resourceVersion for the provided list is too old."));
    }
    return {};
}

Checked<ListQuestion> question_of_list(const ApiState& api, const ApiCall& call) {
    auto question = options_of_list(call);
    if (question) {
        if (const auto found = find_start(api, call, *question); !found) {
            return tl::unexpected(found.error());
        }
    }
    return question;
}

// One page of what a list shows.
struct Page {
    std::vector<Object> objects;
    std::string last;      ///< the key of the last one
    std::size_t left = 0;  ///< how many come after it, whether they are chosen or not
};

Page page_of(const ApiState& api, const ApiCall& call, const ListQuestion& question) {
    const auto& type = *call.type;
    // Chosen by its name, an object is read by its key, and nothing comes after it.
    const bool somewhere = !type.namespaced || !call.info.namespace_name.empty();
    const auto named_alone = somewhere ? question.fields.required("metadata.name") : "";
    Page page;
    for (const auto& object : api.store->list_at(type, call.info.namespace_name, question.at)) {
        auto key = (type.namespaced ? meta(*object, "namespace") + "/" : std::string()) +
                   meta(*object, "name");
        if ((!question.start.empty() && key <= question.start) ||
            (!named_alone.empty() && meta(*object, "name") != named_alone)) {
            continue;
        }
        // A full page ends before it is known who else is chosen.
        if (question.limit > 0 && page.objects.size() == question.limit) {
            ++page.left;
            continue;
        }
        if (!question.labels.matches(*object) || !question.fields.matches(*object)) {
            continue;
        }
        page.objects.push_back(object);
        page.last = std::move(key);
    }
    return page;
}

Json metadata_of(const Page& page, const ListQuestion& question) {
    Json metadata = {{"resourceVersion", std::to_string(question.at)}};
    if (page.left > 0) {
        metadata["continue"] = continue_token({question.at, page.last});
        // With a selector the server would have to look at all that is left to count it.
        if (question.labels.empty() && question.fields.empty()) {
            metadata["remainingItemCount"] = page.left;
        }
    }
    return metadata;
}

// One after another: what went before one that may not go is gone.
Checked<Json> remove_each(ApiState& api, const ResourceType& type,
                          const std::vector<Object>& objects, const Json& options) {
    const bool dry = !options.value("dryRun", Json::array()).empty();
    Json items = Json::array();
    for (const auto& object : objects) {
        items.push_back(as_item(type, *object));
        // A controller may have been quicker.
        const auto present =
            api.store->find(type, meta(*object, "namespace"), meta(*object, "name"));
        if (!present) {
            continue;
        }
        if (const auto met = check_preconditions(type, *present, options); !met) {
            return tl::unexpected(met.error());
        }
        if (!dry) {
            (void)delete_object(api, type, present, options);
        }
    }
    return items;
}

// The controllers of pods look when all are gone: each time, thousands of pods of one set would
// take minutes.
Checked<Json> remove_all(ApiState& api, const ResourceType& type,
                         const std::vector<Object>& objects, const Json& options) {
    if (&type != &type::pods) {
        return remove_each(api, type, objects, options);
    }
    auto items = [&] {
        const Settling settling(api);
        return remove_each(api, type, objects, options);
    }();
    std::set<std::string> owners;
    for (const auto& object : objects) {
        const auto& metadata = object->at("metadata");
        const auto references = metadata.find("ownerReferences");
        if (references == metadata.end()) {
            continue;
        }
        for (const auto& owner : *references) {
            if (owners.insert(text_at(owner, "/uid")).second) {
                reconcile(api, type, *object);
            }
        }
    }
    return items;
}

}  // namespace

Checked<std::pair<Selector, Selector>> selectors_of(const ApiCall& call, CheckOfOptions* together) {
    if (const auto numbers = check_list_numbers(call); !numbers) {
        return tl::unexpected(numbers.error());
    }
    auto selectors = parsed_selectors(call);
    if (!selectors) {
        return selectors;
    }
    if (const auto fitting = together(call); !fitting) {
        return tl::unexpected(fitting.error());
    }
    if (const auto shape = check_shape(call); !shape) {
        return tl::unexpected(shape.error());
    }
    if (const auto known = check_fields(call, selectors->second); !known) {
        return tl::unexpected(known.error());
    }
    return selectors;
}

Checked<> check_version_of_get(const ApiState& api, const ApiCall& call) {
    const auto text = call.info.param("resourceVersion");
    const auto version = text.empty() ? std::optional<std::uint64_t>(0) : number(text);
    if (!version) {
        return refuse(
            refusal(500, "",
                    fmt::format("resourceVersion: Invalid value: {}: strconv.ParseUint: parsing "
                                "{}: invalid syntax",
                                go_quoted(text), go_quoted(text))));
    }
    if (*version > api.store->version()) {
        return refuse(too_large_version(*version, api.store->version()));
    }
    return {};
}

http::Response answer_list(ApiState& api, const ApiCall& call) {
    const auto& type = *call.type;
    const auto question = question_of_list(api, call);
    if (!question) {
        return question.error();
    }
    const auto page = page_of(api, call, *question);
    auto metadata = metadata_of(page, *question);
    if (wants_table(call.request)) {
        return json_response(200, table_of(table_asked(type, call.info), page.objects,
                                           std::move(metadata), api.clock.now()));
    }
    Json items = Json::array();
    const auto shape = representation_asked(call.request).value_or(Representation()).shape;
    if (shape == Shape::metadata) {
        return wrong_shape(type, shape);
    }
    const bool only_metadata = shape != Shape::object;
    for (const auto& object : page.objects) {
        items.push_back(only_metadata ? metadata_only(*object) : as_item(type, *object));
    }
    if (type.custom != nullptr && page.left == 0) {
        metadata["continue"] = "";
    }
    auto list = list_of(type, std::move(metadata), std::move(items));
    if (only_metadata) {
        list["kind"] = "PartialObjectMetadataList";
        list["apiVersion"] = "meta.k8s.io/v1";
    }
    return json_response(200, list);
}

http::Response remove_collection(ApiState& api, const ApiCall& call) {
    auto question = options_of_list(call);
    if (!question) {
        return question.error();
    }
    const auto options = delete_options(call);
    if (!options) {
        return options.error();
    }
    if (const auto found = find_start(api, call, *question); !found) {
        return found.error();
    }
    const auto page = page_of(api, call, *question);
    auto items = remove_all(api, *call.type, page.objects, *options);
    if (!items) {
        return items.error();
    }
    return json_response(200, list_of(*call.type, metadata_of(page, *question), std::move(*items)));
}

}  // namespace meshproof::fakes::kube
