#include "scenarios/explore/history.hpp"

#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::scenarios::explore {
namespace {

// As long as anybody's history ever is; a longer one is a mistake.
constexpr double longest_wait = 1000;
constexpr std::int64_t most_clusters = 2;

const std::vector<std::string> head = {"history", "property", "story", "seed", "world", "steps"};
const std::vector<std::string> world_fields = {"vaults",      "clusters", "product",  "workloads",
                                               "token_type",  "tokens",   "replicas", "namespace",
                                               "public_root", "nodes",    "signers",  "signing_ms"};
constexpr std::int64_t most_replicas = 5;
constexpr std::int64_t most_nodes = 3;
constexpr std::int64_t most_signers = 64;
constexpr std::int64_t longest_signing_ms = 1000;
const std::vector<std::string> token_kinds = {"usual", "long",    "short",
                                              "batch", "one-use", "two-uses"};
const Words<vault::Product> products = {{"openbao", vault::Product::openbao},
                                        {"vault", vault::Product::vault}};

bool plain_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

std::vector<std::string> words_of(const Vocabulary& known) {
    std::vector<std::string> words;
    for (const auto& [word, fields] : known) {
        words.push_back(word);
    }
    return words;
}

Beginning read_world(YamlSection section) {
    Beginning world;
    section.only(world_fields);
    world.vaults = static_cast<int>(section.integer("vaults", 1, most_clusters).value_or(1));
    world.clusters = static_cast<int>(section.integer("clusters", 1, most_clusters).value_or(1));
    world.product = section.word("product", products).value_or(world.product);
    if (section.has("workloads")) {
        world.workloads = section.texts("workloads", "a list of names");
        if (world.workloads.empty() || !std::ranges::all_of(world.workloads, plain_name)) {
            section.refuse("workloads", "expected names of lower-case letters, digits and dashes");
        }
    }
    world.token_type = section.text("token_type").value_or("");
    world.tokens = section.text("tokens").value_or("");
    if (!world.tokens.empty() &&
        std::ranges::find(token_kinds, world.tokens) == token_kinds.end()) {
        section.refuse("tokens", "unknown: {}", suggestion(world.tokens, token_kinds));
    }
    world.replicas = static_cast<int>(section.integer("replicas", 1, most_replicas).value_or(1));
    world.vault_namespace = section.flag("namespace").value_or(false);
    world.public_root = section.flag("public_root").value_or(false);
    world.nodes = static_cast<int>(section.integer("nodes", 1, most_nodes).value_or(1));
    world.signers = static_cast<int>(section.integer("signers", 1, most_signers).value_or(0));
    world.signing_ms =
        static_cast<int>(section.integer("signing_ms", 1, longest_signing_ms).value_or(0));
    if ((world.signers == 0) != (world.signing_ms == 0)) {
        section.refuse(world.signers == 0 ? "signing_ms" : "signers",
                       "expected signers and signing_ms together: how many at once, and how long "
                       "each takes");
    }
    return world;
}

Step read_step(YamlSection section, const Vocabulary& known) {
    Step step;
    section.needs("do", "the name of a command");
    step.does = section.text("do", "the name of a command").value_or("");
    step.after = section.number("after", 0, longest_wait).value_or(0);
    const auto command = known.find(step.does);
    if (command == known.end()) {
        section.refuse("do", "unknown: {}", suggestion(step.does, words_of(known)));
        return step;
    }
    std::vector<std::string> fields = {"do", "after"};
    fields.insert(fields.end(), command->second.begin(), command->second.end());
    section.only(fields);
    for (const auto& field : command->second) {
        if (const auto text = section.text(field)) {
            step.with[field] = *text;
        }
    }
    return step;
}

// Words that YAML reads as they stand; all else is quoted as JSON quotes, which YAML reads too.
std::string scalar(const std::string& text) {
    const bool bare = plain_name(text) && text.front() != '-' && text != "true" &&
                      text != "false" && text != "null" && text != "yes" && text != "no" &&
                      text != "on" && text != "off" && text != "y" && text != "n";
    return bare ? text : nlohmann::json(text).dump();
}

std::string flow_list(const std::vector<std::string>& items) {
    std::vector<std::string> written;
    for (const auto& item : items) {
        written.push_back(scalar(item));
    }
    return fmt::format("[{}]", join(written, ", "));
}

std::string step_line(const Step& step) {
    auto line = fmt::format("  - {{do: {}", scalar(step.does));
    if (step.after > 0) {
        line += fmt::format(", after: {}", step.after);
    }
    for (const auto& [field, value] : step.with) {
        line += fmt::format(", {}: {}", field, scalar(value));
    }
    return line + "}\n";
}

}  // namespace

Result<History> parse_history(std::string_view yaml, std::string_view path,
                              const Vocabulary& known) {
    YamlSource source;
    source.path = std::string(path);
    source.no_map = "expected a history: a map with history, seed, world and steps";
    auto section = YamlSection::parse(yaml, std::move(source));
    if (!section) {
        return propagate(section);
    }
    section->only(head);
    section->needs("history", "a name");
    History history;
    history.name = section->text("history", "a name").value_or("");
    if (section->has("history") && !plain_name(history.name)) {
        section->refuse("history", "expected lower-case letters, digits and dashes, got \"{}\"",
                        history.name);
    }
    history.property = section->text_or_empty("property");
    history.story = section->text_or_empty("story");
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    history.seed = static_cast<std::uint64_t>(section->integer("seed", 0, largest).value_or(1));
    if (const auto world = section->inner("world")) {
        history.world = read_world(*world);
    }
    for (auto& step : section->sections("steps", "a list of steps")) {
        history.steps.push_back(read_step(step, known));
    }
    return checked(std::move(history), *section);
}

std::string to_yaml(const History& history) {
    auto text = fmt::format("history: {}\n", scalar(history.name));
    if (!history.property.empty()) {
        text += fmt::format("property: {}\n", scalar(history.property));
    }
    if (!history.story.empty()) {
        text += fmt::format("story: {}\n", scalar(history.story));
    }
    const auto& world = history.world;
    text += fmt::format("seed: {}\nworld:\n  vaults: {}\n  clusters: {}\n  product: {}\n",
                        history.seed, world.vaults, world.clusters,
                        world.product == vault::Product::vault ? "vault" : "openbao");
    text += fmt::format("  workloads: {}\n", flow_list(world.workloads));
    if (!world.token_type.empty()) {
        text += fmt::format("  token_type: {}\n", scalar(world.token_type));
    }
    if (!world.tokens.empty()) {
        text += fmt::format("  tokens: {}\n", scalar(world.tokens));
    }
    if (world.replicas != 1) {
        text += fmt::format("  replicas: {}\n", world.replicas);
    }
    if (world.vault_namespace) {
        text += "  namespace: true\n";
    }
    if (world.public_root) {
        text += "  public_root: true\n";
    }
    if (world.nodes != 1) {
        text += fmt::format("  nodes: {}\n", world.nodes);
    }
    if (world.signers != 0) {
        text += fmt::format("  signers: {}\n  signing_ms: {}\n", world.signers, world.signing_ms);
    }
    text += history.steps.empty() ? "steps: []\n" : "steps:\n";
    for (const auto& step : history.steps) {
        text += step_line(step);
    }
    return text;
}

std::string text_of(const Step& step) {
    auto text = step.does;
    for (const auto& [field, value] : step.with) {
        text += fmt::format(" {}={}", field, value);
    }
    return text;
}

}  // namespace meshproof::scenarios::explore
