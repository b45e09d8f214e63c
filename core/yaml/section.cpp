#include "core/yaml/section.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/yaml/json.hpp"

namespace meshproof {
namespace {

/// So many problems of a document are told; the rest is counted.
constexpr std::size_t most_told = 20;

std::string_view kind_of(const YAML::Node& node) {
    switch (node.Type()) {
        case YAML::NodeType::Sequence:
            return "a list";
        case YAML::NodeType::Map:
            return "a map";
        case YAML::NodeType::Scalar:
            return "a word";
        default:
            return "nothing";
    }
}

bool is_utf8(const std::string& text) {
    return valid_utf8(text) == text;
}

/// A text that is not empty. The escapes \_ and \N come out of yaml-cpp as single bytes.
bool is_usable_text(const YAML::Node& node) {
    return node.IsScalar() && !trim(node.Scalar()).empty() && is_utf8(node.Scalar());
}

/// The whole text as a number.
template <class T>
std::optional<T> number_in(const YAML::Node& node) {
    if (!node.IsScalar()) {
        return std::nullopt;
    }
    const auto& text = node.Scalar();
    T value{};
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

/// As written, from the folder on, without the `..` in it: they would ask for folders that the
/// path does not go through.
std::string resolved(const std::string& folder, const std::string& file) {
    const auto whole = std::filesystem::path(folder) / file;
    const bool climbs =
        std::ranges::any_of(whole, [](const auto& part) { return part.string() == ".."; });
    return (climbs ? whole.lexically_normal() : whole).string();
}

/// Whether something was told already of the member, or of what holds it: what is found then
/// follows from that.
bool follows(const std::set<std::string>& places, std::string_view place) {
    for (auto end = place.find_first_of(".["); end != std::string_view::npos;
         end = place.find_first_of(".[", end + 1)) {
        if (places.contains(std::string(place.substr(0, end)))) {
            return true;
        }
    }
    return places.contains(std::string(place));
}

}  // namespace

Result<YamlSection> YamlSection::parse(std::string_view yaml, YamlSource source) {
    if (source.folder.empty()) {
        source.folder = std::filesystem::path(source.path).parent_path().string();
    }
    YAML::Node root;
    try {
        root.reset(YAML::Load(std::string(yaml)));
    } catch (const YAML::Exception& error) {
        return fail(FailureKind::invalid, "{}:{}: not YAML: {}", source.path, error.mark.line + 1,
                    one_line(error.msg));
    }
    if (root.IsNull() && source.may_be_empty) {
        root.reset(YAML::Node(YAML::NodeType::Map));
    }
    if (!root.IsMap()) {
        const auto line = root.Mark().is_null() ? 1 : root.Mark().line + 1;
        return fail(FailureKind::invalid, "{}{}: {}", source.path,
                    source.lines ? fmt::format(":{}", line) : std::string(), source.no_map);
    }
    auto document = std::make_shared<Document>();
    document->source = std::move(source);
    return YamlSection(std::move(document), root, "");
}

YamlSection YamlSection::unwritten(std::string place) const {
    return {document_, YAML::Node(YAML::NodeType::Map), std::move(place)};
}

YamlSection YamlSection::named(std::string place) const {
    return {document_, map_, std::move(place)};
}

YamlSection YamlSection::apart(std::string path) const {
    auto document = std::make_shared<Document>();
    document->source = document_->source;
    document->source.path = std::move(path);
    return {std::move(document), map_, place_};
}

Result<void> YamlSection::result() const {
    if (document_->problem) {
        return tl::unexpected<Failure>(*document_->problem);
    }
    return {};
}

std::optional<Failure> YamlSection::problems() const {
    if (!document_->problem) {
        return std::nullopt;
    }
    auto all = *document_->problem;
    all.message = join(document_->told, "\n");
    if (document_->untold > 0) {
        all.message += fmt::format("\nand {} more", document_->untold);
    }
    return all;
}

YAML::Node YamlSection::find(std::string_view name) const {
    return map_[std::string(name)];
}

bool YamlSection::has(std::string_view name) const {
    if (!map_.IsMap()) {
        return false;  // yaml-cpp throws where a word is asked for a member
    }
    const auto node = find(name);
    return node.IsDefined() && !node.IsNull();
}

bool YamlSection::is_text(std::string_view name) const {
    return has(name) && find(name).IsScalar();
}

std::string YamlSection::place_of(std::string_view name) const {
    return place_.empty() || name.empty() ? fmt::format("{}{}", place_, name)
                                          : fmt::format("{}.{}", place_, name);
}

int YamlSection::line_of(std::string_view name) const {
    if (!has(name)) {
        return 0;
    }
    const auto mark = find(name).Mark();
    return mark.is_null() ? 0 : mark.line + 1;
}

void YamlSection::note_at(const YAML::Node& node, std::string_view place,
                          std::string_view message) {
    auto& document = *document_;
    const auto& source = document.source;
    if (follows(document.places, place)) {
        return;
    }
    document.places.insert(std::string(place));
    if (document.told.size() == most_told) {
        ++document.untold;
        return;
    }
    const auto mark = node.Mark();
    std::string told = source.lines && !source.path.empty() && !mark.is_null()
                           ? fmt::format("{}:{}", source.path, mark.line + 1)
                           : source.path;
    for (const auto part : {place, message}) {
        told += told.empty() || part.empty() ? "" : ": ";
        told += part;
    }
    document.told.push_back(one_line(told));  // names may have line breaks
    if (!document.problem) {
        document.problem = Failure{FailureKind::invalid, document.told.front(), 0, {}};
    }
}

void YamlSection::note(std::string_view name, std::string_view message) {
    // The line is the member's own, or the map's where it is absent.
    const bool written = !name.empty() && map_.IsMap() && find(name).IsDefined();
    note_at(written ? find(name) : map_, place_of(name), message);
}

void YamlSection::needs(std::string_view name, std::string_view expected) {
    if (!has(name)) {
        refuse(name, "missing: expected {}", expected);
    }
}

std::vector<std::string> YamlSection::names() {
    if (!map_.IsMap()) {
        refuse("", "expected a map, got {}", kind_of(map_));
        return {};
    }
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (const auto& pair : map_) {
        if (!pair.first.IsScalar()) {
            note_at(pair.first, place_.empty() ? document_->source.what : place_,
                    "expected names as keys");
            return names;
        }
        const auto& name = pair.first.Scalar();
        if (!seen.insert(name).second) {
            note_at(pair.first, place_of(name), "given twice");
        }
        names.push_back(name);
    }
    return names;
}

void YamlSection::only(const std::vector<std::string>& known) {
    (void)names();
    if (!map_.IsMap()) {
        return;
    }
    for (const auto& pair : map_) {
        if (pair.first.IsScalar() && std::ranges::find(known, pair.first.Scalar()) == known.end()) {
            const auto& name = pair.first.Scalar();
            note_at(pair.first, place_of(name),
                    fmt::format("unknown field: {}", suggestion(name, known)));
        }
    }
}

std::optional<std::string> YamlSection::text(std::string_view name, std::string_view expected) {
    if (!has(name)) {
        return std::nullopt;
    }
    const auto node = find(name);
    if (is_usable_text(node)) {
        return node.Scalar();
    }
    if (!node.IsScalar()) {
        refuse(name, "expected {}, got {}", expected, kind_of(node));
    } else if (!is_utf8(node.Scalar())) {
        refuse(name, "expected UTF-8");
    } else {
        refuse(name, "expected {}, got an empty one", expected);
    }
    return std::nullopt;
}

std::string YamlSection::text_or_empty(std::string_view name) {
    if (is_text(name) && trim(find(name).Scalar()).empty()) {
        return {};
    }
    return text(name).value_or("");
}

std::vector<std::string> YamlSection::texts(std::string_view name, std::string_view expected) {
    if (!has(name)) {
        return {};
    }
    const auto node = find(name);
    std::vector<std::string> texts;
    bool usable = node.IsSequence() || is_usable_text(node);
    if (node.IsScalar()) {
        texts.push_back(node.Scalar());
    } else if (node.IsSequence()) {
        for (const auto& item : node) {
            usable = usable && is_usable_text(item);
            texts.push_back(item.IsScalar() ? item.Scalar() : std::string());
        }
    }
    if (!usable) {
        refuse(name, "expected {}", expected);
        return {};
    }
    return texts;
}

std::optional<bool> YamlSection::flag(std::string_view name) {
    if (!has(name)) {
        return std::nullopt;
    }
    bool value = false;
    if (!YAML::convert<bool>::decode(find(name), value)) {
        refuse(name, "expected true or false");
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> YamlSection::integer(std::string_view name, std::int64_t low,
                                                 std::int64_t high) {
    if (!has(name)) {
        return std::nullopt;
    }
    const auto value = number_in<std::int64_t>(find(name));
    if (!value || *value < low || *value > high) {
        refuse(name, "expected a whole number from {} to {}", low, high);
        return std::nullopt;
    }
    return value;
}

std::optional<double> YamlSection::number(std::string_view name, double low, double high) {
    if (!has(name)) {
        return std::nullopt;
    }
    const auto value = number_in<double>(find(name));
    if (!value || !(*value >= low) || !(*value <= high)) {  // NaN is neither
        refuse(name, "expected a number from {} to {}", low, high);
        return std::nullopt;
    }
    return value;
}

std::optional<Duration> YamlSection::duration_in(const YAML::Node& node, std::string_view name,
                                                 const DurationLimits& limits) {
    const auto value = node.IsScalar() ? parse_duration_with_unit(node.Scalar()) : std::nullopt;
    if (!value || *value < limits.shortest || *value > limits.longest) {
        note_at(node, place_of(name),
                fmt::format("expected {}, got {}", limits.expected,
                            node.IsScalar() ? std::string_view(node.Scalar()) : kind_of(node)));
        return std::nullopt;
    }
    return value;
}

std::optional<Duration> YamlSection::duration(std::string_view name, const DurationLimits& limits) {
    return has(name) ? duration_in(find(name), name, limits) : std::nullopt;
}

std::vector<Duration> YamlSection::durations(std::string_view name, const DurationLimits& limits) {
    if (!has(name)) {
        return {};
    }
    const auto node = find(name);
    if (!node.IsSequence()) {
        refuse(name, "expected {}, got {}", limits.expected, kind_of(node));
        return {};
    }
    std::vector<Duration> durations;
    for (const auto& item : node) {
        if (const auto value = duration_in(item, name, limits)) {
            durations.push_back(*value);
        }
    }
    return durations;
}

std::optional<std::string> YamlSection::path(std::string_view name) {
    const auto written = text(name);
    return written ? std::optional(resolved(document_->source.folder, *written)) : std::nullopt;
}

std::optional<std::string> YamlSection::file(std::string_view name) {
    const auto named = path(name);
    if (!named) {
        return std::nullopt;
    }
    constexpr std::size_t largest = 16U << 20;  // tokens, keys and certificates
    auto content = read_file(*named, largest);
    if (!content) {
        refuse(name, "{}", content.error().message);
        return std::nullopt;
    }
    return std::move(*content);
}

std::optional<nlohmann::json> YamlSection::json(std::string_view name) {
    if (!has(name)) {
        return std::nullopt;
    }
    auto value = json_of(find(name));
    if (!value) {
        refuse(name, "{}", value.error().message);
        return std::nullopt;
    }
    return std::move(*value);
}

std::optional<YamlSection> YamlSection::inner(std::string_view name, std::string_view expected) {
    if (!has(name)) {
        return std::nullopt;
    }
    if (!find(name).IsMap()) {
        refuse(name, "expected {}, got {}", expected, kind_of(find(name)));
        return std::nullopt;
    }
    return YamlSection(document_, find(name), place_of(name));
}

std::vector<YamlSection> YamlSection::sections(std::string_view name, std::string_view expected) {
    if (!has(name)) {
        return {};
    }
    const auto node = find(name);
    if (!node.IsSequence()) {
        refuse(name, "expected {}", expected);
        return {};
    }
    std::vector<YamlSection> sections;
    for (const auto& item : node) {
        sections.push_back(
            YamlSection(document_, item, fmt::format("{}[{}]", place_of(name), sections.size())));
    }
    return sections;
}

}  // namespace meshproof
