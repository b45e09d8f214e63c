#include "fakes/kube/protobuf.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/time/time.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/wire_writer.hpp"

// Why not libprotobuf: k8s.io/api's generated.proto files import each other, so that generated code
// for these messages is tens of thousands of lines; and it would then still have to be turned into
// Kubernetes' JSON, which is not protobuf's own. A table of the fields is both.

namespace meshproof::fakes::kube {

extern const std::string_view wire_text;

namespace {

// The messages that are no objects in JSON.
constexpr std::string_view wire_scalars_text = R"(
.time: 1 seconds! int64; 2 nanos int32
.quantity: 1 string string
.int-or-string: 1 type int64; 2 intVal int32; 3 strVal string
.raw: 1 raw string
.schema-or-list: 1 schema* JSONSchemaProps; 2 jSONSchemas []JSONSchemaProps
.schema-or-flag: 1 allows bool; 2 schema* JSONSchemaProps
.schema-or-texts: 1 schema* JSONSchemaProps; 2 property []string
.items: 1 items []string
.list: 1 metadata ListMeta
.type: 1 apiVersion string; 2 kind string
.envelope: 1 typeMeta* .type; 2 raw string; 3 contentEncoding string; 4 contentType string
)";

enum class WireForm {
    text,
    bytes,  ///< base64 in JSON
    int32,
    int64,
    boolean,
    float64,
    time,        ///< RFC 3339 in JSON, in whole seconds
    micro_time,  ///< the same in microseconds
    quantity,
    int_or_string,
    raw,             ///< JSON's own text
    items,           ///< a message around one list of texts, which alone is its JSON
    schema_or_list,  ///< in JSON either of them, as the next two
    schema_or_flag,
    schema_or_texts,
    message
};
enum class WireCount { one, many, map };

struct WireMessage;

struct WireField {
    std::uint64_t number = 0;
    std::string name;  ///< in JSON; "." = its own fields stand in the message around it
    WireForm form = WireForm::text;
    WireCount count = WireCount::one;
    bool pointer = false;  ///< not on the wire where it is absent, and kept even where empty
    bool always = false;   ///< in JSON even where it is empty
    const WireMessage* type = nullptr;  ///< of all that is neither a text nor a number
};

struct WireMessage {
    std::string name;
    std::vector<WireField> fields;
};

struct WireKind {
    std::string kind, api_version;
    const WireMessage* message = nullptr;
};

struct WireTable {
    std::map<std::string, std::unique_ptr<WireMessage>, std::less<>> messages;
    std::vector<WireKind> kinds;

    [[nodiscard]] WireMessage& message(const std::string& name) {
        auto& entry = messages[name];
        if (!entry) {
            entry = std::make_unique<WireMessage>();
            entry->name = name;
        }
        return *entry;
    }
};

struct WireWord {
    std::string_view word;
    WireForm form;
    const char* message;  ///< that it is on the wire, where it is one
};
constexpr WireWord wire_words[] = {
    {"string", WireForm::text, nullptr},
    {"bytes", WireForm::bytes, nullptr},
    {"int32", WireForm::int32, nullptr},
    {"int64", WireForm::int64, nullptr},
    {"bool", WireForm::boolean, nullptr},
    {"double", WireForm::float64, nullptr},
    {"time", WireForm::time, ".time"},
    {"micro-time", WireForm::micro_time, ".time"},
    {"quantity", WireForm::quantity, ".quantity"},
    {"int-or-string", WireForm::int_or_string, ".int-or-string"},
    {"raw", WireForm::raw, ".raw"},
    {"items", WireForm::items, ".items"},
    {"schema-or-list", WireForm::schema_or_list, ".schema-or-list"},
    {"schema-or-flag", WireForm::schema_or_flag, ".schema-or-flag"},
    {"schema-or-texts", WireForm::schema_or_texts, ".schema-or-texts"},
};

// "NUMBER NAME TYPE"
WireField wire_field(WireTable& table, std::string_view text) {
    const auto words = split(text, ' ');
    WireField field;
    field.number = number(words.at(0)).value();
    field.name = words.at(1);
    field.pointer = field.name.ends_with('*');
    field.always = field.name.ends_with('!');
    if (field.pointer || field.always) {
        field.name.pop_back();
    }
    auto type = words.at(2);
    if (type.starts_with("[]") || type.starts_with("{}")) {
        field.count = type[0] == '[' ? WireCount::many : WireCount::map;
        type.erase(0, 2);
    }
    const auto* word = std::ranges::find(wire_words, type, &WireWord::word);
    if (word == std::end(wire_words)) {
        field.form = WireForm::message;
        field.type = &table.message(type);
    } else {
        field.form = word->form;
        field.type = word->message == nullptr ? nullptr : &table.message(word->message);
    }
    return field;
}

// "NAME [APIVERSION]: field; field", one logical line each; what begins with blanks goes on.
void read_wire_text(WireTable& table, std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& line : split(text, '\n')) {
        if (line.starts_with("  ")) {
            lines.back() += line.substr(1);
        } else if (!line.empty()) {
            lines.push_back(line);
        }
    }
    for (const auto& line : lines) {
        const auto colon = line.find(": ");
        const auto head = split(line.substr(0, colon), ' ');
        auto& message = table.message(head[0]);
        for (const auto& field : split(line.substr(colon + 2), ';')) {
            message.fields.push_back(wire_field(table, trim(field)));
        }
        if (head.size() > 1) {
            table.kinds.push_back({head[0].substr(head[0].find('.') + 1), head[1], &message});
        }
    }
}

const WireTable& wire_table() {
    static const WireTable table = [] {
        WireTable read;
        read_wire_text(read, wire_text);
        read_wire_text(read, wire_scalars_text);
        return read;
    }();
    return table;
}

const WireMessage& wire_message(std::string_view name) {
    return *wire_table().messages.find(name)->second;
}

// Options of deletions are of every group; where no version is said, the kind tells.
const WireMessage* wire_message_of(std::string_view kind, std::string_view api_version) {
    const bool any = api_version.empty() || kind == "DeleteOptions";
    for (const auto& known : wire_table().kinds) {
        if (known.kind == kind && (any || known.api_version == api_version)) {
            return known.message;
        }
    }
    return nullptr;
}

constexpr std::string_view magic("k8s\0", 4);

/// Thrown while reading, in the words of Go's generated decoders.
struct Malformed {
    std::string why;
};

/// The wire format of one message (protobuf.dev/programming-guides/encoding).
class WireReader {
  public:
    struct Tag {
        std::uint64_t number, wire;
    };

    /// `depth` = how many messages are around this one.
    explicit WireReader(std::string_view bytes, std::size_t depth = 0)
        : rest_(bytes), depth_(depth) {}

    [[nodiscard]] std::size_t depth() const { return depth_; }
    [[nodiscard]] bool done() const { return rest_.empty(); }
    [[nodiscard]] std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<std::uint8_t>(take(1)[0]);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) {
                return value;
            }
        }
        throw Malformed{"proto: integer overflow"};
    }
    [[nodiscard]] Tag tag() {
        const auto value = varint();
        return {value >> 3, value & 7};
    }
    [[nodiscard]] std::string_view bytes() { return take(varint()); }
    [[nodiscard]] double float64() {
        std::uint64_t bits = 0;
        const auto eight = take(sizeof(bits));
        for (std::size_t i = 0; i < sizeof(bits); ++i) {  // the lowest byte comes first
            bits |= std::uint64_t{static_cast<std::uint8_t>(eight[i])} << (8 * i);
        }
        return std::bit_cast<double>(bits);
    }
    /// Past a field that nobody knows; groups end where they end.
    void skip(std::uint64_t wire) {
        for (std::size_t depth = 0;; wire = tag().wire) {
            switch (wire) {
                case 0:
                    (void)varint();
                    break;
                case 1:
                    (void)take(8);
                    break;
                case 2:
                    (void)bytes();
                    break;
                case 3:
                    ++depth;
                    break;
                case 4:
                    if (depth == 0) {
                        throw Malformed{"proto: unexpected end of group"};
                    }
                    --depth;
                    break;
                case 5:
                    (void)take(4);
                    break;
                default:
                    throw Malformed{fmt::format("proto: illegal wireType {}", wire)};
            }
            if (depth == 0) {
                return;
            }
        }
    }

  private:
    [[nodiscard]] std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) {
            throw Malformed{"unexpected EOF"};
        }
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
    std::size_t depth_;
};

Json read_message(const WireMessage& message, std::string_view bytes, std::size_t depth = 0);

// --- from the wire

// The zero time is an empty message.
Json json_of_time(const Json& timestamp, bool micro) {
    if (timestamp.empty()) {
        return nullptr;
    }
    auto text = rfc3339(from_unix_seconds(timestamp.value("seconds", std::int64_t{0})));
    if (micro) {
        text.pop_back();
        const auto nanos = std::clamp(timestamp.value("nanos", 0), 0, 999'999'999);
        text += fmt::format(".{:06}Z", nanos / 1000);
    }
    return text;
}

Json json_of_wire(const WireField& field, const Json& read) {
    switch (field.form) {
        case WireForm::time:
        case WireForm::micro_time:
            return json_of_time(read, field.form == WireForm::micro_time);
        case WireForm::quantity:
            return read.value("string", "");
        case WireForm::int_or_string:
            return read.value("type", 0) == 0 ? Json(read.value("intVal", 0))
                                              : Json(read.value("strVal", ""));
        case WireForm::raw:
            return json_or_null(read.value("raw", ""));
        case WireForm::items:
            return read.value("items", Json::array());
        case WireForm::schema_or_list:
            return read.contains("jSONSchemas") ? read["jSONSchemas"]
                                                : read.value("schema", Json());
        case WireForm::schema_or_flag:
            return read.contains("schema") ? read["schema"] : Json(read.value("allows", false));
        case WireForm::schema_or_texts:
            return read.contains("property") ? read["property"] : read.value("schema", Json());
        default:
            return read;
    }
}

// As a JSON text of it would be read: a whole one has no fraction.
Json as_json_number(double value) {
    constexpr double exact = 9007199254740992.0;  // 2^53
    return std::trunc(value) == value && std::abs(value) <= exact
               ? Json(static_cast<std::int64_t>(value))
               : Json(value);
}

Json read_value(const WireField& field, WireReader& reader) {
    switch (field.form) {
        case WireForm::int32:
            return static_cast<std::int32_t>(reader.varint());
        case WireForm::int64:
            return static_cast<std::int64_t>(reader.varint());
        case WireForm::boolean:
            return reader.varint() != 0;
        case WireForm::float64:
            return as_json_number(reader.float64());
        case WireForm::text:
            return reader.bytes();
        case WireForm::bytes:
            return to_base64(reader.bytes());
        default:
            return json_of_wire(field,
                                read_message(*field.type, reader.bytes(), reader.depth() + 1));
    }
}

bool as_varint(const WireField& field) {
    return field.form == WireForm::int32 || field.form == WireForm::int64 ||
           field.form == WireForm::boolean;
}

// An entry {1: key, 2: value} of a map.
void read_entry(const WireField& field, std::string_view bytes, std::size_t depth, Json& map) {
    constexpr auto text = length_wire;
    WireReader entry(bytes, depth);
    std::string key;
    Json value = field.form == WireForm::items ? Json::array() : Json("");
    while (!entry.done()) {
        const auto [number, wire] = entry.tag();
        if (number == 1 && wire == text) {
            key = entry.bytes();
        } else if (number == 2 && wire == text) {
            value = read_value(field, entry);
        } else {
            entry.skip(wire);
        }
    }
    map[key] = std::move(value);
}

void read_field(const WireField& field, WireReader& reader, std::uint64_t wire, Json& out) {
    const bool packed = as_varint(field) && field.count == WireCount::many && wire == length_wire;
    const auto own = as_varint(field)                  ? varint_wire
                     : field.form == WireForm::float64 ? fixed64_wire
                                                       : length_wire;
    if (!packed && wire != own) {
        throw Malformed{fmt::format("proto: wrong wireType = {} for field {}", wire, field.name)};
    }
    if (packed) {
        for (WireReader values(reader.bytes()); !values.done();) {
            out[field.name].push_back(read_value(field, values));
        }
        return;
    }
    if (field.count == WireCount::map) {
        read_entry(field, reader.bytes(), reader.depth(), out[field.name]);
        return;
    }
    auto value = read_value(field, reader);
    const bool empty = value.is_null() || value == Json("") || value == 0 || value == false ||
                       (value.is_structured() && value.empty());
    if (field.name == ".") {
        out.update(value);
    } else if (field.count == WireCount::many) {
        out[field.name].push_back(std::move(value));
    } else if (!value.is_null() && (!empty || field.pointer || field.always)) {
        out[field.name] = std::move(value);
    }
}

// Schemas nest; each message of theirs is at most two levels of JSON.
Json read_message(const WireMessage& message, std::string_view bytes, std::size_t depth) {
    if (depth > deepest_json / 2) {
        throw Malformed{"proto: exceeded max depth"};
    }
    Json out = Json::object();
    WireReader reader(bytes, depth);
    while (!reader.done()) {
        const auto [number, wire] = reader.tag();
        if (number == 0) {
            throw Malformed{
                fmt::format("proto: {}: illegal tag 0 (wire type {})", message.name, wire)};
        }
        const auto field = std::ranges::find(message.fields, number, &WireField::number);
        if (field == message.fields.end()) {
            reader.skip(wire);
        } else {
            read_field(*field, reader, wire, out);
        }
    }
    return out;
}

Json open_envelope(std::string_view body) {
    if (body.empty()) {
        throw Malformed{"empty data"};
    }
    if (!body.starts_with(magic)) {
        throw Malformed{
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 "
            "0]"};
    }
    if (body.size() == magic.size()) {
        throw Malformed{"empty body"};
    }
    return read_message(wire_message(".envelope"), body.substr(magic.size()));
}

// --- onto the wire

std::string text_of(const Json& value) {
    return value.is_null()     ? std::string()
           : value.is_string() ? value.get<std::string>()
                               : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string message_bytes(const WireMessage& message, const Json& object);

// The message that a scalar is on the wire; null for the zero time, which is an empty one.
Json message_of_scalar(const WireField& field, const Json& value) {
    switch (field.form) {
        case WireForm::time:
        case WireForm::micro_time: {
            const auto time = parse_rfc3339(text_of(value));
            if (!time) {
                return nullptr;
            }
            const auto part = *time - from_unix_seconds(unix_seconds(*time));
            constexpr std::int64_t micro = 1000;
            const bool whole = field.form == WireForm::time;
            return {{"seconds", unix_seconds(*time)},
                    {"nanos", whole ? 0 : part.count() / micro * micro}};
        }
        case WireForm::quantity:
            return {{"string", value.is_null() ? "0" : text_of(value)}};
        case WireForm::int_or_string:
            return value.is_string() ? Json{{"type", 1}, {"strVal", value}}
                                     : Json{{"intVal", value}};
        case WireForm::raw:
            return {{"raw", value.dump(-1, ' ', false, Json::error_handler_t::replace)}};
        case WireForm::items:
            return {{"items", value}};
        case WireForm::schema_or_list:
            return {{value.is_array() ? "jSONSchemas" : "schema", value}};
        case WireForm::schema_or_flag:
            return value.is_object() ? Json{{"allows", true}, {"schema", value}}
                                     : Json{{"allows", value}};
        case WireForm::schema_or_texts:
            return {{value.is_array() ? "property" : "schema", value}};
        default:
            return value;
    }
}

std::uint64_t varint_of(const Json& value) {
    return value.is_boolean()  ? value.get<bool>()
           : value.is_number() ? static_cast<std::uint64_t>(value.get<std::int64_t>())
                               : 0;
}

void write_value(const WireField& field, std::uint64_t number, const Json& value,
                 std::string& out) {
    if (as_varint(field)) {
        put_varint(out, number << 3 | varint_wire);
        put_varint(out, varint_of(value));
    } else if (field.form == WireForm::float64) {
        put_float64(out, number, value.is_number() ? value.get<double>() : 0.0);
    } else if (field.form == WireForm::text) {
        put_bytes(out, number, text_of(value));
    } else if (field.form == WireForm::bytes) {
        put_bytes(out, number, from_base64(text_of(value)).value_or(""));
    } else if (field.form == WireForm::message) {
        put_bytes(out, number, message_bytes(*field.type, value));
    } else {
        const auto message = message_of_scalar(field, value);
        const bool zero_time = message.is_null();
        put_bytes(out, number, zero_time ? std::string() : message_bytes(*field.type, message));
    }
}

// What is absent is written all the same, as Go writes fields that are no pointers.
void write_field(const WireField& field, const Json& object, std::string& out) {
    static const Json nothing;
    const auto found = object.is_object() ? object.find(field.name) : object.end();
    const auto& value = object.is_object() && found != object.end() ? *found : nothing;
    if (field.name == ".") {
        write_value(field, field.number, object, out);
    } else if (field.count == WireCount::many) {
        for (const auto& item : value.is_array() ? value : nothing) {
            write_value(field, field.number, item, out);
        }
    } else if (field.count == WireCount::map) {
        for (const auto& [key, item] : (value.is_object() ? value : nothing).items()) {
            std::string entry;
            put_bytes(entry, 1, key);
            write_value(field, 2, item, entry);
            put_bytes(out, field.number, entry);
        }
    } else if (!value.is_null() || !(field.pointer || field.form == WireForm::items)) {
        write_value(field, field.number, value, out);
    }
}

std::string message_bytes(const WireMessage& message, const Json& object) {
    std::string out;
    for (const auto& field : message.fields) {
        write_field(field, object, out);
    }
    return out;
}

// A list is its own metadata and its items, whatever its kind.
std::optional<std::string> list_bytes(const Json& list, std::string_view kind,
                                      std::string_view api_version) {
    constexpr std::string_view suffix = "List";
    if (!kind.ends_with(suffix)) {
        return std::nullopt;
    }
    const auto* item = wire_message_of(kind.substr(0, kind.size() - suffix.size()), api_version);
    if (item == nullptr) {
        return std::nullopt;
    }
    auto out = message_bytes(wire_message(".list"), list);
    for (const auto& object : list.value("items", Json::array())) {
        put_bytes(out, 2, message_bytes(*item, object));
    }
    return out;
}

}  // namespace

std::optional<std::string> protobuf_of(const Json& object) {
    const auto kind = text_at(object, "/kind");
    const auto version = text_at(object, "/apiVersion");
    const auto* message = wire_message_of(kind, version);
    auto raw = message == nullptr ? list_bytes(object, kind, version)
                                  : std::optional(message_bytes(*message, object));
    if (kind.empty() || !raw) {
        return std::nullopt;
    }
    std::string out(magic);
    const Json type = {{"kind", kind}, {"apiVersion", version}};
    put_bytes(out, 1, message_bytes(wire_message(".type"), type));
    put_bytes(out, 2, *raw);
    put_bytes(out, 3, "");  // contentEncoding, contentType: of other bodies
    put_bytes(out, 4, "");
    return out;
}

std::string protobuf_event(std::string_view type, const Json& object) {
    std::string raw, event;
    put_bytes(raw, 1, protobuf_of(object).value_or(""));
    put_bytes(event, 1, type);
    put_bytes(event, 2, raw);
    return event;
}

std::string body_summary(std::string_view body) {
    constexpr std::size_t most = 30;
    if (body.empty()) {
        return "<empty>";
    }
    const auto shown = body.substr(0, most);
    return fmt::format("{}{}", body[0] == '{' ? std::string(shown) : to_hex(as_bytes(shown)),
                       body.size() > most ? " ..." : "");
}

std::string protobuf_fault(std::string_view body) {
    try {
        (void)open_envelope(body);
    } catch (const Malformed& malformed) {
        return malformed.why;
    }
    return {};
}

bool has_protobuf(std::string_view kind, std::string_view api_version) {
    return wire_message_of(kind, api_version) != nullptr;
}

Checked<Json> json_of_protobuf(std::string_view body, std::string_view kind,
                               std::string_view api_version) {
    Json unknown;
    try {
        unknown = open_envelope(body);
    } catch (const Malformed& malformed) {
        return refuse(bad_request(
            fmt::format("the object provided is unrecognized (must be of type {}): {} ({})", kind,
                        malformed.why, body_summary(body))));
    }
    auto named = text_at(unknown, "/typeMeta/kind");
    if (named.empty()) {
        named = kind;
    }
    const auto version = text_at(unknown, "/typeMeta/apiVersion");
    const auto* message = wire_message_of(named, version.empty() ? api_version : version);
    if (message == nullptr) {
        // Nothing but a name: the reader of bodies says what is wrong with it.
        return Json{{"kind", named}, {"apiVersion", version}};
    }
    try {
        auto object = read_message(*message, unknown.value("raw", ""));
        object["kind"] = named;
        if (!version.empty()) {
            object["apiVersion"] = version;
        }
        return object;
    } catch (const Malformed& malformed) {
        return refuse(bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}",
                                              named, version, kind, malformed.why)));
    }
}

}  // namespace meshproof::fakes::kube
