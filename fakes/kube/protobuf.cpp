#include "fakes/kube/protobuf.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/text.hpp"
#include "fakes/kube/store.hpp"

// Why not libprotobuf: k8s.io/api's generated.proto files import each other, so that generated code
// for these dozen messages is tens of thousands of lines; and it would then still have to be
// turned into Kubernetes' JSON, which is not protobuf's own. A table of the fields is both.
// The numbers are those of k8s.io/api and k8s.io/apimachinery v0.34.4, generated.proto.

namespace meshproof::fakes::kube {
namespace {

enum class Form {
    text,
    bytes,  ///< base64 in JSON
    number,
    boolean,
    message,
    map,   ///< of entries {1: key, 2: value}, an object in JSON
    items  ///< a message around one list of texts, which alone is its JSON
};
enum class Count {
    one,      ///< left out where empty, as Go's omitempty does: every field is on the wire
    pointer,  ///< kept even where empty
    many
};

struct Message;

struct Field {
    std::uint64_t number;
    const char* name;
    Form form = Form::text;
    Count count = Count::one;
    const Message* type = nullptr;  ///< of a message, of a map's entries
};

struct Message {
    std::string_view name;
    std::span<const Field> fields;
};

constexpr std::array text_entry_fields{Field{1, "key", Form::text, Count::pointer},
                                       Field{2, "value", Form::text, Count::pointer}};
constexpr Message text_entry{"entry", text_entry_fields};
constexpr std::array bytes_entry_fields{Field{1, "key", Form::text, Count::pointer},
                                        Field{2, "value", Form::bytes, Count::pointer}};
constexpr Message bytes_entry{"entry", bytes_entry_fields};
constexpr std::array extra_value_fields{Field{1, "items", Form::text, Count::many}};
constexpr Message extra_value{"ExtraValue", extra_value_fields};
constexpr std::array extra_entry_fields{
    Field{1, "key", Form::text, Count::pointer},
    Field{2, "value", Form::items, Count::pointer, &extra_value}};
constexpr Message extra_entry{"entry", extra_entry_fields};

constexpr std::array owner_reference_fields{
    Field{1, "kind"},
    Field{3, "name"},
    Field{4, "uid"},
    Field{5, "apiVersion"},
    Field{6, "controller", Form::boolean, Count::pointer},
    Field{7, "blockOwnerDeletion", Form::boolean, Count::pointer}};
constexpr Message owner_reference{"OwnerReference", owner_reference_fields};

constexpr std::array object_meta_fields{
    Field{1, "name"},
    Field{2, "generateName"},
    Field{3, "namespace"},
    Field{5, "uid"},
    Field{6, "resourceVersion"},
    Field{11, "labels", Form::map, Count::one, &text_entry},
    Field{12, "annotations", Form::map, Count::one, &text_entry},
    Field{13, "ownerReferences", Form::message, Count::many, &owner_reference},
    Field{14, "finalizers", Form::text, Count::many}};
constexpr Message object_meta{"ObjectMeta", object_meta_fields};
constexpr Field metadata{1, "metadata", Form::message, Count::one, &object_meta};

// --- meta/v1, core/v1

constexpr std::array preconditions_fields{Field{1, "uid"}, Field{2, "resourceVersion"}};
constexpr Message preconditions{"Preconditions", preconditions_fields};
constexpr std::array delete_options_fields{
    Field{1, "gracePeriodSeconds", Form::number, Count::pointer},
    Field{2, "preconditions", Form::message, Count::pointer, &preconditions},
    Field{3, "orphanDependents", Form::boolean, Count::pointer}, Field{4, "propagationPolicy"},
    Field{5, "dryRun", Form::text, Count::many}};

constexpr std::array object_reference_fields{
    Field{1, "kind"},       Field{2, "namespace"},       Field{3, "name"},     Field{4, "uid"},
    Field{5, "apiVersion"}, Field{6, "resourceVersion"}, Field{7, "fieldPath"}};
constexpr Message object_reference{"ObjectReference", object_reference_fields};
constexpr std::array local_reference_fields{Field{1, "name"}};
constexpr Message local_reference{"LocalObjectReference", local_reference_fields};
constexpr std::array service_account_fields{
    metadata, Field{2, "secrets", Form::message, Count::many, &object_reference},
    Field{3, "imagePullSecrets", Form::message, Count::many, &local_reference},
    Field{4, "automountServiceAccountToken", Form::boolean, Count::pointer}};
constexpr std::array secret_fields{metadata, Field{2, "data", Form::map, Count::one, &bytes_entry},
                                   Field{3, "type"},
                                   Field{4, "stringData", Form::map, Count::one, &text_entry},
                                   Field{5, "immutable", Form::boolean, Count::pointer}};
constexpr std::array config_map_fields{metadata,
                                       Field{2, "data", Form::map, Count::one, &text_entry},
                                       Field{3, "binaryData", Form::map, Count::one, &bytes_entry},
                                       Field{4, "immutable", Form::boolean, Count::pointer}};
constexpr std::array namespace_spec_fields{Field{1, "finalizers", Form::text, Count::many}};
constexpr Message namespace_spec{"NamespaceSpec", namespace_spec_fields};
constexpr std::array namespace_fields{metadata,
                                      Field{2, "spec", Form::message, Count::one, &namespace_spec}};
constexpr std::array binding_fields{
    metadata, Field{2, "target", Form::message, Count::one, &object_reference}};

// --- apps/v1, as far as `kubectl create deployment` fills it

constexpr std::array container_port_fields{Field{1, "name"}, Field{2, "hostPort", Form::number},
                                           Field{3, "containerPort", Form::number},
                                           Field{4, "protocol"}, Field{5, "hostIP"}};
constexpr Message container_port{"ContainerPort", container_port_fields};
constexpr std::array variable_fields{Field{1, "name"}, Field{2, "value"}};
constexpr Message variable{"EnvVar", variable_fields};
constexpr std::array container_fields{
    Field{1, "name"},
    Field{2, "image"},
    Field{3, "command", Form::text, Count::many},
    Field{4, "args", Form::text, Count::many},
    Field{5, "workingDir"},
    Field{6, "ports", Form::message, Count::many, &container_port},
    Field{7, "env", Form::message, Count::many, &variable},
    Field{13, "terminationMessagePath"},
    Field{14, "imagePullPolicy"},
    Field{20, "terminationMessagePolicy"}};
constexpr Message container{"Container", container_fields};
constexpr std::array pod_spec_fields{
    Field{2, "containers", Form::message, Count::many, &container},
    Field{3, "restartPolicy"},
    Field{4, "terminationGracePeriodSeconds", Form::number, Count::pointer},
    Field{6, "dnsPolicy"},
    Field{7, "nodeSelector", Form::map, Count::one, &text_entry},
    Field{8, "serviceAccountName"},
    Field{10, "nodeName"},
    Field{19, "schedulerName"},
    Field{21, "automountServiceAccountToken", Form::boolean, Count::pointer}};
constexpr Message pod_spec{"PodSpec", pod_spec_fields};
constexpr std::array pod_template_fields{metadata,
                                         Field{2, "spec", Form::message, Count::one, &pod_spec}};
constexpr Message pod_template{"PodTemplateSpec", pod_template_fields};
constexpr std::array requirement_fields{Field{1, "key"}, Field{2, "operator"},
                                        Field{3, "values", Form::text, Count::many}};
constexpr Message requirement{"LabelSelectorRequirement", requirement_fields};
constexpr std::array label_selector_fields{
    Field{1, "matchLabels", Form::map, Count::one, &text_entry},
    Field{2, "matchExpressions", Form::message, Count::many, &requirement}};
constexpr Message label_selector{"LabelSelector", label_selector_fields};
constexpr std::array strategy_fields{Field{1, "type"}};
constexpr Message strategy{"DeploymentStrategy", strategy_fields};
constexpr std::array deployment_spec_fields{
    Field{1, "replicas", Form::number, Count::pointer},
    Field{2, "selector", Form::message, Count::pointer, &label_selector},
    Field{3, "template", Form::message, Count::one, &pod_template},
    Field{4, "strategy", Form::message, Count::one, &strategy},
    Field{5, "minReadySeconds", Form::number},
    Field{6, "revisionHistoryLimit", Form::number, Count::pointer},
    Field{7, "paused", Form::boolean},
    Field{9, "progressDeadlineSeconds", Form::number, Count::pointer}};
constexpr Message deployment_spec{"DeploymentSpec", deployment_spec_fields};
constexpr std::array deployment_fields{
    metadata, Field{2, "spec", Form::message, Count::one, &deployment_spec}};

// --- authentication.k8s.io/v1

constexpr std::array bound_reference_fields{Field{1, "kind"}, Field{2, "apiVersion"},
                                            Field{3, "name"}, Field{4, "uid"}};
constexpr Message bound_reference{"BoundObjectReference", bound_reference_fields};
constexpr std::array token_request_spec_fields{
    Field{1, "audiences", Form::text, Count::many},
    Field{3, "boundObjectRef", Form::message, Count::pointer, &bound_reference},
    Field{4, "expirationSeconds", Form::number, Count::pointer}};
constexpr Message token_request_spec{"TokenRequestSpec", token_request_spec_fields};
constexpr std::array token_request_fields{
    metadata, Field{2, "spec", Form::message, Count::one, &token_request_spec}};
constexpr std::array token_review_spec_fields{Field{1, "token"},
                                              Field{2, "audiences", Form::text, Count::many}};
constexpr Message token_review_spec{"TokenReviewSpec", token_review_spec_fields};
constexpr std::array token_review_fields{
    metadata, Field{2, "spec", Form::message, Count::one, &token_review_spec}};
constexpr std::array self_review_fields{metadata};

// --- authorization.k8s.io/v1

constexpr std::array resource_attributes_fields{
    Field{1, "namespace"}, Field{2, "verb"},        Field{3, "group"}, Field{4, "version"},
    Field{5, "resource"},  Field{6, "subresource"}, Field{7, "name"}};
constexpr Message resource_attributes{"ResourceAttributes", resource_attributes_fields};
constexpr std::array path_attributes_fields{Field{1, "path"}, Field{2, "verb"}};
constexpr Message path_attributes{"NonResourceAttributes", path_attributes_fields};
// The self review has only the first two of these fields.
constexpr std::array access_spec_fields{
    Field{1, "resourceAttributes", Form::message, Count::pointer, &resource_attributes},
    Field{2, "nonResourceAttributes", Form::message, Count::pointer, &path_attributes},
    Field{3, "user"},
    Field{4, "groups", Form::text, Count::many},
    Field{5, "extra", Form::map, Count::one, &extra_entry},
    Field{6, "uid"}};
constexpr Message access_spec{"SubjectAccessReviewSpec", access_spec_fields};
constexpr std::array access_review_fields{
    metadata, Field{2, "spec", Form::message, Count::one, &access_spec}};
constexpr std::array rules_spec_fields{Field{1, "namespace"}};
constexpr Message rules_spec{"SelfSubjectRulesReviewSpec", rules_spec_fields};
constexpr std::array rules_review_fields{metadata,
                                         Field{2, "spec", Form::message, Count::one, &rules_spec}};

// --- rbac.authorization.k8s.io/v1

constexpr std::array policy_rule_fields{Field{1, "verbs", Form::text, Count::many},
                                        Field{2, "apiGroups", Form::text, Count::many},
                                        Field{3, "resources", Form::text, Count::many},
                                        Field{4, "resourceNames", Form::text, Count::many},
                                        Field{5, "nonResourceURLs", Form::text, Count::many}};
constexpr Message policy_rule{"PolicyRule", policy_rule_fields};
constexpr std::array role_fields{metadata,
                                 Field{2, "rules", Form::message, Count::many, &policy_rule}};
constexpr std::array subject_fields{Field{1, "kind"}, Field{2, "apiGroup"}, Field{3, "name"},
                                    Field{4, "namespace"}};
constexpr Message subject{"Subject", subject_fields};
constexpr std::array role_reference_fields{Field{1, "apiGroup"}, Field{2, "kind"},
                                           Field{3, "name"}};
constexpr Message role_reference{"RoleRef", role_reference_fields};
constexpr std::array role_binding_fields{
    metadata, Field{2, "subjects", Form::message, Count::many, &subject},
    Field{3, "roleRef", Form::message, Count::one, &role_reference}};

// What a body may be. kubectl and our own clients send all else as JSON.
constexpr std::array<Message, 18> kinds{{
    {"DeleteOptions", delete_options_fields},
    {"ServiceAccount", service_account_fields},
    {"Secret", secret_fields},
    {"ConfigMap", config_map_fields},
    {"Namespace", namespace_fields},
    {"Deployment", deployment_fields},
    {"Binding", binding_fields},
    {"TokenRequest", token_request_fields},
    {"TokenReview", token_review_fields},
    {"SelfSubjectReview", self_review_fields},
    {"SubjectAccessReview", access_review_fields},
    {"SelfSubjectAccessReview", access_review_fields},
    {"LocalSubjectAccessReview", access_review_fields},
    {"SelfSubjectRulesReview", rules_review_fields},
    {"Role", role_fields},
    {"ClusterRole", role_fields},
    {"RoleBinding", role_binding_fields},
    {"ClusterRoleBinding", role_binding_fields},
}};

constexpr std::array type_meta_fields{Field{1, "apiVersion"}, Field{2, "kind"}};
constexpr Message type_meta{"TypeMeta", type_meta_fields};
// runtime.Unknown; its `raw` is one of the above.
constexpr std::array envelope_fields{
    Field{1, "typeMeta", Form::message, Count::pointer, &type_meta},
    Field{2, "raw"}};  // bytes that stay bytes
constexpr Message envelope{"Unknown", envelope_fields};
constexpr std::string_view magic("k8s\0", 4);

/// Thrown while reading, in the words of Go's generated decoders.
struct Malformed {
    std::string why;
};

/// The wire format of one message (protobuf.dev/programming-guides/encoding).
class Reader {
  public:
    enum Wire : std::uint64_t { varint_wire = 0, length_wire = 2 };
    struct Tag {
        std::uint64_t number, wire;
    };

    explicit Reader(std::string_view bytes) : rest_(bytes) {}

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
};

Json read_message(const Message& message, std::string_view bytes);

Json read_value(const Field& field, Reader& reader) {
    switch (field.form) {
        case Form::number:
            return static_cast<std::int64_t>(reader.varint());
        case Form::boolean:
            return reader.varint() != 0;
        case Form::text:
            return reader.bytes();
        case Form::bytes:
            return to_base64(reader.bytes());
        case Form::items:
            return read_message(*field.type, reader.bytes()).value("items", Json::array());
        case Form::message:
        case Form::map:
            break;
    }
    return read_message(*field.type, reader.bytes());
}

bool is_empty(const Json& value) {
    return value == Json("") || value == 0 || value == false ||
           (value.is_object() && value.empty());
}

// The recursion is as deep as the tables are, whatever the bytes say.
Json read_message(const Message& message, std::string_view bytes) {
    Json out = Json::object();
    Reader reader(bytes);
    while (!reader.done()) {
        const auto [number, wire] = reader.tag();
        if (number == 0) {
            throw Malformed{
                fmt::format("proto: {}: illegal tag 0 (wire type {})", message.name, wire)};
        }
        const auto field = std::ranges::find(message.fields, number, &Field::number);
        if (field == message.fields.end()) {
            reader.skip(wire);
            continue;
        }
        const bool as_varint = field->form == Form::number || field->form == Form::boolean;
        if (wire != (as_varint ? Reader::varint_wire : Reader::length_wire)) {
            throw Malformed{
                fmt::format("proto: wrong wireType = {} for field {}", wire, field->name)};
        }
        auto value = read_value(*field, reader);
        if (field->form == Form::map) {
            out[field->name][text_at(value, "/key")] = value.value("value", Json(""));
        } else if (field->count == Count::many) {
            out[field->name].push_back(std::move(value));
        } else if (field->count == Count::pointer || !is_empty(value)) {
            out[field->name] = std::move(value);
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
    return read_message(envelope, body.substr(magic.size()));
}

}  // namespace

std::string body_summary(std::string_view body) {
    constexpr std::size_t most = 30;
    if (body.empty()) {
        return "<empty>";
    }
    const auto shown = body.substr(0, most);
    return fmt::format("{}{}", body[0] == '{' ? std::string(shown) : to_hex(as_bytes(shown)),
                       body.size() > most ? " ..." : "");
}

Checked<Json> json_of_protobuf(std::string_view body, std::string_view kind) {
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
    const auto message = std::ranges::find(kinds, named, &Message::name);
    if (message == kinds.end()) {
        return refuse(refusal(415, "UnsupportedMediaType",
                              fmt::format("{} in version \"{}\" is taken here as application/json "
                                          "only, not as {}",
                                          named, version, protobuf_media_type)));
    }
    try {
        auto object = read_message(*message, text_at(unknown, "/raw"));
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
