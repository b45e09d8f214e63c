#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/run/socket_environment.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::cli {
namespace {

struct CleanArguments {
    std::string target, run_id;
    bool dry_run = false;
};

struct Cleaned {
    std::size_t found = 0, problems = 0;
};

Cleaned tell(const run::Swept& swept, std::string_view where, bool dry_run) {
    for (const auto& item : dry_run ? swept.found : swept.removed) {
        fmt::print("{} {} on {}\n", dry_run ? "found" : "removed", item, where);
    }
    for (const auto& problem : swept.problems) {
        log::error(fmt::format("{}: {}", where, problem));
    }
    return {swept.found.size(), swept.problems.size()};
}

Task<void> clean_all(run::Environment& environment, const CleanArguments& arguments,
                     const run::Target& target, Cleaned& all) {
    const auto add = [&all](Cleaned one) {
        all.found += one.found;
        all.problems += one.problems;
    };
    for (const auto& vault : target.vaults) {
        const vault::Client admin(environment.transport(), vault.config);
        add(tell(co_await run::sweep_vault(admin, arguments.run_id, arguments.dry_run),
                 vault.config.endpoint.url.origin(), arguments.dry_run));
    }
    std::vector<std::string> namespaces = {target.mesh_namespace};
    if (target.workload_namespace != target.mesh_namespace) {
        namespaces.push_back(target.workload_namespace);
    }
    for (const auto& access : target.clusters) {
        const kube::Client admin(environment.transport(), access);
        add(tell(
            co_await run::sweep_cluster(admin, namespaces, arguments.run_id, arguments.dry_run),
            access.endpoint.url.origin(), arguments.dry_run));
    }
}

int clean_command(const CleanArguments& arguments) {
    const auto target = choose_target(arguments.target);
    if (target.setting != "live") {
        throw UsageError(
            fmt::format("--target {}: the fakes end with their run, there is nothing to clean",
                        target.setting),
            "give the target file of the killed run");
    }
    run::SocketEnvironment environment("live", target.file);
    Cleaned all;
    environment.drive(clean_all(environment, arguments, target.file, all));
    fmt::print("{} object{} of {} {}\n", all.found, all.found == 1 ? "" : "s",
               arguments.run_id.empty() ? "meshproof runs" : "run " + arguments.run_id,
               arguments.dry_run ? "found" : "removed");
    return all.problems == 0 ? as_expected : unreachable;
}

}  // namespace

void add_clean(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("clean", "remove what killed runs left on a target");
    auto arguments = std::make_shared<CleanArguments>();
    command->add_option("--target", arguments->target, "the target file")->required();
    command->add_option("--run", arguments->run_id,
                        "only of this run id; without it of every run, running ones too");
    command->add_flag("--dry-run", arguments->dry_run, "only say what would be removed");
    command->footer(
        "\nExamples:\n  meshproof clean --target vault.yaml --dry-run\n  meshproof clean --target "
        "vault.yaml --run k3f9a2");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return clean_command(*arguments); }; });
}

}  // namespace meshproof::cli
