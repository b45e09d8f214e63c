#include <nlohmann/json.hpp>
#include <set>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::cli {
namespace {

struct CleanArguments {
    std::string target, run_id;
    bool all_runs = false, dry_run = false;
    OutputOptions output;
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

constexpr std::string_view vault_rights =
    "give the token the policy of docs/target.md; what conform or twin left takes a root token";
constexpr std::string_view cluster_rights =
    "the kubeconfig's user has to list and delete pods, Secrets, service accounts, namespaces, "
    "cluster role bindings and custom resource definitions";

constexpr std::string_view unreached =
    "check its address and CA in the target file or the kubeconfig that it names; what is left can "
    "be removed later";

/// What became of one server.
struct Cleaned {
    std::string server;     ///< its origin
    std::string_view hint;  ///< what to do where it allows too little, or is not asked at all
    run::Swept swept;
    bool asked = true;  ///< otherwise the one problem is why not
};

void tell(const Cleaned& cleaned, bool dry_run, Output& output) {
    const auto& [server, hint, swept, asked] = cleaned;
    for (const auto& object : dry_run ? swept.found : swept.removed) {
        output.line("{} {} on {}", dry_run ? "found" : "removed", object.text(), server);
    }
    for (const auto& object : swept.left_alone) {
        output.line("left {} on {}: it carries no run's mark", object.text(), server);
    }
    // One hint: after the last that is refused or, where nothing is, after the last of all.
    const auto& problems = swept.problems;
    std::size_t hinted = 0;
    for (std::size_t i = 0; i < problems.size(); ++i) {
        if (problems[i].denied || !problems[hinted].denied) {
            hinted = i;
        }
    }
    for (std::size_t i = 0; i < problems.size(); ++i) {
        const auto next_step = asked && !problems[i].denied ? unreached : hint;
        log::error(fmt::format("{}: {}", server, problems[i].text()),
                   i == hinted ? next_step : std::string_view());
    }
}

Cleaned not_asked(std::string server, std::string why, std::string_view hint) {
    run::Swept swept;
    swept.problems.push_back({{}, std::move(why)});
    return {std::move(server), hint, std::move(swept), false};
}

// Who does not answer, and a Vault that is sealed, is told once: not anew for each list.

Task<Cleaned> clean_vault(vault::Client admin, std::string server, run::SweepOptions options) {
    const auto status = co_await admin.seal_status();
    if (!status) {
        co_return not_asked(std::move(server), status.error().message,
                            "check its address and ca_file in the target file");
    }
    if (status->sealed) {
        co_return not_asked(std::move(server), "Vault is sealed",
                            "unseal it: vault operator unseal");
    }
    auto swept = co_await run::sweep_vault(std::move(admin), std::move(options));
    co_return Cleaned{std::move(server), vault_rights, std::move(swept)};
}

Task<Cleaned> clean_cluster(kube::Client admin, std::string server,
                            std::vector<std::string> namespaces, run::SweepOptions options) {
    // One that refuses to tell its version may tell what it holds.
    if (const auto version = co_await admin.version(); !version && version.error().status == 0) {
        co_return not_asked(std::move(server), version.error().message,
                            "check the kubeconfig that the target file names");
    }
    auto swept =
        co_await run::sweep_cluster(std::move(admin), std::move(namespaces), std::move(options));
    co_return Cleaned{std::move(server), cluster_rights, std::move(swept)};
}

Task<void> clean_all(run::Environment& environment, const CleanArguments& arguments,
                     const run::Target& target, Output& output, std::vector<Cleaned>& all) {
    const run::SweepOptions options{arguments.run_id, arguments.dry_run};
    for (const auto& vault : target.vaults) {
        const vault::Client admin(environment.transport(), vault.config);
        all.push_back(co_await clean_vault(admin, vault.config.endpoint.url.origin(), options));
        tell(all.back(), arguments.dry_run, output);
    }
    std::vector<std::string> namespaces = {target.mesh_namespace};
    if (target.workload_namespace != target.mesh_namespace) {
        namespaces.push_back(target.workload_namespace);
    }
    for (const auto& access : target.clusters) {
        const kube::Client admin(environment.transport(), access);
        all.push_back(
            co_await clean_cluster(admin, access.endpoint.url.origin(), namespaces, options));
        tell(all.back(), arguments.dry_run, output);
    }
}

/// How many there are on all servers of what `part` of a sweep holds.
template <class T>
std::size_t count(const std::vector<Cleaned>& all, std::vector<T> run::Swept::* part) {
    std::size_t sum = 0;
    for (const auto& cleaned : all) {
        sum += (cleaned.swept.*part).size();
    }
    return sum;
}

/// The runs whose objects were found, as --run takes them.
std::set<std::string> runs_of(const std::vector<Cleaned>& all) {
    std::set<std::string> runs;
    for (const auto& cleaned : all) {
        for (const auto& object : cleaned.swept.found) {
            if (!object.run_id.empty()) {
                runs.insert(object.run_id.substr(0, object.run_id.find('-')));
            }
        }
    }
    return runs;
}

std::string summary(const CleanArguments& arguments, const std::vector<Cleaned>& all) {
    const auto taken = count(all, arguments.dry_run ? &run::Swept::found : &run::Swept::removed);
    auto line = fmt::format("{} of {} {}", counted(taken, "object"),
                            arguments.run_id.empty() ? "meshproof runs" : "run " + arguments.run_id,
                            arguments.dry_run ? "found" : "removed");
    if (const auto runs = runs_of(all); arguments.run_id.empty() && !runs.empty()) {
        line += fmt::format(" (of run{} {})", runs.size() == 1 ? "" : "s",
                            join(std::vector<std::string>(runs.begin(), runs.end()), ", "));
    }
    if (const auto left = count(all, &run::Swept::left_alone); left > 0) {
        line += fmt::format(", {} left alone", left);
    }
    if (const auto problems = count(all, &run::Swept::problems); problems > 0) {
        line += fmt::format(", {}: see above", counted(problems, "problem"));
    }
    return line;
}

/// What docs/clean.schema.json describes.
constexpr std::string_view clean_schema = "meshproof.clean/v1";

using Json = nlohmann::ordered_json;

Json object_json(const std::string& server, const run::SweptObject& object) {
    Json out = {{"server", server}, {"kind", object.kind}, {"path", object.path}};
    if (!object.namespace_name.empty()) {
        out["namespace"] = object.namespace_name;
    }
    if (!object.run_id.empty()) {
        out["run"] = object.run_id;
    }
    return out;
}

Json problem_json(const std::string& server, const run::SweptProblem& problem) {
    Json out = {{"server", server}, {"message", problem.message}};
    if (problem.object) {
        out["object"] = object_json(server, *problem.object);
    }
    return out;
}

std::string document(const CleanArguments& arguments, const run::Target& target,
                     const std::vector<Cleaned>& all) {
    Json found = Json::array(), removed = Json::array(), left = Json::array(),
         problems = Json::array();
    for (const auto& [server, hint, swept, asked] : all) {
        for (const auto& object : swept.found) {
            found.push_back(object_json(server, object));
        }
        for (const auto& object : swept.removed) {
            removed.push_back(object_json(server, object));
        }
        for (const auto& object : swept.left_alone) {
            left.push_back(object_json(server, object));
        }
        for (const auto& problem : swept.problems) {
            problems.push_back(problem_json(server, problem));
        }
    }
    const Json whole = {{"schema", clean_schema},
                        {"target", target.name},
                        {"run", arguments.run_id.empty() ? Json() : Json(arguments.run_id)},
                        {"dry_run", arguments.dry_run},
                        {"runs", runs_of(all)},
                        {"found", std::move(found)},
                        {"removed", std::move(removed)},
                        {"left_alone", std::move(left)},
                        {"problems", std::move(problems)}};
    // Names come from the servers.
    return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
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
    Output output(arguments.output);
    std::vector<Cleaned> all;
    environment.drive(clean_all(environment, arguments, target.file, output, all));
    output.result("{}", summary(arguments, all));
    if (output.json()) {
        output.document(document(arguments, target.file, all));
    }
    return count(all, &run::Swept::problems) == 0 ? as_expected : unreachable;
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
    add_format_option(*command, arguments->output);
    command->footer(
        "\nExamples:\n  meshproof clean --target vault.yaml --dry-run\n  meshproof clean --target "
        "vault.yaml --run k3f9a2");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return clean_command(*arguments); }; });
}

}  // namespace meshproof::cli
