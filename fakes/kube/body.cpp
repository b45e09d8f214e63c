#include "fakes/kube/body.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <map>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/document.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/protobuf.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view too_large_text =
    "json: cannot unmarshal number into Go value of type float64";

std::string fault_at(const std::string& text, std::size_t byte) {
    if (byte == 0 || byte > text.size() || trim(text).empty()) {
        return "unexpected end of JSON input";
    }
    const auto odd = go_character(text[byte - 1]);
    for (const std::string_view word : {"null", "true", "false"}) {
        for (auto read = word.size() - 1; read > 0; --read) {
            if (byte > read && text.substr(byte - 1 - read, read) == word.substr(0, read)) {
                return fmt::format("invalid character {} in literal {} (expecting '{}')", odd, word,
                                   word[read]);
            }
        }
    }
    return fmt::format("invalid character {} looking for beginning of value", odd);
}

// What is said of a body that cannot say what it is.
Mismatch no_object(const Json& value) {
    return {fmt::format(
        "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of "
        "type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
        "\"json:\\\"kind,omitempty\\\"\" }}",
        json_kind(value))};
}

ReadBody read_json(const std::string& text) {
    const auto mismatch = [](const std::string& why) {
        return tl::unexpected(Mismatch{"couldn't get version/kind; json parse error: " + why});
    };
    if (too_deep(text)) {
        return mismatch("exceeded max depth");
    }
    auto read = read_document(text);
    if (!read) {
        return read.error().too_large ? tl::unexpected(Mismatch{std::string(too_large_text)})
                                      : mismatch(fault_at(text, read.error().byte));
    }
    auto document = std::move(*read);
    if (document.value.is_null()) {
        document.value = Json::object();
    }
    if (!document.value.is_object()) {
        return tl::unexpected(no_object(document.value));
    }
    return document;
}

ReadBody read_yaml(const std::string& text) {
    Document document;
    auto read = json_of_yaml(text, document.repeated);
    if (!read) {
        return tl::unexpected(std::move(read).error());
    }
    document.value = std::move(*read);
    return document;
}

ReadBody read_patch(const std::string& text) {
    if (too_deep(text)) {
        return tl::unexpected(Mismatch{"exceeded max depth"});
    }
    auto read = read_document(text);
    if (!read) {
        return tl::unexpected(Mismatch{json_fault(text)});
    }
    return std::move(*read);
}

// What a body calls itself is read before anything else of it.
std::optional<Mismatch> kind_fault(const Json& body) {
    for (const auto* key : {"apiVersion", "kind"}) {
        const auto found = body.find(key);
        if (found != body.end() && !found->is_null() && !found->is_string()) {
            return Mismatch{
                fmt::format("couldn't get version/kind; json parse error: json: cannot unmarshal "
                            "{} into Go struct field .{} of type string",
                            json_kind(*found), key)};
        }
    }
    return std::nullopt;
}

// A scalar that is not quoted may be something else than a text.
Json json_of_scalar(const YAML::Node& node) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!") {  // quoted
        return text;
    }
    if (text.empty() || text == "null" || text == "~") {
        return nullptr;
    }
    if (text == "true" || text == "false") {
        return text == "true";
    }
    std::int64_t whole = 0;
    const auto* end = text.data() + text.size();
    const std::from_chars_result read_whole{end, std::errc()};  // and not out of range
    if (std::from_chars(text.data(), end, whole) == read_whole) {
        return whole;
    }
    double number = 0;
    const bool starts_as_number = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (starts_as_number && std::from_chars(text.data(), end, number) == read_whole) {
        // As Go writes it in JSON: a number without a fraction is whole there.
        constexpr double most_exact = 1LL << 53;
        return std::trunc(number) == number && std::abs(number) <= most_exact
                   ? Json(static_cast<std::int64_t>(number))
                   : Json(number);
    }
    return text;
}

/// What a reading of YAML has met so far.
struct Reading {
    std::vector<std::string>& repeated;
    std::size_t nodes = 0, bytes = 0;  ///< of texts
};

tl::expected<Json, Mismatch> json_of_node(const YAML::Node& node, Reading& reading,
                                          std::size_t depth) {
    // An anchor may stand within itself, and a few of them may stand for gigabytes. Limits near
    // those of go-yaml.
    constexpr std::size_t deepest = 1000, most_nodes = 400'000, most_bytes = 64U << 20;
    if (depth > deepest) {
        return tl::unexpected(Mismatch{"yaml: exceeded max depth of 10000"});
    }
    reading.bytes += node.IsScalar() ? node.Scalar().size() : 0;
    if (++reading.nodes > most_nodes || reading.bytes > most_bytes) {
        return tl::unexpected(Mismatch{"yaml: document contains excessive aliasing"});
    }
    switch (node.Type()) {
        case YAML::NodeType::Map: {
            Json object = Json::object();
            for (const auto& entry : node) {
                const auto key = entry.first.as<std::string>();
                reading.bytes += key.size();
                if (object.contains(key)) {
                    reading.repeated.push_back(
                        fmt::format("yaml: unmarshal errors:\n  line {}: key \"{}\" already set in "
                                    "map",
                                    entry.first.Mark().line + 1, key));
                }
                auto value = json_of_node(entry.second, reading, depth + 1);
                if (!value) {
                    return value;
                }
                object[key] = std::move(*value);
            }
            return object;
        }
        case YAML::NodeType::Sequence: {
            Json list = Json::array();
            for (const auto& item : node) {
                auto value = json_of_node(item, reading, depth + 1);
                if (!value) {
                    return value;
                }
                list.push_back(std::move(*value));
            }
            return list;
        }
        case YAML::NodeType::Scalar:
            return json_of_scalar(node);
        default:
            return Json();
    }
}

// What a reader would take for something else than a text, or could not read at all, is quoted.
std::string yaml_text(const std::string& text) {
    const bool safe_start = !text.empty() && (letter_or_digit(text[0]) || text[0] == '/' ||
                                              text[0] == '_' || text[0] == '.');
    const bool odd = text.find(": ") != std::string::npos || text.find(" #") != std::string::npos ||
                     text.ends_with(':') || text.ends_with(' ') ||
                     std::ranges::any_of(text, [](char c) { return c < ' ' || c == '\x7f'; });
    const bool date = parse_rfc3339(text).has_value();
    if (!safe_start || odd || date || !json_of_scalar(YAML::Node(text)).is_string()) {
        return Json(text).dump();
    }
    return text;
}

void write_yaml(const Json& value, const std::string& indent, std::string& out) {
    if (value.is_object() && !value.empty()) {
        for (const auto& [key, item] : value.items()) {
            out += indent + yaml_text(key) + ":";
            if (item.is_structured() && !item.empty()) {
                out += "\n";
                // A list stands where its key does, as Go writes it.
                write_yaml(item, item.is_array() ? indent : indent + "  ", out);
            } else {
                out += " ";
                write_yaml(item, "", out);
            }
        }
    } else if (value.is_array() && !value.empty()) {
        for (const auto& item : value) {
            std::string inner;  // written below the dash, which then takes the place of its indent
            write_yaml(item, indent + "  ", inner);
            inner.replace(indent.size(), 2, "- ");
            out += inner;
        }
    } else {
        out += indent + (value.is_string() ? yaml_text(value.get<std::string>()) : value.dump()) +
               "\n";
    }
}

std::string_view internal_package(std::string_view group) {
    return group.empty() ? "core" : group.substr(0, group.find('.'));
}

// The kinds of bodies that are no resources of their own.
struct PlainKind {
    std::string_view kind, api_version;
};
constexpr PlainKind plain_kinds[] = {{"Binding", "v1"},
                                     {"TokenRequest", "authentication.k8s.io/v1"},
                                     {"Scale", "autoscaling/v1"},
                                     {"Eviction", "policy/v1"},
                                     {"DeleteOptions", "v1"}};

std::string group_of(std::string_view api_version) {
    const auto slash = api_version.find('/');
    return std::string(slash == std::string_view::npos ? "" : api_version.substr(0, slash));
}

std::string version_of(std::string_view api_version) {
    return std::string(api_version.substr(api_version.find('/') + 1));
}

bool registered(std::string_view kind, std::string_view api_version) {
    return std::ranges::any_of(all_types(),
                               [&](const ResourceType& type) {
                                   return type.kind == kind && type.api_version() == api_version;
                               }) ||
           std::ranges::any_of(plain_kinds, [&](const PlainKind& plain) {
               return plain.kind == kind && plain.api_version == api_version;
           });
}

// What the body calls itself must be what it is meant to be.
Checked<> check_kind(const Json& body, std::string_view kind, const std::string& api_version) {
    const auto given_kind = text_at(body, "/kind");
    const auto given_version = text_at(body, "/apiVersion");
    const auto said_kind = given_kind.empty() ? std::string(kind) : given_kind;
    const auto said_version = given_version.empty() ? api_version : given_version;
    if (said_kind == kind && said_version == api_version) {
        return {};
    }
    const auto why = registered(said_kind, said_version)
                         ? fmt::format("converting ({}.{}) to ({}.{}): unknown conversion",
                                       version_of(said_version), said_kind,
                                       internal_package(group_of(api_version)), kind)
                         : fmt::format(
                               "no kind {} is registered for version {} in scheme "
                               "\"pkg/runtime/scheme.go:110\"",
                               go_quoted(said_kind), go_quoted(said_version));
    return refuse(
        bad_request(fmt::format("{} in version {} cannot be handled as a {}: {}", said_kind,
                                go_quoted(version_of(said_version)), kind, why)));
}

// The decoder of custom resources guesses nothing.
Checked<> check_custom_kind(const ApiCall& call, const Json& body) {
    const auto& type = *call.type;
    const auto kind = text_at(body, "/kind");
    const auto version = text_at(body, "/apiVersion");
    if (kind.empty() || version.empty()) {
        return refuse(bad_request(fmt::format(
            "the object provided is unrecognized (must be of type {}): Object '{}' is missing in "
            "'{}' ({})",
            type.kind, kind.empty() ? "Kind" : "apiVersion", call.request.body,
            body_summary(call.request.body))));
    }
    if (version != type.api_version()) {
        return refuse(
            bad_request(fmt::format("the API version in the data ({}) does not match "
                                    "the expected API version ({})",
                                    version, type.api_version())));
    }
    if (kind != type.kind) {
        return refuse(
            invalid(type.group, kind, meta(body, "name"),
                    {{"kind", "FieldValueInvalid",
                      fmt::format("Invalid value: \"{}\": must be {}", kind, type.kind)}}));
    }
    return {};
}

// In the order of the text; a path is named once.
std::vector<std::string> objections(const Document& document,
                                    const std::vector<std::string>& unknown) {
    auto out = document.repeated;
    std::map<std::string_view, std::size_t> left;
    for (const auto& path : unknown) {
        ++left[path];
    }
    // In the order of the text; of YAML, which has no recorded order, in that of our look at it.
    for (const auto* paths : {&document.paths, &unknown}) {
        for (const auto& path : *paths) {
            if (const auto found = left.find(path); found != left.end() && found->second > 0) {
                out.push_back(fmt::format("unknown field \"{}\"", path));
                --found->second;
            }
        }
    }
    return out;
}

}  // namespace

std::string json_fault(const std::string& text) {
    try {
        (void)Json::parse(text);
    } catch (const Json::parse_error& error) {
        return fault_at(text, error.byte);
    } catch (const Json::out_of_range&) {
        return std::string(too_large_text);
    }
    return {};
}

ReadBody read_text(BodyForm form, const std::string& text) {
    switch (form) {
        case BodyForm::json:
            return read_json(text);
        case BodyForm::yaml:
            return read_yaml(text);
        case BodyForm::patch:
            break;
    }
    return read_patch(text);
}

std::optional<BodyForm> form_of_body(const http::Request& request) {
    const auto header = lower(request.headers.find("Content-Type").value_or(""));
    const auto media = trim(std::string_view(header).substr(0, header.find(';')));
    if (media == "application/apply-patch+yaml" || media == "application/yaml") {
        return BodyForm::yaml;
    }
    if (media.ends_with("patch+json")) {
        return BodyForm::patch;
    }
    return media.empty() || media == "application/json" ? std::optional(BodyForm::json)
                                                        : std::nullopt;
}

EarlyBody read_early(BodyForm form, const std::string& text, Json current) {
    EarlyBody early{form, read_text(form, text), std::nullopt};
    if (!current.is_null() && *early.read) {
        auto version = meta(current, "resourceVersion");
        early.patched = {std::move(version),
                         json_patched((*early.read)->value, std::move(current))};
    }
    return early;
}

ReadBody read_once(const ApiCall& call, BodyForm form) {
    auto* early = call.early;
    if (early == nullptr || early->form != form || !early->read) {
        return read_text(form, call.request.body);
    }
    auto read = std::move(*early->read);
    early->read.reset();
    return read;
}

tl::expected<Json, Mismatch> json_of_yaml(const std::string& text,
                                          std::vector<std::string>& repeated) {
    if (valid_utf8(text) != text) {
        return tl::unexpected(Mismatch{"yaml: invalid leading UTF-8 octet"});
    }
    try {
        Reading reading{repeated};
        return json_of_node(YAML::Load(text), reading, 0);
    } catch (const YAML::Exception& error) {
        return tl::unexpected(Mismatch{fmt::format(
            "yaml: line {}: did not find expected node content", std::max(error.mark.line, 1))});
    }
}

std::string yaml_of(const Json& value) {
    std::string out;
    write_yaml(value, "", out);
    return out;
}

std::optional<std::string> strict_fault(const ApiCall& call,
                                        const std::vector<std::string>& faults) {
    const auto asked = call.info.param("fieldValidation");
    if (asked == "Strict" && !faults.empty()) {
        return "strict decoding error: " + join(faults, ", ");
    }
    if (asked != "Strict" && asked != "Ignore") {
        call.warnings->insert(call.warnings->end(), faults.begin(), faults.end());
    }
    return std::nullopt;
}

namespace {

std::string media_of(const ApiCall& call) {
    const auto header =
        lower(call.request.headers.find("Content-Type").value_or("application/json"));
    return std::string(trim(std::string_view(header).substr(0, header.find(';'))));
}

bool readable(std::string_view media, std::string_view kind, std::string_view api_version) {
    return media == "application/json" || media == "application/yaml" ||
           (media == protobuf_media_type && has_protobuf(kind, api_version));
}

http::Response unreadable_media() {
    return refusal(
        415, "UnsupportedMediaType",
        fmt::format("the body of the request was in an unknown format - accepted media types "
                    "include: application/json, application/yaml, {}",
                    protobuf_media_type));
}

// metav1's ValidateFieldManager.
void check_field_manager(const std::string& given, std::vector<Cause>& causes) {
    constexpr std::size_t longest = 128;
    const auto manager = valid_utf8(given);
    if (given.size() > longest) {
        causes.push_back({"fieldManager", "FieldValueTooLong",
                          fmt::format("Too long: may not be more than {} bytes", longest)});
    }
    for (const auto& [at, rune] : runes_of(manager)) {
        if (!printable(rune)) {
            causes.push_back(
                {"fieldManager", "FieldValueInvalid",
                 fmt::format("Invalid value: {}: invalid character U+{:04X} (at position {})",
                             go_quoted(manager), static_cast<std::uint32_t>(rune), at)});
        }
    }
}

}  // namespace

Checked<> check_options(const ApiCall& call) {
    const auto& verb = call.info.verb;
    // A creation's decoder is chosen before its options are read, an update's after.
    if (verb == "create" && !readable(media_of(call), call.type->kind, call.type->api_version())) {
        return refuse(unreadable_media());
    }
    const auto* kind = verb == "create"   ? "CreateOptions"
                       : verb == "update" ? "UpdateOptions"
                       : verb == "patch"  ? "PatchOptions"
                                          : "DeleteOptions";
    std::vector<Cause> causes;
    if (verb == "patch") {
        const bool apply =
            lower(call.request.headers.find("Content-Type").value_or("")).find("apply-patch") !=
            std::string::npos;
        if (apply && call.info.param("fieldManager").empty()) {
            causes.push_back({"fieldManager", "FieldValueRequired",
                              "Required value: is required for apply patch"});
        }
        if (!apply && call.info.query.contains("force")) {
            causes.push_back({"force", "FieldValueForbidden",
                              "Forbidden: may not be specified for non-apply patch"});
        }
    }
    check_field_manager(call.info.param("fieldManager"), causes);
    if (const auto& dry = call.info.dry_runs; std::ranges::count(dry, "All") != std::ssize(dry)) {
        causes.push_back(
            {"dryRun", "FieldValueNotSupported",
             fmt::format("Unsupported value: {}: supported values: \"All\"", go_json(Json(dry)))});
    }
    const auto validation = call.info.param("fieldValidation");
    if (std::string_view(kind) != "DeleteOptions" && !validation.empty() &&
        validation != "Ignore" && validation != "Strict" && validation != "Warn") {
        causes.push_back({"fieldValidation", "FieldValueNotSupported",
                          fmt::format("Unsupported value: {}: supported values: \"\", "
                                      "\"Ignore\", \"Strict\", \"Warn\"",
                                      go_quoted(validation))});
    }
    if (!causes.empty()) {
        return refuse(invalid("meta.k8s.io", kind, "", causes));
    }
    return {};
}

namespace {

// The body in the media type that it says it is of.
Checked<Document> read_body(const ApiCall& call, std::string_view media, std::string_view kind,
                            std::string_view api_version) {
    const auto& text = call.request.body;
    Document document;
    if (media == protobuf_media_type && has_protobuf(kind, api_version)) {
        auto body = json_of_protobuf(text, kind, api_version);
        if (!body) {
            return tl::unexpected(body.error());
        }
        document.value = std::move(*body);
        return document;
    }
    const auto unrecognized = [&](const Mismatch& fault) {
        return refuse(bad_request(
            fmt::format("the object provided is unrecognized (must be of type {}): {} ({})", kind,
                        fault.text, body_summary(text))));
    };
    if (media == "application/json") {
        auto read = read_once(call, BodyForm::json);
        if (!read) {
            return unrecognized(read.error());
        }
        if (const auto fault = kind_fault(read->value); fault && call.type->custom == nullptr) {
            return unrecognized(*fault);
        }
        return std::move(*read);
    }
    if (media == "application/yaml") {
        auto read = read_once(call, BodyForm::yaml);
        if (!read) {
            return unrecognized(read.error());
        }
        document = std::move(*read);
        if (document.value.is_null()) {
            document.value = Json::object();
        }
        if (!document.value.is_object()) {
            return unrecognized(no_object(document.value));
        }
        if (const auto fault = kind_fault(document.value); fault && call.type->custom == nullptr) {
            return unrecognized(*fault);
        }
        return document;
    }
    return refuse(unreadable_media());
}

}  // namespace

Checked<Json> body_of(const ApiCall& call, std::string_view kind, const std::string& api_version) {
    const auto media = media_of(call);
    const bool custom = call.type->custom != nullptr && kind == call.type->kind;
    auto document = read_body(call, media, kind, api_version);
    if (!document) {
        return tl::unexpected(document.error());
    }
    auto& body = document->value;
    if (const auto right =
            custom ? check_custom_kind(call, body) : check_kind(body, kind, api_version);
        !right) {
        return tl::unexpected(right.error());
    }
    if (media == protobuf_media_type) {
        return std::move(body);
    }
    const auto unfit = [&](std::string_view why) {
        return refuse(bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}",
                                              kind, version_of(api_version), kind, why)));
    };
    const auto unknown = kind == call.type->kind
                             ? conform(body, *call.type, document->paths)
                             : conform(body, object_type(kind), document->paths);
    if (!unknown) {
        return unfit(unknown.error().text);
    }
    if (custom) {
        document->paths.clear();  // told in the order of their names
    }
    if (const auto fault = strict_fault(call, objections(*document, *unknown))) {
        return unfit(*fault);
    }
    return std::move(body);
}

namespace {

// A body is read as it stands, whatever is in the query, and its faults are bare.
Checked<Json> delete_options_in_body(const ApiCall& call) {
    const auto media = media_of(call);
    const auto unread = [](std::string_view why) { return refuse(refusal(500, "", why)); };
    if (media == protobuf_media_type) {
        if (const auto why = protobuf_fault(call.request.body); !why.empty()) {
            return unread(why);
        }
        return json_of_protobuf(call.request.body, "DeleteOptions");
    }
    if (!readable(media, "DeleteOptions", "v1")) {
        return refuse(unreadable_media());
    }
    Json options = Json::object();
    std::vector<std::string> order;
    if (media == "application/json") {
        auto read = read_once(call, BodyForm::json);
        if (!read) {
            return unread(read.error().text);
        }
        options = std::move(read->value);
        order = std::move(read->paths);
    } else {
        auto read = read_once(call, BodyForm::yaml);
        if (!read) {
            return unread(read.error().text);
        }
        if (!read->value.is_object() && !read->value.is_null()) {
            return unread(no_object(read->value).text);
        }
        options = read->value.is_object() ? std::move(read->value) : Json::object();
    }
    if (const auto fault = kind_fault(options)) {
        return unread(fault->text);
    }
    const auto kind = text_at(options, "/kind");
    if (!kind.empty() && kind != "DeleteOptions") {
        const auto version = text_at(options, "/apiVersion");
        return unread(
            fmt::format("no kind {} is registered for version {} in scheme "
                        "\"pkg/runtime/scheme.go:110\"",
                        go_quoted(kind), go_quoted(version.empty() ? "meta.k8s.io/v1" : version)));
    }
    if (const auto known = conform(options, object_type("DeleteOptions"), order); !known) {
        return unread(known.error().text);
    }
    return options;
}

Checked<Json> delete_options_in_query(const ApiCall& call) {
    Json options = Json::object();
    const auto& query = call.info.query;
    if (const auto policy = query.find("propagationPolicy"); policy != query.end()) {
        options["propagationPolicy"] = policy->second;
    }
    if (query.contains("orphanDependents")) {
        options["orphanDependents"] = call.info.flag("orphanDependents");
    }
    if (!call.info.dry_runs.empty()) {
        options["dryRun"] = call.info.dry_runs;
    }
    if (const auto grace = query.find("gracePeriodSeconds"); grace != query.end()) {
        const auto seconds = whole_number(grace->second);
        if (!seconds) {
            return refuse(bad_request(seconds.error()));
        }
        options["gracePeriodSeconds"] = *seconds;
    }
    for (const auto* stated : {"uid", "resourceVersion"}) {
        if (const auto value = call.info.param(stated); !value.empty()) {
            options["preconditions"][stated] = value;
        }
    }
    return options;
}

}  // namespace

Checked<Json> delete_options(const ApiCall& call) {
    auto options =
        call.request.body.empty() ? delete_options_in_query(call) : delete_options_in_body(call);
    if (!options) {
        return options;
    }
    std::vector<Cause> causes;
    if (const auto given = options->find("propagationPolicy"); given != options->end()) {
        if (options->contains("orphanDependents")) {
            causes.push_back(
                {"propagationPolicy", "FieldValueInvalid",
                 fmt::format("Invalid value: {}: orphanDependents and deletionPropagation cannot "
                             "be both set",
                             go_json(*given))});
        }
        if (*given != "Foreground" && *given != "Background" && *given != "Orphan") {
            causes.push_back({"propagationPolicy", "FieldValueNotSupported",
                              fmt::format("Unsupported value: {}: supported values: "
                                          "\"Foreground\", \"Background\", \"Orphan\", \"nil\"",
                                          go_json(*given))});
        }
    }
    for (const auto& dry : options->value("dryRun", Json::array())) {
        if (dry != "All") {
            causes.push_back({"dryRun", "FieldValueNotSupported",
                              fmt::format("Unsupported value: {}: supported values: \"All\"",
                                          go_json((*options)["dryRun"]))});
            break;
        }
    }
    if (!causes.empty()) {
        return refuse(invalid("meta.k8s.io", "DeleteOptions", "", causes));
    }
    return options;
}

}  // namespace meshproof::fakes::kube
