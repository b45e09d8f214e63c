#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/run/socket_environment.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::cli {
namespace {

struct CleanArguments {
    std::string target, run_id;
    bool all_runs = false, dry_run = false;
};

void check(const CleanArguments& arguments) {
    if (!arguments.run_id.empty() && !run::is_run_id(arguments.run_id)) {
        throw UsageError(
            fmt::format("--run {}: expected a run's id, such as k3f9a2", arguments.run_id),
            "the run printed it; meshproof clean --target FILE --dry-run shows what is there");
    }
    if (arguments.run_id.empty() && !arguments.all_runs && !arguments.dry_run) {
        throw UsageError("clean needs to know which run's objects to remove",
                         "give --run ID (the run printed it; --dry-run shows what is there), or "
                         "--all-runs, which takes those of running ones too");
    }
}

struct Cleaned {
    std::size_t found = 0, removed = 0, left_alone = 0, problems = 0;
};

void tell(const run::Swept& swept, std::string_view where, bool dry_run, Cleaned& all) {
    for (const auto& item : dry_run ? swept.found : swept.removed) {
        fmt::print("{} {} on {}\n", dry_run ? "found" : "removed", item, where);
    }
    for (const auto& item : swept.left_alone) {
        fmt::print("left {} on {}: it carries no run's mark\n", item, where);
    }
    for (const auto& problem : swept.problems) {
        log::error(fmt::format("{}: {}", where, problem));
    }
    all.found += swept.found.size();
    all.removed += swept.removed.size();
    all.left_alone += swept.left_alone.size();
    all.problems += swept.problems.size();
}

Task<void> clean_all(run::Environment& environment, const CleanArguments& arguments,
                     const run::Target& target, Cleaned& all) {
    const run::SweepOptions options{arguments.run_id, arguments.dry_run};
    for (const auto& vault : target.vaults) {
        const vault::Client admin(environment.transport(), vault.config);
        tell(co_await run::sweep_vault(admin, options), vault.config.endpoint.url.origin(),
             arguments.dry_run, all);
    }
    std::vector<std::string> namespaces = {target.mesh_namespace};
    if (target.workload_namespace != target.mesh_namespace) {
        namespaces.push_back(target.workload_namespace);
    }
    for (const auto& access : target.clusters) {
        const kube::Client admin(environment.transport(), access);
        tell(co_await run::sweep_cluster(admin, namespaces, options), access.endpoint.url.origin(),
             arguments.dry_run, all);
    }
}

std::string summary(const CleanArguments& arguments, const Cleaned& all) {
    const auto count = arguments.dry_run ? all.found : all.removed;
    auto line = fmt::format("{} object{} of {} {}", count, count == 1 ? "" : "s",
                            arguments.run_id.empty() ? "meshproof runs" : "run " + arguments.run_id,
                            arguments.dry_run ? "found" : "removed");
    if (all.left_alone > 0) {
        line += fmt::format(", {} left alone", all.left_alone);
    }
    if (all.problems > 0) {
        line +=
            fmt::format(", {} problem{}: see above", all.problems, all.problems == 1 ? "" : "s");
    }
    return line;
}

int clean_command(const CleanArguments& arguments) {
    const auto target = choose_target(arguments.target);
    if (target.setting != "live") {
        throw UsageError(
            fmt::format("--target {}: the fakes end with their run, there is nothing to clean",
                        target.setting),
            "give the target file of the killed run");
    }
    check(arguments);
    run::SocketEnvironment environment("live", target.file);
    Cleaned all;
    environment.drive(clean_all(environment, arguments, target.file, all));
    fmt::print("{}\n", summary(arguments, all));
    return all.problems == 0 ? as_expected : unreachable;
}

}  // namespace

void add_clean(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("clean", "remove what killed runs left on a target");
    auto arguments = std::make_shared<CleanArguments>();
    command->add_option("--target", arguments->target, "the target file")->required();
    auto* one =
        command->add_option("--run", arguments->run_id, "the id of the run, as it printed it");
    command->add_flag("--all-runs", arguments->all_runs, "of every run, running ones too")
        ->excludes(one);
    command->add_flag("--dry-run", arguments->dry_run, "only say what would be removed");
    command->footer(
        "\nExamples:\n  meshproof clean --target vault.yaml --dry-run\n  meshproof clean --target "
        "vault.yaml --run k3f9a2");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return clean_command(*arguments); }; });
}

}  // namespace meshproof::cli
