#include "cli/curves.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "perf/load/plan.hpp"

namespace meshproof::cli {
namespace {

struct PlanArguments {
    std::string curve, ready;
    load::OptionTexts texts;
    OutputOptions output;
};

/// The words mean what they mean for a load of all pods at once.
load::Wish wish_of(const PlanArguments& arguments) {
    auto texts = arguments.texts;
    texts.profile = to_string(load::Profile::restart_storm);
    const auto options = load::parse_options(texts);
    if (!options) {
        throw UsageError(options.error().message, "meshproof plan --help shows one that works");
    }
    load::Wish wish;
    wish.pods = options->pods;
    wish.life = options->leaf_ttl;
    wish.within = options->within;
    if (!texts.token.empty()) {
        wish.token = options->token;
    }
    if (!texts.storage.empty()) {
        wish.storage = options->storage;
    }
    if (!texts.key_type.empty()) {
        wish.key_type = options->key_type;
    }
    if (!texts.slo.empty()) {
        wish.slo = options->slo;
    }
    if (!arguments.ready.empty()) {
        wish.ready = parse_duration_with_unit(arguments.ready);
        if (!wish.ready || *wish.ready <= Duration::zero()) {
            throw UsageError(
                fmt::format("--ready {}: expected a time such as 2m", arguments.ready));
        }
    }
    return wish;
}

int plan_command(const PlanArguments& arguments) {
    const auto wish = wish_of(arguments);
    const auto plan = load::make_plan(curves_of(arguments.curve), wish, arguments.curve);
    if (!plan) {
        throw UsageError(plan.error().message);
    }
    Output output(arguments.output);
    if (output.json()) {
        output.document(load::plan_json(*plan));
    } else {
        for (const auto& line : load::plan_text(*plan)) {
            output.result("{}", line);
        }
    }
    return plan->carries() ? as_expected : something_failed;
}

}  // namespace

void add_plan(CLI::App& app, Command& chosen) {
    auto* command =
        app.add_subcommand("plan", "say from a measured curve whether a Vault carries a mesh");
    auto arguments = std::make_shared<PlanArguments>();
    auto& texts = arguments->texts;
    command
        ->add_option("--curve", arguments->curve, "what load --find-max --curve FILE has written")
        ->required();
    command->add_option("--pods", texts.pods, "of the mesh")->required();
    command->add_option("--ttl,--leaf-ttl", texts.leaf_ttl, "how long its leaves live")->required();
    command->add_option("--token", texts.token,
                        "service, batch, inline or one; the file's first curve otherwise, here "
                        "and below");
    command->add_option("--storage", texts.storage, "stored, no_store or leased");
    command->add_option("--key-type", texts.key_type, "of the pods");
    command->add_option("--within", texts.within, "in which all pods restart (10s)");
    command->add_option("--ready", arguments->ready, "by when the last of them has to be ready");
    command->add_option("--slo", texts.slo, "such as p99=50ms,errors=0.1% (the curve's own)");
    add_format_option(*command, arguments->output);
    command->footer(
        "\nExit codes: 0 the Vault carries it   1 it does not   2 the curve or an option cannot "
        "be used\n"
        "\nExamples:\n"
        "  meshproof load login-sign --find-max --slo p99=50ms --curve curves.json --target "
        "vault.yaml\n"
        "  meshproof plan --curve curves.json --pods 5000 --ttl 1h\n"
        "  meshproof plan --curve curves.json --pods 5000 --ttl 1h --token batch --within 30s "
        "--ready 2m");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return plan_command(*arguments); }; });
}

}  // namespace meshproof::cli
